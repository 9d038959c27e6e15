"""Dask clusters as processes of this machine."""

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import machine
from aiohttp import web
from dask_gateway_server.backends.db_base import JobStatus
from dask_gateway_server.backends.local import LocalBackend, LocalClusterConfig
from dask_gateway_server.traitlets import MemoryLimit
from dask_gateway_server.utils import FrozenAttrDict
from limits import LimitedBackend, LimitedConfig, promised
from traitlets import Any, Bool, Float, Unicode

KEPT_LOGS = 50  # clusters
LEAVE_SECONDS = 120  # for workers to hand over their data


class LocalLimitedConfig(LimitedConfig, LocalClusterConfig):
    """Parts of cores are allowed, as they are on Kubernetes."""

    worker_cores = Float(1, min=0.1, config=True)
    scheduler_cores = Float(0, min=0, config=True)
    scheduler_memory = MemoryLimit("0 G", config=True)


class LocalLimitedBackend(LimitedBackend, LocalBackend):
    """Processes that outlive the gateway, held to their worker's size.

    Everyone's run as the gateway's own account unless `switch_user` is set.
    SIGTERM leaves the clusters running for the gateway's next start; SIGINT
    stops them first.
    """

    data_dir = Unicode(config=True, help="Where homes and logs live")
    hub_id = Unicode(config=True, help="FRAZIL_HUB_ID of every process")
    limits = Any(config=True, help="machine.Limits")
    switch_user = Bool(False, config=True, help="Run as the person's own account")

    async def setup(self, app):
        await super().setup(app)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._stop_with_clusters)

    def _stop_with_clusters(self):
        self.stop_clusters_on_shutdown = True
        raise web.GracefulExit

    async def save_promise(self, cluster_name, workers, settles):
        cluster = self.db.get_cluster(cluster_name)
        if cluster is None:
            return
        config = dict(cluster.config, promised_workers=workers, promise_settles=settles)
        self.db.update_cluster(cluster, config=config)
        cluster.config = FrozenAttrDict(config)

    def living_workers(self, cluster):
        workers = self.db.get_cluster(cluster.name).workers.values()
        return sum(w.status < JobStatus.STOPPED for w in workers)

    async def on_cluster_heartbeat(self, cluster_name, msg):
        await super().on_cluster_heartbeat(cluster_name, msg)
        cluster = self.db.get_cluster(cluster_name)
        if self.limit is not None and cluster is not None:
            self._stop_excess(cluster)

    def _stop_excess(self, cluster):
        """Stops the workers that a scheduler keeps for long beyond its promise."""
        active = sorted(cluster.active_workers(), key=lambda worker: worker.close_expected)
        excess = active[promised(cluster.config):]
        if not excess:
            cluster.over_since = None
            return
        cluster.over_since = getattr(cluster, "over_since", None) or time.monotonic()
        if time.monotonic() - cluster.over_since < LEAVE_SECONDS:
            return
        self.log.warning("Cluster %s keeps %d workers too many", cluster.name, len(excess))
        update = {"target": JobStatus.STOPPED, "close_expected": True}
        self.db.update_workers([(worker, update) for worker in excess])
        for worker in excess:
            self.queue.put(worker)

    # Where files go.

    def get_logs_directory(self, workdir):
        return os.path.join(self.data_dir, "logs", "clusters", os.path.basename(workdir))

    def set_file_permissions(self, paths, username):
        if self.switch_user:
            # Upstream adds the certificates' paths letter by letter, and so
            # would give away "/".
            whole = [p for p in paths if len(p) > 1]
            certificates = [str(f) for p in whole for f in Path(p).glob("dask.*")]
            super().set_file_permissions(whole + certificates, username)

    async def do_start_cluster(self, cluster):
        # A start that was cut off leaves files that the next refuses to overwrite.
        shutil.rmtree(Path(self.clusters_directory, cluster.name), ignore_errors=True)
        logs = Path(self.data_dir, "logs", "clusters")
        logs.mkdir(mode=0o711, parents=True, exist_ok=True)
        machine.keep_newest(logs, KEPT_LOGS)
        async for state in super().do_start_cluster(cluster):
            yield state

    # The processes' surroundings.

    def get_env(self, cluster):
        env = super().get_env(cluster)
        env["FRAZIL_HUB_ID"] = self.hub_id
        env["FRAZIL_USER"] = cluster.username
        env["FRAZIL_CLUSTER"] = cluster.name
        home = machine.home(self.data_dir, cluster.username)
        if not self.switch_user and home.is_dir():
            env["HOME"] = str(home)
        return env

    def get_scheduler_env(self, cluster):
        return dict(super().get_scheduler_env(cluster), FRAZIL_PART="dask-scheduler")

    def get_worker_env(self, cluster):
        return dict(super().get_worker_env(cluster), FRAZIL_PART="dask-worker")

    def make_preexec_fn(self, cluster):
        if self.switch_user:
            return super().make_preexec_fn(cluster)
        workdir = cluster.state["workdir"]
        return lambda: os.chdir(workdir)

    # Starting and stopping.

    async def start_process(self, cluster, cmd, env, name):
        group = self._control_group(cluster, name)
        enter = self.make_preexec_fn(cluster)

        def preexec():
            if group:
                group.join()
            enter()

        logs = Path(self.get_logs_directory(cluster.state["workdir"]))
        with open(logs / f"{name}.log", "ab") as log:
            process = await asyncio.create_subprocess_exec(
                *cmd, preexec_fn=preexec, start_new_session=True, env=env,
                stdin=asyncio.subprocess.DEVNULL, stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        return process.pid

    def _control_group(self, cluster, name):
        """A worker's own group with its limits; a scheduler's is not limited."""
        group = self.limits.group(self._group_name(cluster, name))
        if group is not None:
            config = cluster.config
            worker = name.startswith("worker-")
            group.create(config["worker_memory"] if worker else None,
                         config["worker_cores"] if worker else None)
        return group

    def _group_name(self, cluster, name):
        return machine.group_name("dask", cluster.name, name)

    async def do_stop_cluster(self, cluster):
        await self._stop(cluster, cluster.state.get("pid"), "scheduler")
        workdir = cluster.state.get("workdir")
        if workdir:
            self.cleanup_working_directory(workdir)

    async def do_stop_worker(self, worker):
        await self._stop(worker.cluster, worker.state.get("pid"), f"worker-{worker.name}")

    async def _stop(self, cluster, pid, name):
        """SIGINT, then SIGTERM, then SIGKILL; then what it left behind."""
        steps = [(signal.SIGINT, self.sigint_timeout), (signal.SIGTERM, self.sigterm_timeout),
                 (signal.SIGKILL, self.sigkill_timeout)]
        for number, seconds in steps:
            if not pid or not self._runs(pid, cluster):
                break
            machine.signal_all([pid], number)
            await self._wait(pid, seconds)
        group = self.limits.group(self._group_name(cluster, name))
        if group is not None:
            machine.signal_all(group.pids(), signal.SIGKILL)
            await group.dissolve()

    async def _wait(self, pid, seconds):
        for _ in range(int(seconds / 0.05)):
            if machine.gone(pid):
                return
            await asyncio.sleep(0.05)

    def _runs(self, pid, cluster):
        return not machine.gone(pid) and machine.carries(pid, FRAZIL_CLUSTER=cluster.name)

    async def do_check_clusters(self, clusters):
        return [self._runs(c.state.get("pid") or 0, c) for c in clusters]

    async def do_check_workers(self, workers):
        return [self._runs(w.state.get("pid") or 0, w.cluster) for w in workers]


def path_with_environment():
    """PATH with this environment's programs first: `dask` must be ours."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
