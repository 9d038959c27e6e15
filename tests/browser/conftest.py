"""A headless Chromium and a hub of its own for these tests.

FRAZIL              the program (default target/debug/frazil)
CHROMIUM            the browser (default: where Debian and Google put theirs)
FRAZIL_SCREENSHOTS  folder of screenshots (default: a temporary one)
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import localhub
import pages

BROWSERS = ["/usr/bin/chromium", "/usr/bin/google-chrome"]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]


def missing():
    """What these tests need and this machine lacks, as one line; or None."""
    asked = os.environ.get("CHROMIUM")
    found = [path for path in ([asked] if asked else BROWSERS) if Path(path).exists()]
    if not found:
        return "no Chromium (install it, or name it in CHROMIUM)"
    absent = [tool for tool in ("node", "npm") if not shutil.which(tool)]
    return f"the hub needs {' and '.join(absent)}" if absent else None


def pytest_collection_modifyitems(items):
    reason = missing()
    for item in items if reason else ():
        if Path(item.path).parent == HERE:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter):
    """Says what was skipped and why, and where the screenshots are."""
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped: {report.nodeid}: {report.longrepr[-1]}")
    if pages.screenshots.folder:
        terminalreporter.write_line(f"screenshots: {pages.screenshots.folder}")


@pytest.fixture(scope="session")
def hub():
    """A hub that is up; afterwards it is gone, and so are all its processes."""
    with tempfile.TemporaryDirectory(prefix="frazil-browser-") as folder:
        hub = localhub.LocalHub(folder)
        try:
            yield hub.up()
        finally:
            hub.remove()


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    asked = os.environ.get("CHROMIUM")
    path = asked or next(path for path in BROWSERS if Path(path).exists())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, hub):
    """visit(**settings) -> a page of a fresh browser, 1280 x 800 and light."""
    contexts = []

    def fresh(**settings):
        settings = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"} | settings
        context = chromium.new_context(base_url=hub.address, **settings)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield fresh
    for context in contexts:
        context.close()


@pytest.fixture
def member(hub, visit):
    """member(name, **settings) -> a page of someone who has signed in."""
    passwords = {"ada": hub.admin_password}

    def signed_in(name, **settings):
        page = visit(**settings)
        pages.sign_in(page, name, passwords.get(name, localhub.USER_PASSWORD))
        return page

    return signed_in


@pytest.fixture
def with_server(member):
    """with_server(name, size) -> a page with that person's JupyterLab."""
    started = []

    def running(name, size):
        page = member(name)
        started.append((page, name))
        pages.start_server(page, name, size)
        return page

    yield running
    for page, name in started:
        pages.stop_server(page, name)
