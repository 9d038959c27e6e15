"""Writes AWS VPC flow logs of version 5 as text, as a hub's network would have them. The same words write the
same bytes.

    python make.py FOLDER [--bytes 1000000000] [--files 8] [--peers 5000] [--gzip] [--seed 8]

40 machines in three zones with two pods each, some thousand peers: S3 in two regions, other clouds and the
internet, by a NAT gateway from one zone; machines among each other. Both ends log flows within the network.
"""

import argparse
import gzip
import random
from pathlib import Path

FIELDS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type "
    "sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path"
).split()
ZONES = ["usw2-az1", "usw2-az2", "usw2-az3"]
DAY = 1_793_491_200
# First octets with the service that AWS names: S3 in us-west-2 and us-east-1, EC2, Google and the internet.
OUTSIDE = [("52.218", "S3"), ("52.216", "S3"), ("52.12", "EC2"), ("34.1", "-"), ("151.101", "-"), ("93.184", "-")]


class Machine:
    def __init__(self, number: int) -> None:
        self.zone = number % 3
        self.address = f"10.0.{self.zone}.{number + 10}"
        self.pods = [f"10.0.{self.zone + 100}.{number * 2 + pod + 10}" for pod in range(2)]
        self.interface = f"eni-{number:017x}"
        self.instance = f"i-{number:017x}"


def record(machine: Machine, out: bool, ends: list[str], size: tuple[int, int], second: int, extra: list[str]) -> str:
    """Ends: addresses at the interface and in the packets; extra: services and path."""
    source, target, packet_source, packet_target = ends
    packets, octets = size
    zone = ZONES[machine.zone]
    return " ".join([
        "5 111122223333", machine.interface, source, target, "443 50123 6" if not out else "50123 443 6",
        str(packets), str(octets), str(second), str(second + 59),
        "REJECT" if packets == 1 else "ACCEPT", "OK vpc-0a1b2c3d", f"subnet-{machine.zone}", machine.instance,
        "3 IPv4", packet_source, packet_target, "us-west-2", zone, "- -", extra[0], extra[1],
        "egress" if out else "ingress", extra[2],
    ])


def lines(random_: random.Random, peers: int):
    machines = [Machine(number) for number in range(40)]
    outside = []
    for _ in range(peers):
        start, service = random_.choice(OUTSIDE)
        outside.append((f"{start}.{random_.randrange(256)}.{random_.randrange(1, 255)}", service))
    while True:
        second = DAY + random_.randrange(3 * 86_400)
        packets = random_.choice([1, 3, 12, 40, 400])
        size = (packets, packets * random_.randrange(60, 1_460))
        one = random_.choice(machines)
        if random_.random() < 0.7:
            peer, service = random_.choice(outside)
            path = "1" if one.zone == 2 else "7" if service == "S3" else "8"
            if random_.random() < 0.5:
                yield record(one, True, [one.address, peer, one.address, peer], size, second, ["-", service, path])
            else:
                yield record(one, False, [peer, one.address, peer, one.address], size, second, [service, "-", "-"])
            continue
        two = random_.choice(machines)
        if one is two:
            continue
        sender, receiver = random_.choice(one.pods), random_.choice(two.pods)
        plain = ["-", "-", "1"]
        yield record(one, True, [one.address, receiver, sender, receiver], size, second, plain)
        yield record(two, False, [sender, two.address, sender, receiver], size, second, ["-", "-", "-"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--peers", type=int, default=5_000)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    made = lines(random.Random(given.seed), given.peers)
    for number in range(given.files):
        path = given.folder / f"vpcflowlogs-{number:03}.log"
        opened = gzip.open(f"{path}.gz", "wt") if given.gzip else path.open("w")
        with opened as file:
            left = given.bytes // given.files
            left -= file.write(" ".join(FIELDS) + "\n")
            while left > 0:
                left -= file.write("\n".join(next(made) for _ in range(1_000)) + "\n")


if __name__ == "__main__":
    main()
