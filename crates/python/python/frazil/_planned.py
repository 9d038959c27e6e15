"""Results that are planned: what they take is known, and nothing is read yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from . import _values
from ._native import Reduction, anomalies, drawn, readable, windows, windows_bytes
from ._refusing import invalid

USUAL_MEMORY = 1 << 30
"""Most bytes that a call takes, unless said."""


class Picture(str):
    """A picture as a text of SVG, which notebooks show."""

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes it to a file."""
        Path(path).write_text(self, encoding="utf-8")


class Planned(ABC):
    """A result that is planned."""

    @abstractmethod
    def explain(self) -> str:
        """What is read and what it takes, a line each."""

    @abstractmethod
    def picture(self) -> Picture:
        """The same, drawn."""

    @abstractmethod
    def compute(self) -> xr.DataArray:
        """The result."""


@dataclass(frozen=True)
class Reduced(Planned):
    """A reduction."""

    values: _values.InMemory | _values.Stored
    steps: tuple[_values.Step, ...]
    limits: _values.Limits
    least: int = 0
    """A result is missing where fewer values are there."""
    each: int = 0
    """As many values are there for a result where none is missing."""
    added: tuple[str, int] | None = None
    """The dimension that the measure adds, and its length."""
    finish: Callable[[xr.DataArray], xr.DataArray] = lambda told: told
    """What is still to be done to the result's coordinates."""

    @cached_property
    def plan(self) -> Reduction:
        """How it is run."""
        return self.values.planned(self.steps, self.limits)

    def explain(self) -> str:
        return self.plan.explain() + _copy(self.values)

    def picture(self) -> Picture:
        return Picture(self.plan.picture())

    def compute(self) -> xr.DataArray:
        array = self.values.array
        numbers, _, left_out = self.values.run(self.plan)
        if self.least > 0 and (left_out[0] or self.each < self.least):
            numbers = np.where(self._counts() < self.least, np.nan, numbers)
        sizes = {name: length for name, length in self.plan.dims if name in array.dims}
        # What is as long as before is what was there before.
        kept = {
            name: one
            for name, one in array.coords.items()
            if all(sizes.get(str(dim)) == array.sizes[dim] for dim in one.dims)
        }
        attrs = attrs_of(array)
        if self.added is not None:
            sizes |= [self.added]
            attrs = dict(zip(("missing", "below", "above"), left_out, strict=True))
        told = xr.DataArray(numbers.reshape(list(sizes.values())), kept, list(sizes), array.name, attrs)
        return self.finish(told)

    def _counts(self) -> np.ndarray[Any, Any]:
        """How many values are there for each result."""
        *before, (_, dims) = self.steps
        counting = self.values.planned([*before, ("count", dims)], self.limits)
        return self.values.run(counting)[0]


@dataclass(frozen=True)
class Whole(Planned):
    """A result as large as the array: `run` puts it into memory."""

    values: _values.InMemory
    title: str
    lines: list[str]
    parts: list[tuple[str, int]]
    """Parts of the memory that it takes besides the array and the result, with their bytes."""
    limits: _values.Limits
    out: np.ndarray[Any, Any] | None
    run: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], None] = field(repr=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the result."""
        return np.dtype("f4" if self.values.dtype == np.float32 else "f8")

    @property
    def size(self) -> int:
        """Bytes of the result."""
        return self.values.array.size * self.dtype.itemsize

    @property
    def needed(self) -> int:
        """Bytes of memory besides the array and the result."""
        return sum(size for _, size in self.parts)

    def explain(self) -> str:
        array = self.values.array
        sizes = ", ".join(f"{name} 0:{length}" for name, length in array.sizes.items())
        read = readable(array.size * self.values.dtype.itemsize)
        where = "a buffer that is given" if self.out is not None else "fresh memory"
        lines = [
            f"read    {_values.name_of(array)}[{sizes}] of {self.values.dtype}: {read}",
            *(f"then    {line}" for line in (self.title, *self.lines)),
            f"result  {self.dtype}, into {where}: {readable(self.size)}",
            f"memory  {readable(self.needed)} at most, besides array and result",
        ]
        return "\n".join(lines) + _copy(self.values)

    def picture(self) -> Picture:
        array = self.values.array
        sizes = ", ".join(f"{name} {length}" for name, length in array.sizes.items())
        stages = [
            (_values.name_of(array), [f"{sizes} of {self.values.dtype}"]),
            (self.title, self.lines),
            ("result", [f"{self.dtype}: {readable(self.size)}"]),
        ]
        result = [] if self.out is not None else [("result", self.size)]
        return Picture(drawn(stages, [*self.parts, *result]))

    def compute(self) -> xr.DataArray:
        array, limit = self.values.array, self.limits[0]
        allowed = USUAL_MEMORY if limit is None else limit
        if self.needed > allowed:
            of = f"{self.title} of `{_values.name_of(array)}`"
            what = f"{of} needs {self.needed} bytes of memory, and {allowed} are allowed"
            raise invalid(what, f"allow {self.needed} bytes, or take a smaller part")
        out = self._memory()
        self.run(self.values.values(), out)
        return xr.DataArray(out, array.coords, array.dims, array.name, attrs_of(array))

    def _memory(self) -> np.ndarray[Any, Any]:
        shape, out = self.values.array.shape, self.out
        if out is None:
            return np.empty(shape, self.dtype)
        flags = out.flags
        is_right = out.shape == shape and out.dtype == self.dtype and out.dtype.isnative
        if not (is_right and flags.c_contiguous and flags.aligned and flags.writeable):
            what = f"`out` of {out.shape} of {out.dtype} cannot hold {shape} of {self.dtype}"
            raise invalid(what, "give an array of numpy of this shape and type, in one piece, that may be written to")
        if self.values.held is not None and np.may_share_memory(self.values.held, out):
            raise invalid("`out` overlaps the array", "give memory of its own")
        return out


def moving(
    values: _values.InMemory,
    what: str,
    dim: str,
    window: tuple[int, int, bool],
    ddof: int,
    limits: _values.Limits,
    out: np.ndarray[Any, Any] | None,
) -> Whole:
    """A window that moves along a dimension."""
    axis = axis_of(values.array, dim)
    taken = windows_bytes(values.dtype.str[1:], list(values.array.shape), axis, what, window, limits[1])

    def run(numbers: np.ndarray[Any, Any], to: np.ndarray[Any, Any]) -> None:
        windows(numbers, axis, (what, ddof), window, limits[1], to)

    length, least, is_centred = window
    middle = ", its step in the middle" if is_centred else ""
    lines = [f"along {dim}{middle}; at least {least} values"]
    parts = [("windows", taken), *_copied(values)]
    return Whole(values, f"rolling {what} of {length}", lines, parts, limits, out, run)


def differing(
    values: _values.InMemory,
    dim: str,
    labels: list[int],
    count: int,
    limits: _values.Limits,
    out: np.ndarray[Any, Any] | None,
) -> Whole:
    """What values differ by from the mean of their group along a dimension."""
    axis = axis_of(values.array, dim)
    means = values.planned([("mean", dim, count, labels)], limits)

    def run(numbers: np.ndarray[Any, Any], to: np.ndarray[Any, Any]) -> None:
        usual, shape, _ = means.run(numbers)
        anomalies(numbers, axis, (count, labels), usual.reshape(shape), limits[1], to)

    lines = [f"{count} groups along {dim}", "their means first, then what each value differs by from its own"]
    return Whole(values, "anomaly", lines, [("means", means.peak), *_copied(values)], limits, out, run)


def axis_of(array: xr.DataArray, dim: str) -> int:
    """The place of a dimension."""
    if dim not in array.dims:
        known = ", ".join(map(str, array.dims))
        raise invalid(f"`{_values.name_of(array)}` has no dimension `{dim}`", f"its dimensions are {known}")
    return array.dims.index(dim)


def attrs_of(array: xr.DataArray | xr.Dataset) -> dict[Any, Any]:
    """The attributes that a result keeps, as `xarray.set_options(keep_attrs=…)` says."""
    return {} if xr.get_options()["keep_attrs"] is False else dict(array.attrs)  # type: ignore[no-untyped-call]


def _copied(values: _values.InMemory) -> list[tuple[str, int]]:
    return [("a copy of the array", values.copied)] if values.copied else []


def _copy(values: _values.InMemory | _values.Stored) -> str:
    if not values.copied:
        return ""
    return f"\ncopy    {readable(values.copied)} besides: the array is copied, for {values.why}"
