"""What this process has read: requests and bytes, by dataset, bucket, region and route."""

from __future__ import annotations

import atexit
import html
import operator
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from typing import Any

from ._native import counted, flush, readable
from .errors import Error

SAID = "FRAZIL_IO_STATS"
"""The variable that asks for a line at exit."""
LEDGER = "FRAZIL_BYTE_LEDGER"
"""The variable that names the byte ledger's folder."""


@dataclass(frozen=True)
class Sums:
    """Requests and bytes. Bytes that were asked for and bytes that came are told apart."""

    requests: int = 0
    """Requests, redirects and tries among them."""
    redirects: int = 0
    """Those of them that were redirects."""
    failed: int = 0
    """Those without an answer, or with a status from 400 on."""
    broken: int = 0
    """Those whose body did not come to its end."""
    requested: int = 0
    """Bytes that were asked for."""
    received: int = 0
    """Bytes that came, again for each time that they did."""
    reads: int = 0
    """Reads that were asked of open objects."""
    read: int = 0
    """Their bytes."""
    hits: int = 0
    """Reads that were answered from memory."""
    misses: int = 0
    """Reads that had to wait."""
    from_disk: int = 0
    """Bytes that came from the folder on disk."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Sums) -> Sums:
        return Sums(*map(operator.sub, astuple(self), astuple(other)))


@dataclass(frozen=True)
class Line:
    """What is counted together."""

    dataset: str
    """The dataset, such as `ATL03.006`; empty where nobody says."""
    bucket: str
    """The bucket, or the host where there is none."""
    region: str
    """Where it is, such as `aws/us-west-2`; empty where nobody knows."""
    route: str
    """How the bytes came: `in-region`, `inter-region`, `internet`, `unknown`."""
    requester_pays: bool
    """Whether you paid for reading."""
    sums: Sums
    """Its requests and bytes."""


@dataclass(frozen=True)
class Broken:
    """An answer that did not come to its end: so much more may have been sent than came."""

    address: str
    status: int | None
    announced: int | None
    received: int


@dataclass(frozen=True)
class IoStats:
    """What this process has read so far."""

    lines: tuple[Line, ...]
    """By dataset, bucket, region and route."""
    broken: tuple[Broken, ...] = field(repr=False)
    """Answers that did not come to their end, the last thousand of them."""

    @property
    def total(self) -> Sums:
        """All lines together."""
        return sum((line.sums for line in self.lines), Sums())

    def to_dicts(self) -> list[dict[str, Any]]:
        """A dict a line, for `pandas.DataFrame`."""
        lines = [asdict(line) for line in self.lines]
        return [line.pop("sums") | line for line in lines]

    def since(self, before: IoStats) -> IoStats:
        """What was read after an earlier call of `io_stats()`."""
        known = {replace(line, sums=Sums()): line.sums for line in before.lines}
        lines = (
            replace(line, sums=line.sums - known.get(replace(line, sums=Sums()), Sums())) for line in self.lines
        )
        broken = Counter(self.broken) - Counter(before.broken)
        return IoStats(tuple(line for line in lines if line.sums != Sums()), tuple(broken.elements()))

    def __str__(self) -> str:
        total = self.total
        where = ", ".join(sorted({line.bucket for line in self.lines})) or "nowhere"
        return (
            f"{total.requests} requests, {readable(total.received)} received of {readable(total.requested)} "
            f"asked for, {total.reads} reads of {readable(total.read)}, from {where}"
        )

    def _repr_html_(self) -> str:
        names = [one.name for one in fields(Line) if one.name != "sums"] + [one.name for one in fields(Sums)]
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(str(line[name]))}</td>" for name in names) + "</tr>"
            for line in self.to_dicts()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def together(told: Iterable[IoStats]) -> IoStats:
    """What several processes have read, or one at several times."""
    sums: dict[Line, Sums] = {}
    broken: list[Broken] = []
    for one in told:
        broken += one.broken
        for line in one.lines:
            name = replace(line, sums=Sums())
            sums[name] = sums.get(name, Sums()) + line.sums
    return IoStats(tuple(replace(line, sums=own) for line, own in sums.items()), tuple(broken))


def io_stats() -> IoStats:
    """What this process has read: every request and byte, as the servers count them too.

    With `FRAZIL_IO_STATS=1` in the environment, a process tells it in a line on stderr when it ends.
    """
    told = counted()
    own = {one.name for one in fields(Line)}
    known = {one.name for one in fields(Sums)}
    lines = (
        Line(
            **{name: value for name, value in line.items() if name in own},
            sums=Sums(**{name: value for name, value in line.items() if name in known}),
        )
        for line in told["lines"]
    )
    return IoStats(tuple(lines), tuple(Broken(**one) for one in told["broken"]))


@atexit.register
def _at_exit() -> None:
    if os.environ.get(LEDGER):
        try:
            flush()
        except Error as error:
            sys.stderr.write(f"frazil: {error}\n")
    if os.environ.get(SAID, "0") not in ("", "0"):
        sys.stderr.write(f"frazil: {io_stats()}\n")
