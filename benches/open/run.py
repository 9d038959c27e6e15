"""Runs readers over the same files, far away and on this machine, and prints what each took as a table.

    python run.py FOLDER [--parts granule zarr image local] [--out results.jsonl]

FOLDER keeps the files, which are made when they are not there. Far away is the stand-in for Earthdata
(tests/earthdata) with its latency and bandwidth; requests and bytes of bodies are its counters'. Each reader
is a process of its own; seconds are those from its first call to its last value, without its imports.
Exit code 3: a reader found something else than h5py, zarr-python or rasterio on this machine, or a limit
(limits.py) is not kept.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(1, str(HERE.parent / "data"))

import in_hdf5
import in_tiff
import in_zarr
from limits import MIB, broken
from made import GRANULES, LOCAL, SHARED, STORES, made
from programs import REDIRECTS, attempt, told
from standin import Standin

FAR = "https://open.example.org/served/made"
PARTS = ["granule", "zarr", "image", "local"]
# Seconds after which a reader is stopped.
MOST = 900
# Readers of granules from afar.
READERS = [name for name in in_hdf5.READERS if not name.startswith("h5py")]


class Runs:
    """Readers one after another: what each took, and what it should have found."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.rows: list[dict] = []
        self.expected: dict[str, dict] = {}

    def far(self, program: str, path: Path, work: str, readers: list[str], expected: dict) -> None:
        """A work on a served file, at each bandwidth."""
        for bandwidth in self.given.bandwidths:
            settings = {"latency_ms": self.given.latency_ms, "bandwidth": bandwidth}
            with Standin(settings, {"made": path.parent}) as world:
                for reader in readers:
                    turns = [counted(program, reader, work, path.name, world) for _ in range(self.given.turns)]
                    circumstances = {"mb_per_s": bandwidth / 1e6, "cores": None}
                    self.add(path.name, reader, work, circumstances, turns, expected)

    def near(self, program: str, path: Path, readers: dict[int, list[str]], expected: dict) -> None:
        """All of a local file, on so many cores; readers take turns."""
        for cores, names in readers.items():
            taken: dict[str, list[dict]] = {name: [] for name in names}
            for _ in range(self.given.turns + 1):
                for name in names:
                    words = [name, "whole", str(path), "--cores", str(cores)]
                    taken[name].append(process(program, words, dict(os.environ)))
            for name, turns in taken.items():
                # The first turn has the file read from the disk.
                self.add(path.name, name, "whole", {"mb_per_s": None, "cores": cores}, turns[1:], expected)

    def add(self, file: str, reader: str, work: str, where: dict, turns: list[dict], expected: dict) -> None:
        row = {"file": file, "work": work, **where, "reader": reader}
        wrong = next(filter(None, (one.get("failed") or differs(one["found"], expected) for one in turns)), None)
        if wrong:
            row["wrong"] = wrong
        else:
            row["seconds"] = statistics.median(one["seconds"] for one in turns)
            row["does"] = turns[0]["work"]
            row["counted"] = turns[-1].get("counted")
            for name in ("requests", "heads", "redirects", "mib", "connections", "max_rss_mb"):
                values = [one[name] for one in turns if name in one]
                row |= {name: max(values)} if values else {}
        self.rows.append(row)
        line = json.dumps(row, ensure_ascii=False)
        print(line, file=sys.stderr)
        if self.given.out:
            with self.given.out.open("a") as out:
                out.write(f"{line}\n")


def process(program: str, words: list[str], environment: dict[str, str]) -> dict:
    """A reader in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        last = attempt([sys.executable, str(HERE / f"{program}.py"), *words], {**environment, "HOME": home}, MOST)
    return told(last) | {"max_rss_mb": round(last.peak_bytes / 1e6)}


def counted(program: str, reader: str, work: str, name: str, world: Standin) -> dict:
    """A reader that reads from afar, with the counters of the stand-in."""
    world.control("POST", "/reset")
    taken = process(program, [reader, work, f"{FAR}/{name}"], world.environment(""))
    seen = settled(world)
    own = taken.get("counted")
    if own and (own["requests"] > seen["requests"] or own["received"] > seen["body_bytes"]):
        taken["failed"] = f"it counts {own}, the stand-in {seen['requests']} and {seen['body_bytes']}"
    return taken | {
        "requests": seen["requests"],
        "heads": seen["heads"],
        "redirects": sum(seen["statuses"].get(status, 0) for status in REDIRECTS),
        "mib": round(seen["body_bytes"] / MIB, 3),
        "connections": seen["connections"],
    }


def settled(world: Standin) -> dict:
    """The counters when nothing is being sent any more: a reader may leave with bytes on their way."""
    seen = world.control("GET", "/counters")
    while seen["open_connections"]:
        time.sleep(0.1)
        seen = world.control("GET", "/counters")
    return seen["all"]


def differs(found: dict, expected: dict) -> str | None:
    """What was found otherwise than expected."""
    for name, value in found.items():
        other = expected[name]
        if isinstance(value, float) or name == "sums":
            pairs = zip(value, other, strict=True) if name == "sums" else [(value, other)]
            if not all(math.isclose(one, two, rel_tol=1e-9) for one, two in pairs):
                return f"{name} is {value} and not {other}"
        elif value != other:
            return f"{name} is {value} and not {other}"
    return None


def known(program: str, reader: str, work: str, path: Path) -> dict:
    """What another reader finds of a file on this machine."""
    taken = process(program, [reader, work, str(path)], dict(os.environ))
    if "failed" in taken:
        sys.exit(f"{reader} cannot read {path.name}: {taken['failed']}")
    return taken["found"]


def granules(runs: Runs) -> None:
    for kind in GRANULES:
        path = made("granule", runs.given.folder, kind)
        runs.expected[path.name] = known("in_hdf5", "h5py", "granule", path)
        for work in runs.given.works:
            # Of all beams a dataset of xarray has one each.
            readers = [name for name in READERS if work != "beams" or name != "xarray, engine frazil"]
            runs.far("in_hdf5", path, work, chosen(runs, readers), runs.expected[path.name])


def stores(runs: Runs) -> None:
    for kind in STORES:
        path = made("store", runs.given.folder, kind)
        readers = chosen(runs, list(in_zarr.READERS))
        # zarrs reads over HTTPS by a client that takes neither proxy nor authority.
        afar = [reader for reader in readers if reader != "zarr-python with zarrs"]
        runs.far("in_zarr", path, "part", afar, known("in_zarr", "zarr-python", "part", path))
        runs.near("in_zarr", path, {1: readers, 2: readers}, known("in_zarr", "zarr-python", "whole", path))


def images(runs: Runs) -> None:
    path = made("image", runs.given.folder)
    readers = chosen(runs, list(in_tiff.READERS))
    for work in ("window", "overview"):
        runs.far("in_tiff", path, work, readers, known("in_tiff", "rasterio", work, path))
    runs.near("in_tiff", path, {1: readers, 2: readers}, known("in_tiff", "rasterio", "whole", path))


def files(runs: Runs) -> None:
    paths = [made("granule", runs.given.folder, kind) for kind in GRANULES]
    for path in paths + [SHARED / "science" / name for name in LOCAL]:
        expected = known("in_hdf5", "h5py", "whole", path)
        readers = {1: ["frazil.open", "h5py"], 2: ["frazil.open", "h5py", "h5py, two threads"]}
        runs.near("in_hdf5", path, {cores: chosen(runs, names) for cores, names in readers.items()}, expected)


def chosen(runs: Runs, readers: list[str]) -> list[str]:
    return [reader for reader in readers if not runs.given.only or reader in runs.given.only]


def table(rows: list[dict]) -> str:
    """Rows for people, and what each reader does."""
    lines = ["| file | work | MB/s or cores | reader | requests | MiB | s | MB in memory |", "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        where = f"{row['mb_per_s']:g} MB/s" if row["mb_per_s"] else f"{row['cores']}"
        begin = [row["file"], row["work"], where, row["reader"]]
        if row.get("wrong"):
            lines.append(f"| {' | '.join([*begin, row['wrong']])} |||| ")
            continue
        mib = f"{row['mib']:.2f}" if "mib" in row else ""
        taken = [str(row.get("requests", "")), mib, f"{row['seconds']:.2f}", str(row["max_rss_mb"])]
        lines.append(f"| {' | '.join(begin + taken)} |")
    does = {row["reader"]: row["does"] for row in rows if "does" in row}
    return "\n".join([*lines, "", *(f"- {reader}: {work}" for reader, work in does.items())])


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--works", nargs="+", choices=["open", "first", "beams"], default=["open", "first", "beams"])
    parser.add_argument("--only", nargs="+", metavar="READER", help="these readers")
    parser.add_argument("--bandwidths", nargs="+", type=float, default=[3.6e6, 40e6], help="bytes a second")
    parser.add_argument("--latency-ms", type=float, default=80)
    parser.add_argument("--turns", type=int, default=3, help="times of each; medians of seconds, the most of counts")
    parser.add_argument("--out", type=Path, help="lines of JSON are added to this file")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    runs = Runs(given)
    for part in given.parts:
        {"granule": granules, "zarr": stores, "image": images, "local": files}[part](runs)
    print(table(runs.rows))
    told = broken(runs.rows, runs.expected)
    for line in told:
        print(f"not kept: {line}", file=sys.stderr)
    sys.exit(3 if told else 0)


if __name__ == "__main__":
    main()
