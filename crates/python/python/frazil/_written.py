"""Results that go to a disk as they are computed: as what, and what is said of them there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ._refusing import invalid

FORMS = {".zarr": "zarr", ".nc": "netcdf"}
"""As what a result is written, by the end of its path."""

_Value = str | tuple[str, list[int], bytes]
_Said = list[tuple[str, _Value]]
_Coordinate = tuple[str, list[str], _Value, _Said]
Told = tuple[_Said, _Said, list[_Coordinate]]
"""What is said of a result and of the whole, and the coordinates, as the native part takes it."""


def form(path: Path) -> str:
    """As what a result is written."""
    if path.suffix not in FORMS:
        raise invalid(f"`{path}` ends neither in .zarr nor in .nc", "name a store of Zarr or a file of NetCDF so")
    return FORMS[path.suffix]


def told(coords: Mapping[Hashable, xr.DataArray], dims: list[str], attrs: Mapping[Any, Any]) -> Told:
    """What is written with a result of some dimensions. Coordinates of texts and the like have no form there, and stay away."""
    encoded = {str(name): _encoded(str(name), one.variable) for name, one in coords.items()}
    numbers = {name: one for name, one in encoded.items() if one.dtype.kind in "iuf"}
    others = " ".join(name for name in numbers if name not in dims)
    said = _said(attrs) + ([("coordinates", others)] if others else [])
    coordinates: list[_Coordinate] = [
        (name, list(map(str, one.dims)), _numbers(one.values), _said(one.attrs)) for name, one in numbers.items()
    ]
    return said, [("Conventions", "CF-1.12")], coordinates


def _encoded(name: str, variable: xr.Variable) -> xr.Variable:
    """A coordinate as CF has it: moments as numbers."""
    plain = xr.Variable(variable.dims, variable.values, variable.attrs)
    encoded: xr.Variable = xr.conventions.encode_cf_variable(plain, name=name)
    encoded.attrs.pop("_FillValue", None)
    return encoded


def _said(attrs: Mapping[Any, Any]) -> _Said:
    return [(str(name), _value(value)) for name, value in attrs.items()]


def _value(value: Any) -> _Value:
    """A text, a number or a row of numbers; anything else as a text."""
    if not isinstance(value, str):
        numbers = np.asarray(value)
        if numbers.dtype.kind in "iufb" and numbers.ndim < 2:
            return _numbers(numbers)
    return str(value)


def _numbers(values: np.ndarray[Any, Any]) -> tuple[str, list[int], bytes]:
    wide = {"b": np.dtype("u1"), "f": np.dtype("f8" if values.dtype.itemsize > 4 else "f4")}
    own = values.astype(wide.get(values.dtype.kind, values.dtype.newbyteorder("=")))
    return own.dtype.str[1:], list(values.shape), own.tobytes()
