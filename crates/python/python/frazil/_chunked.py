"""Reductions of arrays that Dask makes in chunks: one task a chunk, whose result is what is known of it."""

from __future__ import annotations

import importlib
import math
import pickle
import uuid
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise, product
from typing import TYPE_CHECKING, Any

import xarray as xr

from . import _layout, _remote, _values, _versions
from ._native import Portions
from ._refusing import invalid

if TYPE_CHECKING:
    from ._planned import Ran, Reduced

TOGETHER = 8
"""So many tasks are merged by one."""
MEMORY = 1 << 30
"""Bytes that a chunk may take, unless said."""
LARGE = 1 << 16
"""Bytes of a plan from which on it travels once, and not with each task."""

Box = list[tuple[int, int]]
"""The first element and how many along each dimension."""


def run(planned: Reduced, steps: Sequence[_values.Step]) -> Ran:
    """The result by the scheduler of Dask that is in use."""
    delayed: Any = importlib.import_module("dask.delayed").delayed
    compute: Any = importlib.import_module("dask").compute
    array, spec = _whole(planned.values.array, steps), _spec(planned, steps)
    beside = None if planned.beside is None else _blocks(_whole(planned.beside.array, steps).data)
    sent = delayed(spec, name=f"frazil-plan-{spec.run}", traverse=False) if len(pickle.dumps(spec)) > LARGE else spec
    box = delayed(_remote.box, pure=False)
    regions: list[list[Any]] = []
    blocks = _blocks(array.data)
    first = None
    for places in _regions(array, _reduced(steps)):
        known = []
        for number, (place, only) in enumerate(places):
            other = None if beside is None else beside[place]
            first = first or only
            key = _key("box", spec, place)
            known.append(box(sent, blocks[place], other, only, (number, len(places)), dask_key_name=key))
        regions.append(known)
    done = compute(*[_merged(known, spec, number) for number, known in enumerate(regions)])
    plan = spec.plan(first or [(0, length) for length in array.shape])
    numbers, _, left_out = plan.finish([part for parts in done for part in parts])
    return numbers, plan.dims, left_out


def _blocks(data: Any) -> dict[tuple[int, ...], Any]:
    """The chunks of an array of Dask as delayed values, by their places: however Dask plans arrays."""
    delayed: Any = importlib.import_module("dask.delayed")
    graphs: Any = importlib.import_module("dask.highlevelgraph")
    data = data.optimize() if hasattr(data, "optimize") else data
    keys, graph = data.__dask_keys__(), data.__dask_graph__()
    if hasattr(data, "__dask_optimize__"):
        graph = data.__dask_optimize__(graph, keys)
    name = f"frazil-chunks-{data.name}"
    graph = graphs.HighLevelGraph.from_collections(name, dict(graph), dependencies=())
    found: dict[tuple[int, ...], Any] = {}
    for place in product(*[range(count) for count in data.numblocks]):
        key = keys
        for number in place:
            key = key[number]
        found[place] = delayed.Delayed(key if place else keys[0], graph, layer=name)
    return found


def explain(planned: Reduced) -> str:
    """What is read and how many tasks it takes."""
    array, name = planned.values.array, _values.name_of(planned.values.array)
    whole = _whole(array, planned.steps)
    regions = [len(places) for places in _regions(whole, _reduced(planned.steps))]
    merging = sum(_merges(count) for count in regions)
    along = ", ".join(f"{dim} 0:{length}" for dim, length in array.sizes.items())
    lines = [
        f"read    {name}[{along}] of {array.dtype}: {array.nbytes} bytes, as Dask makes it",
        f"chunks  {sum(regions)}, one task each, on one thread",
        f"merge   {merging} tasks, of {TOGETHER} each at most, into {len(regions)} regions of the result",
    ]
    if whole is not array:
        lines.append("rechunk at the borders of windows, by Dask")
    return "\n".join(lines)


def _spec(planned: Reduced, steps: Sequence[_values.Step]) -> _remote.Spec:
    memory, _ = planned.limits
    beside = None if planned.beside is None else _given(_whole(planned.beside.array, steps))
    given = _given(_whole(planned.values.array, steps))
    run, own = uuid.uuid4().hex[:12], memory or MEMORY
    return _remote.Spec(given, tuple(steps), own, beside, "", run, _versions.here(), 0)


def _given(array: xr.DataArray) -> tuple[Any, ...]:
    dtype = _layout.read_as(array.dtype)
    return _values.name_of(array), [(str(dim), length) for dim, length in array.sizes.items()], dtype.str[1:], 0


def _key(what: str, spec: _remote.Spec, place: Iterable[int]) -> str:
    return f"frazil-{what}-{spec.run}-" + "-".join(map(str, place))


def _merged(known: Sequence[Any], spec: _remote.Spec, region: int) -> Any:
    """What is known of a region, merged by a tree that depends on the number of its chunks alone."""
    merge: Any = importlib.import_module("dask.delayed").delayed(_remote.merge_boxes, pure=False)
    level = 0
    while len(known) > 1:
        parts = [known[at : at + TOGETHER] for at in range(0, len(known), TOGETHER)]
        keys = [_key("merge", spec, (region, level, number)) for number in range(len(parts))]
        known = [merge(list(part), dask_key_name=key) for part, key in zip(parts, keys, strict=True)]
        level += 1
    return known[0] if known else ()


def _merges(count: int) -> int:
    merges = 0
    while count > 1:
        count = math.ceil(count / TOGETHER)
        merges += count
    return merges


def _reduced(steps: Sequence[_values.Step]) -> set[str]:
    """The dimensions whose elements become one, or groups."""
    last = steps[-1][1]
    return {last} if isinstance(last, str) else set(last)


def _regions(array: xr.DataArray, reduced: set[str]) -> list[list[tuple[tuple[int, ...], Box]]]:
    """The chunks, each by its place among them and what it is of the array: those together that have the same cells."""
    borders = [list(accumulate(lengths, initial=0)) for lengths in array.chunks or ()]
    boxes = [[(start, end - start) for start, end in pairwise(ends)] for ends in borders]
    kept = [axis for axis, dim in enumerate(array.dims) if str(dim) not in reduced]
    rest = [axis for axis in range(array.ndim) if axis not in kept]
    regions = []
    for own in product(*[range(len(boxes[axis])) for axis in kept]):
        places = []
        for other in product(*[range(len(boxes[axis])) for axis in rest]):
            at = dict(zip((*kept, *rest), (*own, *other), strict=True))
            place = tuple(at[axis] for axis in range(array.ndim))
            places.append((place, [boxes[axis][number] for axis, number in enumerate(place)]))
        regions.append(places)
    return regions


def _whole(array: xr.DataArray, steps: Sequence[_values.Step]) -> xr.DataArray:
    """The array without what is behind the last window of elements that are joined, and with no window in two chunks."""
    if any(math.isnan(length) for lengths in array.chunks or () for length in lengths):
        raise invalid(f"`{_values.name_of(array)}` has chunks of unknown lengths", "`.compute_chunk_sizes()` of Dask tells them")
    for step in steps[:-1]:
        if isinstance(step, tuple) and len(step) == 3:
            array = _aligned(array, str(step[1]), int(step[2]))
    return array


def _aligned(array: xr.DataArray, dim: str, window: int) -> xr.DataArray:
    whole = array.sizes[dim] // window * window
    array = array if whole == array.sizes[dim] else array.isel({dim: slice(0, whole)})
    lengths = array.chunksizes[dim]
    borders = [end // window * window for end in accumulate(lengths)]
    fitting = tuple(end - start for start, end in pairwise([0, *borders]) if end > start)
    return array if fitting == tuple(lengths) or not fitting else array.chunk({dim: fitting})
