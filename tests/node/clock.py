"""The time of each step."""

import contextlib
import time

times = []


@contextlib.contextmanager
def step(what):
    begun = time.monotonic()
    yield
    times.append((what, time.monotonic() - begun))
