"""Says what PyYAML reads in files: one line of JSON for each, a list of its documents."""

import json
import sys

import yaml

for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8", newline="") as file:
        # What is no JSON (a date, bytes) shows as Python writes it.
        print(json.dumps(list(yaml.safe_load_all(file)), default=repr))
