//! The format as it is written down, and any record through it.

use std::process::Command;

use frazil_byte_ledger::{Record, Route, Who, Writer, files};
use proptest::prelude::*;

use super::made::{all, records};
use super::skips::skipped;

const PAGE: &str = include_str!("../../../../docs/byte-ledger.md");

/// The block of a language in the page.
fn block(language: &str) -> &'static str {
    let rest = PAGE.split(&format!("```{language}\n")).nth(1).unwrap();
    rest.split("```").next().unwrap()
}

fn example() -> (Who, Record) {
    let who = Who {
        user: "ada".into(),
        hub: "icesat2-2026".into(),
        cluster: "icesat2-2026.4c1f".into(),
        server: String::new(),
        host: "dask-worker-7".into(),
    };
    let record = Record {
        time: 1_795_336_102_123,
        since: 1_795_336_042_120,
        dataset: "ATL03.006".into(),
        bucket: "nsidc-cumulus-prod-protected".into(),
        region: "aws/us-west-2".into(),
        route: Route::InRegion,
        requester_pays: false,
        requests: 12,
        requested: 52_428_800,
        received: 52_432_104,
    };
    (who, record)
}

#[test]
fn the_page_has_the_bytes_that_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let (who, record) = example();
    Writer::open(folder.path(), &who).unwrap().append(&record).unwrap();
    let path = &files(folder.path()).unwrap()[0].path;
    assert_eq!(std::fs::read_to_string(path).unwrap(), block("text"));
}

#[test]
fn another_program_writes_by_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new("python3").args(["-c", block("python")]).current_dir(folder.path()).output();
    let Ok(output) = run else { return skipped("there is no python3") };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (entries, faults) = all(folder.path());
    assert!(faults.is_empty(), "{faults:?}");
    let expected = Record { dataset: "MODIS Ærø".into(), route: Route::Internet, ..Record::default() };
    let expected = Record { time: 1_795_336_102_123, since: 1_795_336_042_120, ..expected };
    let expected = Record { requests: 1, requested: 4_096, received: 4_096, ..expected };
    assert_eq!((&entries[0].record, entries.len()), (&expected, 1));
    assert_eq!(entries[0].who.user, "ada");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\PC\n\r\"\\\\\u{0}\u{2028}]{0,20}",
        Just("{\"byte_ledger\":9}".to_owned())
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    let route = prop::sample::select(vec![
        Route::InRegion,
        Route::InterRegion,
        Route::Internet,
        Route::LocalCache,
        Route::Unknown,
    ]);
    let numbers = (0..253_402_300_800_000_u64, any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
    (numbers, text(), text(), text(), route, any::<bool>()).prop_map(
        |((time, since, requests, requested, received), dataset, bucket, region, route, requester_pays)| {
            Record {
                time,
                since,
                dataset,
                bucket,
                region,
                route,
                requester_pays,
                requests,
                requested,
                received,
            }
        },
    )
}

proptest! {
    #[test]
    fn any_record_comes_back(
        mut written in prop::collection::vec(any_record(), 1..20),
        (user, hub, host) in (text(), text(), text()),
    ) {
        // In one file, names of which have no order within a day.
        for record in &mut written {
            record.time /= 1_000_000;
        }
        written.sort_by_key(|record| std::cmp::Reverse(record.time));
        let folder = tempfile::tempdir().unwrap();
        let who = Who { user, hub, host, ..Who::default() };
        let writer = Writer::open(folder.path(), &who).unwrap();
        for record in &written {
            writer.append(record).unwrap();
        }
        prop_assert_eq!(files(folder.path()).unwrap().len(), 1);
        prop_assert_eq!(records(folder.path()), written);
        prop_assert!(all(folder.path()).0.iter().all(|entry| *entry.who == who));
    }
}

#[test]
fn names_of_routes_are_those_in_files() {
    for route in [Route::InRegion, Route::InterRegion, Route::Internet, Route::LocalCache, Route::Unknown] {
        assert!(PAGE.contains(&format!("`{}`", route.name())));
        let folder = tempfile::tempdir().unwrap();
        let record = Record { route, ..Record::default() };
        Writer::open(folder.path(), &Who::default()).unwrap().append(&record).unwrap();
        let text = std::fs::read_to_string(&files(folder.path()).unwrap()[0].path).unwrap();
        assert!(text.contains(&format!("\"route\":\"{}\"", route.name())), "{text}");
    }
}
