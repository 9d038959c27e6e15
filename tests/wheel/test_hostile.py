"""Every kernel on arrays of all types and layouts, with NaN and infinities, of one element and of none, against numpy and xarray."""

import operator
import warnings

import hostile
import numpy as np
import pytest
import xarray as xr

SEEDS = range(4)
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture(autouse=True)
def quiet():
    """numpy and xarray warn of what is hostile."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def all_of(seed, *, empty=True):
    return [array for array in hostile.arrays(seed, 24) if empty or array.size]


def some(rng, array):
    """Some of its dimensions, at least one."""
    return [str(name) for name in rng.permutation(array.dims)[: rng.integers(1, 4)]]


def rows(array, dims):
    """The values of each place of the other dimensions, in a row."""
    kept = [name for name in array.dims if name not in dims]
    lengths = [array.sizes[name] for name in kept]
    values = array.transpose(*kept, *dims).values
    return values.reshape(int(np.prod(lengths)), int(np.prod([array.sizes[name] for name in dims]))), lengths


def own(array):
    """The same in the precision in which frazil computes with each element."""
    return array.astype("f4" if array.dtype.newbyteorder("=") == np.float32 else "f8")


def near(found, expected, array, *, of_singles=1e-9):
    """Singles are the nearest ones, or those beside them; `of_singles` is how far they may be apart where they are small."""
    is_single = array.dtype.newbyteorder("=") == np.float32
    precision = {"rtol": 1e-5, "atol": of_singles} if is_single else {"rtol": 1e-11, "atol": 1e-9}
    np.testing.assert_allclose(found.transpose(*expected.dims).astype("f8"), expected.astype("f8"), **precision)


def beside(rng, array):
    """Another array of the same shape, of another type and layout."""
    dtype, layout = rng.choice(hostile.TYPES), str(rng.choice(hostile.LAYOUTS))
    numbers = hostile.laid(hostile.values(rng, dtype, array.shape), layout)
    return array.copy(data=numbers).rename("p")


@pytest.mark.parametrize("seed", SEEDS)
def test_histograms(seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 200):
        finite = hostile.wide(array).values
        finite = np.append(finite[np.isfinite(finite)], [0.0, 100.0])
        # Values are edges, too.
        edges = np.unique(np.append(rng.choice(finite, 5), rng.choice([[-np.inf, np.inf], [-20, 130], [0.5, 50.5]])))
        dims = some(rng, array)
        found = array.frazil.histogram(edges, dims)
        values, lengths = rows(hostile.wide(array), dims)
        expected = np.array([np.histogram(row, edges)[0] for row in values]).reshape(*lengths, len(edges) - 1)
        np.testing.assert_array_equal(found, expected)
        assert int(found.sum()) + sum(found.attrs.values()) == array.size
        assert found.attrs["missing"] == np.isnan(values).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_weighted_histograms(seed):
    rng = np.random.default_rng(seed)
    edges = [-40.0, 0, 10, 30, 31, 90]
    for array in all_of(seed + 300):
        dims, weights = some(rng, array), beside(rng, array)
        weights = weights.where(np.isfinite(weights)) if weights.dtype.kind == "f" else weights
        found = array.frazil.histogram(edges, dims, weights=weights)
        values, lengths = rows(hostile.wide(array), dims)
        of_values = rows(hostile.wide(weights), dims)[0]
        expected = [np.histogram(one[~np.isnan(of)], edges, weights=of[~np.isnan(of)])[0] for one, of in zip(values, of_values, strict=True)]
        np.testing.assert_allclose(found, np.reshape(expected, (*lengths, len(edges) - 1)), rtol=1e-11, atol=1e-9)
        assert found.attrs["missing"] == (np.isnan(values) | np.isnan(of_values)).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_histograms_weighted_along_a_dimension(seed):
    rng = np.random.default_rng(seed)
    edges = np.linspace(-60, 120, 7)
    for array in all_of(seed + 400):
        dims, dim = some(rng, array), str(rng.choice(array.dims))
        weights = xr.DataArray(rng.normal(size=array.sizes[dim]), dims=dim)
        found = array.frazil.histogram(edges, dims, weights=weights)
        values, lengths = rows(hostile.wide(array), dims)
        of_values = rows(weights.broadcast_like(hostile.wide(array)).transpose(*array.dims), dims)[0]
        expected = [np.histogram(one, edges, weights=of)[0] for one, of in zip(values, of_values, strict=True)]
        np.testing.assert_allclose(found, np.reshape(expected, (*lengths, 6)), rtol=1e-11, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_histograms(seed):
    rng = np.random.default_rng(seed)
    edges, others = [-40.0, 0, 10, 30, 31, 90], [-100.0, 20, 100]
    for array in all_of(seed + 500):
        dims, other = some(rng, array), beside(rng, array)
        found = array.frazil.joint_histogram(other, edges, others, dims)
        (values, lengths), of_values = rows(hostile.wide(array), dims), rows(hostile.wide(other), dims)[0]
        expected = [np.histogram2d(one, of, [edges, others])[0] for one, of in zip(values, of_values, strict=True)]
        np.testing.assert_array_equal(found, np.reshape(expected, (*lengths, 5, 2)))
        assert int(found.sum()) + sum(found.attrs.values()) == array.size
        assert found.attrs["missing"] == (np.isnan(values) | np.isnan(of_values)).sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_quantiles(seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 600, empty=False):
        # Between infinities numpy has NaN, wherever the quantile is.
        finite = array.copy(data=np.nan_to_num(array.values, nan=np.nan, posinf=1e6, neginf=-1e6).astype(array.dtype))
        dims, q = some(rng, array), float(rng.choice([0, 0.1, 0.5, 0.77, 1]))
        expected = hostile.wide(finite).quantile(q, dims, skipna=True).drop_vars("quantile")
        near(finite.frazil.quantile(q, dims), expected, array)
        near(array.frazil.quantile(0, dims), array.frazil.min(dims), array)
        near(array.frazil.quantile(1, dims), array.frazil.max(dims), array)


@pytest.mark.parametrize("seed", SEEDS)
def test_weighted_means(seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 700):
        dims = some(rng, array)
        weights = xr.DataArray(rng.random(array.sizes[dims[0]]) + 0.1, dims=dims[0])
        near(array.frazil.mean(dims, weights=weights), hostile.wide(array).weighted(weights).mean(dims), array)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by", ["month", "season", "dayofyear", "year"])
def test_climatologies(by, seed):
    for array in all_of(seed + 800, empty=False):
        near(array.frazil.climatology(by), hostile.wide(array).groupby(f"time.{by}").mean("time"), array)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by,frequency", [("month", "MS"), ("season", "QS-DEC"), ("year", "YS")])
def test_periods(by, frequency, seed):
    for array in all_of(seed + 900, empty=False):
        periods = hostile.wide(array).resample(time=frequency)
        for measure in ("mean", "min", "max", "count"):
            found, expected = array.frazil.resample(by, measure=measure), getattr(periods, measure)("time")
            near(found, expected.transpose(*array.dims), array)
            np.testing.assert_array_equal(found.time, expected.time)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by", ["sum", "mean", "min", "max"])
def test_windows_that_become_one(by, seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 1000, empty=False):
        dim, dims = str(rng.choice(array.dims)), some(rng, array)
        length = int(rng.integers(1, array.sizes[dim] + 1))
        coarse = getattr(own(array).coarsen({dim: length}, boundary="trim"), by)()
        near(getattr(array.frazil, f"coarsen_{by}")(**{dim: length}).max(dims), coarse.max(dims), array, of_singles=1e-3)
        near(getattr(array.frazil, f"coarsen_{by}")(**{dim: length}).count(dims), coarse.count(dims), array)


@pytest.mark.parametrize("seed", SEEDS)
def test_conditions(seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 1100):
        dims, sign = some(rng, array), str(rng.choice(list(SIGNS)))
        numbers = hostile.wide(array).values.ravel()
        number = float(rng.choice(np.append(numbers, [20.5, np.nan])))
        kept = hostile.wide(array).where(SIGNS[sign](hostile.wide(array), number) & hostile.wide(array).notnull())
        near(array.frazil.where(sign, number).count(dims), kept.count(dims), array)
        near(array.frazil.where(sign, number).sum(dims), kept.sum(dims), array)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("function", ["abs", "square", "sqrt", "exp", "log", "log10"])
def test_functions_of_elements(function, seed):
    rng = np.random.default_rng(seed)
    for array in all_of(seed + 1200, empty=False):
        dims = some(rng, array)
        expected = getattr(np, function)(own(array))
        near(array.frazil.map(function).max(dims), expected.max(dims), array)
        near(array.frazil.scale(0.1, 3).map(function).count(dims), getattr(np, function)(own(array) * 0.1 + 3).count(dims), array)
