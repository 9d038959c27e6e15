"""Searches: keywords, lazy pages, and the forms that results take."""

import datetime as dt
import json
import multiprocessing
import pickle
import threading
import time
import warnings

import pytest


def test_the_seeds_search_finds_five_and_knows_how_many_there_are(world):
    import frazil

    found = frazil.search_granules(short_name="ATL08", bounding_box=(-10, 20, 10, 50), count=5)
    assert len(found) == 5 and found.hits > 5
    assert [item.short_name for item in found] == ["ATL08"] * 5
    first = found[0]
    assert first == found.collect()[0] and found[-1] == found[4]
    assert first.size > 0 and first.size_is_exact and first.cloud_hosted
    assert first.start.tzinfo is not None and first.start <= first.end
    assert first.data_links()[0].startswith("https://") and first.data_links("s3")[0].startswith("s3://")
    with pytest.raises(IndexError):
        found[5]


def test_pages_are_asked_for_as_they_are_needed(world):
    import frazil

    # A page that is shorter than it could be is not the last.
    made = {"short_name": "FIVE", "provider": "POCLOUD", "host": "archive.podaac.earthdata.nasa.gov", "bucket": "podaac-ops-cumulus-protected"}
    world.ask("collections", [{**made, "granules": 5, "short": [{"at": 0, "count": 3}]}])
    world.ask("reset", {})
    found = iter(frazil.search_granules(short_name="FIVE"))
    assert len([next(found) for _ in range(3)]) == 3
    assert len(world.requests("cmr.earthdata.nasa.gov")) == 1
    assert len(list(found)) == 2
    # The last is empty, and leads nowhere.
    assert len(world.requests("cmr.earthdata.nasa.gov")) == 3


def test_loops_keep_nothing_and_indexes_what_they_asked_for(world):
    import frazil

    found = frazil.search_granules(short_name="ATL08", count=30)
    world.ask("reset", {})
    assert found[:3] == found[0:3] and found[2] == found[:3][2]
    assert len(world.requests("cmr.earthdata.nasa.gov")) == 1
    assert len(list(found)) == 30 == len(list(found))
    before = len(world.requests("cmr.earthdata.nasa.gov"))
    assert len(found.collect()) == 30 and list(found) == found.collect()
    assert len(world.requests("cmr.earthdata.nasa.gov")) == before


def test_threads_share_results(world):
    import frazil

    found = frazil.search_granules(short_name="ATL08", count=40)
    seen = []
    world.ask("reset", {})
    threads = [threading.Thread(target=lambda: seen.append(found[39].id)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 8 and len(set(seen)) == 1
    assert len(world.requests("cmr.earthdata.nasa.gov")) == 1


def in_child(found, loop, answers):
    answers.put([item.id for item in loop])
    answers.put(found[119].id)


def test_a_forked_child_goes_on_with_loops_and_results(world):
    import frazil

    made = {"short_name": "TEN", "provider": "POCLOUD", "host": "archive.podaac.earthdata.nasa.gov", "bucket": "podaac-ops-cumulus-protected"}
    world.ask("collections", [{**made, "granules": 10, "short": [{"at": 0, "count": 3}]}])
    loop, found = iter(frazil.search_granules(short_name="TEN")), frazil.search_granules(short_name="ATL08", count=120)
    begun = [next(loop).id, next(loop).id]
    assert found[0]
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=in_child, args=(found, loop, answers))
    child.start()
    try:
        rest, last = answers.get(timeout=60), answers.get(timeout=60)
    finally:
        child.kill()
    assert len(rest) == 8 and len({*begun, *rest}) == 10
    assert rest == [item.id for item in loop] and last == found[119].id


def test_a_child_forked_while_a_thread_asks_asks_by_itself(world):
    import frazil

    found = frazil.search_granules(short_name="ATL08", count=3)
    world.ask("settings", {"latency_ms": 2000})
    try:
        thread = threading.Thread(target=lambda: found[2])
        thread.start()
        time.sleep(0.5)
        fork = multiprocessing.get_context("fork")
        answers = fork.Queue()
        child = fork.Process(target=lambda: answers.put((repr(found), found[2].id)))
        child.start()
        try:
            said, last = answers.get(timeout=60)
        finally:
            child.kill()
            thread.join(60)
    finally:
        world.ask("settings", {"latency_ms": 0})
    assert "not all asked for" in said and last == found[2].id


def test_a_hook_of_warnings_may_look_at_what_is_being_searched(world, monkeypatch):
    import frazil

    found, said = frazil.search_granules(short_name="ATL08", count=60), []
    world.ask("faults", [{"fault": "time_out", "role": "cmr", "times": 1}])

    def hook(*_, **__):
        said.append(repr(found))
        with pytest.raises(RuntimeError, match="in this thread"):
            found[0]

    thread = threading.Thread(target=found.collect, daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        monkeypatch.setattr(warnings, "showwarning", hook)
        thread.start()
        thread.join(60)
    assert said and not thread.is_alive() and len(found) == 60


def test_what_is_not_counted_is_asked_for_once(world):
    import frazil

    found = frazil.search_stac("planetary-computer", collections="naip", count=7, limit=3)
    world.ask("reset", {})
    assert found.hits is None
    world.ask("reset", {})
    assert len(list(found)) == 7
    asked = [one for one in world.requests("planetarycomputer.microsoft.com") if one["path"].endswith("/search")]
    assert len(asked) == 3


def test_after_an_error_results_do_not_look_complete(world):
    import frazil

    found = frazil.search_stac("planetary-computer", collections="naip", count=6, limit=2)
    refusal = {"role": "stac", "path": "/search", "fault": "status", "status": 400, "skip": 1, "times": 2}
    world.ask("faults", [refusal])
    for _ in range(2):
        with pytest.raises(frazil.errors.RefusedError, match="400"):
            found.collect()
    assert len({one.id for one in found.collect()}) == len(found) == 6


@pytest.mark.parametrize(
    "wrong, near",
    [
        ("bounding_boxx", "`bounding_box`"), ("shortname", "`short_name`"), ("bbox", "`bounding_box`"),
        ("datetime", "`temporal`"), ("limit", "`count`"), ("granule_name", "`readable_granule_name`"),
        ("collection_id", "`echo_collection_id` or `collection_concept_id`"), ("cycles", "`cycle`"), ("cloudcover", "`cloud_cover`"),
    ],
)
def test_an_unknown_keyword_is_a_type_error_with_the_nearest(world, wrong, near):
    import frazil

    with pytest.raises(TypeError, match=f"no parameter `{wrong}`; did you mean {near}\\?"):
        frazil.search_granules(**{wrong: "x"})
    with pytest.raises(TypeError, match="`xyzzy`$"):
        frazil.search_collections(xyzzy=1)


@pytest.mark.parametrize("wrong, near", [("bounding_box", "bbox"), ("temporal", "datetime"), ("sort_by", "sortby"), ("id", "ids")])
def test_stacs_unknown_keywords_have_their_nearest_too(world, wrong, near):
    import frazil

    with pytest.raises(TypeError, match=f"no parameter `{wrong}`; did you mean `{near}`"):
        frazil.search_stac("earth-search", **{wrong: "x"})


def test_several_unknown_keywords_are_told_at_once(world):
    import frazil

    with pytest.raises(TypeError, match="`bbox`.*`shortname`"):
        frazil.search_granules(bbox=(0, 0, 1, 1), shortname="ATL08")


def test_all_that_is_wrong_is_told_at_once(world):
    import frazil

    with pytest.raises(frazil.errors.InvalidError) as raised:
        frazil.search_granules(short_name="ATL08", bounding_box=(0, 95, 10, 50), cloud_cover="much")
    assert isinstance(raised.value, ValueError)
    assert "bounding_box" in str(raised.value) and "cloud_cover" in str(raised.value)


@pytest.mark.parametrize("kind", ["granules", "collections", "services"])
def test_the_keywords_of_the_stubs_are_cmrs_own(kind):
    from frazil import _keywords, _native, _search

    typed = {"granules": "GranuleKeywords", "collections": "CollectionKeywords", "services": "ServiceKeywords"}[kind]
    named = set(getattr(_keywords, typed).__annotations__)
    assert named == set(_native.parameters(kind)) | _search.OURS[kind]


@pytest.mark.parametrize(
    "keywords, pairs",
    [
        ({"short_name": ["ATL03", "ATL08"]}, [("short_name", "ATL03"), ("short_name", "ATL08")]),
        ({"bounding_box": (-10, 20, 10, 50)}, [("bounding_box", "-10,20,10,50")]),
        ({"bounding_box": [(0, 1, 2, 3), (4, 5, 6, 7)]}, [("bounding_box", "0,1,2,3"), ("bounding_box", "4,5,6,7")]),
        ({"polygon": [(0, 0), (1, 0), (1, 1), (0, 0)]}, [("polygon", "0,0,1,0,1,1,0,0")]),
        ({"polygon": [0, 0, 1, 0, 1, 1, 0, 0]}, [("polygon", "0,0,1,0,1,1,0,0")]),
        ({"point": (1.5, -2)}, [("point", "1.5,-2")]),
        ({"temporal": ("2019-02", None)}, [("temporal", "2019-02,")]),
        ({"temporal": (dt.date(2019, 2, 1), dt.datetime(2019, 3, 1, 12))}, [("temporal", "2019-02-01,2019-03-01T12:00:00.000Z")]),
        ({"temporal": [("2019", "2020"), ("2021", "2022")]}, [("temporal", "2019,2020"), ("temporal", "2021,2022")]),
        ({"cloud_cover": (0, 20)}, [("cloud_cover", "0,20")]),
        ({"downloadable": True, "provider": None}, [("downloadable", "true")]),
        ({"options": {"short_name": {"pattern": True}}}, [("options[short_name][pattern]", "true")]),
        ({"exclude": {"concept_id": ["G1-A", "G2-A"]}}, [("exclude[concept_id][]", "G1-A"), ("exclude[concept_id][]", "G2-A")]),
        ({"passes": [{"pass": 3, "tiles": ["1L", "2R"]}]}, [("passes[0][pass]", "3"), ("passes[0][tiles]", "1L,2R")]),
    ],
)
def test_pythons_values_become_cmrs(keywords, pairs):
    from frazil import _parameters

    assert _parameters.of_cmr(keywords) == pairs


def test_results_take_the_forms_of_others(world, tmp_path):
    import frazil
    import pyarrow.parquet

    found = frazil.search_granules(short_name="ATL08", count=12)
    features = found.to_geojson()["features"]
    assert len(features) == 12 and features[0]["geometry"]["type"] == "Polygon"
    assert found[0].__geo_interface__ == features[0]
    items = found.to_stac()["features"]
    assert items[0]["stac_version"] == "1.1.0" and items[0]["assets"]
    assert {row["dataset"]["short_name"] for row in found.to_dicts()} == {"ATL08"}
    assert found.to_geoparquet(tmp_path / "found.parquet") == 12
    metadata = pyarrow.parquet.read_metadata(tmp_path / "found.parquet")
    assert metadata.num_rows == 12 and b"geo" in metadata.metadata


def test_a_granule_that_names_its_orbit_has_a_place(world):
    import frazil

    item = frazil.search_granules(short_name="ATL03", provider="NSIDC_ECS", count=1)[0]
    assert item.cloud_hosted is False
    assert item.geometry["type"] in ("LineString", "MultiLineString") and "<svg" in item._repr_html_()


def test_what_was_found_can_be_sent(world):
    import frazil

    item = frazil.search_granules(short_name="HLSL30", count=1)[0]
    sent = pickle.loads(pickle.dumps(item))
    assert sent == item and hash(sent) == hash(item) and sent.raw == item.raw and sent.assets == item.assets
    collection = frazil.search_collections(short_name="ATL08")[0]
    assert pickle.loads(pickle.dumps(collection)).to_dict() == collection.to_dict()
    service = frazil.search_services(count=1)[0]
    assert pickle.loads(pickle.dumps(service)).to_dict() == service.to_dict()


def test_stac_is_searched_by_its_own_names(world):
    import frazil

    found = frazil.search_stac("earth-search", collections="sentinel-2-c1-l2a", datetime=("2010", "2040"), count=7, limit=3)
    assert len(list(found)) == 7
    url = "https://earth-search.aws.element84.com/v1"
    assert next(iter(frazil.search_stac(url, collections="sentinel-2-c1-l2a"))) == found[0]
    assert frazil.open_catalog(url).kind == frazil.open_catalog("planetary-computer").kind == "stac-api"
    with pytest.raises(TypeError, match="max_cloud"):
        frazil.search_stac(url, max_cloud=3)
    with pytest.raises(frazil.errors.InvalidError, match="limit"):
        frazil.search_stac(url, limit=-1)


def test_catalogues_in_files_are_opened_by_their_path(world, tmp_path):
    import frazil

    (tmp_path / "catalog.yaml").write_text(
        "sources:\n  sst:\n    driver: netcdf\n    description: Sea surface\n    args: {urlpath: 's3://a/sst.nc'}\n"
        "  ice:\n    driver: zarr\n    args: {urlpath: '{{ CATALOG_DIR }}/ice.zarr'}\n"
    )
    intake = frazil.open_catalog(tmp_path / "catalog.yaml")
    assert intake.kind == "intake" and [item.name for item in intake] == ["sst", "ice"]
    assert intake.search(name="ice")[0].assets[0]["href"].endswith("/ice.zarr")
    rows = [{"model": f"M{n}", "path": f"s3://b/{n}.nc"} for n in range(1000)]
    esm = {
        "esmcat_version": "0.1.0", "id": "made", "attributes": [{"column_name": "model"}],
        "assets": {"column_name": "path", "format": "netcdf"}, "catalog_dict": rows,
    }
    (tmp_path / "esm.json").write_text(json.dumps(esm))
    catalog = frazil.open_catalog(tmp_path / "esm.json")
    assert catalog.kind == "intake-esm" and set(catalog.columns) == {"model", "path"}
    assert len(list(catalog)) == 1000 and len(catalog.unique()["model"]) == 1000
    assert [item.id for item in catalog.search(model=["M3", "M99?"], count=3)] == ["s3://b/3.nc", "s3://b/990.nc", "s3://b/991.nc"]
    with pytest.raises(frazil.errors.InvalidError, match="did you mean `model`"):
        catalog.search(modell="M3")


def test_a_long_search_says_how_far_it_is(world, monkeypatch, tmp_path):
    import io

    import frazil
    from frazil import _progress

    out = io.StringIO()
    monkeypatch.setattr(_progress, "usual", lambda: _progress.Terminal(out))
    world.ask("faults", [{"fault": "time_out", "role": "cmr", "times": 1}])
    world.ask("settings", {"latency_ms": 600})
    try:
        with pytest.warns(UserWarning, match="asking for"):
            frazil.search_granules(short_name="ATL08", count=60).collect()
        assert "of 60 found" in out.getvalue()
        out.truncate(0)
        world.ask("settings", {"latency_ms": 1300})
        frazil.search_granules(short_name="ATL08", count=60).to_geoparquet(tmp_path / "found.parquet")
        assert "found" in out.getvalue()
    finally:
        world.ask("settings", {"latency_ms": 0})


def test_where_says_why(world, monkeypatch):
    import frazil

    monkeypatch.setenv("FRAZIL_REGION", "aws/us-west-2")
    item = frazil.search_granules(short_name="ATL08", count=1)[0]
    # A region is found once for a client, so this asks by a login of its own.
    monkeypatch.setenv("EARTHDATA_USERNAME", world.username)
    monkeypatch.setenv("EARTHDATA_PASSWORD", world.password)
    place = frazil.where(item, session=frazil.login())
    assert (place.here, place.region, place.access) == ("aws/us-west-2", "aws/us-west-2", "s3")
    assert "FRAZIL_REGION" in place.here_because
    assert frazil.where("https://example.org/x.h5").access == "https"
    for address in ("https://b.s3.us-west-2.amazonaws.com/k", "https://s3.us-west-2.amazonaws.com/b/k", "https://b.s3.amazonaws.com/k"):
        assert frazil.where(address).bucket == "b", address


def test_a_document_that_is_missing_is_warned_of_and_costs_no_other(world, tmp_path):
    import frazil

    item = {"type": "Feature", "stac_version": "1.0.0", "id": "i", "geometry": None, "links": [], "assets": {}}
    item["properties"] = {"datetime": "2020-01-01T00:00:00Z"}
    links = [{"rel": "item", "href": name} for name in ("gone.json", "i.json")]
    root = {"type": "Catalog", "id": "c", "stac_version": "1.0.0", "links": links}
    for name, value in {"catalog.json": root, "i.json": item}.items():
        (tmp_path / name).write_text(json.dumps(value))
    with pytest.warns(UserWarning, match="gone.json"):
        assert [one.id for one in frazil.open_catalog(tmp_path / "catalog.json").search().collect()] == ["i"]


def test_a_token_that_ended_does_not_close_what_is_open(world, monkeypatch):
    import frazil

    made = world.ask("tokens", {"user": world.username, "host": "urs.earthdata.nasa.gov", "life": 3})
    monkeypatch.setattr("getpass.getpass", lambda _: made.get("access_token") or made["token"])
    frazil.login("token")
    time.sleep(4)
    with pytest.warns(UserWarning, match="without a login"):
        assert len(frazil.search_granules(short_name="ATL08", count=2).collect()) == 2
