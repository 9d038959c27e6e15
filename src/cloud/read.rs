//! Reading answers: JSON as it comes, XML as if it were JSON.

use std::collections::BTreeMap;

use serde_json::Value;

/// The text at a pointer; empty when there is none. Numbers and booleans are written out.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other @ (Value::Number(_) | Value::Bool(_))) => other.to_string(),
        _ => String::new(),
    }
}

/// The whole number at a pointer, written as a number or as text.
pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    match value.pointer(pointer)? {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "quotas are small and positive")]
fn whole(number: f64) -> Option<u64> {
    (number >= 0.0).then(|| number.min(9e15) as u64)
}

/// Whether `true` stands at a pointer, as a boolean or as text.
pub(super) fn flag(value: &Value, pointer: &str) -> bool {
    text(value, pointer) == "true"
}

/// The members of the list at a pointer. XML has no lists: one member looks like none of it.
pub(super) fn each<'a>(value: &'a Value, pointer: &str) -> Vec<&'a Value> {
    match value.pointer(pointer) {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(one) => vec![one],
    }
}

/// Texts of the list at a pointer.
pub(super) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    each(value, pointer).into_iter().map(|one| text(one, "")).filter(|text| !text.is_empty()).collect()
}

/// Tags or labels at a pointer: an object, or a list of pairs in either spelling.
pub(super) fn tags(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    let Some(found) = value.pointer(pointer) else { return BTreeMap::new() };
    if let Value::Object(map) = found
        && !map.contains_key("key")
        && !map.contains_key("Key")
    {
        return map.keys().map(|key| (key.clone(), text(&map[key], ""))).collect();
    }
    let pair = |one: &Value| {
        let either = |small: &str, large: &str| {
            let found = text(one, small);
            if found.is_empty() { text(one, large) } else { found }
        };
        let key = [either("/key", "/Key"), text(one, "/TagKey")].into_iter().find(|key| !key.is_empty())?;
        let value =
            [either("/value", "/Value"), text(one, "/TagValue")].into_iter().find(|text| !text.is_empty());
        Some((key, value.unwrap_or_default()))
    };
    each(value, pointer).into_iter().filter_map(pair).collect()
}

/// Text in an address: everything but letters, digits and `-._~`, and `/` where it separates.
pub(super) fn encode(text: &str, slash_too: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (byte == b'/' && !slash_too);
        if plain { out.push(char::from(byte)) } else { out.push_str(&format!("%{byte:02X}")) }
    }
    out
}

/// Pairs as a query or a form has them.
pub(super) fn form(pairs: &[(String, String)]) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(key, value)| format!("{}={}", encode(key, true), encode(value, true))).collect();
    pairs.join("&")
}

/// An XML document as JSON: elements are objects, or texts when nothing is in them; elements of
/// the same name are a list. Attributes and namespaces say nothing that is asked for.
#[cfg(feature = "aws")]
pub(super) fn xml(document: &str) -> Result<Value, roxmltree::Error> {
    Ok(element(roxmltree::Document::parse(document)?.root_element()))
}

#[cfg(feature = "aws")]
fn element(node: roxmltree::Node<'_, '_>) -> Value {
    let mut object = serde_json::Map::new();
    for child in node.children().filter(roxmltree::Node::is_element) {
        let value = element(child);
        match object.entry(child.tag_name().name()) {
            serde_json::map::Entry::Vacant(free) => drop(free.insert(value)),
            serde_json::map::Entry::Occupied(mut taken) => match taken.get_mut() {
                Value::Array(all) => all.push(value),
                one => *one = Value::Array(vec![one.take(), value]),
            },
        }
    }
    if object.is_empty() {
        Value::String(node.text().unwrap_or_default().to_owned())
    } else {
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[cfg(feature = "aws")]
    #[test]
    fn xml_reads_as_json() {
        let document = "<?xml version=\"1.0\"?><R xmlns=\"x\"><set><item><id>a&amp;b</id></item><item><id>c</id></item></set>\
                        <one><item><id>d</id></item></one><none/></R>";
        let value = xml(document).unwrap();
        assert_eq!(each(&value, "/set/item").len(), 2);
        assert_eq!(text(each(&value, "/set/item")[0], "/id"), "a&b");
        assert_eq!(text(each(&value, "/one/item")[0], "/id"), "d");
        assert!(each(&value, "/none").is_empty());
        assert!(each(&value, "/none/item").is_empty());
        assert!(xml("<a>").is_err());
    }

    #[test]
    fn tags_come_in_three_spellings() {
        let expected = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        assert_eq!(tags(&json!({ "t": { "a": "1" } }), "/t"), expected);
        assert_eq!(tags(&json!({ "t": [{ "key": "a", "value": "1" }] }), "/t"), expected);
        assert_eq!(tags(&json!({ "t": { "Key": "a", "Value": "1" } }), "/t"), expected);
        assert_eq!(tags(&json!({ "t": [{ "TagKey": "a", "TagValue": "1" }] }), "/t"), expected);
        assert!(tags(&json!({}), "/t").is_empty());
    }

    #[test]
    fn numbers_may_be_texts() {
        let value = json!({ "a": "5", "b": 7.0, "c": "5.5", "d": -1, "e": "x" });
        let read = |pointer| number(&value, pointer);
        assert_eq!([read("/a"), read("/b"), read("/c"), read("/e")], [Some(5), Some(7), Some(5), None]);
        assert_eq!(read("/d"), None);
    }

    #[test]
    fn addresses_carry_any_text() {
        assert_eq!(encode("a b/ü~", false), "a%20b/%C3%BC~");
        assert_eq!(encode("a/b+c", true), "a%2Fb%2Bc");
        assert_eq!(form(&[("Filter.1".to_owned(), "x=y".to_owned())]), "Filter.1=x%3Dy");
    }
}
