"""STAC items as one cube: time, band, y and x on a common grid."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _login
from ._file import How, how
from ._native import Cube, Item, Session

if TYPE_CHECKING:
    from typing import Literal, Unpack

    import xarray as xr

    Resampling = Literal["nearest", "bilinear"]

CHUNKS = {"time": 1, "band": 1, "y": 2048, "x": 2048}
"""Chunks of Dask along dimensions that are not named."""

NOT_HERE = "cubes need xarray: `pip install xarray`"


def cube(
    items: Iterable[Any],
    bands: str | Sequence[str] | None = None,
    *,
    crs: Any = None,
    resolution: float | tuple[float, float] | None = None,
    bbox: Sequence[float] | None = None,
    geopolygon: Any = None,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    groupby: str | None = "time",
    preserve_original_order: bool = False,
    resampling: Resampling | Mapping[str, Resampling] = "nearest",
    dtype: Any = None,
    nodata: float | None = None,
    rescale: bool = False,
    use_overviews: bool = True,
    chunks: Mapping[str, Any] | None = None,
    session: Session | None = None,
    **keywords: Unpack[How],
) -> xr.DataArray:
    """Images of STAC items as one array of time, band, y and x, of which only what is indexed is read.

    items: what a search found; items of pystac, dicts and collections of features too.
    bands: keys of assets, `ASSET.BAND`, or names and common names of bands (`"red"`); all where none are named.
    crs, resolution: of the grid; those of most images, and of the finest of them. A pair is width and height.
    bbox: what is covered: west, south, east, north in degrees; or `geopolygon`, the box of a shape; or `x` and `y` in
    the grid's units. All images where nothing is said.
    groupby: items of the same `time`, `solar_day` or property share a plane; with `id`, or None, each has its own.
    preserve_original_order: where items of a plane overlap, the first given is on top, not the earliest.
    resampling: `nearest` or `bilinear`; a mapping by bands, `"*"` for all others.
    dtype, nodata: of the numbers, where they are not to be those of the images.
    rescale: numbers become values by the scale and offset of each image.
    use_overviews: coarse grids are read from the images' overviews.
    chunks: chunks of Dask; `{}` for the usual ones. Without, numpy's arrays, read when they are needed.
    Other keywords are those of `frazil.open`.
    """
    try:
        from . import _cube_array
    except ImportError as error:
        raise ImportError(NOT_HERE) from error
    if (x is None) != (y is None):
        raise TypeError("`x` and `y` are given together")
    wanted = {
        "bands": [bands] if isinstance(bands, str) else None if bands is None else list(bands),
        "crs": _crs(crs),
        "resolution": _pair(resolution),
        "bbox": None if bbox is None else [float(edge) for edge in bbox],
        "geopolygon": None if geopolygon is None else json.dumps(_geometry(geopolygon)),
        "bounds": None if x is None or y is None else [min(x), min(y), max(x), max(y)],
        "groupby": groupby or "id",
        "preserve_original_order": preserve_original_order,
        "resampling": list(({"*": resampling} if isinstance(resampling, str) else resampling).items()),
        "dtype": None if dtype is None else _cube_array.name_of(dtype),
        "nodata": nodata,
        "rescale": rescale,
        "use_overviews": use_overviews,
    }
    planned = Cube(list(_items(items)), wanted, session or _login.current(), how(keywords))
    mixed = [name for name, *_, is_mixed in planned.bands if is_mixed]
    if mixed:
        told = f"items have different scales or offsets for {', '.join(mixed)}: `rescale=True` makes values of numbers"
        warnings.warn(told, stacklevel=2)
    array = _cube_array.array(planned)
    return array if chunks is None else _cube_array.chunked(array, planned, {**CHUNKS, **chunks})


def _items(given: Any) -> Iterable[Item | tuple[str, str]]:
    """Items as they were found, and others as text with the address that their links begin at."""
    if isinstance(given, Item) or _is_feature(given):
        given = [given]
    elif isinstance(given, Mapping):
        given = given.get("features", ())
    for item in given:
        if isinstance(item, Item):
            yield item
            continue
        written = item if isinstance(item, Mapping) else item.to_dict()
        own = next((link["href"] for link in written.get("links", ()) if link.get("rel") == "self"), None)
        base = own if own and "://" in own else Path(own or "item.json").absolute().as_uri()
        yield json.dumps(written), base


def _is_feature(given: Any) -> bool:
    return given.get("type") == "Feature" if isinstance(given, Mapping) else type(given).__name__ == "Item"


def _crs(crs: Any) -> str | None:
    if crs is None or isinstance(crs, str):
        return crs
    if isinstance(crs, int):
        return f"EPSG:{crs}"
    return str(crs.to_wkt())


def _pair(resolution: Any) -> list[float] | None:
    if resolution is None:
        return None
    if isinstance(resolution, Sequence):
        return [abs(float(side)) for side in resolution]
    return [abs(float(resolution))] * 2


def _geometry(shape: Any) -> Any:
    """The geometry of a shape: a geometry or a feature as GeoJSON has it, or what has one of these."""
    told = getattr(shape, "__geo_interface__", shape)
    if told.get("type") == "FeatureCollection":
        return {"type": "GeometryCollection", "geometries": [feature["geometry"] for feature in told["features"]]}
    return told.get("geometry", told)
