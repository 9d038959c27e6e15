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

from . import _bins, _boxes, _joined, _native, _planned, _values
from ._dataset import DatasetStatistics
from ._planned import Out, Picture, Planned
from ._refusing import invalid

__all__ = ["DatasetStatistics", "Picture", "Planned", "Statistics", "area_weights", "concat"]

By = Literal["month", "season", "dayofyear", "hour", "year", "day"]
Period = Literal["month", "season", "year"]
Sign = Literal["<", "<=", ">", ">=", "==", "!="]
Function = Literal["abs", "square", "sqrt", "exp", "log", "log10"]
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
    out: where a result goes that is as large as the array: an array of numpy, float32 for an array of float32 or float16, else float64;
    or a path that ends in `.zarr` or `.nc`, where nothing is yet: there it is written as it is computed, and opened.
    """

    def __init__(self, array: xr.DataArray, before: tuple[_values.Step, ...] = ()) -> None:
        self._array = array
        self._before = before

    def box(self, **between: tuple[float, float]) -> Statistics:
        """Statistics of the part whose coordinates lie between two numbers, these included.

        `box(lat=(-5, 5), lon=(190, 240))`
        Where the first is above the second, the part goes over the end: `lon=(350, 10)` from 350 on, and up to 10.
        """
        if self._windows():
            raise invalid("sums have no coordinates to take a box of", "take the box first, then `coarsen_sum`")
        return Statistics(_boxes.boxed(self._array, between), self._before)

    def where(self, sign: Sign, number: float) -> Statistics:
        """Statistics of the values for which a comparison with a number holds: `where(">=", 0.1)`. The others are missing."""
        return self._then((sign, float(number)))

    def map(self, function: Function) -> Statistics:
        """Statistics of a function of each value, in the precision of the values; of whole numbers in double precision."""
        return self._then(function)

    def scale(self, factor: float, offset: float = 0.0) -> Statistics:
        """Statistics of `value * factor + offset`, such as of other units."""
        return self._then((float(factor), float(offset)))

    def coarsen_sum(self, **windows: int) -> Statistics:
        """Statistics of sums: so many elements along a dimension become one. What is behind the last whole window is
        left out, as with `coarsen(boundary="trim")`. The sums themselves are not kept.
        """
        return self._coarsened("sum", windows)

    def coarsen_mean(self, **windows: int) -> Statistics:
        """Statistics of means of so many elements: see `coarsen_sum`."""
        return self._coarsened("mean", windows)

    def coarsen_min(self, **windows: int) -> Statistics:
        """Statistics of the least of so many elements: see `coarsen_sum`."""
        return self._coarsened("min", windows)

    def coarsen_max(self, **windows: int) -> Statistics:
        """Statistics of the largest of so many elements: see `coarsen_sum`."""
        return self._coarsened("max", windows)

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
        measure: _Measure = "mean" if weights is None else ("mean", *self._along(weights))
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
        weights: xr.DataArray | None = None,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """How many values lie in each bin, as `numpy.histogram` counts for these edges, along a last dimension; or what they
        weigh together: `weights` are those of the elements along one dimension, or one for each value.

        `attrs` tell how many are `missing`, `below` and `above` the edges. The bins' coordinate is their middles; two more
        are their lower and upper edges.
        """
        own = _bins.of(self._array, _values.name_of(self._array), bins)
        if weights is not None and weights.ndim != 1:
            if self._windows():
                raise invalid("sums of values have no weights of their own", "weigh the values, or the sums along one dimension")
            return self._paired(weights, ("weighted", own.edges.tolist()), dim, (own,), (memory, threads))
        measure: _Measure = ("histogram", own.edges.tolist())
        if weights is not None:
            measure = (*measure, *self._along(weights))
        steps, finish = (*self._before, (measure, self._named(dim))), own.on
        return _planned.Reduced(_values.of(self._array), steps, (memory, threads), added=(own.size,), finish=finish)

    @_computed
    def joint_histogram(
        self,
        other: xr.DataArray,
        bins: Iterable[float],
        other_bins: Iterable[float],
        dim: _Dim = None,
        *,
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """How many values lie in each bin together with the value of another array at the same place, in bins of its own; along
        two last dimensions, as `numpy.histogram2d` counts. `attrs` as by `histogram`: of a pair one value decides.

        What is said before is of both arrays where it joins elements (`coarsen_sum`), and of the values alone where it does
        not (`where`, `map`, `scale`).
        """
        names = _values.name_of(self._array), _values.name_of(other)
        if names[0] == names[1]:
            raise invalid(f"both arrays are called `{names[0]}`, and so would their bins be", "rename one of them")
        own, others = _bins.of(self._array, names[0], bins), _bins.of(other, names[1], other_bins)
        measure = ("joint", own.edges.tolist(), others.edges.tolist())
        return self._paired(other, measure, dim, (own, others), (memory, threads))

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
    def resample(
        self,
        by: Period = "month",
        dim: str = "time",
        *,
        measure: Literal["mean", "sum", "count", "min", "max"] = "mean",
        memory: int | None = None,
        threads: int | None = None,
    ) -> Planned:
        """The mean of each month, season or year, one after the other, or another measure of it; also of those of which nothing is
        there. They are told by their first moments, as by `resample(time="MS")`, `"QS-DEC"` and `"YS"`.
        """
        self._must_have_times(dim, by)
        times = self._array[dim]
        is_there = ~times.isnull().values
        years, months = times.dt.year.values[is_there].tolist(), times.dt.month.values[is_there].tolist()
        found, firsts = _native.periods(by, [(int(year), int(month)) for year, month in zip(years, months, strict=True)])
        groups = np.full(len(times), len(firsts))
        groups[is_there] = found
        steps = (*self._before, (measure, dim, len(firsts), groups.tolist()))

        def finish(told: xr.DataArray) -> xr.DataArray:
            own = [name for name, one in told.coords.items() if dim in one.dims]
            moments = _firsts(times.values[is_there], firsts)
            return told.drop_vars(own).assign_coords({dim: (dim, moments, times.attrs)})

        return _planned.Reduced(_values.of(self._array), steps, (memory, threads), finish=finish)

    @_computed
    def anomaly(
        self,
        by: By = "month",
        dim: str = "time",
        *,
        out: Out = None,
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
        out: Out = None,
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
        out: Out = None,
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
        out: Out = None,
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
        out: Out = None,
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
        out: Out = None,
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

    def plan(self, measure: str = "mean", *arguments: Any, **keywords: Any) -> Planned:
        """What a call would do, for `frazil.distribute`: `plan("mean", "time")`."""
        return self._asked(measure, arguments, keywords)

    def _asked(self, measure: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Planned:
        plan = getattr(getattr(type(self), measure, None), "__wrapped__", None)
        if plan is None:
            known = sorted(name for name, one in vars(Statistics).items() if hasattr(one, "__wrapped__"))
            raise invalid(f"there is no `{measure}` to explain", f"say {', '.join(known)}")
        planned: Planned = plan(self, *arguments, **keywords)
        return planned

    def _then(self, step: _values.Step) -> Statistics:
        return Statistics(self._array, (*self._before, step))

    def _coarsened(self, by: str, windows: dict[str, int]) -> Statistics:
        for dim, window in windows.items():
            if window < 1:
                raise invalid(f"a window cannot be of {window} elements along `{dim}`", "give at least one")
        return Statistics(self._array, (*self._before, *((by, dim, length) for dim, length in windows.items())))

    def _windows(self) -> dict[str, int]:
        """Of each dimension along which elements are joined, how many are."""
        return {step[1]: step[2] for step in self._before if isinstance(step, tuple) and len(step) == 3}

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
        return int(self._array.sizes.get(dim, 1)) // self._windows().get(dim, 1)

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

    def _along(self, weights: xr.DataArray) -> tuple[list[float], str]:
        """Weights of the elements along a dimension, and the dimension."""
        if weights.ndim != 1:
            raise invalid(f"weights of {weights.ndim} dimensions are not known here", "give them along one dimension")
        dim = str(weights.dims[0])
        if dim in weights.coords and dim in self._array.coords:
            weights = weights.reindex({dim: self._array[dim]})
        if len(weights) != self._length(dim):
            what = f"{len(weights)} weights are not for the {self._length(dim)} elements along `{dim}`"
            raise invalid(what, "give a weight for each element along a dimension of the array")
        return weights.values.astype("f8").tolist(), dim

    def _paired(
        self,
        other: xr.DataArray,
        measure: _Measure,
        dim: _Dim,
        bins: tuple[_bins.Bins, ...],
        limits: _values.Limits,
    ) -> Planned:
        """A measure of the values together with those of another array."""
        own, name = self._array, _values.name_of(other)
        if set(other.dims) != set(own.dims):
            what = f"`{name}` of {', '.join(map(str, other.dims))} does not lie beside {', '.join(map(str, own.dims))}"
            raise invalid(what, "give both the same dimensions: `xarray.broadcast` does")
        try:
            own, other = xr.align(own, other, join="exact", copy=False)
        except ValueError as error:
            raise invalid(f"`{name}` lies elsewhere: {error}", "take the same part of both") from error
        values, beside = _values.both(own, other if other.dims == own.dims else other.transpose(*own.dims))
        steps, added = (*self._before, (measure, self._named(dim))), tuple(one.size for one in bins)

        def finish(told: xr.DataArray) -> xr.DataArray:
            return functools.reduce(lambda told, one: one.on(told), bins, told)

        return _planned.Reduced(values, steps, limits, added=added, finish=finish, beside=beside)

    def _must_have_times(self, dim: str, by: str) -> None:
        self._must_have(dim)
        if dim in self._windows():
            what = f"groups of sums along `{dim}` are not known here"
            raise invalid(what, "make the sums with `coarsen` of xarray first")
        try:
            getattr(self._array[dim].dt, by)
        except (AttributeError, TypeError) as error:
            what = f"`{dim}` of `{_values.name_of(self._array)}` has no {by}"
            raise invalid(what, "group by a part of the calendar along a dimension of times") from error

    def _groups(self, by: str, dim: str) -> tuple[np.ndarray[Any, Any], list[int]]:
        """The groups along a dimension, and of each element the place of its own; beyond all where it has none."""
        self._must_have_times(dim, by)
        times = self._array[dim]
        labels = getattr(times.dt, by).values
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
        out: Out,
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


_Measure = str | tuple[Any, ...]


def _firsts(moments: np.ndarray[Any, Any], months: list[int]) -> np.ndarray[Any, Any]:
    """The first moments of months, which are counted from the first one of year 0 on, as other moments are written."""
    if np.issubdtype(moments.dtype, np.datetime64):
        return (np.array(months, "i8") - 1970 * 12).astype("M8[M]").astype(moments.dtype)
    return np.array([type(moments[0])(month // 12, month % 12 + 1, 1) for month in months], object)


def area_weights(latitude: xr.DataArray) -> xr.DataArray:
    """Weights of the rows of a grid of equal angles: the cosines of latitudes in degrees, as which their areas are."""
    if latitude.ndim != 1:
        raise invalid(f"latitudes of {latitude.ndim} dimensions are not known here", "give them along one dimension")
    weights = _native.area_weights(latitude.values.astype("f8").tolist())
    return xr.DataArray(weights, latitude.coords, latitude.dims, "area")


def concat(arrays: Iterable[xr.DataArray], dim: str) -> xr.DataArray:
    """Arrays that the engine `frazil` opened, such as those of granules, as one: one behind the other along a dimension that they
    have. They are alike but for their lengths along it, and may be packed otherwise; nothing of them is read.
    """
    listed = list(arrays)
    if not listed:
        raise invalid("there are no arrays to join", "give one array or more")
    first = listed[0]
    for number, one in enumerate(listed):
        values = _values.of(one)
        if not isinstance(values, _values.Stored) or not values.is_whole:
            what = f"array {number}, `{_values.name_of(one)}`, is not read part by part"
            raise invalid(what, 'open it with `engine="frazil"` and without `chunks`; `xarray.concat` joins others')
        if dim not in one.dims or _likeness(one, dim) != _likeness(first, dim):
            what = f"array {number} of {dict(one.sizes)} of {one.dtype} does not follow {dict(first.sizes)} of {first.dtype} along `{dim}`"
            raise invalid(what, "give arrays that differ in their length along one dimension only")
    try:
        return _joined.array(listed, dim)
    except ValueError as error:
        raise invalid(f"coordinates of the arrays differ: {error}", "give arrays on the same grid") from error


def _likeness(array: xr.DataArray, dim: str) -> tuple[Any, ...]:
    return array.dtype, array.dims, {name: length for name, length in array.sizes.items() if name != dim}


xr.register_dataarray_accessor("frazil")(Statistics)  # type: ignore[no-untyped-call]
xr.register_dataset_accessor("frazil")(DatasetStatistics)  # type: ignore[no-untyped-call]
