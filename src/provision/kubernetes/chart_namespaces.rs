//! Namespaces of charts that have one of their own, such as cert-manager's: made before the chart and
//! removed with the last hub; one that somebody else made is left as it is.

use serde_json::{Value, json};

use super::objects::{Named, Objects};
use super::releases::Wanted;
use crate::error::Result;

/// The label of namespaces that were made for charts.
const MADE_FOR: (&str, &str) = ("frazil/made-for", "charts");

/// The namespaces that releases need beside the hub's own, without those of somebody else.
pub(super) async fn wanted(objects: &Objects, releases: &[Wanted], own: &str) -> Result<Vec<Value>> {
    let mut names: Vec<_> = releases.iter().map(|wanted| wanted.release.namespace.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut all = Vec::new();
    for name in names.into_iter().filter(|name| *name != own) {
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": name, "labels": { MADE_FOR.0: MADE_FOR.1 } },
        });
        let live = objects.get(&Named::of(&namespace, "")).await?;
        if live.is_none_or(|live| live["metadata"]["labels"][MADE_FOR.0] == MADE_FOR.1) {
            all.push(namespace);
        }
    }
    Ok(all)
}

/// Those that are there.
pub(super) async fn ours(objects: &Objects) -> Result<Vec<Value>> {
    objects.list("v1", "Namespace", "", &format!("{}={}", MADE_FOR.0, MADE_FOR.1)).await
}
