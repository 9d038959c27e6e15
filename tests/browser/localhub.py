"""A real hub on this machine for the browser tests, taken down whatever happens."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "glacier-lab"
USER_PASSWORD = "cold-enough-for-tests"

HUB_FILE = """\
name: {name}
provider: {{ local: {{ port: {port} }} }}
admins: [ada]
auth:
  password:
    allow: [grace, katherine, mary]
    user_password: {{ env: BROWSER_TEST_PASSWORD }}
groups: {{ instructors: [grace] }}
welcome: |
  The hub of the glacier group. Your files stay when a server stops.
  How to begin: https://jupyterhub.readthedocs.io
terms: |
  Be considerate: this machine is shared.
  Do not keep personal data of other people here.
sizes:
  - {{ name: small, memory: 1 GiB, cpu: 1, description: "for reading and trying", default: true }}
  - {{ name: medium, memory: 1536 MiB, cpu: 1, description: "for most notebooks" }}
  - {{ name: large, memory: 2 GiB, cpu: 2, groups: [instructors], description: "for teaching" }}
gateway:
  workers: {{ cores: 1, memory: 512 MiB, max: 8 }}
  per_user: {{ cores: 3, memory: 4 GiB }}
"""


def program():
    """The frazil under test: FRAZIL, or what `cargo build` made."""
    path = Path(os.environ.get("FRAZIL", ROOT / "target" / "debug" / "frazil")).absolute()
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run cargo build, or set FRAZIL")
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    """The condition's first true value; AssertionError when time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"after {seconds} s still not: {what}")


def environment_of(pid):
    """The variables a process started with; empty for one that is gone."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (entry.decode(errors="replace").partition("=") for entry in entries if entry)
    return {key: value for key, _, value in pairs}


class LocalHub:
    """A hub in folders of its own; only the cache of programs is shared."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        # A copy, so that a build at the same moment does not pull it away.
        self.program = shutil.copy2(program(), self.folder / "frazil")
        text = HUB_FILE.format(name=NAME, port=self.port)
        (self.folder / "hub.yaml").write_text(text)

    def env(self):
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return dict(
            os.environ, HOME=str(self.folder), XDG_CACHE_HOME=cache,
            XDG_STATE_HOME=str(self.folder / "state"),
            XDG_DATA_HOME=str(self.folder / "data"),
            BROWSER_TEST_PASSWORD=USER_PASSWORD, NO_COLOR="1",
        )

    def run(self, *arguments):
        return subprocess.run(
            [self.program, *arguments], check=False, cwd=self.folder, env=self.env(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
        )

    def json(self, *arguments):
        """The data of a verb that has to succeed."""
        done = self.run(*arguments, "-o", "json")
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def up(self):
        answer = self.json("up")
        self.admin_password = answer["admin_password"]
        self.limits = answer["limits"]
        return self

    @property
    def data(self):
        return self.folder / "data" / "frazil" / "hubs" / NAME

    def home(self, person):
        """A person's home, made if they have not been here yet."""
        home = self.data / "homes" / person
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return home

    def processes(self):
        """Processes of this hub, by the folder in their environment."""
        mark = str(self.folder)
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [p for p in pids if environment_of(p).get("HOME", "").startswith(mark)]

    def server_environment(self, person):
        """The variables of a person's running server, its tokens among them."""
        for pid in self.processes():
            found = environment_of(pid)
            if found.get("FRAZIL_PART") == "server" and found.get("FRAZIL_USER") == person:
                return found
        raise AssertionError(f"{person} has no server")

    def python(self, person, script):
        """Starts a script as it would run in a terminal of a person's server."""
        env = self.server_environment(person)
        python = shutil.which("python", path=env["PATH"])
        return subprocess.Popen(
            [python, "-u", str(script)], env=env, cwd=env["HOME"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def remove(self):
        """Takes it down with all data; says what failed or was left running."""
        if not (self.folder / "data").exists():
            return
        done = self.run("down", "--data", "--confirm", NAME)
        left = {p: environment_of(p).get("FRAZIL_PART", "?") for p in self.processes()}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert done.returncode == 0, f"down failed: {done.stdout}{done.stderr}"
        assert not left, f"still running after down: {left}"
        files = [path for path in self.data.rglob("*")] if self.data.exists() else []
        assert not files, f"left by down --data: {files}"
