//! The class of disks that claims get which name none: the hub's database, and what charts keep.

use serde_json::{Value, json};

use crate::render::cluster::Cluster;

/// The class's name.
const CLASS: &str = "frazil-gp3";

/// The class on EKS, whose own default of the driver's addon encrypts nothing. GKE has one that does.
///
/// Parameters: `docs/parameters.md` of aws-ebs-csi-driver. The driver's addon adds the hub's tags.
pub(super) fn manifest(cluster: &Cluster<'_>) -> Option<Value> {
    cluster.is_eks().then(|| {
        json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": CLASS,
                "annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
            },
            "provisioner": "ebs.csi.aws.com",
            "parameters": { "type": "gp3", "encrypted": "true" },
            // Where the pod is: a disk made elsewhere could not be mounted.
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
            "allowVolumeExpansion": true,
        })
    })
}
