"""Jobs over inputs in several regions: each runs where its data lies, and the result is that of one machine."""

import clusters
import grids
import pytest
import xarray as xr
from grids import CENTRAL, WEST

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return grids.halves(tmp_path_factory.mktemp)


@pytest.fixture
def rain(stores, monkeypatch):
    return grids.joined(stores, monkeypatch)


class Started:
    """A Dask cluster that is started for one run, and of which it is known whether it was stopped."""

    def __init__(self):
        self.stopped = 0

    def __enter__(self):
        self.open = clusters.local(1)
        return self.open.__enter__()

    def __exit__(self, *why):
        self.stopped += 1
        return self.open.__exit__(None, None, None)


def test_each_job_runs_where_its_data_lies(rain):
    import frazil

    started = {WEST: Started(), CENTRAL: Started()}
    plan = rain.frazil.plan("mean", "time")
    where = {region: lambda one=one: one for region, one in started.items()}
    done = frazil.distribute(plan, where, job=1, progress=False)
    xr.testing.assert_identical(done.result, plan.compute())
    ran = {job.region for job in done.jobs}
    assert ran == {WEST, CENTRAL} and len(done.jobs) >= 4
    # A job that has parts of both reads the smaller one from elsewhere.
    assert all(2 * job.crossing <= job.bytes for job in done.jobs)
    assert [one.stopped for one in started.values()] == [1, 1]


def test_clusters_are_stopped_on_every_way_out(rain):
    import frazil

    started = {WEST: Started(), CENTRAL: Started()}
    where = {region: lambda one=one: one for region, one in started.items()}

    def press(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frazil.distribute(rain.frazil.plan("mean"), where, job=1, progress=press)
    assert [one.stopped for one in started.values()] == [1, 1]

    def fail():
        raise OSError("no room for a cluster")

    with pytest.raises(OSError, match="no room"):
        frazil.distribute(rain.frazil.plan("mean"), {WEST: where[WEST], CENTRAL: fail}, progress=False)
    assert started[WEST].stopped == 2


def test_data_for_which_there_is_no_cluster_is_told(rain):
    from frazil.errors import InvalidError

    with clusters.local(1) as client:
        with pytest.raises(InvalidError, match="lies in gcp/us-central1, and no cluster is given for that"):
            rain.frazil.plan("mean").on({WEST: client}).explain()
        text = rain.frazil.plan("mean").on({WEST: client, CENTRAL: client}, job=1).explain()
        assert f"in      {WEST}: " in text and f"in      {CENTRAL}: " in text and "lie elsewhere" in text, text
