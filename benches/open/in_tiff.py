"""One reader's work on a cloud-optimized GeoTIFF. Prints a line of JSON: seconds, what was found, the work.

    python in_tiff.py READER WORK ADDRESS [--cores N]

Works: `window`, 1,024 × 1,024 pixels at full resolution; `overview`, all of the third one; `whole`, all pixels.
"""

import os

from worker import run

WINDOW = (slice(3000, 4024), slice(5000, 6024))
# The third overview, which GDAL counts from 0.
OVERVIEW = 3


def found(values):
    return {"shape": list(values.shape), "sum": float(values.sum(dtype="f8"))}


def frazil_open(work):
    """directories of the image, tiles of the part, which are asked for together"""
    import frazil
    import numpy  # noqa: F401 (not on the clock)

    def read(address):
        image = frazil.open(address, f"overview_{OVERVIEW}" if work == "overview" else "/")["band_data"]
        return found(image[(0, *WINDOW)] if work == "window" else image[0])

    return read, frazil


def of_rasterio(address, work, **how):
    """What is asked of an image of GDAL."""
    import rasterio
    from rasterio.windows import Window

    rows, columns = WINDOW
    window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    level = {"OVERVIEW_LEVEL": OVERVIEW - 1} if work == "overview" else {}
    with rasterio.open(address, **how, **level) as image:
        return found(image.read(1, window=window if work == "window" else None))


def rasterio_curl(work):
    """directories of the image, tiles of the part, by GDAL's /vsicurl, on all cores"""
    import rasterio  # noqa: F401 (not on the clock)

    return lambda address: of_rasterio(address, work), None


def rasterio_opener(work):
    """the same by rasterio, to which frazil.File is an opener of files"""
    import frazil
    import rasterio  # noqa: F401 (not on the clock)

    # Given an open file, rasterio reads all of it before it begins.
    return lambda address: of_rasterio(address, work, opener=lambda path, **_: frazil.File(path)), frazil


READERS = {
    "frazil.open": frazil_open,
    "rasterio, opener frazil.File": rasterio_opener,
    "rasterio": rasterio_curl,
}

if __name__ == "__main__":
    # GDAL asks for the folder's other files unless told not to, and uses one thread unless told otherwise.
    os.environ |= {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_NUM_THREADS": "ALL_CPUS"}
    run(READERS)
