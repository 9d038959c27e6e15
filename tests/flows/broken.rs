//! Files that are no whole flow log: what is said of each, to the letter, and that nothing is taken.

use std::path::Path;

use crate::aws::{FIELDS, records};
use crate::google::flows;
use crate::tables::table;
use crate::{summed, write, zipped};

/// What is said of a file or a folder, without the folder that it is in.
fn said(path: &Path) -> String {
    let Err(error) = summed(&[path], 2) else { panic!("{} was read", path.display()) };
    assert!(!error.fault.hint().is_empty());
    error.to_string().replace(&format!("{}/", path.parent().unwrap().display()), "")
}

fn check(name: &str, bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(&write(&folder, name, bytes)), expected);
}

/// A log with one field changed, of so many records.
fn changed(records_before: usize, field: &str, value: &str) -> String {
    let all = records(5);
    let mut lines: Vec<_> = (0..records_before).map(|at| all[at % 13].join(" ")).collect();
    let mut record = all[0].clone();
    value.clone_into(&mut record[FIELDS.iter().position(|name| *name == field).unwrap()]);
    lines.push(record.join(" "));
    lines.push(all[1].join(" "));
    format!("{}\n{}\n", FIELDS.join(" "), lines.join("\n"))
}

#[test]
fn files_that_are_no_flow_logs() {
    check("empty.log", b"", "empty.log: nothing is in it");
    check("blank.log", b"\n \n", "blank.log: nothing is in it");
    check("notes.log", b"day,amount\n1,2\n", "notes.log:1: no flow log of a known format");
    check("bytes.log", &[0; 100], "bytes.log: no flow log of a known format");
    check("a.json", b"[{\"body\": \"2 1\"}]", "a.json: no flow log of a known format");
    check("a.zip", b"PK\x03\x04rest", "a.zip: a ZIP archive is not read");
    check("a.log", b"version srcaddr bytes\n", "a.log:1: AWS's flow log without the columns start, dstaddr");
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "logs/notes.md", b"x");
    assert_eq!(said(&folder.path().join("logs")), "logs: no flow logs are in it");
    assert_eq!(said(&folder.path().join("none.log")), "none.log: No such file or directory (os error 2)");
}

#[test]
fn fields_that_are_wrong_are_shown_where_they_stand() {
    for (before, field, value, expected) in [
        (0, "bytes", "1,5", "bytes is `1,5`, which is no number"),
        (3, "bytes", "-7", "bytes is `-7`, which is no number"),
        (3, "packets", "99999999999999999999", "packets is `99999999999999999999`, which is no number"),
        // Far enough to be in another chunk of the text.
        (20_000, "srcaddr", "10.0.0.256", "srcaddr is `10.0.0.256`, which is no address"),
        (7, "pkt-dstaddr", "here", "pkt-dstaddr is `here`, which is no address"),
        (2, "start", "-", "start is empty"),
        (2, "start", "2026-11-01", "start is `2026-11-01`, which is no number"),
        (1, "action", "PASS", "action is `PASS`, which is no action"),
        (1, "log-status", "GOOD", "log-status is `GOOD`, which is no status"),
        (1, "flow-direction", "out", "flow-direction is `out`, which is no direction"),
        (1, "traffic-path", "x", "traffic-path is `x`, which is no number"),
        (5, "az-id", "a b", "30 fields, where the header has 29"),
        (5, "az-id", &"a ".repeat(70), "99 fields, where the header has 29"),
    ] {
        let text = changed(before, field, value);
        check("flows.log", text.as_bytes(), &format!("flows.log:{}: {expected}", before + 2));
        check("flows.log.gz", &zipped(text.as_bytes()), &format!("flows.log.gz:{}: {expected}", before + 2));
    }
}

#[test]
fn files_that_were_cut_off() {
    let text = changed(500, "bytes", "1");
    let cut = &text[..text.len() - 40];
    let fields = cut.lines().last().unwrap().split(' ').count();
    check("flows.log", cut.as_bytes(), &format!("flows.log:503: {fields} fields, where the header has 29"));
    let packed = zipped(text.as_bytes());
    let expected = "flows.log.gz: the file ends within its compressed data";
    check("flows.log.gz", &packed[..packed.len() - 3], expected);
}

#[test]
fn the_first_of_several_faults_is_told_whatever_thread_finds_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, before) in [("b.log", 100), ("a.log", 30_000), ("c.log", 1)] {
        write(&folder, &format!("logs/{name}"), changed(before, "bytes", "x").as_bytes());
    }
    for _ in 0..5 {
        assert_eq!(said(&folder.path().join("logs")), "logs/a.log:30002: bytes is `x`, which is no number");
    }
}

#[test]
fn tables_with_what_is_none_name_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = records(5);
    "-5".clone_into(&mut all[9][9]);
    let path = folder.path().join("flows.parquet");
    table(&path, &all, 4);
    assert_eq!(said(&path), "flows.parquet, row 10: bytes is `-5`, which is no number");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(said(&path).starts_with("flows.parquet: damaged: "), "{}", said(&path));
}

#[test]
fn googles_records_that_are_none() {
    let lines = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut all = flows();
        change(&mut all[4]["jsonPayload"]);
        all.iter().map(|flow| format!("{flow}\n")).collect::<String>()
    };
    for (field, value, expected) in [
        ("reporter", "BOTH", "jsonPayload.reporter is `BOTH`, which is no reporter"),
        ("start_time", "yesterday", "jsonPayload.start_time is `yesterday`, which is no date"),
    ] {
        let text = lines(&|payload| payload[field] = value.into());
        check("flows.json", text.as_bytes(), &format!("flows.json:5: {expected}"));
    }
    let text = lines(&|payload| payload["connection"]["src_ip"] = "here".into());
    let expected = "flows.json:5: jsonPayload.connection is `here`, which is no address";
    check("flows.json", text.as_bytes(), expected);
    for field in ["bytes_sent", "connection", "reporter", "start_time"] {
        let text = lines(&|payload| drop(payload.as_object_mut().unwrap().remove(field)));
        check("flows.json", text.as_bytes(), &format!("flows.json:5: jsonPayload.{field} is empty"));
    }
    let text = lines(&|payload| payload["bytes_sent"] = "many".into());
    let folder = tempfile::tempdir().unwrap();
    let found = said(&write(&folder, "flows.json", text.as_bytes()));
    assert!(found.starts_with("flows.json:5: no JSON: invalid value: string \"many\""), "{found}");
    let whole = lines(&|_| {});
    let cut = &whole[..whole.len() - 20];
    check("flows.json", cut.as_bytes(), "flows.json:11: the file ends within a text");
}
