"""The simulated month is what its README says, and its truth holds where it can be known otherwise."""

import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import check
import make
import month as large
from aws import TAGS_FROM
from divide import Division, divided, sums
from history import lives, samples
from known import from_history
from rows import ledger, pico
from world import END, GIB, HOUR, START, STEP, cut

SEED = 1


def test_parts_are_the_whole_and_what_is_left_goes_to_the_largest_fraction() -> None:
    assert divided(10, [1, 1, 1]) == [4, 3, 3]
    assert divided(-10, [1, 1, 1]) == [-4, -3, -3]
    assert divided(100, [Fraction(1, 7), Fraction(2, 7), Fraction(4, 7)]) == [14, 29, 57]
    assert divided(7, [0, 5, 0]) == [0, 7, 0]
    assert divided(2, [1, 2, 2]) == [0, 1, 1]


def test_the_same_seed_gives_the_same_month(made: make.Month) -> None:
    again = make.month(SEED)
    assert (again.aws, again.split, again.gcp) == (made.aws, made.split, made.gcp)
    assert make.month(SEED + 1).aws != made.aws


def test_pods_lie_within_their_nodes_and_nodes_are_not_overfull(made: make.Month) -> None:
    of_node = defaultdict(list)
    for pod in made.world.pods:
        if pod.node is not None:
            assert pod.scheduled is not None and pod.node.begin <= pod.scheduled < pod.until <= pod.node.end
            assert pod.created <= pod.scheduled
            of_node[pod.node.uid].append((pod.scheduled, pod))
    machines = {node.uid: node.machine for node in made.world.nodes}
    for uid, pods in of_node.items():
        machine = machines[uid]
        for time, _ in pods:
            there = [pod for begin, pod in pods if begin <= time < pod.until]
            assert sum(pod.cpu_millis for pod in there) <= machine.cpu_millis
            assert sum(pod.memory_bytes for pod in there) <= machine.memory_bytes
            assert sum(pod.gpus for pod in there) <= machine.gpus


def test_it_has_what_is_hard_to_divide(made: make.Month) -> None:
    world = made.world
    busy = {pod.node.uid for pod in world.pods if pod.node}
    assert sum(node.uid not in busy for node in world.nodes) == 6
    assert any(node.end - node.begin > 24 * HOUR for node in world.nodes if node.pool == "user")
    assert {node.pool for node in world.nodes if node.spot} == {"dask"}
    assert {line.kind for line in made.aws} == {
        "Usage",
        "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
        "Credit",
        "Refund",
        "Tax",
    }
    assert {line.kind for line in made.gcp} == {"regular", "tax", "adjustment", "rounding_error"}
    assert {kind for line in made.gcp for kind, _, _ in line.credits} == {
        "SUSTAINED_USAGE_DISCOUNT",
        "COMMITTED_USAGE_DISCOUNT",
        "PROMOTION",
        "FREE_TIER",
    }
    assert {len(groups) for groups in world.groups.values()} == {0, 1, 2}
    assert any(line.begin >= TAGS_FROM and not line.tags for line in made.aws)
    spot = {line.price for line in made.aws if "SpotUsage" in line.usage_type}
    assert len(spot) > 100
    people = {pod.user for pod in world.pods if pod.user}
    assert 55 <= len(people) <= 90
    kinds = {
        kind
        for _, rows, known in made.variants()
        for kind, _ in sums(Division(rows, known, "max"), "apart")["none"]["user"]
    }
    assert kinds == {
        "person",
        "idle",
        "shared",
        "foreign",
        "unattributed",
        "credit",
        "refund",
        "tax",
        "fee",
        "rounding",
    }


def test_split_rows_say_what_pods_requested(made: make.Month) -> None:
    pods = {pod.uid: pod for pod in made.world.pods}
    hours: dict[str, Fraction] = defaultdict(Fraction)
    for line in made.split:
        assert line.split is not None and line.end - line.begin == HOUR
        assert line.split.used == max(line.split.reserved, line.split.actual or 0)
        if line.unit == "GB-Hours":
            hours[line.resource.rsplit("/", 1)[1]] += Fraction(line.split.reserved)
    for uid, found in hours.items():
        pod = pods[uid]
        assert pod.scheduled is not None
        wanted = Fraction(pod.memory_bytes * (pod.until - max(pod.scheduled, START)), GIB * HOUR)
        parts = len(list(cut(max(pod.scheduled, START), pod.until, HOUR)))
        assert abs(found - wanted) <= Fraction(parts * (1 + pod.memory_bytes // GIB), 10**10)


def test_samples_say_what_seconds_say(made: make.Month) -> None:
    tide = next(hub for hub in made.world.hubs if hub.name == "tide")
    known, found = from_history(made.world), Fraction(0)
    for series in samples(made.world, tide)["memory_use"]["data"]["result"]:  # type: ignore[index]
        found += sum(Fraction(int(value) * STEP, GIB) for _, value in series["values"])
    for series in samples(made.world, tide)["cpu_use"]["data"]["result"]:  # type: ignore[index]
        found += sum(Fraction(value) * 9 * STEP for _, value in series["values"])
    gpu_nodes = {node.resource for node in made.world.nodes if node.machine.gpus}
    on_gpus = sum(
        Fraction(9 * cpu * (stop - start), 1000) + Fraction(memory * (stop - start), GIB)
        for pod in made.world.pods
        if pod.hub is tide and pod.node and pod.node.resource in gpu_nodes
        for start, stop in pod.spans(HOUR)
        for cpu, memory in [pod.use(start)]
    )
    counted = sum(
        weights["usage"]
        for (_, resource), uses in known.uses.items()
        for pod, weights in uses.items()
        if pod.hub == "tide" and resource not in gpu_nodes
    )
    assert counted + on_gpus == found


def test_the_recorder_writes_each_life_again_when_it_is_over(made: make.Month) -> None:
    for hub in made.world.hubs:
        told: dict[str, list[dict[str, object]]] = defaultdict(list)
        for line in lives(made.world, hub):
            life = json.loads(line)
            told[life["uid"]].append(life)
        assert {len(lines) for lines in told.values()} <= {1, 2}
        assert all(lines[0]["ended"] is None for lines in told.values())
        nodes = [node for node in made.world.nodes if node.hub is hub]
        unknown = [node for node in nodes if node.uid not in told]
        assert bool(unknown) == (hub.name == "reef")
        assert all(node.end <= hub.recorded_from for node in unknown)


def test_the_ledger_keeps_the_bill(made: make.Month) -> None:
    for lines in (made.aws, made.gcp, made.workloads):
        exact = sum((line.cost + sum(amount for _, _, amount in line.credits) for line in lines), Decimal(0))
        assert sum(row.amount for row in ledger(lines)) == pico(exact)
    assert all(START <= line.begin < END for line in made.aws)


def test_what_is_left_is_what_nobody_could_know(made: make.Month) -> None:
    """Unattributed are nodes that went before the recorder came, split rows' nodes without pods, and homes
    before their sizes were known; nothing else."""
    for name, rows, known in made.variants():
        division = Division(rows, known, "request")
        nodes = {node.resource: node for node in made.world.nodes}
        for row in rows:
            if any(part.kind == "unattributed" for part in division.first(row, "apart")):
                node = nodes.get(row.key.resource)
                if node is None:
                    assert row.key.resource == "vol-reefhomes0001" and row.key.day < 2
                elif name == "aws-split-rows":
                    assert not any(pod.node is node for pod in made.world.pods)
                else:
                    assert node.end <= node.hub.recorded_from


def test_files_and_truths_agree(folder: Path, made: make.Month) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    assert list(check.files(folder, truth)) == []
    assert list(check.sums(truth)) == []
    assert list(check.people(truth, made)) == []


def test_a_wrong_truth_is_found(folder: Path, made: make.Month) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    parts = truth["variants"]["aws-history"]["rules"]["max"]["apart"]["none"]["user"]
    alone = next(part for part in parts if part[1].startswith("alone-"))
    alone[-1] = str(float(alone[-1]) + 1)
    assert list(check.sums(truth)) != [] and list(check.people(truth, made)) != []


def test_a_large_month_has_the_lines_that_were_asked_for(tmp_path: Path) -> None:
    assert large.write_parquet(tmp_path, 200_000, SEED) == 200_000
    table = pq.read_table(tmp_path)
    split = table["split_line_item_parent_resource_id"].to_pylist()
    assert sum(bool(parent) for parent in split) / len(split) > 0.2
    assert set(split) - {""} <= set(table["line_item_resource_id"].to_pylist())
    size = large.write_csv(tmp_path / "legacy.csv", 1_000_000, SEED)
    assert size == sum(1 for _ in (tmp_path / "legacy.csv").open()) - 1
