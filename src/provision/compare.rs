//! An object as it should be beside the object that is there: which fields differ.

use serde::Serialize;
use serde_json::{Map, Value};

/// Fields that the server writes, whatever was asked for.
const SERVER_FIELDS: [&str; 6] =
    ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Where, such as `spec.replicas`.
    pub path: String,
    /// What is there; `None` when nothing is.
    pub live: Option<String>,
    /// What should be there; `None` when nothing should.
    pub wanted: Option<String>,
}

/// The fields in which two objects differ. Values of Secrets are never told.
pub fn differences(live: &Value, wanted: &Value) -> Vec<Field> {
    let secret = wanted["kind"] == "Secret";
    let mut found = Vec::new();
    compare(Some(&bare(live)), Some(&bare(wanted)), String::new(), &mut found);
    if secret {
        for field in found.iter_mut().filter(|field| is_secret(&field.path)) {
            field.live = field.live.take().map(|_| "(secret)".to_owned());
            field.wanted = field.wanted.take().map(|_| "(secret)".to_owned());
        }
    }
    found
}

/// The fields in which two values of any kind differ.
pub fn fields(live: &Value, wanted: &Value) -> Vec<Field> {
    let mut found = Vec::new();
    compare(Some(live), Some(wanted), String::new(), &mut found);
    found
}

fn is_secret(path: &str) -> bool {
    path.starts_with("data") || path.starts_with("stringData") || path.starts_with("metadata.annotations")
}

/// An object without its status and what the server writes.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVER_FIELDS {
            metadata.remove(field);
        }
    }
    object
}

fn compare(live: Option<&Value>, wanted: Option<&Value>, path: String, found: &mut Vec<Field>) {
    match (live, wanted) {
        (Some(Value::Object(live)), Some(Value::Object(wanted))) => compare_maps(live, wanted, &path, found),
        (Some(Value::Array(live)), Some(Value::Array(wanted))) if live.len() == wanted.len() => {
            for (index, (live, wanted)) in live.iter().zip(wanted).enumerate() {
                compare(Some(live), Some(wanted), format!("{path}[{index}]"), found);
            }
        }
        (live, wanted) if live == wanted => {}
        (live, wanted) => found.push(Field { path, live: live.map(short), wanted: wanted.map(short) }),
    }
}

fn compare_maps(live: &Map<String, Value>, wanted: &Map<String, Value>, path: &str, found: &mut Vec<Field>) {
    let more = wanted.keys().filter(|key| !live.contains_key(*key));
    for key in live.keys().chain(more) {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        compare(live.get(key), wanted.get(key), below, found);
    }
}

/// A value in one short line.
fn short(value: &Value) -> String {
    const MOST: usize = 80;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn fields_of_the_server_do_not_differ() {
        let live = json!({ "metadata": { "name": "a", "uid": "1", "generation": 2 }, "status": { "x": 1 } });
        assert_eq!(differences(&live, &json!({ "metadata": { "name": "a" } })), []);
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let live = json!({ "spec": { "replicas": 0, "list": [{ "image": "a:2" }] }, "extra": 1 });
        let wanted = json!({ "spec": { "replicas": 1, "list": [{ "image": "a:1" }] } });
        let paths: Vec<_> = differences(&live, &wanted).into_iter().map(|field| field.path).collect();
        assert_eq!(paths, ["spec.replicas", "spec.list[0].image", "extra"]);
    }

    #[test]
    fn secrets_are_not_told() {
        let object = |text: &str| json!({ "kind": "Secret", "data": { "key": text } });
        let found = differences(&object("b2xk"), &object("bmV3"));
        assert_eq!(found.len(), 1);
        assert!(!format!("{found:?}").contains("b2xk") && !format!("{found:?}").contains("bmV3"));
    }
}
