"""Finding an OpenID provider's addresses, and what is said when they are not there."""

import discovery
import pytest
from real_hub import Provider, free_port

DOCUMENT = "/.well-known/openid-configuration"


@pytest.fixture
def provider():
    with Provider() as found:
        found.be_oidc()
        yield found


def find(issuer, pauses=(0.01, 0.01)):
    return discovery.endpoints(issuer, pauses=pauses, seconds=5)


def failure(issuer):
    with pytest.raises(discovery.DiscoveryFailed) as failed:
        find(issuer)
    return str(failed.value)


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_three_addresses_are_found(provider, slash):
    assert find(provider.url + slash) == {
        "authorize_url": provider.url + "/authorize",
        "token_url": provider.url + "/token",
        "userdata_url": provider.url + "/userinfo",
    }


def test_a_fault_that_passes_is_forgiven(provider):
    provider.failing = 2
    assert find(provider.url)
    provider.failing = 3
    assert "answers 503 (3 attempts)" in failure(provider.url)


def test_the_issuer_is_named_when_it_cannot_be_reached():
    issuer = f"http://127.0.0.1:{free_port()}"
    text = failure(issuer)
    assert text.startswith(f"OpenID Connect: the provider {issuer} cannot be used")
    assert "refused" in text and "Check `auth.oidc.issuer` in the hub file" in text


@pytest.mark.parametrize(("answer", "reason"), [
    (404, "answers 404"),
    (b"<html>", "is no JSON"),
    ([], "is no JSON object"),
    ({}, "is that of None"),
    ({"issuer": "https://evil.example.org"}, "is that of 'https://evil.example.org'"),
])
def test_wrong_answers(provider, answer, reason):
    provider.answers[DOCUMENT] = answer
    assert reason in failure(provider.url)


@pytest.mark.parametrize(("changed", "reason"), [
    ({"token_endpoint": None}, "has no token_endpoint"),
    ({"token_endpoint": 7}, "has no token_endpoint"),
    ({"token_endpoint": "http://idp.example.org/t"}, "is no https address"),
    ({"userinfo_endpoint": ""}, "has no userinfo_endpoint"),
    ({"authorization_endpoint": "javascript:x"}, "is no https address"),
])
def test_wrong_endpoints(provider, changed, reason):
    provider.be_oidc(**changed)
    assert reason in failure(provider.url)


@pytest.mark.parametrize("issuer", [
    "http://idp.example.org", "ftp://127.0.0.1", "file:///etc/passwd", "idp.example.org", "",
    "http://127.0.0.1.example.org", "http://localhost.example.org", "https://",
])
def test_only_https_is_asked(issuer):
    assert "is no https address" in failure(issuer)


def test_a_redirect_does_not_leave_https(provider):
    document = provider.answers[DOCUMENT]
    provider.answers[DOCUMENT] = "http://idp.example.org/x"
    assert "the address that it sends us to, 'http://idp.example.org/x'" in failure(provider.url)
    provider.answers["/elsewhere"] = document
    provider.answers[DOCUMENT] = provider.url + "/elsewhere"
    assert find(provider.url)
