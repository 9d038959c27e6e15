"""Names of parameters: those that do not exist are told of with those that may be meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

_SAME = (
    {"bounding_box", "bbox"},
    {"temporal", "datetime", "date", "time"},
    {"count", "limit", "max_items"},
    {"provider", "daac"},
    {"collections", "collection_concept_id", "short_name", "dataset"},
    {"intersects", "polygon", "geometry"},
    {"granule_ur", "ids", "name"},
    {"version", "collection_version"},
)
"""Names by which catalogues, and packages of Python for them, call the same thing."""

_MOST = 3
"""Most names that may be meant."""
_LIKELY, _ALIKE, _SLIP = 0.6, 0.8, 0.9
"""How alike two names are from which on one may be meant; by letters only; where it is a slip."""


def check(of: str, given: Iterable[str], known: Collection[str]) -> None:
    """A `TypeError` for all names that are not known, each with those that may be meant."""
    problems = [_problem(of, name, known) for name in given if name not in known]
    if problems:
        raise TypeError("; ".join(problems))


def _problem(of: str, name: str, known: Collection[str]) -> str:
    near = [f"`{one}`" for one in nearest(name, known)]
    *most, last = near or [""]
    meant = f"; did you mean {', '.join(most)}{' or ' if most else ''}{last}?" if near else ""
    return f"{of} has no parameter `{name}`{meant}"


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The known names that may be meant, the nearest first: other words for the same, slips, shared words."""
    same = {one for names in _SAME if name in names for one in names}
    scored = {one: 2.0 if one in same else _likeness(name, one) for one in known}
    likely = sorted((one for one in scored if scored[one] >= _LIKELY), key=lambda one: (-scored[one], one))
    # Beside one that is but a slip away, others are noise.
    least = _SLIP if likely and scored[likely[0]] >= _SLIP else _LIKELY
    return [one for one in likely if scored[one] >= least][:_MOST]


def _likeness(name: str, known: str) -> float:
    """How alike two names are, 0 to 1: letter by letter, or by the words that both have."""
    letters = difflib.SequenceMatcher(None, name.lower().replace("_", ""), known.replace("_", "")).ratio()
    ours, theirs = set(name.lower().split("_")), set(known.split("_"))
    words = len(ours & theirs) / max(len(ours), len(theirs))
    return max(letters if letters >= _ALIKE else 0.0, words)
