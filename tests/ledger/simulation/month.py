"""Writes a large month of a bill: CUR 2.0 as Parquet, or legacy CUR as CSV.

Most lines are split cost allocation rows, two for each pod and hour. Chunks of a day are made and
written one after another, so that memory does not grow with the month. The same seed and number of
lines give the same values.

    python month.py --lines 10000000 --out /tmp/ledger-bench/cur2
    python month.py --format legacy --bytes 2000000000 --out /tmp/ledger-bench/legacy.csv
"""

import argparse
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

START = dt.datetime(2026, 11, 1)
DAYS = 30
NODES = 200
USERS = 900
ACCOUNT = "210987654321"
REGION = "us-west-2"
HUBS = ("reef", "tide")
POOLS = ("user", "dask", "core")
# Type, vCPU, GiB, USD an hour on demand.
MACHINES = (
    ("r7i.2xlarge", 8, 64, 0.5292),
    ("m6i.4xlarge", 16, 64, 0.768),
    ("r7i.large", 2, 16, 0.1323),
)
# Lines of a day and hub that are neither nodes nor pods: service, usage type, operation, unit, cost, how many.
OTHERS = (
    ("AmazonEKS", "USW2-AmazonEKS-Hours:perCluster", "CreateOperation", "Hours", 0.1, 24),
    ("AWSELB", "USW2-LoadBalancerUsage", "LoadBalancing:Network", "Hrs", 0.0225, 24),
    ("AmazonEC2", "USW2-EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "GB-Mo", 0.08, 24),
    ("AmazonEC2", "USW2-DataTransfer-Out-Bytes", "RunInstances", "GB", 0.013, 100),
    ("AmazonS3", "USW2-Requests-Tier1", "PutObject", "Requests", 0.0007, 40),
    ("AmazonVPC", "USW2-PublicIPv4:InUseAddress", "AllocateAddressVPC", "Hrs", 0.005, 24),
)
TAGS = (
    "user_frazil_hub",
    "user_frazil_pool",
    "aws_eks_cluster_name",
    "aws_eks_namespace",
    "aws_eks_node",
    "aws_eks_workload_type",
    "aws_eks_workload_name",
    "user_hub_jupyter_org_username",
)
PRODUCT = ("vcpu", "memory", "physical_processor", "group")
ROWS_OF_A_GROUP = 1 << 17
ROWS_OF_A_FILE = 1 << 20


class Words:
    """Texts by number, the empty text being 0; `take` gives a column of them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}
        self._array: pa.Array | None = None

    def number(self, text: str) -> int:
        self._array = None
        return self._numbers.setdefault(text, len(self._numbers))

    def numbers(self, texts: list[str]) -> Ints:
        return np.array([self.number(text) for text in texts], dtype=np.int64)

    def take(self, numbers: Ints) -> pa.Array:
        if self._array is None:
            self._array = pa.array(list(self._numbers), pa.string())
        return self._array.take(pa.array(numbers))


@dataclass(frozen=True)
class Rows:
    """Lines of one kind of one day; texts are numbers of `Words`."""

    hour: Ints
    service: Ints
    usage_type: Ints
    operation: Ints
    unit: Ints
    resource: Ints
    parent: Ints
    machine: Ints
    vcpu: Ints
    memory: Ints
    tags: Ints  # one column a tag
    amount: Floats
    cost: Floats
    reserved: Floats
    actual: Floats
    share: Floats

    def __len__(self) -> int:
        return len(self.hour)


def joined(parts: list[Rows]) -> Rows:
    names = Rows.__dataclass_fields__
    return Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def cut(rows: Rows, picked: Ints) -> Rows:
    return Rows(**{name: getattr(rows, name)[picked] for name in Rows.__dataclass_fields__})


@dataclass(frozen=True)
class Nodes:
    """The nodes of a day."""

    resource: Ints
    name: Ints
    hub: Ints
    pool: Ints
    kind: Ints
    spot: npt.NDArray[np.bool_]


def nodes_of(day: int, words: Words) -> Nodes:
    numbers = list(range(NODES))
    # Four of five nodes are another day's as well.
    ids = [f"i-{(number + (day * NODES // 5)) * 2654435761 % (1 << 68):017x}" for number in numbers]
    kind = np.arange(NODES) % 10
    kind = np.where(kind < 5, 0, np.where(kind < 9, 1, 2))
    return Nodes(
        resource=words.numbers(ids),
        name=words.numbers([f"ip-10-0-{number // 250}-{number % 250}.ec2.internal" for number in numbers]),
        hub=np.arange(NODES) % len(HUBS),
        pool=kind,
        kind=kind,
        spot=kind == 1,
    )


def node_rows(nodes: Nodes, words: Words, random: np.random.Generator) -> Rows:
    """A line an hour for each node."""
    each = np.repeat(np.arange(NODES), 24)
    count = len(each)
    hour = np.tile(np.arange(24), NODES)
    price = np.array([machine[3] for machine in MACHINES])[nodes.kind[each]]
    spot = nodes.spot[each]
    price = np.where(spot, price * (0.3 + 0.1 * random.random(count)), price)
    usage = [
        [words.number(f"USW2-{how}:{machine[0]}") for how in ("BoxUsage", "SpotUsage")]
        for machine in MACHINES
    ]
    usage_type = np.array(usage)[nodes.kind[each], spot.astype(int)]
    operation = np.where(spot, words.number("RunInstances:SV001"), words.number("RunInstances"))
    zeros = np.zeros(count)
    return Rows(
        hour=hour,
        service=np.full(count, words.number("AmazonEC2")),
        usage_type=usage_type,
        operation=operation,
        unit=np.full(count, words.number("Hrs")),
        resource=nodes.resource[each],
        parent=np.zeros(count, np.int64),
        machine=words.numbers([machine[0] for machine in MACHINES])[nodes.kind[each]],
        vcpu=words.numbers([str(machine[1]) for machine in MACHINES])[nodes.kind[each]],
        memory=words.numbers([f"{machine[2]} GiB" for machine in MACHINES])[nodes.kind[each]],
        tags=node_tags(nodes, each, words),
        amount=np.ones(count),
        cost=np.round(price, 10),
        reserved=zeros,
        actual=zeros,
        share=zeros,
    )


def node_tags(nodes: Nodes, each: Ints, words: Words) -> Ints:
    tags = np.zeros((len(each), len(TAGS)), np.int64)
    tags[:, 0] = words.numbers(list(HUBS))[nodes.hub[each]]
    tags[:, 1] = words.numbers(list(POOLS))[nodes.pool[each]]
    tags[:, 2] = tags[:, 0]
    return tags


def other_rows(words: Words, random: np.random.Generator) -> Rows:
    """Lines of everything else, some without tags."""
    parts = []
    for number, hub in enumerate(HUBS):
        for service, usage_type, operation, unit, cost, count in OTHERS:
            tags = np.zeros((count, len(TAGS)), np.int64)
            tagged = random.random(count) < 0.95
            tags[:, 0] = np.where(tagged, words.number(hub), 0)
            zeros, none = np.zeros(count), np.zeros(count, np.int64)
            parts.append(
                Rows(
                    hour=np.arange(count) % 24,
                    service=np.full(count, words.number(service)),
                    usage_type=np.full(count, words.number(usage_type)),
                    operation=np.full(count, words.number(operation)),
                    unit=np.full(count, words.number(unit)),
                    resource=np.full(
                        count, words.number(f"arn:aws:{service.lower()}:{REGION}:{ACCOUNT}:{number}/{hub}")
                    ),
                    parent=none,
                    machine=none,
                    vcpu=none,
                    memory=none,
                    tags=tags,
                    amount=np.ones(count),
                    cost=np.round(cost * (0.5 + random.random(count)), 10),
                    reserved=zeros,
                    actual=zeros,
                    share=zeros,
                )
            )
    return joined(parts)


def split_rows(day: int, wanted: int, nodes: Nodes, words: Words, random: np.random.Generator) -> Rows:
    """Two lines an hour for each pod: slots of nodes, in each of which pods follow one another."""
    hours = -(-wanted // 2)
    slots = -(-hours // 24)
    slot = np.repeat(np.arange(slots), 24)[:hours]
    hour = np.tile(np.arange(24), slots)[:hours]
    node = slot % NODES
    length = 2 + slot * 7 % 11
    turn = hour // length
    name, pod, user, size = pods_of(day, slot, turn, nodes.hub[node], words)
    cpu = np.array([0.04, 0.1, 0.2, 0.4, 0.02])[size]
    memory = np.array([0.2, 0.4, 0.8, 1.6, 0.0625])[size]
    busy = 0.05 + 1.2 * random.random(hours)
    tags = node_tags(nodes, node, words)
    tags[:, 3] = tags[:, 0]
    tags[:, 4] = nodes.name[node]
    tags[:, 5] = words.number("Pod")
    tags[:, 6] = name
    tags[:, 7] = user
    parts = []
    for kind, unit, reserved in (("vCPU", "vCPU-Hours", cpu), ("GB", "GB-Hours", memory)):
        zeros, none = np.zeros(hours), np.zeros(hours, np.int64)
        parts.append(
            Rows(
                hour=hour,
                service=np.full(hours, words.number("AmazonEKS")),
                usage_type=np.full(hours, words.number(f"USW2-EKS-EC2-{kind}-Hours")),
                operation=np.full(hours, words.number("EKSPod-EC2")),
                unit=np.full(hours, words.number(unit)),
                resource=pod,
                parent=nodes.resource[node],
                machine=none,
                vcpu=none,
                memory=none,
                tags=tags,
                amount=zeros,
                cost=zeros,
                reserved=reserved,
                actual=np.round(reserved * busy, 6),
                share=np.round(0.001 + 0.05 * random.random(hours), 10),
            )
        )
    return joined(parts)


def pods_of(day: int, slot: Ints, turn: Ints, hub: Ints, words: Words) -> tuple[Ints, Ints, Ints, Ints]:
    """Names, resources, people and sizes of the pods in slots; one of six pods is nobody's."""
    both = slot * 24 + turn
    distinct, index = np.unique(both, return_inverse=True)
    first = np.zeros(len(distinct), np.int64)
    first[index] = hub
    numbers = (distinct * 40503 + day * 7919) % USERS
    nobody = distinct % 6 == 0
    names = [
        f"kube-proxy-{each:x}" if none else f"jupyter-person-{number}"
        for each, number, none in zip(distinct, numbers, nobody, strict=True)
    ]
    pods = [
        f"arn:aws:eks:{REGION}:{ACCOUNT}:pod/{HUBS[which]}/{'kube-system' if none else HUBS[which]}/{name}/"
        f"{day:08x}-{each & 0xFFFF:04x}-4000-8000-{each * 2654435761 % (1 << 48):012x}"
        for each, which, name, none in zip(distinct, first, names, nobody, strict=True)
    ]
    people = np.where(nobody, 0, words.numbers([f"person-{number}" for number in range(USERS)])[numbers])
    sizes = np.where(nobody, 4, numbers % 4)
    return words.numbers(names)[index], words.numbers(pods)[index], people[index], sizes[index]


def day_of(day: int, lines: int, seed: int) -> tuple[Rows, Words]:
    """The lines of a day, by hour as AWS delivers them."""
    random = np.random.default_rng([seed, day])
    words = Words()
    nodes = nodes_of(day, words)
    parts = [node_rows(nodes, words, random), other_rows(words, random)]
    missing = lines - sum(len(part) for part in parts)
    if missing > 1:
        parts.append(split_rows(day, missing, nodes, words, random))
    rows = joined(parts)
    order = np.argsort(rows.hour, kind="stable")[:lines]
    return cut(rows, order), words


def identities(count: int, random: np.random.Generator) -> pa.Array:
    """Line item ids: 52 letters of base 32."""
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)
    data = letters[random.integers(0, 32, (count, 52), dtype=np.uint8)]
    offsets = np.arange(0, 52 * (count + 1), 52, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))


def map_of(keys: tuple[str, ...], values: Ints, words: Words) -> pa.Array:
    """A map with an entry for each value that is not empty."""
    there = values != 0
    offsets = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
    names = pa.array(keys).take(pa.array(np.nonzero(there)[1]))
    return pa.MapArray.from_arrays(pa.array(offsets), names, words.take(values[there]))


def constant(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)


def optional(values: Floats, there: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~there)


def cur2(rows: Rows, words: Words, day: int, seed: int) -> pa.Table:
    """Lines as CUR 2.0 has them."""
    count = len(rows)
    random = np.random.default_rng([seed, day, 1])
    begin = np.datetime64(START + dt.timedelta(days=day), "ms") + rows.hour.astype("timedelta64[h]")
    split = rows.parent != 0
    product = np.stack(
        [
            rows.vcpu,
            rows.memory,
            np.where(rows.machine != 0, words.number("Intel Xeon Platinum 8488C"), 0),
            np.zeros(count, np.int64),
        ],
        axis=1,
    )
    month = pa.repeat(pa.scalar(START, pa.timestamp("ms")), count)
    end = pa.repeat(pa.scalar(START + dt.timedelta(days=DAYS), pa.timestamp("ms")), count)
    interval = [
        f"{(START + dt.timedelta(days=day, hours=h)).isoformat()}Z/{(START + dt.timedelta(days=day, hours=h + 1)).isoformat()}Z"
        for h in range(24)
    ]
    whole = rows.reserved + rows.actual
    used = np.maximum(rows.reserved, rows.actual)
    columns = {
        "bill_bill_type": constant("Anniversary", count),
        "bill_billing_entity": constant("AWS", count),
        "bill_billing_period_end_date": end,
        "bill_billing_period_start_date": month,
        "bill_payer_account_id": constant(ACCOUNT, count),
        "identity_line_item_id": identities(count, random),
        "identity_time_interval": pa.array(interval).take(pa.array(rows.hour)),
        "line_item_availability_zone": constant(f"{REGION}a", count),
        "line_item_currency_code": constant("USD", count),
        "line_item_legal_entity": constant("Amazon Web Services, Inc.", count),
        "line_item_line_item_type": constant("Usage", count),
        "line_item_operation": words.take(rows.operation),
        "line_item_product_code": words.take(rows.service),
        "line_item_resource_id": words.take(rows.resource),
        "line_item_unblended_cost": pa.array(rows.cost),
        "line_item_unblended_rate": constant("", count),
        "line_item_usage_account_id": constant(ACCOUNT, count),
        "line_item_usage_amount": pa.array(rows.amount),
        "line_item_usage_end_date": pa.array(begin + np.timedelta64(1, "h")),
        "line_item_usage_start_date": pa.array(begin),
        "line_item_usage_type": words.take(rows.usage_type),
        "pricing_public_on_demand_cost": pa.array(np.round(rows.cost * 1.5, 10)),
        "pricing_unit": words.take(rows.unit),
        "product": map_of(PRODUCT, product, words),
        "product_instance_type": words.take(rows.machine),
        "product_region_code": constant(REGION, count),
        "product_servicecode": words.take(rows.service),
        "reservation_effective_cost": pa.nulls(count, pa.float64()),
        "resource_tags": map_of(TAGS, rows.tags, words),
        "savings_plan_savings_plan_effective_cost": pa.nulls(count, pa.float64()),
        "split_line_item_actual_usage": optional(rows.actual, split),
        "split_line_item_parent_resource_id": words.take(rows.parent),
        "split_line_item_public_on_demand_split_cost": optional(
            np.round(rows.share * whole * 1.5, 10), split
        ),
        "split_line_item_public_on_demand_unused_cost": optional(np.round(rows.share * 0.15, 10), split),
        "split_line_item_reserved_usage": optional(rows.reserved, split),
        "split_line_item_split_cost": optional(np.round(rows.share * whole, 10), split),
        "split_line_item_split_usage": optional(used, split),
        "split_line_item_split_usage_ratio": optional(rows.share, split),
        "split_line_item_unused_cost": optional(np.round(rows.share * 0.1, 10), split),
    }
    return pa.table(columns)


def legacy(rows: Rows, words: Words, day: int, seed: int) -> pa.Table:
    """Lines as the legacy CUR has them: a column for each tag, all as text."""
    table = cur2(rows, words, day, seed)
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        kind = table.schema.field(name).type
        if pa.types.is_map(kind) or name.startswith("reservation"):
            continue
        column = table[name]
        if pa.types.is_timestamp(kind):
            column = pa.compute.strftime(column.cast(pa.timestamp("s")), "%Y-%m-%dT%H:%M:%SZ")
        room = next(
            each
            for each in (
                "bill",
                "identity",
                "line_item",
                "pricing",
                "product",
                "savings_plan",
                "split_line_item",
            )
            if name.startswith(each + "_")
        )
        words_of = name.removeprefix(room + "_").split("_")
        title = "".join(word.capitalize() for word in words_of)
        first, *rest = room.split("_")
        title = title[:1].lower() + title[1:] if room == "product" else title
        columns[first + "".join(word.capitalize() for word in rest) + "/" + title] = column
    for number, tag in enumerate(TAGS):
        named = tag.replace("user_frazil_", "user:frazil:").replace("aws_eks_", "aws:eks:")
        columns["resourceTags/" + named] = words.take(rows.tags[:, number])
    return pa.table(columns)


def chunks(lines: int, seed: int) -> Iterator[tuple[int, Rows, Words]]:
    for day in range(DAYS):
        share = lines * (day + 1) // DAYS - lines * day // DAYS
        rows, words = day_of(day, share, seed)
        yield day, rows, words


def write_parquet(folder: Path, lines: int, seed: int) -> int:
    """Writes files of about a million rows, Snappy, and tells how many rows there are."""
    folder.mkdir(parents=True, exist_ok=True)
    written, number, writer = 0, 0, None
    for day, rows, words in chunks(lines, seed):
        table = cur2(rows, words, day, seed)
        if writer is None:
            number += 1
            path = folder / f"month-{number:05}.snappy.parquet"
            writer, of_file = pq.ParquetWriter(path, table.schema, compression="snappy"), 0
        writer.write_table(table, row_group_size=ROWS_OF_A_GROUP)
        written += len(table)
        of_file += len(table)
        if of_file >= ROWS_OF_A_FILE:
            writer.close()
            writer = None
    if writer is not None:
        writer.close()
    return written


def write_csv(path: Path, size: int, seed: int) -> int:
    """Writes days until the file has a size, over and over the month where one is too short."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written, day = 0, 0
    options = pacsv.WriteOptions(quoting_style="needed")
    with path.open("wb") as file:
        while file.tell() < size:
            rows, words = day_of(day % DAYS, 100_000, seed + day // DAYS)
            options.include_header = day == 0
            table = legacy(rows, words, day % DAYS, seed + day // DAYS)
            pacsv.write_csv(table, file, options)
            written += len(rows)
            day += 1
    return written


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--format", choices=["cur2", "legacy"], default="cur2")
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--bytes", type=int, default=2_000_000_000, help="of the CSV")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    if given.format == "cur2":
        lines = write_parquet(given.out, given.lines, given.seed)
        size = sum(path.stat().st_size for path in given.out.glob("*.parquet"))
    else:
        lines = write_csv(given.out, given.bytes, given.seed)
        size = given.out.stat().st_size
    print(json.dumps({"lines": lines, "bytes": size}))


if __name__ == "__main__":
    main()
