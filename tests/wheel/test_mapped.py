"""One function over many items on workers of Dask."""

import operator
import os

import pytest
from clusters import local

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def client(package, surroundings):
    with local(2) as client:
        yield client


def test_values_come_in_the_order_of_the_items(client):
    import frazil

    heard = []
    told = frazil.map(lambda item: (item, os.getpid()), range(20), where=client, progress=lambda *now: heard.append(now))
    assert [item for item, _ in told] == list(range(20))
    assert os.getpid() not in {process for _, process in told} and heard[-1] == (20, 20)
    # A cluster does as well.
    assert list(frazil.map(abs, [-1, 2], where=client.cluster, progress=False)) == [1, 2]


def test_an_item_that_fails_stops_no_other(client):
    import frazil

    told = frazil.map(lambda item: 6 / item, [1, 0, 3], where=client, progress=False)
    (failure,) = told.failures
    assert told[0] == 6 and told[2] == 2 and failure.index == 1
    assert isinstance(failure.error, ZeroDivisionError)
    assert failure.error.__notes__ == ["in the task `<lambda> of 0`"]


def test_a_value_that_does_not_travel_costs_its_item(client):
    import threading

    import frazil

    told = frazil.map(lambda item: item or threading.Lock(), [1, 0, 3], where=client, progress=False)
    (failure,) = told.failures
    assert told[0] == 1 and told[2] == 3 and failure.index == 1
    assert "the value of type lock does not travel" in str(failure.error)


def test_what_may_pass_is_tried_again(client, tmp_path):
    import frazil

    def once(item):
        path = tmp_path / str(item)
        if not path.exists():
            path.touch()
            raise OSError("not yet")
        return item

    assert list(frazil.map(once, [1, 2], where=client, progress=False)) == [1, 2]
    told = frazil.map(once, [3], where=client, retries=0, progress=False)
    assert isinstance(told.failures[0].error, OSError)


def test_errors_that_do_not_travel_are_told_in_words(client):
    import frazil

    class Own(Exception):
        def __reduce__(self):
            raise TypeError("it stays here")

    def fail(item):
        raise Own("for this reason")

    (failure,) = frazil.map(fail, [1], where=client, progress=False).failures
    assert isinstance(failure.error, frazil.Error) and "for this reason" in str(failure.error)


def test_a_worker_that_ends_each_time_fails_its_item_alone(client):
    import frazil
    from frazil.errors import LostError

    told = frazil.map(lambda item: os._exit(1) if item == 1 else item, [0, 1, 2], where=client, progress=False)
    assert told[0] == 0 and told[2] == 2
    (failure,) = told.failures
    assert failure.index == 1 and isinstance(failure.error, LostError)


def test_a_task_has_one_thread(client):
    import frazil

    def threads(item):
        import importlib

        return importlib.import_module("frazil._threads").own((None, None))[1]

    assert list(frazil.map(threads, [1], where=client, progress=False)) == [1]
    assert threads(1) is None


def test_what_workers_read_is_summed(client):
    import files
    import frazil

    def read(name):
        import frazil

        with frazil.open(f"{files_open}/made/{name}") as opened:
            return list(opened)

    files_open = files.OPEN
    told = frazil.map(read, ["model.nc", "classic.nc"] * 3, where=client, progress=False)
    told.raise_for_failures()
    assert told.io_stats.total.requests >= 2 and told.io_stats.total.received > 0


def test_places_that_are_none_are_refused(client):
    import frazil
    from frazil.errors import InvalidError

    for where in ("moon", 5):
        with pytest.raises(InvalidError):
            frazil.map(operator.neg, [1], where=where)
    with pytest.raises(InvalidError, match="their own number"):
        frazil.map(operator.neg, [1], where=client, threads=2)
