//! Every key on every provider: it changes what is rendered, or is told to do nothing.

use std::collections::BTreeSet;
use std::path::Path;

use frazil::config::{Checked, Provider, check_bytes, explain, keys};
use frazil::observe::Machine;
use frazil::render::cluster::Cluster;
use frazil::render::{hub_files, local};
use serde_json::{Value, json};

use crate::TODAY;

/// Keys that neither the tree nor the rule is about.
const APART: [&str; 9] = [
    // What the whole file is for: the provider and the name are everywhere, a cluster without a hub is another one.
    "name",
    "provider",
    "auth",
    "hub",
    // Said of other files, or of rules.
    "gateways.file",
    "silence",
    // Values of others, key by key; tests/rules/placement.rs has some.
    "overrides.jupyterhub",
    "overrides.dask-gateway",
    // Where charts are taken from when they are installed.
    "charts.from",
];

/// Keys of which only a rule makes something: on clouds it compares the data's region with the hub's.
const FOR_RULES: [&str; 1] = ["data.regions"];

/// Another value than the base's for each key.
fn changes(provider: &str) -> Vec<(&'static str, Value)> {
    let gcp = provider == "gcp";
    let machine = |large: bool| match (gcp, large) {
        (false, false) => "r7i.4xlarge",
        (false, true) => "r7i.8xlarge",
        (true, false) => "n2-highmem-16",
        (true, true) => "n2-highmem-32",
    };
    let zone = if gcp { "us-central1-c" } else { "us-west-2c" };
    let zones = if gcp { json!(["us-central1-b", zone]) } else { json!(["us-west-2b", zone]) };
    let administrator = if gcp { "user:ada@example.org" } else { "arn:aws:iam::123456789012:role/admins" };
    let gpu = if gcp { "g2-standard-8" } else { "g4dn.2xlarge" };
    let mut all = vec![
        ("domain", json!("other.example.org")),
        ("dns.zone", json!(if gcp { "example-org" } else { "example.org" })),
        ("contact", json!("other@example.org")),
        ("admins", json!(["hubot"])),
        ("groups", json!({ "instructors": ["grace"] })),
        ("welcome", json!("Hello.")),
        ("terms", json!("Be kind.")),
        ("sizes.name", json!("other")),
        ("sizes.memory", json!("3 GiB")),
        ("sizes.cpu", json!(1.5)),
        ("sizes.gpu", json!(1)),
        ("sizes.description", json!("for the tutorials")),
        ("sizes.groups", json!(["instructors"])),
        ("sizes.default", json!(true)),
        ("gateway.enabled", json!(false)),
        ("gateway.workers.spot", json!(false)),
        ("gateway.workers.max", json!(500)),
        ("gateway.workers.cores", json!(2)),
        ("gateway.workers.memory", json!("8 GiB")),
        ("gateway.per_user.cores", json!(50)),
        ("gateway.per_user.memory", json!("400 GiB")),
        ("gateway.idle_timeout", json!("2 h")),
        ("gateway.balancer", json!("internal")),
        ("gateways.name", json!("farther")),
        ("gateways.address", json!("https://farther.example.org")),
        ("gateways.auth", json!("jupyterhub")),
        ("gateways.password", json!({ "env": "OTHER" })),
        ("gateways.region", json!("gcp/us-east1")),
        ("gateways.buckets", json!(["pangeo-era5"])),
        ("storage.homes.quota", json!("30 GiB")),
        ("storage.homes.size", json!("900 GiB")),
        ("storage.homes.backup", json!("daily")),
        ("storage.scratch.enabled", json!(false)),
        ("storage.scratch.expire", json!("30 days")),
        ("data.regions", json!(["eu-west-1"])),
        ("budget.total", json!("2000 USD")),
        ("budget.alert_at", json!([42])),
        ("budget.at_100", json!("stop-all")),
        ("billing.exports", json!(true)),
        ("billing.from", json!({ "bucket": if gcp { "gs://our-bills" } else { "s3://our-bills/cur2" } })),
        ("billing.credentials", json!({ "env": "BILLS_KEY" })),
        ("event.from", json!("2027-03-20")),
        ("event.to", json!("2027-03-30")),
        ("event.attendees", json!(300)),
        ("event.login_burst", json!("80 in 5 min")),
        ("image.name", json!("quay.io/pangeo/ml-notebook")),
        ("image.tag", json!("2026.07")),
        ("kubernetes.version", json!("1.36")),
        ("kubernetes.upgrades", json!("automatic")),
        ("zones", zones),
        ("kubernetes.administrators", json!([administrator])),
        ("network.cidr", json!("10.44.0.0/16")),
        ("network.pods", json!("10.96.0.0/12")),
        ("network.services", json!("172.21.0.0/16")),
        ("network.nat", json!("single")),
        ("network.flow_logs", json!(true)),
        ("state", json!({ "bucket": "our-terraform-state" })),
        ("charts.jupyterhub", json!("4.5.0")),
        ("charts.dask-gateway", json!("2026.4.0")),
        ("support.monitoring", json!(true)),
        ("support.certificates", json!("offload")),
        ("support.recorder", json!("registry.example.org/ops:2")),
        ("support.report", json!(false)),
        ("overrides.terraform", json!({ "pools": { "user": { "labels": { "team": "ice" } } } })),
    ];
    for pool in ["core", "user", "dask", "gpu"] {
        let path = |key: &str| -> &'static str { format!("pools.{pool}.{key}").leak() };
        let other = if pool == "gpu" { gpu } else { machine(true) };
        all.extend([
            (path("machine"), json!(other)),
            (path("machines"), json!([other])),
            (path("count"), json!(3)),
            (path("min"), json!(2)),
            (path("max"), json!(77)),
            (path("spot"), json!(pool != "dask")),
            (path("arch"), json!("arm64")),
            (path("zones"), json!([zone])),
        ]);
    }
    all
}

/// A hub in which every key may matter.
fn base(provider: &str) -> Value {
    let mut hub = json!({
        "name": "lab",
        "domain": "hub.example.org",
        "admins": ["octocat"],
        "groups": { "instructors": ["ada"] },
        "sizes": [
            { "name": "small", "memory": "4 GiB" },
            { "name": "large", "memory": "8 GiB" },
            { "name": "gpu", "memory": "8 GiB", "gpu": 1 },
        ],
        "gateway": { "per_user": { "cores": 40, "memory": "320 GiB" } },
        "gateways": [{
            "name": "far", "address": "https://far.example.org", "auth": "password", "password": { "env": "FAR" },
        }],
        "storage": { "homes": { "quota": "20 GiB" } },
        "budget": { "total": "9000 USD" },
        "event": { "from": "2027-03-22", "to": "2027-03-26", "attendees": 80, "login_burst": "80 in 60 min" },
        "image": { "name": "quay.io/pangeo/pangeo-notebook", "tag": "2026.03" },
    });
    hub["provider"] = match provider {
        "aws" => json!({ "aws": { "account": "123456789012", "region": "us-west-2" } }),
        "gcp" => json!({ "gcp": { "project": "icesat2-2026", "region": "us-central1" } }),
        "kubernetes" => json!({ "kubernetes": { "context": "kind" } }),
        _ => json!({ "local": {} }),
    };
    if provider != "local" {
        hub["auth"] = json!("native");
    }
    hub
}

/// A hub with another value of one key; of lists, in the second entry or the only one.
fn with(mut hub: Value, key: &str, value: Value) -> Value {
    let mut at = &mut hub;
    for step in key.split('.') {
        if let Value::Array(items) = at {
            let index = items.len().min(2) - 1;
            at = &mut items[index];
        }
        if at.is_null() {
            *at = json!({});
        }
        at = &mut at[step];
    }
    *at = value;
    if key == "gateways.auth" {
        hub["gateways"][0]["password"] = Value::Null;
    }
    if key == "pools.core.spot" {
        hub["silence"] = json!([{ "rule": "core-on-spot", "because": "a test" }]);
    }
    hub
}

fn checked(hub: &Value) -> Checked {
    let text = serde_yaml::to_string(hub).unwrap();
    check_bytes(text.into_bytes(), Path::new("hub.yaml"), TODAY)
}

/// What a hub becomes, by one digest.
fn rendered(checked: &Checked) -> Result<String, String> {
    let document = checked.document.as_ref().ok_or_else(|| format!("{:#?}", crate::found(checked)))?;
    let machine = Machine { cores: 64, memory: frazil_units::Bytes::gib(256) };
    if let Provider::Local(place) = &document.hub.provider {
        return Ok(local::preview(&document.hub, place.port, machine).digest());
    }
    let cluster = Cluster::new(&document.hub).map_err(|error| error.to_string())?;
    let tree = hub_files(&cluster.beside(&document.neighbours));
    Ok(tree.map_err(|error| error.to_string())?.digest())
}

/// Changes that no file can have: Google Cloud sells no arm64 machine with GPUs in the region.
const IMPOSSIBLE: [(&str, &str); 1] = [("gcp", "pools.gpu.arch")];
/// Data that goes into the tree and that no program reads there.
const CARRIED: [(&str, &str); 1] = [("local", "sizes.gpu")];

/// Arguments of a program, which stand in no file.
const SAID: [(&str, &str); 1] = [("local", "billing.from")];

/// Changes each key of a provider: either the tree differs, or the key is told to do nothing.
fn each_key_has_an_effect(provider: &str) {
    let mut wrong = Vec::new();
    let before = rendered(&checked(&base(provider))).unwrap();
    let possible = changes(provider).into_iter().filter(|(key, _)| !IMPOSSIBLE.contains(&(provider, key)));
    for (key, value) in possible {
        let after = checked(&with(base(provider), key, value));
        let told = after.problems.iter().any(|problem| {
            let path = problem.path.replace("[0]", "").replace("[1]", "");
            problem.rule == "no-effect" && (key == path || key.starts_with(&format!("{path}.")))
        });
        match rendered(&after) {
            Err(why) => wrong.push(format!("{key}: {why}")),
            Ok(after) if (before == after) == told => {}
            Ok(after) if before == after && FOR_RULES.contains(&key) => {}
            Ok(after) if before == after && !told && SAID.contains(&(provider, key)) => {}
            Ok(after) if before != after && CARRIED.contains(&(provider, key)) => {}
            Ok(after) => wrong.push(format!("{key}: told {told}, the same tree {}", before == after)),
        }
    }
    assert!(wrong.is_empty(), "{provider}\n{}", wrong.join("\n"));
}

#[test]
fn keys_on_aws_have_an_effect_or_are_told() {
    each_key_has_an_effect("aws");
}

#[test]
fn keys_on_gcp_have_an_effect_or_are_told() {
    each_key_has_an_effect("gcp");
}

#[test]
fn keys_elsewhere_have_an_effect_or_are_told() {
    each_key_has_an_effect("kubernetes");
    each_key_has_an_effect("local");
}

#[test]
fn no_key_is_forgotten() {
    let known: BTreeSet<_> = changes("aws").into_iter().map(|(key, _)| key.to_owned()).collect();
    let mut all = BTreeSet::new();
    for top in keys() {
        leaves(&top.key, &top.kind, &mut all);
    }
    let apart: BTreeSet<_> = APART.iter().map(ToString::to_string).collect();
    let all: BTreeSet<_> = all.difference(&apart).cloned().collect();
    assert_eq!(all, known);
}

/// The keys below one, down to single values.
fn leaves(path: &str, kind: &str, found: &mut BTreeSet<String>) {
    let below = explain(path, None).unwrap().below;
    if APART.contains(&path) || !["mapping", "list of mappings"].contains(&kind) || below.is_empty() {
        found.insert(path.to_owned());
        return;
    }
    for key in below {
        leaves(&format!("{path}.{}", key.key), &key.kind, found);
    }
}
