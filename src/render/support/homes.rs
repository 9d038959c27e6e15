//! Home directories: the server that keeps a quota for each person, and the
//! volume by which people's servers mount them.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::own;
use crate::render::chart::{Chart, Release, merge};
use crate::render::cluster::{Cluster, Homes};
use crate::render::outputs::{Output, output};

const CHART: Chart = Chart {
    name: "jupyterhub-home-nfs",
    version: "1.2.0",
    repository: "oci://ghcr.io/2i2c-org/jupyterhub-home-nfs",
    source: "https://github.com/2i2c-org/jupyterhub-home-nfs",
    why: "Keeps homes on one disk with a quota for each person, which the clouds' shared file systems cannot.",
};

/// The claim by which people's servers mount homes.
pub const CLAIM: &str = "homes";
/// The name of the Filestore share that keeps homes, on GCP without a quota.
pub const SHARE: &str = "homes";

/// The label of the server's pods (templates/service.yaml of the chart).
const SERVER_LABEL: (&str, &str) = ("app", "nfs-server");
/// The Service with the address that never changes.
const SERVICE: &str = "homes";
/// The zone of a node, as clouds label it.
const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// Which of the Services' addresses the server gets. Kubernetes gives the first sixteen at least to
/// those only that ask for one (<https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/>);
/// of them `.1` is the API and `.10` DNS, on EKS and GKE.
const ADDRESS: u32 = 11;

/// A server that is away for some minutes makes programs wait, not lose what they write. A connection
/// made anew may come from another port, which lets it survive a move of the server.
const SERVER_OPTIONS: [&str; 6] = ["vers=4.2", "hard", "noatime", "noresvport", "timeo=600", "retrans=2"];
/// Filestore's cheaper tiers know NFS 3 only, so the two agree on a version themselves.
const FILESTORE_OPTIONS: [&str; 4] = ["hard", "noatime", "timeo=600", "retrans=3"];

/// How a hub keeps homes; nothing without a hub, where nobody has one.
pub(super) fn kept(cluster: &Cluster<'_>) -> Option<Homes> {
    cluster.hub.hub.then(|| cluster.homes())
}

/// The server, where homes have quotas.
pub(super) fn release(cluster: &Cluster<'_>) -> Option<Release> {
    let quota = cluster.hub.storage.homes.quota.filter(|_| kept(cluster) == Some(Homes::Server))?;
    // A disk is in one zone, and the chart's volume does not say so to the scheduler.
    let mut selector = json!({ ZONE_LABEL: output(Output::HomesZone) });
    merge(&mut selector, cluster.core_selector());
    let cloud = if cluster.is_eks() { "eks" } else { "gke" };
    let values = json!({
        cloud: { "enabled": true, "volumeId": output(Output::HomesVolume) },
        "nodeSelector": selector,
        // In GiB, fractions too: it is rounded down to KiB (generate.py at 1.2.0).
        "quotaEnforcer": { "config": { "QuotaManager": { "hard_quota": quota.as_gib() } } },
        "prometheusExporter": { "enabled": cluster.hub.support.monitoring },
    });
    Some(own(cluster, "home-nfs", CHART, values))
}

/// The volume of all homes and the hub's claim to it; none where each person has a disk of their own.
pub(super) fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    match kept(cluster) {
        None | Some(Homes::Disks) => Vec::new(),
        Some(Homes::Server) => {
            let source = json!({
                "nfs": { "server": server_address(cluster).to_string(), "path": "/" },
                "mountOptions": SERVER_OPTIONS,
            });
            vec![service(cluster), volume(cluster, source), claim(cluster)]
        }
        Some(Homes::Shared) => vec![volume(cluster, shared_source(cluster)), claim(cluster)],
    }
}

/// Where the server is found. The node mounts homes, and its DNS does not know the cluster's names.
fn server_address(cluster: &Cluster<'_>) -> Ipv4Addr {
    let first = cluster.hub.network.services.net().network().to_bits();
    Ipv4Addr::from_bits(first.saturating_add(ADDRESS))
}

/// The chart's own Service gets whatever address is free, and the chart takes no other.
fn service(cluster: &Cluster<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": SERVICE, "namespace": cluster.namespace() },
        "spec": {
            "clusterIP": server_address(cluster).to_string(),
            "ports": [{ "name": "nfs", "port": 2049 }],
            "selector": { SERVER_LABEL.0: SERVER_LABEL.1 },
        },
    })
}

/// The cloud's shared file system.
fn shared_source(cluster: &Cluster<'_>) -> Value {
    if cluster.is_eks() {
        // The driver mounts with TLS and the options that EFS recommends.
        return json!({ "csi": { "driver": "efs.csi.aws.com", "volumeHandle": output(Output::HomesVolume) } });
    }
    json!({
        "nfs": { "server": output(Output::HomesAddress), "path": format!("/{SHARE}") },
        "mountOptions": FILESTORE_OPTIONS,
    })
}

/// The size that volume and claim agree on; nothing holds anyone to it.
const SIZE: &str = "1Mi";

fn volume(cluster: &Cluster<'_>, source: Value) -> Value {
    let mut spec = json!({
        "capacity": { "storage": SIZE },
        "accessModes": ["ReadWriteMany"],
        // Taking the hub away does not take people's files.
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "",
        "claimRef": { "namespace": cluster.namespace(), "name": CLAIM },
    });
    merge(&mut spec, source);
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": { "name": cluster.release(CLAIM) },
        "spec": spec,
    })
}

fn claim(cluster: &Cluster<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": CLAIM, "namespace": cluster.namespace() },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "",
            "volumeName": cluster.release(CLAIM),
            "resources": { "requests": { "storage": SIZE } },
        },
    })
}
