"""The stand-in for Earthdata as a running program."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "frazil-tests"
STAND_IN = Path(os.environ.get("FRAZIL_EARTHDATA", CACHE / "earthdata" / "earthdata"))
LOGIN = ["EARTHDATA_TOKEN", "EARTHDATA_USERNAME", "EARTHDATA_PASSWORD", "NETRC", "FRAZIL_REGION", "AWS_REGION"]
"""Variables by which a person of this machine would be logged in, or somewhere."""


class World:
    """A running stand-in for Earthdata."""

    def __init__(self, *arguments):
        self._program = subprocess.Popen([STAND_IN, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self._program.stdout.readline())
        self.username, self.password = self.told["username"], self.told["password"]
        self.environment = {
            "HTTPS_PROXY": self.told["proxy"],
            "SSL_CERT_FILE": self.told["ca"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "GCE_METADATA_HOST": "127.0.0.1:9",
        }

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.told['control']}/{path}", data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def user(self, name, **what):
        """A further user, by name and password."""
        self.ask("users", {"name": name, "password": f"pass-of-{name}", **what})
        return {"EARTHDATA_USERNAME": name, "EARTHDATA_PASSWORD": f"pass-of-{name}"}

    def token(self):
        """A token of its person, for nine days."""
        told = self.ask("tokens", {"user": self.username, "host": "urs.earthdata.nasa.gov", "life": 86_400 * 9})
        return told.get("access_token") or told["token"]

    def requests(self, host):
        return [one for one in self.ask("requests") if one["host"] == host]

    def close(self):
        self._program.stdin.close()
        self._program.stdout.close()
        self._program.wait(timeout=30)
