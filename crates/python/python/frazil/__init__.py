"""Earth-science data where it lies: log in, search, download.

>>> import frazil
>>> frazil.login()
>>> granules = frazil.search_granules(short_name="ATL08", bounding_box=(-74.2, 40.5, -73.7, 41.0), count=5)
>>> frazil.download(granules[:3], "data").raise_for_failures()
"""

from . import errors
from ._download import Download, File, download
from ._login import login
from ._native import VERSION as __version__
from ._native import Catalog, Collection, Item, Results, Service, Session
from ._search import (
    Place,
    open_catalog,
    search_collections,
    search_granules,
    search_services,
    search_stac,
    where,
)
from .errors import Error

__all__ = [
    "Catalog",
    "Collection",
    "Download",
    "Error",
    "File",
    "Item",
    "Place",
    "Results",
    "Service",
    "Session",
    "__version__",
    "download",
    "errors",
    "login",
    "open_catalog",
    "search_collections",
    "search_granules",
    "search_services",
    "search_stac",
    "where",
]
