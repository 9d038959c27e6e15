"""Where the values of xarray's arrays lie: in memory, or where they are stored and the engine `frazil` reads them."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from xarray.core import indexing

from . import _cube_array, _joined, _layout, _xarray
from ._native import Computation, Cube, Source
from ._refusing import invalid

Step = str | tuple[Any, ...]
"""What is done to an array, as the native part takes it."""

Limits = tuple[int | None, int | None]
"""Most bytes of memory and most threads of a call; as usual where it is not said."""

Along = tuple[tuple[str, int, int], ...]
"""Of each dimension that is stored: what it is called, the first element and how many."""

UNPACKING = {"_apply_mask", "_scale_offset_decoding"}
"""What xarray does lazily to packed numbers, and the native part does too."""

BAND = 1
"""Which dimension of a cube is that of its bands."""

_Lazy = _xarray.Lazy | _cube_array.Lazy | _joined.Lazy
_Taken = tuple[int, int, bool]
"""Of a dimension that is stored: the first element, how many, and whether the array has it."""


@dataclass(frozen=True)
class Values(ABC):
    """Where the values of an array lie."""

    array: xr.DataArray

    @property
    def copied(self) -> int:
        """Bytes of a copy that has to be made of them."""
        return 0

    @property
    def why(self) -> str:
        """Why it has to be made."""
        return ""

    @property
    def held(self) -> np.ndarray[Any, Any] | None:
        """The array that has them, if they are in memory."""
        return None

    @property
    @abstractmethod
    def given(self) -> tuple[Any, ...]:
        """The array as the native part takes it."""

    @property
    @abstractmethod
    def laid(self) -> tuple[tuple[int, ...], Along]:
        """How many elements are along each dimension where they lie, and which of them are taken."""

    def values(self) -> np.ndarray[Any, Any] | None:
        """The values that a run is given, if it does not read them itself."""
        return None


@dataclass(frozen=True)
class InMemory(Values):
    """Values in memory, or such as have to be brought there."""

    own: np.ndarray[Any, Any] | None
    dtype: np.dtype[Any]
    """The type in which they are read."""
    reasons: tuple[str, ...]
    """Why they have to be copied."""

    @property
    def copied(self) -> int:
        return self.array.size * self.dtype.itemsize if self.reasons else 0

    @property
    def why(self) -> str:
        return ", ".join(self.reasons)

    @property
    def held(self) -> np.ndarray[Any, Any] | None:
        return self.own

    @property
    def given(self) -> tuple[Any, ...]:
        dimensions = [(str(name), length) for name, length in self.array.sizes.items()]
        return name_of(self.array), dimensions, self.dtype.str[1:], self.copied

    @property
    def laid(self) -> tuple[tuple[int, ...], Along]:
        return self.array.shape, tuple((str(name), 0, length) for name, length in self.array.sizes.items())

    def values(self) -> np.ndarray[Any, Any]:
        """The values in one piece, in their place and in the machine's byte order."""
        return _layout.laid_out(self.array.values, self.dtype)


@dataclass(frozen=True)
class Stored(Values):
    """A part of a variable of a file or store."""

    source: Source
    path: str
    shape: tuple[int, ...]
    along: Along
    is_unpacked: bool

    @property
    def is_whole(self) -> bool:
        """Whether the array has all dimensions of the variable."""
        return len(self.along) == self.array.ndim

    @property
    def given(self) -> tuple[Any, ...]:
        return self.source, self.path, name_of(self.array), list(self.along), self.is_unpacked

    @property
    def laid(self) -> tuple[tuple[int, ...], Along]:
        return self.shape, self.along


@dataclass(frozen=True)
class Joined(Values):
    """A part of variables that follow each other along a dimension."""

    parts: tuple[Stored, ...]
    axis: int
    shape: tuple[int, ...]
    along: Along

    @property
    def given(self) -> tuple[Any, ...]:
        granules = [(one.source, one.path, one.is_unpacked, [taken[1:] for taken in one.along]) for one in self.parts]
        return self.axis, granules, name_of(self.array), list(self.along)

    @property
    def laid(self) -> tuple[tuple[int, ...], Along]:
        return self.shape, self.along


@dataclass(frozen=True)
class Band(Values):
    """A part of a band of a cube, as its images have it."""

    cube: Cube
    band: str
    along: Along

    @property
    def given(self) -> tuple[Any, ...]:
        return self.cube, self.band, name_of(self.array), list(self.along)

    @property
    def laid(self) -> tuple[tuple[int, ...], Along]:
        times, _, rows, columns = self.cube.shape
        return (times, rows, columns), self.along


@dataclass(frozen=True)
class Chunked(Values):
    """Values that are made in chunks by Dask."""

    @property
    def given(self) -> tuple[Any, ...]:
        what = f"`{name_of(self.array)}` is chunked by Dask"
        raise invalid(what, "open it without `chunks`, or `.load()` it first, for results that are as large as the array")

    @property
    def laid(self) -> tuple[tuple[int, ...], Along]:
        return self.array.shape, tuple((str(name), 0, length) for name, length in self.array.sizes.items())


def of(array: xr.DataArray) -> Values:
    """Where the values of an array lie."""
    if _is_of_dask(array):
        return Chunked(array)
    _must_be_one(array)
    found = _lazy(array.variable._data)
    stored = None if found is None else _stored(array, *found)
    return in_memory(array) if stored is None else stored


def _stored(array: xr.DataArray, lazy: _Lazy, along: list[_Taken], is_unpacked: bool) -> Values | None:
    """Where the values of an array are stored, if the native part reads them there."""
    named = _named(array, along)
    if isinstance(lazy, _xarray.Lazy):
        described = Computation.described(lazy._source, lazy._path, is_unpacked)
        if described is None or described[0] != array.dtype.name:
            return None
        return Stored(array, lazy._source, lazy._path, tuple(described[1]), named, is_unpacked)
    if is_unpacked:
        return None
    if isinstance(lazy, _joined.Lazy):
        parts = [of(xr.DataArray(one)) for one in lazy.variables]
        stored = tuple(one for one in parts if isinstance(one, Stored) and one.is_whole)
        return Joined(array, stored, lazy.axis, lazy.shape, named) if len(stored) == len(parts) else None
    at, _, is_there = along[BAND]
    if is_there:
        return None
    return Band(array, lazy._cube, lazy._cube.bands[at][0], named[:BAND] + named[BAND + 1 :])


def both(one: xr.DataArray, other: xr.DataArray) -> tuple[Values, Values]:
    """Where the values of two arrays lie whose elements are taken together: where they are stored, if they are laid alike
    there; else in memory.
    """
    first, second = of(one), of(other)
    if isinstance(first, Chunked) or isinstance(second, Chunked):
        chunks = (one if isinstance(first, Chunked) else other).chunksizes
        return Chunked(one.chunk(chunks)), Chunked(other.chunk(chunks))
    if first.laid != second.laid:
        return in_memory(one), in_memory(other)
    return first, in_memory(other) if isinstance(first, InMemory) else second


def name_of(array: xr.DataArray) -> str:
    """What an array is called."""
    return "array" if array.name is None else str(array.name)


def _is_of_dask(array: xr.DataArray) -> bool:
    return type(array.variable._data).__module__.partition(".")[0] == "dask"


def _must_be_one(array: xr.DataArray) -> None:
    if array.chunks is not None:
        what = f"`{name_of(array)}` is chunked, and not by Dask"
        raise invalid(what, "open it without `chunks`, or `.load()` it first")


def in_memory(array: xr.DataArray) -> InMemory:
    """The values of an array in memory, wherever they lie now."""
    _must_be_one(array)
    values, own = _held(array.variable._data), array.dtype
    dtype = _layout.read_as(own)
    reasons = {
        "it is not in memory": values is None,
        "it is of another byte order": not own.isnative,
        "it is of float16": own == np.float16,
        "it is not in one piece": values is not None and not values.flags.c_contiguous,
        "it is not aligned": values is not None and not values.flags.aligned,
    }
    return InMemory(array, values, dtype, tuple(reason for reason, holds in reasons.items() if holds))


def _held(data: Any) -> np.ndarray[Any, Any] | None:
    """The array of numpy that has the values, if they are in memory."""
    if isinstance(data, indexing.MemoryCachedArray):
        data = data.array
    if isinstance(data, indexing.NumpyIndexingAdapter):
        data = data.array
    return data if isinstance(data, np.ndarray) else None


def _lazy(data: Any) -> tuple[_Lazy, list[_Taken], bool] | None:
    """What is below xarray's layers, what they take of it, and whether they unpack it; None for anything else."""
    if isinstance(data, (_cube_array.Lazy, _joined.Lazy)):
        return data, [(0, count, True) for count in data.shape], False
    if isinstance(data, _xarray.Lazy):
        if any(step != 1 for _, _, step in data._extents):
            return None
        return data, [(start, count, True) for start, count, _ in data._extents], False
    if isinstance(data, (indexing.MemoryCachedArray, indexing.CopyOnWriteArray)):
        return _lazy(data.array)
    if isinstance(data, indexing.LazilyIndexedArray):
        below = _lazy(data.array)
        along = None if below is None else _indexed(below[1], data.key.tuple)
        return None if below is None or along is None else (below[0], along, below[2])
    function = getattr(data, "func", None)
    if isinstance(function, functools.partial) and getattr(function.func, "__name__", None) in UNPACKING:
        below = _lazy(data.array)
        return None if below is None else (below[0], below[1], True)
    return None


def _indexed(along: list[_Taken], key: tuple[Any, ...]) -> list[_Taken] | None:
    """What an index takes of what was taken before; None for what is no box."""
    keys, taken = iter(key), []
    for start, count, is_there in along:
        part = next(keys) if is_there else slice(None)
        if isinstance(part, slice):
            first, stop, step = part.indices(count)
            if step != 1:
                return None
            taken.append((start + first, max(stop - first, 0), is_there))
        elif isinstance(part, (int, np.integer)):
            taken.append((start + int(part) % count, 1, False))
        else:
            return None
    return taken


def _named(array: xr.DataArray, along: list[_Taken]) -> Along:
    """The dimensions under the array's names; those that it has no more under names of their own."""
    names = iter(array.dims)
    own = (str(next(names)) if is_there else f"index {at}" for at, (_, _, is_there) in enumerate(along))
    return tuple((name, start, count) for name, (start, count, _) in zip(own, along, strict=True))
