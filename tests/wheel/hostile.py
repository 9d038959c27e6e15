"""Arrays of all types, shapes and layouts, from a seed: as they come, and as nobody wants them."""

import numpy as np
import xarray as xr

TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">f4", ">f8", ">i2", ">i8", "?"]
LAYOUTS = ["plain", "transposed", "turned round", "every second", "unaligned", "read only"]


def values(rng, dtype, shape):
    """Numbers of a type; of floats some are missing, and some infinite."""
    made = rng.normal(20, 50, shape)
    kind = np.dtype(dtype).kind
    if kind in "iu":
        return made.clip(0, 100).astype(dtype)
    if kind == "b":
        return made > 20
    made[rng.random(shape) < rng.choice([0, 0.1, 0.9])] = np.nan
    made[rng.random(shape) < rng.choice([0, 0, 0.05])] = rng.choice([np.inf, -np.inf])
    return made.astype(dtype)


def laid(array, layout):
    """The same numbers, laid in memory otherwise."""
    if layout == "transposed":
        return np.asfortranarray(array)
    if layout == "turned round":
        return np.ascontiguousarray(array[::-1, ..., ::-1])[::-1, ..., ::-1]
    if layout == "every second":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "unaligned":
        raw = np.frombuffer(b"\0" + array.tobytes(), "u1")[1:]
        return raw.view(array.dtype).reshape(array.shape)
    if layout == "read only":
        array = array.copy()
        array.flags.writeable = False
    return array


def arrays(seed, count, dims=("time", "lat", "lon")):
    """So many arrays of xarray; all types and layouts come in turn. Some have one element, and some none."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        shape = tuple(rng.choice([1, 2, 3, 7, 13], len(dims)))
        if number % 12 == 11:
            shape = (*shape[:-1], 0)
        numbers = values(rng, TYPES[number % len(TYPES)], shape)
        layout = LAYOUTS[number % len(LAYOUTS)]
        coords = {"time": xr.date_range("1999-11-20", periods=shape[0], freq="17D", use_cftime=False)}
        yield xr.DataArray(laid(numbers, layout), coords, dims, "t", {"units": "K"})


def wide(array):
    """The same in double precision."""
    return array.astype("f8")
