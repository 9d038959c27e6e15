"""How values lie in memory where the native part takes them."""

from __future__ import annotations

from typing import Any

import numpy as np


def read_as(own: np.dtype[Any]) -> np.dtype[Any]:
    """The type in which values of a type are read: the machine's byte order, truth values as 0 and 1."""
    return np.dtype("f4") if own == np.float16 else np.dtype("u1") if own == np.bool_ else own.newbyteorder("=")


def laid_out(values: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Values in one piece, in their place and of this type."""
    if values.dtype == np.bool_:
        values = values.view("u1")
    return np.require(values, dtype, ("C_CONTIGUOUS", "ALIGNED"))
