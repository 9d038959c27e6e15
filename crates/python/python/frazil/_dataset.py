"""Statistics of the variables of a dataset of xarray: `dataset.frazil.mean("time")`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from types import EllipsisType
from typing import Any

import numpy as np
import xarray as xr

from . import _boxes
from ._planned import attrs_of
from ._refusing import invalid

_Dim = str | Iterable[Hashable] | EllipsisType | None


class DatasetStatistics:
    """Statistics of all variables of numbers: see `Statistics` of arrays for each, and for its keywords.

    What has none of the dimensions stays as it is; variables of texts and times that have one are left out. `out` is for
    arrays alone.
    """

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def box(self, **between: tuple[float, float]) -> DatasetStatistics:
        """Statistics of the part whose coordinates lie between two numbers."""
        return DatasetStatistics(_boxes.boxed(self._dataset, between))

    def sum(self, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """The sums of what is not NaN."""
        return self._each(dim, lambda of, own: of.frazil.sum(own, **keywords))

    def mean(self, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """The means of what is not NaN."""
        return self._each(dim, lambda of, own: of.frazil.mean(own, **keywords))

    def count(self, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """How many values are not NaN."""
        return self._each(dim, lambda of, own: of.frazil.count(own, **keywords))

    def min(self, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """The least values that are not NaN."""
        return self._each(dim, lambda of, own: of.frazil.min(own, **keywords))

    def max(self, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """The largest values that are not NaN."""
        return self._each(dim, lambda of, own: of.frazil.max(own, **keywords))

    def var(self, dim: _Dim = None, ddof: int = 0, **keywords: Any) -> xr.Dataset:
        """The variances of what is not NaN."""
        return self._each(dim, lambda of, own: of.frazil.var(own, ddof, **keywords))

    def std(self, dim: _Dim = None, ddof: int = 0, **keywords: Any) -> xr.Dataset:
        """The standard deviations of what is not NaN."""
        return self._each(dim, lambda of, own: of.frazil.std(own, ddof, **keywords))

    def quantile(self, q: float, dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """The values below which a share of what is not NaN lies."""
        return self._each(dim, lambda of, own: of.frazil.quantile(q, own, **keywords))

    def climatology(self, by: Any = "month", dim: str = "time", **keywords: Any) -> xr.Dataset:
        """The means of each month, season, and so on."""
        return self._each(dim, lambda of, _: of.frazil.climatology(by, dim, **keywords))

    def resample(self, by: Any = "month", dim: str = "time", **keywords: Any) -> xr.Dataset:
        """The means of each month, season or year, one after the other, or another measure of them."""
        return self._each(dim, lambda of, _: of.frazil.resample(by, dim, **keywords))

    def anomaly(self, by: Any = "month", dim: str = "time", **keywords: Any) -> xr.Dataset:
        """What values differ by from their climatology."""
        return self._whole("anomaly", dim, (by, dim), keywords)

    def rolling_mean(self, dim: str, window: int, **keywords: Any) -> xr.Dataset:
        """The means of windows."""
        return self._whole("rolling_mean", dim, (dim, window), keywords)

    def rolling_sum(self, dim: str, window: int, **keywords: Any) -> xr.Dataset:
        """The sums of windows."""
        return self._whole("rolling_sum", dim, (dim, window), keywords)

    def rolling_min(self, dim: str, window: int, **keywords: Any) -> xr.Dataset:
        """The least values of windows."""
        return self._whole("rolling_min", dim, (dim, window), keywords)

    def rolling_max(self, dim: str, window: int, **keywords: Any) -> xr.Dataset:
        """The largest values of windows."""
        return self._whole("rolling_max", dim, (dim, window), keywords)

    def rolling_std(self, dim: str, window: int, ddof: int = 0, **keywords: Any) -> xr.Dataset:
        """The standard deviations of windows."""
        return self._whole("rolling_std", dim, (dim, window, ddof), keywords)

    def histogram(self, bins: Iterable[float], dim: _Dim = None, **keywords: Any) -> xr.Dataset:
        """How many values of each variable lie in each bin. Each has bins of its own, whose bounds are told as CF has them:
        the variable that the attribute `bounds` of their coordinate names (CF 1.12, 7.1).
        """
        edges = list(bins)
        told = self._each(dim, lambda of, own: of.frazil.histogram(edges, own, **keywords))
        for name in [str(name) for name in told.coords if f"{name}_lower" in told.coords]:
            pair = np.stack([told[f"{name}_lower"], told[f"{name}_upper"]], axis=-1)
            told = told.drop_vars([f"{name}_lower", f"{name}_upper"])
            told = told.assign_coords({f"{name}_bounds": ((name, "bounds"), pair)})
            told[name].attrs["bounds"] = f"{name}_bounds"
        return told

    def _whole(self, name: str, dim: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> xr.Dataset:
        """Results as large as the variables."""
        if keywords.get("out") is not None:
            raise invalid("`out` is memory for one array", f"call `{name}` of each variable, with memory of its own")
        return self._each(dim, lambda of, _: getattr(of.frazil, name)(*arguments, **keywords))

    def _each(self, dim: _Dim, result: Callable[[xr.DataArray, list[Hashable]], xr.DataArray]) -> xr.Dataset:
        dataset = self._dataset
        wanted = list(dataset.dims if dim is None or dim is ... else [dim] if isinstance(dim, str) else dim)
        for name in wanted:
            if name not in dataset.dims:
                raise invalid(f"the dataset has no dimension `{name}`", f"its dimensions are {_said(dataset.dims)}")
        results = {}
        for name, one in dataset.data_vars.items():
            own: list[Hashable] = [dim for dim in one.dims if dim in wanted]
            if not own:
                results[name] = one
            elif one.dtype.kind in "biuf":
                results[name] = result(one, own)
        told = xr.Dataset(results, attrs=attrs_of(dataset))
        fits = {name: one for name, one in dataset.coords.items() if not set(one.dims) & set(wanted)}
        return told.assign_coords({name: one for name, one in fits.items() if name not in told.coords})


def _said(names: Iterable[Hashable]) -> str:
    return ", ".join(map(str, names))
