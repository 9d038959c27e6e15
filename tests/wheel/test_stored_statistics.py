"""Statistics of what the engine of xarray opened: read part by part by the native code, the same as when it is loaded."""

import signal
import subprocess
import sys
import time

import files
import numpy as np
import pytest
import xarray as xr
from earthdata import World

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture(params=["path", "open"])
def where(request, made, world):
    """The same files here, and far away."""
    return {"path": str(made), "open": f"{files.OPEN}/made"}[request.param]


def is_read_in_parts(array):
    from frazil import _values

    return isinstance(_values.of(array), _values.Stored)


def same(stored, measure, *arguments, **keywords):
    """By the stored array, which stays where it is, and by its values."""
    found = getattr(stored.frazil, measure)(*arguments, **keywords)
    assert not stored.variable._in_memory
    loaded = stored.copy().load()
    # Chunks and memory are cut otherwise: sums are added up in another order.
    expected = getattr(loaded.frazil, measure)(*arguments, **keywords)
    xr.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == expected.dtype
    assert xr.Variable((), 0, found.attrs).identical(xr.Variable((), 0, expected.attrs))


def test_packed_grids_are_read_where_they_lie(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        sst = model.sst
        assert is_read_in_parts(sst)
        for measure in ("sum", "mean", "min", "max", "count", "std"):
            same(sst, measure)
            same(sst, measure, ["lat", "lon"])
            same(sst[5:40, ::, 3:], measure, "time")
        same(sst[7], "mean", "lat")
        same(sst[7, :, -1], "mean")
        same(sst, "quantile", 0.3, "time")
        same(sst, "climatology")
        same(sst, "mean", ["lat", "lon"], skipna=False)
        same(sst.rename(lat="y", time="when"), "mean", "when")


def test_what_is_not_a_box_is_loaded(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        for part in (model.sst[::2], model.sst[[1, 5]], model.sst.T, model.sst[::-1]):
            assert not is_read_in_parts(part)
            expected = part.copy().load().astype("f8").mean("time")
            xr.testing.assert_allclose(part.frazil.mean("time"), expected, rtol=1e-6)
        assert "copy" in model.sst[::2].frazil.explain("mean", "time")


def test_numbers_as_they_are_stored(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil", mask_and_scale=False) as model:
        assert model.sst.dtype == "i2" and is_read_in_parts(model.sst)
        same(model.sst, "min", "time")
        same(model.sst, "sum")


def test_stores_of_zarr_and_files_of_hdf5(where):
    for name in ("two.zarr", "three.zarr"):
        with xr.open_dataset(f"{where}/{name}", engine="frazil") as grid:
            assert is_read_in_parts(grid.t)
            same(grid.t, "mean", "x")
            same(grid.t, "histogram", np.linspace(-3, 3, 13), "y")
            box = grid.t.frazil.box(x=(1, 2.5), y=(10, 20)).mean()
            own = grid.t.sel(x=slice(1, 2.5), y=slice(10, 20)).load().astype("f8")
            xr.testing.assert_allclose(box, own.mean())
    with xr.open_dataset(f"{where}/track.h5", engine="frazil", group="gt1l/heights") as heights:
        assert is_read_in_parts(heights.h_ph)
        same(heights.h_ph, "mean")
        same(heights.signal_conf_ph, "max", "delta_time")


def test_large_chunks_are_decoded_a_strip_at_a_time(tmp_path):
    import zarr
    from zarr.codecs import BloscCodec

    rng = np.random.default_rng(3)
    hourly = rng.gamma(0.2, 1.0, (10, 600, 1024)).astype("f4")
    group = zarr.create_group(tmp_path / "rain.zarr")
    for name, values in (("tp", hourly), ("packed", (hourly * 100).astype("i2"))):
        blosc = BloscCodec(cname="lz4", clevel=5, shuffle="shuffle")
        names = ("time", "y", "x")
        of = {"shape": values.shape, "chunks": (4, 600, 1024), "dtype": values.dtype, "fill_value": 3}
        array = group.create_array(name, compressors=blosc, dimension_names=names, **of)
        array[:8] = values[:8]
        if name == "packed":
            array.attrs["scale_factor"] = 0.01
    # The last chunk was never written.
    written = np.concatenate([hourly[:8], np.full((2, 600, 1024), 3, "f4")])
    with xr.open_dataset(tmp_path / "rain.zarr", engine="frazil", mask_and_scale=False) as rain:
        assert "decoded 2.4 MB at a time" in rain.tp.frazil.explain("mean", "time")
        assert rain.packed.dtype == "i2" and "at a time" in rain.packed.frazil.explain("sum")
        same(rain.tp, "mean", ["time", "x"])
        same(rain.tp[1:9], "max", "time")
        same(rain.tp, "quantile", 0.5, "time")
        same(rain.packed, "sum", "time")
        same(rain.packed, "min")
        edges = np.logspace(-5, 2, 51)
        counts = rain.tp.frazil.coarsen_sum(time=2).histogram(edges, ["time", "x"])
        sums = written.reshape(5, 2, 600, 1024).sum(axis=1)
        expected = np.stack([np.histogram(sums[:, row], bins=edges)[0] for row in range(600)])
        np.testing.assert_array_equal(counts.values, expected)
        # Behind the first axis a part is of whole chunks, or it is decoded whole.
        assert "at a time" not in rain.tp[:, 1:].frazil.explain("mean", "time")
        same(rain.tp[:, 1:], "mean", "time")
        same(rain.tp, "rolling_mean", "time", 3)
    with xr.open_dataset(tmp_path / "rain.zarr", engine="frazil") as rain:
        assert "at a time" in rain.packed.frazil.explain("mean")
        same(rain.packed, "mean", "time")


def test_a_plan_names_chunks_and_reads_nothing(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        text = model.sst.frazil.explain("mean", "time")
        assert "chunks  12 of 10 x 19 x 18, each read once" in text, text
        drawn = model.sst[:20].frazil.visualize("mean", "time")
        assert "time 0:20, lat 0:19, lon 0:36 of int16" in drawn and "times 0.01 plus 273.15" in drawn
        assert not model.sst.variable._in_memory


def test_the_memory_that_a_call_may_take_holds_for_what_is_stored(where):
    from frazil.errors import InvalidError

    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        with pytest.raises(InvalidError, match="bytes of memory"):
            model.sst.frazil.mean("time", memory=100)
        assert not model.sst.variable._in_memory


def test_anomalies_and_windows_of_what_is_stored(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        sst = model.sst
        assert "copy" not in sst.frazil.explain("rolling_mean", "time", 3)
        same(sst, "rolling_mean", "time", 3)
        same(sst[:, 3], "rolling_max", "lon", 5, center=True)
        found = sst.frazil.anomaly()
        assert not sst.variable._in_memory
        xr.testing.assert_allclose(found, sst.copy().load().frazil.anomaly(), rtol=1e-6, atol=1e-9)


def test_elements_and_pairs_of_what_is_stored(where):
    with xr.open_dataset(f"{where}/model.nc", engine="frazil") as model:
        warm = model.sst.frazil.where(">", 288).scale(1, -273.15)
        loaded = model.sst.copy().load().astype("f8")
        xr.testing.assert_allclose(warm.mean("time"), loaded.where(loaded > 288).mean("time") - 273.15, rtol=1e-5)
        xr.testing.assert_allclose(model.sst.frazil.resample("season"), loaded.resample(time="QS-DEC").mean(), rtol=1e-6)
        edges, again = [250, 280, 288, 300], model.sst.rename("again")
        # Both are read where they are stored, if the same part of both is taken.
        for one, other, copied in [
            (model.sst, again, 0),
            (model.sst[5:40], again[5:40], 0),
            (model.sst, again.copy().load(), 0),
            (model.sst[5:40], again[5:40].copy().load(), 1),
            (model.sst.copy().load(), again.copy(), 1),
            (model.sst[:, 3], again[:, 4].drop_vars("lat"), 2),
        ]:
            text = one.frazil.explain("joint_histogram", other, edges, edges, "time")
            assert text.count("copy  ") == copied, text
            found = one.frazil.joint_histogram(other, edges, edges)
            pair = [array.copy().load().values.ravel().astype("f8") for array in (one, other)]
            np.testing.assert_array_equal(found, np.histogram2d(*pair, [edges, edges])[0])
        assert not model.sst.variable._in_memory


def test_images_are_read_where_they_lie(where):
    with xr.open_dataset(f"{where}/image.tif", engine="frazil") as image:
        bands = image.band_data
        assert is_read_in_parts(bands)
        same(bands, "mean", ["y", "x"])
        same(bands[1, 100:200, 7:], "histogram", np.linspace(0, 400_000, 9))
        assert not bands.variable._in_memory


def test_what_cannot_be_read_is_told_as_by_a_read(made, tmp_path):
    import shutil

    from frazil.errors import InvalidError

    store = shutil.copytree(made / "two.zarr", tmp_path / "two.zarr")
    (store / "t" / "1.1").write_bytes(b"none")
    with xr.open_dataset(store, engine="frazil") as grid:
        with pytest.raises(Exception, match="1.1") as read:
            grid.t.copy().load()
        with pytest.raises(type(read.value), match="1.1") as computed:
            grid.t.frazil.mean()
        assert not isinstance(computed.value, InvalidError)
        assert any("`t` of " in note for note in computed.value.__notes__)
        assert grid.t[:10].frazil.count() == 500


def test_what_is_chunked_by_dask_is_made_by_dask(made):
    from frazil.errors import InvalidError

    with xr.open_dataset(made / "model.nc", engine="frazil", chunks={}) as model:
        counts = model.sst.frazil.histogram([270, 280, 290, 310], "time")
        xr.testing.assert_identical(counts, model.sst.load().frazil.histogram([270, 280, 290, 310], "time"))
    with xr.open_dataset(made / "model.nc", engine="frazil", chunks={}) as model:
        with pytest.raises(InvalidError, match="`sst` is chunked by Dask") as raised:
            model.sst.frazil.anomaly()
        assert "`.load()`" in raised.value.__notes__[0]


def test_texts_and_times_are_told(made):
    from frazil.errors import InvalidError

    with xr.open_dataset(made / "classic.nc", engine="frazil") as classic:
        with pytest.raises(InvalidError, match="is no type of numbers here"):
            classic.station.frazil.count()


def test_what_cannot_be_read_is_told_as_where_it_is_read_alone(world):
    from frazil.errors import InvalidError

    with xr.open_dataset(f"{files.OPEN}/made/large.tif", engine="frazil", memory=1 << 20) as image:
        band = image.band_data
        assert is_read_in_parts(band)
        world.ask("faults", [{"fault": "status", "status": 404, "host": "open", "times": -1}])
        with pytest.raises(Exception) as alone:
            band[0, 900:905].load()
        with pytest.raises(type(alone.value)) as raised:
            band.frazil.mean()
    assert not isinstance(raised.value, InvalidError)
    assert raised.value.status == alone.value.status and raised.value.address == alone.value.address
    assert any("`band_data` of " in note for note in raised.value.__notes__)


def test_a_new_login_reaches_a_call(made, monkeypatch):
    from frazil.errors import LoginError

    own = World("--serve", f"made={made}")
    try:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)

        def log_in():
            monkeypatch.setenv("EARTHDATA_TOKEN", own.token())

        log_in()
        expected = xr.open_dataset(made / "large.tif", engine="frazil").band_data.astype("f8").mean()
        band = xr.open_dataset(f"{files.ARCHIVE}/made/large.tif", engine="frazil", memory=1 << 20).band_data
        assert is_read_in_parts(band)
        xr.testing.assert_allclose(band.frazil.mean(), expected)
        own.ask("tokens", method="DELETE")
        own.ask("clock", {"seconds": 100_000})
        with pytest.raises(LoginError, match="no longer valid"):
            band.frazil.mean()
        log_in()
        xr.testing.assert_allclose(band.frazil.mean(), expected)
    finally:
        own.close()


STUCK = """
import signal, sys
import frazil.xarray
import xarray
signal.signal(signal.SIGINT, signal.default_int_handler)
band = xarray.open_dataset(sys.argv[1], engine="frazil", memory=1 << 20).band_data
band.frazil.explain()
print("opened", flush=True)
sys.stdin.readline()
try:
    band.frazil.mean()
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_ends_a_call_that_waits_for_an_answer(world):
    address, pipes = f"{files.OPEN}/made/large.tif", {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    child = subprocess.Popen([sys.executable, "-c", STUCK, address], **pipes, text=True)
    try:
        assert child.stdout.readline() == "opened\n"
        world.ask("faults", [{"fault": "hang", "host": "open", "times": -1}])
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(1)
        assert child.poll() is None
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.read() == "stopped\n" and child.wait(60) == 0
        assert time.monotonic() - begun < 10
    finally:
        child.kill()
