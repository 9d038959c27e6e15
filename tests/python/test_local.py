"""Servers of one machine: what reaches them, and what their end leaves alone."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import clusters
import machine
import pytest
import server
import sizes
from dask_gateway_server.utils import FrozenAttrDict
from jupyterhub import orm
from jupyterhub.objects import Hub
from traitlets.config import PyFileConfigLoader

TEMPLATES = Path(server.__file__).parents[1]
GIB = 2**30
MARK = "server@ada@"
KEPT = {
    "HTTP_PROXY": "http://proxy:3128", "https_proxy": "http://proxy:3128",
    "NO_PROXY": "intranet", "SSL_CERT_FILE": "/ca.pem", "SSL_CERT_DIR": "/ca",
    "REQUESTS_CA_BUNDLE": "/ca.pem", "CURL_CA_BUNDLE": "/ca.pem", "TZ": "Europe/Berlin",
    "LANG": "de_DE.UTF-8", "LC_ALL": "C.UTF-8", "LC_CTYPE": "C.UTF-8",
}
SECRET = {"CONFIGPROXY_AUTH_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "FRAZIL_DIGEST": "x"}


@pytest.fixture
def configuration(tmp_path, monkeypatch):
    """What the two configuration files set, read as the hub and the gateway do."""
    for folder in ("hub", "gateway", "local"):
        shutil.copytree(TEMPLATES / folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "data").mkdir()
    write(tmp_path / "secrets.json", {
        "proxy_token": "p", "cookie_secret": "00" * 32, "gateway_token": "g" * 32,
        "frazil_token": "f" * 32, "gateway_db_key": "A" * 43 + "=",
        "admin_password": "a" * 32, "user_password": "b" * 8,
    })
    limits = {"kind": "none", "reason": "a test"}
    write(tmp_path / "hub.json", {
        "id": "lab-1", "name": "lab", "title": "Lab", "ip": "127.0.0.1", "port": 1,
        "hub_port": 2, "proxy_api_port": 3, "gateway_port": 4,
        "data_dir": str(tmp_path / "data"), "tokens_dir": str(tmp_path / "tokens"),
        "auth": {"kind": "password", "allow": None}, "admins": [], "limits": limits,
        "sizes": [{"name": "small", "memory_bytes": GIB}],
    })
    write(tmp_path / "gateway.json", {
        "id": "lab-1", "gateway_port": 4, "gateway_api_port": 5,
        "hub_api_url": "http://127.0.0.1:2/hub/api", "data_dir": str(tmp_path / "data"),
        "workers": {"cores": 1, "memory_bytes": GIB, "max": 4}, "idle_timeout_seconds": 0,
        "limits": limits,
    })

    def load(name, **variables):
        monkeypatch.setattr(os, "environ", {
            "PATH": os.environ["PATH"], "FRAZIL_SECRETS": str(tmp_path / "secrets.json"),
            **variables,
        })
        return PyFileConfigLoader(name, str(tmp_path)).load_config()

    monkeypatch.setattr(sys, "path", list(sys.path))
    return load


def write(path, value):
    path.write_text(json.dumps(value))


def server_environment(config):
    user = types.SimpleNamespace(name="ada", url="/user/ada/", server=None)
    spawner = server.LocalServer(config=config, user=user, hub=Hub())
    spawner.take_size()
    return spawner.get_env()


def cluster_environment(config):
    backend = clusters.LocalLimitedBackend(config=config, gateway_address="127.0.0.1:1")
    backend.proxy = types.SimpleNamespace(address="127.0.0.1:1", prefix="", tls_cert="")
    record = FrozenAttrDict(backend.cluster_config_class().to_dict())
    cluster = types.SimpleNamespace(name="c", username="ada", token="t", config=record)
    return backend.get_env(cluster)


@pytest.mark.parametrize(("file", "environment_of"), [
    ("jupyterhub_config.py", server_environment),
    ("dask_gateway_config.py", cluster_environment),
])
def test_proxies_certificates_and_language_reach_servers_and_clusters(
    configuration, file, environment_of
):
    env = environment_of(configuration(file, **KEPT, **SECRET))
    for name in KEPT.keys() - {"NO_PROXY"}:
        assert env[name] == KEPT[name]
    assert env["NO_PROXY"] == env["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert not env.keys() & {*SECRET, "FRAZIL_SECRETS"}


@pytest.mark.parametrize(("file", "environment_of"), [
    ("jupyterhub_config.py", server_environment),
    ("dask_gateway_config.py", cluster_environment),
])
def test_without_a_proxy_none_is_set(configuration, file, environment_of):
    env = environment_of(configuration(file))
    assert not env.keys() & set(machine.KEPT_VARIABLES)


def test_the_gateway_is_reached_without_a_proxy(configuration, monkeypatch):
    env = server_environment(configuration("jupyterhub_config.py", **KEPT))
    code = (
        "from dask_gateway.client import _get_default_request_kwargs as kwargs\n"
        "print(kwargs('http')['proxy'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "None\n", done.stderr


@pytest.mark.parametrize(("before", "after"), [
    ("*", "*"), ("a, localhost", "a,localhost,127.0.0.1"), ("", "127.0.0.1,localhost"),
])
def test_this_machine_is_reached_directly(before, after):
    env = {"https_proxy": "http://proxy:3128", "no_proxy": before}
    machine.bypass_proxy(env)
    assert env["NO_PROXY"] == env["no_proxy"] == after


class Group(machine.Group):
    """A control group of plain files."""

    def __init__(self, folder):
        super().__init__("v2", "group", folder, folder, [folder])
        self.memory.mkdir(exist_ok=True)
        self.killed(0)

    def killed(self, count):
        (self.memory / "memory.events").write_text(f"oom 0\noom_kill {count}\n")

    def hold(self, *numbers):
        (self.memory / "cgroup.procs").write_text("".join(f"{n}\n" for n in numbers))


@pytest.fixture
def group(tmp_path):
    return Group(tmp_path)


@pytest.fixture
def spawner(group):
    """A server as the hub makes it; called again, as after the hub's restart."""
    begin = orm.new_session_factory("sqlite:///:memory:")
    with begin() as db:
        db.add(orm.Spawner(name="", user=orm.User(name="ada"), state={}))
        db.commit()
    sessions = []

    def build():
        for session in sessions:
            session.close()
        sessions.append(begin())
        record = sessions[-1].query(orm.Spawner).one()
        user = types.SimpleNamespace(name="ada", url="/user/ada/", db=sessions[-1])
        made = server.LocalServer(
            user=user, orm_spawner=record, hub=Hub(), hub_id="lab-1", groups_of=lambda name: [],
            sizes=sizes.load([{"name": "small", "memory_bytes": GIB}]),
            limits=types.SimpleNamespace(group=lambda name: group, enforced=True),
        )
        made.load_state(record.state)
        made.ended_because.clear()
        return made

    yield build
    for session in sessions:
        session.close()


@pytest.fixture
def start():
    begun = []

    def sleep(**env):
        begun.append(subprocess.Popen(["sleep", "777"], env=env, start_new_session=True))
        # The kernel tells a program's variables a moment after the program has begun.
        while env and not Path(f"/proc/{begun[-1].pid}/environ").read_bytes():
            time.sleep(0.001)
        return begun[-1]

    yield sleep
    for process in begun:
        process.kill()
        process.wait()


def ended(process):
    return process.wait(5) == -signal.SIGKILL


def lives(process):
    try:
        return process.wait(0.2) is None
    except subprocess.TimeoutExpired:
        return True


def test_a_kill_is_told_once_also_by_the_next_hub(spawner, group, start):
    async def main():
        first = spawner()
        first.pid = start(FRAZIL_HUB_ID="lab-1", FRAZIL_SERVER=MARK).pid
        group.killed(2)
        assert await first.poll() is None
        assert first.ended_because
        second = spawner()
        assert await second.poll() is None
        assert not second.ended_because
        group.killed(3)
        await second.poll()
        assert second.ended_because

    asyncio.run(main())


def test_the_end_of_a_server_ends_what_dropped_its_environment(spawner, group, start):
    bare, marked = start(), start(FRAZIL_HUB_ID="lab-1", FRAZIL_SERVER=MARK)
    other = start(FRAZIL_HUB_ID="lab-1", FRAZIL_SERVER="server@bob@")
    group.hold(bare.pid)
    spawner()._sweep()
    assert ended(bare) and ended(marked) and lives(other)


def test_a_process_without_a_number_here_is_not_signalled(group):
    group.hold(0, 4711)
    assert group.pids() == {4711}


@pytest.mark.parametrize("part", ["proxy", "hub", "gateway"])
@pytest.mark.parametrize("hub_id", ["other-1", "lab-1"])
def test_a_hub_started_in_a_server_outlives_it(spawner, group, start, part, hub_id):
    hub = start(FRAZIL_HUB_ID=hub_id, FRAZIL_SERVER=MARK, FRAZIL_PART=part)
    kernel = start(FRAZIL_HUB_ID="lab-1", FRAZIL_SERVER=MARK, FRAZIL_PART="server")
    group.hold(hub.pid, kernel.pid)
    spawner()._sweep()
    assert ended(kernel) and lives(hub)
