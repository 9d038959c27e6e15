use std::collections::BTreeMap;
use std::time::Duration;

use frazil_data::download::{Event, Options, Progress, Silent};
use frazil_data::http::{Client, Request, Settings};
use frazil_data::login::{Earthdata, Session};
use serde_json::{Value, json};

use crate::download::{assert_whole, downloader};
use crate::world::World;

/// Every kind of fault that an archive or S3 can have.
const KINDS: [&str; 11] = [
    "status",
    "drop",
    "reset",
    "html",
    "login",
    "cut",
    "reset_midway",
    "stall",
    "wrong_length",
    "corrupt",
    "ignore_range",
];

#[tokio::test]
async fn every_kind_of_fault_is_overcome() {
    let Some(world) = World::start() else { return };
    let items = world.files("FAULTY", 3, (600_000, 700_000), "SHA-256").await;
    world.post("settings", &json!({"stall_seconds": 30})).await;
    for role in ["egress", "s3"] {
        for kind in KINDS {
            let fault = json!([{"role": role, "method": "GET", "fault": kind, "times": 2}]);
            world.post("faults", &fault).await;
            let folder = tempfile::tempdir().unwrap();
            let options = Options { connections: 2, ..Options::default() };
            let report = downloader(&world, options).download(&items, folder.path(), &Silent).await.unwrap();
            assert_whole(&report, &items, folder.path());
            let planned = world.get("faults").await;
            let hit = planned.as_array().unwrap().iter().all(|fault| fault["hits"] == fault["times"]);
            assert!(hit || kind == "ignore_range", "{role} {kind}: {planned}");
            world.clear_faults().await;
        }
    }
}

/// Counts what is tried again, by its reason.
#[derive(Default)]
struct Again(std::sync::Mutex<BTreeMap<String, u32>>);

impl Progress for Again {
    fn heard(&self, event: &Event) {
        if let Event::Again { why, .. } = event {
            *self.0.lock().unwrap().entry(why.split(": ").last().unwrap().to_owned()).or_default() += 1;
        }
    }
}

#[tokio::test]
async fn what_a_broken_transfer_brought_is_not_fetched_again() {
    let Some(world) = World::start() else { return };
    let items = world.files("BROKEN", 8, (1_500_000, 2_500_000), "SHA-256").await;
    for kind in ["cut", "reset_midway", "wrong_length"] {
        world.post("reset", &json!({})).await;
        world.post("settings", &json!({"rates": {"s3": {kind: 0.3}}, "bandwidth": 8_000_000})).await;
        let folder = tempfile::tempdir().unwrap();
        let again = Again::default();
        let report =
            downloader(&world, Options::default()).download(&items, folder.path(), &again).await.unwrap();
        assert_whole(&report, &items, folder.path());
        let bytes: u64 = items.iter().filter_map(|item| item.size).sum();
        let (came, sent) = (report.came(), world.sent().await);
        assert_eq!(came, bytes, "{kind}");
        assert!(sent <= bytes + bytes / 20, "{kind}: {sent} sent for {bytes}");
        assert!(!again.0.lock().unwrap().is_empty(), "{kind} did not happen");
        assert_eq!(world.made("signed").await, 8, "signed addresses are used again");
        world.clear_faults().await;
    }
}

#[tokio::test]
async fn a_host_that_asks_for_time_gets_it() {
    let Some(world) = World::start() else { return };
    let items = world.files("BUSY", 1, (1000, 2000), "MD5").await;
    let fault: Value = json!([{"role": "egress", "fault": "status", "status": 429, "retry_after": "1"}]);
    world.post("faults", &fault).await;
    let folder = tempfile::tempdir().unwrap();
    let begun = std::time::Instant::now();
    let report =
        downloader(&world, Options::default()).download(&items, folder.path(), &Silent).await.unwrap();
    assert_whole(&report, &items, folder.path());
    assert!(begun.elapsed().as_millis() >= 1000, "it was asked again too early");
}

#[tokio::test]
async fn a_slow_peer_is_left_for_another() {
    let Some(world) = World::start() else { return };
    let items = world.files("SLOW", 8, (2_000_000, 2_500_000), "MD5").await;
    world.post("settings", &json!({"bandwidth": 8_000_000, "slow_rate": 20_000})).await;
    world.post("faults", &json!([{"role": "s3", "method": "GET", "fault": "slow", "skip": 6}])).await;
    let folder = tempfile::tempdir().unwrap();
    let again = Again::default();
    let options = Options { connections: 3, ..Options::default() };
    let downloader = downloader(&world, options).with_patience(Duration::from_millis(200));
    let report = downloader.download(&items, folder.path(), &again).await.unwrap();
    assert_whole(&report, &items, folder.path());
    let told: Vec<_> = again.0.lock().unwrap().keys().cloned().collect();
    assert!(told.len() == 1 && told[0].contains("far less than other transfers"), "{told:?}");
    assert_eq!(report.came(), items.iter().filter_map(|item| item.size).sum::<u64>());
}

#[tokio::test]
async fn a_host_that_never_answers_is_asked_again() {
    let Some(world) = World::start() else { return };
    world.post("faults", &json!([{"role": "egress", "fault": "hang"}])).await;
    let settings = Settings { answer: Duration::from_millis(500), ..world.told.settings() };
    let client = Client::new(settings, &world.surroundings(&[])).unwrap();
    let session = Session::with_password(client, Earthdata::production(), world.told.entry());
    let url = "https://archive.podaac.earthdata.nasa.gov/sized/1/1000.nc".parse().unwrap();
    assert_eq!(session.fetch(Request::get(url), 1000).await.unwrap().bytes.len(), 1000);
}
