//! Templates of Intake: `{{ NAME }}` stands for `CATALOG_DIR` or a parameter. Other expressions (functions,
//! filters, the environment) are not filled, for a catalogue from elsewhere must not read this machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Fills the templates in all texts of a value. What cannot be filled stays, and is added to `open`.
pub(super) fn fill(value: &Value, names: &BTreeMap<String, String>, open: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => Value::String(fill_text(text, names, open)),
        Value::Array(values) => values.iter().map(|value| fill(value, names, open)).collect(),
        Value::Object(object) => {
            let filled: Map<String, Value> =
                object.iter().map(|(key, value)| (key.clone(), fill(value, names, open))).collect();
            Value::Object(filled)
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, names: &BTreeMap<String, String>, open: &mut Vec<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((inside, after)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        if let Some(value) = names.get(inside.trim()) {
            filled.push_str(value);
        } else {
            open.push(inside.trim().to_owned());
            filled.push_str("{{");
            filled.push_str(inside);
            filled.push_str("}}");
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}
