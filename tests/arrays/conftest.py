"""Reads of arrays, held against the libraries that made the formats.

FRAZIL_VALUES  the program that tells what a file holds (default target/debug/examples/values)
"""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

ROOT = HERE.parents[1]
VALUES = Path(os.environ.get("FRAZIL_VALUES", ROOT / "target" / "debug" / "examples" / "values"))


def pytest_collection_modifyitems(items):
    for item in items if not VALUES.exists() else ():
        if Path(item.path).parent == HERE:
            item.add_marker(pytest.mark.skip(reason=f"there is no {VALUES}"))
