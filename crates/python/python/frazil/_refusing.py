"""Errors about what was given."""

from __future__ import annotations

from .errors import InvalidError


def invalid(what: str, advice: str) -> InvalidError:
    """What was given is wrong, with a note of how it is right."""
    error = InvalidError(what)
    error.add_note(advice)
    return error
