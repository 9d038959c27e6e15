"""Statistics of arrays of xarray, against xarray itself."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


def array(values, **coords):
    dims = ("time", "lat", "lon")[: np.ndim(values)]
    return xr.DataArray(values, coords, dims, "t")


def made(dtype, shape=(40, 7, 9)):
    rng = np.random.default_rng(5)
    values = rng.normal(20, 50, shape)
    return values.clip(0, 100).astype(dtype) if np.dtype(dtype).kind in "ui" else values.astype(dtype)


TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i2", "?"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("dim", [None, "time", "lon", ["lat", "time"], ["time", "lat", "lon"]])
def test_sums_means_and_counts_of_all_types(dtype, dim):
    one = array(made(dtype), lat=range(7), lon=range(9))
    wide = one.astype("f8")
    xr.testing.assert_allclose(one.frazil.sum(dim), wide.sum(dim), rtol=1e-12, atol=1e-9)
    xr.testing.assert_allclose(one.frazil.mean(dim), wide.mean(dim), rtol=1e-12, atol=1e-9)
    xr.testing.assert_equal(one.frazil.count(dim), wide.count(dim))


HOSTILE = {
    "all missing": np.full((4, 3), np.nan, "f4"),
    "some missing": np.array([[1, np.nan], [np.nan, np.nan]], "f4"),
    "infinite": np.array([[np.inf, 1, -np.inf], [1, np.inf, -np.inf]], "f4"),
    "nothing": np.empty((0, 3), "f4"),
    "one": np.array([[7.0]], "f4"),
    "turned round": np.arange(24.0, dtype="f4").reshape(4, 6)[::-1, ::-2],
    "strided": np.arange(60.0, dtype="f8").reshape(6, 10).T,
    "unaligned": np.frombuffer(b"\0" + np.arange(6.0).tobytes(), "u1")[1:].view("f8").reshape(2, 3),
    "read only": np.broadcast_to(np.float32(3), (5, 4)),
    "large and small": np.array([[1e8, 1.0, -1e8, 1.0]] * 3, "f4"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("dim", [None, "time", "lat"])
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_what_is_hostile(name, dim):
    one = array(HOSTILE[name])
    wide = one.astype("f8")
    for measure in ("sum", "mean", "count"):
        told = getattr(one.frazil, measure)(dim)
        xr.testing.assert_allclose(told, getattr(wide, measure)(dim), rtol=1e-12)


@pytest.mark.parametrize("by", ["month", "season", "dayofyear", "hour", "year", "day"])
def test_climatology_is_that_of_groupby(by):
    times = xr.date_range("2019-11-30", periods=900, freq="11h", use_cftime=False)
    one = array(made("f4", (900, 3, 4)), time=times, lat=range(3), lon=range(4))
    one[5:80, 1] = np.nan
    expected = one.astype("f8").groupby(f"time.{by}").mean("time")
    xr.testing.assert_allclose(one.frazil.climatology(by), expected, rtol=1e-12)


def test_climatology_in_a_calendar_of_360_days():
    times = xr.date_range("0001-01-01", periods=720, freq="D", calendar="360_day", use_cftime=True)
    one = array(made("f4", (720, 2, 2)), time=times)
    expected = one.astype("f8").groupby("time.month").mean("time")
    xr.testing.assert_allclose(one.frazil.climatology(), expected, rtol=1e-12)


def test_the_answer_does_not_depend_on_threads():
    one = array(made("f4", (400, 50, 60)))
    first, *others = (one.frazil.mean("time", threads=threads) for threads in (1, 2, 3, 7))
    for other in others:
        xr.testing.assert_identical(first, other)


def test_what_a_call_takes_is_told_and_what_takes_too_much_refused():
    from frazil.errors import InvalidError

    one = array(made("f4", (400, 50, 60)))
    assert "of float32: 4.8 MB" in one.frazil.explain("mean", "time")
    with pytest.raises(InvalidError, match="bytes of memory") as raised:
        one.frazil.mean("time", memory=1000)
    assert raised.value.__notes__[0].startswith("allow ")
    with pytest.raises(InvalidError, match="no dimension `depth`"):
        one.frazil.mean("depth")
    with pytest.raises(InvalidError, match=r"`M8\[ns\]` is no type"):
        array(np.array(["2020-01-01"], "M8[ns]")).frazil.mean()
