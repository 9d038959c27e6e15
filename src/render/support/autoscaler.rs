//! Nodes that come when pods wait and go when they are idle, on EKS.

use serde_json::json;

use super::shared;
use crate::config::Provider;
use crate::render::chart::{Chart, Release};
use crate::render::cluster::Cluster;

const CHART: Chart = Chart {
    name: "cluster-autoscaler",
    version: "9.59.0",
    repository: "https://kubernetes.github.io/autoscaler",
    source: "https://github.com/kubernetes/autoscaler",
    why: "EKS itself never adds a node to a pool, nor takes an idle one away.",
};

/// The newest image for each Kubernetes version: it simulates that version's scheduler, so the two
/// belong together. All of them know EKS Pod Identity: 1.34 and older carry aws-sdk-go 1.48.7 (1.47.11
/// was the first), newer ones aws-sdk-go-v2. Source: the tags `cluster-autoscaler-*` of kubernetes/autoscaler, August 2026.
const IMAGES: [(&str, &str); 5] =
    [("1.32", "v1.32.7"), ("1.33", "v1.33.6"), ("1.34", "v1.34.5"), ("1.35", "v1.35.2"), ("1.36", "v1.36.1")];

/// The autoscaler, on EKS; GKE brings its own.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let Provider::Aws(aws) = &cluster.hub.provider else {
        return None;
    };
    let mut values = json!({
        "autoDiscovery": { "clusterName": cluster.hub.name.as_str() },
        "awsRegion": aws.region.as_str(),
        "nodeSelector": cluster.core_selector(),
    });
    let wanted = cluster.hub.kubernetes.version.as_str();
    if let Some((_, tag)) = IMAGES.iter().find(|(version, _)| *version == wanted) {
        values["image"] = json!({ "tag": tag });
    }
    Some(shared(CHART, values))
}
