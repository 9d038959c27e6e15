"""Cubes as arrays of xarray, which are read when they are indexed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from . import _indexing, _open
from ._native import Cube

AT_ONCE = 4
"""Planes that are read at once."""


class Lazy(BackendArray):
    """A cube, of which the windows are read that are indexed."""

    def __init__(self, cube: Cube) -> None:
        self._cube = cube
        self.shape = cube.shape
        self.dtype = _open.dtype_of(cube.dtype)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        extents, rest = _indexing.split(key, self.shape)
        (times, bands), (rows, columns) = ([_range(extent) for extent in pair] for pair in (extents[:2], extents[2:]))
        values = np.empty((len(times) * len(bands), len(rows), len(columns)), self.dtype)
        if values.size:
            window = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
            planes = [(time, band) for time in times for band in bands]
            for first in range(0, len(planes), AT_ONCE):
                for at, told in enumerate(self._cube.read(planes[first : first + AT_ONCE], window), first):
                    values[at] = _open.array(told)[:: rows.step, :: columns.step]
        return _indexing.take(values.reshape([count for _, count, _ in extents]), rest)


def _range(extent: _indexing.Extent) -> range:
    start, count, step = extent
    return range(start, start + count * step, step)


def array(cube: Cube) -> xr.DataArray:
    """A cube with its coordinates, as the CF conventions and rioxarray have them."""
    lazy = Lazy(cube)
    names, nodata, scales, offsets, _ = zip(*cube.bands, strict=True)
    times, ids = zip(*cube.slots, strict=True)
    coordinates: dict[str, Any] = {
        "time": ("time", np.array(times, "M8[ns]")),
        "band": ("band", np.array(names)),
        **_places(cube),
        "spatial_ref": ((), 0, _reference(cube)),
        "id": ("time", np.array([" ".join(of) for of in ids])),
    }
    if any(scale is not None for scale in scales):
        coordinates["scale_factor"] = ("band", np.array([1.0 if scale is None else scale for scale in scales]))
        coordinates["add_offset"] = ("band", np.array([offset or 0.0 for offset in offsets]))
    attrs: dict[str, Any] = {"grid_mapping": "spatial_ref"}
    numbers = [_number(value, lazy.dtype) for value in nodata]
    if all(number is not None and _is_same(number, numbers[0]) for number in numbers):
        attrs["_FillValue"] = numbers[0]
    elif any(number is not None for number in numbers):
        coordinates["nodata"] = ("band", np.array([np.nan if number is None else number for number in numbers], "f8"))
    variable = xr.Variable(("time", "band", "y", "x"), indexing.LazilyIndexedArray(lazy), attrs)
    return xr.DataArray(variable, coordinates, name="cube")


def chunked(array: xr.DataArray, cube: Cube, chunks: Mapping[str, Any]) -> xr.DataArray:
    """The same in chunks of Dask. What is named alike is the same cube."""
    return array.chunk(chunks, name_prefix="cube-", token=cube._token())


def name_of(dtype: Any) -> str:
    """numpy's name of a type."""
    name: str = np.dtype(dtype).name
    return name


def _number(value: float | None, dtype: np.dtype[Any]) -> Any:
    if value is None:
        return dtype.type(np.nan) if dtype.kind == "f" else None
    return dtype.type(value if dtype.kind == "f" else int(value))


def _is_same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def _places(cube: Cube) -> dict[str, Any]:
    """The middles of pixels along y and x."""
    left, width, _, top, _, height = cube.transform
    *_, rows, columns = cube.shape
    _, _, is_geographic = cube.crs
    names = ("latitude", "longitude") if is_geographic else ("projection_y_coordinate", "projection_x_coordinate")
    told = [{"axis": axis, "standard_name": name} for axis, name in zip("YX", names, strict=True)]
    if is_geographic:
        told[0]["units"], told[1]["units"] = "degrees_north", "degrees_east"
    return {
        "y": ("y", top + (np.arange(rows) + 0.5) * height, told[0]),
        "x": ("x", left + (np.arange(columns) + 0.5) * width, told[1]),
    }


def _reference(cube: Cube) -> dict[str, Any]:
    """The coordinate reference system, as rioxarray reads it."""
    text, wkt, _ = cube.crs
    attrs = {"spatial_ref": text, "GeoTransform": " ".join(map(repr, cube.transform))}
    return {**attrs, "crs_wkt": wkt} if wkt and not text.startswith("EPSG:") else attrs
