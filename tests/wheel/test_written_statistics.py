"""Results as large as their arrays, written as they are computed: as xarray, zarr-python and netCDF4 read them."""

import os

import numpy as np
import pytest
import xarray as xr

PATHS = ["out.zarr", "out.nc"]


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture
def field():
    """Three years of months, with coordinates of all sorts."""
    rng = np.random.default_rng(4)
    times = xr.date_range("2001-01-01", periods=36, freq="MS", use_cftime=False)
    values = rng.normal(size=(36, 5, 7)).astype("f4")
    values[rng.random(values.shape) < 0.1] = np.nan
    coords = {
        "time": times,
        "lat": ("lat", np.linspace(-10, 10, 5), {"units": "degrees_north"}),
        "height": 2.0,
        "area": (("lat", "lon"), rng.random((5, 7))),
        "is_wet": ("lat", np.array([True, False, True, True, False])),
        "name": ("lat", list("abcde")),
    }
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "t", {"units": "K", "level": 3, "range": [1.5, 2.5]})


def read_back(path):
    return xr.open_zarr(path) if path.suffix == ".zarr" else xr.open_dataset(path, engine="netcdf4")


@pytest.mark.parametrize("name", PATHS)
def test_what_is_written_is_what_is_computed(field, tmp_path, name):
    path = tmp_path / name
    for number, call in enumerate([("anomaly", "month"), ("rolling_mean", "time", 3), ("rolling_std", "lon", 4, 1)]):
        method = getattr(field.frazil, call[0])
        expected = method(*call[1:]).drop_vars("name")
        place = path.with_name(f"{number}-{name}")
        told = method(*call[1:], out=place)
        assert not told.variable._in_memory
        for found in (told, read_back(place)["t"]):
            xr.testing.assert_equal(found, expected)
            assert found.dtype == expected.dtype
            assert found.attrs["units"] == "K" and found.attrs["level"] == 3
            np.testing.assert_array_equal(found.attrs["range"], [1.5, 2.5])
            assert found.lat.attrs == {"units": "degrees_north"}
    assert sorted(os.listdir(tmp_path)) == [f"{number}-{name}" for number in range(3)]


@pytest.mark.parametrize("name", PATHS)
def test_other_calendars_are_written(tmp_path, name):
    times = xr.date_range("0001-01-01", periods=40, freq="9D", calendar="360_day", use_cftime=True)
    one = xr.DataArray(np.arange(80.0).reshape(40, 2), {"time": times}, ("time", "x"))
    told = one.frazil.anomaly("month", out=str(tmp_path / name))
    xr.testing.assert_equal(told, one.frazil.anomaly("month"))
    xr.testing.assert_equal(read_back(tmp_path / name)["array"], told)


@pytest.mark.parametrize("name", PATHS)
def test_what_is_stored_goes_to_a_disk_within_its_memory(field, tmp_path, name):
    from frazil.errors import InvalidError

    wide = xr.concat([field] * 30, "lon").drop_vars(["name", "area"])
    wide.to_dataset().to_zarr(tmp_path / "in.zarr", encoding={"t": {"chunks": (12, 5, 30)}})
    stored = xr.open_dataset(tmp_path / "in.zarr", engine="frazil").t
    text = stored.frazil.explain("anomaly", "month", out=tmp_path / name)
    assert f"into    {tmp_path / name}" in text and "each read once" in text
    told = stored.frazil.anomaly("month", out=tmp_path / name, threads=2)
    xr.testing.assert_equal(told, stored.frazil.anomaly("month"))
    assert not stored.variable._in_memory
    # Writing counts: a store has at least what its codec works in.
    if name == "out.zarr":
        with pytest.raises(InvalidError, match="bytes of memory"):
            stored.frazil.anomaly("month", out=tmp_path / "other.zarr", memory=4_000_000)
        assert stored.frazil.anomaly("month", memory=4_000_000).shape == stored.shape


def test_where_nothing_can_be_written_nothing_is_left(field, tmp_path):
    from frazil.errors import FileError, InvalidError

    (tmp_path / "there.zarr").mkdir()
    for path, error, told in [
        (tmp_path / "there.zarr", InvalidError, "there is something at"),
        (tmp_path / "out.tif", InvalidError, "ends neither in .zarr nor in .nc"),
        (tmp_path / "gone" / "out.nc", FileError, "cannot write"),
        (tmp_path / "gone" / "out.zarr", FileError, "cannot write"),
    ]:
        with pytest.raises(error, match=told) as raised:
            field.frazil.anomaly("month", out=path)
        assert error is InvalidError or isinstance(raised.value.__cause__, FileNotFoundError)
    with pytest.raises(InvalidError, match="`out` is a list"):
        field.frazil.anomaly("month", out=[1, 2])
    with pytest.raises(InvalidError, match="is no name for an array"):
        field.rename("a/b").frazil.anomaly("month", out=tmp_path / "out.zarr")
    assert os.listdir(tmp_path) == ["there.zarr"]
