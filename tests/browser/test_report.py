"""The page of `frazil report`, looked at in a real browser: widths, light, dark, paper, without script."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import hackweek
import pages
import pytest

HERE = Path(__file__).resolve().parent
WIDTHS = [360, 768, 1280]
COUNTED = """() => [...document.querySelectorAll("tbody tr")].map(row => row.innerText.trim()).filter(Boolean).length"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    hackweek.read(folder)
    return folder


@pytest.fixture(scope="module")
def page_file(folder):
    return hackweek.page(folder, "report.html")


@pytest.fixture(scope="module")
def axe():
    """axe-core at its pinned version, from the package registry into the cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "frazil-tests" / "browser"
    cache.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, cache / name)
    source = cache / "node_modules" / "axe-core" / "axe.min.js"
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["axe-core"]
    if not source.exists() or f"v{wanted}" not in source.read_text()[:200]:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=cache, check=True)
    return source.read_text()


@pytest.fixture
def look(chromium, page_file):
    """look(file, **settings) -> the page in a fresh browser, and every address that it asked for."""
    contexts = []

    def fresh(file=page_file, **settings):
        settings = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"} | settings
        context = chromium.new_context(**settings)
        contexts.append(context)
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))
        page.goto(file.as_uri())
        return page, asked

    yield fresh
    for context in contexts:
        context.close()


def fits(page):
    """Whether nobody has to scroll sideways, in the page or in a table of it."""
    return page.evaluate("""() => [document.documentElement, ...document.querySelectorAll(".table")]
        .every(box => box.scrollWidth <= box.clientWidth + 1)""")


def letters(page):
    """The smallest letters of the charts that are shown, in pixels of the screen."""
    return page.evaluate("""() => Math.min(...[...document.querySelectorAll("svg")]
        .filter(svg => svg.getBoundingClientRect().width > 0)
        .map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width * 12.5))""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_reads_well_at_every_width(width, scheme, look, axe):
    page, asked = look(viewport={"width": width, "height": 900}, color_scheme=scheme)
    pages.screenshots.save_whole(page, f"report-{width}-{scheme}")
    assert fits(page)
    assert letters(page) >= 9.5
    assert asked == [page.url]
    page.evaluate(axe)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    bad = [(each["id"], each["impact"], [node["html"] for node in each["nodes"]][:3]) for each in found["violations"]]
    assert not [each for each in bad if each[1] in ("serious", "critical")], bad
    assert found["testEngine"]["version"] in axe[:200]


def test_the_page_is_the_same_without_script(look):
    with_script, _ = look()
    without, asked = look(java_script_enabled=False)
    assert with_script.screenshot(full_page=True) == without.screenshot(full_page=True)
    assert asked == [without.url]
    assert with_script.locator("script").count() == 0


def test_names_are_text_and_nothing_runs(look):
    page, asked = look()
    assert "icesat2-2026" in page.title()
    assert page.locator("img").count() == 0 and page.locator("script").count() == 0
    for name in hackweek.PEOPLE:
        assert page.get_by_role("rowheader", name=name, exact=True).count() >= 1, name
    assert asked == [page.url]


def test_tables_have_all_rows_and_charts_have_words(look):
    page, _ = look()
    people = page.locator("table", has_text="what is nobody").locator("tbody tr")
    assert people.count() >= len(hackweek.PEOPLE) + 2
    for table in page.locator("table").all():
        assert table.locator("caption").inner_text()
        assert table.locator("thead th:not([scope=col])").count() == 0
        assert table.locator("tbody th:not([scope=row])").count() == 0
    charts = page.locator("svg[role=img]")
    assert charts.count() >= 12
    for chart in charts.all():
        assert chart.locator("title").count() == 1 and chart.locator("desc").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(each => +each.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))


def test_paper_loses_nothing(look):
    page, _ = look(color_scheme="dark")
    rows = page.evaluate(COUNTED)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(COUNTED) == rows
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(26, 29, 33)", "ink on paper is dark"
    asked = printed(page)
    assert asked.stat().st_size > 20_000


def printed(page):
    asked = pages.screenshots.path("report.pdf")
    page.pdf(path=asked, prefer_css_page_size=True, print_background=True)
    return asked


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext (poppler-utils), which reads what was printed")
def test_every_row_is_printed(look):
    page, _ = look()
    page.emulate_media(media="print")
    asked = printed(page)
    text = subprocess.run(["pdftotext", "-layout", asked, "-"], capture_output=True, text=True, check=True).stdout
    for name in ["katherine", "emmy", "Total", "At night"]:
        assert name in text
    shown = page.locator("tbody th").all_inner_texts()
    lost = [head for head in shown if head.split()[0][:12] not in text]
    assert not lost
    subprocess.run(["pdftoppm", "-r", "60", "-png", asked, asked.with_suffix("")], check=True)


@pytest.mark.parametrize("people", ["initials", "numbers"])
def test_a_sponsor_need_not_see_names(people, folder, look):
    file = hackweek.page(folder, f"{people}.html", "--people", people)
    page, _ = look(file=file)
    text = file.read_text() + page.locator("body").inner_text()
    for name in ["lovelace", "hopper", "katherine", "rosalind", "institute.example.edu", "document.title"]:
        assert name not in text, name
    head = "person 1" if people == "numbers" else "A. L."
    assert page.get_by_role("rowheader", name=head, exact=True).count() >= 1
    assert fits(page)


def test_several_hubs_are_chapters(folder, look, axe):
    other = (folder / "hub.yaml").read_text().replace("icesat2-2026", "other")
    (folder / "other.yaml").write_text(other)
    bill = (folder / "bill.csv").read_text()
    (folder / "more.csv").write_text(bill.replace("icesat2-2026", "other").replace("123456789012", "210987654321"))
    hackweek.frazil(folder, "cost", "read", "more.csv", "--ledger", "ledger.sqlite")
    file = hackweek.page(folder, "both.html", "hub.yaml", "other.yaml")
    page, _ = look(file=file, viewport={"width": 360, "height": 900})
    pages.screenshots.save_whole(page, "report-several")
    assert page.locator("article").count() == 2 and page.locator("h1").count() == 1
    assert fits(page)
    page.evaluate(axe)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    assert not [each["id"] for each in found if each["impact"] in ("serious", "critical")]
