//! Files whose hosts tell little of which version they send.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_data::download::{Downloader, Item, Options, Outcome, Report, Silent};
use frazil_data::region::Whereabouts;

use crate::canned::{Asked, Canned, Given};
use crate::client;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// What a file is in the end whose first answer breaks off.
async fn brought(first: Given, then: impl Fn(&Asked) -> Given + Send + Sync + 'static) -> Vec<u8> {
    let count = Arc::new(AtomicUsize::new(0));
    let answer = move |asked: &Asked| match count.fetch_add(1, Ordering::Relaxed) {
        0 => first.clone(),
        _ => then(asked),
    };
    let (report, bytes) = downloaded(None, answer).await;
    assert!(report.is_complete(), "{report:?}");
    bytes.unwrap()
}

/// What becomes of a file, whose size may be known, by such answers, and its bytes.
async fn downloaded(
    size: Option<u64>,
    answer: impl Fn(&Asked) -> Given + Send + Sync + 'static,
) -> (Report, Option<Vec<u8>>) {
    let server = Canned::start(answer).await;
    let client = client();
    let whereabouts = Whereabouts::new(client.clone());
    let item = Item { size, ..Item::https(server.base.join("x.bin").unwrap()).unwrap() };
    let folder = tempfile::tempdir().unwrap();
    let downloader = Downloader::open_to_all(&client, &whereabouts, Options::default());
    let report = downloader.download(&[item], folder.path(), &Silent).await.unwrap();
    (report, std::fs::read(folder.path().join("x.bin")).ok())
}

fn given(status: u16, body: &str, announced: usize) -> Given {
    let announced = (announced != body.len()).then_some(announced);
    Given { body: body.into(), announced, ..Given::status(status) }
}

fn wants_from(asked: &Asked) -> usize {
    let range = asked.headers.get("range").map_or("", String::as_str);
    range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap_or(0)
}

#[tokio::test]
async fn a_host_that_tells_no_versions_apart_is_asked_for_the_whole_again() {
    let whole = brought(given(200, "aaaa", 8), |asked| match wants_from(asked) {
        0 => given(200, "bbbbbbbb", 8),
        from => {
            given(206, &"b".repeat(8 - from), 8 - from).header("Content-Range", format!("bytes {from}-7/8"))
        }
    })
    .await;
    assert_eq!(whole, b"bbbbbbbb", "two versions are in one file");
}

#[tokio::test]
async fn another_length_is_another_version() {
    let first = given(200, "aaaa", 8).header("Last-Modified", DATE);
    let whole = brought(first, |asked| match wants_from(asked) {
        0 => given(200, "bbbbbb", 6).header("Last-Modified", DATE),
        from => given(206, &"b".repeat(6 - from), 6 - from)
            .header("Content-Range", format!("bytes {from}-5/6"))
            .header("Last-Modified", DATE),
    })
    .await;
    assert_eq!(whole, b"bbbbbb", "two versions are in one file");
}

/// A host that gives at most four bytes at once of ten, and never says that there are ten.
fn by_fours(asked: &Asked) -> Given {
    let from = wants_from(asked);
    if from >= 10 {
        return given(416, "", 0);
    }
    let piece = &"0123456789"[from..10.min(from + 4)];
    let last = from + piece.len() - 1;
    given(206, piece, piece.len()).header("Content-Range", format!("bytes {from}-{last}/*"))
}

#[tokio::test]
async fn a_host_that_tells_no_length_is_asked_until_there_is_no_more() {
    for size in [None, Some(10)] {
        let (report, bytes) = downloaded(size, by_fours).await;
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(bytes.unwrap(), b"0123456789", "{size:?}");
    }
}

#[tokio::test]
async fn what_ends_with_its_connection_is_checked_against_nothing() {
    let unframed = |_: &Asked| Given { unframed: true, ..given(200, "01234", 5) };
    let (report, bytes) = downloaded(None, unframed).await;
    let Outcome::Done(done) = &report.files[0].outcome else { panic!("{report:?}") };
    assert_eq!((format!("{:?}", done.verified).as_str(), bytes.as_deref()), ("Nothing", Some(&b"01234"[..])));
    let (report, bytes) = downloaded(Some(8), unframed).await;
    assert!(!report.is_complete() && bytes.is_none(), "{report:?}");
}

#[tokio::test]
async fn an_answer_without_content_is_no_file() {
    for status in [202, 204] {
        let (report, bytes) = downloaded(None, move |_| given(status, "", 0)).await;
        assert!(!report.is_complete() && bytes.is_none(), "{report:?}");
    }
}
