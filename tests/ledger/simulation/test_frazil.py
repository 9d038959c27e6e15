"""`frazil cost` over the simulated month says the truth: every rule, every `--by`, to the last decimal.

Needs FRAZIL, the program.
"""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from check import picos
from divide import BY, IDLE
from known import RULES

FRAZIL = os.environ.get("FRAZIL", "")
pytestmark = pytest.mark.skipif(not FRAZIL, reason="FRAZIL does not say where the program is")

Parts = dict[tuple[str, ...], int]
# Of one question these are told together; of groups alone, since a person's part of a row is divided among them.
TOGETHER = ("hub", "user", "component", "size", "server", "dask-cluster", "service", "region", "day")
SAMPLES = {
    "cpu-request": "cpu_requests",
    "cpu-usage": "cpu_use",
    "memory-request": "memory_requests",
    "memory-usage": "memory_use",
}


@dataclass
class Ledger:
    """A ledger of its own."""

    place: Path

    def run(self, *words: str) -> str:
        command = [FRAZIL, "cost", *words, "--ledger", str(self.place)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def parts(self, by: Iterable[str], **choices: str) -> list[dict[str, str]]:
        words = [word for name, choice in choices.items() for word in (f"--{name}", choice)]
        told = json.loads(self.run("--by", ",".join(by), *words, "-o", "json"))
        (currency,) = told["currencies"]
        return currency["parts"]  # type: ignore[no-any-return]


def read(folder: Path, place: Path, bill: str, hubs: tuple[str, ...], recorded: bool) -> Ledger:
    """A bill, and what each hub tells."""
    ledger = Ledger(place)
    ledger.run("read", str(folder / bill))
    for hub in hubs:
        own = folder / "hubs" / hub
        words = ["--homes", str(own / "home_sizes.json"), "--groups", str(own / "user_group_info.json")]
        if recorded:
            words += ["--history", str(own / "history.jsonl")]
            for metric, name in SAMPLES.items():
                if (own / f"{name}.json").exists():
                    words += ["--prometheus", f"{metric}={own / name}.json"]
        ledger.run("read", *words, "--hub", hub)
    return ledger


@pytest.fixture(scope="session")
def truth(folder: Path) -> Any:
    return json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="session")
def ledgers(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ledger]:
    place = tmp_path_factory.mktemp("ledgers")
    aws, gcp = ("reef", "tide"), ("kelp",)
    return {
        "aws-split-rows": read(folder, place / "split", "aws/cur2-split-rows", aws, False),
        "aws-history": read(folder, place / "history", "aws/cur2", aws, True),
        "gcp-history": read(folder, place / "gcp", "gcp/detailed.jsonl", gcp, True),
        "gcp-workloads": read(folder, place / "workloads", "gcp/detailed-workloads.jsonl", gcp, True),
    }


def server(name: tuple[str, ...]) -> tuple[str, ...]:
    """A server is told as one text: its pod, and the minute of its start where that is known."""
    kind, _, pod, _, start = name
    return kind, f"{pod} {start[:16].replace('T', ' ')}".strip()


def wanted(truth: Any, variant: str, rule: str, idle: str, shared: str, by: str) -> Parts:
    found: Parts = defaultdict(int)
    for *name, amount in truth["variants"][variant]["rules"][rule][idle][shared][by]:
        key = server(tuple(name)) if by == "server" else tuple(name)
        found[key] += picos(amount)
    return {key: amount for key, amount in found.items() if amount}


def told(parts: list[dict[str, str]], by: str, variant: str) -> Parts:
    found: Parts = defaultdict(int)
    for part in parts:
        names = [part[name] or "" for name in by.split("+")]
        if by == "server" and variant == "aws-split-rows":
            # Split rows tell no start, so that the day stands for it; the truth has none.
            names = [names[0].split(" ")[0]]
        found[part["kind"], *names] += picos(part["amount"])
    return {key: amount for key, amount in found.items() if amount}


def differences(found: Parts, truth: Parts) -> list[str]:
    keys = sorted({*found, *truth})
    return [
        f"{key}: {found.get(key, 0)} is not {truth.get(key, 0)}"
        for key in keys
        if found.get(key, 0) != truth.get(key, 0)
    ]


@pytest.mark.parametrize("variant", ["aws-split-rows", "aws-history", "gcp-history", "gcp-workloads"])
def test_every_rule_is_the_truth(variant: str, truth: Any, ledgers: dict[str, Ledger]) -> None:
    rules = truth["variants"][variant]["rules"]
    asked = [(rule, idle, shared) for rule in RULES for idle in IDLE for shared in rules[rule][idle]]

    def wrong(choice: tuple[str, str, str]) -> list[str]:
        rule, idle, shared = choice
        choices = {"rule": rule, "idle": idle, "shared": shared}
        together = ledgers[variant].parts(TOGETHER, **choices)
        of_groups = ledgers[variant].parts(["group"], **choices)
        return [
            f"{rule} {idle} {shared} by {by}: {each}"
            for by in BY
            for each in differences(
                told(of_groups if by == "group" else together, by, variant),
                wanted(truth, variant, rule, idle, shared, by),
            )
        ]

    with ThreadPoolExecutor(2) as pool:
        found = [each for some in pool.map(wrong, asked) for each in some]
    assert not found, f"{len(found)} wrong\n" + "\n".join(found[:20])


@pytest.mark.parametrize("by", [each for each in BY if "+" not in each])
def test_each_by_alone_is_the_truth(by: str, truth: Any, ledgers: dict[str, Ledger]) -> None:
    for variant, ledger in ledgers.items():
        found = told(ledger.parts([by], rule="max", idle="apart", shared="none"), by, variant)
        assert not differences(found, wanted(truth, variant, "max", "apart", "none", by)), variant


def test_a_corrected_month_replaces_the_first_delivery(folder: Path, truth: Any, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    sums = []
    for delivery in ["aws/cur2-first-delivery", "aws/cur2", "aws/cur2"]:
        (bill,) = json.loads(ledger.run("read", str(folder / delivery), "-o", "json"))["bills"]
        sums.append(picos(bill["sums"][0]["billed"]))
    corrected = picos(truth["variants"]["aws-history"]["sum"])
    assert sums == [picos(truth["first_delivery"]), corrected, corrected]


@pytest.mark.parametrize("bill", ["aws/cur2.csv.gz", "aws/cur-legacy.csv.gz", "aws/focus-1.2.csv"])
def test_the_same_month_in_another_format_has_the_same_sum(
    bill: str, folder: Path, truth: Any, tmp_path: Path
) -> None:
    read = json.loads(Ledger(tmp_path / "ledger").run("read", str(folder / bill), "-o", "json"))
    found = sum(picos(each["billed"]) for of in read["bills"] for each in of["sums"])
    assert found == picos(truth["variants"]["aws-history"]["sum"])
