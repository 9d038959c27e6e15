//! Tags and labels as the ledger keeps them: a JSON object of texts, its keys sorted; empty without any.

use std::collections::BTreeMap;

use serde_json::Value;

/// Keys of resources by what tables of AWS make of them: capital letters are small there, and whatever is no
/// letter or digit is `_`.
#[cfg(feature = "aws")]
const RESOURCES: [&str; 2] = ["frazil:hub", "frazil:pool"];
/// Keys of pods.
#[cfg(feature = "aws")]
const PODS: [&str; 7] = [
    "frazil/hub",
    "frazil/pool",
    "frazil/size",
    "app.kubernetes.io/component",
    "gateway.dask.org/cluster",
    "hub.jupyter.org/servername",
    "hub.jupyter.org/username",
];
/// AWS's own keys of pods, of which this one names the namespace.
#[cfg(feature = "aws")]
const NAMESPACE: &str = "aws:eks:namespace";
#[cfg(feature = "aws")]
const OWN: [&str; 7] = [
    NAMESPACE,
    "aws:createdBy",
    "aws:eks:cluster-name",
    "aws:eks:deployment",
    "aws:eks:node",
    "aws:eks:workload-name",
    "aws:eks:workload-type",
];

type Pairs = BTreeMap<String, String>;

/// Tags of a resource, as CUR 2.0 has them. `None` when that is no JSON of tags.
#[cfg(feature = "aws")]
pub(super) fn cur(json: &str) -> Option<String> {
    Some(text(&words(json, &RESOURCES)?))
}

/// The namespace of a pod, and its labels, as CUR 2.0 has them.
#[cfg(feature = "aws")]
pub(super) fn pod(json: &str) -> Option<(String, String)> {
    let words = words(json, &PODS)?;
    Some((words.get(NAMESPACE).cloned().unwrap_or_default(), text(&words)))
}

/// Several lists of labels in one; of two with the same key the first counts.
#[cfg(feature = "gcp")]
pub(super) fn export(lists: [&str; 3]) -> Option<String> {
    let mut all = Pairs::new();
    for list in lists {
        for (key, value) in read(list)? {
            all.entry(key).or_insert(value);
        }
    }
    Some(text(&all))
}

/// The ledger's text.
pub(super) fn text(pairs: &Pairs) -> String {
    if pairs.is_empty() { String::new() } else { serde_json::json!(pairs).to_string() }
}

/// Tags by the keys that people wrote. Reports have every key on every line, empty where the resource has no
/// such tag.
#[cfg(feature = "aws")]
fn words(json: &str, known: &[&str]) -> Option<Pairs> {
    let mut words = Pairs::new();
    for (key, value) in read(json)?.into_iter().filter(|(_, value)| !value.is_empty()) {
        words.entry(written(&key, known)).or_insert(value);
    }
    Some(words)
}

#[cfg(feature = "aws")]
fn written(key: &str, known: &[&str]) -> String {
    let find =
        |key: &str, all: &[&str]| all.iter().find(|each| tabled(each) == key).map(|each| (*each).to_owned());
    if let Some(own) = key.strip_prefix("user:") {
        return own.to_owned();
    }
    if let Some(own) = key.strip_prefix("user_") {
        return find(own, known).unwrap_or_else(|| own.to_owned());
    }
    find(key, &OWN).unwrap_or_else(|| key.to_owned())
}

/// A key as tables write it.
#[cfg(feature = "aws")]
fn tabled(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
        if letter.is_ascii_alphanumeric() { text.push(letter.to_ascii_lowercase()) } else { text.push('_') }
    }
    text
}

/// Reads an object of texts, or a list of records with `key` and `value`, and `namespace` if there is one.
fn read(json: &str) -> Option<Pairs> {
    if json.is_empty() {
        return Some(Pairs::new());
    }
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    let mut pairs = Pairs::new();
    match serde_json::from_str(json).ok()? {
        Value::Null => {}
        Value::Object(map) => {
            pairs.extend(map.iter().filter_map(|(key, value)| Some((key.clone(), word(value)?))));
        }
        Value::Array(list) => {
            for one in &list {
                let key = one.get("key")?.as_str()?;
                let key = match one.get("namespace").and_then(Value::as_str) {
                    Some(space) => format!("{space}/{key}"),
                    None => key.to_owned(),
                };
                if let Some(value) = one.get("value").and_then(word) {
                    pairs.entry(key).or_insert(value);
                }
            }
        }
        _ => return None,
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::{read, text};

    fn sorted(json: &str) -> Option<String> {
        read(json).map(|pairs| text(&pairs))
    }

    #[test]
    fn tags_are_one_text_however_they_were_told() {
        let expected = Some(r#"{"a":"é\"1","b":"x"}"#.to_owned());
        assert_eq!(sorted(r#"{"b":"x","a":"é\"1"}"#), expected);
        assert_eq!(sorted(r#"[{"key":"b","value":"x"},{"key":"a","value":"é\"1"}]"#), expected);
        assert_eq!(sorted(r#"[{"key":"b","value":"x","namespace":"n"}]"#), Some(r#"{"n/b":"x"}"#.to_owned()));
        for nothing in ["", "{}", "[]", "null"] {
            assert_eq!(sorted(nothing), Some(String::new()), "{nothing}");
        }
        for wrong in ["{", "1", "[1]", r#"[{"k":"b"}]"#] {
            assert_eq!(sorted(wrong), None, "{wrong}");
        }
    }

    #[cfg(feature = "aws")]
    #[test]
    fn keys_of_tables_are_those_that_people_wrote() {
        assert_eq!(
            super::cur(r#"{"user_frazil_hub":"lab","user_team":""}"#).unwrap(),
            r#"{"frazil:hub":"lab"}"#
        );
        let (namespace, labels) =
            super::pod(r#"{"aws_eks_namespace":"lab","user_hub_jupyter_org_username":"ada"}"#).unwrap();
        assert_eq!(namespace, "lab");
        assert_eq!(labels, r#"{"aws:eks:namespace":"lab","hub.jupyter.org/username":"ada"}"#);
    }
}
