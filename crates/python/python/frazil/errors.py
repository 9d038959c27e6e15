"""What can go wrong, by what it means. Each error has a note with what to do about it."""

from __future__ import annotations


class Error(Exception):
    """Something that frazil was asked for could not be done."""

    address: str | None
    """What was asked for, without secrets."""
    status: int | None
    """The HTTP status, where one decided."""
    passing: bool
    """Whether the same call may succeed later with nothing changed."""

    def __init__(
        self, message: str = "", *, address: str | None = None, status: int | None = None, passing: bool = False
    ) -> None:
        super().__init__(message)
        self.address = address
        self.status = status
        self.passing = passing


class InvalidError(Error, ValueError):
    """What was given cannot be asked for."""


class LoginError(Error):
    """There is no login, it is not known, or its token has ended."""


class NotAcceptedError(Error):
    """An application has still to be approved, or a licence to be accepted, on a page."""

    page: str
    """Where that is done, in a browser."""

    def __init__(
        self,
        message: str = "",
        *,
        page: str = "",
        address: str | None = None,
        status: int | None = None,
        passing: bool = False,
    ) -> None:
        super().__init__(message, address=address, status=status, passing=passing)
        self.page = page


class RefusedError(Error):
    """The service knows who asks, and says no; or the request is none for it."""


class NotFoundError(Error, FileNotFoundError, LookupError):
    """There is nothing at the address."""


class ChangedError(Error):
    """The object is no longer the one that was begun with."""


class UnavailableError(Error):
    """The service had no good answer, as often as it was asked."""


class NetworkError(Error):
    """No answer came, or only part of one, as often as it was asked for."""


class AnswerError(Error):
    """An answer came that is not what the protocol promises."""


class LostError(Error):
    """Workers of Dask, or the scheduler, were lost with what they were to do."""


class VersionError(Error):
    """What runs here and what runs on the workers of Dask are not the same versions."""


class DamagedError(Error):
    """The bytes that came are not those that were announced."""


class FileError(Error):
    """A file of this machine could not be read or written; its cause is Python's own `OSError`."""


class ClusterError(Error):
    """A Dask cluster is not as it has to be: it does not run, has ended, or takes longer."""


class DownloadError(Error):
    """Files are missing after a download; `errors` has why."""

    errors: tuple[Error, ...]
    """What went wrong, file by file."""

    def __init__(self, message: str = "", errors: tuple[Error, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors
