"""What frazil tells of a file, and what h5py and netCDF4 tell, in one shape."""

import functools
import hashlib
import json
import subprocess

import h5py
import numpy
from conftest import VALUES

BOOKS = {
    "CLASS", "DIMENSION_LIST", "NAME", "REFERENCE_LIST", "_NCProperties", "_Netcdf4Coordinates", "_Netcdf4Dimid",
    "_nc3_strict",
}  # fmt: skip


@functools.cache
def by_frazil(path):
    """What frazil tells: the format, groups and variables by path."""
    done = subprocess.run([VALUES, path, "--every"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["error"] for line in lines if line.get("error")] == []
    return {
        "format": lines[0]["format"],
        "groups": {line["group"]: line for line in lines if "group" in line},
        "variables": {line["variable"]: line for line in lines if "variable" in line},
    }


def every(shape):
    """The part that the program tells too: from a third on, every second."""
    return tuple(slice(length // 3, None, 2) for length in shape)


def text(value):
    """A text as frazil gives it: UTF-8, Latin-1 where it is none, up to its first zero."""
    value = value.split(b"\0")[0] if isinstance(value, bytes) else value.split("\0")[0].encode(errors="surrogateescape")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def texts(array):
    return [text(value) for value in numpy.asarray(array).ravel().tolist()]


def is_text(dtype):
    return h5py.check_string_dtype(dtype) is not None


def fields(dtype):
    """The fields of a compound that are text, each with its place."""
    return [name for name in dtype.names or () if is_text(dtype[name])]


def digest(array):
    """The digest of an array's values as the program makes it."""
    array = numpy.asarray(array)
    digest = hashlib.md5()
    if is_text(array.dtype):
        told = texts(array)
    else:
        told = [text(row[name]) for row in array.ravel() for name in fields(array.dtype)]
    if not told:
        digest.update(numbers(array))
    for value in told:
        digest.update(f"{len(value.encode())}:{value}".encode())
    return digest.hexdigest()


def numbers(array):
    """An array's bytes in the order of this machine."""
    return numpy.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))).tobytes()
