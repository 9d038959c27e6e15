//! The hub file's JSON Schema, made from its types. The reader and `frazil
//! explain` go by it; editors get it with `null` allowed for every key that can
//! be left empty, which the reader does by itself.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::model::HubFile;
use super::secret::SecretRef;

static SCHEMA: LazyLock<Value> = LazyLock::new(generate);
static FOR_EDITORS: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = generate();
    allow_empty(&mut schema);
    schema
});

/// The JSON Schema (draft 2020-12) of a hub file, as it is published.
pub fn hub_schema() -> &'static Value {
    &FOR_EDITORS
}

/// The schema that the reader goes by.
pub(super) fn reader_schema() -> &'static Value {
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
    variants
        .iter()
        .filter(|variant| needs_nothing(variant.schema))
        .map(|variant| json!({ "const": variant.name, "description": variant.schema.get("description") }))
        .collect()
}

/// Allows `null` wherever the reader takes an empty value.
fn allow_empty(schema: &mut Value) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |key: &str| required.as_array().is_some_and(|keys| keys.iter().any(|k| k == key));
    if let Some(keys) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (key, below) in keys {
            allow_empty(below);
            if !is_required(key) || needs_nothing(below) {
                or_null(below);
            }
        }
    }
    if let Some(below) = schema.get_mut("additionalProperties").filter(|below| below.is_object()) {
        allow_empty(below);
        if needs_nothing(below) || type_name(below) == Some("array") {
            or_null(below);
        }
    }
    if let Some(items) = schema.get_mut("items") {
        allow_empty(items);
    }
    for list in ["oneOf", "anyOf"] {
        let alternatives = schema.get_mut(list).and_then(Value::as_array_mut);
        alternatives.into_iter().flatten().for_each(allow_empty);
    }
}

fn or_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let nothing = json!({ "type": "null" });
    for list in ["anyOf", "oneOf"] {
        if let Some(alternatives) = object.get_mut(list).and_then(Value::as_array_mut) {
            if !alternatives.contains(&nothing) {
                alternatives.push(nothing);
            }
            return;
        }
    }
    if let Some(name) = object.get("type").filter(|kind| kind.is_string()).cloned() {
        object.insert("type".to_owned(), json!([name, "null"]));
    }
    if let Some(words) = object.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
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

/// Whether a choice is where a secret is found: what is written there may be one by mistake.
pub(super) fn is_secret(variants: &[Variant<'_>]) -> bool {
    variants.iter().map(|variant| variant.name).eq(SecretRef::WAYS)
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

/// Whether a schema is a mapping of which nothing has to be said.
pub(super) fn needs_nothing(schema: &Value) -> bool {
    let asks = schema.get("required").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty());
    type_name(schema) == Some("object") && !asks
}

/// The schemas of the names and of the values of a mapping that is not a struct.
pub(super) fn map_of(schema: &Value) -> (Option<&Value>, &Value) {
    const ANYTHING: &Value = &Value::Bool(true);
    (schema.get("propertyNames"), schema.get("additionalProperties").unwrap_or(ANYTHING))
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

/// An example as it is shown to people.
pub(super) fn shown_example(schema: &Value) -> Value {
    let whole = example(schema);
    said(whole.clone()).unwrap_or(whole)
}

/// A value without the keys that say nothing; `None` when nothing is left.
pub(super) fn said(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(entries) => {
            let kept: serde_json::Map<_, _> =
                entries.into_iter().filter_map(|(key, value)| Some((key, said(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(said).collect())),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every schema of a schema.
    fn walk(schema: &Value, visit: &mut dyn FnMut(&Value)) {
        visit(schema);
        match schema {
            Value::Object(entries) => entries.values().for_each(|below| walk(below, visit)),
            Value::Array(items) => items.iter().for_each(|below| walk(below, visit)),
            _ => {}
        }
    }

    #[test]
    fn the_reader_knows_every_kind_of_mapping() {
        walk(reader_schema(), &mut |schema| assert!(schema.get("patternProperties").is_none(), "{schema}"));
        let (names, values) = map_of(&reader_schema()["properties"]["groups"]);
        assert_eq!(names.and_then(|names| names["format"].as_str()), Some("group-name"));
        assert_eq!(type_name(values), Some("array"));
    }

    #[test]
    fn the_secrets_of_the_schema_are_known() {
        let mut count = 0;
        walk(reader_schema(), &mut |schema| {
            let variants = schema.as_object().and_then(choice).unwrap_or_default();
            count += usize::from(is_secret(&variants));
        });
        assert_eq!(count, 8);
    }
}
