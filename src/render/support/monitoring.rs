//! What nodes and people used, kept for reports.

use serde_json::json;

use super::own;
use crate::render::chart::{Chart, Release};
use crate::render::cluster::Cluster;

const CHART: Chart = Chart {
    name: "prometheus",
    version: "29.27.0",
    repository: "https://prometheus-community.github.io/helm-charts",
    source: "https://github.com/prometheus-community/helm-charts",
    why: "Keeps what nodes, people's servers and Dask clusters used, for reports.",
};

/// Prometheus, where the file asks for it.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let core = cluster.core_selector();
    let values = json!({
        "server": { "nodeSelector": core },
        "kube-state-metrics": { "nodeSelector": core },
        "scrapeConfigs": { "dask-schedulers": { "enabled": cluster.has_gateway() } },
    });
    cluster.hub.support.monitoring.then(|| own(cluster, CHART.name, CHART, values))
}
