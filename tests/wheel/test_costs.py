"""Warnings before reads that cost, by a table of prices."""

import json
import os
import re
import subprocess
import sys
import warnings

import files
import pytest

pytestmark = pytest.mark.usefixtures("world")

DEAR = [{"route": "in-region", "usd_per_gib": 0}, {"usd_per_gib": "1073741.824"}]
"""A thousandth of a US dollar for a byte, but within the region."""
TRACK = f"{files.OPEN}/made/track.h5"


@pytest.fixture
def priced():
    """Prices that this test alone knows of."""
    import frazil

    yield frazil.prices
    frazil.prices(None)


def bytes_of(variable, key=...):
    return sum(length for _, _, length in variable.ranges(key))


def dollars(text):
    return float(re.search(r"costs about ([0-9.]+) USD", text)[1])


def silent(read):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read()


def test_a_read_that_costs_is_told_before_with_its_bytes_and_dollars(world, priced):
    import frazil

    variable = frazil.open(TRACK, "/gt1l/heights")["h_ph"]
    silent(lambda: variable[:10])
    priced(DEAR)
    for key in (slice(None), slice(10_000, 20_000)):
        with pytest.warns(frazil.CostWarning, match="from open.example.org") as told:
            variable[key]
        (one,) = told
        assert dollars(str(one.message)) == pytest.approx(bytes_of(variable, key) / 1e3, abs=0.005)
        assert one.filename == __file__
    assert bytes_of(variable) > 2 * bytes_of(variable, slice(10_000, 20_000))
    priced(None)
    silent(lambda: variable[:])


def test_what_is_refused_is_not_read(world, priced):
    import frazil

    variable = frazil.open(TRACK, "/gt1r/heights")["signal_conf_ph"]
    priced(DEAR)
    variable.ranges()
    world.ask("reset", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error", frazil.CostWarning)
        with pytest.raises(frazil.CostWarning, match="USD"):
            variable[:]
    assert world.requests("open.example.org") == []


@pytest.mark.parametrize("name,most", [("two.zarr", 8), ("three.zarr", 4 * (1 + 16 * 5 + 4))])
def test_lengths_of_chunks_come_without_their_bytes(world, priced, name, most):
    import frazil

    variable = frazil.open(f"{files.OPEN}/made/{name}")["t"]
    priced(DEAR)
    world.ask("reset", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error", frazil.CostWarning)
        with pytest.raises(frazil.CostWarning, match="USD"):
            variable[:]
    assert sum(one["body_bytes"] for one in world.requests("open.example.org")) <= most
    stored = bytes_of(variable)
    assert stored > 5_000
    with pytest.warns(frazil.CostWarning) as told:
        values = variable[:]
    assert dollars(str(told[0].message)) == pytest.approx(stored / 1e3, abs=0.005)
    priced(None)
    assert (values == frazil.open(f"{files.OPEN}/made/{name}")["t"].values).all() and values.std() > 0.9


def test_coordinates_that_a_part_is_chosen_by_are_told_of(world, priced):
    import frazil

    heights = frazil.open(TRACK, "/gt1r/heights")
    coordinates = bytes_of(heights["lat_ph"]) + bytes_of(heights["lon_ph"])
    priced(DEAR)
    world.ask("reset", {})
    with warnings.catch_warnings():
        warnings.simplefilter("error", frazil.CostWarning)
        with pytest.raises(frazil.CostWarning, match="USD"):
            heights.select(bbox=(-60, 12, -40, 13.5))
    assert world.requests("open.example.org") == []
    with pytest.warns(frazil.CostWarning) as told:
        heights.select(bbox=(-60, 12, -40, 13.5))
    assert sum(dollars(str(one.message)) for one in told) == pytest.approx(coordinates / 1e3, abs=0.02)
    with pytest.warns(frazil.CostWarning) as told:
        heights.select({"lat_ph": 13})
    assert dollars(str(told[0].message)) == pytest.approx(bytes_of(heights["lat_ph"]) / 1e3, abs=0.005)
    silent(lambda: heights.select(isel={"delta_time": 3}))


def test_what_is_here_and_what_costs_nothing_is_not_told_of(made, priced, monkeypatch):
    import frazil

    priced(DEAR)
    silent(lambda: frazil.open(made / "track.h5", "/gt1l/heights")["h_ph"][:])
    silent(lambda: frazil.open(made / "model.json")["sst"][:])
    priced([{"route": "unknown", "usd_per_gib": "0"}, *DEAR])
    silent(lambda: frazil.open(TRACK, "/gt1l/heights")["h_ph"][:])
    priced([{"route": "internet", "usd_per_gib": "9"}])
    silent(lambda: frazil.open(TRACK, "/gt1l/heights")["h_ph"][:])


def test_small_reads_are_told_of_when_their_sum_is_worth_it(priced):
    import frazil

    variable = frazil.open(TRACK, "/gt1l/heights")["h_ph"]
    chunks = [slice(at, at + 5_000) for at in range(0, 40_000, 5_000)]
    sizes = [bytes_of(variable, chunk) for chunk in chunks]
    priced(DEAR, warn_from=sum(sizes[:3]) / 1e3)
    silent(lambda: [variable[chunk] for chunk in chunks[:2]])
    with pytest.warns(frazil.CostWarning, match="in 3 requests") as told:
        variable[chunks[2]]
    assert dollars(str(told[0].message)) == pytest.approx(sum(sizes[:3]) / 1e3, abs=0.005)
    silent(lambda: variable[chunks[3]])


def test_the_engine_and_dask_tell_it_too(priced):
    import frazil
    import xarray as xr

    how = {"engine": "frazil", "group": "/gt1l/heights"}
    numpy, dask = xr.open_dataset(TRACK, **how), xr.open_dataset(TRACK, chunks={}, **how)
    priced(DEAR)
    with pytest.warns(frazil.CostWarning, match="USD"):
        numpy.h_ph.values
    with pytest.warns(frazil.CostWarning, match="USD") as told:
        dask.h_ph.compute(scheduler="synchronous")
    whole = bytes_of(frazil.open(TRACK, "/gt1l/heights")["h_ph"])
    assert sum(dollars(str(one.message)) for one in told) == pytest.approx(whole / 1e3, abs=0.05)


def test_what_references_here_name_elsewhere_costs(made, priced, tmp_path):
    import frazil

    told = json.loads((made / "model.json").read_text().replace("model.nc", f"{files.OPEN}/made/model.nc"))
    (tmp_path / "afar.json").write_text(json.dumps(told))
    variable = frazil.open(tmp_path / "afar.json")["sst"]
    priced(DEAR)
    with pytest.warns(frazil.CostWarning, match="from open.example.org") as warned:
        variable[:10]
    assert dollars(str(warned[0].message)) == pytest.approx(bytes_of(variable, slice(10)) / 1e3, abs=0.005)


def test_a_window_of_a_cube_costs_what_its_tiles_do(made, priced):
    import frazil
    import rasterio

    with rasterio.open(made / "image.tif") as image:
        place = {"proj:transform": list(image.transform)[:6], "proj:shape": list(image.shape), "proj:epsg": 32615}
    asset = {"href": f"{files.OPEN}/made/image.tif", "type": "image/tiff; application=geotiff", **place}
    asset["raster:bands"] = [{"data_type": "uint16", "nodata": 9}] * 3
    item = {"type": "Feature", "id": "a", "properties": {"datetime": "2020-01-01T00:00:00Z"}, "assets": {"data": asset}}
    item |= {"stac_version": "1.0.0", "links": []}
    tiles = frazil.open(asset["href"])["band_data"]
    priced(DEAR)
    cube = silent(lambda: frazil.cube([item], "data.1"))
    with pytest.warns(frazil.CostWarning, match="in 1 request from open.example.org") as told:
        cube[0, 0, :100, :100].values
    assert dollars(str(told[0].message)) == pytest.approx(bytes_of(tiles, (0, slice(100), slice(100))) / 1e3, abs=0.005)
    with pytest.warns(frazil.CostWarning) as told:
        cube[0, 0].values
    assert dollars(str(told[0].message)) == pytest.approx(bytes_of(tiles, 0) / 1e3, abs=0.005)


def test_the_environment_names_a_table(world, tmp_path, monkeypatch):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(DEAR))
    program = f"import frazil; frazil.open({TRACK!r}, '/gt1l/heights')['h_ph'][:]"

    def said(**variables):
        environment = {**os.environ, **variables}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        return done.stderr

    assert said() == ""
    assert "CostWarning: reading" in said(FRAZIL_PRICES=str(path))
    assert said(FRAZIL_PRICES=str(path), FRAZIL_WARN_FROM_USD="1000") == ""
    assert "`much` is no sum of money" in said(FRAZIL_PRICES=str(path), FRAZIL_WARN_FROM_USD="much")


def test_tables_that_are_none_are_refused(tmp_path, priced):
    import frazil

    (tmp_path / "wrong.json").write_text("[{}]")
    for wrong in (tmp_path / "wrong.json", [{"usd_per_gib": -1}], [{"usd_per_gib": 1, "regoin": "x"}]):
        with pytest.raises(frazil.errors.InvalidError, match="table of prices"):
            frazil.prices(wrong)
    with pytest.raises(frazil.errors.FileError, match="gone.json"):
        frazil.prices(tmp_path / "gone.json")
    with pytest.raises(frazil.errors.InvalidError, match="no sum of money"):
        frazil.prices(DEAR, warn_from=-1)
