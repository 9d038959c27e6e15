"""The histogram of hourly rain where it is large: the plan of forty years, and a store of 60 GB in 1 GB of memory.

    python in_limits.py WORK READER FOLDER HOURS OUT.npy
"""

import re
import sys
from pathlib import Path

import numpy as np
from in_histogram import EDGES, HOURS, in_numpy
from made import CHUNK, KINDS, LATITUDES, LONG_CHUNK, large, planned, showers
from measured import Measured

WORKS = ("plan", "large")
READERS = {"plan": ("frazil", "dask"), "large": ("frazil", "numpy")}
# Bytes of memory that are allowed for the large store.
ALLOWED = 1_000_000_000
ALONG = ["time", "longitude"]
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def opened(path: Path):
    """What is asked of a store, but for the histogram."""
    import frazil.xarray  # noqa: F401 (the accessor)
    import xarray

    return xarray.open_dataset(path, engine="frazil")["tp"].frazil.coarsen_sum(time=HOURS)


def explained(sums, **limits: int) -> dict:
    """What `explain` tells: the chunks that are read, and the bytes that are taken at most."""
    text = sums.explain("histogram", EDGES, ALONG, threads=2, **limits)
    chunks = re.search(r"(\d+) of .*, each read once", text)
    most = re.search(r"memory  ([\d.]+) (\w+) at most", text)
    return {"chunks": int(chunks[1]), "promised": float(most[1]) * UNITS[most[2]]}


def plan_in_frazil(path: Path, hours: int, out: str) -> None:
    sums = opened(path)
    with Measured(out) as run:
        run.said = explained(sums)
    if run.said["chunks"] != -(-hours // LONG_CHUNK):
        raise SystemExit(f"{run.said['chunks']} chunks are not those of {hours} hours")


def plan_in_dask(path: Path, out: str) -> None:
    """The graph as it is before its first task begins: built, its layers made tasks, and optimised."""
    import dask
    import dask.array
    import xarray
    from xhistogram.xarray import histogram

    stored = dask.array.from_zarr(path, component="tp")
    with Measured(out) as run:
        named = xarray.DataArray(stored, dims=("time", "latitude", "longitude"), name="tp")
        sums = named.coarsen(time=HOURS, boundary="trim").sum()
        means = histogram(sums, bins=[EDGES], dim=["longitude"]).mean("time").data
        built = len(dict(means.__dask_graph__()))
        (ready,) = dask.optimize(means)
        run.said = {"tasks": built, "optimised": len(dict(ready.__dask_graph__()))}


def large_in_frazil(path: Path, out: str) -> None:
    sums = opened(path)
    said = explained(sums, memory=ALLOWED)
    with Measured(out) as run:
        run.said = said
        run.result = sums.histogram(EDGES, ALONG, threads=2, memory=ALLOWED).values


def large_in_numpy(hours: int, out: str) -> None:
    """The reference: what the different chunks have, as often as each is there."""
    times = np.bincount(np.arange(hours // CHUNK) % KINDS, minlength=KINDS)
    with Measured(out) as run:
        kinds = (in_numpy(showers(kind)) * (CHUNK // HOURS) * times[kind] for kind in np.flatnonzero(times))
        run.result = sum(kinds, np.zeros((LATITUDES, len(EDGES) - 1)))


def main(work: str, reader: str, folder: Path, hours: int, out: str) -> None:
    if work == "large":
        if reader == "numpy":
            large_in_numpy(hours, out)
        else:
            large_in_frazil(large(folder, hours), out)
    elif reader == "frazil":
        plan_in_frazil(planned(folder, hours), hours, out)
    else:
        plan_in_dask(planned(folder, hours), out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
