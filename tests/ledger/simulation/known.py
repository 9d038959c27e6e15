"""What a source tells of pods and nodes, as weights by day: the recorder with monitoring, or split rows.

A weight is 9 times core-seconds plus GiB-seconds, on nodes with GPUs GPU-seconds (docs/costs.md, "Nodes").
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from history import recorded, sampled
from rows import Line, day_of
from world import DAY, DAYS, GIB, HOUR, START, Node, Pod, World, cut, stamp

RULES = ("request", "usage", "max")


@dataclass(frozen=True)
class Taker:
    """A pod, and what parts may be named by. `start` is empty where the source does not tell it."""

    uid: str
    hub: str
    namespace: str
    name: str
    user: str
    cluster: str
    size: str
    start: str

    @property
    def order(self) -> tuple[str, str, str]:
        return self.namespace, self.name, self.uid


Weights = dict[str, Fraction]


@dataclass
class Known:
    """What is known of each day."""

    # Whether nodes are known apart from their pods: the recorder knows them, split rows do not.
    recorder: bool

    # By day and resource: pods with their weights by rule.
    uses: dict[tuple[int, str], dict[Taker, Weights]] = field(default_factory=lambda: defaultdict(dict))
    # By day and resource: the node's own weight, from the recorder.
    nodes: dict[tuple[int, str], Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    # By resource: the pool that the recorder tells.
    pools: dict[str, str] = field(default_factory=dict)
    # By resource: what its machine weighs in an hour.
    machines: dict[str, int] = field(default_factory=dict)
    # By hub and day: bytes by person.
    homes: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    # By hub, person and day.
    groups: dict[tuple[str, str, int], list[str]] = field(default_factory=dict)


def weight(cpu_millis: int, memory_bytes: int, seconds: int) -> Fraction:
    return Fraction(9 * cpu_millis * seconds, 1000) + Fraction(memory_bytes * seconds, GIB)


def days(begin: int, end: int) -> list[tuple[int, int, int]]:
    """Day of the month, begin and end of each part of a span that lies in the month."""
    parts = [(day_of(start), start, stop) for start, stop in cut(begin, end, DAY)]
    return [part for part in parts if 0 <= part[0] < DAYS]


def taker(pod: Pod, start: str) -> Taker:
    return Taker(pod.uid, pod.hub.name, pod.namespace, pod.name, pod.user, pod.cluster, pod.size, start)


def pod_weights(pod: Pod, node: Node, begin: int, end: int) -> Weights:
    """Of a pod in a span of one day."""
    if node.machine.gpus:
        return dict.fromkeys(RULES, Fraction(pod.gpus * (end - begin)))
    request = weight(pod.cpu_millis, pod.memory_bytes, end - begin)
    if not sampled(pod):
        return dict.fromkeys(RULES, request)
    used = largest = Fraction(0)
    # Samples are taken each five minutes; the simulation holds use for an hour.
    for start, stop in cut(begin, end, HOUR):
        cpu, memory = pod.use(start)
        used += weight(cpu, memory, stop - start)
        largest += weight(max(cpu, pod.cpu_millis), max(memory, pod.memory_bytes), stop - start)
    return {"request": request, "usage": used, "max": largest}


def from_history(world: World) -> Known:
    """What the recorder and monitoring know."""
    known = Known(recorder=True)
    for node in world.nodes:
        if recorded(node.hub, node.end):
            known.pools[node.resource] = node.pool
            for day, begin, end in days(node.begin, node.end):
                machine = node.machine
                own = (
                    Fraction(machine.gpus * (end - begin))
                    if machine.gpus
                    else weight(machine.cpu_millis, machine.memory_bytes, end - begin)
                )
                known.nodes[day, node.resource] += own
    for pod in world.pods:
        if pod.node is not None and pod.scheduled is not None and recorded(pod.hub, pod.until):
            who = taker(pod, stamp(pod.scheduled))
            for day, begin, end in days(pod.scheduled, pod.until):
                known.uses[day, pod.node.resource][who] = pod_weights(pod, pod.node, begin, end)
    return about_people(known, world)


def from_split_rows(world: World, split: list[Line]) -> Known:
    """What split rows know; nodes weigh what their machine has over the hours of a row."""
    known = Known(recorder=False)
    machines = {node.resource: node.machine for node in world.nodes}
    pods = {pod.uid: pod for pod in world.pods}
    for line in split:
        row = line.split
        assert row is not None
        uid = line.resource.rsplit("/", 1)[1]
        pod = pods[uid]
        who = Taker(uid, pod.hub.name, pod.namespace, pod.name, pod.user, pod.cluster, "", "")
        weights = known.uses[day_of(line.begin), row.parent].setdefault(
            who, dict.fromkeys(RULES, Fraction(0))
        )
        gpus = machines[row.parent].gpus
        kind = line.unit.removesuffix("-Hours")
        factor = {"GPU": 1} if gpus else {"vCPU": 9, "GB": 1}
        told = {
            "request": row.reserved,
            "usage": row.reserved if row.actual is None else row.actual,
            "max": row.used,
        }
        for rule, value in told.items():
            weights[rule] += Fraction(value) * HOUR * factor.get(kind, 0)
    for resource, machine in machines.items():
        known.machines[resource] = HOUR * (machine.gpus or 9 * machine.vcpu + machine.gib)
    return about_people(known, world)


def about_people(known: Known, world: World) -> Known:
    """Sizes of homes at the end of each day, and groups."""
    for (hub, person), sizes in world.homes.items():
        for day in range(DAYS):
            told = [size for time, size in sizes if time < START + (day + 1) * DAY]
            if told:
                known.homes.setdefault((hub, day), {})[person] = told[-1]
    known.groups = world.groups
    return known
