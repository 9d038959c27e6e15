//! `frazil egress` from the command line: what people's programs read, beside nothing else.

use frazil_byte_ledger::{Record, Route, Who, Writer};
use serde_json::Value;

use crate::bills::sample_path as sample;
use crate::scratch::{Scratch, stderr, stdout};

fn record(dataset: &str, bucket: &str, route: Route, received: u64) -> Record {
    Record {
        time: 1_791_799_200_000,
        since: 1_791_799_100_000,
        dataset: dataset.into(),
        bucket: bucket.into(),
        region: "aws/us-west-2".into(),
        route,
        requests: 4,
        requested: received + 10,
        received,
        ..Record::default()
    }
}

#[test]
fn what_clients_read_is_shown_by_person_and_dataset() {
    let machine = Scratch::new();
    let folder = machine.path().join("bytes");
    for (user, received) in [("ada", 5_000_000), ("bob", 70_000_000)] {
        let writer =
            Writer::open(&folder, &Who { user: user.into(), hub: "lab".into(), ..Who::default() }).unwrap();
        writer.append(&record("ATL03.006", "nsidc", Route::InRegion, received)).unwrap();
        writer.append(&record("MUR", "podaac", Route::Internet, received * 2)).unwrap();
        writer.append(&record("MUR", "podaac", Route::LocalCache, 1_000)).unwrap();
    }
    let egress = |arguments: &[&str]| {
        machine.frazil().args(["egress", "--bytes", "bytes"]).args(arguments).output().unwrap()
    };
    let output = egress(&["--by", "user,dataset", "-o", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let data: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = data["data"].as_object().map_or(&data["rows"], |data| &data["rows"]).as_array().unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            format!("{} {} {} {}", row["way"], row["user"], row["dataset"], row["clients"]["bytes_received"])
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""internet" "ada" "MUR" "10000000""#,
            r#""internet" "bob" "MUR" "140000000""#,
            r#""store-in-region" "ada" "ATL03.006" "5000000""#,
            r#""store-in-region" "bob" "ATL03.006" "70000000""#,
        ]
    );
    let text = stdout(&egress(&["--by", "user"]));
    assert!(text.contains("CLIENTS READ") && text.contains("70.0 MB"), "{text}");
    assert!(text.contains("byte ledger in bytes"), "{text}");
    let csv = stdout(&egress(&["--by", "user", "-o", "csv"]));
    assert!(csv.contains("internet,bob,clients,in,140000000,,,\r\n"), "{csv}");

    let later = egress(&["--from", "2027-01-01"]);
    assert_eq!(later.status.code(), Some(1));
    assert!(stderr(&later).contains("no meter tells of any transfer"), "{}", stderr(&later));
    let backwards = egress(&["--from", "2027-01-01", "--to", "2026-01-01"]);
    assert_eq!(backwards.status.code(), Some(64));
    let nobody = machine.run(["egress"]);
    assert!(stderr(&nobody).contains("there is no ledger"), "{}", stderr(&nobody));
}

/// The bill is of November 2023; the client read in October 2026.
#[test]
fn meters_are_compared_for_the_days_of_the_bills() {
    let Some(bill) = sample("aws/cur_legacy_2023-11.csv") else { return };
    let machine = Scratch::new();
    let read =
        machine.frazil().args(["cost", "read", "--ledger", "ledger.sqlite"]).arg(bill).output().unwrap();
    assert!(read.status.success(), "{}", stderr(&read));
    let writer = Writer::open(&machine.path().join("bytes"), &Who::default()).unwrap();
    writer.append(&record("MUR", "podaac", Route::InRegion, 70_000_000)).unwrap();
    let egress = |arguments: &[&str]| {
        let call = ["egress", "--bytes", "bytes", "--ledger", "ledger.sqlite"];
        stdout(&machine.frazil().args(call).args(arguments).output().unwrap())
    };
    let text = egress(&[]);
    assert!(text.contains("BILLED OUT") && !text.contains("CLIENTS READ"), "{text}");
    let text = egress(&["--from", "2023-11-01", "--to", "2026-12-31"]);
    assert!(text.contains("BILLED OUT") && text.contains("CLIENTS READ"), "{text}");
    assert!(text.contains("store-in-region: reading from object stores in the region is free"), "{text}");
}
