"""Whether this process, a scheduler of Dask and its workers run the same versions."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from functools import cache
from typing import Any

from .errors import VersionError

Versions = Mapping[str, str | None]
"""Of each package its version, and the minor one of Python; None where it is not there."""

SAME = ("frazil", "dask", "distributed", "cloudpickle", "toolz", "numpy", "xarray")
"""Packages whose objects and code travel between here, a scheduler and its workers."""


@cache
def here() -> dict[str, str | None]:
    """Those of this process."""
    return {"python": ".".join(platform.python_version_tuple()[:2])} | {name: _version(name) for name in SAME}


def must_agree(client: Any) -> dict[str, str | None]:
    """Those of this process, which the scheduler and all workers have too.

    Raises VersionError with a table of what differs.
    """
    own, told = here(), client.get_versions(packages=list(SAME))
    workers = {f"worker {name}": told["workers"][name] for name in told["workers"]}
    refuse({name: _of(machine) for name, machine in ({"scheduler": told["scheduler"]} | workers).items()}, own)
    return own


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _of(machine: Mapping[str, Any] | None) -> dict[str, str | None]:
    """The versions of one machine's answer; of one that has gone meanwhile none."""
    packages = (machine or {}).get("packages")
    if packages is None:
        return {}
    versions = {name: packages.get(name) for name in SAME}
    # Python's own is told to the release level, of which only the first two numbers matter.
    return {"python": ".".join(str(packages.get("python", "")).split(".")[:2])} | versions


def refuse(told: Mapping[str, Versions], own: Versions) -> None:
    """Raises VersionError where somebody has another version than this process."""
    other = [
        (name, who, found)
        for who, versions in told.items()
        for name, found in versions.items()
        if name in own and found != own[name]
    ]
    if not other:
        return
    rows = [("", "here", "there", "where")]
    rows += [(name, own[name] or "none", found or "none", who) for name, who, found in other]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3]]) for row in rows]
    error = VersionError("Dask does not run the versions that run here:\n" + "\n".join(lines))
    error.add_note("start the Dask cluster with the image that runs here (option `image`), or start this process with its own")
    raise error
