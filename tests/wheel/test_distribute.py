"""Statistics on workers of Dask: the bits of one machine, whoever is lost on the way; and nothing left behind."""

import importlib
import os
import re
import shutil
import signal
import threading
import time

import grids
import numpy as np
import pytest
import xarray as xr
from clusters import PATIENCE, local, tasks_of, told_as

pytestmark = pytest.mark.usefixtures("world")
EDGES = np.logspace(-5, 0, 21)


@pytest.fixture(autouse=True)
def registered():
    import frazil.xarray


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return grids.rain(tmp_path_factory.mktemp("grids"))


@pytest.fixture(scope="module")
def client(package, surroundings):
    with local(2) as client:
        yield client


@pytest.fixture
def rain(store):
    with xr.open_dataset(store, engine="frazil") as opened:
        yield opened.tp


def spread(plan, client, **keywords):
    import frazil

    return frazil.distribute(plan, client, job=1, progress=False, **keywords)


PLANS = {
    "histogram": lambda rain: rain.frazil.coarsen_sum(time=6).plan("histogram", EDGES, "longitude"),
    "sum": lambda rain: rain.frazil.plan("sum"),
    "mean": lambda rain: rain.frazil.plan("mean", "time"),
    "skipna": lambda rain: rain.frazil.plan("sum", ["time", "longitude"], skipna=False),
    "std": lambda rain: rain.frazil.plan("std", ["time", "longitude"]),
    "climatology": lambda rain: rain.frazil.box(latitude=(-20, 20)).plan("climatology"),
    "quantile": lambda rain: rain.frazil.box(latitude=(-2, 2), longitude=(0, 10)).plan("quantile", 0.3, "time"),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_bits_are_those_of_one_machine(client, rain, name):
    plan = PLANS[name](rain)
    done = spread(plan, client, memory=256 << 20)
    xr.testing.assert_identical(done.result, plan.compute())
    assert len(done.jobs) >= 2 and done.seconds > 0 and done.task_seconds > 0


def test_states_that_are_merged_by_workers_have_the_same_bits(client, rain, monkeypatch):
    distribute = importlib.import_module("frazil._distribute")
    plan = PLANS["mean"](rain)
    expected = plan.compute()
    for together in (1, 2):
        monkeypatch.setattr(distribute, "HOME", 0)
        monkeypatch.setattr(distribute, "TOGETHER", together)
        done = spread(plan, client)
        xr.testing.assert_identical(done.result, expected)
        assert done.tasks == len(done.jobs) + -(-(len(done.jobs) - 1) // together)


def test_few_tasks_are_sent(client, rain):
    before = tasks_of(client)
    done = spread(PLANS["histogram"](rain), client)
    sent = tasks_of(client) - before
    assert len(sent) == done.tasks == len(done.jobs) == 2
    import frazil

    # As large as jobs are as usual, it is one.
    whole = frazil.distribute(PLANS["histogram"](rain), client, progress=False)
    assert len(whole.jobs) == 1 and whole.jobs[0].bytes == rain.nbytes
    assert whole.jobs[0].states < 5_000_000


def test_it_is_told_before(client, rain):
    text = PLANS["histogram"](rain).on(client, job=1).explain()
    assert re.search(r"jobs    2 of 74\.\d MB to 99\.\d MB, one task and one thread each", text), text
    assert "states  " in text and "memory  " in text and "runs    " in text


def test_workers_without_a_login_read_what_is_open_to_all(client, rain, store, world, monkeypatch):
    monkeypatch.setenv("EARTHDATA_USERNAME", world.username)
    monkeypatch.setenv("EARTHDATA_PASSWORD", world.password)
    with xr.open_dataset(store, engine="frazil") as opened:
        xr.testing.assert_identical(spread(PLANS["mean"](opened.tp), client).result, PLANS["mean"](rain).compute())


def test_a_worker_that_is_lost_costs_its_job_alone(client, rain):
    plan = PLANS["mean"](rain)
    expected, lost = plan.compute(), []

    def kill():
        due = time.monotonic() + PATIENCE
        pids = client.run(os.getpid)
        while not lost and time.monotonic() < due:
            busy = [worker for worker, keys in client.processing().items() if any("frazil-job" in str(key) for key in keys)]
            for worker in busy[:1]:
                os.kill(pids[worker], signal.SIGKILL)
                lost.append(worker)

    killer = threading.Thread(target=kill)
    killer.start()
    done = spread(plan, client)
    killer.join()
    assert lost
    xr.testing.assert_identical(done.result, expected)


def test_what_goes_wrong_names_the_job(client, store, tmp_path):
    import frazil

    copy = shutil.copytree(store, tmp_path / "damaged.zarr")
    with xr.open_dataset(copy, engine="frazil") as opened:
        plan = opened.tp.frazil.plan("mean", "time")
        damaged = copy / "tp" / "c" / "2" / "0" / "0"
        damaged.parent.mkdir(parents=True, exist_ok=True)
        damaged.write_bytes(b"no chunk")
        with pytest.raises(frazil.Error) as raised:
            spread(plan, client)
    notes = "\n".join(raised.value.__notes__)
    assert "in job 1 of 4, which reads 49.9 MB" in notes and "at tcp://" in notes, notes


def test_what_has_changed_since_it_was_planned_is_refused(client, store, tmp_path):
    from frazil.errors import Error

    copy = shutil.copytree(store, tmp_path / "changed.zarr")
    with xr.open_dataset(copy, engine="frazil") as opened:
        plan = opened.tp.frazil.plan("mean", "time")
        metadata = copy / "tp" / "zarr.json"
        metadata.write_text(metadata.read_text().replace("24", "12", 1))
        with pytest.raises(Error, match="not what was planned"):
            spread(plan, client)


def test_another_version_is_refused_with_a_table(client, rain, tmp_path, monkeypatch):
    from frazil.errors import VersionError

    versions = importlib.import_module("frazil._versions")
    plan, own = PLANS["sum"](rain), versions.here()["frazil"]

    told_as(tmp_path, "frazil", "0.0.7")

    def look(change):
        """Packages are looked for in another folder too, or not any more."""
        import sys

        import distributed.versions
        import frazil._versions

        sys.path[:] = change(sys.path)
        distributed.versions._version_cached.cache_clear()
        frazil._versions.here.cache_clear()

    folder = str(tmp_path)
    worker = next(iter(client.run(os.getpid)))
    client.run(look, lambda path: [folder, *path], workers=[worker])
    try:
        with pytest.raises(VersionError) as raised:
            spread(plan, client)
        heading, names, row = str(raised.value).splitlines()
        assert row.split() == ["frazil", own, "0.0.7", "worker", worker]
        assert "option `image`" in raised.value.__notes__[0]
        # Of one that joins later its first task tells.
        monkeypatch.setattr(versions, "must_agree", lambda client: versions.here())
        with pytest.raises(VersionError, match="this worker"):
            spread(plan, client)
    finally:
        client.run(look, lambda path: [one for one in path if one != folder])


def test_states_of_another_plan_or_version_are_refused(rain):
    from frazil._native import Portions
    from frazil.errors import InvalidError

    given = rain.frazil.plan("mean").values.given
    plans = [Portions(given, [(name, ["time", "latitude", "longitude"])], 1 << 28) for name in ("mean", "sum")]
    plan, other = plans
    assert plan.identity != other.identity
    parts = [part for first, count, *_ in plan.portions(1) for part in plan.run(first, count)]
    with pytest.raises(InvalidError, match="another plan"):
        other.finish(parts)
    with pytest.raises(InvalidError, match="not all of it"):
        plan.finish(parts[1:])
    line, _, rest = parts[0].partition(b"\n")
    with pytest.raises(InvalidError, match=r"made by frazil 0\.0\.7, and here is frazil"):
        plan.finish([b"frazil part 0.0.7\n" + rest, *parts[1:]])
    with pytest.raises(InvalidError, match="no state of a part"):
        Portions.merge([b"anything"], False)


def test_ctrl_c_leaves_nothing_behind(client, rain):
    def press():
        due = time.monotonic() + PATIENCE
        while time.monotonic() < due and not any(client.processing().values()):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    with pytest.raises(KeyboardInterrupt):
        presser.start()
        spread(PLANS["mean"](rain), client)
        presser.join()
    presser.join()

    def left(dask_scheduler):
        return [key for key in dask_scheduler.tasks if "frazil" in str(key)]

    due = time.monotonic() + PATIENCE
    while client.run_on_scheduler(left) and time.monotonic() < due:
        time.sleep(0.1)
    assert client.run_on_scheduler(left) == []


def test_what_is_not_brought_home_is_refused(client, rain, store):
    from frazil.errors import InvalidError

    with pytest.raises(InvalidError, match="as large as their array"):
        spread(rain.frazil.plan("anomaly"), client)
    with pytest.raises(InvalidError, match="loaded here"):
        spread(rain[::2].frazil.plan("mean"), client)
    with xr.open_dataset(store, engine="frazil", chunks={}) as opened, pytest.raises(InvalidError, match="by Dask"):
        spread(opened.tp.frazil.plan("mean"), client)
    with pytest.raises(InvalidError, match="is no plan"):
        spread(rain, client)
    with pytest.raises(InvalidError, match="no place to run at"):
        spread(rain.frazil.plan("mean"), 7)


def test_what_workers_read_is_told(client, world):
    import files
    import frazil

    with xr.open_dataset(f"{files.OPEN}/made/model.nc", engine="frazil") as model:
        plan = model.sst.frazil.plan("mean", "time")
        done = spread(plan, client)
        xr.testing.assert_identical(done.result, plan.compute())
    assert done.io_stats.total.received > 10_000 and done.io_stats.total.requests > 0
    assert "received" in str(done) and done.usd is None
    frazil.prices([{"usd_per_gib": "1000"}])
    try:
        assert float(done.usd) == pytest.approx(done.io_stats.total.received / 2**30 * 1000, rel=1e-6)
    finally:
        frazil.prices(None)
