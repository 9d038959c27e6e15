//! What is counted of handles, against what the server saw.

use std::sync::atomic::{AtomicBool, Ordering};

use frazil_data::Surroundings;
use frazil_data::counting::{Books, Label};
use frazil_data::handle::{Handle, Options};

use crate::canned::Canned;
use crate::object::{content, ranged, remote, sent, served};

const LENGTH: u64 = 3_000_000;

fn label() -> Label {
    Label { dataset: "ATL03.006".to_owned(), bucket: "data".to_owned(), ..Label::default() }
}

fn counted(server: &Canned, books: &Books) -> Handle {
    let surroundings = Surroundings::made([("HOME", "/nowhere")]);
    Handle::counted(remote(server), Options::default(), None, Some(books.meter(label())), &surroundings)
}

#[tokio::test]
async fn sums_are_those_of_the_server() {
    let server = served(content(3_000_000)).await;
    let books = Books::new();
    let (one, other) = (counted(&server, &books), counted(&server, &books));
    one.read_at(10, 100).await.unwrap();
    one.read_at(10, 100).await.unwrap();
    one.read_at(2_000_000, 500_000).await.unwrap();
    other.read_at(1_500_000, 10).await.unwrap();
    let own = one.meter().unwrap().asked();
    assert_eq!((own.reads, own.read, own.hits, own.misses), (3, 500_200, 1, 2));
    drop((one, other));
    let lines = books.lines();
    assert_eq!(lines.len(), 1);
    let (line, asked) = (&lines[0], server.asked());
    assert_eq!(line.label, label());
    assert_eq!((line.sums.requests, line.sums.received), (asked.len() as u64, sent(&server, LENGTH)));
    assert_eq!((line.sums.failed, line.sums.broken), (0, 0));
    assert!(line.sums.requested >= line.sums.received, "{line:?}");
    assert_eq!((line.reads.reads, line.reads.read), (4, 500_210));
}

#[tokio::test]
async fn all_who_wait_for_the_first_bytes_have_missed() {
    let server = served(content(3_000_000)).await;
    let books = Books::new();
    let handle = counted(&server, &books);
    let reading = (0..5).map(|index| handle.read_at(index * 10, 10));
    futures::future::try_join_all(reading).await.unwrap();
    handle.read_at(60, 10).await.unwrap();
    let own = handle.meter().unwrap().asked();
    assert_eq!((own.reads, own.hits, own.misses), (6, 1, 5));
    let planned = counted(&server, &books);
    frazil_data::ranges::Ranges::read(&planned, &[0..10, 20..30]).await.unwrap();
    assert_eq!((planned.counters().hits, planned.counters().misses), (0, 2));
}

#[tokio::test]
async fn a_body_that_was_cut_is_listed_with_what_came() {
    let (all, cut) = (content(3_000_000), AtomicBool::new(false));
    let server = Canned::start(move |asked| {
        let mut given = ranged(asked, &all, "\"1\"");
        if !cut.swap(true, Ordering::Relaxed) {
            given.announced = Some(given.body.len());
            given.body.truncate(100_000);
        }
        given
    })
    .await;
    let books = Books::new();
    let handle = counted(&server, &books);
    assert_eq!(handle.read_at(200_000, 5).await.unwrap(), content(3_000_000)[200_000..200_005]);
    let (total, broken) = (books.total(), books.broken());
    assert_eq!((total.requests, total.broken), (2, 1));
    assert_eq!(broken.len(), 1);
    assert!(broken[0].received <= 100_000 && broken[0].announced > Some(100_000), "{broken:?}");
    assert_eq!(total.received, handle.counters().fetched);
}
