"""The gateways that a hub tells its people of, in the environment of their servers."""

from __future__ import annotations

import getpass
import json
import os
from typing import Any

from ._gateway import Gateway
from ._refusing import invalid

_LIST = "FRAZIL_GATEWAYS"


def gateways() -> dict[str, Gateway]:
    """The gateways of this hub, by the region that each is in: its own, and the further ones of its hub file.

    `frazil.distribute(plan, frazil.gateways())` runs each job where its data lies, on a cluster that is started there for it.
    Of several in one region it is the hub's own, else the first; those without a known region or address are left out.
    """
    found: dict[str, Gateway] = {}
    here = os.environ.get("FRAZIL_REGION")
    if here and os.environ.get("DASK_GATEWAY__ADDRESS"):
        found[here] = Gateway(region=here)
    for told in _further():
        region, address = told.get("region"), _address(told)
        if region and address and region not in found:
            found[region] = _made(told, address)
    return found


def _further() -> list[dict[str, Any]]:
    try:
        told = json.loads(os.environ.get(_LIST) or "[]")
        if all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in told):
            return list(told)
    except (ValueError, TypeError):
        pass
    raise invalid(f"{_LIST} is not what a hub sets", "unset it, or give gateways by their addresses")


def _address(told: dict[str, Any]) -> str | None:
    return told.get("address") or os.environ.get(told.get("address_variable") or "")


def _made(told: dict[str, Any], address: str) -> Gateway:
    is_by_password = told.get("auth") == "password"
    return Gateway(
        address,
        user=os.environ.get("JUPYTERHUB_USER") or getpass.getuser() if is_by_password else None,
        secret_env=told.get("password_variable") if is_by_password else None,
        proxy_address=told.get("proxy_address") or os.environ.get(told.get("proxy_address_variable") or ""),
        region=told.get("region"),
        buckets=told.get("buckets") or (),
    )
