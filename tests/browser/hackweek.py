"""A hackweek as a ledger has it: bills, the recorder's history, and the page that frazil makes of them."""

import csv
import json
import os
import subprocess
from datetime import datetime, timedelta, timezone

import localhub

FIRST = datetime(2026, 3, 19, tzinfo=timezone.utc)
DAYS = 10
# What somebody may have taken for a name, too.
PEOPLE = [
    "ada.lovelace@example.org", "grace-hopper", "katherine", "<script>document.title='x'</script>",
    "a-person-with-a-rather-long-user-name@institute.example.edu", '"><img src=x onerror=alert(1)>',
    "mary", "annie", "vera", "jocelyn", "cecilia", "lise", "rosalind", "dorothy", "maria", "emmy",
]
HUB_FILE = """\
name: icesat2-2026
provider: { aws: { account: "123456789012", region: us-west-2 } }
auth: native
sizes: [{ name: small, memory: 8 GiB, default: true }]
budget: { total: 500 USD, alert_at: [25, 50, 75, 100] }
event: { from: 2026-03-21, to: 2026-03-25, attendees: 40 }
"""
COLUMNS = [
    "bill/BillingPeriodStartDate", "bill/PayerAccountId", "lineItem/UsageStartDate", "lineItem/LineItemType",
    "lineItem/UsageAccountId", "lineItem/ProductCode", "lineItem/UsageType", "lineItem/ResourceId", "pricing/unit",
    "lineItem/UsageAmount", "lineItem/CurrencyCode", "lineItem/UnblendedCost", "resourceTags/user:frazil:hub",
    "resourceTags/user:frazil:pool", "product/regionCode",
]


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def busy(day):
    """Whether the event is on that day."""
    return 2 <= day < 7


def nodes():
    """Nodes of people: name, pool, when made, when gone."""
    for day in range(DAYS):
        start = FIRST + timedelta(days=day, hours=8)
        for number in range((4 + day * 2 % 5) if busy(day) else 1):
            hours = 15 if number == 0 else 9 + number % 3
            yield f"user-{day}-{number}", "user", start + timedelta(minutes=15 * number), hours
        if busy(day):
            yield f"dask-{day}", "dask", start + timedelta(hours=6), 11


def history():
    """Lines of the recorder."""
    for index, (name, pool, start, hours) in enumerate(nodes()):
        end = start + timedelta(hours=hours)
        common = {"cpu_millis": 7900, "memory_bytes": 62 << 30}
        yield {
            "kind": "node", "uid": name, "name": name, "provider_id": f"aws:///us-west-2a/i-{name}",
            "machine": "r7i.2xlarge", "zone": "us-west-2a", "pool": pool, "spot": pool == "dask",
            "created": stamp(start), "ended": stamp(end), **common,
        }
        for seat in range(3):
            who = PEOPLE[(index * 3 + seat) % len(PEOPLE)]
            labels = {"hub.jupyter.org/username": who}
            if pool == "dask":
                labels["gateway.dask.org/cluster"] = f"cluster-{index}"
            last = end - timedelta(hours=1 + seat)
            yield {
                "kind": "pod", "uid": f"{name}-{seat}", "namespace": "icesat2-2026", "name": f"pod-{name}-{seat}",
                "node": name, "labels": labels, "cpu_millis": 2000, "memory_bytes": 16 << 30, "gpus": 0,
                "created": stamp(start), "scheduled": stamp(start + timedelta(minutes=2)), "ended": stamp(last),
            }


def rows():
    """Rows of a legacy Cost and Usage Report: day, product, usage type, resource, amount, pool."""
    for name, pool, start, hours in nodes():
        day = start.replace(hour=0, minute=0)
        yield day, "Usage", "AmazonEC2", "USW2-BoxUsage:r7i.2xlarge", f"i-{name}", hours, 0.5292 * hours, pool
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        yield day, "Usage", "AmazonEKS", "USW2-AmazonEKS-Hours:perCluster", "cluster", 24, 2.4, ""
        yield day, "Usage", "AmazonEC2", "USW2-BoxUsage:r7i.large", "i-core", 24, 3.17520000001, "core"
        yield day, "Usage", "AmazonEFS", "USW2-TimedStorage-ByteHrs", "fs-1", 14, 4.2, ""
        yield day, "Usage", "AWSDataTransfer", "USW2-DataTransfer-Out-Bytes", "", 9, 0.81, ""
    yield FIRST + timedelta(days=9), "Credit", "AmazonEC2", "", "", 0, -25, ""
    yield FIRST + timedelta(days=9), "Tax", "AmazonEC2", "", "", 0, 7.03, ""


def write(folder):
    """Writes bill, history and hub file into a folder."""
    with open(folder / "bill.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for day, kind, product, usage, resource, quantity, amount, pool in rows():
            out.writerow([
                "2026-03-01T00:00:00Z", "123456789012", stamp(day), kind, "123456789012", product, usage, resource,
                "Hrs", quantity, "USD", f"{amount:.11f}", "icesat2-2026", pool, "us-west-2",
            ])
    lines = [json.dumps(line) + "\n" for line in history()]
    (folder / "history.jsonl").write_text("".join(lines))
    (folder / "hub.yaml").write_text(HUB_FILE)


def frazil(folder, *arguments, today="2026-03-26"):
    """Runs the program in a folder of its own and gives what it printed."""
    home = {"HOME": str(folder), "FRAZIL_TODAY": today, "NO_COLOR": "1"}
    paths = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("STATE", "DATA", "CACHE")}
    call = [localhub.program(), *arguments]
    done = subprocess.run(call, cwd=folder, env=os.environ | home | paths, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(folder):
    """Takes bill and history into a ledger."""
    write(folder)
    frazil(folder, "cost", "read", "bill.csv", "--history", "history.jsonl", "--hub", "icesat2-2026", "--ledger", "ledger.sqlite")


def page(folder, name, *arguments):
    """The path of a page, made with some arguments."""
    frazil(folder, "report", *arguments, "--ledger", "ledger.sqlite", "--out", name)
    return folder / name
