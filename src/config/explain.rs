//! What a key of the hub file means: for `frazil explain`.

use serde::Serialize;
use serde_json::Value;

use super::flow::flow;
use super::load::HubDocument;
use super::lower::join;
use super::schema;
use crate::nearest::{nearest, one_of};

/// All there is to say about a key.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The key's path.
    pub key: String,
    /// Its type in words.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it means.
    pub description: String,
    /// Its default; `None` when it is required or has none.
    pub default: Option<Value>,
    /// Whether the file has to say it.
    pub required: bool,
    /// An example of its value.
    pub example: Value,
    /// The words it can be, or the keys below it, each with its meaning.
    pub below: Vec<KeySummary>,
    /// Its value in the given file, and where it comes from.
    pub value: Option<Found>,
}

/// A key or word in one line.
#[derive(Clone, Debug, Serialize)]
pub struct KeySummary {
    /// The key or word.
    pub key: String,
    /// Its type in words; empty for a word.
    #[serde(rename = "type")]
    pub kind: String,
    /// The first sentence of its meaning.
    pub summary: String,
    /// Whether the file has to say it.
    pub required: bool,
}

/// A value and where it comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The value.
    pub value: Value,
    /// `FILE:LINE:COLUMN`, or `default`.
    pub from: String,
}

/// The top-level keys.
pub fn keys() -> Vec<KeySummary> {
    below(schema::reader_schema())
}

/// Explains a key such as `sizes.memory` or `provider.aws.region`.
///
/// # Errors
/// When there is no such key; the text names the nearest.
pub fn explain(path: &str, document: Option<&HubDocument>) -> Result<Explanation, String> {
    let mut at = schema::reader_schema();
    let mut required = true;
    let mut walked = String::new();
    for step in steps(path) {
        let (next, needed) = descend(at, step).ok_or_else(|| unknown(at, step, &walked))?;
        (at, required) = (next, needed);
        walked = join(&walked, step);
    }
    let inner = schema::without_null(at);
    let described = |schema: &Value| schema.get("description").and_then(Value::as_str).map(str::to_owned);
    Ok(Explanation {
        key: walked,
        kind: kind(inner),
        description: described(at).or_else(|| described(inner)).unwrap_or_default(),
        default: at.get("default").cloned().and_then(schema::said),
        required,
        example: schema::shown_example(at),
        below: below(inner),
        value: document.and_then(|document| found(path, document)),
    })
}

/// The keys of a path; indexes such as `[0]` are skipped.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').map(|step| step.split('[').next().unwrap_or(step)).filter(|step| !step.is_empty())
}

fn descend<'a>(schema: &'a Value, key: &str) -> Option<(&'a Value, bool)> {
    let schema = schema::without_null(schema);
    if let Some(below) = schema::properties(schema).and_then(|keys| keys.get(key)) {
        return Some((below, schema::requires(schema, key)));
    }
    if let Some(items) = schema.get("items") {
        return descend(items, key);
    }
    if let Some(variants) = schema.as_object().and_then(schema::choice) {
        return variants.iter().find(|variant| variant.name == key).map(|variant| (variant.schema, false));
    }
    let (_, values) = schema::map_of(schema);
    values.is_object().then_some((values, false))
}

fn unknown(schema: &Value, step: &str, walked: &str) -> String {
    let known: Vec<_> = below(schema::without_null(schema)).into_iter().map(|summary| summary.key).collect();
    let names: Vec<_> = known.iter().map(String::as_str).collect();
    let place = if walked.is_empty() { "the hub file".to_owned() } else { format!("`{walked}`") };
    match nearest(step, &names) {
        Some(name) => format!("{place} has no key `{step}`; did you mean `{}`?", join(walked, name)),
        None => format!("{place} has no key `{step}`; known: {}", names.join(", ")),
    }
}

fn below(schema: &Value) -> Vec<KeySummary> {
    let schema = schema.get("items").unwrap_or(schema);
    if let Some(keys) = schema::properties(schema) {
        return keys
            .iter()
            .map(|(key, below)| {
                let inner = schema::without_null(below);
                let text =
                    below.get("description").or_else(|| inner.get("description")).and_then(Value::as_str);
                summary(key, kind(inner), text, schema::requires(schema, key))
            })
            .collect();
    }
    let Some(object) = schema.as_object() else {
        return Vec::new();
    };
    if let Some(variants) = schema::choice(object) {
        return variants.iter().map(|v| summary(v.name, kind(v.schema), v.description, false)).collect();
    }
    let words = schema::words(object).unwrap_or_default();
    words.into_iter().map(|(word, meaning)| summary(word, String::new(), meaning, false)).collect()
}

fn summary(key: &str, kind: String, text: Option<&str>, required: bool) -> KeySummary {
    let text = text.unwrap_or_default();
    let end = text.find(". ").map_or(text.len(), |end| end + 1);
    KeySummary { key: key.to_owned(), kind, summary: text[..end].replace('\n', " "), required }
}

/// A schema's type in words.
fn kind(schema: &Value) -> String {
    if let Some(object) = schema.as_object() {
        if let Some(ways) = schema::choice(object) {
            return alternatives(ways.iter().map(|way| way.name));
        }
        if let Some(words) = schema::words(object) {
            return alternatives(words.iter().map(|(word, _)| *word));
        }
    }
    match (schema::type_name(schema), schema.get("format").and_then(Value::as_str)) {
        (Some("string"), Some("bytes")) => "memory with unit".to_owned(),
        (Some("string"), Some("duration")) => "length of time with unit".to_owned(),
        (Some("string"), Some(format)) => format.replace('-', " "),
        (Some("string"), None) => "text".to_owned(),
        (Some("integer"), _) => ranged("whole number", schema),
        (Some("number"), _) => ranged("number", schema),
        (Some("boolean"), _) => "true or false".to_owned(),
        (Some("array"), _) => list_kind(schema),
        (Some("object"), _) if schema::properties(schema).is_some() => "mapping".to_owned(),
        (Some("object"), _) => "mapping by name".to_owned(),
        _ => "anything".to_owned(),
    }
}

fn list_kind(schema: &Value) -> String {
    match schema.get("items").map_or_else(|| "anything".to_owned(), kind).as_str() {
        "mapping" => "list of mappings".to_owned(),
        "text" => "list of texts".to_owned(),
        item if item.ends_with("name") || item == "zone" => format!("list of {item}s"),
        item => format!("list of {item}"),
    }
}

/// Words as alternatives: "a, b or c".
fn alternatives<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.collect();
    if words.len() > 4 {
        format!("one of {}, see below", words.len())
    } else {
        one_of(&words).replace('`', "")
    }
}

fn ranged(what: &str, schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => format!("{what} from {} to {}", flow(low), flow(high)),
        _ => what.to_owned(),
    }
}

fn found(path: &str, document: &HubDocument) -> Option<Found> {
    let whole = serde_json::to_value(&document.hub).ok()?;
    let pointer: String =
        path.replace('[', ".").replace(']', "").split('.').map(|step| format!("/{step}")).collect();
    let value = schema::said(whole.pointer(&pointer)?.clone()).unwrap_or_default();
    let from = document.position(path).map_or_else(
        || "default".to_owned(),
        |(line, column)| format!("{}:{line}:{column}", document.path.display()),
    );
    Some(Found { value, from })
}
