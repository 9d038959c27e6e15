"""People's servers as processes of this machine, with the limits of their size."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import machine
import sizes
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import maybe_future
from tornado import web
from traitlets import Any, Bool, Dict, List, Unicode


def refused(status, text):
    """An error whose text a person reads on the page and in the API's answer."""
    error = web.HTTPError(status, text)
    error.jupyterhub_message = text
    return error


class LocalServer(LocalProcessSpawner):
    """One person's JupyterLab.

    Everyone runs as the hub's own account, with a home below `data_dir`,
    unless `switch_user` is set: then as the account of the same name.
    """

    data_dir = Unicode(config=True, help="Where homes and logs live")
    hub_id = Unicode(config=True, help="FRAZIL_HUB_ID of every process")
    sizes = List(config=True, help="sizes.Size, in the file's order")
    groups_of = Any(config=True, help="user name -> list of group names")
    limits = Any(config=True, help="machine.Limits")
    switch_user = Bool(False, config=True, help="Run as the person's own account")
    own_env = Dict(config=True, help="Variables for every server")

    # Why a person's last server ended; kept here since the hub forgets a
    # spawner as soon as its server has stopped.
    ended_because = {}

    @property
    def groups(self):
        return self.groups_of(self.user.name)

    @property
    def mark(self):
        """Tells this server's processes from all others."""
        return machine.group_name("server", self.user.name, self.name)

    @property
    def control_group(self):
        return self.limits.group(self.mark)

    def _options_form_default(self):
        return lambda spawner: spawner.size_form()

    def size_form(self):
        notes = []
        if self.mark in self.ended_because:
            notes.append(self.ended_because[self.mark])
        if not self.limits.enforced and len(sizes.allowed(self.sizes, self.groups)) > 1:
            notes.append(
                "This machine cannot hold a server to its size: " + self.limits.reason
            )
        return sizes.form(self.sizes, self.groups, notes)

    def _options_from_form_default(self):
        return lambda form: {"size": form["size"][0]} if form.get("size") else {}

    def _pre_spawn_hook_default(self):
        return lambda spawner: spawner.take_size()

    def take_size(self):
        """Sets the limits of the size asked for, by form or by the API.

        Raises HTTPError 403 for a size of other people's groups, 400 for one
        that does not exist.
        """
        asked = (self.user_options or {}).get("size")
        try:
            size = sizes.choose(self.sizes, asked, self.groups)
        except sizes.NotAllowed as refusal:
            raise refused(403, str(refusal)) from None
        except sizes.UnknownSize as refusal:
            raise refused(400, str(refusal)) from None
        self.mem_limit = self.mem_guarantee = size.memory_bytes
        self.cpu_limit = self.cpu_guarantee = size.cpu
        self.size = size

    def user_env(self, env):
        if self.switch_user:
            env = super().user_env(env)
        else:
            env["USER"] = env["LOGNAME"] = self.user.name
            env["HOME"] = str(machine.home(self.data_dir, self.user.name))
            env["SHELL"] = os.environ.get("SHELL", "/bin/sh")
        env.update(self.own_env)
        env.update(FRAZIL_PART="server", FRAZIL_SERVER=self.mark)
        env.update(FRAZIL_USER=self.user.name, FRAZIL_SIZE=self.size.name)
        return env

    def make_preexec_fn(self, name):
        group, home = self.control_group, machine.home(self.data_dir, name)
        enter = super().make_preexec_fn(name) if self.switch_user else None

        def preexec():
            if group:
                group.join()
            enter() if enter else os.chdir(home)

        return preexec

    def get_args(self):
        args = super().get_args()
        if os.geteuid() == 0 and (not self.switch_user or self.user.name == "root"):
            args.append("--allow-root")
        return args

    async def start(self):
        if not self.switch_user:
            self._make_home()
        self._make_control_group()
        # A group that could not be made anew goes on counting.
        self._kills_seen = self._kills()
        with open(self._log_path(), "wb") as log:
            self.popen_kwargs = {"stdout": log, "stderr": subprocess.STDOUT,
                                 "stdin": subprocess.DEVNULL}
            address = await super().start()
        self.ended_because.pop(self.mark, None)
        return address

    def _make_home(self):
        home = machine.home(self.data_dir, self.user.name)
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)

    def _log_path(self):
        folder = Path(self.data_dir, "logs", "servers")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / (self.mark + ".log")

    def _make_control_group(self):
        group = self.control_group
        if group is None:
            return
        try:
            group.create(self.size.memory_bytes, self.size.cpu)
        except OSError as error:
            self.log.error("No control group for %s: %s", self.mark, error)
            raise refused(
                500,
                "The memory and CPU limits of this size could not be set "
                f"({error.strerror}). Running 'frazil up' again prepares them.",
            ) from error

    async def poll(self):
        status = await super().poll() if self._is_mine() else self._forget()
        kills = self._kills()
        if kills > self._kills_seen:
            self._tell_of_memory(kills, died=status is not None)
        if kills != self._kills_seen:
            self._kills_seen = kills
            self._keep_state(status)
        return status

    # Kept in the hub's database, since the group outlives the hub.
    _kills_seen = 0

    def _kills(self):
        group = self.control_group
        return group.kills() if group else 0

    def _keep_state(self, status):
        # The hub itself keeps the state of a server only when it starts or stops.
        if status is None and self.orm_spawner is not None:
            self.orm_spawner.state = self.get_state()
            self.user.db.commit()

    def _is_mine(self):
        """False for a process number that another program has taken since."""
        known_by_number_only = self.proc is None and self.pid
        return not known_by_number_only or machine.carries(
            self.pid, FRAZIL_HUB_ID=self.hub_id, FRAZIL_SERVER=self.mark
        )

    def _forget(self):
        self.clear_state()
        return 0

    def _tell_of_memory(self, kills, died):
        limit = sizes.memory_text(self.mem_limit) if self.mem_limit else "its limit"
        what = "server was stopped" if died else "program (a kernel, perhaps) was stopped"
        text = f"A {what} because it needed more than the {limit} of its size."
        if died:
            text = text.replace("A server", "Your last server") + " Choose a bigger one?"
        self.ended_because[self.mark] = text
        self.log.warning("%s, %d killed for memory: %s", self.mark, kills, text)

    async def stop(self, now=False):
        await super().stop(now)
        self._sweep()

    def _sweep(self):
        """Ends what a server leaves behind: kernels, terminals, their children.

        A hub that was started from a terminal here is no part of the server.
        """
        group = self.control_group
        left = machine.processes(FRAZIL_HUB_ID=self.hub_id, FRAZIL_SERVER=self.mark)
        if group:
            left |= group.pids()
        left = {pid for pid in left if machine.variable(pid, "FRAZIL_PART")
                not in machine.HUB_PARTS}
        machine.signal_all(left, signal.SIGKILL)

    def get_state(self):
        state = super().get_state()
        if self.mem_limit:
            state["mem_limit"] = self.mem_limit
        state["kills_seen"] = self._kills_seen
        return state

    def load_state(self, state):
        super().load_state(state)
        self.mem_limit = state.get("mem_limit")
        self._kills_seen = state.get("kills_seen", 0)

    def _cmd_default(self):
        # The module rather than the script: a script's first line has a
        # greatest length, and environments live below long paths.
        return [sys.executable, "-m", "jupyterhub.singleuser"]

    async def run_post_stop_hook(self):
        self._sweep()
        if self.control_group:
            await self.control_group.dissolve()
        await maybe_future(super().run_post_stop_hook())
