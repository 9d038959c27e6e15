"""Functions that are called later: graphs of calls, and one function over many items."""

from __future__ import annotations

import atexit
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from . import _mapped, _progress, _threads
from ._native import Delayed, Item, Task, await_tasks, run_tasks
from ._refusing import invalid
from ._stats import IoStats, io_stats
from .errors import Error

_T = TypeVar("_T")
_R = TypeVar("_R")

Progress = bool | Callable[[int, int], None]

atexit.register(await_tasks)


@overload
def delayed(function: Callable[..., _R], *, name: str | None = None) -> Delayed[_R]: ...
@overload
def delayed(*, name: str | None = None) -> Callable[[Callable[..., _R]], Delayed[_R]]: ...
def delayed(function: Callable[..., _R] | None = None, *, name: str | None = None) -> Any:
    """A function that gives a `Task` when it is called: a call that is made when its value is wanted.

    Its arguments may be other tasks, also in lists, tuples and dicts: then it is called with their values. Also as a
    decorator.

    >>> double = frazil.delayed(lambda number: 2 * number)
    >>> double(double(3)).compute()
    12
    """
    if function is None:
        return lambda function: delayed(function, name=name)
    own = _name(function)
    return Delayed(function, name or own, None)


def compute(*tasks: Task[Any], threads: int | None = None, progress: Progress = True) -> tuple[Any, ...]:
    """The values of tasks. What several of them need is called once.

    A value is let go of when the last call that takes it is done. The first exception ends it, with a note of the task
    that raised it. After that, and after Ctrl-C, no call begins any more; those that are running go on in the background,
    and Python ends when they have ended.

    threads: as many as there are cores for this process, unless said. Functions run at once as far as they let go of
    Python's lock, as those of numpy do, and whatever waits.
    progress: shown after half a second; a function is told how many are done, and of how many.
    """
    for task in tasks:
        if not isinstance(task, Task):
            raise TypeError(f"{task!r} is no task; `frazil.delayed(function)(…)` makes one")
    shown = _progress.Running()
    hearer = progress if callable(progress) else shown if progress else None
    try:
        return tuple(run_tasks(list(tasks), _threads.own((None, threads))[1], hearer))
    finally:
        shown.close()


@dataclass(frozen=True)
class Failure:
    """An item for which there is no value."""

    index: int
    """Its place among the items, from 0 on."""
    item: Any
    """The item."""
    error: Exception
    """Why, after the last time it was tried."""


class Mapped(Sequence[_R], Generic[_R]):
    """The values of a function for items, in their order. Where there is none, looking at it raises its error."""

    def __init__(self, values: list[_R | None], failures: tuple[Failure, ...], stats: IoStats) -> None:
        self._values = values
        self._errors = {failure.index: failure.error for failure in failures}
        self.failures = failures
        """The items without a value, each with its error."""
        self.io_stats = stats
        """What this process or the workers read meanwhile, for all items together."""

    def raise_for_failures(self) -> Mapped[_R]:
        """Raises the first error if any item has no value; else gives itself."""
        if not self.failures:
            return self
        error = self.failures[0].error
        error.add_note(f"{len(self.failures)} of {len(self)} items have no value: see `failures`")
        raise error

    @overload
    def __getitem__(self, index: int) -> _R: ...
    @overload
    def __getitem__(self, index: slice) -> list[_R]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        place = range(len(self))[index]
        if place in self._errors:
            raise self._errors[place]
        return self._values[place]

    def __iter__(self) -> Iterator[_R]:
        return (self[place] for place in range(len(self)))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<frazil.Mapped: {len(self) - len(self.failures)} of {len(self)} values{failed}, {self.io_stats}>"


def map(  # noqa: A001 (as executors have it)
    function: Callable[[_T], _R],
    items: Iterable[_T],
    *,
    where: Any = "local",
    threads: int | None = None,
    retries: int = 2,
    retry_on: type[Exception] | Iterable[type[Exception]] = (OSError,),
    progress: Progress = True,
) -> Mapped[_R]:
    """Calls a function for each item, such as granules that were found, on threads of this process or on workers of Dask. All
    items are taken before the first call.

    An item for which it fails stops no other: look at `failures`, or call `raise_for_failures()`. `io_stats` of the
    result has what was read meanwhile.

    where: "local"; or a client or a cluster of Dask, or a gateway or a function that starts one, which is stopped at the end:
    then each call is a task on one thread of a worker.
    retries: how often it is called again for an item, after one second, two, four and so on, if it raised an error of
    frazil that may pass, or one of `retry_on`.
    threads: as many as there are cores for this process, unless said; say more where items mostly wait for data. Of workers
    their own number holds.
    progress: shown after half a second; a function is told how many are done, and of how many.
    """
    if retries not in range(1001):
        raise invalid(f"nothing is called again {retries} times", "say 0 to 1000")
    kinds = (retry_on,) if isinstance(retry_on, type) else tuple(retry_on)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            raise invalid(f"`retry_on` names {kind!r}, which is no class of exceptions", "say `(OSError, ValueError)`")
    name = _name(function)
    listed = list(items)
    if not isinstance(where, str):
        named = [f"{name} of {_item(item)}" for item in listed]
        if threads is not None:
            raise invalid("workers of Dask have their own number of threads", "say no `threads`, or run here")
        return _mapped_of(listed, *_mapped.on(where, function, listed, named, (retries, kinds), progress))
    if where != "local":
        raise invalid(f"there is no place {where!r} to run at", 'say "local", or give a client of Dask')
    call: Delayed[tuple[_R | None, Exception | None]]
    call = Delayed(function, name, (retries, lambda error: _may_pass(error, kinds)))
    before = io_stats()
    tasks = [call.named(f"{name} of {_item(item)}", (item,)) for item in listed]
    told = compute(*tasks, threads=threads, progress=progress)
    return _mapped_of(listed, told, io_stats().since(before))


def _mapped_of(items: Sequence[_T], told: Sequence[tuple[_R | None, Exception | None]], stats: IoStats) -> Mapped[_R]:
    """The values in their order, and why some are missing."""
    failures = tuple(
        Failure(index, item, error)
        for index, (item, (_, error)) in enumerate(zip(items, told, strict=True))
        if error is not None
    )
    return Mapped([value for value, _ in told], failures, stats)


def _may_pass(error: Exception, retry_on: tuple[type[Exception], ...]) -> bool:
    return error.passing if isinstance(error, Error) else isinstance(error, retry_on)


def _name(function: Callable[..., Any]) -> str:
    """What a function is called; an error for what gives no value when it is called."""
    if not callable(function):
        raise TypeError(f"{function!r} cannot be called")
    name = str(getattr(function, "__name__", None) or type(function).__name__)
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{name} is a coroutine function; give one that runs it, as `asyncio.run` does")
    return name


def _item(item: Any) -> str:
    """An item, for people who look for the one that fails."""
    text = item.name if isinstance(item, Item) else repr(item)
    return text if len(text) <= 100 else f"{text[:99]}…"
