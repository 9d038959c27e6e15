"""Bills in Cloud Storage, read from fake-gcs-server: what is there is what lies here.

Needs FRAZIL, the program, and the server that tests/tools.sh builds.
"""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import page
from test_frazil import FRAZIL, Ledger

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
SERVER = CACHE / "frazil-tests/bin/fake-gcs-server"
pytestmark = [
    pytest.mark.skipif(not FRAZIL, reason="FRAZIL does not say where the program is"),
    pytest.mark.skipif(not SERVER.exists(), reason=f"there is no {SERVER}"),
]


class Tokens(http.server.BaseHTTPRequestHandler):
    """Answers as https://oauth2.googleapis.com/token answers a person's refresh token."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"access_token": "ya29.example", "expires_in": 3599, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def tokens() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def bucket(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The simulated month in a bucket; the address of Cloud Storage."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    store = tmp_path_factory.mktemp("store")
    command = [str(SERVER), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
    command += ["-filesystem-root", str(store)]
    server = subprocess.Popen(command, stdout=sys.stderr, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            try:
                made = requests.post(f"{address}/storage/v1/b", json={"name": "reef-bills"}, timeout=10)
                made.raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        for path in (folder / "gcp").rglob("*.*"):
            if path.is_file():
                params = {"uploadType": "media", "name": path.relative_to(folder).as_posix()}
                sent = requests.post(
                    f"{address}/upload/storage/v1/b/reef-bills/o", params=params, data=path.read_bytes(), timeout=60
                )
                sent.raise_for_status()
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(autouse=True)
def credentials(bucket: str, tokens: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = {
        "type": "authorized_user",
        "client_id": "example",
        "client_secret": "example",
        "refresh_token": "example",
        "token_uri": tokens,
    }
    (tmp_path / "person.json").write_text(json.dumps(person))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "person.json"))
    monkeypatch.setenv("FRAZIL_GOOGLE_ENDPOINT", bucket)


@pytest.mark.parametrize("bill", ["gcp/detailed.jsonl", "gcp/detailed-workloads.jsonl", "gcp/"])
def test_a_bill_in_a_bucket_is_the_bill(bill: str, folder: Path, tmp_path: Path) -> None:
    there, here = Ledger(tmp_path / "there"), Ledger(tmp_path / "here")
    there.run("read", f"gs://reef-bills/{bill}")
    here.run("read", str(folder / bill))
    for by in ("component", "day", "service"):
        assert there.parts([by]) == here.parts([by])


def test_an_address_without_bills_is_told(tmp_path: Path) -> None:
    command = [str(FRAZIL), "cost", "read", "gs://reef-bills/nothing/", "--ledger", str(tmp_path / "ledger")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "no bills are in it" in ended.stderr and "<" not in ended.stderr, ended.stderr
    assert not (tmp_path / "ledger").exists()


def test_the_page_of_a_cluster_reads_the_bucket_that_the_hub_file_names(folder: Path, tmp_path: Path) -> None:
    provider = "gcp: { project: ice-2026, region: us-central1 }"
    page.reads(folder, tmp_path, "kelp", provider, "gs://reef-bills/gcp/detailed.jsonl", "gcp/detailed.jsonl")
