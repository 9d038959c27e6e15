//! Nodes of a cluster in every form, with and without rights and samples.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::objects::{DASK, Lab, USER, file};
use super::scratch::{shared_cache, stderr, stdout};
use crate::skips::skipped;

fn report(lab: &Lab) -> Value {
    let output = lab.frazil().args(["nodes", "-o", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["nodes"].as_array().unwrap().iter().find(|node| node["node"] == name).unwrap()
}

#[test]
fn what_is_requested_used_and_paid_and_by_whom() {
    let Some(lab) = Lab::new() else { return };
    without_samples(&lab);
    lab.measure(&[(USER, "1500m", "4000Mi"), (DASK, "250000000n", "1500Mi")]);
    with_samples(&lab);
    other_forms(&lab);
    lines_of_a_watch(&lab);
    rights(&lab);
    several_hubs(&lab);
}

fn without_samples(lab: &Lab) {
    let report = report(lab);
    assert_eq!(report["schema"], "frazil.nodes/v1");
    let user = of(&report, USER);
    // Pods that are over take nothing.
    assert_eq!((&user["pods"], &user["pod_slots"]), (&json!(3), &json!(58)));
    assert_eq!(user["cpu"]["requested_cores"], 2.25 + 0.5 + 0.35);
    let mib = f64::from((1024 + 64 + 1024 + 120) << 10) * 1024.0;
    assert_eq!(user["memory"]["requested_bytes"].as_f64(), Some(mib));
    assert_eq!(user["memory"]["nominal_bytes"], 32_u64 << 30);
    assert_eq!(user["cpu"]["used_cores"], Value::Null, "never 0 when it is not known");
    assert_eq!(user["memory"]["used_percent_of_capacity"], Value::Null);
    assert_eq!(
        user["servers"],
        json!([{ "user": "ada@x.org", "server": "" }, { "user": "bob", "server": "" }])
    );
    assert_eq!((&user["usd_per_hour"], &user["market"]), (&json!(0.252), &json!("on-demand")));
    let idle = user["idle_usd_per_hour"].as_f64().unwrap();
    assert!((idle - 0.252 * (4.0 - 3.1) / 4.0).abs() < 1e-9, "{idle}");
    let dask = of(&report, DASK);
    assert_eq!(dask["dask_clusters"], json!([{ "user": "eve", "cluster": "c1", "pods": 2 }]));
    assert_eq!((&dask["market"], &dask["usd_per_hour"]), (&json!("spot"), &Value::Null));
    assert!(dask["price_gap"].as_str().unwrap().contains("no spot price of m5.xlarge in aws/us-west-2"));
    assert_eq!(
        of(&report, "gke-lab-user-1")["usd_per_hour"],
        0.262_028,
        "the other cloud's, in the same table"
    );
    assert_eq!(of(&report, "bare")["machine_type"], Value::Null);
    assert_eq!(report["waiting"][0]["pods"], 1);
    assert_eq!((&report["total"]["nodes"], &report["total"]["nodes_without_price"]), (&json!(4), &json!(2)));
    let notes = report["notes"].to_string();
    assert!(notes.contains("metrics API is not served") && notes.contains("no kubelet answers"), "{notes}");
    let text = stdout(&lab.frazil().args(["nodes"]).output().unwrap());
    assert!(text.contains("unknown") && text.contains("1 pod waits for a node: 64.00 cores"), "{text}");
}

fn with_samples(lab: &Lab) {
    let report = report(lab);
    let user = of(&report, USER);
    assert_eq!((&user["cpu"]["used_cores"], &user["sample"]["window_seconds"]), (&json!(1.5), &json!(20.5)));
    assert_eq!(user["memory"]["used_percent_of_capacity"], 12.5);
    assert_eq!(user["memory"]["used_percent_of_allocatable"], 13.3);
    assert_eq!(user["sample"]["origin"], "metrics-api");
    assert_eq!(of(&report, "bare")["sample"], Value::Null);
    assert_eq!(report["total"]["cpu"]["used_cores"], Value::Null, "not known of all");
    assert_eq!(report["total"]["nodes_without_sample"], 2);
}

fn other_forms(lab: &Lab) {
    let csv = stdout(&lab.frazil().args(["nodes", "-o", "csv"]).output().unwrap());
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 5, "{csv}");
    let column = rows[0].iter().position(|name| *name == "cpu_used_cores").unwrap();
    let bare = rows.iter().find(|row| row[1] == "bare").unwrap();
    assert_eq!(bare[column], "", "what is not known is empty");
    let wide = stdout(&lab.frazil().args(["nodes", "-o", "wide"]).output().unwrap());
    assert!(wide.contains("NOMINAL CORES") && wide.contains("OF CAPACITY"), "{wide}");
    let refused = lab.frazil().args(["status", "-o", "prometheus"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(64));

    let exposition = lab.frazil().args(["nodes", "-o", "prometheus"]).output().unwrap();
    let text = stdout(&exposition);
    assert!(text.contains("# TYPE frazil_node_cpu_used_cores gauge"), "{text}");
    assert!(
        !text
            .lines()
            .any(|line| line.starts_with("frazil_node_cpu_used_cores{") && line.contains("\"bare\""))
    );
    let Some(python) = python() else { return };
    let program = "import sys\nfrom prometheus_client.parser import text_string_to_metric_families as parse\n\
                   families = {f.name: f for f in parse(sys.stdin.read())}\n\
                   assert all(f.type == 'gauge' and f.documentation for f in families.values())\n\
                   for s in families['frazil_node_cpu_requested_cores'].samples: print(s.labels['node'], s.value)\n";
    let parsed = assert_cmd::Command::new(python).args(["-c", program]).write_stdin(text).output().unwrap();
    assert!(stdout(&parsed).contains(&format!("{USER} 3.1")), "{}{}", stdout(&parsed), stderr(&parsed));
}

/// The Python of the tests, which has Prometheus' own parser.
fn python() -> Option<PathBuf> {
    let cache = shared_cache().join("frazil-tests");
    let all =
        std::fs::read_dir(cache).into_iter().flatten().flatten().map(|entry| entry.path().join("bin/python"));
    let parses = |python: &PathBuf| {
        Command::new(python)
            .args(["-c", "import prometheus_client.parser"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let found = all.filter(|python| python.exists()).find(parses);
    if found.is_none() {
        skipped("no Python with prometheus_client, which tests/run installs");
    }
    found
}

fn lines_of_a_watch(lab: &Lab) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("frazil"));
    let mut child = command
        .args(["nodes", "--watch", "--interval", "1 s", "-o", "json"])
        .current_dir(lab.machine.path())
        .env("KUBECONFIG", lab.kubernetes.kubeconfig())
        .env("XDG_STATE_HOME", lab.machine.path().join("state"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut pods = || {
        let report: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        of(&report, DASK)["pods"].as_u64().unwrap()
    };
    assert_eq!(pods(), 2);
    lab.kubernetes.run("kubectl", &["delete", "pod", "worker-2", "--force", "--grace-period=0"]);
    assert!((0..30).any(|_| pods() == 1), "the watch tells that it is gone");
    let patch = json!({ "status": { "phase": "Succeeded" } }).to_string();
    lab.kubernetes.run("kubectl", &["patch", "pod", "worker-1", "--subresource=status", "-p", &patch]);
    assert!((0..30).any(|_| pods() == 0), "and that it is over");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn rights(lab: &Lab) {
    let person = lab.kubernetes.user("eve", &["lookers"]);
    let run = || lab.frazil().env("KUBECONFIG", &person).args(["nodes"]).output().unwrap();
    let nothing = run();
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        stderr(&nothing).contains("list nodes") || stderr(&nothing).contains("list pods"),
        "{}",
        stderr(&nothing)
    );
    let role = ["create", "clusterrole", "look", "--verb=list,watch", "--resource=nodes,pods"];
    lab.kubernetes.run("kubectl", &role);
    let binding = ["create", "clusterrolebinding", "look", "--clusterrole=look", "--group=lookers"];
    lab.kubernetes.run("kubectl", &binding);
    let some = (0..20).map(|_| run()).find(|output| output.status.success()).unwrap();
    let text = stdout(&some);
    assert!(text.contains("list nodes of metrics.k8s.io") && text.contains("get nodes/proxy"), "{text}");
}

fn several_hubs(lab: &Lab) {
    lab.machine.write("other.yaml", file("other"));
    lab.machine.write("gone.yaml", file("gone").replace("context: lab", "context: nowhere"));
    let both = lab.frazil().args(["nodes", "hub.yaml", "other.yaml", "-o", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&both.stdout).unwrap();
    assert_eq!(report["nodes"].as_array().unwrap().len(), 4, "one cluster is shown once");
    assert_eq!(report["nodes"][0]["hub"], "lab+other");
    let one_gone = lab.frazil().args(["nodes", "hub.yaml", "gone.yaml"]).output().unwrap();
    assert_eq!(one_gone.status.code(), Some(1), "{}", stderr(&one_gone));
    assert!(stdout(&one_gone).contains("ip-10-0-0-1"), "{}", stdout(&one_gone));
    assert!(stderr(&one_gone).contains("gone.yaml") && stderr(&one_gone).contains("nowhere"));
}
