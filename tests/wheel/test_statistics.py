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


@pytest.mark.parametrize("dim", [None, "time", ["lon", "time"]])
def test_other_measures(dim):
    one = array(made("f4"), lat=range(7), lon=range(9))
    one[:, 2, 3] = np.nan
    one[::3, 1] = np.nan
    wide = one.astype("f8")
    xr.testing.assert_equal(one.frazil.min(dim), wide.min(dim))
    xr.testing.assert_equal(one.frazil.max(dim), wide.max(dim))
    xr.testing.assert_allclose(one.frazil.var(dim), wide.var(dim), rtol=1e-12)
    xr.testing.assert_allclose(one.frazil.std(dim, ddof=1), wide.std(dim, ddof=1), rtol=1e-12)
    for q in (0, 0.25, 0.5, 0.9, 1):
        expected = wide.quantile(q, dim).drop_vars("quantile")
        xr.testing.assert_allclose(one.frazil.quantile(q, dim), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", ">f4"])
@pytest.mark.parametrize("edges", [np.linspace(-20, 90, 23), np.logspace(-2, 2, 51), [0, 1, 50]])
def test_histograms_are_numpys(dtype, edges):
    values = made(dtype, (48, 7, 90))
    values[3, 2, :4] = [edges[-1], edges[0], edges[1], 1000] if dtype != "i2" else [1, 0, 50, 1000]
    if dtype != "i2":
        values[4, 1, :3] = [np.nan, np.inf, -np.inf]
    one = array(values, lat=range(7))
    wide = values.astype("f4" if dtype == ">f4" else dtype)
    told = one.frazil.histogram(edges, "lon")
    assert told.dims == ("time", "lat", "t_bin") and told.dtype.kind == "u"
    expected = [[np.histogram(row, edges)[0] for row in rows] for rows in wide]
    np.testing.assert_array_equal(told, expected)
    whole = one.frazil.histogram(edges)
    np.testing.assert_array_equal(whole, np.histogram(wide[~np.isnan(wide)], edges)[0])
    assert whole.attrs["missing"] == np.isnan(wide).sum()
    assert int(whole.sum()) + sum(whole.attrs.values()) == wide.size
    assert whole.attrs["below"] == (wide < edges[0]).sum()


def test_histogram_of_coarsened_sums():
    one = array(made("f4", (50, 7, 90)))
    edges = np.logspace(0, 3, 31)
    told = one.frazil.coarsen_sum(time=6).histogram(edges, "lon")
    sums = one.values[:48].reshape(8, 6, 7, 90).sum(axis=1)
    np.testing.assert_array_equal(told, [[np.histogram(row, edges)[0] for row in rows] for rows in sums])


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
