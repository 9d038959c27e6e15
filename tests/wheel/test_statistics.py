"""Statistics of arrays of xarray, against xarray itself."""

import hostile
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
    counts = one.frazil.count(dim)
    xr.testing.assert_equal(counts, wide.count(dim))
    assert counts.dtype == wide.count(dim).dtype


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
    assert told.dims == ("time", "lat", "t_bin") and told.dtype == np.histogram([1.0], edges)[0].dtype
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
    one = array(made("f4", (1400, 110, 110)))
    assert "at most: 7 threads" in one.frazil.explain("mean", "time", threads=7)
    first, *others = (one.frazil.mean("time", threads=threads) for threads in (1, 2, 7))
    for other in others:
        xr.testing.assert_identical(first, other)


def test_dimensions_are_named_as_to_xarray():
    from frazil.errors import InvalidError

    one = array(made("f4"), lat=range(7), lon=range(9))
    one[3, 2] = np.nan
    xr.testing.assert_identical(one.frazil.mean(...), one.frazil.mean())
    xr.testing.assert_identical(xr.Dataset({"t": one}).frazil.mean(...).t, one.frazil.mean())
    twice = one.frazil.mean(["lat", "lat"], skipna=False)
    xr.testing.assert_allclose(twice, one.astype("f8").mean("lat", skipna=False), rtol=1e-12)
    with pytest.raises(InvalidError, match="no dimension is named"):
        one.frazil.mean([])
    assert array(np.float32(3)).frazil.mean() == 3


def test_numbers_that_cannot_be_are_refused():
    from frazil.errors import InvalidError

    one = array(made("f4"), lat=range(7))
    for call, told in [
        (lambda of: of.coarsen_sum(time=0), "a window cannot be of 0 elements along `time`"),
        (lambda of: of.var("time", ddof=-1), "-1 degrees of freedom"),
        (lambda of: of.rolling_std("time", 3, ddof=-1), "-1 degrees of freedom"),
        (lambda of: of.box(lat=(np.nan, 3)), "nothing of `lat` lies between nan and 3"),
        (lambda of: of.mean(threads=0), "there are no 0 threads"),
        (lambda of: of.mean(threads=-1), "there are no -1 threads"),
        (lambda of: of.mean(memory=-1), "no less than 0 bytes"),
    ]:
        with pytest.raises(InvalidError, match=told):
            call(one.frazil)


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


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_measures_of_all_types_and_layouts(seed):
    rng = np.random.default_rng(seed)
    for one in hostile.arrays(seed + 100, 24):
        wide = hostile.wide(one)
        dim = [str(name) for name in rng.permutation(one.dims)[: rng.integers(1, 4)]]
        for measure in ("sum", "mean", "count", "min", "max", "var", "std"):
            if not one.size and measure in ("min", "max"):
                continue
            keywords = {} if measure == "count" else {"skipna": [None, True, False][rng.integers(3)]}
            told = getattr(one.frazil, measure)(dim, **keywords)
            expected = getattr(wide, measure)(dim, **keywords)
            xr.testing.assert_allclose(told.astype("f8"), expected.astype("f8"), rtol=1e-11, atol=1e-9)
            assert told.attrs == expected.attrs == {"units": "K"}


@pytest.mark.parametrize("least", [None, 0, 1, 2, 5, 100])
def test_sums_of_too_few_values_are_missing(least):
    one = array(made("f8"))
    one[:, 2:4] = np.nan
    one[3:, 5] = np.nan
    for dim in (None, "time", ["time", "lon"], "lat"):
        xr.testing.assert_allclose(one.frazil.sum(dim, min_count=least), one.sum(dim, min_count=least))


def test_attributes_are_kept_as_xarray_is_told():
    one = array(made("f4")).assign_attrs(units="mm")
    assert one.frazil.mean("time").attrs == {"units": "mm"}
    with xr.set_options(keep_attrs=False):
        assert one.frazil.mean("time").attrs == {}


def test_bins_have_edges_with_the_units_of_the_values():
    one = array(made("f4")).assign_attrs(units="mm", long_name="rain", other=1)
    edges = [-np.inf, 0, 1, 10]
    told = one.frazil.histogram(edges, "time")
    np.testing.assert_array_equal(told.t_bin_lower, edges[:-1])
    np.testing.assert_array_equal(told.t_bin_upper, edges[1:])
    assert told.t_bin.attrs == told.t_bin_upper.attrs == {"units": "mm", "long_name": "rain"}
    dataset = xr.Dataset({"t": one, "p": 2 * one}).frazil.histogram(edges, "time")
    assert dataset.t_bin.attrs["bounds"] == "t_bin_bounds"
    np.testing.assert_array_equal(dataset.t_bin_bounds, np.transpose([edges[:-1], edges[1:]]))
    np.testing.assert_array_equal(dataset.p, (2 * one).frazil.histogram(edges, "time"))


def test_weighted_means_are_xarrays():
    from frazil.xarray import area_weights

    one = array(made("f4"), lat=np.linspace(-90, 90, 7), lon=range(9))
    one[3, 2] = np.nan
    one[5] = np.nan
    weights = area_weights(one.lat)
    np.testing.assert_allclose(weights, np.cos(np.deg2rad(one.lat)))
    for dim in ("lat", ["lat", "lon"], None):
        expected = one.astype("f8").weighted(np.cos(np.deg2rad(one.lat))).mean(dim)
        xr.testing.assert_allclose(one.frazil.mean(dim, weights=weights), expected, rtol=1e-12)
    north = one.frazil.box(lat=(0, 90)).mean(["lat", "lon"], weights=weights)
    own = one.sel(lat=slice(0, 90)).astype("f8")
    xr.testing.assert_allclose(north, own.weighted(np.cos(np.deg2rad(own.lat))).mean(["lat", "lon"]))


def test_weights_that_are_none_are_refused():
    from frazil.errors import InvalidError
    from frazil.xarray import area_weights

    one = array(made("f4"), lat=np.linspace(-90, 90, 7))
    for weights, told in [
        (xr.DataArray(np.ones((7, 9)), dims=("lat", "lon")), "2 dimensions"),
        (xr.DataArray(np.ones(6), dims="lat"), "6 weights"),
        (xr.DataArray(np.ones(6), {"lat": one.lat[1:]}, "lat"), "weight 0 is NaN"),
        (xr.DataArray([1, 1, 1, np.inf, 1, 1, 1], dims="lat"), "weight 3 is inf"),
        (xr.DataArray(np.ones(5), dims="depth"), "along `depth`"),
    ]:
        with pytest.raises(InvalidError, match=told):
            one.frazil.mean("lat", weights=weights)
    with pytest.raises(InvalidError, match="axis 1"):
        one.frazil.mean("lon", weights=area_weights(one.lat))
    with pytest.raises(InvalidError, match="is no latitude"):
        area_weights(xr.DataArray([91.0], dims="lat"))


def test_boxes_lie_between_coordinates():
    one = array(made("f8", (4, 19, 36)), lat=np.linspace(90, -90, 19), lon=np.arange(36) * 10)
    box = one.frazil.box(lat=(-5, 35), lon=(100, 200)).mean("time")
    xr.testing.assert_allclose(box, one.sel(lat=slice(35, -5), lon=slice(100, 200)).mean("time"))
    round_the_end = one.frazil.box(lon=(350, 20)).mean(["time", "lon"])
    xr.testing.assert_allclose(round_the_end, one.isel(lon=[35, 0, 1, 2]).mean(["time", "lon"]))
    dataset = xr.Dataset({"t": one, "names": ("lat", list("abcdefghijklmnopqrs")), "n": 3})
    told = dataset.frazil.box(lat=(0, 90)).mean("lat")
    xr.testing.assert_allclose(told.t, one.sel(lat=slice(90, 0)).mean("lat"))
    assert set(told.data_vars) == {"t", "n"} and told.n == 3


def test_boxes_of_nothing_are_refused():
    from frazil.errors import InvalidError

    one = array(made("f4"), lon=np.linspace(0, 350, 9))
    with pytest.raises(InvalidError, match="nothing of `lon` lies between -170 and -120") as raised:
        one.frazil.box(lon=(-170, -120))
    assert raised.value.__notes__ == ["it goes from 0.0 to 350.0"]
    with pytest.raises(InvalidError, match="no coordinate `lat`"):
        one.frazil.box(lat=(0, 1))


def test_nino34_by_a_chain():
    """The index as the documentation has it, against xarray's own."""
    from frazil.xarray import area_weights

    times = xr.date_range("1990-01-01", periods=120, freq="MS", use_cftime=False)
    coords = {"time": times, "lat": np.arange(-20.0, 21, 2), "lon": np.arange(150.0, 271, 5)}
    sst = xr.DataArray(made("f4", (120, 21, 25)), coords, ("time", "lat", "lon"), "sst")
    series = sst.frazil.box(lat=(-5, 5), lon=(190, 240)).mean(["lat", "lon"], weights=area_weights(sst.lat))
    index = series.frazil.anomaly("month").frazil.rolling_mean("time", 5, center=True)
    part = sst.sel(lat=slice(-5, 5), lon=slice(190, 240)).astype("f8")
    expected = part.weighted(np.cos(np.deg2rad(part.lat))).mean(["lat", "lon"])
    months = expected.groupby("time.month")
    expected = (months - months.mean("time")).rolling(time=5, center=True).mean().drop_vars("month")
    xr.testing.assert_allclose(index, expected, rtol=1e-9)
    assert int(index.isnull().sum()) == 4


def test_a_dataset_is_reduced_variable_by_variable():
    one = array(made("f4"), time=xr.date_range("2001-01-01", periods=40, freq="9D", use_cftime=False))
    dataset = xr.Dataset({"t": one, "i": one.astype("i2").isel(lon=0), "fixed": ("lat", np.arange(7.0))}, attrs={"a": 1})
    for measure in ("sum", "mean", "count", "min", "max", "var", "std"):
        told = getattr(dataset.frazil, measure)("time")
        assert told.attrs == {"a": 1} and told.fixed.identical(dataset.fixed)
        xr.testing.assert_identical(told.t, getattr(one.frazil, measure)("time"))
        xr.testing.assert_identical(told.i, getattr(dataset.i.frazil, measure)("time"))
    xr.testing.assert_identical(dataset.frazil.quantile(0.5).t, one.frazil.quantile(0.5))
    for measure, arguments in [("climatology", ["season"]), ("anomaly", []), ("rolling_max", ["time", 3])]:
        told = getattr(dataset.frazil, measure)(*arguments)
        xr.testing.assert_identical(told.t, getattr(one.frazil, measure)(*arguments))
    from frazil.errors import InvalidError

    with pytest.raises(InvalidError, match="no dimension `depth`"):
        dataset.frazil.mean("depth")
    with pytest.raises(InvalidError, match="`out` is memory for one array") as raised:
        dataset.frazil.rolling_mean("time", 3, out=np.empty((40, 7, 9), "f4"))
    assert "call `rolling_mean` of each variable" in raised.value.__notes__[0]


def test_coordinates_of_a_dataset_that_no_variable_has_stay():
    dataset = xr.Dataset({"t": ("time", made("f4", (4,)))}, {"lat": range(3), "time": range(4), "grid": ("lat", list("abc"))})
    told = dataset.frazil.mean("time")
    xr.testing.assert_allclose(told, dataset.mean("time"))
    assert set(told.coords) == {"lat", "grid"}


def test_copies_are_told_and_counted():
    from frazil.errors import InvalidError

    one = array(made("f4", (40, 50, 60)))
    for other, why in [
        (one.T, "it is not in one piece"),
        (one[::-1], "it is not in one piece"),
        (one.astype(">f4"), "it is of another byte order"),
        (one.astype("f2"), "it is of float16"),
        (array(hostile.laid(one.values, "unaligned")), "it is not aligned"),
    ]:
        assert f"copy    480 kB besides: the array is copied, for {why}" in other.frazil.explain("mean", "time")
        assert "a copy of the array: 480.0 kB" in other.frazil.visualize("mean", "time")
        with pytest.raises(InvalidError, match="480000|bytes of memory"):
            other.frazil.mean("time", memory=480_000)
    for other in (one, one > 5, one[3:20]):
        assert "copy" not in other.frazil.explain("mean", "time")


def test_every_method_is_explained_and_drawn(tmp_path):
    from frazil.errors import InvalidError

    times = xr.date_range("2001-01-01", periods=40, freq="9D", use_cftime=False)
    one = array(made("f4"), time=times).rename("a <b> & c")
    for call in [
        ("mean", "time"),
        ("sum", ["lat", "lon"]),
        ("histogram", [0, 1, 2], "lon"),
        ("quantile", 0.5),
        ("climatology", "season"),
        ("anomaly",),
        ("rolling_std", "lon", 3),
    ]:
        assert "a <b> & c[time 0:40" in one.frazil.explain(*call)
        drawn = one.frazil.visualize(*call)
        assert "a &lt;b&gt; &amp; c" in drawn and drawn.endswith("</svg>")
    import xml.etree.ElementTree as xml

    drawn.save(tmp_path / "plan.svg")
    assert xml.parse(tmp_path / "plan.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    with pytest.raises(InvalidError, match="there is no `avg`") as raised:
        one.frazil.explain("avg")
    assert "rolling_mean" in raised.value.__notes__[0] and "histogram" in raised.value.__notes__[0]
