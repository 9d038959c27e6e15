//! What nodes and pods use now.

use serde_json::json;

use super::shared;
use crate::render::chart::{Chart, Release};
use crate::render::cluster::Cluster;

const CHART: Chart = Chart {
    name: "metrics-server",
    version: "3.13.1",
    repository: "https://kubernetes-sigs.github.io/metrics-server",
    source: "https://github.com/kubernetes-sigs/metrics-server",
    why: "Answers what nodes and pods use now, for frazil nodes.",
};

/// The metrics API, where a cluster may lack it; GKE has one.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let release = shared(CHART, json!({ "nodeSelector": cluster.core_selector() }));
    (!cluster.is_gke()).then_some(Release { unless_served: Some("metrics.k8s.io/v1beta1"), ..release })
}
