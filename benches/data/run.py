"""Runs the same work in each program against the stand-in for Earthdata, one after another, and prints
what each took: seconds and memory of its process, and requests and bytes by the stand-in's counters.

    python run.py search
    python run.py memory --counts 20000 50000 100000
    python run.py download --files 500 --connections 8 --bandwidth 40e6 --latency-ms 80

`search`: 12,070 granules, of which the first page is short and one in the middle; how many are found.
`memory`: the first granules of a million. `download`: files of 8 to 40 MB; each is compared with the
checksum that the catalogue tells, then removed.
"""

import argparse
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from standin import Standin

HERE = Path(__file__).parent
HOSTS_OF_DATA = ["egress", "s3"]
REDIRECTS = ["301", "302", "303", "307"]


def measured(program: str, words: list[str], world: Standin) -> dict:
    """One program as a process of its own; what it printed, what it took, what the stand-in saw."""
    world.control("POST", "/reset")
    with tempfile.TemporaryDirectory(prefix="home-") as home, tempfile.TemporaryFile("w+") as out:
        command = [sys.executable, str(HERE / f"in_{program}.py"), *words]
        began = time.monotonic()
        environment = world.environment(home)
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=environment, text=True)
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        # What wait4 took is not there for Popen to wait for.
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().strip().splitlines()
    failed = {"failed": said.strip().splitlines()[-1:]}
    told = failed if process.returncode else json.loads(lines[-1])
    seen = world.control("GET", "/counters")
    return {
        "program": program,
        **told,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "max_rss_mb": round(used.ru_maxrss * 1024 / 1e6),
        "requests": seen["all"]["requests"],
        "redirects": sum(seen["all"]["statuses"].get(status, 0) for status in REDIRECTS),
        "body_mb": round(seen["all"]["body_bytes"] / 1e6, 1),
        "connections": seen["all"]["connections"],
    }


def search(given: argparse.Namespace) -> list[dict]:
    with Standin({"latency_ms": given.latency_ms}) as world:
        return [
            measured("earthaccess", ["list", "GEDI01_B", "-1"], world),
            measured("pystac_client", ["list", "LPCLOUD", "GEDI01_B_003", "-1"], world),
        ]


def memory(given: argparse.Namespace) -> list[dict]:
    found = []
    with Standin({}) as world:
        for count in map(str, given.counts):
            found.append(measured("earthaccess", ["list", "ONE_MILLION", count], world))
            found.append(measured("pystac_client", ["list", "POCLOUD", "ONE_MILLION_1", count], world))
    return found


def download(given: argparse.Namespace) -> list[dict]:
    latencies = dict.fromkeys(HOSTS_OF_DATA, given.latency_ms)
    kinds = ["status", "reset_midway", "cut", "wrong_length", "html"]
    rates = {"s3": dict.fromkeys(kinds, given.faults / len(kinds))}
    settings = {"bandwidth": given.bandwidth, "latency_ms_by_role": latencies, "rates": rates}
    whole = given.bandwidth or None
    with Standin(settings) as world, tempfile.TemporaryDirectory(prefix="files-", dir=given.folder) as folder:
        # The stand-in computes checksums when it first tells them: that is no program's time.
        granules = catalogue(world, given.files)
        words = ["download", "FIVE_HUNDRED", str(given.files), folder, str(given.connections)]
        told = measured("earthaccess", words, world)
        right, size = checked(folder, granules)
        seconds = told.get("download_seconds", told["seconds"])
        told |= {
            "right": right,
            "file_mb": round(size / 1e6, 1),
            "mb_per_s": round(size / 1e6 / seconds, 2),
            "link_seconds": whole and round(size / whole, 1),
        }
    return [told]


def catalogue(world: Standin, count: int) -> list[dict]:
    """The granules that are downloaded, as CMR tells them."""
    context = ssl.create_default_context(cafile=world.told["ca"])
    proxies = urllib.request.ProxyHandler({"https": world.told["proxy"]})
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))
    search = "https://cmr.earthdata.nasa.gov/search/granules.umm_json"
    with opener.open(f"{search}?short_name=FIVE_HUNDRED&page_size={count}") as answer:
        return json.load(answer)["items"]


def checked(folder: str, granules: list[dict]) -> tuple[int, int]:
    """How many files are as the catalogue tells, and the bytes of all that are there."""
    right = size = 0
    for granule in granules:
        about = granule["umm"]["DataGranule"]["ArchiveAndDistributionInformation"][0]
        path = Path(folder) / about["Name"]
        if not path.exists():
            continue
        size += path.stat().st_size
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, about["Checksum"]["Algorithm"].replace("-", "").lower())
        right += digest.hexdigest() == about["Checksum"]["Value"]
        path.unlink()
    return right, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("search")
    one.add_argument("--latency-ms", type=float, default=0)
    one = kinds.add_parser("memory")
    one.add_argument("--counts", type=int, nargs="+", default=[20_000, 50_000, 100_000])
    one = kinds.add_parser("download")
    one.add_argument("--files", type=int, default=500)
    one.add_argument("--connections", type=int, default=8)
    one.add_argument("--bandwidth", type=float, default=40e6, help="bytes a second; 0: no limit")
    one.add_argument("--latency-ms", type=float, default=80)
    one.add_argument("--faults", type=float, default=0, help="part of the answers with bytes that go wrong")
    one.add_argument("--folder", help="where the files go for a while")
    given = parser.parse_args()
    for told in {"search": search, "memory": memory, "download": download}[given.kind](given):
        print(json.dumps(told))


if __name__ == "__main__":
    main()
