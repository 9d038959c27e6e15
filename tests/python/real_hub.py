"""The real JupyterHub with the blocks of z2jh's configuration, and a login
provider for it, each on a port of its own. Nothing here talks to Kubernetes."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
MOUNT = "/usr/local/etc/jupyterhub/frazil"
KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "c",
    "users": [{"name": "u", "user": {}}],
    "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1"}}],
}
# What z2jh's file sets before the blocks, so far as it matters here.
CHART = """
import json, os
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False
    routes = {{}}
    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {{"routespec": routespec, "target": target, "data": data}}
    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)
    async def get_all_routes(self):
        return dict(self.routes)

c = get_config()
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret = bytes(32)
c.JupyterHub.services = [{{"name": "test", "api_token": "t" * 32}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "groups", "servers"]}}
]
c.KubeSpawner.namespace = "hub"
c.Spawner.consecutive_failure_limit = 5
c.CryptKeeper.keys = ["ab" * 32]
for section, values in json.loads({config!r}).items():
    c[section].update(values)
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Hub:
    """A hub in `folder` with hub.json `data` and hub.config `config`."""

    def __init__(self, folder, data, config=None):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/hub/"
        mounted = folder / "frazil"
        shutil.rmtree(mounted, ignore_errors=True)
        shutil.copytree(TEMPLATES / "hub", mounted, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TEMPLATES / "local/page.html", mounted / "pages/frame.html")
        shutil.copy(TEMPLATES / "local/spawn.html", mounted / "pages/spawn.html")
        (mounted / "hub.json").write_text(json.dumps(data))
        block = (mounted / "extra_config.py").read_text().replace(MOUNT, str(mounted))
        chart = CHART.format(port=self.port, config=json.dumps(config or {}))
        (folder / "jupyterhub_config.py").write_text(chart + f"exec({block!r})\n")
        (folder / "kube").write_text(json.dumps(KUBECONFIG))
        self.log = open(folder / "log", "ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"], cwd=folder,
            env={**os.environ, "KUBECONFIG": str(folder / "kube")},
            stdout=self.log, stderr=subprocess.STDOUT,
        )

    def text(self):
        return (self.folder / "log").read_text()

    def __enter__(self):
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                requests.get(self.url + "api", timeout=5)
                return self
            except requests.ConnectionError:
                time.sleep(0.1)
        self.__exit__()
        raise AssertionError(self.text())

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def alive(self):
        return self.process.poll() is None

    def asked(self, path):
        """What the hub's API says, with the rights of an administrator."""
        header = {"Authorization": "token " + "t" * 32}
        return requests.get(self.url + "api/" + path, headers=header, timeout=10).json()


class Person(requests.Session):
    """A browser: keeps cookies, follows no redirect unasked."""

    def __init__(self, hub):
        super().__init__()
        self.hub = hub

    def request(self, method, url, **options):
        options.setdefault("timeout", 20)
        options["allow_redirects"] = False
        return super().request(method, url if "://" in url else self.hub.url + url, **options)

    def form(self, page, action, **fields):
        found = re.search(r'name="_xsrf" value="([^"]*)"', self.get(page).text)
        return self.post(action, data={"_xsrf": found[1], **fields})

    def ask(self, path, body):
        """A request of the hub's API with this person's cookie."""
        xsrf = {c.path: c.value for c in self.cookies if c.name == "_xsrf"}
        return self.post("api/" + path, json=body, headers={
            "X-XSRFToken": xsrf.get("/hub/") or next(iter(xsrf.values())),
            "Referer": self.hub.url, "Sec-Fetch-Mode": "cors"})


class Provider:
    """GitHub and an OpenID provider at once: `answers` are JSON by path."""

    def __init__(self):
        self.answers, self.failing = {}, 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                path = self.path.partition("?")[0]
                answer = provider.answers.get(path, 404)
                if provider.failing:
                    provider.failing, answer = provider.failing - 1, 503
                status = answer if isinstance(answer, int) else 200
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                if isinstance(answer, str):
                    status = 302
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", answer)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()

    def be_github(self, login, teams=()):
        self.answers.update({
            "/login/oauth/access_token": {"access_token": "a", "token_type": "bearer",
                                          "scope": "read:org"},
            "/api/v3/user": {"login": login, "email": "a@b"},
            "/api/v3/user/teams": [{"slug": slug, "organization": {"login": org}}
                                   for org, slug in teams],
        })

    def be_oidc(self, **changed):
        found = {"issuer": self.url, "authorization_endpoint": self.url + "/authorize",
                 "token_endpoint": self.url + "/token", "userinfo_endpoint": self.url + "/userinfo"}
        self.answers["/.well-known/openid-configuration"] = {**found, **changed}
