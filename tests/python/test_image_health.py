"""The hub image's health check, against a server that answers as asked."""

import http.server
import importlib.util
import threading
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "images/hub/health.py"
spec = importlib.util.spec_from_file_location("health", SOURCE)
health = importlib.util.module_from_spec(spec)
spec.loader.exec_module(health)

SERVER = b"tini\0-g\0--\0jupyterhub-singleuser\0"


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(403 if self.path.endswith("/locked/api") else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.mark.parametrize("person", ["ada", "locked"])
def test_a_server_that_answers_is_well(server, person, monkeypatch):
    port, asked = server
    # A proxy that is not there: nothing within a container goes through one.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert health.main(SERVER, f"http://0.0.0.0:{port}/user/{person}/") == 0
    assert asked == [f"/user/{person}/api"]


def test_a_server_that_does_not_answer_is_not(server, capsys):
    port, _ = server
    with http.server.HTTPServer(("127.0.0.1", 0), None) as other:
        free = other.server_port
    assert free != port
    assert health.main(SERVER, f"http://0.0.0.0:{free}/user/ada/") == 1
    assert "refused" in capsys.readouterr().err


def test_without_a_hub_it_is_at_jupyters_own_port():
    assert health.address(None) == "http://127.0.0.1:8888/api"


def test_schedulers_and_workers_have_no_server_to_ask():
    assert health.main(b"tini\0-g\0--\0dask\0worker\0", None) == 0
