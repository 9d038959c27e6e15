"""The page of `frazil serve` behind a real hub that `frazil up` made, in a real browser."""

import os
import re
import signal
import time

import hackweek
import localhub
import pages
import pytest
from playwright.sync_api import expect
from prometheus_client.parser import text_string_to_metric_families
from test_report import WIDTHS, axe, fits  # noqa: F401

PAGE = "/services/report/"
OTHERS = ["grace-hopper", "mary", "rosalind", "ada.lovelace@example.org"]


@pytest.fixture(scope="module")
def bills(hub):
    """A hackweek's bills and history, as this hub's."""
    hackweek.write(hub.folder)
    for name in ("bill.csv", "history.jsonl"):
        path = hub.folder / name
        path.write_text(path.read_text().replace("icesat2-2026", localhub.NAME))
    (hub.folder / "hub.yaml").write_text(localhub.HUB_FILE.format(name=localhub.NAME, port=hub.port))
    done = hub.run("cost", "read", "bill.csv", "--history", "history.jsonl", "--hub", localhub.NAME)
    assert done.returncode == 0, done.stderr
    # A page that was just shown is shown for two seconds more.
    time.sleep(2.5)


def serious(page, source):
    page.evaluate(source)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]


def test_before_there_is_a_bill_the_page_says_what_to_do(hub, member, axe):  # noqa: F811
    page = member("ada", viewport={"width": 360, "height": 800}, bypass_csp=True)
    page.goto(PAGE)
    expect(page.get_by_role("heading", level=1)).to_have_text("There are no bills yet")
    assert "frazil cost read" in page.locator("main").inner_text()
    pages.screenshots.save_whole(page, "serve-empty")
    assert fits(page) and not serious(page, axe)
    other = member("katherine", color_scheme="dark")
    other.goto(PAGE)
    pages.screenshots.save_whole(other, "serve-empty-own")
    assert "frazil cost read" not in other.locator("main").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_administrator_sees_everybody(width, scheme, bills, member, axe):  # noqa: F811
    # axe-core is a script, which the page's own policy would refuse.
    page = member("ada", viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page.goto("/hub/home")
    assert page.locator(f"a[href='{PAGE}']").count() == 1, "it is in the hub's menu"
    page.goto(PAGE)
    pages.screenshots.save_whole(page, f"serve-{width}-{scheme}")
    for name in OTHERS:
        assert page.get_by_role("rowheader", name=name, exact=True).count() >= 1, name
    assert page.locator("script").count() == 0
    assert fits(page) and not serious(page, axe)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_person_sees_what_is_theirs(width, bills, member, axe):  # noqa: F811
    page = member("katherine", viewport={"width": width, "height": 900}, bypass_csp=True)
    page.goto(PAGE)
    pages.screenshots.save_whole(page, f"serve-own-{width}")
    expect(page.locator(".bar")).to_contain_text("katherine")
    whole = page.content()
    for name in [*OTHERS, "r7i.2xlarge", "nobody"]:
        assert name not in whole, name
    assert fits(page) and not serious(page, axe)


def test_the_policy_of_the_page_holds_in_a_browser(bills, member):
    page = member("ada")
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(PAGE)
    assert not refused, "the page itself breaks no rule of its policy"
    ran = page.evaluate("""() => new Promise(done => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        fetch("/hub/api/").then(() => done("fetched"), () => done(window.ran ? "ran" : "refused"));
    })""")
    assert ran == "refused" and refused
    page.goto("/hub/home")
    read = page.evaluate(f"fetch('{PAGE}').then(answer => answer.status)")
    assert read == 403, "a script of the same site reads nothing with somebody's cookie"
    with page.expect_popup() as popup:
        page.evaluate(f"window.other = window.open('{PAGE}')")
    expect(popup.value.locator("h1")).to_be_visible()
    assert page.evaluate("window.other.closed || !window.other.document"), "nor by opening it"


def test_months_and_logging_out(bills, member):
    page = member("ada")
    page.goto(PAGE)
    page.get_by_role("link", name="2026-03").click()
    expect(page).to_have_url(re.compile(r"month=2026-03$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(localhub.NAME)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out here")
    pages.screenshots.save_whole(page, "serve-left")
    page.get_by_role("link", name="Log out of the hub").click()
    page.goto(PAGE)
    expect(page).to_have_url(re.compile("/hub/login"))


def test_a_page_that_died_is_mended_by_up(hub, bills, member):
    page = member("katherine")
    page.goto(PAGE)
    running = [p for p in hub.processes() if localhub.environment_of(p).get("FRAZIL_PART") == "report"]
    assert len(running) == 1
    os.kill(running[0], signal.SIGKILL)
    localhub.wait_until(lambda: "report" in str(hub.run("status", "-o", "json").stdout.split("missing")[1]), 20, "told")
    assert hub.json("up")["started"] == ["report"]
    page.goto(PAGE)
    expect(page.locator(".bar")).to_contain_text("katherine")
    assert hub.json("up")["started"] == []


def test_metrics_tell_of_the_machine_too(hub, bills, member):
    page = member("ada")
    page.goto(PAGE)
    answer = page.goto(PAGE + "metrics")
    assert answer.status == 200
    families = {family.name for family in text_string_to_metric_families(answer.text())}
    assert {"frazil_spend", "frazil_egress_bytes", "frazil_nodes_most", "frazil_machine_memory_bytes"} <= families
    assert member("katherine").goto(PAGE + "metrics").status in (401, 403)
