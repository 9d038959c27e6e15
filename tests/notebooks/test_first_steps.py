"""The machine, tasks, and granules that are read where they lie."""

import os

import books
import h5py
import made as making
import numpy as np
import pytest

MIB = 2**20


@pytest.mark.parametrize("size", [None, 900 * MIB])
def test_the_machine_is_told_and_the_share_of_it(size, monkeypatch, tmp_path):
    for name in ("MEM_LIMIT", "CPU_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    if size:
        monkeypatch.setenv("MEM_LIMIT", str(size))
        monkeypatch.setenv("CPU_LIMIT", "0.5")
    found, book = books.run(books.read("01-machine.ipynb"), tmp_path, "cores", "memory", "my_cores", "my_memory", "before", "holding", "after")
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert (found["cores"], found["memory"]) == (os.cpu_count(), whole)
    assert (found["my_cores"], found["my_memory"]) == ((0.5, size) if size else (os.cpu_count(), whole))
    assert 90e6 < found["holding"] - found["before"] < 120e6
    assert found["after"] < found["holding"] - 90e6
    assert "your share:" in books.printed(book) and books.pictures(book) == 1


def test_two_calls_run_at_once_and_the_third_waits(tmp_path):
    names = "one_by_one", "at_once", "values", "calls", "z"
    found, book = books.run(books.read("04-delayed.ipynb"), tmp_path, *names)
    assert found["z"] == 5 and found["values"] == (2, 3, 5) and found["calls"] == 3
    (_, _, first), (_, second, _), _ = found["one_by_one"]
    assert first <= second
    spans = {name: span for name, *span in found["at_once"]}
    (one, one_end), (other, other_end), (last, _) = (spans[name] for name in ("inc(1)", "inc(2)", "add(2, 3)"))
    assert max(one, other) < min(one_end, other_end) <= max(one_end, other_end) <= last
    assert books.pictures(book) == 1


def test_a_granule_is_opened_where_it_lies(world, made, tmp_path):
    names = "granules", "photons", "granule_mb", "came_mb", "took", "box"
    found, book = books.run(books.read("03-open-where-it-lies.ipynb"), tmp_path, *names)
    assert found["box"] == making.TRACK
    sizes = [granule.size for granule in found["granules"]]
    paths = [made / granule.name for granule in found["granules"]]
    assert sizes == sorted(path.stat().st_size for path in made.glob("ATL03*.h5")) == [path.stat().st_size for path in paths]

    west, south, east, north = found["box"]
    with h5py.File(paths[0]) as file:
        heights = {name: values[:] for name, values in file["gt1l/heights"].items()}
    is_inside = (heights["lat_ph"] >= south) & (heights["lat_ph"] <= north) & (heights["lon_ph"] >= west) & (heights["lon_ph"] <= east)
    assert 3_000 < is_inside.sum() < 5_000
    for column, values in (("latitude", heights["lat_ph"]), ("height", heights["h_ph"]), ("confidence", heights["signal_conf_ph"][:, 3])):
        np.testing.assert_array_equal(found["photons"][column], values[is_inside])

    served = world.ask("counters")["objects"]
    came = sum(bytes for name, bytes in served.items() if name.endswith(paths[0].name))
    assert found["granule_mb"] == sizes[0] / 1e6
    assert came == found["took"].total.received and 0 < found["came_mb"] < 0.3 * found["granule_mb"]
    assert books.pictures(book) == 2
