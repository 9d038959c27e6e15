//! Homes on EFS.

use serde_json::json;

use super::homes::kept;
use super::shared;
use crate::render::chart::{Chart, Release};
use crate::render::cluster::{Cluster, Homes};

const CHART: Chart = Chart {
    name: "aws-efs-csi-driver",
    version: "4.4.1",
    repository: "https://kubernetes-sigs.github.io/aws-efs-csi-driver",
    source: "https://github.com/kubernetes-sigs/aws-efs-csi-driver",
    why: "Mounts the shared file system of homes, encrypted on its way.",
};

/// The driver, where homes are on EFS.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let wanted = cluster.is_eks() && kept(cluster) == Some(Homes::Shared);
    let values = json!({ "controller": { "nodeSelector": cluster.core_selector() } });
    wanted.then(|| shared(CHART, values))
}
