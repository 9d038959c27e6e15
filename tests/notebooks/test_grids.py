"""Grids: what the notebooks find is what xarray, numpy and GDAL find in the same files."""

import books
import numpy as np
import rasterio
import xarray as xr


def same(found, expected, **tolerance):
    """Values are the same, and so is where there are none."""
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), **tolerance)


def test_el_nino(made, tmp_path):
    address = str(made / "sst.mnmean.nc")
    book = books.with_parameters(books.read("06-el-nino.ipynb"), address=address, years=("1985", "2004"))
    found, book = books.run(book, tmp_path, "climatology", "index", "anomaly", "month")

    sst = xr.open_dataset(address, engine="netcdf4")["sst"].sel(time=slice("1985", "2004")).load().astype("f8")
    assert sst.sizes["time"] == 240
    months = sst.groupby("time.month")
    usual = months.mean("time")
    same(found["climatology"].transpose("month", ...), usual.transpose("month", ...), rtol=1e-12)
    anomaly = months - usual
    same(found["anomaly"], anomaly, atol=1e-5)
    box = sst.sel(lat=slice(5, -5), lon=slice(190, 240))
    series = box.weighted(np.cos(np.deg2rad(box.lat))).mean(["lat", "lon"]).groupby("time.month")
    index = (series - series.mean()).rolling(time=5, center=True).mean()
    same(found["index"], index, atol=1e-6)
    assert float(index.max()) > 0.8 and found["month"] == index.idxmax("time")
    assert books.pictures(book) == 3


def test_the_great_lakes(world, made, tmp_path):
    book = books.with_parameters(books.read("07-great-lakes.ipynb"), short_name="MUR-LIKE")
    found, book = books.run(book, tmp_path, "granules", "water", "statistics", "share", "by_year", "edges", "box")
    paths = sorted(made.glob("*MUR*.nc"))
    assert [granule.name for granule in found["granules"]] == [path.name for path in paths] and len(paths) == 20

    west, south, east, north = found["box"]
    days = xr.open_mfdataset(paths, engine="netcdf4", combine="nested", concat_dim="time", chunks=None)
    days = days.sel(lat=slice(south, north), lon=slice(west, east)).load()
    is_open = (days.sea_ice_fraction < 0.15) | days.sea_ice_fraction.isnull()
    water = days.analysed_sst.where(is_open) - 273.15
    assert int((~is_open).sum()) > 10_000 and int(water.notnull().sum()) > 50_000
    same(found["water"], water, atol=1e-4)
    told = found["statistics"]
    doubles = found["water"].astype("f8")
    for name, expected in {
        "mean": doubles.mean("time"), "median": doubles.median("time"), "min": doubles.min("time"), "max": doubles.max("time"), "std": doubles.std("time"),
    }.items():
        same(told[name], expected, rtol=1e-9, atol=1e-9)

    years = doubles.groupby("time.year").mean("time")
    same(found["by_year"].transpose("year", ...), years, rtol=1e-9)
    counts = np.array([np.histogram(one[np.isfinite(one)], found["edges"])[0] for one in found["by_year"].transpose("year", ...).values])
    same(found["share"].transpose("year", ...), counts / counts.sum(axis=1, keepdims=True), rtol=1e-12)
    assert books.pictures(book) == 2


def test_scenes_of_a_catalogue_become_a_cube(world, made, tmp_path):
    book = books.read("05-stac-to-cube.ipynb")
    found, book = books.run(books.with_parameters(book, catalogue="https://open.example.org/served/made/catalog.json"), tmp_path, "items", "read", "ndvi", "share")
    items = sorted(found["items"], key=lambda item: item.start)
    assert [str(item.start.date()) for item in items] == ["2023-04-12", "2023-07-21", "2023-09-09"], "the cloudy one is left out"

    ndvi = found["ndvi"]
    for place, item in enumerate(items):
        bands = {}
        for band in ("red", "nir"):
            with rasterio.open(made / f"{item.id}-{band}.tif", overview_level=0) as image:
                assert image.res == (40, 40)
                rows, columns = rasterio.transform.rowcol(image.transform, ndvi.x.values[[0, -1]], ndvi.y.values[[0, -1]])
                stored = image.read(1)[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1].astype("f8")
            bands[band] = np.where(stored == 0, np.nan, stored * 0.0001 - 0.1)
        expected = (bands["nir"] - bands["red"]) / (bands["nir"] + bands["red"])
        same(ndvi.isel(time=place), expected, rtol=1e-4, atol=1e-6)
        same(found["share"].isel(time=place), (expected > 0.5).sum() / np.isfinite(expected).sum(), atol=2e-3)
    assert books.pictures(book) == 2


def test_the_histogram_on_one_machine(made, tmp_path):
    address, during = str(made / "era5.zarr"), ("1990-01-02", "1990-01-15")
    book = books.with_parameters(books.read("08-histogram.ipynb"), address=address, during=during)
    found, book = books.run(book, tmp_path, "counts", "mean", "edges")

    rain = xr.open_zarr(address, chunks=None)["total_precipitation"].sel(time=slice(*during)).load()
    assert rain.sizes["time"] == 14 * 24
    sums = rain.coarsen(time=6).sum().transpose("latitude", ...).values
    expected = np.array([np.histogram(one, found["edges"])[0] for one in sums])
    assert (expected > 0).any(axis=0).sum() > 20
    np.testing.assert_array_equal(found["counts"].transpose("latitude", ...), expected)
    same(found["mean"], expected / 56, rtol=1e-12)
    assert books.pictures(book) == 1
