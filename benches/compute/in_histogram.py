"""Hourly rain, summed over six hours, in 50 bins by latitude, its mean over time.

    python in_histogram.py READER FOLDER HOURS OUT.npy
"""

import sys
from pathlib import Path

import numpy as np
from made import CHUNK, LATITUDES, LONGITUDES, rain, rounded, store
from measured import Measured

EDGES = np.logspace(-5, 2, 51)
HOURS = 6


def sums(hourly: np.ndarray) -> np.ndarray:
    return hourly.reshape(-1, HOURS, LATITUDES, LONGITUDES).sum(axis=1)


def in_numpy(hourly: np.ndarray) -> np.ndarray:
    """What numpy.histogram counts, by searchsorted; the reference."""
    counts = np.zeros((LATITUDES, 52))
    rows = (np.arange(LATITUDES) * 52)[None, :, None]
    for hour in range(0, len(hourly), CHUNK):
        values = sums(hourly[hour : hour + CHUNK])
        bins = np.searchsorted(EDGES, values, side="right")
        bins[values == EDGES[-1]] -= 1
        counts += np.bincount((bins + rows).ravel(), minlength=LATITUDES * 52).reshape(LATITUDES, 52)
    return counts[:, 1:-1] / (len(hourly) // HOURS)


def of_rounded(hourly: np.ndarray) -> np.ndarray:
    """The reference for the store's values."""
    return in_numpy(rounded(hourly))


def np_histogram(hourly: np.ndarray) -> np.ndarray:
    values = sums(hourly)
    return np.stack([np.histogram(values[:, row], bins=EDGES)[0] for row in range(LATITUDES)]) / len(values)


def boost(hourly: np.ndarray) -> np.ndarray:
    import boost_histogram as bh

    values, out = sums(hourly), []
    axis = bh.axis.Regular(50, 1e-5, 1e2, transform=bh.axis.transform.log)
    for row in range(LATITUDES):
        filled = bh.Histogram(axis, storage=bh.storage.Int64())
        filled.fill(values[:, row].ravel())
        out.append(filled.view())
    return np.stack(out) / len(values)


def fast(hourly: np.ndarray) -> np.ndarray:
    """In steps of the logarithm, which is not exact at edges."""
    from fast_histogram import histogram1d

    values = np.log10(sums(hourly))
    rows = [histogram1d(values[:, row].ravel(), 50, (-5, 2)) for row in range(LATITUDES)]
    return np.stack(rows) / len(values)


def xhistogram(hourly) -> np.ndarray:
    import dask.array
    import xarray
    from xhistogram.xarray import histogram

    if isinstance(hourly, np.ndarray):
        hourly = dask.array.from_array(hourly, chunks=(CHUNK, LATITUDES, LONGITUDES), name="rain")
    named = xarray.DataArray(hourly, dims=("time", "latitude", "longitude"), name="tp")
    binned = histogram(named.coarsen(time=HOURS, boundary="trim").sum(), bins=[EDGES], dim=["longitude"])
    return binned.mean("time").compute(scheduler="threads", num_workers=2).values


def frazil(hourly) -> np.ndarray:
    """Counts over longitude and time, by the number of steps: the mean over time."""
    import frazil.xarray  # noqa: F401 (the accessor)
    import xarray

    if isinstance(hourly, np.ndarray):
        hourly = xarray.DataArray(hourly, dims=("time", "latitude", "longitude"), name="tp")
    counts = hourly.frazil.coarsen_sum(time=HOURS).histogram(EDGES, ["time", "longitude"], threads=2)
    return counts.values / (hourly.sizes["time"] // HOURS)


def read_only(stored) -> np.ndarray:
    """What reading alone takes."""
    first = stored.map_blocks(lambda block: block[:1, :1, :1].astype("f8"), chunks=(1, 1, 1), dtype="f8")
    return np.array([float(first.sum().compute(scheduler="threads", num_workers=2))])


IN_MEMORY = {
    "frazil": frazil,
    "numpy": in_numpy,
    "np-histogram": np_histogram,
    "boost-histogram": boost,
    "fast-histogram": fast,
    "dask": xhistogram,
}
FROM_ZARR = {"frazil": frazil, "dask": xhistogram, "read-only": read_only}
REFERENCES = {"numpy": in_numpy, "numpy-rounded": of_rounded}


def opened(path: Path, reader: str):
    """The store as a reader takes it."""
    if reader == "frazil":
        import xarray

        return xarray.open_dataset(path, engine="frazil")["tp"]
    import dask.array

    return dask.array.from_zarr(path, component="tp")


if __name__ == "__main__":
    source, reader = sys.argv[1].split(":")
    folder, hours, out = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if source == "zarr":
        values, work = opened(store(folder, hours), reader), FROM_ZARR[reader]
    else:
        values, work = np.array(np.load(rain(folder, hours), mmap_mode="r")), (IN_MEMORY | REFERENCES)[reader]
    # What is imported and compiled at the first call. Of a store little: what it takes is measured.
    if work is not read_only:
        work(np.ones((CHUNK, LATITUDES, 1 if source == "zarr" else LONGITUDES), "f4"))
    with Measured(out) as run:
        run.result = work(values)
