//! What is asked of a STAC API: the parameters of item search and of its extensions fields, sort, query and
//! filter.

use serde_json::{Map, Value, json};

use super::filter::Filter;
use crate::error::Error;
use crate::geo::{Bbox, Geometry, problems_of_position};
use crate::times::Interval;

/// The largest page that the specification allows.
const LARGEST_PAGE: usize = 10_000;

/// A property to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// The property, such as `properties.datetime`.
    pub field: String,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl SortBy {
    /// Reads `FIELD`, `+FIELD` or `-FIELD`.
    pub fn parse(text: &str) -> Self {
        let descending = text.starts_with('-');
        Self { field: text.trim_start_matches(['+', '-']).to_owned(), descending }
    }
}

/// A search for items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StacQuery {
    /// Only of these collections.
    pub collections: Vec<String>,
    /// Only these items.
    pub ids: Vec<String>,
    /// Only what meets a box.
    pub bbox: Option<Bbox>,
    /// Only what meets a shape; not together with `bbox`.
    pub intersects: Option<Geometry>,
    /// Only what meets a span of time.
    pub datetime: Option<Interval>,
    /// How many items a page has; the service may give fewer. By default as the service likes.
    pub page_size: Option<usize>,
    /// Fields that items have to have.
    pub include: Vec<String>,
    /// Fields that items need not have.
    pub exclude: Vec<String>,
    /// The order.
    pub sort_by: Vec<SortBy>,
    /// Conditions of the query extension: `{"eo:cloud_cover": {"lt": 10}}`.
    pub query: Map<String, Value>,
    /// A filter in CQL2.
    pub filter: Option<Filter>,
    /// The coordinates of the filter's shapes; longitude and latitude when nothing is said.
    pub filter_crs: Option<String>,
}

impl StacQuery {
    /// A query for everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that is wrong with the query, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.bbox.is_some() && self.intersects.is_some() {
            problems.push("a search is in a box or in a shape, not in both".to_owned());
        }
        if let Some(bbox) = self.bbox {
            problems.extend(bbox.problems().into_iter().map(|problem| format!("bbox: {problem}")));
        }
        if let Some(extent) = self.intersects.as_ref().and_then(Geometry::extent) {
            for position in [[extent.west, extent.south], [extent.east, extent.north]] {
                let wrong = problems_of_position(position);
                problems.extend(wrong.into_iter().map(|problem| format!("intersects: {problem}")));
            }
        }
        if let Some(Interval { start, end }) = self.datetime {
            match (start, end) {
                (None, None) => problems.push("datetime: it has neither a start nor an end".to_owned()),
                (Some(start), Some(end)) if start > end => {
                    problems.push(format!("datetime: it ends ({end}) before it starts ({start})"));
                }
                _ => {}
            }
        }
        if self.page_size == Some(0) {
            problems.push("a page needs one item".to_owned());
        }
        for (name, condition) in &self.query {
            if !condition.is_object() {
                problems.push(format!("query: `{name}` needs a condition such as {{\"lt\": 10}}"));
            }
        }
        for sort in self.sort_by.iter().filter(|sort| sort.field.is_empty()) {
            let sign = if sort.descending { "-" } else { "+" };
            problems.push(format!("sortby: `{sign}` names no field"));
        }
        problems.extend(self.filter.iter().flat_map(Filter::problems));
        problems
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let problems = self.problems();
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::Invalid {
            what: format!("the search cannot be asked: {}", problems.join("; ")),
            advice: "STAC's parameters: https://github.com/radiantearth/stac-api-spec/tree/main/item-search"
                .to_owned(),
        })
    }

    /// The query as the body of a `POST`.
    pub fn to_body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        if !self.collections.is_empty() {
            put("collections", json!(self.collections));
        }
        if !self.ids.is_empty() {
            put("ids", json!(self.ids));
        }
        if let Some(bbox) = self.bbox {
            put("bbox", json!(bbox.edges()));
        }
        if let Some(shape) = &self.intersects {
            put("intersects", shape.to_geojson());
        }
        if let Some(span) = self.datetime {
            put("datetime", span.with_slash().into());
        }
        if let Some(size) = self.page_size {
            put("limit", size.min(LARGEST_PAGE).into());
        }
        if !self.include.is_empty() || !self.exclude.is_empty() {
            put("fields", json!({ "include": self.include, "exclude": self.exclude }));
        }
        if !self.sort_by.is_empty() {
            let sorts = self.sort_by.iter().map(|sort| {
                let direction = if sort.descending { "desc" } else { "asc" };
                json!({ "field": sort.field, "direction": direction })
            });
            put("sortby", sorts.collect());
        }
        if !self.query.is_empty() {
            put("query", Value::Object(self.query.clone()));
        }
        if let Some(filter) = &self.filter {
            let written = match filter {
                Filter::Text(text) => text.clone().into(),
                Filter::Json(value) => value.clone(),
            };
            put("filter", written);
            put("filter-lang", filter.language().into());
        }
        if let Some(crs) = &self.filter_crs {
            put("filter-crs", crs.clone().into());
        }
        body
    }

    /// The query as the parameters of a `GET`.
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let signed = |sort: &SortBy| format!("{}{}", if sort.descending { "-" } else { "+" }, sort.field);
        let mut pairs = Vec::new();
        for (name, value) in self.to_body() {
            let written = match name.as_str() {
                "sortby" => self.sort_by.iter().map(signed).collect::<Vec<_>>().join(","),
                "fields" => {
                    let without = self.exclude.iter().map(|field| format!("-{field}"));
                    self.include.iter().cloned().chain(without).collect::<Vec<_>>().join(",")
                }
                _ => text_of(&value),
            };
            pairs.push((name, written));
        }
        pairs
    }
}

/// A value of a body as the value of a parameter: lists with commas, objects as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
