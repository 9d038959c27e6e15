use std::path::Path;

use super::*;
use crate::ledger::flows::Gaps;

const NOW: &str = "2026-11-22T00:00:00Z";

fn open(folder: &Path) -> Ledger {
    Ledger::open(&folder.join("ledger.sqlite")).unwrap()
}

fn owner(service: Option<&str>) -> Owner {
    Owner { provider: Provider::Aws, region: Some("us-west-2".into()), service: service.map(Into::into) }
}

fn flows(bytes: u64) -> FlowSums {
    let mut sums = FlowSums::default();
    let peers = [
        Peer::Internet,
        Peer::Cloud(owner(Some("S3"))),
        Peer::Network(Zones::Same),
        Peer::Network(Zones::Other),
        Peer::Network(Zones::Unknown),
        Peer::Network(Zones::OtherRegion(None)),
        Peer::Network(Zones::OtherRegion(Some("us-east-1".into()))),
        Peer::Nat(Beyond::Internet),
        Peer::Nat(Beyond::Cloud(owner(None))),
    ];
    for (number, peer) in (0..).zip(peers) {
        let pod = (number == 1).then(|| Pod { namespace: "lab".into(), name: "jupyter-ada".into() });
        let local = LocalEnd {
            provider: if number == 2 { Provider::Gcp } else { Provider::Aws },
            account: Some("123456789012".into()),
            vpc: None,
            region: Some("us-west-2".into()),
            zone: Some("usw2-az1".into()),
            instance: Some("i-0ada".into()),
            interface: Some("eni-1".into()),
            address: if number == 3 { "2600:1f14::1" } else { "10.0.0.1" }.parse().unwrap(),
            pod,
        };
        let direction = if number % 2 == 0 { Direction::Out } else { Direction::In };
        let path = TrafficPath::of(number);
        sums.add(
            FlowKey { day: 20_738, direction, local, peer, path },
            Traffic { bytes, packets: 2, records: 1 },
        );
    }
    sums.gateways.insert("eni-nat".into());
    sums.lacks.insert(Lacks::Zone);
    sums.left_out.skipped = 3;
    sums.gaps.insert(20_738, Gaps { lacks: sums.lacks.clone(), skipped: 3 });
    sums
}

fn counted(identity: &str, bytes: u64) -> Counted {
    let file = FlowFile { identity: identity.into(), name: format!("logs/{identity}"), size: 7 };
    Counted { hub: "lab".into(), flow_files: vec![file], flows: flows(bytes), clients: Vec::new() }
}

#[test]
fn what_flow_logs_said_comes_back_added_up() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).take_counted(&counted("a", 10), NOW).unwrap();
    let ledger = open(folder.path());
    assert_eq!(ledger.flows().unwrap(), BTreeMap::from([("lab".to_owned(), flows(10))]));
    drop(ledger);
    open(folder.path()).take_counted(&counted("b", 5), NOW).unwrap();
    let ledger = open(folder.path());
    let sums = ledger.flows().unwrap().remove("lab").unwrap();
    assert!(
        sums.rows.values().all(|traffic| (traffic.bytes, traffic.packets, traffic.records) == (15, 4, 2))
    );
    assert_eq!((sums.rows.len(), sums.left_out.skipped), (9, 6));
    assert_eq!(ledger.flow_files().unwrap(), KnownFiles::from(["a", "b"].map(|file| (file.to_owned(), 7))));
}

#[test]
fn more_bytes_than_sqlite_counts_stay_at_the_most() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path());
    for file in ["a", "b"] {
        ledger.take_counted(&counted(file, u64::MAX), NOW).unwrap();
    }
    let sums = ledger.flows().unwrap().remove("lab").unwrap();
    assert!(sums.rows.values().all(|traffic| traffic.bytes == i64::MAX.unsigned_abs()));
}

#[test]
fn a_ledger_of_version_2_keeps_what_its_logs_lack() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    super::super::SCHEMAS[..2].iter().for_each(|schema| old.execute_batch(schema).unwrap());
    old.pragma_update(None, "application_id", super::super::APPLICATION).unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    old.execute("INSERT INTO flow_file VALUES ('a', 'logs/a', '2026-11-22T00:00:00Z')", []).unwrap();
    for end in [local_text(&flows(1).rows.keys().next().unwrap().local), json!(["internet"])] {
        old.execute("INSERT INTO flow_end (text) VALUES (?)", [end.to_string()]).unwrap();
    }
    old.execute("INSERT INTO flow VALUES ('lab', 20738, 'out', 1, 2, 0, 10, 2, 1)", []).unwrap();
    old.execute("INSERT INTO flow_gap VALUES ('zone', 0), ('skipped', 3)", []).unwrap();
    drop(old);
    let ledger = open(folder.path());
    let lacks = BTreeSet::from([Lacks::Zone]);
    let sums = ledger.flows().unwrap().remove("lab").unwrap();
    assert_eq!(sums.gaps, BTreeMap::from([(20_738, Gaps { lacks, skipped: 0 })]));
    assert_eq!(ledger.flow_files().unwrap(), KnownFiles::from([("a".to_owned(), 0)]));
}

#[test]
fn a_file_that_another_call_counted_meanwhile_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path());
    ledger.take_counted(&counted("a", 10), NOW).unwrap();
    let mut both = counted("b", 7);
    both.flow_files.extend(counted("a", 0).flow_files);
    let error = ledger.take_counted(&both, NOW).unwrap_err();
    assert!(matches!(error, LedgerError::Meanwhile), "{error}");
    assert_eq!(ledger.flows().unwrap()["lab"], flows(10));
    assert_eq!(ledger.flow_files().unwrap().len(), 1);
}

fn entry(user: &str, hour: u64, received: u64) -> Entry {
    let record = Record {
        time: 20_738 * DAY + hour * 3_600_000,
        bucket: "nsidc".into(),
        region: "aws/us-west-2".into(),
        route: Route::InterRegion,
        requester_pays: true,
        requests: 1,
        requested: received + 1,
        received,
        ..Record::default()
    };
    Entry { who: Arc::new(Who { user: user.into(), hub: "lab".into(), ..Who::default() }), record }
}

fn client_file(size: u64, entries: Vec<Entry>) -> Counted {
    let file = ClientFile { name: "2026-10-12_a.bytes".into(), size, entries };
    Counted { clients: vec![file], ..Counted::default() }
}

#[test]
fn a_byte_ledger_that_has_grown_replaces_what_was_there_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(folder.path());
    ledger.take_counted(&client_file(100, vec![entry("ada", 1, 10), entry("ada", 2, 5)]), NOW).unwrap();
    let told = |ledger: &Ledger| {
        let files = ledger.clients().unwrap();
        assert_eq!(files.len(), 1);
        let mut sums: Vec<_> = files[0]
            .entries
            .iter()
            .map(|entry| {
                let record = &entry.record;
                assert_eq!(
                    (record.time / DAY, record.route, record.requester_pays),
                    (20_738, Route::InterRegion, true)
                );
                (entry.who.user.clone(), record.requests, record.requested, record.received)
            })
            .collect();
        sums.sort();
        (files[0].size, sums)
    };
    assert_eq!(told(&ledger), (100, vec![("ada".to_owned(), 2, 17, 15)]));
    let grown = vec![entry("ada", 1, 10), entry("ada", 2, 5), entry("bob", 3, 7)];
    for _ in 0..2 {
        ledger.take_counted(&client_file(150, grown.clone()), NOW).unwrap();
        let expected = vec![("ada".to_owned(), 2, 17, 15), ("bob".to_owned(), 1, 8, 7)];
        assert_eq!(told(&ledger), (150, expected));
    }
}

#[test]
fn a_ledger_of_version_1_is_kept_and_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(super::super::SCHEMAS[0]).unwrap();
    old.execute("INSERT INTO home VALUES ('lab', 20738, 'ada', 7)", []).unwrap();
    old.pragma_update(None, "application_id", super::super::APPLICATION).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    for _ in 0..2 {
        let ledger = open(folder.path());
        assert_eq!(ledger.told().unwrap().homes[0].bytes, 7);
        assert_eq!(ledger.flows().unwrap(), BTreeMap::new());
    }
}
