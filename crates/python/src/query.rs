//! Keywords of Python as searches. They come as names and texts, which the package's Python makes of
//! tuples, dates and the like.

use std::collections::BTreeMap;

use frazil_data::Error;
use frazil_data::cmr::{Concept, Query};
use frazil_data::geo::{Bbox, Geometry};
use frazil_data::stac::{Filter, SortBy, StacQuery, Wanted};
use frazil_data::times::Interval;
use pyo3::prelude::*;
use serde_json::{Map, Value};

use crate::error::{check_keywords, invalid, raised};

/// Where the parameters of item search are told.
const STAC: &str = "STAC's parameters: https://github.com/radiantearth/stac-api-spec/tree/main/item-search";
/// The parameters of item search.
const PARAMETERS: [&str; 11] = [
    "collections",
    "ids",
    "bbox",
    "intersects",
    "datetime",
    "query",
    "filter",
    "filter_crs",
    "sortby",
    "fields",
    "limit",
];
/// Those by which a walk through a static catalogue chooses.
const OF_WALKS: [&str; 4] = ["collections", "ids", "bbox", "datetime"];

/// A search of CMR.
pub(crate) fn cmr<C: Concept>(py: Python<'_>, pairs: &[(String, String)]) -> PyResult<Query<C>> {
    let query = pairs.iter().fold(Query::<C>::new(), |query, (name, text)| query.set(name, text));
    let Err(problems) = query.check() else { return Ok(query) };
    Err(raised(
        py,
        Error::Invalid {
            what: problems.to_string(),
            advice: "CMR's parameters: https://cmr.earthdata.nasa.gov/search/site/docs/search/api.html"
                .to_owned(),
        },
    ))
}

/// A search of STAC, by the names of item search.
pub(crate) fn stac(py: Python<'_>, keywords: &Map<String, Value>) -> PyResult<StacQuery> {
    check_keywords(py, "a search of a STAC API", keywords, &PARAMETERS)?;
    let mut query = StacQuery::new();
    for (name, value) in keywords {
        let wrong = |what: String| invalid(py, format!("{name}: {what}"), STAC);
        match name.as_str() {
            "collections" => query.collections = texts(value),
            "ids" => query.ids = texts(value),
            "bbox" => query.bbox = Some(bbox(value).ok_or_else(|| wrong("four numbers are due".to_owned()))?),
            "intersects" => {
                let shape = value.get("geometry").unwrap_or(value);
                let shape = Geometry::from_geojson(shape).map_err(|error| wrong(error.to_string()))?;
                query.intersects = Some(shape);
            }
            "datetime" => query.datetime = Some(interval(value).map_err(wrong)?),
            "limit" => {
                let due = || wrong("a whole number from 1 on is due".to_owned());
                query.page_size = Some(page_size(value).ok_or_else(due)?);
            }
            "query" => {
                let conditions = value.as_object().ok_or_else(|| wrong("a dict is due".to_owned()))?;
                query.query.clone_from(conditions);
            }
            "filter" => query.filter = Some(filter(value).map_err(wrong)?),
            "filter_crs" => query.filter_crs = value.as_str().map(str::to_owned),
            "sortby" => query.sort_by = texts(value).iter().map(|key| SortBy::parse(key)).collect(),
            // What is none was refused above, so this is `fields`.
            _ => fields(&mut query, value),
        }
    }
    match query.problems() {
        problems if problems.is_empty() => Ok(query),
        problems => Err(invalid(py, format!("the search cannot be asked: {}", problems.join("; ")), STAC)),
    }
}

/// What of a static STAC catalogue is wanted.
pub(crate) fn wanted(py: Python<'_>, keywords: &Map<String, Value>) -> PyResult<Wanted> {
    check_keywords(py, "a walk through a static STAC catalogue", keywords, &OF_WALKS)?;
    let query = stac(py, keywords)?;
    Ok(Wanted { collections: query.collections, ids: query.ids, bbox: query.bbox, datetime: query.datetime })
}

/// The values of columns that are wanted.
pub(crate) fn columns(keywords: &Map<String, Value>) -> BTreeMap<String, Vec<String>> {
    keywords.iter().map(|(name, value)| (name.clone(), texts(value))).collect()
}

/// One text or several.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

fn bbox(value: &Value) -> Option<Bbox> {
    let Some(text) = value.as_str() else { return Bbox::from_geojson(value) };
    let numbers: Option<Vec<Value>> =
        text.split(',').map(|part| part.trim().parse::<f64>().ok().map(Value::from)).collect();
    Bbox::from_geojson(&numbers?.into())
}

fn page_size(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok().filter(|size| *size > 0)
}

fn interval(value: &Value) -> Result<Interval, String> {
    Interval::parse(value.as_str().ok_or("a text, a date or two are due")?)
}

fn filter(value: &Value) -> Result<Filter, String> {
    match value.as_str() {
        Some(text) => Filter::parse(text),
        None => Ok(Filter::Json(value.clone())),
    }
}

fn fields(query: &mut StacQuery, value: &Value) {
    if value.is_object() {
        let of = |key: &str| value.get(key).map(texts).unwrap_or_default();
        (query.include, query.exclude) = (of("include"), of("exclude"));
        return;
    }
    for field in texts(value) {
        match field.strip_prefix('-') {
            Some(left) => query.exclude.push(left.to_owned()),
            None => query.include.push(field.trim_start_matches('+').to_owned()),
        }
    }
}
