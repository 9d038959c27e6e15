//! The parameters of CMR's search by their exact names, what they hold, and what may be said of them
//! ([CMR Search API](https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html)).

/// Concepts that a parameter is of; several are added.
pub(crate) const COLLECTIONS: u8 = 1;
pub(crate) const GRANULES: u8 = 2;
pub(crate) const SERVICES: u8 = 4;
const ALL: u8 = COLLECTIONS | GRANULES | SERVICES;
const DATA: u8 = COLLECTIONS | GRANULES;

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Holds {
    /// Any text that is not empty.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number between two.
    Whole(i64, i64),
    /// One number between two, or `LEAST,MOST` of such, one of which may be left out.
    Range(f64, f64),
    /// A moment.
    Moment,
    /// `START,END` of moments, one of which may be left out.
    Moments,
    /// The same with days of the year: `START,END,FIRST-DAY,LAST-DAY`.
    Temporal,
    /// `WEST,SOUTH,EAST,NORTH`.
    Box,
    /// `LONGITUDE,LATITUDE`.
    Point,
    /// `LONGITUDE,LATITUDE,…` of a ring.
    Polygon,
    /// `LONGITUDE,LATITUDE,…` of a line.
    Line,
    /// `LONGITUDE,LATITUDE,RADIUS` in metres.
    Circle,
    /// One of these, whatever the case.
    OneOf(&'static [&'static str]),
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    /// Which concepts it is of.
    pub(crate) of: u8,
    /// Whether it may be given more than once.
    pub(crate) many: bool,
}

const fn many(name: &'static str, holds: Holds, of: u8) -> Parameter {
    Parameter { name, holds, of, many: true }
}

const fn one(name: &'static str, holds: Holds, of: u8) -> Parameter {
    Parameter { name, holds, of, many: false }
}

use Holds::{Circle, Flag, Line, Moment, Moments, OneOf, Point, Polygon, Range, Temporal, Text, Whole};

/// Day and night as granules say them.
const DAY_NIGHT: &[&str] = &["DAY", "NIGHT", "BOTH", "UNSPECIFIED"];

/// Every parameter.
pub(crate) const PARAMETERS: &[Parameter] = &[
    many("concept_id", Text, ALL),
    many("native_id", Text, ALL),
    many("provider", Text, ALL),
    many("short_name", Text, DATA),
    many("version", Text, DATA),
    many("entry_title", Text, DATA),
    many("bounding_box", Holds::Box, DATA),
    many("point", Point, DATA),
    many("polygon", Polygon, DATA),
    many("line", Line, DATA),
    many("circle", Circle, DATA),
    many("temporal", Temporal, DATA),
    many("instrument", Text, DATA),
    many("platform", Text, DATA),
    many("sensor", Text, DATA),
    many("project", Text, DATA),
    many("campaign", Text, DATA),
    one("downloadable", Flag, DATA),
    one("online_only", Flag, DATA),
    one("browsable", Flag, DATA),
    one("browse_only", Flag, DATA),
    one("updated_since", Moment, DATA),
    many("revision_date", Moments, DATA),
    many("created_at", Moments, DATA),
    many("two_d_coordinate_system_name", Text, DATA),
    many("collection_concept_id", Text, GRANULES),
    many("echo_collection_id", Text, GRANULES),
    many("granule_ur", Text, GRANULES),
    many("producer_granule_id", Text, GRANULES),
    many("readable_granule_name", Text, GRANULES),
    one("cloud_cover", Range(-100.0, 100.0), GRANULES),
    many("day_night_flag", OneOf(DAY_NIGHT), GRANULES),
    many("day_night", OneOf(DAY_NIGHT), GRANULES),
    one("orbit_number", Range(0.0, 1e9), GRANULES),
    one("equator_crossing_longitude", Range(-180.0, 180.0), GRANULES),
    many("equator_crossing_date", Moments, GRANULES),
    many("production_date", Moments, GRANULES),
    many("attribute", Text, GRANULES),
    many("two_d_coordinate_system", Text, GRANULES),
    many("grid", Text, GRANULES),
    many("feature_id", Text, GRANULES),
    many("crid_id", Text, GRANULES),
    many("cycle", Whole(0, 100_000), GRANULES),
    many("keyword", Text, COLLECTIONS | SERVICES),
    many("entry_id", Text, COLLECTIONS),
    many("doi", Text, COLLECTIONS),
    one("cloud_hosted", Flag, COLLECTIONS),
    one("has_granules", Flag, COLLECTIONS),
    one("has_granules_or_cwic", Flag, COLLECTIONS),
    one("has_opendap_url", Flag, COLLECTIONS),
    one("include_granule_counts", Flag, COLLECTIONS),
    one("include_has_granules", Flag, COLLECTIONS),
    one("standard_product", Flag, COLLECTIONS),
    many("data_center", Text, COLLECTIONS),
    many("archive_center", Text, COLLECTIONS),
    many("author", Text, COLLECTIONS),
    many("consortium", Text, COLLECTIONS),
    many("processing_level_id", Text, COLLECTIONS),
    many("collection_data_type", Text, COLLECTIONS),
    many("granule_data_format", Text, COLLECTIONS),
    many("spatial_keyword", Text, COLLECTIONS),
    many("tag_key", Text, COLLECTIONS),
    many("service_name", Text, COLLECTIONS),
    many("service_concept_id", Text, COLLECTIONS),
    many("granules_created_at", Moments, COLLECTIONS),
    many("revised_at", Moments, COLLECTIONS),
    many("name", Text, SERVICES),
    many("type", Text, SERVICES),
];

/// What may be said of a parameter: `options[PARAMETER][OPTION]`.
pub(crate) const OPTIONS: &[&str] =
    &["pattern", "ignore_case", "and", "or", "exclude_boundary", "exclude_collection", "limit_to_granules"];

/// Parameters whose matches may be left out: `exclude[PARAMETER][]`.
pub(crate) const EXCLUDABLE: &[&str] = &["concept_id", "collection_concept_id", "echo_granule_id"];

/// Names that other programs and catalogues have for parameters.
pub(crate) const OTHER_NAMES: &[(&str, &str)] = &[
    ("bbox", "bounding_box"),
    ("datetime", "temporal"),
    ("time", "temporal"),
    ("date", "temporal"),
    ("granule_name", "readable_granule_name"),
    ("id", "concept_id"),
    ("collection", "short_name"),
    ("dataset", "short_name"),
    ("daac", "provider"),
    ("orbit", "orbit_number"),
];

/// Parameters whose names have parts in brackets.
pub(crate) const UNLISTED: [&str; 4] = ["passes", "options", "exclude", "sort_key"];

/// Parameters that frazil sets itself.
pub(crate) const OURS: &[&str] =
    &["page_size", "page_num", "offset", "scroll", "search_after", "token", "pretty"];

/// Parameters of which a search for granules needs one: CMR does not look through all granules.
pub(crate) const NAMING: &[&str] = &[
    "concept_id",
    "collection_concept_id",
    "echo_collection_id",
    "short_name",
    "version",
    "provider",
    "entry_title",
    "doi",
];

/// What results may be sorted by, a `-` before it for the greatest first.
pub(crate) fn sort_keys(of: u8) -> &'static [&'static str] {
    match of {
        COLLECTIONS => &[
            "short_name",
            "entry_title",
            "dataset_id",
            "start_date",
            "end_date",
            "platform",
            "instrument",
            "sensor",
            "provider",
            "revision_date",
            "score",
            "has_granules",
            "has_granules_or_cwic",
            "usage_score",
            "ongoing",
            "entry_id",
            "short_name",
            "version",
            "create-data-date",
        ],
        GRANULES => &[
            "campaign",
            "entry_title",
            "dataset_id",
            "data_size",
            "end_date",
            "granule_ur",
            "producer_granule_id",
            "project",
            "provider",
            "readable_granule_name",
            "short_name",
            "start_date",
            "version",
            "platform",
            "instrument",
            "sensor",
            "day_night_flag",
            "online_only",
            "downloadable",
            "browsable",
            "cloud_cover",
            "revision_date",
        ],
        _ => &["name", "long_name", "provider", "revision_date"],
    }
}

/// A parameter of a concept by its name.
pub(crate) fn parameter(name: &str, of: u8) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name && parameter.of & of != 0)
}
