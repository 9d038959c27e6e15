"""Finds an OpenID provider's addresses from its issuer, when the hub starts."""

import http.client
import ipaddress
import json
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

SECONDS = 10  # of one attempt
PAUSES = (1, 3, 6)  # seconds between attempts
MOST_BYTES = 1 << 20
ENDPOINTS = {
    "authorize_url": "authorization_endpoint",
    "token_url": "token_endpoint",
    "userdata_url": "userinfo_endpoint",
}


class DiscoveryFailed(Exception):
    """The provider's addresses are not to be had; the text says why."""


class _Again(Exception):
    """A fault that may have passed in a moment."""


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        require_safe(newurl, "the address that it sends us to")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def endpoints(issuer, pauses=PAUSES, seconds=SECONDS):
    """OAuthenticator's traits -> addresses of the provider `issuer`.

    Raises DiscoveryFailed with a text for the administrator.
    """
    require_safe(issuer, "the issuer")
    for pause in (*pauses, None):
        try:
            return _read(issuer, _fetch(issuer, seconds))
        except _Again as fault:
            if pause is None:
                raise _failed(issuer, f"{fault} ({len(pauses) + 1} attempts)") from fault
            time.sleep(pause)


def require_safe(address, what):
    """Only https, and plain http on this machine itself, which tests use."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_loopback(parts.hostname):
        return
    raise DiscoveryFailed(
        f"OpenID Connect: {what}, {address!r}, is no https address. "
        "Correct `auth.oidc` in the hub file."
    )


def _is_loopback(host):
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _fetch(issuer, seconds):
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    opener = urllib.request.build_opener(_SafeRedirects)
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    try:
        with opener.open(request, timeout=seconds) as answer:
            return answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        text = f"{address} answers {error.code}"
        if error.code >= 500 or error.code == 429:
            raise _Again(text) from error
        raise _failed(issuer, text) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise _Again(f"{address}: {reason}") from error


def _read(issuer, body):
    try:
        found = json.loads(body)
    except ValueError:
        raise _failed(issuer, "its openid-configuration is no JSON") from None
    if not isinstance(found, dict):
        raise _failed(issuer, "its openid-configuration is no JSON object")
    named = found.get("issuer")
    if not isinstance(named, str) or named.rstrip("/") != issuer.rstrip("/"):
        raise _failed(issuer, f"its openid-configuration is that of {named!r}")
    return {trait: _endpoint(issuer, found, key) for trait, key in ENDPOINTS.items()}


def _endpoint(issuer, found, key):
    address = found.get(key)
    if not isinstance(address, str) or not address:
        raise _failed(issuer, f"its openid-configuration has no {key}")
    require_safe(address, f"{key} of {issuer}")
    return address


def _failed(issuer, why):
    return DiscoveryFailed(
        f"OpenID Connect: the provider {issuer} cannot be used: {why}. Check "
        "`auth.oidc.issuer` in the hub file and that the cluster reaches it; the "
        "hub tries again when its pod restarts."
    )
