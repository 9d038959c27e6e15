"""Runs the same work in each program against the stand-in for Earthdata, one after another, and prints
what each took: seconds and memory of its process, and requests and bytes by the stand-in's counters.

    python run.py search
    python run.py memory --counts 20000 50000 100000
    python run.py download --files 500 --connections 8 --bandwidth 40e6 --latency-ms 80

`search`: 12,070 granules, of which the first page is short and one in the middle; how many are found.
`memory`: the first granules of a million. `download`: files of 8 to 40 MB; each is compared with the
checksum that the catalogue tells, then removed. FRAZIL names frazil's program; without it only the
others are run.
"""

import argparse
import hashlib
import json
import ssl
import sys
import tempfile
import urllib.request
from pathlib import Path

from programs import Kills, frazil, measured, python
from standin import Standin

FAULTS = ["status", "reset_midway", "cut", "wrong_length", "html"]


PROGRAMS = ["frazil", "earthaccess", "pystac-client"]


def chosen(given: argparse.Namespace, commands: dict[str, list[str] | None]) -> dict[str, list[str]]:
    """The commands of the programs that are wanted and there."""
    wanted = {program: command for program, command in commands.items() if program in given.only}
    for program, command in wanted.items():
        if command is None:
            print(f"left out: {program}; FRAZIL does not say where it is", file=sys.stderr)
    return {program: command for program, command in wanted.items() if command}


def search(given: argparse.Namespace) -> list[dict]:
    with Standin({"latency_ms": given.latency_ms}) as world, tempfile.TemporaryDirectory() as folder:
        commands = {
            "frazil": frazil("search", "GEDI01_B", "--out", f"{folder}/found.parquet"),
            "earthaccess": python("earthaccess", "list", "GEDI01_B", "-1"),
            "pystac-client": python("pystac_client", "list", "LPCLOUD", "GEDI01_B_003", "-1"),
        }
        return [measured(name, each, world) for name, each in chosen(given, commands).items()]


def memory(given: argparse.Namespace) -> list[dict]:
    found = []
    with Standin({}) as world, tempfile.TemporaryDirectory() as folder:
        for count in map(str, given.counts):
            out = ["--limit", count, "--out", f"{folder}/found.parquet"]
            commands = {
                "frazil": frazil("search", "ONE_MILLION", *out),
                "earthaccess": python("earthaccess", "list", "ONE_MILLION", count),
                "pystac-client": python("pystac_client", "list", "POCLOUD", "ONE_MILLION_1", count),
            }
            found += [measured(name, each, world) for name, each in chosen(given, commands).items()]
    return found


def download(given: argparse.Namespace) -> list[dict]:
    settings = {
        "seed": given.seed,
        "bandwidth": given.bandwidth,
        "latency_ms_by_role": dict.fromkeys(["egress", "s3"], given.latency_ms),
        "rates": {"s3": dict.fromkeys(FAULTS, given.faults / len(FAULTS))},
    }
    kills = Kills(given.kills, given.kill_after, given.seed) if given.kills else None
    files, connections = str(given.files), str(given.connections)
    found = []
    with Standin(settings) as world:
        # The stand-in computes checksums when it first tells them: that is no program's time.
        granules = catalogue(world, given.files)
        with tempfile.TemporaryDirectory(prefix="files-", dir=given.folder) as folder:
            ours = ["--limit", files, "--connections", connections, "--out", f"{folder}/frazil"]
            others = ["FIVE_HUNDRED", files, f"{folder}/earthaccess", connections]
            commands = {
                "frazil": frazil("download", "FIVE_HUNDRED", *ours),
                "earthaccess": python("earthaccess", "download", *others),
            }
            for name, command in chosen(given, commands).items():
                told = measured(name, command, world, kills)
                found.append(told | checked(f"{folder}/{name}", granules, given.bandwidth, told))
    return found


def catalogue(world: Standin, count: int) -> list[dict]:
    """The granules that are downloaded, as CMR tells them."""
    context = ssl.create_default_context(cafile=world.told["ca"])
    proxies = urllib.request.ProxyHandler({"https": world.told["proxy"]})
    opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))
    address = "https://cmr.earthdata.nasa.gov/search/granules.umm_json"
    with opener.open(f"{address}?short_name=FIVE_HUNDRED&page_size={count}") as answer:
        return json.load(answer)["items"]


def checked(folder: str, granules: list[dict], bandwidth: float, told: dict) -> dict:
    """How many files are as the catalogue tells, and what their bytes need on the link."""
    right = wrong = whole = 0
    for granule in granules:
        about = granule["umm"]["DataGranule"]["ArchiveAndDistributionInformation"][0]
        whole += about["SizeInBytes"]
        path = Path(folder) / about["Name"]
        if not path.exists():
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, about["Checksum"]["Algorithm"].replace("-", "").lower())
        if digest.hexdigest() == about["Checksum"]["Value"]:
            right += 1
        else:
            wrong += 1
        path.unlink()
    # Of several calls the last one's own time says nothing.
    seconds = told["seconds"] if "killed" in told else told.get("download_seconds", told["seconds"])
    return {
        "right": right,
        "wrong": wrong,
        "missing": len(granules) - right - wrong,
        "files_mb": round(whole / 1e6, 1),
        "mb_per_s": round(whole / 1e6 / seconds, 2),
        "link_seconds": round(whole / bandwidth, 1) if bandwidth else None,
        "fetched_part": round(told["body_mb"] * 1e6 / whole, 3),
    }


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
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
    one.add_argument("--kills", type=int, default=0, help="times that the program is killed and called again")
    one.add_argument("--kill-after", type=float, default=12, help="seconds from a call to its kill, about")
    one.add_argument("--seed", type=int, default=1, help="of bytes, faults and kills")
    one.add_argument("--folder", help="where the files go for a while")
    for one in kinds.choices.values():
        one.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, help="these programs")
    given = parser.parse_args()
    for told in {"search": search, "memory": memory, "download": download}[given.kind](given):
        print(json.dumps(told))


if __name__ == "__main__":
    main()
