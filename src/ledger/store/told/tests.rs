use super::*;
use crate::ledger::line::UseSums;
use crate::ledger::store::{APPLICATION, SCHEMAS};
use crate::observe::history::{NodeLife, PodLife};

const NOW: &str = "2026-11-22T00:00:00Z";
/// The first of October 2026.
const OCTOBER: Day = 20_727;

fn time(day: &str) -> String {
    format!("2026-{day}T10:00:00Z")
}

fn pod(hub: &str, uid: &str, person: &str, days: (&str, Option<&str>)) -> HubLife {
    let labels = BTreeMap::from([("hub.jupyter.org/username".to_owned(), person.to_owned())]);
    let life = PodLife {
        uid: uid.into(),
        labels,
        created: time(days.0),
        scheduled: Some(time(days.0)),
        ended: days.1.map(time),
        ..PodLife::default()
    };
    HubLife { hub: hub.into(), life: Life::Pod(life) }
}

fn node(hub: &str, uid: &str, days: (&str, Option<&str>)) -> HubLife {
    let life =
        NodeLife { uid: uid.into(), created: time(days.0), ended: days.1.map(time), ..NodeLife::default() };
    HubLife { hub: hub.into(), life: Life::Node(life) }
}

fn moved(hub: &str, day: Day) -> PodDay {
    PodDay {
        hub: hub.into(),
        day,
        origin: Origin::Recorder,
        pod: "1".into(),
        labels: String::new(),
        moved: Moved { received: 1, sent: 2 },
    }
}

fn sampled(hub: &str, day: Day) -> Sampled {
    Sampled {
        hub: hub.into(),
        day,
        node: "n1".into(),
        pod: "p".into(),
        labels: "{}".into(),
        sums: UseSums::default(),
    }
}

fn ledger(folder: &tempfile::TempDir, told: &Told) -> Ledger {
    let mut ledger = Ledger::open(&folder.path().join("ledger.sqlite")).unwrap();
    ledger.take_with(&[], told, NOW).unwrap();
    ledger
}

#[test]
fn of_some_days_comes_what_reaches_into_them_and_what_says_how_far_a_history_goes() {
    let folder = tempfile::tempdir().unwrap();
    let lives = vec![
        node("lab", "first", ("07-01", Some("07-20"))),
        pod("lab", "long ago", "ada", ("08-01", Some("08-02"))),
        pod("lab", "last of carl", "carl", ("08-03", Some("08-04"))),
        pod("lab", "the day before", "ada", ("09-29", Some("09-30"))),
        pod("lab", "into it", "ada", ("09-30", Some("10-02"))),
        node("lab", "runs", ("09-01", None)),
        pod("other", "on the same node", "bob", ("10-05", Some("10-06"))),
        pod("lab", "later", "ada", ("11-03", Some("11-04"))),
        pod("lab", "last", "ada", ("11-10", Some("11-20"))),
        pod("lab", "not yet", "ada", ("11-15", Some("11-16"))),
    ];
    let days = [OCTOBER - 1, OCTOBER, OCTOBER + 9, OCTOBER + 10];
    let told = Told {
        lives,
        pod_days: days.iter().flat_map(|day| [moved("lab", *day), moved("other", *day)]).collect(),
        sampled: days.iter().map(|day| sampled("other", *day)).collect(),
        homes: vec![HomeSize { hub: "lab".into(), day: 20_000, user: "ada".into(), bytes: 1 }],
        ..Told::default()
    };
    let ledger = ledger(&folder, &told);
    let found = ledger.told_of(Days { from: Some(OCTOBER), to: Some(OCTOBER + 9) }, Some("lab")).unwrap();
    let uids: BTreeSet<_> = found.lives.iter().map(|told| told.life.uid()).collect();
    let expected = ["first", "into it", "last", "last of carl", "on the same node", "runs", "the day before"];
    assert_eq!(uids, BTreeSet::from(expected));
    let pods: Vec<_> = found.pod_days.iter().map(|pod| (pod.hub.as_str(), pod.day)).collect();
    assert_eq!(pods, [("lab", OCTOBER), ("lab", OCTOBER + 9)]);
    let samples: Vec<_> = found.sampled.iter().map(|sample| sample.day).collect();
    assert_eq!((samples, found.homes.len()), (vec![OCTOBER, OCTOBER + 9], 1));
    let all = ledger.told().unwrap();
    assert_eq!((all.lives.len(), all.pod_days.len(), all.sampled.len()), (10, 8, 4));
}

#[test]
fn files_of_a_history_are_known_by_hub_path_and_size() {
    let folder = tempfile::tempdir().unwrap();
    let file = |hub: &str, size| HistoryFile { hub: hub.into(), path: "/h/2026-10-12.jsonl".into(), size };
    let mut ledger = ledger(&folder, &Told { files: vec![file("lab", 5)], ..Told::default() });
    ledger.take_with(&[], &Told { files: vec![file("lab", 7)], ..Told::default() }, NOW).unwrap();
    assert_eq!(ledger.history_files("lab").unwrap(), BTreeMap::from([("/h/2026-10-12.jsonl".to_owned(), 7)]));
    assert!(ledger.history_files("other").unwrap().is_empty());
    // What it tells is now of another hub.
    ledger.take_with(&[], &Told { files: vec![file("other", 7)], ..Told::default() }, NOW).unwrap();
    assert_eq!(
        (ledger.history_files("lab").unwrap().len(), ledger.history_files("other").unwrap().len()),
        (0, 1)
    );
}

/// A ledger of the version before has all that it had, and can be asked by days.
#[test]
fn what_version_3_was_told_is_there_in_version_4() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let told = Told {
        lives: vec![
            node("lab", "1 runs", ("07-01", None)),
            pod("lab", "2 long ago", "ada", ("08-01", Some("08-02"))),
            pod("lab", "3 into it", "ada", ("09-30", Some("10-02"))),
            pod("lab", "4 later", "ada", ("11-03", Some("11-04"))),
        ],
        homes: vec![HomeSize { hub: "lab".into(), day: OCTOBER, user: "ada".into(), bytes: 5 }],
        pod_days: vec![moved("lab", OCTOBER)],
        ..Told::default()
    };
    let old = rusqlite::Connection::open(&path).unwrap();
    for schema in &SCHEMAS[..3] {
        old.execute_batch(schema).unwrap();
    }
    old.pragma_update(None, "application_id", APPLICATION).unwrap();
    old.pragma_update(None, "user_version", 3).unwrap();
    for HubLife { hub, life } in &told.lives {
        let text = serde_json::to_string(life).unwrap();
        old.execute("INSERT INTO life VALUES (?, ?, ?)", params![life.uid(), hub, text]).unwrap();
    }
    old.execute("INSERT INTO home VALUES ('lab', ?, 'ada', 5)", [OCTOBER]).unwrap();
    old.execute("INSERT INTO pod_day VALUES ('lab', ?, 'recorder', '1', '', 1, 2)", [OCTOBER]).unwrap();
    drop(old);
    for _ in 0..2 {
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.told().unwrap(), told);
        assert!(ledger.history_files("lab").unwrap().is_empty(), "all are read once more");
        let october = ledger.told_of(Days { from: Some(OCTOBER), to: Some(OCTOBER) }, None).unwrap();
        let uids: Vec<_> = october.lives.iter().map(|told| told.life.uid()).collect();
        assert_eq!(uids, ["1 runs", "3 into it", "4 later"]);
    }
}
