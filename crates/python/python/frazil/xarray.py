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

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def sum(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The sum of what is not NaN; 0 where there is nothing."""
        return self._run([("sum", self._named(dim))], memory, threads)

    def mean(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """The mean of what is not NaN; NaN where there is nothing."""
        return self._run([("mean", self._named(dim))], memory, threads)

    def count(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> xr.DataArray:
        """How many values are not NaN."""
        return self._run([("count", self._named(dim))], memory, threads)

    def climatology(
        self, by: By = "month", dim: str = "time", *, memory: int | None = None, threads: int | None = None
    ) -> xr.DataArray:
        """The mean of each month, season, day of the year, hour, year or day of the month, of all times together."""
        labels, groups = np.unique(getattr(self._array[dim].dt, by).values, return_inverse=True)
        step = ("mean", dim, len(labels), groups.ravel().tolist())
        told = self._run([step], memory, threads)
        return told.rename({dim: by}).assign_coords({by: labels})

    def explain(
        self,
        measure: Literal["sum", "mean", "count"] = "mean",
        dim: _Dim = None,
        *,
        memory: int | None = None,
        threads: int | None = None,
    ) -> str:
        """What a call would read and take, without running it."""
        return self._planned(self._array.dtype, [(measure, self._named(dim))], memory, threads).explain()

    def _named(self, dim: _Dim) -> list[str]:
        names = self._array.dims if dim is None else [dim] if isinstance(dim, str) else dim
        return [str(name) for name in names]

    def _planned(
        self, dtype: np.dtype[Any], steps: list[Any], memory: int | None, threads: int | None
    ) -> Reduction:
        dimensions = [(str(name), length) for name, length in self._array.sizes.items()]
        name = "array" if self._array.name is None else str(self._array.name)
        return Reduction(name, dimensions, _stored(dtype).str[1:], steps, memory, threads)

    def _run(self, steps: list[Any], memory: int | None, threads: int | None) -> xr.DataArray:
        planned = self._planned(self._array.dtype, steps, memory, threads)
        # Copied only where it does not lie in one piece, in its place and in the machine's byte order.
        values = np.require(self._array.values, _stored(self._array.dtype), ("C_CONTIGUOUS", "ALIGNED"))
        numbers, shape, _ = planned.run(values)
        dims = [name for name, _ in planned.dims]
        sizes = dict(planned.dims)
        kept = {
            name: one
            for name, one in self._array.coords.items()
            if all(sizes.get(str(dim)) == self._array.sizes[dim] for dim in one.dims)
        }
        if any(len(step) == 4 for step in steps):
            kept = {name: one for name, one in kept.items() if steps[0][1] not in one.dims}
        return xr.DataArray(numbers.reshape(shape), kept, dims, self._array.name)


_Dim = str | Iterable[Hashable] | None


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which an array's values are read: the machine's byte order, truth values as 0 and 1."""
    if dtype == np.float16:
        return np.dtype("f4")
    return np.dtype("u1") if dtype == np.bool_ else dtype.newbyteorder("=")


xr.register_dataarray_accessor("frazil")(Statistics)  # type: ignore[no-untyped-call]
