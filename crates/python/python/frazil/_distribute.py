"""Statistics on many machines: a plan in jobs, each of which a worker of Dask streams, so that only states travel."""

from __future__ import annotations

import pickle
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import _regions, _remote, _stats, _versions, _workers
from ._gateway import GatewayWarning
from ._native import Portions, readable
from ._refusing import invalid
from ._stats import IoStats

if TYPE_CHECKING:
    import xarray as xr

    from ._planned import Planned, Ran, Reduced

Progress = bool | Callable[[int, int], None]

TOGETHER = 8
"""So many states are merged by one task, besides what those before have become."""
HOME = 64 << 20
"""Bytes of states that are merged here; more are merged by workers."""
LARGE = 1 << 16
"""Bytes of a plan from which on it travels once to each worker, and not with each job."""


@dataclass(frozen=True)
class Job:
    """A part of a plan that one task runs."""

    number: int
    first: int
    """Its first batch."""
    count: int
    """How many batches."""
    bytes: int
    """Bytes that it reads, as they are stored without compression."""
    states: int
    """Bytes of the states that it gives, at most."""
    region: str | None
    """Where it runs: where most of what it reads lies."""
    crossing: int
    """Bytes that it reads from elsewhere."""
    inputs: tuple[int, ...] = field(repr=False)
    """The numbers of what it reads, of what follows each other."""


@dataclass(frozen=True)
class Distributed:
    """What became of a plan on many machines."""

    result: xr.DataArray
    """The same as that of one machine, to the bit."""
    io_stats: IoStats
    """What the workers read."""
    jobs: tuple[Job, ...]
    """What they did."""
    tasks: int
    """Tasks of Dask that it took."""
    seconds: float
    """How long it took."""
    task_seconds: float
    """How long the tasks took, one after the other."""

    @property
    def usd(self) -> Decimal | None:
        """What reading has cost in US dollars; None where no table of prices tells."""
        return _regions.spent(self.io_stats)

    def __str__(self) -> str:
        return (
            f"{len(self.jobs)} jobs in {self.tasks} tasks, {self.seconds:.1f} s here and {self.task_seconds:.1f} s of tasks; "
            f"workers: {self.io_stats}" + ("" if self.usd is None else f", {self.usd:.2f} US dollars")
        )


@dataclass
class _Spent:
    stats: list[IoStats] = field(default_factory=list)
    tasks: int = 0
    seconds: float = 0.0


class Distribution:
    """A plan that is to be run on the workers of one Dask cluster, or of one in each region. `explain` tells what that takes."""

    def __init__(
        self,
        planned: Planned,
        where: Any,
        *,
        memory: int | None = None,
        job: int | None = None,
        retries: int = 2,
        progress: Progress = True,
        region_of: _regions.Ask | None = None,
    ) -> None:
        self._planned = _reduced(planned)
        self._places: dict[str | None, Any] = dict(where) if isinstance(where, Mapping) else {None: where}
        if not self._places:
            raise invalid("no place is given to run at", "give a client or a cluster of Dask, or one for each region")
        self._memory = memory
        self._job = job
        self._retries = retries
        self._progress = progress
        self._region_of = region_of

    def explain(self) -> str:
        """What it takes, a line each: jobs, bytes, states and, where prices are known, dollars. Clusters that are there are
        asked for their memory, and none is started; nothing is read but what tells what is stored where.
        """
        memory = self._asked()
        plan = self._plan(memory, self._planned.steps)
        jobs = self._jobs(plan)
        return "\n".join([*_told(plan, jobs, memory), *self._costs(jobs)])

    def _heard_by(self, progress: Progress) -> Distribution:
        """The same, of which somebody else hears."""
        other = copy(self)
        other._progress = progress
        return other

    def jobs(self) -> tuple[Job, ...]:
        """What each task would run, and where."""
        return tuple(self._jobs(self._plan(self._asked(), self._planned.steps)))

    def _wanted(self) -> dict[str | None, Any]:
        """The places in which something lies that is read: where none is given for it, that is told before any is started."""
        if not self._is_split:
            return self._places
        self._inputs.must_have(self._places)
        read = set(self._inputs.regions) or {next(iter(self._places))}
        return {region: place for region, place in self._places.items() if region in read}

    @property
    def _is_split(self) -> bool:
        return set(self._places) != {None}

    def _asked(self) -> int:
        """Bytes that a job may take, as far as that is known before."""
        return self._memory or min(_workers.memory_of(place) for place in self._places.values())

    def _costs(self, jobs: Sequence[Job]) -> list[str]:
        """A line for what reading costs, where that is known."""
        readers = {number: job.region for job in jobs for number in job.inputs}
        dollars = self._inputs.dollars(readers) if self._inputs.is_priced else None
        return [] if dollars is None else [f"costs   {dollars:.2f} US dollars to read, by the table of prices"]

    def run(self) -> Distributed:
        """The result, and what it took. Before its time it ends with nothing left behind: jobs are cancelled, and what was
        started for it is stopped.
        """
        began, spent = time.monotonic(), _Spent()
        jobs: list[Job] = []
        result = None
        try:
            with ExitStack() as stack:
                crews = _workers.Crews(self._wanted(), stack)
                result = self._planned.told_by(lambda steps: self._ran(steps, crews, spent, jobs))
        except Exception as failed:
            if result is None:
                raise
            what = (
                f"the result is there, but not all that was started for it could be stopped: {failed}; "
                "look with `frazil gateway list`, and stop what is left"
            )
            warnings.warn(what, GatewayWarning, stacklevel=2)
        seconds = time.monotonic() - began
        return Distributed(result, _stats.together(spent.stats), tuple(jobs), spent.tasks, seconds, spent.seconds)

    @cached_property
    def _inputs(self) -> _regions.Inputs:
        near = {bucket: region for region, place in self._places.items() for bucket in getattr(place, "buckets", ())}
        return _regions.Inputs(_inputs(self._planned), near, self._region_of)

    def _plan(self, memory: int, steps: Sequence[Any]) -> Portions:
        own = self._planned.beside
        beside: tuple[Any, list[Any]] | None = None if own is None else (own.given, [])
        return Portions(self._planned.values.given, list(steps), memory, beside)

    def _jobs(self, plan: Portions) -> list[Job]:
        """The jobs, each where most of what it reads lies."""
        if self._is_split:
            self._inputs.must_have(self._places)
        jobs = []
        portions = plan.portions(self._job)
        read_of = plan.read_of([(first, count) for first, count, *_ in portions])
        for number, ((first, count, size, states), read) in enumerate(zip(portions, read_of, strict=True)):
            region, crossing = self._inputs.home(read, self._places) if self._is_split else (None, 0)
            inputs = tuple(one for one, _ in read)
            jobs.append(Job(number, first, count, size, states, region, crossing, inputs))
        return jobs

    def _ran(
        self, steps: Sequence[Any], crews: _workers.Crews, spent: _Spent, told: list[Job]
    ) -> Ran:
        memory = self._memory or min(one.memory for one in crews.of.values())
        plan = self._plan(memory, steps)
        jobs = self._jobs(plan)
        told += jobs
        run = uuid.uuid4().hex[:12]
        beside = None if self._planned.beside is None else self._planned.beside.given
        given, sources = _travelling(self._planned, plan)
        spec = _remote.Spec(given, tuple(steps), memory, beside, plan.identity, run, _versions.here(), self._retries)
        with _workers.progress(self._progress) as hearer, _workers.Tasks() as tasks:
            parts = _Run(spec, sources, jobs, crews, tasks, spent).parts(hearer)
        numbers, _, left_out = plan.finish(parts)
        return numbers, plan.dims, left_out


class _Run:
    """Jobs and what merges their states, as tasks."""

    def __init__(
        self,
        spec: _remote.Spec,
        sources: Sequence[Any],
        jobs: Sequence[Job],
        crews: _workers.Crews,
        tasks: _workers.Tasks,
        spent: _Spent,
    ) -> None:
        self._spec, self._sources, self._jobs = spec, sources, jobs
        self._crews, self._tasks, self._spent = crews, tasks, spent
        self._is_large = len(pickle.dumps(spec)) > LARGE
        self._sent: list[tuple[_workers.Crew, Any]] = []

    def parts(self, hearer: Callable[[int, int], None] | None) -> list[bytes]:
        """What is known of all jobs, in their order."""
        units = self._units()
        home, due = _Home(range(len(units))), dict(enumerate(units))
        while due:
            futures, gone = self._all_submitted(due)
            numbers = {future.key: number for number, future in futures.items()}
            behind = _behind(hearer, len(units) - len(due), len(units))
            wanted = {future.key: future for future in futures.values()}
            for key, done in self._tasks.results(wanted, behind, (_workers.GoneError,)):
                if isinstance(done, _workers.GoneError):
                    gone[id(done.crew)] = done
                    continue
                del due[numbers[key]]
                home.put(numbers[key], done.parts)
                self._spent.stats.append(done.stats)
                self._spent.seconds += done.seconds
            for error in gone.values():
                self._crews.replace(error.crew, error)
        return home.parts

    def _all_submitted(
        self, due: Mapping[int, Sequence[Job]]
    ) -> tuple[dict[int, Any], dict[int, _workers.GoneError]]:
        """The tasks of units by their numbers, and which crews have gone before they had theirs."""
        futures: dict[int, Any] = {}
        gone: dict[int, _workers.GoneError] = {}
        for number, unit in due.items():
            if id(self._crews.of[unit[0].region]) in gone:
                continue
            try:
                futures[number] = self._submitted(unit)
            except _workers.GoneError as error:
                gone[id(error.crew)] = error
        return futures, gone

    def _units(self) -> list[list[Job]]:
        """Jobs whose states come home as one: each by itself; or where that is much, and one place has them all, all of them.
        States are merged from the first on, so those of a place behind another could not be merged there.
        """
        is_much = sum(job.states for job in self._jobs) > HOME
        if is_much and len({job.region for job in self._jobs}) == 1:
            return [list(self._jobs)]
        return [[job] for job in self._jobs]

    def _submitted(self, unit: Sequence[Job]) -> Any:
        """Merges of the states of jobs: a few at a time, behind those before them, so that sums have the bits of one machine."""
        crew = self._crews.of[unit[0].region]
        futures = [self._job(job, crew) for job in unit]
        merged = futures[0]
        # A merge has them all in memory, and what becomes of them twice.
        most = max(job.states for job in unit)
        together = min(TOGETHER, max(1, self._spec.memory // max(most, 1) - 2))
        for at in range(1, len(unit), together):
            some = futures[at : at + together]
            last = unit[min(at + together, len(unit)) - 1].number
            key, said = f"frazil-merge-{self._spec.run}-{last}", f"the merge of jobs {unit[0].number} to {last}"
            before, merged = merged, self._submit(crew, key, said, _remote.merge, merged, *some, priority=1)
            # Workers let go of states that are merged.
            self._tasks.release([before, *some])
        return merged

    def _job(self, job: Job, crew: _workers.Crew) -> Any:
        key, said = f"frazil-job-{self._spec.run}-{job.number}", f"job {job.number} of {len(self._jobs)}"
        said = f"{said}, which reads {readable(job.bytes)}"
        own = {number: self._sources[number] for number in job.inputs if number < len(self._sources)}
        return self._submit(crew, key, said, _remote.portion, self._plan(crew), own, job.first, job.count, said)

    def _plan(self, crew: _workers.Crew) -> Any:
        """The plan as tasks take it."""
        if not self._is_large:
            return self._spec
        for own, sent in self._sent:
            if own is crew:
                return sent
        key = f"frazil-plan-{self._spec.run}-{len(self._sent)}"
        sent = self._submit(crew, key, "the plan", _remote.spec, self._spec)
        self._sent.append((crew, sent))
        return sent

    def _submit(self, crew: _workers.Crew, key: str, said: str, function: Any, *arguments: Any, **how: Any) -> Any:
        self._spent.tasks += 1
        return self._tasks.submit(crew, key, said, function, *arguments, **how)


def _behind(
    hearer: Callable[[int, int], None] | None, before: int, total: int
) -> Callable[[int, int], None] | None:
    """Hears how many of all are done, where some were done before."""
    if hearer is None:
        return None
    heard = hearer

    def tell(done: int, _: int) -> None:
        heard(before + done, total)

    return tell


class _Home:
    """States that came home, merged in their order as they come where they are large."""

    def __init__(self, order: Sequence[int]) -> None:
        self._due = list(reversed(order))
        self._waiting: dict[int, tuple[bytes, ...]] = {}
        self._fresh = 0
        self.parts: list[bytes] = []

    def put(self, number: int, parts: tuple[bytes, ...]) -> None:
        self._waiting[number] = parts
        while self._due and self._due[-1] in self._waiting:
            came = self._waiting.pop(self._due.pop())
            self.parts += came
            self._fresh += sum(map(len, came))
        if self._fresh > HOME:
            self.parts, self._fresh = Portions.merge(self.parts, False), 0


def distribute(
    planned: Planned,
    where: Any,
    *,
    memory: int | None = None,
    job: int | None = None,
    retries: int = 2,
    progress: Progress = True,
    region_of: _regions.Ask | None = None,
) -> Distributed:
    """Runs a plan on the workers of Dask: `frazil.distribute(rain.frazil.plan("mean", "time"), client)`.

    The plan is cut into jobs of 256 MB to 1 GB of what is stored, at the borders of chunks. Each is one task on one thread,
    which streams what it reads; what travels is what it knows then. The result is that of one machine to the bit, whatever
    workers there are, and whichever of them are lost: Dask gives their jobs to others.

    where: a client or a cluster of Dask; or a gateway or a function that starts one, which is stopped at the end however it
    ends. Or a dict of these by region, such as `frazil.gateways()` or `{"aws/us-west-2": …, "gcp/us-central1": …}`: each
    job runs where most of what it reads lies, as `frazil.where` tells it; None is for what lies nowhere.
    memory: most bytes that a job may take; half of what the workers have for each thread, unless said.
    job: bytes that each reads at least, if there are as many; a sixteenth of all unless said, 256 to 512 MiB.
    retries: how often a job is tried again on its worker, after one second, two, four, for an error that may pass.
    progress: shown after half a second; a function is told how many tasks are done, and of how many.
    region_of: tells in which region an address lies, in place of `frazil.where`.

    `plan.on(where).explain()` tells jobs, bytes and dollars before.
    """
    return Distribution(
        planned, where, memory=memory, job=job, retries=retries, progress=progress, region_of=region_of
    ).run()


def together(*distributions: Distribution, progress: Progress = True) -> tuple[Distributed, ...]:
    """Runs several plans at once, each where it is to run: `frazil.together(here.on(west), there.on(central))`.

    An error of one, and Ctrl-C, ends them all, with nothing left behind; that may take as long as a cluster takes to start.
    progress: of all of them together.
    """
    stopped, told = threading.Event(), dict[int, tuple[int, int]]()
    with _workers.progress(progress) as hearer, ThreadPoolExecutor(max(len(distributions), 1)) as pool:

        def hear(number: int, done: int, total: int) -> None:
            if stopped.is_set():
                raise InterruptedError("another one has ended before its time")
            told[number] = done, total

        def run(number: int, one: Distribution) -> Distributed:
            return one._heard_by(lambda done, total: hear(number, done, total)).run()

        runs = [pool.submit(run, number, one) for number, one in enumerate(distributions)]
        try:
            while not all(run.done() for run in runs):
                failed = next((run for run in runs if run.done() and run.exception()), None)
                if failed is not None:
                    failed.result()
                if hearer is not None and told:
                    hearer(*(sum(numbers) for numbers in zip(*list(told.values()), strict=True)))
                time.sleep(0.02)
            return tuple(run.result() for run in runs)
        except BaseException:
            stopped.set()
            raise


def _reduced(planned: Planned) -> Reduced:
    from ._planned import Planned, Reduced
    from ._values import Chunked, InMemory

    if not isinstance(planned, Planned):
        raise invalid(f"{type(planned).__name__} is no plan", 'give one, such as `rain.frazil.plan("mean", "time")`')
    if not isinstance(planned, Reduced):
        what = "anomalies and windows are as large as their array, and are not brought home from workers"
        raise invalid(what, "compute them on one machine, with `out=` into a store")
    for values in (planned.values, planned.beside):
        if isinstance(values, InMemory):
            why = f", for {values.why}" if values.why else ""
            what = f"the array would be loaded here{why}, and not where workers are"
            raise invalid(what, 'open it with `engine="frazil"` and without `chunks`, and take slices of it')
        if isinstance(values, Chunked):
            raise invalid("the array is chunked by Dask", "call the method itself, or open the array without `chunks`")
    return planned


def _travelling(planned: Reduced, plan: Portions) -> tuple[tuple[Any, ...], list[Any]]:
    """What is read, as it travels: of what follows each other what each is, so that nobody opens what others read; and where
    these are.
    """
    from ._values import Joined

    given = planned.values.given
    if not isinstance(planned.values, Joined):
        return given, []
    axis, granules, _, along = given
    told = [(None, path, told, taken) for (_, path, _, taken), told in zip(granules, plan.told(), strict=True)]
    return (axis, told, along), [source for source, *_ in granules]


def _inputs(planned: Reduced) -> list[_regions.Input]:
    """What is read, and behind it what is read beside it, as far as it may lie in several places."""
    return [one for values in (planned.values, planned.beside) for one in _inputs_of(values)]


def _inputs_of(values: Any) -> list[_regions.Input]:
    from ._values import Joined, Stored

    if isinstance(values, Stored):
        return [_regions.Input(values.source, values.path, tuple(taken[1:] for taken in values.along))]
    if not isinstance(values, Joined):
        return []
    # Of each that part which is taken of all of them, but along the dimension in which they follow each other.
    whole = [(start, count) for _, start, count in values.along]
    inputs = []
    for one in values.parts:
        own = [(first, count) for _, first, count in one.along]
        taken = [
            mine if axis == values.axis else (mine[0] + of_all[0], of_all[1])
            for axis, (mine, of_all) in enumerate(zip(own, whole, strict=True))
        ]
        inputs.append(_regions.Input(one.source, one.path, tuple(taken)))
    return inputs


def _told(plan: Portions, jobs: Sequence[Job], memory: int) -> list[str]:
    lines = [plan.explain(), ""]
    sizes = [job.bytes for job in jobs] or [0]
    lines.append(f"jobs    {len(jobs)} of {readable(min(sizes))} to {readable(max(sizes))}, one task and one thread each")
    lines.append(f"states  {readable(sum(job.states for job in jobs))} at most, that travel")
    lines.append(f"memory  {readable(memory)} for each job")
    for region in dict.fromkeys(job.region for job in jobs):
        own = [job for job in jobs if job.region == region]
        if region is not None or len({job.region for job in jobs}) > 1:
            crossing = sum(job.crossing for job in own)
            read = readable(sum(job.bytes for job in own))
            lines.append(f"in      {region or 'no region'}: {len(own)} jobs of {read}, of which {readable(crossing)} lie elsewhere")
    return lines
