//! What clusters leave when nobody takes them down well, of each kind: `down --audit` names it with its
//! price, `down` removes it, and what is another hub's stays.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::clouds::Kind;
use super::hands::COMPUTE;
use super::hub::Hub;

/// The hub, and another one whose name begins alike.
const HUBS: [&str; 2] = ["lab", "lab-2"];

/// Things by kind and ID.
type Things = BTreeSet<(String, String)>;

/// The audit names all of these, with these prices; then `down` removes them.
fn named_and_removed(hub: &Hub, own: &Things, prices: &[(&str, &str)], others: impl Fn(&Hub) -> usize) {
    let theirs = others(hub);
    let audit = hub.report(3, &["down", "--audit"]);
    let left = audit["left"].as_array().unwrap();
    let text = |thing: &Value, key: &str| thing[key].as_str().unwrap().to_owned();
    let told: Things = left.iter().map(|thing| (text(thing, "kind"), text(thing, "id"))).collect();
    assert_eq!(own.difference(&told).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "{audit:#}");
    for (kind, price) in prices {
        let of_kind = left.iter().filter(|thing| thing["kind"] == *kind);
        let monthly: Vec<_> = of_kind.map(|thing| text(thing, "monthly")).collect();
        assert!(monthly.iter().any(|monthly| monthly == price), "{kind}: {monthly:?}");
    }
    let down = hub.report(0, &["down", "--confirm", "lab"]);
    assert_eq!(down["left"], json!([]), "{down:#}");
    assert!(hub.well(&["down", "--audit"]).contains("nothing of the hub `lab` is left"));
    assert_eq!(others(hub), theirs, "what is another hub's stays");
}

#[test]
fn on_aws_each_kind_is_named_with_its_price_and_removed() {
    let Some(hub) = Hub::new(Kind::Aws) else { return };
    let told = hub.boto(include_str!("../clouds/aws/orphans.py"), &HUBS);
    let told: Value = serde_json::from_str(&told).unwrap();
    let things = |hub: &str| -> Things { serde_json::from_value(told[hub].clone()).unwrap() };
    let prices = [
        ("NAT gateway", "32.85 USD"),
        ("address", "3.65 USD"),
        ("disk", "1.60 USD"),
        ("load balancer", "18.25 USD"),
        ("load balancer", "16.425 USD"),
    ];
    let theirs: Vec<_> = things(HUBS[1]).into_iter().map(|(_, id)| id).collect();
    named_and_removed(&hub, &things(HUBS[0]), &prices, |hub| {
        let there = hub.boto(include_str!("../clouds/aws/everything.py"), &[]);
        theirs.iter().filter(|id| there.lines().any(|line| line.ends_with(*id))).count()
    });
}

/// A collection of the stand-in, and what is laid down there.
fn seeds(hub: &str) -> Vec<(String, &'static str, Value)> {
    let region = format!("{COMPUTE}/regions/us-central1");
    let zone = format!("{COMPUTE}/zones/us-central1-a");
    let global = format!("{COMPUTE}/global");
    let to = |place: &str, what: &str| format!("https://www.googleapis.com{place}/{what}");
    let network = to(&global, &format!("networks/{hub}"));
    let cluster = json!({ "goog-k8s-cluster-name": hub, "goog-k8s-cluster-location": "us-central1" });
    let range = |name: &str, range: &str| json!({ "rangeName": name, "ipCidrRange": range });
    let octet = 40 + hub.len();
    let node = to(&zone, &format!("instances/gke-{hub}-user-1-abcd"));
    let named = |what: &str| format!("{what}-{hub}");
    vec![
        (format!("{global}/networks"), "network", json!({ "name": hub, "autoCreateSubnetworks": false })),
        (
            format!("{region}/subnetworks"),
            "subnet",
            json!({ "name": hub, "network": network, "ipCidrRange": format!("10.{octet}.0.0/20"), "secondaryIpRanges": [
                range("pods", &format!("10.{}.0.0/16", octet + 60)), range("services", &format!("10.{}.0.0/20", octet + 120)) ] }),
        ),
        (
            format!("{zone}/disks"),
            "disk",
            json!({ "name": named("pvc"), "sizeGb": "20", "type": to(&zone, "diskTypes/pd-balanced"), "labels": cluster }),
        ),
        (
            format!("{global}/snapshots"),
            "snapshot",
            json!({ "name": named("copy"), "storageBytes": "21474836480", "diskSizeGb": "20", "labels": { "frazil-hub": hub } }),
        ),
        (
            format!("{region}/addresses"),
            "address",
            json!({ "name": named("kept"), "addressType": "EXTERNAL", "status": "RESERVED", "labels": cluster }),
        ),
        (
            format!("{global}/firewalls"),
            "firewall rule",
            json!({ "name": named("k8s-fw"), "network": network, "allowed": [{ "IPProtocol": "tcp" }] }),
        ),
        (format!("{global}/httpHealthChecks"), "health check", json!({ "name": named("k8s-check") })),
        (
            format!("{region}/targetPools"),
            "target pool",
            json!({ "name": named("pool"), "instances": [node], "healthChecks": [to(&global, &format!("httpHealthChecks/{}", named("k8s-check")))] }),
        ),
        (
            format!("{region}/forwardingRules"),
            "forwarding rule",
            json!({ "name": named("rule"), "target": to(&region, &format!("targetPools/{}", named("pool"))) }),
        ),
        (
            format!("{zone}/instanceGroups"),
            "instance group",
            json!({ "name": named("k8s-ig"), "network": network }),
        ),
        (
            format!("{zone}/networkEndpointGroups"),
            "network endpoint group",
            json!({ "name": named("k8s-neg"), "network": network, "networkEndpointType": "GCE_VM_IP_PORT" }),
        ),
        (
            format!("{region}/backendServices"),
            "backend service",
            json!({ "name": named("inner"), "backends": [{ "group": to(&zone, &format!("instanceGroups/{}", named("k8s-ig"))) }] }),
        ),
        (
            format!("{region}/forwardingRules"),
            "forwarding rule",
            json!({ "name": named("inner"), "loadBalancingScheme": "INTERNAL", "network": network,
                "backendService": to(&region, &format!("backendServices/{}", named("inner"))) }),
        ),
        (
            format!("{global}/backendServices"),
            "backend service",
            json!({ "name": named("outer"), "backends": [{ "group": to(&zone, &format!("networkEndpointGroups/{}", named("k8s-neg"))) }] }),
        ),
        (
            format!("{global}/urlMaps"),
            "URL map",
            json!({ "name": named("map"), "defaultService": to(&global, &format!("backendServices/{}", named("outer"))) }),
        ),
        (
            format!("{global}/targetHttpProxies"),
            "target proxy",
            json!({ "name": named("proxy"), "urlMap": to(&global, &format!("urlMaps/{}", named("map"))) }),
        ),
        (
            format!("{global}/forwardingRules"),
            "forwarding rule",
            json!({ "name": named("outer"), "target": to(&global, &format!("targetHttpProxies/{}", named("proxy"))) }),
        ),
    ]
}

#[test]
fn on_google_each_kind_is_named_with_its_price_and_removed() {
    let Some(hub) = Hub::new(Kind::Google) else { return };
    let path = |collection: &str, body: &Value| format!("{collection}/{}", body["name"].as_str().unwrap());
    for (collection, _, body) in HUBS.iter().flat_map(|name| seeds(name)) {
        hub.world.ask("POST", &format!("/_world/seed?path={collection}"), &body.to_string());
    }
    let own = seeds(HUBS[0]).into_iter().map(|(collection, kind, body)| {
        (kind.to_owned(), path(&collection, &body).trim_start_matches("/compute/v1/").to_owned())
    });
    let prices = [
        ("disk", "2.00 USD"),
        ("address", "7.30 USD"),
        ("forwarding rule", "7.30 USD"),
        ("snapshot", "1.00 USD"),
    ];
    let theirs: Vec<_> = seeds(HUBS[1]).iter().map(|(collection, _, body)| path(collection, body)).collect();
    named_and_removed(&hub, &own.collect(), &prices, |hub| {
        let objects = hub.objects("/");
        theirs.iter().filter(|path| objects.contains_key(*path)).count()
    });
}
