"""What one person's Dask clusters may use together.

Dask Gateway limits a cluster, never a person. This adds the person's limit in
cores and in bytes of memory, over all their clusters, for any backend:

- A cluster counts its scheduler and the workers promised to it: the count of
  the last `scale`, or the maximum of the last `adapt`. Workers that still run
  count as well: a scheduler may be slow to stop them, or refuse.
- `create`, `scale` and `adapt` beyond what is left are refused with the
  reason, which Dask Gateway's client raises as an exception. A cluster that
  has no room for a single worker is not created.
- `adapt()` without a maximum is what most notebooks say and cannot be kept
  literally. It gets all that is left as its maximum and says so; it is refused
  only when nothing is left.
- Promises are kept in the cluster's own record, so they outlive a restart of
  the gateway. A smaller limit stops no running cluster; it refuses more.
- A scheduler that reports a greater count than was promised (its owner can
  run code in it) is held to the promise.

One process decides, under one lock a person, so two requests at once cannot
both take the last cores. With several gateway processes that would not hold.
"""

import asyncio
import json
import math
import time
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web
from dask_gateway_server.backends.base import Backend, ClusterConfig, PublicException
from dask_gateway_server.models import ClusterStatus
from dask_gateway_server.options import Float, Options, String
from traitlets import Bool, Integer
from traitlets import Float as FloatTrait

GIB = 2**30
UNBOUNDED = 10**6  # workers; more than any limit lets live
# A cluster that is stopping still holds what it has not yet given back.
COUNTED = (ClusterStatus.PENDING, ClusterStatus.RUNNING, ClusterStatus.STOPPING)


@dataclass(frozen=True)
class Amount:
    """Cores and bytes of memory."""

    cores: float = 0.0
    memory: int = 0

    def __add__(self, other):
        return Amount(self.cores + other.cores, self.memory + other.memory)

    def times(self, count):
        return Amount(self.cores * count, self.memory * count)


def scheduler_of(config):
    return Amount(config["scheduler_cores"], config["scheduler_memory"])


def worker_of(config):
    return Amount(config["worker_cores"], config["worker_memory"])


def promised(config):
    """Workers promised to a cluster; none for one that was never scaled."""
    return max(0, config.get("promised_workers") or 0)


def asked_for(msg, name, missing=None):
    """A count of workers in a message; PublicException if it is none.

    Anything else compares in ways that promise too little: a negative count
    would give other clusters more than the limit.
    """
    count = msg.get(name)
    if count is None and missing is not None:
        return missing
    if type(count) is not int or count < 0:
        raise PublicException(f"{name} must be a whole number of workers, not {count!r}")
    return count


def check_bounds(msg):
    """PublicException for an `adapt` whose bounds are no counts, or cross."""
    minimum, maximum = asked_for(msg, "minimum", 0), asked_for(msg, "maximum", math.inf)
    if minimum > maximum:
        raise PublicException(f"minimum {minimum} is more than maximum {maximum}")


def held(cluster, msg):
    """The count that a scheduler reports, if it was promised."""
    return max(0, min(int(msg["count"]), promised(cluster.config)))


def total(config, workers):
    return scheduler_of(config) + worker_of(config).times(workers)


def room(limit, used, config):
    """How many workers of a cluster fit beside `used`; 0 if not even its scheduler."""
    start = used + scheduler_of(config)
    worker = worker_of(config)
    fits = [
        _whole(limit.cores - start.cores, worker.cores),
        _whole(limit.memory - start.memory, worker.memory),
    ]
    return max(0, min(fits))


def _whole(left, each):
    # Tenths of cores do not add up exactly, so a hair's breadth is forgiven.
    if not each or left == math.inf:
        return UNBOUNDED
    return math.floor(left / each + 1e-9)


def refusal(limit, used, config, workers, others, fits):
    """Why a cluster of `workers` does not fit, and what would.

    others: names of the clusters that make up `used`.
    """
    asked = used + total(config, workers)
    if asked.cores > limit.cores + 1e-9:
        parts = f"{limit.cores:g} cores", f"{asked.cores:g}", f"{used.cores:g}"
    else:
        parts = f"{_gib(limit.memory)} of memory", _gib(asked.memory), _gib(used.memory)
    names = ", ".join(name.rpartition(".")[2][:8] for name in others)
    beside = f" ({parts[2]} already promised to {names})" if others else ""
    # Without room for one worker on its own, nothing comes of stopping others.
    others_matter = bool(others) and room(limit, Amount(), config) > 0
    return (
        f"your Dask clusters may use {parts[0]} together: asked for {parts[1]} "
        f"with this one{beside}. {_advice(fits, others_matter)}"
    )


def _advice(fits, has_others):
    if fits:
        workers = "1 worker" if fits == 1 else f"{fits} workers"
        return f"Ask for at most {workers}" + (", or stop a cluster." if has_others else ".")
    return "Stop a cluster or scale it down." if has_others else "Choose smaller workers."


def _gib(count):
    return f"{count / GIB:.4g} GiB"


class LimitedConfig(ClusterConfig):
    """A cluster's record, with what was promised to it."""

    promised_workers = Integer(0, min=0, help="Workers the cluster may have")
    promise_settles = Bool(False, help="Lower it to the next count reported")


class LimitedBackend(Backend):
    """Mixed in before a backend: per-person limits on create, scale and adapt."""

    per_user_cores = FloatTrait(
        None, allow_none=True, min=0, config=True,
        help="Cores of all clusters of a person together; None is no limit",
    )
    per_user_memory = Integer(
        None, allow_none=True, min=0, config=True,
        help="Bytes of memory of all clusters of a person together; None is no limit",
    )

    stop_seconds = FloatTrait(
        20, min=0, config=True,
        help="How long a request waits for workers that are about to stop",
    )

    @property
    def limit(self):
        """The limit of one person, or None where there is none."""
        if self.per_user_cores is None and self.per_user_memory is None:
            return None
        cores, memory = self.per_user_cores, self.per_user_memory
        return Amount(math.inf if cores is None else cores,
                      math.inf if memory is None else memory)

    async def setup(self, app):
        self._locks = defaultdict(asyncio.Lock)
        app.middlewares.append(tell_adapt)
        await super().setup(app)

    async def save_promise(self, cluster_name, workers, settles):
        """Keeps a promise in the cluster's record; each kind of backend has its own."""
        raise NotImplementedError

    def living_workers(self, cluster):
        """How many workers of a cluster have not ended; 0 where only promises are known."""
        return 0

    async def counted_clusters(self, username):
        """A person's clusters that use or may use something: all that was asked for."""
        return await self.list_clusters(username=username, statuses=COUNTED)

    async def used_by(self, username, besides=None):
        """What a person's other clusters may use or still use, and their names.

        The third value tells whether some of it is coming free.
        """
        used, names, leaving = Amount(), [], False
        for cluster in await self.counted_clusters(username):
            stopping = cluster.status == ClusterStatus.STOPPING
            kept = 0 if stopping else promised(cluster.config)
            living = self.living_workers(cluster)
            amount = total(cluster.config, max(kept, living))
            if cluster.name != besides and amount != Amount():
                used += amount
                names.append(cluster.name)
                leaving = leaving or stopping or living > kept
        return used, names, leaving

    async def start_cluster(self, user, cluster_options):
        async with self._locks[user.name]:
            return await super().start_cluster(user, cluster_options)

    async def process_cluster_options(self, user, request):
        options, config = await super().process_cluster_options(user, request)
        await self._admit(user.name, None, config.to_dict(), workers=1)
        return options, config

    async def forward_message_to_scheduler(self, cluster, msg):
        async with self._locks[cluster.username]:
            cluster = await self.get_cluster(cluster.name) or cluster
            config = cluster.config
            workers, settles, msg = await self._decide(cluster, msg)
            await self.save_promise(cluster.name, workers, settles)
            try:
                await super().forward_message_to_scheduler(cluster, msg)
            except BaseException:
                before = promised(config), config.get("promise_settles", False)
                await self.save_promise(cluster.name, *before)
                raise

    async def _decide(self, cluster, msg):
        """The promise that a message asks for, and the message to send."""
        if msg["op"] == "scale":
            count = asked_for(msg, "count")
            await self._admit(cluster.username, cluster.name, cluster.config, count)
            return count, False, msg
        check_bounds(msg)
        if not msg.get("active", True):
            # The scheduler keeps the workers it has; it reports how many.
            return promised(cluster.config), True, msg
        maximum = await self._adapt_maximum(cluster, msg)
        if maximum is None:
            return UNBOUNDED, True, msg
        return maximum, False, dict(msg, maximum=maximum)

    async def _adapt_maximum(self, cluster, msg):
        minimum, maximum = msg.get("minimum") or 0, msg.get("maximum")
        if self.limit is None:
            return maximum
        if maximum is not None and not _no_maximum.get():
            await self._admit(cluster.username, cluster.name, cluster.config,
                              max(minimum, maximum))
            return maximum
        fits = await self._admit(cluster.username, cluster.name, cluster.config,
                                 max(minimum, 1))
        if maximum is not None and maximum <= fits:
            return maximum
        _notice.set(
            f"adapt() without a maximum: using maximum={fits}, all that your limit "
            "for Dask clusters leaves for this one."
        )
        return fits

    async def _admit(self, username, cluster_name, config, workers):
        """How many workers fit in all; PublicException if fewer than asked."""
        if self.limit is None:
            return UNBOUNDED
        # Fewer workers than promised is always granted, also after the
        # limit was made smaller than what runs.
        granted = workers if cluster_name and workers <= promised(config) else 0
        give_up = time.monotonic() + self.stop_seconds
        while True:
            used, others, leaving = await self.used_by(username, besides=cluster_name)
            fits = max(granted, room(self.limit, used, config))
            # Whoever stops one cluster and starts the next need not try again.
            if workers <= fits or not leaving or time.monotonic() >= give_up:
                break
            await asyncio.sleep(0.25)
        if workers > fits:
            reason = refusal(self.limit, used, config, workers, others, fits)
            if leaving:
                reason += " Workers count until they have stopped; try again in a moment."
            self.log.info("Refused %s: %s", username, reason)
            raise PublicException(reason)
        return fits

    async def on_cluster_heartbeat(self, cluster_name, msg):
        cluster = await self.get_cluster(cluster_name)
        if self.limit is not None and cluster is not None:
            msg = await self._hold(cluster, msg)
        await super().on_cluster_heartbeat(cluster_name, msg)

    async def _hold(self, cluster, msg):
        if cluster.config.get("promise_settles"):
            # A request may be at work on a new promise; it must not be lost.
            async with self._locks[cluster.username]:
                cluster = await self.get_cluster(cluster.name) or cluster
                count = held(cluster, msg)
                if cluster.config.get("promise_settles"):
                    await self.save_promise(cluster.name, count, False)
                return dict(msg, count=count)
        return dict(msg, count=held(cluster, msg))


# Dask Gateway's handler of `adapt` fills in a missing maximum before the
# backend sees it, and answers with words of its own. So what the person asked
# travels to the backend, and what the backend has to say back, beside it.
_no_maximum = ContextVar("no_maximum", default=False)
_notice = ContextVar("notice", default=None)


@web.middleware
async def tell_adapt(request, handler):
    """Refuses an `adapt` with wrong bounds; adds the backend's notice to its answer."""
    if request.method != "POST" or not request.path.endswith("/adapt"):
        return await handler(request)
    asked = await _asked(request)
    try:
        # Here too, since the handler compares the bounds before the backend does.
        check_bounds(asked)
    except PublicException as refusal:
        return web.json_response({"error": str(refusal)}, status=422)
    _no_maximum.set(asked.get("maximum") is None)
    _notice.set(None)
    response = await handler(request)
    if _notice.get() and response.status == 200:
        response.text = json.dumps({"ok": False, "msg": _notice.get()})
    return response


async def _asked(request):
    try:
        body = await request.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}


def cluster_options(options, user_name, groups, settings):
    """The configuration of one cluster from what its user chose.

    options: worker_cores (cores) and worker_memory (GiB) at least.
    settings: `workers` of gateway.json. Raises ValueError with the reason.
    """
    cores, memory = options["worker_cores"], round(options["worker_memory"] * GIB)
    overrides = {
        "worker_cores": cores,
        "worker_memory": memory,
        "worker_threads": max(1, int(cores)),
    }
    if settings.get("max") is not None:
        overrides["cluster_max_workers"] = settings["max"]
    return overrides


def worker_fields(settings):
    """The size of a worker, as options within the bounds of `settings`."""
    memory = settings["memory_bytes"] / GIB
    return (
        Float("worker_cores", default=settings["cores"], min=0.1,
              max=settings.get("max_cores"), label="Cores of a worker"),
        Float("worker_memory", default=memory, min=0.25,
              max=_in_gib(settings.get("max_memory_bytes")),
              label="Memory of a worker (GiB)"),
    )


def options_form(settings):
    """What a user may choose for a cluster; `settings` as in cluster_options.

    `image` is taken and not used: notebooks written for a hub in the cloud set
    it, and on one machine there is one environment.
    """
    return Options(
        *worker_fields(settings),
        String("image", default="", label="Image (not used on one machine)"),
        handler=lambda options, user: cluster_options(
            options, user.name, user.groups, settings
        ),
    )


def _in_gib(count):
    return None if count is None else count / GIB
