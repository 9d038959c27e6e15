"""Runs frazil, DuckDB and polars over the same month, one after another, and prints what each took.

    FRAZIL=target/release/frazil python run.py cur2 FOLDER
    FRAZIL=target/release/frazil python run.py legacy FILE.csv

`cur2`: read, divided by person and stored (DuckDB alone has the whole of it in SQL). `legacy`: read, summed
by day, service, usage type, resource and tags, and stored. Seconds are of the whole process, memory is its
largest resident set. Without FRAZIL, or where it fails, the others are run and told all the same.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MOST_TIMES = 2.0
MOST_BYTES = 500_000_000


@dataclass(frozen=True)
class Run:
    """What a program took."""

    program: str
    seconds: float
    peak_bytes: int
    output: str


def measured(program: str, commands: list[list[str]], environment: dict[str, str]) -> Run:
    """Commands one after another: their seconds together, and the largest of their memories."""
    seconds, peak, output = 0.0, 0, ""
    for command in commands:
        with tempfile.TemporaryFile("w+") as out:
            began = time.monotonic()
            process = subprocess.Popen(command, stdout=out, env=environment)
            _, status, used = os.wait4(process.pid, 0)
            seconds += time.monotonic() - began
            # What wait4 took is not there for Popen to wait for.
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            output = out.read()
        if process.returncode != 0:
            raise RuntimeError(f"{program}: `{' '.join(command)}` ended with {process.returncode}")
        peak = max(peak, used.ru_maxrss * 1024)
    return Run(program, seconds, peak, output)


def frazil(program: str, bills: list[str], folder: str, by: str) -> Run:
    """A new ledger in a folder of its own."""
    environment = {**os.environ, "XDG_DATA_HOME": folder}
    read, ask = [program, "cost", "read", *bills], [program, "cost", "--by", by, "-o", "json"]
    return measured("frazil", [read, ask], environment)


def runs(kind: str, path: Path, work: str) -> list[Run]:
    here = {
        "cur2": [("duckdb", ["in_duckdb.py", "allocate"])],
        "legacy": [("duckdb", ["in_duckdb.py", "sum"]), ("polars", ["in_polars.py"])],
    }
    found = []
    program = os.environ.get("FRAZIL")
    bills = sorted(map(str, path.glob("*.parquet"))) if path.is_dir() else [str(path)]
    if program:
        try:
            found.append(frazil(program, bills, work, "user" if kind == "cur2" else "service"))
        except (OSError, RuntimeError) as error:
            print(f"left out: {error}", file=sys.stderr)
    else:
        print("left out: frazil; FRAZIL does not say where it is", file=sys.stderr)
    for name, (script, *words) in here[kind]:
        found.append(
            measured(name, [[sys.executable, str(HERE / script), *words, str(path)]], dict(os.environ))
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=["cur2", "legacy"])
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="ledger-") as work:
        found = runs(given.kind, given.path, work)
    told = [
        {"program": run.program, "seconds": round(run.seconds, 2), "max_rss_bytes": run.peak_bytes}
        for run in found
    ]
    for run, each in zip(found, told, strict=True):
        print(json.dumps(each))
        if run.program != "frazil":
            print(run.output.strip(), file=sys.stderr)
    ours = next((run for run in found if run.program == "frazil"), None)
    if ours is None:
        return
    for other in found[1:]:
        ratio = {
            "against": other.program,
            "time": round(ours.seconds / other.seconds, 2),
            "memory": round(ours.peak_bytes / other.peak_bytes, 2),
        }
        print(json.dumps(ratio))
    slow = given.kind == "cur2" and ours.seconds > MOST_TIMES * found[1].seconds
    if slow or ours.peak_bytes > MOST_BYTES:
        sys.exit(3)


if __name__ == "__main__":
    main()
