//! What keeps people's programs from other people's homes, and from the rights of the nodes they run on.
//!
//! An NFS server believes whatever its client says of who asks. Nodes mount homes for
//! people's pods, each one's own folder only; a program in a pod must not speak to the server
//! itself. Off GKE the cloud's metadata server gives the node's own rights to whoever asks. Network
//! policies do not hold for pods without a controller on EKS, which servers and Dask workers are
//! (2i2c-org/jupyterhub-home-nfs, README), so each pod closes the ports in its own network before
//! the person's program starts. Nodes mount outside of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::cluster::{Cluster, Homes};
use super::jupyterhub::CHART;

/// Ports of NFS: the port mapper, the server, and version 3's mount service.
const CLOSE_HOMES: &str =
    "iptables --append OUTPUT --protocol tcp --match multiport --dports 111,2049,20048 --jump DROP";
/// The cloud's metadata server, as the JupyterHub chart closes it for servers. EKS Pod Identity, which
/// gives people their own rights, is at 169.254.170.23 and stays open.
const CLOSE_METADATA: &str =
    "iptables --append OUTPUT --protocol tcp --destination 169.254.169.254 --destination-port 80 --jump DROP";
/// An image with `iptables` and `chown` that the JupyterHub chart uses too and has a tag of its version.
const TOOLS_IMAGE: &str = "quay.io/jupyterhub/k8s-network-tools";

/// What runs before a person's program in their server. The chart closes the metadata server there.
pub(super) fn of_servers(cluster: &Cluster<'_>) -> Option<Value> {
    guard(cluster, &homes(cluster).into_iter().collect::<Vec<_>>())
}

/// What runs before a person's program where no chart closes the metadata server: in Dask schedulers and workers.
pub(super) fn complete(cluster: &Cluster<'_>) -> Option<Value> {
    let metadata = (!metadata_is_open(cluster)).then_some(CLOSE_METADATA);
    guard(cluster, &homes(cluster).into_iter().chain(metadata).collect::<Vec<_>>())
}

fn homes(cluster: &Cluster<'_>) -> Option<&'static str> {
    (cluster.hub.hub && cluster.homes() != Homes::Disks).then_some(CLOSE_HOMES)
}

/// Whether people's programs may ask the metadata server: on GKE it gives them their own rights, and
/// elsewhere where the file opens it for their servers.
fn metadata_is_open(cluster: &Cluster<'_>) -> bool {
    cluster.is_gke() || said(cluster, "/cloudMetadata/blockWithIptables") == Some(&Value::Bool(false))
}

/// The image of the guard: the chart's, from where the file says that it comes.
fn image(cluster: &Cluster<'_>) -> String {
    let part = |name: &str| said(cluster, &format!("/networkTools/image/{name}")).and_then(Value::as_str);
    format!("{}:{}", part("name").unwrap_or(TOOLS_IMAGE), part("tag").unwrap_or(CHART.version))
}

/// What the overrides say of people's servers.
fn said<'a>(cluster: &Cluster<'a>, place: &str) -> Option<&'a Value> {
    cluster.hub.overrides.jupyterhub.get("singleuser")?.pointer(place)
}

fn guard(cluster: &Cluster<'_>, rules: &[&str]) -> Option<Value> {
    (!rules.is_empty()).then(|| {
        json!({
            "name": "frazil-guard",
            "image": image(cluster),
            "command": ["sh", "-c", rules.join(" && ")],
            "securityContext": {
                "runAsUser": 0,
                "runAsNonRoot": false,
                "capabilities": { "drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"] },
            },
        })
    })
}

/// Puts containers before those that values have at a place, whatever an override says there. Missing
/// mappings on the way are made; something else than a list of containers is left to the chart to refuse.
pub(super) fn put_in_front(values: &mut Value, place: &[&str], first: &[Value]) {
    let Some((key, above)) = place.split_last().filter(|_| !first.is_empty()) else { return };
    let mut at = values;
    for key in above {
        let Some(below) = mapping(at) else { return };
        at = below.entry((*key).to_owned()).or_insert(Value::Null);
    }
    let Some(holder) = mapping(at) else { return };
    let list = holder.entry((*key).to_owned()).or_insert(Value::Null);
    let said = match list.take() {
        Value::Null => Vec::new(),
        Value::Array(said) => said,
        // `KubeSpawner` takes a mapping too, in the order of its keys.
        Value::Object(said) => said.into_iter().collect::<BTreeMap<_, _>>().into_values().collect(),
        other => return *list = other,
    };
    *list = first.iter().cloned().chain(said).collect();
}

/// A mapping, made where nothing is.
fn mapping(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// Whether values say something at a place.
pub(super) fn says(values: &Value, place: &[&str]) -> bool {
    place.iter().try_fold(values, |at, key| at.get(key)).is_some_and(|said| !said.is_null())
}

/// A container that gives a person their own new home: on Filestore the kubelet makes it root's.
pub(super) fn own_home(cluster: &Cluster<'_>) -> Option<Value> {
    let needed = cluster.hub.hub && cluster.is_gke() && cluster.homes() == Homes::Shared;
    needed.then(|| {
        json!({
            "name": "own-home",
            "image": image(cluster),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_override_says_comes_after() {
        let place = ["a", "b"];
        for (said, then) in [
            (json!({}), json!([1])),
            (json!({ "a": null }), json!([1])),
            (json!({ "a": { "b": null } }), json!([1])),
            (json!({ "a": { "b": [2, 3] } }), json!([1, 2, 3])),
            (json!({ "a": { "b": { "y": 3, "x": 2 } } }), json!([1, 2, 3])),
            (json!({ "a": { "b": "text" } }), json!("text")),
        ] {
            let mut values = said;
            put_in_front(&mut values, &place, &[json!(1)]);
            assert_eq!(values["a"]["b"], then);
        }
        let mut text = json!({ "a": "text" });
        put_in_front(&mut text, &place, &[json!(1)]);
        assert_eq!(text, json!({ "a": "text" }));
    }
}
