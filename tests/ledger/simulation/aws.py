"""The lines of the AWS account's bill: two hubs, and what is nobody's."""

import random
import zlib
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal

from rows import Line, Split
from world import DAY, DAYS, END, GIB, HOUR, START, Hub, Node, Pod, World, cut

ACCOUNT = "210987654321"
REGION = "us-west-2"
# Cost allocation tags are written from when they were activated.
TAGS_FROM = START + DAY // 2
TENTH = Decimal("1e-10")
PLAN = f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/5e0b2a7c-1111-4222-8333-944455556666"


def rounded(value: Decimal, unit: Decimal = TENTH) -> Decimal:
    return value.quantize(unit, ROUND_HALF_EVEN)


def hours(seconds: int) -> Decimal:
    return rounded(Decimal(seconds) / HOUR)


def tagged(hub: Hub, time: int, **more: str) -> dict[str, str]:
    """The tags that a line of a time has, as CUR 2.0 names them."""
    return {"user_frazil_hub": hub.name, **more} if time >= TAGS_FROM else {}


def usage(
    begin: int,
    end: int,
    named: tuple[str, str, str, str],
    quantity: Decimal,
    price: str,
    resource: str,
    tags: dict[str, str],
) -> Line:
    """A line of plain usage; `named` is service, usage type, operation and unit."""
    service, usage_type, operation, unit = named
    cost = rounded(quantity * Decimal(price))
    return Line(
        begin,
        end,
        "Usage",
        service,
        f"USW2-{usage_type}",
        operation,
        REGION,
        resource,
        unit,
        tags,
        quantity,
        cost,
        price,
    )


def node_lines(node: Node) -> Iterator[Line]:
    """A line for each hour that a node was there in, spot at the price of the hour."""
    machine = node.machine
    how, operation = ("SpotUsage", "RunInstances:SV001") if node.spot else ("BoxUsage", "RunInstances")
    for begin, end in cut(max(node.begin, START), node.end, HOUR):
        whole = begin - begin % HOUR
        price = machine.price
        if node.spot:
            moved = 300 + zlib.crc32(f"{machine.name} {node.zone} {whole}".encode()) % 200
            price = str(rounded(Decimal(machine.price) * moved / 1000, Decimal("1e-6")))
        tags = tagged(node.hub, begin, user_frazil_pool=node.pool, user_name=f"{node.hub.name}-{node.pool}")
        named = ("AmazonEC2", f"{how}:{machine.name}", operation, "Hrs")
        line = usage(whole, whole + HOUR, named, hours(end - begin), price, node.resource, tags)
        line.machine, line.vcpu, line.memory, line.zone = (
            machine.name,
            str(machine.vcpu),
            f"{machine.gib} GiB",
            node.zone,
        )
        line.family = "Compute Instance"
        if not node.covered:
            yield line
            continue
        line.kind, line.effective = "SavingsPlanCoveredUsage", rounded(line.cost * Decimal("0.63"))
        yield line
        values = {**line.__dict__, "kind": "SavingsPlanNegation", "cost": -line.cost, "effective": Decimal(0)}
        yield Line(**values)


def hub_lines(hub: Hub, chance: random.Random) -> Iterator[Line]:
    """Everything of a hub that is no node, by hour or by day."""
    home = f"vol-{hub.name}homes0001"
    bucket = f"{hub.name}-scratch"
    balancer = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/net/{hub.name}/0123456789abcdef"
    cluster = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{hub.name}"
    for begin in range(START, END, HOUR):
        tags, end, hour = tagged(hub, begin), begin + HOUR, Decimal(1)
        yield usage(
            begin,
            end,
            ("AmazonEKS", "AmazonEKS-Hours:perCluster", "CreateOperation", "Hours"),
            hour,
            "0.1",
            cluster,
            tags,
        )
        yield usage(
            begin,
            end,
            ("AWSELB", "LoadBalancerUsage", "LoadBalancing:Network", "Hrs"),
            hour,
            "0.0225",
            balancer,
            tags,
        )
        if hub.disk_gib:
            amount = rounded(Decimal(hub.disk_gib) / (DAYS * 24))
            volume = tagged(hub, begin, user_frazil_homes=hub.name, user_name=f"{hub.name}-homes")
            yield usage(
                begin,
                end,
                ("AmazonEC2", "EBS:VolumeUsage.gp3", "CreateVolume-Gp3", "GB-Mo"),
                amount,
                "0.08",
                home,
                volume,
            )
        if hub.name == "tide":
            gateway = f"arn:aws:ec2:{REGION}:{ACCOUNT}:natgateway/nat-0123456789abcdef0"
            yield usage(
                begin,
                end,
                ("AmazonEC2", "NatGateway-Hours", "NatGateway", "Hrs"),
                hour,
                "0.045",
                gateway,
                tags,
            )
            moved = rounded(Decimal(chance.randrange(10**10)) / 10**10)
            yield usage(
                begin,
                end,
                ("AmazonEC2", "NatGateway-Bytes", "NatGateway", "GB"),
                moved,
                "0.045",
                gateway,
                tags,
            )
    for day in range(DAYS):
        yield from daily_lines(hub, START + day * DAY, (home, bucket, balancer), chance)


def daily_lines(hub: Hub, begin: int, named: tuple[str, str, str], chance: random.Random) -> Iterator[Line]:
    home, bucket, balancer = named
    tags, end = tagged(hub, begin), begin + DAY

    def some(most: int) -> Decimal:
        return rounded(Decimal(chance.randrange(most * 10**6)) / 10**6)

    yield usage(
        begin,
        end,
        ("AWSELB", "LCUUsage", "LoadBalancing:Network", "LCU-Hrs"),
        some(30),
        "0.006",
        balancer,
        tags,
    )
    yield usage(
        begin,
        end,
        ("AmazonVPC", "PublicIPv4:InUseAddress", "AllocateAddressVPC", "Hrs"),
        Decimal(24),
        "0.005",
        f"eni-{hub.name}",
        tags,
    )
    yield usage(
        begin,
        end,
        ("AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo"),
        some(20),
        "0.023",
        bucket,
        tags,
    )
    yield usage(
        begin,
        end,
        ("AmazonS3", "Requests-Tier1", "PutObject", "Requests"),
        Decimal(chance.randrange(100_000)),
        "0.000005",
        bucket,
        tags,
    )
    yield usage(
        begin,
        end,
        ("AmazonCloudWatch", "VendedLog-Bytes", "PutLogEvents", "GB"),
        some(3),
        "0.5",
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/{hub.name}",
        tags,
    )
    yield usage(
        begin,
        end,
        ("awskms", "KMS-Keys", "", "Keys"),
        rounded(Decimal(1) / DAYS),
        "1",
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{hub.name}",
        tags,
    )
    if hub.homes == "efs":
        share = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/fs-{hub.name}"
        yield usage(
            begin,
            end,
            ("AmazonEFS", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo"),
            some(12),
            "0.3",
            share,
            tags,
        )
        yield usage(
            begin,
            end,
            ("AmazonEFS", "IATimedStorage-ByteHrs", "StandardIA", "GB-Mo"),
            some(30),
            "0.016",
            share,
            tags,
        )
        yield usage(
            begin,
            end,
            ("AWSBackup", "WarmStorage-ByteHrs-EFS", "Storage", "GB-Mo"),
            some(12),
            "0.05",
            f"arn:aws:backup:{REGION}:{ACCOUNT}:{hub.name}",
            tags,
        )
    else:
        snapshot = f"arn:aws:ec2:{REGION}:{ACCOUNT}:snapshot/snap-{hub.name}"
        yield usage(
            begin,
            end,
            ("AmazonEC2", "EBS:SnapshotUsage", "CreateSnapshot", "GB-Mo"),
            some(9),
            "0.05",
            snapshot,
            tags,
        )


def foreign_lines(chance: random.Random) -> Iterator[Line]:
    """What has no tag of a hub: somebody's machine and bucket."""
    for begin in range(START, END, DAY):
        other = usage(
            begin,
            begin + DAY,
            ("AmazonEC2", "BoxUsage:m5.large", "RunInstances", "Hrs"),
            Decimal(24),
            "0.096",
            "i-0fedcba9876543210",
            {"user_team": "lab"},
        )
        other.machine, other.vcpu, other.memory = "m5.large", "2", "8 GiB"
        yield other
        amount = Decimal(chance.randrange(10**6)) / 10**6
        yield usage(
            begin,
            begin + DAY,
            ("AmazonS3", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo"),
            amount,
            "0.023",
            "papers",
            {},
        )


def account_lines(lines: list[Line]) -> Iterator[Line]:
    """The plan's fee, credits, refunds and tax, which are the account's, some with a hub's tag."""
    covered = sum((line.effective or Decimal(0) for line in lines), Decimal(0))
    for begin in range(START, END, HOUR):
        fee = rounded(covered / (DAYS * 24)) + Decimal("0.01")
        yield Line(
            begin,
            begin + HOUR,
            "SavingsPlanRecurringFee",
            "ComputeSavingsPlans",
            "ComputeSP:1yrNoUpfront",
            "",
            "",
            PLAN,
            "Hrs",
            {},
            Decimal(1),
            fee,
            effective=Decimal("0.01"),
        )
    month = (START, END)
    yield Line(
        *month,
        "Credit",
        "AmazonEC2",
        "",
        "",
        "",
        "",
        "",
        {},
        Decimal(0),
        Decimal("-120.5"),
        description="Research credit",
    )
    yield Line(
        START + 8 * DAY,
        START + 9 * DAY,
        "Credit",
        "AmazonS3",
        "USW2-Requests-Tier1",
        "PutObject",
        REGION,
        "reef-scratch",
        "Requests",
        {"user_frazil_hub": "reef"},
        Decimal(0),
        Decimal("-0.0312345678"),
        description="Promotional credit",
    )
    yield Line(
        START + 20 * DAY,
        START + 21 * DAY,
        "Refund",
        "AmazonEC2",
        "USW2-BoxUsage:r7i.2xlarge",
        "RunInstances",
        REGION,
        "",
        "Hrs",
        {},
        Decimal(0),
        Decimal("-3.4567891234"),
        description="Refund",
    )
    for service in ("AmazonEC2", "AmazonS3", "AmazonEKS"):
        cost = sum(
            (line.cost for line in lines if line.service == service and line.kind == "Usage"), Decimal(0)
        )
        yield Line(
            *month,
            "Tax",
            service,
            "",
            "",
            "",
            "",
            "",
            {},
            Decimal(1),
            rounded(cost * Decimal("0.0825")),
            description=f"Tax for product code {service}",
        )


def lines_of(world: World, seed: int) -> list[Line]:
    """The whole bill, by time."""
    chance = random.Random(seed + 1)
    hubs = [hub for hub in world.hubs if hub.cloud == "aws"]
    lines = [line for node in world.nodes if node.hub in hubs for line in node_lines(node)]
    for hub in hubs:
        lines += hub_lines(hub, chance)
    lines += foreign_lines(chance)
    lines += account_lines(lines)
    return sorted(lines, key=lambda line: (line.begin, line.resource, line.usage_type, line.kind))


def first_delivery(lines: list[Line]) -> list[Line]:
    """The month as it was delivered before it was closed: two days short, spot at another price."""
    early = [Line(**line.__dict__) for line in lines if line.begin < END - 2 * DAY]
    for line in early:
        if "SpotUsage" in line.usage_type:
            line.cost = rounded(line.cost * Decimal("1.07"))
    return early


def split_lines(world: World) -> list[Line]:
    """Split cost allocation rows: CPU, memory and, where there are some, GPUs of each pod and hour."""
    found: list[Line] = []
    for pod in world.pods:
        if pod.hub.cloud == "aws" and pod.node is not None:
            found += pod_lines(pod, pod.node)
    return sorted(found, key=lambda line: (line.begin, line.resource, line.usage_type))


def pod_lines(pod: Pod, node: Node) -> Iterator[Line]:
    hub = pod.hub
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:pod/{hub.name}/{pod.namespace}/{pod.name}/{pod.uid}"
    labels = {"user_hub_jupyter_org_username": pod.user, "user_gateway_dask_org_cluster": pod.cluster}
    marks = {
        "aws_eks_cluster_name": hub.name,
        "aws_eks_namespace": pod.namespace,
        "aws_eks_node": node.name,
        "aws_eks_workload_type": "Pod",
        "aws_eks_workload_name": pod.name,
    }
    for begin, end in pod.spans(HOUR):
        if begin < START:
            continue
        length = hours(end - begin)
        cpu_use, memory_use = pod.use(begin)
        known = pod.namespace == hub.name
        kinds = [
            ("vCPU", Decimal(pod.cpu_millis) / 1000, Decimal(cpu_use) / 1000),
            ("GB", Decimal(pod.memory_bytes) / GIB, Decimal(memory_use) / GIB),
        ]
        if pod.gpus:
            kinds.append(("GPU", Decimal(pod.gpus), Decimal(pod.gpus)))
        whole = begin - begin % HOUR
        tags = tagged(hub, END, **marks, **{key: value for key, value in labels.items() if value})
        for kind, requested, used in kinds:
            reserved, actual = rounded(requested * length), rounded(used * length) if known else None
            most = max(reserved, actual or Decimal(0))
            split = Split(
                node.resource,
                reserved,
                actual,
                most,
                rounded(most * Decimal("0.02")),
                rounded(most * Decimal("0.003")),
            )
            line = Line(
                whole,
                whole + HOUR,
                "Usage",
                "AmazonEKS",
                f"USW2-EKS-EC2-{kind}-Hours",
                "EKSPod-EC2",
                REGION,
                arn,
                f"{kind}-Hours",
                tags,
                Decimal(0),
                Decimal(0),
                split=split,
            )
            yield line
