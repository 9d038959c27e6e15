"""GeoTIFF, as rasterio reads and writes it."""

import warnings

import pytest
from conftest import md5, part, science, variables

import numpy
import rasterio
warnings.simplefilter("ignore")

REAL = [
    "HLS.L30.T15UWP.2024283T165135.v2.0.Fmask.tif",
    "async-tiff_BigTIFF.tif",
    "async-tiff_int16_zstd.tif",
    "async-tiff_predictor-3-rgb-f32.tif",
    "lcmap_tiny_cog_2019.tif",
    "rasterio_cogeo.tif",
    "rio-tiler_cog.tif",
    "rio-tiler_cog_int16.tif",
    "rio-tiler_nocog.tif",
]


def compare(path, is_exact=True):
    ours = variables(path)
    with rasterio.open(path) as image:
        levels = len(image.overviews(1))
    for level in range(levels + 1):
        below = f"/overview_{level}" if level else ""
        with rasterio.open(path, **({"overview_level": level - 1} if level else {})) as image:
            data = ours[f"{below}/band_data"]
            assert data["error"] is None
            assert data["shape"] == [image.count, image.height, image.width]
            if is_exact:
                assert data["md5"] == md5(image.read()), below
            t = image.transform
            assert ours[f"{below}/x"]["md5"] == md5(t.c + (numpy.arange(image.width) + 0.5) * t.a)
            assert ours[f"{below}/y"]["md5"] == md5(t.f + (numpy.arange(image.height) + 0.5) * t.e)
            if f"{below}/mask" in ours:
                assert ours[f"{below}/mask"]["md5"] == md5(image.dataset_mask())
    with rasterio.open(path) as image:
        said = ours["/band_data"]["attributes"]
        assert said.get("_FillValue") == image.nodata
        place = ours["/spatial_ref"]["attributes"]
        assert place.get("epsg") == (image.crs.to_epsg() if image.crs else None)
        if image.crs:
            assert rasterio.crs.CRS.from_user_input(place["spatial_ref"]) == image.crs
    return ours


@pytest.mark.parametrize("name", REAL)
def test_real_images_have_the_values_of_rasterio(name):
    path = science(f"cog/{name}")
    # Two decoders of JPEG round differently: its values are compared below.
    compare(path, is_exact=name != "rasterio_cogeo.tif")


def test_a_jpeg_is_near_to_what_gdal_makes_of_it():
    path = science("cog/rasterio_cogeo.tif")
    with rasterio.open(path) as image:
        theirs = image.read(window=((300, 312), (500, 525)))
    ours = numpy.array(part(path, "band_data", (0, 3, 1), (300, 12, 1), (500, 25, 1))["values"]).reshape(theirs.shape)
    assert abs(ours - theirs).max() <= 4 and abs(ours - theirs).mean() < 1


CASES = [
    {"compress": compress, "predictor": predictor, "tiled": tiled, "interleave": interleave, "dtype": dtype}
    for compress, predictor in [(None, 1), ("deflate", 2), ("lzw", 2), ("zstd", 3), ("packbits", 1), ("lzw", 3)]
    for tiled in [True, False]
    for interleave in ["band", "pixel"]
    for dtype in (["float32", "float64"] if predictor == 3 else ["uint8", "int16", "uint32", "float64"])
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
@pytest.mark.parametrize("endianness", ["little", "big"])
def test_made_images(tmp_path, case, endianness):
    path = tmp_path / "made.tif"
    values = (numpy.arange(3 * 150 * 170) * 7 % 251).reshape(3, 150, 170).astype(case["dtype"])
    settings = {key: value for key, value in case.items() if value is not None}
    if case["tiled"]:
        settings |= {"blockxsize": 64, "blockysize": 32}
    place = rasterio.transform.from_origin(500000, 4000000, 30, 30)
    made = {"count": 3, "height": 150, "width": 170, "driver": "GTiff", "crs": "EPSG:32633", "transform": place}
    with rasterio.open(path, "w", **made, **settings, endianness=endianness) as image:
        image.write(values)
    compare(path)
    window = part(path, "band_data", (1, 2, 1), (20, 11, 7), (60, 20, 5))
    assert window["md5"] == md5(values[1:3, 20:91:7, 60:156:5])


def test_bits_sparse_tiles_scales_and_points(tmp_path):
    path = tmp_path / "made.tif"
    made = {"count": 1, "height": 100, "width": 90, "driver": "GTiff", "tiled": True, "blockxsize": 32, "blockysize": 32}
    with rasterio.open(path, "w", **made, dtype="uint8", nbits=1) as image:
        image.write((numpy.arange(9000) % 3 == 0).reshape(1, 100, 90).astype("uint8"))
    compare(path)
    path = tmp_path / "sparse.tif"
    with rasterio.open(path, "w", **made, dtype="int16", nodata=-9, sparse_ok=True, bigtiff="yes") as image:
        image.write(numpy.full((1, 32, 32), 5, "int16"), window=((0, 32), (32, 64)))
        image.scales, image.offsets, image.descriptions, image.units = [0.5], [2.0], ["height"], ["m"]
        image.update_tags(AREA_OR_POINT="Point")
    ours = compare(path)
    said = ours["/band_data"]["attributes"]
    assert (said["scale_factor"], said["add_offset"], said["long_name"], said["units"]) == (0.5, 2.0, "height", "m")


def test_a_compression_that_there_is_not_is_named(tmp_path):
    path = tmp_path / "made.tif"
    made = {"count": 1, "height": 64, "width": 64, "driver": "GTiff", "dtype": "float32", "compress": "lerc"}
    try:
        with rasterio.open(path, "w", **made) as image:
            image.write(numpy.zeros((1, 64, 64), "float32"))
    except rasterio.errors.RasterioError as error:
        pytest.skip(f"rasterio writes no LERC here: {error}")
    assert "LERC" in variables(path)["/band_data"]["error"]
