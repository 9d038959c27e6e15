//! Flow logs, byte ledgers and counters of pods in the ledger: each counted once, whatever stops it.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use frazil::ledger::Ledger;
use frazil_byte_ledger::{Record, Route, Who, Writer};
use serde_json::{Value, json};

use crate::scratch::{Scratch, stderr, stdout};

const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                      action log-status vpc-id instance-id region az-id flow-direction traffic-path\n";
/// The 12th of October 2026, 10 o'clock.
const START: u64 = 20_738 * 86_400 + 36_000;

/// A flow to the internet, as version 5 has it.
fn flow(day: u64, instance: &str, address: &str, bytes: u64) -> String {
    let at = START + day * 86_400;
    format!(
        "5 123456789012 eni-{instance} {address} 198.51.100.7 40000 443 6 9 {bytes} {at} {} ACCEPT OK vpc-1 {instance} \
         us-west-2 usw2-az1 egress 8\n",
        at + 60
    )
}

fn lines(machine: &Scratch, name: &str, flows: &[String]) {
    machine.write(name, format!("{HEADER}{}", flows.concat()));
}

fn ran(machine: &Scratch, arguments: &[&str]) -> Value {
    let output = machine.frazil().args(arguments).args(["-o", "json"]).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    if told["data"].is_object() { told["data"].clone() } else { told }
}

/// Rows in short: way, hub, person, and what is asked of them.
fn rows(told: &Value, what: &str) -> Vec<String> {
    let rows = told["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| !row.pointer(what).unwrap_or(&Value::Null).is_null());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    rows.map(|row| {
        format!(
            "{} {} {} {}",
            text(&row["way"]),
            text(&row["hub"]),
            text(&row["user"]),
            text(row.pointer(what).unwrap())
        )
    })
    .collect()
}

/// Lives of a hub: ada's pod with an address on a node without one in the logs, and what the pod moved.
fn history() -> String {
    let pod = json!({
        "kind": "pod", "uid": "1", "namespace": "lab", "name": "jupyter-ada", "node": "n1",
        "labels": { "hub.jupyter.org/username": "ada" }, "cpu_millis": 1, "memory_bytes": 1, "gpus": 0,
        "created": "2026-10-12T00:00:00Z", "scheduled": "2026-10-12T00:00:00Z", "ended": null, "address": "10.0.0.9",
    });
    let node = json!({
        "kind": "node", "uid": "2", "name": "n1", "provider_id": "aws:///us-west-2a/i-1", "machine": "m5.large",
        "zone": "us-west-2a", "pool": "user", "spot": false, "cpu_millis": 1, "memory_bytes": 1,
        "created": "2026-10-12T00:00:00Z", "ended": null,
    });
    let bytes = r#"{"kind":"bytes","uid":"1","from":"2026-10-12T10:00:00Z","to":"2026-10-12T10:30:00Z","received":7000000,"sent":900,"counters":{"received":7000000,"sent":900}}"#;
    format!("{pod}\n{node}\n{bytes}\n")
}

#[test]
fn months_are_answered_from_the_ledger_each_file_once() {
    let machine = Scratch::new();
    lines(&machine, "flows/a.log", &[flow(0, "i-1", "10.0.0.9", 1_000), flow(0, "i-1", "10.0.0.1", 20_000)]);
    lines(&machine, "flows/b.log", &[flow(1, "i-9", "10.0.9.9", 300_000)]);
    machine.write("history/2026-10-12.jsonl", history());
    let writer = |user: &str| {
        let who = Who { user: user.into(), hub: "lab".into(), ..Who::default() };
        Writer::open(&machine.path().join("bytes"), &who).unwrap()
    };
    let record = |received: u64| Record {
        time: START * 1000,
        since: START * 1000 - 1,
        bucket: "nsidc".into(),
        region: "aws/us-west-2".into(),
        route: Route::InRegion,
        requests: 1,
        requested: received,
        received,
        ..Record::default()
    };
    let ada = writer("ada");
    ada.append(&record(5_000)).unwrap();
    let read = |more: &[&str]| {
        let call = [
            "cost",
            "read",
            "--ledger",
            "l.sqlite",
            "--flow-logs",
            "flows",
            "--bytes",
            "bytes",
            "--history",
            "history",
        ];
        let told = ran(&machine, &[&call, more].concat());
        (told["flow_files"].clone(), told["client_files"].clone())
    };
    assert_eq!(read(&[]), (json!(2), json!(1)));
    assert_eq!(read(&[]), (json!(0), json!(0)), "nothing is new");
    let egress = |more: &[&str]| {
        ran(&machine, &[&["egress", "--ledger", "l.sqlite", "--by", "hub,user"], more].concat())
    };
    let expected = ["internet - - 300000", "internet lab - 20000", "internet lab ada 1000"];
    let told = egress(&[]);
    assert_eq!(rows(&told, "/network/bytes_out"), expected);
    assert_eq!(rows(&told, "/clients/bytes_received"), ["store-in-region lab ada 5000"]);
    assert_eq!(rows(&told, "/pods/bytes_in"), ["all lab ada 7000000"]);
    assert_eq!(
        rows(&told, "/network/list/usd"),
        ["internet - - 0", "internet lab - 0", "internet lab ada 0"],
        "free"
    );
    // Named beside the ledger, the same files count once; a file more counts too.
    lines(&machine, "flows/c.log", &[flow(1, "i-9", "10.0.9.9", 5)]);
    ada.append(&record(70)).unwrap();
    let told = egress(&["--flow-logs", "flows", "--bytes", "bytes"]);
    assert_eq!(rows(&told, "/network/bytes_out")[0], "internet - - 300005");
    assert_eq!(rows(&told, "/clients/bytes_received"), ["store-in-region lab ada 5070"]);
    assert_eq!(rows(&egress(&[]), "/network/bytes_out"), expected, "egress takes nothing in");
    // What was counted may be deleted; what has grown replaces what was there of it.
    assert_eq!(read(&[]), (json!(1), json!(1)));
    std::fs::remove_dir_all(machine.path().join("bytes")).unwrap();
    std::fs::remove_dir_all(machine.path().join("flows")).unwrap();
    let told = egress(&["--from", "2026-10-12", "--to", "2026-10-12"]);
    assert_eq!(rows(&told, "/network/bytes_out"), ["internet lab - 20000", "internet lab ada 1000"]);
    let told = egress(&[]);
    assert_eq!(rows(&told, "/network/bytes_out")[0], "internet - - 300005");
    assert_eq!(rows(&told, "/clients/bytes_received"), ["store-in-region lab ada 5070"]);
    let text = stdout(&machine.run(["egress", "--ledger", "l.sqlite"]));
    assert!(text.contains("PODS IN") && text.contains("7.00 MB"), "{text}");
    assert!(text.contains("flow logs in the ledger"), "{text}");
}

#[test]
fn a_network_of_a_hub_is_that_hubs() {
    let machine = Scratch::new();
    lines(&machine, "lab/a.log", &[flow(0, "i-1", "10.0.0.9", 1_000)]);
    lines(&machine, "other/b.log", &[flow(0, "i-2", "10.0.0.9", 70_000)]);
    for hub in ["lab", "other"] {
        ran(&machine, &["cost", "read", "--ledger", "l.sqlite", "--flow-logs", hub, "--hub", hub]);
    }
    let told = ran(&machine, &["egress", "--ledger", "l.sqlite", "--by", "hub"]);
    assert_eq!(rows(&told, "/network/bytes_out"), ["internet lab - 1000", "internet other - 70000"]);
    let told = ran(&machine, &["egress", "--ledger", "l.sqlite", "--hub", "lab", "--by", "hub"]);
    assert_eq!(rows(&told, "/network/bytes_out"), ["internet lab - 1000"]);
}

fn sent(told: &Value) -> Vec<String> {
    rows(told, "/network/bytes_out")
}

#[test]
fn a_flow_log_that_has_grown_is_refused_and_nothing_counts_twice() {
    let machine = Scratch::new();
    let call = ["cost", "read", "--ledger", "l.sqlite", "--flow-logs"];
    // A header alone is how others begin.
    lines(&machine, "empty.log", &[]);
    ran(&machine, &[&call[..], &["empty.log"]].concat());
    let first = flow(0, "i-1", "10.0.0.9", 1_000);
    lines(&machine, "flows.log", std::slice::from_ref(&first));
    ran(&machine, &[&call[..], &["flows.log"]].concat());
    lines(&machine, "flows.log", &[first.clone(), flow(0, "i-1", "10.0.0.9", 50)]);
    lines(&machine, "copies/b.log", &[first, flow(0, "i-1", "10.0.0.9", 50)]);
    for path in ["flows.log", "copies"] {
        let output = machine.run([&call[..], &[path]].concat());
        assert!(!output.status.success());
        let told = stderr(&output);
        assert!(told.contains(".log: its first") && told.contains("it has grown since"), "{told}");
    }
    assert_eq!(sent(&ran(&machine, &["egress", "--ledger", "l.sqlite"])), ["internet - - 1000"]);
}

/// Files are known by what they hold, whatever the ledger has counted before and however they are named.
#[test]
fn copies_and_links_count_once_beside_an_empty_ledger() {
    let machine = Scratch::new();
    lines(&machine, "flows/a.log", &[flow(0, "i-1", "10.0.0.9", 1_000)]);
    for copy in ["flows/copy.log", "flows/copy/a.log"] {
        lines(&machine, copy, &[flow(0, "i-1", "10.0.0.9", 1_000)]);
    }
    std::os::unix::fs::symlink(".", machine.path().join("flows/loop")).unwrap();
    let told = ran(&machine, &["egress", "--flow-logs", "flows", "--flow-logs", "./flows"]);
    assert_eq!(sent(&told), ["internet - - 1000"]);
}

#[test]
fn what_was_counted_of_a_byte_ledger_stays_when_its_file_cannot_be_read_to_its_end() {
    let machine = Scratch::new();
    let bytes = machine.path().join("bytes");
    let who = Who { user: "ada".into(), hub: "lab".into(), ..Who::default() };
    let writer = Writer::open(&bytes, &who).unwrap();
    let record = |received: u64| Record {
        time: START * 1000,
        since: START * 1000 - 1,
        bucket: "nsidc".into(),
        route: Route::InRegion,
        requests: 1,
        requested: received,
        received,
        ..Record::default()
    };
    writer.append(&record(5_000)).unwrap();
    writer.append(&record(70)).unwrap();
    let call = ["cost", "read", "--ledger", "l.sqlite", "--bytes", "bytes"];
    assert_eq!(ran(&machine, &call)["client_files"], json!(1));
    let file = frazil_byte_ledger::files(&bytes).unwrap().remove(0).path;
    let whole = std::fs::read(&file).unwrap();
    let cut = whole.len() - 20;
    // Cut, emptied, and larger without a header that its lines could be read by.
    let headless = [b"no line of a ledger\n".repeat(9), whole[whole.len() / 2..].to_vec()].concat();
    for text in [&whole[..cut], &[], &headless[..]] {
        std::fs::write(&file, text).unwrap();
        let told = ran(&machine, &call);
        assert_eq!(told["client_files"], json!(0));
        assert!(told["notes"].to_string().contains("what was counted of it stays"), "{told}");
        let told = ran(&machine, &["egress", "--ledger", "l.sqlite", "--by", "hub,user"]);
        assert_eq!(rows(&told, "/clients/bytes_received"), ["store-in-region lab ada 5070"]);
    }
    std::fs::write(&file, &whole).unwrap();
    writer.append(&record(8)).unwrap();
    assert_eq!(ran(&machine, &call)["client_files"], json!(1));
    let told = ran(&machine, &["egress", "--ledger", "l.sqlite"]);
    assert_eq!(rows(&told, "/clients/bytes_received"), ["store-in-region - - 5078"]);
}

/// What the ledger has of a day that is over is not read again, as long as its file has not grown.
#[test]
fn days_of_a_history_that_are_over_are_not_read_again() {
    let machine = Scratch::new();
    let file = "history/2026-10-12.jsonl";
    let whole = history();
    machine.write(file, &whole);
    let call = ["cost", "read", "--ledger", "l.sqlite", "--history", "history"];
    let of_hub = [&call[..], &["--hub", "lab"]].concat();
    let told = |arguments: &[&str]| {
        let told = ran(&machine, arguments);
        (told["lives"].clone(), told["pod_days"].clone())
    };
    assert_eq!(told(&call), (json!(2), json!(1)), "which hub it is stands in it");
    assert_eq!(told(&of_hub), (json!(0), json!(0)));
    assert_eq!(told(&call), (json!(2), json!(1)));
    for hub in ["other", "lab"] {
        assert_eq!(told(&[&call[..], &["--hub", hub]].concat()), (json!(2), json!(1)), "now it is {hub}'s");
    }
    // As large as it was: nobody looks. Larger: somebody does.
    machine.write(file, "x".repeat(whole.len()));
    assert_eq!(told(&of_hub), (json!(0), json!(0)));
    machine.write(file, "x\n".repeat(whole.len()));
    let output = machine.run(&of_hub);
    assert!(stderr(&output).contains("2026-10-12.jsonl, row 1: no life"), "{}", stderr(&output));
    machine.write(file, &whole);
    machine.write("history/2099-01-01.jsonl", history());
    assert_eq!(told(&of_hub), (json!(2), json!(1)), "a day that is not over");
    assert_eq!(told(&of_hub), (json!(2), json!(1)));
}

/// Killed at any moment, a read has counted all of its files or none.
#[test]
fn files_are_counted_whole_or_not_after_each_of_twelve_kills() {
    let machine = Scratch::new();
    let mut sum = 0_u64;
    for file in 0..4_u64 {
        let mut text = HEADER.to_owned();
        for line in 0..6_000_u64 {
            let bytes = 1 + line * 7 + file;
            sum += bytes;
            let (a, b) = (line % 200, line / 200);
            write!(text, "{}", flow(line % 5, &format!("i-{b}"), &format!("10.1.{b}.{a}"), bytes)).unwrap();
        }
        machine.write(&format!("flows/{file}.log"), text);
    }
    let ledger = machine.path().join("l.sqlite");
    let program = assert_cmd::cargo::cargo_bin("frazil");
    let start = || {
        let mut command = std::process::Command::new(&program);
        command.current_dir(machine.path()).args([
            "cost",
            "read",
            "--ledger",
            "l.sqlite",
            "--flow-logs",
            "flows",
        ]);
        command.env("HOME", machine.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let total = || {
        let ledger = Ledger::open(&ledger).unwrap();
        let bytes = ledger
            .flows()
            .unwrap()
            .values()
            .flat_map(|sums| sums.rows.values())
            .map(|traffic| traffic.bytes)
            .sum::<u64>();
        (ledger.flow_files().unwrap().len(), bytes)
    };
    let since = Instant::now();
    assert!(start().wait().unwrap().success());
    let mut took = since.elapsed();
    assert_eq!(total(), (4, sum));
    let (mut none, mut killed) = (0, 0_u32);
    for _ in 0..100 {
        std::fs::remove_file(&ledger).unwrap();
        drop(Ledger::open(&ledger).unwrap());
        let mut child = start();
        std::thread::sleep(took * (killed + 1) / 13 + Duration::from_millis(1));
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // It was done before: this machine has become faster than when it was timed.
            took = took * 9 / 10;
            continue;
        }
        killed += 1;
        let found = total();
        assert!(found == (0, 0) || found == (4, sum), "{found:?} after kill {killed}");
        none += u32::from(found.0 == 0);
        assert!(start().wait().unwrap().success());
        assert_eq!(total(), (4, sum), "the next call counts what is missing, once");
        if killed == 12 {
            break;
        }
    }
    assert!(killed == 12 && none >= 1, "{killed} were killed, {none} had counted nothing");
}
