//! What two exchanges have in common: names and types, not values.

use serde_json::{Value, json};

/// An answer's shape. Clusters by name all have one shape, and so have the options.
pub(crate) fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(number) if number.is_f64() => json!("float"),
        Value::Number(_) => json!("int"),
        Value::String(_) => json!("text"),
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        Value::Object(members) => {
            let by_name =
                !members.is_empty() && members.iter().all(|(name, value)| value["name"] == name.as_str());
            let shapes = members.iter().map(|(name, value)| {
                let name = if by_name { "NAME" } else { name.as_str() };
                (name.to_owned(), shape(value))
            });
            Value::Object(shapes.collect())
        }
    }
}

#[test]
fn shapes_forget_values_and_keep_types() {
    let one = json!({ "a1": { "name": "a1", "stop_time": null, "options": { "memory": 1.0 } } });
    let other = json!({ "b2": { "name": "b2", "stop_time": null, "options": { "memory": 2.5 } } });
    assert_eq!(shape(&one), shape(&other));
    let ended = json!({ "b2": { "name": "b2", "stop_time": 1, "options": { "memory": 2.5 } } });
    assert_ne!(shape(&one), shape(&ended));
    assert_ne!(shape(&json!({ "ok": true })), shape(&json!({ "ok": "true" })));
}
