"""The package as this tree has it, files that are made here, and a stand-in for the archives that has them.

FRAZIL            the program; the package's native part lies beside it (default target/debug/frazil)
FRAZIL_EARTHDATA  the stand-in (default: where tests/run builds it)
"""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "wheel")]

import books
import made as making
from earthdata import LOGIN, STAND_IN, World
from package import NATIVE, lay_out


def pytest_collection_modifyitems(items):
    reason = books.lacking(STAND_IN, NATIVE)
    for item in items if reason else ():
        if Path(item.path).parent == HERE:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def package(tmp_path_factory):
    """The package, for this process and the kernels that it starts."""
    folder = lay_out(tmp_path_factory.mktemp("package"))
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    making.everything(folder)
    return folder


@pytest.fixture(scope="session")
def running(made):
    world = World("--serve", f"made={made}", "--recordings", str(made / "recordings"))
    yield world
    world.close()


@pytest.fixture
def world(running, monkeypatch, tmp_path):
    """The stand-in, for the kernels too, with its first user's password in their environment and an empty home."""
    for name in LOGIN:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home").mkdir()
    own = {"EARTHDATA_USERNAME": running.username, "EARTHDATA_PASSWORD": running.password, "HOME": str(tmp_path / "home")}
    for name, value in {**running.environment, **own}.items():
        monkeypatch.setenv(name, value)
    running.ask("reset", {})
    return running
