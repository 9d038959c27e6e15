"""Who may sign in, by password, by the machine's accounts, or by a link of
`frazil open` that works once.
"""

import hashlib
import json
import os
import pwd
import time
from pathlib import Path

from jupyterhub.auth import Authenticator, PAMAuthenticator
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets import Bool, Dict, Unicode


class Ticket(dict):
    """The name of a person whose link has been checked.

    The login form gives plain dicts, so no form can pass for a ticket.
    """


class TokenLogin(BaseHandler):
    """GET /hub/token-login?token=T[&next=/hub/spawn]"""

    async def get(self):
        token = self.get_argument("token", "")
        name = redeem(self.authenticator.tokens_dir, token)
        user = name and await self.login_user(Ticket(username=name))
        if not user:
            raise web.HTTPError(
                403,
                "This sign-in link has been used, is too old, or was never "
                "valid. Run 'frazil open' again for a new one.",
            )
        self._jupyterhub_user = user
        self.redirect(self.get_next_url(user))

    def log_exception(self, *exc_info):
        # The usual line holds the address, and with it the token.
        pass

    def append_query_parameters(self, url, exclude=None):
        # The hub passes a query on to the next page, where any query starts
        # a server unasked; and a token has no business there.
        return url


def redeem(tokens_dir, token):
    """The person a one-time token is for, or None. It is gone afterwards.

    A token is a file named by the SHA-256 of the token, with
    {"user": name, "expires": seconds since 1970}.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    path = Path(tokens_dir, digest)
    taken = path.with_name(f"{digest}.{os.getpid()}")
    try:
        # Renaming succeeds for one caller only, so two clicks cannot both win.
        path.rename(taken)
    except OSError:
        return None
    try:
        ticket = json.loads(taken.read_text())
        return ticket["user"] if ticket["expires"] > time.time() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    finally:
        taken.unlink(missing_ok=True)


class FileManaged(Authenticator):
    """The hub file says who may sign in, who administers, who is in a group."""

    tokens_dir = Unicode(config=True, help="Folder of one-time tokens")
    file_groups = Dict(config=True, help="group name -> user names")
    terms = Bool(False, config=True, help="Whether a person has to accept the terms")

    def get_handlers(self, app):
        return [*super().get_handlers(app), (r"/token-login", TokenLogin)]

    async def authenticate(self, handler, data):
        if isinstance(data, Ticket):
            return {"name": data["username"], "admin": data["username"] in self.admin_users}
        if self.terms and not data.get("accept_terms"):
            raise web.HTTPError(403, "Please accept the terms of use to sign in.")
        return await super().authenticate(handler, data)

    def is_on_the_list(self, name):
        return self.allow_all or name in self.allowed_users or name in self.admin_users

    def check_allowed(self, username, authentication=None):
        if self.is_on_the_list(username):
            return True
        raise web.HTTPError(
            403,
            f"{username} is not on this hub's list of people. Its administrator "
            "can add the name to the hub file.",
        )

    async def refresh_user(self, user, handler=None):
        """Ends the session of a person who was taken off the list."""
        if not self.is_on_the_list(user.name):
            return False
        return {"name": user.name, "admin": user.name in self.admin_users}

    async def add_user(self, user):
        """Takes people out of groups that the file no longer puts them in.

        The hub calls this for everyone it knows when it starts, before it
        adds the memberships that the file has.
        """
        await maybe_future(super().add_user(user))
        person = getattr(user, "orm_user", user)
        stale = [g for g in person.groups if user.name not in self.file_groups.get(g.name, ())]
        for group in stale:
            person.groups.remove(group)


class PasswordSignIn(FileManaged, SharedPasswordAuthenticator):
    """One password for administrators and one for everyone else."""


class AccountSignIn(FileManaged, PAMAuthenticator):
    """The accounts of this machine, by PAM."""

    def check_allowed(self, username, authentication=None):
        me = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() != 0 and username != me:
            raise web.HTTPError(
                403,
                f"This hub runs as {me} without root rights, so only {me} can "
                "have a server here.",
            )
        return super().check_allowed(username, authentication)
