//! One hub whose people reach gateways in both clouds, each hub file with a cluster of its own.

use super::clouds::{Kind, World};
use super::scratch::{Scratch, stderr, stdout};

const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");

fn far() -> String {
    format!(
        "name: far
provider: {{ gcp: {{ project: frazil-test, region: us-central1 }} }}
hub: false
domain: far.example.org
contact: ada@example.org
auth: {{ password: {{ user_password: {{ env: FAR_PASSWORD }} }} }}
charts: {{ from: \"{CHARTS}\" }}
image: {{ name: well, tag: \"1\" }}
"
    )
}

fn lab() -> String {
    format!(
        "name: lab
provider: {{ aws: {{ account: \"123456789012\", region: us-west-2 }} }}
admins: [ada]
auth: native
sizes: [{{ name: small, memory: 1 GiB, default: true }}]
gateways: [{{ name: far, file: far.yaml, auth: password, password: {{ env: FAR_PASSWORD }} }}]
charts: {{ from: \"{CHARTS}\" }}
image: {{ name: well, tag: \"1\" }}
"
    )
}

#[test]
fn one_hub_reaches_gateways_in_both_clouds() {
    let Some(mut aws) = World::start(Kind::Aws, "lab") else { return };
    let Some(mut google) = World::start(Kind::Google, "far") else { return };
    aws.bring_nodes();
    google.bring_nodes();
    let machine = Scratch::new();
    machine.write("lab.yaml", lab());
    machine.write("far.yaml", far());
    let well = |arguments: &[&str]| {
        let mut command = machine.frazil();
        command.envs(google.environment()).envs(aws.environment()).env("FAR_PASSWORD", "far-and-long-enough");
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    };
    for file in ["far.yaml", "lab.yaml"] {
        well(&["up", "--auto-approve", file]);
        well(&["drift", file]);
    }
    let there = |world: &World, kinds: &str, namespace: &str| {
        world.kubernetes.run("kubectl", &["get", kinds, "--namespace", namespace, "--output=name"])
    };
    let (of_lab, of_far) = (there(&aws, "deployments", "lab"), there(&google, "deployments", "far"));
    assert!(of_lab.contains("/hub") && of_lab.contains("lab-dask-gateway"), "{of_lab}");
    assert!(!of_far.contains("/hub") && of_far.contains("far-dask-gateway"), "{of_far}");
    let values = aws.kubernetes.run("helm", &["get", "values", "lab-jupyterhub", "-n", "lab", "-o", "json"]);
    let values: serde_json::Value = serde_json::from_str(&values).unwrap();
    let env = &values["singleuser"]["extraEnv"];
    // The hub's own gateway, and the other cloud's.
    assert!(env["DASK_GATEWAY__ADDRESS"].as_str().is_some_and(|address| address.contains("lab")), "{env}");
    let gateways = env["FRAZIL_GATEWAYS"].as_str().unwrap().replace("{{", "{").replace("}}", "}");
    let gateways: serde_json::Value = serde_json::from_str(&gateways).unwrap();
    assert_eq!(gateways[0]["address"], "https://far.example.org");
    assert_eq!(gateways[0]["region"], "gcp/us-central1");
    for name in ["lab", "far"] {
        let file = format!("{name}.yaml");
        well(&["down", &file, "--confirm", name]);
        well(&["down", "--audit", &file]);
    }
}
