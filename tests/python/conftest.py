"""The Python files are copied beside each other when a hub is made; here they
are found where they lie."""

import sys
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
for room in ("hub", "gateway", "local"):
    sys.path.insert(0, str(TEMPLATES / room))
