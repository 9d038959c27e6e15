"""Reads of arrays, held against the libraries that made the formats.

FRAZIL_VALUES    the program that tells what a file holds (default target/debug/examples/values)
FRAZIL_COMPUTED  the program that computes of files (default target/debug/examples/computed)
FRAZIL_SHARED    the folder with real files (default: ../shared beside the checkout)
"""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

ROOT = HERE.parents[1]
EXAMPLES = ROOT / "target" / "debug" / "examples"
VALUES = Path(os.environ.get("FRAZIL_VALUES", EXAMPLES / "values"))
COMPUTED = Path(os.environ.get("FRAZIL_COMPUTED", EXAMPLES / "computed"))
SHARED = Path(os.environ.get("FRAZIL_SHARED", ROOT.parent / "shared"))

if not VALUES.exists():
    raise pytest.UsageError(f"there is no {VALUES}: cargo build -p frazil-data --example values")
if not COMPUTED.exists():
    raise pytest.UsageError(f"there is no {COMPUTED}: cargo build -p frazil-compute --example computed")
