"""Files of arrays, small ones written here and real ones beside the checkout, and where they are served."""

import json
import os
from pathlib import Path

import pytest
from package import ROOT

SCIENCE = Path(os.environ.get("FRAZIL_SHARED", ROOT.parent / "shared")) / "science"
OPEN = "https://open.example.org/served"
"""To all, without a redirect."""
ARCHIVE = "https://data.nsidc.earthdatacloud.nasa.gov/served"
"""To those who are logged in, by a redirect to a signed address."""


def science(name):
    """A real file; the test is skipped where it is not there."""
    path = SCIENCE / name
    if not path.exists():
        pytest.skip(f"no ../shared/science/{name} beside the checkout")
    return path


def track(folder):
    """Photons along a track, as ICESat-2 has them, in HDF5."""
    import h5py
    import numpy as np

    count, rng = 40_000, np.random.default_rng(7)
    with h5py.File(folder / "track.h5", "w") as file:
        file.attrs["title"] = "photons"
        kinds = file.create_dataset("ds_surf_type", data=np.arange(1, 6))
        kinds.make_scale("ds_surf_type")
        for number, beam in enumerate(("gt1l", "gt1r")):
            group = file.create_group(f"{beam}/heights")
            made = {
                "delta_time": np.arange(count) * 1e-4,
                "lat_ph": np.linspace(10, 20, count) + number,
                "lon_ph": np.linspace(-50, -51, count),
                "h_ph": rng.normal(250, 5, count).astype("f4"),
                "signal_conf_ph": rng.integers(0, 5, (count, 5)).astype("i1"),
            }
            for name, values in made.items():
                chunks = (5_000, *values.shape[1:])
                group.create_dataset(name, data=values, chunks=chunks, compression=6, shuffle=True)
            group["delta_time"].make_scale("delta_time")
            for name in made.keys() - {"delta_time"}:
                group[name].dims[0].attach_scale(group["delta_time"])
            group["signal_conf_ph"].dims[1].attach_scale(kinds)
            group["lat_ph"].attrs["units"] = "degrees_north"
            group["lon_ph"].attrs["units"] = "degrees_east"
            group["delta_time"].attrs["units"] = "seconds since 2018-01-01"
            group["h_ph"].attrs.update(units="meters", valid=np.array([1, 2], "u2"), long_name="height")
        told = np.array([("a", 1, 2.5), ("bc", 2, -1.0)], [("name", "S4"), ("number", "i4"), ("weight", ">f8")])
        file["told"] = told
        file["names"] = np.array(["north", "süd", ""], h5py.string_dtype())
        file["one"] = 5


def model(folder):
    """A grid of a model in NetCDF4: packed, with missing values, in a calendar without leap days."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(folder / "model.nc", "w") as file:
        for name, length in (("time", None), ("lat", 19), ("lon", 36), ("text", 4)):
            file.createDimension(name, length)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-01-01", "calendar": "noleap"})
        time[:] = np.arange(60) * 15.0
        lat = file.createVariable("lat", "f4", ("lat",))
        lat.units = "degrees_north"
        lat[:] = np.linspace(90, -90, 19)
        lon = file.createVariable("lon", "f4", ("lon",))
        lon.units = "degrees_east"
        lon[:] = np.arange(36) * 10
        packing = {"zlib": True, "chunksizes": (10, 19, 18), "fill_value": -32768}
        sst = file.createVariable("sst", "i2", ("time", "lat", "lon"), **packing)
        sst.setncatts({"scale_factor": 0.01, "add_offset": 273.15, "units": "K"})
        values = np.random.default_rng(3).normal(288, 10, (60, 19, 36))
        missing = np.zeros(values.shape, bool)
        missing[:, :2] = True
        sst[:] = np.ma.masked_array(values, missing)
        when = file.createVariable("when", "i8", ("time",))
        when.units = "seconds since 1970-01-01"
        when[:] = 1_500_000_000 + np.arange(60)
        below = file.createGroup("below")
        below.createVariable("number", "i4", ("time",))[:] = np.arange(60)
        below.note = "in a group"


def grown(folder):
    """An unlimited dimension of which some variables have less than others, in NetCDF4."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(folder / "grown.nc", "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 5)
        file.createVariable("long", "f4", ("time",))[:] = np.arange(12)
        chunks = {"zlib": True, "chunksizes": (3, 5), "fill_value": -9}
        file.createVariable("short", "i2", ("time", "x"), **chunks)[:4] = np.arange(20).reshape(4, 5)
        file.createVariable("none", "f8", ("time",))
        names = file.createVariable("names", str, ("time",))
        names[0], names[1] = "first", "second"
        below = file.createGroup("below")
        below.createDimension("step", None)
        below.createVariable("most", "i4", ("step",))[:] = np.arange(9)
        below.createVariable("some", "i4", ("x", "step"))[:, :7] = np.arange(35).reshape(5, 7)


def classic(folder):
    """NetCDF classic with records and texts of characters."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(folder / "classic.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
        for name, length in (("time", None), ("x", 7), ("length", 5)):
            file.createDimension(name, length)
        file.createVariable("t", "f4", ("time", "x"))[:] = np.arange(84).reshape(12, 7)
        file.createVariable("s", "i2", ("time",))[:] = np.arange(12)
        names = file.createVariable("station", "S1", ("x", "length"))
        names[:] = netCDF4.stringtochar(np.array([f"s{number}" for number in range(7)], "S5"))
        file.history = "made"


def zarr(folder):
    """Stores of Zarr v2 and v3, the latter with shards."""
    import numpy as np
    import xarray as xr

    values = np.random.default_rng(5).normal(size=(40, 50)).astype("f4")
    grid = xr.Dataset(
        {"t": (("y", "x"), values, {"units": "K"})},
        {"y": np.arange(40.0), "x": np.linspace(0, 5, 50)},
        {"title": "grid"},
    )
    grid.t.encoding["chunks"] = (10, 25)
    grid.to_zarr(folder / "two.zarr", zarr_format=2, consolidated=True)
    grid.t.encoding.update(chunks=(10, 10), shards=(20, 50))
    grid.to_zarr(folder / "three.zarr", zarr_format=3, consolidated=True)


def image(folder):
    """A GeoTIFF in tiles."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    values = np.arange(3 * 300 * 400, dtype="u2").reshape(3, 300, 400)
    place = {"crs": "EPSG:32615", "transform": from_origin(600_000, 4_500_000, 30, 30), "nodata": 9}
    layout = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    about = {"width": 400, "height": 300, "count": 3, "dtype": "uint16", **place, **layout}
    with rasterio.open(folder / "image.tif", "w", driver="GTiff", **about) as file:
        file.write(values)


def large(folder):
    """A GeoTIFF of some megabytes that is hard to compress."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    values = np.random.default_rng(9).integers(0, 60_000, (1, 1800, 2000), "u2")
    place = {"crs": "EPSG:32615", "transform": from_origin(600_000, 4_500_000, 30, 30), "nodata": 9}
    layout = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    about = {"width": 2000, "height": 1800, "count": 1, "dtype": "uint16", **place, **layout}
    with rasterio.open(folder / "large.tif", "w", driver="GTiff", **about) as file:
        file.write(values)


def references(folder):
    """References of Kerchunk to the model's file."""
    import kerchunk.hdf

    with open(folder / "model.nc", "rb") as file:
        told = kerchunk.hdf.SingleHdf5ToZarr(file, "model.nc", inline_threshold=100).translate()
    (folder / "model.json").write_text(json.dumps(told))
