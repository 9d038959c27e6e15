//! Further gateways that a hub's people reach, as their servers see them.

use std::fmt::Display;

use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::quote::ascii_json;
use super::secrets::HUB_SECRET;
use super::{neighbours, outputs};
use crate::config::{FurtherGateway, GatewayAuth, HubFile};

/// Variables by which people's servers find the hub's further gateways: all of them as JSON in
/// `FRAZIL_GATEWAYS`, and what is not to be written there in variables of its own.
pub(super) fn environment(cluster: &Cluster<'_>) -> Value {
    let gateways = &cluster.hub.gateways;
    if gateways.is_empty() {
        return json!({});
    }
    let list: Vec<_> = gateways.iter().map(|gateway| entry(cluster, gateway)).collect();
    let mut env = Map::new();
    env.insert("FRAZIL_GATEWAYS".to_owned(), braces_escaped(&ascii_json(&json!(list))).into());
    for gateway in gateways.iter().filter(|gateway| gateway.password.is_some()) {
        let name = password_variable(gateway);
        let key = password_key(gateway);
        let source = json!({ "secretKeyRef": { "name": HUB_SECRET, "key": key } });
        env.insert(name.clone(), json!({ "name": name, "valueFrom": source }));
    }
    let later = gateways.iter().map(|gateway| (gateway, neighbours::address(cluster, gateway)));
    let later = later.filter(|(_, address)| outputs::gateway_of(address).is_some());
    for (gateway, address) in later {
        env.insert(address_variable(gateway), address);
        env.insert(proxy_address_variable(gateway), outputs::gateway_proxy_address(&gateway.name));
    }
    Value::Object(env)
}

/// A gateway as people's programs read it. An address that is known later stands in a variable of its own, as
/// what stands for it is a value's whole text.
fn entry(cluster: &Cluster<'_>, gateway: &FurtherGateway) -> Value {
    let address = neighbours::address(cluster, gateway);
    let later = outputs::gateway_of(&address).is_some();
    json!({
        "name": gateway.name,
        "proxy_address": address.as_str().filter(|_| !later).map(proxy_address),
        "address": (!later).then_some(&address),
        "address_variable": later.then(|| address_variable(gateway)),
        "proxy_address_variable": later.then(|| proxy_address_variable(gateway)),
        "auth": gateway.auth,
        "password_variable": (gateway.auth == GatewayAuth::Password).then(|| password_variable(gateway)),
        "region": neighbours::region(cluster, gateway),
        "buckets": gateway.buckets,
    })
}

/// The way to a gateway's schedulers, as Dask's client derives it from the address. It has to be named:
/// without it the client takes the hub's own, from `DASK_GATEWAY__PROXY_ADDRESS`, for every gateway.
pub fn proxy_address(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let named = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if scheme == "http" { ":80" } else { ":443" };
    format!("gateway://{host}{}", if named { "" } else { port })
}

/// Further gateways that know this hub's people by their tokens.
pub(super) fn with_our_tokens(hub: &HubFile) -> impl Iterator<Item = &FurtherGateway> {
    hub.gateways.iter().filter(|gateway| gateway.auth == GatewayAuth::Jupyterhub)
}

/// The service by which a hub knows a further gateway: named as the gateway, which is named as its hub file.
pub fn service_name(gateway: &impl Display) -> String {
    format!("dask-gateway-{gateway}")
}

/// The key of a gateway's token in the hub's Secret.
pub(super) fn token_key(gateway: &FurtherGateway) -> String {
    format!("gateways.{}.token", gateway.name)
}

/// The variable with a gateway's password.
fn password_variable(gateway: &FurtherGateway) -> String {
    variable("PASSWORD", gateway)
}

/// The variable with a gateway's address, where that is known later.
fn address_variable(gateway: &FurtherGateway) -> String {
    variable("ADDRESS", gateway)
}

/// The variable with the way to its schedulers, where that is known later.
fn proxy_address_variable(gateway: &FurtherGateway) -> String {
    variable("PROXY_ADDRESS", gateway)
}

fn variable(what: &str, gateway: &FurtherGateway) -> String {
    format!("FRAZIL_GATEWAY_{what}_{}", gateway.name.as_str().to_uppercase().replace('-', "_"))
}

/// The key of a gateway's password in the hub's Secret.
pub(super) fn password_key(gateway: &FurtherGateway) -> String {
    format!("gateways.{}.password", gateway.name)
}

/// KubeSpawner expands `{username}` and the like in variables, and fails at other braces.
fn braces_escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::proxy_address;

    #[test]
    fn schedulers_are_reached_at_the_gateways_own_port() {
        for (address, wanted) in [
            ("https://gateway.example.org", "gateway://gateway.example.org:443"),
            ("https://gateway.example.org/dask?x", "gateway://gateway.example.org:443"),
            ("http://traefik-far-dask-gateway.far", "gateway://traefik-far-dask-gateway.far:80"),
            ("http://[fd00::1]/", "gateway://[fd00::1]:80"),
            ("https://[fd00::1]:8443", "gateway://[fd00::1]:8443"),
        ] {
            assert_eq!(proxy_address(address), wanted);
        }
    }
}
