"""The types: what the stubs say of the native part is so, and the package's own Python fits them."""

import os
import subprocess
import sys

import pytest

SNIPPET = """
import frazil
found = frazil.search_granules(short_name="ATL08", bounding_box=(-10, 20, 10, 50), count=5)
reveal_type(found[0])
reveal_type(frazil.download(found[:3]).paths)
frazil.search_granules(bounding_boxx=(1, 2, 3, 4))
"""

STRICT = """
import datetime as dt
from pathlib import Path

import frazil


def bring(folder: Path, since: dt.date) -> list[Path]:
    session = frazil.login("netrc", persist=False)
    granules = frazil.search_granules(
        short_name=["ATL03", "ATL08"], temporal=(since, None), cloud_cover=(0, 20), count=5, session=session
    )
    names: list[str] = [granule.name for granule in granules if (granule.size or 0) < 10**9]
    scenes = frazil.search_stac("earth-search", collections="sentinel-2-l2a", bbox=(10, 50, 11, 51))
    if frazil.where(scenes[0]).access == "s3" and names:
        frazil.download(scenes[:1], folder, files="*.tif", progress=False)
    return frazil.download(granules, folder).raise_for_failures().paths
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    """What one check learnt of the standard library's types, the next need not learn again."""
    os.environ["MYPY_CACHE_DIR"] = str(tmp_path_factory.mktemp("types"))


def run(*arguments, folder):
    return subprocess.run([sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True)


def test_stubs_and_module_agree(package, monkeypatch, tmp_path):
    monkeypatch.setenv("MYPYPATH", str(package))
    compared = run("mypy.stubtest", "frazil._native", folder=tmp_path)
    assert compared.returncode == 0, compared.stdout


def test_the_packages_python_fits_its_types(package, monkeypatch, tmp_path):
    monkeypatch.setenv("MYPYPATH", str(package))
    checked = run("mypy", "--strict", "-p", "frazil", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_a_program_is_checked_strictly(tmp_path):
    (tmp_path / "program.py").write_text(STRICT)
    checked = run("mypy", "--strict", "program.py", folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    # A file of its own: mypy takes one changed within the second, to the same length, for unchanged.
    (tmp_path / "wrong.py").write_text(STRICT.replace("granule.name", "granule.size"))
    assert run("mypy", "--strict", "wrong.py", folder=tmp_path).returncode == 1


def test_a_wrong_keyword_is_seen_by_the_checker(tmp_path):
    (tmp_path / "snippet.py").write_text(SNIPPET)
    checked = run("mypy", "snippet.py", folder=tmp_path)
    assert "frazil._native.Item" in checked.stdout and "list[pathlib.Path]" in checked.stdout, checked.stdout
    assert 'Unexpected keyword argument "bounding_boxx"' in checked.stdout, checked.stdout
