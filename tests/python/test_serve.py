"""Who sees what of `frazil serve`: a real JupyterHub, its login, its tokens, and a hackweek's ledger."""

import html
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from real_hub import free_port

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

import hackweek
from served import ACCESS, NOBODY, PREFIX, READ_ALL, SERVICE_TOKEN, Browser, Hub, Served, program

OTHERS = [name for name in hackweek.PEOPLE if name != "katherine"]
BELIEVED = 1.3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    hackweek.read(folder)
    return folder


@pytest.fixture(scope="module")
def both(folder):
    """The hub and the service of it."""
    port, metrics = free_port(), free_port()
    hub = Hub(folder, port)
    served = Served(folder, hub, port, metrics)
    yield hub, served
    assert served.stop() == 0
    hub.stop()


@pytest.fixture(scope="module")
def hub(both):
    return both[0]


@pytest.fixture(scope="module")
def served(both):
    return both[1]


@pytest.fixture
def browser(both):
    return lambda: Browser(*both)


def text(answer):
    """What a page says, its markup and its style left out."""
    without = re.sub(r"(?s)<style>.*?</style>", "", answer.text)
    return html.unescape(re.sub(r"<[^>]+>", " ", without))


def names_in(shown):
    """Other people's names that stand somewhere as words, as they are or as markup writes them."""
    def stands(name):
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", shown)
    return [name for name in OTHERS if stands(name) or stands(html.escape(name)) or stands(json.dumps(name)[1:-1])]


def tells_of_others(answer):
    return [name for name in OTHERS if name in {*names_in(answer.text), *names_in(text(answer))}]


def billed(folder):
    """What each person had, by the ledger."""
    asked = ["report", "hub.yaml", "--ledger", "ledger.sqlite", "--out", "-"]
    assert "Total" in hackweek.frazil(folder, *asked)
    out = hackweek.frazil(folder, "report", "hub.yaml", "--ledger", "ledger.sqlite", "-o", "json")
    chapter = json.loads(out)["hubs"][0]
    return {each["person"]: each["amount"] for each in chapter["people"]}, chapter


def test_nobody_comes_in_without_the_hub(served, browser):
    assert served.get("health").status_code == 200
    answer = browser().go(PREFIX)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/hub/api/oauth2/authorize?client_id=service-report&")
    cookie = answer.headers["Set-Cookie"]
    for part in ["HttpOnly", "SameSite=Lax", f"Path={PREFIX}"]:
        assert part in cookie
    assert "Secure" not in cookie
    secure = requests.get(
        served.url + PREFIX, headers={"X-Forwarded-Proto": "https,http"}, allow_redirects=False, timeout=20)
    assert "; Secure" in secure.headers["Set-Cookie"]
    for path in ["data", "metrics"]:
        assert served.get(path).status_code == 401


def test_an_administrator_sees_everybody(browser):
    answer = browser().log_in("ada.lovelace@example.org").page()
    assert answer.status_code == 200
    assert tells_of_others(answer) == OTHERS
    assert "<script" not in answer.text
    for name, value in {
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
    }.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy


def test_whoever_has_the_scope_sees_everybody(browser):
    assert tells_of_others(browser().log_in("fin").page()) == OTHERS


def test_a_person_sees_what_is_theirs_and_nothing_of_others(folder, hub, served, browser):
    person = browser().log_in("katherine")
    answer = person.page()
    assert answer.status_code == 200
    amounts, whole = billed(folder)
    own = person.go(PREFIX + "data").json()["hubs"]
    assert [chapter["of"] for chapter in own] == ["katherine"]
    assert own[0]["total"] == amounts["katherine"]
    assert own[0]["people"][0]["person"] == "katherine" and len(own[0]["people"]) == 1
    assert not own[0]["apart"] and own[0]["nodes"] is None and own[0]["budget"] is None
    assert "katherine" in text(answer)
    raw = person.go(PREFIX + "data").text
    for shown in (answer.text, text(answer), raw):
        assert not names_in(shown)
        for secret in ["user-0-0", "dask-2", "r7i.2xlarge", whole["total"], "i-core"]:
            assert secret not in shown, secret
        for name, amount in amounts.items():
            assert name == "katherine" or amount not in shown
    total = f"{float(whole['total']):,.2f}"
    assert total not in text(answer)
    token = hub.token("katherine")
    assert served.get("data", token).text == raw
    assert not tells_of_others(served.get(token=token, params={"month": "2026-03"}))


def test_a_person_of_whom_the_ledger_has_nothing_sees_nothing(browser):
    answer = browser().log_in("newcomer").page()
    assert answer.status_code == 200 and "nothing of yours" in text(answer)
    assert not tells_of_others(answer)


def test_whoever_has_no_scope_is_told_what_to_ask_for(hub, served, browser):
    answers = browser().log_in("carl").follow(PREFIX)
    assert answers[-1].status_code == 403 and not tells_of_others(answers[-1])
    for path in ["", "data", "metrics"]:
        answer = served.get(path, hub.token("carl"))
        assert answer.status_code == 403, path
        assert not tells_of_others(answer)
    page = served.get("", hub.token("carl"))
    assert ACCESS in text(page) and READ_ALL in text(page)


def test_a_token_does_no_more_than_its_scopes(hub, served):
    admin = "ada.lovelace@example.org"
    assert tells_of_others(served.get(token=hub.token(admin))) == OTHERS
    assert served.get(token=hub.token(admin, scopes=["admin:users"])).status_code == 403
    limited = hub.token(admin, scopes=[ACCESS])
    assert set(tells_of_others(served.get(token=limited))) <= {admin}
    assert served.get("metrics", limited).status_code == 403


def test_a_foreign_token_is_none(served):
    for foreign in ["f" * 64, "", "x", SERVICE_TOKEN[:-1], "a" * 3000]:
        answer = requests.get(
            served.url + PREFIX + "data", headers={"Authorization": f"token {foreign}"}, timeout=20)
        assert answer.status_code == 401, foreign
    assert served.get("data", NOBODY).status_code == 403
    assert served.get("data", SERVICE_TOKEN).status_code == 403, "the service's own token sees nothing"
    basic = requests.get(served.url + PREFIX, headers={"Authorization": "Basic eDp4"}, timeout=20)
    assert basic.status_code == 401


def test_a_token_ends_with_its_time(hub, served):
    token = hub.token("katherine", expires_in=2)
    assert served.get("data", token).status_code == 200
    time.sleep(2 + BELIEVED)
    assert served.get("data", token).status_code == 401


def test_a_session_ends_with_its_token(folder, hub, browser):
    person = browser().log_in("mary")
    assert person.page().status_code == 200
    tokens = hub.ask("GET", "users/mary/tokens")["api_tokens"]
    for token in tokens:
        hub.ask("DELETE", f"users/mary/tokens/{token['id']}")
    time.sleep(BELIEVED)
    assert person.go(PREFIX).status_code == 302, "the token was taken back: to the login"
    assert person.page().status_code == 200, "whoever is logged in at the hub gets the next"
    with sqlite3.connect(folder / "hub.sqlite") as db:
        db.execute("UPDATE api_tokens SET expires_at = '2020-01-01 00:00:00' WHERE client_id = 'service-report'")
    time.sleep(BELIEVED)
    assert person.go(PREFIX).status_code == 302, "the token is too old: to the login"


def test_a_right_that_was_taken_back_ends_what_is_seen(hub, browser):
    person = browser().log_in("leaving")
    assert person.page().status_code == 200
    hub.ask("DELETE", "groups/readers/users", users=["leaving"])
    time.sleep(BELIEVED)
    answer = person.go(PREFIX)
    assert answer.status_code == 403 and ACCESS in text(answer)
    assert person.go(PREFIX + "logout", "POST").status_code == 200


def test_logging_out_ends_the_session(served, browser):
    person = browser().log_in("katherine")
    assert person.page().status_code == 200
    stolen = person.cookies.get_dict()["frazil-report-session"]
    assert person.go(PREFIX + "logout").status_code == 405, "no picture logs anybody out"
    left = person.go(PREFIX + "logout", "POST")
    assert left.status_code == 200 and "/hub/logout" in left.text
    cookies = {"frazil-report-session": stolen}
    assert served.get(cookies=cookies).status_code == 302, "the cookie is worth nothing any more"


def test_a_state_that_is_not_of_this_browser_logs_nobody_in(browser):
    mine, theirs = browser().log_in("katherine"), browser()
    begun = mine.go(PREFIX).headers["Location"]
    back = mine.go(begun).headers["Location"]
    assert back.startswith(PREFIX + "oauth_callback?")
    for who, where in [
        (theirs, back),
        (mine, re.sub(r"state=[^&]*", "state=" + "0" * 64, back)),
        (mine, re.sub(r"state=\d+", "state=9999999999", back)),
        (mine, re.sub(r"[&?]state=[^&]*", "", back)),
        (mine, PREFIX + "oauth_callback"),
    ]:
        answer = who.go(where)
        assert answer.status_code == 400, where
        assert "frazil-report-session" not in answer.headers.get("Set-Cookie", "")
    assert mine.go(back).status_code == 302, "and the right one does"
    replayed = browser()
    replayed.cookies.update(mine.cookies)
    assert replayed.cookies.get_dict()["frazil-report-login"], "the state is still good"
    again = replayed.go(back)
    assert again.status_code == 400, "once"


def test_two_windows_log_in_at_once(browser):
    person = browser().log_in("katherine")
    first, second = person.go(PREFIX), person.go(PREFIX)
    for begun in (first, second):
        back = person.go(begun.headers["Location"]).headers["Location"]
        done = person.go(back)
        assert done.status_code == 302 and "frazil-report-session" in done.headers["Set-Cookie"]


def test_another_page_of_the_site_cannot_read_it(browser):
    person = browser().log_in("ada.lovelace@example.org")
    assert person.page().status_code == 200
    for mode in ["cors", "no-cors", "same-origin", "websocket"]:
        for path in ["", "data", "metrics"]:
            answer = person.go(PREFIX + path, headers={"Sec-Fetch-Mode": mode})
            assert answer.status_code == 403 and not tells_of_others(answer), (mode, path)


def test_a_browser_that_does_not_say_who_asks_sees_nothing(browser):
    """As all do over plain HTTP, where another person's script could ask with this cookie."""
    person = browser().log_in("ada.lovelace@example.org")
    assert person.page().status_code == 200
    del person.headers["Sec-Fetch-Mode"]
    answer = person.go(PREFIX)
    assert answer.status_code == 403 and "needs HTTPS" in text(answer) and not tells_of_others(answer)
    for path in ["data", "metrics"]:
        answer = person.go(PREFIX + path)
        assert answer.status_code == 403 and not tells_of_others(answer), path


def metrics(answer):
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families and all(family.documentation and family.samples for family in families.values())
    return families


def test_metrics_are_for_who_sees_all_and_tell_of_nobody(folder, hub, served):
    assert served.get("metrics", hub.token("katherine")).status_code == 403
    families = metrics(served.get("metrics", hub.token("fin")))
    _, whole = billed(folder)
    spend = families["frazil_spend"].samples
    assert {sample.labels["hub"] for sample in spend} == {"icesat2-2026"}
    assert sum(sample.value for sample in spend) == pytest.approx(float(whole["total"]))
    assert families["frazil_egress_bytes"].samples and families["frazil_nodes_most"].samples
    assert families["frazil_budget"].samples[0].value == 500
    plain = requests.get(served.metrics_url, timeout=60)
    assert metrics(plain).keys() == families.keys()
    assert not names_in(plain.text) and "katherine" not in plain.text
    elsewhere = served.metrics_url.removesuffix("/metrics")
    for path in ["/", PREFIX, PREFIX + "data"]:
        assert requests.get(elsewhere + path, timeout=20).status_code == 404


def test_what_makes_no_sense_is_refused(served, browser):
    person = browser().log_in("ada.lovelace@example.org")
    assert person.page().status_code == 200
    for month in ["x", "2026-13", "../../etc/passwd", "%00"]:
        assert person.go(f"{PREFIX}?month={month}").status_code == 404, month
    nothing = person.go(f"{PREFIX}?month=1999-01")
    assert nothing.status_code == 200 and "Nothing to see" in text(nothing)
    assert person.go(PREFIX + "no-such").status_code == 404
    assert person.go(PREFIX, "POST").status_code == 405
    huge = requests.get(served.url + PREFIX, headers={"X": "x" * 100_000}, timeout=20)
    assert huge.status_code == 431


def test_without_its_hub_nobody_is_let_in(hub, served, browser):
    person = browser().log_in("ada.lovelace@example.org")
    assert person.page().status_code == 200
    token = hub.token("fin")
    hub.stop()
    try:
        time.sleep(BELIEVED)
        answer = person.go(PREFIX)
        assert answer.status_code == 503 and not tells_of_others(answer)
        assert served.get("data", token).status_code == 503
    finally:
        hub.start()
    assert person.page().status_code == 200, "it was the hub that was away"


def test_nothing_of_a_secret_is_in_the_log(folder, hub, served, browser):
    person = browser().log_in("katherine")
    assert person.page().status_code == 200
    token = hub.token("katherine")
    assert served.get("data", token).status_code == 200
    log = served.log_path.read_text()
    for secret in [SERVICE_TOKEN, token, *person.cookies.get_dict().values()]:
        assert secret not in log


@pytest.mark.parametrize("missing, said", [
    ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_TOKEN is not set"),
    ("JUPYTERHUB_API_URL", "JUPYTERHUB_API_URL is not set"),
    ("a hub", "of which hub is the page?"),
])
def test_what_it_needs_is_told(tmp_path, missing, said):
    given = {"JUPYTERHUB_API_TOKEN": SERVICE_TOKEN, "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api"}
    given.pop(missing, None)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")}
    call = [program(), "serve", "--listen", "127.0.0.1:0"] + ([] if missing == "a hub" else ["--hub", "lab"])
    done = subprocess.run(
        call, cwd=tmp_path, env=clean | given | {"HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and said in done.stderr, done.stderr
    assert SERVICE_TOKEN not in done.stderr
