"""The stand-in as tests of it see it: a program with an address."""

import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import requests

HERE = Path(__file__).parent


class Stand:
    """A running stand-in."""

    def __init__(self, address):
        self.address = address

    def client(self, service, **settings):
        return boto3.client(
            service,
            region_name="us-west-2",
            endpoint_url=self.address,
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="secret",
            config=boto3.session.Config(retries={"total_max_attempts": 1}, **settings),
        )

    def post(self, path, body):
        answer = requests.post(f"{self.address}/_world/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path):
        return requests.get(f"{self.address}/_world/{path}", timeout=10).json()


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    authority = tmp_path_factory.mktemp("world") / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\n")
    environment = {
        "PATH": "/usr/bin:/bin",
        "FRAZIL_WORLD_CLUSTER_ENDPOINT": "https://127.0.0.1:6443",
        "FRAZIL_WORLD_CLUSTER_CA": str(authority),
    }
    program = subprocess.Popen(
        [sys.executable, HERE / "server.py", "--polls", "2", "--max-page", "3"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    try:
        yield Stand(json.loads(program.stdout.readline())["address"])
    finally:
        program.stdin.close()
        assert program.wait(timeout=20) == 0
