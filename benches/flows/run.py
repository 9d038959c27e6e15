"""Runs the reader of flow logs and DuckDB over the same files, and prints what each took.

    FLOWS=PROGRAM python run.py FOLDER [--times 3]

Seconds are of the whole process, the least of all times, by the clock and of the processors (which tell more
where others use the machine too); memory is its largest resident set. Both must find the
same bytes. Exit code 3: the reader took longer than DuckDB, or more than 200 MB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
MOST_BYTES = 200_000_000


def measured(name: str, command: list[str], times: int) -> dict:
    seconds, cpu, peak, found = [], [], 0, {}
    for _ in range(times):
        with tempfile.TemporaryFile("w+") as out:
            began = time.monotonic()
            process = subprocess.Popen(command, stdout=out)
            _, status, used = os.wait4(process.pid, 0)
            seconds.append(time.monotonic() - began)
            # What wait4 took is not there for Popen to wait for.
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read()
        if process.returncode != 0:
            sys.exit(f"{name} ended with {process.returncode}: {text}")
        cpu.append(used.ru_utime + used.ru_stime)
        peak = max(peak, used.ru_maxrss * 1024)
        found = json.loads(text)
    took = {"seconds": round(min(seconds), 2), "cpu_seconds": round(min(cpu), 2), "max_rss_bytes": peak}
    return {"program": name, **took, "found": found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    ours = measured("frazil", [os.environ["FLOWS"], str(given.folder)], given.times)
    other = measured("duckdb", [sys.executable, str(HERE / "in_duckdb.py"), str(given.folder)], given.times)
    print(json.dumps(ours))
    print(json.dumps(other))
    same = all(ours["found"][what] == other["found"][what] for what in ("records", "sent", "received"))
    ratio = {
        "bytes": sum(path.stat().st_size for path in given.folder.iterdir()),
        "time": round(ours["seconds"] / other["seconds"], 3),
        "cpu": round(ours["cpu_seconds"] / other["cpu_seconds"], 3),
        "memory": round(ours["max_rss_bytes"] / other["max_rss_bytes"], 3),
        "same": same,
    }
    print(json.dumps(ratio))
    if not same:
        sys.exit("they found different bytes")
    if ratio["time"] > 1 or ours["max_rss_bytes"] > MOST_BYTES:
        sys.exit(3)


if __name__ == "__main__":
    main()
