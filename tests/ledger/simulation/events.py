"""Draws a month: who starts what and when, on which nodes it comes to lie, what homes hold."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from world import DAY, DAYS, END, GIB, HOUR, START, STEP, Hub, Machine, Node, Pod, World

R7I = Machine("r7i.2xlarge", 8, 64, 0, "0.5292", 7_910, 63_350_767_616)
M6I = Machine("m6i.4xlarge", 16, 64, 0, "0.768", 15_890, 62_277_025_792)
R7I_LARGE = Machine("r7i.large", 2, 16, 0, "0.1323", 1_930, 15_569_256_448)
G4DN = Machine("g4dn.xlarge", 4, 16, 1, "0.526", 3_920, 15_569_256_448)
N2_HIGHMEM = Machine("n2-highmem-8", 8, 64, 0, "0.524056", 7_910, 60_129_542_144)
N2_STANDARD = Machine("n2-standard-8", 8, 32, 0, "0.388472", 7_910, 29_527_900_160)
E2 = Machine("e2-standard-2", 2, 8, 0, "0.067011", 1_930, 6_442_450_944)
N1_GPU = Machine("n1-standard-4", 4, 15, 1, "0.54", 3_920, 12_884_901_888)

POOLS = {
    "aws": {"user": R7I, "dask": M6I, "core": R7I_LARGE, "gpu": G4DN},
    "gcp": {"user": N2_HIGHMEM, "dask": N2_STANDARD, "core": E2, "gpu": N1_GPU},
}
ZONES = {"aws": ("us-west-2a", "us-west-2b"), "gcp": ("us-central1-a", "us-central1-b")}
# Thousandths of a core, bytes.
SIZES = {"small": (440, 3 * GIB), "medium": (980, 7 * GIB), "large": (1_900, 15 * GIB)}
NAMES = (
    "ada alan amir ana bela bodil carl chen dara dev edda eli emre fay finn gita grace hana hugo ida ines ivo "
    "jana juno kai kiri lars leo lin lola luz maya milo mira nia nils noor olga omar otto pia quim rana rei "
    "rosa sami sara selma tess theo timo uma vera vito wanda xena yara yuki zoe"
).split()
GROUPS = ("glaciology", "ocean", "teachers")

REEF = Hub("reef", "aws", "gp3", 700, False, 2, START + 2 * DAY + 33_000)
TIDE = Hub("tide", "aws", "efs", 0, True, 0, START - DAY)
KELP = Hub("kelp", "gcp", "pd", 500, True, 0, START - DAY)


@dataclass
class Place:
    """A node that takes pods, with those on it."""

    node: Node
    linger: int
    pods: list[Pod] = field(default_factory=list)


class Drawing:
    """Fills a world, hub by hub."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World([REEF, TIDE, KELP])
        self._count = 0

    def uid(self) -> str:
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def node(self, hub: Hub, pool: str, begin: int, end: int, **more: bool) -> Node:
        self._count += 1
        zone = ZONES[hub.cloud][0 if pool == "core" else self.random.randrange(2)]
        if hub.cloud == "aws":
            resource = f"i-{self.random.getrandbits(68):017x}"
            name, provider = (
                f"ip-10-0-{self._count // 250}-{self._count % 250}.us-west-2.compute.internal",
                f"aws:///{zone}/{resource}",
            )
        else:
            name = resource = f"gke-{hub.name}-{pool}-{self.random.getrandbits(32):08x}"
            provider = f"gce://kelp-project/{zone}/{name}"
        machine = POOLS[hub.cloud][pool]
        node = Node(
            self.uid(), name, resource, provider, machine, zone, pool, pool == "dask", hub, begin, end, **more
        )
        self.world.nodes.append(node)
        return node

    def pod(self, hub: Hub, node: Node | None, name: str, begin: int, end: int | None, **more: object) -> Pod:
        given: dict[str, object] = {
            "cpu_millis": 0,
            "memory_bytes": 0,
            "gpus": 0,
            "namespace": hub.name,
            **more,
        }
        scheduled = None if node is None else begin
        created = begin - (0 if hub.monitored else self.random.randrange(1, 90))
        pod = Pod(self.uid(), name, hub, node=node, created=created, scheduled=scheduled, ended=end, **given)  # type: ignore[arg-type]
        self.world.pods.append(pod)
        return pod

    def grid(self, hub: Hub, time: int) -> int:
        """Monitored hubs live in steps of the samples, so that samples say the same as seconds."""
        return time - time % STEP if hub.monitored else time

    # What people do.

    def sessions(self, hub: Hub, people: list[str]) -> list[tuple[int, int, str, str]]:
        """(begin, end, person, size): on most days, once, or twice where nobody samples."""
        found = []
        for person in people:
            size = self.random.choice(list(SIZES))
            eager = self.random.random()
            for day in range(DAYS):
                if self.random.random() > 0.25 + 0.5 * eager:
                    continue
                begin = START + day * DAY + self.random.randrange(13 * HOUR, 20 * HOUR)
                length = self.random.randrange(HOUR // 2, 9 * HOUR)
                if hub.monitored:
                    # Samples name a pod, not its UID: one server of a person on a node and day.
                    length = min(length, START + (day + 1) * DAY - begin)
                chosen = "gpu" if self.random.random() < 0.03 else size
                found.append((begin, begin + length, person, chosen))
                if not hub.monitored and self.random.random() < 0.2:
                    again = begin + length + self.random.randrange(100, HOUR)
                    found.append((again, again + self.random.randrange(200, 2 * HOUR), person, size))
        on_grid = [
            (self.grid(hub, begin), self.grid(hub, end), person, size) for begin, end, person, size in found
        ]
        return sorted(
            (begin, min(end, END - HOUR), person, size)
            for begin, end, person, size in on_grid
            if begin < END - 2 * HOUR
        )

    def place(self, hub: Hub, places: list[Place], pool: str, pod: Pod) -> None:
        """Puts a pod on the fullest node that has room, or on a new one."""
        machine = POOLS[hub.cloud][pool]
        begin, end = pod.scheduled, pod.ended
        assert begin is not None and end is not None
        open_ones = [each for each in places if each.node.pool == pool and each.node.end > begin]
        for place in sorted(open_ones, key=lambda each: -len(each.pods)):
            there = [other for other in place.pods if other.until > begin]
            cpu = sum(other.cpu_millis for other in there) + pod.cpu_millis
            memory = sum(other.memory_bytes for other in there) + pod.memory_bytes
            if (
                cpu <= machine.cpu_millis - 150
                and memory <= machine.memory_bytes - GIB
                and sum(other.gpus for other in there) + pod.gpus <= machine.gpus
            ):
                break
        else:
            early = self.grid(hub, begin - self.random.randrange(90, 700))
            linger = self.random.choice([600, 900, 1_800, 9 * HOUR]) + (
                0 if hub.monitored else self.random.randrange(300)
            )
            place = Place(self.node(hub, pool, early, end), linger)
            if pool == "user" and self.random.random() < 0.1:
                place.node.covered = True
            places.append(place)
        place.pods.append(pod)
        pod.node = place.node
        place.node.end = min(END, max(place.node.end, end + place.linger))

    def people_and_clusters(self, hub: Hub, people: list[str]) -> None:
        waiting: list[tuple[str, Pod]] = []
        for begin, end, person, size in self.sessions(hub, people):
            cpu, memory = SIZES.get(size, (3_000, 10 * GIB))
            gpus = int(size == "gpu")
            named = (self.uid(), f"jupyter-{label(person)}", hub, hub.name, None)
            server = Pod(*named, cpu, memory, gpus, begin - 7, begin, end, person, "", size)
            waiting.append(("gpu" if gpus else "user", server))
            if end - begin > 2 * HOUR and self.random.random() < 0.15:
                waiting += self.cluster(hub, person, begin, end)
        places: list[Place] = []
        for pool, pod in sorted(waiting, key=lambda each: each[1].scheduled or 0):
            self.place(hub, places, pool, pod)
            self.world.pods.append(pod)

    def cluster(self, hub: Hub, person: str, begin: int, end: int) -> Iterator[tuple[str, Pod]]:
        """A Dask cluster: a scheduler beside servers, workers on spot nodes."""
        name = f"{self.random.getrandbits(128):032x}"
        begin = self.grid(hub, begin + self.random.randrange(600, HOUR))
        end = self.grid(hub, min(end, begin + self.random.randrange(HOUR // 2, 4 * HOUR)))
        parts = [("scheduler", "user", 900, 2 * GIB, begin)]
        for _ in range(self.random.randrange(2, 9)):
            late = self.grid(hub, begin + self.random.randrange(300, 900))
            parts.append(("worker", "dask", 3_800, 13 * GIB, late))
        for number, (part, pool, cpu, memory, since) in enumerate(parts):
            if since < end:
                named = (self.uid(), f"dask-{part}-{name[:8]}-{number}", hub, hub.name, None)
                yield pool, Pod(*named, cpu, memory, 0, since - 5, since, end, person, name)

    def alone(self, hub: Hub, people: list[str]) -> None:
        """People who request all of a node, for as long as it is there, and have nothing else."""
        machine = POOLS[hub.cloud]["user"]
        for person in people:
            self.world.alone.add(person)
            for day in sorted(self.random.sample(range(DAYS - 1), 4)):
                begin = self.grid(hub, START + day * DAY + self.random.randrange(DAY))
                end = self.grid(hub, begin + self.random.randrange(HOUR, 20 * HOUR))
                node = self.node(hub, "user", begin, end)
                self.pod(
                    hub,
                    node,
                    f"jupyter-{person}",
                    begin,
                    end,
                    cpu_millis=machine.cpu_millis,
                    memory_bytes=machine.memory_bytes,
                    user=person,
                    size="whole",
                    exact=True,
                )

    def system(self, hub: Hub) -> None:
        """The core node with the hub's pods, pods of the system on each other node, nodes nobody came to."""
        alone = {pod.node.uid for pod in self.world.pods if pod.node and pod.user in self.world.alone}
        core = self.node(hub, "core", START - DAY, END)
        for name, cpu, memory in (("hub", 200, GIB), ("proxy", 200, GIB // 2), ("traefik", 100, GIB // 4)):
            self.pod(hub, core, f"{name}-0", START - DAY, None, cpu_millis=cpu, memory_bytes=memory)
        for node in [
            each
            for each in self.world.nodes
            if each.hub is hub and each.pool != "core" and each.uid not in alone
        ]:
            late = node.begin + (0 if hub.monitored else 40)
            for number, (name, cpu, memory) in enumerate((("agent", 50, 128 << 20), ("network", 25, 0))):
                self.pod(
                    hub,
                    node,
                    f"{name}-{node.uid[:5]}{number}",
                    late,
                    node.end,
                    cpu_millis=cpu,
                    memory_bytes=memory,
                    namespace="kube-system",
                )
        for day in (5, 17):
            begin = START + day * DAY + 9 * HOUR
            self.node(hub, "user", begin, begin + 7 * HOUR)
        self.pod(
            hub,
            None,
            "jupyter-waiting",
            START + 6 * DAY,
            START + 6 * DAY + 900,
            cpu_millis=440,
            memory_bytes=GIB,
            user="waiting",
        )

    def homes(self, hub: Hub, people: list[str]) -> None:
        """Sizes at six each morning, not of every home every day; one home belongs to nobody's session."""
        for person in [*people, f"former-{hub.name}"]:
            size = self.random.randrange(200_000_000, 40 * GIB)
            known = []
            for day in range(hub.homes_known_from, DAYS):
                if day == hub.homes_known_from or self.random.random() < 0.8:
                    known.append((START + day * DAY + 6 * HOUR, size))
                size += self.random.randrange(3_000_000_000)
            self.world.homes[hub.name, person] = known

    def memberships(self, hub: Hub, people: list[str]) -> None:
        """Most people in one group, some in two, some in none; one changes in the month."""
        for number, person in enumerate(people):
            first = GROUPS[number % len(GROUPS)]
            groups = [[first], [first, GROUPS[(number + 1) % len(GROUPS)]], [], [first]][number % 4]
            for day in range(DAYS):
                now = ["ocean"] if number == 3 and day >= 12 else groups
                self.world.groups[hub.name, person, day] = sorted(now)


def label(user: str) -> str:
    """A name as a label can hold it. Those of hubs on AWS are labels already."""
    return "".join(letter if letter.isalnum() or letter == "-" else f"-{ord(letter):x}" for letter in user)


def draw(seed: int) -> World:
    """A month; the same seed gives the same."""
    drawing = Drawing(seed)
    of_hub = {
        "reef": NAMES[:24],
        "tide": NAMES[20:42],
        "kelp": [*NAMES[40:], "noor@example.org", "Uma.Lind@example.org"],
    }
    for hub in drawing.world.hubs:
        people = of_hub[hub.name]
        drawing.people_and_clusters(hub, people)
        drawing.alone(hub, [f"alone-{hub.name}-{number}" for number in range(3)])
        drawing.system(hub)
        drawing.homes(hub, people)
        drawing.memberships(hub, people)
    return drawing.world
