"""Files of arrays, read by frazil and by the readers that scientists use.

FRAZIL_VALUES  the example `values` of the crate frazil-data (default: where cargo builds it)
FRAZIL_SHARED  the folder with real files (default: ../shared beside the checkout)
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VALUES = Path(os.environ.get("FRAZIL_VALUES", ROOT / "target" / "debug" / "examples" / "values"))
SHARED = Path(os.environ.get("FRAZIL_SHARED", ROOT.parent / "shared"))


if not VALUES.exists():
    raise pytest.UsageError(f"there is no {VALUES}: cargo build -p frazil-data --example values")


def science(name):
    """A real file; the test is skipped where it is not there."""
    path = SHARED / "science" / name
    if not path.exists():
        pytest.skip(f"no ../shared/science/{name} beside the checkout")
    return path


def digest(*arguments):
    """What the example says of a file, line by line."""
    done = subprocess.run([VALUES, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        if "attributes" in line:
            line["attributes"] = {name: value["plain"] for name, value in line["attributes"].items()}
    return lines


def variables(path):
    """The variables of a file by their paths."""
    return {line["variable"]: line for line in digest(path) if "variable" in line}


def part(path, variable, *extents):
    """A part of a variable: an extent of start, count and step for each dimension."""
    text = ",".join(":".join(map(str, extent)) for extent in extents)
    (line,) = digest(path, variable, "--part", text)
    return line


def md5(values):
    """The digest of values, as the example makes it."""
    import numpy

    values = numpy.asarray(values)
    if values.dtype.kind in "OSUT":
        made = hashlib.md5()
        for text in values.reshape(-1):
            text = text if isinstance(text, bytes) else str(text).encode()
            made.update(f"{len(text)}:".encode() + text)
        return made.hexdigest()
    if values.dtype.kind in "Mm":
        values = values.view("int64")
    return hashlib.md5(numpy.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes()).hexdigest()
