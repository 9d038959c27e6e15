"""Writes Google's bill as the detailed export has it: a line of JSON for each line."""

import json
from pathlib import Path

from gcp import BILLING_ACCOUNT, PROJECT, REGION
from rows import Line, iso
from world import DAY


def pairs(labels: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(labels.items())]


def row(line: Line) -> dict[str, object]:
    regional = line.service != "Invoice"
    units = {
        "seconds": ("hour", 3600),
        "byte-seconds": ("gibibyte month", (1 << 30) * 30 * DAY),
        "bytes": ("gibibyte", 1 << 30),
    }
    pricing, size = units.get(line.unit, (line.unit, 1))
    cost = float(line.cost)
    return {
        "billing_account_id": BILLING_ACCOUNT,
        "service": {"id": line.service.upper().replace(" ", "-"), "description": line.service},
        "sku": {"id": line.usage_type.upper().replace(" ", "-")[:24], "description": line.usage_type},
        "usage_start_time": iso(line.begin),
        "usage_end_time": iso(line.end),
        "project": {
            "id": PROJECT,
            "number": "123456789012",
            "name": PROJECT,
            "labels": [],
            "ancestry_numbers": "",
            "ancestors": [],
        }
        if regional
        else None,
        "labels": pairs(line.tags),
        "system_labels": [],
        "location": {"location": REGION, "country": "US", "region": line.region, "zone": line.zone or None},
        "resource": {"name": line.resource or None, "global_name": line.description or None},
        "tags": [],
        "price": {
            "effective_price": None,
            "tier_start_amount": 0,
            "unit": pricing,
            "pricing_unit_quantity": 1,
        },
        "export_time": iso(line.end + DAY),
        "cost": cost,
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "usage": {
            "amount": float(line.quantity),
            "unit": line.unit,
            "amount_in_pricing_units": float(line.quantity) / size,
            "pricing_unit": pricing,
        },
        "credits": [
            {"name": name, "amount": float(amount), "full_name": name, "id": name, "type": kind}
            for kind, name, amount in line.credits
        ],
        "invoice": {"month": "202611", "publisher_type": "GOOGLE"},
        "cost_type": line.kind,
        "adjustment_info": None,
        "cost_at_list": cost,
        "transaction_type": "GOOGLE",
        "seller_name": "Google",
        "subscription": None,
    }


def export(lines: list[Line], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row(line)) + "\n" for line in lines))
