"""Arrays that follow each other along a dimension as one, which is read when it is indexed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from . import _indexing


class Lazy(BackendArray):
    """Variables one behind the other along an axis; of each that part is read that is indexed."""

    def __init__(self, variables: Sequence[xr.Variable], axis: int) -> None:
        self.variables = tuple(variables)
        self.axis = axis
        ends = list(accumulate(one.shape[axis] for one in self.variables))
        self._starts = [0, *ends[:-1]]
        first = self.variables[0]
        self.shape = (*first.shape[:axis], ends[-1], *first.shape[axis + 1 :])
        self.dtype = first.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        extents, rest = _indexing.split(key, self.shape)
        values = np.empty([count for _, count, _ in extents], self.dtype)
        own = [slice(start, start + count * step, step) for start, count, step in extents]
        place = [slice(None)] * values.ndim
        first, count, step = extents[self.axis]
        for start, variable in zip(self._starts, self.variables, strict=True):
            # Of the places that are wanted, those that lie in this variable.
            low = max(0, math.ceil((start - first) / step))
            high = min(count, math.ceil((start + variable.shape[self.axis] - first) / step))
            if low < high:
                begin = first + low * step - start
                own[self.axis] = slice(begin, begin + (high - low - 1) * step + 1, step)
                place[self.axis] = slice(low, high)
                values[tuple(place)] = variable[tuple(own)].values
        return _indexing.take(values, rest)


def array(arrays: Sequence[xr.DataArray], dim: str) -> xr.DataArray:
    """Arrays that are alike but for their lengths along a dimension, as one. Coordinates have to agree."""
    first = arrays[0]
    variables = [one.variable for one in arrays]
    lazy = indexing.LazilyIndexedArray(Lazy(variables, first.dims.index(dim)))
    return xr.DataArray(xr.Variable(first.dims, lazy, first.attrs), _coords(arrays, dim), name=first.name)


def _coords(arrays: Sequence[xr.DataArray], dim: str) -> Any:
    all_of = xr.align(*[one.coords.to_dataset() for one in arrays], join="exact", exclude={dim})
    if dim not in all_of[0].dims:
        return all_of[0].coords
    return xr.concat(all_of, dim, coords="minimal", compat="override", join="override", combine_attrs="override").coords
