"""One measured piece of work in a process of its own."""

import json
import threading
import time
from array import array
from pathlib import Path
from typing import Any

import numpy as np

# Elements of a result that are kept, spread over all of it.
KEPT = 1_000_000
# Seconds from one look at the memory to the next.
PERIOD = 0.01
PROCESS = Path("/proc/self")


class Measured:
    """Seconds, CPU seconds and the memory of what is done within it; of its result a part goes to a file.

    Of memory it tells the most (`peak`), what of it was there `before`, and how much more the most of the second half was
    than that of the first (`rise`). `said` is told with it.
    """

    result: np.ndarray | None = None

    def __init__(self, out: str) -> None:
        self.said: dict[str, Any] = {}
        self._out = out
        self._seen = array("Q")
        self._is_over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._is_over.wait(PERIOD):
            self._seen.append(memory("VmRSS"))

    def __enter__(self) -> "Measured":
        # The kernel forgets the most that there was: see `man 5 proc_pid_clear_refs`.
        (PROCESS / "clear_refs").write_text("5")
        self._before = memory("VmRSS")
        self._watching.start()
        self._cpu, self._begun = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, kind, *_) -> None:
        seconds, cpu = time.perf_counter() - self._begun, time.process_time() - self._cpu
        peak = memory("VmHWM")
        self._is_over.set()
        if kind is not None:
            return
        if self.result is not None:
            flat = self.result.ravel()
            np.save(self._out, flat[:: max(1, len(flat) // KEPT)])
        told = {"seconds": seconds, "cpu": cpu, "peak": peak, "before": self._before, "rise": self._rise()}
        print(json.dumps(told | self.said))

    def _rise(self) -> int:
        half = len(self._seen) // 2
        first, second = self._seen[:half], self._seen[half:]
        return max(0, max(second) - max(first)) if half else 0


def memory(name: str) -> int:
    """Bytes of memory of this process by their name in `/proc/self/status`."""
    lines = (PROCESS / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
