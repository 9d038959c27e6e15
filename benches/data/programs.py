"""The programs that are compared, as processes that are measured and, if so wanted, killed."""

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from standin import Standin

HERE = Path(__file__).parent
REDIRECTS = ["301", "302", "303", "307"]
# Times that a program is called again after it failed by itself.
MOST_FAILURES = 30


@dataclass(frozen=True)
class Kills:
    """How often a program is killed, and after how many seconds about; which is by the seed."""

    times: int
    every: float
    seed: int

    def waits(self) -> list[float]:
        drawn = random.Random(self.seed)
        return [self.every * drawn.uniform(0.5, 1.5) for _ in range(self.times)]


@dataclass
class Attempt:
    """One process: its end, what it said, what it used."""

    code: int
    out: str
    err: str
    cpu_seconds: float
    peak_bytes: int


def python(program: str, *words: str) -> list[str]:
    return [sys.executable, str(HERE / f"in_{program}.py"), *words]


def frazil(*words: str) -> list[str] | None:
    """The command line of frazil, where FRAZIL says which program it is."""
    program = os.environ.get("FRAZIL")
    return [program, "data", *words] if program else None


def attempt(command: list[str], environment: dict[str, str], limit: float | None) -> Attempt:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        ends = None if limit is None else time.monotonic() + limit
        while True:
            done, status, used = os.wait4(process.pid, 0 if ends is None else os.WNOHANG)
            if done:
                break
            if time.monotonic() > ends:
                process.kill()
                ends = None
            time.sleep(0.02)
        # What wait4 took is not there for Popen to wait for.
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        used_seconds = used.ru_utime + used.ru_stime
        return Attempt(process.returncode, out.read(), err.read(), used_seconds, used.ru_maxrss * 1024)


def told(last: Attempt) -> dict:
    """What a program says that it did: a line of JSON, or the number of finds that frazil tells."""
    if last.code:
        return {"failed": (last.err.strip().splitlines() or [f"exit code {last.code}"])[-1]}
    line = (last.out.strip().splitlines() or [""])[-1]
    if line.startswith("{") and line.endswith("}"):
        return json.loads(line)
    count = re.search(r"(\d+) found", last.err)
    return {"found": int(count[1])} if count else {}


def measured(program: str, command: list[str], world: Standin, kills: Kills | None = None) -> dict:
    """Runs a program until it ends well: killed as often as wanted, called again when it fails."""
    world.control("POST", "/reset")
    attempts: list[Attempt] = []
    waits = kills.waits() if kills else []
    failures = 0
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        environment = world.environment(home)
        began = time.monotonic()
        while True:
            limit = waits.pop(0) if waits else None
            attempts.append(attempt(command, environment, limit))
            killed = attempts[-1].code == -9
            if attempts[-1].code == 0 or not kills and not killed:
                break
            failures += not killed
            if failures > MOST_FAILURES:
                break
        seconds = time.monotonic() - began
    seen = world.control("GET", "/counters")["all"]
    found = {"program": program, **told(attempts[-1])}
    if kills:
        found |= {"killed": sum(one.code == -9 for one in attempts), "failed_calls": failures}
    return found | {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(sum(one.cpu_seconds for one in attempts), 2),
        "max_rss_mb": round(max(one.peak_bytes for one in attempts) / 1e6),
        "requests": seen["requests"],
        "redirects": sum(seen["statuses"].get(status, 0) for status in REDIRECTS),
        "body_mb": round(seen["body_bytes"] / 1e6, 1),
        "connections": seen["connections"],
    }
