//! GPUs that pods can ask for, on EKS.

use serde_json::json;

use super::shared;
use crate::render::chart::{Chart, Release};
use crate::render::cluster::Cluster;
use crate::render::nodes::{POOL_LABEL, Purpose};

const CHART: Chart = Chart {
    name: "nvidia-device-plugin",
    version: "0.20.0",
    repository: "https://nvidia.github.io/k8s-device-plugin",
    source: "https://github.com/NVIDIA/k8s-device-plugin",
    why: "Tells Kubernetes of a node's GPUs; without it no pod gets one.",
};

/// The device plugin, on EKS with GPU nodes; GKE brings its own.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let pool = cluster.pool(Purpose::Gpu).filter(|_| cluster.is_eks())?;
    // The chart's own terms ask for labels of feature discovery; a list replaces them.
    let ours = json!({ "key": POOL_LABEL, "operator": "In", "values": [pool.name] });
    let terms = json!({ "nodeSelectorTerms": [{ "matchExpressions": [ours] }] });
    let affinity = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": terms } });
    Some(shared(CHART, json!({ "affinity": affinity })))
}
