"""How people log in on Kubernetes: the authenticators with the file's groups
and with terms of use that have to be accepted.

Accepting is checked where a person is authenticated. A login elsewhere (OAuth)
starts with a form on the hub's own page, which leaves a signed cookie that
holds for a short time and for this text of the terms only.
"""

import hashlib

from jupyterhub.auth import Authenticator
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.handlers.login import LoginHandler
from jupyterhub.utils import maybe_future, url_path_join
from nativeauthenticator import NativeAuthenticator
from oauthenticator.cilogon import CILogonLoginHandler, CILogonOAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from oauthenticator.oauth2 import OAuthLoginHandler
from people import People
from tornado import web
from tornado.httpclient import HTTPClientError
from tornado.httputil import url_concat
from traitlets import Any, Unicode

COOKIE = "frazil-terms"
MINUTES = 30  # for a login at another place, with a second factor perhaps
PLEASE = "Please accept the terms of use to log in."


class HubLogin(Authenticator):
    """Mixed in before an authenticator: the file's groups, admins and terms."""

    people = Any(People(), config=True, help="people.People")
    terms = Unicode(config=True, help="The terms of use; empty for none")

    @property
    def terms_digest(self):
        return hashlib.sha256(self.terms.encode()).hexdigest()

    async def authenticate(self, handler, data=None, **kwargs):
        if self.terms and not self.has_accepted(handler, data):
            raise web.HTTPError(403, PLEASE)
        return self._completed(await super().authenticate(handler, data, **kwargs))

    def has_accepted(self, handler, data):
        raise NotImplementedError

    def _completed(self, model):
        """What the hub keeps of a person: all groups, and whether they administer."""
        if isinstance(model, str):
            model = {"name": self.normalize_username(model)}
        if model:
            name, brought = model["name"], model.get("groups") or ()
            model["groups"] = sorted(self.people.groups_of(name, brought))
            model["admin"] = bool(model.get("admin")) or name in self.admin_users
        return model

    async def add_user(self, user):
        """Takes people out of groups that the file no longer puts them in.

        The hub calls this for everyone it knows when it starts.
        """
        await maybe_future(super().add_user(user))
        person = getattr(user, "orm_user", user)
        kept = self.people.groups_of(person.name, [g.name for g in person.groups])
        for group in [g for g in person.groups if g.name not in kept]:
            person.groups.remove(group)


class OAuthHubLogin(HubLogin):
    """Log in at another place."""

    def has_accepted(self, handler, data):
        given = handler.get_secure_cookie(COOKIE, max_age_days=MINUTES / 1440)
        return given == self.terms_digest.encode()

    def get_handlers(self, app):
        return [*super().get_handlers(app), (r"/accept-terms", AcceptTerms)]

    async def get_user_groups(self, auth_state):
        # Before `admin_groups` and `allowed_groups` look at them.
        return self.people.from_login(await super().get_user_groups(auth_state))

    async def refresh_user(self, user, handler=None, **kwargs):
        """A provider that is out of order for a while throws nobody out."""
        try:
            model = await super().refresh_user(user, handler, **kwargs)
        except (HTTPClientError, OSError) as error:
            self.log.warning("The login of %s was not refreshed: %s", user.name, error)
            return True
        return self._completed(model) if isinstance(model, dict) else model


class AcceptTerms(BaseHandler):
    """POST /hub/accept-terms with accept_terms: on to the login itself."""

    def post(self):
        login = self.authenticator
        if login.terms and not self.get_body_argument("accept_terms", ""):
            raise web.HTTPError(403, PLEASE)
        self._set_cookie(COOKIE, login.terms_digest, expires_days=None,
                         path=self.hub.base_url, samesite="Lax")
        target, goal = login.login_url(self.hub.base_url), self.get_argument("next", "")
        self.redirect(url_concat(target, {"next": goal}) if goal else target)


class TermsFirst:
    """Mixed in before the handler that sends people to the provider."""

    def get(self):
        login = self.authenticator
        if login.terms and not login.has_accepted(self, None):
            page, goal = url_path_join(self.hub.base_url, "login"), self.get_argument("next", "")
            return self.redirect(url_concat(page, {"next": goal}) if goal else page)
        return super().get()


class OAuthStart(TermsFirst, OAuthLoginHandler):
    pass


class CILogonStart(TermsFirst, CILogonLoginHandler):
    pass


class GitHubLogin(OAuthHubLogin, GitHubOAuthenticator):
    login_handler = OAuthStart


class CILogonLogin(OAuthHubLogin, CILogonOAuthenticator):
    login_handler = CILogonStart


class OidcLogin(OAuthHubLogin, GenericOAuthenticator):
    login_handler = OAuthStart


class NativeLogin(HubLogin, NativeAuthenticator):
    """Accounts of the hub itself; an administrator lets each new one in."""

    def has_accepted(self, handler, data):
        return bool((data or {}).get("accept_terms"))

    async def authenticate(self, handler, data=None, **kwargs):
        data = dict({"username": "", "password": ""}, **(data or {}))
        model = await super().authenticate(handler, data, **kwargs)
        if not model and self._waits(data):
            raise web.HTTPError(
                403,
                "Your account waits for an administrator of this hub, who lets "
                "people in on the page 'Authorize users'.",
            )
        return model

    def _waits(self, data):
        account = self.get_user(data["username"])
        return bool(account and not account.is_authorized
                    and account.is_valid_password(data["password"]))

    async def refresh_user(self, user, handler=None, **kwargs):
        return self._completed({"name": user.name})

    def get_handlers(self, app):
        # NativeAuthenticator's own login page cannot show the reason of a refusal
        # on JupyterHub 5; JupyterHub's page does the same work.
        return [(path, LoginHandler if path == r"/login" else handler)
                for path, handler in super().get_handlers(app)]


CLASSES = {
    "github": GitHubLogin,
    "cilogon": CILogonLogin,
    "oidc": OidcLogin,
    "native": NativeLogin,
}
