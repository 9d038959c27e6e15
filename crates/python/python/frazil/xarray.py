"""Statistics of xarray's arrays by frazil: `import frazil.xarray`, then `array.frazil.mean("time")`.

Sums are kept in double precision, whatever the array's type, and do not depend on the number of threads; what is NaN is
left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Literal

import numpy as np
import xarray as xr

from ._native import Reduction

__all__ = ["Statistics"]

By = Literal["month", "season", "dayofyear", "hour", "year", "day"]


class Statistics:
    """Statistics of an array. What is not in memory is loaded.

    dim: the dimensions that are reduced; all of them where none is named.
    memory: most bytes that a call may take, 1 GiB unless said, with the result and without the array. A call that would
    need more is refused before it begins.
    threads: as many as there are cores for this process, unless said.
    """

    def __init__(self, array: xr.DataArray, before: tuple[_Step, ...] = ()) -> None:
        self._array = array
        self._before = before

    def coarsen_sum(self, **windows: int) -> Statistics:
        """Statistics of sums: so many elements along a dimension become one. What is behind the last whole window is
        left out, as with `coarsen(boundary="trim")`. The sums themselves are not kept.
        """
        return Statistics(self._array, (*self._before, *windows.items()))

    def sum(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The sum of what is not NaN; 0 where there is nothing."""
        return self._run(("sum", self._named(dim)), memory, threads)

    def mean(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The mean of what is not NaN; NaN where there is nothing."""
        return self._run(("mean", self._named(dim)), memory, threads)

    def count(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """How many values are not NaN."""
        return self._run(("count", self._named(dim)), memory, threads)

    def min(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The least value that is not NaN; NaN where there is nothing."""
        return self._run(("min", self._named(dim)), memory, threads)

    def max(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The largest value that is not NaN; NaN where there is nothing."""
        return self._run(("max", self._named(dim)), memory, threads)

    def var(
        self, dim: _Dim = None, ddof: int = 0, *, memory: int | None = None, threads: int | None = None
    ) -> xr.DataArray:
        """The variance of what is not NaN; `ddof` is taken from the count, as by numpy."""
        return self._run((("var", ddof), self._named(dim)), memory, threads)

    def std(
        self, dim: _Dim = None, ddof: int = 0, *, memory: int | None = None, threads: int | None = None
    ) -> xr.DataArray:
        """The standard deviation of what is not NaN; `ddof` is taken from the count, as by numpy."""
        return self._run((("std", ddof), self._named(dim)), memory, threads)

    def quantile(
        self, q: float, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None
    ) -> xr.DataArray:
        """The value below which a share of what is not NaN lies, exact, linear between two values."""
        return self._run((("quantile", [float(q)]), self._named(dim)), memory, threads)

    def histogram(
        self,
        bins: Iterable[float],
        dim: _Dim = None,
        *,
        memory: int | None = None,
        threads: int | None = None,
    ) -> xr.DataArray:
        """How many values lie in each bin, as `numpy.histogram` counts for these edges, along a last dimension.

        `attrs` tell how many are `missing`, `below` and `above` the edges.
        """
        edges = np.asarray(list(bins), "f8")
        name = f"{self._array.name or 'array'}_bin"
        told = self._run((("histogram", edges.tolist()), self._named(dim)), memory, threads, name)
        return told.assign_coords({name: (edges[:-1] + edges[1:]) / 2})

    def climatology(
        self, by: By = "month", dim: str = "time", *, memory: int | None = None, threads: int | None = None
    ) -> xr.DataArray:
        """The mean of each month, season, day of the year, hour, year or day of the month, of all times together."""
        labels, groups = np.unique(getattr(self._array[dim].dt, by).values, return_inverse=True)
        step = ("mean", dim, len(labels), groups.ravel().tolist())
        told = self._run(step, memory, threads)
        own = [name for name, one in told.coords.items() if dim in one.dims]
        return told.drop_vars(own).rename({dim: by}).assign_coords({by: labels})

    def explain(
        self,
        measure: Literal["sum", "mean", "count"] = "mean",
        dim: _Dim = None,
        *,
        memory: int | None = None,
        threads: int | None = None,
    ) -> str:
        """What a call would read and take, without running it."""
        return self._planned((measure, self._named(dim)), memory, threads).explain()

    def _named(self, dim: _Dim) -> list[str]:
        names = self._array.dims if dim is None else [dim] if isinstance(dim, str) else dim
        return [str(name) for name in names]

    def _planned(self, step: _Step, memory: int | None, threads: int | None) -> Reduction:
        array = self._array
        dimensions = [(str(name), length) for name, length in array.sizes.items()]
        name = "array" if array.name is None else str(array.name)
        return Reduction(
            name, dimensions, _stored(array.dtype).str[1:], [*self._before, step], memory, threads
        )

    def _run(
        self, step: _Step, memory: int | None, threads: int | None, added: str | None = None
    ) -> xr.DataArray:
        """The result of a last step; `added` is the dimension that it adds."""
        array, planned = self._array, self._planned(step, memory, threads)
        # Copied only where it does not lie in one piece, in its place and in the machine's byte order.
        values = np.require(array.values, _stored(array.dtype), ("C_CONTIGUOUS", "ALIGNED"))
        numbers, shape, left_out = planned.run(values)
        sizes = dict(planned.dims)
        kept = {
            name: one
            for name, one in array.coords.items()
            if all(sizes.get(str(dim)) == array.sizes[dim] for dim in one.dims)
        }
        dims = [*sizes, *([] if added is None else [added])]
        attrs = {} if added is None else dict(zip(("missing", "below", "above"), left_out, strict=True))
        return xr.DataArray(numbers.reshape(shape), kept, dims, array.name, attrs)


_Dim = str | Iterable[Hashable] | None
_Measure = str | tuple[str, int] | tuple[str, list[float]]
_Step = tuple[str, int] | tuple[_Measure, list[str]] | tuple[_Measure, str, int, list[int]]


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which an array's values are read: the machine's byte order, truth values as 0 and 1."""
    if dtype == np.float16:
        return np.dtype("f4")
    return np.dtype("u1") if dtype == np.bool_ else dtype.newbyteorder("=")


xr.register_dataarray_accessor("frazil")(Statistics)  # type: ignore[no-untyped-call]
