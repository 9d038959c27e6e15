//! Custom resource definitions: Helm installs those of a chart's `crds` once and never again, so
//! they are applied here; those that somebody else applied are left as they are.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::objects::{FIELD_MANAGER, Named, Objects};
use super::releases::changes;
use crate::error::{Error, Result};

/// The label of definitions that are ours to change and to remove.
const OWNER: (&str, &str) = ("app.kubernetes.io/managed-by", "frazil");
/// How long the API server may take to serve what was defined.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

/// What makes a definition ours.
pub(super) fn mark() -> Value {
    json!({ "metadata": { "labels": { OWNER.0: OWNER.1 } } })
}

/// Whether a definition is ours.
pub(super) fn is_ours(live: &Value) -> bool {
    live["metadata"]["labels"][OWNER.0] == OWNER.1
}

/// All definitions that are ours.
pub(super) async fn ours(objects: &Objects) -> Result<Vec<Value>> {
    let selector = format!("{}={}", OWNER.0, OWNER.1);
    objects.list("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", &selector).await
}

/// Applies definitions that differ, and waits until all are served; which differed.
pub(super) async fn apply(objects: &Objects, wanted: &[Value]) -> Result<Vec<Named>> {
    let differ = changes(objects, wanted, "", FIELD_MANAGER).await?;
    let mut changed = Vec::new();
    for definition in wanted {
        let named = Named::of(definition, "");
        if differ.iter().any(|change| change.object == named) {
            objects.apply(&named, definition, FIELD_MANAGER).await?;
            changed.push(named);
        }
    }
    for definition in wanted {
        served(objects, &Named::of(definition, "")).await?;
    }
    Ok(changed)
}

/// An object of each kind and version that definitions define, without a name.
pub(super) fn defined(definitions: &[Value]) -> Vec<Named> {
    let of = |definition: &Value| {
        let text =
            |path: &str| definition.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (group, kind) = (text("/spec/group"), text("/spec/names/kind"));
        let versions = definition.pointer("/spec/versions").and_then(Value::as_array).cloned();
        let served = versions.unwrap_or_default().into_iter().filter(|version| version["served"] == true);
        let named = move |version: Value| Named {
            kind: kind.clone(),
            api: format!("{group}/{}", version["name"].as_str().unwrap_or_default()),
            namespace: String::new(),
            name: String::new(),
        };
        served.map(named).collect::<Vec<_>>()
    };
    definitions.iter().flat_map(of).collect()
}

/// Waits until the API server serves what a definition defines.
async fn served(objects: &Objects, named: &Named) -> Result<()> {
    let since = Instant::now();
    loop {
        let live = objects.get(named).await?.unwrap_or_default();
        let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
        let is = |each: &Value| each["type"] == "Established" && each["status"] == "True";
        if conditions.is_some_and(|all| all.iter().any(is)) {
            return Ok(());
        }
        if since.elapsed() > SERVED_WITHIN {
            let seconds = SERVED_WITHIN.as_secs();
            return Err(Error::failed(format!("{named} is not served after {seconds} s")));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
