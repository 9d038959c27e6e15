"""Computes the same by frazil and by its peers, each in a process of its own, and prints what each took and where they differ.

    python run.py FOLDER [--works tasks plan memory zarr large climatology anomaly rolling] [--turns 3] [--out results.jsonl] [--tiny]

Exit code 3: somebody failed, found something else than the reference, or frazil is not as fast or as small as README.md
tells.
"""

import argparse
import json
import math
import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(1, str(HERE.parent / "data"))

import in_histogram
import in_limits
import in_seasonal
import in_tasks
import made
import numpy as np
from programs import attempt, told


@dataclass(frozen=True)
class Sizes:
    """How much is computed."""

    tasks: int
    hours: int
    months: int
    planned_hours: int
    large_hours: int


# Of the two last: forty years, 1.5 TB; and 60 GB.
WHOLE = Sizes(110_889, 720, 1920, 350_640, 14_448)
# Whether everybody runs and finds the same; seconds say nothing.
TINY = Sizes(300, 48, 48, 1860, 48)
# Seconds after which somebody is stopped.
MOST = 900
# How often faster frazil has to be, by work and peer.
LEAST = {
    "tasks": {"dask-threads": 10},
    "memory": {"np-histogram": 3, "boost-histogram": 3, "dask": 10},
    "zarr": {"dask": 2, "read-only": 1},
    "climatology": {"numpy": 1.7, "xarray": 3},
    "anomaly": {"numpy": 3, "xarray": 3, "numbagg": 3, "dask": 3},
    "rolling": {"numbagg": 3, "dask": 3},
}
# How often faster frazil has to be than the fastest of these where its result needs fresh memory, too.
LEAST_FRESH = {"anomaly": 1.3, "rolling": 1.3}
# Most seconds of frazil, by work.
MOST_SECONDS = {"plan": 0.1}
# Most bytes of memory of frazil, by work: all that its process has; what is there besides what was before; and what comes
# in the second half that was not in the first.
MOST_MEMORY = {"zarr": 300e6, "large": in_limits.ALLOWED}
MOST_MORE = {"plan": 10e6}
MOST_RISE = {"large": 20e6}
# The most that results differ by from the reference's, by work; what is not named here is the same to the bit.
APART = {"climatology": 1e-6, "anomaly": 1e-5, "rolling": 1e-5}
# Who is known to be inexact, and is shown beside the others.
INEXACT = {("memory", "fast-histogram"), ("rolling", "bottleneck"), ("zarr", "read-only")}
# Whose results the others' are held against, by work. Plans have none.
REFERENCES = {"tasks": "dask-sync", "zarr": "numpy-rounded", "rolling": "exact", "plan": None}
# Whom frazil may be no further apart from the reference than, by work.
FINEST = {"rolling": "numbagg"}


def readers(work: str) -> list[str]:
    if work == "tasks":
        return list(in_tasks.READERS)
    if work == "memory":
        return list(in_histogram.IN_MEMORY)
    if work == "zarr":
        return ["numpy-rounded", *in_histogram.FROM_ZARR]
    if work in in_limits.WORKS:
        return list(in_limits.READERS[work])
    return list(in_seasonal.READERS[work])


def words(work: str, reader: str, sizes: Sizes, folder: Path, out: Path) -> list[str]:
    if work == "tasks":
        return ["in_tasks.py", reader, str(sizes.tasks), str(out)]
    if work in ("memory", "zarr"):
        source = "memory" if reader in in_histogram.REFERENCES else work
        return ["in_histogram.py", f"{source}:{reader}", str(folder), str(sizes.hours), str(out)]
    if work in in_limits.WORKS:
        hours = sizes.planned_hours if work == "plan" else sizes.large_hours
        return ["in_limits.py", work, reader, str(folder), str(hours), str(out)]
    return ["in_seasonal.py", work, reader, str(sizes.months), str(out)]


def once(work: str, reader: str, sizes: Sizes, folder: Path, out: Path) -> dict:
    program, *rest = words(work, reader, sizes, folder, out)
    return told(attempt([sys.executable, str(HERE / program), *rest], dict(os.environ), MOST))


def compared(work: str, reader: str, result: np.ndarray, reference: np.ndarray) -> dict:
    """How far a result is from the reference's."""
    if result.shape != reference.shape:
        return {"wrong": f"{result.shape} and not {reference.shape}"} if (work, reader) not in INEXACT else {}
    is_missing = np.isnan(result) != np.isnan(reference)
    apart = np.where(is_missing, np.inf, np.abs(np.nan_to_num(result) - np.nan_to_num(reference)))
    most = float(apart.max(initial=0))
    is_wrong = most > APART.get(work, 0) and (work, reader) not in INEXACT
    return {"apart": most} | ({"wrong": f"apart by {most}"} if is_wrong else {})


def measured(work: str, sizes: Sizes, folder: Path, turns: int) -> list[dict]:
    """All readers of a work, who take turns: the median of their seconds, the most of their memory."""
    order = readers(work)
    taken: dict[str, list[dict]] = {reader: [] for reader in order}
    outs = {reader: folder / f"{work}-{reader}.npy" for reader in order}
    for _ in range(turns):
        for reader in order:
            taken[reader].append(once(work, reader, sizes, folder, outs[reader]))
    reference = REFERENCES.get(work, "numpy")
    rows = []
    for reader, all_turns in taken.items():
        row = {"work": work, "reader": reader}
        failed = [turn["failed"] for turn in all_turns if "failed" in turn]
        if failed:
            rows.append(row | {"failed": failed[0]})
            continue
        for name in ("seconds", "cpu"):
            row[name] = statistics.median(turn[name] for turn in all_turns)
        row["peak"] = max(turn["peak"] for turn in all_turns)
        row["more"] = max(turn["peak"] - turn["before"] for turn in all_turns)
        row["rise"] = max(turn["rise"] for turn in all_turns)
        row |= {name: all_turns[0][name] for name in ("chunks", "promised", "tasks", "optimised") if name in all_turns[0]}
        if reference is not None:
            row |= compared(work, reader, np.load(outs[reader]), np.load(outs[reference]))
        rows.append(row)
    return [row | judged(work, row, rows) for row in rows]


def seconds_of(rows: list[dict], wanted: Callable[[str], bool]) -> float | None:
    """The least seconds of some readers."""
    return min((row["seconds"] for row in rows if "seconds" in row and wanted(row["reader"])), default=None)


def judged(work: str, row: dict, rows: list[dict]) -> dict:
    """How often as fast as this reader frazil is, and what is not as it has to be."""
    ours = seconds_of(rows, lambda reader: reader == "frazil")
    if ours is None or "seconds" not in row:
        return {}
    told = {"ratio": row["seconds"] / ours}
    least = LEAST.get(work, {}).get(row["reader"], 0)
    if told["ratio"] < least:
        told["slow"] = f"frazil is {told['ratio']:.1f} times as fast, not {least}"
    peers = seconds_of(rows, lambda reader: reader in LEAST.get(work, {}))
    if row["reader"] == "frazil-fresh" and peers is not None and peers / row["seconds"] < LEAST_FRESH[work]:
        told["slow"] = f"frazil is {peers / row['seconds']:.1f} times as fast, not {LEAST_FRESH[work]}"
    if row["reader"] == "frazil":
        told |= exceeded(work, row)
        finest = next((one for one in rows if one["reader"] == FINEST.get(work)), {})
        if row.get("apart", 0) > finest.get("apart", math.inf):
            told["wrong"] = f"apart by {row['apart']}, and {finest['reader']} by {finest['apart']}"
    return told


def exceeded(work: str, row: dict) -> dict:
    """What frazil took more of than it may."""
    told = {}
    if row["seconds"] > MOST_SECONDS.get(work, math.inf):
        told["slow"] = f"frazil took {row['seconds']:.3f} s, not {MOST_SECONDS[work]}"
    mosts = {
        "peak": MOST_MEMORY.get(work, math.inf),
        "more": min(MOST_MORE.get(work, math.inf), row.get("promised", math.inf)),
        "rise": MOST_RISE.get(work, math.inf),
    }
    large = [f"{name} {row[name] / 1e6:.0f} MB, not {most / 1e6:.0f}" for name, most in mosts.items() if row[name] > most]
    return told | ({"large": f"frazil took {', '.join(large)}"} if large else {})


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    works = ("tasks", "plan", "memory", "zarr", "large", *in_seasonal.WORKS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--works", nargs="+", choices=works, default=list(works))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="little data, one turn: whether everybody runs")
    parser.add_argument("--out", type=Path, help="lines of JSON are added to this file")
    given = parser.parse_args()
    sizes, turns = (TINY, 1) if given.tiny else (WHOLE, given.turns)
    given.folder.mkdir(parents=True, exist_ok=True)
    if "memory" in given.works:
        made.rain(given.folder, sizes.hours)
    if "zarr" in given.works:
        made.store(given.folder, sizes.hours)
    if "plan" in given.works:
        made.planned(given.folder, sizes.planned_hours)
    if "large" in given.works:
        made.large(given.folder, sizes.large_hours)
    rows = []
    for work in given.works:
        lines = measured(work, sizes, given.folder, turns)
        text = "".join(f"{json.dumps(row)}\n" for row in lines)
        print(text, end="", file=sys.stderr, flush=True)
        if given.out:
            with given.out.open("a") as out:
                out.write(text)
        rows += lines
    names = ("work", "by", "s", "CPU s", "peak MB", "more MB", "times frazil's", "apart")
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")
    for row in rows:
        numbers = [f"{row[name]:.3g}" if name in row else "" for name in ("seconds", "cpu")]
        numbers += [f"{row[name] / 1e6:.0f}" if name in row else "" for name in ("peak", "more")]
        ratio = f"{row['ratio']:.1f}" if "ratio" in row else ""
        apart = f"{row['apart']:.1e}" if row.get("apart") else ""
        print(f"| {' | '.join([row['work'], row['reader'], *numbers, ratio, apart])} |")
    wrong = {"failed", "wrong"} if given.tiny else {"failed", "wrong", "slow", "large"}
    bad = [row for row in rows if row.keys() & wrong]
    sys.exit(3 if bad else 0)


if __name__ == "__main__":
    main()
