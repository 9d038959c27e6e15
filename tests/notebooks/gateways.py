"""A real gateway of Dask on this machine, whose clusters are processes of it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PASSWORD = "tell-no-one"
CONFIG = """\
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.authenticator_class = "dask_gateway_server.auth.SimpleAuthenticator"
c.SimpleAuthenticator.password = {password!r}
c.DaskGateway.address = "127.0.0.1:{api_port}"
c.Proxy.address = "127.0.0.1:{port}"
c.UnsafeLocalBackend.clusters_directory = {clusters!r}
c.UnsafeLocalBackend.cluster_start_timeout = c.UnsafeLocalBackend.worker_start_timeout = 300
c.UnsafeLocalBackend.inherited_environment = ["PATH", "PYTHONPATH"]
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
c.ClusterConfig.cluster_max_workers = 2
"""


class Server:
    """A gateway that lets in everybody who knows the password, and whose workers find a package. It ends with its clusters."""

    def __init__(self, folder, package):
        (folder / "clusters").mkdir(parents=True)
        with socket.socket() as one, socket.socket() as other:
            for each in (one, other):
                each.bind(("127.0.0.1", 0))
            port, api_port = one.getsockname()[1], other.getsockname()[1]
        config, self.log, self.address = folder / "config.py", folder / "log", f"http://127.0.0.1:{port}"
        config.write_text(CONFIG.format(password=PASSWORD, api_port=api_port, port=port, clusters=str(folder / "clusters")))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        command = [sys.executable, "-m", "dask_gateway_server", "-f", str(config)]
        with self.log.open("wb") as log:
            self._program = subprocess.Popen(
                command, cwd=folder, env={**os.environ, "PATH": path, "PYTHONPATH": str(package)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def up(self):
        """Waits until it answers."""
        end = time.monotonic() + 240
        while not self._answers():
            assert time.monotonic() < end, f"the gateway does not answer: {self.log.read_text()}"
            time.sleep(0.2)
        return self

    def _answers(self):
        assert self._program.poll() is None, self.log.read_text()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.address}/api/health", timeout=5) as answer:
                return json.load(answer)["status"] == "pass"
        except OSError:
            return False

    def close(self):
        self._program.terminate()
        self._program.wait(timeout=120)
