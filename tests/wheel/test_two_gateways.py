"""Two real gateways of Dask as two regions: jobs run where their data lies, and nothing is left, whatever is killed."""

import os
import signal
import subprocess
import sys

import grids
import pytest
import xarray as xr
from grids import CENTRAL, WEST

pytest.importorskip("dask_gateway_server.backends.local", reason="needs dask-gateway-server[local]")

from dask_gateway_here import Server, until

pytestmark = pytest.mark.usefixtures("world")

IDLE = 15
"""Seconds after which a cluster that nobody uses ends."""


@pytest.fixture(scope="module")
def servers(package, tmp_path_factory):
    started = {}
    try:
        for region in (WEST, CENTRAL):
            started[region] = Server(tmp_path_factory.mktemp("gateway"), idle=IDLE)
        yield started
    finally:
        for server in started.values():
            server.close()


@pytest.fixture
def gateways(servers):
    """A gateway in each region, of which nothing is left afterwards."""
    import frazil

    gateways = {
        region: frazil.Gateway(server.address, user="ada", secret_file=server.password, region=region)
        for region, server in servers.items()
    }
    yield gateways
    nothing_is_left(servers, gateways)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return grids.halves(tmp_path_factory.mktemp)


@pytest.fixture
def plan(stores):
    import frazil.xarray

    return grids.joined(stores).frazil.plan("mean", "time")


def nothing_is_left(servers, gateways):
    for region, server in servers.items():
        until(server.is_idle, server.log)
        assert gateways[region].clusters() == []


def distributed(plan, gateways, hear=False):
    import frazil

    where = {region: gateway.on_demand(1, 2) for region, gateway in gateways.items()}
    return frazil.distribute(plan, where, job=1, progress=hear, region_of=grids.region_of)


def killed(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def counted(gateway):
    """How many clusters there have been."""
    return len(gateway.clusters("stopped", "failed", "stopping"))


def test_a_cluster_follows_the_load(servers, gateways):
    import time

    import frazil

    def worker(_):
        time.sleep(2)
        return os.getpid()

    told = frazil.map(worker, range(20), where=gateways[WEST].on_demand(1, 2), progress=False)
    assert len(set(told)) == 2, told


def test_each_region_has_a_cluster_of_its_own(servers, gateways, plan):
    said = plan.on(gateways, job=1, region_of=grids.region_of).explain()
    assert f"in      {WEST}: " in said and f"in      {CENTRAL}: " in said, said
    assert all(server.is_idle() for server in servers.values())
    before = {region: counted(gateway) for region, gateway in gateways.items()}
    done = distributed(plan, gateways)
    xr.testing.assert_identical(done.result, plan.compute())
    assert {job.region for job in done.jobs} == {WEST, CENTRAL}
    assert f"{len(done.jobs)} jobs in" in str(done)
    until(lambda: all(counted(gateway) == before[region] + 1 for region, gateway in gateways.items()), servers[WEST].log)


@pytest.mark.parametrize("what", ["worker", "cluster"])
def test_what_is_killed_in_the_middle_changes_no_bit(servers, gateways, plan, what):
    lost, before = [], counted(gateways[CENTRAL])

    def hear(done, total):
        if done and not lost:
            server = servers[CENTRAL]
            # A scheduler first, so that it does not hear of its workers.
            lost.extend(server.processes("scheduler") if what == "cluster" else [])
            lost.extend(server.processes("worker"))
            killed(lost)

    done = distributed(plan, gateways, hear)
    assert len(lost) >= (2 if what == "cluster" else 1)
    xr.testing.assert_identical(done.result, plan.compute())
    # Another cluster takes the place of one that is lost.
    until(lambda: counted(gateways[CENTRAL]) - before == (2 if what == "cluster" else 1), servers[CENTRAL].log)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_nothing(servers, gateways, plan, error):
    def hear(done, total):
        if done:
            raise error

    with pytest.raises(error):
        distributed(plan, gateways, hear)


PROGRAM = """
import sys, time
import frazil, frazil.xarray, grids
from grids import CENTRAL, WEST

west, central, at_west, at_central, secret = sys.argv[1:]
plan = grids.joined({WEST: west, CENTRAL: central}).frazil.plan("mean", "time")
at = {WEST: at_west, CENTRAL: at_central}
where = {region: frazil.Gateway(each, user="ada", secret_file=secret).on_demand(1, 2) for region, each in at.items()}

def hear(done, total):
    if done:
        print("begun", flush=True)
        time.sleep(600)

frazil.distribute(plan, where, job=1, progress=hear, region_of=grids.region_of)
"""


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_program_that_is_ended_leaves_nothing(servers, gateways, stores, tmp_path, way):
    at = [servers[region].address for region in (WEST, CENTRAL)]
    arguments = [*map(str, (stores[WEST], stores[CENTRAL])), *at, str(servers[WEST].password)]
    path = os.pathsep.join([os.environ["PYTHONPATH"], os.path.dirname(__file__)])
    with open(tmp_path / "said", "wb") as said:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=said,
        )
    assert program.stdout.readline() == b"begun\n", (tmp_path / "said").read_text()
    assert not any(server.is_idle() for server in servers.values())
    program.send_signal(way)
    assert program.wait(120) != 0
    program.stdout.close()
    # What was killed could stop nothing: its clusters end when they have been idle.
    nothing_is_left(servers, gateways)
