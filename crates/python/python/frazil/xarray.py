"""Statistics of xarray's arrays by frazil: `import frazil.xarray`, then `array.frazil.mean("time")`.

Sums are kept in double precision, whatever the array's type, and do not depend on the number of threads; what is NaN is
left out, unless said. `explain` tells what a call reads and takes, and `visualize` draws it.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Hashable, Iterable
from types import EllipsisType
from typing import Any, Concatenate, Literal, ParamSpec

import numpy as np
import xarray as xr

from . import _boxes, _native, _planned, _values
from ._dataset import DatasetStatistics
from ._planned import Picture, Planned
from ._refusing import invalid

__all__ = ["DatasetStatistics", "Picture", "Planned", "Statistics", "area_weights"]

By = Literal["month", "season", "dayofyear", "hour", "year", "day"]
_Dim = str | Iterable[Hashable] | EllipsisType | None
_Keywords = ParamSpec("_Keywords")


def _computed(
    plan: Callable[Concatenate[Statistics, _Keywords], Planned],
) -> Callable[Concatenate[Statistics, _Keywords], xr.DataArray]:
    """The result of what a method plans. The method itself is what `explain` and `visualize` call."""

    @functools.wraps(plan)
    def compute(of: Statistics, /, *arguments: _Keywords.args, **keywords: _Keywords.kwargs) -> xr.DataArray:
        return plan(of, *arguments, **keywords).compute()

    signature = inspect.signature(plan).replace(return_annotation="xr.DataArray")
    compute.__signature__ = signature  # type: ignore[attr-defined]
    return compute


class Statistics:
    """Statistics of an array. What the engine `frazil` opened is read part by part; what else is not in memory is loaded.

    dim: the dimensions that are reduced; all of them where none is named.
    skipna: with False, a result is NaN where a value is.
    memory: most bytes that a call may take, 1 GiB unless said, with the result and without the array. A call that would
    need more is refused before it begins. The result of `anomaly` and of what rolls does not count: it is as large as the
    array.
    threads: as many as there are cores for this process, unless said.
    out: memory for a result as large as the array: an array of numpy, float32 for an array of float32 or float16, else float64.
    """

    def __init__(self, array: xr.DataArray, before: tuple[tuple[str, int], ...] = ()) -> None:
        self._array = array
        self._before = before

    def box(self, **between: tuple[float, float]) -> Statistics:
        """Statistics of the part whose coordinates lie between two numbers, these included.

        `box(lat=(-5, 5), lon=(190, 240))`
        Where the first is above the second, the part goes over the end: `lon=(350, 10)` from 350 on, and up to 10.
        """
        if self._before:
            raise invalid("sums have no coordinates to take a box of", "take the box first, then `coarsen_sum`")
        return Statistics(_boxes.boxed(self._array, between))

    def coarsen_sum(self, **windows: int) -> Statistics:
        """Statistics of sums: so many elements along a dimension become one. What is behind the last whole window is
        left out, as with `coarsen(boundary="trim")`. The sums themselves are not kept.
        """
        for dim, window in windows.items():
            if window < 1:
                raise invalid(f"a window cannot be of {window} elements along `{dim}`", "give at least one")
        return Statistics(self._array, (*self._before, *windows.items()))

    @_computed
    def sum(
        self,
        dim: _Dim = None,
        *,
        skipna: bool | None = None,
        min_count: int | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The sum of what is not NaN; 0 where there is nothing. It is NaN where fewer than `min_count` values are there."""
        return self._reduced("sum", dim, skipna, memory, threads, least=min_count or 0)

    @_computed
    def mean(
        self,
        dim: _Dim = None,
        *,
        weights: xr.DataArray | None = None,
        skipna: bool | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The mean of what is not NaN; NaN where there is nothing. `weights` are those of the elements along one of the
        dimensions, as in `array.weighted(weights).mean(dim)`.
        """
        measure = "mean" if weights is None else self._weighted(weights)
        return self._reduced(measure, dim, skipna, memory, threads)

    @_computed
    def count(self, dim: _Dim = None, *, memory: int | None = None, threads: int | None = None) -> Planned:
        """How many values are not NaN."""
        return self._reduced("count", dim, None, memory, threads)

    @_computed
    def min(
        self, dim: _Dim = None, *, skipna: bool | None = None, memory: int | None = None, threads: int | None = None
    ) -> Planned:
        """The least value that is not NaN; NaN where there is nothing."""
        return self._reduced("min", dim, skipna, memory, threads)

    @_computed
    def max(
        self, dim: _Dim = None, *, skipna: bool | None = None, memory: int | None = None, threads: int | None = None
    ) -> Planned:
        """The largest value that is not NaN; NaN where there is nothing."""
        return self._reduced("max", dim, skipna, memory, threads)

    @_computed
    def var(
        self,
        dim: _Dim = None,
        ddof: int = 0,
        *,
        skipna: bool | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The variance of what is not NaN; `ddof` is taken from the count, as by numpy."""
        return self._reduced(("var", _freedom(ddof)), dim, skipna, memory, threads)

    @_computed
    def std(
        self,
        dim: _Dim = None,
        ddof: int = 0,
        *,
        skipna: bool | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The standard deviation of what is not NaN; `ddof` is taken from the count, as by numpy."""
        return self._reduced(("std", _freedom(ddof)), dim, skipna, memory, threads)

    @_computed
    def quantile(
        self,
        q: float,
        dim: _Dim = None,
        *,
        skipna: bool | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The value below which a share of what is not NaN lies, exact, linear between two values."""
        return self._reduced(("quantile", [float(q)]), dim, skipna, memory, threads)

    @_computed
    def histogram(
        self,
        bins: Iterable[float],
        dim: _Dim = None,
        *,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """How many values lie in each bin, as `numpy.histogram` counts for these edges, along a last dimension.

        `attrs` tell how many are `missing`, `below` and `above` the edges. The bins' coordinate is their middles; two more
        are their lower and upper edges.
        """
        edges = np.asarray(list(bins), "f8")
        name = f"{_values.name_of(self._array)}_bin"
        about = {key: self._array.attrs[key] for key in ("units", "long_name") if key in self._array.attrs}
        with np.errstate(invalid="ignore"):
            middles = (edges[:-1] + edges[1:]) / 2
        ends = {f"{name}_lower": edges[:-1], f"{name}_upper": edges[1:]}
        bounded = {key: (name, values, about) for key, values in {name: middles, **ends}.items()}
        steps = (*self._before, (("histogram", edges.tolist()), self._named(dim)))
        limits = (memory, threads)
        added = (name, len(edges) - 1)
        return _planned.Reduced(
            _values.of(self._array), steps, limits, added=added, finish=lambda told: told.assign_coords(bounded)
        )

    @_computed
    def climatology(
        self, by: By = "month", dim: str = "time", *, memory: int | None = None, threads: int | None = None
    ) -> Planned:
        """The mean of each month, season, day of the year, hour, year or day of the month, of all times together."""
        values, groups = self._groups(by, dim)
        steps = (*self._before, ("mean", dim, len(values), groups))

        def finish(told: xr.DataArray) -> xr.DataArray:
            own = [name for name, one in told.coords.items() if dim in one.dims]
            return told.drop_vars(own).rename({dim: by}).assign_coords({by: values})

        return _planned.Reduced(_values.of(self._array), steps, (memory, threads), finish=finish)

    @_computed
    def anomaly(
        self,
        by: By = "month",
        dim: str = "time",
        *,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """What each value differs by from the climatology: from the mean of its month, season, and so on, of all times."""
        values, groups = self._groups(by, dim)
        steps = (*self._before, (dim, len(values), groups))
        return _planned.Whole(_values.of(self._array), steps, (memory, threads), out)

    @_computed
    def rolling_mean(
        self,
        dim: str,
        window: int,
        *,
        min_periods: int | None = None,
        center: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The mean of each window of so many elements along a dimension. A window ends at its element, or has it in its
        middle with `center`; it is NaN where fewer than `min_periods` values are there: fewer than all, unless said.

        Nothing is subtracted on the way: an infinity or NaN is in the windows that hold it, and in no other.
        """
        return self._moving("mean", dim, (window, min_periods, center), 0, out, memory, threads)

    @_computed
    def rolling_sum(
        self,
        dim: str,
        window: int,
        *,
        min_periods: int | None = None,
        center: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The sum of each window: see `rolling_mean`."""
        return self._moving("sum", dim, (window, min_periods, center), 0, out, memory, threads)

    @_computed
    def rolling_min(
        self,
        dim: str,
        window: int,
        *,
        min_periods: int | None = None,
        center: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The least value of each window: see `rolling_mean`."""
        return self._moving("min", dim, (window, min_periods, center), 0, out, memory, threads)

    @_computed
    def rolling_max(
        self,
        dim: str,
        window: int,
        *,
        min_periods: int | None = None,
        center: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The largest value of each window: see `rolling_mean`."""
        return self._moving("max", dim, (window, min_periods, center), 0, out, memory, threads)

    @_computed
    def rolling_std(
        self,
        dim: str,
        window: int,
        ddof: int = 0,
        *,
        min_periods: int | None = None,
        center: bool = False,
        out: np.ndarray[Any, Any] | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The standard deviation of each window: see `rolling_mean`; `ddof` is taken from the count, as by numpy."""
        return self._moving("std", dim, (window, min_periods, center), _freedom(ddof), out, memory, threads)

    def explain(self, measure: str = "mean", *arguments: Any, **keywords: Any) -> str:
        """What a call would read and take, without making it: `explain("mean", "time")`."""
        return self._asked(measure, arguments, keywords).explain()

    def visualize(self, measure: str = "mean", *arguments: Any, **keywords: Any) -> Picture:
        """The same as a picture, which notebooks show: SVG."""
        return self._asked(measure, arguments, keywords).picture()

    def _asked(self, measure: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Planned:
        plan = getattr(getattr(type(self), measure, None), "__wrapped__", None)
        if plan is None:
            known = sorted(name for name, one in vars(Statistics).items() if hasattr(one, "__wrapped__"))
            raise invalid(f"there is no `{measure}` to explain", f"say {', '.join(known)}")
        planned: Planned = plan(self, *arguments, **keywords)
        return planned

    def _named(self, dim: _Dim) -> list[str]:
        if dim is None or dim is ...:
            return [str(name) for name in self._array.dims]
        names = [dim] if isinstance(dim, str) else list(dict.fromkeys(map(str, dim)))
        if not names:
            raise invalid("no dimension is named", "name at least one, or give no `dim` for all of them")
        return names

    def _must_have(self, dim: str) -> None:
        array = self._array
        if dim not in array.dims:
            known = ", ".join(map(str, array.dims))
            raise invalid(f"`{_values.name_of(array)}` has no dimension `{dim}`", f"its dimensions are {known}")

    def _length(self, dim: str) -> int:
        """Elements along a dimension that is reduced."""
        return int(self._array.sizes.get(dim, 1)) // dict(self._before).get(dim, 1)

    def _reduced(
        self,
        measure: _Measure,
        dim: _Dim,
        skipna: bool | None,
        memory: int | None,
        threads: int | None,
        least: int = 0,
    ) -> Planned:
        names = self._named(dim)
        each = math.prod(self._length(name) for name in names)
        least = each if skipna is False else least
        limits, steps = (memory, threads), (*self._before, (measure, names))
        return _planned.Reduced(_values.of(self._array), steps, limits, least, each)

    def _weighted(self, weights: xr.DataArray) -> tuple[str, list[float], str]:
        if weights.ndim != 1:
            raise invalid(f"weights of {weights.ndim} dimensions are not known here", "give them along one dimension")
        dim = str(weights.dims[0])
        if dim in weights.coords and dim in self._array.coords:
            weights = weights.reindex({dim: self._array[dim]})
        if len(weights) != self._length(dim):
            what = f"{len(weights)} weights are not for the {self._length(dim)} elements along `{dim}`"
            raise invalid(what, "give a weight for each element along a dimension of the array")
        return "mean", weights.values.astype("f8").tolist(), dim

    def _groups(self, by: str, dim: str) -> tuple[np.ndarray[Any, Any], list[int]]:
        """The groups along a dimension, and of each element the place of its own; beyond all where it has none."""
        self._must_have(dim)
        if dim in dict(self._before):
            what = f"groups of sums along `{dim}` are not known here"
            raise invalid(what, "make the sums with `coarsen` of xarray first")
        times = self._array[dim]
        try:
            labels = getattr(times.dt, by).values
        except (AttributeError, TypeError) as error:
            what = f"`{dim}` of `{_values.name_of(self._array)}` has no {by}"
            raise invalid(what, "group by a part of the calendar along a dimension of times") from error
        is_there = ~times.isnull().values
        values, found = np.unique(labels[is_there], return_inverse=True)
        groups = np.full(len(labels), len(values))
        groups[is_there] = found.ravel()
        return values, groups.tolist()

    def _moving(
        self,
        what: str,
        dim: str,
        window: tuple[int, int | None, bool],
        ddof: int,
        out: np.ndarray[Any, Any] | None,
        memory: int | None,
        threads: int | None,
    ) -> Planned:
        length, least, is_centred = window
        if length < 1:
            raise invalid(f"a window cannot be of {length} steps", "give at least one step")
        if least is not None and not 1 <= least <= length:
            raise invalid(f"there are never {least} values in a window of {length}", f"say 1 to {length}")
        whole = (length, length if least is None else least, is_centred)
        steps = (*self._before, ((what, ddof), dim, whole))
        return _planned.Whole(_values.of(self._array), steps, (memory, threads), out)


def _freedom(ddof: int) -> int:
    if ddof < 0:
        raise invalid(f"{ddof} degrees of freedom cannot be taken from a count", "say 0 or more")
    return ddof


_Measure = str | tuple[str, int] | tuple[str, list[float]] | tuple[str, list[float], str]


def area_weights(latitude: xr.DataArray) -> xr.DataArray:
    """Weights of the rows of a grid of equal angles: the cosines of latitudes in degrees, as which their areas are."""
    if latitude.ndim != 1:
        raise invalid(f"latitudes of {latitude.ndim} dimensions are not known here", "give them along one dimension")
    weights = _native.area_weights(latitude.values.astype("f8").tolist())
    return xr.DataArray(weights, latitude.coords, latitude.dims, "area")


xr.register_dataarray_accessor("frazil")(Statistics)  # type: ignore[no-untyped-call]
xr.register_dataset_accessor("frazil")(DatasetStatistics)  # type: ignore[no-untyped-call]
