"""The bins of histograms, and what xarray is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Bins:
    """The edges of the bins of an array's values, and the dimension that is of them."""

    name: str
    edges: np.ndarray[Any, Any]
    about: dict[str, Any]
    """What is said of the values, and so of the edges."""

    @property
    def size(self) -> tuple[str, int]:
        """The dimension and its length."""
        return self.name, max(len(self.edges) - 1, 0)

    def on(self, told: xr.DataArray) -> xr.DataArray:
        """A result with the middles of the bins as their coordinate, and with their lower and upper edges beside it."""
        with np.errstate(invalid="ignore"):
            middles = (self.edges[:-1] + self.edges[1:]) / 2
        ends = {f"{self.name}_lower": self.edges[:-1], f"{self.name}_upper": self.edges[1:]}
        all_of = {self.name: middles, **ends}
        return told.assign_coords({key: (self.name, values, self.about) for key, values in all_of.items()})


def of(array: xr.DataArray, name: str, edges: Iterable[float]) -> Bins:
    """Bins for the values of an array that is called so."""
    about = {key: array.attrs[key] for key in ("units", "long_name") if key in array.attrs}
    return Bins(f"{name}_bin", np.asarray(list(edges), "f8"), about)
