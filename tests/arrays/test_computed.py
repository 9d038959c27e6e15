"""Statistics of real files, held against numpy over what h5py, netCDF4 and rasterio read of them."""

import json
import warnings

import numpy
import pytest
from computed import computed, refused, told
from conftest import SHARED

import h5py
import netCDF4 as netcdf4
import rasterio
import hdf5plugin

SCIENCE = SHARED / "science"
HDF5 = sorted(path for folder in ("netcdf4-hdf5", "icesat2") for path in (SCIENCE / folder).rglob("*.*"))
NETCDF3 = sorted((SCIENCE / "netcdf3").glob("*.nc"))
COG = sorted((SCIENCE / "cog").glob("*.tif"))
MOST = 4_000_000
"""Elements of arrays that are looked at."""
KINDS = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"}

MEASURES = {
    "count": lambda values, axis: (~numpy.isnan(values)).sum(axis),
    "mean": lambda values, axis: numpy.nanmean(values, axis),
    "min": lambda values, axis: numpy.nanmin(values, axis),
    "max": lambda values, axis: numpy.nanmax(values, axis),
    "std": lambda values, axis: numpy.nanstd(values, axis),
}


def of(paths):
    """A parameter for each file, or one that says that there are none."""
    return pytest.mark.parametrize("path", paths or [None], ids=lambda path: path.name if path else "none")


def there(path):
    if path is None:
        pytest.skip(f"there is no {SCIENCE}")
    return path


def unpacked(stored, said):
    """Stored numbers as CF says what they mean, in double precision, of which CF's are roundings."""
    values = numpy.asarray(stored).astype("f8")
    for name in ("_FillValue", "missing_value"):
        for missing in numpy.atleast_1d(said.get(name, [])):
            values[numpy.asarray(stored) == missing] = numpy.nan
    scale, offset = (numpy.ravel(said.get(name, default))[0] for name, default in (("scale_factor", 1), ("add_offset", 0)))
    return values * scale + offset


def same(path, name, dimensions, values, precision=1e-6, **more):
    """All measures over all dimensions, and over the first."""
    for over in ([], dimensions[:1]):
        axis = None if not over else 0
        for measure, naive in MEASURES.items():
            found, _ = computed([path], name, measure, over, **more)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                expected = naive(values, axis)
            scale = numpy.nanmax(abs(values), initial=0) if measure == "std" else 0
            numpy.testing.assert_allclose(found, expected, rtol=precision, atol=scale * precision, err_msg=f"{name} {measure} {over}")


def few(all):
    """Some of many, from small to large."""
    all = sorted(all, key=lambda one: (one[1].size, one[0]))
    return all[:: max(1, len(all) // 5)][-6:]


def numeric(dataset):
    if dataset.attrs.get("NAME", b"").startswith(b"This is a netCDF dimension but not a netCDF variable"):
        return False
    plain = h5py.check_enum_dtype(dataset.dtype) is None and h5py.check_ref_dtype(dataset.dtype) is None
    return plain and dataset.dtype.str[1:] in KINDS and dataset.shape and 0 < dataset.size <= MOST


@of(HDF5)
def test_hdf5(path):
    found = []
    with h5py.File(there(path)) as file:
        file.visititems(lambda name, item: found.append((name, item)) if isinstance(item, h5py.Dataset) and numeric(item) else None)
        for name, dataset in few(found):
            job = {"files": [str(path)], "variable": name, "measure": "count", "over": []}
            line = told(job)[1]
            part = line["plan"].split("[", 1)[1].split("]")[0]
            dimensions = [one.rsplit(" ", 1)[0] for one in part.split(", ")]
            said = {key: dataset.attrs[key] for key in ("_FillValue", "missing_value", "scale_factor", "add_offset") if key in dataset.attrs}
            same(path, name, dimensions, unpacked(dataset[()], said))


@of(NETCDF3)
def test_netcdf_classic(path):
    with netcdf4.Dataset(there(path)) as file:
        file.set_auto_maskandscale(False)
        all = [(name, one) for name, one in file.variables.items() if one.dtype.str[1:] in KINDS and one.shape and 0 < one.size <= MOST]
        for name, variable in few(all):
            same(path, name, list(variable.dimensions), unpacked(variable[:], variable.__dict__))


@of(COG)
def test_images(path):
    with rasterio.open(there(path)) as image:
        if image.dtypes[0] not in ("uint8", "int16", "uint16", "int32", "uint32", "float32", "float64") or image.width * image.height > MOST:
            pytest.skip(f"{image.dtypes[0]} of {image.shape}")
        if image.compression == rasterio.enums.Compression.jpeg:
            pytest.skip("two decoders of JPEG round differently: tests/formats compares its values")
        values = image.read(masked=False).astype("f8")
        if image.nodata is not None:
            values[values == image.nodata] = numpy.nan
    for measure in ("count", "mean", "max"):
        found, _ = computed([path], "band_data", measure, ["y", "x"])
        numpy.testing.assert_allclose(found, [MEASURES[measure](band, None) for band in values], rtol=1e-6)


GRANULES = sorted((SCIENCE / "netcdf4-hdf5").glob("*GAMSSA*.nc"))


@pytest.fixture
def granules():
    if len(GRANULES) < 2:
        pytest.skip(f"there are no granules in {SCIENCE}")
    return GRANULES


def sst(path):
    with netcdf4.Dataset(path) as file:
        return numpy.ma.filled(file["analysed_sst"][:].astype("f8"), numpy.nan)


def test_granules_are_one_array(granules):
    whole = numpy.concatenate([sst(path) for path in granules])
    found, line = computed(granules, "analysed_sst", "mean", ["time"], along="time")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        numpy.testing.assert_allclose(found, numpy.nanmean(whole, 0), rtol=1e-6)
    assert line["missing"] == numpy.isnan(whole).sum()


def test_a_box_of_many_granules(granules):
    many = list(granules) * 10
    slices = {"lat": [100, 50], "lon": [0, 70]}
    found, _ = computed(many, "analysed_sst", "max", ["lat", "lon"], along="time", slices=slices)
    box = numpy.concatenate([sst(path)[:, 100:150, :70] for path in many])
    numpy.testing.assert_allclose(found, numpy.nanmax(box, (1, 2)), rtol=1e-6)


def test_a_granule_that_does_not_belong_is_named(granules, tmp_path):
    def joined(other, variable="analysed_sst"):
        job = {"files": [str(path) for path in (granules[0], other, granules[1])], "variable": variable}
        return refused({**job, "along": "time", "measure": "mean", "over": ["time"]})

    assert "gone.nc" in joined(tmp_path / "gone.nc")

    cut = tmp_path / "cut.nc"
    cut.write_bytes(granules[1].read_bytes()[: granules[1].stat().st_size // 2])
    said = joined(cut)
    assert "cut.nc" in said, said

    small = tmp_path / "small.nc"
    with netcdf4.Dataset(granules[1]) as whole, netcdf4.Dataset(small, "w") as part:
        own = whole["analysed_sst"]
        own.set_auto_maskandscale(False)
        for name, length in (("time", 1), ("lat", 10), ("lon", 20)):
            part.createDimension(name, length)
        made = part.createVariable("analysed_sst", own.dtype, own.dimensions, fill_value=own._FillValue)
        made.set_auto_maskandscale(False)
        made[:] = own[:, :10, :20]
    said = joined(small)
    assert "small.nc" in said and "[1, 10, 20]" in said, said

    other = tmp_path / "other.nc"
    with netcdf4.Dataset(other, "w") as part:
        part.createDimension("time", 1)
        part.createVariable("rain", "f4", ("time",))[:] = 1
    said = joined(other)
    assert "other.nc" in said and "analysed_sst" in said and "rain" in said, said


def image(path, values, left, top, nodata=0):
    transform = rasterio.Affine(30, 0, left, 0, -30, top)
    profile = {"driver": "GTiff", "dtype": values.dtype, "count": 1, "height": values.shape[0], "width": values.shape[1]}
    profile |= {"crs": "EPSG:32622", "transform": transform, "nodata": nodata, "tiled": True, "blockxsize": 128, "blockysize": 128}
    with rasterio.open(path, "w", **profile, compress="deflate") as made:
        made.write(values, 1)
    return {
        "href": str(path), "type": "image/tiff; application=geotiff", "roles": ["data"], "proj:epsg": 32622,
        "proj:shape": list(values.shape), "proj:transform": [30, 0, left, 0, -30, top],
        "raster:bands": [{"data_type": values.dtype.name, "nodata": nodata, "scale": 0.5, "offset": -10.0}],
    }  # fmt: skip


@pytest.fixture
def cube(tmp_path):
    """Three times of two tiles beside each other, the second of which is missing once; and their numbers."""
    random = numpy.random.default_rng(5)
    values = random.integers(0, 200, (3, 300, 600)).astype("u2")
    values[1, :, 300:] = 0
    items = []
    for time in range(3):
        for tile in range(2):
            if (time, tile) == (1, 1):
                continue
            path = tmp_path / f"{time}-{tile}.tif"
            asset = image(path, values[time][:, tile * 300 : (tile + 1) * 300], 500_000 + tile * 9000, 100_000)
            properties = {"datetime": f"2020-01-0{time + 1}T14:00:00Z"}
            items.append({"type": "Feature", "stac_version": "1.0.0", "id": path.stem, "properties": properties, "links": [], "assets": {"B4": asset}})
    written = tmp_path / "items.json"
    written.write_text(json.dumps(items))
    return written, numpy.where(values == 0, numpy.nan, values * 0.5 - 10)


def test_a_band_of_a_cube(cube):
    items, values = cube
    job = {"items": str(items), "band": "B4"}
    for measure in ("count", "mean", "max"):
        for over, axis in ((["time"], 0), (["y", "x"], (1, 2))):
            found, _ = told({**job, "measure": measure, "over": over})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                numpy.testing.assert_allclose(found, MEASURES[measure](values, axis), rtol=1e-12)
    part = {"time": [0, 2], "y": [17, 100], "x": [250, 100]}
    found, line = told({**job, "measure": "mean", "over": [], "slices": part})
    numpy.testing.assert_allclose(found, numpy.nanmean(values[:2, 17:117, 250:350]), rtol=1e-12)


def test_images_are_opened_when_they_are_read(cube):
    items, values = cube
    (items.parent / "2-1.tif").unlink()
    job = {"items": str(items), "band": "B4", "measure": "mean", "over": ["time"]}
    found, _ = told({**job, "slices": {"time": [0, 2]}})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        numpy.testing.assert_allclose(found, numpy.nanmean(values[:2], 0), rtol=1e-12)
    assert "2-1.tif" in refused(job)


def test_bands_that_are_none_are_told(cube):
    items, _ = cube
    assert "no band `B5`" in refused({"items": str(items), "band": "B5", "measure": "mean"})
