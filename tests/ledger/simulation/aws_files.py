"""Writes AWS's bill: CUR 2.0 as Parquet and as CSV, legacy CUR as CSV, FOCUS 1.2 as CSV."""

import csv
import datetime as dt
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aws import ACCOUNT, PLAN
from rows import Line, iso
from world import END, START

Value = str | Decimal | int | dict[str, str] | None
MONEY = pa.float64()
TIME = pa.timestamp("ms")
MAP = pa.map_(pa.string(), pa.string())
# Columns of CUR 2.0 that are not texts.
TYPES = {
    "bill_billing_period_start_date": TIME,
    "bill_billing_period_end_date": TIME,
    "line_item_usage_start_date": TIME,
    "line_item_usage_end_date": TIME,
    "line_item_unblended_cost": MONEY,
    "line_item_usage_amount": MONEY,
    "pricing_public_on_demand_cost": MONEY,
    "reservation_effective_cost": MONEY,
    "savings_plan_savings_plan_effective_cost": MONEY,
    "product": MAP,
    "resource_tags": MAP,
    "cost_category": MAP,
    "discount": MAP,
}


def identity(line: Line) -> str:
    told = f"{line.begin} {line.kind} {line.resource} {line.usage_type} {line.service} {sorted(line.tags.items())}"
    return hashlib.sha256(told.encode()).hexdigest()[:52]


def cur2_row(line: Line, with_split: bool) -> dict[str, Value]:
    product = {"vcpu": line.vcpu, "memory": line.memory, "product_family": line.family}
    bought = "Purchase" if line.kind == "SavingsPlanRecurringFee" else "Anniversary"
    found: dict[str, Value] = {
        "bill_bill_type": bought,
        "bill_billing_entity": "AWS",
        "bill_billing_period_end_date": END,
        "bill_billing_period_start_date": START,
        "bill_invoice_id": "",
        "bill_payer_account_id": ACCOUNT,
        "cost_category": {},
        "discount": {},
        "identity_line_item_id": identity(line),
        "identity_time_interval": f"{iso(line.begin)}/{iso(line.end)}",
        "line_item_availability_zone": line.zone,
        "line_item_currency_code": "USD",
        "line_item_legal_entity": "Amazon Web Services, Inc.",
        "line_item_line_item_description": line.description,
        "line_item_line_item_type": line.kind,
        "line_item_operation": line.operation,
        "line_item_product_code": line.service,
        "line_item_resource_id": line.resource,
        "line_item_tax_type": "Sales" if line.kind == "Tax" else "",
        "line_item_unblended_cost": line.cost,
        "line_item_unblended_rate": line.price,
        "line_item_usage_account_id": ACCOUNT,
        "line_item_usage_amount": line.quantity,
        "line_item_usage_end_date": line.end,
        "line_item_usage_start_date": line.begin,
        "line_item_usage_type": line.usage_type,
        "pricing_public_on_demand_cost": max(line.cost, Decimal(0)),
        "pricing_term": "Spot" if "Spot" in line.usage_type else "OnDemand",
        "pricing_unit": line.unit,
        "product": {key: value for key, value in product.items() if value},
        "product_instance_type": line.machine,
        "product_product_family": line.family,
        "product_region_code": line.region,
        "product_servicecode": line.service,
        "product_usagetype": line.usage_type,
        "reservation_effective_cost": None,
        "resource_tags": line.tags,
        "savings_plan_savings_plan_a_r_n": PLAN if "SavingsPlan" in line.kind else "",
        "savings_plan_savings_plan_effective_cost": line.effective,
    }
    return found | split_columns(line) if with_split else found


def split_columns(line: Line) -> dict[str, Value]:
    split = line.split
    names = (
        "actual_usage",
        "public_on_demand_split_cost",
        "public_on_demand_unused_cost",
        "reserved_usage",
        "split_cost",
        "split_usage",
        "split_usage_ratio",
        "unused_cost",
    )
    if split is None:
        return {
            "split_line_item_parent_resource_id": "",
            **{f"split_line_item_{name}": None for name in names},
        }
    values = (
        split.actual,
        split.cost,
        split.unused,
        split.reserved,
        split.cost,
        split.used,
        Decimal("0.1"),
        split.unused,
    )
    return {
        "split_line_item_parent_resource_id": split.parent,
        **{f"split_line_item_{name}": value for name, value in zip(names, values, strict=True)},
    }


def kind_of(name: str) -> pa.DataType:
    measure = name.startswith("split_line_item_") and not name.endswith("parent_resource_id")
    return TYPES.get(name, MONEY if measure else pa.string())


def column(name: str, values: list[Value]) -> pa.Array:
    kind = kind_of(name)
    if kind == TIME:
        return pa.array(
            [dt.datetime.fromtimestamp(int(str(each)), dt.UTC).replace(tzinfo=None) for each in values], kind
        )
    if kind == MAP:
        return pa.array([list(each.items()) if isinstance(each, dict) else [] for each in values], kind)
    if kind == MONEY:
        return pa.array([None if each is None else float(str(each)) for each in values], kind)
    return pa.array([str(each) for each in values], kind)


def cur2_parquet(lines: list[Line], path: Path, with_split: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [cur2_row(line, with_split) for line in lines]
    table = pa.table({name: column(name, [row[name] for row in rows]) for name in rows[0]})
    pq.write_table(table, path, compression="snappy", row_group_size=20_000)


def written(value: Value, name: str) -> str:
    """A value as text: decimals without exponents, maps as JSON."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return iso(value).replace("Z", ".000Z") if isinstance(value, int) else value


def to_csv(rows: list[dict[str, Value]], path: Path) -> None:
    """Compressed where the name says so, without the time of writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([written(value, name) for name, value in row.items()] for row in rows)
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def cur2_csv(lines: list[Line], path: Path, with_split: bool = False) -> None:
    to_csv([cur2_row(line, with_split) for line in lines], path)


LEGACY: dict[str, Callable[[Line], Value]] = {
    "identity/LineItemId": identity,
    "identity/TimeInterval": lambda line: f"{iso(line.begin)}/{iso(line.end)}",
    "bill/InvoiceId": lambda _: "",
    "bill/BillingEntity": lambda _: "AWS",
    "bill/BillType": lambda _: "Anniversary",
    "bill/PayerAccountId": lambda _: ACCOUNT,
    "bill/BillingPeriodStartDate": lambda _: START,
    "bill/BillingPeriodEndDate": lambda _: END,
    "lineItem/UsageAccountId": lambda _: ACCOUNT,
    "lineItem/LineItemType": lambda line: line.kind,
    "lineItem/UsageStartDate": lambda line: line.begin,
    "lineItem/UsageEndDate": lambda line: line.end,
    "lineItem/ProductCode": lambda line: line.service,
    "lineItem/UsageType": lambda line: line.usage_type,
    "lineItem/Operation": lambda line: line.operation,
    "lineItem/AvailabilityZone": lambda line: line.zone,
    "lineItem/ResourceId": lambda line: line.resource,
    "lineItem/UsageAmount": lambda line: line.quantity,
    "lineItem/CurrencyCode": lambda _: "USD",
    "lineItem/UnblendedRate": lambda line: line.price,
    "lineItem/UnblendedCost": lambda line: line.cost,
    "lineItem/LineItemDescription": lambda line: line.description,
    "lineItem/TaxType": lambda line: "Sales" if line.kind == "Tax" else "",
    "product/instanceType": lambda line: line.machine,
    "product/memory": lambda line: line.memory,
    "product/regionCode": lambda line: line.region,
    "product/servicecode": lambda line: line.service,
    "product/vcpu": lambda line: line.vcpu,
    "pricing/publicOnDemandCost": lambda line: max(line.cost, Decimal(0)),
    "pricing/term": lambda line: "Spot" if "Spot" in line.usage_type else "OnDemand",
    "pricing/unit": lambda line: line.unit,
    "savingsPlan/SavingsPlanARN": lambda line: PLAN if "SavingsPlan" in line.kind else "",
    "savingsPlan/SavingsPlanEffectiveCost": lambda line: line.effective,
}


def original(tag: str) -> str:
    """A tag as it was set: CUR 2.0 writes underscores for all that is no letter or digit."""
    return {
        "user_frazil_hub": "frazil:hub",
        "user_frazil_pool": "frazil:pool",
        "user_frazil_homes": "frazil:homes",
        "user_name": "Name",
    }.get(tag, tag.removeprefix("user_"))


def legacy_csv(lines: list[Line], path: Path) -> None:
    tags = sorted({tag for line in lines for tag in line.tags})
    rows = []
    for line in lines:
        row = {name: of(line) for name, of in LEGACY.items()}
        row |= {f"resourceTags/user:{original(tag)}": line.tags.get(tag, "") for tag in tags}
        rows.append(row)
    to_csv(rows, path)


CATEGORY = {"SavingsPlanRecurringFee": "Purchase", "Tax": "Tax", "Credit": "Credit", "Refund": "Credit"}
SERVICES = {
    "AmazonEC2": "Compute",
    "AmazonEKS": "Compute",
    "AmazonS3": "Storage",
    "AmazonEFS": "Storage",
    "AWSELB": "Networking",
    "AmazonVPC": "Networking",
}
# Columns of FOCUS 1.2 that are empty on these lines.
EMPTY = (
    "CapacityReservationId CapacityReservationStatus CommitmentDiscountQuantity CommitmentDiscountUnit InvoiceId ListUnitPrice "
    "PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost PricingCurrencyListUnitPrice RegionName "
    "ResourceName ResourceType ServiceSubcategory SkuId SkuMeter SkuPriceDetails SkuPriceId"
).split()


def focus_row(line: Line) -> dict[str, Value]:
    """A line as FOCUS 1.2 has it; what a plan covers is billed with nothing, and no line takes it back."""
    category = CATEGORY.get(line.kind, "Usage")
    covered = line.kind == "SavingsPlanCoveredUsage"
    billed = Decimal(0) if covered else line.cost
    effective = line.effective if line.effective is not None else line.cost
    used = category == "Usage"
    plan = "SavingsPlan" in line.kind
    found: dict[str, Value] = {
        "AvailabilityZone": line.zone,
        "BilledCost": billed,
        "BillingAccountId": ACCOUNT,
        "BillingAccountName": "hubs",
        "BillingAccountType": "Account",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": END,
        "BillingPeriodStart": START,
        "ChargeCategory": category,
        "ChargeClass": "Correction" if line.kind == "Refund" else "",
        "ChargeDescription": line.description or f"{line.service} {line.usage_type}",
        "ChargeFrequency": "Recurring" if plan and not covered else "Usage-Based" if used else "One-Time",
        "ChargePeriodEnd": line.end,
        "ChargePeriodStart": line.begin,
        "CommitmentDiscountCategory": "Spend" if plan else "",
        "CommitmentDiscountId": PLAN if plan else "",
        "CommitmentDiscountName": "",
        "CommitmentDiscountStatus": "Used" if covered else "",
        "CommitmentDiscountType": "Savings Plan" if plan else "",
        "ConsumedQuantity": line.quantity if used else None,
        "ConsumedUnit": line.unit if used else "",
        "ContractedCost": line.cost,
        "ContractedUnitPrice": line.price,
        "EffectiveCost": effective,
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "ListCost": line.cost,
        "PricingCategory": "Dynamic" if "Spot" in line.usage_type else "Committed" if covered else "Standard",
        "PricingQuantity": line.quantity,
        "PricingUnit": line.unit,
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "RegionId": line.region,
        "ResourceId": line.resource,
        "ServiceCategory": SERVICES.get(line.service, "Other"),
        "ServiceName": line.service,
        "SubAccountId": ACCOUNT,
        "SubAccountName": "hubs",
        "SubAccountType": "Account",
        "Tags": {original(key): value for key, value in line.tags.items()},
    }
    return dict(sorted({**found, **dict.fromkeys(EMPTY, "")}.items()))


def focus_csv(lines: list[Line], path: Path) -> None:
    to_csv([focus_row(line) for line in lines if line.kind != "SavingsPlanNegation"], path)
