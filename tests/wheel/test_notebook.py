"""What notebooks show, and the seeds' walk as a notebook."""

import re
from pathlib import Path

import nbclient
import nbformat

WALK = Path(__file__).resolve().parents[2] / "examples" / "notebooks" / "02-find-and-download.ipynb"


def test_the_seeds_walk_runs_as_a_notebook(logged_in, tmp_path):
    book = nbformat.read(WALK, as_version=4)
    nbclient.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    pages = [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]
    cards = [page for page in pages if 'class="frazil-item"' in page]
    assert len(cards) == 5 and all("<svg" in card and "<img" in card and " MB" in card for card in cards)
    assert len(list((tmp_path / "demo-atl08").glob("*.h5"))) == 3
    assert not [output for output in shown if output.output_type == "error"]


HOSTILE = '"><script>alert(1)</script>\''


def item(**changed):
    """An item as another process would have written it."""
    import json

    from frazil import Item

    asset = {
        "key": HOSTILE, "href": f"https://example.org/{HOSTILE}", "s3": None, "role": "Data", "media_type": None,
        "title": HOSTILE, "size": None, "checksum": None, "region": None,
    }
    made = {
        "source": "Stac", "id": HOSTILE, "name": HOSTILE, "dataset": {"id": HOSTILE, "short_name": None, "version": None, "title": None},
        "provider": None, "revision": None, "time": {"start": None, "end": None},
        "geometry": {"Polygon": [[[170.0, -10.0], [-170.0, -10.0], [-170.0, 10.0], [170.0, 10.0], [170.0, -10.0]]]},
        "bbox": {"west": 170.0, "south": -10.0, "east": -170.0, "north": 10.0},
        "size": {"About": 1500}, "cloud_hosted": None,
        "assets": [asset, {**asset, "role": "Browse"}, {**asset, "href": "javascript:alert(1)"}],
        "properties": {}, "raw": None,
    }
    return Item._from_text(json.dumps({**made, **changed}))


def test_what_others_wrote_is_shown_and_not_run():
    card = item()._repr_html_()
    assert "<script" not in card and "&lt;script&gt;" in card
    assert 'href="javascript' not in card and "~1.50 kB" in card


def test_images_come_over_https_only():
    asset = {
        "key": "b", "href": "http://example.org/b.png", "s3": None, "role": "Browse", "media_type": None,
        "title": None, "size": None, "checksum": None, "region": None,
    }
    assert "<img" not in item(assets=[asset])._repr_html_()
    assert "<img" in item(assets=[{**asset, "href": "https://example.org/b.png"}])._repr_html_()


def test_a_footprint_across_the_antimeridian_is_in_one_piece():
    card = item()._repr_html_()
    path = re.search(r'<path d="(M[^"]+Z)" fill="#1f77b4"', card)[1]
    across = [float(x) for x in re.findall(r"[ML]([-\d.]+)", path)]
    assert 0 <= min(across) and max(across) <= 240 and max(across) - min(across) < 200
    labels = re.findall(r">([\d.]+°[EW]?)<", card)
    assert any(label.endswith("E") for label in labels) and any(label.endswith("W") for label in labels)


def test_shapes_of_all_kinds_have_a_footprint():
    square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    shapes = [
        {"Point": [0.0, 0.0]}, {"MultiPoint": [[0.0, 0.0], [1.0, 1.0]]}, {"LineString": square},
        {"MultiLineString": [square]}, {"MultiPolygon": [[square]]}, {"Collection": [{"Point": [180.0, 90.0]}, {"LineString": square}]},
    ]
    for shape in shapes:
        card = item(geometry=shape, bbox=None)._repr_html_()
        assert "<svg" in card and "NaN" not in card and "inf" not in card, shape


def test_a_table_of_results_tells_how_many_there_are(world):
    import frazil

    table = frazil.search_granules(short_name="ATL08")._repr_html_()
    assert "10 of 4000 found" in table and table.count("<tr>") == 11
