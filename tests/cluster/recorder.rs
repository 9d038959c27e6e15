//! The recorder: in the cluster beside a hub, and what it writes while it is killed and started again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::hub::{Hub, file};

/// Whoever waits longer than this waits for ever.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_recorder_comes_and_goes_with_its_hub() {
    let Some(hub) = Hub::new() else { return };
    hub.machine.write("hub.yaml", file("support: { recorder: \"well:1\" }\n"));
    hub.up();
    assert_eq!(hub.drift(), []);
    let account = "--as=system:serviceaccount:lab:recorder";
    let may = |question: &[&str]| {
        let mut command = hub.kubernetes.tool("kubectl");
        command.args(["auth", "can-i"]).args(question).arg(account).status().unwrap().success()
    };
    assert!(may(&["watch", "pods", "-n", "lab"]) && may(&["list", "nodes"]));
    assert!(!may(&["list", "secrets", "-n", "lab"]) && !may(&["list", "pods", "-n", "default"]));
    assert!(!may(&["delete", "pods", "-n", "lab"]));
    assert!(may(&["get", "nodes", "--subresource=stats"]) && !may(&["get", "nodes", "--subresource=proxy"]));
    hub.down();
    hub.assert_gone();
}

#[test]
fn the_page_of_costs_is_a_service_of_the_hub() {
    let Some(hub) = Hub::new() else { return };
    hub.machine.write("hub.yaml", file("support: { recorder: \"well:1\" }\n"));
    hub.up();
    let get = |what: &str| -> Value {
        serde_json::from_str(&hub.kubectl(&["get", what, "-n", "lab", "--output=json"])).unwrap()
    };
    let pod = &get("deployment/recorder")["spec"]["template"]["spec"];
    let page = &pod["containers"][1];
    assert_eq!((&pod["containers"][0]["name"], &page["name"]), (&json!("recorder"), &json!("report")));
    let token = page["env"].as_array().unwrap().iter().find(|each| each["name"] == "JUPYTERHUB_API_TOKEN");
    let from = &token.unwrap()["valueFrom"]["secretKeyRef"];
    assert_eq!((&from["name"], &from["key"]), (&json!("frazil-secrets"), &json!("report-token")));
    let ours = &get("secret/frazil-secrets")["data"]["report-token"];
    let hubs = &get("secret/hub")["data"]["hub.services.report.apiToken"];
    assert!(ours.is_string() && ours == hubs, "the hub knows the service by the same token");
    let told: Value =
        serde_json::from_str(get("configmap/report")["data"]["hub.json"].as_str().unwrap()).unwrap();
    assert_eq!((&told["name"], &told["auth"]), (&json!("lab"), &Value::Null), "nothing of the login");
    assert_eq!(get("service/report")["spec"]["ports"][0]["port"], page["ports"][0]["containerPort"]);
    assert_eq!(get("networkpolicy/report")["spec"]["policyTypes"], json!(["Ingress"]));
    assert!(hub.well(&["status"]).contains("recorder"));
    assert_eq!(hub.drift(), []);
    hub.machine.write("hub.yaml", file("support: { recorder: \"well:1\", report: false }\n"));
    hub.up();
    let pod = &get("deployment/recorder")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"].as_array().unwrap().len(), 1);
    hub.down();
    hub.assert_gone();
}

fn start(hub: &Hub, folder: &Path) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin("frazil"))
        .args(["record", "--context", "lab", "--namespace", "people", "--out"])
        .arg(folder)
        .env("KUBECONFIG", hub.kubernetes.kubeconfig())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// All lines that were written.
fn lines(folder: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let text: String = entries.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The last line of a pod that satisfies a condition, once there is one.
fn wait(folder: &Path, pod: &str, what: impl Fn(&Value) -> bool) -> Value {
    let since = Instant::now();
    loop {
        let found = lines(folder).into_iter().rev().find(|line| line["name"] == pod);
        match found {
            Some(line) if what(&line) => return line,
            other => assert!(since.elapsed() < PATIENCE, "{pod}: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn server(hub: &Hub, name: &str) {
    let container = json!({
        "name": "notebook", "image": "well:1", "resources": { "requests": { "cpu": "500m", "memory": "1Gi" } },
    });
    hub.kubernetes.create(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "people",
            "labels": { "component": "singleuser-server", "secret": "not-recorded" },
            "annotations": { "hub.jupyter.org/username": name },
        },
        "spec": { "containers": [container] },
    }));
}

#[test]
fn no_life_is_lost_while_the_recorder_is_away() {
    let Some(mut hub) = Hub::new() else { return };
    hub.kubectl(&["create", "namespace", "people"]);
    let folder = hub.machine.path().join("history");
    let mut recorder = start(&hub, &folder);
    server(&hub, "ada");
    server(&hub, "grace");
    let ada = wait(&folder, "ada", |line| line["scheduled"].is_string());
    assert_eq!((&ada["cpu_millis"], &ada["memory_bytes"]), (&json!(500), &json!(1 << 30)));
    assert_eq!(ada["labels"]["hub.jupyter.org/username"], "ada");
    assert!(ada["labels"].get("secret").is_none(), "{ada}");
    assert!(ada["node"].as_str().unwrap().starts_with("node-"));
    wait(&folder, "grace", |line| line["scheduled"].is_string());
    assert!(lines(&folder).iter().any(|line| line["kind"] == "node"));

    hub.kubectl(&["delete", "pod/ada", "-n", "people", "--wait=true"]);
    let ada = wait(&folder, "ada", |line| line["ended"].is_string());
    assert_eq!(ada["ended_before"], false);

    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let torn = folder.read_dir().unwrap().next().unwrap().unwrap().path();
    let mut text = std::fs::read_to_string(&torn).unwrap();
    text.push_str("{\"kind\":\"pod\",\"uid\":\"cut");
    std::fs::write(&torn, text).unwrap();
    hub.kubectl(&["delete", "pod/grace", "-n", "people", "--wait=true"]);
    server(&hub, "edith");
    let mut recorder = start(&hub, &folder);
    let grace = wait(&folder, "grace", |line| line["ended"].is_string());
    assert_eq!(grace["ended_before"], true, "it was only found to be gone");
    wait(&folder, "edith", |line| line["scheduled"].is_string());

    let before = lines(&folder).len();
    hub.kubernetes.stop_api();
    hub.kubernetes.start_api();
    server(&hub, "katherine");
    wait(&folder, "katherine", |line| line["scheduled"].is_string());
    // As Kubernetes ends a pod.
    let pid = recorder.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(recorder.wait().unwrap().code(), Some(0));
    let after = lines(&folder);
    let old = after[before..].iter().filter(|line| line["name"] != "katherine");
    let again: Vec<_> = old.filter(|line| after[..before].contains(line)).collect();
    assert!(again.is_empty(), "nothing is written twice: {again:?}");
}
