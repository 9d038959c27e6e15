"""Files that readers are compared on, made once into a folder: the stand-in granules, stores of Zarr, an image.

    python made.py MAKER FOLDER [KIND]
"""

import os
import subprocess
import sys
from pathlib import Path

SHARED = Path(os.environ.get("FRAZIL_SHARED") or Path(__file__).parents[3] / "shared")
STRUCTURE = "ATL03_*.dmr.xml.gz"
GRANULES = ["v6", "v7"]
STORES = {"chunks": {"chunks": (1, 256, 256)}, "shards": {"chunks": (1, 256, 256), "shards": (4, 1024, 1024)}}
LOCAL = [
    "icesat2/ATL06_20181013235645_02340114_209_01.h5",
    "icesat2/processed_ATL06_20190420093051_03380303_005_01.h5",
    "netcdf4-hdf5/coads_climatology.nc4",
    "netcdf4-hdf5/S5P_CH4.SUB.nc4",
]


def made(maker: str, folder: Path, kind: str = "") -> Path:
    """A file, made by a process of its own: readers that are started later would be counted with its memory."""
    words = [sys.executable, __file__, maker, str(folder), kind]
    return Path(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def granule(folder: Path, kind: str) -> Path:
    """A file shaped like ATL03: v6 has chunks of 10,000 elements, v7 pages of 8 MiB and chunks of 100,000."""
    path = folder / f"granule-{kind}.h5"
    if not path.exists():
        structure = next((SHARED / "science/kerchunk-dmrpp").glob(STRUCTURE))
        part = path.with_suffix(".part")
        maker = [sys.executable, SHARED / "peers/granule.py", structure, part, "1230000", kind]
        subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
        part.rename(path)
    return path


def store(folder: Path, kind: str) -> Path:
    """A group of Zarr v3 with one array of 192 MiB behind zstd, in chunks of 256 KiB or in shards of 64 of them."""
    import numpy as np
    import zarr

    path = folder / f"{kind}.zarr"
    if not path.exists():
        part = path.with_suffix(".part")
        rng = np.random.default_rng(7)
        values = rng.normal(280, 0.1, (48, 1024, 1024)).astype("f4").round(2)
        group = zarr.open_group(part, mode="w", zarr_format=3)
        group.create_array("t2m", data=values, compressors=zarr.codecs.ZstdCodec(level=3), **STORES[kind])
        zarr.consolidate_metadata(part)
        part.rename(path)
    return path


def image(folder: Path, _: str) -> Path:
    """A cloud-optimized GeoTIFF as large as a band of Sentinel-2: 10,980 × 10,980 of uint16, deflate, tiles of 512."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    path = folder / "image.tif"
    if not path.exists():
        side, rng = 10_980, np.random.default_rng(7)
        slope = np.add.outer(np.arange(side) // 8, np.arange(side) // 4).astype("u2")
        values = slope + rng.integers(0, 200, (side, side), "u2")
        part = path.with_suffix(".part")
        options = {"driver": "COG", "compress": "deflate", "predictor": 2, "blocksize": 512, "num_threads": "ALL_CPUS"}
        size = {"width": side, "height": side, "count": 1, "dtype": "uint16"}
        place = {"crs": "EPSG:32633", "transform": from_origin(399_960, 4_600_020, 10, 10)}
        with rasterio.open(part, "w", **options, **size, **place) as file:
            file.write(values, 1)
        part.rename(path)
    return path


if __name__ == "__main__":
    print({"granule": granule, "store": store, "image": image}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3]))
