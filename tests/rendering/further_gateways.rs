//! Further gateways as people's servers see them, and the charts' origin.

use frazil::config::{HubDocument, check_file};
use frazil::render::cluster::Cluster;
use frazil::render::{hub_files, releases};
use serde_json::{Value, json};

use super::hubs::TODAY;

const AWS: &str = "{ aws: { account: \"123456789012\", region: us-west-2 } }";
const OTHER_ACCOUNT: &str = "{ aws: { account: \"210987654321\", region: us-west-2 } }";
const GCP: &str = "{ gcp: { project: ice-2026, region: us-central1 } }";
const OTHER_PROJECT: &str = "{ gcp: { project: ice-2027, region: us-central1 } }";
const KIND: &str = "{ kubernetes: { context: kind } }";
const OTHER_KIND: &str = "{ kubernetes: { context: other } }";

/// A hub with a further gateway, and the rules that its file breaks.
struct Pair {
    document: Option<HubDocument>,
    rules: Vec<&'static str>,
}

impl Pair {
    fn new(provider: &str, other: &str, lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, gateway) = (folder.path().join("hub.yaml"), folder.path().join("pub.yaml"));
        let image = "image: { name: quay.io/a/b }";
        let hub = format!(
            "name: lab\nprovider: {provider}\n{image}\ndomain: hub.example.org\nadmins: [octocat]\nauth: native\n\
             gateways: [{{ name: pub, file: pub.yaml }}]\n"
        );
        let tokens = "auth: { hub: { address: \"https://hub.example.org\", token: { env: X } } }";
        let network = "network: { cidr: 10.50.0.0/16 }";
        let network = if other.contains("kubernetes") { "" } else { network };
        let other =
            format!("name: pub\nprovider: {other}\n{image}\nhub: false\n{tokens}\n{network}\n{lines}\n");
        std::fs::write(&file, hub).unwrap();
        std::fs::write(&gateway, other).unwrap();
        let checked = check_file(&file, TODAY).unwrap();
        let rules = checked.problems.iter().map(|problem| problem.rule).collect();
        Self { document: checked.document, rules }
    }

    /// What people's servers get.
    fn singleuser(&self) -> Value {
        let document = self.document.as_ref().unwrap_or_else(|| panic!("{:?}", self.rules));
        let cluster = Cluster::new(&document.hub).unwrap().beside(&document.neighbours);
        let mut releases = releases(&cluster).unwrap();
        releases.retain(|release| release.chart.name == "jupyterhub");
        releases.remove(0).values["singleuser"].take()
    }
}

/// The one gateway that people's servers are told of.
fn told(singleuser: &Value) -> Value {
    let text = singleuser["extraEnv"]["FRAZIL_GATEWAYS"].as_str().unwrap();
    let mut list: Vec<Value> = serde_json::from_str(&text.replace("{{", "{").replace("}}", "}")).unwrap();
    list.remove(0)
}

/// The egress rules beyond the one to the hub's own gateway.
fn opened(singleuser: &Value) -> &[Value] {
    &singleuser["networkPolicy"]["egress"].as_array().unwrap()[1..]
}

#[test]
fn a_gateway_with_a_domain_is_told_by_its_address() {
    for other in [AWS, GCP] {
        let singleuser = Pair::new(AWS, other, "domain: pub.example.org").singleuser();
        let told = told(&singleuser);
        let region = if other == AWS { "aws/us-west-2" } else { "gcp/us-central1" };
        assert_eq!((&told["address"], &told["region"]), (&json!("https://pub.example.org"), &json!(region)));
        assert_eq!((told.get("file"), &told["address_variable"]), (None, &Value::Null));
        assert!(opened(&singleuser).is_empty(), "public addresses are open already");
    }
}

#[test]
fn an_internal_gateway_in_the_same_place_is_reached() {
    for provider in [AWS, GCP] {
        let singleuser = Pair::new(provider, provider, "").singleuser();
        let told = told(&singleuser);
        assert_eq!(
            (&told["address"], &told["address_variable"]),
            (&Value::Null, &json!("FRAZIL_GATEWAY_ADDRESS_PUB"))
        );
        assert_eq!(singleuser["extraEnv"]["FRAZIL_GATEWAY_ADDRESS_PUB"], "output:gateway_address:pub");
        let rule = json!({
            "to": [{ "ipBlock": { "cidr": "10.50.0.0/16" } }],
            "ports": [{ "protocol": "TCP", "port": 80 }],
        });
        assert_eq!(opened(&singleuser), [rule]);
    }
}

#[test]
fn a_gateway_in_the_same_cluster_is_reached_by_its_service() {
    let singleuser = Pair::new(KIND, KIND, "").singleuser();
    assert_eq!(told(&singleuser)["address"], "http://traefik-pub-dask-gateway.pub");
    let peer = &opened(&singleuser)[0]["to"][0];
    assert_eq!(peer["namespaceSelector"]["matchLabels"], json!({ "kubernetes.io/metadata.name": "pub" }));
    assert_eq!(peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"], "traefik");
}

#[test]
fn another_account_project_or_cluster_is_another_place() {
    for (one, other) in [(AWS, OTHER_ACCOUNT), (GCP, OTHER_PROJECT), (KIND, OTHER_KIND)] {
        assert_eq!(Pair::new(one, other, "").rules, ["gateway-unreachable"], "{other}");
    }
}

#[test]
fn charts_come_from_where_the_file_says() {
    let hub = |from: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.yaml");
        let text = format!(
            "name: lab\nprovider: {KIND}\nimage: {{ name: a/b }}\nauth: native\ncharts: {{ from: {from} }}\n"
        );
        std::fs::write(&file, text).unwrap();
        check_file(&file, TODAY).unwrap().document.unwrap().hub
    };
    for from in ["upstream", "https://charts.example.org", "/srv/charts"] {
        let hub = hub(from);
        let tree = hub_files(&Cluster::new(&hub).unwrap()).unwrap();
        let (_, file) = tree.files().find(|(path, _)| path.ends_with("charts.yaml")).unwrap();
        let charts: Vec<Value> = serde_yaml::from_slice(&file.content).unwrap();
        for chart in charts {
            let upstream = chart["repository"].as_str().unwrap() != from;
            assert_eq!(upstream, from == "upstream", "{chart}");
        }
    }
}
