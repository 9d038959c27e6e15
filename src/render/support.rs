//! What a hub needs beside JupyterHub and Dask Gateway: charts of others with
//! a hub's values, and the objects that no chart makes.

mod autoscaler;
mod certificates;
mod disks;
mod efs;
mod homes;
mod metrics;
mod monitoring;
mod nvidia;

pub use certificates::gateway_tls;
pub use homes::{CLAIM as HOMES_CLAIM, SHARE as HOMES_SHARE};
use serde_json::{Value, json};

use super::chart::{Chart, Release, SYSTEM_NAMESPACE};
use super::cluster::Cluster;
use crate::config::Provider;

/// What cert-manager does in the cloud: it proves that a domain is ours.
pub const CERTIFICATES: &str = "certificates";

/// The namespace of cert-manager.
pub const CERT_MANAGER: &str = "cert-manager";

/// The Helm releases beside the hub's and the gateway's, in the order in which to install them.
pub fn releases(cluster: &Cluster<'_>) -> Vec<Release> {
    let all = [
        autoscaler::release(cluster),
        efs::release(cluster),
        nvidia::release(cluster),
        metrics::release(cluster),
        certificates::release(cluster),
        homes::release(cluster),
        monitoring::release(cluster),
    ];
    all.into_iter().flatten().collect()
}

/// The objects that no chart makes, to apply after the releases, the gateway's among them.
pub fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    let mut all: Vec<_> = disks::manifest(cluster).into_iter().collect();
    all.extend(homes::manifests(cluster));
    all.extend(certificates::manifests(cluster));
    all
}

/// The service account of a release that needs rights in the cloud: what it does there, and the account's
/// name. EKS Pod Identity goes by namespace and name alone; on GKE the account says besides whom it acts as
/// ([`account_annotations`]).
pub fn identity(release: &Release) -> Option<(&'static str, &'static str)> {
    match release.chart.name {
        "cluster-autoscaler" => Some(("autoscaler", "cluster-autoscaler")),
        "aws-efs-csi-driver" => Some(("homes", "efs-csi-controller-sa")),
        "cert-manager" => Some((CERTIFICATES, "cert-manager")),
        _ => None,
    }
}

/// What a service account says of an identity in the cloud: on GKE, whom its pods act as.
pub(super) fn account_annotations(cluster: &Cluster<'_>, identity: &str) -> Value {
    match &cluster.hub.provider {
        Provider::Gcp(gcp) => {
            let name = cluster.cloud_account(identity);
            let account = format!("{name}@{}.iam.gserviceaccount.com", gcp.project);
            json!({ "iam.gke.io/gcp-service-account": account })
        }
        Provider::Aws(_) | Provider::Kubernetes(_) | Provider::Local(_) => json!({}),
    }
}

/// A release that belongs to the whole cluster. It is called as its chart, so that a second hub finds it.
fn shared(chart: Chart, values: Value) -> Release {
    Release {
        version: chart.version.to_owned(),
        name: chart.name.to_owned(),
        namespace: SYSTEM_NAMESPACE.to_owned(),
        values: chart.values(values),
        unless_served: None,
        shared: true,
        chart,
    }
}

/// A release of this hub, in its namespace.
fn own(cluster: &Cluster<'_>, name: &str, chart: Chart, values: Value) -> Release {
    Release {
        version: chart.version.to_owned(),
        name: cluster.release(name),
        namespace: cluster.namespace().to_owned(),
        values: chart.values(values),
        unless_served: None,
        shared: false,
        chart,
    }
}

#[cfg(test)]
mod tests;
