//! What keeps people's programs from other people's homes.
//!
//! An NFS server believes whatever its client says of who asks. Nodes mount homes for
//! people's pods, each one's own folder only; a program in a pod must not speak to the server
//! itself. Network policies do not hold for pods without a controller on EKS, which servers
//! and Dask workers are (2i2c-org/jupyterhub-home-nfs, README), so each pod closes the ports
//! in its own network before the person's program starts. Nodes mount outside of it.

use serde_json::{Value, json};

use super::cluster::{Cluster, Homes};
use super::jupyterhub::CHART;

/// Ports of NFS: the port mapper, the server, and version 3's mount service.
const NFS_PORTS: &str = "111,2049,20048";
/// An image with `iptables` and `chown` that the JupyterHub chart uses too and has a tag of its version.
const TOOLS_IMAGE: &str = "quay.io/jupyterhub/k8s-network-tools";

/// Containers that run before a person's program, in servers, Dask schedulers and workers.
pub(super) fn init_containers(cluster: &Cluster<'_>) -> Vec<Value> {
    if !cluster.hub.hub || cluster.homes() == Homes::Disks {
        return Vec::new();
    }
    let command = [
        "iptables",
        "--append",
        "OUTPUT",
        "--protocol",
        "tcp",
        "--match",
        "multiport",
        "--dports",
        NFS_PORTS,
        "--jump",
        "DROP",
    ];
    vec![json!({
        "name": "close-homes",
        "image": format!("{TOOLS_IMAGE}:{}", CHART.version),
        "command": command,
        "securityContext": {
            "runAsUser": 0,
            "runAsNonRoot": false,
            "capabilities": { "drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"] },
        },
    })]
}

/// A container that gives a person their own new home: on Filestore the kubelet makes it root's.
pub(super) fn own_home(cluster: &Cluster<'_>) -> Option<Value> {
    let needed = cluster.hub.hub && cluster.is_gke() && cluster.homes() == Homes::Shared;
    needed.then(|| {
        json!({
            "name": "own-home",
            "image": format!("{TOOLS_IMAGE}:{}", CHART.version),
            "command": ["chown", "1000:100", "/home/jovyan"],
            "securityContext": {
                "runAsUser": 0,
                "runAsNonRoot": false,
                "capabilities": { "drop": ["ALL"], "add": ["CHOWN"] },
            },
            "volumeMounts": [{ "name": "home", "mountPath": "/home/jovyan", "subPath": "{username}" }],
        })
    })
}
