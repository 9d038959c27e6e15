"""People's servers as pods, of the sizes that their groups open to them.

KubeSpawner takes a profile as an offer, not as a limit: with no profile in the
list it starts a server without any limit, and a request by the API that names
none gets the first. So each start is checked here, with the groups of the
moment, before KubeSpawner looks at it.
"""

import sizes
from jupyterhub.utils import maybe_future
from kubespawner import KubeSpawner
from people import People
from tornado import web
from traitlets import Any, List, default


def refused(status, text):
    """An error whose text a person reads on the page and in the API's answer."""
    error = web.HTTPError(status, "%s", text)
    error.jupyterhub_message = text
    return error


async def profiles(spawner):
    """KubeSpawner's `profile_list` of one person; never an empty one."""
    spawner.chosen_size()
    return sizes.profiles(spawner.sizes, spawner.groups)


class SizedServer(KubeSpawner):
    """One person's pod, of a size that they may start."""

    sizes = List(config=True, help="sizes.Size, in the file's order")
    people = Any(People(), config=True, help="people.People")

    @property
    def groups(self):
        """From the file and the database, each time anew."""
        brought = [group.name for group in self.user.orm_user.groups]
        return self.people.groups_of(self.user.name, brought)

    def chosen_size(self):
        """The size asked for, by form or by the API; HTTPError 403 or 400 if none."""
        asked = (self.user_options or {}).get("profile")
        try:
            return sizes.choose(self.sizes, asked, self.groups)
        except sizes.NotAllowed as refusal:
            raise refused(403, str(refusal)) from None
        except sizes.UnknownSize as refusal:
            raise refused(400, str(refusal)) from None

    @default("options_form")
    def _options_form_default(self):
        return lambda spawner: sizes.form(spawner.sizes, spawner.groups, name="profile")

    async def run_pre_spawn_hook(self):
        try:
            size = self.chosen_size()
        except web.HTTPError:
            self._uncount_failure()
            raise
        # A start without a choice takes the default; so it is one for KubeSpawner too.
        self.user_options = {**(self.user_options or {}), "profile": size.name}
        self.environment = {**self.environment, "FRAZIL_SIZE": size.name}
        await maybe_future(super().run_pre_spawn_hook())

    def _uncount_failure(self):
        """Makes up for the hub counting a refusal as a failed start: after some
        in a row (5 with z2jh) it ends itself, which anyone could bring about.
        """
        settings = getattr(self.handler, "settings", None)
        if settings is not None:
            settings["failure_count"] = settings.get("failure_count", 0) - 1
