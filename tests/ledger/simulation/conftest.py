"""The month that all tests of this folder have."""

import json
from pathlib import Path

import pytest

import make

SEED = 1


@pytest.fixture(scope="session")
def made() -> make.Month:
    return make.month(SEED)


@pytest.fixture(scope="session")
def folder(made: make.Month, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("month")
    make.write_bills(made, folder)
    (folder / "truth.json").write_text(json.dumps(make.truth(made)))
    return folder
