"""The engine `frazil` of xarray: `xarray.open_dataset(address, engine="frazil", group=…)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import AbstractDataStore, BackendArray, BackendEntrypoint, StoreBackendEntrypoint
from xarray.coding.strings import create_vlen_dtype
from xarray.core import indexing

from . import _file, _indexing, _open
from ._native import Source

NETCDF = ("HDF5", "NetCDF4", "NetCDF classic")
"""Formats whose attributes of one element are that element, as netCDF has it."""

CHAR = np.dtype("S1")
"""Characters, of which xarray makes words."""


class Lazy(BackendArray):
    """A part of a variable, which is read when it is indexed. It is pickled without the file's headers."""

    def __init__(self, source: Source, path: str, extents: list[_indexing.Extent], dtype: np.dtype[Any]) -> None:
        self._source = source
        self._path = path
        self._extents = extents
        self.shape = tuple(count for _, count, _ in extents)
        self.dtype = dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        extents, rest = _indexing.split(key, self.shape)
        whole = [_indexing.within(*pair) for pair in zip(self._extents, extents, strict=True)]
        told, _ = self._source.read(self._path, whole, None)
        values = _open.array(told)
        if self.dtype == CHAR:
            values = np.array([text.encode("latin-1") for text in values.flat], CHAR).reshape(values.shape)
        return _indexing.take(values, rest)


class Store(AbstractDataStore):
    """A group as xarray's conventions take it."""

    def __init__(self, group: _open.Dataset) -> None:
        self._group = group

    def get_attrs(self) -> dict[str, Any]:
        return self._said(self._group.attrs)

    def _said(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self._group.format not in NETCDF:
            return attrs
        return {name: value[0] if _is_one(value) else value for name, value in attrs.items()}

    def get_dimensions(self) -> dict[str, int]:
        return self._group.sizes

    def get_variables(self) -> dict[str, xr.Variable]:
        return {name: self._variable(variable) for name, variable in self._group.items()}

    def get_encoding(self) -> dict[str, Any]:
        return {"unlimited_dims": self._group.unlimited, "source": self._group.address}

    def _variable(self, variable: _open.Variable) -> xr.Variable:
        dtype = variable.dtype
        if dtype == object:
            dtype = CHAR if variable._told.is_char else create_vlen_dtype(str)  # type: ignore[no-untyped-call]
        encoding: dict[str, Any] = {"source": self._group.address, "original_shape": variable.shape}
        if variable.chunks is not None:
            encoding["chunksizes"] = variable.chunks
            encoding["preferred_chunks"] = dict(zip(variable.dims, variable.chunks, strict=True))
        lazy = Lazy(self._group._source, variable.path, variable._extents, dtype)
        return xr.Variable(variable.dims, indexing.LazilyIndexedArray(lazy), self._said(variable.attrs), encoding)


class Backend(BackendEntrypoint):
    """Opens what `frazil.open` opens, and what it opened. Keywords beside xarray's own are those of `frazil.open`."""

    description = "HDF5, NetCDF, Zarr, GeoTIFF, Kerchunk and DMR++ where they lie, read by frazil"
    open_dataset_parameters = (
        "filename_or_obj",
        "mask_and_scale",
        "decode_times",
        "concat_characters",
        "decode_coords",
        "drop_variables",
        "use_cftime",
        "decode_timedelta",
        "group",
        "select",
        "isel",
        "bbox",
        "session",
        *_file.USUAL,
    )
    supports_groups = True

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Only what frazil opened: other engines are not to be taken unawares."""
        return isinstance(filename_or_obj, _open.Dataset)

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        mask_and_scale: Any = True,
        decode_times: Any = True,
        concat_characters: Any = True,
        decode_coords: Any = True,
        drop_variables: str | Iterable[str] | None = None,
        use_cftime: Any = None,
        decode_timedelta: Any = None,
        group: str | None = None,
        **keywords: Any,
    ) -> xr.Dataset:
        store = Store(_opened(filename_or_obj, group, keywords))
        return StoreBackendEntrypoint().open_dataset(
            store,
            mask_and_scale=mask_and_scale,
            decode_times=decode_times,
            concat_characters=concat_characters,
            decode_coords=decode_coords,
            drop_variables=drop_variables,
            use_cftime=use_cftime,
            decode_timedelta=decode_timedelta,
        )

    def open_groups_as_dict(self, filename_or_obj: Any, *, group: str | None = None, **keywords: Any) -> Any:
        own = {name: keywords.pop(name) for name in (*_file.USUAL, "session") if name in keywords}
        chosen = [keywords.pop(name, None) for name in ("select", "isel", "bbox")]
        top = _opened(filename_or_obj, group, own)
        above = top.path.rstrip("/")
        groups = top.walk() if all(one is None for one in chosen) else top._parts(*chosen)
        return {below.path.removeprefix(above) or "/": self.open_dataset(below, **keywords) for below in groups}

    def open_datatree(self, filename_or_obj: Any, **keywords: Any) -> xr.DataTree:
        return xr.DataTree.from_dict(self.open_groups_as_dict(filename_or_obj, **keywords))


def _is_one(value: Any) -> bool:
    return isinstance(value, (list, np.ndarray)) and np.shape(value) == (1,)


def _opened(of: Any, group: str | None, keywords: Mapping[str, Any]) -> _open.Dataset:
    if not isinstance(of, _open.Dataset):
        return _open.open(of, group or "/", **keywords)
    chosen = {name: keywords[name] for name in ("select", "isel", "bbox") if keywords.get(name) is not None}
    if keywords.keys() - {"select", "isel", "bbox"}:
        raise TypeError("how it is opened was said when it was opened")
    below = of.group(group) if group else of
    return below.select(chosen.get("select"), isel=chosen.get("isel"), bbox=chosen.get("bbox")) if chosen else below


__all__: Sequence[str] = ["Backend"]
