use frazil_data::Error;
use frazil_data::Surroundings;
use frazil_data::credentials::ArchiveKeys;
use frazil_data::handle::{Description, Handle, Logins, OnDisk, Options};
use frazil_data::http::Url;
use frazil_data::remote::{HttpsObject, Remote};

use crate::canned::Canned;
use crate::object::{client, content, handle, ranged, served};

fn logins() -> Logins {
    Logins { client: client(), session: None, amazon: None, google: None, keys: ArchiveKeys::default() }
}

fn sent_elsewhere(handle: &Handle, options: &Options) -> Description {
    let text = serde_json::to_string(&handle.describe(options).unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_handle_that_was_described_reads_the_same_version() {
    let version = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(1));
    let (all, seen) = (content(1000), std::sync::Arc::clone(&version));
    let body = all.clone();
    let server = Canned::start(move |asked| {
        ranged(asked, &body, &format!("\"{}\"", seen.load(std::sync::atomic::Ordering::Relaxed)))
    })
    .await;
    let kept = tempfile::tempdir().unwrap();
    let on_disk = OnDisk { folder: Some(kept.path().to_owned()), ..OnDisk::default() };
    let options = Options { memory: 5 << 20, on_disk: Some(on_disk.clone()), ..Options::default() };
    let handle = handle(&server, Options::default());
    handle.read_at(0, 10).await.unwrap();
    let description = sent_elsewhere(&handle, &options);
    assert_eq!((description.options.memory, description.options.on_disk.clone()), (5 << 20, Some(on_disk)));
    assert_eq!(description.open(&logins()).unwrap().read_at(5, 10).await.unwrap(), all[5..15]);
    version.store(2, std::sync::atomic::Ordering::Relaxed);
    let error = description.open(&logins()).unwrap().read_at(5, 10).await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
}

#[tokio::test]
async fn files_are_described_by_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.nc");
    std::fs::write(&path, "0123456789").unwrap();
    let description = sent_elsewhere(&Handle::local(&path).unwrap(), &Options::default());
    assert_eq!(description.open(&logins()).unwrap().read_at(2, 3).await.unwrap(), "234");
}

#[tokio::test]
async fn signed_addresses_and_missing_logins_are_told() {
    let server = served(content(10)).await;
    let signed: Url = server.base.join("x?X-Amz-Signature=tell-no-one").unwrap();
    let remote = Remote::Https(HttpsObject::open_to_all(&client(), signed));
    let handle = Handle::new(remote, Options::default(), &Surroundings::made([("HOME", "/nowhere")]));
    let error = handle.describe(&Options::default()).unwrap_err();
    assert!(!format!("{error} {error:?} {handle:?}").contains("tell-no-one"), "{error}");
    let text = r#"{"place": {"https": {"url": "https://data.nasa.gov/x.h5", "login": true}}}"#;
    let description: Description = serde_json::from_str(text).unwrap();
    let error = description.open(&logins()).unwrap_err();
    assert!(matches!(&error, Error::NoLogin { host, .. } if host == "data.nasa.gov"), "{error}");
}
