"""A line of a bill before it is written in a format, and the row of the ledger that it becomes.

Money and quantities are `Decimal`, made from text, never from floating-point numbers.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property

from world import DAY, START

PICO = Decimal(10) ** 12


@dataclass
class Line:
    """A line of a bill. `kind` is AWS's line item type, or Google's cost type."""

    begin: int
    end: int
    kind: str
    service: str
    usage_type: str
    operation: str
    region: str
    resource: str
    unit: str
    tags: dict[str, str]
    quantity: Decimal
    cost: Decimal
    price: str = ""
    effective: Decimal | None = None
    description: str = ""
    machine: str = ""
    vcpu: str = ""
    memory: str = ""
    family: str = ""
    zone: str = ""
    # Google's: type, name, amount.
    credits: list[tuple[str, str, Decimal]] = field(default_factory=list)
    split: "Split | None" = None


@dataclass
class Split:
    """What a split cost allocation row says of a pod and an hour, in core-hours, GiB-hours or GPU-hours."""

    parent: str
    reserved: Decimal
    actual: Decimal | None
    used: Decimal
    cost: Decimal
    unused: Decimal


@dataclass(frozen=True)
class Key:
    """What lines have in common that become one row of the ledger (docs/costs.md, "The ledger")."""

    day: int
    charge: str
    service: str
    usage_type: str
    operation: str
    region: str
    resource: str
    unit: str
    tags: tuple[tuple[str, str], ...]

    @cached_property
    def labels(self) -> dict[str, str]:
        return dict(self.tags)


@dataclass
class Row:
    """A row of the ledger: `amount` in 10⁻¹² of the currency."""

    key: Key
    amount: int = 0
    quantity: Fraction = Fraction(0)

    def tag(self, name: str) -> str:
        return self.key.labels.get(name, "")


CHARGES = {
    "Usage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "SavingsPlanNegation": "discount",
    "SavingsPlanRecurringFee": "fee",
    "Credit": "credit",
    "Refund": "refund",
    "Tax": "tax",
    "regular": "usage",
    "tax": "tax",
    "adjustment": "refund",
    "rounding_error": "rounding",
    "SUSTAINED_USAGE_DISCOUNT": "discount",
    "COMMITTED_USAGE_DISCOUNT": "discount",
    "PROMOTION": "credit",
    "FREE_TIER": "credit",
}


def pico(cost: Decimal) -> int:
    """Rounded to whole 10⁻¹², halves away from zero."""
    return int((cost * PICO).to_integral_value(ROUND_HALF_UP))


def day_of(time: int) -> int:
    return (time - START) // DAY


def ledger(lines: Iterable[Line]) -> list[Row]:
    """The rows of the ledger: sums by key, and one for what rounding left over."""
    rows: dict[Key, Row] = {}
    exact = Fraction(0)
    for line in lines:
        charges = [(line.kind, line.cost, Fraction(line.quantity))]
        charges += [(kind, amount, Fraction(0)) for kind, _, amount in line.credits]
        for kind, cost, quantity in charges:
            tags = tuple(sorted(line.tags.items()))
            of_line = (line.service, line.usage_type, line.operation, line.region, line.resource, line.unit)
            key = Key(day_of(line.begin), CHARGES[kind], *of_line, tags)
            row = rows.setdefault(key, Row(key))
            row.amount += pico(cost)
            row.quantity += quantity
            exact += Fraction(cost * PICO)
    left = exact - sum(row.amount for row in rows.values())
    rest = int(abs(left) + Fraction(1, 2)) * (1 if left > 0 else -1)
    if rest:
        key = Key(min(key.day for key in rows), "rounding", "", "", "", "", "", "", ())
        if key in rows:
            rows[key].amount += rest
        else:
            rows[key] = Row(key, rest)
    return list(rows.values())


def text(amount: int) -> str:
    """An amount in 10⁻¹² as decimal text, without zeros at the end."""
    whole, part = divmod(abs(amount), 10**12)
    digits = f"{whole}.{part:012}".rstrip("0").rstrip(".")
    return f"-{digits}" if amount < 0 else digits


def iso(time: int) -> str:
    return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def summed(lines: Iterable[Line]) -> Fraction:
    """The exact sum of what lines cost, with their credits."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for line in lines:
        sums[line.kind] += Fraction(line.cost) + sum(Fraction(amount) for _, _, amount in line.credits)
    return sum(sums.values(), Fraction(0))
