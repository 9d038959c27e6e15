"""Zarr, as zarr-python reads and writes it."""

import hashlib
import json
import subprocess
import warnings

import pytest
from conftest import VALUES, digest, md5, part, science, variables

import numpy
import zarr
import numcodecs
warnings.simplefilter("ignore")

REAL = ["rio-tiler_dataset_3d.zarr"] + [
    f"zarrs_v2/array_{name}.zarr" for name in ["blosc_C", "blosc_F", "bz2_C", "gzip_C", "none_C", "none_F", "zstd_C"]
]


def arrays(store):
    """All arrays of a store by their paths."""
    node = zarr.open(store, mode="r")
    if isinstance(node, zarr.Array):
        return {f"/{store.name.removesuffix('.zarr')}": node}
    return {f"/{name}": array for name, array in node.members(max_depth=None) if isinstance(array, zarr.Array)}


def compare(store):
    ours, theirs = variables(store), arrays(store)
    assert sorted(ours) == sorted(theirs)
    for name, array in theirs.items():
        assert ours[name]["error"] is None, ours[name]
        assert ours[name]["shape"] == list(array.shape)
        assert ours[name]["md5"] == md5(array[...]), name
    return ours


@pytest.mark.parametrize("name", REAL)
def test_real_stores_have_the_values_of_zarr_python(name):
    compare(science(f"zarr/{name}"))


@pytest.mark.parametrize("name", ["pcodec", "zfpy"])
def test_a_codec_that_there_is_not_is_named(name):
    (line,) = variables(science(f"zarr/zarrs_v2/array_{name}_C.zarr")).values()
    assert f"codec {name} is not supported" in line["error"]


NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
SHAPE, CHUNKS = (37, 11, 5), (10, 4, 5)


def running(dtype, shape=SHAPE):
    return (numpy.arange(numpy.prod(shape)) % 117).reshape(shape).astype(dtype)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dtype", [*NUMBERS, ">i2", ">f8", "bool", "complex64", "complex128", "datetime64[s]", "timedelta64[ms]"])
def test_numbers(tmp_path, version, dtype):
    store = tmp_path / "made.zarr"
    group = zarr.create_group(store, zarr_format=version)
    array = group.create_array("a", shape=SHAPE, chunks=CHUNKS, dtype=dtype, fill_value=0)
    array[:20] = running(dtype)[:20]
    compare(store)


@pytest.mark.parametrize("dtype", ["U7", "S7", "V6", [("a", ">i4"), ("b", "f8"), ("c", "S3")]])
@pytest.mark.parametrize("version", [2, 3])
def test_texts_and_structures(tmp_path, version, dtype):
    store = tmp_path / "made.zarr"
    dtype = numpy.dtype(dtype)
    if dtype.names:
        values = numpy.array([(i, i / 2, str(i).encode()) for i in range(12)], dtype=dtype)
    elif dtype.kind == "V":
        values = numpy.arange(72, dtype="u1").view(dtype)
    else:
        values = numpy.array(["", "ä" if dtype.kind == "U" else b"a", "longest"] * 4, dtype=dtype)
    group = zarr.create_group(store, zarr_format=version)
    group.create_array("a", data=values, chunks=(5,))
    ours = variables(store)["/a"]
    assert ours["error"] is None, ours
    expected = zarr.open(store, mode="r")["a"][...]
    if dtype.kind == "V":
        expected = expected.astype(dtype.newbyteorder("<"))
        assert ours["md5"] == hashlib.md5(expected.tobytes()).hexdigest()
    else:
        assert ours["md5"] == md5(expected)


@pytest.mark.parametrize("version", [2, 3])
def test_texts_of_any_length(tmp_path, version):
    store = tmp_path / "made.zarr"
    group = zarr.create_group(store, zarr_format=version)
    array = group.create_array("a", shape=(7,), chunks=(3,), dtype="string", fill_value="-")
    array[:4] = numpy.array(["", "é", "x" * 300, "d"], dtype=object)
    compare(store)
    assert part(store, "a", (1, 3, 2))["values"] == ["é", "d", "-"]


COMPRESSORS_V2 = [
    None,
    numcodecs.Zlib(4),
    numcodecs.GZip(4),
    numcodecs.BZ2(4),
    numcodecs.Zstd(4),
    numcodecs.LZ4(4),
    numcodecs.Blosc("lz4", 5, numcodecs.Blosc.SHUFFLE),
    numcodecs.Blosc("zstd", 5, numcodecs.Blosc.BITSHUFFLE),
    numcodecs.Blosc("zlib", 5, numcodecs.Blosc.NOSHUFFLE),
]


@pytest.mark.parametrize("compressor", COMPRESSORS_V2, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_compressors_of_v2(tmp_path, compressor, order):
    store = tmp_path / "made.zarr"
    group = zarr.create_group(store, zarr_format=2)
    filters = [numcodecs.Shuffle(4), numcodecs.Fletcher32()] if order == "C" else None
    made = {"compressors": compressor, "filters": filters, "order": order}
    group.create_array("a", shape=SHAPE, chunks=CHUNKS, dtype="f4", **made)[...] = running("f4")
    ours = compare(store)["/a"]
    expected = running("f4")[3:30:4, 1:9:3, 2:5]
    assert part(store, "a", (3, 7, 4), (1, 3, 3), (2, 3, 1))["md5"] == md5(expected)
    assert ours["chunks"] == list(CHUNKS)


COMPRESSORS_V3 = [
    (),
    zarr.codecs.GzipCodec(),
    zarr.codecs.ZstdCodec(checksum=True),
    zarr.codecs.BloscCodec(cname="lz4hc", shuffle="bitshuffle"),
    (zarr.codecs.Crc32cCodec(),),
    (zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()),
]


@pytest.mark.parametrize("compressors", COMPRESSORS_V3, ids=str)
@pytest.mark.parametrize("shards", [None, (20, 8, 5)])
@pytest.mark.parametrize("is_consolidated", [False, True])
def test_stores_of_v3(tmp_path, compressors, shards, is_consolidated):
    store = tmp_path / "made.zarr"
    root = zarr.create_group(store, zarr_format=3, attributes={"title": "made"})
    group = root.create_group("below").create_group("deeper")
    made = {"shards": shards, "compressors": compressors, "dimension_names": ["time", "y", "x"]}
    array = group.create_array("a", shape=SHAPE, chunks=CHUNKS, dtype="i4", fill_value=-1, **made)
    values = running("i4")
    values[20:30] = -1
    array[...] = values
    if is_consolidated:
        zarr.consolidate_metadata(store)
    ours = compare(store)["/below/deeper/a"]
    assert ours["dimensions"] == ["time", "y", "x"]
    assert digest(store)[1]["attributes"] == {"title": "made"}
    assert part(store, "below/deeper/a", (5, 5, 7), (2, 9, 1), (0, 5, 1))["md5"] == md5(values[5:34:7, 2:11])
    assert part(store, "below/deeper/a", (36, 1, 1), (10, 1, 1), (4, 1, 1))["values"] == [int(values[36, 10, 4])]


@pytest.mark.parametrize("index", ["start", "end"])
def test_shards_in_shards_and_behind_codecs(tmp_path, index):
    store = tmp_path / "made.zarr"
    zarr.create_group(store, zarr_format=3)
    inner = zarr.codecs.ShardingCodec(chunk_shape=(5, 4, 5), codecs=[zarr.codecs.BytesCodec(), zarr.codecs.GzipCodec()])
    outer = zarr.codecs.ShardingCodec(chunk_shape=(10, 4, 5), codecs=[inner], index_location=index)
    array = zarr.create(store=store, path="a", shape=SHAPE, chunks=(20, 8, 5), dtype="f8", codecs=[outer], zarr_format=3)
    array[...] = running("f8")
    turned = [zarr.codecs.TransposeCodec(order=(2, 0, 1)), zarr.codecs.BytesCodec(endian="big")]
    other = zarr.create(store=store, path="b", shape=SHAPE, chunks=CHUNKS, dtype="f8", codecs=turned, zarr_format=3)
    other[...] = running("f8")
    compare(store)


def test_the_store_of_xarray(tmp_path):
    import xarray
    values = running("f4")
    values[0, 0, 0] = numpy.nan
    times = numpy.array("2024-01-01", "M8[D]") + numpy.arange(37)
    made = xarray.Dataset(
        {"a": (("time", "y", "x"), values, {"units": "m"})}, {"time": times.astype("M8[ns]"), "name": ("y", list("abcdefghijk"))}
    )
    for version in [2, 3]:
        store = tmp_path / f"made{version}.zarr"
        made.to_zarr(store, zarr_format=version, encoding={"a": {"_FillValue": -1.0}})
        ours = compare(store)
        assert ours["/a"]["dimensions"] == ["time", "y", "x"]
        assert ours["/a"]["attributes"]["_FillValue"] == -1.0
        assert ours["/a"]["attributes"]["units"] == "m"
        assert "_ARRAY_DIMENSIONS" not in ours["/a"]["attributes"]
        assert ours["/time"]["attributes"]["units"].startswith("days since 2024-01-01")


def test_what_is_damaged_is_told_with_its_chunk(tmp_path):
    store = tmp_path / "made.zarr"
    group = zarr.create_group(store, zarr_format=2)
    group.create_array("a", shape=(10,), chunks=(5,), dtype="i4", compressors=numcodecs.Zlib())[...] = numpy.arange(10)
    chunk = store / "a" / "1"
    chunk.write_bytes(chunk.read_bytes()[:-6])
    assert "a/1" in variables(store)["/a"]["error"]
    metadata = json.loads((store / "a" / ".zarray").read_text())
    (store / "a" / ".zarray").write_text(json.dumps(metadata | {"chunks": [0]}))
    done = subprocess.run([VALUES, store], capture_output=True, text=True)
    assert done.returncode == 1 and "a/.zarray is damaged" in done.stderr.replace('"', ""), done.stderr
