"""The lines of the Google Cloud project's bill: one hub. Costs are floating-point numbers, as in the export."""

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from rows import Line
from world import DAY, DAYS, END, GIB, HOUR, START, Hub, Node, Pod, World, cut

PROJECT = "kelp-project"
BILLING_ACCOUNT = "01AB23-CD45EF-678901"
REGION = "us-central1"
COMPUTE = "Compute Engine"
MONTH_SECONDS = DAYS * DAY


def floating(value: float) -> Decimal:
    """A floating-point number as its shortest text says."""
    return Decimal(repr(value))


def labelled(hub: Hub, **more: str) -> dict[str, str]:
    cluster = {"goog-k8s-cluster-name": hub.name, "goog-k8s-cluster-location": f"{REGION}-a"}
    return {
        "frazil-hub": hub.name,
        **cluster,
        **{key.replace("_", "-"): value for key, value in more.items()},
    }


def line(
    span: tuple[int, int],
    named: tuple[str, str, str],
    resource: str,
    labels: dict[str, str],
    amount: Decimal,
    cost: float,
) -> Line:
    """`named` is service, SKU and unit."""
    service, sku, unit = named
    return Line(*span, "regular", service, sku, "", REGION, resource, unit, labels, amount, floating(cost))


def skus(node: Node) -> list[tuple[str, str, int, float]]:
    """SKU, unit, amount for a second, cost of an hour."""
    machine = node.machine
    family = machine.name.split("-")[0].upper()
    spot = "Spot Preemptible " if node.spot else ""
    price = float(machine.price) * (0.474 if node.spot else 1.0)
    gpu = 0.35 if machine.gpus else 0.0
    rest = price - gpu
    found = [
        (f"{spot}{family} Instance Core running in Americas", "seconds", machine.vcpu, rest * 0.62),
        (f"{spot}{family} Instance Ram running in Americas", "byte-seconds", machine.gib * GIB, rest * 0.38),
    ]
    if gpu:
        found.append(("Nvidia Tesla T4 GPU running in Americas", "seconds", machine.gpus, gpu))
    return found


def node_lines(node: Node) -> Iterator[Line]:
    labels = labelled(node.hub, goog_k8s_node_pool_name=node.pool)
    name = f"//compute.googleapis.com/projects/{PROJECT}/zones/{node.zone}/instances/{node.name}"
    for begin, end in cut(max(node.begin, START), node.end, HOUR):
        span = (begin - begin % HOUR, begin - begin % HOUR + HOUR)
        for sku, unit, amount, price in skus(node):
            each = line(
                span,
                (COMPUTE, sku, unit),
                node.name,
                labels,
                Decimal(amount * (end - begin)),
                price * (end - begin) / HOUR,
            )
            each.description, each.zone = name, node.zone
            if node.covered:
                each.credits.append(
                    (
                        "COMMITTED_USAGE_DISCOUNT",
                        "Committed Usage Discount: CPU and RAM",
                        floating(-float(each.cost) * 0.37),
                    )
                )
            elif node.pool == "core" and begin >= START + 8 * DAY:
                each.credits.append(
                    (
                        "SUSTAINED_USAGE_DISCOUNT",
                        "Sustained Usage Discount",
                        floating(-float(each.cost) * 0.2),
                    )
                )
            elif node.pool == "user" and begin >= START + 20 * DAY:
                each.credits.append(
                    (
                        "SUSTAINED_USAGE_DISCOUNT",
                        "Sustained Usage Discount",
                        floating(-float(each.cost) * 0.1),
                    )
                )
            yield each


def hub_lines(hub: Hub, chance: random.Random) -> Iterator[Line]:
    labels = labelled(hub)
    own = {"frazil-hub": hub.name}
    for begin in range(START, END, HOUR):
        span = (begin, begin + HOUR)
        yield line(
            span,
            ("Kubernetes Engine", "Zonal Kubernetes Clusters", "seconds"),
            hub.name,
            labels,
            Decimal(HOUR),
            0.1,
        )
        yield line(
            span,
            (
                "Networking",
                "Network Load Balancing: Forwarding Rule Minimum Service Charge in Americas",
                "seconds",
            ),
            f"{hub.name}-balancer",
            own,
            Decimal(HOUR),
            0.025,
        )
        size = hub.disk_gib * GIB
        disk = line(
            span,
            (COMPUTE, "Balanced PD Capacity", "byte-seconds"),
            f"{hub.name}-homes",
            own,
            Decimal(size * HOUR),
            hub.disk_gib * 0.1 * HOUR / MONTH_SECONDS,
        )
        disk.description = (
            f"//compute.googleapis.com/projects/{PROJECT}/zones/{REGION}-a/disks/{hub.name}-homes"
        )
        yield disk
    for begin in range(START, END, DAY):
        span = (begin, begin + DAY)

        def some(most: float) -> float:
            return chance.random() * most

        stored, sent, logs, kept = some(3e14), some(9e9), some(2e9), some(4e15)
        yield line(
            span,
            ("Cloud Storage", "Standard Storage US Regional", "byte-seconds"),
            f"{hub.name}-scratch",
            own,
            Decimal(int(stored)),
            stored / GIB / MONTH_SECONDS * 0.02,
        )
        yield line(
            span,
            (COMPUTE, "Network Internet Egress from Americas to EMEA", "bytes"),
            "",
            labels,
            Decimal(int(sent)),
            sent / GIB * 0.12,
        )
        yield line(
            span,
            ("Cloud Logging", "Log Storage cost", "bytes"),
            "",
            own,
            Decimal(int(logs)),
            logs / GIB * 0.5,
        )
        yield line(
            span,
            (COMPUTE, "Storage PD Snapshot in Americas", "byte-seconds"),
            f"{hub.name}-homes-daily",
            own,
            Decimal(int(kept)),
            kept / GIB / MONTH_SECONDS * 0.05,
        )
        free = line(
            span,
            ("Cloud DNS", "DNS Query (port 53)", "count"),
            f"{hub.name}-zone",
            own,
            Decimal(1000),
            0.0004,
        )
        free.credits.append(("FREE_TIER", "Free tier", floating(-0.0004)))
        yield free


def project_lines(lines: list[Line], chance: random.Random) -> Iterator[Line]:
    """What is nobody's, and the invoice's own lines."""
    for begin in range(START, END, DAY):
        cost = chance.random()
        yield line(
            (begin, begin + DAY),
            ("BigQuery", "Analysis (us-central1)", "bytes"),
            "",
            {"team": "lab"},
            Decimal(10**9),
            cost,
        )
    given = line(
        (START + 3 * DAY, START + 4 * DAY),
        ("BigQuery", "Analysis (us-central1)", "bytes"),
        "",
        {},
        Decimal(10**9),
        4.2,
    )
    given.credits.append(("PROMOTION", "Research credits", floating(-50.25)))
    yield given
    taxed = float(sum(each.cost for each in lines)) * 0.0825
    for kind, service, cost in (
        ("tax", "Invoice", taxed),
        ("adjustment", COMPUTE, -1.2345678901234567),
        ("rounding_error", "Invoice", 0.004321),
    ):
        each = line(
            (START, START + DAY), (service, kind.replace("_", " ").capitalize(), ""), "", {}, Decimal(0), cost
        )
        each.kind = kind
        yield each


def lines_of(world: World, seed: int) -> list[Line]:
    chance = random.Random(seed + 2)
    hubs = [hub for hub in world.hubs if hub.cloud == "gcp"]
    lines = [each for node in world.nodes if node.hub in hubs for each in node_lines(node)]
    for hub in hubs:
        lines += hub_lines(hub, chance)
    lines += project_lines(lines, chance)
    return sorted(lines, key=lambda each: (each.begin, each.resource, each.usage_type))


def by_workload(lines: list[Line], world: World) -> list[Line]:
    """The same bill with cost allocation of GKE: lines of nodes are cut by namespace and workload, by requests."""
    pods: dict[str, list[Pod]] = defaultdict(list)
    for pod in world.pods:
        if pod.node is not None:
            pods[pod.node.name].append(pod)
    found: list[Line] = []
    for each in lines:
        there = [
            pod
            for pod in pods.get(each.resource, [])
            if pod.scheduled is not None and pod.scheduled < each.end and pod.until > each.begin
        ]
        if "goog-k8s-node-pool-name" not in each.tags or each.credits:
            found.append(each)
            continue
        left_cost, left_amount = each.cost, each.quantity
        for pod in there:
            share = Decimal(1) / (len(there) + 1)
            cost, amount = floating(float(each.cost * share)), Decimal(int(each.quantity * share))
            left_cost, left_amount = left_cost - cost, left_amount - amount
            marks = {
                "k8s-namespace": pod.namespace,
                "k8s-workload-name": pod.name,
                "k8s-workload-type": "Pod",
            }
            found.append(
                Line(**{**each.__dict__, "tags": {**each.tags, **marks}, "cost": cost, "quantity": amount})
            )
        marks = {"k8s-namespace": "kube:unallocated", "k8s-workload-name": "", "k8s-workload-type": ""}
        found.append(
            Line(
                **{
                    **each.__dict__,
                    "tags": {**each.tags, **marks},
                    "cost": left_cost,
                    "quantity": left_amount,
                }
            )
        )
    return found
