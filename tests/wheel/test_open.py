"""Files and stores of arrays, opened where they lie: what they hold, parts of it, what it means."""

import datetime as dt
import multiprocessing
import pickle
import random
import signal
import subprocess
import sys
import time

import files
import numpy as np
import pytest
from earthdata import World

pytestmark = pytest.mark.usefixtures("world")
BIG = "netcdf4-hdf5/coads_climatology.nc4"
FORMATS = {
    "track.h5": "HDF5",
    "model.nc": "NetCDF4",
    "classic.nc": "NetCDF classic",
    "two.zarr": "Zarr v2",
    "three.zarr": "Zarr v3",
    "image.tif": "GeoTIFF",
    "model.json": "Kerchunk",
}


@pytest.fixture(params=["path", "open", "archive"])
def where(request, made, logged_in):
    """The same files here, far away, and behind a login."""
    return {"path": str(made), "open": f"{files.OPEN}/made", "archive": f"{files.ARCHIVE}/made"}[request.param]


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_known_wherever_they_lie(where, name):
    import frazil

    opened = frazil.open(f"{where}/{name}")
    assert opened.format == FORMATS[name] and opened.address.endswith(name)


def test_a_group_tells_what_it_holds(where):
    import frazil

    heights = frazil.open(f"{where}/track.h5", "/gt1l/heights")
    assert set(heights) == {"delta_time", "lat_ph", "lon_ph", "h_ph", "signal_conf_ph"} and len(heights) == 5
    assert heights.sizes["delta_time"] == 40_000 and heights.path == "/gt1l/heights" and heights.groups == []
    photons = heights["h_ph"]
    assert (photons.dtype, photons.shape, photons.dims) == (np.dtype("f4"), (40_000,), ("delta_time",))
    assert photons.chunks == (5_000,) and photons.filters == ["shuffle", "deflate 6"]
    assert photons.attrs["units"] == "meters"
    np.testing.assert_array_equal(photons.attrs["valid"], np.array([1, 2], "u2"))
    assert photons.attrs["valid"].dtype == np.dtype("u2")
    root = frazil.open(f"{where}/track.h5")
    assert root.groups == ["gt1l", "gt1r"] and root.attrs == {"title": "photons"}
    assert root["gt1r/heights/h_ph"].path == "/gt1r/heights/h_ph"
    assert root.group("gt1r").group("/gt1l").path == "/gt1l"
    assert [group.path for group in root.walk()] == ["/", "/gt1l", "/gt1r", "/gt1l/heights", "/gt1r/heights"]
    assert "h_ph (delta_time: 40000) float32" in repr(heights) and "gt1l/" in repr(root)


@pytest.mark.parametrize("name", FORMATS)
def test_values_belong_to_who_read_them(where, name):
    import frazil

    groups = frazil.open(f"{where}/{name}").walk()
    variable = next(one for group in groups for one in group.values() if one.ndim and one.dtype.kind in "iuf")
    values = variable[...]
    read = values.copy()
    values[...] = values + 1
    np.testing.assert_array_equal(variable[...], read)


def test_values_are_those_of_h5py(where, made):
    import frazil
    import h5py

    ours = frazil.open(f"{where}/track.h5")
    with h5py.File(made / "track.h5") as own:
        for beam in ("gt1l", "gt1r"):
            for name, values in own[f"{beam}/heights"].items():
                np.testing.assert_array_equal(ours[f"{beam}/heights/{name}"].values, values[...])
        told, expected = ours["told"].values, own["told"][...]
        assert told["name"].tolist() == ["a", "bc"]
        np.testing.assert_array_equal(told["number"], expected["number"])
        np.testing.assert_array_equal(told["weight"], expected["weight"])
    assert ours["names"].values.tolist() == ["north", "süd", ""] and ours["one"].values == 5
    assert ours["one"].shape == () and ours["one"][()] == 5


def test_indexes_are_numpys(made):
    import frazil

    whole = np.arange(3 * 300 * 400, dtype="u2").reshape(3, 300, 400)
    ours = frazil.open(made / "image.tif")["band_data"]
    chosen = random.Random(23)

    def one(length):
        how = chosen.choice(["all", "number", "negative", "slice", "stepped", "turned", "empty", "list", "truth"])
        edges = sorted(chosen.randrange(-length, length) for _ in range(2))
        return {
            "all": slice(None),
            "number": chosen.randrange(length),
            "negative": -1 - chosen.randrange(length),
            "slice": slice(*edges),
            "stepped": slice(edges[0], edges[1], chosen.randrange(1, 9)),
            "turned": slice(edges[1], edges[0], -chosen.randrange(1, 9)),
            "empty": slice(length, length),
            "list": [chosen.randrange(-length, length) for _ in range(4)],
            "truth": np.array([chosen.random() < 0.2 for _ in range(length)]),
        }[how]

    for _ in range(200):
        key = tuple(one(length) for length in whole.shape[: chosen.randrange(4)])
        if sum(isinstance(part, (list, np.ndarray)) for part in key) > 1:
            continue
        # numpy puts a dimension chosen by a list in front where a number is beside it.
        expected = whole
        for axis in reversed(range(len(key))):
            expected = expected[(slice(None),) * axis + (key[axis],)]
        np.testing.assert_array_equal(ours[key], expected, err_msg=str(key))
    np.testing.assert_array_equal(ours[..., 5], whole[..., 5])
    for wrong in ((0, 0, 0, 0), (..., ...), 3, [[0], [1]], [7], np.array([True]), None, (0, None)):
        with pytest.raises(IndexError):
            ours[wrong]
    with pytest.raises(TypeError):
        ours["x"]


def test_what_is_read_may_be_written_to(made):
    import frazil

    values = frazil.open(made / "track.h5")["gt1l/heights/h_ph"][:10]
    values[0] = 1
    assert values[0] == 1


@pytest.mark.parametrize("name", ["model.nc", "model.json"])
def test_values_are_decoded_by_choice(where, made, name):
    import frazil
    import xarray as xr

    stored = frazil.open(f"{where}/{name}")["sst"][5]
    assert stored.dtype == np.dtype("i2") and (stored[:2] == -32768).all()
    decoded = frazil.open(f"{where}/{name}", decode=True)
    with xr.open_dataset(made / "model.nc", engine="netcdf4", decode_times=False) as own:
        np.testing.assert_allclose(decoded["sst"][5], own.sst[5].values, rtol=1e-12)
    when = decoded["when"].values
    assert when.dtype == np.dtype("M8[ns]") and when[1] == np.datetime64("2017-07-14T02:40:01", "ns")
    assert decoded["time"].values[1] == 15.0


def test_numbers_are_unpacked_as_xarray_does(tmp_path):
    """Integers that are unsigned only by what is said of them, and numbers of half precision."""
    import frazil
    import h5py
    import xarray as xr

    f4, f8 = np.float32, np.float64
    packed = {
        "goes": ("i2", [-1, -2, 0, 5], {"_Unsigned": "true", "_FillValue": np.int16(-1), "scale_factor": f4(0.5), "add_offset": f4(10)}),
        "plain": ("i1", [-1, -2, 0, 5], {"_Unsigned": "true"}),
        "filled": ("i1", [-1, -2, 0, 5], {"_Unsigned": "true", "_FillValue": np.int8(-2)}),
        "signed": ("u1", [255, 254, 0, 5], {"_Unsigned": "false", "_FillValue": np.uint8(255)}),
        "half": ("f2", [1, -65504, 0.5, 6e-8], {"_FillValue": np.float16(-65504), "scale_factor": f8(2)}),
        "plain half": ("f2", [1, -65504, 0.5, 6e-8], {}),
    }
    with h5py.File(tmp_path / "packed.h5", "w") as file:
        for name, (dtype, values, said) in packed.items():
            file[name] = np.array(values, dtype)
            file[name].attrs.update(said)
    mine = frazil.open(tmp_path / "packed.h5", decode=True)
    with xr.open_dataset(tmp_path / "packed.h5", engine="h5netcdf", phony_dims="sort") as own:
        for name in packed:
            theirs = own[name].values
            assert mine[name][:].dtype == theirs.dtype, name
            np.testing.assert_array_equal(mine[name][:], theirs, err_msg=name)


def test_hours_of_days_are_whole(tmp_path):
    import frazil
    import h5py

    hours = np.datetime64("1970-01-01T00", "ns") + np.arange(500_000, step=7) * np.timedelta64(1, "h")
    with h5py.File(tmp_path / "hours.h5", "w") as file:
        file["time"] = (hours - np.datetime64("1900-01-01")) / np.timedelta64(1, "D")
        file["time"].attrs["units"] = "days since 1900-01-01"
    np.testing.assert_array_equal(frazil.open(tmp_path / "hours.h5", decode=True)["time"][:], hours)
    part = frazil.open(tmp_path / "hours.h5", select={"time": slice(str(hours[40]), str(hours[60]))}, decode=True)
    np.testing.assert_array_equal(part["time"][:], hours[40:61])


def test_a_part_is_chosen_by_coordinates(where):
    import frazil

    whole = frazil.open(f"{where}/model.nc")
    chosen = {"time": slice("2001-02", "2001-04"), "lat": slice(-10, 30), "lon": 44}
    part = frazil.open(f"{where}/model.nc", select=chosen)
    assert part["lat"].values.tolist() == [30, 20, 10, 0, -10] and part["lon"].values.tolist() == [40]
    days = part["time"].values
    assert days.tolist() == [405.0, 420.0, 435.0, 450.0, 465.0, 480.0]
    first = int(days[0] / 15)
    np.testing.assert_array_equal(part["sst"].values, whole["sst"][first : first + 6, 6:11, 4:5])
    np.testing.assert_array_equal(part["sst"][-1, ::-1], whole["sst"][first + 5, 10:5:-1, 4:5])
    again = part.select({"lat": slice(0, 90)}, isel={"time": slice(0, 4, 2)})
    assert again.sizes == {"time": 2, "lat": 4, "lon": 1, "text": 4}
    box = frazil.open(f"{where}/model.nc", bbox=(-30, 0, -10, 20))
    assert box["lon"].values.tolist() == [330, 340, 350] and box["lat"].values.tolist() == [20, 10, 0]


def test_a_part_holds_below_and_for_no_other_group(where):
    import frazil

    heights = frazil.open(f"{where}/track.h5", "gt1l/heights", bbox=(-60, 12, -40, 13.5))
    assert heights.sizes["delta_time"] < 40_000
    other = heights.group("/gt1r/heights")
    assert other.sizes["delta_time"] == 40_000
    np.testing.assert_array_equal(heights["/gt1r/heights/h_ph"][:50], frazil.open(f"{where}/track.h5")["gt1r/heights/h_ph"][:50])
    np.testing.assert_array_equal(heights.group("/gt1l/heights")["h_ph"].values, heights["h_ph"].values)
    root = frazil.open(f"{where}/model.nc", isel={"time": slice(5, 9)})
    assert root["below/number"].values.tolist() == root.group("below")["number"].values.tolist() == [5, 6, 7, 8]
    assert [group["number"].shape for group in root.walk() if "number" in group] == [(4,)]
    grown = frazil.open(f"{where}/track.h5", isel={"ds_surf_type": slice(0, 2)})
    assert [group.sizes.get("ds_surf_type") for group in grown.walk()] == [2, None, None, 2, 2]
    assert [group.sizes.get("delta_time") for group in grown.walk()] == [None, None, None, 40_000, 40_000]


def test_names_from_the_root_are_the_roots(where):
    import frazil

    heights = frazil.open(f"{where}/track.h5", "gt1l/heights")
    assert heights["/one"].path == "/one" and heights["/one"].values == 5
    with pytest.raises(KeyError):
        heights["/h_ph"]


def test_positions_are_slices_and_whole_numbers(made):
    import frazil

    root = frazil.open(made / "model.nc")
    for wrong in ([0, 3, 5], np.array([True] * 60), np.array([1, 2]), "3", 1.0, None):
        with pytest.raises(TypeError, match="time: .* is neither a slice nor a whole number; take a slice"):
            root.select(isel={"time": wrong})
    assert root.select(isel={"time": np.int64(-1)})["time"].values.tolist() == [59 * 15.0]


def test_photons_in_a_box_are_a_part_of_the_track(where):
    import frazil

    heights = frazil.open(f"{where}/track.h5", "gt1l/heights")
    box = heights.select(bbox=(-60, 12, -40, 13.5))
    latitudes = heights["lat_ph"].values
    inside = np.flatnonzero((latitudes >= 12) & (latitudes <= 13.5))
    np.testing.assert_array_equal(box["lat_ph"].values, latitudes[inside])
    np.testing.assert_array_equal(box["h_ph"].values, heights["h_ph"][inside])
    assert box["signal_conf_ph"].shape == (len(inside), 5)
    moment = dt.datetime(2018, 1, 1, 0, 0, 1, tzinfo=dt.UTC)
    seconds = heights.select({"delta_time": slice(moment, moment + dt.timedelta(seconds=1))})
    assert seconds["delta_time"][0] == 1.0 and seconds["delta_time"][-1] == pytest.approx(2.0)


def test_only_the_bytes_of_a_part_come(logged_in):
    import frazil

    name = "netcdf4-hdf5/coads_climatology.nc4"
    size = files.science(name).stat().st_size
    logged_in.ask("reset", {})
    before = frazil.io_stats().total.received
    opened = frazil.open(f"{files.OPEN}/science/{name}")
    stored = opened["SST"].ranges(0)
    assert stored and all(address == opened.address for address, _, _ in stored)
    opened["SST"][0]
    came = sum(one["body_bytes"] for one in logged_in.ask("requests"))
    assert came == frazil.io_stats().total.received - before < size / 2


def test_names_that_are_not_there_are_told_with_those_that_may_be_meant(made):
    import frazil

    with pytest.raises(frazil.errors.InvalidError, match="heightss") as raised:
        frazil.open(made / "track.h5", "gt1l/heightss")
    assert "heights" in raised.value.__notes__[0]
    heights = frazil.open(made / "track.h5", "gt1l/heights")
    with pytest.raises(KeyError, match="there is h_ph"):
        heights["h_phh"]
    with pytest.raises(frazil.errors.InvalidError, match="lat_phh") as raised:
        heights.select({"lat_phh": 3})
    assert "lat_ph" in raised.value.__notes__[0]
    with pytest.raises(frazil.errors.InvalidError, match="goes from 10 to 20"):
        heights.select({"lat_ph": slice(30, 40)})
    with pytest.raises(KeyError, match="delta_time"):
        heights.select(isel={"delta_tim": 3})
    with pytest.raises(frazil.errors.InvalidError, match="no box"):
        heights.select(bbox=(0, 10, 0, -10))
    for wrong in ({"isel": {"delta_time": slice(9, 2, -1)}}, {"isel": {"delta_time": 40_000}}):
        with pytest.raises(IndexError):
            heights.select(**wrong)


def test_what_is_no_data_is_told(world, tmp_path):
    import frazil

    (tmp_path / "text").write_text("hello")
    (tmp_path / "cut.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "folder").mkdir()
    for name, error in (("text", "InvalidError"), ("cut.h5", "DamagedError"), ("folder", "InvalidError"), ("gone", "FileError")):
        with pytest.raises(getattr(frazil.errors, error), match=name):
            frazil.open(tmp_path / name)
    with pytest.raises(frazil.errors.NotFoundError, match="gone.zarr|gone.nc"):
        frazil.open(f"{files.OPEN}/made/gone.nc")


WORKER = "import pickle, sys; part = pickle.load(sys.stdin.buffer); print(part.shape, part[:].sum())"


def test_parts_travel_to_other_processes(where):
    import frazil

    part = frazil.open(f"{where}/model.nc", select={"lat": slice(0, 40)})["sst"]
    sent = pickle.dumps(part)
    found = subprocess.run([sys.executable, "-c", WORKER], input=sent, capture_output=True, check=True)
    assert found.stdout.decode().strip() == f"{part.shape} {part[:].sum()}"
    again = pickle.loads(pickle.dumps(frazil.open(f"{where}/two.zarr")))
    np.testing.assert_array_equal(again["t"].values, frazil.open(f"{where}/two.zarr")["t"].values)


def test_a_changed_object_is_not_read_on(logged_in, made):
    import frazil

    photons = frazil.open(f"{files.ARCHIVE}/made/track.h5", "gt1r/heights", memory=1 << 20)["h_ph"]
    sent = pickle.dumps(photons)
    logged_in.ask("touch", {"object": "served/made/track.h5"})
    with pytest.raises(frazil.errors.ChangedError):
        pickle.loads(sent)[:]


def test_what_is_opened_anew_is_not_what_was_kept(tmp_path):
    import frazil
    import h5py
    import xarray as xr

    def travelled(path):
        return pickle.loads(pickle.dumps(frazil.open(path)))

    kept = []
    for value in (1, 2):
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["a"] = np.full(10 * value, value)
        grid = xr.Dataset({"t": ("time", np.full(3, value))}, {"time": np.arange(3 * value - 3, 3 * value)})
        grid.to_zarr(tmp_path / "a.zarr", zarr_format=2, **({} if value == 1 else {"append_dim": "time"}))
        kept += [travelled(tmp_path / "a.h5"), travelled(tmp_path / "a.zarr")]
        assert kept[-2]["a"][:].tolist() == [value] * 10 * value
        assert kept[-1]["t"][:].tolist() == [1, 1, 1, 2, 2, 2][: 3 * value]
    with pytest.raises(frazil.errors.ChangedError):
        kept[0]["a"][:]


def test_a_new_token_reaches_what_is_open(world, made, monkeypatch):
    import frazil

    own = World("--serve", f"made={made}")
    try:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)

        def log_in():
            monkeypatch.setenv("EARTHDATA_TOKEN", own.token())

        def end():
            own.ask("tokens", method="DELETE")
            own.ask("clock", {"seconds": 100_000})

        log_in()
        address = f"{files.ARCHIVE}/made/large.tif"
        expected = frazil.open(made / "large.tif")["band_data"]
        here = frazil.open(address, memory=1 << 20)["band_data"]
        there, file = pickle.loads(pickle.dumps(here)), frazil.File(address, memory=1 << 20)
        for opened in (here, there):
            np.testing.assert_array_equal(opened[0, :5], expected[0, :5])
        assert len(file.read_at(0, 10)) == 10
        end()
        for read in (lambda: here[0, -5:], lambda: there[0, -5:], lambda: file.read_at(5_000_000, 10)):
            with pytest.raises(frazil.errors.LoginError, match="no longer valid"):
                read()
        log_in()
        for opened in (here, there):
            np.testing.assert_array_equal(opened[0, -5:], expected[0, -5:])
        assert file.read_at(5_000_000, 10) == (made / "large.tif").read_bytes()[5_000_000:5_000_010]
        assert frazil.open(address).format == "GeoTIFF"
    finally:
        own.close()


@pytest.mark.parametrize("name", ["references.json", "references.parq"])
def test_references_lead_to_the_same_values(where, name, tmp_path, made):
    import frazil

    opened = frazil.open(f"{where}/model.nc")
    opened.write_references(tmp_path / name, records=100)
    again = frazil.open(tmp_path / name)
    assert again.format == "Kerchunk" and set(again) == set(opened)
    for variable in ("sst", "lat", "when", "below/number"):
        np.testing.assert_array_equal(again[variable].values, opened[variable].values)


def in_child(opened, file, answers):
    answers.put((opened["sst"][3].tobytes(), file.read_at(1000, 100)))


def test_a_forked_child_reads_by_itself(where):
    import frazil

    opened, file = frazil.open(f"{where}/model.nc"), frazil.File(f"{where}/model.nc")
    expected = opened["sst"][3].tobytes(), file.read_at(1000, 100)
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=in_child, args=(opened, file, answers))
    child.start()
    try:
        assert answers.get(timeout=120) == expected
        child.join(60)
        assert child.exitcode == 0
    finally:
        child.kill()
    assert opened["sst"][3].tobytes() == expected[0]


STUCK = """
import signal, sys
import frazil
signal.signal(signal.SIGINT, signal.default_int_handler)
opened = frazil.open(sys.argv[1])
print("begun", flush=True)
try:
    opened["SST"][:]
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_ctrl_c_ends_a_read(logged_in):
    address = f"{files.OPEN}/science/{BIG}"
    files.science(BIG)
    logged_in.ask("faults", [{"fault": "hang", "host": "open", "times": -1, "skip": 1}])
    child = subprocess.Popen([sys.executable, "-c", STUCK, address], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begun\n"
    time.sleep(1)
    child.send_signal(signal.SIGINT)
    assert child.stdout.read() == "stopped\n" and child.wait(60) == 0
