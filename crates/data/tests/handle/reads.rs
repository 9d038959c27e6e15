use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use frazil_data::Error;
use frazil_data::handle::{Handle, Options};
use frazil_data::ranges::Ranges;
use proptest::prelude::*;

use crate::canned::{Canned, Given};
use crate::object::{content, handle, ranged, sent, served};

const KIB: u64 = 1 << 10;

#[tokio::test]
async fn the_first_bytes_tell_length_and_version_and_nothing_else_is_asked() {
    let all = content(3 << 20);
    let server = served(all.clone()).await;
    let handle = handle(&server, Options::default());
    assert_eq!((handle.known_length(), handle.pin()), (None, None));
    assert_eq!(handle.read_at(100, 50).await.unwrap(), all[100..150]);
    assert_eq!(handle.length().await.unwrap(), 3 << 20);
    assert_eq!(serde_json::to_value(handle.pin()).unwrap()["etag"], "\"1\"");
    let asked = server.asked();
    assert_eq!(
        (asked.len(), asked[0].method.as_str(), asked[0].headers["range"].as_str()),
        (1, "GET", "bytes=0-393215")
    );
    assert_eq!(handle.read_at(2 << 20, 10).await.unwrap(), all[2 << 20..(2 << 20) + 10]);
    assert_eq!(server.asked()[1].headers["if-match"], "\"1\"");
}

#[tokio::test]
async fn small_and_empty_objects_are_read() {
    for length in [0, 1, 1000] {
        let all = content(length);
        let server = served(all.clone()).await;
        let handle = handle(&server, Options::default());
        assert_eq!(handle.length().await.unwrap(), length as u64);
        assert_eq!(handle.read_at(0, 5000).await.unwrap(), all);
        assert_eq!(handle.read_at(5000, 10).await.unwrap().len(), 0);
        assert_eq!(server.asked().len(), 1, "{length}");
    }
    let server = served(content(1000)).await;
    assert_eq!(handle(&server, Options::default()).read_at(5 << 20, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_beyond_the_end_is_told() {
    let server = served(content(1000)).await;
    let handle = handle(&server, Options::default());
    let error = handle.read(std::slice::from_ref(&(990..1001))).await.unwrap_err();
    assert!(matches!(&error, Error::Damaged { what, .. } if what.contains("990 to 1001")), "{error}");
    assert_eq!(handle.read(&[1000..1000, 0..0]).await.unwrap(), [&b""[..], b""]);
}

#[tokio::test]
async fn those_who_want_the_same_wait_for_one_request() {
    let all = content(3 << 20);
    let server = served(all.clone()).await;
    let handle = handle(&server, Options::default());
    handle.length().await.unwrap();
    let reading = (0..20).map(|index| {
        let handle = handle.clone();
        async move { handle.read_at(2 * 1024 * KIB + index * 100, 100).await.unwrap() }
    });
    let read = futures::future::join_all(reading).await;
    for (index, bytes) in read.iter().enumerate() {
        let from = (2 << 20) + index * 100;
        assert_eq!(bytes, &all[from..from + 100]);
    }
    assert_eq!(server.asked().len(), 2);
    let counters = handle.counters();
    assert_eq!((counters.reads, counters.requested), (20, 2000));
    assert_eq!((counters.misses, counters.hits), (20, 0));
}

#[tokio::test]
async fn ranges_that_are_planned_come_together_and_little_beside_them() {
    let all = content(8 << 20);
    let server = served(all.clone()).await;
    let handle = handle(&server, Options::default());
    handle.length().await.unwrap();
    let before = sent(&server, 8 << 20);
    // Chunks of 40 KB with few bytes between, twice; the last first.
    let chunk = |start: u64| start..start + 40_000;
    let ranges: Vec<Range<u64>> = (0..20)
        .map(|index| chunk(6_000_000 + index * 40_100))
        .chain((0..20).map(|index| chunk(2_000_000 + index * 40_100)))
        .collect();
    let read = handle.read(&ranges).await.unwrap();
    for (range, bytes) in ranges.iter().zip(&read) {
        assert_eq!(bytes, &all[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]);
    }
    assert_eq!(server.asked().len(), 3);
    assert!(sent(&server, 8 << 20) - before <= 1_600_000 + 3_800, "{}", sent(&server, 8 << 20) - before);
}

#[tokio::test]
async fn what_is_read_from_end_to_end_is_fetched_once() {
    let all = content(9_000_001);
    let server = served(all.clone()).await;
    let handle = handle(&server, Options::default());
    let mut read = Vec::new();
    while read.len() < all.len() {
        read.extend(handle.read_at(read.len() as u64, 70_001).await.unwrap());
    }
    assert!(read == all);
    assert_eq!(sent(&server, 9_000_001), 9_000_001);
    let counters = handle.counters();
    assert_eq!((counters.fetched, counters.unused, counters.held), (9_000_001, 0, 9_000_001));
    assert!(counters.ahead > 5 && server.asked().len() < 40, "{counters:?}, {}", server.asked().len());
    assert_eq!(counters.fetches + counters.ahead, server.asked().len() as u64);
}

#[tokio::test]
async fn a_host_that_knows_no_ranges_is_read_all_the_same() {
    let all = content(1 << 20);
    let body = all.clone();
    let server = Canned::start(move |_| Given {
        status: 200,
        headers: Vec::new(),
        body: body.clone(),
        announced: None,
        unframed: false,
    })
    .await;
    let handle = handle(&server, Options::default());
    assert_eq!(handle.read_at(10, 20).await.unwrap(), all[10..30]);
    assert_eq!(handle.read_at(900_000, 20).await.unwrap(), all[900_000..900_020]);
}

#[tokio::test]
async fn bounds_of_memory_are_kept() {
    let all = content(12 << 20);
    let server = served(all.clone()).await;
    let pool = frazil_data::cache::Pool::new(3 << 20);
    let options = Options { memory: 2 << 20, pool: pool.clone(), in_flight: 2, ..Options::default() };
    let handles: Vec<Handle> = (0..3).map(|_| handle(&server, options.clone())).collect();
    for at in (0..12 << 20).step_by(100_000) {
        for handle in &handles {
            let bytes = handle.read_at(at, 100_000).await.unwrap();
            let at = usize::try_from(at).unwrap();
            assert_eq!(bytes, &all[at..(at + 100_000).min(all.len())]);
            let counters = handle.counters();
            assert!(counters.held <= (2 << 20) + 2 * (4 << 20), "{counters:?}");
            assert!(pool.kept() <= 3 << 20);
        }
    }
    drop(handles);
    assert_eq!(pool.kept(), 0);
}

#[tokio::test]
async fn what_was_read_and_given_up_is_not_unused() {
    let all = content(4 << 20);
    let server = served(all.clone()).await;
    let handle = handle(&server, Options { memory: 64 << 10, ..Options::default() });
    handle.length().await.unwrap();
    let range = 2 << 20..3 << 20;
    assert_eq!(handle.read(std::slice::from_ref(&range)).await.unwrap()[0], all[2 << 20..3 << 20]);
    let counters = handle.counters();
    assert_eq!(counters.unused, counters.fetched - (1 << 20), "{counters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_are_on_their_way_or_there_at_every_moment() {
    const PLACES: u64 = 200;
    let server = served(content(8_000_000)).await;
    let handle = handle(&server, Options::default());
    handle.length().await.unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let looks = (0..3).map(|_| {
        let (seen, is_done) = (handle.clone(), Arc::clone(&is_done));
        std::thread::spawn(move || {
            let mut held = 0;
            while !is_done.load(Ordering::Relaxed) {
                let now = seen.counters().held;
                assert!(now >= held, "{} bytes were neither on their way nor there", held - now);
                held = now;
            }
        })
    });
    let looks: Vec<_> = looks.collect();
    // So far apart that each comes by itself.
    let ranges: Vec<Range<u64>> = (0..PLACES).map(|place| place * 40_000..place * 40_000 + 1000).collect();
    handle.read(&ranges).await.unwrap();
    is_done.store(true, Ordering::Relaxed);
    let looked = looks.into_iter().map(std::thread::JoinHandle::join);
    assert!(looked.filter(Result::is_err).count() == 0);
}

#[tokio::test]
async fn an_object_that_changes_is_told() {
    let version = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(1));
    let (all, seen) = (content(3 << 20), std::sync::Arc::clone(&version));
    let server = Canned::start(move |asked| {
        ranged(asked, &all, &format!("\"{}\"", seen.load(std::sync::atomic::Ordering::Relaxed)))
    })
    .await;
    let handle = handle(&server, Options::default());
    handle.read_at(0, 10).await.unwrap();
    version.store(2, std::sync::atomic::Ordering::Relaxed);
    let error = handle.read_at(2 << 20, 10).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    assert_eq!(server.asked().len(), 2, "it is not asked again");
}

/// A reader's step: one range, or several together.
fn steps() -> impl Strategy<Value = Vec<Vec<(u64, u64)>>> {
    let range = (0_u64..2_000_000, prop_oneof![0_u64..600, 0_u64..100_000, 0_u64..1_000_000]);
    let near = (0_u64..40, 1_u64..3).prop_map(|(place, count)| (place * 30_000, count * 30_000));
    let single = prop_oneof![range.clone(), near].prop_map(|range| vec![range]);
    proptest::collection::vec(prop_oneof![4 => single, 1 => proptest::collection::vec(range, 0..6)], 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_reads_give_the_bytes_of_the_object(steps in steps(), length in 0_usize..2_000_000, memory in 0_u64..3 << 20,
                                              in_flight in 1_usize..5) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let all = content(length);
            let server = served(all.clone()).await;
            let handle = handle(&server, Options { memory, in_flight, ..Options::default() });
            for step in &steps {
                let end = length as u64;
                let ranges: Vec<Range<u64>> =
                    step.iter().map(|(from, count)| *from.min(&end)..(from + count).min(end)).collect();
                let read = handle.read(&ranges).await.unwrap();
                for (range, bytes) in ranges.iter().zip(&read) {
                    assert!(bytes == &all[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()]);
                }
            }
            if memory >= length as u64 {
                assert!(sent(&server, length as u64) <= length as u64, "more bytes than the file");
            }
        });
    }
}
