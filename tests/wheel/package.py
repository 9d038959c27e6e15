"""The package as this tree has it: its Python from the tree, and the native part as cargo built it.

FRAZIL  the program; the native part lies beside it (default target/debug/frazil)
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NATIVE = Path(os.environ.get("FRAZIL", ROOT / "target" / "debug" / "frazil")).absolute().parent / "lib_native.so"


def lay_out(folder):
    """Makes a folder that belongs into PYTHONPATH."""
    (folder / "frazil").mkdir()
    for source in (ROOT / "crates" / "python" / "python" / "frazil").iterdir():
        (folder / "frazil" / source.name).symlink_to(source)
    (folder / "frazil" / "_native.abi3.so").symlink_to(NATIVE)
    return folder
