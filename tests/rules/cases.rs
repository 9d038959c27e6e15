//! Files in which a rule has more than one way to be broken, or is easily taken
//! to be broken when it is not.

use frazil::config::{Checked, check_bytes};

use crate::{TODAY, check, found};

pub(crate) const AWS: &str =
    "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
pub(crate) const GCP: &str = "name: lab\nprovider: { gcp: { project: icesat2-2026, region: us-central1 } }\n";
pub(crate) const CLUSTER: &str =
    "name: lab\nprovider: { kubernetes: { context: kind } }\nimage: { name: quay.io/a/b }\n";
const PEOPLE: &str = "domain: hub.example.org\nadmins: [octocat]\nauth: native\n";

fn checked(provider: &str, lines: &str) -> Checked {
    let text = format!("{provider}{PEOPLE}{lines}\n");
    check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY)
}

/// A provider, further lines, the rule that they break (or none), the key it is about, and words of message and help.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str]);

pub(crate) fn hold(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (provider, lines, rule, key, words) in cases {
        let checked = checked(provider, lines);
        let told: Vec<_> =
            checked.problems.iter().map(|problem| (problem.rule, problem.path.as_str())).collect();
        let expected = if rule.is_empty() { Vec::new() } else { vec![(*rule, *key)] };
        let text: Vec<_> = checked
            .problems
            .iter()
            .map(|p| format!("{} {}", p.message, p.help.clone().unwrap_or_default()))
            .collect();
        let text = text.join(" ");
        if told != expected || !words.iter().all(|word| text.contains(word)) {
            wrong.push(format!("{lines}\n{told:?}\n{:#?}", found(&checked)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const ONE_GPU: &str = "sizes: [{ name: a, memory: 4 GiB }, { name: g, memory: 8 GiB, gpu: 4 }]\n";

#[test]
fn machines() {
    hold(&[
        (
            AWS,
            "sizes: [{ name: a, memory: 4 GiB, cpu: 8 }]\npools: { user: { machine: r7i.2xlarge } }",
            "size-too-large",
            "sizes[0].cpu",
            &["cpu: 7.6"],
        ),
        (
            AWS,
            "sizes: [{ name: a, memory: 4 GiB }, { name: g, memory: 8 GiB, gpu: 4 }]\npools: { gpu: { machine: g4dn.xlarge } }",
            "size-too-large",
            "sizes[1].gpu",
            &["gpu: 1"],
        ),
        (AWS, ONE_GPU, "", "", &[]),
        (
            AWS,
            "sizes: [{ name: a, memory: 900 TiB }]",
            "size-too-large",
            "sizes[0].memory",
            &["at most `memory: "],
        ),
        (
            AWS,
            "sizes: [{ name: a, memory: 60 GiB }]\npools: { user: { machines: [r7i.4xlarge, r6i.4xlarge] } }",
            "",
            "",
            &[],
        ),
        (
            AWS,
            "pools: { user: { machines: [r7i.4xlarge, m7i.4xlarge] } }",
            "machine-shapes",
            "pools.user.machines[1]",
            &["128.0 GiB", "64.0 GiB"],
        ),
        (
            AWS,
            "gateway: { workers: { cores: 64, memory: 8 GiB } }",
            "worker-too-large",
            "gateway.workers.memory",
            &["64 CPU"],
        ),
        (AWS, "gateway: { enabled: false, workers: { cores: 64, memory: 8 GiB } }", "", "", &[]),
        (AWS, "pools: { gpu: { spot: true } }", "people-on-spot", "pools.gpu.spot", &[]),
        (AWS, "pools: { core: { spot: false }, user: { spot: false } }", "", "", &[]),
        (AWS, "pools: { core: { machine: r7g.large, arch: arm64 } }", "", "", &[]),
        (CLUSTER, "sizes: [{ name: a, memory: 900 TiB }]", "", "", &[]),
    ]);
}

#[test]
fn zones_and_networks() {
    hold(&[
        (AWS, "zones: [us-west-2a, us-west-2a]", "too-few-zones", "zones", &["another zone of us-west-2"]),
        (AWS, "zones: [us-west-2a, us-west-2-lax-1a]", "zone-region", "zones[1]", &["`us-west-2` with one"]),
        (AWS, "zones: [us-west-2-a, us-west-2b]", "zone-region", "zones[0]", &[]),
        (GCP, "zones: [us-central1a]", "zone-region", "zones[0]", &["`us-central1-` with one letter"]),
        (GCP, "pools: { user: { zones: [us-central1-ab] } }", "pool-zone", "pools.user.zones[0]", &[]),
        (GCP, "zones: [us-central1-a]", "", "", &[]),
        (
            AWS,
            "pools: { user: { zones: [us-east-1a] } }",
            "pool-zone",
            "pools.user.zones[0]",
            &["`us-west-2` with one letter"],
        ),
        (GCP, "pools: { user: { zones: [us-central1-f] } }", "", "", &[]),
        (
            AWS,
            "pools: { core: { zones: [us-west-2a, us-west-2b] } }",
            "core-zone",
            "pools.core.zones[1]",
            &["zones: [us-west-2a]"],
        ),
        (AWS, "pools: { core: { zones: [us-west-2c] } }", "", "", &[]),
        (
            AWS,
            "zones: [us-west-2b, us-west-2a]\nstorage: { homes: { quota: 9 GiB } }\npools: { core: { zones: [us-west-2a] } }",
            "core-zone",
            "pools.core.zones[0]",
            &["and of the homes"],
        ),
        (
            GCP,
            "network: { pods: 10.40.0.0/14 }",
            "network-overlap",
            "network.pods",
            &["`network.cidr`", "10.0.0.0/16 is free"],
        ),
        (AWS, "network: { pods: 10.40.0.0/14 }", "no-effect", "network.pods", &["on AWS"]),
        (
            GCP,
            "network: { pods: 10.64.0.0/20 }\npools: { user: { max: 40 } }",
            "network-too-small",
            "network.pods",
            &["65 nodes", "/17"],
        ),
        (GCP, "network: { cidr: 10.40.0.0/24 }\npools: { user: { max: 40 } }", "", "", &[]),
        (
            GCP,
            "network: { cidr: 10.40.0.0/24 }\npools: { user: { max: 400 } }",
            "network-too-small",
            "network.cidr",
            &["/23"],
        ),
        (AWS, "network: { cidr: 10.40.0.0/20 }", "", "", &[]),
    ]);
}

#[test]
fn money_days_and_versions() {
    hold(&[
        (AWS, "budget: { total: 10 EUR }", "", "", &[]),
        (
            AWS,
            "budget: { total: 20 USD }\nevent: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }",
            "budget-too-small",
            "budget.total",
            &["the event's 5 days", "control plane 12.00"],
        ),
        (
            AWS,
            "budget: { total: 30 USD }\nevent: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }",
            "",
            "",
            &[],
        ),
        // 54 of the 80 come before a new node could, 7 to a node.
        (
            AWS,
            "budget: { total: 400 USD }\nsizes: [{ name: small, memory: 8 GiB }]\nevent: { from: 2027-03-22, to: 2027-03-26, attendees: 80, login_burst: 80 in 15 min }",
            "budget-too-small",
            "budget.total",
            &["8 x r5a.2xlarge kept warm 433.92"],
        ),
        // As many as the overrides leave.
        (
            AWS,
            "budget: { total: 200 USD }\nsizes: [{ name: small, memory: 8 GiB }]\nevent: { from: 2027-03-22, to: 2027-03-26, attendees: 80, login_burst: 80 in 15 min }\n\
             overrides: { jupyterhub: { scheduling: { userPlaceholder: { replicas: 2 } } } }",
            "",
            "",
            &[],
        ),
        // Of 80 people's 20 GiB a quarter is on the disk, beside the database and the history of use.
        (
            AWS,
            "budget: { total: 20 USD }\nstorage: { homes: { quota: 20 GiB } }\nsupport: { monitoring: true }\n\
             event: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }",
            "budget-too-small",
            "budget.total",
            &["homes' disk of 400 GiB", "hub's disks of 13 GiB"],
        ),
        (
            AWS,
            "budget: { total: 20 USD }\npools: { user: { machine: r5a.2xlarge, min: 2 } }\n\
             event: { from: 2027-03-22, to: 2027-03-26, attendees: 80 }",
            "budget-too-small",
            "budget.total",
            &["2 x r5a.2xlarge 108.48", "encryption key 0.16"],
        ),
        (
            GCP,
            "budget: { total: 20 USD }",
            "budget-too-small",
            "budget.total",
            &["homes on Filestore, 1 TiB at least 163.84"],
        ),
        (CLUSTER, "budget: { total: 1 USD }", "no-effect", "budget", &[]),
        (AWS, "event: { from: 2026-10-30, to: 2026-11-02, attendees: 80 }", "", "", &[]),
        (
            AWS,
            "data: { regions: [us-central1] }",
            "data-region",
            "data.regions[0]",
            &["gcp/us-central1", "112 USD"],
        ),
        (AWS, "data: { regions: [us-west-2, eu-central-1] }", "data-region", "data.regions[1]", &["20 USD"]),
        (CLUSTER, "data: { regions: [us-west-2] }", "no-effect", "data", &[]),
        (
            GCP,
            "kubernetes: { version: \"1.34\" }",
            "kubernetes-ended",
            "kubernetes.version",
            &["GKE", "2026-10-01"],
        ),
        (
            AWS,
            "kubernetes: { version: \"1.34\" }",
            "near-end-of-support",
            "kubernetes.version",
            &["in 30 days"],
        ),
        (CLUSTER, "kubernetes: { version: \"1.20\" }", "no-effect", "kubernetes", &[]),
        (
            AWS,
            "kubernetes: { version: \"1.99\" }",
            "kubernetes-unknown",
            "kubernetes.version",
            &["write an earlier version"],
        ),
        (
            AWS,
            "kubernetes: { version: \"1.20\" }\ncharts: { jupyterhub: 5.0.0, dask-gateway: 2027.1.0 }\nsilence: [{ rule: chart-newer, because: a test }]",
            "kubernetes-ended",
            "kubernetes.version",
            &[],
        ),
    ]);
}

#[test]
fn overrides() {
    const SILENT: &str = "silence: [{ rule: profile-list, because: a test }]\n";
    let profile = |inner: &str| {
        format!("{SILENT}overrides: {{ jupyterhub: {{ singleuser: {{ profileList: [{inner}] }} }} }}")
    };
    for (inner, key) in [
        ("{ display_name: a, kubespawner_override: { cpuLimit: 2 } }", "[0].kubespawner_override.cpuLimit"),
        (
            "{ display_name: a }, { display_name: b, profile_options: { o: { display_name: c, choices: { d: { display_name: e, kubespawner_override: { memLimit: 2G } } } } } }",
            "[1].profile_options.o.choices.d.kubespawner_override.memLimit",
        ),
    ] {
        let checked = checked(CLUSTER, &profile(inner));
        assert_eq!(checked.problems.len(), 1, "{:?}", found(&checked));
        let problem = &checked.problems[0];
        assert_eq!(problem.rule, "kubespawner-key");
        assert!(problem.path.ends_with(key), "{}", problem.path);
        let span = problem.span.clone().unwrap();
        assert!(checked.text[span].ends_with("Limit"), "the place is the key itself");
    }
    hold(&[
        (
            CLUSTER,
            "overrides: { jupyterhub: { hub: { nodeSelector: ~, extraEnv: [{ name: A }] }, custom: { anything: 1 } } }",
            "",
            "",
            &[],
        ),
        (
            CLUSTER,
            "overrides: { dask-gateway: { gateway: { backend: { worker: { core: 2 } } } } }",
            "chart-key",
            "overrides.dask-gateway.gateway.backend.worker.core",
            &["`cores`"],
        ),
        (
            CLUSTER,
            "charts: { jupyterhub: 4.5.0 }\noverrides: { jupyterhub: { nothing: 1 } }",
            "chart-newer",
            "charts.jupyterhub",
            &["not checked"],
        ),
        (
            CLUSTER,
            "overrides: { jupyterhub: { hub: { config: { authenticator: {} } } } }",
            "chart-key",
            "overrides.jupyterhub.hub.config.authenticator",
            &[],
        ),
    ]);
}

#[test]
fn a_wrong_value_is_told_once_and_nothing_is_built_on_it() {
    for lines in [
        "zones: [US]\npools: { core: { zones: [us-west-2b] } }",
        "network: { cidr: 172.16.0.0/99 }",
        "pools: { user: { machine: 5 } }\nsizes: [{ name: a, memory: 900 TiB }]",
        "kubernetes: { version: \"135\" }",
        "event: { from: x, to: 2020-01-01, attendees: 8 }\nbudget: { total: 1 USD }",
        "data: { regions: [X] }",
    ] {
        let checked = checked(AWS, lines);
        assert!(checked.problems.len() <= 2, "{lines}: {:#?}", found(&checked));
        assert!(
            ["name", "unit"].contains(&checked.problems[0].rule) || checked.problems.len() == 2,
            "{lines}: {:#?}",
            found(&checked)
        );
    }
    let text = format!(
        "name: lab\nprovider: {{ aws: {{ account: 1, region: us-west-2 }} }}\n{PEOPLE}zones: [eu-west-1a, eu-west-1b]\n"
    );
    let checked = check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY);
    assert_eq!(checked.problems.len(), 1, "{:#?}", found(&checked));
}

/// The other file, what this file says of the gateway, and the rule and words.
const NEIGHBOURS: &[(&str, &str, &str, &str)] = &[
    (
        "domain: g.example.org\nhub: false\nauth: { password: {} }",
        "auth: password, password: { env: X }",
        "",
        "",
    ),
    (
        "hub: false\ngateway: { enabled: false }\nauth: { password: {} }",
        "auth: password, password: { env: X }",
        "gateway-file",
        "1 error",
    ),
    (
        "gateway: { enabled: false }\ndomain: g.example.org\nadmins: [octocat]\nauth: native",
        "",
        "gateway-unreachable",
        "has no gateway",
    ),
    (
        "domain: g.example.org\nadmins: [octocat]\nauth: native",
        "",
        "gateway-unreachable",
        "inside its own cluster",
    ),
    (
        "hub: false\nauth: { hub: { address: 'https://hub.example.org', token: { env: X } } }",
        "",
        "gateway-unreachable",
        "its own network only, in gcp/us-central1",
    ),
    (
        "domain: g.example.org\nhub: false\nauth: { hub: { address: 'https://hub.example.org/', token: { env: X } } }",
        "",
        "",
        "",
    ),
    (
        "domain: g.example.org\nhub: false\nauth: { hub: { address: 'https://other.example.org', token: { env: X } } }",
        "",
        "gateway-auth",
        "is not this hub",
    ),
    (
        "domain: g.example.org\nhub: false\nauth: { hub: { address: 'https://hub.example.org', token: { env: X } } }",
        "auth: password, password: { env: X }",
        "gateway-auth",
        "a hub's tokens",
    ),
    (
        "domain: g.example.org\nhub: false\nauth: { password: {} }",
        "auth: password, password: { env: X }, region: aws/us-west-2",
        "gateway-differs",
        "`other` runs in gcp/us-central1, not in aws/us-west-2",
    ),
    (
        "domain: g.example.org\nhub: false\nauth: { password: {} }",
        "auth: password, password: { env: X }, region: gcp/us-central1",
        "",
        "",
    ),
];

#[test]
fn gateways_of_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let gcp = GCP.replace("lab", "other");
    let mut texts: Vec<_> = NEIGHBOURS
        .iter()
        .map(|(other, entry, rule, words)| (format!("{gcp}{other}\n"), *entry, *rule, *words))
        .collect();
    texts.push((
        "name: other\nprovider: local\n".to_owned(),
        "",
        "gateway-unreachable",
        "runs on one machine",
    ));
    texts.push(("name: other\n".to_owned(), "", "gateway-file", "frazil validate"));
    for (other, entry, rule, words) in texts {
        std::fs::write(folder.path().join("other.yaml"), &other).unwrap();
        let file = folder.path().join("hub.yaml");
        let text = format!("{AWS}{PEOPLE}gateways: [{{ name: other, file: other.yaml, {entry} }}]\n");
        std::fs::write(&file, text).unwrap();
        let checked = check(&file);
        let rules: Vec<_> = checked.problems.iter().map(|problem| problem.rule).collect();
        let expected: Vec<_> = Some(rule).filter(|rule| !rule.is_empty()).into_iter().collect();
        let told: Vec<_> = checked
            .problems
            .iter()
            .map(|p| format!("{} {}", p.message, p.help.clone().unwrap_or_default()))
            .collect();
        assert!(rules == expected && told.concat().contains(words), "{other}{entry}\n{:#?}", found(&checked));
    }
}

#[test]
fn joined_networks_differ() {
    let folder = tempfile::tempdir().unwrap();
    let internal = "hub: false\nauth: { hub: { address: 'https://hub.example.org', token: { env: X } } }\n";
    for (network, rules) in [("10.40.0.0/16", vec!["network-overlap"]), ("10.41.0.0/16", vec![])] {
        let other = format!("{AWS}{internal}network: {{ cidr: {network} }}\n");
        std::fs::write(folder.path().join("other.yaml"), other).unwrap();
        let file = folder.path().join("hub.yaml");
        std::fs::write(&file, format!("{AWS}{PEOPLE}gateways: [{{ name: lab, file: other.yaml }}]\n"))
            .unwrap();
        let checked = check(&file);
        let told: Vec<_> = checked.problems.iter().map(|problem| problem.rule).collect();
        assert_eq!(told, rules, "{:#?}", found(&checked));
    }
}

#[test]
fn a_gateway_file_that_names_itself_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.yaml");
    std::fs::write(&file, format!("{AWS}{PEOPLE}gateways: [{{ name: g, file: hub.yaml }}]\n")).unwrap();
    let checked = check(&file);
    assert_eq!(checked.problems.len(), 1, "{:#?}", found(&checked));
    assert_eq!(checked.problems[0].rule, "gateway-unreachable");
}

#[test]
fn every_kept_name_fits_for_the_longest_names() {
    let hub = "x".repeat(32);
    let text = format!("{}{PEOPLE}support: {{ monitoring: true }}\n", AWS.replace("lab", &hub));
    let checked = check_bytes(text.into_bytes(), std::path::Path::new("hub.yaml"), TODAY);
    assert!(checked.problems.is_empty(), "{:#?}", found(&checked));
}

#[test]
fn how_a_hub_is_reached() {
    hold(&[
        (AWS, "dns: { zone: example.org }", "", "", &[]),
        (AWS, "dns: { zone: hub.example.org }", "", "", &[]),
        (AWS, "dns: { zone: b.example.org }", "zone-domain", "dns.zone", &["`example.org`"]),
        (AWS, "dns: { zone: ample.org }", "zone-domain", "dns.zone", &["hub.example.org"]),
        (AWS, "dns: { zone: example-org }", "zone-domain", "dns.zone", &["by their domain"]),
        (GCP, "dns: { zone: example-org }", "", "", &[]),
        (GCP, "dns: { zone: example.org }", "zone-domain", "dns.zone", &["`example-org`"]),
        (CLUSTER, "dns: { zone: example.org }", "no-effect", "dns", &["exists"]),
        (
            GCP,
            "kubernetes: { administrators: [\"arn:aws:iam::123456789012:role/a\"] }",
            "administrator-kind",
            "kubernetes.administrators[0]",
            &["on Google Cloud", "`user:`"],
        ),
        (GCP, "kubernetes: { administrators: [\"group:a@example.org\"] }", "", "", &[]),
    ]);
}
