"""Objects as files: for h5py, h5netcdf, xarray, rasterio and whatever else reads a file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from . import _login
from ._native import Item, Reader, Session

if TYPE_CHECKING:
    from typing import Literal, Self, Unpack

    from typing_extensions import Buffer


class How(TypedDict, total=False):
    """How an object is opened."""

    access: Literal["auto", "s3", "https"]
    """For what is in a bucket and at its archive: S3 within the bucket's region, HTTPS from elsewhere; or one of them."""
    connections: int
    """Most requests at once: 8."""
    memory: int
    """Most bytes that are kept in memory of each object: 64 MiB. All together keep 512 MiB."""
    on_disk: bool | str | os.PathLike[str]
    """Whether what came is kept on disk for other processes and later, and in which folder."""
    keys: str | None
    """Who reads a bucket: `"account"`, `"anybody"`, an archive such as `"NSIDC"`, or the address that gives keys."""
    region: str | None
    """Where a bucket of S3 is, if you know."""
    requester_pays: bool
    """Whether you pay for reading from S3."""
    payer: str | None
    """The project of Google Cloud that pays."""
    files: str | None
    """A pattern for the names of files, for items with several."""
    dataset: str
    """The dataset that it is counted for; that of an item is known."""


class Stats(TypedDict):
    """What was read of an object."""

    reads: int
    """Reads that were asked for."""
    requested: int
    """Their bytes."""
    hits: int
    """Reads that were answered from memory."""
    misses: int
    """Reads that had to wait."""
    fetches: int
    """Ranges that were asked for from afar because a read waited for them."""
    ahead: int
    """Ranges that were asked for before a read wanted them."""
    fetched: int
    """Bytes that came from afar."""
    from_disk: int
    """Bytes that came from the folder on disk."""
    unused: int
    """Bytes that came and that no read has asked for so far."""
    held: int
    """Bytes that are in memory now."""


USUAL: How = {
    "access": "auto",
    "connections": 8,
    "memory": 64 << 20,
    "on_disk": False,
    "keys": None,
    "region": None,
    "requester_pays": False,
    "payer": None,
    "files": None,
    "dataset": "",
}
"""How objects are opened unless said otherwise."""


def what(of: Item | str | os.PathLike[str]) -> Item | str:
    """An item, an address, or a path that means the same from everywhere on this machine."""
    if isinstance(of, Item):
        return of
    path = os.fspath(of)
    return path if "://" in path else str(Path(path).expanduser().absolute())


def how(given: How) -> dict[str, Any]:
    """All of how an object is opened."""
    unknown = given.keys() - USUAL.keys()
    if unknown:
        raise TypeError(f"there is no keyword {', '.join(sorted(unknown))}; there are {', '.join(USUAL)}")
    told: dict[str, Any] = {**USUAL, **given}
    on_disk = told["on_disk"]
    told["on_disk"] = None if on_disk is False else "" if on_disk is True else os.fspath(on_disk)
    return told


class File(io.RawIOBase):
    """An object as a file, wherever it is: for h5py, h5netcdf, xarray, rasterio, unmodified.

    It is an item that a search found, an address (`https://`, `s3://`, `gs://`), or a path. What is read is
    asked for by ranges and kept in memory; what will likely be read next is asked for ahead. Threads may
    share its `read_at`. Pickled, it says what it is of and who may read it, without secrets, and begins at
    the same position: a worker logs in by what it finds there.

    The class itself is what other packages call an opener: `rasterio.open(address, opener=frazil.File)`.
    """

    def __init__(
        self,
        of: Item | str | os.PathLike[str],
        mode: str = "rb",
        *,
        session: Session | None = None,
        **keywords: Unpack[How],
    ) -> None:
        super().__init__()
        if mode not in ("r", "rb"):
            raise ValueError(f"there is no mode {mode!r}: what lies elsewhere is read only, by \"rb\"")
        self._reader: Reader | None = Reader(what(of), session or _login.current(), how(keywords))
        self._position = 0

    @classmethod
    def _again(cls, reader: Reader, position: int) -> File:
        file = cls.__new__(cls)
        file._reader, file._position = reader, position
        return file

    def _open(self) -> Reader:
        if self._reader is None:
            raise ValueError("I/O operation on a closed file")
        return self._reader

    def __enter__(self) -> Self:
        # What is not there is told here, as rasterio expects it of an opener's files.
        self._open().length()
        return self

    @property
    def name(self) -> str:
        """Its address, without secrets."""
        return self._open().address

    @property
    def mode(self) -> str:
        """`rb`."""
        return "rb"

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self._open().length()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._open()
        if whence == io.SEEK_SET:
            start = 0
        elif whence == io.SEEK_CUR:
            start = self._position
        elif whence == io.SEEK_END:
            start = self.size
        else:
            raise ValueError(f"there is no whence {whence}")
        position = start + offset
        if position < 0:
            raise ValueError(f"{position} is before the first byte")
        self._position = position
        return position

    def tell(self) -> int:
        self._open()
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        count = max(0, self.size - self._position) if size is None or size < 0 else size
        data = self._open().read_at(self._position, count)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Buffer, /) -> int:
        count = self._open().read_into(self._position, memoryview(buffer).cast("B"))
        self._position += count
        return count

    def write(self, data: Buffer, /) -> int:
        raise io.UnsupportedOperation("what lies elsewhere is read only")

    def read_at(self, position: int, size: int) -> bytes:
        """Bytes from a position on, as many as there are up to `size`; the file's own position stays."""
        return self._open().read_at(position, size)

    def stats(self) -> Stats:
        """What was read of it so far, by whoever holds it in this process."""
        return self._open().stats()

    def close(self) -> None:
        self._reader = None
        super().close()

    def __reduce__(self) -> tuple[Any, ...]:
        return File._again, (self._open(), self._position)

    def __repr__(self) -> str:
        return f"<frazil.File {self._reader.address if self._reader is not None else 'closed'}>"
