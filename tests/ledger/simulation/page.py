"""`frazil serve` as the pod of a cluster starts it, with the bills that the hub file names."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from test_frazil import FRAZIL, Ledger

HUB = """
name: {name}
provider: {{ {provider} }}
auth: native
sizes: [{{ name: small, memory: 1 GiB, default: true }}]
support: {{ recorder: "registry.example.org/ops:1" }}
billing: {{ from: {{ bucket: "{bucket}" }} }}
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def frazil(place: Path, *words: str) -> None:
    ended = subprocess.run([FRAZIL, *words], cwd=place, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def rendered(place: Path) -> list[str]:
    """What the container of the page is told, with its folders and ports on this machine."""
    frazil(place, "render", "hub.yaml", "--out", "tree")
    objects = [
        each
        for path in (place / "tree").rglob("manifests/*.yaml")
        for each in yaml.safe_load_all(path.read_text())
    ]
    (file,) = [each for each in objects if each["kind"] == "ConfigMap" and "hub.json" in each.get("data", {})]
    (place / "hub.json").write_text(file["data"]["hub.json"])
    (pod,) = [
        each["spec"]["template"]["spec"]
        for each in objects
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "recorder"
    ]
    (page,) = [each for each in pod["containers"] if each["name"] == "report"]
    here = {
        "/report/hub.json": str(place / "hub.json"),
        "/ledger/ledger.sqlite": str(place / "ledger.sqlite"),
        "/history": str(place / "history"),
        "0.0.0.0:10102": "127.0.0.1:0",
        "0.0.0.0:10103": f"127.0.0.1:{free_port()}",
    }
    assert set(here) <= set(page["args"]), page["args"]
    return [here.get(each, each) for each in page["args"]]


def spend_of(place: Path, arguments: list[str]) -> tuple[float, float]:
    """What the page's metrics tell once bills were read: the whole spend, and whether reading failed."""
    own = {
        "HOME": str(place),
        "JUPYTERHUB_API_TOKEN": "s" * 64,
        "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/report/",
    }
    address = arguments[arguments.index("--metrics") + 1]
    with (place / "serve.log").open("wb") as log:
        process = subprocess.Popen([FRAZIL, *arguments], cwd=place, env=os.environ | own, stdout=log, stderr=log)
    try:
        give_up = time.monotonic() + 300
        while time.monotonic() < give_up:
            assert process.poll() is None, (place / "serve.log").read_text()
            time.sleep(0.3)
            try:
                text = requests.get(f"http://{address}/metrics", timeout=60).text
            except requests.ConnectionError:
                continue
            told = {family.name: family.samples for family in text_string_to_metric_families(text)}
            failed = told["frazil_bills_read_failed"][0].value
            spend = told.get("frazil_spend", [])
            if failed or (spend and told.get("frazil_bills_read_timestamp_seconds")):
                return sum(sample.value for sample in spend), failed
        raise AssertionError((place / "serve.log").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def reads(folder: Path, place: Path, name: str, provider: str, bucket: str, bill: str) -> None:
    """The page of a hub tells the same of the bills in a bucket as a report of the same bills here."""
    (place / "history").mkdir()
    shutil.copy(folder / "hubs" / name / "history.jsonl", place / "history")
    (place / "hub.yaml").write_text(HUB.format(name=name, provider=provider, bucket=bucket))
    spend, failed = spend_of(place, rendered(place))
    assert not failed, (place / "serve.log").read_text()
    here = Ledger(place / "here")
    here.run("read", str(folder / bill), "--history", str(place / "history"), "--hub", name)
    asked = ["report", "hub.yaml", "--ledger", "here", "-o", "json"]
    ended = subprocess.run([FRAZIL, *asked], cwd=place, capture_output=True, text=True, check=True)
    total = sum(float(chapter["total"]) for chapter in json.loads(ended.stdout)["hubs"])
    assert total > 0 and abs(spend - total) < 1e-6 * total, (spend, total)
