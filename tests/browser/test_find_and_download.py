"""The seeds' walk in a real JupyterLab: the login that is asked for, the cards, the bar; light and dark."""

import shutil
from pathlib import Path

import lab
import pages
import pytest
from playwright.sync_api import expect

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebooks" / "02-find-and-download.ipynb"
WORDS = ":is(.frazil-item, .frazil-results, .frazil-download) :is(th, td, td a, p, strong)"
UNREADABLE = f"words => words.filter(each => ({pages.CONTRAST})(each) < 4.5).map(each => each.textContent)"
CUT = "tables => tables.filter(each => each.parentElement.scrollWidth > each.parentElement.clientWidth + 1).length"
PICTURE = {"x": 0, "y": 0, "width": 320, "height": 240}

pytestmark = pytest.mark.skipif(bool(lab.missing()), reason=lab.missing() or "")


@pytest.fixture
def jupyter(tmp_path):
    running = lab.Lab(tmp_path)
    try:
        yield running.up()
    finally:
        running.close()


@pytest.fixture
def page(chromium, jupyter):
    """A page whose browser reaches the archives' hosts at the stand-in."""
    context = chromium.new_context(
        base_url=jupyter.address, viewport={"width": 1280, "height": 1000}, color_scheme="light",
        proxy={"server": jupyter.world.told["proxy"], "bypass": "127.0.0.1"}, ignore_https_errors=True,
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    # The stand-in's images are of bytes at random: real ones for the eye.
    page.set_content("<body style=\"background:linear-gradient(teal,khaki)\">")
    picture = page.screenshot(type="jpeg", clip=PICTURE)
    context.route("https://**/*.jpg", lambda asked: asked.fulfill(body=picture, content_type="image/jpeg"))
    yield page
    context.close()


def answer(page, prompt, text, kind):
    """Answers what a cell asks."""
    expect(page.locator(".jp-Stdin-prompt").last).to_have_text(prompt, timeout=60_000)
    box = page.locator("input.jp-Stdin-input").last
    expect(box).to_have_js_property("type", kind)
    box.fill(text)
    box.press("Enter")


def look(page, theme):
    """Looks at all that was found: images that came, and words that stand out from what is behind them."""
    expect(page.locator(".frazil-item")).to_have_count(5, timeout=60_000)
    for image in page.locator(".frazil-item img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("naturalWidth", PICTURE["width"], timeout=30_000)
    pages.screenshots.save(page, f"walk-cards-{theme}")
    words = page.locator(WORDS)
    assert words.count() > 50
    assert words.evaluate_all(UNREADABLE) == []
    assert page.locator(".frazil-item table, .frazil-results table, .frazil-download table").evaluate_all(CUT) == 0
    page.locator(".frazil-results").scroll_into_view_if_needed()
    pages.screenshots.save(page, f"walk-results-{theme}")
    page.locator(".frazil-download").scroll_into_view_if_needed()
    pages.screenshots.save(page, f"walk-download-{theme}")


def test_a_person_logs_in_finds_and_downloads(jupyter, page):
    world = jupyter.world
    world.ask("settings", {"bandwidth": 12e6})
    shutil.copy(NOTEBOOK, jupyter.notebooks)
    pages.run_cells(page, f"/lab/tree/{NOTEBOOK.name}?reset&token={jupyter.token}")
    answer(page, "Earthdata user name:", world.username, "text")
    answer(page, "Earthdata password:", world.password, "password")

    bar = page.locator(".jp-OutputArea-output progress")
    expect(bar).to_be_visible(timeout=60_000)
    # In one step: the bar is another one four times a second.
    page.evaluate("document.querySelector('.jp-OutputArea-output progress').scrollIntoView({block: 'center'})")
    pages.screenshots.save(page, "walk-bar")
    expect(pages.outputs(page).filter(has_text="3 of 3 files").first).to_be_visible(timeout=60_000)
    expect(page.locator(".frazil-item")).to_have_count(5)
    assert len(list(jupyter.notebooks.glob("demo-atl08/*.h5"))) == 3

    look(page, "light")

    page.keyboard.press("Control+s")
    kept = jupyter.notebooks / NOTEBOOK.name
    lab.wait_until(lambda: "3 of 3 files" in kept.read_text(), 30, "the notebook is saved")
    assert world.password not in kept.read_text()

    jupyter.set("themes", {"theme": "JupyterLab Dark"})
    page.goto(f"/lab/tree/{NOTEBOOK.name}?reset")
    expect(page.locator("body[data-jp-theme-light=false]")).to_be_attached(timeout=60_000)
    look(page, "dark")
