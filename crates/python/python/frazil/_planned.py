"""Results that are planned: what they take is known, and nothing is read yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from . import _chunked, _threads, _values, _written
from ._distribute import Distribution
from ._native import Computation, readable
from ._refusing import invalid


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

    def on(self, where: Any, **keywords: Any) -> Distribution:
        """The same on the workers of Dask: `explain` of it tells what that takes, `run` does it. See `frazil.distribute`."""
        return Distribution(self, where, **keywords)


Ran = tuple[np.ndarray[Any, Any], Sequence[tuple[str, int]], tuple[int, int, int]]
"""Numbers in one row, the dimensions that they have without those of the measure, and how many values are in none: missing,
below and above the edges."""


@dataclass(frozen=True)
class Reduced(Planned):
    """A reduction."""

    values: _values.Values
    steps: tuple[_values.Step, ...]
    limits: _values.Limits
    least: int = 0
    """A result is missing where fewer values are there."""
    each: int = 0
    """As many values are there for a result where none is missing."""
    added: tuple[tuple[str, int], ...] = ()
    """The dimensions that the measure adds, and their lengths."""
    finish: Callable[[xr.DataArray], xr.DataArray] = lambda told: told
    """What is still to be done to the result's coordinates."""
    beside: _values.Values | None = None
    """The array whose elements are taken together with these."""

    @cached_property
    def plan(self) -> Computation:
        """How it is run."""
        return self._planned(self.steps)

    def _planned(self, steps: Sequence[_values.Step]) -> Computation:
        beside = None if self.beside is None else (self.beside.given, list[_values.Step]())
        return Computation(self.values.given, list(steps), _threads.own(self.limits), beside)

    def explain(self) -> str:
        if isinstance(self.values, _values.Chunked):
            return _chunked.explain(self)
        told = self.plan.explain() + _copy(self.values)
        return told if self.beside is None else told + _copy(self.beside, f"`{_values.name_of(self.beside.array)}`")

    def picture(self) -> Picture:
        return Picture(self.plan.picture())

    def compute(self) -> xr.DataArray:
        if isinstance(self.values, _values.Chunked):
            return self.told_by(lambda steps: _chunked.run(self, steps))
        return self.told_by(self._run)

    def told_by(self, run: Callable[[Sequence[_values.Step]], Ran]) -> xr.DataArray:
        """The result, from what a run of the steps gives."""
        array = self.values.array
        numbers, dims, left_out = run(self.steps)
        if numbers.dtype == np.uint64:
            # Counts are of the type that numpy and xarray give them: differences may be below zero.
            numbers = numbers.view(np.int64)
        if self.least > 0 and (left_out[0] or self.each < self.least):
            # How many values are there for each result.
            *before, last = self.steps
            counts = run([*before, ("count", last[1])])[0]
            numbers = np.where(counts < self.least, np.nan, numbers)
        sizes = {name: length for name, length in dims if name in array.dims}
        coords, attrs = kept(array, sizes), attrs_of(array)
        if self.added:
            sizes |= dict(self.added)
            attrs = dict(zip(("missing", "below", "above"), left_out, strict=True))
        told = xr.DataArray(numbers.reshape(list(sizes.values())), coords, list(sizes), array.name, attrs)
        return self.finish(told)

    def _run(self, steps: Sequence[_values.Step]) -> Ran:
        beside = None if self.beside is None else self.beside.values()
        plan = self.plan if steps is self.steps else self._planned(steps)
        numbers, _, left_out = plan.run(self.values.values(), beside)
        return numbers, plan.dims, left_out


Out = np.ndarray[Any, Any] | str | PathLike[str] | None
"""Where a result goes that is as large as its array: into memory that is given, to a path, or into fresh memory."""


@dataclass(frozen=True)
class Whole(Planned):
    """A result as large as what it is made of."""

    values: _values.Values
    steps: tuple[_values.Step, ...]
    limits: _values.Limits
    out: Out

    @cached_property
    def plan(self) -> Computation:
        """How it is run."""
        form = None if self._path is None else _written.form(self._path)
        return Computation(self.values.given, list(self.steps), _threads.own(self.limits), None, form)

    @property
    def _path(self) -> Path | None:
        return Path(self.out) if isinstance(self.out, (str, PathLike)) else None

    def explain(self) -> str:
        where = "fresh memory" if self.out is None else "a buffer that is given" if self._path is None else self._path
        return f"{self.plan.explain()}\ninto    {where}{_copy(self.values)}"

    def picture(self) -> Picture:
        return Picture(self.plan.picture())

    def compute(self) -> xr.DataArray:
        array, sizes = self.values.array, self._sizes()
        coords, attrs = kept(array, sizes), attrs_of(array)
        if self._path is not None:
            self.plan.write(self._path, _written.told(coords, list(sizes), attrs), self.values.values())
            return xr.open_dataset(self._path, engine="frazil")[_values.name_of(array)]
        out = self._memory()
        self.plan.run_into(out, self.values.values())
        return xr.DataArray(out, coords, list(sizes), array.name, attrs)

    def _sizes(self) -> dict[str, int]:
        return {name: length for name, length in self.plan.dims if name in self.values.array.dims}

    def _memory(self) -> np.ndarray[Any, Any]:
        shape, dtype, out = tuple(self._sizes().values()), np.dtype(self.plan.dtype), self.out
        if out is None:
            return np.empty(shape, dtype)
        if not isinstance(out, np.ndarray):
            raise invalid(f"`out` is a {type(out).__name__}", "give an array of numpy, or a path")
        flags = out.flags
        is_right = out.shape == shape and out.dtype == dtype and out.dtype.isnative
        if not (is_right and flags.c_contiguous and flags.aligned and flags.writeable):
            what = f"`out` of {out.shape} of {out.dtype} cannot hold {shape} of {dtype}"
            raise invalid(what, "give an array of numpy of this shape and type, in one piece, that may be written to")
        if self.values.held is not None and np.may_share_memory(self.values.held, out):
            raise invalid("`out` overlaps the array", "give memory of its own")
        return out


def attrs_of(array: xr.DataArray | xr.Dataset) -> dict[Any, Any]:
    """The attributes that a result keeps, as `xarray.set_options(keep_attrs=…)` says."""
    return {} if xr.get_options()["keep_attrs"] is False else dict(array.attrs)  # type: ignore[no-untyped-call]


def kept(array: xr.DataArray, sizes: dict[str, int]) -> dict[Hashable, xr.DataArray]:
    """The coordinates of a result: what is as long as before is what was there before."""
    return {
        name: one
        for name, one in array.coords.items()
        if all(sizes.get(str(dim)) == array.sizes[dim] for dim in one.dims)
    }


def _copy(values: _values.Values, what: str = "the array") -> str:
    if not values.copied:
        return ""
    return f"\ncopy    {readable(values.copied)} besides: {what} is copied, for {values.why}"
