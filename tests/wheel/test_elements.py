"""What is done to elements before they are reduced, and arrays whose elements are taken together, by the accessor."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


def rain(name="rain", seed=1):
    """Two years of days, of which a month is missing; float32, some of it missing."""
    rng = np.random.default_rng(seed)
    days = xr.date_range("2001-01-15", periods=700, freq="D", use_cftime=False)
    days = days[(days.year != 2001) | (days.month != 4)]
    values = rng.gamma(0.3, 5, (len(days), 4, 6)).astype("f4")
    values[rng.random(values.shape) < 0.05] = np.nan
    return xr.DataArray(values, {"time": days, "y": range(4)}, ("time", "y", "x"), name, {"units": "mm"})


def test_steps_follow_each_other():
    one = rain()
    wet = one.frazil.where(">=", 0.1).scale(0.1).map("sqrt").coarsen_mean(x=2)
    expected = np.sqrt(one.where(one >= np.float32(0.1)) * np.float32(0.1)).coarsen(x=2).mean()
    xr.testing.assert_allclose(wet.mean("time"), expected.mean("time").astype("f8"), rtol=1e-5)
    text = wet.explain("mean", "time")
    assert "each    missing unless >= 0.1; times 0.1 plus 0; its square root" in text, text
    assert "mean of 2 along x, missing ones are left out" in text
    assert "its square root" in wet.visualize("mean", "time")
    assert one.frazil.box(y=(1, 2)).where("<", 1).max().item() < 1


def test_conditions_decide_what_is_missing():
    one = rain()
    dry = one.where(one < 0.5)
    few = one.frazil.where("<", 0.5).sum("time", min_count=330)
    xr.testing.assert_allclose(few, dry.astype("f8").sum("time", min_count=330), rtol=1e-6)
    assert 0 < few.isnull().sum() < few.size
    assert one.frazil.where("<", 0.5).mean("x", skipna=False).isnull().sum() == dry.mean("x", skipna=False).isnull().sum()
    xr.testing.assert_allclose(one.frazil.where("<", 0.5).climatology(), dry.astype("f8").groupby("time.month").mean(), rtol=1e-6)
    anomaly = dry.groupby("time.month") - dry.astype("f8").groupby("time.month").mean()
    xr.testing.assert_allclose(one.frazil.where("<", 0.5).anomaly(), anomaly.drop_vars("month"), rtol=1e-4, atol=1e-6)


def test_steps_that_cannot_be_are_refused():
    from frazil.errors import InvalidError

    one = rain()
    for call, told in [
        (lambda: one.frazil.where("=", 1).mean(), "`=` compares nothing"),
        (lambda: one.frazil.map("sin").mean(), "elements have no `sin`"),
        (lambda: one.frazil.coarsen_sum(time=6).map("sqrt").mean(), "a map of what is coarsened"),
        (lambda: one.frazil.coarsen_sum(time=6).where("<", 1).mean(), "a condition of what is coarsened"),
        (lambda: one.frazil.coarsen_mean(time=2).box(y=(0, 1)), "sums have no coordinates"),
        (lambda: one.frazil.coarsen_min(time=0).mean(), "a window cannot be of 0 elements along `time`"),
        (lambda: one.frazil.resample("decade"), "`time` of `rain` has no decade"),
        (lambda: one.frazil.resample("day"), "there is no period `day`"),
        (lambda: one.frazil.resample("month", "y"), "`y` of `rain` has no month"),
    ]:
        with pytest.raises(InvalidError, match=told):
            call()


def test_periods_without_a_moment_are_there():
    one = rain()
    found = one.frazil.resample("month")
    xr.testing.assert_allclose(found, one.astype("f8").resample(time="MS").mean(), rtol=1e-6)
    assert found.sel(time="2001-04").isnull().all() and found.sizes["time"] == 24
    assert (one.frazil.resample("month", measure="count").sel(time="2001-04") == 0).all()
    seasons = one.frazil.resample("season", measure="max")
    np.testing.assert_array_equal(seasons.time, one.resample(time="QS-DEC").max().time)
    assert xr.Dataset({"rain": one}).frazil.resample("year").rain.identical(one.frazil.resample("year"))


def test_periods_of_other_calendars():
    times = xr.date_range("0001-02-01", periods=500, freq="D", calendar="360_day", use_cftime=True)
    one = xr.DataArray(np.arange(500.0), {"time": times}, "time")
    xr.testing.assert_allclose(one.frazil.resample("month"), one.resample(time="MS").mean())
    assert rain().isel(time=slice(0, 0)).frazil.resample("month").shape == (0, 4, 6)


def test_bins_of_pairs():
    one, other = rain(), rain("snow", 2)
    edges, others = [0, 0.1, 1, 5, 50], [0, 1, 2]
    found = one.frazil.joint_histogram(other, edges, others, ["time", "x"])
    assert found.dims == ("y", "rain_bin", "snow_bin") and found.dtype.kind in "iu"
    for y in range(4):
        pair = [array[:, y].values.ravel() for array in (one, other)]
        np.testing.assert_array_equal(found[y], np.histogram2d(*pair, [edges, others])[0])
    np.testing.assert_array_equal(found.snow_bin_upper, [1, 2])
    assert found.rain_bin.attrs == {"units": "mm"}
    sums = [array.coarsen(time=4, boundary="trim").sum().values.ravel() for array in (one, other)]
    joined = one.frazil.coarsen_sum(time=4).joint_histogram(other, edges, others)
    np.testing.assert_array_equal(joined, np.histogram2d(*sums, [edges, others])[0])
    turned = other.copy(data=np.asfortranarray(other.values)).transpose("x", "time", "y")
    np.testing.assert_array_equal(one.frazil.joint_histogram(turned, edges, others), found.sum("y"))
    text = one.frazil.explain("joint_histogram", turned, edges, others)
    assert "beside  snow of float32" in text and "`snow` is copied, for it is not in one piece" in text


def test_weights_of_values_and_of_rows():
    from frazil.xarray import area_weights

    one, other = rain(), rain("weight", 3)
    edges = [0, 0.1, 1, 5, 50]
    is_there = (one.notnull() & other.notnull()).values
    due = np.histogram(one.values[is_there], edges, weights=other.values[is_there].astype("f8"))[0]
    np.testing.assert_allclose(one.frazil.histogram(edges, weights=other), due, rtol=1e-12)
    rows = area_weights(one.y * 20.0)
    due = sum(np.histogram(one[:, y], edges)[0] * float(rows[y]) for y in range(4))
    np.testing.assert_allclose(one.frazil.histogram(edges, weights=rows), due, rtol=1e-12)


def test_arrays_that_do_not_belong_together_are_refused():
    from frazil.errors import InvalidError

    one, edges = rain(), [0, 1]
    for other, told in [
        (one, "both arrays are called `rain`"),
        (rain("snow")[:, 0], "`snow` of time, x does not lie beside time, y, x"),
        (rain("snow")[1:], "`snow` lies elsewhere"),
    ]:
        with pytest.raises(InvalidError, match=told):
            one.frazil.joint_histogram(other, edges, edges)
    with pytest.raises(InvalidError, match="have no weights of their own"):
        one.frazil.coarsen_sum(time=2).histogram(edges, weights=rain("snow"))
    with pytest.raises(InvalidError, match="5 weights are not for the 4"):
        one.frazil.histogram(edges, weights=xr.DataArray(np.ones(5), dims="y"))
    with pytest.raises(InvalidError, match="weight 1 is NaN"):
        one.frazil.histogram(edges, weights=xr.DataArray([1, np.nan, 1, 1], dims="y"))
