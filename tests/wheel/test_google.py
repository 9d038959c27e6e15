"""Google Cloud Storage, as fake-gcs-server speaks it."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
SERVER = CACHE / "frazil-tests/bin/fake-gcs-server"
pytestmark = pytest.mark.skipif(not SERVER.exists(), reason=f"there is no {SERVER}")


@pytest.fixture(scope="module")
def google(tmp_path_factory):
    """The address of a server with one object, `gs://data/a/x.nc`."""
    objects = tmp_path_factory.mktemp("objects")
    (objects / "data/a").mkdir(parents=True)
    (objects / "data/a/x.nc").write_bytes(b"abc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    command = [SERVER, "-scheme", "http", "-host", "127.0.0.1", "-port", host.split(":")[1]]
    command += ["-public-host", host, "-backend", "memory", "-data", objects]
    server = subprocess.Popen(command, stdout=sys.stderr, stderr=subprocess.STDOUT)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", int(host.split(":")[1]))).close()
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    yield f"http://{host}"
    server.kill()
    server.wait()


PROGRAM = """
import json, sys, frazil

folder = sys.argv[1]
brought = frazil.download(["gs://data/a/x.nc", "gs://data/none.nc"], folder, progress=False)
(failure,) = brought.failures
item = {"type": "Feature", "stac_version": "1.0.0", "id": "s", "geometry": None, "collection": None, "links": [],
        "properties": {"datetime": "2020-01-01T00:00:00Z"},
        "assets": {"d": {"href": "gs://data/a/x.nc", "roles": ["data"]}}}
with open(folder + "/item.json", "w") as file:
    json.dump(item, file)
catalog = {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "c",
           "links": [{"rel": "item", "href": "./item.json"}]}
with open(folder + "/catalog.json", "w") as file:
    json.dump(catalog, file)
(found,) = frazil.open_catalog(folder + "/catalog.json").search().collect()
place = frazil.where(found)
of_item = frazil.download(found, folder, progress=False, payer="my-project").files[0]
done = brought.files[0]
print(json.dumps([
    [done.state, done.access, done.checked_by, done.path.read_text()],
    [type(failure.error).__name__, failure.error.status],
    [place.access, place.bucket, place.region],
    [of_item.access, of_item.path.read_text()],
]))
"""


def test_addresses_and_items_in_google_cloud_storage_are_downloaded(package, google, tmp_path):
    away = {**os.environ, "STORAGE_EMULATOR_HOST": google, "HTTPS_PROXY": "http://127.0.0.1:9", "HOME": str(tmp_path)}
    away["FRAZIL_REGION"] = "google/us-central1"
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path], env=away, capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [
        ["done", "gs", "checksum", "abc"],
        ["NotFoundError", 404],
        ["gs", "data", "google/us-central1"],
        ["gs", "abc"],
    ]
