"""The notebooks of this tree: with parameters as papermill gives them, run by a kernel, and what they found."""

import copy
import pickle
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "notebooks"
ALL = sorted(path.name for path in FOLDER.glob("*.ipynb"))
LOCK = ROOT / "images" / "hub" / "requirements.txt"

FOUND = """\
import pickle
_found = {{name: globals()[name] for name in {names!r}}}
# What plots an array stays with it once it was asked for, and does not travel: a copy has none.
_found = {{name: value.load().copy() if hasattr(value, "load") else value for name, value in _found.items()}}
with open({path!r}, "wb") as _file:
    pickle.dump(_found, _file)
"""


def lacking(*paths):
    """What the notebooks need and is not there, as one line; or None."""
    absent = [str(path) for path in paths if not path.exists()]
    absent += [] if "\nhvplot==" in LOCK.read_text() else [f"hvplot in {LOCK.relative_to(ROOT)}"]
    return f"there is no {' and no '.join(absent)}" if absent else None


def read(name):
    """A notebook as it lies in the tree."""
    return nbformat.read(FOLDER / name, as_version=4)


def with_parameters(book, **parameters):
    """The same, with a cell behind its parameters that says other ones."""
    book = copy.deepcopy(book)
    (place,) = (at for at, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", ()))
    declared = compile(book.cells[place].source, "parameters", "exec").co_names
    assert not parameters.keys() - set(declared), f"{parameters.keys()} are not all among {declared}"
    cell = nbformat.v4.new_code_cell("".join(f"{name} = {value!r}\n" for name, value in parameters.items()))
    cell.metadata.tags = ["injected-parameters"]
    book.cells.insert(place + 1, cell)
    return book


def run(book, folder, *names):
    """Runs all cells in a folder; the values that are then called so, and the book with its outputs."""
    told = folder / "found.pickle"
    book = copy.deepcopy(book)
    book.cells.append(nbformat.v4.new_code_cell(FOUND.format(names=names, path=str(told))))
    nbclient.NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    book.cells.pop()
    assert complaints(book) == []
    return pickle.loads(told.read_bytes()), book


def has_run(book):
    """Whether all code cells have run."""
    return all(cell.execution_count for cell in book.cells if cell.cell_type == "code")


def outputs(book):
    """All outputs, one after the other."""
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


def complaints(book):
    """Errors and warnings among the outputs."""
    errors = [output.evalue for output in outputs(book) if output.output_type == "error"]
    return errors + [output.text for output in outputs(book) if output.get("name") == "stderr"]


def printed(book):
    """What the cells printed."""
    return "".join(output.text for output in outputs(book) if output.get("name") == "stdout")


def pictures(book):
    """How many cells show a picture that a browser draws. The one that loads what draws them is none."""
    load, draw = "application/vnd.holoviews_load.v0+json", "application/vnd.holoviews_exec.v0+json"
    kinds = [{kind for output in cell.get("outputs", ()) for kind in output.get("data", {})} for cell in book.cells]
    return sum(draw in shown and load not in shown for shown in kinds)
