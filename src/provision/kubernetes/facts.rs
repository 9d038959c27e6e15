//! What a cluster is and has, as far as a hub depends on it. Looking changes nothing.

use std::net::{IpAddr, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::objects::{Named, Objects};
use super::status::balancer;
use crate::catalog::Provider;
use crate::config::{HubFile, Size};
use crate::error::{Error, Result};
use crate::observe::quantity::{amount_of, bytes_of};
use crate::provision::blocking::blocking;
use crate::render::cluster::Cluster;
use crate::render::releases;

/// How long a name may take to resolve.
const PATIENCE: Duration = Duration::from_secs(10);
const DEFAULT_CLASS: &str = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
/// Schemes of `providerID` of nodes whose clouds give load balancers to Services of themselves.
const WITH_BALANCERS: [&str; 8] =
    ["aws", "gce", "azure", "digitalocean", "linode", "hcloud", "openstack", "k3s"];
/// Taints that say that nothing runs on a node, whatever a pod tolerates.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/";

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Whether it is ready and takes pods.
    pub ready: bool,
    /// CPU cores that pods may use.
    pub cores: f64,
    /// Memory that pods may use.
    pub memory: u64,
    /// NVIDIA GPUs.
    pub gpus: f64,
    /// The scheme of its provider's ID, such as `aws` or `kind`; empty when it has none.
    pub provider: String,
}

impl Node {
    fn of(live: &Value) -> Self {
        let allocatable = &live["status"]["allocatable"];
        let list = |path: &str| live.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
        let ready =
            list("/status/conditions").iter().any(|each| each["type"] == "Ready" && each["status"] == "True");
        let out = |taint: &Value| taint["key"].as_str().is_some_and(|key| key.starts_with(OUT_OF_SERVICE));
        let provider = live.pointer("/spec/providerID").and_then(Value::as_str).unwrap_or_default();
        Self {
            name: live["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            ready: ready && live["spec"]["unschedulable"] != true && !list("/spec/taints").iter().any(out),
            cores: amount_of(&allocatable["cpu"]),
            memory: bytes_of(&allocatable["memory"]),
            gpus: amount_of(&allocatable["nvidia.com/gpu"]),
            provider: provider.split_once("://").map_or("", |(scheme, _)| scheme).to_owned(),
        }
    }

    /// Whether a server of a size fits on it while it is empty.
    pub fn holds(&self, size: &Size, cores: f64) -> bool {
        self.memory >= size.memory.get() && self.cores >= cores && self.gpus >= f64::from(size.gpu)
    }
}

/// The cluster's nodes.
///
/// # Errors
/// When the cluster does not answer or forbids to look.
pub async fn nodes(objects: &Objects) -> Result<Vec<Node>> {
    Ok(objects.list("v1", "Node", "", "").await?.iter().map(Node::of).collect())
}

/// The cloud that makes the cluster's nodes, if the catalog knows it.
pub fn cloud(nodes: &[Node]) -> Option<Provider> {
    nodes.iter().find_map(|node| match node.provider.as_str() {
        "aws" => Some(Provider::Aws),
        "gce" => Some(Provider::Gcp),
        _ => None,
    })
}

/// Where volumes come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classes {
    /// The default storage class.
    Default(String),
    /// There are some, and none is the default.
    NoDefault(Vec<String>),
    /// There are none.
    None,
}

/// The cluster's storage classes.
///
/// # Errors
/// When the cluster does not answer or forbids to look.
pub async fn classes(objects: &Objects) -> Result<Classes> {
    Ok(classes_of(&objects.list("storage.k8s.io/v1", "StorageClass", "", "").await?))
}

fn classes_of(all: &[Value]) -> Classes {
    let name = |class: &Value| class["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let is_default = |class: &&Value| class.pointer(DEFAULT_CLASS).is_some_and(|value| value == "true");
    match all.iter().find(is_default) {
        Some(class) => Classes::Default(name(class)),
        None if all.is_empty() => Classes::None,
        None => Classes::NoDefault(all.iter().map(name).collect()),
    }
}

/// Whether Services get load balancers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Balancers {
    /// A Service has one.
    Seen(String),
    /// The nodes are of a cloud that gives them.
    Likely(String),
    /// Nothing says so.
    Unknown,
}

/// Whether Services of the cluster get load balancers. Who may not see all Services sees less.
pub async fn balancers(objects: &Objects, nodes: &[Node]) -> Balancers {
    let services = objects.list("v1", "Service", "", "").await.unwrap_or_default();
    balancers_of(&services, nodes)
}

fn balancers_of(services: &[Value], nodes: &[Node]) -> Balancers {
    if let Some(service) = services.iter().find(|service| balancer(service).is_some()) {
        let named = Named::of(service, "");
        return Balancers::Seen(format!("{}/{}", named.namespace, named.name));
    }
    let known = nodes.iter().find(|node| WITH_BALANCERS.contains(&node.provider.as_str()));
    known.map_or(Balancers::Unknown, |node| Balancers::Likely(node.provider.clone()))
}

/// A part of the Kubernetes API that another server answers, and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentService {
    /// The `APIService`, such as `v1beta1.metrics.k8s.io`.
    pub name: String,
    /// Why, in the API server's words.
    pub why: String,
}

/// Parts of the API that do not answer: while there are any, no namespace can be removed, since its
/// content cannot be known (<https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/>).
///
/// # Errors
/// When the cluster does not answer or forbids to look.
pub async fn silent_services(objects: &Objects) -> Result<Vec<SilentService>> {
    let all = objects.list("apiregistration.k8s.io/v1", "APIService", "", "").await?;
    Ok(all.iter().filter_map(silent_service).collect())
}

fn silent_service(live: &Value) -> Option<SilentService> {
    let conditions = live.pointer("/status/conditions")?.as_array()?;
    let away = conditions.iter().find(|each| each["type"] == "Available" && each["status"] == "False")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Some(SilentService { name: text(&live["metadata"]["name"]), why: text(&away["message"]) })
}

/// The addresses of a name; none when it does not resolve.
///
/// # Errors
/// When no name server answers in time.
pub async fn addresses(name: &str) -> Result<Vec<IpAddr>> {
    let late = || Error::failed(format!("{name} was not resolved within {} s", PATIENCE.as_secs()));
    let target = (name.to_owned(), 443);
    let found = blocking(move || Ok::<_, Error>(target.to_socket_addrs().map(Vec::from_iter)));
    let found = timeout(PATIENCE, found).await.map_err(|_| late())??;
    let mut addresses: Vec<_> = found.unwrap_or_default().iter().map(std::net::SocketAddr::ip).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// The namespaces that `up` installs into, the hub's first; without those of releases that the
/// cluster has no need of.
///
/// # Errors
/// When no machine holds a pool, or a template fails.
pub fn namespaces(hub: &HubFile, objects: &Objects) -> Result<Vec<String>> {
    let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
    let wanted = releases(&cluster).map_err(|error| Error::failed("a template failed").because(error))?;
    let needed = wanted.iter().filter(|each| !each.unless_served.is_some_and(|api| objects.serves(api)));
    let mut namespaces = vec![hub.name.to_string()];
    for release in needed {
        if !namespaces.contains(&release.namespace) {
            namespaces.push(release.namespace.clone());
        }
    }
    Ok(namespaces)
}

/// Whose a namespace of the hub's name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// It is not there yet.
    Nobody,
    /// The hub's.
    Hub,
    /// Somebody else's.
    Other,
}

/// Whose the namespace of a hub is.
///
/// # Errors
/// When the cluster does not answer or forbids to look.
pub async fn owner(objects: &Objects, hub: &str) -> Result<Owner> {
    let named = Named {
        kind: "Namespace".to_owned(),
        api: "v1".to_owned(),
        namespace: String::new(),
        name: hub.to_owned(),
    };
    Ok(match objects.get(&named).await? {
        None => Owner::Nobody,
        Some(live) if live["metadata"]["labels"]["frazil/hub"] == hub => Owner::Hub,
        Some(_) => Owner::Other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(more: Value) -> Node {
        let mut live = json!({
            "metadata": { "name": "n1" },
            "spec": { "providerID": "aws:///us-west-2a/i-1" },
            "status": {
                "allocatable": { "cpu": "1930m", "memory": "7Gi" },
                "conditions": [{ "type": "Ready", "status": "True" }],
            },
        });
        crate::render::chart::merge(&mut live, more);
        Node::of(&live)
    }

    #[test]
    fn a_node_that_takes_no_pods_is_not_ready() {
        assert!(node(json!({})).ready);
        assert!(!node(json!({ "spec": { "unschedulable": true } })).ready);
        let taint = json!({ "spec": { "taints": [{ "key": "node.kubernetes.io/unreachable" }] } });
        assert!(!node(taint).ready);
        assert!(node(json!({ "spec": { "taints": [{ "key": "ours" }] } })).ready);
        assert_eq!(cloud(&[node(json!({}))]), Some(Provider::Aws));
    }

    #[test]
    fn only_a_service_that_is_said_to_be_away_is_silent() {
        let service = |status: &str| {
            json!({
                "metadata": { "name": "v1beta1.metrics.k8s.io" },
                "status": { "conditions": [{ "type": "Available", "status": status, "message": "no pods" }] },
            })
        };
        assert_eq!(silent_service(&service("False")).unwrap().why, "no pods");
        assert_eq!(silent_service(&service("True")), None);
        assert_eq!(silent_service(&json!({ "metadata": {} })), None);
    }

    #[test]
    fn the_default_class_is_the_one_that_says_so() {
        let class = |name: &str, default: &str| {
            json!({ "metadata": {
                "name": name,
                "annotations": { "storageclass.kubernetes.io/is-default-class": default },
            } })
        };
        let both = [class("slow", "false"), class("fast", "true")];
        assert_eq!(classes_of(&both), Classes::Default("fast".to_owned()));
        assert_eq!(classes_of(&both[..1]), Classes::NoDefault(vec!["slow".to_owned()]));
        assert_eq!(classes_of(&[]), Classes::None);
    }

    #[test]
    fn a_service_with_an_address_proves_what_a_cloud_makes_likely() {
        let service = json!({
            "metadata": { "name": "web", "namespace": "shop" },
            "status": { "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } },
        });
        let aws = node(json!({}));
        let kind = node(json!({ "spec": { "providerID": "kind://docker/kind/n1" } }));
        assert_eq!(balancers_of(&[service], &[]), Balancers::Seen("shop/web".to_owned()));
        assert_eq!(balancers_of(&[], &[aws]), Balancers::Likely("aws".to_owned()));
        assert_eq!(balancers_of(&[], &[kind]), Balancers::Unknown);
    }
}
