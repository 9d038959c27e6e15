"""Logging in: the places where a login is found, and the person at the keyboard."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from typing import Literal

from ._native import Session
from .errors import FileError, LoginError

System = Literal["prod", "uat"]
Strategy = Literal["environment", "netrc", "interactive", "token"]

_current: Session | None = None


def login(
    strategy: Strategy | None = None, *, persist: bool = False, system: System = "prod"
) -> Session:
    """Logs in to Earthdata, and makes that the login of this process.

    Without a strategy, the environment (`EARTHDATA_TOKEN`, or `EARTHDATA_USERNAME` and
    `EARTHDATA_PASSWORD`) and `.netrc` are looked at, then the person is asked if there is one. `"token"`
    asks for a token instead of a password. What is typed is not shown; with `persist`, name and password
    are kept in `.netrc`, which only you can read, and Dask workers on this machine find them there.
    """
    global _current
    session = _find(strategy, system)
    if persist:
        # Asked first: a wrong password does not take the place of the right one.
        session.status()
        session = session._kept()
    for words in session._warnings():
        warnings.warn(words, stacklevel=2)
    session.status()
    _current = session
    return session


def current() -> Session | None:
    """The login of this process, or the one that its surroundings hold, without asking anyone."""
    if _current is not None:
        return _current
    try:
        return Session._find(["environment", "netrc"], "prod")
    except LoginError:
        return None
    except FileError as error:
        warnings.warn(f"nobody is logged in: {error}", stacklevel=3)
        return None


def _find(strategy: Strategy | None, system: System) -> Session:
    if strategy is None:
        try:
            return Session._find(["environment", "netrc"], system)
        except LoginError:
            if not _someone_is_there():
                raise
            strategy = "interactive"
    if strategy == "interactive":
        name = input("Earthdata user name: ")
        return Session._with_password(name, getpass.getpass("Earthdata password: "), system)
    if strategy == "token":
        token = os.environ.get("EARTHDATA_TOKEN")
        if token:
            return Session._find(["environment"], system)
        return Session._with_token(getpass.getpass("Earthdata token: "), system)
    return Session._find([strategy], system)


def _someone_is_there() -> bool:
    """Whether questions reach a person: at a terminal, or in a notebook whose front end takes answers."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()
