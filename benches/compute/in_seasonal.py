"""Climatology by months, anomaly and running mean of a field of half a degree.

    python in_seasonal.py WORK READER MONTHS OUT.npy
"""

import sys

import numpy as np
from made import monthly
from measured import KEPT, Measured

WORKS = ("climatology", "anomaly", "rolling")
READERS = {
    "climatology": ("frazil", "numpy", "xarray", "numbagg", "dask"),
    "anomaly": ("frazil", "frazil-fresh", "numpy", "xarray", "numbagg", "dask"),
    "rolling": ("exact", "frazil", "frazil-fresh", "bottleneck", "numbagg", "dask"),
}
# Months of a running mean.
WINDOW = 12


def in_numpy(work: str, values: np.ndarray) -> np.ndarray:
    month = np.arange(len(values)) % 12
    means = np.zeros((12, *values.shape[1:]))
    for at, of in enumerate(month):
        means[of] += values[at]
    means /= np.bincount(month, minlength=12)[:, None, None]
    return means if work == "climatology" else values - means.astype("f4")[month]


def exact(values: np.ndarray) -> np.ndarray:
    """The running means of those elements that are kept of a result, each by itself in double precision; the reference."""
    months, cells = len(values), values[0].size
    month, cell = np.divmod(np.arange(0, values.size, max(1, values.size // KEPT)), cells)
    # As xarray has it: the middle of an even number of months is the one behind it.
    first = month - WINDOW // 2
    sums = np.zeros(len(month))
    for step in range(WINDOW):
        sums += values.reshape(months, cells)[np.clip(first + step, 0, months - 1), cell]
    return np.where((first >= 0) & (first + WINDOW <= months), sums / WINDOW, np.nan)


def in_xarray(work: str, named, *, with_dask: bool):
    if work == "rolling":
        lazy = named.rolling(time=WINDOW, center=True).mean()
    else:
        groups = named.groupby("time.month")
        lazy = groups.mean("time") if work == "climatology" else groups - groups.mean("time")
    return lazy.compute(scheduler="threads", num_workers=2) if with_dask else lazy


def in_frazil(work: str, named, out: np.ndarray | None):
    """Into memory of the caller, which was touched before, or into fresh memory."""
    if work == "climatology":
        return named.frazil.climatology("month", threads=2)
    if work == "anomaly":
        return named.frazil.anomaly("month", out=out, threads=2)
    return named.frazil.rolling_mean("time", WINDOW, center=True, out=out, threads=2)


def main(work: str, reader: str, months: int, out: str) -> None:
    values = monthly(months)
    if reader in ("numpy", "exact"):
        with Measured(out) as run:
            run.result = exact(values) if reader == "exact" else in_numpy(work, values)
        return
    import pandas as pd
    import xarray as xr

    xr.set_options(use_flox=True, use_numbagg=reader == "numbagg", use_bottleneck=reader == "bottleneck")
    time = pd.date_range("1850-01-01", periods=months, freq="MS")
    named = xr.DataArray(values, dims=("time", "lat", "lon"), coords={"time": time}, name="t")
    # What compiles or is imported at its first call does so before it is measured.
    part = named.isel(lat=slice(0, 4), lon=slice(0, 8))
    if reader.startswith("frazil"):
        import frazil.xarray  # noqa: F401 (the accessor)

        in_frazil(work, part, None)
        to = np.full_like(values, 7) if reader == "frazil" else None
        with Measured(out) as run:
            run.result = in_frazil(work, named, to).values
        return
    with_dask = reader == "dask"
    in_xarray(work, part.chunk(time=480) if with_dask else part, with_dask=with_dask)
    given = named.chunk(time=480) if with_dask else named
    with Measured(out) as run:
        run.result = in_xarray(work, given, with_dask=with_dask).values


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
