"""A reader as a process: it is ready before the clock begins, and tells what it found when its work is done."""

import argparse
import inspect
import json
import os
import time
from collections.abc import Callable

Reader = Callable[[str], tuple[Callable[[str], dict], object]]
"""By a work: what does it at an address, and frazil where it counts."""


def run(readers: dict[str, Reader]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=readers)
    parser.add_argument("work")
    parser.add_argument("address")
    parser.add_argument("--cores", type=int)
    given = parser.parse_args()
    if given.cores:
        # Before anything is imported that counts the cores.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    reader = readers[given.reader]
    read, frazil = reader(given.work)
    began = time.perf_counter()
    found = read(given.address)
    seconds = time.perf_counter() - began
    told = {"seconds": seconds, "work": inspect.getdoc(reader), "found": found}
    if frazil:
        counted = frazil.io_stats().total
        told["counted"] = {"requests": counted.requests, "received": counted.received}
    print(json.dumps(told))
