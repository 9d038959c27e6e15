"""Parts of arrays and datasets of xarray by their coordinates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from ._refusing import invalid

_Of = TypeVar("_Of", xr.DataArray, xr.Dataset)


def boxed(of: _Of, between: Mapping[str, tuple[float, float]]) -> _Of:
    """The part whose coordinates lie between two numbers, these included.

    Where the first is above the second, it goes over the end.
    """
    for name, pair in between.items():
        of = of.isel(_taken(of.coords, name, *pair))
    return of


def _taken(coords: Mapping[Any, xr.DataArray], name: str, low: float, high: float) -> dict[Hashable, Any]:
    """The positions along a dimension whose coordinate lies between two numbers."""
    if low != low or high != high:  # NaN and NaT
        raise invalid(f"nothing of `{name}` lies between {low} and {high}", "say two numbers")
    lines = {str(own): its for own, its in coords.items() if its.ndim == 1}
    if name not in lines:
        known = ", ".join(lines)
        raise invalid(f"there is no coordinate `{name}` of one dimension", f"those of one dimension are {known}")
    one = lines[name]
    values = one.values
    above, below = np.flatnonzero(values >= low), np.flatnonzero(values <= high)
    positions = np.intersect1d(above, below) if low <= high else np.concatenate([above, below])
    if not len(positions):
        what = f"nothing of `{name}` lies between {low} and {high}"
        raise invalid(what, f"it goes from {values.min()} to {values.max()}" if len(values) else "it is empty")
    first, count = int(positions[0]), len(positions)
    is_one = np.array_equal(positions, np.arange(first, first + count))
    return {one.dims[0]: slice(first, first + count) if is_one else positions}
