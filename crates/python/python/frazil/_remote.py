"""What workers of Dask do. It is called there by name, on one thread a task."""

from __future__ import annotations

import importlib
import os
import pickle
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from . import _stats, _versions
from ._native import Portions, flush
from ._stats import IoStats, io_stats, together
from .errors import Error, InvalidError, VersionError

_T = TypeVar("_T")

_first = threading.Lock()
_told: dict[str, IoStats] = {}
"""What this process has told of its reads, by whom it told."""

MOST_TOLD = 64
"""For so many runs it is remembered what was told."""


@dataclass(frozen=True)
class Spec:
    """What is computed, as it travels: where values lie, what is done, and with how much memory."""

    given: tuple[Any, ...]
    steps: tuple[Any, ...]
    memory: int
    beside: tuple[Any, ...] | None
    identity: str
    """Of the plan, so that what was planned of something else is not run."""
    run: str
    """Who asks."""
    versions: _versions.Versions
    """Of who asks."""
    retries: int

    def plan(self, only: Sequence[tuple[int, int]] | None = None, sources: Mapping[int, Any] | None = None) -> Portions:
        """The plan, made anew here; of one box of an array in memory. With what is read here, of what follows each other."""
        given = self.given
        if sources:
            axis, told, along = given
            given = axis, [(sources.get(number), *rest) for number, (_, *rest) in enumerate(told)], along
        beside: tuple[Any, list[Any]] | None = None if self.beside is None else (self.beside, [])
        box = None if only is None else list(only)
        return Portions(given, list(self.steps), self.memory, beside, box)


@dataclass(frozen=True)
class Done:
    """What a task of a worker gives."""

    parts: tuple[bytes, ...]
    """What is known."""
    stats: IoStats
    """What the worker read since it was told last."""
    seconds: float
    """How long tasks took, one after the other."""
    value: Any = None
    error: Exception | None = None


def spec(given: Spec) -> Spec:
    """Itself: what is large travels once to each worker."""
    return given


def portion(given: Spec, sources: Mapping[int, Any], first: int, count: int, said: str) -> Done:
    """Runs a portion of a plan, which is called so, with what it reads of what follows each other: what is known of it then."""
    began = _begun(given.run, given.versions)

    def work() -> list[bytes]:
        plan = given.plan(None, sources)
        if plan.identity != given.identity:
            error = InvalidError("what is read here is not what was planned: another shape, other chunks or other types")
            error.add_note("open it again and plan again; do not change what is read meanwhile")
            raise error
        return plan.run(first, count)

    try:
        parts = _again(given.retries, work)
    except Exception as error:
        error.add_note(f"in {said}")
        raise
    return _done(given.run, began, parts=tuple(parts))


def merge(*before: Done) -> Done:
    """What is known of portions that follow each other, as one as far as that may be."""
    began = time.monotonic()
    parts = Portions.merge([part for one in before for part in one.parts], False)
    stats = together(one.stats for one in before)
    return Done(tuple(parts), stats, sum(one.seconds for one in before) + time.monotonic() - began)


def box(
    given: Spec, values: Any, beside: Any, only: Sequence[tuple[int, int]], place: tuple[int, int]
) -> tuple[bytes, ...]:
    """What is known of a box of an array that is here."""
    _must_agree(given.versions)
    # What calls functions alone needs no numpy.
    from ._layout import laid_out, read_as

    own = laid_out(values, read_as(values.dtype))
    others = None if given.beside is None else laid_out(beside, read_as(beside.dtype))
    return tuple(given.plan(only).run_box(own, others, *place))


def merge_boxes(before: Sequence[tuple[bytes, ...]]) -> tuple[bytes, ...]:
    """What is known of boxes that follow each other."""
    return tuple(Portions.merge([part for one in before for part in one], True))


def call(
    run: str,
    versions: _versions.Versions,
    function: Callable[[Any], Any],
    item: Any,
    retries: int,
    retry_on: tuple[type[Exception], ...],
) -> Done:
    """Calls a function: its value, or the error that it raised as often as it was tried."""
    cloudpickle: Any = importlib.import_module("cloudpickle")
    began = _begun(run, versions)
    try:
        value = _again(retries, lambda: function(item), retry_on)
    except Exception as error:
        return _done(run, began, error=_sent(error))
    try:
        # Here, so that a value that does not travel costs its own item alone.
        sent = cloudpickle.dumps(value)
    except Exception as error:
        return _done(run, began, error=Error(f"the value of type {type(value).__name__} does not travel: {error}"))
    return _done(run, began, value=sent)


def _sent(error: Exception) -> Exception:
    """An error as it travels: another in its place where it does not."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return Error(f"{type(error).__name__}: {error}")
    return error


def _must_agree(versions: _versions.Versions) -> None:
    """That this worker has them too: it may have come later than the others."""
    try:
        _versions.refuse({"this worker": _versions.here()}, versions)
    except VersionError as error:
        error.add_note("the worker joined after the others")
        raise


def _begun(run: str, versions: _versions.Versions) -> float:
    _must_agree(versions)
    with _first:
        if run not in _told:
            while len(_told) >= MOST_TOLD:
                _told.pop(next(iter(_told)))
            _told[run] = io_stats()
    return time.monotonic()


def _done(run: str, began: float, **known: Any) -> Done:
    """With what this process has read since it told last: tasks that run at once tell it once together."""
    with _first:
        now = io_stats()
        stats = now.since(_told.get(run, now))
        _told[run] = now
    if os.environ.get(_stats.LEDGER):
        # Workers may end without a word.
        flush()
    done = Done((), stats, time.monotonic() - began)
    return replace(done, **known)


def _again(retries: int, work: Callable[[], _T], retry_on: tuple[type[Exception], ...] = (OSError,)) -> _T:
    """What work gives, tried again after one second, two, four where an error may pass."""
    for number in range(retries):
        try:
            return work()
        except Exception as error:
            passes = error.passing if isinstance(error, Error) else isinstance(error, retry_on)
            if not passes:
                raise
            time.sleep(min(2.0**number, 60.0))
    return work()
