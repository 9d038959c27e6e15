"""What there is in the simulated month: hubs, machines, nodes, pods, people, homes.

Times are whole seconds since 1970 in UTC, amounts are integers: thousandths of a core, bytes.
"""

import datetime as dt
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

DAY = 86_400
HOUR = 3_600
STEP = 300
DAYS = 30
GIB = 1 << 30
START = int(dt.datetime(2026, 11, 1, tzinfo=dt.UTC).timestamp())
END = START + DAYS * DAY


def stamp(time: int) -> str:
    """RFC 3339."""
    return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(day: int) -> str:
    """The date of a day of the month, the first being 0."""
    return stamp(START + day * DAY)[:10]


@dataclass(frozen=True)
class Machine:
    """A machine type; `cpu_millis` and `memory_bytes` are what pods may use of it."""

    name: str
    vcpu: int
    gib: int
    gpus: int
    price: str
    cpu_millis: int
    memory_bytes: int


@dataclass(frozen=True)
class Hub:
    """A hub; its namespace and its cluster have its name."""

    name: str
    cloud: str
    homes: str  # gp3, efs or pd
    disk_gib: int  # of homes; 0 where the store bills what it holds
    monitored: bool
    homes_known_from: int  # the first day of which sizes are known
    recorded_from: int  # when the recorder started


@dataclass
class Node:
    """A node, there from `begin` until `end`."""

    uid: str
    name: str
    resource: str
    provider_id: str
    machine: Machine
    zone: str
    pool: str
    spot: bool
    hub: Hub
    begin: int
    end: int
    covered: bool = False  # by a savings plan or a commitment


@dataclass
class Pod:
    """A pod. `scheduled` is None where it never found a node; `ended` where it outlives the month."""

    uid: str
    name: str
    hub: Hub
    namespace: str
    node: Node | None
    cpu_millis: int
    memory_bytes: int
    gpus: int
    created: int
    scheduled: int | None
    ended: int | None
    user: str = ""
    cluster: str = ""
    size: str = ""
    exact: bool = False  # uses what it requests

    @property
    def until(self) -> int:
        return END if self.ended is None else self.ended

    def spans(self, length: int) -> Iterator[tuple[int, int]]:
        """When it counts, cut at multiples of a length."""
        if self.scheduled is not None:
            yield from cut(self.scheduled, self.until, length)

    def use(self, time: int) -> tuple[int, int]:
        """Thousandths of a core and bytes that it uses in the hour of a time."""
        if self.exact:
            return self.cpu_millis, self.memory_bytes
        drawn = zlib.crc32(f"{self.uid} {time // HOUR}".encode())
        # From a tenth to one and a half times of what it requested.
        cpu = self.cpu_millis * (100 + drawn % 1400) // 1000
        memory = self.memory_bytes * (100 + drawn // 1400 % 1400) // 1000
        return cpu, memory


def cut(begin: int, end: int, length: int) -> Iterator[tuple[int, int]]:
    """Parts of a span that lie between multiples of a length."""
    while begin < end:
        stop = min(end, begin - begin % length + length)
        yield begin, stop
        begin = stop


@dataclass
class World:
    """The month."""

    hubs: list[Hub]
    nodes: list[Node] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    # By hub and person, (time, bytes).
    homes: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    # By hub, person and day.
    groups: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)
    # People who are alone on nodes of which they request everything, for as long as those are there.
    alone: set[str] = field(default_factory=set)
