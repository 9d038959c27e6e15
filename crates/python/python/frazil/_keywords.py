"""Keywords of searches and what they hold. Each has the exact name of the catalogue's own parameter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

Text = str | Sequence[str]
"""One text, or several of which one has to be."""
Moment = str | dt.date
"""A moment as ISO 8601, or as Python's own."""
Span = str | tuple[Moment | None, Moment | None] | Sequence[str | tuple[Moment | None, Moment | None]]
"""A start and an end, either of which may be None."""
Number = int | float | str
Range = Number | tuple[Number | None, Number | None]
"""One number, or a least and a most."""
Box = tuple[float, float, float, float]
Position = tuple[float, float]


class _All(TypedDict, total=False):
    concept_id: Text | None
    native_id: Text | None
    provider: Text | None
    options: Mapping[str, Mapping[str, bool]] | None
    sort_key: Text | None


class _Data(_All, total=False):
    short_name: Text | None
    version: Text | None
    entry_title: Text | None
    doi: Text | None
    cloud_hosted: bool | None
    bounding_box: str | Box | Sequence[Box] | Sequence[float] | None
    point: str | Position | Sequence[Position] | None
    polygon: str | Sequence[float] | Sequence[Position] | Sequence[Sequence[Position]] | None
    line: str | Sequence[float] | Sequence[Position] | Sequence[Sequence[Position]] | None
    circle: str | tuple[float, float, float] | Sequence[tuple[float, float, float]] | None
    temporal: Span | None
    instrument: Text | None
    platform: Text | None
    sensor: Text | None
    project: Text | None
    campaign: Text | None
    downloadable: bool | None
    online_only: bool | None
    browsable: bool | None
    browse_only: bool | None
    updated_since: Moment | None
    revision_date: Span | None
    created_at: Span | None
    two_d_coordinate_system_name: Text | None
    exclude: Mapping[str, Text] | None


class GranuleKeywords(_Data, total=False):
    """Keywords of `search_granules`."""

    collection_concept_id: Text | None
    echo_collection_id: Text | None
    granule_ur: Text | None
    producer_granule_id: Text | None
    readable_granule_name: Text | None
    cloud_cover: Range | None
    day_night_flag: Text | None
    day_night: Text | None
    orbit_number: Range | None
    equator_crossing_longitude: Range | None
    equator_crossing_date: Span | None
    production_date: Span | None
    attribute: Text | None
    two_d_coordinate_system: Text | None
    grid: Text | None
    feature_id: Text | None
    crid_id: Text | None
    cycle: int | Sequence[int] | None
    passes: Sequence[Mapping[str, Any]] | None


class CollectionKeywords(_Data, total=False):
    """Keywords of `search_collections`."""

    keyword: Text | None
    entry_id: Text | None
    has_granules: bool | None
    has_granules_or_cwic: bool | None
    has_opendap_url: bool | None
    include_granule_counts: bool | None
    include_has_granules: bool | None
    standard_product: bool | None
    data_center: Text | None
    archive_center: Text | None
    author: Text | None
    consortium: Text | None
    processing_level_id: Text | None
    collection_data_type: Text | None
    granule_data_format: Text | None
    spatial_keyword: Text | None
    tag_key: Text | None
    service_name: Text | None
    service_concept_id: Text | None
    granules_created_at: Span | None
    revised_at: Span | None


class ServiceKeywords(_All, total=False):
    """Keywords of `search_services`."""

    keyword: Text | None
    name: Text | None
    type: Text | None


class StacKeywords(TypedDict, total=False):
    """Keywords of `search_stac`."""

    collections: Text | None
    ids: Text | None
    bbox: str | Sequence[float] | None
    intersects: Any
    datetime: Span | None
    query: Mapping[str, Mapping[str, Any]] | None
    filter: str | Mapping[str, Any] | None
    filter_crs: str | None
    sortby: Text | Sequence[Mapping[str, str]] | None
    fields: Text | Mapping[str, Sequence[str]] | None
    limit: int | None
