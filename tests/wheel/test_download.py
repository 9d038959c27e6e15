"""Downloads: files, failures, what other threads and processes do meanwhile, and stops."""

import hashlib
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest


def test_the_seeds_three_granules_come_whole_and_once(granules, logged_in, tmp_path):
    import frazil

    first = frazil.download(granules, tmp_path)
    assert [path.stat().st_size for path in first.paths] == [item.size for item in granules]
    assert [file.checked_by for file in first.files] == ["checksum"] * 3
    for path, item in zip(first, granules, strict=True):
        told = next(asset["checksum"] for asset in item.assets if asset["role"] == "data")
        algorithm = told["algorithm"].replace("-", "").lower()
        assert hashlib.new(algorithm, path.read_bytes()).hexdigest() == told["value"]
    logged_in.ask("reset", {})
    again = frazil.download(granules, tmp_path)
    assert [file.state for file in again.files] == ["there"] * 3 and again.came == 0
    assert logged_in.ask("requests") == []


def test_what_came_is_counted_under_its_dataset(granules, logged_in, tmp_path):
    import frazil

    def received():
        return sum(line.sums.received for line in frazil.io_stats().lines if line.dataset.startswith("ATL08."))

    before = received()
    logged_in.ask("reset", {})
    brought = frazil.download(granules, tmp_path)
    sent = sum(one["body_bytes"] for one in logged_in.ask("requests") if not one["host"].startswith("urs."))
    assert received() - before == sent >= brought.came == sum(item.size for item in granules)


def test_a_file_that_is_not_there_stops_no_other(granules, tmp_path):
    import frazil

    gone = "https://data.nsidc.earthdatacloud.nasa.gov/nsidc-cumulus-prod-protected/gone.h5"
    brought = frazil.download([granules[0], gone], tmp_path)
    assert len(brought.paths) == 1 and brought.paths[0].exists()
    (failure,) = brought.failures
    assert isinstance(failure.error, frazil.errors.NotFoundError) and failure.error.status == 404
    assert failure.path == tmp_path / "gone.h5" and failure.error.address == gone
    with pytest.raises(frazil.errors.DownloadError) as raised:
        brought.raise_for_failures()
    assert raised.value.__cause__ is failure.error and raised.value.errors == (failure.error,)
    assert failure.error.__notes__[0] in raised.value.__notes__


def test_an_item_without_a_file_stops_no_other(granules, tmp_path):
    import frazil

    esm = {"esmcat_version": "0.1.0", "assets": {"column_name": "path", "format": "zarr"},
           "catalog_dict": [{"path": "gs://b/1.zarr"}]}
    (tmp_path / "esm.json").write_text(json.dumps(esm))
    (store,) = frazil.open_catalog(tmp_path / "esm.json").search().collect()
    brought = frazil.download([store, granules[0]], tmp_path / "files")
    assert [file.state for file in brought.files] == ["done", "failed"]
    assert isinstance(brought.failures[0].error, frazil.errors.InvalidError) and "gs://b/1.zarr" in str(brought.failures[0].error)
    chosen = frazil.download([granules[1], granules[2]], tmp_path / "files", files=f"{granules[1].name}*")
    assert [file.state for file in chosen.files] == ["done", "failed"]
    assert granules[2].name in str(chosen.failures[0].error)


def test_a_container_that_is_refused_stops_no_other(world, tmp_path):
    import frazil

    found = frazil.search_stac("planetary-computer", collections="naip", count=2).collect()
    closed = "https://closed.blob.core.windows.net/closed/x.tif"
    refusal = {"role": "stac", "path": "/sas/v1/token/closed", "fault": "status", "status": 404, "times": -1}
    world.ask("faults", [refusal])
    brought = frazil.download([closed, *found], tmp_path)
    assert [Path(file.path).name for file in brought.failures] == ["x.tif"]
    assert len(brought.paths) >= 2 and all(path.stat().st_size for path in brought)


def test_the_way_is_told_of_what_is_quick_too(granules, tmp_path):
    import frazil

    brought = frazil.download(granules, tmp_path, progress=False)
    assert [file.access for file in brought.files] == ["https"] * 3
    assert len(brought.choices) == 1 and "nobody knows where this runs" in brought.choices[0]
    assert [file.access for file in frazil.download(granules, tmp_path, progress=False).files] == [None] * 3


def test_a_licence_that_is_not_accepted_is_told_with_its_page(world, granules, monkeypatch, tmp_path):
    import frazil

    host = granules[0].data_links()[0].split("/")[2]
    for name, value in world.user("hurry", without_eula=[host]).items():
        monkeypatch.setenv(name, value)
    error = frazil.download(granules[0], tmp_path).failures[0].error
    assert isinstance(error, frazil.errors.NotAcceptedError)
    assert error.page.startswith("https://urs.earthdata.nasa.gov/") and error.page in error.__notes__[0]


def test_without_a_login_nothing_is_begun(world, tmp_path):
    import frazil

    item = frazil.search_granules(short_name="ATL08", count=1)[0]
    with pytest.raises(frazil.errors.LoginError):
        frazil.download(item, tmp_path)
    assert list(tmp_path.glob("*.h5*")) == []


def test_a_folder_that_cannot_be_written_has_pythons_own_cause(granules, tmp_path):
    import frazil

    (tmp_path / ".frazil-downloads.jsonl").mkdir()
    (tmp_path / f"{granules[0].name}.h5").mkdir()
    error = frazil.download(granules[0], tmp_path).failures[0].error
    assert isinstance(error, frazil.errors.FileError) and isinstance(error.__cause__, OSError)


def test_wrong_words_are_refused(granules, tmp_path):
    import frazil

    wrongs = [{"access": "ftp"}, {"files": "*.nothing"}, {"bandwidth": 0}, {"bandwidth": -1}]
    for wrong in (*wrongs, {"connections": 0}, {"connections": -1}, {"connections": 2**62}):
        with pytest.raises(frazil.errors.InvalidError):
            frazil.download(granules, tmp_path, **wrong)
    for wrong in ([3], ["no-address"]):
        with pytest.raises(frazil.errors.InvalidError):
            frazil.download(wrong, tmp_path)


SERVER_AND_READER = """
import http.server, sys, threading
import frazil

BYTES = bytes(range(256)) * 4096

class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BYTES)))
        self.end_headers()
        self.wfile.write(BYTES)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
threading.Thread(target=server.serve_forever, daemon=True).start()
# Progress would be a function of Python's, at which threads take turns.
brought = frazil.download(f"http://127.0.0.1:{server.server_port}/bytes.bin", sys.argv[1], progress=False)
assert brought.raise_for_failures().paths[0].read_bytes() == BYTES
assert brought.files[0].access == "https" and brought.choices == ()
"""


def test_other_threads_of_python_go_on(world, tmp_path):
    """The server is a thread of the same interpreter: it could not answer if the download held its lock."""
    subprocess.run([sys.executable, "-c", SERVER_AND_READER, tmp_path], check=True, timeout=120)


def in_child(items, folder, answers):
    import frazil

    answers.put(len(frazil.download(items, folder).raise_for_failures().paths))


def test_a_forked_child_downloads_by_itself(granules, tmp_path):
    import frazil

    frazil.login()
    assert len(frazil.download(granules[0], tmp_path / "parent")) == 1
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=in_child, args=(granules, tmp_path / "child", answers))
    child.start()
    try:
        assert answers.get(timeout=120) == 3
        child.join(60)
        assert child.exitcode == 0
    finally:
        child.kill()
    assert len(frazil.download(granules[1], tmp_path / "parent")) == 1


# Programs that a shell starts in the background have this signal ignored.
SLOWLY = """
import signal
import sys
import frazil
signal.signal(signal.SIGINT, signal.default_int_handler)
items = frazil.search_granules(short_name="ATL08", bounding_box=(-10, 20, 10, 50), count=5)[:3]
print("begun", flush=True)
try:
    frazil.download(items, sys.argv[1], progress=False, bandwidth=6_000_000)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_a_dask_worker_downloads_by_the_login_that_it_finds(granules, logged_in, tmp_path):
    import frazil
    from distributed import Client, LocalCluster

    gone = "https://data.nsidc.earthdatacloud.nasa.gov/nsidc-cumulus-prod-protected/gone.h5"
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        asked = client.submit(frazil.download, [*granules, gone], tmp_path, session=frazil.login(), progress=False)
        brought = asked.result(timeout=120)
    assert [path.stat().st_size for path in brought] == [item.size for item in granules]
    assert isinstance(brought.failures[0].error, frazil.errors.NotFoundError)
    assert brought.failures[0].error.status == 404 and brought.failures[0].error.__notes__


def test_a_typed_login_reaches_workers_by_the_environment(granules, world, monkeypatch, tmp_path):
    import frazil
    from distributed import Client, LocalCluster

    for name in ("EARTHDATA_USERNAME", "EARTHDATA_PASSWORD"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("builtins.input", lambda _: world.username)
    monkeypatch.setattr("getpass.getpass", lambda _: world.password)
    variables = frazil.login("interactive").environment()
    assert list(variables) == ["EARTHDATA_TOKEN"]
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        asked = client.submit(frazil.download, granules[:1], tmp_path / "none", progress=False)
        with pytest.raises(frazil.errors.LoginError):
            asked.result(timeout=120)
        client.run(os.environ.update, variables)
        brought = client.submit(frazil.download, granules, tmp_path, progress=False).result(timeout=120)
    assert [path.stat().st_size for path in brought] == [item.size for item in granules]


def test_ctrl_c_stops_and_the_next_call_goes_on(granules, tmp_path):
    import frazil

    child = subprocess.Popen([sys.executable, "-c", SLOWLY, tmp_path], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begun\n"
    while child.poll() is None and sum(part.stat().st_size for part in tmp_path.glob(".*.part")) < 4_000_000:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.stdout.read() == "stopped\n" and child.wait(60) == 0
    assert not list(tmp_path.glob("*.h5"))
    rest = frazil.download(granules, tmp_path).raise_for_failures()
    assert 0 < rest.came < sum(item.size for item in granules) - 3_000_000


def test_progress_is_a_line_at_a_terminal_and_a_bar_in_a_notebook(granules, tmp_path, monkeypatch):
    import frazil
    from frazil import _progress

    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "PERIOD", 0.0)
    out = io.StringIO()
    monkeypatch.setattr(_progress, "usual", lambda: _progress.Terminal(out))
    total = sum(item.size for item in granules)
    frazil.download(granules, tmp_path / "one", bandwidth=total)
    last = out.getvalue().rstrip("\n").split("\r")[-1]
    assert last.startswith("3 of 3 files, ") and "/s" in last and "left" not in last
    assert "left" in out.getvalue() and "nobody knows where this runs" in out.getvalue()

    updates = []

    class Handle:
        update = staticmethod(updates.append)

    monkeypatch.setattr(_progress, "usual", lambda: _progress.Notebook(lambda *_, **__: Handle, str))
    frazil.download(granules, tmp_path / "two")
    assert 'value="1.0000"' in updates[-1] and "3 of 3 files" in updates[-1]


def test_progress_is_silent_where_nobody_looks(granules, tmp_path, capfd, monkeypatch):
    import frazil
    from frazil import _progress

    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    frazil.download(granules, tmp_path)
    assert capfd.readouterr() == ("", "")
