"""How far a download is, for people: a line at the terminal, a bar in a notebook."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO, TypedDict

from ._native import readable

PATIENCE = 0.5
"""Seconds before anything is shown: what is done sooner needs no progress."""
PERIOD = 0.25
"""Seconds between two looks."""


class Look(TypedDict):
    """How far a download is. Bytes, and bytes a second."""

    files: int
    complete: int
    failed: int
    total: int
    there: int
    came: int
    rate: float
    left: float | None


class Shown(Protocol):
    """Shows a line, and how much of the whole is there (0 to 1)."""

    def line(self, text: str, part: float) -> None: ...
    def words(self, text: str) -> None: ...
    def close(self) -> None: ...


class Terminal:
    """One line, written over and over."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._width = 0

    def line(self, text: str, part: float) -> None:
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)

    def words(self, text: str) -> None:
        self._out.write("\r" + text.ljust(self._width) + "\n")
        self._width = 0

    def close(self) -> None:
        if self._width:
            self._out.write("\n")
            self._out.flush()


class Notebook:
    """A bar below the cell, written anew in its place."""

    def __init__(self, display: Callable[..., Any], make: Callable[[str], Any]) -> None:
        self._make = make
        self._words: list[str] = []
        self._handle = display(make(""), display_id=True)

    def line(self, text: str, part: float) -> None:
        above = "".join(f"<div>{html.escape(words)}</div>" for words in self._words)
        bar = f'<progress max="1" value="{part:.4f}" style="width:20em"></progress> {html.escape(text)}'
        self._handle.update(self._make(f"{above}<div>{bar}</div>"))

    def words(self, text: str) -> None:
        self._words.append(text)

    def close(self) -> None:
        pass


class Silent:
    """Nothing: nobody looks at a log that is a thousand lines of a bar."""

    def line(self, text: str, part: float) -> None: ...
    def words(self, text: str) -> None: ...
    def close(self) -> None: ...


def usual() -> Shown:
    """A bar in a notebook, a line at a terminal, else nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if ipython is not None and getattr(shell, "kernel", None) is not None:
        return Notebook(ipython.display.display, ipython.display.HTML)
    return Terminal(sys.stderr) if sys.stderr is not None and sys.stderr.isatty() else Silent()


class Hearer:
    """Hears how far a download is, and shows it when it takes longer."""

    def __init__(self, shown: Callable[[], Shown]) -> None:
        self._make = shown
        self._shown: Shown | None = None
        self._next = time.monotonic() + PATIENCE
        self._words: list[str] = []

    def __call__(self, look: Look, words: list[str]) -> None:
        self._words += words
        now = time.monotonic()
        if now < self._next and not (self._shown and look["complete"] + look["failed"] == look["files"]):
            return
        self._next = now + PERIOD
        if self._shown is None:
            self._shown = self._make()
        while self._words:
            self._shown.words(self._words.pop(0))
        self._shown.line(text_of(look), min(look["there"] / look["total"], 1.0) if look["total"] else 0.0)

    def close(self) -> None:
        """The last line stays."""
        if self._shown is not None:
            self._shown.close()


class Searching:
    """Shows how many were found by a search that takes longer. Who searches says when it is time."""

    def __init__(self) -> None:
        self._shown: Shown | None = None

    def __call__(self, found: int, most: int | None) -> None:
        if self._shown is None:
            self._shown = usual()
        of = f" of {most}" if most is not None else ""
        self._shown.line(f"{found}{of} found", min(found / most, 1.0) if most else 0.0)

    def close(self) -> None:
        """The last line stays."""
        if self._shown is not None:
            self._shown.close()


class Running:
    """Shows how many of many tasks are done, when they take longer."""

    def __init__(self) -> None:
        self._shown: Shown | None = None
        self._begun = time.monotonic()
        self._next = self._begun + PATIENCE

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next and not (self._shown and done == total):
            return
        self._next = now + PERIOD
        if self._shown is None:
            self._shown = usual()
        left = f", {_time((now - self._begun) * (total - done) / done)} left" if 0 < done < total else ""
        self._shown.line(f"{done} of {total} tasks{left}", done / total if total else 1.0)

    def close(self) -> None:
        """The last line stays."""
        if self._shown is not None:
            self._shown.close()


def text_of(look: Look) -> str:
    """`2 of 3 files, 45.1 MB of 60.0 MB, 12.3 MB/s, 1 s left`."""
    parts = [f"{look['complete']} of {look['files']} files"]
    if look["failed"]:
        parts.append(f"{look['failed']} failed")
    of = f" of {readable(look['total'])}" if look["total"] else ""
    parts.append(f"{readable(look['there'])}{of}")
    if look["rate"] > 0:
        parts.append(f"{readable(int(look['rate']))}/s")
    if look["left"] is not None and look["there"] < look["total"]:
        parts.append(f"{_time(look['left'])} left")
    return ", ".join(parts)


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
