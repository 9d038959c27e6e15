"""Files and stores of arrays: opened where they lie, and read by parts."""

from __future__ import annotations

import datetime as dt
import html
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _indexing, _login, _names
from ._file import How, Stats, how, what
from ._native import Item, Session, Source
from ._native import Variable as Described

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np
    import xarray as xr

    Bytes = bytearray | np.ndarray[Any, Any]
    Label = str | float | dt.date | np.datetime64
    Labels = Mapping[str, Label | slice]
    Positions = Mapping[str, int | slice]

NOT_HERE = "arrays need numpy: `pip install numpy`"


class Variable:
    """An array of a file, which is read when it is indexed. It is a part of a whole where its group was chosen from."""

    def __init__(
        self, group: Dataset, told: Described, extents: list[_indexing.Extent], decode: bool
    ) -> None:
        self._group = group
        self._told = told
        self._extents = extents
        self._decode = decode

    @property
    def name(self) -> str:
        """Its name in its group."""
        return self._told.name

    @property
    def path(self) -> str:
        """Its path in the file."""
        return _below(self._group.path, self.name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """What an element is as it is stored."""
        return dtype_of(self._told.dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Elements along each dimension."""
        return tuple(count for _, count, _ in self._extents)

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of its dimensions."""
        return self._told.dims

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return len(self._extents)

    @property
    def size(self) -> int:
        """How many elements it has."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Elements of a stored chunk along each dimension; None where all is in one piece."""
        return self._told.chunks

    @property
    def filters(self) -> list[str]:
        """What was done to a chunk before it was stored, such as `shuffle`, `deflate 6`."""
        return self._told.filters

    @property
    def fill(self) -> Any:
        """The value of what was never written; None where the file declares none."""
        fill = self._told.fill
        return None if fill is None else scalar(fill)

    @property
    def attrs(self) -> dict[str, Any]:
        """Its attributes."""
        return {name: scalar(value) for name, value in self._told.attributes}

    @property
    def values(self) -> np.ndarray[Any, Any]:
        """All of it."""
        values: np.ndarray[Any, Any] = self._read((Ellipsis,))
        return values

    def ranges(self, key: Any = Ellipsis) -> list[tuple[str, int, int]]:
        """Where the bytes of a part lie: address, first byte and length of each stored chunk. Reads indexes only."""
        extents, _ = _indexing.split(key, self.shape)
        return self._group._source.ranges(self.path, self._of_whole(extents))

    def _of_whole(self, extents: list[_indexing.Extent]) -> list[_indexing.Extent]:
        return [_indexing.within(*pair) for pair in zip(self._extents, extents, strict=True)]

    def _read(self, key: Any) -> Any:
        extents, rest = _indexing.split(key, self.shape)
        told = self._told if self._decode else None
        values, is_time = self._group._source.read(self.path, self._of_whole(extents), told)
        read = array(values)
        return _indexing.take(read.view("M8[ns]") if is_time else read, rest)

    def __getitem__(self, key: Any) -> Any:
        return self._read(key)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        values: np.ndarray[Any, Any] = _numpy().asarray(self.values, dtype=dtype)
        return values

    def __len__(self) -> int:
        if not self._extents:
            raise TypeError("a single value has no len()")
        return self.shape[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return _variable, (self._group, self.name)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {length}" for name, length in zip(self.dims, self.shape, strict=True))
        return f"<frazil.Variable {self.path} ({sizes}) {self.dtype}>"


class Dataset(Mapping[str, Variable]):
    """A group of a file or store that is open: a mapping of its variables by their names.

    `dataset["a"]` is a variable, `dataset["group/a"]` one of a group below, `dataset["/a"]` one of the root;
    `dataset.group("group")` is that group.
    Headers are read when they are needed, values when a variable is indexed. Pickled, it is opened again where
    it comes to, by whatever login is found there.
    """

    def __init__(
        self, source: Source, path: str, extents: dict[str, _indexing.Extent], decode: bool
    ) -> None:
        self._source = source
        self._path = path
        self._extents = extents
        self._decode = decode
        self._read: dict[str, Any] | None = None

    @property
    def _told(self) -> dict[str, Any]:
        if self._read is None:
            self._read = self._source.group(self._path, False)
        return self._read

    @property
    def address(self) -> str:
        """What it is called, without secrets."""
        return self._source.address

    @property
    def format(self) -> str:
        """Its format, such as `NetCDF4`, `Zarr v3`, `GeoTIFF`."""
        return self._source.format

    @property
    def path(self) -> str:
        """The path of this group; `/` is the root."""
        return self._path

    @property
    def attrs(self) -> dict[str, Any]:
        """Its attributes."""
        return {name: scalar(value) for name, value in self._told["attributes"]}

    @property
    def sizes(self) -> dict[str, int]:
        """The lengths of dimensions: of those that this group declares, and that its variables have."""
        lengths = {name: length for name, length, _ in self._told["dimensions"]}
        for variable in self._told["variables"]:
            lengths.update(zip(variable.dims, variable.shape, strict=True))
        return {name: self._along(name, length)[1] for name, length in lengths.items()}

    @property
    def unlimited(self) -> set[str]:
        """The dimensions that may grow."""
        return {name for name, _, is_unlimited in self._told["dimensions"] if is_unlimited}

    @property
    def groups(self) -> list[str]:
        """The names of the groups below."""
        return [group["name"] for group in self._told["groups"]]

    def group(self, path: str) -> Dataset:
        """A group below, or from the root where the path begins with `/`."""
        whole = _below(self._path, path)
        below = Dataset(self._source, whole, self._chosen_of(whole), self._decode)
        below._told  # noqa: B018 (a group that there is not is told here)
        return below

    def _chosen_of(self, path: str) -> dict[str, _indexing.Extent]:
        """What is chosen of a group: below this one, along dimensions of this one."""
        extents, at = self._extents, self._path
        if not extents or path == at:
            return extents
        above = at.rstrip("/") + "/"
        if not path.startswith(above):
            return {}
        for name in path.removeprefix(above).split("/"):
            at = _below(at, name)
            extents = _not_of(self._source.group(at, False), extents)
        return extents

    def walk(self) -> Iterator[Dataset]:
        """This group and all groups below, whose headers are read together."""
        return self._walk(lambda group: group)

    def _walk(self, part: Callable[[Dataset], Dataset]) -> Iterator[Dataset]:
        waiting = [(self._path, self._source.group(self._path, True), self._extents)]
        while waiting:
            path, told, extents = waiting.pop(0)
            group = Dataset(self._source, path, extents, self._decode)
            group._read = told
            chosen = part(group)
            yield chosen
            for below in told["groups"]:
                waiting.append((_below(path, below["name"]), below, _not_of(below, chosen._extents)))

    def _parts(
        self, select: Labels | None, isel: Positions | None, bbox: Sequence[float] | None
    ) -> Iterator[Dataset]:
        """This group and all groups below, of each the part that is chosen of what it has itself."""
        used: set[str] = set()

        def part(group: Dataset) -> Dataset:
            above = {} if group.path == self._path else group._extents
            labels = {name: label for name, label in (select or {}).items() if name in group}
            labels = {name: label for name, label in labels.items() if above.keys().isdisjoint(group[name].dims)}
            positions = {name: at for name, at in (isel or {}).items() if name in group.sizes and name not in above}
            box = bbox if bbox is not None and self._source.has_places(group.path) else None
            used.update(labels, positions, () if box is None else ("bbox",))
            return group.select(labels, isel=positions, bbox=box)

        yield from self._walk(part)
        missing = {*(select or {}), *(isel or {}), *(() if bbox is None else ("bbox",))} - used
        if missing:
            raise KeyError(f"no group below {self._path} has {', '.join(sorted(missing))}")

    def select(
        self,
        select: Labels | None = None,
        *,
        isel: Positions | None = None,
        bbox: Sequence[float] | None = None,
    ) -> Dataset:
        """A part of this group, of whose variables only that part is read.

        select: by coordinates. A slice is from one value to another, both included; a number is the nearest
        element; a text such as `"2020-02"` is all of that time.
        isel: by positions along dimensions: slices, or whole numbers.
        bbox: west, south, east, north in degrees, by the coordinates of longitude and latitude.

        Along a track and in a swath it is what lies between the first and the last element that fit.
        """
        extents = dict(self._extents)
        box = None if bbox is None else [float(edge) for edge in bbox]
        if select or box is not None:
            named = [_wanted(name, label) for name, label in (select or {}).items()]
            for name, extent in self._source.select(self._path, named, box):
                extents[name] = _both(extents.get(name), extent, name)
        for name, position in (isel or {}).items():
            if name not in self.sizes:
                near = _names.nearest(name, self.sizes) or list(self.sizes)
                raise KeyError(f"there is no dimension {name!r}; there is {', '.join(near)}")
            position = _position(name, position)
            if isinstance(position, slice) and position.step is not None and position.step < 0:
                raise IndexError("a part is chosen upwards; turn round what was read")
            length = next(iter(self._lengths(name)))
            outer = extents.get(name, (0, length, 1))
            (inner,), _ = _indexing.split(position, (outer[1],))
            extents[name] = _indexing.within(outer, inner)
        part = Dataset(self._source, self._path, extents, self._decode)
        part._read = self._read
        return part

    def _lengths(self, name: str) -> Iterator[int]:
        """How long a dimension is in the file."""
        for variable in self._told["variables"]:
            yield from (length for dim, length in zip(variable.dims, variable.shape, strict=True) if dim == name)
        yield from (length for dim, length, _ in self._told["dimensions"] if dim == name)

    def to_dataset(self, **keywords: Any) -> xr.Dataset:
        """This group for xarray, lazily; keywords are those of `xarray.open_dataset`."""
        try:
            import xarray
        except ImportError as error:
            raise ImportError("this needs xarray: `pip install xarray`") from error
        from ._xarray import Backend

        return xarray.open_dataset(self, engine=Backend, **keywords)  # type: ignore[arg-type]

    def write_references(self, path: str | os.PathLike[str], *, records: int = 100_000) -> None:
        """Writes references to all chunks of the file, as Kerchunk has them, for zarr, xarray and `frazil.open`.

        A name that ends in `.parq` is a folder of Parquet, with `records` references to a file; else it is one JSON
        document. Only headers and indexes are read. Groups, whatever part this is, are all written. A folder that is
        there is replaced only if it holds such references.
        """
        is_parquet = os.fspath(path).rstrip("/").endswith((".parq", ".parquet"))
        self._source.write_references(path, records if is_parquet else None)

    def stats(self) -> Stats | None:
        """What was read of it so far in this process, where it is one object."""
        return self._source.stats()

    def _along(self, name: str, length: int) -> _indexing.Extent:
        return self._extents.get(name, (0, length, 1))

    def __getitem__(self, name: str) -> Variable:
        above, _, last = name.strip("/").rpartition("/")
        if above or name.startswith("/"):
            return self.group(f"/{above}" if name.startswith("/") else above)[last]
        for told in self._told["variables"]:
            if told.name == last:
                along = zip(told.dims, told.shape, strict=True)
                return Variable(self, told, [self._along(*one) for one in along], self._decode)
        near = _names.nearest(last, self) or list(self)[:3]
        raise KeyError(f"there is no variable {name!r} in {self._path}; there is {', '.join(near) or 'none'}")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(told.name == name for told in self._told["variables"])

    def __iter__(self) -> Iterator[str]:
        return iter([told.name for told in self._told["variables"]])

    def __len__(self) -> int:
        return len(self._told["variables"])

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset, (self._source, self._path, self._extents, self._decode)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return type(self).__name__, self._source._text(), self._path, sorted(self._extents.items()), self._decode

    def __enter__(self) -> Dataset:
        return self

    def __exit__(self, *_: object) -> None:
        self._read = None

    def __repr__(self) -> str:
        lines = [f"<frazil.Dataset {self.address} {self._path} ({self.format})>"]
        lines += [f"  {self[name]!r}" for name in self]
        return "\n".join(lines + [f"  {name}/" for name in self.groups])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def open(  # noqa: A001 (h5py, netCDF4 and zarr have it too)
    address: Item | str | os.PathLike[str],
    group: str = "/",
    *,
    select: Labels | None = None,
    isel: Positions | None = None,
    bbox: Sequence[float] | None = None,
    decode: bool = False,
    session: Session | None = None,
    **keywords: Unpack[How],
) -> Dataset:
    """Opens an item that was found, an address (`https://`, `s3://`, `gs://`) or a path, and reads its headers.

    HDF5, NetCDF, GeoTIFF, Zarr, references of Kerchunk and DMR++ are read, whatever they are called. Values are
    read when a variable is indexed, as they are stored; with `decode`, unpacked as the CF conventions say, with NaN
    for missing ones, and times as `datetime64`. For `select`, `isel` and `bbox` see `Dataset.select`.
    """
    _numpy()
    source = Source(what(address), session or _login.current(), how(keywords))
    opened = Dataset(source, _below("/", group), {}, decode)
    if select is None and isel is None and bbox is None:
        opened._told  # noqa: B018 (a group that there is not is told here)
        return opened
    return opened.select(select, isel=isel, bbox=bbox)


def dtype_of(told: Any) -> np.dtype[Any]:
    """numpy's type for one that the native part names. Texts among fields are objects, and have no place."""
    if _has_texts(told):
        told = list(zip(told["names"], told["formats"], strict=True))
    dtype: np.dtype[Any] = _numpy().dtype(told)
    return dtype


def _has_texts(told: Any) -> bool:
    return isinstance(told, dict) and "O" in told["formats"]


def array(told: tuple[Any, tuple[int, ...], Bytes, list[str]]) -> np.ndarray[Any, Any]:
    """Values of the native part for numpy, in the memory that they came in."""
    numpy = _numpy()
    named, shape, data, texts = told
    values: np.ndarray[Any, Any]
    dtype = dtype_of(named)
    if dtype == object:
        values = numpy.empty(len(texts), object)
        values[:] = texts
    elif _has_texts(named):
        values = _with_texts(numpy, named, data, texts)
    else:
        # Elements of no bytes have no buffer.
        values = numpy.frombuffer(data, dtype) if dtype.itemsize and len(data) else numpy.empty(shape, dtype)
    return values.reshape(shape)


def _with_texts(numpy: Any, named: dict[str, Any], data: Bytes, texts: list[str]) -> Any:
    """Elements with fields, some of which are texts: those are beside the others, element by element."""
    fields = list(zip(named["names"], named["formats"], named["offsets"], strict=True))
    numbers = [field for field in fields if field[1] != "O"]
    names, formats, offsets = ([field[part] for field in numbers] for part in range(3))
    stored = {"names": names, "formats": formats, "offsets": offsets, "itemsize": named["itemsize"]}
    read = numpy.frombuffer(data, stored) if len(data) else numpy.empty(0, stored)
    values = numpy.empty(len(read), dtype_of(named))
    for name in names:
        values[name] = read[name]
    others = [name for name, kind, _ in fields if kind == "O"]
    for at, name in enumerate(others):
        values[name] = texts[at :: len(others)]
    return values


def scalar(told: tuple[Any, tuple[int, ...], Bytes, list[str]]) -> Any:
    """An attribute's value: a text, a number of numpy, or an array."""
    dtype, shape, _, texts = told
    if dtype == "O":
        return texts[0] if shape == () else list(texts)
    return array(told)[()]


def _variable(group: Dataset, name: str) -> Variable:
    return group[name]


def _below(above: str, path: str) -> str:
    """A path from the root; one that does not begin there is below another."""
    whole = path if path.startswith("/") else f"{above}/{path}"
    return "/" + "/".join(part for part in whole.split("/") if part)


def _wanted(name: str, label: Any) -> tuple[str, str, str | float | None, str | float | None]:
    if isinstance(label, slice):
        if label.step is not None:
            raise TypeError(f"{name}: from one value to another there are no steps")
        return name, "between", _label(label.start), _label(label.stop)
    return name, "at", _label(label), None


def _label(value: Any) -> str | float | None:
    """A number, or a time as text."""
    if value is None or isinstance(value, str):
        return value
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if type(value).__name__ == "datetime64":
        return str(value)
    if hasattr(value, "calendar") and hasattr(value, "isoformat"):
        return str(value.isoformat())
    return float(value)


def _not_of(group: dict[str, Any], extents: dict[str, _indexing.Extent]) -> dict[str, _indexing.Extent]:
    """Extents along dimensions that a group does not declare itself: those that it does are others of the same name."""
    own = {name for name, _, _ in group["dimensions"]}
    return {name: extent for name, extent in extents.items() if name not in own}


def _position(name: str, position: Any) -> int | slice:
    if isinstance(position, slice):
        return position
    try:
        return operator.index(position)
    except TypeError:
        what = f"{name}: {type(position).__name__} is neither a slice nor a whole number"
        raise TypeError(f"{what}; take a slice that has all, and index what was opened with the rest") from None


def _both(known: _indexing.Extent | None, found: _indexing.Extent, name: str) -> _indexing.Extent:
    """What lies in both extents."""
    if known is None:
        return found
    if known[2] != 1 or found[2] != 1:
        raise IndexError(f"{name}: choose by coordinates first, then by positions with steps")
    start = max(known[0], found[0])
    return start, max(0, min(known[0] + known[1], found[0] + found[1]) - start), 1


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError(NOT_HERE) from error
    return numpy
