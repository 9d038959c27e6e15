//! Google's records of Cloud Logging.

use frazil::ledger::flows::Lacks;
use serde_json::{Value, json};

use crate::{of, words, write, zipped};

fn machine(name: &str, zone: &str) -> Value {
    json!({"project_id": "lab", "region": "us-central1", "zone": format!("us-central1-{zone}"), "vm_name": name})
}

fn vpc() -> Value {
    json!({"project_id": "lab", "vpc_name": "hub", "subnetwork_name": "nodes", "subnetwork_region": "us-central1"})
}

fn pod(name: &str) -> Value {
    json!({
        "cluster": {"cluster_location": "us-central1", "cluster_name": "hub"},
        "pod": {"pod_name": name, "pod_namespace": "lab", "pod_workload": {"workload_name": "x"}},
        "service": [{"service_name": "a"}, {"service_name": "b"}],
    })
}

/// A flow as one end reports it. Texts are as Cloud Logging writes 64-bit numbers.
fn flow(reporter: &str, source: &str, target: &str, bytes: u64, more: &Value) -> Value {
    let mut payload = json!({
        "bytes_sent": bytes.to_string(),
        "packets_sent": "3",
        "connection": {"src_ip": source, "dest_ip": target, "src_port": 50123, "dest_port": 443, "protocol": 6},
        "reporter": reporter,
        "start_time": "2026-11-01T23:59:59.999999999Z",
        "end_time": "2026-11-02T00:00:04Z",
    });
    for (key, value) in more.as_object().unwrap() {
        payload[key] = value.clone();
    }
    json!({
        "insertId": "1a\\\"{",
        "jsonPayload": payload,
        "logName": "projects/lab/logs/compute.googleapis.com%2Fvpc_flows",
        "resource": {"type": "gce_subnetwork", "labels": {"location": "us-central1-a"}},
        "timestamp": "2026-11-02T00:00:09Z",
    })
}

pub(crate) fn flows() -> Vec<Value> {
    let (a, b) = (machine("node-a", "a"), machine("node-b", "b"));
    let ends = json!({
        "src_instance": a, "src_vpc": vpc(), "src_gke_details": pod("jupyter-x"),
        "dest_instance": b, "dest_vpc": vpc(), "dest_gke_details": pod("scheduler"),
    });
    let from_a = json!({"src_instance": a, "src_vpc": vpc(), "src_gke_details": pod("jupyter-x")});
    let with = |more: Value| {
        let mut all = from_a.clone();
        more.as_object().unwrap().iter().for_each(|(key, value)| all[key] = value.clone());
        all
    };
    vec![
        // Both ends report the same flow.
        flow("SRC", "10.4.0.5", "10.4.1.7", 700, &ends),
        flow("DEST", "10.4.0.5", "10.4.1.7", 690, &ends),
        flow(
            "SRC",
            "10.4.0.5",
            "151.101.1.1",
            20,
            &with(json!({"dest_location": {"country": "usa", "asn": 54113}})),
        ),
        flow("SRC", "10.4.0.5", "151.101.1.2", 22, &from_a),
        flow("SRC", "10.4.0.5", "34.1.2.3", 30, &from_a),
        flow("SRC", "10.4.0.5", "52.218.3.4", 40, &from_a),
        flow(
            "SRC",
            "10.4.0.5",
            "142.250.1.95",
            50,
            &with(json!({
                "dest_google_service": {"type": "GOOGLE_API", "service_name": "storage.googleapis.com",
                                        "connectivity": "PRIVATE_GOOGLE_ACCESS"},
            })),
        ),
        // By its address alone this is the other machine; that is in nobody's records.
        flow("SRC", "10.4.0.5", "10.4.1.7", 60, &from_a),
        flow(
            "SRC",
            "10.4.0.5",
            "192.168.7.7",
            70,
            &with(json!({"dest_gateway": {"name": "office", "type": "VPN_TUNNEL"}})),
        ),
        flow("SRC_GATEWAY", "192.168.7.7", "10.4.0.5", 80, &json!({})),
        flow("SRC", "10.4.0.5", "10.4.1.7", 0, &with(json!({"disposition": "DROPPED"}))),
    ]
}

#[test]
fn each_end_tells_its_own_direction_once() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = flows().iter().map(|flow| format!("{flow}\n")).collect();
    let sums = of(&write(&folder, "flows.json", lines.as_bytes()));
    let expected = [
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to Other: 760 6 2",
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to Unknown: 70 3 1",
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to aws us-west-2 S3: 40 3 1",
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to gcp - storage.googleapis.com: 50 3 1",
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to gcp us-central1 -: 30 3 1",
        "20758 10.4.0.5 node-a us-central1-a lab/jupyter-x to internet: 42 6 2",
        "20758 10.4.1.7 node-b us-central1-b lab/scheduler from Other: 690 3 1",
    ];
    assert_eq!(words(&sums), expected);
    assert_eq!((sums.left_out.by_gateways, sums.left_out.rejected), (1, 1));
    assert_eq!(
        sums.lacks.iter().copied().collect::<Vec<_>>(),
        [Lacks::Sampled, Lacks::Headers, Lacks::CloudNat]
    );
    let local = &sums.rows.keys().next().unwrap().local;
    let names = [&local.account, &local.vpc, &local.region].map(|text| text.as_deref().unwrap().to_owned());
    assert_eq!(names, ["lab", "hub", "us-central1"]);
}

#[test]
fn lists_gzip_and_numbers_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = flows().iter().map(|flow| format!("{flow}\n")).collect();
    let expected = of(&write(&folder, "flows.json", lines.as_bytes()));
    let list = serde_json::to_string_pretty(&flows()).unwrap();
    assert_eq!(of(&write(&folder, "list.json", list.as_bytes())), expected);
    assert_eq!(of(&write(&folder, "lines.json.gz", &zipped(lines.as_bytes()))), expected);
    let numbers: String = flows()
        .into_iter()
        .map(|mut flow| {
            let bytes = &mut flow["jsonPayload"]["bytes_sent"];
            *bytes = json!(bytes.as_str().unwrap().parse::<u64>().unwrap());
            format!("{flow}\n")
        })
        .collect();
    assert_eq!(of(&write(&folder, "numbers.json", numbers.as_bytes())), expected);
}
