"""Whether this process, a scheduler of Dask and its workers run the same versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import VersionError

Versions = Mapping[str, str | None]
"""Of each package its version, and the minor one of Python; None where it is not there."""

EVERYWHERE = ("python", "dask", "distributed")
"""What a scheduler runs too."""


def probe() -> Callable[[], dict[str, str | None]]:
    """A function that tells versions. It is made anew and names nothing of frazil, so that it travels whole to where frazil
    may be missing.
    """

    def versions() -> dict[str, str | None]:
        import importlib
        import sys

        def version(name: str) -> str | None:
            try:
                return str(importlib.import_module(name).__version__)
            except ImportError:
                return None

        names = ("frazil", "dask", "distributed", "numpy", "xarray")
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return {"python": python} | {name: version(name) for name in names}

    return versions


def here() -> dict[str, str | None]:
    """Those of this process."""
    return probe()()


def must_agree(client: Any) -> dict[str, str | None]:
    """Those of this process, which the scheduler and all workers have too.

    Raises VersionError with a table of what differs.
    """
    own = here()
    told = {f"worker {name}": versions for name, versions in client.run(probe()).items()}
    packages = client.get_versions()["scheduler"]["packages"]
    scheduler = {name: packages.get(name) for name in EVERYWHERE}
    scheduler["python"] = ".".join(str(packages.get("python", "")).split(".")[:2])
    refuse({"scheduler": scheduler} | told, own)
    return own


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
    error.add_note("start the Dask cluster with the image or the environment that runs here, or start this one with theirs")
    raise error
