"""Statistics on the workers of a real Dask Gateway, over its proxy with TLS."""

import grids
import pytest
import xarray as xr
from dask_gateway_here import PASSWORD, Server

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def gateway(package, tmp_path_factory):
    import dask_gateway

    server = Server(tmp_path_factory.mktemp("gateway"))
    try:
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
