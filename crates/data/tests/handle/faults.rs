//! Handles against the stand-in for Earthdata: redirects, signed addresses, faults.

use frazil_data::Error;
use frazil_data::handle::{Handle, Options};
use frazil_data::ranges::Ranges;
use frazil_data::remote::{HttpsObject, Remote};
use serde_json::json;

use crate::world::World;

/// Made-up files of any size: `sized/NUMBER/SIZE.nc`.
const HOST: &str = "https://archive.podaac.earthdata.nasa.gov/sized";
const LENGTH: u64 = 5_000_000;

fn open(world: &World, number: u32) -> Handle {
    let url = format!("{HOST}/{number}/{LENGTH}.nc").parse().unwrap();
    let remote = Remote::Https(HttpsObject::new(&world.session(), url));
    Handle::new(remote, Options::default(), &world.surroundings(&[]))
}

/// Reads here and there, from end to end, and the whole.
async fn read(handle: &Handle) -> Vec<u8> {
    handle.read_at(4_000_000, 100).await.unwrap();
    let mut at = 1_000_000;
    while at < 3_000_000 {
        at += handle.read_at(at, 70_000).await.unwrap().len() as u64;
    }
    handle.read(std::slice::from_ref(&(0..LENGTH))).await.unwrap().pop().unwrap().to_vec()
}

#[tokio::test]
async fn the_archive_is_asked_once_and_every_byte_comes_once() {
    let Some(world) = World::start() else { return };
    let handle = open(&world, 1);
    assert_eq!(read(&handle).await.len() as u64, LENGTH);
    assert_eq!(world.made("signed").await, 1);
    let counters = handle.counters();
    assert_eq!((counters.fetched, counters.unused), (LENGTH, 0));
    assert_eq!(world.sent().await, LENGTH);
    let heads = world.requests().await.into_iter().filter(|request| request.starts_with("HEAD")).count();
    assert_eq!(heads, 0);
}

#[tokio::test]
async fn a_signed_address_that_has_ended_is_asked_for_again() {
    let Some(world) = World::start() else { return };
    let handle = open(&world, 1);
    handle.read_at(0, 10).await.unwrap();
    world.advance(3600).await;
    handle.read_at(4_000_000, 10).await.unwrap();
    handle.read_at(2_000_000, 10).await.unwrap();
    assert_eq!(world.made("signed").await, 2);
}

#[tokio::test]
async fn faults_are_overcome_and_bytes_are_right() {
    let Some(world) = World::start() else { return };
    let right = read(&open(&world, 7)).await;
    world.post("settings", &json!({"stall_seconds": 30})).await;
    // The archive is asked once: its faults are at the beginning.
    for (role, skip, times) in [("egress", 0, 1), ("s3", 1, 2)] {
        for kind in [
            "status",
            "drop",
            "reset",
            "html",
            "login",
            "cut",
            "reset_midway",
            "stall",
            "wrong_length",
            "ignore_range",
        ] {
            let fault = json!([{"role": role, "method": "GET", "fault": kind, "times": times, "skip": skip}]);
            world.post("faults", &fault).await;
            assert!(read(&open(&world, 7)).await == right, "{role} {kind}");
            let planned = world.get("faults").await;
            let hit = planned.as_array().unwrap().iter().all(|fault| fault["hits"] == fault["times"]);
            assert!(hit || kind == "ignore_range", "{role} {kind}: {planned}");
            world.clear_faults().await;
        }
    }
}

#[tokio::test]
async fn what_a_cut_answer_brought_is_not_fetched_again() {
    let Some(world) = World::start() else { return };
    let handle = open(&world, 3);
    handle.length().await.unwrap();
    world
        .post("faults", &json!([{"role": "s3", "method": "GET", "fault": "cut", "times": 3, "after": 0.5}]))
        .await;
    handle.read(std::slice::from_ref(&(0..LENGTH))).await.unwrap();
    let fetched = handle.counters().fetched;
    assert!(fetched <= LENGTH, "{fetched}");
    let sent = world.sent().await;
    assert!(sent >= fetched && sent <= LENGTH + LENGTH / 20, "{sent} sent");
}

#[tokio::test]
async fn an_object_that_changes_in_the_middle_is_told() {
    let Some(world) = World::start() else { return };
    let handle = open(&world, 4);
    handle.read_at(0, 10).await.unwrap();
    world.post("touch", &json!({"object": format!("sized/4/{LENGTH}.nc")})).await;
    let error = handle.read_at(4_000_000, 10).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
}

#[tokio::test]
async fn what_fails_for_good_is_told_to_all_who_wait() {
    let Some(world) = World::start() else { return };
    let handle = open(&world, 5);
    handle.length().await.unwrap();
    world
        .post(
            "faults",
            &json!([{"role": "s3", "method": "GET", "fault": "status", "status": 404, "times": -1}]),
        )
        .await;
    let reading = (0..4).map(|index| handle.read_at(4_000_000 + index, 10));
    for read in futures::future::join_all(reading).await {
        assert!(matches!(read, Err(Error::NotFound { .. })), "{read:?}");
    }
    world.clear_faults().await;
    assert_eq!(handle.read_at(4_000_000, 10).await.unwrap().len(), 10);
}
