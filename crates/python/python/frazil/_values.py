"""Where the values of xarray's arrays lie: in memory, or where they are stored and the engine `frazil` reads them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from xarray.core import indexing

from ._native import Computation, Source
from ._refusing import invalid
from ._xarray import Lazy

Step = tuple[Any, ...]
"""What is done to an array, as the native part takes it."""

Limits = tuple[int | None, int | None]
"""Most bytes of memory and most threads of a call; as usual where it is not said."""

UNPACKING = {"_apply_mask", "_scale_offset_decoding"}
"""What xarray does lazily to packed numbers, and the native part does too."""


@dataclass(frozen=True)
class InMemory:
    """Values in memory, or such as have to be brought there."""

    array: xr.DataArray
    held: np.ndarray[Any, Any] | None
    """The array that has them, if they are in memory."""
    dtype: np.dtype[Any]
    """The type in which they are read: the machine's byte order, truth values as 0 and 1."""
    copied: int
    """Bytes of a copy that has to be made of them."""
    why: str
    """Why it has to be made."""

    def planned(self, steps: Sequence[Step], limits: Limits) -> Computation:
        """Plans steps over them."""
        dimensions = [(str(name), length) for name, length in self.array.sizes.items()]
        code = self.dtype.str[1:]
        return Computation(name_of(self.array), dimensions, code, list(steps), limits, self.copied)

    def run(self, planned: Computation) -> tuple[np.ndarray[Any, Any], tuple[int, ...], tuple[int, int, int]]:
        """Runs what was planned."""
        return planned.run(self.values())

    def run_into(self, planned: Computation, out: np.ndarray[Any, Any]) -> None:
        """Runs what was planned, into memory."""
        planned.run_into(out, self.values())

    def values(self) -> np.ndarray[Any, Any]:
        """The values in one piece, in their place and in the machine's byte order."""
        values = self.array.values
        if values.dtype == np.bool_:
            values = values.view("u1")
        return np.require(values, self.dtype, ("C_CONTIGUOUS", "ALIGNED"))


@dataclass(frozen=True)
class Stored:
    """A part of a variable of a file or store."""

    array: xr.DataArray
    source: Source
    path: str
    along: tuple[tuple[str, int, int], ...]
    """Of each dimension that is stored: what it is called, the first element and how many."""
    is_unpacked: bool

    copied = 0
    why = ""
    held = None

    def planned(self, steps: Sequence[Step], limits: Limits) -> Computation:
        """Plans steps over it."""
        name, along = name_of(self.array), list(self.along)
        return Computation.stored(self.source, self.path, name, along, self.is_unpacked, list(steps), limits)

    def run(self, planned: Computation) -> tuple[np.ndarray[Any, Any], tuple[int, ...], tuple[int, int, int]]:
        """Runs what was planned."""
        return planned.run()

    def run_into(self, planned: Computation, out: np.ndarray[Any, Any]) -> None:
        """Runs what was planned, into memory."""
        planned.run_into(out)


def of(array: xr.DataArray) -> InMemory | Stored:
    """Where the values of an array lie."""
    _must_be_one(array)
    found = _lazy(array.variable._data)
    if found is not None:
        lazy, along, is_unpacked = found
        if Computation.element_of(lazy._source, lazy._path, is_unpacked) == array.dtype.name:
            return Stored(array, lazy._source, lazy._path, _named(array, along), is_unpacked)
    return in_memory(array)


def name_of(array: xr.DataArray) -> str:
    """What an array is called."""
    return "array" if array.name is None else str(array.name)


def _must_be_one(array: xr.DataArray) -> None:
    if array.chunks is not None:
        what = f"`{name_of(array)}` is chunked, for Dask or the like"
        raise invalid(what, "open it without `chunks`, or `.load()` it first")


def in_memory(array: xr.DataArray) -> InMemory:
    """The values of an array in memory, wherever they lie now."""
    _must_be_one(array)
    values, own = _held(array.variable._data), array.dtype
    dtype = np.dtype("f4") if own == np.float16 else np.dtype("u1") if own == np.bool_ else own.newbyteorder("=")
    size = array.size * dtype.itemsize
    reasons = {
        "it is not in memory": values is None,
        "it is of another byte order": not own.isnative,
        "it is of float16": own == np.float16,
        "it is not in one piece": values is not None and not values.flags.c_contiguous,
        "it is not aligned": values is not None and not values.flags.aligned,
    }
    why = ", ".join(reason for reason, holds in reasons.items() if holds)
    return InMemory(array, values, dtype, size if why else 0, why)


def _held(data: Any) -> np.ndarray[Any, Any] | None:
    """The array of numpy that has the values, if they are in memory."""
    if isinstance(data, indexing.MemoryCachedArray):
        data = data.array
    if isinstance(data, indexing.NumpyIndexingAdapter):
        data = data.array
    return data if isinstance(data, np.ndarray) else None


_Along = tuple[int, int, bool]
"""Of a dimension that is stored: the first element, how many, and whether the array has it."""


def _lazy(data: Any) -> tuple[Lazy, list[_Along], bool] | None:
    """The variable below xarray's layers, what they take of it, and whether they unpack it; None for anything else."""
    if isinstance(data, Lazy):
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


def _indexed(along: list[_Along], key: tuple[Any, ...]) -> list[_Along] | None:
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


def _named(array: xr.DataArray, along: list[_Along]) -> tuple[tuple[str, int, int], ...]:
    """The dimensions under the array's names; those that it has no more under names of their own."""
    names = iter(array.dims)
    own = (str(next(names)) if is_there else f"index {at}" for at, (_, _, is_there) in enumerate(along))
    return tuple((name, start, count) for name, (start, count, _) in zip(own, along, strict=True))
