"""Logging in and starting servers at the real hub with z2jh's configuration."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from real_hub import Hub, Person, Provider

GIB = 2**30
HOSTILE = "</script><script>x('\"')</script> {{ 7*7 }} {% raw %}\n🧊\u2028 https://example.org/?a=1&b=2."
DATA = {
    "name": "lab", "title": "Lab <b>", "welcome": HOSTILE, "terms": "Be kind.\n" + HOSTILE,
    "auth": {"kind": "github", "orgs": ["Ice-Lab"]}, "admins": ["Boss"],
    "groups": {"instructors": ["Ada"], "staff": ["boss"]}, "gateway": True,
    "sizes": [
        {"name": "small", "memory_bytes": GIB, "cpu": 1, "cpu_guarantee": 0.1, "default": True,
         "description": HOSTILE, "groups": ["instructors", "melt", "Ice-Lab:melt", "staff"],
         "placement": {"node_selector": {"a": "b"}}},
        {"name": "gpu", "memory_bytes": GIB, "gpu": 1, "groups": ["staff"]},
    ],
}


def github(provider, **more):
    return {"GitHubOAuthenticator": {
        "github_url": provider.url, "client_id": "i", "client_secret": "s",
        "allow_all": True, "scope": ["read:org"], **more}}


@pytest.fixture(scope="module")
def provider():
    with Provider() as found:
        yield found


@pytest.fixture(scope="module")
def hub(provider, tmp_path_factory):
    with Hub(tmp_path_factory.mktemp("hub"), DATA, github(provider)) as found:
        yield found


def to_provider(person, accept="yes"):
    """Accepts the terms and goes on to the provider; the state it was given."""
    answer = person.form("login?next=%2Fhub%2Fhome", "accept-terms?next=%2Fhub%2Fhome",
                         accept_terms=accept)
    assert answer.status_code == 302
    start = person.get(_absolute(person.hub, answer))
    return parse_qs(urlsplit(start.headers["Location"]).query)["state"][0]


def _absolute(hub, answer):
    return hub.url.removesuffix("/hub/") + answer.headers["Location"]


def back(person, state):
    return person.get(f"oauth_callback?code=c&state={state}")


def log_in(hub, provider, login, teams=()):
    provider.be_github(login, teams)
    person = Person(hub)
    answer = back(person, to_provider(person))
    assert (answer.status_code, answer.headers.get("Location")) == (302, "/hub/home"), answer.text
    return person


def groups(hub, name):
    return set(hub.asked(f"users/{name}")["groups"])


def spawn(person, name, **options):
    answer = person.ask(f"users/{name}/server", options)
    return answer.status_code, answer.json().get("message", "") if answer.content else ""


# Terms.


def test_the_page_shows_what_the_file_says_as_text(hub):
    page = Person(hub).get("login").content.decode()
    assert page.count("&lt;/script&gt;&lt;script&gt;x(&#39;&#34;&#39;)") == 2
    assert "{{ 7*7 }} {% raw %}\n🧊\u2028 <a href=\"https://example.org/?a=1&amp;b=2\"" in page
    assert "<script>x" not in page and "Lab &lt;b&gt;" in page


def test_nobody_gets_to_the_provider_without_the_terms(hub):
    answer = Person(hub).get("oauth_login?next=%2Fhub%2Fspawn")
    assert answer.headers["Location"] == "/hub/login?next=%2Fhub%2Fspawn"
    person = Person(hub)
    answer = person.form("login", "accept-terms")
    assert answer.status_code == 403 and "accept the terms" in answer.text
    assert person.get("oauth_login").headers["Location"] == "/hub/login"


def test_accepting_needs_the_pages_token(hub):
    assert Person(hub).post("accept-terms", data={"accept_terms": "yes"}).status_code == 403


@pytest.mark.parametrize("forged", [None, "x", "2|1:0|10:1|12:frazil-terms|4:eA==|00"])
def test_the_terms_are_asked_for_where_a_person_is_authenticated(hub, provider, forged):
    provider.be_github("eve")
    person = Person(hub)
    state = to_provider(person)
    person.cookies.clear(domain="127.0.0.1", path="/hub/", name="frazil-terms")
    if forged:
        person.cookies.set("frazil-terms", forged, domain="127.0.0.1", path="/hub/")
    answer = back(person, state)
    assert answer.status_code == 403 and "Please accept the terms" in answer.text
    assert hub.asked("users/eve").get("status") == 404


def test_new_terms_have_to_be_accepted_anew(hub, provider, tmp_path):
    person = Person(hub)
    state = to_provider(person)
    given = {c.name: c.value for c in person.cookies}
    with Hub(tmp_path, {**DATA, "terms": "Others."}, github(provider)) as other:
        stranger = Person(other)
        for name, value in given.items():
            stranger.cookies.set(name, value, domain="127.0.0.1", path="/hub/")
        assert back(stranger, state).status_code == 403


# Groups and sizes.


def test_teams_are_groups_and_bare_ones_of_the_files_organizations_only(hub, provider):
    log_in(hub, provider, "mel", [("ice-lab", "melt"), ("Other", "freeze")])
    assert groups(hub, "mel") == {"Ice-Lab:melt", "melt", "Other:freeze"}


def test_a_team_cannot_pass_for_a_group_of_the_file(hub, provider):
    person = log_in(hub, provider, "eve", [("Ice-Lab", "staff"), ("Ice-Lab", "instructors")])
    assert groups(hub, "eve") == {"Ice-Lab:staff", "Ice-Lab:instructors"}
    status, text = spawn(person, "eve", profile="gpu")
    assert status == 403 and "is for members of staff" in text
    assert "No size of this hub is open to you: ask its administrator" in text


def test_a_person_without_a_size_starts_nothing(hub, provider):
    person = log_in(hub, provider, "zoe")
    assert spawn(person, "zoe")[0] == 403
    assert "ask its administrator for a group" in person.get("spawn").text


@pytest.mark.parametrize(("options", "status", "reason"), [
    ({"profile": "gpu"}, 403, "The size 'gpu' is for members of staff. You may start: small."),
    ({"profile": "nope"}, 400, "There is no size 'nope' here. You may start: small."),
    ({"profile": ""}, 400, "There is no size ''"),
    ({"profile": ["gpu"]}, 400, "There is no size ['gpu']"),
    ({"profile": False}, 400, "There is no size False"),
    ({"profile": "gpu", "image--unlisted-choice": "x", "profile-option-gpu--a": "b"}, 403, "gpu"),
])
def test_other_sizes_are_refused_with_the_reason(hub, provider, options, status, reason):
    person = log_in(hub, provider, "Ada")
    found, text = spawn(person, "ada", **options)
    assert found == status and reason in text


def test_the_form_offers_what_is_open_and_shows_refusals_above(hub, provider):
    person = log_in(hub, provider, "boss")
    page = person.get("spawn").content.decode()
    assert page.count('type="radio" name="profile"') == 2 and "<script>x" not in page
    assert "&lt;/script&gt;&lt;script&gt;x(&#x27;&quot;&#x27;)&lt;/script&gt;" in page
    xsrf = page.partition("_xsrf=")[2].partition('"')[0]
    answer = person.post(f"spawn?_xsrf={xsrf}", data={"profile": "nope"})
    assert answer.status_code == 400 and "You may start: small, gpu." in answer.text


def test_refusals_do_not_end_the_hub(hub, provider):
    person = log_in(hub, provider, "ada")
    for _ in range(8):
        assert spawn(person, "ada", profile="gpu")[0] == 403
    assert "consecutive spawns failed" not in hub.text()
    assert hub.alive()


def test_groups_and_admins_of_the_file_are_exact_at_the_next_start(provider, tmp_path):
    with Hub(tmp_path, DATA, github(provider)) as hub:
        log_in(hub, provider, "ada", [("Ice-Lab", "melt")])
        log_in(hub, provider, "boss")
        assert groups(hub, "ada") == {"instructors", "melt", "Ice-Lab:melt"}
        assert hub.asked("users/boss")["admin"]
    changed = {**DATA, "groups": {"instructors": [], "melt": ["bob"]}, "admins": ["ada"]}
    with Hub(tmp_path, changed, github(provider)) as hub:
        assert groups(hub, "ada") == {"Ice-Lab:melt"}
        assert not hub.asked("users/boss")["admin"] and hub.asked("users/ada")["admin"]


def test_a_team_is_lost_when_the_provider_no_longer_says_it(hub, provider):
    person = log_in(hub, provider, "mel", [("Ice-Lab", "melt")])
    provider.be_github("mel")
    assert spawn(person, "mel", profile="small")[0] == 403
    assert groups(hub, "mel") == set()


def test_a_provider_out_of_order_throws_nobody_out(hub, provider):
    person = log_in(hub, provider, "mel", [("Ice-Lab", "melt")])
    provider.failing = 100
    try:
        status, text = spawn(person, "mel", profile="gpu")
    finally:
        provider.failing = 0
    assert status == 403 and "You may start: small." in text


# OpenID Connect and accounts of the hub's own.


def test_oidc_finds_its_addresses_and_brings_no_groups_unasked(provider, tmp_path):
    provider.be_oidc()
    provider.answers["/token"] = {"access_token": "a", "token_type": "bearer"}
    provider.answers["/userinfo"] = {"email": "ada", "groups": ["melt"]}
    data = {**DATA, "auth": {"kind": "oidc", "issuer": provider.url}, "terms": None}
    config = {"GenericOAuthenticator": {"client_id": "i", "username_claim": "email",
                                        "allow_all": True}}
    with Hub(tmp_path, data, config) as hub:
        person = Person(hub)
        start = person.get("oauth_login").headers["Location"]
        assert start.startswith(provider.url + "/authorize?")
        assert back(person, parse_qs(urlsplit(start).query)["state"][0]).status_code == 302
        assert groups(hub, "ada") == {"instructors"}
    config["GenericOAuthenticator"].update(auth_state_groups_key="oauth_user.groups",
                                           auth_refresh_age=1)
    with Hub(tmp_path, data, config) as hub:
        person = Person(hub)
        start = person.get("oauth_login").headers["Location"]
        back(person, parse_qs(urlsplit(start).query)["state"][0])
        assert groups(hub, "ada") == {"instructors", "melt"}
        # Its token ends after a while; the person stays.
        provider.answers["/userinfo"] = 401
        time.sleep(1.1)
        assert person.get("home").status_code == 200
        assert groups(hub, "ada") == {"instructors", "melt"}


def test_an_issuer_that_is_none_ends_the_hub_by_name(provider, tmp_path):
    provider.be_oidc(issuer="https://evil.example.org")
    data = {**DATA, "auth": {"kind": "oidc", "issuer": provider.url}}
    hub = Hub(tmp_path, data)
    assert hub.process.wait(60) != 0
    assert f"FATAL: OpenID Connect: the provider {provider.url} cannot be used" in hub.text()


def test_cilogon_starts_with_terms_and_its_own_login(tmp_path):
    idp = {"username_derivation": {"username_claim": "email"}, "allow_all": True}
    config = {"CILogonOAuthenticator": {"client_id": "i", "client_secret": "s",
                                        "idps": {"https://idp.example.edu": idp}}}
    with Hub(tmp_path, {**DATA, "auth": {"kind": "cilogon"}}, config) as hub:
        person = Person(hub)
        assert person.get("oauth_login").headers["Location"] == "/hub/login"
        answer = person.form("login", "accept-terms", accept_terms="yes")
        start = person.get(_absolute(hub, answer)).headers["Location"]
        assert start.startswith("https://cilogon.org/authorize?")
        assert parse_qs(urlsplit(start).query)["selected_idp"] == ["https://idp.example.edu"]


def test_native_accounts_need_terms_and_an_administrator(tmp_path):
    with Hub(tmp_path, {**DATA, "auth": {"kind": "native"}}) as hub:
        page = Person(hub).get("login").text
        assert "Ask for an account" in page and "I accept the terms" in page
        secret = "long enough, surely"
        for name in ("boss", "ada"):
            Person(hub).form("signup", "signup", username=name, signup_password=secret,
                             signup_password_confirmation=secret)

        def try_(name, password=secret, **more):
            person = Person(hub)
            return person, person.form("login", "login", username=name, password=password, **more)

        _, answer = try_("boss")
        assert answer.status_code == 403 and "Please accept the terms" in answer.text
        _, answer = try_("boss", "wrong", accept_terms="yes")
        assert answer.status_code == 403 and "Invalid username or password" in answer.text
        _, answer = try_("ada", accept_terms="yes")
        assert answer.status_code == 403 and "waits for an administrator" in answer.text
        boss, answer = try_("boss", accept_terms="yes")
        assert answer.status_code == 302 and groups(hub, "boss") == {"staff"}
        assert 'href="/hub/authorize"' in boss.get("home").text
        assert boss.get("change-password").status_code == 200
        assert boss.get("authorize").status_code == 200
        boss.get("authorize/ada")
        _, answer = try_("ada", accept_terms="yes")
        assert answer.status_code == 302 and groups(hub, "ada") == {"instructors"}
