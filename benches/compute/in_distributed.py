"""The histogram of rain on workers of Dask: by frazil's jobs, and by Dask with xhistogram, in turns on the same workers.

    python in_distributed.py FOLDER [--hours 4320] [--turns 3] [--workers 2] [--gateway ADDRESS] [--out results.jsonl] [--tiny]

Without a gateway the workers are processes of this machine with one thread each. They begin anew before each turn, and have
imported what either way uses. Prints a line of JSON for each turn: the seconds from the call to the result, and how many
tasks the scheduler was sent. Exit code 3: results differ, frazil is not
1.5 times as fast, or it takes more than a twentieth of the tasks; with --tiny results alone are held against each other.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from in_histogram import EDGES, HOURS
from made import store

LEAST = 1.5
FEWER = 20
TINY = 96


def by_frazil(path: Path, client: Any) -> np.ndarray:
    import frazil
    import frazil.xarray  # noqa: F401 (the accessor)
    import xarray

    rain = xarray.open_dataset(path, engine="frazil")["tp"]
    plan = rain.frazil.coarsen_sum(time=HOURS).plan("histogram", EDGES, ["time", "longitude"])
    counts = frazil.distribute(plan, client, progress=False).result
    return counts.values / (rain.sizes["time"] // HOURS)


def by_xhistogram(path: Path, client: Any) -> np.ndarray:
    import dask.array
    import xarray
    from xhistogram.xarray import histogram

    hourly = dask.array.from_zarr(path, component="tp")
    named = xarray.DataArray(hourly, dims=("time", "latitude", "longitude"), name="tp")
    binned = histogram(named.coarsen(time=HOURS, boundary="trim").sum(), bins=[EDGES], dim=["longitude"])
    return client.compute(binned.mean("time")).result().values


WAYS: dict[str, Callable[[Path, Any], np.ndarray]] = {"frazil": by_frazil, "dask": by_xhistogram}


@contextlib.contextmanager
def workers(count: int, gateway: str | None) -> Iterator[Any]:
    """A client whose workers have come."""
    if gateway is None:
        import distributed

        with (
            distributed.LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client
        return
    from dask_gateway import Gateway

    with Gateway(gateway) as at, at.new_cluster(shutdown_on_close=True) as cluster:
        cluster.scale(count)
        with cluster.get_client() as client:
            client.wait_for_workers(count)
            yield client


def forget(client: Any) -> None:
    """Makes the scheduler's log empty, and so long that it keeps all of a turn: it keeps 1000 lines as usual."""

    def empty(dask_scheduler: Any) -> None:
        import collections

        dask_scheduler.transition_log = collections.deque(maxlen=10_000_000)

    client.run_on_scheduler(empty)


def sent(client: Any) -> int:
    """Tasks that the scheduler got to know since its log was made empty."""

    def known(dask_scheduler: Any) -> int:
        return len({key for key, start, *_ in dask_scheduler.transition_log if start == "released"})

    return client.run_on_scheduler(known)


def imported() -> None:
    """Imports what either way uses."""
    import dask.array
    import frazil.xarray
    import xarray
    import xhistogram.xarray
    import zarr  # noqa: F401


def turn(way: str, path: Path, client: Any) -> dict[str, Any]:
    # Nothing of the turn before is kept, and no turn waits for imports.
    client.restart()
    client.run(imported)
    imported()
    forget(client)
    begun = time.perf_counter()
    result = WAYS[way](path, client)
    seconds = time.perf_counter() - begun
    return {"way": way, "seconds": seconds, "tasks": sent(client), "result": result}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--hours", type=int, default=4320)
    asked.add_argument("--turns", type=int, default=3)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--gateway")
    asked.add_argument("--out", type=Path)
    asked.add_argument("--tiny", action="store_true")
    options = asked.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = store(options.folder, TINY if options.tiny else options.hours)
    turns: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with workers(options.workers, options.gateway) as client:
        for _ in range(1 if options.tiny else options.turns):
            for way, told in turns.items():
                told.append(turn(way, path, client))
                line = json.dumps({name: value for name, value in told[-1].items() if name != "result"})
                print(line)
                if options.out is not None:
                    with options.out.open("a") as out:
                        out.write(line + "\n")
    return judged(turns, options.tiny)


def judged(turns: dict[str, list[dict[str, Any]]], tiny: bool) -> int:
    """0, or 3 with why on standard error."""
    own, other = turns["frazil"], turns["dask"]
    wrong = [] if all(np.array_equal(one["result"], own[0]["result"]) for one in own + other) else ["results differ"]
    if not tiny:
        times = [statistics.median(one["seconds"] for one in told) for told in (other, own)]
        if times[0] < LEAST * times[1]:
            wrong.append(f"dask took {times[0]:.2f} s and frazil {times[1]:.2f} s: not {LEAST} times as long")
        tasks = [statistics.median(one["tasks"] for one in told) for told in (other, own)]
        if tasks[0] < FEWER * tasks[1]:
            wrong.append(f"dask was sent {tasks[0]} tasks and frazil {tasks[1]}: not {FEWER} times as many")
    for why in wrong:
        print(why, file=sys.stderr)
    return 3 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
