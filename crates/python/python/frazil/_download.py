"""Downloads: what is to be brought, and what became of it."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import _login, _progress
from ._native import Item, Results, Session, bring, readable
from .errors import DownloadError, Error

Access = Literal["auto", "s3", "https"]


@dataclass(frozen=True)
class DownloadedFile:
    """What became of one file."""

    path: Path
    """Where it is, or would be."""
    state: Literal["done", "there", "failed"]
    """`done`: downloaded now; `there`: it was there already, as it should be."""
    size: int | None
    """Its bytes; None for one that failed."""
    came: int
    """Bytes that came in this call."""
    checked_by: Literal["checksum", "size", "length", "nothing"] | None
    """Against what it was checked: the checksum or the size of its metadata, the announced length, or nothing."""
    access: Literal["s3", "https", "gs"] | None
    """By which way it came; None for one that did not come now."""
    error: Error | None
    """Why it failed."""


@dataclass(frozen=True)
class Download:
    """What became of a download. It is a sequence of the paths that are there."""

    files: tuple[DownloadedFile, ...]
    """All files, in the order of what was asked for; last, what has none that can be downloaded."""
    choices: tuple[str, ...] = ()
    """Why it was S3 or HTTPS, for each bucket."""

    @property
    def paths(self) -> list[Path]:
        """The files that are there."""
        return [file.path for file in self.files if file.state != "failed"]

    @property
    def failures(self) -> list[DownloadedFile]:
        """The files that are not there, each with its error."""
        return [file for file in self.files if file.state == "failed"]

    @property
    def came(self) -> int:
        """Bytes that came in this call."""
        return sum(file.came for file in self.files)

    def raise_for_failures(self) -> Download:
        """Raises a `DownloadError` if any file is missing; else gives itself."""
        errors = tuple(file.error for file in self.failures if file.error is not None)
        if not errors:
            return self
        lines = "\n".join(f"  {file.path}: {file.error}" for file in self.failures)
        raised = DownloadError(f"{len(errors)} of {len(self.files)} files are missing:\n{lines}", errors)
        for note in dict.fromkeys(note for error in errors for note in getattr(error, "__notes__", [])):
            raised.add_note(note)
        raise raised from errors[0]

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Path:
        return self.paths[index]

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<frazil.Download: {len(self.paths)} of {len(self.files)} files{failed}, {readable(self.came)} came>"

    def _repr_html_(self) -> str:
        left = 'style="text-align:left"'
        rows = "".join(
            f"<tr><td {left}>{html.escape(str(file.path))}</td><td {left}>{file.state}</td>"
            f"<td>{readable(file.size) if file.size is not None else ''}</td>"
            f"<td {left}>{html.escape(str(file.error or ''))}</td></tr>"
            for file in self.files
        )
        head = "".join(f'<th scope="col" {left}>{name}</th>' for name in ("path", "state", "size", "error"))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f'<div class="frazil-download"><p>{html.escape(repr(self)[1:-1])}</p>{table}</div>'


def download(
    items: Item | str | Results[Item] | Iterable[Item | str],
    path: str | os.PathLike[str] = ".",
    *,
    files: str | None = None,
    access: Access = "auto",
    connections: int = 8,
    bandwidth: int | None = None,
    again: bool = False,
    payer: str | None = None,
    session: Session | None = None,
    progress: bool | Callable[[_progress.Look, list[str]], None] = True,
) -> Download:
    """Downloads the data of items, and addresses, into a folder.

    What came is kept after any stop, Ctrl-C too: the same call again brings what is missing. Sizes and
    checksums are checked where the catalogue tells them. A file that fails stops no other: look at
    `failures`, or call `raise_for_failures()`.

    files: a pattern (`*`, `?`) that names of files have to match, for items with several.
    access: `"s3"` or `"https"`; `"auto"` takes S3 within the bucket's region and HTTPS from elsewhere.
    connections: most transfers at once. bandwidth: most bytes a second, of all together.
    again: download also what is there.
    payer: the project that pays for reading from Google Cloud Storage, of buckets whose owners do not.
    progress: shown after half a second; a function is told instead.
    """
    listed = [items] if isinstance(items, (Item, str)) else list(items)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    how = {
        "access": access,
        "connections": connections,
        "bandwidth": bandwidth,
        "again": again,
        "payer": payer,
        "files": files,
    }
    shown = _progress.Hearer(_progress.usual)
    hearer = progress if callable(progress) else shown if progress else None
    try:
        told, choices = bring(listed, folder, session or _login.current(), how, hearer)
    finally:
        shown.close()
    return Download(tuple(DownloadedFile(*file) for file in told), tuple(choices))
