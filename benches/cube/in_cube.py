"""One reader's work on STAC items. Prints a line of JSON, and keeps the numbers it read.

    python in_cube.py READER WORK ITEMS OUT.npy

Readers are told the same grid: its corner, its pixels and its coordinate reference system.
"""

import argparse
import inspect
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BANDS = ["red", "nir08"]
THREADS = 8


@dataclass(frozen=True)
class Work:
    """A grid, and how it is filled."""

    crs: int
    pixel: float
    left: float
    top: float
    width: int
    height: int
    resampling: str

    @property
    def edges(self):
        """Least x, least y, greatest x, greatest y."""
        return self.left, self.top - self.height * self.pixel, self.left + self.width * self.pixel, self.top


WORKS = {
    "whole": Work(32622, 30.0, 499_995.0, 4_099_995.0, 1536, 2816, "nearest"),
    "window": Work(32622, 30.0, 511_995.0, 4_063_995.0, 400, 400, "nearest"),
    "nearest": Work(32621, 45.0, 1_035_000.0, 4_095_000.0, 700, 700, "nearest"),
    "bilinear": Work(4326, 0.00025, -50.95, 36.98, 1000, 800, "bilinear"),
}


def frazil(work, items):
    """frazil.cube, numpy's arrays"""
    import frazil

    left, bottom, right, top = work.edges
    how = {"crs": work.crs, "resolution": work.pixel, "x": (left, right), "y": (bottom, top)}
    read = lambda: frazil.cube(items, BANDS, groupby="solar_day", resampling=work.resampling, **how).values
    return read, frazil


def odc_stac(work, items):
    """odc.stac.load with its defaults for clouds, eight threads"""
    import odc.stac
    import pystac
    from affine import Affine
    from odc.geo.geobox import GeoBox

    odc.stac.configure_rio(cloud_defaults=True)
    box = GeoBox((work.height, work.width), Affine(work.pixel, 0, work.left, 0, -work.pixel, work.top), work.crs)
    how = {"geobox": box, "groupby": "solar_day", "resampling": work.resampling, "pool": THREADS}

    def read():
        found = odc.stac.load([pystac.Item.from_dict(item) for item in items], BANDS, **how)
        return found[BANDS].to_array("band").transpose("time", "band", ...).values

    return read, None


def stackstac(work, items):
    """stackstac.stack with its defaults, a mosaic of each time, Dask on eight threads"""
    import rasterio
    import stackstac

    how = {"epsg": work.crs, "resolution": work.pixel, "bounds": work.edges, "snap_bounds": False}
    how |= {"resampling": rasterio.enums.Resampling[work.resampling], "dtype": "uint16", "fill_value": np.uint16(0)}

    def read():
        stack = stackstac.stack(items, assets=BANDS, rescale=False, **how)
        times = [stackstac.mosaic(part, dim="time", nodata=0).data for _, part in stack.groupby("time")]
        import dask.array

        return dask.array.stack(times).compute(scheduler="threads", num_workers=THREADS)

    return read, None


READERS = {"frazil": frazil, "odc-stac": odc_stac, "stackstac": stackstac}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("items", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    reader = READERS[given.reader]
    read, counting = reader(WORKS[given.work], json.loads(given.items.read_text()))
    began = time.perf_counter()
    values = read()
    told = {"seconds": time.perf_counter() - began, "work": inspect.getdoc(reader), "found": list(values.shape)}
    np.save(given.out, values)
    if counting:
        total = counting.io_stats().total
        told["counted"] = {"requests": total.requests, "received": total.received}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
