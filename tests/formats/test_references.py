"""Kerchunk and DMR++: read, and written for fsspec, zarr-python and xarray."""

import gzip
import json
import warnings

import pytest
from conftest import digest, md5, part, science, variables

import numpy
import zarr
import fsspec
warnings.simplefilter("ignore")


def theirs(references, **options):
    """A store of references as zarr-python opens it by fsspec."""
    files = fsspec.filesystem("reference", fo=str(references), remote_protocol="file", asynchronous=True, **options)
    return zarr.open_group(zarr.storage.FsspecStore(files, read_only=True), mode="r", zarr_format=2)


def compare(references, **options):
    ours = variables(references)
    group = theirs(references, **options)
    # zarr-python lists no groups below groups in references: their keys tell what there is.
    if references.is_dir():
        keys = json.loads((references / ".zmetadata").read_text())["metadata"]
    else:
        keys = json.loads(references.read_text())["refs"]
    known = [key.removesuffix("/.zarray") for key in keys if key.endswith("/.zarray")]
    assert sorted(ours) == sorted(f"/{name}" for name in known) and ours
    for name in known:
        array, name = group[name], f"/{name}"
        assert ours[name]["error"] is None, ours[name]
        assert ours[name]["md5"] == md5(array[...]), name
    return ours


@pytest.fixture
def granule(tmp_path):
    import h5py
    path = tmp_path / "granule.h5"
    with h5py.File(path, "w") as file:
        file["h"] = numpy.arange(23, dtype="f8")
        group = file.create_group("gt1l")
        made = {"chunks": (10, 3), "compression": "gzip", "shuffle": True, "fillvalue": -1.0}
        part = group.create_dataset("z", (35, 7), "f4", **made)
        part[:20] = numpy.arange(140).reshape(20, 7)
        group.create_dataset("n", data=numpy.arange(30, dtype="i2"), chunks=(7,), compression="gzip")
    return path


def test_what_kerchunk_writes_of_hdf5(tmp_path, granule):
    from kerchunk import hdf
    made = hdf.SingleHdf5ToZarr(str(granule), inline_threshold=50).translate()
    path = tmp_path / "made.json"
    path.write_text(json.dumps(made))
    ours = compare(path)
    assert part(path, "gt1l/z", (5, 10, 3), (0, 7, 1))["md5"] == md5(theirs(path)["gt1l/z"][5:33:3])
    assert ours["/gt1l/z"]["chunks"] == [10, 3]


def test_what_kerchunk_writes_in_parquet(tmp_path, granule):
    from kerchunk import df, hdf
    made = hdf.SingleHdf5ToZarr(str(granule), inline_threshold=50).translate()
    path = tmp_path / "made.parq"
    df.refs_to_dataframe(made, str(path), record_size=5)
    compare(path)


@pytest.mark.parametrize("form", ["json", "parq"])
@pytest.mark.parametrize("codec", ["zlib", "blosc", "none"])
def test_references_that_are_written(tmp_path, form, codec):
    import numcodecs
    compressors = {"zlib": numcodecs.Zlib(3), "blosc": numcodecs.Blosc("zstd"), "none": None}[codec]
    store = tmp_path / "made.zarr"
    group = zarr.create_group(store, zarr_format=2, attributes={"title": "made"})
    below = group.create_group("below")
    values = (numpy.arange(900) % 250).reshape(30, 30).astype("f4")
    a = below.create_array("a", shape=(40, 30), chunks=(7, 11), dtype="f4", fill_value=-5, compressors=compressors)
    a.attrs["_ARRAY_DIMENSIONS"] = ["y", "x"]
    a[:30] = values
    texts = group.create_array("t", shape=(3,), chunks=(2,), dtype="string")
    texts[...] = numpy.array(["a", "", "é"], dtype=object)
    group.create_array("s", shape=(), chunks=(), dtype="i8")[...] = 7
    references = tmp_path / f"made-references.{form}"
    digest(store, "--references", references)
    compare(references)
    opened = theirs(references)
    assert dict(opened.attrs) == {"title": "made"}
    assert (opened["below/a"][:30] == values).all() and (opened["below/a"][30:] == -5).all()
    assert list(opened["t"][...]) == ["a", "", "é"]


@pytest.mark.parametrize("form", ["json", "parq"])
def test_references_to_what_hdf5_can_do(tmp_path, form):
    import h5py
    path, references = tmp_path / "made of two.h5", tmp_path / f"references.{form}"
    numbers = numpy.arange(300).reshape(30, 10)
    with h5py.File(path, "w") as file:
        made = {"chunks": (7, 4), "compression": "gzip", "shuffle": True}
        file.create_dataset("big", data=numbers.astype(">f4"), **made)
        file.create_dataset("little", data=numbers.astype("<i8"), fletcher32=True, chunks=(7, 4))
        file["plain"] = numbers.astype(">i2")
        file.create_dataset("holes", (30, 10), "<f8", fillvalue=-7.5, **made)[3:9, 2:5] = 1
        file.create_dataset("never", (30, 10), "<i4", fillvalue=12, **made)
        file.create_dataset("random", data=numpy.random.default_rng(7).integers(0, 256, (30, 10), "u1"), **made)
        file.create_dataset("texts", data=["a", "", "Grönland"])
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((5,))
        h5py.Dataset(h5py.h5d.create(file.id, b"compact", h5py.h5t.STD_I16BE, space, compact))[:] = numbers[0, :5]
    digest(path, "--references", references)
    opened = theirs(references)
    with h5py.File(path) as file:
        for name in file:
            expected = file[name].asstr()[...] if name == "texts" else file[name][...]
            assert (opened[name][...] == expected).all(), name


@pytest.mark.parametrize("form", ["json", "parq"])
@pytest.mark.parametrize("version", [2, 3])
def test_references_to_arrays_in_other_orders(tmp_path, version, form):
    store, references = tmp_path / "made.zarr", tmp_path / f"made.{form}"
    group = zarr.create_group(store, zarr_format=version)
    values = numpy.arange(70).reshape(7, 10)
    expected = {}
    for dtype in [">f4", "<f4", ">i8", "u1", "bool", ">c8"]:
        expected[f"a{len(expected)}"] = values.astype(dtype)
    for name, array in expected.items():
        group.create_array(name, shape=(7, 10), chunks=(3, 10), dtype=array.dtype, fill_value=0)[...] = array
    if version == 2:
        for dtype in [">f4", "<i2"]:
            name = f"a{len(expected)}"
            group.create_array(name, shape=(7, 10), chunks=(3, 10), dtype=dtype, order="F", fill_value=0)[...] = values
            expected[name] = values
        import numcodecs
        made = {"filters": [numcodecs.Shuffle(2)], "compressors": numcodecs.Zlib()}
        group.create_array("shuffled", shape=(7, 10), chunks=(3, 10), dtype="f8", fill_value=0, **made)[...] = values
        expected["shuffled"] = values
    digest(store, "--references", references)
    compare(references)
    opened = theirs(references)
    for name, array in expected.items():
        assert (opened[name][...] == array).all(), name


def test_checksums_of_chunks_of_odd_lengths(tmp_path):
    import h5py
    path, references = tmp_path / "made.h5", tmp_path / "made.json"
    random = numpy.random.default_rng(7).integers(0, 256, (40, 999), "u1")
    with h5py.File(path, "w") as file:
        made = {"fletcher32": True, "chunks": (1, 999)}
        file.create_dataset("packed", data=random % 11, compression="gzip", **made)
        file.create_dataset("plain", data=random, **made)
        for name in ["packed", "plain"]:
            lengths = {file[name].id.get_chunk_info(number).size % 2 for number in range(40)}
            assert 1 in lengths, name
    digest(path, "--references", references)
    ours, opened = compare(references), theirs(references)
    assert ours["/plain"]["filters"] == ["fletcher32"]
    assert (opened["plain"][...] == random).all() and (opened["packed"][...] == random % 11).all()


def test_records_without_references_are_not_written(tmp_path):
    store, references = tmp_path / "made.zarr", tmp_path / "made.parq"
    group = zarr.create_group(store, zarr_format=2)
    array = group.create_array("a", shape=(300_000, 4), chunks=(1, 4), dtype="i4", fill_value=-1)
    array[7], array[299_999] = 5, 6
    group.create_array("never", shape=(300_000, 20), chunks=(1, 20), dtype="i4", fill_value=-2)
    digest(store, "--references", references)
    assert sorted(path.name for path in (references / "a").iterdir()) == ["refs.0.parq", "refs.299.parq"]
    assert list((references / "never").iterdir()) == []
    opened = theirs(references)
    assert (opened["a"][5:9] == [[-1] * 4, [-1] * 4, [5] * 4, [-1] * 4]).all()
    assert (opened["a"][150_000] == -1).all() and (opened["a"][299_998:] == [[-1] * 4, [6] * 4]).all()
    assert (opened["never"][150_000] == -2).all()
    assert part(references, "a", (299_998, 2, 1), (0, 1, 1))["values"] == [-1, 6]
    assert part(references, "a", (150_000, 1, 1), (0, 1, 1))["values"] == [-1]


@pytest.mark.parametrize("unlimited", [1, 2])
def test_references_to_records_of_netcdf(tmp_path, unlimited):
    import netCDF4 as netcdf4
    path, references = tmp_path / "made.nc", tmp_path / "references.json"
    with netcdf4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("time", None)
        file.createDimension("x", 3)
        for number in range(unlimited):
            file.createVariable(f"v{number}", "i2", ("time", "x"))[:] = numpy.arange(15).reshape(5, 3) + number
        file.createVariable("x", "f8", ("x",))[:] = [1.5, 2.5, 3.5]
    digest(path, "--references", references)
    opened = theirs(references)
    for number in range(unlimited):
        assert (opened[f"v{number}"][...] == numpy.arange(15).reshape(5, 3) + number).all()
    assert list(opened["x"][...]) == [1.5, 2.5, 3.5]


def test_xarray_opens_what_is_written(tmp_path):
    import xarray
    made = xarray.Dataset({"a": (("time", "x"), numpy.arange(12.0).reshape(4, 3), {"units": "m"})}, {"time": [0, 1, 2, 3]})
    store, references = tmp_path / "made.zarr", tmp_path / "made.json"
    made.to_zarr(store, zarr_format=2)
    digest(store, "--references", references)
    opened = xarray.open_dataset(f"reference::{references}", engine="zarr", consolidated=False, chunks=None)
    xarray.testing.assert_identical(opened.load(), made)


def test_an_image_of_one_band(tmp_path):
    path = science("cog/lcmap_tiny_cog_2019.tif")
    import rasterio
    references = tmp_path / "made.json"
    digest(path, "--references", references)
    with rasterio.open(path) as image:
        assert (theirs(references)["band_data"][...] == image.read()).all()


def test_the_real_grib_references():
    path = science("kerchunk-dmrpp/kerchunk-hrrr.wrfsfcf.subset.json")
    ours = variables(path)
    for number, references in enumerate(json.loads(path.read_text())):
        files = fsspec.filesystem("reference", fo=references, remote_protocol="file", asynchronous=True)
        group = zarr.open_group(zarr.storage.FsspecStore(files, read_only=True), mode="r", zarr_format=2)
        for key in references["refs"]:
            name, _, last = key.rpartition("/")
            if last != ".zarray":
                continue
            line = ours[f"/{number}/{name}"]
            if "grib" in references["refs"][key]:
                assert "codec grib is not supported" in line["error"]
            else:
                assert line["md5"] == md5(group[name][...])


def test_a_real_dmrpp_has_its_chunks_where_it_says(tmp_path):
    """Chunks are made for the map of a real ATL08, and the values read by it."""
    import zlib
    from xml.etree import ElementTree

    path = science("kerchunk-dmrpp/ATL08_20200716202251_03280806_003_01.h5.dmrpp.gz")
    text = gzip.decompress(path.read_bytes())
    root = ElementTree.fromstring(text)
    space = {"d": "http://xml.opendap.org/ns/DAP/4.0#", "p": "http://xml.opendap.org/dap/dmrpp/1.0.0#"}
    sizes = {}
    types = {"Int8": "i1", "Int16": "<i2", "Int32": "<i4", "Float32": "<f4", "Float64": "<f8", "UInt16": "<u2"}
    expected, random = {}, numpy.random.default_rng(7)
    with open(tmp_path / "ATL08_20200716202251_03280806_003_01.h5", "wb") as data:

        def group(node, above):
            for dimension in node.findall("d:Dimension", space):
                sizes[f"{above}/{dimension.get('name')}"] = int(dimension.get("size"))
            for child in node:
                kind = child.tag.rpartition("}")[2]
                if kind == "Group":
                    group(child, f"{above}/{child.get('name')}")
                chunks = child.find("p:chunks", space)
                if kind in types and chunks is not None:
                    expected[f"{above}/{child.get('name')}"] = fill(child, chunks, numpy.dtype(types[kind]))

        def fill(variable, chunks, dtype):
            dims = variable.findall("d:Dim", space)
            shape = [sizes[dim.get("name")] if dim.get("name") else int(dim.get("size")) for dim in dims]
            told = chunks.find("p:chunkDimensionSizes", space)
            size = [int(n) for n in told.text.split()] if told is not None else shape
            values = numpy.zeros(shape, dtype)
            filters = chunks.get("compressionType", "")
            for chunk in chunks.findall("p:chunk", space):
                place = chunk.get("chunkPositionInArray")
                first = [int(n) for n in place.strip("[]").split(",")] if place else [0] * len(shape)
                number = random.integers(1, 100)
                stored = numpy.full(size, number, dtype)
                raw = stored.view("u1").reshape(-1, dtype.itemsize).T.tobytes() if "shuffle" in filters else stored.tobytes()
                raw = zlib.compress(raw, 9) if "deflate" in filters else raw
                if len(raw) > int(chunk.get("nBytes")):
                    # It does not fit in its place: what lies there are zeros, and the map is not read here.
                    return None
                data.seek(int(chunk.get("offset")))
                data.write(raw + bytes(int(chunk.get("nBytes")) - len(raw)))
                values[tuple(slice(a, a + n) for a, n in zip(first, size))] = number
            return values

        group(root, "")
    made = tmp_path / path.name
    made.write_bytes(path.read_bytes())
    ours = variables(made)
    checked = [name for name, values in expected.items() if values is not None]
    assert len(checked) > 300, len(checked)
    assert all(ours[name]["shape"] == list(expected[name].shape) for name in checked)
    for name in checked:
        assert ours[name]["error"] is None, ours[name]
        assert ours[name]["md5"] == md5(expected[name]), name
    control = ours["/ancillary_data/release"]
    assert control["type"] == "string" and control["error"] is None


def test_the_real_structure_of_an_atl03():
    lines = digest(science("kerchunk-dmrpp/ATL03_20181014084920_02400109_003_01.h5.dmr.xml.gz"))
    found = [line for line in lines if "variable" in line]
    assert len(found) == 878
    assert all("does not tell where" in (line["error"] or "") for line in found)
