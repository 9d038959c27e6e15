"""Statistics on the workers of a real Dask Gateway, over its proxy with TLS."""

import sys

import grids
import pytest
import xarray as xr
from grids import CENTRAL, WEST
from package import ROOT

sys.path.insert(1, str(ROOT / "tests" / "notebooks"))

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def gateway(package, tmp_path_factory):
    import dask_gateway
    from gateways import PASSWORD, Server

    server = Server(tmp_path_factory.mktemp("gateway"))
    try:
        server.up()
        with dask_gateway.Gateway(server.address, auth=dask_gateway.BasicAuth("ana", PASSWORD)) as gateway:
            yield gateway
    finally:
        server.close()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return grids.rain(tmp_path_factory.mktemp("grids"))


@pytest.fixture
def rain(store):
    import frazil.xarray

    with xr.open_dataset(store, engine="frazil") as opened:
        yield opened.tp


def started(gateway):
    cluster = gateway.new_cluster(shutdown_on_close=True)
    cluster.scale(2)
    return cluster


def test_a_cluster_of_a_gateway_has_the_bits_of_one_machine(gateway, rain):
    import frazil

    plan = rain.frazil.plan("mean", "time")
    with started(gateway) as cluster:
        done = frazil.distribute(plan, cluster, job=1, progress=False)
        xr.testing.assert_identical(done.result, plan.compute())
        assert len(done.jobs) == done.tasks == 4
        assert list(frazil.map(abs, [-1, 2], where=cluster, progress=False)) == [1, 2]
        (name,) = [one.name for one in gateway.list_clusters()]
        assert name == cluster.name
    # One that was started for the run alone is stopped behind it.
    done = frazil.distribute(plan, lambda: started(gateway), job=1, progress=False)
    xr.testing.assert_identical(done.result, plan.compute())
    assert gateway.list_clusters() == []


def test_another_takes_the_place_of_a_cluster_that_is_lost(gateway, tmp_path_factory, monkeypatch):
    import frazil
    import frazil.xarray

    plan = grids.joined(grids.halves(tmp_path_factory.mktemp), monkeypatch).frazil.plan("mean", "time")
    expected, clusters = plan.compute(), []

    def start():
        # The first one has no workers: what it is to do is not done when it is lost.
        cluster = gateway.new_cluster(shutdown_on_close=True)
        cluster.scale(2 if clusters else 0)
        clusters.append(cluster)
        return cluster

    heard = []

    def hear(done, total):
        heard.append(done)
        if len(clusters) == 1 and done == at_west:
            gateway.stop_cluster(clusters[0].name)

    where = {WEST: lambda: started(gateway), CENTRAL: start}
    at_west = sum(job.region == WEST for job in plan.on(where, job=1).jobs())
    done = frazil.distribute(plan, where, job=1, progress=hear)
    xr.testing.assert_identical(done.result, expected)
    assert len(clusters) == 2 and at_west >= 2 and heard[-1] == len(done.jobs) > at_west
    assert gateway.list_clusters() == []
