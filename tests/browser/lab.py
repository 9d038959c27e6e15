"""A JupyterLab of its own on this machine, with the package of this tree and the stand-in for Earthdata."""

import json
import os
import secrets
import subprocess
import sys
import urllib.request
from pathlib import Path

from localhub import free_port, wait_until

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "wheel"))

from earthdata import LOGIN, STAND_IN, World
from package import NATIVE, lay_out


def missing():
    """What it needs and this machine lacks, as one line; or None."""
    absent = [str(path) for path in (STAND_IN, NATIVE) if not path.exists()]
    return f"there is no {' and no '.join(absent)}" if absent else None


class Lab:
    """JupyterLab over a folder of notebooks, where nobody is logged in to Earthdata."""

    def __init__(self, folder):
        self.notebooks, home, package = folder / "notebooks", folder / "home", folder / "package"
        for each in (self.notebooks, home, package):
            each.mkdir()
        self.world = World()
        port, self.token = free_port(), secrets.token_hex(16)
        self.address = f"http://127.0.0.1:{port}"
        here = {name: value for name, value in os.environ.items() if name not in LOGIN}
        own = {"HOME": str(home), "PYTHONPATH": str(lay_out(package)), "JUPYTER_TOKEN": self.token}
        command = [
            sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.notebooks}",
        ]
        with (folder / "lab.log").open("w") as log:
            self._program = subprocess.Popen(
                command, env={**here, **self.world.environment, **own}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def up(self):
        wait_until(self._answers, 60, "JupyterLab answers")
        self.set("notification", {"fetchNews": "false"})
        return self

    def set(self, plugin, settings):
        """Sets what a person sets in JupyterLab's editor of settings."""
        asked = urllib.request.Request(
            f"{self.address}/lab/api/settings/@jupyterlab/apputils-extension:{plugin}",
            json.dumps({"raw": json.dumps(settings)}).encode(), {"Authorization": f"token {self.token}"}, method="PUT",
        )
        urllib.request.urlopen(asked, timeout=30).close()

    def _answers(self):
        assert self._program.poll() is None, "JupyterLab ended"
        try:
            return urllib.request.urlopen(f"{self.address}/api", timeout=5).status == 200
        except OSError:
            return False

    def close(self):
        self._program.terminate()
        self._program.wait(timeout=30)
        self.world.close()
