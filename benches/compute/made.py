"""What is computed on: made once, the same each time."""

import shutil
from pathlib import Path

import numpy as np

LATITUDES, LONGITUDES = 721, 1440
# Hours in a chunk of the store.
CHUNK = 24
# Hours in a chunk of the store that is only planned, as that of the seeds had them.
LONG_CHUNK = 31
# Different chunks of the large store.
KINDS = 24


def rain(folder: Path, hours: int) -> Path:
    """Hourly rain in mm on a grid of a quarter degree, float32, gamma-like: a file of numpy."""
    path = folder / f"rain_{hours}.npy"
    if path.exists():
        return path
    rng = np.random.default_rng(0)
    day = (rng.gamma(0.15, 1.0, size=(24, LATITUDES, LONGITUDES)) * 0.7).astype("f4")
    part = path.with_suffix(".part")
    out = np.lib.format.open_memmap(part, mode="w+", dtype="f4", shape=(hours, LATITUDES, LONGITUDES))
    for hour in range(0, hours, 24):
        factor = np.float32(0.5 + ((hour * 37) % 100) / 100)
        out[hour : hour + 24] = np.roll(day, (hour * 7) % LONGITUDES, axis=2)[: hours - hour] * factor
    out.flush()
    return part.rename(path)


def store(folder: Path, hours: int) -> Path:
    """The same as a store of Zarr, as archives have it: bits rounded away, drizzle as zero, Blosc with LZ4."""
    path = folder / f"rain_{hours}.zarr"
    if path.exists():
        return path
    hourly = np.load(rain(folder, hours), mmap_mode="r")
    part = path.with_suffix(".part")
    out = begun(part, hours, CHUNK)
    for hour in range(0, hours, CHUNK):
        out[hour : hour + CHUNK] = rounded(hourly[hour : hour + CHUNK])
    return part.rename(path)


def begun(path: Path, hours: int, chunk: int):
    """A store for so many hours, of which no chunk is written yet."""
    import zarr
    from zarr.codecs import BloscCodec

    compressor = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")
    group = zarr.create_group(path, overwrite=True)
    return group.create_array(
        "tp",
        shape=(hours, LATITUDES, LONGITUDES),
        chunks=(chunk, LATITUDES, LONGITUDES),
        dtype="f4",
        compressors=compressor,
        dimension_names=("time", "latitude", "longitude"),
    )


def planned(folder: Path, hours: int) -> Path:
    """A store of which there is only what describes it: its chunks were never written."""
    path = folder / f"planned_{hours}.zarr"
    if not path.exists():
        part = path.with_suffix(".part")
        begun(part, hours, LONG_CHUNK)
        part.rename(path)
    return path


def large(folder: Path, hours: int) -> Path:
    """A store of rain that falls on a tenth of the world, so that it is less than a tenth as large as what it holds.

    Behind the first chunks each is a copy of one of them: a file of its own, so that all that is stored is read.
    """
    path = folder / f"large_{hours}.zarr"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    out = begun(part, hours, CHUNK)
    for kind in range(min(KINDS, hours // CHUNK)):
        out[kind * CHUNK : (kind + 1) * CHUNK] = showers(kind)
    chunks = part / "tp" / "c"
    for number in range(KINDS, hours // CHUNK):
        (chunks / str(number) / "0").mkdir(parents=True)
        shutil.copyfile(chunks / str(number % KINDS) / "0" / "0", chunks / str(number) / "0" / "0")
    return part.rename(path)


def showers(kind: int) -> np.ndarray:
    """The hours of a chunk of the large store."""
    rng = np.random.default_rng(kind)
    # Fields of some degrees, which are wet or dry for all of the day.
    is_wet = rng.random((LATITUDES // 20 + 1, LONGITUDES // 20)) < 0.1
    is_wet = is_wet.repeat(20, axis=0).repeat(20, axis=1)[:LATITUDES]
    values = np.zeros((CHUNK, LATITUDES, LONGITUDES), "f4")
    values[:, is_wet] = rng.gamma(0.15, 0.7, size=(CHUNK, int(is_wet.sum())))
    return rounded(values)


def rounded(values: np.ndarray) -> np.ndarray:
    """Values as the store has them."""
    kept = np.where(values < 1e-3, np.float32(0), values)
    return (kept.view("u4") & np.uint32(0xFFFFF000)).view("f4")


def monthly(months: int) -> np.ndarray:
    """A field of half a degree for each month, float32."""
    rng = np.random.default_rng(1)
    base = rng.standard_normal((48, 360, 720), dtype="f4")
    values = np.empty((months, 360, 720), "f4")
    for month in range(0, months, 48):
        values[month : month + 48] = np.roll(base, month, axis=2)[: months - month]
    return values
