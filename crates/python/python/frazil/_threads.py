"""On how many threads something is computed, where nobody says."""

from __future__ import annotations

import sys

Limits = tuple[int | None, int | None]


def is_task() -> bool:
    """Whether this thread runs a task of a worker of Dask, which has other threads for other tasks."""
    worker = sys.modules.get("distributed.worker")
    return worker is not None and hasattr(worker.thread_state, "execution_state")


def own(limits: Limits) -> Limits:
    """The same limits; in a task of Dask one thread, unless more are asked for."""
    memory, threads = limits
    return memory, 1 if threads is None and is_task() else threads
