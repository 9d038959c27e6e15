"""Dask clusters of this machine."""

import contextlib
import os

PATIENCE = 300
"""Seconds that anything may take here before a test gives up."""


@contextlib.contextmanager
def local(workers):
    """A client of workers that are processes with one thread each. They run from a folder of their own."""
    import dask
    import distributed

    with dask.config.set({"distributed.worker.daemon": True, "distributed.admin.tick.limit": "60s"}):
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit="1GiB",
            dashboard_address=":0",
            worker_dashboard_address=None,
            env={"PYTHONPATH": os.environ["PYTHONPATH"]},
        )
        with cluster, distributed.Client(cluster) as client:
            yield client


def tasks_of(client):
    """The keys of all tasks of frazil that a scheduler has seen."""

    def seen(dask_scheduler):
        return {str(key) for key, *_ in dask_scheduler.transition_log if "frazil-" in str(key)}

    return client.run_on_scheduler(seen)


def told_as(folder, package, version):
    """A package's version as Python's own records tell it, in front of the installed one."""
    record = folder / f"{package}-{version}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
