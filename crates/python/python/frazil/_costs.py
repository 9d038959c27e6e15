"""Warnings before reads that cost, by a table of prices."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ._native import set_prices

HERE = str(Path(__file__).parent)


class CostWarning(UserWarning):
    """What is about to be read costs money. A filter that makes it an error keeps it from being read."""


def prices(
    table: str | os.PathLike[str] | Sequence[Mapping[str, Any]] | None, *, warn_from: float | str | Decimal = 0
) -> None:
    """Takes a table of prices: before a read that costs by it, `CostWarning` tells the bytes and US dollars.

    table: a file as docs/data.md has it, or its rows as dicts, of which the first that fits holds. None ends the warnings.
    warn_from: US dollars from which on is warned. Reads that cost less are summed until they reach it.

    It holds for variables of `frazil.open`, the engine of xarray and cubes, in this process. `FRAZIL_PRICES` in the
    environment names a file for all processes, and `FRAZIL_WARN_FROM_USD` that sum.
    """
    least = format(Decimal(str(warn_from)), "f")
    if table is None or isinstance(table, (str, os.PathLike)):
        set_prices(None, table, least)
    else:
        set_prices(json.dumps([dict(row) for row in table], default=str), None, least)


def warn(said: Sequence[str]) -> None:
    """Warns where frazil was called from."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        frame, level = frame.f_back, level + 1
    for text in said:
        warnings.warn(text, CostWarning, stacklevel=level)
