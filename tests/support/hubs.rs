//! Hub files made from choices, one level for each factor.

use jiff::civil::{Date, date};
use serde_json::{Value, json};

/// The day on which the files are checked.
pub(crate) const TODAY: Date = date(2026, 11, 21);

/// A factor: its name and how many levels it has.
pub(crate) type Factor = (&'static str, usize);

/// What varies. Level 0 leaves a key out where it can be left out.
pub(crate) const FACTORS: [Factor; 21] = [
    ("provider", 3),
    ("login", 6),
    ("sizes", 4),
    ("groups", 2),
    ("gateway", 4),
    ("per_user", 2),
    ("workers", 3),
    ("further", 3),
    ("quota", 2),
    ("backup", 3),
    ("scratch", 3),
    ("budget", 3),
    ("event", 3),
    ("image", 2),
    ("upgrades", 2),
    ("network", 3),
    ("pools", 4),
    ("state", 3),
    ("support", 3),
    ("words", 3),
    ("zones", 3),
];

/// A level for each factor.
pub(crate) type Choice = [usize; FACTORS.len()];

/// The level of a factor.
pub(crate) fn level(choice: &Choice, factor: &str) -> usize {
    choice[FACTORS.iter().position(|(name, _)| *name == factor).unwrap()]
}

/// Factors that only a cluster of ours has.
const FOR_CLOUDS: [&str; 9] =
    ["network", "pools", "state", "budget", "upgrades", "scratch", "backup", "event", "zones"];
/// Factors that only a hub has.
const FOR_PEOPLE: [&str; 7] = ["sizes", "groups", "further", "quota", "backup", "event", "words"];

/// Takes back what a kind of hub cannot have, so that the kinds that can have little are no rarer.
pub(crate) fn settle(choice: &mut Choice) {
    let kubernetes = level(choice, "provider") == 2;
    let alone = level(choice, "login") >= 4;
    for (index, (name, _)) in FACTORS.iter().enumerate() {
        if kubernetes && FOR_CLOUDS.contains(name) || alone && FOR_PEOPLE.contains(name) {
            choice[index] = 0;
        }
    }
}

/// Whether the levels can stand in one file: some keys are for some clouds or kinds of hub only.
pub(crate) fn possible(choice: &Choice) -> bool {
    let has = |factor: &str| level(choice, factor) > 0;
    let kubernetes = level(choice, "provider") == 2;
    let alone = level(choice, "login") >= 4;
    let no_gateway = level(choice, "gateway") == 1;
    let for_dask = ["per_user", "workers"];
    let forbidden = [
        kubernetes && FOR_CLOUDS.iter().any(|factor| has(factor)),
        // A cluster that exists has no registry of ours.
        kubernetes && !has("image"),
        alone && (no_gateway || FOR_PEOPLE.iter().any(|factor| has(factor))),
        !alone && level(choice, "gateway") == 3,
        no_gateway && for_dask.iter().any(|factor| has(factor)),
        has("groups") && !has("sizes"),
        // Google has no schedule for backups of its shared file system.
        level(choice, "provider") == 1 && has("backup") && !has("quota"),
    ];
    !forbidden.contains(&true)
}

/// The hub file of a choice.
pub(crate) fn hub(choice: &Choice) -> Value {
    let level = |factor: &str| level(choice, factor);
    let parts = [
        ("provider", provider(level("provider"))),
        ("auth", login(level("login"))),
        ("hub", json!(level("login") < 4)),
        ("groups", [Value::Null, json!({ "instructors": ["ada", "grace"] })][level("groups")].clone()),
        ("sizes", sizes(level("sizes"), level("groups"))),
        ("gateway", gateway(&level)),
        ("gateways", further(level("further"))),
        ("storage", storage(&level)),
        ("budget", budget(level("budget"))),
        ("event", event(level("event"))),
        (
            "image",
            [Value::Null, json!({ "name": "quay.io/pangeo/pangeo-notebook", "tag": "2026.03.01" })]
                [level("image")]
            .clone(),
        ),
        ("kubernetes", [Value::Null, json!({ "upgrades": "automatic" })][level("upgrades")].clone()),
        ("network", network(level("network"))),
        ("pools", pools(&level)),
        ("zones", json!(zones(&level))),
        (
            "state",
            [Value::Null, json!("local"), json!({ "bucket": "our-terraform-state" })][level("state")].clone(),
        ),
        ("support", support(level("support"))),
        (
            "welcome",
            [Value::Null, json!("Hello."), json!("Two lines.\nhttps://example.org")][level("words")].clone(),
        ),
        ("terms", [Value::Null, Value::Null, json!("Be kind.")][level("words")].clone()),
    ];
    let mut hub = json!({ "name": "pairwise", "domain": "hub.example.org", "admins": ["octocat"] });
    for (key, value) in parts {
        if !value.is_null() {
            hub[key] = value;
        }
    }
    hub
}

fn provider(level: usize) -> Value {
    match level {
        0 => json!({ "aws": { "account": "012345678901", "region": "us-west-2" } }),
        1 => json!({ "gcp": { "project": "icesat2-2026", "region": "us-central1" } }),
        _ => json!({ "kubernetes": { "context": "lab" } }),
    }
}

/// Below 4 with a hub, from 4 on a gateway alone.
fn login(level: usize) -> Value {
    let secret = json!({ "env": "CLIENT_SECRET" });
    match level {
        0 => {
            json!({ "github": { "allow": ["ICESAT-2HackWeek:2026", "pangeo-data"], "client_id": "x", "client_secret": secret } })
        }
        1 => {
            json!({ "cilogon": { "idps": ["https://idp.example.edu/idp/shibboleth"], "client_id": "cilogon:/client_id/x", "client_secret": { "sops": "secrets.yaml#cilogon" } } })
        }
        2 => {
            json!({ "oidc": { "issuer": "https://login.example.org", "client_id": "hub", "client_secret": { "file": "secret.txt" }, "allow": ["ada", "grace"] } })
        }
        3 => json!("native"),
        4 => json!({ "password": { "user_password": { "env": "GATEWAY_PASSWORD" } } }),
        _ => json!({ "hub": { "address": "https://hub.example.org", "token": { "env": "HUB_TOKEN" } } }),
    }
}

fn sizes(level: usize, groups: usize) -> Value {
    let groups = if groups == 1 { json!(["instructors"]) } else { json!([]) };
    match level {
        0 => Value::Null,
        1 => {
            json!([{ "name": "small", "memory": "2 GiB", "cpu": 0.5 }, { "name": "large", "memory": "16 GiB", "groups": groups }])
        }
        2 => json!([
            { "name": "small", "memory": "8 GiB", "default": true, "description": "for the tutorials" },
            { "name": "gpu", "memory": "14 GiB", "gpu": 1, "groups": groups },
        ]),
        _ => {
            json!([{ "name": "odd", "memory": "1500 MiB" }, { "name": "wide", "memory": "4 GiB", "cpu": 3.5, "groups": groups, "default": true }])
        }
    }
}

fn gateway(level: &impl Fn(&str) -> usize) -> Value {
    let mut gateway = json!({});
    match level("gateway") {
        1 => gateway["enabled"] = json!(false),
        2 => gateway["idle_timeout"] = json!("2 h"),
        3 => gateway["balancer"] = json!("internal"),
        _ => {}
    }
    if level("per_user") == 1 {
        gateway["per_user"] = json!({ "cores": 40, "memory": "320 GiB" });
    }
    match level("workers") {
        1 => {
            gateway["workers"] = json!({ "max": 10, "cores": 4, "memory": "16 GiB" });
            if level("provider") < 2 {
                gateway["workers"]["spot"] = json!(false);
            }
        }
        2 => gateway["workers"] = json!({ "cores": 0.5, "memory": "1 GiB", "max": 1000 }),
        _ => {}
    }
    gateway
}

fn further(level: usize) -> Value {
    match level {
        0 => Value::Null,
        1 => {
            json!([{ "name": "lab", "address": "https://gateway.example.org", "region": "gcp/us-central1", "buckets": ["pangeo-era5"] }])
        }
        _ => json!([
            { "name": "lab", "address": "https://gateway.example.org", "auth": "password", "password": { "env": "LAB" } },
            { "name": "far-away", "address": "https://far.example.org:8443/gateway", "auth": "password", "password": { "file": "far.txt" } },
        ]),
    }
}

fn storage(level: &impl Fn(&str) -> usize) -> Value {
    let mut storage = json!({});
    if level("backup") > 0 {
        storage["homes"]["backup"] = json!(["none", "daily", "weekly"][level("backup")]);
    }
    if level("quota") == 1 {
        storage["homes"]["quota"] = json!("20 GiB");
    }
    if level("scratch") > 0 {
        storage["scratch"] =
            [json!({ "enabled": false }), json!({ "expire": "36 h" })][level("scratch") - 1].clone();
    }
    if storage == json!({}) { Value::Null } else { storage }
}

fn budget(level: usize) -> Value {
    match level {
        0 => Value::Null,
        // 14 nodes of 16 cores are warm for the event where a default of 3.5 cores is the size.
        1 => json!({ "total": "2000 USD" }),
        _ => json!({ "total": "2500.50 USD", "alert_at": [10, 100, 120], "at_100": "stop-all" }),
    }
}

fn event(level: usize) -> Value {
    match level {
        0 => Value::Null,
        1 => {
            json!({ "from": "2030-03-21", "to": "2030-03-25", "attendees": 80, "login_burst": "80 in 15 min" })
        }
        _ => json!({ "from": "2030-07-01", "to": "2030-07-01", "attendees": 7 }),
    }
}

fn network(level: usize) -> Value {
    match level {
        0 => Value::Null,
        1 => json!({ "cidr": "10.128.0.0/16", "nat": "single", "flow_logs": true }),
        _ => json!({ "services": "10.30.0.0/16", "nat": "per-zone" }),
    }
}

/// The zones that the file names.
fn zones(level: &impl Fn(&str) -> usize) -> Option<Vec<String>> {
    let letters = [[].as_slice(), &["a", "b"], &["a", "b", "c"]][level("zones")];
    let region = ["us-west-2", "us-central1-", ""][level("provider")];
    let zones: Vec<_> = letters.iter().map(|letter| format!("{region}{letter}")).collect();
    Some(zones).filter(|zones| !zones.is_empty())
}

fn pools(level: &impl Fn(&str) -> usize) -> Value {
    let machine = |aws: &str, gcp: &str| json!(if level("provider") == 0 { aws } else { gcp });
    let mut pools = match level("pools") {
        0 => json!({}),
        1 => json!({ "user": { "machine": machine("r7i.4xlarge", "n2-highmem-16"), "min": 1, "max": 40 } }),
        2 => json!({
            "core": { "machine": machine("m7i.xlarge", "n2-standard-4"), "count": 1 },
            "dask": { "machines": [machine("m7i.4xlarge", "n2-standard-16"), machine("m6i.4xlarge", "n2d-standard-16")], "spot": false, "max": 60 },
        }),
        _ => json!({ "dask": { "max": 5 }, "user": { "max": 60 } }),
    };
    // Workers away from the disks.
    if let Some(zones) = zones(level).filter(|zones| zones.len() == 3 && level("gateway") != 1) {
        pools["dask"]["zones"] = json!([zones[1]]);
    }
    if pools == json!({}) { Value::Null } else { pools }
}

fn support(level: usize) -> Value {
    match level {
        0 => Value::Null,
        1 => json!({ "monitoring": true }),
        _ => json!({ "certificates": "offload" }),
    }
}
