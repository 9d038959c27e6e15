"""In which regions the inputs of a plan lie, and what reading them costs from there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from . import _search
from ._native import Source, usd
from ._refusing import invalid
from ._stats import IoStats
from .errors import InvalidError

Ask = Callable[[str], str | None]
"""Tells the region of an address."""

SEPARATE = "/"
"""Between a cloud and its region: `aws/us-west-2`."""


@dataclass(frozen=True)
class Input:
    """A variable that is read: where it is, its path, and of each dimension the first element and how many."""

    source: Source
    path: str
    taken: tuple[tuple[int, int], ...]


class Inputs:
    """What a plan reads: one variable, or several that follow each other.

    near: the regions from which buckets are read best, by their names.
    """

    def __init__(self, inputs: Sequence[Input], near: Mapping[str, str | None], ask: Ask | None = None) -> None:
        self._inputs = inputs
        self._near = near
        self._ask = ask or asked

    @cached_property
    def regions(self) -> list[str | None]:
        """The region of each, where it is known. Of each bucket it is asked once."""
        known: dict[str, str | None] = {}
        found = []
        for one in self._inputs:
            address = str(one.source.address)
            name = bucket_of(address)
            if name not in known:
                near = next((part for part in buckets_of(address) if part in self._near), None)
                known[name] = self._ask(address) if near is None else self._near[near]
            found.append(known[name])
        return found

    def must_have(self, places: Mapping[str | None, Any]) -> None:
        """Refuses places among which one is missing where something lies."""
        for region in self.regions:
            if region not in places:
                known = ", ".join(str(place) for place in places)
                what = f"some of what is read lies in {region or 'no region that is known'}, and no cluster is given for that"
                raise invalid(what, f"give one; those that are given are for {known}")

    def home(self, read: Iterable[tuple[int, int]], places: Mapping[str | None, Any]) -> tuple[str | None, int]:
        """Where most of some bytes lie, by the numbers of their inputs, and how many of them lie elsewhere."""
        by_region: dict[str | None, int] = {}
        for number, count in read:
            region = self.regions[number] if self.regions else None
            by_region[region] = by_region.get(region, 0) + count
        if not by_region:
            return next(iter(places)), 0
        most = max(by_region, key=lambda region: (by_region[region], str(region)))
        return most, sum(count for region, count in by_region.items() if region != most)

    @property
    def is_priced(self) -> bool:
        """Whether a table of prices is known."""
        free = {"dataset": "", "bucket": "", "region": "", "route": "internet", "requester_pays": True}
        return usd(json.dumps(free), 1, 1) is not None

    def dollars(self, readers: Mapping[int, str | None]) -> Decimal | None:
        """What it costs to read inputs, by their numbers and the regions where they are read. None where no price is known."""
        sums = []
        for number, region in readers.items():
            one = self._inputs[number]
            extents = [(start, count, 1) for start, count in one.taken]
            for label, count, requests in one.source.planned(one.path, extents):
                own = json.loads(label)
                if region is not None:
                    own["route"] = route(region, own["region"])
                sums.append(usd(json.dumps(own), count, requests))
        return _sum(sums)


def spent(stats: IoStats) -> Decimal | None:
    """What reading has cost. None where no price is known."""
    lines = stats.to_dicts()
    names = ("dataset", "bucket", "region", "route", "requester_pays")
    told = [({name: line[name] for name in names}, line["received"], line["requests"]) for line in lines]
    return _sum([usd(json.dumps(label), received, requests) for label, received, requests in told])


def _sum(dollars: Iterable[str | None]) -> Decimal | None:
    known = [Decimal(one) for one in dollars if one is not None]
    return sum(known, Decimal()) if known else None


def route(here: str, there: str) -> str:
    """How bytes come from one region to another."""
    if not there:
        return "unknown"
    if here == there:
        return "in-region"
    is_near = here.partition(SEPARATE)[0] == there.partition(SEPARATE)[0]
    return "inter-region" if is_near else "internet"


def bucket_of(address: str) -> str:
    """What of an address tells its region: the host, and the first part of the path; of a file the file itself."""
    scheme, _, rest = address.partition("://")
    return "/".join([scheme, *rest.split("/")[:2]]) if rest else address


def buckets_of(address: str) -> tuple[str, ...]:
    """What may be the bucket's name in an address: the host of `s3://` and `gs://`; of HTTPS the host's first label, and the
    first part of the path.
    """
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    return (host, host.partition(".")[0], path.partition("/")[0]) if scheme.startswith("http") else (host,)


def asked(address: str) -> str | None:
    """The region of an address, as `frazil.where` tells it; None for what is in none, such as files of this machine."""
    if "://" not in address:
        return None
    try:
        return _search.where(address).region
    except InvalidError:
        return None
