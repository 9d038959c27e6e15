//! The parts of a hub: what runs its own pods.

use futures::future::try_join_all;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{text, time};
use crate::error::Result;
use crate::provision::kubernetes::objects::Objects;
use crate::provision::kubernetes::ready::{WITH_PODS, is_ready, number, why};

/// A `Deployment`, `StatefulSet` or `DaemonSet`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Pods that are ready.
    pub ready: i64,
    /// Pods that should be.
    pub wanted: i64,
    /// Whether its controller has seen the newest object and all pods of it are ready.
    pub is_ready: bool,
    /// The images of its containers.
    pub images: Vec<String>,
    /// When it was made.
    pub since: Option<Timestamp>,
    /// What its pods wait for.
    pub waits_for: Option<String>,
}

/// The parts in a namespace.
pub(super) async fn look(objects: &Objects, namespace: &str) -> Result<Vec<Part>> {
    let lists = WITH_PODS.iter().map(|kind| objects.list("apps/v1", kind, namespace, ""));
    let live: Vec<_> = try_join_all(lists).await?.into_iter().flatten().collect();
    try_join_all(live.iter().map(|each| part(objects, each, namespace))).await
}

async fn part(objects: &Objects, live: &Value, namespace: &str) -> Result<Part> {
    let is_ready = is_ready(live);
    let waits_for = if is_ready { None } else { Some(why(objects, live, namespace).await?) };
    let (ready, wanted) = if live["kind"] == "DaemonSet" {
        ("/status/numberReady", "/status/desiredNumberScheduled")
    } else {
        ("/status/readyReplicas", "/spec/replicas")
    };
    Ok(Part {
        kind: text(live, "/kind"),
        name: text(live, "/metadata/name"),
        ready: number(live, ready),
        wanted: number(live, wanted),
        is_ready,
        images: images(live),
        since: time(live, "/metadata/creationTimestamp"),
        waits_for,
    })
}

fn images(live: &Value) -> Vec<String> {
    let containers = live.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().map(|container| text(container, "/image")).collect()
}
