"""The package as this tree has it, and a stand-in for Earthdata.

FRAZIL            the program; the package's native part lies beside it (default target/debug/frazil)
FRAZIL_EARTHDATA  the stand-in (default: where tests/run builds it)
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "frazil-tests"
STAND_IN = Path(os.environ.get("FRAZIL_EARTHDATA", CACHE / "earthdata" / "earthdata"))
NATIVE = Path(os.environ.get("FRAZIL", ROOT / "target" / "debug" / "frazil")).parent / "lib_native.so"
LOGIN = ["EARTHDATA_TOKEN", "EARTHDATA_USERNAME", "EARTHDATA_PASSWORD", "NETRC", "FRAZIL_REGION", "AWS_REGION"]


def missing():
    """What these tests need and this machine lacks, as one line; or None."""
    absent = [str(path) for path in (STAND_IN, NATIVE) if not path.exists()]
    return f"there is no {' and no '.join(absent)}" if absent else None


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items if reason else ():
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def package(tmp_path_factory):
    """A folder with the package: its Python from the tree, and the native part as cargo built it."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "frazil").mkdir()
    for source in (ROOT / "crates" / "python" / "python" / "frazil").iterdir():
        (folder / "frazil" / source.name).symlink_to(source)
    (folder / "frazil" / "_native.abi3.so").symlink_to(NATIVE)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)
    return folder


class World:
    """A running stand-in for Earthdata."""

    def __init__(self):
        self._program = subprocess.Popen([STAND_IN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self._program.stdout.readline())
        self.username, self.password = self.told["username"], self.told["password"]
        self.environment = {
            "HTTPS_PROXY": self.told["proxy"],
            "SSL_CERT_FILE": self.told["ca"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "GCE_METADATA_HOST": "127.0.0.1:9",
        }

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.told['control']}/{path}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def user(self, name, **what):
        """A further user, by name and password."""
        self.ask("users", {"name": name, "password": f"pass-of-{name}", **what})
        return {"EARTHDATA_USERNAME": name, "EARTHDATA_PASSWORD": f"pass-of-{name}"}

    def requests(self, host):
        return [one for one in self.ask("requests") if one["host"] == host]

    def close(self):
        self._program.stdin.close()
        self._program.wait(timeout=30)


@pytest.fixture(scope="session")
def running():
    world = World()
    yield world
    world.close()


@pytest.fixture
def world(running, monkeypatch, tmp_path):
    """The stand-in, with a home of its own where nothing is yet, and nobody logged in."""
    import frazil._login

    home = tmp_path / "home"
    home.mkdir()
    for name in LOGIN:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**running.environment, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(frazil._login, "_current", None)
    running.home = home
    yield running
    running.ask("faults", method="DELETE")
    running.ask("reset", {})


@pytest.fixture
def logged_in(world, monkeypatch):
    """The stand-in, with its first user's password in the environment."""
    monkeypatch.setenv("EARTHDATA_USERNAME", world.username)
    monkeypatch.setenv("EARTHDATA_PASSWORD", world.password)
    return world


@pytest.fixture
def granules(logged_in):
    """Three granules of the seeds' walk."""
    import frazil

    return frazil.search_granules(short_name="ATL08", bounding_box=(-10, 20, 10, 50), count=5)[:3]
