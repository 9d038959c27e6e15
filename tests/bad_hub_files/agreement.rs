//! The published schema, which editors go by, and the reader say the same of
//! a file, but for what is listed here.

use frazil::config::{check_bytes, hub_schema};
use serde_json::Value;

use crate::cases::with;

const CLOUD: &str = "name: lab\nprovider: { kubernetes: { context: kind } }\nadmins: [octocat]\n";

/// Lines that both take.
const TAKEN: &[&str] = &[
    "",
    "domain: hub.example.org",
    "domain:",
    "admins: [octocat, ada.l@example.org]",
    "admins:",
    "admins: []",
    "auth: password",
    "auth: { password: { allow: [ada] } }",
    "auth: { password: { user_password: { file: word.txt }, admin_password: { sops: a.yaml#b } } }",
    "auth: { password: { user_password: , admin_password: ~ } }",
    "auth: { password: }",
    "auth: pam",
    "auth:",
    "groups: { a.b:c: [ada], d: }",
    "groups:",
    "groups: {}",
    "welcome: Hello",
    "welcome: |\n  Hello\n  you",
    "terms:",
    "sizes:",
    "sizes: [{ name: a, memory: 8 GiB }]",
    "sizes: [{ name: a, memory: 8  GiB, cpu: 0.5, gpu: 0, description: , groups: , default: true }]",
    "sizes: [{ name: a, memory: 8GB, cpu: }]",
    "sizes: [{ name: a, memory: ' 512 MiB ' }]",
    "hub:",
    "hub: true",
    "gateway:",
    "gateway: { workers: , per_user: , idle_timeout: , enabled: }",
    "gateway: { workers: { spot: false, max: 5, cores: 0.5, memory: 1.5 GiB } }",
    "gateway: { idle_timeout: 1 week }",
    "gateway: { idle_timeout: 90s }",
    "gateway: { per_user: { cores: 2, memory: 5 GiB } }",
    "gateways: [{ name: a, address: 'https://a.org/b?c' }]",
    "gateways: [{ name: a, file: b.yaml, auth: , buckets: [era5], region: aws/us-west-2 }]",
    "gateways: [{ name: a, file: b.yaml, auth: password, password: { env: X } }]",
    "storage: { homes: { quota: 20 GiB, backup: daily }, scratch: { enabled: false, expire: 2 days } }",
    "storage: { homes: , scratch: }",
    "data: { regions: [us-west-2] }",
    "budget: { total: 1000 USD, alert_at: [50, 100], at_100: stop-all }",
    "budget: { total: 0.5 EUR, alert_at: , at_100: }",
    "event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: 80 in 15 min }",
    "event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: }",
    "image: { name: , tag: '2026.03' }",
    "kubernetes: { version: '1.35', upgrades: automatic }",
    "zones: [us-west-2a]",
    "network: { cidr: 192.168.0.0/16, nat: none, flow_logs: false }",
    "pools: { user: { machine: , machines: [r5.large], min: 0, max: 3, spot: , arch: arm64 }, core: }",
    "state: local",
    "state: { local: }",
    "state: { bucket: mine }",
    "state:",
    "charts: { jupyterhub: 4.4.0, dask-gateway: , from: mirror }",
    "support: { monitoring: true, certificates: offload }",
    "overrides: { jupyterhub: { a: [1, { b: ~ }] }, dask-gateway: , terraform: {} }",
    "silence: [{ rule: no-effect, because: a test }]",
    "silence:",
];

/// Lines that both refuse.
const REFUSED: &[&str] = &[
    "xyzzy: 1",
    "domain: HUB.example.org",
    "domain: https://hub.example.org",
    "admins: ada",
    "admins: [Ada]",
    "admins: [~]",
    "auth: ldap",
    "auth: { password: { admin_password: hunter2 } }",
    "auth: { password: { admin_password: { env: a-b } } }",
    "auth: { password: {}, pam: {} }",
    "groups: { x: ada }",
    "groups: { x: [UPPER] }",
    "groups: { 'bad name!': [ada] }",
    "groups: [ada]",
    "sizes: []",
    "sizes: [{ name: a }]",
    "sizes: [{ name: a, memory: 8 }]",
    "sizes: [{ name: a, memory: 8Gi }]",
    "sizes: [{ name: a, memory: -8 GiB }]",
    "sizes: [{ name: a, memory: \"8\\tGiB\" }]",
    "sizes: [{ name: a, memory: 8 GiB, gpu: 17 }]",
    "sizes: [{ name: a, memory: 8 GiB, cpu: '2' }]",
    "hub: maybe",
    "gateway: { workers: { max: 0 } }",
    "gateway: { workers: { max: 1.5 } }",
    "gateway: { idle_timeout: 30m }",
    "gateways: [{ name: a, address: 'ftp://a' }]",
    "gateways: [{ name: a, address: 'http://a b' }]",
    "gateways: [{ name: a, address: 'http://me@a' }]",
    "gateways: [{ name: a, file: b, region: us-west-2 }]",
    "budget: { total: -1000 USD }",
    "budget: { total: 1000 }",
    "budget: { total: 1 USD, alert_at: [0] }",
    "event: { from: 2026-03-21, to: 2026-03-22, attendees: 2, login_burst: 0 in 5 min }",
    "event: { from: 21.3.2026, to: 2026-03-22, attendees: 2 }",
    "data: { regions: [mars] }",
    "kubernetes: { version: '2.0' }",
    "network: { cidr: 10.0.0.0/33 }",
    "network: { cidr: 8.8.0.0/16 }",
    "pools: { users: {} }",
    "state: { local: { path: x } }",
    "overrides: { jupyterhb: {} }",
    "overrides: { jupyterhub: 5 }",
    "silence: [{ rule: no-effect }]",
];

/// Files for a cluster, and whether both take them.
const CLUSTERS: &[(&str, bool)] = &[
    ("auth: native", true),
    ("auth: { github: { allow: [a], client_id: b, client_secret: { env: C } } }", true),
    ("auth: { github: { allow: [], client_id: b, client_secret: { env: C } } }", false),
    ("auth: { github: { allow: , client_id: b, client_secret: { env: C } } }", false),
    ("auth: { github: { allow: [a], client_id: b, client_secret: } }", false),
    ("auth: { cilogon: { idps: ['ftp://a'], client_id: b, client_secret: { env: C } } }", false),
    ("auth: { oidc: { issuer: 'https://a', client_id: b, client_secret: { env: C }, allow: } }", true),
    ("auth: github", false),
];

/// Lines that the reader takes and the schema does not: YAML makes a number of what we read as text.
const READER_ONLY: &[&str] = &["kubernetes: { version: 1.35 }", "image: { tag: 2026.03 }", "welcome: 2026"];

/// Lines that the schema takes and the reader does not: values too great or not there, what belongs
/// together, and numbers and booleans in spellings that only some readers of YAML know.
const SCHEMA_ONLY: &[&str] = &[
    "sizes: [{ name: a, memory: 99999999999 PiB }]",
    "sizes: [{ name: a, memory: 0.3 B }]",
    "sizes: [{ name: a, memory: 0 GiB }]",
    "gateway: { idle_timeout: 900000 days }",
    "event: { from: 2026-02-30, to: 2026-03-22, attendees: 2 }",
    "network: { cidr: 10.0.0.1/16 }",
    "budget: { total: 0 USD }",
    "gateways: [{ name: a }]",
    "hub: false",
    "gateway: { workers: { max: 5.0 } }",
    "gateway: { workers: { max: 0x10 } }",
    "hub: True",
];

fn by_schema(text: &str) -> bool {
    let value: Value = serde_yaml::from_str(text).unwrap();
    jsonschema::validator_for(hub_schema()).unwrap().is_valid(&value)
}

fn by_reader(text: &str) -> bool {
    let path = std::path::Path::new("hub.yaml");
    check_bytes(text.as_bytes().to_vec(), path, jiff::civil::date(2026, 11, 2)).document.is_some()
}

#[test]
fn the_schema_and_the_reader_agree_but_for_what_is_known() {
    let lines = |lines: &[&str], schema: bool, reader: bool| {
        lines.iter().map(|line| (with(line), schema, reader)).collect::<Vec<_>>()
    };
    let clusters = CLUSTERS.iter().map(|(line, taken)| (format!("{CLOUD}{line}\n"), *taken, *taken));
    let mut wrong = Vec::new();
    let cases = lines(TAKEN, true, true)
        .into_iter()
        .chain(lines(REFUSED, false, false))
        .chain(lines(READER_ONLY, false, true))
        .chain(lines(SCHEMA_ONLY, true, false))
        .chain(clusters);
    for (text, schema, reader) in cases {
        let found = (by_schema(&text), by_reader(&text));
        if found != (schema, reader) {
            wrong.push(format!("{text}schema: {}, reader: {}", found.0, found.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
