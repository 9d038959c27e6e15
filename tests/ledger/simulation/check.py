"""Checks a folder that make.py made: files against the truth, and the truth against itself.

    python check.py FOLDER [--seed 1]

It reads the files again with readers of their own and says of each whether its sum is the bill's.
"""

import argparse
import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from divide import BY, IDLE
from known import RULES
from make import Month, month
from rows import pico, text
from trivial import costs

Truth = dict[str, Any]


def picos(amount: str) -> int:
    return int(Decimal(amount).scaleb(12))


def parquet_sum(path: Path) -> Decimal:
    column = pq.read_table(path, columns=["line_item_unblended_cost"])["line_item_unblended_cost"]
    return sum((Decimal(repr(cost)) for cost in column.to_pylist()), Decimal(0))


def csv_sum(column: str) -> Callable[[Path], Decimal]:
    def of(path: Path) -> Decimal:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return sum((Decimal(row[column]) for row in csv.DictReader(data.decode().splitlines())), Decimal(0))

    return of


def export_sum(path: Path) -> Decimal:
    found = Decimal(0)
    with path.open() as file:
        for line in file:
            row = json.loads(line, parse_float=Decimal)
            found += Decimal(row["cost"]) + sum(
                (Decimal(each["amount"]) for each in row["credits"]), Decimal(0)
            )
    return found


FILES: list[tuple[str, str, Callable[[Path], Decimal]]] = [
    ("aws/cur2/month.snappy.parquet", "aws-history", parquet_sum),
    ("aws/cur2-split-rows/month.snappy.parquet", "aws-split-rows", parquet_sum),
    ("aws/cur2.csv.gz", "aws-history", csv_sum("line_item_unblended_cost")),
    ("aws/cur2-split-rows.csv.gz", "aws-split-rows", csv_sum("line_item_unblended_cost")),
    ("aws/cur-legacy.csv.gz", "aws-history", csv_sum("lineItem/UnblendedCost")),
    ("aws/focus-1.2.csv", "aws-history", csv_sum("BilledCost")),
    ("gcp/detailed.jsonl", "gcp-history", export_sum),
    ("gcp/detailed-workloads.jsonl", "gcp-workloads", export_sum),
]


def files(folder: Path, truth: Truth) -> Iterator[str]:
    """Files whose sum is not that of the bill."""
    for name, variant, of in FILES:
        found, wanted = of(folder / name), truth["variants"][variant]["sum"]
        if pico(found) != picos(wanted):
            yield f"{name}: {found} is not {wanted}"
    first = parquet_sum(folder / "aws/cur2-first-delivery/month.snappy.parquet")
    if pico(first) != picos(truth["first_delivery"]):
        yield f"first delivery: {first} is not {truth['first_delivery']}"


def combinations(truth: Truth) -> Iterator[tuple[str, str, str, str, str, list[list[str]]]]:
    for variant, found in truth["variants"].items():
        for rule in RULES:
            for idle in IDLE:
                for shared, of in found["rules"][rule][idle].items():
                    for by in BY:
                        yield variant, rule, idle, shared, by, of[by]


def sums(truth: Truth) -> Iterator[str]:
    """Ways to divide whose parts are not the bill."""
    for variant, rule, idle, shared, by, parts in combinations(truth):
        found, wanted = sum(picos(part[-1]) for part in parts), picos(truth["variants"][variant]["sum"])
        if found != wanted:
            yield f"{variant} {rule} {idle} {shared} by {by}: {text(found)} is not {text(wanted)}"


def people(truth: Truth, made: Month) -> Iterator[str]:
    """People whose cost is known without dividing and is another. Split rows tell of the machine, not of what
    pods may use of it, so that such a person's node is whole only without idle."""
    bills = {
        "aws-split-rows": (made.aws, False),
        "aws-history": (made.aws, True),
        "gcp-history": (made.gcp, True),
        "gcp-workloads": (made.workloads, True),
    }
    for variant, (lines, only_recorded) in bills.items():
        wanted = costs(made.world, lines, only_recorded)
        if not wanted:
            yield f"{variant}: nobody is alone"
        for rule in RULES:
            for idle in IDLE if only_recorded else ("shared",):
                parts = truth["variants"][variant]["rules"][rule][idle]["none"]["user"]
                found = {user: picos(amount) for kind, user, amount in parts if kind == "person"}
                for user, cost in wanted.items():
                    if found.get(user) != cost:
                        yield f"{variant} {rule} {idle}: {user} is {found.get(user)}, not {cost}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    truth = json.loads((given.folder / "truth.json").read_text())
    wrong = [*files(given.folder, truth), *sums(truth), *people(truth, month(given.seed))]
    for each in wrong:
        print(each, file=sys.stderr)
    print(
        f"{len(FILES) + 1} files, {sum(1 for _ in combinations(truth))} ways to divide, "
        f"{len(truth['alone'])} people: {len(wrong)} wrong"
    )
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
