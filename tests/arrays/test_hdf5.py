"""Every HDF5 and NetCDF4 file of ../shared/science, value by value as h5py reads it."""

from pathlib import Path

import numpy
import pytest
from conftest import SHARED

import h5py
import hdf5plugin

from told import BOOKS, by_frazil, digest, every, is_text, numbers, texts

SCIENCE = SHARED / "science"
FILES = sorted(path for folder in ("netcdf4-hdf5", "icesat2") for path in (SCIENCE / folder).rglob("*.*"))


@pytest.fixture(params=FILES or [None], ids=lambda path: path.name if path else "none")
def file(request):
    if request.param is None:
        pytest.skip(f"there is no {SCIENCE}")
    return request.param


def objects(group, path=""):
    """Groups and arrays below a group, each once, with the paths under which frazil tells them."""
    yield path, group
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            yield from objects(item, f"{path}/{name}")
        elif isinstance(item, h5py.Dataset):
            yield f"{path}/{name.removeprefix('_nc4_non_coord_')}", item


def attributes(item):
    """The attributes of an object but for those in which netCDF-4 keeps its books."""
    return {name: item.attrs.get_id(name) for name in item.attrs if name not in BOOKS}


def same_attribute(told, attribute, value):
    assert told["type"] == name_of(attribute.dtype), attribute.dtype
    if is_text(attribute.dtype):
        assert told["texts"] == texts(value)
    elif not isinstance(value, h5py.Empty):
        assert told["bytes"] == numbers(numpy.asarray(value)).hex()


def name_of(dtype):
    """A type's name as frazil shows it."""
    if is_text(dtype):
        return "string"
    if dtype.names is not None:
        return "{" + ", ".join(f"{name}: {name_of(dtype[name])}" for name in dtype.names) + "}"
    if dtype.kind == "V":
        return f"bytes of {dtype.itemsize}"
    if h5py.check_vlen_dtype(dtype):
        return name_of(h5py.check_vlen_dtype(dtype))
    if h5py.check_ref_dtype(dtype):
        return "bytes of 8"
    return dtype.name


def is_shown(dataset):
    return not dataset.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not")


def test_everything_is_there(file):
    told = by_frazil(file)
    with h5py.File(file) as opened:
        found = dict(objects(opened))
        arrays = {path for path, item in found.items() if isinstance(item, h5py.Dataset) and is_shown(item)}
        assert set(told["variables"]) == arrays
        assert set(told["groups"]) == {path for path, item in found.items() if isinstance(item, h5py.Group)}


def test_attributes_are_those_of_h5py(file):
    told = by_frazil(file)
    with h5py.File(file) as opened:
        for path, item in objects(opened):
            shown = told["variables"].get(path) or told["groups"].get(path)
            if shown is None:
                continue
            expected = attributes(item)
            assert set(shown["attributes"]) == set(expected), path
            for name, attribute in expected.items():
                same_attribute(shown["attributes"][name], attribute, item.attrs[name])


def test_arrays_are_those_of_h5py(file):
    told = by_frazil(file)
    with h5py.File(file) as opened:
        for path, item in objects(opened):
            if not isinstance(item, h5py.Dataset) or not is_shown(item):
                continue
            shown = told["variables"][path]
            assert shown["type"] == name_of(item.dtype), path
            if item.shape is None:
                assert shown["shape"] == [0], path
                continue
            assert tuple(shown["shape"]) == item.shape, path
            assert shown["chunks"] == (list(item.chunks) if item.chunks else None), path
            assert shown["md5"] == digest(item[()]), path
            assert shown["part"] == digest(numpy.asarray(item[()])[every(item.shape)]), path


def test_dimensions_are_those_of_netcdf4(file):
    import netCDF4 as netcdf4
    told = by_frazil(file)
    if told["format"] != "NetCDF4":
        pytest.skip("the file is not of the netCDF-4 library")
    with netcdf4.Dataset(file) as opened:
        for path, shown in told["variables"].items():
            variable = opened[path.removeprefix("/")]
            assert tuple(shown["dimensions"]) == variable.dimensions, path
            assert tuple(shown["shape"]) == variable.shape, path
