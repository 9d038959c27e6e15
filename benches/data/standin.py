"""The stand-in for Earthdata (tests/earthdata) as benchmarks start it, ask it and end it."""

import json
import os
import subprocess
import tempfile
import urllib.request
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
PROGRAM = os.environ.get("EARTHDATA_STANDIN") or str(CACHE / "frazil-tests/earthdata/earthdata")


class Standin:
    """A running stand-in; it ends with its context."""

    def __init__(self, settings: dict, served: dict[str, Path] | None = None) -> None:
        self.settings = settings
        self.served = served or {}

    def __enter__(self) -> "Standin":
        self.folder = tempfile.TemporaryDirectory(prefix="earthdata-")
        command = [PROGRAM, "--folder", self.folder.name, "--settings", json.dumps(self.settings)]
        command += [word for name, folder in self.served.items() for word in ("--serve", f"{name}={folder}")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()

    def control(self, method: str, what: str, body: object = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.told["control"] + what, method=method, data=data)
        # The stand-in's own door is not behind its proxy.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)

    def environment(self, home: str) -> dict[str, str]:
        """What an unchanged client has to have: the proxy, the authority, a login, and an empty home."""
        proxy, authority = self.told["proxy"], self.told["ca"]
        return {
            **os.environ,
            "HOME": home,
            **dict.fromkeys(["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"], proxy),
            **dict.fromkeys(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GDAL_CURL_CA_BUNDLE"], authority),
            "EARTHDATA_USERNAME": self.told["username"],
            "EARTHDATA_PASSWORD": self.told["password"],
            "PYTHONWARNINGS": "ignore",
        }
