"""`frazil serve` beside a real JupyterHub, each on a port of its own, and browsers that know which is where."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests
from real_hub import free_port

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "/services/report/"
READ_ALL = "custom:report:read-all"
ACCESS = "access:services!service=report"
SERVICE_TOKEN = "s" * 64
OPERATOR = {"Authorization": "token " + "o" * 64}
NOBODY = "n" * 64

CONFIG = """
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
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret = bytes(32)
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"ada.lovelace@example.org"}}
c.JupyterHub.custom_scopes = {{"{read_all}": {{"description": "See what everybody cost"}}}}
c.JupyterHub.services = [
    {{"name": "report", "url": "http://127.0.0.1:{serve}", "api_token": "{token}",
     "oauth_no_confirm": True, "oauth_client_allowed_scopes": ["{read_all}"]}},
    {{"name": "operator", "api_token": "{operator}"}},
    {{"name": "nobody", "api_token": "{nobody}"}},
]
c.JupyterHub.load_groups = {{"readers": {{"users": ["katherine", "mary", "newcomer", "leaving"]}}, "sponsors": {{"users": ["fin"]}}}}
c.JupyterHub.load_roles = [
    {{"name": "user", "scopes": ["self"]}},
    {{"name": "readers", "groups": ["readers"], "scopes": ["{access}"]}},
    {{"name": "sponsors", "groups": ["sponsors"], "scopes": ["{access}", "{read_all}"]}},
    {{"name": "operator", "services": ["operator"],
     "scopes": ["admin:users", "tokens", "groups", "{access}", "{read_all}"]}},
]
"""


def program():
    path = Path(os.environ.get("FRAZIL", ROOT / "target" / "debug" / "frazil")).absolute()
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run cargo build, or set FRAZIL")
    return path


def until(answers, what):
    """Waits for something that answers."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            return answers()
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"no answer from {what}")


class Hub:
    """A real hub whose service `report` is somewhere else."""

    def __init__(self, folder, serve):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "jupyterhub_config.py").write_text(CONFIG.format(
            port=self.port, serve=serve, read_all=READ_ALL, access=ACCESS,
            token=SERVICE_TOKEN, operator="o" * 64, nobody=NOBODY,
        ))
        self.start()

    def start(self):
        self.log = open(self.folder / "hub.log", "ab")
        command = [sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=self.log, stderr=subprocess.STDOUT)
        until(lambda: requests.get(self.url + "/hub/api", timeout=5), "the hub")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def ask(self, method, path, **body):
        """A request of the hub's API with an operator's rights."""
        answer = requests.request(
            method, f"{self.url}/hub/api/{path}", headers=OPERATOR, json=body or None, timeout=20)
        assert answer.ok, (path, answer.text)
        return answer.json() if answer.text else None

    def token(self, person, **wanted):
        """A token of somebody, as they would make one on the hub's page."""
        return self.ask("POST", f"users/{person}/tokens", note="a test", **wanted)["token"]


class Served:
    """The program, as a service of that hub."""

    def __init__(self, folder, hub, port, metrics):
        self.url, self.metrics_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics}/metrics"
        self.log_path = folder / "serve.log"
        own = {
            "HOME": str(folder), "FRAZIL_TODAY": "2026-03-26", "NO_COLOR": "1",
            "JUPYTERHUB_API_TOKEN": SERVICE_TOKEN, "JUPYTERHUB_API_URL": hub.url + "/hub/api",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX, "JUPYTERHUB_CLIENT_ID": "service-report",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": PREFIX + "oauth_callback",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([ACCESS]),
        }
        command = [
            program(), "serve", "hub.yaml", "--ledger", "ledger.sqlite", "--believe", "1 s",
            "--listen", f"127.0.0.1:{port}", "--metrics", f"127.0.0.1:{metrics}",
        ]
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdout=self.log, stderr=subprocess.STDOUT)
        until(lambda: requests.get(self.url + PREFIX + "health", timeout=5), "frazil serve")

    def stop(self):
        """Asks it to end and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.log.close()
        return code

    def get(self, path="", token=None, **options):
        """A program's request: with a token, and no cookie."""
        headers = {"Authorization": f"token {token}"} if token else {}
        return requests.get(self.url + PREFIX + path, headers=headers, timeout=60, allow_redirects=False, **options)


class Browser(requests.Session):
    """Keeps cookies, and follows a redirect to whichever of the two its path is of."""

    def __init__(self, hub, served):
        super().__init__()
        self.hub, self.served = hub, served
        self.headers["Sec-Fetch-Mode"] = "navigate"

    def where(self, path):
        return (self.served.url if path.startswith(PREFIX) else self.hub.url) + path

    def go(self, path, method="GET", **options):
        return self.request(method, self.where(path), allow_redirects=False, timeout=60, **options)

    def follow(self, path):
        """Goes where the answers lead, and gives all of them."""
        answers = [self.go(path)]
        while answers[-1].status_code == 302 and len(answers) < 10:
            answers.append(self.go(answers[-1].headers["Location"]))
        return answers

    def log_in(self, name):
        """Logs in at the hub's own page."""
        page = self.go("/hub/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]*)"', page.text)[1]
        done = self.go("/hub/login", "POST", data={"_xsrf": xsrf, "username": name, "password": "x"})
        assert done.status_code == 302, done.text
        return self

    def page(self):
        """The page behind the login."""
        return self.follow(PREFIX)[-1]
