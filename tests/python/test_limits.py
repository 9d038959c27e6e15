import asyncio
import base64
import json
import os
import re
import time
import types

import clusters
import limits
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from dask_gateway_server.backends.base import Backend, PublicException
from dask_gateway_server.backends.db_base import DataManager, JobStatus
from dask_gateway_server.models import User
from dask_gateway_server.routes import default_routes
from dask_gateway_server.workqueue import WorkQueue

GIB = 2**30
WORKERS = {"cores": 1, "memory_bytes": GIB, "max": 20, "max_cores": 4}
KEY = b"0" * 32
ADA, BOB = User("ada"), User("bob")


class Bench(clusters.LocalLimitedBackend):
    """The real backend and database; only the schedulers are pretended."""

    def open(self):
        self._locks = limits.defaultdict(asyncio.Lock)
        self.queue = WorkQueue()
        self.db = DataManager(url=self.db_url, encrypt_keys=self.db_encrypt_keys)
        return self

    async def list_clusters(self, **query):
        found = await super().list_clusters(**query)
        await asyncio.sleep(0.01)  # other requests get their turn here, as on Kubernetes
        return found

    def run(self, name):
        cluster = self.db.get_cluster(name)
        self.db.update_cluster(cluster, status=JobStatus.RUNNING)

    def work(self, name, count):
        """Gives a cluster workers that run."""
        cluster = self.db.get_cluster(name)
        workers = [self.db.create_worker(cluster) for _ in range(count)]
        self.db.update_workers([(w, {"status": JobStatus.RUNNING}) for w in workers])
        return [w.name for w in workers]

    def end(self, name, count=None):
        ended = {"status": JobStatus.STOPPED, "target": JobStatus.STOPPED}
        workers = list(self.db.get_cluster(name).workers.values())[:count]
        self.db.update_workers([(w, ended) for w in workers])

    def promise(self, name):
        return self.db.get_cluster(name).config["promised_workers"]


@pytest.fixture
def sent(monkeypatch):
    """What reaches schedulers. Each message takes a moment, as on a network."""
    messages = []

    async def forward(self, cluster, msg):
        await asyncio.sleep(0.01)
        messages.append((cluster.name, msg))

    monkeypatch.setattr(Backend, "forward_message_to_scheduler", forward)
    return messages


@pytest.fixture
def bench(tmp_path, sent):
    def build(cores=8, memory=64 * GIB, workers=WORKERS, stop_seconds=0):
        return Bench(
            parent=None,
            gateway_address="127.0.0.1:1",
            db_url=f"sqlite:///{tmp_path}/gateway.sqlite",
            db_encrypt_keys=[limits_key()],
            cluster_config_class=clusters.LocalLimitedConfig,
            cluster_options=limits.options_form(workers),
            per_user_cores=cores,
            per_user_memory=memory,
            stop_seconds=stop_seconds,
        ).open()

    return build


def limits_key():
    return base64.urlsafe_b64encode(KEY).decode()


async def running(backend, user=ADA, **options):
    name = await backend.start_cluster(user, options)
    backend.run(name)
    return name


async def send(backend, name, op, **msg):
    cluster = await backend.get_cluster(name)
    await backend.forward_message_to_scheduler(cluster, {"op": op, **msg})


async def scale(backend, name, count):
    await send(backend, name, "scale", count=count)


def heartbeat(count, active=()):
    return {
        "api_address": "", "scheduler_address": "", "dashboard_address": "", "count": count,
        "active_workers": list(active), "closing_workers": [], "closed_workers": [],
    }


def test_scale_within_the_limit_is_forwarded_and_promised(bench, sent):
    async def main():
        backend = bench(cores=8)
        name = await running(backend)
        await scale(backend, name, 8)
        assert sent == [(name, {"op": "scale", "count": 8})]
        assert backend.promise(name) == 8

    asyncio.run(main())


def test_scale_beyond_is_refused_with_numbers_and_cluster(bench, sent):
    async def main():
        backend = bench(cores=40)
        first, second = await running(backend), await running(backend)
        await scale(backend, first, 24)
        with pytest.raises(PublicException) as refusal:
            await scale(backend, second, 24)
        assert str(refusal.value) == (
            "your Dask clusters may use 40 cores together: asked for 48 with this one "
            f"(24 already promised to {first[:8]}). Ask for at most 16 workers, or stop "
            "a cluster."
        )
        assert backend.promise(second) == 0
        assert len(sent) == 1
        await scale(backend, second, 16)

    asyncio.run(main())


def test_memory_is_limited_as_cores_are(bench):
    async def main():
        backend = bench(cores=None, memory=8 * GIB)
        name = await running(backend, worker_memory=3)
        with pytest.raises(PublicException, match=r"8 GiB of memory together: asked for 9 GiB"):
            await scale(backend, name, 3)
        await scale(backend, name, 2)

    asyncio.run(main())


def test_create_is_refused_when_no_worker_fits(bench):
    async def main():
        backend = bench(cores=4)
        first = await running(backend)
        await scale(backend, first, 3)
        await running(backend)
        with pytest.raises(PublicException, match=r"asked for 5 with this one \(3 already"):
            await backend.start_cluster(ADA, {"worker_cores": 2})

    asyncio.run(main())


def test_who_asks_for_too_big_a_worker_is_not_sent_to_stop_others(bench):
    async def main():
        backend = bench(cores=3)
        await scale(backend, await running(backend), 1)
        with pytest.raises(PublicException, match="already promised to .*Choose smaller workers"):
            await backend.start_cluster(ADA, {"worker_cores": 4})

    asyncio.run(main())


def test_the_scheduler_counts(bench):
    async def main():
        backend = bench(cores=4)
        backend.cluster_config_class = type(
            "Config", (clusters.LocalLimitedConfig,), {"scheduler_cores": clusters.Float(1.5)}
        )
        name = await running(backend)
        with pytest.raises(PublicException, match="at most 2 workers"):
            await scale(backend, name, 3)

    asyncio.run(main())


def test_other_people_and_stopped_clusters_do_not_count(bench):
    async def main():
        backend = bench(cores=4)
        theirs, old = await running(backend, BOB), await running(backend)
        await scale(backend, theirs, 4)
        await scale(backend, old, 4)
        await backend.stop_cluster(old)
        name = await running(backend)
        await scale(backend, name, 4)

    asyncio.run(main())


def test_two_requests_at_once_cannot_both_take_the_last_cores(bench, sent):
    async def main():
        backend = bench(cores=4)
        names = [await running(backend) for _ in range(2)]
        results = await asyncio.gather(
            *(scale(backend, n, 3) for n in names), return_exceptions=True
        )
        assert sorted(type(r).__name__ for r in results) == ["NoneType", "PublicException"]
        assert len(sent) == 1

    asyncio.run(main())


def test_two_clusters_at_once_cannot_both_take_the_last_cores(bench):
    async def main():
        backend = bench(cores=2)
        backend.cluster_config_class = type(
            "Config", (clusters.LocalLimitedConfig,), {"scheduler_cores": clusters.Float(1)}
        )
        results = await asyncio.gather(
            *(backend.start_cluster(ADA, {}) for _ in range(2)), return_exceptions=True
        )
        assert sorted(type(r).__name__ for r in results) == ["PublicException", "str"]

    asyncio.run(main())


@pytest.mark.parametrize("msg", [{"maximum": 9}, {"minimum": 9}])
def test_adapt_beyond_is_refused(bench, sent, msg):
    async def main():
        backend = bench(cores=8)
        name = await running(backend)
        with pytest.raises(PublicException, match="at most 8 workers"):
            await send(backend, name, "adapt", **msg)
        assert not sent and backend.promise(name) == 0

    asyncio.run(main())


WRONG_BOUNDS = [
    {"maximum": -1}, {"minimum": -1}, {"minimum": 0, "maximum": -1000}, {"maximum": 2.5},
    {"maximum": "3"}, {"minimum": "3"}, {"maximum": True}, {"minimum": True},
    {"minimum": 3, "maximum": 2}, {"maximum": float("nan")}, {"maximum": []},
]


@pytest.mark.parametrize("cores", [8, None])
@pytest.mark.parametrize("msg", WRONG_BOUNDS, ids=str)
def test_bounds_that_are_no_counts_are_refused(bench, sent, msg, cores):
    async def main():
        backend = bench(cores=cores, memory=None)
        name = await running(backend)
        with pytest.raises(PublicException, match="whole number|more than maximum"):
            await send(backend, name, "adapt", **msg)
        assert not sent and backend.promise(name) == 0

    asyncio.run(main())


@pytest.mark.parametrize("count", [-1, 2.5, "3", True, None])
def test_a_scale_to_no_count_is_refused(bench, sent, count):
    async def main():
        backend = bench()
        name = await running(backend)
        with pytest.raises(PublicException, match="whole number"):
            await scale(backend, name, count)
        assert not sent and backend.promise(name) == 0

    asyncio.run(main())


def test_a_promise_is_never_negative(bench):
    assert limits.promised({"promised_workers": -1000}) == 0

    async def main():
        backend = bench()
        name = await running(backend)
        await send(backend, name, "adapt", maximum=8)
        await send(backend, name, "adapt", active=False)
        await backend.on_cluster_heartbeat(name, heartbeat(-1000))
        assert backend.promise(name) == 0

    asyncio.run(main())


def test_workers_count_until_they_have_ended(bench):
    async def main():
        backend = bench(cores=8)
        first, second = await running(backend), await running(backend)
        await scale(backend, first, 8)
        backend.work(first, 8)
        await scale(backend, first, 0)
        with pytest.raises(PublicException, match="count until they have stopped"):
            await scale(backend, second, 1)
        backend.end(first, 5)
        await scale(backend, second, 5)
        with pytest.raises(PublicException):
            await scale(backend, second, 6)
        await scale(backend, first, 3)

    asyncio.run(main())


def test_workers_of_a_scheduler_that_reports_none_count(bench):
    async def main():
        backend = bench(cores=8)
        first, second = await running(backend), await running(backend)
        await send(backend, first, "adapt", maximum=8)
        names = backend.work(first, 8)
        await send(backend, first, "adapt", active=False)
        await backend.on_cluster_heartbeat(first, heartbeat(0, names))
        assert backend.promise(first) == 0
        with pytest.raises(PublicException):
            await scale(backend, second, 1)

    asyncio.run(main())


def test_a_stopping_cluster_counts_what_still_runs(bench):
    async def main():
        backend = bench(cores=8)
        first, second = await running(backend), await running(backend)
        await scale(backend, first, 8)
        backend.work(first, 6)
        await backend.stop_cluster(first)
        with pytest.raises(PublicException, match="at most 2 workers"):
            await scale(backend, second, 3)
        await scale(backend, second, 2)

    asyncio.run(main())


def test_a_request_waits_for_workers_that_are_about_to_stop(bench):
    async def main():
        backend = bench(cores=8, stop_seconds=30)
        first, second = await running(backend), await running(backend)
        backend.work(first, 8)
        await backend.stop_cluster(first)
        asyncio.get_running_loop().call_later(0.1, backend.end, first)
        await scale(backend, second, 8)

    asyncio.run(main())


def test_workers_kept_beyond_the_promise_are_stopped_after_a_while(bench, monkeypatch):
    async def main():
        backend = bench(cores=8)
        name = await running(backend)
        await scale(backend, name, 8)
        names = backend.work(name, 8)
        await scale(backend, name, 3)
        leaving, staying = names[:2], names[2:]
        active = backend.db.get_cluster(name).active_workers
        closing = dict(heartbeat(8, staying), closing_workers=leaving)
        await backend.on_cluster_heartbeat(name, closing)
        assert len(active()) == 8
        later = time.monotonic() + clusters.LEAVE_SECONDS
        monkeypatch.setattr(clusters.time, "monotonic", lambda: later)
        await backend.on_cluster_heartbeat(name, heartbeat(8, names))
        assert [w.name for w in active()] == staying[:3]
        await backend.on_cluster_heartbeat(name, heartbeat(3, names))
        assert len(active()) == 3

    asyncio.run(main())


def test_adapt_promises_its_maximum(bench):
    async def main():
        backend = bench(cores=8)
        first, second = await running(backend), await running(backend)
        await send(backend, first, "adapt", minimum=1, maximum=6)
        with pytest.raises(PublicException, match="at most 2 workers"):
            await scale(backend, second, 3)

    asyncio.run(main())


def test_adapt_without_a_maximum_gets_what_is_left(bench, sent):
    async def main():
        backend = bench(cores=8)
        first, second, third = [await running(backend) for _ in range(3)]
        await scale(backend, first, 5)
        await send(backend, second, "adapt", minimum=None, maximum=None)
        assert sent[-1][1]["maximum"] == 3
        with pytest.raises(PublicException, match="Stop a cluster"):
            await send(backend, third, "adapt", minimum=None, maximum=None)

    asyncio.run(main())


def test_adapt_off_keeps_the_promise_until_the_scheduler_reports(bench):
    async def main():
        backend = bench(cores=8)
        name, other = await running(backend), await running(backend)
        await send(backend, name, "adapt", maximum=8)
        await send(backend, name, "adapt", active=False)
        with pytest.raises(PublicException):
            await scale(backend, other, 1)
        await backend.on_cluster_heartbeat(name, heartbeat(2))
        assert backend.promise(name) == 2
        await scale(backend, other, 6)

    asyncio.run(main())


def test_a_scheduler_cannot_report_more_than_was_promised(bench):
    async def main():
        backend = bench(cores=8)
        name = await running(backend)
        await scale(backend, name, 2)
        await backend.on_cluster_heartbeat(name, heartbeat(20))
        assert backend.db.get_cluster(name).count == 2

    asyncio.run(main())


def test_promises_outlive_a_restart_of_the_gateway(bench):
    async def main():
        before = bench(cores=8)
        first = await running(before)
        await scale(before, first, 6)
        after = bench(cores=8)
        second = await running(after)
        with pytest.raises(PublicException, match=rf"6 already promised to {first[:8]}"):
            await scale(after, second, 3)

    asyncio.run(main())


def test_under_a_smaller_limit_clusters_may_only_shrink(bench):
    async def main():
        first = await running(before := bench(cores=8))
        await scale(before, first, 6)
        after = bench(cores=4)
        with pytest.raises(PublicException):
            await scale(after, first, 7)
        await scale(after, first, 5)
        with pytest.raises(PublicException):
            await scale(after, first, 6)

    asyncio.run(main())


def test_a_message_that_does_not_arrive_leaves_the_promise(bench, monkeypatch):
    async def main():
        backend = bench(cores=8)
        name = await running(backend)
        await scale(backend, name, 2)

        async def fail(self, cluster, msg):
            raise PublicException("not running")

        monkeypatch.setattr(Backend, "forward_message_to_scheduler", fail)
        with pytest.raises(PublicException, match="not running"):
            await scale(backend, name, 5)
        assert backend.promise(name) == 2

    asyncio.run(main())


def test_without_a_limit_nothing_is_refused(bench, sent):
    async def main():
        backend = bench(cores=None, memory=None)
        name = await running(backend)
        await scale(backend, name, 5000)
        await send(backend, name, "adapt", minimum=None, maximum=None)
        assert sent[-1][1]["maximum"] is None
        await backend.on_cluster_heartbeat(name, heartbeat(7))
        assert backend.db.get_cluster(name).count == 7

    asyncio.run(main())


def route(method, path):
    return next(r.handler for r in default_routes if r.method == method and r.path == path)


async def post(backend, path, body, **match):
    """One request through the gateway's own handler and our middleware."""

    async def authenticate_and_handle(request, handler):
        request["user"] = ADA
        return await handler(request)

    app = web.Application()
    app["backend"], app["log"] = backend, backend.log
    app["authenticator"] = types.SimpleNamespace(
        authenticate_and_handle=authenticate_and_handle
    )
    request = make_mocked_request("POST", re.sub("{.*?}", "x", path), app=app, match_info=match)
    request._read_bytes = json.dumps(body).encode()
    response = await limits.tell_adapt(request, route("POST", path))
    return response.status, json.loads(response.text)


CLUSTER = "/api/v1/clusters/{cluster_name}"


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
def test_answers_over_http(bench):
    async def main():
        backend = bench(cores=4)
        name = await running(backend)
        status, body = await post(backend, CLUSTER + "/scale", {"count": 5}, cluster_name=name)
        assert status == 409 and "may use 4 cores together" in body["error"]
        status, body = await post(
            backend, CLUSTER + "/adapt", {"maximum": 5}, cluster_name=name
        )
        assert status == 409 and "may use 4 cores together" in body["error"]
        status, body = await post(
            backend, CLUSTER + "/adapt", {"minimum": None, "maximum": None}, cluster_name=name
        )
        assert status == 200 and body["ok"] is False and "maximum=4" in body["msg"]
        status, body = await post(
            backend, CLUSTER + "/adapt", {"maximum": 2}, cluster_name=name
        )
        assert (status, body) == (200, {"ok": True, "msg": None})
        for wrong in ({"maximum": -1}, {"maximum": "3"}, {"minimum": 3, "maximum": 2}):
            status, body = await post(backend, CLUSTER + "/adapt", wrong, cluster_name=name)
            assert status == 422 and "maximum" in body["error"]
        await scale(backend, name, 4)
        status, body = await post(backend, "/api/v1/clusters/", {"cluster_options": {}})
        assert status == 422 and "may use 4 cores together" in body["error"]

    asyncio.run(main())


def test_cluster_options():
    chosen = {"worker_cores": 2.5, "worker_memory": 1.5, "image": "any"}
    assert limits.cluster_options(chosen, "ada", [], WORKERS) == {
        "worker_cores": 2.5,
        "worker_memory": 3 * GIB // 2,
        "worker_threads": 2,
        "cluster_max_workers": 20,
    }
    half = limits.cluster_options({**chosen, "worker_cores": 0.5}, "ada", [], {})
    assert half["worker_threads"] == 1 and "cluster_max_workers" not in half


def test_too_big_a_worker_is_refused(bench):
    async def main():
        with pytest.raises(PublicException, match="worker_cores must be <= 4"):
            await bench().start_cluster(ADA, {"worker_cores": 5})

    asyncio.run(main())


def test_tenths_of_cores_add_up():
    config = {"scheduler_cores": 0, "scheduler_memory": 0, "worker_cores": 0.1, "worker_memory": 0}
    assert limits.room(limits.Amount(0.3, 1), limits.Amount(), config) == 3


@pytest.mark.parametrize("name", ["ada", "a.b", "..", "a/b", "a@b", "é", "x" * 300])
def test_slugs_are_one_safe_name(name):
    text = clusters.machine.slug(name)
    assert os.path.basename(text) == text and not text.startswith(".")
    assert len(text) < 130 and "@" not in text


def test_slugs_differ():
    names = ["a b", "a%20b", "..", "%2E.", ".", "x" * 300, "x" * 301]
    assert len({clusters.machine.slug(n) for n in names}) == len(names)
