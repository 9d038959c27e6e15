//! Files whose hosts tell little of which version they send.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_data::download::{Downloader, Item, Options, Silent};
use frazil_data::region::Whereabouts;

use crate::canned::{Asked, Canned, Given};
use crate::client;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// What a file is in the end whose first answer breaks off.
async fn brought(first: Given, then: impl Fn(&Asked) -> Given + Send + Sync + 'static) -> Vec<u8> {
    let count = Arc::new(AtomicUsize::new(0));
    let server = Canned::start(move |asked| match count.fetch_add(1, Ordering::Relaxed) {
        0 => first.clone(),
        _ => then(asked),
    })
    .await;
    let client = client();
    let whereabouts = Whereabouts::new(client.clone());
    let item = Item::https(server.base.join("x.bin").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let downloader = Downloader::open_to_all(&client, &whereabouts, Options::default());
    let report = downloader.download(&[item], folder.path(), &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    std::fs::read(folder.path().join("x.bin")).unwrap()
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
