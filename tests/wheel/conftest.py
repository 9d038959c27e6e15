"""The package as this tree has it, and a stand-in for Earthdata.

FRAZIL            the program; the package's native part lies beside it (default target/debug/frazil)
FRAZIL_EARTHDATA  the stand-in (default: where tests/run builds it)
FRAZIL_SHARED     the folder with real files (default: ../shared beside the checkout)
"""

import os
import signal
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# What is started in the background of a shell has Ctrl-C ignored, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

import files
from earthdata import LOGIN, STAND_IN, World
from package import NATIVE, lay_out


def missing():
    """What these tests need and this machine lacks, as one line; or None."""
    absent = [str(path) for path in (STAND_IN, NATIVE) if not path.exists()]
    return f"there is no {' and no '.join(absent)}" if absent else None


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items if reason else ():
        if Path(item.path).parent == HERE:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def package(tmp_path_factory):
    folder = lay_out(tmp_path_factory.mktemp("package"))
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder of files that the packages of scientists have written."""
    folder = tmp_path_factory.mktemp("made")
    for make in (files.track, files.model, files.grown, files.classic, files.zarr, files.image, files.large, files.references):
        make(folder)
    return folder


@pytest.fixture(scope="session")
def running(made):
    """The stand-in, which serves these files and the real ones."""
    served = ["--serve", f"made={made}"]
    if files.SCIENCE.exists():
        served += ["--serve", f"science={files.SCIENCE}"]
    world = World(*served)
    yield world
    world.close()


@pytest.fixture(scope="session", autouse=True)
def surroundings(running):
    """Who is not logged in has one client for all of the process: it is to know the stand-in, whichever test comes first."""
    os.environ.update(running.environment)


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
