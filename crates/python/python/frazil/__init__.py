"""Earth-science data where it lies: log in, search, download, read, compute.

>>> import frazil
>>> frazil.login()
>>> granules = frazil.search_granules(short_name="ATL08", bounding_box=(-74.2, 40.5, -73.7, 41.0), count=5)
>>> frazil.download(granules[:3], "data").raise_for_failures()
>>> frazil.open(granules[0], group="/gt1l/land_segments")["latitude"][:10]
"""

from . import errors
from ._costs import CostWarning, prices
from ._cube import cube
from ._distribute import Distributed, Distribution, distribute, together
from ._download import Download, DownloadedFile, download
from ._file import File
from ._gateway import Cluster, Gateway, GatewayWarning, OnDemand
from ._gateways import gateways
from ._login import login
from ._native import VERSION as __version__
from ._native import Catalog, Collection, Item, Results, Service, Session, Task
from ._open import Dataset, Variable
from ._open import open as open
from ._search import (
    Place,
    open_catalog,
    search_collections,
    search_granules,
    search_services,
    search_stac,
    where,
)
from ._stats import IoStats, io_stats
from ._tasks import Mapped, compute, delayed
from ._tasks import map as map
from .errors import Error

__all__ = [
    "Catalog",
    "Cluster",
    "Collection",
    "CostWarning",
    "Dataset",
    "Distributed",
    "Distribution",
    "Download",
    "DownloadedFile",
    "Error",
    "File",
    "Gateway",
    "GatewayWarning",
    "IoStats",
    "Item",
    "Mapped",
    "OnDemand",
    "Place",
    "Results",
    "Service",
    "Session",
    "Task",
    "Variable",
    "__version__",
    "compute",
    "cube",
    "delayed",
    "distribute",
    "download",
    "errors",
    "gateways",
    "io_stats",
    "login",
    "map",
    "open",
    "open_catalog",
    "prices",
    "search_collections",
    "search_granules",
    "search_services",
    "search_stac",
    "together",
    "where",
]
