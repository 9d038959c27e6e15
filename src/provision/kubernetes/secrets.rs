//! A hub's secrets in the cluster: read or made once, kept in one Secret, given to charts.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::objects::{FIELD_MANAGER, Named, Objects};
use super::releases::{Change, ObjectChange};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::Result;
use crate::provision::compare::differences;
use crate::provision::local::random_hex;
use crate::provision::references::resolve;
use crate::render::chart::merge;
use crate::render::cluster::Cluster;
use crate::render::secrets::{HUB_SECRET, Secret, Source, Use, complete, secrets};

/// Salts digests that stand where others can read them.
const SALT: &str = "digest-salt";

/// A hub's secrets, each with its text. They are never shown, not even when debugging.
#[derive(Clone)]
pub struct Secrets {
    list: Vec<Secret>,
    texts: BTreeMap<String, String>,
    /// Whether the Secret in the cluster lacks some of them or has others.
    pub changed: bool,
}

impl Secrets {
    /// Reads what is kept, what the hub file refers to, and makes what is missing; changes nothing.
    ///
    /// # Errors
    /// When a reference leads nowhere or the cluster does not answer.
    pub async fn read(
        context: &Context,
        document: &HubDocument,
        cluster: &Cluster<'_>,
        objects: &Objects,
    ) -> Result<Self> {
        let mut list = secrets(cluster);
        list.push(Secret { key: SALT.to_owned(), from: Source::Random(32), used_by: Use::Secret });
        let kept = kept(cluster, objects).await?;
        let read = |at: &_| resolve(context, document, at, "a secret");
        let texts = complete(&list, &kept, read, random_hex)?;
        Ok(Self { list, changed: texts != kept, texts })
    }

    /// Reads what the hub file refers to, where there is no cluster yet that keeps any: so that nothing
    /// is made before somebody corrects a reference.
    ///
    /// # Errors
    /// When a reference leads nowhere.
    pub fn must_be_found(context: &Context, document: &HubDocument) -> Result<()> {
        let cluster = Cluster::without_pools(&document.hub).beside(&document.neighbours);
        let read = |at: &_| resolve(context, document, at, "a secret");
        complete(&secrets(&cluster), &BTreeMap::new(), read, random_hex).map(drop)
    }

    /// Keeps them in the cluster.
    ///
    /// # Errors
    /// When the cluster refuses or does not answer.
    pub async fn keep(&self, cluster: &Cluster<'_>, objects: &Objects) -> Result<()> {
        if self.changed {
            objects.apply(&named(cluster), &self.object(cluster), FIELD_MANAGER).await?;
        }
        Ok(())
    }

    /// How the Secret in the cluster differs; its values are not told.
    ///
    /// # Errors
    /// When the cluster refuses or does not answer.
    pub(super) async fn change(
        &self,
        cluster: &Cluster<'_>,
        objects: &Objects,
    ) -> Result<Option<ObjectChange>> {
        if !self.changed {
            return Ok(None);
        }
        let object = named(cluster);
        let change = match objects.get(&object).await? {
            None => Change::Create,
            Some(live) => Change::Change(differences(&live, &self.object(cluster))),
        };
        Ok(Some(ObjectChange { object, change }))
    }

    fn object(&self, cluster: &Cluster<'_>) -> Value {
        let data: Map<_, _> =
            self.texts.iter().map(|(key, text)| (key.clone(), STANDARD.encode(text).into())).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": HUB_SECRET,
                "namespace": cluster.namespace(),
                "labels": { "app.kubernetes.io/managed-by": "frazil", "frazil/hub": cluster.hub.name },
            },
            "type": "Opaque",
            "data": data,
        })
    }

    /// What a release gets of them, as values of its chart.
    pub fn values(&self, release: &str) -> Value {
        let mut values = json!({});
        for secret in &self.list {
            if let Use::Value { release: own, path } = &secret.used_by
                && own == release
                && let Some(text) = self.texts.get(&secret.key)
            {
                merge(&mut values, nested(path, text));
            }
        }
        values
    }

    /// What stands in a digest so that nobody can guess the secrets in it.
    pub fn salt(&self) -> &str {
        self.texts.get(SALT).map_or("", String::as_str)
    }

    /// A text without any of them.
    pub fn redact(&self, text: &str) -> String {
        let long = self.texts.values().filter(|secret| secret.len() >= 4);
        long.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "(secret)"))
    }
}

/// The Secret that keeps them.
pub(super) fn named(cluster: &Cluster<'_>) -> Named {
    Named {
        kind: "Secret".to_owned(),
        api: "v1".to_owned(),
        namespace: cluster.namespace().to_owned(),
        name: HUB_SECRET.to_owned(),
    }
}

async fn kept(cluster: &Cluster<'_>, objects: &Objects) -> Result<BTreeMap<String, String>> {
    let found = objects.get(&named(cluster)).await?.unwrap_or_default();
    let data = found["data"].as_object().cloned().unwrap_or_default();
    let text = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok();
    Ok(data.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect())
}

/// A text at a path; a number in the path is a place in a list.
fn nested(path: &[String], text: &str) -> Value {
    path.iter().rev().fold(Value::from(text), |inside, key| match key.parse::<usize>() {
        Ok(_) => json!([inside]),
        Err(_) => json!({ key.as_str(): inside }),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::nested;

    #[test]
    fn a_number_in_a_path_is_a_place_in_a_list() {
        let path: Vec<_> = ["hub", "keys", "0"].iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(nested(&path, "x"), json!({ "hub": { "keys": ["x"] } }));
    }
}
