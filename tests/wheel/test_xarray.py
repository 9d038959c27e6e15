"""The engine of xarray: the same datasets as by xarray's own engines, lazily, in Dask's workers too."""

import warnings

import files
import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("world")
warnings.filterwarnings("ignore", message=".*phony|.*consolidated|.*fixed length|.*decode")

REAL = [
    "netcdf4-hdf5/20241011120000-ABOM-L4_GHRSST-SSTfnd-GAMSSA_28km-GLOB-v02.0-fv01.0.nc",
    "netcdf4-hdf5/air.nc",
    "netcdf4-hdf5/b.e11.B20TRC5CNBDRD.f09_g16.001.pop.h.SHF.185001-200512.nc",
    "netcdf4-hdf5/basin_mask.nc",
    "netcdf3/eraint_uvz.nc",
    "icesat2/ATL06_20181013235645_02340114_209_01.h5/gt1l/land_ice_segments",
    "icesat2/ATL06_20181013235645_02340114_209_01.h5/gt1l/land_ice_segments/geophysical",
    "icesat2/processed_ATL06_20211102121853_06271303_006_01.h5/gt1l/land_ice_segments",
    "zarr/rio-tiler_dataset_3d.zarr",
]


@pytest.fixture(params=["path", "archive"])
def where(request, made, logged_in):
    """The same files here, and behind a login far away."""
    return {"path": str(made), "archive": f"{files.ARCHIVE}/made"}[request.param]


def engine(name):
    return "zarr" if name.endswith(".zarr") else "netcdf4" if "netcdf3" in name or "classic" in name else "h5netcdf"


def own(path, group=None, **keywords):
    """As xarray opens it by itself."""
    import xarray as xr

    name = engine(str(path))
    how = {"phony_dims": "sort"} if name == "h5netcdf" else {}
    return xr.open_dataset(path, engine=name, group=group, **how, **keywords)


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_the_same_datasets(world, name):
    import xarray as xr

    file, _, group = name.partition(".h5/")
    path = files.science(f"{file}.h5" if group else file)
    with own(path, group or None) as theirs, xr.open_dataset(path, engine="frazil", group=group or None) as ours:
        xr.testing.assert_identical(plain(theirs.load()), plain(ours.load()))
        for variable in theirs.variables:
            assert theirs[variable].dtype == ours[variable].dtype, variable


def plain(dataset):
    """Without what h5netcdf tells of HDF5's own bookkeeping; UTF-8 in texts that say that they are ASCII is UTF-8."""
    for name, value in dataset.attrs.items():
        if isinstance(value, str):
            dataset.attrs[name] = value.encode("utf-8", "surrogateescape").decode()
    for variable in dataset.variables.values():
        for name in ("DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties"):
            variable.attrs.pop(name, None)
    return dataset


@pytest.mark.parametrize("name", ["model.nc", "classic.nc", "two.zarr", "three.zarr"])
def test_made_files_are_the_same_datasets(where, made, name):
    import xarray as xr

    with own(made / name) as theirs, xr.open_dataset(f"{where}/{name}", engine="frazil") as ours:
        xr.testing.assert_identical(plain(theirs.load()), plain(ours.load()))


# netCDF-C misplaces what is shorter along the last dimension, and h5netcdf does not fill up texts.
@pytest.mark.parametrize("group,by", [(None, "netcdf4"), ("below", "h5netcdf")])
def test_what_was_never_written_of_a_dimension_that_grew_is_missing(where, made, group, by):
    import frazil
    import xarray as xr

    how = {"group": group, "mask_and_scale": False}
    with (
        xr.open_dataset(made / "grown.nc", engine=by, **how) as theirs,
        xr.open_dataset(f"{where}/grown.nc", engine="frazil", **how) as ours,
    ):
        xr.testing.assert_equal(theirs.load(), ours.load())
    if group is None:
        assert ours.sizes == {"time": 12, "x": 5} and (ours.short[4:] == -9).all() and ours.names[2:].values.tolist() == [""] * 10
        short = frazil.open(f"{where}/grown.nc")["short"]
        for key in (slice(2, 6), slice(3, 12, 4), slice(5, 7), (slice(None, None, -5), 3), 11):
            np.testing.assert_array_equal(short[key], ours.short.values[key])
        assert short.ranges(slice(5, 7)) == [] and len(short.ranges()) == len(short.ranges(slice(0, 4))) == 2


def test_references_are_the_dataset_that_they_refer_to(where, made):
    import xarray as xr

    with own(made / "model.nc") as theirs, xr.open_dataset(f"{where}/model.json", engine="frazil") as ours:
        xr.testing.assert_equal(theirs.load(), ours.load())


def test_an_image_is_as_rasterio_reads_it(where, made):
    import rasterio
    import xarray as xr

    with rasterio.open(made / "image.tif") as theirs, xr.open_dataset(f"{where}/image.tif", engine="frazil") as ours:
        expected = theirs.read(masked=True)
        np.testing.assert_array_equal(ours.band_data.fillna(9).values, expected.filled(9))
        left, _ = theirs.xy(0, 0)
        assert ours.x.values[0] == left and ours.sizes == {"band": 3, "y": 300, "x": 400}


def test_indexing_is_lazy_and_the_same(where, made):
    import xarray as xr

    with own(made / "model.nc") as theirs, xr.open_dataset(f"{where}/model.nc", engine="frazil") as ours:
        picks = [
            {"time": 3},
            {"time": slice(5, 40, 7), "lon": slice(None, None, -2)},
            {"lat": [3, 1, 1, 18], "lon": [0, -1]},
            {"lat": xr.DataArray([1, 5, 9], dims="p"), "lon": xr.DataArray([2, 2, 30], dims="p")},
            {"time": slice(0, 0)},
        ]
        for pick in picks:
            xr.testing.assert_identical(theirs.sst.isel(pick).load(), ours.sst.isel(pick).load())
        xr.testing.assert_identical(
            theirs.sst.sel(lat=slice(30, -30)).mean(("lat", "lon")), ours.sst.sel(lat=slice(30, -30)).mean(("lat", "lon"))
        )


def test_opening_reads_headers_and_the_index_only(logged_in):
    import frazil
    import xarray as xr

    name = "icesat2/ATL06_20181013235645_02340114_209_01.h5"
    size = files.science(name).stat().st_size
    before = frazil.io_stats().total.received
    with xr.open_dataset(f"{files.ARCHIVE}/science/{name}", engine="frazil", group="gt1l/land_ice_segments") as opened:
        assert opened.h_li.size > 0 and not opened.h_li.variable._in_memory
    assert frazil.io_stats().total.received - before < size / 2


def test_chunks_of_the_file_are_those_of_dask(where):
    import xarray as xr

    with xr.open_dataset(f"{where}/model.nc", engine="frazil", chunks={}) as opened:
        assert opened.sst.chunks == ((10,) * 6, (19,), (18, 18))
        assert opened.sst.encoding["preferred_chunks"] == {"time": 10, "lat": 19, "lon": 18}
        again = xr.open_dataset(f"{where}/model.nc", engine="frazil", chunks={})
        assert opened.sst.data.name == again.sst.data.name
        other = xr.open_dataset(f"{where}/model.nc", engine="frazil", chunks={}, isel={"time": slice(0, 10)})
        assert opened.sst.data.name != other.sst.data.name


def test_dask_workers_read_by_the_login_that_they_find(logged_in, made):
    import xarray as xr
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster,
        Client(cluster),
        own(made / "model.nc") as theirs,
        xr.open_dataset(f"{files.ARCHIVE}/made/model.nc", engine="frazil", chunks={}) as ours,
    ):
        np.testing.assert_allclose(ours.sst.mean("time").values, theirs.sst.mean("time").values)


def test_parts_are_chosen_while_opening(where):
    import frazil
    import xarray as xr

    chosen = {"select": {"lat": slice(0, 40)}, "isel": {"time": slice(0, 4)}}
    with xr.open_dataset(f"{where}/model.nc", engine="frazil", **chosen) as part:
        assert dict(part.sizes) == {"time": 4, "lat": 5, "lon": 36}
        with xr.open_dataset(f"{where}/model.nc", engine="frazil") as whole:
            xr.testing.assert_identical(part.sst.load(), whole.sst.sel(lat=slice(40, 0)).isel(time=slice(0, 4)).load())
        opened = frazil.open(f"{where}/model.nc", **chosen).to_dataset()
        xr.testing.assert_identical(part.load(), opened.load())


def test_groups_are_a_tree(where, made):
    import xarray as xr

    ours = xr.open_datatree(f"{where}/track.h5", engine="frazil")
    assert {group.path for group in ours.subtree} == {"/", "/gt1l", "/gt1r", "/gt1l/heights", "/gt1r/heights"}
    with own(made / "track.h5", "gt1r/heights") as theirs:
        xr.testing.assert_identical(plain(theirs.load()), plain(ours["gt1r/heights"].to_dataset(inherit=False).load()))


def test_groups_of_a_tree_are_chosen_by_what_they_have(where):
    import frazil
    import xarray as xr

    ours = xr.open_datatree(f"{where}/track.h5", engine="frazil", bbox=(-60, 12, -40, 13.5), isel={"ds_surf_type": slice(1, 3)})
    whole = frazil.open(f"{where}/track.h5")
    for beam in ("gt1l", "gt1r"):
        heights = whole.group(f"{beam}/heights")
        part = heights.select(bbox=(-60, 12, -40, 13.5))
        assert 0 < part.sizes["delta_time"] < 40_000
        np.testing.assert_array_equal(ours[f"{beam}/heights"]["h_ph"].values, part["h_ph"].values)
        np.testing.assert_array_equal(ours[f"{beam}/heights"]["signal_conf_ph"].values, part["signal_conf_ph"][:, 1:3])
    model = xr.open_datatree(f"{where}/model.nc", engine="frazil", isel={"time": slice(5, 9)})
    assert model["below"]["number"].values.tolist() == [5, 6, 7, 8]
    with pytest.raises(KeyError, match="nothing_such"):
        xr.open_datatree(f"{where}/model.nc", engine="frazil", isel={"nothing_such": 3})


def test_other_engines_are_not_taken_unawares(made):
    import frazil
    import xarray as xr

    assert "frazil" in xr.backends.list_engines()
    guessed = xr.backends.plugins.guess_engine(str(made / "model.nc"))
    assert getattr(guessed, "__module__", guessed) != "frazil._xarray" and guessed != "frazil"
    assert xr.backends.plugins.guess_engine(frazil.open(made / "model.nc")) == "frazil"


def test_what_is_wrong_is_told(made):
    import frazil
    import xarray as xr

    with pytest.raises(frazil.errors.InvalidError):
        xr.open_dataset(made / "model.nc", engine="frazil", group="nowhere")
    with pytest.raises(TypeError):
        xr.open_dataset(made / "model.nc", engine="frazil", block_size=3)
    with pytest.raises(TypeError, match="when it was opened"):
        xr.open_dataset(frazil.open(made / "model.nc"), engine="frazil", memory=1 << 21)
