"""A hub on this machine as people see it, in a real browser."""

import json
import re
import shutil
from pathlib import Path

import localhub
import pages
import pytest
import requests
from playwright.sync_api import expect

HERE = Path(__file__).resolve().parent
PHONE = {"viewport": {"width": 390, "height": 844}}
LOOKS = {"": {}, "-dark": {"color_scheme": "dark"}, "-phone": PHONE}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.strip("-") or "light")
def test_sign_in_and_sizes_fit_the_window(look, visit, member):
    page = visit(**LOOKS[look])
    page.goto("/")
    expect(page.get_by_role("heading", name=localhub.NAME)).to_be_visible()
    expect(page.get_by_text("The hub of the glacier group")).to_be_visible()
    expect(page.get_by_role("link", name="https://jupyterhub.readthedocs.io")).to_be_visible()
    expect(page.get_by_text("Be considerate")).to_be_visible()
    pages.screenshots.save(page, f"login{look}")
    assert_readable(page, ["button", "link"])
    page = member("grace", **LOOKS[look])
    expect(page.get_by_text("for teaching")).to_be_visible()
    pages.screenshots.save(page, f"sizes{look}")
    assert_readable(page, ["button", "link"])


def assert_readable(page, roles):
    """Nobody has to scroll sideways, and text stands out from what is behind it."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    seen = [e for role in roles for e in page.get_by_role(role).all() if e.is_visible()]
    pale = {e.inner_text() or e.get_attribute("id"): pages.contrast(e) for e in seen}
    assert pale
    assert min(pale.values()) >= 4.5, pale


def test_terms_and_password_are_asked_for(hub, visit):
    page = visit()
    page.goto("/hub/login")
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Password").fill(localhub.USER_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    accept = page.get_by_label("I accept the terms")
    assert accept.evaluate("box => box.validity.valueMissing")
    assert page.url.endswith("/hub/login")
    accept.check()
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Invalid username or password")).to_be_visible()
    pages.screenshots.save(page, "login-wrong-password")


def test_terms_are_asked_for_by_the_hub_too(hub):
    session = requests.Session()
    page = session.get(f"{hub.address}/hub/login", timeout=60)
    form = {"username": "grace", "password": localhub.USER_PASSWORD}
    form["_xsrf"] = re.search(r'name="_xsrf" value="([^"]+)"', page.text).group(1)
    answer = session.post(f"{hub.address}/hub/login", form, allow_redirects=False, timeout=60)
    assert answer.status_code == 403
    assert "accept the terms" in answer.text


def test_stranger_is_told_whom_to_ask(visit):
    page = visit()
    page.goto("/hub/login")
    page.get_by_label("Username").fill("stranger")
    page.get_by_label("Password").fill(localhub.USER_PASSWORD)
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("stranger is not on this hub's list of people")).to_be_visible()
    pages.screenshots.save(page, "login-stranger")


def test_notebook_runs_a_dask_cluster(hub, with_server):
    shutil.copy(HERE / "dask_cluster.ipynb", hub.home("ada"))
    page = with_server("ada", "small")
    pages.run_notebook(page, "ada", "dask_cluster.ipynb")
    expect(pages.outputs(page).last).to_contain_text("clusters left: 0", timeout=120_000)
    printed = "\n".join(pages.outputs(page).all_inner_texts())
    assert "workers: 2" in printed
    assert f"sum of squares: {sum(n * n for n in range(1_000_000))}" in printed
    pages.screenshots.save(page, "notebook")


def test_limits_of_a_person_and_what_status_shows(hub, with_server):
    with_server("grace", "large")
    session = hub.python("grace", HERE / "limits_session.py")
    lines = iter(session.stdout.readline, "")
    try:
        assert step(lines) == {"step": "scale within", "refused": None}
        running = step(lines)
        assert_status_lists(hub.json("status"), running["cluster"])
        session.stdin.write("\n")
        session.stdin.flush()
        refusals = {s["step"]: s["refused"] or "granted" for s in map(json.loads, lines)}
    finally:
        session.kill()
        session.wait()
    assert_refused(refusals)


def step(lines):
    """The next line of a session as data; its whole output if it is none."""
    line = next(lines, "")
    try:
        return json.loads(line)
    except ValueError:
        raise AssertionError(line + "".join(lines)) from None


def assert_status_lists(status, cluster):
    assert status["missing"] == []
    rows = {(row["part"], row["user"]): row for row in status["running"]}
    assert rows["server", "grace"]["detail"] == "large"
    assert rows["dask-scheduler", "grace"]["detail"] == cluster
    workers = rows["dask-worker", "grace"]
    assert workers["detail"] == cluster
    assert workers["processes"] >= 2
    assert workers["memory_bytes"] > 2 * 20 * 2**20


def assert_refused(refusals):
    limit = "your Dask clusters may use 3 cores together: asked for"
    assert f"{limit} 6 with this one. Ask for at most 2 workers." in refusals["scale beyond"]
    assert f"{limit} 7 with this one. Ask for at most 2 workers." in refusals["adapt beyond"]
    assert f"{limit} 5 with this one (3 already promised to" in refusals["create beyond"]
    assert f"{limit} 9 with this one. Choose smaller workers." in refusals["create alone"]


def test_size_of_a_group_is_hidden_and_refused_to_others(hub, member):
    page = member("katherine")
    assert pages.sizes(page) == ["small", "medium"]
    box = page.locator("input[name=size]").first
    box.evaluate("box => { box.value = 'large'; box.checked = true; }")
    with page.expect_response(lambda r: r.request.method == "POST") as posted:
        page.get_by_role("button", name="Start").click()
    assert posted.value.status == 403
    expect(page.get_by_text("is for members of instructors")).to_be_visible()
    pages.screenshots.save(page, "size-refused")
    answer = ask_for_server(hub, pages.api_token(page, "katherine"), "katherine", "large")
    assert answer.status_code == 403
    message = answer.json()["message"]
    assert "is for members of instructors. You may start: small, medium." in message
    assert servers(hub, "katherine") == []


def test_size_of_a_group_is_for_its_members(hub, member):
    page = member("grace")
    assert pages.sizes(page) == ["small", "medium", "large"]
    token = pages.api_token(page, "grace")
    assert ask_for_server(hub, token, "grace", "large").status_code in (201, 202)
    localhub.wait_until(lambda: servers(hub, "grace") == ["large"], 30, "a large server")
    pages.stop_server(page, "grace")


def ask_for_server(hub, token, person, size):
    return requests.post(
        f"{hub.address}/hub/api/users/{person}/server", json={"size": size},
        headers={"Authorization": f"token {token}"}, timeout=60,
    )


def servers(hub, person):
    """Sizes of the servers that a person runs, by what is in the process table."""
    rows = hub.json("status")["running"]
    return [row["detail"] for row in rows if (row["part"], row["user"]) == ("server", person)]


def test_memory_of_a_size_is_a_limit(hub, with_server):
    if hub.limits["kind"] == "none":
        pytest.skip(f"sizes are not enforced here: {hub.limits['reason']}")
    shutil.copy(HERE / "too_much_memory.ipynb", hub.home("mary"))
    page = with_server("mary", "small")
    pages.run_notebook(page, "mary", "too_much_memory.ipynb")
    died = page.get_by_text(re.compile("appears to have died"))
    expect(died.first).to_be_visible(timeout=120_000)
    pages.screenshots.save(page, "kernel-died")
    printed = "\n".join(pages.outputs(page).all_inner_texts())
    assert "still alive" in printed
    assert "held" not in printed
    pages.stop_server(page, "mary")
    page.goto("/hub/spawn")
    expect(page.get_by_text("needed more than the 1 GiB of its size")).to_be_visible()
    pages.screenshots.save(page, "sizes-after-memory")


def test_address_of_open_works_once(hub, visit):
    done = hub.run("open", "--print")
    assert done.returncode == 0, done.stderr
    address = done.stdout.strip()
    page = visit()
    page.goto(address)
    assert page.url.startswith(f"{hub.address}/hub/")
    assert "token=" not in page.url
    expect(page.get_by_text("ada", exact=True)).to_be_visible()
    page = visit()
    assert page.goto(address).status == 403
    expect(page.get_by_text("Run 'frazil open' again for a new one")).to_be_visible()
    pages.screenshots.save(page, "link-used-twice")
