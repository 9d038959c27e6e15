"""A real Dask Gateway on loopback: its server, its proxy, and clusters as processes of this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

CONFIG = '''
import os, pathlib, time
from dask_gateway_server.options import Integer, Options, String

def chosen(options):
    """`path` is where Python looks first there, instead of where this one does; `mark` is a file that tells the choice is read, and then it takes a while."""
    if options.mark:
        pathlib.Path(options.mark).touch()
        time.sleep(3)
    path = options.path or os.environ["PYTHONPATH"]
    return {"worker_cores": options.worker_cores, "environment": {"PYTHONPATH": path}}

c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.SimpleAuthenticator.password = "PASSWORD"
c.DaskGateway.address = "127.0.0.1:API_PORT"
c.Proxy.address = "127.0.0.1:PORT"
c.UnsafeLocalBackend.clusters_directory = "FOLDER"
c.UnsafeLocalBackend.cluster_start_timeout = 300
c.UnsafeLocalBackend.worker_start_timeout = 300
c.UnsafeLocalBackend.cluster_heartbeat_timeout = 300
c.LocalBackend.inherited_environment = ["PATH", "FRAZIL_TEST_MARK"]
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
c.ClusterConfig.cluster_max_workers = 2
c.ClusterConfig.idle_timeout = IDLE
c.Backend.cluster_options = Options(
    Integer("worker_cores", default=1, min=1, max=2), String("path"), String("mark"), handler=chosen
)
'''

PASSWORD = "tell-no-one"
"""Of everybody."""

PATIENCE = 240
"""Seconds after which something will not come any more."""


DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A gateway, which ends with everything that it started. Its clusters take the package from where this process does,
    or from a folder; they end by themselves after so many idle seconds, if any.
    """

    def __init__(self, folder, package=None, idle=0):
        self.folder = folder
        self.mark = str(folder)
        (folder / "clusters").mkdir()
        port, api_port = free_ports()
        text = CONFIG.replace("API_PORT", str(api_port)).replace("PORT", str(port)).replace("PASSWORD", PASSWORD).replace("IDLE", str(idle))
        config = folder / "config.py"
        config.write_text(text.replace("FOLDER", str(folder / "clusters")))
        self.address = f"http://127.0.0.1:{port}"
        self.password = folder / "password"
        self.password.touch(mode=0o600)
        self.password.write_text(f"{PASSWORD}\n")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dask_gateway_server", "-f", str(config)],
                cwd=folder,
                env={**os.environ, "PATH": path, "FRAZIL_TEST_MARK": self.mark, "PYTHONPATH": str(package or os.environ["PYTHONPATH"])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        until(self.answers, lambda: f"the gateway does not answer: {self.log()}")

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            with DIRECTLY.open(f"{self.address}/api/health", timeout=5) as answer:
                return json.load(answer)["status"] == "pass"
        except OSError:
            return False

    def processes(self, command):
        """Those of its clusters that run `dask scheduler` or `dask worker`."""
        found = []
        for pid in marked(self.mark):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if command.encode() in words:
                found.append(pid)
        return found

    def is_idle(self):
        """Whether none of its clusters has a process left."""
        return not self.processes("scheduler") and not self.processes("worker")

    def log(self):
        return (self.folder / "log").read_text()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in marked(self.mark):
            os.kill(pid, signal.SIGKILL)


def marked(mark):
    """Processes that still run with this in their environment."""
    wanted = f"FRAZIL_TEST_MARK={mark}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:
            continue


def free_ports():
    """Two ports that were free a moment ago."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def until(is_so, else_say):
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, else_say()
        time.sleep(0.1)
