"""Jobs over inputs in several regions: each runs where its data lies, and the result is that of one machine."""

import importlib

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
def rain(stores):
    return grids.joined(stores)


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
    done = frazil.distribute(plan, where, job=1, progress=False, region_of=grids.region_of)
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
        frazil.distribute(rain.frazil.plan("mean"), where, job=1, progress=press, region_of=grids.region_of)
    assert [one.stopped for one in started.values()] == [1, 1]

    def fail():
        raise OSError("no room for a cluster")

    with pytest.raises(OSError, match="no room"):
        frazil.distribute(rain.frazil.plan("mean"), {WEST: where[WEST], CENTRAL: fail}, progress=False, region_of=grids.region_of)
    assert started[WEST].stopped == 2


def test_large_states_of_several_regions_have_the_same_bits(rain, monkeypatch):
    import frazil

    monkeypatch.setattr(importlib.import_module("frazil._distribute"), "HOME", 0)
    plan = rain.frazil.plan("mean", "time")
    with clusters.local(1) as west, clusters.local(1) as central:
        done = frazil.distribute(plan, {WEST: west, CENTRAL: central}, job=1, progress=False, region_of=grids.region_of)
    xr.testing.assert_identical(done.result, plan.compute())


def test_places_of_other_regions_are_not_started(stores):
    import frazil

    started = {WEST: Started(), CENTRAL: Started()}
    where = {region: lambda one=one: one for region, one in started.items()}
    with xr.open_dataset(stores[WEST], engine="frazil") as opened:
        plan = opened.tp.frazil.plan("mean", "time")
        xr.testing.assert_identical(
            frazil.distribute(plan, where, progress=False, region_of=grids.region_of).result, plan.compute()
        )
    assert [one.stopped for one in started.values()] == [1, 0]


def test_plans_run_together_and_end_together(rain):
    import frazil

    plans = rain.frazil.plan("mean", "time"), rain.frazil.plan("max", "time")
    heard = []
    with clusters.local(1) as west, clusters.local(1) as central:
        done = frazil.together(
            plans[0].on(west, job=1), plans[1].on(central, job=1), progress=lambda *now: heard.append(now)
        )
        for one, plan in zip(done, plans, strict=True):
            xr.testing.assert_identical(one.result, plan.compute())
        assert heard and all(done <= total for done, total in heard)

        started = Started()

        def fail():
            raise OSError("no room for a cluster")

        with pytest.raises(OSError, match="no room"):
            frazil.together(plans[0].on(lambda: started, job=1), plans[1].on(fail), progress=False)
        assert started.stopped == 1


def test_data_for_which_there_is_no_cluster_is_told(rain):
    from frazil.errors import InvalidError

    with clusters.local(1) as client:
        with pytest.raises(InvalidError, match="lies in gcp/us-central1, and no cluster is given for that"):
            rain.frazil.plan("mean").on({WEST: client}, region_of=grids.region_of).explain()
        text = rain.frazil.plan("mean").on({WEST: client, CENTRAL: client}, job=1, region_of=grids.region_of).explain()
        assert f"in      {WEST}: " in text and f"in      {CENTRAL}: " in text and "lie elsewhere" in text, text
