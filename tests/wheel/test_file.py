"""Objects as files: read by whoever reads files, in threads, in other processes."""

import io
import pickle
import random
import subprocess
import sys
import threading

import files
import pytest

pytestmark = pytest.mark.usefixtures("world")
READERS = "import pickle, sys; file = pickle.load(sys.stdin.buffer); print(file.tell(), len(file.read(10)))"


@pytest.fixture(params=["path", "open", "archive"])
def where(request, made, logged_in):
    """The same file here, far away, and behind a login."""
    return {"path": str(made), "open": f"{files.OPEN}/made", "archive": f"{files.ARCHIVE}/made"}[request.param]


def test_it_reads_as_pythons_own_files_do(where, made):
    import frazil

    # Not the buffered one: that seeks otherwise than it is asked to.
    with open(made / "track.h5", "rb", buffering=0) as own, frazil.File(f"{where}/track.h5") as ours:
        chosen = random.Random(11)
        size = (made / "track.h5").stat().st_size
        assert ours.size == size and ours.readable() and ours.seekable() and not ours.writable()
        for _ in range(300):
            how = chosen.choice(["start", "current", "end", "read", "readinto"])
            number = chosen.randrange(size + 1000)
            if how == "start":
                assert ours.seek(number) == own.seek(number)
            elif how == "current":
                assert ours.seek(number // 2, io.SEEK_CUR) == own.seek(number // 2, io.SEEK_CUR)
            elif how == "end":
                number = min(number, size)
                assert ours.seek(-number, io.SEEK_END) == own.seek(-number, io.SEEK_END)
            elif how == "read":
                assert ours.read(number // 10) == own.read(number // 10)
            else:
                into, expected = bytearray(number // 10), bytearray(number // 10)
                assert ours.readinto(into) == own.readinto(expected) and into == expected
            assert ours.tell() == own.tell()
        own.seek(size // 2)
        ours.seek(size // 2)
        assert ours.read() == own.read() and ours.read() == b"" == own.read()
        with pytest.raises(ValueError, match="before the first"):
            ours.seek(-1)
        with pytest.raises(OSError):
            ours.write(b"x")
    for closed in (ours.read, ours.tell, lambda: ours.seek(0), lambda: ours.size):
        with pytest.raises(ValueError):
            closed()
    assert ours.closed and repr(ours) == "<frazil.File closed>"


def test_h5py_reads_it(where, made):
    import frazil
    import h5py
    import numpy as np

    with h5py.File(made / "track.h5") as own, h5py.File(frazil.File(f"{where}/track.h5")) as ours:
        assert own.attrs["title"] == ours.attrs["title"]
        for name in ("delta_time", "lat_ph", "h_ph", "signal_conf_ph"):
            path = f"gt1r/heights/{name}"
            np.testing.assert_array_equal(own[path][...], ours[path][...])


def test_xarray_with_h5netcdf_reads_it(where, made):
    import frazil
    import xarray as xr

    how = {"group": "gt1l/heights", "engine": "h5netcdf", "phony_dims": "sort"}
    with xr.open_dataset(made / "track.h5", **how) as own, xr.open_dataset(frazil.File(f"{where}/track.h5"), **how) as ours:
        xr.testing.assert_identical(own.load(), ours.load())


def test_rasterio_reads_it(where, made):
    import frazil
    import numpy as np
    import rasterio
    from rasterio.windows import Window

    window = Window(100, 50, 200, 130)
    with rasterio.open(made / "image.tif") as own, rasterio.open(frazil.File(f"{where}/image.tif")) as ours:
        assert (own.crs, own.transform, own.nodata) == (ours.crs, ours.transform, ours.nodata)
        np.testing.assert_array_equal(own.read(window=window), ours.read(window=window))


def test_rasterio_opens_by_it_and_fetches_a_window(logged_in, made):
    import frazil
    import numpy as np
    import rasterio
    from rasterio.windows import Window

    address, size = f"{files.ARCHIVE}/made/large.tif", (made / "large.tif").stat().st_size
    window = Window(700, 900, 200, 200)
    for settings, beside in ({}, True), ({"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}, False):
        logged_in.ask("reset", {})
        with (
            rasterio.Env(**settings),
            rasterio.open(made / "large.tif") as own,
            rasterio.open(address, opener=frazil.File) as ours,
        ):
            assert (own.crs, own.transform, own.nodata) == (ours.crs, ours.transform, ours.nodata)
            np.testing.assert_array_equal(own.read(window=window), ours.read(window=window))
        asked = [one["status"] for one in logged_in.ask("requests") if "urs." not in one["host"]]
        assert sum(one["body_bytes"] for one in logged_in.ask("requests")) < size / 4
        # GDAL looks for files beside the image unless it is told not to.
        assert asked.count(206) <= 6 and (404 in asked) == beside, asked
    # Given an open file, rasterio takes all of it.
    logged_in.ask("reset", {})
    with rasterio.open(frazil.File(address)) as whole:
        whole.read(window=window)
    assert sum(one["body_bytes"] for one in logged_in.ask("requests")) >= size


def test_modes_are_for_reading(made):
    import frazil

    with frazil.File(made / "track.h5", "rb") as file:
        assert file.mode == "rb"
    for mode in ("w", "r+b", "ab"):
        with pytest.raises(ValueError, match="read only"):
            frazil.File(made / "track.h5", mode)


def test_a_part_is_fetched_and_the_archive_asked_once(logged_in):
    import frazil
    import h5py

    name = "icesat2/ATL06_20181013235645_02340114_209_01.h5"
    size = files.science(name).stat().st_size
    logged_in.ask("reset", {})
    with h5py.File(frazil.File(f"{files.ARCHIVE}/science/{name}")) as file:
        file["gt1l/land_ice_segments/h_li"][:1000]
    asked = logged_in.ask("requests")
    at_archive = [one for one in asked if one["host"] == files.ARCHIVE.split("/")[2]]
    assert [one["status"] for one in at_archive] == [303]
    assert not [one for one in asked if "s3" in one["host"] and one.get("authorization")]
    assert sum(one["body_bytes"] for one in asked) < size * 0.7


def test_what_was_read_is_counted(logged_in):
    import frazil

    logged_in.ask("reset", {})
    before = frazil.io_stats().total
    with frazil.File(f"{files.ARCHIVE}/made/track.h5", dataset="TRACK.001") as file:
        file.read(1000)
        file.seek(-1000, io.SEEK_END)
        file.read(1000)
        file.seek(0)
        file.read(1000)
        stats = file.stats()
    data = [one for one in logged_in.ask("requests") if "urs." not in one["host"]]
    total = frazil.io_stats().total
    assert total.requests - before.requests == len(data)
    assert total.received - before.received == sum(one["body_bytes"] for one in data)
    assert total.redirects - before.redirects == 1
    assert (stats["reads"], stats["requested"]) == (3, 3000) and stats["hits"] >= 1
    (line,) = [line for line in frazil.io_stats().lines if line.dataset == "TRACK.001"]
    assert line.sums.received == sum(one["body_bytes"] for one in data) and line.sums.reads == 3


def test_a_line_at_exit_by_choice(world, monkeypatch):
    program = f"import frazil; frazil.File('{files.OPEN}/made/track.h5').read(10)"
    quiet = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    monkeypatch.setenv("FRAZIL_IO_STATS", "1")
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stderr.startswith("frazil: 1 requests, ") and "open.example.org" in told.stderr


def test_a_worker_opens_it_by_the_login_that_it_finds(logged_in):
    import frazil

    file = frazil.File(f"{files.ARCHIVE}/made/track.h5")
    file.seek(100)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        sent = pickle.dumps(file, protocol)
        assert logged_in.password not in sent.decode("latin-1") and b"X-Amz" not in sent
        found = subprocess.run([sys.executable, "-c", READERS], input=sent, capture_output=True, check=True)
        assert found.stdout.decode().split() == ["100", "10"]


def test_dask_workers_read_it_with_h5py(logged_in):
    import frazil
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        file = frazil.File(f"{files.ARCHIVE}/made/track.h5")
        parts = [client.submit(mean, file, beam) for beam in ("gt1l", "gt1r")]
        assert client.gather(parts) == [mean(file, "gt1l"), mean(file, "gt1r")]


def mean(file, beam):
    import h5py

    with h5py.File(file) as opened:
        return float(opened[f"{beam}/heights/h_ph"][...].mean())


def test_a_signed_address_is_not_passed_on(world):
    import frazil

    file = frazil.File(f"{files.OPEN}/made/track.h5?X-Amz-Signature=tell-no-one")
    assert "tell-no-one" not in repr(file)
    with pytest.raises(frazil.errors.InvalidError, match="secret") as raised:
        pickle.dumps(file)
    assert "tell-no-one" not in str(raised.value)


def test_what_is_wrong_is_told(logged_in, monkeypatch, tmp_path):
    import frazil

    with pytest.raises(frazil.errors.NotFoundError):
        frazil.File(f"{files.OPEN}/made/gone.h5").read(1)
    with pytest.raises(FileNotFoundError, match="gone.h5") as missing, frazil.File(f"{files.OPEN}/made/gone.h5"):
        pass
    again = pickle.loads(pickle.dumps(missing.value))
    assert (str(again), again.status) == (str(missing.value), 404)
    with pytest.raises(frazil.errors.FileError) as raised:
        frazil.File(tmp_path / "gone.h5")
    assert isinstance(raised.value.__cause__, FileNotFoundError)
    with pytest.raises(frazil.errors.InvalidError):
        frazil.File("ftp://example.org/a.h5")
    for wrong in ({"connections": 0}, {"memory": 10}, {"keys": "NOBODY"}, {"access": "ftp"}):
        with pytest.raises(frazil.errors.InvalidError):
            frazil.File(f"{files.OPEN}/made/track.h5", **wrong)
    with pytest.raises(TypeError, match="block_size"):
        frazil.File(f"{files.OPEN}/made/track.h5", block_size=5)


def test_without_a_login_an_archive_is_closed(world):
    import frazil

    with pytest.raises(frazil.errors.LoginError) as raised:
        frazil.File(f"{files.ARCHIVE}/made/track.h5").read(1)
    assert any("EARTHDATA_TOKEN" in note for note in raised.value.__notes__)


def test_an_item_that_was_found_is_opened(granules, logged_in):
    import frazil

    with frazil.File(granules[0]) as file:
        assert file.size == granules[0].size and len(file.read(100)) == 100
    (line,) = [line for line in frazil.io_stats().lines if line.dataset.startswith("ATL08.")]
    assert line.sums.received > 0


def test_threads_share_it_and_others_go_on(where, made):
    import frazil

    expected = (made / "track.h5").read_bytes()
    file = frazil.File(f"{where}/track.h5")
    wrong = []

    def read(seed):
        chosen = random.Random(seed)
        for _ in range(100):
            at, size = chosen.randrange(len(expected)), chosen.randrange(50_000)
            if file.read_at(at, size) != expected[at : at + size]:
                wrong.append((seed, at, size))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and file.tell() == 0


SERVER_AND_READER = """
import http.server, threading
import frazil

BYTES = bytes(range(256)) * 4096

class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        part = BYTES[int(first):int(last) + 1]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(BYTES)}")
        self.send_header("Content-Length", str(len(part)))
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(part)
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
threading.Thread(target=server.serve_forever, daemon=True).start()
with frazil.File(f"http://127.0.0.1:{server.server_port}/bytes.bin") as file:
    file.seek(900_000)
    assert file.read(1000) == BYTES[900_000:901_000]
"""


def test_it_is_read_without_pythons_lock(world):
    """The server is a thread of the same interpreter: it could not answer if the reader held its lock."""
    subprocess.run([sys.executable, "-c", SERVER_AND_READER], check=True, timeout=120)
