"""What frazil writes, as xarray, zarr-python and netCDF4 read it."""

import resource
import signal

import numpy
import pytest
import xarray
from computed import computed, refused, written

import netCDF4 as netcdf4
import zarr


@pytest.fixture
def stored(tmp_path):
    """A file as models and archives write it: packed, with missing values, coordinates and what is said of them."""
    random = numpy.random.default_rng(3)
    values = random.normal(280, 10, (50, 9, 14)).astype("f4")
    values[random.random(values.shape) < 0.05] = numpy.nan
    path = tmp_path / "stored.nc"
    data = xarray.Dataset(
        {"t2m": (("time", "lat", "lon"), values, {"units": "K", "long_name": "température", "valid_min": -3})},
        {
            "time": ("time", numpy.datetime64("2000-01-01") + numpy.arange(50) * numpy.timedelta64(6, "h")),
            "lat": ("lat", numpy.linspace(-40, 40, 9).astype("f4"), {"units": "degrees_north", "bounds": "lat_bnds"}),
            "lon": ("lon", numpy.arange(14) * 2.5, {"units": "degrees_east", "climatology": "lon_clim"}),
        },
        {"Conventions": "CF-1.8", "title": "made"},
    )
    packed = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 273.15, "_FillValue": -32767, "chunksizes": (7, 4, 14)}
    data.to_netcdf(path, encoding={"t2m": packed, "time": {"units": "hours since 1970-01-01", "dtype": "i4"}})
    return path


def opened(path):
    return xarray.open_zarr(path) if path.suffix == ".zarr" else xarray.open_dataset(path)


def both(folder):
    return {"zarr": str(folder / "out.zarr"), "netcdf": str(folder / "out.nc")}


def same(found, expected):
    """Values to what single precision rounds, coordinates and what is said of them."""
    numpy.testing.assert_allclose(found["t2m"], expected["t2m"], rtol=1e-6)
    assert found["t2m"].dims == expected["t2m"].dims
    assert found["t2m"].dtype == numpy.dtype("f8")
    for name in ("time", "lat", "lon"):
        xarray.testing.assert_equal(found[name].drop_vars(found[name].coords), expected[name].drop_vars(expected[name].coords))
    assert found["t2m"].attrs == {"units": "K", "long_name": "température"}
    assert found["lon"].attrs == {"units": "degrees_east"}
    assert found["lat"].attrs == {"units": "degrees_north"}
    assert found.attrs == {"Conventions": "CF-1.8", "title": "made"}


@pytest.mark.parametrize("how", [{}, {"chunks": [5, 3, 100], "codec": "zstd"}, {"chunks": [50, 9, 1], "codec": "plain"}], ids=str)
def test_elements_are_read_back(stored, tmp_path, how):
    written([stored], "t2m", **both(tmp_path), **how)
    expected = xarray.open_dataset(stored)
    for name in ("out.zarr", "out.nc"):
        with opened(tmp_path / name) as found:
            same(found, expected)
            assert numpy.isnan(found["t2m"].encoding["_FillValue"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.nc", "out.zarr", "stored.nc"]


def test_a_part_has_the_coordinates_of_the_part(stored, tmp_path):
    written([stored], "t2m", slices={"time": [3, 40], "lat": [2, 5]}, **both(tmp_path))
    expected = xarray.open_dataset(stored).isel(time=slice(3, 43), lat=slice(2, 7))
    for name in ("out.zarr", "out.nc"):
        with opened(tmp_path / name) as found:
            same(found, expected)


def test_windows_have_the_means_of_coordinates(stored, tmp_path):
    written([stored], "t2m", coarsen=["time", 4], slices={"lat": [0, 2]}, threads=2, **both(tmp_path))
    # Of windows with missing values the sum is not looked at here.
    whole = xarray.open_dataset(stored).isel(lat=slice(0, 2))
    sums = whole["t2m"].coarsen(time=4, boundary="trim").reduce(numpy.sum)
    for name in ("out.zarr", "out.nc"):
        with opened(tmp_path / name) as found:
            assert found["t2m"].shape == sums.shape
            numpy.testing.assert_allclose(found["t2m"].where(sums.notnull()), sums, rtol=1e-6)
            numpy.testing.assert_array_equal(found["time"], sums["time"])
            numpy.testing.assert_array_equal(found["lat"], sums["lat"])


def test_chunks_and_codecs_are_those_that_were_named(stored, tmp_path):
    for codec, name in (("lz4", "lz4"), ("zstd", "zstd"), ("plain", None)):
        path = tmp_path / f"{codec}.zarr"
        written([stored], "t2m", zarr=str(path), chunks=[6, 9, 5], codec=codec)
        array = zarr.open_group(path, mode="r", zarr_format=3)["t2m"]
        assert array.chunks == (6, 9, 5)
        assert [codec.cname.value for codec in array.compressors] == ([name] if name else [])
        assert array.metadata.dimension_names == ("time", "lat", "lon")
        assert len(list((path / "t2m" / "c").rglob("*"))) - sum(1 for one in (path / "t2m" / "c").rglob("*") if one.is_dir()) == 9 * 1 * 3
    assert zarr.open_consolidated(path).metadata.consolidated_metadata is not None


def test_the_file_is_of_the_classic_format(stored, tmp_path):
    written([stored], "t2m", netcdf=str(tmp_path / "out.nc"))
    with netcdf4.Dataset(tmp_path / "out.nc") as file:
        assert file.data_model == "NETCDF3_64BIT_DATA"
        assert [dimension.size for dimension in file.dimensions.values()] == [50, 9, 14]


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"])
def test_every_type_is_read_back(tmp_path, dtype):
    limits = numpy.iinfo(dtype) if dtype[0] in "iu" else numpy.finfo(dtype)
    values = numpy.array([[limits.min, limits.max, 1], [0, 2, 3]], dtype)
    if dtype[0] == "f":
        values[1] = [numpy.nan, numpy.inf, -0.0]
    group = zarr.create_group(tmp_path / "stored.zarr", zarr_format=3)
    group.create_array("n", data=values, chunks=(1, 2), dimension_names=["y", "x"])
    written([tmp_path / "stored.zarr"], "n", **both(tmp_path))
    for name in ("out.zarr", "out.nc"):
        found = opened(tmp_path / name)["n"]
        assert found.dtype == numpy.dtype(dtype)
        assert found.values.tobytes() == values.tobytes(), name


def test_frazil_reads_what_it_wrote(stored, tmp_path):
    written([stored], "t2m", **both(tmp_path))
    due, _ = computed([stored], "t2m", "mean", ["time"])
    for name in ("out.zarr", "out.nc"):
        found, _ = computed([tmp_path / name], "t2m", "mean", ["time"])
        numpy.testing.assert_array_equal(found, due)


def test_nothing_is_written_over(stored, tmp_path):
    for kind in ("zarr", "netcdf"):
        there = tmp_path / "there"
        there.write_text("dear")
        said = refused({"files": [str(stored)], "variable": "t2m", kind: str(there)})
        assert "there is something at" in said and "remove what is there" in said
        assert there.read_text() == "dear"


def short():
    """Files of this process may have 2,000 bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize("kind", ["zarr", "netcdf"])
def test_a_disk_without_room_is_told_and_nothing_is_left(stored, tmp_path, kind):
    job = {"files": [str(stored)], "variable": "t2m", kind: str(tmp_path / "out"), "codec": "plain"}
    said = refused(job, preexec_fn=short, restore_signals=False)
    assert "cannot write" in said and "make room" in said, said
    assert [path.name for path in tmp_path.iterdir()] == ["stored.nc"]


def test_quantiles_keep_to_the_memory_that_they_may_take(tmp_path):
    values = numpy.random.default_rng(1).normal(size=(4000, 24, 64)).astype("f4")
    group = zarr.create_group(tmp_path / "stored.zarr", zarr_format=3)
    group.create_array("n", data=values, chunks=(4000, 4, 8), dimension_names=["time", "y", "x"])

    def median(memory):
        return computed([tmp_path / "stored.zarr"], "n", ["quantile", 0.5], ["time"], memory=memory, threads=1)

    few, line = median(8 << 20)
    assert line["peak"] <= 8 << 20
    numpy.testing.assert_array_equal(few, numpy.quantile(values.astype("f8"), 0.5, axis=0))
    regions = next(line for line in line["plan"].splitlines() if line.startswith("regions"))
    assert int(regions.split()[1]) > 4, regions
    job = {"files": [str(tmp_path / "stored.zarr")], "variable": "n", "measure": ["quantile", 0.5], "over": ["time"], "memory": 1 << 20}
    assert "needs" in refused(job) and "are allowed" in refused(job)
