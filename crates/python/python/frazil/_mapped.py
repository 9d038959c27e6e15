"""One function over many items on workers of Dask."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from . import _remote, _workers
from ._stats import IoStats, together
from .errors import LostError

Retries = tuple[int, tuple[type[Exception], ...]]
"""How often a function is called again, and after which errors."""


def on(
    where: Any,
    function: Callable[[Any], Any],
    items: Sequence[Any],
    names: Sequence[str],
    retries: Retries,
    progress: bool | Callable[[int, int], None],
) -> tuple[list[tuple[Any, Exception | None]], IoStats]:
    """Of each item the value or the error, in their order, and what workers read."""
    run = uuid.uuid4().hex[:12]
    told: list[tuple[Any, Exception | None]] = [(None, None)] * len(items)
    stats = []
    with _workers.crew(where) as crew, _workers.progress(progress) as hearer, _workers.Tasks() as tasks:
        known = (run, crew.versions, function)
        futures = {}
        for number, (item, name) in enumerate(zip(items, names, strict=True)):
            key = f"frazil-map-{run}-{number}"
            futures[key] = tasks.submit(crew, key, name, _remote.call, *known, item, *retries)
        numbers = {key: number for number, key in enumerate(futures)}
        for key, done in tasks.results(futures, hearer, (LostError,)):
            if isinstance(done, Exception):
                told[numbers[key]] = (None, done)
                continue
            stats.append(done.stats)
            told[numbers[key]] = (None if done.error else pickle.loads(done.value), done.error)
            if done.error is not None:
                done.error.add_note(f"in the task `{names[numbers[key]]}`")
    return told, together(stats)
