"""STAC items as one cube, compared with what rasterio makes of the same images."""

import json
import pickle
import warnings

import files
import numpy as np
import pytest

import rasterio
import rasterio.warp

pytestmark = pytest.mark.usefixtures("world")

PIXEL = 30.0
LEFT, TOP = 499_995.0, 99_945.0
"""The corner of the first tile: as Landsat has it, no multiple of a pixel."""
SIDE = 300
OVERLAP = 40
TIMES = ("2020-01-01T14:00:00Z", "2020-01-01T14:00:24Z", "2020-01-17T14:00:00Z")


def numbers(seed, nodata, dtype="uint16", bands=1):
    values = np.random.default_rng(seed).integers(1, 200, (bands, SIDE, SIDE)).astype(dtype)
    # An image stands aslant in its frame.
    rows, columns = np.mgrid[:SIDE, :SIDE]
    values[:, rows + columns < 60] = nodata
    return values


def write(path, values, nodata, *, left=LEFT, top=TOP, crs="EPSG:32622", pixel=PIXEL, overviews=(), **more):
    transform = rasterio.Affine(pixel, 0, left, 0, -pixel, top)
    bands, height, width = values.shape
    profile = {"driver": "GTiff", "dtype": values.dtype, "count": bands, "height": height, "width": width, "crs": crs}
    profile |= {"transform": transform, "nodata": nodata, "tiled": True, "blockxsize": 128, "blockysize": 128}
    with rasterio.open(path, "w", **profile, compress="deflate", **more) as image:
        image.write(values)
    if overviews:
        with rasterio.open(path, "r+") as image:
            image.build_overviews(overviews, rasterio.enums.Resampling.average)
    return path


def item(name, time, assets, **properties):
    """A STAC item as GDAL would describe its images."""
    told, boxes = {}, []
    for key, path in assets.items():
        with rasterio.open(path) as image:
            place = {"proj:transform": list(image.transform)[:6], "proj:shape": list(image.shape)}
            place["proj:epsg"] = image.crs.to_epsg()
            raster = [{"data_type": kind, **({"nodata": image.nodata} if image.nodata is not None else {})} for kind in image.dtypes]
            boxes.append(rasterio.warp.transform_bounds(image.crs, "EPSG:4326", *image.bounds))
        told[key] = {"href": str(path), "type": "image/tiff; application=geotiff", "roles": ["data"], **place, "raster:bands": raster}
    bbox = [*np.min(boxes, axis=0)[:2], *np.max(boxes, axis=0)[2:]]
    properties = {"datetime": time, **properties}
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "bbox": bbox, "properties": properties, "links": [], "assets": told}


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Two tiles of one pass that overlap, and the first tile at another time."""
    folder, found = tmp_path_factory.mktemp("tiles"), []
    down = TOP - (SIDE - OVERLAP) * PIXEL
    for number, (time, top) in enumerate(zip(TIMES, (TOP, down, TOP), strict=True)):
        made = {}
        for band, dtype in (("B4", "uint16"), ("QA", "uint8")):
            path = folder / f"{number}-{band}.tif"
            values = numbers(number, 0, dtype)
            made[band] = write(path, values, 0, top=top, overviews=(2, 4) if band == "B4" else ())
        one = item(f"tile-{number}", time, made)
        one["assets"]["B4"]["eo:bands"] = [{"name": "B4", "common_name": "red"}]
        one["assets"]["B4"]["raster:bands"][0].update(scale=0.5, offset=-10.0)
        found.append(one)
    return found


def read(one, band):
    with rasterio.open(one["assets"][band]["href"]) as image:
        return image.read(1)


def warped(one, band, array, resampling="nearest", **open_as):
    """The image on the grid of an array, by GDAL, without its approximation."""
    reference = array.spatial_ref.attrs
    left, width, _, top, _, height = map(float, reference["GeoTransform"].split())
    with rasterio.open(one["assets"][band]["href"], **open_as) as image:
        seen, _ = rasterio.warp.reproject(
            image.read(1),
            np.zeros((array.sizes["y"], array.sizes["x"]), image.dtypes[0]),
            src_transform=image.transform,
            src_crs=image.crs,
            src_nodata=image.nodata,
            dst_transform=rasterio.Affine(width, 0, left, 0, height, top),
            dst_crs=reference["spatial_ref"],
            resampling=rasterio.enums.Resampling[resampling],
            tolerance=0,
        )
    return seen


def exact(one, band, array, resampling):
    """The image on the grid of an array: each pixel's position by PROJ, its value by numpy; and which pixels lie further
    than 0.3 mm, to which PROJ and others agree, from the edge of two pixels of the image."""
    x, y = (np.ravel(side) for side in np.meshgrid(array.x, array.y))
    with rasterio.open(one["assets"][band]["href"]) as image:
        values = image.read(1)
        x, y = map(np.array, rasterio.warp.transform(array.spatial_ref.attrs["spatial_ref"], image.crs, x, y))
        columns, rows = ~image.transform * (x, y)
    height, width = values.shape

    def pixel(column, row):
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        return np.where(inside, values[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)], 0)

    nearest = pixel(np.floor(columns).astype(int), np.floor(rows).astype(int))
    sure = ((abs(columns - np.round(columns)) > 1e-5) & (abs(rows - np.round(rows)) > 1e-5)).reshape(array.shape[2:])
    if resampling == "nearest":
        return nearest.reshape(array.shape[2:]), sure
    left, top = np.floor(columns - 0.5).astype(int), np.floor(rows - 0.5).astype(int)
    right, down = columns - 0.5 - left, rows - 0.5 - top
    total, weights = 0.0, 0.0
    for column, row, weight in [(0, 0, (1 - right) * (1 - down)), (1, 0, right * (1 - down)), (0, 1, (1 - right) * down), (1, 1, right * down)]:
        value = pixel(left + column, top + row)
        total, weights = total + value * weight, weights + weight * (value != 0)
    return np.where(nearest == 0, 0, total / np.where(weights, weights, 1)).reshape(array.shape[2:]), sure


def first(*planes, nodata=0):
    """What is seen where planes lie on each other."""
    seen = planes[0].copy()
    for plane in planes[1:]:
        seen[seen == nodata] = plane[seen == nodata]
    return seen


def test_images_on_the_same_pixels_are_copied(items):
    import frazil

    cube = frazil.cube(items, "B4")
    assert cube.dims == ("time", "band", "y", "x") and cube.dtype == "uint16"
    assert cube.shape == (3, 1, 2 * SIDE - OVERLAP, SIDE)
    assert list(cube.time.values.astype("M8[s]").astype(str)) == [time[:-1] for time in TIMES]
    assert (cube.x[0], cube.y[0]) == (LEFT + 15, TOP - 15) and (cube.y[0] - cube.y[1]) == PIXEL
    values = cube.values
    for number, one in enumerate(items):
        rows = slice(SIDE - OVERLAP, None) if number == 1 else slice(SIDE)
        np.testing.assert_array_equal(values[number, 0, rows], read(one, "B4"))
        assert values[number, 0].sum() == read(one, "B4").sum(), "and nothing else is there"
    assert cube.attrs["_FillValue"] == 0


def test_images_that_changed_are_opened_anew(tmp_path):
    import frazil

    values = numbers(7, 0)
    one = item("a", TIMES[0], {"B4": write(tmp_path / "a.tif", values, 0)})
    cube = frazil.cube([one], "B4")
    np.testing.assert_array_equal(cube[0, 0, :100].values, values[0, :100])
    write(tmp_path / "b.tif", values * 2, 0)
    (tmp_path / "a.tif").write_bytes((tmp_path / "b.tif").read_bytes())
    np.testing.assert_array_equal(cube[0, 0].values, values[0] * 2)
    write(tmp_path / "b.tif", values * 3, 0).replace(tmp_path / "a.tif")
    np.testing.assert_array_equal(cube[0, 0].values, values[0] * 2)
    np.testing.assert_array_equal(frazil.cube([one], "B4")[0, 0].values, values[0] * 3)


def test_items_of_a_pass_are_one_plane(items):
    import frazil

    cube = frazil.cube(items, ["red", "QA"], groupby="solar_day")
    assert cube.shape[:2] == (2, 2) and list(cube.id.values) == ["tile-0 tile-1", "tile-2"]
    for number, band in enumerate(("B4", "QA")):
        planes = [warped(one, band, cube) for one in items[:2]]
        assert (first(*planes) != planes[0]).any() and (planes[1] != 0).any()
        np.testing.assert_array_equal(cube[0, number].values, first(*planes))
    turned = frazil.cube(items[1::-1], "red", groupby="solar_day", preserve_original_order=True)
    np.testing.assert_array_equal(turned[0, 0].values, first(*[warped(one, "B4", turned) for one in items[1::-1]]))


@pytest.mark.parametrize("crs,resolution", [("EPSG:4326", 0.0002), ("EPSG:32621", 30), ("EPSG:3857", 45), (6931, 21.5)])
@pytest.mark.parametrize("resampling", ["nearest", "bilinear"])
def test_other_coordinate_reference_systems(items, crs, resolution, resampling):
    import frazil

    cube = frazil.cube(items[:1], "B4", crs=crs, resolution=resolution, resampling=resampling, use_overviews=False)
    values, (expected, sure) = cube[0, 0].values, exact(items[0], "B4", cube, resampling)
    assert (expected != 0).mean() > 0.4 and sure.mean() > 0.999
    if resampling == "nearest":
        np.testing.assert_array_equal(values[sure], expected[sure])
        # GDAL computes some positions only, and so some pixels are others.
        assert (values != warped(items[0], "B4", cube)).mean() < 0.01
    else:
        np.testing.assert_array_equal(values[sure] == 0, expected[sure] == 0)
        # Numbers are rounded, and 0.3 mm change them by less than a hundredth.
        assert abs(values - expected)[sure].max() < 0.51


@pytest.mark.parametrize("resampling", ["nearest", "bilinear"])
def test_a_grid_between_the_pixels_is_as_gdal_has_it(items, resampling):
    import frazil

    cube = frazil.cube(items[:1], "B4", resolution=17.0, resampling=resampling)
    values, theirs = cube[0, 0].values, warped(items[0], "B4", cube, resampling)
    np.testing.assert_array_equal(values == 0, theirs == 0)
    assert abs(values.astype(int) - theirs).max() <= (resampling == "bilinear")


def test_a_coarse_grid_is_read_from_overviews(items):
    import frazil

    bounds = {"x": (LEFT, LEFT + SIDE * PIXEL), "y": (TOP - SIDE * PIXEL, TOP)}
    anchored = frazil.cube(items[:1], "B4", **bounds)
    assert anchored.shape[2:] == (SIDE, SIDE)
    for times, level in ((2, 0), (4, 1)):
        cube = frazil.cube(items[:1], "B4", resolution=PIXEL * times, **bounds)
        theirs = warped(items[0], "B4", cube, overview_level=level)
        np.testing.assert_array_equal(cube[0, 0].values, theirs)
        full = frazil.cube(items[:1], "B4", resolution=PIXEL * times, use_overviews=False, **bounds)
        assert (full[0, 0].values != theirs).any()
        np.testing.assert_array_equal(full[0, 0].values, warped(items[0], "B4", cube))


def test_boxes_and_shapes(items):
    import frazil

    box = rasterio.warp.transform_bounds("EPSG:32622", "EPSG:4326", LEFT + 900, TOP - 6000, LEFT + 3000, TOP - 900)
    cube = frazil.cube(items, "B4", bbox=box)
    left, bottom, right, top = cube.x[0] - 15, cube.y[-1] - 15, cube.x[-1] + 15, cube.y[0] + 15
    assert left <= LEFT + 900 < left + 60 and right - 60 < LEFT + 3000 <= right
    assert bottom <= TOP - 6000 and TOP - 900 <= top and cube.sizes["x"] < 75
    whole = frazil.cube(items, "B4")
    np.testing.assert_array_equal(cube.values, whole.sel(x=cube.x, y=cube.y).values)
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    np.testing.assert_array_equal(frazil.cube(items, "B4", geopolygon=shape).x, cube.x)
    with pytest.raises(frazil.errors.InvalidError, match="twice"):
        frazil.cube(items, "B4", bbox=box, geopolygon=shape)


def test_parts_are_as_those_of_the_whole(items):
    import frazil

    cube = frazil.cube(items, ["B4", "QA"])
    whole = cube.values
    assert whole.dtype == "uint16" and (whole[:, 1] == [warped(one, "QA", cube) for one in items]).all()
    for key in [np.s_[1], np.s_[:, 1, 5:200:7, ::-3], np.s_[[2, 0], :, 290, 10:11], np.s_[0:0], np.s_[-1:, -1:, -5:, [7, 3, 3]]]:
        np.testing.assert_array_equal(cube[key].values, whole[key])


def test_chunks_of_dask_travel_and_are_the_same(items):
    import dask
    import frazil

    lazy = frazil.cube(items, ["B4", "QA"], chunks={"x": 128, "y": 200})
    assert lazy.chunks == ((1, 1, 1), (1, 1), (200, 200, 160), (128, 128, 44))
    values = frazil.cube(items, ["B4", "QA"]).values
    with dask.config.set(scheduler="processes", num_workers=2):
        np.testing.assert_array_equal(lazy.compute(), values)
    assert frazil.cube(items, ["B4", "QA"], chunks={"x": 128, "y": 200}).data.name == lazy.data.name
    assert frazil.cube(items, ["QA"], chunks={"x": 128, "y": 200}).data.name != lazy.data.name
    assert frazil.cube(items, chunks={}).chunks[2:] == ((560,), (300,))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(frazil.cube(items, ["B4", "QA"]))).values, values)


def test_a_band_is_computed_where_its_images_lie(items):
    import frazil
    import frazil.xarray

    red = frazil.cube(items, ["B4", "QA"]).isel(band=0)
    loaded = red.copy().load()
    for part in (np.s_[:], np.s_[1:], np.s_[:, 40:300, 7:290], np.s_[2, 5]):
        for measure in ("sum", "max", "count", "std"):
            found = getattr(red[part].frazil, measure)(["x"])
            np.testing.assert_allclose(found, getattr(loaded[part].frazil, measure)(["x"]), rtol=1e-12)
    assert not red.variable._in_memory
    text = red[1:, 40:300].frazil.explain("mean", "time")
    assert "cube[time 1:3, y 40:300, x 0:300] of uint16" in text and "copy" not in text
    counts = red.frazil.where("!=", 0).scale(0.5, -10).histogram([-10, 0, 40, 100], "time")
    values = np.where(loaded == 0, np.nan, loaded * 0.5 - 10.0)
    np.testing.assert_array_equal(counts.sum(["y", "x"]), np.histogram(values[~np.isnan(values)], [-10, 0, 40, 100])[0])


def test_several_bands_of_a_cube_are_loaded(items):
    import frazil
    import frazil.xarray

    cube = frazil.cube(items, ["B4", "QA"])
    assert "copy" in cube.frazil.explain("mean", "time") and "copy" in cube[:, [1]].frazil.explain("mean", "time")
    np.testing.assert_allclose(cube.frazil.mean("time"), cube.astype("f8").mean("time"), rtol=1e-12)


def test_images_that_changed_are_computed_of_by_the_next_call(tmp_path):
    import frazil
    import frazil.xarray

    values = numbers(7, 0)
    band = frazil.cube([item("a", TIMES[0], {"B4": write(tmp_path / "a.tif", values, 0)})], "B4")[:, 0]
    assert band[:, :100].frazil.sum() == values[:, :100].sum()
    write(tmp_path / "b.tif", values * 2, 0)
    (tmp_path / "a.tif").write_bytes((tmp_path / "b.tif").read_bytes())
    with pytest.raises(frazil.errors.ChangedError):
        band.frazil.sum()
    assert band.frazil.sum() == 2 * values.sum(dtype="f8")


def test_numbers_become_values_by_each_image_s_own_scale(items, tmp_path):
    import frazil

    stored = frazil.cube(items, ["B4", "QA"])
    assert list(stored.scale_factor.values) == [0.5, 1.0] and list(stored.add_offset.values) == [-10.0, 0.0]
    other = json.loads(json.dumps(items))
    other[2]["assets"]["B4"]["raster:bands"][0]["offset"] = 5.0
    with pytest.warns(UserWarning, match="different scales or offsets for B4"):
        frazil.cube(other, "B4")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cube = frazil.cube(other, "B4", rescale=True)
    assert cube.dtype == "float32" and np.isnan(cube.attrs["_FillValue"])
    for number, offset in enumerate((-10.0, -10.0, 5.0)):
        theirs = stored[number, 0].values
        expected = np.where(theirs == 0, np.nan, theirs * 0.5 + offset)
        np.testing.assert_array_equal(cube[number, 0].values, expected.astype("f4"))


def test_types_and_missing_pixels_may_be_chosen(items):
    import frazil

    stored = frazil.cube(items[:1], "B4")[0, 0].values
    cube = frazil.cube(items[:1], "B4", dtype="float64")
    np.testing.assert_array_equal(cube[0, 0].values, np.where(stored == 0, 0, stored))
    cube = frazil.cube(items[:1], "B4", dtype="int16", nodata=-1)
    assert cube.attrs["_FillValue"] == -1
    np.testing.assert_array_equal(cube[0, 0].values, np.where(stored == 0, -1, stored.astype("i2")))
    with pytest.raises(frazil.errors.InvalidError, match="uint16 has no -1"):
        frazil.cube(items, "B4", nodata=-1)


def test_an_image_without_a_number_for_missing_pixels_covers_only_itself(tmp_path):
    import frazil

    one = np.zeros((1, 50, 50), "uint8")
    other = np.full((1, 50, 50), 7, "uint8")
    made = [
        item("a", TIMES[0], {"data": write(tmp_path / "a.tif", one, None)}),
        item("b", TIMES[0], {"data": write(tmp_path / "b.tif", other, None, left=LEFT + 25 * PIXEL)}),
    ]
    cube = frazil.cube(made)
    assert "_FillValue" not in cube.attrs
    assert (cube[0, 0, :, :50].values == 0).all() and (cube[0, 0, :, 50:].values == 7).all()


def test_missing_pixels_are_those_of_the_image_s_own_type(tmp_path):
    """A number that single precision has not, told by an item; and what another image says is missing."""
    import frazil

    values = numbers(1, 0, "float32")
    left = values.copy()
    left[:, :, :100] = -9999.9
    made = [
        item("a", TIMES[0], {"data": write(tmp_path / "a.tif", left, None)}),
        item("b", TIMES[0], {"data": write(tmp_path / "b.tif", values, 5)}),
    ]
    made[0]["assets"]["data"]["raster:bands"][0]["nodata"] = -9999.9
    cube = frazil.cube(made, preserve_original_order=True)[0, 0].values
    seen = np.where(left == left[0, 0, 0], values, left)[0]
    is_seen = (left[0] != left[0, 0, 0]) | (values[0] != 5)
    assert (seen[:, :100] == 5).any() and (left[0, :, 100:] == 5).any()
    np.testing.assert_array_equal(cube[is_seen], seen[is_seen])
    np.testing.assert_array_equal(cube[~is_seen], left[0, 0, 0])


def test_scales_of_images_that_were_not_opened_are_not_compared(tmp_path):
    import frazil

    made = []
    for number, time in enumerate(TIMES):
        path = write(tmp_path / f"{number}.tif", numbers(number, 0), 0)
        with rasterio.open(path, "r+") as image:
            image.scales = (0.5,)
        made.append(item(f"a{number}", time, {"data": path}))
        del made[-1]["assets"]["data"]["raster:bands"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cube = frazil.cube(made)
    assert cube.scale_factor.values == [0.5]


def near(array, values, image, least=0.999):
    """Whether pixels of an array are those of an image, by positions of PROJ, where these are sure."""
    expected, sure = exact(image, "data", array, "nearest")
    assert sure.mean() > least and (expected != 0).mean() > 0.4
    np.testing.assert_array_equal(values[sure], expected[sure])


def test_a_pole_inside_an_image_is_no_hole(tmp_path):
    import frazil

    side = 25_000.0
    path = write(tmp_path / "ice.tif", numbers(2, 0), 0, left=-SIDE / 2 * side, top=SIDE / 2 * side, crs="EPSG:3413", pixel=side)
    ice = item("ice", TIMES[0], {"data": path})
    cube = frazil.cube([ice], crs="EPSG:4326", resolution=0.5)
    assert (cube.x[0], cube.x[-1], cube.y[0]) == (-179.75, 179.75, 89.75)
    assert (cube[0, 0, :20].values != 0).all()
    near(cube, cube[0, 0].values, ice)
    box = frazil.cube([ice], bbox=(-180, 80, 180, 90))
    radius = rasterio.warp.transform("EPSG:4326", "EPSG:3413", [-45], [80])[1][0]
    assert abs(box.y[-1] - radius) <= side and abs(box.x[-1] + radius) <= side


def test_longitudes_may_be_counted_beyond_180(tmp_path):
    import frazil

    values = np.random.default_rng(5).integers(1, 200, (1, 150, 300)).astype("uint8")
    rolled = np.roll(values, 150, axis=2)
    beyond, plain = (
        item(name, TIMES[0], {"data": write(tmp_path / f"{name}.tif", array, 0, left=left, top=90, crs="EPSG:4326", pixel=1.2)})
        for name, array, left in (("beyond", values, 0), ("plain", rolled, -180))
    )
    polar = {"crs": "EPSG:3413", "resolution": 40_000, "x": (-3e6, 3e6), "y": (-3e6, 3e6)}
    cube = frazil.cube([plain], **polar)
    near(cube, cube[0, 0].values, plain, least=0.98)
    assert (cube.values != 0).all(), "nor is the antimeridian a seam"
    np.testing.assert_array_equal(frazil.cube([beyond], **polar).values, cube.values)
    for box in ((-100, 10, -50, 50), (-40, -30, 40, 30), (120, -30, 180, 30)):
        mine, theirs = (frazil.cube([one], bbox=box) for one in (beyond, plain))
        assert (theirs.values != 0).all()
        np.testing.assert_array_equal(mine.values, theirs.values)


def test_masks_and_several_bands_of_an_image(tmp_path):
    import frazil

    values = numbers(5, 0, "uint8", 3)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write(tmp_path / "rgb.tif", values, None)
        with rasterio.open(tmp_path / "rgb.tif", "r+") as image:
            image.write_mask(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 5 > 0)
    one = item("a", TIMES[0], {"visual": tmp_path / "rgb.tif"})
    one["assets"]["visual"]["eo:bands"] = [{"name": name} for name in ("red", "green", "blue")]
    cube = frazil.cube([one], "visual", nodata=255)
    assert list(cube.band.values) == ["visual.red", "visual.green", "visual.blue"]
    with rasterio.open(tmp_path / "rgb.tif") as image:
        np.testing.assert_array_equal(cube[0].values, np.where(image.dataset_mask(), image.read(), 255))
    np.testing.assert_array_equal(frazil.cube([one], "green", nodata=255)[0, 0].values, cube[0, 1].values)


def test_what_items_do_not_tell_their_images_do(items):
    import frazil

    bare = json.loads(json.dumps(items))
    for one in bare:
        for asset in one["assets"].values():
            for name in [name for name in asset if ":" in name]:
                del asset[name]
    told, cube = frazil.cube(items, ["B4", "QA"]), frazil.cube(bare, ["B4", "QA"])
    np.testing.assert_array_equal(cube.values, told.values)
    assert cube.dtype == told.dtype and (cube.x == told.x).all() and cube.attrs == told.attrs


def test_images_are_where_they_say_and_not_where_their_items_do(items):
    import frazil

    moved = json.loads(json.dumps(items[:1]))
    moved[0]["assets"]["B4"]["proj:transform"][2] += 2 * PIXEL
    cube = frazil.cube(moved, "B4")
    np.testing.assert_array_equal(cube[0, 0, :, :-2].values, read(items[0], "B4")[:, 2:])


def test_what_does_not_fit_is_told(items):
    import frazil

    wrong = json.loads(json.dumps(items))
    wrong[0]["assets"]["B4"]["raster:bands"][0]["data_type"] = "uint8"
    with pytest.raises(frazil.errors.InvalidError, match="its pixels are uint16, and those of the cube uint8"):
        frazil.cube(wrong[:1], "B4").values
    with pytest.raises(frazil.errors.InvalidError, match="no band `B5`") as told:
        frazil.cube(items, "B5")
    assert "B4" in "".join(told.value.__notes__)
    with pytest.raises(frazil.errors.InvalidError, match="pixels are there"):
        frazil.cube(items, "B4", crs="EPSG:3857")
    with pytest.raises(frazil.errors.InvalidError, match="no resampling `cubic`"):
        frazil.cube(items, "B4", resampling="cubic")


def test_images_behind_a_login_are_read_where_they_lie(items, logged_in, made, world):
    import shutil

    import frazil

    for band in ("B4", "QA"):
        shutil.copy(items[0]["assets"][band]["href"], made / f"cube-{band}.tif")
    afar = json.loads(json.dumps(items[:1]))
    for band in ("B4", "QA"):
        afar[0]["assets"][band]["href"] = f"{files.ARCHIVE}/made/cube-{band}.tif"
    before = frazil.io_stats().total
    cube = frazil.cube(afar, chunks={})
    assert frazil.io_stats().total == before, "a plan asks for nothing that its items tell"
    np.testing.assert_array_equal(cube[0, 0].compute(), read(items[0], "B4"))


def test_the_reference_system_is_as_cf_has_it(items):
    import frazil

    cube = frazil.cube(items, "B4")
    reference = cube.spatial_ref.attrs
    assert cube.attrs["grid_mapping"] == "spatial_ref" and reference["spatial_ref"] == "EPSG:32622"
    own = frazil.cube(items, "B4", crs="+proj=utm +zone=22 +datum=WGS84", resolution=30).spatial_ref.attrs
    assert rasterio.crs.CRS.from_wkt(own["crs_wkt"]).to_dict()["lon_0"] == -51
    assert cube.x.attrs["standard_name"] == "projection_x_coordinate"
    degrees = frazil.cube(items, "B4", crs=4326, resolution=0.01)
    assert degrees.y.attrs["units"] == "degrees_north" and degrees.y[0] > degrees.y[-1]
