"""Keywords as catalogues write them: dates, boxes, shapes and lists as texts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_SHAPES = {"bounding_box": 4, "point": 2, "circle": 3}
"""Parameters of so many numbers each; several of them are a list of tuples."""
_LINES = {"polygon", "line"}
"""Parameters of any number of positions, as pairs or one after the other."""
_SPANS = {
    "temporal",
    "revision_date",
    "created_at",
    "equator_crossing_date",
    "production_date",
    "granules_created_at",
    "revised_at",
    "cloud_cover",
    "orbit_number",
    "equator_crossing_longitude",
}
"""Parameters of a least and a most, either of which may be None."""


def of_cmr(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Keywords as CMR's names and values, a pair for each value. None is as nothing said."""
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if value is None:
            continue
        if name == "options":
            pairs += [
                (f"options[{parameter}][{option}]", _text(on))
                for parameter, options in value.items()
                for option, on in options.items()
            ]
        elif name == "exclude":
            pairs += [
                (f"exclude[{parameter}][]", _text(one)) for parameter, values in value.items() for one in _several(values)
            ]
        elif name == "passes":
            pairs += [
                (f"passes[{index}][{key}]", _joined(told))
                for index, one in enumerate(value)
                for key, told in one.items()
            ]
        elif name in _SPANS:
            pairs += [(name, _span(one)) for one in _spans(value)]
        elif name in _SHAPES:
            pairs += [(name, _joined(one)) for one in _shapes(value)]
        elif name in _LINES:
            pairs += [(name, _positions(one)) for one in _lines(value)]
        else:
            pairs += [(name, _text(one)) for one in _several(value)]
    return pairs


def of_stac(parameters: Mapping[str, Any]) -> str:
    """Keywords of item search as JSON. None is as nothing said."""
    told: dict[str, Any] = {}
    for name, value in parameters.items():
        if value is None:
            continue
        if name == "datetime":
            value = value if isinstance(value, str) else _span(value).replace(",", "/")
        elif name == "intersects":
            value = getattr(value, "__geo_interface__", value)
        elif name == "bbox" and not isinstance(value, str):
            value = [float(edge) for edge in value]
        elif name == "sortby":
            value = [_sort(one) for one in _several(value)]
        told[name] = value
    return json.dumps(told, default=_text)


def _sort(one: Any) -> str:
    if isinstance(one, Mapping):
        return f"{'-' if one.get('direction') == 'desc' else '+'}{one['field']}"
    return str(one)


def _several(value: Any) -> Iterable[Any]:
    if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)):
        return value
    return [value]


def _is_numbers(value: Any) -> bool:
    return isinstance(value, Sequence) and all(_is_number(one) for one in value)


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, (str, bool))


def _spans(value: Any) -> Iterable[Any]:
    """A tuple is one span, a list several; a list of two that are no spans themselves is one too."""
    if isinstance(value, list) and any(isinstance(one, (tuple, list)) or "," in str(one) for one in value):
        return value
    return [value]


def _span(value: Any) -> str:
    return ",".join("" if one is None else _text(one) for one in _several(value))


def _shapes(value: Any) -> Iterable[Any]:
    if isinstance(value, str) or _is_numbers(value):
        return [value]
    return _several(value)


def _lines(value: Any) -> Iterable[Any]:
    if isinstance(value, str) or _is_numbers(value) or _is_pairs(value):
        return [value]
    return _several(value)


def _is_pairs(value: Any) -> bool:
    return isinstance(value, Sequence) and all(
        not isinstance(one, str) and _is_numbers(one) and len(one) == 2 for one in value
    )


def _positions(value: Any) -> str:
    if isinstance(value, str) or _is_numbers(value):
        return _joined(value)
    return ",".join(_joined(position) for position in value)


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(_text(one) for one in _several(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    # numpy's and pandas' moments and numbers know Python's own.
    for own in ("to_pydatetime", "item"):
        if hasattr(value, own):
            return _text(getattr(value, own)())
    return str(value)
