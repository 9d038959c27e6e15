"""A person at a browser: forms, cookies, and a kernel's WebSocket; no token of an administrator."""

import json
import re
import time
import uuid
from urllib.parse import urljoin, urlsplit

import requests
import websocket


class Refused(AssertionError):
    """What the hub did not take, with its answer."""


class Person:
    def __init__(self, address, name, password):
        self.address, self.name, self.password = address, name, password
        self.http = requests.Session()

    def at(self, path):
        return urljoin(self.address, path)

    def _xsrf(self, path="/hub/"):
        """The token of the forms below a path, which the last page there left as a cookie."""
        found = [c for c in self.http.cookies if c.name == "_xsrf" and path.startswith(c.path)]
        return max(found, key=lambda cookie: len(cookie.path)).value

    def page(self, path, **further):
        # As a browser says that a person goes there.
        headers = {"Sec-Fetch-Mode": "navigate"} | further.pop("headers", {})
        answer = self.http.get(self.at(path), timeout=60, headers=headers, **further)
        answer.raise_for_status()
        return answer

    def send(self, path, **fields):
        fields["_xsrf"] = self._xsrf()
        return self.http.post(self.at(path), data=fields, timeout=60)

    def sign_up(self):
        self.page("/hub/signup")
        return self.send("/hub/signup", username=self.name, signup_password=self.password,
                         signup_password_confirmation=self.password).text

    def log_in(self):
        self.page("/hub/login")
        answer = self.send("/hub/login", username=self.name, password=self.password)
        if answer.status_code != 200 or "login" in urlsplit(answer.url).path:
            raise Refused(f"{answer.status_code} at {answer.url}: {words(answer.text)}")
        return answer

    def offered(self):
        """The sizes on the page that starts a server."""
        page = self.page("/hub/spawn").text
        return re.findall(r'type="radio" name="profile" id="[^"]*" value="([^"]*)"', page)

    def start(self, size, seconds=120):
        """Sends the form, and waits as the page of a starting server does; how long it took."""
        self.page("/hub/home")
        begun = time.monotonic()
        answer = self.send("/hub/spawn", profile=size)
        if answer.status_code >= 400:
            raise Refused(f"{answer.status_code}: {words(answer.text)}")
        self.until_ready(seconds)
        return time.monotonic() - begun

    def until_ready(self, seconds=120):
        path = f"/hub/api/users/{self.name}/server/progress"
        with self.http.get(self.at(path), stream=True, timeout=seconds) as stream:
            told = []
            for line in stream.iter_lines(decode_unicode=True):
                if not line.startswith("data:"):
                    continue
                event = json.loads(line.removeprefix("data:"))
                told.append(event.get("message", ""))
                if event.get("ready"):
                    return
                if event.get("failed"):
                    break
        raise Refused("the server did not start: " + " / ".join(told[-12:]))

    def stop(self, seconds=60):
        """Stops the server, as the button of the home page does; how long it took."""
        self.page("/hub/home")
        begun = time.monotonic()
        path = self.at(f"/hub/api/users/{self.name}/server")
        headers = {"X-XSRFToken": self._xsrf(), "Referer": self.at("/hub/home")}
        self.http.delete(path, headers=headers, timeout=seconds).raise_for_status()
        person = self.at(f"/hub/api/users/{self.name}")
        while self.http.get(person, headers=headers, timeout=60).json()["servers"]:
            assert time.monotonic() - begun < seconds, "the server does not stop"
            time.sleep(0.3)
        return time.monotonic() - begun

    def notebook(self):
        return Kernel(self)


class Kernel:
    """A kernel of a person's server; `run` is a notebook's cell."""

    def __init__(self, person):
        self.person, self.base = person, f"/user/{person.name}/"
        # The page sends to the hub and back, and leaves the server's own cookies.
        person.page(f"{self.base}lab")
        headers = {"X-XSRFToken": person._xsrf(self.base)}
        answer = person.http.post(person.at(f"{self.base}api/kernels"), json={}, headers=headers, timeout=60)
        answer.raise_for_status()
        self.path = f"{self.base}api/kernels/{answer.json()['id']}"
        self.session = uuid.uuid4().hex
        url = person.at(f"{self.path}/channels?session_id={self.session}")
        cookie = requests.cookies.get_cookie_header(person.http.cookies, requests.Request("GET", url))
        self.channel = websocket.create_connection(
            url.replace("http", "ws", 1), cookie=cookie, timeout=300, enable_multithread=False,
        )

    def run(self, code):
        """What a cell prints; AssertionError with its traceback."""
        mine = uuid.uuid4().hex
        self.channel.send(json.dumps({
            "header": {"msg_id": mine, "msg_type": "execute_request", "username": self.person.name,
                       "session": self.session, "date": "", "version": "5.3"},
            "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
            "content": {"code": code, "silent": False, "store_history": True,
                        "user_expressions": {}, "allow_stdin": False, "stop_on_error": True},
        }))
        text, failed, replied, idle = [], None, False, False
        while not (replied and idle):
            message = json.loads(self.channel.recv())
            if message["parent_header"].get("msg_id") != mine:
                continue
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "stream":
                text.append(content["text"])
            elif kind == "error":
                failed = plain("\n".join(content["traceback"]))
            replied = replied or kind == "execute_reply"
            idle = idle or (kind == "status" and content["execution_state"] == "idle")
        assert failed is None, f"{''.join(text)}{failed}"
        return "".join(text)

    def close(self):
        self.channel.close()
        headers = {"X-XSRFToken": self.person._xsrf(self.base)}
        self.person.http.delete(self.person.at(self.path), headers=headers, timeout=60)


def words(page):
    """A page's text, short enough to print."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>|<[^>]+>", " ", page)
    return " ".join(body.split())[:1500]


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
