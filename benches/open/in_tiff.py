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


def of_rasterio(opened, file, work):
    """What is asked of an image of GDAL."""
    from rasterio.windows import Window

    rows, columns = WINDOW
    window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
    level = {"OVERVIEW_LEVEL": OVERVIEW - 1} if work == "overview" else {}
    with opened(file, **level) as image:
        return found(image.read(1, window=window if work == "window" else None))


def rasterio_curl(work):
    """directories of the image, tiles of the part, by GDAL's /vsicurl without a listing of the folder"""
    import rasterio

    # GDAL asks for the folder's other files unless told not to, and uses one thread unless told to.
    os.environ["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    os.environ["GDAL_NUM_THREADS"] = "ALL_CPUS"
    return lambda address: of_rasterio(rasterio.open, address, work), None


def rasterio_file(work):
    """the same by rasterio, unchanged, on frazil.File"""
    import frazil
    import rasterio

    return lambda address: of_rasterio(rasterio.open, frazil.File(address), work), frazil


READERS = {
    "frazil.open": frazil_open,
    "rasterio on frazil.File": rasterio_file,
    "rasterio": rasterio_curl,
}

if __name__ == "__main__":
    run(READERS)
