"""Anomalies and windows that move, against xarray itself."""

import warnings

import hostile
import numpy as np
import pytest
import xarray as xr


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


def near(found, expected, array):
    """Results of singles are the nearest singles."""
    assert found.dtype == ("f4" if array.dtype.newbyteorder("=") == np.float32 else "f8")
    xr.testing.assert_allclose(found.astype("f8"), expected, rtol=2e-6 if found.dtype == "f4" else 1e-11, atol=1e-9)
    assert found.attrs == array.attrs and found.name == array.name
    assert found.coords.keys() == array.coords.keys()


def without_warnings(function):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("what", ["mean", "sum", "min", "max", "std"])
def test_windows_of_all_types_and_layouts(what, seed):
    rng = np.random.default_rng(seed)
    for array in hostile.arrays(seed, 24):
        dim = str(rng.choice(array.dims))
        window, center = int(rng.integers(1, 6)), bool(rng.integers(2))
        least = None if rng.integers(2) else int(rng.integers(1, window + 1))
        wide = hostile.wide(array)
        rolling = wide.rolling({dim: window}, center=center, min_periods=least)
        # xarray has no windows of nothing.
        expected = without_warnings(getattr(rolling, what)) if array.size else wide
        method = getattr(array.frazil, f"rolling_{what}")
        near(method(dim, window, center=center, min_periods=least), expected, array)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by", ["month", "season", "year"])
def test_anomalies_of_all_types_and_layouts(by, seed):
    for array in hostile.arrays(seed + 50, 24):
        if not array.size:
            continue
        groups = hostile.wide(array).groupby(f"time.{by}")
        expected = without_warnings(lambda groups=groups: groups - groups.mean("time")).drop_vars(by)
        near(array.frazil.anomaly(by), expected, array)


def test_results_of_halves_are_singles():
    array = xr.DataArray(np.arange(12, dtype="f2"), dims="x")
    found = array.frazil.rolling_mean("x", 3)
    assert found.dtype == "f4"
    xr.testing.assert_allclose(found.astype("f8"), array.astype("f8").rolling(x=3).mean(), rtol=1e-6)


def test_deviations_take_degrees_of_freedom():
    array = xr.DataArray(np.arange(12.0) ** 2, dims="x")
    for ddof in (0, 1, 3):
        expected = array.rolling(x=4).std(ddof=ddof)
        xr.testing.assert_allclose(array.frazil.rolling_std("x", 4, ddof), expected)


def test_what_is_infinite_stays_in_its_windows():
    numbers = np.ones(12, "f4")
    numbers[3], numbers[8] = np.inf, np.nan
    found = xr.DataArray(numbers, dims="x").frazil.rolling_mean("x", 3).values
    assert np.isinf(found[3:6]).all() and np.isnan(found[8:11]).all()
    assert (found[[2, 6, 7, 11]] == 1).all()


def test_errors_do_not_add_up():
    """A large number comes and goes, and leaves nothing behind (bottleneck keeps its rounding)."""
    numbers = np.full(1000, 1e-3, "f4")
    numbers[10] = 1e8
    found = xr.DataArray(numbers, dims="x").frazil.rolling_mean("x", 5).values
    assert (found[20:] == np.float32(1e-3)).all()


@pytest.mark.parametrize("dim", ["time", "lat", "lon"])
def test_the_answer_does_not_depend_on_threads(dim):
    rng = np.random.default_rng(1)
    array = xr.DataArray(rng.normal(size=(60, 300, 500)).astype("f4"), dims=("time", "lat", "lon"))
    assert "at most: 2 threads" in array.frazil.explain("rolling_mean", dim, 7, threads=5)
    array["time"] = xr.date_range("2000-01-01", periods=60, freq="7D", use_cftime=False)
    for make in (
        lambda threads: array.frazil.rolling_mean(dim, 7, threads=threads),
        lambda threads: array.frazil.anomaly("month", threads=threads),
    ):
        xr.testing.assert_identical(make(1), make(2))


def test_results_go_into_memory_that_is_given():
    rng = np.random.default_rng(2)
    times = xr.date_range("2000-01-01", periods=50, freq="15D", use_cftime=False)
    array = xr.DataArray(rng.normal(size=(50, 6)).astype("f4"), {"time": times}, ("time", "x"))
    out = np.full((50, 6), 7, "f4")
    told = array.frazil.rolling_mean("time", 5, out=out)
    assert np.shares_memory(told.values, out)
    xr.testing.assert_identical(told, array.frazil.rolling_mean("time", 5))
    told = array.frazil.anomaly("season", out=out)
    assert np.shares_memory(told.values, out)
    xr.testing.assert_identical(told, array.frazil.anomaly("season"))


def test_windows_and_anomalies_of_sums_are_xarrays():
    rng = np.random.default_rng(3)
    times = xr.date_range("2000-01-01", periods=50, freq="15D", use_cftime=False)
    numbers = rng.normal(size=(50, 7, 9))
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    array = xr.DataArray(numbers, {"time": times, "x": range(9)}, ("time", "y", "x"))
    sums = array.coarsen(time=4, boundary="trim").sum()
    found = array.frazil.coarsen_sum(time=4).rolling_mean("time", 3)
    xr.testing.assert_allclose(found, sums.rolling(time=3).mean().drop_vars("time"), rtol=1e-11)
    narrow = array.coarsen(x=2, boundary="trim").sum()
    months = narrow.groupby("time.month")
    expected = (months - months.mean("time")).drop_vars(["month", "x"])
    xr.testing.assert_allclose(array.frazil.coarsen_sum(x=2).anomaly(), expected, rtol=1e-11, atol=1e-12)


def test_memory_that_does_not_fit_is_refused():
    from frazil.errors import InvalidError

    array = xr.DataArray(np.ones((4, 6), "f4"), dims=("x", "y"))
    read_only = np.zeros((4, 6), "f4")
    read_only.flags.writeable = False
    wrong = [
        np.zeros((6, 4), "f4"),
        np.zeros((4, 6), "f8"),
        np.zeros((4, 6), ">f4"),
        np.zeros((6, 4), "f4").T,
        np.zeros((4, 12), "f4")[:, ::2],
        read_only,
    ]
    for out in wrong:
        with pytest.raises(InvalidError, match="`out` of"):
            array.frazil.rolling_sum("x", 2, out=out)
    with pytest.raises(InvalidError, match="overlaps"):
        array.frazil.rolling_sum("x", 2, out=array.values)
    assert (array == 1).all()


def test_what_cannot_be_is_refused():
    from frazil.errors import InvalidError

    array = xr.DataArray(np.ones((4, 6), "f4"), dims=("x", "y"), name="t")
    for call, told in [
        (lambda of: of.rolling_mean("z", 2), "no dimension `z`"),
        (lambda of: of.rolling_mean("x", 0), "a window cannot be of 0 steps"),
        (lambda of: of.rolling_mean("x", 2, min_periods=3), "never 3 values"),
        (lambda of: of.rolling_mean("x", 2, min_periods=0), "never 0 values"),
        (lambda of: of.anomaly("month", "x"), "`x` of `t` has no month"),
        (lambda of: of.rolling_mean("x", -1), "a window cannot be of -1 steps"),
        (lambda of: of.coarsen_sum(x=2).anomaly("month", "x"), "groups of sums along `x`"),
        (lambda of: of.rolling_mean("x", 3, memory=100), "bytes of memory"),
    ]:
        with pytest.raises(InvalidError, match=told):
            call(array.frazil)


def test_moments_that_are_missing_are_in_no_group():
    times = np.array(["2000-01-01", "NaT", "2001-01-03", "2000-02-01"], "M8[ns]")
    array = xr.DataArray([1.0, 2.0, 5.0, 7.0], {"time": times}, "time")
    np.testing.assert_array_equal(array.frazil.anomaly(), [-2, np.nan, 2, 0])
    means = array.frazil.climatology()
    np.testing.assert_array_equal(means, [3, 7])
    np.testing.assert_array_equal(means.month, [1, 2])


def test_windows_are_explained_and_drawn():
    array = xr.DataArray(np.ones((40, 600), "f4"), dims=("time", "x"), name="t")
    text = array.frazil.explain("rolling_mean", "time", 12, center=True)
    assert "t[time 0:40, x 0:600] of float32: 96.0 kB" in text
    assert "rolling mean of 12" in text and "at least 12 values" in text and "copy" not in text
    assert "copy    96.0 kB besides: the array is copied, for it is not in one piece" in array.T.frazil.explain(
        "rolling_mean", "time", 12
    )
    drawn = array.frazil.visualize("rolling_mean", "time", 12)
    assert drawn._repr_svg_().startswith("<svg") and "rolling mean of 12" in drawn
