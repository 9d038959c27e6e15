#!/usr/bin/env python3
"""Rewrites the table of the clouds' address ranges from the lists that the clouds publish.

    python3 src/catalog/data/addresses.py IP-RANGES.JSON CLOUD.JSON SOURCE [--out FOLDER]

IP-RANGES.JSON is AWS's list (https://ip-ranges.amazonaws.com/ip-ranges.json), CLOUD.JSON Google's of its
customers' addresses (https://www.gstatic.com/ipranges/cloud.json), SOURCE the public repository that both
were taken from. ranges.csv and sources.csv are written into `addresses` beside this script, or into FOLDER.
The same input gives the same bytes.
"""

import argparse
import ipaddress
import json
from pathlib import Path

# Services that are told apart; all others are AMAZON. Of several that list the same prefix the first counts:
# every prefix of S3 is listed under EC2 as well.
SERVICES = ["S3", "GLOBALACCELERATOR", "CLOUDFRONT", "EC2"]


def meaning(region, service):
    return ("" if region.upper() == "GLOBAL" else region, service)


def aws(listed):
    """The meaning of each prefix. AMAZON is listed for all: it counts where no service is more exact."""
    rank = {name: number for number, name in enumerate(SERVICES)}
    best, everything = {}, {}
    for row in listed["prefixes"] + listed["ipv6_prefixes"]:
        network = ipaddress.ip_network(row.get("ip_prefix") or row["ipv6_prefix"])
        if row["service"] == "AMAZON":
            everything[network] = meaning(row["region"], "AMAZON")
            continue
        service = row["service"] if row["service"] in rank else "AMAZON"
        found = (rank.get(service, len(rank)), meaning(row["region"], service))
        best[network] = min(best.get(network, found), found)
    table = {network: found for network, (_, found) in best.items()}
    for network, found in everything.items():
        above = enclosing(table, network)
        # Within the same region, what a service lists says more.
        if network not in table and (above is None or table[above][0] != found[0]):
            table[network] = found
    return table


def google(listed):
    prefix = lambda row: ipaddress.ip_network(row.get("ipv4Prefix") or row["ipv6Prefix"])
    return {prefix(row): meaning(row["scope"], "") for row in listed["prefixes"]}


def enclosing(table, network):
    """The longest prefix of the table that the network is part of, itself left out."""
    while network.prefixlen > 0:
        network = network.supernet()
        if network in table:
            return network
    return None


def merged(table):
    """Fewer prefixes that say the same of every address: the longest that holds it decides."""
    table = dict(table)
    changed = True
    while changed:
        changed = False
        for network in sorted(table, key=lambda each: (-each.prefixlen, int(each.network_address))):
            if network not in table or network.prefixlen == 0:
                continue
            above = enclosing(table, network)
            if above is not None and table[above] == table[network]:
                del table[network]
                changed = True
                continue
            parent = network.supernet()
            low, high = parent.subnets()
            if low in table and high in table and table[low] == table[high]:
                table[parent] = table[low]
                del table[low], table[high]
                changed = True
    return table


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(row) + "\n" for row in [header, *sorted(rows)]), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("amazon", type=Path)
    parser.add_argument("google", type=Path)
    parser.add_argument("source")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "addresses")
    args = parser.parse_args()
    lists = {"aws": json.loads(args.amazon.read_text()), "gcp": json.loads(args.google.read_text())}
    # AWS writes 2026-05-06-02-57-06, Google 2026-05-05T19:04:08.
    days = {"aws": lists["aws"]["createDate"][:10], "gcp": lists["gcp"]["creationTime"][:10]}
    rows = []
    for provider, table in (("aws", aws(lists["aws"])), ("gcp", google(lists["gcp"]))):
        kept = merged(table)
        print(f"{provider}: {len(table)} prefixes, {len(kept)} rows")
        rows += [(provider, str(network), *found) for network, found in kept.items()]
    write(args.out / "ranges.csv", ("provider", "prefix", "region", "service"), rows)
    write(args.out / "sources.csv", ("provider", "date", "source"), [(p, days[p], args.source) for p in days])


if __name__ == "__main__":
    main()
