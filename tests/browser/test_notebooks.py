"""The example notebooks as a person of a hub runs them: opened in JupyterLab, all cells by the menu, and looked at.

FRAZIL_SCREENSHOTS gets a picture of each, whole.
"""

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import localhub
import nbformat
import pages
import pytest
from playwright.sync_api import expect

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "notebooks"), str(HERE.parent / "wheel")]

import books
import dask_gateway_here
import made as making
from earthdata import STAND_IN, World
from package import NATIVE, lay_out

ABSENT = books.lacking(STAND_IN, NATIVE)
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT or "")

STARTUP = """\
import os
os.environ.update({environment!r})
"""
HEIGHT = "document.querySelector('.jp-Notebook .jp-WindowedPanel-outer').scrollHeight"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    making.everything(folder)
    return folder


@pytest.fixture(scope="module")
def world(made):
    running = World("--serve", f"made={made}", "--recordings", str(made / "recordings"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def package(hub, tmp_path_factory):
    """The package of this tree, in the environment of the hub while these tests run: for kernels and workers."""
    folder = lay_out(tmp_path_factory.mktemp("package"))
    paths = {localhub.environment_of(process).get("PATH", "") for process in hub.processes()}
    pythons = {shutil.which("python", path=path) for path in paths}
    (python,) = (Path(one) for one in pythons if one and "environments" in Path(one).parts)
    (packages,) = python.parent.parent.glob("lib/python3*/site-packages")
    named = packages / f"frazil-of-{folder.parent.name}.pth"
    named.write_text(f"{folder}\n")
    yield folder
    named.unlink()


@pytest.fixture(scope="module")
def elsewhere(package, tmp_path_factory):
    """A gateway that is not the hub's own."""
    server = dask_gateway_here.Server(tmp_path_factory.mktemp("elsewhere"), package)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def parameters(made, elsewhere):
    """What the notebooks are told where the archives are not."""
    rain = {"address": str(made / "era5.zarr"), "during": ("1990-01-02", "1990-01-15")}
    google = {"address": elsewhere.address, "user": "grace", "secret_env": "GATEWAY_PASSWORD"}
    clouds = {"google": google, "era5": str(made / "era5.zarr"), "catalogue": str(made / "lens.json")}
    return {
        "05-stac-to-cube.ipynb": {"catalogue": f"{making.WEB}/catalog.json"},
        "06-el-nino.ipynb": {"address": str(made / "sst.mnmean.nc")},
        "07-great-lakes.ipynb": {"short_name": "MUR-LIKE"},
        "08-histogram.ipynb": rain,
        "09-histogram-on-the-gateway.ipynb": {**rain, "workers": 2},
        "10-two-gateways.ipynb": {**clouds, "during": ("1990-01-03", "1990-01-12"), "workers": 1},
    }


@pytest.fixture(scope="module")
def scientist(hub, world, package):
    """The home of a person whose kernels find the stand-in, and who has logins in their environment."""
    home = hub.home("grace")
    login = {"EARTHDATA_USERNAME": world.username, "EARTHDATA_PASSWORD": world.password, "GATEWAY_PASSWORD": dask_gateway_here.PASSWORD}
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-world.py").write_text(STARTUP.format(environment={**world.environment, **login}))
    return home


def folder_of(package):
    return Path(importlib.util.find_spec(package).origin).parent


def drawn_by(route):
    """Answers with the scripts that draw from the packages that have them too: no browser of a test reaches the network."""
    path = urlsplit(route.request.url).path
    bokeh, panel = folder_of("bokeh") / "server" / "static" / "js", folder_of("panel") / "dist"
    is_panel = path.startswith("/panel/")
    file = panel / unquote(path.partition("/dist/")[2]) if is_panel else bokeh / re.sub(r"-[0-9.]+\.min", ".min", Path(path).name)
    if file.is_file():
        route.fulfill(path=file, content_type="text/javascript")
    else:
        route.abort()


def has_ended(page, saved):
    """All cells have run or one has failed, as the saved notebook tells: JupyterLab draws those alone that are near what is seen."""
    if not page.get_by_text("Python 3 (ipykernel) | Idle").is_visible():
        return False
    page.keyboard.press("Control+s")
    page.wait_for_timeout(500)
    ran = nbformat.read(saved, as_version=4)
    return books.has_run(ran) or any(output.output_type == "error" for output in books.outputs(ran))


@pytest.mark.parametrize("name", books.ALL)
def test_a_notebook_runs_in_the_hub(name, scientist, with_server, parameters):
    book = books.read(name)
    if name in parameters:
        book = books.with_parameters(book, **parameters[name])
    nbformat.write(book, scientist / name)
    page = with_server("grace", "medium")
    for cdn in ("https://cdn.bokeh.org/**", "https://cdn.holoviz.org/**"):
        page.route(cdn, drawn_by)
    pages.run_notebook(page, "grace", name)
    localhub.wait_until(lambda: has_ended(page, scientist / name), 300, f"{name} has ended")
    ran = nbformat.read(scientist / name, as_version=4)
    assert books.complaints(ran) == []

    # As tall as the notebook, so that all of it is drawn.
    page.set_viewport_size({"width": 1280, "height": page.evaluate(HEIGHT) + 150})
    figures = page.locator(".jp-OutputArea-output .bk-Figure")
    localhub.wait_until(lambda: figures.count() >= books.pictures(ran), 60, "all pictures are drawn")
    page.set_viewport_size({"width": 1280, "height": page.evaluate(HEIGHT) + 150})
    for figure in figures.all():
        expect(figure).to_be_visible()
    pages.screenshots.save(page, f"notebook-{name.removesuffix('.ipynb')}")
