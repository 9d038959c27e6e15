"""The package as this tree has it: its Python from the tree, and the native part as cargo built it.

FRAZIL  the program; the native part lies beside it (default target/debug/frazil)
"""

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NATIVE = Path(os.environ.get("FRAZIL", ROOT / "target" / "debug" / "frazil")).absolute().parent / "lib_native.so"


def lay_out(folder):
    """Makes a folder that belongs into PYTHONPATH: the package, and what other packages find of it."""
    (folder / "frazil").mkdir()
    for source in (ROOT / "crates" / "python" / "python" / "frazil").iterdir():
        (folder / "frazil" / source.name).symlink_to(source)
    (folder / "frazil" / "_native.abi3.so").symlink_to(NATIVE)
    project = tomllib.loads((ROOT / "crates" / "python" / "pyproject.toml").read_text())["project"]
    told = folder / "frazil-0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0\n")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in all.items()) for group, all in groups]
    (told / "entry_points.txt").write_text("".join(lines))
    return folder
