"""Writes the tables of keys beside this script.

    python3 extract.py CHART-VERSION.values.schema.json ...
    python3 extract.py kubespawner        (where that package is installed)

A line of a chart's table is a path and the kinds of value it takes:
o object, a array, s string, n number, i integer, b boolean, z null, ? any.
`+` after the kinds: an object that takes keys that are not listed. In a path,
`*` is any key and `A*` any key that begins with a capital letter. The same
input gives the same bytes. Facts only: no descriptions, no defaults.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
LETTERS = {
    "object": "o",
    "array": "a",
    "string": "s",
    "number": "n",
    "integer": "i",
    "boolean": "b",
    "null": "z",
}


def kinds(schema):
    """The letters of the kinds of value that a schema takes."""
    named = schema.get("type")
    if named is None and "enum" in schema:
        letters = {kind_of(value) for value in schema["enum"]}
    elif named is None:
        return "?"
    else:
        letters = {LETTERS[one] for one in ([named] if isinstance(named, str) else named)}
    return "".join(sorted(letters))


def kind_of(value):
    """The letter of one value."""
    for kind, letter in ((type(None), "z"), (bool, "b"), (int, "i"), (float, "n"), (str, "s")):
        if isinstance(value, kind):
            return letter
    return "o" if isinstance(value, dict) else "a"


def lines(schema, path):
    """The lines of everything below a schema, and its own."""
    below = dict(schema.get("properties", {}))
    for pattern, values in schema.get("patternProperties", {}).items():
        below["A*" if pattern.startswith("^[A-Z]") else "*"] = values
    closed = schema.get("additionalProperties") is False
    if path:
        takes = kinds(schema)
        yield f"{'.'.join(path)} {takes}{'+' if takes != '?' and 'o' in takes and not closed else ''}"
    for key, values in below.items():
        yield from lines(values, [*path, key])


def main():
    for source in sys.argv[1:]:
        if source == "kubespawner":
            import kubespawner

            traits = kubespawner.KubeSpawner.class_trait_names()
            rows = sorted(name for name in traits if not name.startswith("_"))
            name = f"kubespawner-{kubespawner.__version__}"
        else:
            schema = json.loads(pathlib.Path(source).read_text())
            rows = sorted(lines(schema, []))
            name = pathlib.Path(source).name.removesuffix(".values.schema.json")
        (HERE / f"{name}.txt").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
