"""Many granules as one array: read and computed where they lie, against xarray's own of what is loaded."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture(scope="module")
def granules(tmp_path_factory):
    """Five of them with 1 to 7 hours each, on one grid; packed alike, otherwise, and not at all."""
    folder, rng, paths = tmp_path_factory.mktemp("granules"), np.random.default_rng(6), []
    hour = np.datetime64("2020-01-01")
    for number, length in enumerate([3, 1, 7, 2, 4]):
        values = rng.normal(15, 5, (length, 9, 12))
        values[rng.random(values.shape) < 0.1] = np.nan
        coords = {
            "time": hour + np.arange(length) * np.timedelta64(1, "h"),
            "lat": np.linspace(-4, 4, 9),
            "lon": np.arange(12) * 0.5,
        }
        hour = coords["time"][-1] + np.timedelta64(1, "h")
        data = xr.Dataset({"sst": (("time", "lat", "lon"), values, {"units": "C"})}, coords)
        packed = {"dtype": "i2", "_FillValue": -32768, "scale_factor": 0.01, "add_offset": 10.0 + number // 2, "zlib": True}
        paths.append(folder / f"{number}.nc")
        data.to_netcdf(paths[-1], encoding={"sst": {"dtype": "f8"} if number == 4 else packed})
    return paths


@pytest.fixture
def opened(granules):
    datasets = [xr.open_dataset(path, engine="frazil") for path in granules]
    yield [one.sst for one in datasets]
    for one in datasets:
        one.close()


def whole(granules):
    return xr.concat([xr.open_dataset(path, engine="netcdf4").sst for path in granules], "time").load()


def test_granules_are_one_array(granules, opened):
    from frazil.xarray import concat

    one, expected = concat(opened, "time"), whole(granules)
    assert one.sizes == {"time": 17, "lat": 9, "lon": 12} and one.name == "sst" and one.attrs == {"units": "C"}
    xr.testing.assert_equal(one.time, expected.time)
    for measure, dims in [("mean", ["lat", "lon"]), ("max", "time"), ("count", None), ("std", "lon"), ("quantile", None)]:
        keywords = {"q": 0.3} if measure == "quantile" else {}
        found = getattr(one.frazil, measure)(dim=dims, **keywords)
        xr.testing.assert_allclose(found, getattr(expected.frazil, measure)(dim=dims, **keywords), rtol=1e-9)
    xr.testing.assert_allclose(one.frazil.anomaly("day"), expected.frazil.anomaly("day"), rtol=1e-7, atol=1e-9)
    xr.testing.assert_allclose(one.frazil.rolling_mean("time", 5), expected.frazil.rolling_mean("time", 5), rtol=1e-9)
    assert not one.variable._in_memory and "copy" not in one.frazil.explain("mean")
    edges = np.linspace(0, 30, 13)
    np.testing.assert_array_equal(one.frazil.histogram(edges, "lon"), expected.frazil.histogram(edges, "lon"))


@pytest.mark.parametrize("seed", range(30))
def test_parts_of_granules_are_those_of_the_whole(granules, opened, seed):
    from frazil.xarray import concat

    rng = np.random.default_rng(seed)
    one, expected = concat(opened, "time"), whole(granules)

    def index(length):
        start, stop = sorted(rng.integers(0, length + 1, 2))
        kinds = [slice(start, stop), slice(start, stop, rng.integers(1, 4)), slice(None, None, -2), int(rng.integers(-length, length))]
        return [*kinds, rng.integers(-length, length, 3).tolist()][rng.integers(5)]

    key = dict(zip(one.dims, map(index, one.shape), strict=True))
    xr.testing.assert_allclose(one.isel(key), expected.isel(key), rtol=1e-12)
    start, stop = sorted(rng.integers(0, 18, 2))
    part = {"time": slice(start, stop), "lat": slice(2, 7), "lon": int(rng.integers(12))}
    assert "copy" not in one.isel(part).frazil.explain("sum")
    xr.testing.assert_allclose(one.isel(part).frazil.sum("lat"), expected.isel(part).frazil.sum("lat"), rtol=1e-9)


def test_parts_that_were_taken_before_are_joined(granules, opened):
    from frazil.xarray import concat

    boxes = [one[:, 1:6, 3:] for one in opened]
    expected = whole(granules)[:, 1:6, 3:]
    xr.testing.assert_allclose(concat(boxes, "time").frazil.mean("time"), expected.frazil.mean("time"), rtol=1e-9)
    alike = [one[-2:] for one in opened[:2]]
    expected = xr.concat([one.copy().load() for one in alike], "time")
    xr.testing.assert_allclose(concat(alike, "time").frazil.mean("lon"), expected.frazil.mean("lon"), rtol=1e-9)
    rows = concat([opened[2][:, :4], opened[2][:, 4:]], "lat")
    xr.testing.assert_allclose(rows.frazil.max("lat"), opened[2].frazil.max("lat"))


def test_arrays_that_do_not_follow_each_other_are_refused(opened):
    from frazil.errors import InvalidError
    from frazil.xarray import concat

    for arrays, dim, told in [
        ([], "time", "there are no arrays"),
        (opened, "depth", "does not follow"),
        ([opened[0], opened[1][:, :3]], "time", "array 1 of .* does not follow"),
        ([opened[0], opened[1].assign_coords(lat=opened[1].lat + 1)], "time", "coordinates of the arrays differ"),
        ([opened[0], opened[1].copy().load()], "time", "array 1, `sst`, is not read part by part"),
        ([opened[0][:, 2], opened[1][:, 2]], "time", "array 0, `sst`, is not read part by part"),
    ]:
        with pytest.raises(InvalidError, match=told):
            concat(arrays, dim)


def test_what_is_missing_is_told_with_its_granule(granules, tmp_path):
    import shutil

    from frazil.errors import Error
    from frazil.xarray import concat

    cut = tmp_path / "cut.nc"
    shutil.copy(granules[2], cut)
    datasets = [xr.open_dataset(path, engine="frazil") for path in (granules[0], cut)]
    one = concat([each.sst for each in datasets], "time")
    cut.write_bytes(cut.read_bytes()[:-2000])
    with pytest.raises(Error, match="cut.nc"):
        one.frazil.mean()
