"""Where work goes: clients and clusters of Dask, as they are given, and what their workers have."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from . import _progress, _versions
from ._refusing import invalid
from .errors import LostError

SHARE = 2
"""Of what a worker may take for each of its threads, a task takes one part in so many."""
USUAL = 1 << 30
"""Bytes of memory for a task, where nobody says what workers may take."""

AGAIN = 3
"""So often another cluster takes the place of one that is lost."""

PATIENCE = 10.0
"""Seconds that futures may take to be cancelled."""


@dataclass(frozen=True)
class Crew:
    """A client of Dask whose scheduler and workers have the versions that run here."""

    client: Any
    versions: _versions.Versions
    memory: int
    """Bytes that a task may take."""

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.client.scheduler.address if self.client.scheduler is not None else self.client)


@contextmanager
def crew(where: Any) -> Iterator[Crew]:
    """The workers behind what is given: a client or a cluster of Dask; or a function that starts one, which is stopped at the
    end, however it ends.
    """
    with ExitStack() as stack:
        client = _client(where, stack)
        versions = _versions.must_agree(client)
        yield Crew(client, versions, _memory(client))


def memory_of(where: Any) -> int:
    """Bytes that a task may take there; as usual, where that is started only when it is needed."""
    if _is_started_by(where):
        return USUAL
    with ExitStack() as stack:
        return _memory(_client(where, stack))


def _is_started_by(where: Any) -> bool:
    """Whether something is a function that starts what tasks run at."""
    return callable(where) and not any(callable(getattr(where, name, None)) for name in ("get_client", "client", "submit"))


def _client(where: Any, stack: ExitStack) -> Any:
    distributed: Any = importlib.import_module("distributed")
    if isinstance(where, distributed.Client):
        if where.asynchronous:
            raise invalid("the client is asynchronous", "give one that was made without `asynchronous=True`")
        return where
    if isinstance(where, distributed.deploy.Cluster):
        return stack.enter_context(distributed.Client(where))
    for name in ("get_client", "client"):
        make = getattr(where, name, None)
        if callable(make):
            client = _client(make(), stack)
            stack.callback(client.close)
            return client
    if _is_started_by(where):
        return _client(_entered(where(), stack), stack)
    raise invalid(
        f"{type(where).__name__} is no place to run at",
        "give a client or a cluster of Dask, or a function that starts one",
    )


def _entered(made: Any, stack: ExitStack) -> Any:
    """What was started for this run alone, which is stopped behind it."""
    if hasattr(made, "__enter__"):
        return stack.enter_context(made)
    if callable(getattr(made, "close", None)):
        stack.callback(made.close)
    return made


def _memory(client: Any) -> int:
    """Bytes that a task may take, by the least that a worker has for each of its threads."""
    try:
        told = client.scheduler_info(n_workers=-1)
    except TypeError:
        # Before 2025.4 all workers were told.
        told = client.scheduler_info()
    known = [
        int(one["memory_limit"]) // max(int(one["nthreads"]), 1)
        for one in told["workers"].values()
        if one["memory_limit"]
    ]
    return min(known) // SHARE if known else USUAL


class GoneError(LostError):
    """A scheduler is gone with all that it knew."""

    crew: Crew
    """Whose it was."""


class Crews:
    """The workers of several places, by region. Where a scheduler is lost another takes its place."""

    def __init__(self, places: Mapping[str | None, Any], stack: ExitStack) -> None:
        self._places = places
        self._stack = stack
        self._left = AGAIN
        self.of = {region: stack.enter_context(crew(place)) for region, place in places.items()}

    def replace(self, lost: Crew, error: GoneError) -> None:
        """Puts another in the place of one that is lost: one that is started for it, else that of another region. Raises the
        error where there is none, or too many were lost.
        """
        self._left -= 1
        regions = [region for region, own in self.of.items() if own is lost]
        if not regions:
            return
        others = [own for own in self.of.values() if own is not lost]
        startable = [region for region in regions if _is_started_by(self._places[region])]
        if self._left < 0 or not (startable or others):
            raise error
        if startable:
            own = self._stack.enter_context(crew(self._places[startable[0]]))
        else:
            own = others[0]
        self.of |= dict.fromkeys(regions, own)


class Tasks:
    """Tasks of one or several schedulers that belong together: none is left where they end before their time."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[Crew, str]] = {}
        self._futures: dict[str, Any] = {}

    def __enter__(self) -> Tasks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is not done any more is cancelled; nobody waits for it."""
        futures, self._futures = self._futures, {}
        if kind is None:
            for future in futures.values():
                future.release()
            return
        for crew in {id(crew): crew for crew, _ in self._names.values()}.values():
            if crew.client.status != "running":
                continue
            own = [future for future in futures.values() if future.client is crew.client]
            try:
                crew.client.sync(crew.client._cancel, own, force=True, callback_timeout=PATIENCE)
            except Exception as failed:
                if error is not None:
                    error.add_note(f"tasks at {crew.name} could not be cancelled: {failed}")

    def submit(
        self, crew: Crew, key: str, said: str, function: Callable[..., Any], *arguments: Any, **how: Any
    ) -> Any:
        """A task: by its key, and what it is called for people."""
        future = crew.client.submit(function, *arguments, key=key, pure=False, **how)
        self._futures[key], self._names[key] = future, (crew, said)
        return future

    def release(self, futures: Sequence[Any]) -> None:
        """Leaves tasks to those that take their results."""
        for future in futures:
            self._futures.pop(future.key, None)
            future.release()

    def results(
        self,
        wanted: Mapping[str, Any],
        tell: Callable[[int, int], None] | None,
        given: tuple[type[Exception], ...] = (),
    ) -> Iterator[tuple[str, Any]]:
        """The keys and results of tasks, as they come. Tells how many are done. Errors of some kinds are given, others raised."""
        distributed: Any = importlib.import_module("distributed")
        done, left = 0, len(wanted)
        by_client: dict[int, list[Any]] = {}
        for future in wanted.values():
            by_client.setdefault(id(future.client), []).append(future)
        waits = [distributed.as_completed(futures, loop=futures[0].client.loop) for futures in by_client.values()]
        while left:
            came = [future for wait in waits if not wait.is_empty() for future in wait.next_batch(block=False)]
            for future in came:
                try:
                    result = self._result(future)
                except given as error:
                    result = error
                left -= 1
                # What was lost with its scheduler is still to be done.
                done += not isinstance(result, GoneError)
                if tell is not None:
                    tell(done, len(wanted))
                yield future.key, result
            if not came:
                time.sleep(0.01)
                if tell is not None:
                    tell(done, len(wanted))

    def _result(self, future: Any) -> Any:
        crew, said = self._names[future.key]
        try:
            # Where its worker was lost meanwhile, another makes it anew.
            if not future.cancelled():
                return future.result()
            cause = None
        except Exception as error:
            cause = error
        if cause is None or future.cancelled():
            lost = GoneError(f"{said} was cancelled: the scheduler at {crew.name} is gone, or somebody ended it")
            lost.crew = crew
            lost.add_note("look whether the Dask cluster still runs, and begin again")
            raise lost from cause
        if type(cause).__name__ == "KilledWorker":
            # Others fail with the one that they wait for.
            killed: Any = cause
            _, said = self._names.get(str(killed.task), (crew, said))
            what = f"{said} did not come to its end: {killed.allowed_failures + 1} workers that had it were lost"
            dead = LostError(what)
            dead.add_note("look into the logs of the workers: they may have had too little memory")
            raise dead from cause
        cause.add_note(f"at {crew.name}")
        raise cause


@contextmanager
def progress(asked: bool | Callable[[int, int], None]) -> Iterator[Callable[[int, int], None] | None]:
    """Who hears how many tasks are done."""
    shown = _progress.Running()
    try:
        yield asked if callable(asked) else shown if asked else None
    finally:
        shown.close()
