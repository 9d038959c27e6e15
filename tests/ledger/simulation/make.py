"""Makes the simulated month: bills, histories, and what each `frazil cost` of them has to be.

python make.py FOLDER [--seed 1]
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aws
import aws_files
import gcp
import gcp_files
import history
from divide import IDLE, SHARED, Division, Sums, sums
from events import draw
from known import RULES, Known, from_history, from_split_rows
from rows import Line, Row, ledger, text
from world import World


@dataclass
class Month:
    """A drawn month with its bills."""

    world: World
    aws: list[Line]
    split: list[Line]
    gcp: list[Line]
    workloads: list[Line]

    def variants(self) -> Iterator[tuple[str, list[Row], Known]]:
        """Ways to know the same month: rows of a ledger, and what is known of pods."""
        recorded = from_history(self.world)
        bill = ledger(self.aws)
        yield "aws-split-rows", bill, from_split_rows(self.world, self.split)
        yield "aws-history", bill, recorded
        yield "gcp-history", ledger(self.gcp), recorded
        yield "gcp-workloads", ledger(self.workloads), recorded


def month(seed: int) -> Month:
    world = draw(seed)
    bill = gcp.lines_of(world, seed)
    return Month(world, aws.lines_of(world, seed), aws.split_lines(world), bill, gcp.by_workload(bill, world))


def write_bills(made: Month, folder: Path) -> None:
    first = aws.first_delivery(made.aws)
    together = sorted([*made.aws, *made.split], key=lambda line: line.begin)
    aws_files.cur2_parquet(first, folder / "aws/cur2-first-delivery/month.snappy.parquet")
    aws_files.cur2_parquet(made.aws, folder / "aws/cur2/month.snappy.parquet")
    aws_files.cur2_parquet(together, folder / "aws/cur2-split-rows/month.snappy.parquet", with_split=True)
    aws_files.cur2_csv(made.aws, folder / "aws/cur2.csv.gz")
    aws_files.cur2_csv(together, folder / "aws/cur2-split-rows.csv.gz", with_split=True)
    aws_files.legacy_csv(made.aws, folder / "aws/cur-legacy.csv.gz")
    aws_files.focus_csv(made.aws, folder / "aws/focus-1.2.csv")
    gcp_files.export(made.gcp, folder / "gcp/detailed.jsonl")
    gcp_files.export(made.workloads, folder / "gcp/detailed-workloads.jsonl")
    history.write(made.world, folder / "hubs")


def told(found: dict[str, Sums]) -> dict[str, dict[str, list[list[str]]]]:
    """Parts as lists of kind, name and amount, in order; those of nothing are left out."""
    return {
        shared: {
            by: [[*name, text(amount)] for name, amount in sorted(parts.items()) if amount]
            for by, parts in of.items()
        }
        for shared, of in found.items()
    }


def truth(made: Month) -> dict[str, object]:
    variants: dict[str, object] = {}
    for name, rows, known in made.variants():
        modes = ("none",) if name == "gcp-workloads" else SHARED
        rules = {
            rule: {idle: told(sums(division, idle, modes)) for idle in IDLE}
            for rule in RULES
            for division in [Division(rows, known, rule)]
        }
        variants[name] = {"sum": text(sum(row.amount for row in rows)), "rows": len(rows), "rules": rules}
    first = ledger(aws.first_delivery(made.aws))
    return {
        "variants": variants,
        "first_delivery": text(sum(row.amount for row in first)),
        "alone": sorted(made.world.alone),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    made = month(given.seed)
    write_bills(made, given.folder)
    (given.folder / "truth.json").write_text(json.dumps(truth(made), separators=(",", ":")))


if __name__ == "__main__":
    main()
