"""Indexes as numpy has them, as extents that are read and what is taken of them then."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

Extent = tuple[int, int, int]
"""Elements along a dimension: the first, how many, from one to the next."""


def split(key: Any, shape: Sequence[int]) -> tuple[list[Extent], list[Any]]:
    """An index for an array of a shape: the extents to be read, and for each dimension what is taken of these.

    Arrays choose along their own dimension, as h5py and xarray (`outer`) take them.
    """
    parts = _complete(key if isinstance(key, tuple) else (key,), len(shape))
    extents, rest = [], []
    for part, length in zip(parts, shape, strict=True):
        extent, taken = _along(part, length)
        extents.append(extent)
        rest.append(taken)
    return extents, rest


def take(values: Any, rest: Sequence[Any]) -> Any:
    """What was chosen of the extents that were read."""
    for axis in reversed(range(len(rest))):
        chosen = rest[axis]
        if not (isinstance(chosen, slice) and chosen == slice(None)):
            values = values[(slice(None),) * axis + (chosen,)]
    return values


def within(outer: Extent, inner: Extent) -> Extent:
    """An extent of an extent."""
    start, _, step = outer
    return start + inner[0] * step, inner[1], step * inner[2]


def _complete(parts: tuple[Any, ...], dimensions: int) -> list[Any]:
    """An index for each dimension."""
    places = [at for at, part in enumerate(parts) if part is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if any(part is None for part in parts):
        raise IndexError("new dimensions are not made while reading")
    missing = dimensions - len(parts) + len(places)
    if missing < 0:
        raise IndexError(f"{len(parts) - len(places)} indexes for {dimensions} dimensions")
    at = places[0] if places else len(parts)
    return [*parts[:at], *[slice(None)] * missing, *parts[at + len(places) :]]


def _along(part: Any, length: int) -> tuple[Extent, Any]:
    if isinstance(part, slice):
        start, stop, step = part.indices(length)
        count = len(range(start, stop, step))
        if step > 0:
            return (start if count else 0, count, step), slice(None)
        # Read upwards, and turned round then.
        return (start + (count - 1) * step if count else 0, count, -step), slice(None, None, -1)
    try:
        one = operator.index(part)
    except TypeError:
        return _several(part, length)
    if not -length <= one < length:
        raise IndexError(f"index {one} is out of bounds for a dimension of {length}")
    return (one % length, 1, 1), 0


def _several(part: Any, length: int) -> tuple[Extent, Any]:
    """Positions in a list or an array: what is read goes from the least to the greatest."""
    import numpy as np

    positions = np.asarray(part)
    if positions.size and positions.dtype.kind not in "biu":
        raise TypeError(f"{part!r} is no index")
    if positions.ndim != 1:
        raise IndexError("an index of several dimensions cannot be read; index what was read with it")
    if positions.dtype == bool:
        if len(positions) != length:
            raise IndexError(f"{len(positions)} truth values for a dimension of {length}")
        positions = np.flatnonzero(positions)
    positions = positions.astype(np.int64)
    if len(positions) == 0:
        return (0, 0, 1), slice(None)
    if positions.min() < -length or positions.max() >= length:
        raise IndexError(f"an index is out of bounds for a dimension of {length}")
    positions = positions % length
    least, most = int(positions.min()), int(positions.max())
    step = int(np.gcd.reduce(positions - least)) or 1
    return (least, (most - least) // step + 1, step), (positions - least) // step
