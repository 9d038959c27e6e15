"""Runs the queries of Athena and BigQuery on rows made here, and tells what they have to come to.

Reads a request a line, answers a line, both JSON. The texts are translated to DuckDB's SQL by sqlglot. What
they have to come to is summed here in another way: row by row, in decimal numbers of any length.
"""

import csv
import datetime
import decimal
import json
import pathlib
import random
import sys
import tempfile
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import sqlglot

decimal.getcontext().prec = 120
PICO = Decimal(1).scaleb(-12)
GIB_HOUR = Decimal(3600 * 2**30)

CUR_TYPES = {
    "bill_billing_period_start_date": "TIMESTAMP", "bill_payer_account_id": "VARCHAR",
    "line_item_usage_start_date": "TIMESTAMP", "line_item_usage_account_id": "VARCHAR",
    "line_item_line_item_type": "VARCHAR", "line_item_product_code": "VARCHAR",
    "line_item_usage_type": "VARCHAR", "line_item_operation": "VARCHAR",
    "product_region_code": "VARCHAR", "line_item_resource_id": "VARCHAR", "pricing_unit": "VARCHAR",
    "line_item_currency_code": "VARCHAR", "line_item_usage_amount": "DOUBLE",
    "line_item_unblended_cost": "DOUBLE", "reservation_effective_cost": "DOUBLE",
    "savings_plan_savings_plan_effective_cost": "DOUBLE", "savings_plan_total_commitment_to_date": "DOUBLE",
    "savings_plan_used_commitment": "DOUBLE",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "DOUBLE",
    "reservation_unused_recurring_fee": "DOUBLE", "pricing_public_on_demand_cost": "DOUBLE",
    "split_line_item_parent_resource_id": "VARCHAR", "split_line_item_reserved_usage": "DOUBLE",
    "split_line_item_actual_usage": "DOUBLE", "split_line_item_split_usage": "DOUBLE",
    "resource_tags": "MAP(VARCHAR, VARCHAR)", "billing_period": "VARCHAR",
}
LABELS = "STRUCT(key VARCHAR, value VARCHAR)[]"
EXPORT_TYPES = {
    "billing_account_id": "VARCHAR", "service": "STRUCT(id VARCHAR, description VARCHAR)",
    "sku": "STRUCT(id VARCHAR, description VARCHAR)", "usage_start_time": "TIMESTAMP",
    "project": "STRUCT(id VARCHAR)", "labels": LABELS, "system_labels": LABELS,
    "tags": 'STRUCT(key VARCHAR, "value" VARCHAR, "namespace" VARCHAR)[]',
    "location": 'STRUCT("location" VARCHAR, region VARCHAR)',
    "resource": 'STRUCT("name" VARCHAR, global_name VARCHAR)', "cost": "DOUBLE", "currency": "VARCHAR",
    "usage": "STRUCT(amount DOUBLE, unit VARCHAR)", "credits": 'STRUCT("name" VARCHAR, amount DOUBLE, "type" VARCHAR)[]',
    "invoice": 'STRUCT("month" VARCHAR)', "cost_type": "VARCHAR", "cost_at_list": "DOUBLE",
    "_PARTITIONTIME": "TIMESTAMP",
}


def picos(number):
    """A number as text or floating point, in whole 10^-12, and what is left."""
    exact = Decimal(repr(number) if isinstance(number, float) else str(number))
    rounded = exact.quantize(PICO, rounding=ROUND_HALF_UP)
    return int(rounded / PICO), exact - rounded


class Sums:
    """Lines and uses by key, with what rounding left over."""

    def __init__(self):
        self.lines, self.uses, self.rests = {}, {}, {}

    def line(self, source, month, key, quantity, billed, effective, listed):
        money = [picos(part or 0) for part in (billed, effective, listed)]
        full = (*source, month, *key)
        sums = self.lines.setdefault(full, [0, 0, 0, 0, 0])
        for place, part in enumerate([picos(quantity or 0)[0], *(whole for whole, _ in money), 1]):
            sums[place] += part
        rest = self.rests.setdefault((*source, month, key[-1]), [Decimal(0)] * 3)
        for place, (_, left) in enumerate(money):
            rest[place] += left

    def told(self):
        lines = {key: list(sums) for key, sums in self.lines.items()}
        for (kind, provider, payer, month, currency), rest in self.rests.items():
            whole = [int((part / PICO).quantize(Decimal(1), rounding=ROUND_HALF_UP)) for part in rest]
            if any(whole):
                days = [key[4] for key in self.lines if key[:4] == (kind, provider, payer, month)]
                key = (kind, provider, payer, month, min(days), "rounding", *[""] * 8, currency)
                sums = lines.setdefault(key, [0, 0, 0, 0, 0])
                lines[key] = [0 + sums[0], *(a + b for a, b in zip(sums[1:4], whole)), sums[4] + 0]
        return {
            "lines": [[*key, *map(str, sums)] for key, sums in lines.items()],
            "uses": [[*key, *[None if part is None else str(part) for part in sums]] for key, sums in self.uses.items()],
        }


def labels(pairs):
    return json.dumps(dict(sorted(pairs.items())), ensure_ascii=False, separators=(",", ":")) if pairs else ""


WRITTEN = {
    "user_frazil_hub": ("frazil:hub", "frazil/hub"), "user_frazil_pool": ("frazil:pool", "frazil/pool"),
    "user_hub_jupyter_org_username": ("hub_jupyter_org_username", "hub.jupyter.org/username"),
    "aws_eks_namespace": ("aws:eks:namespace",) * 2, "user_team": ("team",) * 2, "plain": ("plain",) * 2,
}


def words(tags, pod):
    return {WRITTEN[key][pod]: value for key, value in (tags or {}).items() if value}


def cur_charge(kind):
    known = {"Tax": "tax", "Credit": "credit", "Refund": "refund", "SavingsPlanNegation": "discount"}
    if kind in known:
        return known[kind]
    if kind in ("Fee", "RIFee", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee"):
        return "fee"
    return "discount" if kind.endswith("Discount") else "usage"


def cur_effective(row):
    exact = lambda name: Decimal(repr(row[name])) if row[name] is not None else Decimal(0)  # noqa: E731
    kind = row["line_item_line_item_type"]
    if kind == "SavingsPlanCoveredUsage":
        return exact("savings_plan_savings_plan_effective_cost")
    if kind == "DiscountedUsage":
        return exact("reservation_effective_cost")
    if kind in ("SavingsPlanNegation", "SavingsPlanUpfrontFee"):
        return Decimal(0)
    return exact("line_item_unblended_cost")


def cur_truth(rows, month):
    sums = Sums()
    for row in rows:
        if row["bill_billing_period_start_date"][:7] != month:
            continue
        source = ("cur2", "aws", row["bill_payer_account_id"])
        day = row["line_item_usage_start_date"][:10]
        is_split = row["split_line_item_reserved_usage"] is not None
        if is_split:
            cur_use(sums, source, month, day, row)
        if is_split and not row["line_item_unblended_cost"]:
            continue
        text = lambda name: row[name] or ""  # noqa: E731
        key = (day, cur_charge(row["line_item_line_item_type"]), text("line_item_usage_account_id"),
               text("line_item_product_code"), text("line_item_usage_type"), text("line_item_operation"),
               text("product_region_code"), text("line_item_resource_id"), text("pricing_unit"),
               labels(words(row["resource_tags"], 0)), text("line_item_currency_code"))
        # Of fees of plans two numbers make one, each rounded by itself.
        effective = cur_effective(row)
        pairs = {"SavingsPlanRecurringFee": ("savings_plan_total_commitment_to_date", "savings_plan_used_commitment", -1),
                 "RIFee": ("reservation_unused_amortized_upfront_fee_for_billing_period", "reservation_unused_recurring_fee", 1)}
        if row["line_item_line_item_type"] in pairs:
            one, other, sign = pairs[row["line_item_line_item_type"]]
            (a, rest_a), (b, rest_b) = picos(row[one] or 0), picos(row[other] or 0)
            effective = a * PICO + sign * b * PICO
            sums.line(source, month, key, row["line_item_usage_amount"], row["line_item_unblended_cost"], effective,
                      row["pricing_public_on_demand_cost"])
            sums.rests[(*source, month, key[-1])][1] += rest_a + sign * rest_b
            continue
        sums.line(source, month, key, row["line_item_usage_amount"], row["line_item_unblended_cost"], effective,
                  row["pricing_public_on_demand_cost"])
    return sums.told()


def cur_use(sums, source, month, day, row):
    kind = row["line_item_usage_type"]
    if "ECS-" in kind:
        return
    unit = GIB_HOUR if "GB" in kind else Decimal(3600)
    names = ("split_line_item_reserved_usage", "split_line_item_actual_usage", "split_line_item_split_usage")

    def seconds(hours):
        # To the nearest 10^-12 of a second, twice: of hours, and of what that left.
        if hours is None:
            return None
        whole, rest = picos(hours)
        return whole * int(unit) + int(((rest * unit) / PICO).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    requested, used, largest = (seconds(row[name]) for name in names)
    place = 0 if "vCPU" in kind else 3 if "GB" in kind else 6
    pod = words(row["resource_tags"], 1)
    key = (*source, month, day, row["split_line_item_parent_resource_id"], row["line_item_resource_id"],
           pod.get("aws:eks:namespace", ""), labels(pod))
    own = sums.uses.setdefault(key, [0, None, None, 0, None, None, 0])
    own[place] += requested or 0
    for at, part in ((place + 1, used), (place + 2, largest)):
        if place < 6 and part is not None:
            own[at] = (own[at] or 0) + part


def awkward(chance):
    """Numbers as bills have them, and as floating point makes them."""
    kind = chance.randrange(6)
    if kind == 0:
        return round(chance.uniform(0, 5), 10)
    if kind == 1:
        return chance.uniform(0, 1)
    if kind == 2:
        return chance.randrange(1, 10**6) * 1e-13
    if kind == 3:
        return -round(chance.uniform(0, 0.5), 4)
    return chance.choice([0.0, 0.1, 0.2, 0.2646, 0.0000000123, 1e-7, 5e-13, 1.5e-12, 12345.678901234567])


def cur_rows(seed, count):
    chance = random.Random(seed)
    tags = [None, {}, {"user_frazil_hub": "lab", "user_frazil_pool": "user"}, {"user_frazil_pool": "user", "user_frazil_hub": "lab"},
            {"user_frazil_hub": "é\"1\\ü", "user_team": ""}, {"plain": "a'b; DROP TABLE x --"}]
    kinds = ["Usage"] * 12 + ["DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "RIFee", "Fee", "Tax",
                              "Credit", "Refund", "EdpDiscount", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"]
    rows = []
    for number in range(count):
        month = chance.choice(["2026-11"] * 8 + ["2026-10"])
        day = chance.randrange(1, 6)
        kind = chance.choice(kinds)
        start = f"{month}-{day:02} {chance.randrange(24):02}:00:00"
        if month == "2026-11" and number % 37 == 0:
            start = "2026-10-31 23:00:00"
        row = dict.fromkeys(CUR_TYPES)
        row |= {
            "bill_billing_period_start_date": f"{month}-01 00:00:00", "billing_period": month,
            "bill_payer_account_id": chance.choice(["123456789012"] * 5 + ["210987654321"]),
            "line_item_usage_start_date": start, "line_item_usage_account_id": chance.choice(["111111111111", "222222222222"]),
            "line_item_line_item_type": kind, "line_item_product_code": chance.choice(["AmazonEC2", "AmazonS3"]),
            "line_item_usage_type": chance.choice(["USW2-BoxUsage:r7i.large", "DataTransfer-Out-Bytes"]),
            "line_item_operation": chance.choice(["RunInstances", None, ""]), "product_region_code": chance.choice(["us-west-2", None]),
            "line_item_resource_id": chance.choice(["i-1", "i-2", "", None]), "pricing_unit": chance.choice(["Hrs", "GB", None]),
            "line_item_currency_code": chance.choice(["USD"] * 9 + ["EUR"]), "line_item_usage_amount": awkward(chance),
            "line_item_unblended_cost": awkward(chance), "pricing_public_on_demand_cost": chance.choice([None, awkward(chance)]),
            "resource_tags": chance.choice(tags),
        }
        if kind == "DiscountedUsage":
            row["reservation_effective_cost"] = awkward(chance)
        if kind == "SavingsPlanCoveredUsage":
            row["savings_plan_savings_plan_effective_cost"] = awkward(chance)
        if kind == "SavingsPlanRecurringFee":
            row |= {"savings_plan_total_commitment_to_date": awkward(chance), "savings_plan_used_commitment": awkward(chance)}
        if kind == "RIFee":
            row |= {"reservation_unused_amortized_upfront_fee_for_billing_period": awkward(chance), "reservation_unused_recurring_fee": awkward(chance)}
        if kind == "Usage" and chance.random() < 0.4:
            reserved, actual = chance.choice([0.25, 1.0, 2 / 3, 0.0166666667]), chance.choice([None, 0.1, 1 / 3, 1.75])
            pod = f"arn:aws:eks:us-west-2:111111111111:pod/lab/lab/jupyter-{chance.choice('abc')}/uid"
            row |= {
                "line_item_usage_type": chance.choice(["USW2-EKS-EC2-vCPU-Hours", "USW2-EKS-EC2-GB-Hours", "USW2-EKS-EC2-GPU-Hours", "USW2-ECS-EC2-GB-Hours"]),
                "line_item_unblended_cost": 0.0, "split_line_item_parent_resource_id": chance.choice(["i-1", "i-2"]),
                "line_item_resource_id": pod, "split_line_item_reserved_usage": reserved, "split_line_item_actual_usage": actual,
                "split_line_item_split_usage": max(reserved, actual or 0.0),
                "resource_tags": chance.choice([{"aws_eks_namespace": "lab", "user_hub_jupyter_org_username": "ada"}, {"user_frazil_hub": "lab", "aws_eks_namespace": "kube-system"}, None]),
            }
        rows.append(row)
    return rows


def export_charge(row):
    kind = row["cost_type"] or ""
    if kind in ("tax", "adjustment"):
        return {"tax": "tax", "adjustment": "refund"}[kind]
    if kind.startswith("round"):
        return "rounding"
    return "fee" if (row["sku"]["description"] or "").startswith("Commitment") else "usage"


def lowers(credit):
    kind, name = credit.get("type") or "", credit["name"] or ""
    if not kind:
        return name.startswith(("Sustained Us", "Committed Us", "Reseller Margin"))
    return kind == "DISCOUNT" or kind.startswith(("COMMITTED_US", "SUSTAINED_US", "RESELLER_MARGIN", "SUBSCRIPTION_BENEFIT", "FEE_UTILIZATION_OFFSET"))


def export_truth(rows, month, detailed):
    sums, written = Sums(), f"{month[:4]}-{month[4:]}"
    for row in rows:
        own = (row["invoice"] or {}).get("month") or row["usage_start_time"][:7].replace("-", "")
        if own != month:
            continue
        all_labels = {}
        for name in ("labels", "system_labels", "tags"):
            for one in row.get(name) or []:
                key = f"{one['namespace']}/{one['key']}" if one.get("namespace") else one["key"]
                all_labels.setdefault(key, one["value"] or "")
        either = lambda record, one, other: ((row.get(record) or {}).get(one) or (row.get(record) or {}).get(other) or "")  # noqa: E731
        source = ("gcp-detailed" if detailed else "gcp-standard", "gcp", row["billing_account_id"])
        shared = [(row["project"] or {}).get("id") or "", row["service"]["description"], row["sku"]["description"] or ""]
        place = [either("location", "region", "location"), either("resource", "name", "global_name")]
        day, end = row["usage_start_time"][:10], [labels(all_labels), row["currency"]]
        usage = row["usage"] or {}
        key = (day, export_charge(row), *shared, "", *place, usage.get("unit") or "", *end)
        sums.line(source, written, key, usage.get("amount"), row["cost"], row["cost"], row.get("cost_at_list"))
        for credit in row["credits"] or []:
            key = (day, "discount" if lowers(credit) else "credit", *shared, credit["name"], *place, "", *end)
            sums.line(source, written, key, 0, credit["amount"], credit["amount"], 0)
    return sums.told()


def export_rows(seed, count):
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        month = chance.choice(["202611"] * 6 + ["202610"])
        pairs = chance.sample([("frazil-hub", "lab"), ("k8s-namespace", "lab"), ("goog-k8s-cluster-name", "é\"x"), ("empty", "")], chance.randrange(4))
        credits = chance.sample([("Sustained Usage Discount", "SUSTAINED_USAGE_DISCOUNT"), ("Research credits", "PROMOTION"),
                                 ("Committed use discount", "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE"), ("free", "FREE_TIER")], chance.choice([0, 0, 1, 2]))
        day = chance.randrange(1, 6)
        rows.append({
            "billing_account_id": "01AB-CD", "service": {"id": "6F81", "description": chance.choice(["Compute Engine", "Cloud Storage"])},
            "sku": {"id": "x", "description": chance.choice(["N2 Core", "Commitment v1: Cpu", "Network Internet Egress"])},
            "usage_start_time": f"{month[:4]}-{month[4:]}-{day:02} {chance.randrange(24):02}:00:00", "project": chance.choice([{"id": "lab-1"}, None]),
            "labels": [{"key": key, "value": value} for key, value in pairs],
            "system_labels": [{"key": "compute.googleapis.com/cores", "value": "4"}] if number % 3 == 0 else [],
            "tags": [{"key": "env", "value": "dev", "namespace": "org"}] if number % 5 == 0 else [],
            "location": {"location": "us-central1", "region": chance.choice(["us-central1", None])},
            "resource": {"name": chance.choice(["node-1", None]), "global_name": "//compute/node-1"}, "cost": awkward(chance), "currency": chance.choice(["USD", "USD", "EUR"]),
            "usage": {"amount": awkward(chance), "unit": "seconds"}, "credits": [{"name": name, "type": kind, "amount": -abs(awkward(chance))} for name, kind in credits],
            "invoice": {"month": None if number % 41 == 0 else month}, "cost_type": chance.choice(["regular"] * 6 + ["tax", "adjustment", "rounding_error"]),
            "cost_at_list": chance.choice([None, awkward(chance)]), "_PARTITIONTIME": f"{month[:4]}-{month[4:]}-{day:02} 00:00:00",
        })
    return rows


def shared_rows(path):
    """The rows of the public samples, which are flattened, as records."""
    if path.suffix == ".json":
        for row in json.loads(path.read_text()):
            yield {
                "billing_account_id": row["billing_account_id"], "service": {"description": row["service_description"]},
                "sku": {"description": row["sku_description"]}, "usage_start_time": row["usage_start_time"], "project": {"id": row["project_id"]},
                "labels": row["labels"], "location": {"location": row["location_location"], "region": row["location_region"]},
                "cost": float(row["cost"]), "currency": row["currency"], "usage": {"amount": float(row["usage_amount"]), "unit": row["usage_unit"]},
                "credits": [{"name": credit["name"], "amount": float(credit["amount"])} for credit in row["credits"]],
                "invoice": {"month": row["invoice_month"]}, "cost_type": row["cost_type"],
            }
        return
    csv.field_size_limit(10**7)
    for row in csv.DictReader(path.open(newline="")):
        record = {name: json.loads(row[name]) for name in ("service", "sku", "project", "system_labels", "tags", "location", "resource", "usage", "invoice")}
        # Of a credit the record has all.
        yield record | {
            "billing_account_id": row["billing_account_id"], "usage_start_time": row["usage_start_time"].replace("T", " ").rstrip("Z"),
            "labels": json.loads(row["labels_1"]), "cost": float(row["cost"]), "currency": row["currency"],
            "credits": json.loads(row["credits"]), "cost_type": row["cost_type"], "cost_at_list": float(row["cost_at_list"]),
            "_PARTITIONTIME": row["export_time"].replace("T", " ").rstrip("Z"),
        }


class Engine:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="frazil-test-")
        self.db = duckdb.connect()

    def table(self, catalog, schema, name, rows, types):
        """Rows in a Parquet file, and a table over it."""
        folder = pathlib.Path(self.folder.name)
        keys = [key for key in types if any(key in row for row in rows)]
        lines = [json.dumps({key: row.get(key) for key in keys}) for row in rows]
        (folder / "rows.json").write_text("\n".join(lines))
        columns = ", ".join(f"'{key}': '{types[key].replace(chr(39), chr(39) * 2)}'" for key in keys)
        parquet = folder / f"{name}.parquet"
        self.db.execute(f"COPY (SELECT * FROM read_json('{folder}/rows.json', format='newline_delimited', columns={{{columns}}})) TO '{parquet}' (FORMAT parquet)")
        if not self.db.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [catalog]).fetchone():
            self.db.execute(f"ATTACH ':memory:' AS \"{catalog}\"")
        self.db.execute(f'CREATE SCHEMA IF NOT EXISTS "{catalog}"."{schema}"')
        self.db.execute(f"CREATE OR REPLACE VIEW \"{catalog}\".\"{schema}\".\"{name}\" AS SELECT * FROM read_parquet('{parquet}')")
        return keys

    def make_cur(self, seed, count, without=()):
        types = {key: kind for key, kind in CUR_TYPES.items() if key not in without}
        rows = cur_rows(seed, count)
        keys = self.table("AwsDataCatalog", "bills", "cur2", rows, types)
        hive = {"TIMESTAMP": "timestamp", "VARCHAR": "string", "DOUBLE": "double"}
        return {"columns": [[key, hive.get(types[key], "map<string,string>")] for key in keys], "truth": cur_truth(rows, "2026-11")}

    def make_export(self, seed, count, month, detailed=True, file=None):
        rows = list(shared_rows(pathlib.Path(file))) if file else export_rows(seed, count)
        if not detailed:
            for row in rows:
                for name in ("resource", "tags", "cost_at_list", "_PARTITIONTIME"):
                    row.pop(name, None)
        keys = self.table("my-project", "billing", "export", rows, EXPORT_TYPES)
        return {"schema": [schema(key, EXPORT_TYPES[key]) for key in keys if key != "_PARTITIONTIME"], "truth": export_truth(rows, month, detailed)}

    def query(self, sql, dialect, parameters):
        text = sqlglot.transpile(sql, read=dialect, write="duckdb")
        assert len(text) == 1, text
        text = text[0]
        if dialect == "bigquery":
            # DuckDB has no numbers of 76 digits.
            assert "DECIMAL(38, 5)" in text, text
            text = text.replace("DECIMAL(38, 5)", "DECIMAL(38, 24)")
        else:
            # Athena takes literals.
            parameters = [literal.removeprefix("'").removesuffix("'") for literal in parameters]
        cursor = self.db.execute(text, parameters)
        names = [column[0] for column in cursor.description]
        return {"names": names, "rows": [[told(value) for value in row] for row in cursor.fetchall()]}


def told(value):
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return None if value is None else str(value)


def schema(name, kind):
    """A column as BigQuery describes it."""
    inner = kind.removesuffix("[]")
    if inner.startswith("STRUCT("):
        fields = [field.replace('"', "").split(" ", 1) for field in inner[7:-1].split(", ")]
        mode = "REPEATED" if kind.endswith("[]") else "NULLABLE"
        return {"name": name, "type": "RECORD", "mode": mode, "fields": [schema(*field) for field in fields]}
    return {"name": name, "type": {"DOUBLE": "FLOAT", "VARCHAR": "STRING"}.get(inner, inner), "mode": "NULLABLE"}


if __name__ == "__main__":
    engine = Engine()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(engine, request.pop("do"))(**request)
        print(json.dumps(answer), flush=True)
