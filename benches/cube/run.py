"""Reads the same STAC items as cubes by frazil, odc-stac and stackstac, and prints what each took and where they differ.

    python run.py FOLDER [--works whole window nearest bilinear] [--bandwidth 40e6] [--out results.jsonl]

Exit code 3: a reader failed, or its numbers are other than those of odc-stac by more than README.md tells.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(1, str(HERE.parent / "data"))

import numpy as np
from in_cube import READERS, WORKS
from made import made
from programs import attempt, told
from standin import Standin

FAR = "https://open.example.org/served/made"
# Seconds after which a reader is stopped.
MOST = 300
# By the work: the most that numbers differ by, and which part of the pixels may differ by more.
LIMITS = {"whole": (0, 0.0), "window": (0, 0.0), "nearest": (0, 0.05), "bilinear": (50, 0.0)}


def process(reader: str, work: str, items: Path, out: Path, environment: dict[str, str]) -> dict:
    """A reader in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        words = [sys.executable, str(HERE / "in_cube.py"), reader, work, str(items), str(out)]
        last = attempt(words, {**environment, "HOME": home}, MOST)
    return told(last)


def afar(given: argparse.Namespace, reader: str, work: str, items: Path, out: Path) -> dict:
    """A reader that reads from afar, with the counters of the stand-in when nothing is on its way any more."""
    settings = {"latency_ms": given.latency_ms, "bandwidth": given.bandwidth}
    turns = []
    with Standin(settings, {"made": given.folder}) as world:
        for _ in range(given.turns):
            world.control("POST", "/reset")
            taken = process(reader, work, items, out, world.environment(""))
            if "failed" in taken:
                return taken
            while (seen := world.control("GET", "/counters"))["open_connections"]:
                time.sleep(0.1)
            counts = {"requests": seen["all"]["requests"], "mib": round(seen["all"]["body_bytes"] / 2**20, 3)}
            turns.append(taken | counts)
    most = {name: max(one[name] for one in turns) for name in ("requests", "mib")}
    return turns[0] | most | {"seconds": statistics.median(one["seconds"] for one in turns)}


def compared(ours: np.ndarray, theirs: np.ndarray, work: str) -> dict:
    """How numbers differ where both have some, and which part has none in one of them only."""
    if ours.shape != theirs.shape:
        return {"wrong": f"{ours.shape} and not {theirs.shape}"}
    both = (ours != 0) & (theirs != 0)
    apart = np.abs(ours.astype("i8") - theirs.astype("i8"))
    most, part = LIMITS[work]
    more = float((apart[both] > most).mean())
    edge = float(((ours != 0) != (theirs != 0)).mean())
    found = {"filled": float(both.mean()), "differ": more, "edge": edge, "most": int(apart[both].max())}
    return found | ({"wrong": f"{more:.2%} differ, {edge:.2%} at edges"} if max(more, edge) > part else {})


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--works", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--bandwidth", type=float, default=40e6, help="bytes a second")
    parser.add_argument("--latency-ms", type=float, default=80)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--near", action="store_true", help="images on this machine, without the stand-in")
    parser.add_argument("--out", type=Path, help="lines of JSON are added to this file")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    items = made(given.folder, str(given.folder.absolute()) if given.near else FAR)
    rows = []
    for work in given.works:
        kept = {reader: given.folder / f"{work}-{reader}.npy" for reader in READERS}
        for reader in ["odc-stac", *(reader for reader in READERS if reader != "odc-stac")]:
            if given.near:
                row = process(reader, work, items, kept[reader], dict(os.environ))
            else:
                row = afar(given, reader, work, items, kept[reader])
            row = {"cube": work, "reader": reader, **row}
            if "failed" not in row:
                row |= compared(np.load(kept[reader]), np.load(kept["odc-stac"]), work)
            rows.append(row)
            line = json.dumps(row)
            print(line, file=sys.stderr)
            if given.out:
                with given.out.open("a") as out:
                    out.write(f"{line}\n")
    print("| cube | reader | requests | MiB | s | differ | at edges |\n|---|---|---|---|---|---|---|")
    for row in rows:
        counts = [row.get("requests", ""), row.get("mib", ""), f"{row.get('seconds', 0):.2f}"]
        parts = [f"{row[name]:.3%}" if name in row else "" for name in ("differ", "edge")]
        print(f"| {' | '.join(map(str, [row['cube'], row['reader'], *counts, *parts]))} |")
    sys.exit(3 if any("wrong" in row or "failed" in row for row in rows) else 0)


if __name__ == "__main__":
    main()
