"""Trivial calls in chains of three.

    python in_tasks.py READER TASKS OUT.npy
"""

import sys

import numpy as np
from measured import Measured


def one():
    return 1


def inc(number):
    return number + 1


def frazil(count: int) -> list[int]:
    import frazil

    first, more = frazil.delayed(one), frazil.delayed(inc)
    return list(frazil.compute(*[more(more(first())) for _ in range(count)], threads=2))


def dask_delayed(count: int) -> list[int]:
    import dask

    first, more = dask.delayed(one), dask.delayed(inc)
    return list(dask.compute(*[more(more(first())) for _ in range(count)], scheduler="threads", num_workers=2))


def graph(count: int) -> tuple[dict, list]:
    """The graph as Dask takes it, without the objects that make it."""
    tasks = {}
    for number in range(count):
        tasks["a", number] = (one,)
        tasks["b", number] = (inc, ("a", number))
        tasks["c", number] = (inc, ("b", number))
    return tasks, [("c", number) for number in range(count)]


def dask_threads(count: int) -> list[int]:
    from dask.threaded import get

    return list(get(*graph(count), num_workers=2))


def dask_sync(count: int) -> list[int]:
    from dask.local import get_sync

    return list(get_sync(*graph(count)))


READERS = {
    "frazil": frazil,
    "dask-delayed": dask_delayed,
    "dask-threads": dask_threads,
    "dask-sync": dask_sync,
}

if __name__ == "__main__":
    reader, tasks, out = READERS[sys.argv[1]], int(sys.argv[2]), sys.argv[3]
    reader(10)
    with Measured(out) as run:
        run.result = np.array(reader(tasks // 3))
