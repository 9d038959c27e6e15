//! Kubernetes objects that no chart makes, applied server-side.

use serde_json::{Value, json};

use super::chart::merge;
use super::cluster::Cluster;
use super::jupyterhub::USER_ACCOUNT;
use super::names::USER_IDENTITY;
use super::{ops, support};

/// The objects of a hub, in the order in which they are applied.
pub fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    let mut all = vec![namespace(cluster), user_account(cluster)];
    all.extend(support::manifests(cluster));
    labelled(cluster, all)
}

/// The objects of what runs beside the hub for its administrators.
pub fn ops_manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    labelled(cluster, ops::manifests(cluster))
}

fn labelled(cluster: &Cluster<'_>, mut manifests: Vec<Value>) -> Vec<Value> {
    let ours = json!({ "metadata": { "labels": labels(cluster) } });
    for manifest in &mut manifests {
        merge(manifest, ours.clone());
    }
    manifests
}

/// Labels of everything that is ours, by which it is found again.
fn labels(cluster: &Cluster<'_>) -> Value {
    json!({ "app.kubernetes.io/managed-by": "frazil", "frazil/hub": cluster.hub.name })
}

fn namespace(cluster: &Cluster<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": cluster.namespace() },
    })
}

/// Who people's servers and Dask workers are. On EKS the cloud's identity hangs on the name
/// (EKS Pod Identity), on GKE on an annotation; the account has no rights inside the cluster.
fn user_account(cluster: &Cluster<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": USER_ACCOUNT,
            "namespace": cluster.namespace(),
            "annotations": support::account_annotations(cluster, USER_IDENTITY),
        },
        "automountServiceAccountToken": false,
    })
}
