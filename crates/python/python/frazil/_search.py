"""Searches: NASA's catalogue, STAC, catalogues in files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _login, _names, _native, _parameters
from ._native import Catalog, Item, Results, Session

if TYPE_CHECKING:
    from typing import Unpack

    from ._keywords import CollectionKeywords, GranuleKeywords, ServiceKeywords, StacKeywords

OURS = {
    "granules": {"options", "sort_key", "exclude", "passes", "doi", "cloud_hosted"},
    "collections": {"options", "sort_key", "exclude"},
    "services": {"options", "sort_key"},
}
"""Keywords beside CMR's parameters: what it writes with brackets, and what is looked up first."""


def search_granules(
    *, count: int | None = None, session: Session | None = None, **parameters: Unpack[GranuleKeywords]
) -> Results[Item]:
    """Searches CMR for granules, at most `count`.

    Every parameter of CMR has its own name: `short_name`, `version`, `bounding_box=(w, s, e, n)`,
    `polygon=[(lon, lat), …]`, `temporal=("2023-05", "2023-06")`, `cloud_cover=(0, 20)`,
    `options={"readable_granule_name": {"pattern": True}}`. `doi` and `cloud_hosted` are looked up first.
    """
    return _cmr("granules", parameters, count, session)


def search_collections(
    *, count: int | None = None, session: Session | None = None, **parameters: Unpack[CollectionKeywords]
) -> Results[_native.Collection]:
    """Searches CMR for collections (datasets), at most `count`: `keyword="sea ice"`, `short_name="ATL08"`."""
    return _cmr("collections", parameters, count, session)


def search_services(
    *, count: int | None = None, session: Session | None = None, **parameters: Unpack[ServiceKeywords]
) -> Results[_native.Service]:
    """Searches CMR for services, at most `count`."""
    return _cmr("services", parameters, count, session)


def _cmr(kind: str, parameters: Any, count: int | None, session: Session | None) -> Results[Any]:
    known = {*_native.parameters(kind), *OURS[kind], "count", "session"}
    _names.check(f"search_{kind}()", parameters, known)
    used = session or _login._current
    return _native.search_cmr(kind, _parameters.of_cmr(parameters), _most(count), used)


def search_stac(name: str, *, count: int | None = None, **parameters: Unpack[StacKeywords]) -> Results[Item]:
    """Searches a STAC API, or walks through a static STAC catalogue, at most `count` items.

    It is named by its address, or as `"earth-search"` or `"planetary-computer"`.
    Parameters have the names of item search: `collections`, `ids`, `bbox`, `intersects`, `datetime`, `query`,
    `filter` (CQL2, as text or dict), `filter_crs`, `sortby`, `fields`; `limit` is the size of pages.
    """
    return open_catalog(name).search(count=count, **parameters)


def open_catalog(name: str | os.PathLike[str], **parameters: str) -> Catalog:
    """Opens a catalogue by its address or its path: STAC, Intake or intake-esm, whichever it is.
    `"earth-search"` and `"planetary-computer"` are known by name.

    Looping over it gives its items; `search()` those that fit. `parameters` are chosen for those that an
    Intake catalogue lets its reader choose.
    """
    return _native.open_catalog(os.fspath(name), parameters)


def _most(count: int | None) -> int | None:
    """earthaccess says -1 for all."""
    return None if count is None or count < 0 else count


@dataclass(frozen=True)
class Place:
    """Where data is, where this runs, and so which way is the right one."""

    here: str | None
    """The region of this machine, such as `aws/us-west-2`; None where nobody tells."""
    here_because: str
    """Who told, or who was asked in vain."""
    bucket: str | None
    """The bucket of the data, if it is in one."""
    region: str | None
    """The bucket's region."""
    access: str
    """`s3`, `https`, or `gs` for what is in Google Cloud Storage only."""
    because: str
    """Why."""


def where(
    what: Item | str, *, access: str = "auto", payer: str | None = None, session: Session | None = None
) -> Place:
    """Tells where an item or an address is, where this runs, and so whether S3 or HTTPS is the way.

    payer: the project that pays for asking Google Cloud Storage, of buckets whose owners do not.
    """
    return Place(**_native.place(what, session or _login._current, access, payer))
