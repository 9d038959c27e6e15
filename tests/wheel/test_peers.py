"""Cubes against odc-stac, and what rioxarray understands of them: the Landsat tutorial of Pangeo with today's parts."""

import sys

import numpy as np
import pystac
import pytest
import rioxarray  # noqa: F401: makes `.rio`
from odc import stac as odc_stac
from package import ROOT

sys.path.insert(1, str(ROOT / "benches" / "cube"))

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Two tiles of a pass that overlap, at two times, as STAC items of pystac."""
    import json

    import made

    folder = tmp_path_factory.mktemp("landsat")
    return [pystac.Item.from_dict(item) for item in json.loads(made.made(folder, str(folder)).read_text())]


def test_the_tutorial_of_landsat(items):
    """Bands of all passes as one lazy dataset, a window, an index of vegetation, clipped and on another grid."""
    import frazil

    cube = frazil.cube(items, ["red", "nir08"], groupby="solar_day", chunks={"y": 512, "x": 512})
    scenes = cube.where(cube != cube.attrs["_FillValue"]).to_dataset("band")
    assert cube.chunks is not None and scenes.nbytes > 2 * cube.nbytes
    assert scenes.rio.crs == "EPSG:32622" and scenes.rio.resolution() == (30.0, -30.0)
    assert scenes.rio.bounds() == (499_995.0, 4_099_995.0 - 2816 * 30, 499_995.0 + 1536 * 30, 4_099_995.0)
    index = (scenes.nir08 - scenes.red) / (scenes.nir08 + scenes.red)
    window = index.sel(x=slice(510_000, 520_000), y=slice(4_080_000, 4_070_000)).compute()
    own = scenes.sel(x=window.x, y=window.y).compute()
    np.testing.assert_allclose(window, (own.nir08 - own.red) / (own.nir08 + own.red))
    assert window.sizes == {"time": 2, "y": 334, "x": 334} and float(window.isel(time=0).std()) > 0
    clipped = cube.isel(time=0, band=0).rio.clip_box(510_000, 4_070_000, 520_000, 4_080_000)
    np.testing.assert_array_equal(clipped.values[:333, :333], cube[0, 0].sel(x=clipped.x, y=clipped.y).values[:333, :333])
    degrees = clipped.compute().rio.reproject("EPSG:4326")
    assert degrees.rio.crs == "EPSG:4326" and degrees.rio.nodata == 0


def test_numbers_are_those_of_odc_stac(items):
    import frazil

    ours = frazil.cube(items, ["red", "nir08"], groupby="solar_day")
    theirs = odc_stac.load(items, ["red", "nir08"], like=ours.odc.geobox, groupby="solar_day")
    np.testing.assert_array_equal(theirs.time.values.astype("M8[D]"), ours.time.values.astype("M8[D]"))
    for band in ("red", "nir08"):
        np.testing.assert_array_equal(ours.sel(band=band).values, theirs[band].values)
    assert (ours != 0).mean() > 0.9
