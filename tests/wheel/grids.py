"""Grids for many machines: so large that there are several jobs of them, and mostly fill values, so that they are small here."""

import numpy as np

WEST, CENTRAL = "aws/us-west-2", "gcp/us-central1"
HOURS, LATITUDES, LONGITUDES = 168, 361, 720
"""Of 4 bytes: 175 MB, of which two days are there."""
CHUNK = 24


def rain(folder):
    """A store of Zarr with the variable `tp`, whose sums depend on their order."""
    import xarray as xr
    import zarr

    path = folder / "rain.zarr"
    lengths = {"time": HOURS, "latitude": LATITUDES, "longitude": LONGITUDES}
    times = np.datetime64("2001-11-25", "ns") + np.arange(HOURS) * np.timedelta64(6, "h")
    coords = {
        "time": times,
        "latitude": np.linspace(90, -90, LATITUDES),
        "longitude": np.arange(LONGITUDES) / 2,
    }
    xr.Dataset(coords=coords).to_zarr(path, zarr_format=3, consolidated=False)
    group = zarr.open_group(path, mode="a")
    values = group.create_array(
        "tp",
        shape=tuple(lengths.values()),
        chunks=(CHUNK, LATITUDES, LONGITUDES),
        dtype="f4",
        fill_value=0.25,
        dimension_names=tuple(lengths),
    )
    rng = np.random.default_rng(11)
    for first in range(0, HOURS, 4 * CHUNK):
        part = rng.gamma(0.3, 1e-3, (CHUNK, LATITUDES, LONGITUDES)).astype("f4")
        part[rng.random(part.shape) < 0.01] = np.nan
        values[first : first + CHUNK] = part
    return path


def halves(make):
    """Two stores that follow each other, by the regions in which they are to lie: in a folder each, which `make` makes."""
    return {region: rain(make(region.partition("/")[0])) for region in (WEST, CENTRAL)}


def region_of(address):
    """The region of one of the halves."""
    return WEST if "/aws" in address else CENTRAL


def joined(stores):
    """The grid that they are together."""
    import xarray as xr
    from frazil.xarray import concat

    first, later = [xr.open_dataset(stores[region], engine="frazil").tp for region in (WEST, CENTRAL)]
    length = later.sizes["time"] * (later.time[1] - later.time[0])
    return concat([first, later.assign_coords(time=later.time + length)], "time")
