"""Files that are made here, one for each thing that HDF5 and NetCDF can do, value by value."""

import subprocess
import sys

import numpy
import pytest
from conftest import HERE, SHARED, VALUES

import h5py
import netCDF4 as netcdf4
import hdf5plugin

from filtered import FILTERS, counted
from test_hdf5 import (
    test_arrays_are_those_of_h5py as same_arrays,
    test_attributes_are_those_of_h5py as same_attributes,
    test_everything_is_there as same_tree,
)
from told import by_frazil, digest, every

NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]
VERSIONS = ["earliest", "v108", "v110", "latest"]


def same(path):
    same_tree(path)
    same_attributes(path)
    same_arrays(path)


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers(tmp_path, version):
    with h5py.File(tmp_path / "numbers.h5", "w", libver=version) as file:
        for name in NUMBERS:
            for order in "<>":
                dtype = numpy.dtype(order + name)
                file[f"{name}/{order == '<'}"] = counted((5, 3), dtype)
                file.attrs[f"{name} {order == '<'}"] = counted((4,), dtype)
                file[name].attrs[f"one {order == '<'}"] = dtype.type(7)
    same(tmp_path / "numbers.h5")


@pytest.mark.parametrize("version", VERSIONS)
def test_other_types(tmp_path, version):
    with h5py.File(tmp_path / "types.h5", "w", libver=version) as file:
        file["bool"] = numpy.array([True, False, True])
        file["enum"] = numpy.array([3, 1], h5py.enum_dtype({"one": 1, "three": 3}, "u2"))
        file["bytes"] = numpy.array([b"a", b"bcd", b""])
        file["utf-8"] = numpy.array(["Eis".encode(), "Grönland".encode()], h5py.string_dtype("utf-8", 12))
        file["any"] = numpy.array(["", "frazil", "Grönland"], dtype=object)
        file["compound"] = numpy.array([(1, 2.5, b"x"), (3, 4.5, b"yz")], [("a", ">i2"), ("b", "<f8"), ("c", "S3")])
        file["void"] = numpy.array([b"\1\2\3", b"\4\5\6"]).view("V3")
        file["one"] = 5
        file["nothing"] = h5py.Empty("f4")
        file["none"] = numpy.zeros((0, 4))
        file["inner"] = numpy.zeros(3, numpy.dtype(("<i2", (2, 2))))
        for name in ["bool", "bytes", "utf-8", "any", "compound", "void", "nothing"]:
            file.attrs[name] = h5py.Empty("f4") if name == "nothing" else file[name][()]
        file.attrs["text"] = "frazil ice"
    same(tmp_path / "types.h5")


def test_references_are_addresses(tmp_path):
    with h5py.File(tmp_path / "references.h5", "w") as file:
        file["x"] = 5
        file["reference"] = numpy.array([file["x"].ref, file.ref], h5py.ref_dtype)
        places = [h5py.h5o.get_info(item.id).addr for item in (file["x"], file)]
    shown = by_frazil(tmp_path / "references.h5")["variables"]["/reference"]
    assert shown["type"] == "bytes of 8"
    assert shown["md5"] == digest(numpy.array(places, "u8"))


@pytest.mark.parametrize("name", FILTERS)
def test_filters(tmp_path, name):
    subprocess.run([sys.executable, HERE / "filtered.py", name, tmp_path / "filtered.h5"], check=True)
    same(tmp_path / "filtered.h5")


def test_nbit(tmp_path):
    with h5py.File(tmp_path / "nbit.h5", "w") as file:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((20,))
        plist.set_filter(5, 0, ())
        space = h5py.h5s.create_simple((100,))
        dataset = h5py.Dataset(h5py.h5d.create(file.id, b"x", h5py.h5t.STD_I32LE, space, plist))
        dataset[:] = counted(100)
    same(tmp_path / "nbit.h5")


def error_of(path, variable):
    """What is said where a variable is not read."""
    done = subprocess.run([VALUES, path, variable], capture_output=True, text=True, timeout=600)
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_of_fewer_bits_than_they_take_are_refused(tmp_path, version):
    path = tmp_path / "narrow.h5"
    names = []
    with h5py.File(path, "w", libver=version) as file:
        for bits, offset in [(20, 0), (28, 4)]:
            number = h5py.h5t.STD_I32LE.copy()
            number.set_precision(bits)
            number.set_offset(offset)
            compound = h5py.h5t.create(h5py.h5t.COMPOUND, 5)
            compound.insert(b"flag", 0, h5py.h5t.STD_U8LE)
            compound.insert(b"number", 1, number)
            named = number.copy()
            named.commit(file.id, f"type {bits}".encode())
            for kind, of in {"plain": number, "compound": compound, "named": named}.items():
                for filters in [(), (5,)]:
                    names.append(f"{kind} {bits} {len(filters)}")
                    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                    plist.set_chunk((20,))
                    for id in filters:
                        plist.set_filter(id, 0, ())
                    space = h5py.h5s.create_simple((100,))
                    dataset = h5py.h5d.create(file.id, names[-1].encode(), of, space, plist)
                    if kind != "compound":
                        h5py.Dataset(dataset)[:] = counted(100)
        file["x"] = counted(5)
    told = subprocess.run([VALUES, path], capture_output=True, text=True, check=True).stdout
    assert all(f"/{name}" in told for name in [*names, "x"])
    for name in names:
        assert "fewer bits than they take" in error_of(path, name), name


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_read_keeps_nothing_else_from_being_read(tmp_path, version):
    path = tmp_path / "some.h5"
    with h5py.File(path, "w", libver=version) as file:
        file["a/x"] = counted(5)
        layout = h5py.VirtualLayout((5,), "i4")
        layout[:] = h5py.VirtualSource(path, "a/x", (5,))
        file["a"].create_virtual_dataset("virtual", layout)
        file["a"].create_dataset("external", (5,), "i4", external=[(tmp_path / "external", 0, 20)])
        file["type"] = numpy.dtype("i4")
        file["a"].create_dataset("attribute", data=counted(5)).attrs.create("of a named type", 7, dtype=file["type"])
    told = by_frazil(path)["variables"]
    assert set(told) == {"/a/x"}
    assert "virtual" in error_of(path, "a/virtual") or "layout class 3" in error_of(path, "a/virtual")
    assert "in other files" in error_of(path, "a/external")
    assert "unsupported encoding" in error_of(path, "a/attribute")


@pytest.mark.parametrize("version", VERSIONS)
def test_chunks(tmp_path, version):
    """Every index of chunks: of one chunk, of a fixed array, of one that grows, of a tree; some never written."""
    with h5py.File(tmp_path / "chunks.h5", "w", libver=version) as file:
        file.create_dataset("one", data=counted((30, 40)), chunks=(30, 40), compression="gzip")
        file.create_dataset("fixed", data=counted((300, 40)), chunks=(7, 9))
        file.create_dataset("fixed and packed", data=counted((300, 40)), chunks=(7, 9), compression="gzip")
        file.create_dataset("many", data=counted((3000,)), chunks=(1,))
        file.create_dataset("grows", data=counted((3000, 4)), chunks=(7, 3), maxshape=(None, 4), compression="gzip")
        file.create_dataset("grows plainly", data=counted((3000, 4)), chunks=(7, 3), maxshape=(None, 4))
        file.create_dataset("grows twice", data=counted((90, 70)), chunks=(3, 4), maxshape=(None, None))
        holes = file.create_dataset("holes", (100, 100), "f4", chunks=(10, 10), fillvalue=-7.5, compression="gzip")
        holes[35:42, 50:] = 3
        file.create_dataset("never", (50, 3), "i8", chunks=(10, 3), fillvalue=12)
        file.create_dataset("nowhere", (50, 3), ">i8", fillvalue=12)
        file["grows"].resize((2000, 4))
    same(tmp_path / "chunks.h5")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("track", [True, False])
def test_trees(tmp_path, version, track):
    """Many and few links and attributes, links to paths, groups in groups, and what lies in two groups."""
    with h5py.File(tmp_path / "tree.h5", "w", libver=version, track_order=track) as file:
        for index in range(300):
            file.create_group(f"many/{index}", track_order=track)
            file["many"].attrs[f"a{index}"] = index
        file["few/x"] = counted(5)
        file["few/soft"] = h5py.SoftLink("/few/x")
        file["few/near"] = h5py.SoftLink("x")
        file["twice"] = file["few/x"]
        file["a/b/c/d/e"] = counted(3)
        file["few"].attrs["long"] = "x" * 60_000
    same(tmp_path / "tree.h5")


def test_a_user_block(tmp_path):
    with h5py.File(tmp_path / "block.h5", "w", userblock_size=2048) as file:
        file.create_dataset("x/y", data=counted((100, 10)), chunks=(9, 9), compression="gzip")
        file["x/z"] = counted(7)
    same(tmp_path / "block.h5")


CLASSIC = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


@pytest.mark.parametrize("model", [*CLASSIC, "NETCDF4", "NETCDF4_CLASSIC"])
def test_netcdf(tmp_path, model):
    path = tmp_path / "made.nc"
    types = ["i1", "i2", "i4", "f4", "f8", "S1"] + (["u1", "u2", "u4", "i8", "u8"] if model in CLASSIC[2:] else [])
    with netcdf4.Dataset(path, "w", format=model) as file:
        file.createDimension("time", None)
        file.createDimension("y", 5)
        file.createDimension("x", 7)
        file.title = "frazil ice"
        file.numbers = numpy.array([1, 2, 3], "i2")
        for dtype in types:
            for dimensions in [("time", "y", "x"), ("y", "x"), ("time",), ("x",)]:
                variable = file.createVariable(f"{dtype}_{len(dimensions)}{dimensions[0]}", dtype, dimensions)
                shape = tuple({"time": 4, "y": 5, "x": 7}[name] for name in dimensions)
                variable[:] = counted(shape, "u1").view("S1") if dtype == "S1" else counted(shape, dtype)
                variable.units = "m"
        file.createVariable("x", "f4", ("x",))[:] = numpy.arange(7)
        file.createVariable("one", "i4", ())[...] = 5
    same_as_netcdf4(path)


def test_one_record_variable_is_not_padded(tmp_path):
    path = tmp_path / "made.nc"
    with netcdf4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("time", None)
        file.createDimension("x", 3)
        file.createVariable("a", "i1", ("time", "x"))[:] = counted((5, 3), "i1")
    same_as_netcdf4(path)


def test_groups_of_netcdf4_share_dimensions(tmp_path):
    path = tmp_path / "made.nc"
    with netcdf4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 7)
        file.createVariable("time", "f8", ("time",))[:] = numpy.arange(4)
        group = file.createGroup("a").createGroup("b")
        group.createDimension("y", 2)
        group.createVariable("v", "f4", ("time", "y", "x"))[:] = counted((4, 2, 7), "f4")
        group.createVariable("y", "f4", ("x",))[:] = counted((7,), "f4")
        group.createVariable("labels", str, ("y",))[:] = numpy.array(["a", "bc"], object)
    same_as_netcdf4(path)


def test_a_real_file_of_netcdf_classic():
    path = SHARED / "science" / "netcdf3" / "eraint_uvz.nc"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    same_as_netcdf4(path)


def same_as_netcdf4(path):
    told = by_frazil(path)
    with netcdf4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        for name, shown in told["variables"].items():
            variable = file[name.removeprefix("/")]
            variable.set_auto_maskandscale(False)
            assert tuple(shown["dimensions"]) == variable.dimensions, name
            assert tuple(shown["shape"]) == variable.shape, name
            values = numpy.ma.getdata(variable[...])
            values = values.astype(h5py.string_dtype()) if values.dtype == object else values
            assert shown["md5"] == digest(values), name
            assert shown["part"] == digest(numpy.asarray(values)[every(variable.shape)]), name
            assert set(shown["attributes"]) == set(variable.ncattrs()), name
        assert set(told["groups"][""]["attributes"]) == set(file.ncattrs())
        assert len(told["variables"]) == sum(1 for _ in variables(file))


def variables(group):
    yield from group.variables
    for below in group.groups.values():
        yield from variables(below)


def test_a_classic_file_of_science(tmp_path):
    path = SHARED / "science" / "netcdf3" / "eraint_uvz.nc"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    same_as_netcdf4(path)
