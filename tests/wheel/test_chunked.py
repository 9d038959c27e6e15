"""Arrays that Dask makes in chunks: one task a chunk, by either way in which Dask plans arrays."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys
import dask, dask.array
import numpy as np
import xarray as xr
import frazil.xarray
from frazil.errors import InvalidError

planning = sys.argv[1] == "True"
assert dask.config.get("array.query-planning") is planning
assert dask.array.array_expr_enabled() is planning

rng = np.random.default_rng(3)
values = np.round(rng.normal(0, 100, (50, 17, 23)) * 8).astype("f4") / 8
values[rng.random(values.shape) < 0.1] = np.nan
times = np.datetime64("2003-01-15", "ns") + np.arange(50) * np.timedelta64(9, "D")
whole = xr.DataArray(values, {"time": times, "y": np.arange(17.0)}, ("time", "y", "x"), "t", {"units": "K"})
chunks = whole.chunk(time=7, y=5, x=23)
edges = np.linspace(-200, 200, 9)
seen = {}

# Sums of eighths are exact, so that they do not depend on how they are cut.
def same(name, call, array=whole, chunked=chunks, exact=True):
    found, expected = call(chunked.frazil), call(array.frazil)
    assert isinstance(found.data, np.ndarray), name
    if exact:
        xr.testing.assert_identical(found, expected)
    else:
        xr.testing.assert_allclose(found, expected, rtol=1e-12)

same("histogram", lambda of: of.histogram(edges, "x"))
same("all", lambda of: of.histogram(edges))
same("sum", lambda of: of.sum("time"))
same("mean", lambda of: of.mean())
same("count", lambda of: of.count(["time", "x"]))
same("min", lambda of: of.min("y"))
same("max", lambda of: of.max(["y", "time"]))
same("quantile", lambda of: of.quantile(0.4, "time"))
same("skipna", lambda of: of.sum(["x"], skipna=False))
same("climatology", lambda of: of.climatology())
same("resample", lambda of: of.resample("month", measure="max"))
same("weighted", lambda of: of.mean("y", weights=xr.DataArray(np.arange(17.0), dims="y")))
same("where", lambda of: of.where(">=", 10.0).scale(2, 1).sum("time"))
same("coarsen", lambda of: of.coarsen_sum(time=4).histogram(edges, "time"))
same("coarsen all", lambda of: of.coarsen_max(time=6, ).mean())
same("var", lambda of: of.var("time"), exact=False)
same("box", lambda of: of.box(y=(3, 9)).mean("x"))
packed = xr.DataArray(rng.integers(0, 50, (20, 9)).astype("i2"), dims=("a", "b"), name="n")
same("whole", lambda of: of.histogram([0, 10, 50], "a"), packed, packed.chunk(a=6, b=4))
other = whole * 2
found = chunks.frazil.joint_histogram(other.rename("u").chunk(time=11), edges, edges, "time")
xr.testing.assert_identical(found, whole.frazil.joint_histogram(other.rename("u"), edges, edges, "time"))
mixed = chunks.frazil.histogram(edges, "time", weights=abs(other))
xr.testing.assert_identical(mixed, whole.frazil.histogram(edges, "time", weights=abs(other)))
data = xr.Dataset({"t": chunks}).frazil.mean("time")
xr.testing.assert_identical(data.t, whole.frazil.mean("time"))

# The same bits again, also by another scheduler: sums depend on the chunks alone.
rough = chunks / 3
bits = rough.frazil.mean()
with dask.config.set(scheduler="synchronous"):
    assert rough.frazil.mean().values.tobytes() == bits.values.tobytes()

class Count(dask.callbacks.Callback):
    keys = set()
    def _posttask(self, key, *rest):
        self.keys.add(str(key))

import dask.callbacks
counter = Count()
with counter, dask.config.set(scheduler="threads"):
    chunks.frazil.histogram(edges, ["time", "x"])
seen["boxes"] = sum("frazil-box" in key for key in counter.keys)
seen["merges"] = sum("frazil-merge" in key for key in counter.keys)
seen["explained"] = chunks.frazil.explain("histogram", edges, ["time", "x"])
for call in (lambda: chunks.frazil.anomaly(), lambda: chunks.frazil.rolling_mean("time", 3)):
    try:
        call()
    except InvalidError as error:
        seen.setdefault("refused", []).append(str(error))
print(json.dumps(seen))
"""


@pytest.mark.parametrize("planning", ["True", "False"])
def test_both_ways_of_planning(planning, package):
    environment = {**os.environ, "DASK_ARRAY__QUERY_PLANNING": planning}
    program = PROGRAM.replace("import dask, dask.array\n", "import dask, dask.array, dask.callbacks\n")
    done = subprocess.run([sys.executable, "-c", program, planning], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    # 8 chunks along time, 4 along y of which each is a region, 1 along x.
    assert (seen["boxes"], seen["merges"]) == (32, 4)
    assert "chunks  32, one task each, on one thread" in seen["explained"]
    assert "merge   4 tasks, of 8 each at most, into 4 regions of the result" in seen["explained"]
    assert seen["refused"] == ["`t` is chunked by Dask"] * 2


def test_workers_of_a_cluster_make_them(package, surroundings):
    import dask.array
    import frazil.xarray
    import numpy as np
    import xarray as xr
    from clusters import local, tasks_of

    with local(2) as client:
        values = dask.array.from_array(np.arange(6000.0).reshape(60, 100), chunks=(10, 50))
        counts = xr.DataArray(values, dims=("a", "b"), name="n").frazil.histogram([0, 3000, 6000], "a")
        np.testing.assert_array_equal(counts.sum("b"), [3000, 3000])
        seen = tasks_of(client)
    assert sum("frazil-box" in key for key in seen) == 12 and sum("frazil-merge" in key for key in seen) == 2
