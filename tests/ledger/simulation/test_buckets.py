"""Bills in S3, read from moto: what is there is what lies here.

Needs FRAZIL, the program, and the stand-ins that tests/clouds/build.sh makes.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import page
from test_frazil import FRAZIL, Ledger

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MOTO = CACHE / "frazil-tests/clouds/moto/bin/moto_server"
pytestmark = [
    pytest.mark.skipif(not FRAZIL, reason="FRAZIL does not say where the program is"),
    pytest.mark.skipif(not MOTO.exists(), reason=f"there is no {MOTO}"),
]


@pytest.fixture(scope="module")
def bucket(folder: Path) -> Iterator[str]:
    """The simulated month in a bucket; the address of S3."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [str(MOTO), "-H", "127.0.0.1", "-p", address.rsplit(":", 1)[1]]
    moto = subprocess.Popen(command, stdout=sys.stderr, stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            try:
                requests.put(f"{address}/reef-bills", timeout=10).raise_for_status()
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        for path in (folder / "aws").rglob("*.*"):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                requests.put(f"{address}/reef-bills/{name}", path.read_bytes(), timeout=60).raise_for_status()
        yield address
    finally:
        moto.terminate()
        moto.wait()


@pytest.fixture(autouse=True)
def credentials(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": bucket,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "us-west-2",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "bill", ["aws/cur2-split-rows", "aws/cur2.csv.gz", "aws/cur-legacy.csv.gz", "aws/focus-1.2.csv"]
)
def test_a_bill_in_a_bucket_is_the_bill(bill: str, folder: Path, tmp_path: Path) -> None:
    there, here = Ledger(tmp_path / "there"), Ledger(tmp_path / "here")
    there.run("read", f"s3://reef-bills/{bill}")
    here.run("read", str(folder / bill))
    for by in ("component", "day", "service"):
        assert there.parts([by]) == here.parts([by])


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("s3://no-such-bucket/x", "there is no such bucket"),
        ("s3://reef-bills/nothing/", "no bills are in it"),
    ],
)
def test_what_is_not_there_is_told(address: str, message: str, tmp_path: Path) -> None:
    command = [FRAZIL, "cost", "read", address, "--ledger", str(tmp_path / "ledger")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and message in ended.stderr and "<" not in ended.stderr, ended.stderr
    assert not (tmp_path / "ledger").exists()


def test_the_page_of_a_cluster_reads_the_bucket_that_the_hub_file_names(folder: Path, tmp_path: Path) -> None:
    provider = 'aws: { account: "123456789012", region: us-west-2 }'
    page.reads(folder, tmp_path, "reef", provider, "s3://reef-bills/aws/cur2-split-rows", "aws/cur2-split-rows")
