"""Says how long each step took."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import clock


def pytest_terminal_summary(terminalreporter):
    for what, seconds in clock.times:
        terminalreporter.write_line(f"{seconds:7.1f} s  {what}")
