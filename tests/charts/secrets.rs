//! Secrets as `up` gives them to charts, and what refers to them.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use frazil::render::chart::merge;
use frazil::render::cluster::Cluster;
use frazil::render::secrets::{HUB_SECRET, Secret, Use, complete, secrets};
use serde_json::{Value, json};

use super::{of_kind, text};

/// Secrets and their keys.
pub(crate) type Kept = BTreeMap<String, BTreeSet<String>>;

/// A hub's secrets, each with a text of its own.
pub(crate) struct Secrets {
    list: Vec<Secret>,
    texts: BTreeMap<String, String>,
}

impl Secrets {
    pub(crate) fn new(cluster: &Cluster<'_>) -> Self {
        let list = secrets(cluster);
        let count = Cell::new(0_u32);
        let random = |bytes: usize| {
            count.set(count.get() + 1);
            Ok::<_, Infallible>(format!("{:0>width$x}", count.get(), width = bytes * 2))
        };
        let Ok(texts) = complete(&list, &BTreeMap::new(), |from| Ok(format!("{from:?}")), random);
        Self { list, texts }
    }

    /// What a secret says.
    pub(crate) fn text(&self, key: &str) -> &str {
        &self.texts[key]
    }

    /// The values of a release that are secrets.
    pub(crate) fn values(&self, of: &str) -> Value {
        let mut values = json!({});
        for secret in &self.list {
            let Use::Value { release, path } = &secret.used_by else { continue };
            if release == of {
                merge(&mut values, below(path, self.text(&secret.key)));
            }
        }
        values
    }

    /// The hub's own Secret, and those among the objects.
    pub(crate) fn kept(&self, objects: &[Value]) -> Kept {
        let mut kept = Kept::from([(HUB_SECRET.to_owned(), self.texts.keys().cloned().collect())]);
        for object in of_kind(objects, "Secret") {
            let keys = ["data", "stringData"].map(|part| object[part].as_object());
            let keys = keys.into_iter().flatten().flatten().map(|(key, _)| key.clone());
            kept.entry(text(object, "/metadata/name").to_owned()).or_default().extend(keys);
        }
        kept
    }
}

/// A value at a path of keys and of lists' first places.
fn below(path: &[String], secret: &str) -> Value {
    path.iter().rev().fold(secret.into(), |value, key| {
        if key == "0" { json!([value]) } else { json!({ key.as_str(): value }) }
    })
}

/// References to secrets anywhere in an object: name, and the key where one is named.
pub(crate) fn references(value: &Value) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let name = |value: &Value| value.as_str().unwrap().to_owned();
    for (key, below) in value.as_object().into_iter().flatten() {
        match (key.as_str(), below) {
            ("secretKeyRef", one) => found.push((name(&one["name"]), Some(name(&one["key"])))),
            ("secretRef", one) => found.push((name(&one["name"]), None)),
            ("secret", one) if one.get("secretName").is_some() => found.extend(of_volume(one)),
            (_, below) => found.extend(references(below)),
        }
    }
    found.extend(value.as_array().into_iter().flatten().flat_map(references));
    found
}

fn of_volume(volume: &Value) -> Vec<(String, Option<String>)> {
    let secret = volume["secretName"].as_str().unwrap().to_owned();
    let items = volume["items"].as_array().into_iter().flatten();
    let keys = items.map(|item| Some(item["key"].as_str().unwrap().to_owned()));
    std::iter::once(None).chain(keys).map(|key| (secret.clone(), key)).collect()
}
