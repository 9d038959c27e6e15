"""Where work goes: clients and clusters of Dask, as they are given, and what their workers have."""

from __future__ import annotations

import importlib
import inspect
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from . import _progress, _versions
from ._gateway import Cluster, Gateway, OnDemand
from ._refusing import invalid
from .errors import LostError

SHARE = 2
"""Of what a worker may take for each of its threads, a task takes one part in so many."""
USUAL = 1 << 30
"""Bytes of memory for a task, where nobody says what workers may take."""

AGAIN = 3
"""So often another cluster takes the place of one that is lost."""

LONG = 600.0
"""Seconds that the first worker may take to come."""

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
    """The workers behind what is given: a client or a cluster of Dask; or a gateway or a function that starts one, which is
    stopped at the end, however it ends.
    """
    with ExitStack() as stack:
        client = _client(where, stack)
        if not client.scheduler_info()["workers"]:
            # What a job may take is known from the workers that are there. The first may come for a task alone.
            client.submit(len, (), key=f"frazil-hello-{uuid.uuid4().hex}", pure=False).result(timeout=LONG)
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
    return isinstance(where, Gateway) or callable(where) and not any(callable(getattr(where, name, None)) for name in ("get_client", "client", "submit"))


def _client(where: Any, stack: ExitStack) -> Any:
    distributed: Any = importlib.import_module("distributed")
    if isinstance(where, distributed.Client):
        if where.asynchronous:
            raise invalid("the client is asynchronous", "give one that was made without `asynchronous=True`")
        return where
    if isinstance(where, Gateway):
        where = where.on_demand()
    if isinstance(where, OnDemand):
        return _client(stack.enter_context(where()), stack)
    if isinstance(where, Cluster):
        client = where.client(set_as_default=False)
        stack.callback(client.close)
        return client
    if isinstance(where, distributed.deploy.Cluster):
        return stack.enter_context(distributed.Client(where, set_as_default=False))
    for name in ("get_client", "client"):
        make = getattr(where, name, None)
        if callable(make):
            # Tasks of others are not to come here: clients of Dask and of Dask Gateway make themselves the process's.
            is_asked = "set_as_default" in inspect.signature(make).parameters
            client = _client(make(set_as_default=False) if is_asked else make(), stack)
            stack.callback(client.close)
            return client
    if _is_started_by(where):
        return _client(_entered(where(), stack), stack)
    raise invalid(
        f"{type(where).__name__} is no place to run at",
        "give a client or a cluster of Dask, or a gateway or a function that starts one",
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


def _gone(crew: Crew, what: str) -> GoneError:
    lost = GoneError(f"{what}: the scheduler at {crew.name} is gone, or somebody ended it")
    lost.crew = crew
    lost.add_note("look whether the Dask cluster still runs, and begin again")
    return lost


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
        try:
            if not startable:
                raise error
            own = self._stack.enter_context(crew(self._places[startable[0]]))
        except Exception:
            if not others:
                raise
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
        """What nobody wants any more is not begun: a scheduler forgets it. Nobody waits for that."""
        futures, self._futures = self._futures, {}
        for future in futures.values():
            # The loop of a client that was closed has ended.
            with suppress(RuntimeError):
                future.release()

    def submit(
        self, crew: Crew, key: str, said: str, function: Callable[..., Any], *arguments: Any, **how: Any
    ) -> Any:
        """A task: by its key, and what it is called for people."""
        distributed: Any = importlib.import_module("distributed")
        try:
            future = crew.client.submit(function, *arguments, key=key, pure=False, **how)
        except (distributed.client.ClosedClientError, OSError) as closed:
            raise _gone(crew, f"{said} was not sent") from closed
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
        # A connection may be lost while a result is on its way, before anybody is told of it.
        if cause is None or future.cancelled() or (isinstance(cause, OSError) and future.status != "error"):
            raise _gone(crew, f"{said} was cancelled") from cause
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
