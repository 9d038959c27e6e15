"""Functions that are called later: their order, their errors, and one function over many items."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest


@pytest.fixture
def frazil():
    import frazil

    return frazil


def inc(number):
    return number + 1


def add(one, other):
    return one + other


def test_the_seeds_tasks_run_at_once(frazil):
    together = threading.Barrier(2, timeout=60)

    def meet(number):
        # On one thread, or one after the other, nobody would come.
        together.wait()
        return number + 1

    x, y = frazil.delayed(meet)(1), frazil.delayed(meet)(2)
    z = frazil.delayed(add)(x, y)
    assert z.compute(threads=2) == 5
    assert isinstance(z, frazil.Task) and repr(z) == "<frazil.Task add>"


def test_what_several_need_is_called_once(frazil):
    calls = []
    first = frazil.delayed(lambda: calls.append(1) or 7, name="first")()
    both = frazil.delayed(inc)(first), frazil.delayed(add)(first, other=first)
    assert frazil.compute(*both, first) == (8, 14, 7)
    assert calls == [1]
    assert frazil.compute() == ()


def test_delayed_is_a_decorator_and_keeps_what_a_function_is_called(frazil):
    @frazil.delayed
    def half(number):
        return number / 2

    @frazil.delayed(name="a third")
    def third(number):
        return number / 3

    assert (half.__name__, half.__wrapped__(8)) == ("half", 4)
    assert third(9).name == "a third"
    assert half(third(12)).compute() == 2
    with pytest.raises(TypeError, match="3 cannot be called"):
        frazil.delayed(3)
    with pytest.raises(TypeError, match="3 cannot be called"):
        frazil.map(3, [1])

    async def later(number):
        return number

    for call in (lambda: frazil.delayed(later), lambda: frazil.map(later, [1])):
        with pytest.raises(TypeError, match="later is a coroutine function"):
            call()
    with pytest.raises(TypeError, match="3 is no task"):
        frazil.compute(3)


def test_tasks_may_lie_in_lists_tuples_and_dicts(frazil):
    one, two = frazil.delayed(inc)(0), frazil.delayed(inc)(1)
    given = frazil.delayed(lambda *arguments, **keywords: (arguments, keywords))
    told = given([one, (two, 3)], {"a": {"b": one}}, [], last=[[two]]).compute()
    assert told == (([1, (2, 3)], {"a": {"b": 1}}, []), {"last": [[2]]})
    # What holds no task is given as it is.
    plain = [1, 2]
    assert given(plain, one).compute()[0][0] is plain


def test_arguments_without_an_end_are_refused(frazil):
    endless = []
    endless.append(endless)
    with pytest.raises(frazil.errors.InvalidError, match="more than 32 deep"):
        frazil.delayed(len)(endless).compute()
    endless.insert(0, frazil.delayed(inc)(1))
    with pytest.raises(frazil.errors.InvalidError, match="more than 32 deep"):
        frazil.delayed(len)(endless).compute()
    later = []
    task = frazil.delayed(len)(later)
    later.append(frazil.delayed(inc)(task))
    with pytest.raises(frazil.errors.InvalidError, match="needs its own value"):
        task.compute()


def test_an_error_is_the_tasks_own_and_says_which(frazil):
    def fails(number):
        raise ZeroDivisionError(f"{number} by nothing")

    ran = []
    failing = frazil.delayed(fails, name="divide 3")(frazil.delayed(inc)(2))
    with pytest.raises(ZeroDivisionError, match="3 by nothing") as raised:
        frazil.delayed(ran.append)(failing).compute()
    assert raised.value.__notes__ == ["in the task `divide 3`"]
    assert raised.traceback[-1].name == "fails"
    assert not ran


def test_an_error_that_takes_no_notes_is_raised_as_it_is(frazil):
    @dataclasses.dataclass(frozen=True)
    class Sealed(Exception):
        number: int

    def fails():
        raise Sealed(3)

    with pytest.raises(Sealed) as raised:
        frazil.delayed(fails)().compute()
    assert raised.value.number == 3


def test_values_are_let_go_of_when_the_last_that_takes_them_is_done(frazil):
    class Value:
        pass

    made = []

    def make():
        value = Value()
        made.append(weakref.ref(value))
        return value

    def alive(_):
        return sum(one() is not None for one in made)

    call, look = frazil.delayed(make), frazil.delayed(lambda value, *before: alive(value))
    last = look(call())
    for _ in range(20):
        last = look(call(), last)
    # Its own argument is there; those of the looks before it are not.
    assert last.compute(threads=1) == 1
    assert alive(None) == 0


def test_long_chains_and_many_tasks(frazil):
    one_more = frazil.delayed(inc)
    task = one_more(0)
    for _ in range(20_000):
        task = one_more(task)
    assert task.compute() == 20_001
    del task
    chains = [one_more(one_more(number)) for number in range(10_000)]
    assert frazil.compute(*chains, threads=3) == tuple(range(2, 10_002))


def test_how_far_it_is(frazil, capsys, monkeypatch):
    heard = []
    wait = frazil.delayed(time.sleep)
    tasks = [wait(0.15) for _ in range(4)]
    frazil.compute(*tasks, threads=1, progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (4, 4) and heard == sorted(heard) and len(set(heard)) > 2
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    frazil.compute(*[wait(0.2) for _ in range(5)], threads=1)
    assert re.search(r"\r[1-4] of 5 tasks, \d s left *\r.*\r5 of 5 tasks *\n$", capsys.readouterr().err, re.S)

    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        frazil.compute(wait(0.3), progress=stop)


@pytest.mark.parametrize("threads", [0, -1, 5000])
def test_a_number_of_threads_that_is_none(frazil, threads):
    with pytest.raises(frazil.errors.InvalidError, match="threads"):
        frazil.delayed(inc)(1).compute(threads=threads)


INTERRUPTED = """
import sys, time, frazil
begun = []
def work(number):
    begun.append(number)
    print("begun", flush=True)
    time.sleep(1 if number else 0.2)
try:
    frazil.compute(*[frazil.delayed(work)(number) for number in range(50)], threads=1)
except KeyboardInterrupt:
    before = len(begun)
    time.sleep(1.5)
    print("stopped", before, len(begun), flush=True)
"""


def test_after_ctrl_c_no_task_begins(frazil):
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "begun\n"
        assert process.stdout.readline() == "begun\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=120)[0]
    finally:
        process.kill()
    assert rest == "stopped 2 2\n"
    assert time.monotonic() - begun < 60


LEFT = """
import time
import frazil
def spin():
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        pass
    print("done", flush=True)
def stop(done, total):
    raise RuntimeError("enough")
try:
    frazil.delayed(spin)().compute(progress=stop)
except RuntimeError:
    print("left", flush=True)
"""


def test_python_ends_when_the_calls_that_were_left_have_ended(frazil):
    done = subprocess.run([sys.executable, "-c", LEFT], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("left\ndone\n", "", 0)


def test_a_child_of_a_fork_has_threads_of_its_own(frazil):
    assert frazil.delayed(inc)(1).compute() == 2
    child = os.fork()
    if child == 0:
        os._exit(frazil.delayed(inc)(41).compute())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42


def test_map_keeps_the_order_and_what_fails_stops_no_other(frazil):
    def invert(number):
        return 1 / number

    mapped = frazil.map(invert, [4, 0, 2])
    assert (mapped[0], mapped[2], mapped[-1], mapped[::2], len(mapped)) == (0.25, 0.5, 0.5, [0.25, 0.5], 3)
    (failure,) = mapped.failures
    assert (failure.index, failure.item, type(failure.error)) == (1, 0, ZeroDivisionError)
    for look in (lambda: mapped[1], lambda: list(mapped), mapped.raise_for_failures):
        with pytest.raises(ZeroDivisionError):
            look()
    assert "1 of 3 items have no value: see `failures`" in failure.error.__notes__
    assert repr(mapped).startswith("<frazil.Mapped: 2 of 3 values, 1 failed, ")
    assert list(frazil.map(inc, range(100), threads=4).raise_for_failures()) == list(range(1, 101))
    assert list(frazil.map(inc, [])) == []
    with pytest.raises(frazil.errors.InvalidError, match="no place 'moon'"):
        frazil.map(inc, [1], where="moon")
    with pytest.raises(frazil.errors.InvalidError, match="-1 times"):
        frazil.map(inc, [1], retries=-1)


def test_map_tries_again_what_may_pass(frazil):
    tried = []

    def flaky(item):
        tried.append(item)
        error, last = item
        if tried.count(item) < last:
            raise error
        return last

    passing = frazil.errors.UnavailableError("busy", passing=True)
    lost = frazil.errors.NotFoundError("gone")
    items = [(passing, 2), (lost, 2), (ConnectionResetError(), 2), (ValueError(), 2), (passing, 3)]
    begun = time.monotonic()
    mapped = frazil.map(flaky, items, threads=5, retries=1)
    assert 1 <= time.monotonic() - begun < 60
    assert [failure.index for failure in mapped.failures] == [1, 3, 4]
    assert [tried.count(item) for item in items] == [2, 1, 2, 1, 2]
    assert mapped[0] == mapped[2] == 2
    assert list(frazil.map(flaky, [(ValueError(""), 2)], retries=1, retry_on=(ValueError,))) == [2]
    assert list(frazil.map(flaky, [(ValueError(" "), 2)], retries=1, retry_on=ValueError)) == [2]
    for odd in ("ValueError", [ValueError("")], [int]):
        with pytest.raises(frazil.errors.InvalidError, match="no class of exceptions"):
            frazil.map(flaky, [], retry_on=odd)


def test_nothing_is_tried_again_when_all_has_ended(frazil):
    tried = []

    def work(item):
        if item == "ends":
            time.sleep(0.3)
            raise SystemExit
        tried.append(item)
        raise OSError

    with pytest.raises(SystemExit):
        frazil.map(work, ["fails", "ends"], threads=2, retries=5)
    time.sleep(1.5)
    assert tried == ["fails"]


def test_items_are_given_as_they_are(frazil):
    endless = []
    endless.append(endless)
    later = frazil.delayed(inc)(1)
    assert list(frazil.map(type, [endless, later], threads=1)) == [list, frazil.Task]


def test_map_over_granules_sums_what_was_read(frazil, logged_in, granules):
    def first_bytes(granule):
        return frazil.File(granule).read(1000)

    expected = [first_bytes(granule) for granule in granules]
    assert list(frazil.map(first_bytes, granules, threads=3)) == expected
    logged_in.ask("reset", {})
    mapped = frazil.map(first_bytes, granules[:2])
    data = [one for one in logged_in.ask("requests") if "urs." not in one["host"]]
    total = mapped.io_stats.total
    assert (total.reads, total.read) == (2, 2000)
    assert total.requests == len(data) > 0 and total.received == sum(one["body_bytes"] for one in data)
    assert frazil.map(inc, [1]).io_stats.lines == ()


def test_a_granule_that_fails_is_named(frazil, granules):
    told = []

    def look(granule):
        raise SystemExit(granule.name)

    with pytest.raises(SystemExit) as raised:
        frazil.map(look, granules[:1], progress=lambda *far: told.append(far))
    assert raised.value.__notes__ == [f"in the task `look of {granules[0].name}`"]
