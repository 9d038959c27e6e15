"""One measured piece of work in a process of its own."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np

# Elements of a result that are kept, spread over all of it.
KEPT = 1_000_000


class Measured:
    """Seconds, CPU seconds and the most memory of what is done within it; of its result a part goes to a file."""

    result: np.ndarray | None = None

    def __init__(self, out: str) -> None:
        self._out = out
        self._peak = 0
        self._is_over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._is_over.wait(0.01):
            self._peak = max(self._peak, int(Path("/proc/self/statm").read_text().split()[1]) * page)

    def __enter__(self) -> "Measured":
        self._watching.start()
        self._cpu, self._begun = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, kind, *_) -> None:
        seconds, cpu = time.perf_counter() - self._begun, time.process_time() - self._cpu
        self._is_over.set()
        if kind is not None:
            return
        if self.result is not None:
            flat = self.result.ravel()
            np.save(self._out, flat[:: max(1, len(flat) // KEPT)])
        print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": self._peak}))
