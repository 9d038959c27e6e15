"""Divides rows of the ledger as docs/costs.md, "How a bill is divided", says: in whole numbers of 10⁻¹²."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm

from known import Known, Taker
from rows import Row
from world import DAY, DAYS, GIB, date

IDLE = ("apart", "shared")
SHARED = ("none", "even", "by-use")
BY = (
    "hub",
    "user",
    "group",
    "component",
    "size",
    "server",
    "dask-cluster",
    "service",
    "region",
    "day",
    "user+component",
)
APART = ("credit", "refund", "tax", "fee", "rounding")
POOLS = {"core": "core", "user": "servers", "gpu": "servers", "dask": "dask"}


@dataclass(frozen=True)
class Part:
    """A part of a row. `kind` is `person` for what is somebody's."""

    kind: str
    amount: int
    user: str = ""
    pod: Taker | None = None


def divided(amount: int, weights: Sequence[Fraction | int]) -> list[int]:
    """An amount by weights, in the order of names; what cutting off leaves goes to the largest fractions."""
    scale = lcm(*(Fraction(each).denominator for each in weights))
    whole = [int(each * scale) for each in weights]
    total, size = sum(whole), abs(amount)
    found = [size * each // total for each in whole]
    fractions = [size * each % total for each in whole]
    left = size - sum(found)
    for index in sorted(range(len(whole)), key=lambda index: (-fractions[index], index))[:left]:
        found[index] += 1
    return [each if amount >= 0 else -each for each in found]


def hub_of(row: Row) -> str:
    return row.tag("user_frazil_hub") or row.tag("frazil-hub")


def pool_of(row: Row) -> str:
    return row.tag("user_frazil_pool") or row.tag("goog-k8s-node-pool-name")


@cache
def by_service(service: str, usage_type: str) -> str:
    """The component that service and usage type tell, without tags."""
    words = usage_type.removeprefix("USW2-")
    if "Snapshot" in words or service == "AWSBackup":
        return "backup"
    if (
        words.startswith(("NatGateway", "DataTransfer"))
        or "Egress" in words
        or service in ("AWSELB", "AmazonVPC", "Networking", "Cloud DNS")
    ):
        return "network"
    plain = {
        "AmazonEKS": "control-plane",
        "Kubernetes Engine": "control-plane",
        "AmazonEFS": "homes",
        "AmazonS3": "objects",
    }
    plain |= {"Cloud Storage": "objects", "AmazonCloudWatch": "logs", "Cloud Logging": "logs"}
    return plain.get(service, "other")


def component(row: Row, known: Known) -> str:
    key = row.key
    found = by_service(key.service, key.usage_type)
    if found != "other":
        return found
    if row.tag("user_frazil_homes") or (hub_of(row) and key.resource == f"{hub_of(row)}-homes"):
        return "homes"
    return POOLS.get(pool_of(row) or known.pools.get(key.resource, ""), "other")


class Division:
    """The parts of a bill under a rule."""

    def __init__(self, rows: list[Row], known: Known, rule: str) -> None:
        self.rows, self.known, self.rule = rows, known, rule
        self.people: dict[tuple[str, int], list[str]] = {}
        self.weights: dict[tuple[str, int], list[Fraction]] = {}
        found: dict[tuple[str, int], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        for (day, _), uses in known.uses.items():
            for pod, weights in uses.items():
                if pod.user:
                    found[pod.hub, day][pod.user] += weights[rule]
        for place in {*found, *known.homes}:
            self.people[place] = sorted({*found[place], *known.homes.get(place, {})})
        self.users = {place: sorted(weights) for place, weights in found.items()}
        self.weights = {
            place: [weights[user] for user in self.users[place]] for place, weights in found.items()
        }

    def first(self, row: Row, idle: str) -> list[Part]:
        """The parts of a row before what is shared is given to people."""
        if row.key.charge in APART:
            return [Part(row.key.charge, row.amount)]
        if not hub_of(row):
            return [Part("foreign", row.amount)]
        what = component(row, self.known)
        if what in ("servers", "dask"):
            return self.of_node(row, idle)
        if what == "homes":
            return self.of_homes(row, idle)
        return [Part("shared", row.amount)]

    def of_node(self, row: Row, idle: str) -> list[Part]:
        place = (row.key.day, row.key.resource)
        uses = sorted(self.known.uses.get(place, {}).items(), key=lambda each: each[0].order)
        own = self.own_weight(row)
        if not uses and (own is None or not self.known.recorder):
            return [Part("unattributed", row.amount)]
        weights = [each[self.rule] for _, each in uses]
        taken = sum(weights, Fraction(0))
        beyond = max((own or Fraction(0)) - taken, Fraction(0))
        if taken == 0:
            return [Part("idle", row.amount)]
        if idle == "shared":
            beyond = Fraction(0)
        *amounts, left = divided(row.amount, [*weights, beyond])
        parts = [
            Part("person" if pod.user else "shared", amount, pod.user, pod)
            for (pod, _), amount in zip(uses, amounts, strict=True)
        ]
        return [*parts, Part("idle", left)]

    def own_weight(self, row: Row) -> Fraction | None:
        """Of a node: over the time it was there or, without the recorder, over the hours of the row."""
        if self.known.recorder:
            return self.known.nodes.get((row.key.day, row.key.resource))
        hourly = self.known.machines.get(row.key.resource)
        return None if hourly is None else hourly * row.quantity

    def of_homes(self, row: Row, idle: str) -> list[Part]:
        homes = sorted(self.known.homes.get((hub_of(row), row.key.day), {}).items())
        if not homes:
            return [Part("unattributed", row.amount)]
        sizes = [Fraction(size) for _, size in homes]
        beyond = max(disk_bytes(row) - sum(sizes), Fraction(0)) if idle == "apart" else Fraction(0)
        *amounts, left = divided(row.amount, [*sizes, beyond])
        return [
            *(Part("person", amount, user) for (user, _), amount in zip(homes, amounts, strict=True)),
            Part("idle", left),
        ]

    def shared_out(self, row: Row, parts: list[Part], shared: str) -> Iterator[Part]:
        """Gives parts of kind shared to people."""
        place = (hub_of(row), row.key.day)
        people = {"none": [], "even": self.people.get(place, []), "by-use": self.users.get(place, [])}[shared]
        weights: Sequence[Fraction | int] = (
            self.weights.get(place, []) if shared == "by-use" else [1] * len(people)
        )
        for part in parts:
            if part.kind != "shared" or not people or not sum(weights):
                yield part
                continue
            for user, amount in zip(people, divided(part.amount, weights), strict=True):
                yield Part("person", amount, user)


def disk_bytes(row: Row) -> Fraction:
    """The size of the disk of a row; nothing where the store bills what it holds."""
    if row.key.service == "AmazonEFS":
        return Fraction(0)
    if row.key.unit == "GB-Mo":
        return row.quantity * DAYS * GIB
    return row.quantity / DAY if row.key.unit == "byte-seconds" else Fraction(0)


Name = tuple[str, ...]


Owner = tuple[str, str, Taker | None]


def names(row: Row, owner: Owner, known: Known) -> dict[str, Name]:
    """Kind and name of a part for each `--by`, but for groups."""
    kind, user, pod = owner
    server = (user, pod.name, pod.uid, pod.start) if pod and not pod.cluster else ("", "", "", "")
    what = component(row, known)
    return {
        "hub": (kind, hub_of(row)),
        "user": (kind, user),
        "component": (kind, what),
        "size": (kind, pod.size if pod else ""),
        "server": (kind, *server),
        "dask-cluster": (kind, pod.cluster if pod else ""),
        "service": (kind, row.key.service),
        "region": (kind, row.key.region),
        "day": (kind, date(row.key.day)),
        "user+component": (kind, user, what),
    }


def owners(parts: Iterable[Part]) -> dict[Owner, int]:
    """Parts of a row by whose they are."""
    found: dict[Owner, int] = defaultdict(int)
    for part in parts:
        found[part.kind, part.user, part.pod if part.kind == "person" else None] += part.amount
    return found


def in_groups(row: Row, parts: dict[Owner, int], known: Known) -> Iterator[tuple[Name, int]]:
    """What is a person's of a row, divided evenly among the groups of that day."""
    people: dict[str, int] = defaultdict(int)
    for (kind, user, _), amount in parts.items():
        if kind == "person":
            people[user] += amount
        else:
            yield (kind, ""), amount
    for user, amount in people.items():
        groups = sorted(known.groups.get((hub_of(row), user, row.key.day), [])) or [""]
        for group, part_of in zip(groups, divided(amount, [1] * len(groups)), strict=True):
            yield ("person", group), part_of


Sums = dict[str, dict[Name, int]]


def sums(division: Division, idle: str, modes: Sequence[str] = SHARED) -> dict[str, Sums]:
    """By `--shared` and `--by`: amounts by kind and name."""
    found: dict[str, Sums] = {shared: {by: defaultdict(int) for by in BY} for shared in modes}
    for row in division.rows:
        first = division.first(row, idle)
        assert sum(part.amount for part in first) == row.amount
        for shared in modes:
            parts = owners(division.shared_out(row, first, shared))
            of = found[shared]
            for owner, amount in parts.items():
                for by, name in names(row, owner, division.known).items():
                    of[by][name] += amount
            for name, amount in in_groups(row, parts, division.known):
                of["group"][name] += amount
    return found
