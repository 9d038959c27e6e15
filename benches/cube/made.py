"""STAC items of cloud-optimized GeoTIFFs as Landsat has them: two tiles of a pass that overlap, at two times."""

import json
from pathlib import Path

import numpy as np
import rasterio
from rasterio.warp import transform_bounds

PIXEL, SIDE, OVERLAP = 30.0, 1536, 256
LEFT, TOP = 499_995.0, 4_099_995.0
"""The corner of the first tile, no multiple of a pixel."""
EPSG = 32622
BANDS = {"red": 1, "nir08": 2}
TIMES = ("2020-06-01T14:00:00Z", "2020-06-17T14:00:00Z")
TILES = (0, SIDE - OVERLAP)
EXTENSIONS = ["projection/v1.1.0", "raster/v1.1.0", "eo/v1.1.0"]


def scene(seed: int) -> np.ndarray:
    """A pass of both tiles: hills and noise; where tiles overlap they have the same numbers, as of one scene."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: 2 * SIDE - OVERLAP, :SIDE]
    hills = 8000 + 4000 * np.sin(rows / 90 + seed) * np.cos(columns / 70)
    return (hills + rng.integers(0, 400, hills.shape)).astype("uint16")


def image(path: Path, values: np.ndarray, top: float) -> None:
    values = values.copy()
    rows, columns = np.mgrid[:SIDE, :SIDE]
    # An image stands aslant in its frame.
    values[rows + columns < SIDE // 4] = 0
    transform = rasterio.Affine(PIXEL, 0, LEFT, 0, -PIXEL, top)
    profile = {"driver": "COG", "dtype": "uint16", "count": 1, "height": SIDE, "width": SIDE, "nodata": 0}
    profile |= {"crs": f"EPSG:{EPSG}", "transform": transform, "blocksize": 256, "compress": "deflate"}
    with rasterio.open(path, "w", **profile, overview_resampling="nearest") as written:
        written.write(values, 1)


def item(name: str, time: str, top: float, assets: dict[str, str]) -> dict:
    place = {"proj:epsg": EPSG, "proj:shape": [SIDE, SIDE], "proj:transform": [PIXEL, 0, LEFT, 0, -PIXEL, top]}
    edges = (LEFT, top - SIDE * PIXEL, LEFT + SIDE * PIXEL, top)
    west, south, east, north = transform_bounds(f"EPSG:{EPSG}", "EPSG:4326", *edges)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    raster = {"raster:bands": [{"data_type": "uint16", "nodata": 0}]}
    cog = "image/tiff; application=geotiff; profile=cloud-optimized"
    told = {key: {"href": href, "type": cog, "roles": ["data"], **place, **raster} for key, href in assets.items()}
    for key, asset in told.items():
        asset["eo:bands"] = [{"name": key, "common_name": key}]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [f"https://stac-extensions.github.io/{name}/schema.json" for name in EXTENSIONS],
        "id": name,
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": time, **place},
        "links": [],
        "assets": told,
    }


def made(folder: Path, at: str) -> Path:
    """Images in a folder, made once, and the items that name them at an address, as one file."""
    items = []
    for number, time in enumerate(TIMES):
        passes = {band: scene(10 * number + seed) for band, seed in BANDS.items()}
        for tile, row in enumerate(TILES):
            name, top = f"pass-{number}-tile-{tile}", TOP - row * PIXEL
            for band, values in passes.items():
                path = folder / f"{name}-{band}.tif"
                if not path.exists():
                    image(path, values[row : row + SIDE], top)
            items.append(item(name, time, top, {band: f"{at}/{name}-{band}.tif" for band in BANDS}))
    told = folder / ("afar.json" if "://" in at else "here.json")
    told.write_text(json.dumps(items))
    return told
