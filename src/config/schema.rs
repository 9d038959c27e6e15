//! The hub file's JSON Schema, made from its types; also what the reader and
//! `frazil explain` go by, so that all three agree.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::model::HubFile;

static SCHEMA: LazyLock<Value> = LazyLock::new(generate);

/// The JSON Schema (draft 2020-12) of a hub file.
pub fn hub_schema() -> &'static Value {
    &SCHEMA
}

fn generate() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<HubFile>().to_value();
    add_short_forms(&mut schema);
    schema["title"] = json!("A frazil hub file");
    schema
}

/// Lets `provider: local` stand for `provider: { local: {} }`, wherever a choice needs nothing more said.
fn add_short_forms(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(add_short_forms);
            let short = choice(object).map(|variants| short_forms(&variants)).unwrap_or_default();
            if let Some(variants) = object.get_mut("oneOf").and_then(Value::as_array_mut) {
                variants.extend(short);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(add_short_forms),
        _ => {}
    }
}

fn short_forms(variants: &[Variant<'_>]) -> Vec<Value> {
    let needs_nothing = |variant: &Variant<'_>| {
        variant.schema.get("type") == Some(&json!("object")) && variant.schema.get("required").is_none()
    };
    variants
        .iter()
        .filter(|variant| needs_nothing(variant))
        .map(|variant| json!({ "const": variant.name, "description": variant.schema.get("description") }))
        .collect()
}

/// One way of a choice such as `provider`: its key and the schema of what stands below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant<'a> {
    /// The key.
    pub name: &'a str,
    /// What stands below the key.
    pub schema: &'a Value,
    /// What the way means.
    pub description: Option<&'a str>,
}

/// The ways of a choice: a schema whose alternatives are objects of exactly one key.
pub(super) fn choice(schema: &Map<String, Value>) -> Option<Vec<Variant<'_>>> {
    let variants = schema.get("oneOf")?.as_array()?;
    let found: Vec<_> = variants.iter().filter_map(variant).collect();
    (!found.is_empty()).then_some(found)
}

fn variant(schema: &Value) -> Option<Variant<'_>> {
    let properties = schema.get("properties")?.as_object()?;
    let (name, below) = properties.iter().next().filter(|_| properties.len() == 1)?;
    Some(Variant { name, schema: below, description: schema.get("description").and_then(Value::as_str) })
}

/// The words of an enumeration, each with its meaning.
pub(super) fn words(schema: &Map<String, Value>) -> Option<Vec<(&str, Option<&str>)>> {
    if let Some(plain) = schema.get("enum").and_then(Value::as_array) {
        return Some(plain.iter().filter_map(Value::as_str).map(|word| (word, None)).collect());
    }
    let variants = schema.get("oneOf")?.as_array()?;
    let found: Vec<_> = variants
        .iter()
        .filter_map(|variant| {
            let word = variant.get("const")?.as_str()?;
            Some((word, variant.get("description").and_then(Value::as_str)))
        })
        .collect();
    (!found.is_empty() && choice(schema).is_none()).then_some(found)
}

/// A schema without the part that allows `null`: an absent key means the same.
pub(super) fn without_null(schema: &Value) -> &Value {
    let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) else {
        return schema;
    };
    let is_null = |schema: &&Value| schema.get("type") == Some(&json!("null"));
    match alternatives.iter().find(|alternative| !is_null(alternative)) {
        Some(other) if alternatives.iter().any(|alternative| is_null(&alternative)) => other,
        _ => schema,
    }
}

/// The schema's type name, `null` left aside.
pub(super) fn type_name(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// The keys of an object schema.
pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// Whether an object schema asks for a key.
pub(super) fn requires(schema: &Value, key: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|keys| keys.iter().any(|k| k == key))
}

/// An example of a value: the schema's own, its default, or its first word.
pub(super) fn example(schema: &Value) -> Value {
    let inner = without_null(schema);
    let own = |schema: &Value| schema.get("examples").and_then(|examples| examples.get(0)).cloned();
    let empty = json!([]);
    let default = schema.get("default").filter(|value| !value.is_null() && **value != empty).cloned();
    if let Some(value) = own(schema).or_else(|| own(inner)).or(default) {
        return value;
    }
    if let Some(object) = inner.as_object() {
        if let Some((word, _)) = words(object).and_then(|words| words.first().copied()) {
            return json!(word);
        }
        if let Some(first) = choice(object).and_then(|variants| variants.first().copied()) {
            return json!({ first.name: example(first.schema) });
        }
    }
    match type_name(inner) {
        Some("object") => required_example(inner),
        Some("array") => inner.get("items").map_or_else(|| json!([]), |items| json!([example(items)])),
        Some("boolean") => json!(true),
        Some("integer" | "number") => inner.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        _ => json!("text"),
    }
}

fn required_example(schema: &Value) -> Value {
    let Some(keys) = properties(schema) else {
        return json!({});
    };
    let required = keys.iter().filter(|(key, _)| requires(schema, key));
    Value::Object(required.map(|(key, below)| (key.clone(), example(below))).collect())
}
