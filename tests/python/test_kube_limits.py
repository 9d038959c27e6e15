"""Limits of a person on Kubernetes: the real backend, client and informer
against an API server that is late, refuses and cuts off."""

import asyncio
from contextlib import asynccontextmanager

import kubernetes as kube
import pytest
from aiohttp import web
from dask_gateway_server.backends.base import Backend, PublicException
from dask_gateway_server.models import ClusterStatus, User
from fake_kubernetes import FakeKubernetes
from kubernetes_asyncio import client, config

GIB = 2**30
ADA, BOB = User("ada"), User("bob")
SETTINGS = {
    "workers": {"cores": 1, "memory_bytes": GIB, "max": 50, "max_cores": 4,
                "max_memory_bytes": 16 * GIB},
    "scheduler": {"cores": 1, "memory_bytes": GIB},
    "per_user": {"cores": 9, "memory_bytes": 64 * GIB},
    "idle_timeout_seconds": 1800, "image": "quay.io/lab/hub:2026.03",
    "region": "aws/us-west-2", "password_env": None,
}


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """What reaches schedulers; each message takes a moment, as on a network."""
    messages = []

    async def forward(self, cluster, msg):
        if cluster.status != ClusterStatus.RUNNING:
            raise PublicException("not running")
        await asyncio.sleep(0.01)
        messages.append((cluster.name, msg))

    monkeypatch.setattr(Backend, "forward_message_to_scheduler", forward)
    return messages


@asynccontextmanager
async def gateway(api, cores=9, memory=64 * GIB, stop_seconds=0):
    """The backend as the pod has it, started against `api`."""
    def load():
        configuration = client.Configuration()
        configuration.host = api.url
        client.Configuration.set_default(configuration)

    before, config.load_incluster_config = config.load_incluster_config, load
    backend = kube.KubeLimitedBackend(
        parent=None, gateway_address="127.0.0.1:1", gateway_instance="g",
        cluster_config_class=kube.KubeLimitedConfig,
        cluster_options=kube.kube_options_form(SETTINGS, {}),
        per_user_cores=cores, per_user_memory=memory, stop_seconds=stop_seconds,
    )
    try:
        await backend.setup(web.Application())
        yield backend
    finally:
        config.load_incluster_config = before
        await backend.cleanup()


def run(test, **options):
    """Runs `test(api, backend)` with both started."""
    async def main():
        async with FakeKubernetes() as api, gateway(api, **options) as backend:
            await asyncio.wait_for(test(api, backend), 30)

    asyncio.run(main())


async def until(condition, seconds=5):
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come")


async def running(api, backend, user=ADA, **options):
    name = await backend.start_cluster(user, options)
    api.phase(name, "Running")
    await until(lambda: name in backend.clusters
                and backend.clusters[name].status == ClusterStatus.RUNNING)
    return name


async def send(backend, name, op, **msg):
    cluster = await backend.get_cluster(name)
    await backend.forward_message_to_scheduler(cluster, {"op": op, **msg})


async def beat(backend, name, count, **workers):
    msg = {"count": count, "active_workers": [], "closing_workers": [], "closed_workers": []}
    await backend.on_cluster_heartbeat(name, {**msg, **workers})


async def refused(awaitable, match):
    with pytest.raises(PublicException, match=match) as refusal:
        await awaitable
    return str(refusal.value)


def test_scale_is_promised_in_the_object_and_forwarded(sent):
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=8)
        assert sent == [(name, {"op": "scale", "count": 8})]
        assert api.promise(name) == 8

    run(test)


def test_scale_beyond_the_limit_over_all_clusters_is_refused(sent):
    async def test(api, backend):
        first, second = await running(api, backend), await running(api, backend)
        await send(backend, first, "scale", count=5)
        text = await refused(send(backend, second, "scale", count=4), "may use 9 cores")
        assert "Ask for at most 2 workers, or stop a cluster." in text
        assert len(sent) == 1 and api.promise(second) == 0
        await send(backend, second, "scale", count=2)
        third = await running(api, backend, BOB)
        await send(backend, third, "scale", count=8)

    run(test)


def test_adapt_is_limited_over_all_clusters(sent):
    async def test(api, backend):
        first, second = await running(api, backend), await running(api, backend)
        await send(backend, first, "adapt", minimum=0, maximum=5)
        await refused(send(backend, second, "adapt", minimum=0, maximum=3), "at most 2 workers")
        await send(backend, second, "adapt", minimum=0, maximum=2)
        assert (api.promise(first), api.promise(second)) == (5, 2)

    run(test)


def test_create_without_room_for_one_worker_is_refused():
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=7)
        await refused(backend.start_cluster(ADA, {}), "Stop a cluster or scale it down")
        assert len(api.objects) == 1
        await backend.start_cluster(BOB, {})

    run(test)


def test_a_promise_counts_before_the_watch_tells_of_it():
    async def test(api, backend):
        first, second = await running(api, backend), await running(api, backend)
        api.lag = 60
        await send(backend, first, "scale", count=6)
        assert backend.informer.get(first)["spec"]["config"]["promised_workers"] == 0
        await refused(send(backend, second, "scale", count=2), "at most 1 worker")

    run(test)


def test_an_older_change_that_the_watch_tells_late_takes_no_promise_back():
    async def test(api, backend):
        first, second = await running(api, backend), await running(api, backend)
        api.lag = 0.3
        api.update(first, lambda obj: obj["metadata"]["labels"].update(a="b"))
        api.lag = 60
        await send(backend, first, "scale", count=6)
        await until(lambda: backend.informer.get(first)["metadata"]["labels"].get("a"))
        await asyncio.sleep(0.05)
        assert (await backend.get_cluster(first)).config["promised_workers"] == 6
        await refused(send(backend, second, "scale", count=2), "at most 1 worker")

    run(test)


@pytest.mark.parametrize("at_once", [True, False])
def test_clusters_that_the_watch_has_not_shown_count(at_once):
    async def test(api, backend):
        api.lag = 60
        async def create():
            return await backend.start_cluster(ADA, {})
        if at_once:
            answers = await asyncio.gather(*(create() for _ in range(8)), return_exceptions=True)
        else:
            answers = []
            for _ in range(8):
                answers += await asyncio.gather(create(), return_exceptions=True)
        # A cluster needs a scheduler; the last one room for a worker besides.
        assert sum(isinstance(a, str) for a in answers) == len(api.objects) == 4
        assert backend.clusters == {}

    run(test, cores=5)


def test_a_new_cluster_is_known_before_the_watch_shows_it():
    async def test(api, backend):
        api.lag = 60
        name = await backend.start_cluster(ADA, {})
        cluster = await backend.get_cluster(name)
        assert cluster.to_dict()["status"] == "PENDING" and ADA.has_permissions(cluster)
        assert await backend.get_cluster("default.other") is None

    run(test)


def test_a_create_that_kubernetes_refused_does_not_count_for_long(monkeypatch):
    monkeypatch.setattr(kube, "UNSEEN_SECONDS", 0)

    async def test(api, backend):
        api.faults.append(("POST", 500, False))
        await refused(backend.start_cluster(ADA, {}), "did not take the new cluster.*Try again")
        await backend.start_cluster(ADA, {})
        assert len(api.objects) == 1

    run(test, cores=2)


def test_a_create_whose_answer_was_lost_counts(monkeypatch):
    monkeypatch.setattr(kube, "UNSEEN_SECONDS", 0)

    async def test(api, backend):
        api.lag = 60
        api.faults.append(("POST", 500, True))
        await refused(backend.start_cluster(ADA, {}), "Try again")
        await refused(backend.start_cluster(ADA, {}), "may use 2 cores")
        assert len(api.objects) == 1
        # Nor when Kubernetes cannot be asked.
        api.faults += [("GET", 500, False)]
        await refused(backend.start_cluster(ADA, {}), "may use 2 cores")

    run(test, cores=2)


def test_a_promise_survives_the_gateways_restart():
    async def main():
        async with FakeKubernetes() as api:
            async with gateway(api) as backend:
                first = await running(api, backend)
                await send(backend, first, "scale", count=7)
            # Neither the watch nor the secrets help the new one.
            api.lag, api.secrets_fail = 60, True
            async with gateway(api) as backend:
                await refused(backend.start_cluster(ADA, {}), "8 already promised")

    asyncio.run(main())


def test_a_heartbeat_is_held_to_the_promise():
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=3)
        await beat(backend, name, 40)
        assert api.objects[name]["spec"]["replicas"] == 3
        await beat(backend, name, 2)
        assert api.objects[name]["spec"]["replicas"] == 2

    run(test)


def test_a_promise_that_settles_loses_no_newer_one(sent):
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=5)
        await send(backend, name, "adapt", minimum=None, maximum=None, active=False)
        await asyncio.gather(send(backend, name, "scale", count=7), beat(backend, name, 2))
        assert api.promise(name) == 7

    run(test)


def test_workers_that_still_run_count_until_the_scheduler_gave_them_up():
    async def test(api, backend):
        first, second = await running(api, backend), await running(api, backend)
        await send(backend, first, "scale", count=5)
        await beat(backend, first, 5)
        await until(lambda: backend.informer.get(first)["spec"].get("replicas") == 5)
        await send(backend, first, "scale", count=0)
        waiting = asyncio.ensure_future(send(backend, second, "scale", count=6))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await beat(backend, first, 0)
        await waiting
        assert api.promise(second) == 6

    run(test, stop_seconds=10)


def test_a_cluster_that_stops_counts_until_it_has_stopped():
    async def test(api, backend):
        first = await running(api, backend)
        await send(backend, first, "scale", count=8)
        await beat(backend, first, 8)
        await until(lambda: backend.informer.get(first)["spec"].get("replicas") == 8)
        await backend.stop_cluster(first)
        waiting = asyncio.ensure_future(backend.start_cluster(ADA, {}))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        api.phase(first, "Stopped")
        assert await waiting in api.objects

    run(test, stop_seconds=10)


def test_a_cluster_that_was_stopped_before_a_restart_holds_no_promise():
    async def main():
        async with FakeKubernetes() as api:
            async with gateway(api) as backend:
                name = await running(api, backend)
                await send(backend, name, "scale", count=8)
                await backend.stop_cluster(name)
            async with gateway(api) as backend:
                # Its scheduler counts, its workers never came.
                await send(backend, await running(api, backend), "scale", count=7)

    asyncio.run(main())


def test_a_promise_that_kubernetes_did_not_record_is_not_sent(sent):
    async def test(api, backend):
        name = await running(api, backend)
        api.faults.append(("PATCH", 503, False))
        await refused(send(backend, name, "scale", count=4), "Nothing was changed; try again")
        assert sent == [] and api.promise(name) == 0
        await send(backend, name, "scale", count=4)

    run(test)


def test_a_message_that_is_not_sent_gives_the_promise_back():
    async def test(api, backend):
        name = await backend.start_cluster(ADA, {})
        await until(lambda: name in backend.clusters)
        await refused(send(backend, name, "scale", count=4), "not running")
        assert api.promise(name) == 0

    run(test)


def test_a_deleted_cluster_leaves_nothing_behind():
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=4)
        await backend.stop_cluster(name)
        api.delete(name)
        await until(lambda: backend.informer.get(name) is None)
        assert not (backend.promises or backend.stopping or backend.unseen)
        await backend.save_promise(name, 1, False)
        assert not backend.promises

    run(test)


def test_only_what_the_pod_may_ask_for_is_asked_for():
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=1)
        kinds = {path.split("/")[-2 if method in ("PATCH", "GET") and "namespaces" in path else -1]
                 for method, path in api.calls}
        assert kinds == {"daskclusters", "secrets"}

    run(test)


def test_without_a_limit_nobody_is_refused(sent):
    async def test(api, backend):
        name = await running(api, backend)
        await send(backend, name, "scale", count=1000)
        assert sent

    run(test, cores=None, memory=None)
