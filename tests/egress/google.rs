//! A week on Google Cloud whose truth is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use frazil::catalog::AddressRanges;
use frazil::ledger::SourceKind;
use frazil::ledger::egress::{By, Egress, Question, Reason, Way};
use frazil::ledger::told::HubLife;
use frazil::observe::history::{Life, PodLife};
use serde_json::{Value, json};

use crate::week::{HOME, bill_of, network, read};

/// An address of Google's services (private.googleapis.com).
const STORAGE: &str = "199.36.153.8";

/// Google's records name pods, so that people are known; both ends of a flow report it.
#[test]
fn flow_logs_of_google_tell_whose_bytes_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    let mut put = |reporter: &str, pod: &str, (from, to): (&str, &str), bytes: u64| {
        let instance = serde_json::json!({ "vm_name": "gke-lab-user-1", "zone": "us-central1-a", "region": "us-central1", "project_id": "lab-project" });
        let details = serde_json::json!({
            "cluster": { "cluster_name": "lab", "cluster_location": "us-central1" },
            "pod": { "pod_name": pod, "pod_namespace": "lab" },
        });
        let mut payload = serde_json::json!({
            "connection": { "src_ip": from, "dest_ip": to, "src_port": 443, "dest_port": 40000, "protocol": 6 },
            "reporter": reporter,
            "bytes_sent": bytes.to_string(),
            "packets_sent": "9",
            "start_time": "2026-10-12T10:00:00Z",
            "end_time": "2026-10-12T10:00:05Z",
        });
        let side = if reporter == "SRC" { "src" } else { "dest" };
        payload[format!("{side}_instance")] = instance;
        payload[format!("{side}_gke_details")] = details;
        if to == STORAGE {
            payload["dest_google_service"] =
                serde_json::json!({ "type": "GOOGLE_API", "service_name": "storage.googleapis.com" });
        }
        let entry = serde_json::json!({ "logName": "projects/lab-project/logs/compute.googleapis.com%2Fvpc_flows", "jsonPayload": payload });
        writeln!(text, "{entry}").unwrap();
    };
    put("SRC", "jupyter-ada", ("10.8.0.5", HOME), 1_000_003);
    put("SRC", "jupyter-bob", ("10.8.0.6", HOME), 20_000_003);
    put("DEST", "jupyter-bob", (HOME, "10.8.0.6"), 300_007);
    put("SRC", "jupyter-bob", ("10.8.0.6", STORAGE), 5_000_011);
    std::fs::write(folder.path().join("flows.json"), text).unwrap();
    let flows = read(folder.path(), &AddressRanges::embedded().unwrap());
    let pod = |user: &str| {
        let labels = BTreeMap::from([("hub.jupyter.org/username".to_owned(), user.to_owned())]);
        let (namespace, name) = ("lab".to_owned(), format!("jupyter-{user}"));
        HubLife {
            hub: "lab".into(),
            life: Life::Pod(PodLife { namespace, name, labels, ..PodLife::default() }),
        }
    };
    let question = Question { by: vec![By::User], ..Question::default() };
    let mut egress = Egress::default();
    egress.add_flows(&question, &flows, &[pod("ada"), pod("bob")]);
    let of = |user: &str| egress.rows[&(Way::Internet, vec![Some(user.to_owned())])].cluster.unwrap();
    assert_eq!((of("ada").out, of("ada").into), (1_000_003, 0));
    assert_eq!((of("bob").out, of("bob").into), (20_000_003, 300_007));
    assert_eq!((egress.rows.len(), egress.free_bytes), (2, 5_000_011), "services of Google's have no price");
}

/// A record of one of the ends, each of which is an address, or an address with a zone of its own network.
fn flow(reporter: &str, [from, to]: [(&str, &str); 2], bytes: u64) -> String {
    let mut payload = json!({
        "connection": { "src_ip": from.0, "dest_ip": to.0, "src_port": 443, "dest_port": 40000, "protocol": 6 },
        "reporter": reporter,
        "bytes_sent": bytes.to_string(),
        "packets_sent": "9",
        "start_time": "2026-10-12T10:00:00Z",
    });
    for (side, (address, zone)) in [("src", from), ("dest", to)] {
        if let Some((region, _)) = zone.rsplit_once('-') {
            let instance = json!({ "vm_name": format!("vm-{address}"), "zone": zone, "region": region, "project_id": "lab" });
            payload[format!("{side}_instance")] = instance;
            payload[format!("{side}_vpc")] = json!({ "vpc_name": "lab", "subnetwork_region": region });
        }
    }
    format!("{}\n", json!({ "jsonPayload": payload }))
}

/// Two machines of a region in two zones, and one of the same network in another region.
const HERE: (&str, &str) = ("10.8.0.5", "us-central1-a");
const BESIDE: (&str, &str) = ("10.8.0.6", "us-central1-b");
const FAR: (&str, &str) = ("10.9.0.7", "europe-west1-b");

#[test]
fn regions_of_one_network_are_no_zones_and_zones_are_billed_where_they_leave() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    let zones: u64 = 5_000_000_011;
    for ([from, to], bytes) in [([HERE, BESIDE], zones), ([HERE, FAR], 20_000_003), ([FAR, HERE], 300_007)] {
        for reporter in ["SRC", "DEST"] {
            write!(text, "{}", flow(reporter, [from, to], bytes)).unwrap();
        }
    }
    // Of this end the record names only its part of the network.
    let mut by_subnet: Value = serde_json::from_str(&flow("SRC", [HERE, FAR], 7)).unwrap();
    by_subnet["jsonPayload"]["dest_instance"] = Value::Null;
    writeln!(text, "{by_subnet}").unwrap();
    std::fs::create_dir(folder.path().join("flows")).unwrap();
    std::fs::write(folder.path().join("flows/flows.json"), text).unwrap();
    let flows = read(&folder.path().join("flows"), &AddressRanges::embedded().unwrap());
    let bill_in = |sku: &str, bytes: u128| {
        let folder = tempfile::tempdir().unwrap();
        let kind = (SourceKind::GcpStandard, "gcp", "gibibyte");
        bill_of(folder.path(), kind, &[("Compute Engine", sku, "", bytes)])
    };
    let mut egress = Egress::default();
    let (bill, rows) = bill_in("Network Inter Zone Data Transfer Out", u128::from(zones));
    egress.add_bill(&Question::default(), &bill, &rows);
    // Google's bills may say what came in, for which it asks nothing.
    let (bill, rows) = bill_in("Network Inter Zone Ingress", u128::from(zones));
    egress.add_bill(&Question::default(), &bill, &rows);
    egress.add_flows(&Question::default(), &flows, &[]);
    let zones = u128::from(zones);
    let expected = BTreeMap::from([
        (("inter-zone", "out"), zones),
        (("inter-zone", "in"), zones),
        (("inter-region", "out"), 20_000_003 + 300_007 + 7),
        (("inter-region", "in"), 20_000_003 + 300_007),
    ]);
    assert_eq!(network(&egress), expected);
    assert_eq!(egress.disagreements().remove(&Way::InterZone), None);
    egress.price();
    let usd = |way| egress.rows[&(way, Vec::new())].cluster_list.unwrap().usd;
    let (zones, regions) = (i128::try_from(zones).unwrap(), 20_000_003 + 300_007 + 7);
    assert_eq!(usd(Way::InterZone), (10_000_000_000 * zones + (1 << 29)) >> 30, "where they leave");
    assert!(usd(Way::InterRegion) > (20_000_000_000 * regions) >> 30, "the price between continents");
    let reasons = |sku: &str, bytes: u128| {
        let (bill, rows) = bill_in(sku, bytes);
        let mut egress = Egress::default();
        egress.add_bill(&Question::default(), &bill, &rows);
        egress.add_flows(&Question::default(), &flows, &[]);
        egress.disagreements().remove(&Way::InterZone).unwrap_or_default()
    };
    let more = reasons("Network Inter Zone Egress", 12_000_000_000);
    assert!(more.contains(&Reason::OtherSenders) && !more.contains(&Reason::BothEnds), "{more:?}");
    let less: BTreeSet<_> = reasons("Network Inter Zone Egress", 1_000_000_000);
    assert!(less.contains(&Reason::NotBilled) && !less.contains(&Reason::BothEnds), "{less:?}");
}
