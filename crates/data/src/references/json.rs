//! References of Kerchunk in JSON.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Entry;
use super::template::{Scope, Templates};
use crate::limits::Limits;

/// Dimensions over which references are generated.
const DIMENSIONS: usize = 16;

/// The references of a document.
pub(super) fn entries(document: &[u8], limits: &Limits) -> Result<BTreeMap<String, Entry>, String> {
    if document.len() as u64 > limits.metadata {
        return Err(format!("it has {} bytes, more than {}", document.len(), limits.metadata));
    }
    let document: Value =
        serde_json::from_slice(document).map_err(|error| format!("it is no JSON: {error}"))?;
    let Value::Array(several) = document else { return of_one(&document, limits) };
    // The messages of a GRIB file are a list of stores: each becomes a group.
    let mut all = BTreeMap::from([(".zgroup".to_owned(), Entry::Inline(r#"{"zarr_format":2}"#.into()))]);
    for (number, document) in several.iter().enumerate() {
        all.extend(
            of_one(document, limits)?.into_iter().map(|(key, entry)| (format!("{number}/{key}"), entry)),
        );
        if all.len() as u64 > limits.entries {
            return Err(format!("there are more than {} references", limits.entries));
        }
    }
    Ok(all)
}

fn of_one(document: &Value, limits: &Limits) -> Result<BTreeMap<String, Entry>, String> {
    let document = document.as_object().ok_or("it is no JSON object")?;
    let nothing = Map::new();
    let (references, templates, generated) = match document.get("version") {
        None => (document, &nothing, None),
        Some(version) if version == 1 => {
            let references = document.get("refs").and_then(Value::as_object).ok_or("there are no refs")?;
            let templates = document.get("templates").and_then(Value::as_object).unwrap_or(&nothing);
            (references, templates, document.get("gen").and_then(Value::as_array))
        }
        Some(version) => return Err(format!("references of version {version} are not known")),
    };
    let templates = Templates::new(templates)?;
    let mut shared = Shared::new(limits);
    let mut entries = BTreeMap::new();
    for rule in generated.into_iter().flatten() {
        generate(rule, &templates, &mut shared, &mut entries, limits)?;
    }
    if (references.len() + entries.len()) as u64 > limits.entries {
        return Err(format!("there are more than {} references", limits.entries));
    }
    for (key, value) in references {
        let entry = entry(value, &templates, &mut shared).map_err(|what| format!("`{key}`: {what}"))?;
        entries.insert(key.clone(), entry);
    }
    Ok(entries)
}

/// Addresses, each kept once, and how many bytes templates have made.
struct Shared {
    addresses: HashMap<String, Arc<str>>,
    made: u64,
    most: u64,
}

impl Shared {
    fn new(limits: &Limits) -> Self {
        Self { addresses: HashMap::new(), made: 0, most: limits.metadata }
    }

    fn of(&mut self, text: String) -> Result<Arc<str>, String> {
        if let Some(address) = self.addresses.get(&text) {
            return Ok(Arc::clone(address));
        }
        let text = self.counted(text)?;
        Ok(Arc::clone(self.addresses.entry(text).or_insert_with_key(|text| text.as_str().into())))
    }

    /// A text that templates may have made: a short document can tell of many long ones.
    fn counted(&mut self, text: String) -> Result<String, String> {
        self.made = self.made.saturating_add(text.len() as u64);
        if self.made > self.most {
            return Err(format!("its keys and addresses have more than {} bytes", self.most));
        }
        Ok(text)
    }
}

fn entry(value: &Value, templates: &Templates, shared: &mut Shared) -> Result<Entry, String> {
    let inline = |text: String| match text.strip_prefix("base64:") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map(Into::into)
            .map_err(|error| format!("its base64 is damaged: {error}")),
        None => Ok(text.into()),
    };
    match value {
        Value::String(text) if templates.are_used_in(text) => {
            inline(shared.counted(templates.filled(text, &Scope::default())?)?).map(Entry::Inline)
        }
        Value::String(text) => inline(text.clone()).map(Entry::Inline),
        Value::Object(_) => Ok(Entry::Inline(value.to_string().into())),
        Value::Array(parts) => {
            let text = parts.first().and_then(Value::as_str).ok_or("it names no address")?;
            let text = shared.of(templates.filled(text, &Scope::default())?)?;
            match parts.as_slice() {
                [_] => Ok(Entry::Whole(text)),
                [_, from, length] => match from.as_u64().zip(length.as_u64()) {
                    Some((from, length)) => Ok(Entry::Part(text, from, length)),
                    None => Err(format!("it has {length} bytes from {from} on")),
                },
                _ => Err(format!("it has {} parts where 1 or 3 are due", parts.len())),
            }
        }
        other => Err(format!("{other} is no reference")),
    }
}

/// The references that a rule makes for all combinations of its dimensions.
fn generate(
    rule: &Value,
    templates: &Templates,
    shared: &mut Shared,
    entries: &mut BTreeMap<String, Entry>,
    limits: &Limits,
) -> Result<(), String> {
    let text = |name: &str| match rule.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (key, url) = text("key").zip(text("url")).ok_or("a generated reference has no key and url")?;
    let part = text("offset").zip(text("length"));
    let dimensions =
        rule.get("dimensions").and_then(Value::as_object).ok_or("a generated reference has no dimensions")?;
    if dimensions.len() > DIMENSIONS {
        return Err(format!("references are generated over {} dimensions", dimensions.len()));
    }
    let all: Vec<(&String, Vec<i64>)> = dimensions
        .iter()
        .map(|(name, values)| Ok((name, numbers(values, limits)?)))
        .collect::<Result<_, String>>()?;
    let count = all.iter().try_fold(1u64, |count, (_, values)| count.checked_mul(values.len() as u64));
    let left = limits.entries.saturating_sub(entries.len() as u64);
    let count = count.filter(|count| *count <= left);
    let count = count.ok_or_else(|| format!("more than {} references are generated", limits.entries))?;
    for number in 0..count {
        let mut rest = number;
        let mut scope = Scope::default();
        for (name, values) in all.iter().rev() {
            let place = usize::try_from(rest % values.len() as u64).unwrap_or_default();
            rest /= values.len() as u64;
            scope.insert((*name).clone(), values[place]);
        }
        let number = |text: &str| {
            let filled = templates.filled(text, &scope)?;
            filled
                .trim()
                .parse::<u64>()
                .map_err(|_| format!("a generated reference has `{filled}` for a number"))
        };
        let address = shared.of(templates.filled(&url, &scope)?)?;
        let entry = match &part {
            Some((offset, length)) => Entry::Part(address, number(offset)?, number(length)?),
            None => Entry::Whole(address),
        };
        entries.insert(shared.counted(templates.filled(&key, &scope)?)?, entry);
    }
    Ok(())
}

/// The numbers of a dimension: a list, or from a first one up to a last one that is not meant.
fn numbers(values: &Value, limits: &Limits) -> Result<Vec<i64>, String> {
    if let Value::Array(list) = values {
        let numbers: Option<Vec<i64>> = list.iter().map(Value::as_i64).collect();
        return numbers
            .filter(|numbers| !numbers.is_empty())
            .ok_or_else(|| format!("{values} is no list of numbers"));
    }
    let number = |name: &str, usual: Option<i64>| values.get(name).map_or(usual, Value::as_i64);
    let all = number("start", Some(0)).zip(number("stop", None)).zip(number("step", Some(1)));
    let ((first, end), step) = all.ok_or_else(|| format!("{values} is no range"))?;
    let count = end
        .checked_sub(first)
        .filter(|length| *length > 0 && step > 0)
        .map(|length| length.unsigned_abs().div_ceil(step.unsigned_abs()));
    match count {
        Some(count) if count <= limits.entries => Ok((0..)
            .map_while(|index: i64| {
                first.checked_add(index.checked_mul(step)?).filter(|number| *number < end)
            })
            .collect()),
        _ => Err(format!("{values} is no range, or a very long one")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(document: &str) -> Result<BTreeMap<String, Entry>, String> {
        entries(document.as_bytes(), &Limits { entries: 1000, ..Limits::default() })
    }

    #[test]
    fn a_short_document_cannot_tell_of_endless_texts() {
        let long = "k".repeat(1000);
        let document = format!(
            r#"{{"version":1,"refs":{{}},"gen":[{{"key":"{long}{{{{i}}}}","url":"u","dimensions":{{"i":{{"stop":900}}}}}}]}}"#
        );
        assert_eq!(read(&document).unwrap().len(), 900);
        let limits = Limits { entries: 1000, metadata: 100_000, ..Limits::default() };
        let wrong = entries(document.as_bytes(), &limits).unwrap_err();
        assert!(wrong.contains("more than 100000 bytes"), "{wrong}");
    }

    #[test]
    fn as_many_references_as_can_be_counted_are_refused_beside_others() {
        // The second rule is of 2^64 - 1.
        let document = r#"{"version": 1, "refs": {}, "gen": [
            {"key": "a", "url": "u", "dimensions": {"i": {"stop": 1}}},
            {"key": "b", "url": "u", "dimensions": {"a": {"stop": 255}, "b": {"stop": 257}, "c": {"stop": 641},
             "d": {"stop": 65537}, "e": {"stop": 6700417}}}]}"#;
        let wrong = entries(document.as_bytes(), &Limits::default()).unwrap_err();
        assert!(wrong.contains("are generated"), "{wrong}");
    }

    #[test]
    fn both_versions_are_read() {
        let old =
            read(r#"{"a": "text", "b": "base64:AAE=", "c": ["s3://b/k"], "d": ["s3://b/k", 7, 9]}"#).unwrap();
        assert_eq!(old["a"], Entry::Inline("text".into()));
        assert_eq!(old["b"], Entry::Inline(Bytes::from_static(&[0, 1])));
        assert_eq!(old["c"], Entry::Whole("s3://b/k".into()));
        assert_eq!(old["d"], Entry::Part("s3://b/k".into(), 7, 9));
        // The example of the specification.
        let new = read(
            r#"{"version": 1, "templates": {"u": "server.domain/path", "f": "{{c}}"},
                "gen": [{"key": "gen_key{{i}}", "url": "http://{{u}}_{{i}}", "offset": "{{(i + 1) * 1000}}",
                         "length": "1000", "dimensions": {"i": {"stop": 5}}}],
                "refs": {"key0": "data", "key1": ["http://target_url", 10000, 100], "key2": ["http://{{u}}", 10000, 100],
                         "key3": ["http://{{f(c='text')}}", 10000, 100], "key4": ["http://target_url"]}}"#,
        )
        .unwrap();
        assert_eq!(new["key2"], Entry::Part("http://server.domain/path".into(), 10000, 100));
        assert_eq!(new["key3"], Entry::Part("http://text".into(), 10000, 100));
        assert_eq!(new["gen_key4"], Entry::Part("http://server.domain/path_4".into(), 5000, 1000));
        assert_eq!(new.len(), 10);
    }

    #[test]
    fn what_are_no_references_is_told() {
        for hostile in [
            "",
            "[1]",
            r#"{"version": 2, "refs": {}}"#,
            r#"{"a": [1, 2, 3]}"#,
            r#"{"a": ["u", -1, 3]}"#,
            r#"{"a": ["u", 1]}"#,
            r#"{"a": null}"#,
            r#"{"a": "base64:*"}"#,
            r#"{"version": 1, "refs": {}, "gen": [{"key": "{{i}}", "url": "u", "dimensions": {"i": {"stop": 99999999999}}}]}"#,
            r#"{"version": 1, "refs": {}, "gen": [{"key": "{{i}}", "url": "u", "dimensions": {"i": {"stop": 100}, "j": {"stop": 100}}}]}"#,
            r#"{"version": 1, "refs": {"a": ["{{x}}"]}}"#,
        ] {
            assert!(read(hostile).is_err(), "{hostile}");
        }
    }
}
