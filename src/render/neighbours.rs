//! Hub files of further gateways: where they are, and how this hub's people reach them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::outputs;
use crate::config::{Balancer, Certificates, FurtherGateway, HubFile, Provider};

/// The hubs that further gateways name, by the file as it is written.
pub type Neighbours = BTreeMap<String, HubFile>;

/// No neighbours, for a hub whose gateways' files were not read.
pub static NONE: Neighbours = Neighbours::new();

/// Whether another cluster's gateway is reached by joining its network to this one's.
pub fn is_joined(one: &HubFile, other: &HubFile) -> bool {
    !other.hub && other.gateway.enabled && is_internal(other) && same_place(one, other)
}

/// Whether a gateway has an internal balancer; the default without a domain.
pub fn is_internal(hub: &HubFile) -> bool {
    balancer(hub) == Balancer::Internal
}

/// Who reaches a gateway: what the file says, or everyone where it has a public name.
pub fn balancer(hub: &HubFile) -> Balancer {
    let by_domain = if hub.domain.is_some() { Balancer::Public } else { Balancer::Internal };
    hub.gateway.balancer.unwrap_or(by_domain)
}

/// Whether one's network can be the other's: the same region of the same account or project, or one cluster.
pub fn same_place(one: &HubFile, other: &HubFile) -> bool {
    match (&one.provider, &other.provider) {
        (Provider::Aws(one), Provider::Aws(other)) => {
            (&one.account, &one.region) == (&other.account, &other.region)
        }
        (Provider::Gcp(one), Provider::Gcp(other)) => {
            (&one.project, &one.region) == (&other.project, &other.region)
        }
        _ => same_cluster(one, other),
    }
}

/// Whether both are on one cluster that exists already.
fn same_cluster(one: &HubFile, other: &HubFile) -> bool {
    match (&one.provider, &other.provider) {
        (Provider::Kubernetes(one), Provider::Kubernetes(other)) => match (&one.cluster, &other.cluster) {
            (Some(one), Some(other)) => one == other,
            _ => one.context == other.context,
        },
        _ => false,
    }
}

/// Where a further gateway answers: as the file says, by the name of its own file, inside the same cluster by
/// its Service, and else where its balancer turns out to be once it is up.
pub(super) fn address(cluster: &Cluster<'_>, gateway: &FurtherGateway) -> Value {
    let other = neighbour(cluster, gateway);
    match (&gateway.address, other) {
        (Some(address), _) => json!(address),
        (None, Some(other)) if same_cluster(cluster.hub, other) => json!(service(other)),
        (None, other) => other
            .and_then(domain_address)
            .map_or_else(|| outputs::gateway_address(&gateway.name), Value::from),
    }
}

/// Further gateways whose addresses are known only when they are up.
pub fn known_later<'a>(cluster: &Cluster<'a>) -> impl Iterator<Item = &'a FurtherGateway> {
    cluster.hub.gateways.iter().filter(|gateway| outputs::gateway_of(&address(cluster, gateway)).is_some())
}

/// Where a further gateway answers, as far as that is known before its balancer is asked for.
pub fn known_address(cluster: &Cluster<'_>, gateway: &FurtherGateway) -> Option<String> {
    let address = address(cluster, gateway);
    address.as_str().filter(|_| outputs::gateway_of(&address).is_none()).map(str::to_owned)
}

/// Where hub or gateway answer by their domain, if they have one.
pub fn domain_address(hub: &HubFile) -> Option<String> {
    let scheme = if hub.hub || speaks_https(hub) { "https" } else { "http" };
    hub.domain.as_ref().map(|domain| format!("{scheme}://{domain}"))
}

/// Where a further gateway runs, as `CLOUD/REGION`.
pub(super) fn region(cluster: &Cluster<'_>, gateway: &FurtherGateway) -> Option<String> {
    let other = neighbour(cluster, gateway).filter(|other| other.provider.region().is_some());
    gateway.region.clone().or_else(|| Some(Cluster::without_pools(other?).region()))
}

/// Rules of people's network policy for gateways with private addresses.
pub(super) fn egress(cluster: &Cluster<'_>) -> Vec<Value> {
    let gateways = cluster.hub.gateways.iter().filter(|gateway| gateway.address.is_none());
    gateways.filter_map(|gateway| way(cluster.hub, neighbour(cluster, gateway)?)).collect()
}

fn way(hub: &HubFile, other: &HubFile) -> Option<Value> {
    if same_cluster(hub, other) && !other.hub {
        let namespace = json!({ "kubernetes.io/metadata.name": other.name });
        return Some(json!({
            "to": [{
                "namespaceSelector": { "matchLabels": namespace },
                "podSelector": { "matchLabels": proxy_labels() },
            }],
        }));
    }
    let port = if speaks_https(other) { 443 } else { 80 };
    is_joined(hub, other).then(|| {
        json!({
            "to": [{ "ipBlock": { "cidr": other.network.cidr } }],
            "ports": [{ "protocol": "TCP", "port": port }],
        })
    })
}

/// Labels of the pods of a gateway's proxy, by Dask Gateway's chart.
pub(super) fn proxy_labels() -> Value {
    json!({ "app.kubernetes.io/name": "dask-gateway", "app.kubernetes.io/component": "traefik" })
}

/// A gateway's proxy inside its own cluster.
fn service(hub: &HubFile) -> String {
    let cluster = Cluster::without_pools(hub);
    format!("http://{}.{}", cluster.traefik(), cluster.namespace())
}

/// Whether a gateway with a domain speaks TLS: an internal one only where something before it does.
fn speaks_https(hub: &HubFile) -> bool {
    let offloaded = hub.support.certificates == Certificates::Offload;
    hub.domain.is_some() && (!is_internal(hub) || offloaded)
}

fn neighbour<'a>(cluster: &Cluster<'a>, gateway: &FurtherGateway) -> Option<&'a HubFile> {
    cluster.neighbours.get(gateway.file.as_ref()?)
}
