//! Downloads from Google Cloud Storage, as fake-gcs-server speaks it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start fake-gcs-server, and stop at the first surprise"
)]

#[expect(dead_code, reason = "other tests give other answers")]
#[path = "search/canned.rs"]
mod canned;
#[path = "../../../tests/support/google.rs"]
mod google;
#[path = "../../../tests/support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "../../../tests/support/tools.rs"]
mod tools;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use frazil_data::download::{Downloader, Item, Options, Outcome, Report, Silent, Verified};
use frazil_data::found::{Asset, Role};
use frazil_data::http::{Client, Settings};
use frazil_data::region::{Route, Whereabouts};
use frazil_data::remote::GoogleStorage;
use frazil_data::{Error, Surroundings};
use object_store::StaticCredentialProvider;
use object_store::gcp::GcpCredential;

use canned::{Asked, Canned, Given};
use google::Google;

/// Bytes that are no other's.
fn content() -> Vec<u8> {
    (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn file(address: &str) -> Item {
    Asset::new("data", address, Role::Data).download(None).unwrap()
}

fn client(endpoint: &str) -> Client {
    let settings = Settings {
        pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(100),
        ..Settings::default()
    };
    let variables =
        [("STORAGE_EMULATOR_HOST", endpoint), ("HOME", "/nowhere"), ("FRAZIL_REGION", "google/us-central1")];
    Client::new(settings, &Surroundings::made(variables)).unwrap()
}

async fn download(endpoint: &str, items: &[Item], folder: &Path) -> Report {
    let client = client(endpoint);
    let downloader = Downloader::open_to_all(&client, &Whereabouts::new(client.clone()), Options::default());
    downloader.download(items, folder, &Silent).await.unwrap()
}

/// Gives a request on to a server, and its answer back.
fn passed_on(endpoint: &str, asked: &Asked) -> Given {
    let host = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", asked.method, asked.target);
    for (name, value) in
        asked.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "host" | "connection"))
    {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(all[..end].to_vec()).unwrap();
    let (first, headers) = head.split_once("\r\n").unwrap();
    let status = first.split(' ').nth(1).unwrap().parse().unwrap();
    let headers = headers.lines().filter_map(|line| line.split_once(": "));
    let own = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "connection" | "content-length");
    let headers = headers.filter(|(name, _)| !own(name));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Given { headers, body: all[end + 4..].to_vec(), ..Given::status(status) }
}

/// Writes an object.
fn put(endpoint: &str, bucket: &str, key: &str, bytes: &[u8]) {
    let host = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /upload/storage/v1/b/{bucket}/o?uploadType=media&name={key} HTTP/1.1\r\nhost: {host}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        bytes.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_downloaded_and_checked_against_what_google_tells() {
    let Some(google) = Google::start(&[("data", "a/x y.nc", &content())]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let items = [
        file("gs://data/a/x y.nc"),
        Item { to: "none.nc".into(), ..file("gcs://data/a/none.nc") },
        Item { to: "nowhere.nc".into(), ..file("gs://nowhere/x.nc") },
    ];
    let report = download(&google.endpoint, &items, folder.path()).await;
    let Outcome::Done(done) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert_eq!((done.bytes, done.verified, done.route), (4_000_000, Verified::Checksum, Route::Google));
    assert!(std::fs::read(folder.path().join("x y.nc")).unwrap() == content());
    for (file, address) in report.files[1..].iter().zip(["gs://data/a/none.nc", "gs://nowhere/x.nc"]) {
        let Outcome::Failed(error) = &file.outcome else { panic!("{file:?}") };
        assert!(matches!(error, Error::NotFound { status: 404, .. }), "{error}");
        assert!(error.to_string().contains(address), "{error}");
    }
    let again = download(&google.endpoint, &items[..1], folder.path()).await;
    assert!(matches!(again.files[0].outcome, Outcome::There { bytes: 4_000_000 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_costs_no_byte_twice_and_another_version_is_not_mixed_in() {
    let Some(google) = Google::start(&[("data", "x.nc", &content())]) else { return };
    let (endpoint, count) = (google.endpoint.clone(), AtomicU32::new(0));
    let relay = Canned::start(move |asked| {
        let mut given = passed_on(&endpoint, asked);
        if count.fetch_add(1, Ordering::Relaxed) < 2 {
            given.announced = Some(given.body.len());
            given.body.truncate(1_000_000);
        }
        given
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let report = download(relay.base.as_str(), &[file("gs://data/x.nc")], folder.path()).await;
    let Outcome::Done(done) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert_eq!((done.bytes, done.came, done.verified), (4_000_000, 4_000_000, Verified::Checksum));
    assert!(std::fs::read(folder.path().join("x.nc")).unwrap() == content());
    let asked = relay.asked();
    let ranges: Vec<_> = asked.iter().map(|asked| asked.headers["range"].as_str()).collect();
    assert_eq!(ranges, ["bytes=0-", "bytes=1000000-", "bytes=2000000-"]);
    let pinned: Vec<_> = asked[1..].iter().map(|asked| asked.headers["if-match"].clone()).collect();
    assert!(!pinned[0].is_empty() && pinned[0] == pinned[1], "{pinned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_changes_on_its_way_is_begun_again() {
    let Some(google) = Google::start(&[("data", "x.nc", &content())]) else { return };
    let (endpoint, count) = (google.endpoint.clone(), AtomicU32::new(0));
    let later: Vec<u8> = content().iter().map(|byte| !byte).collect();
    let newer = later.clone();
    let relay = Canned::start(move |asked| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        let mut given = passed_on(&endpoint, asked);
        if first {
            given.announced = Some(given.body.len());
            given.body.truncate(1_000_000);
            put(&endpoint, "data", "x.nc", &newer);
        }
        given
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let report = download(relay.base.as_str(), &[file("gs://data/x.nc")], folder.path()).await;
    assert!(report.is_complete(), "{report:?}");
    assert!(std::fs::read(folder.path().join("x.nc")).unwrap() == later);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_those_of_the_checksum_get_no_name() {
    for hash in ["crc32c=AAAAAA==", "crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="] {
        let Some(google) = Google::start(&[("data", "x.nc", &content())]) else { return };
        let endpoint = google.endpoint.clone();
        let relay = Canned::start(move |asked| {
            let mut given = passed_on(&endpoint, asked);
            given.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-goog-hash"));
            given.header("x-goog-hash", hash)
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let report = download(relay.base.as_str(), &[file("gs://data/x.nc")], folder.path()).await;
        let Outcome::Failed(error) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("its store says"), "{error}");
        assert!(!folder.path().join("x.nc").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_whole_when_it_was_killed_is_checked_too() {
    let Some(google) = Google::start(&[("data", "x.nc", &content())]) else { return };
    let (endpoint, count) = (google.endpoint.clone(), AtomicU32::new(0));
    let relay = Canned::start(move |asked| {
        if count.fetch_add(1, Ordering::Relaxed) > 0 {
            return Given::status(404);
        }
        let mut given = passed_on(&endpoint, asked);
        given.announced = Some(given.body.len());
        given.body.truncate(1_000_000);
        given
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let items = [file("gs://data/x.nc")];
    let report = download(relay.base.as_str(), &items, folder.path()).await;
    assert!(matches!(report.files[0].outcome, Outcome::Failed(Error::NotFound { .. })), "{report:?}");
    // As a kill after the last byte leaves it, but for one that the disk has lost.
    let mut bytes = content();
    bytes[3_000_000] ^= 1;
    std::fs::write(folder.path().join(".x.nc.part"), bytes).unwrap();
    let report = download(&google.endpoint, &items, folder.path()).await;
    let Outcome::Done(done) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert_eq!((done.came, done.verified), (4_000_000, Verified::Checksum));
    assert!(std::fs::read(folder.path().join("x.nc")).unwrap() == content());
}

/// The answer of Google's XML API to who may not.
fn refused(status: u16, code: &str) -> Given {
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>No.</Message></Error>"
    );
    Given { body: body.into_bytes(), ..Given::status(status) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_only_to_a_bucket_that_is_closed_and_only_its_own() {
    let Some(google) = Google::start(&[("data", "x.nc", b"abc"), ("open", "y.nc", b"defg")]) else { return };
    let endpoint = google.endpoint.clone();
    let relay = Canned::start(move |asked| {
        let closed = asked.target.starts_with("/data/") && !asked.headers.contains_key("authorization");
        if closed { refused(403, "AccessDenied") } else { passed_on(&endpoint, asked) }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let items = [file("gs://data/x.nc"), file("gs://open/y.nc")];
    let report = download(relay.base.as_str(), &items, folder.path()).await;
    let Outcome::Failed(error) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert!(matches!(error, Error::Denied { status: 403, .. }), "{error}");
    assert!(error.advice().contains("gcloud auth application-default login"), "{}", error.advice());
    let account = GcpCredential { bearer: "tell-no-one".to_owned() };
    let client = client(relay.base.as_str());
    let whereabouts = Whereabouts::new(client.clone());
    let storage = GoogleStorage::new(&client, &whereabouts, None)
        .with_account(Arc::new(StaticCredentialProvider::new(account)));
    let options = Options { again: true, ..Options::default() };
    let downloader = Downloader::open_with(&client, &whereabouts, options, storage);
    let report = downloader.download(&items, folder.path(), &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(std::fs::read(folder.path().join("x.nc")).unwrap(), b"abc");
    let asked = relay.asked();
    let shown =
        |asked: &&Asked| asked.headers.get("authorization").is_some_and(|told| told == "Bearer tell-no-one");
    assert!(asked.iter().filter(shown).all(|asked| asked.target == "/data/x.nc"));
    assert_eq!(asked.iter().filter(shown).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_is_asked_for_and_told() {
    let Some(google) = Google::start(&[("data", "x.nc", b"abc")]) else { return };
    let endpoint = google.endpoint.clone();
    let relay = Canned::start(move |asked| match asked.headers.get("x-goog-user-project") {
        Some(payer) if payer == "my-project" => passed_on(&endpoint, asked),
        _ => refused(400, "UserProjectMissing"),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let items = [file("gs://data/x.nc")];
    let report = download(relay.base.as_str(), &items, folder.path()).await;
    let Outcome::Failed(error) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert!(error.advice().contains("--payer"), "{error}: {}", error.advice());
    let client = client(relay.base.as_str());
    let options = Options { payer: Some("my-project".to_owned()), ..Options::default() };
    let downloader = Downloader::open_to_all(&client, &Whereabouts::new(client.clone()), options);
    assert!(downloader.download(&items, folder.path(), &Silent).await.unwrap().is_complete());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_told_apart_from_its_object_and_placed_where_that_is_told() {
    let Some(google) = Google::start(&[("data", "x.nc", b"abc")]) else { return };
    let place = |client: &Client| GoogleStorage::new(client, &Whereabouts::new(client.clone()), None);
    let told = place(&client(&google.endpoint)).place("data").await;
    assert_eq!(told.region.unwrap().to_string(), "google/us-central1");
    let none = place(&client(&google.endpoint)).place("nowhere").await;
    assert!(none.region.is_none() && none.because.contains("there is no bucket nowhere"), "{none:?}");
    let relay = Canned::start(|asked| {
        if asked.target.starts_with("/storage/v1/b/") {
            Given::status(401)
        } else {
            refused(404, "NoSuchBucket")
        }
    })
    .await;
    let closed = place(&client(relay.base.as_str())).place("data").await;
    assert!(closed.region.is_none() && closed.because.contains("storage.buckets.get"), "{closed:?}");
    let folder = tempfile::tempdir().unwrap();
    let report = download(relay.base.as_str(), &[file("gs://data/x.nc")], folder.path()).await;
    let Outcome::Failed(error) = &report.files[0].outcome else { panic!("{:?}", report.files[0]) };
    assert!(error.to_string().contains("nothing at gs://data (404)"), "{error}");
}
