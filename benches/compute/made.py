"""What is computed on: made once, the same each time."""

from pathlib import Path

import numpy as np

LATITUDES, LONGITUDES = 721, 1440
# Hours in a chunk of the store.
CHUNK = 24


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
    import zarr
    from zarr.codecs import BloscCodec

    hourly = np.load(rain(folder, hours), mmap_mode="r")
    compressor = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")
    chunks = (CHUNK, LATITUDES, LONGITUDES)
    part = path.with_suffix(".part")
    group = zarr.create_group(part, overwrite=True)
    names = ("time", "latitude", "longitude")
    out = group.create_array(
        "tp", shape=hourly.shape, chunks=chunks, dtype="f4", compressors=compressor, dimension_names=names
    )
    for hour in range(0, hours, CHUNK):
        out[hour : hour + CHUNK] = rounded(hourly[hour : hour + CHUNK])
    return part.rename(path)


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
