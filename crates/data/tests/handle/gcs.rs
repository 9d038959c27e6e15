//! Google Cloud Storage, as fake-gcs-server speaks it.

use frazil_data::dataset::Selection;
use frazil_data::handle::{Handle, Options};
use frazil_data::open::Opening;
use frazil_data::ranges::Ranges;
use frazil_data::remote::{GoogleBucket, GoogleObject, GoogleReader, Remote};
use frazil_data::{Error, Surroundings};

use crate::canned::{Canned, Given};
use crate::google::Google;
use crate::object::{client, content, ranged};
use crate::opened::{opener, opener_of, store};

fn open(endpoint: &str, key: &str, reader: GoogleReader, payer: Option<&str>) -> Handle {
    let endpoint = Some(endpoint.parse().unwrap());
    let bucket = GoogleBucket { name: "data".to_owned(), payer: payer.map(str::to_owned), endpoint };
    let remote = Remote::Google(GoogleObject::new(&client(), reader, bucket, key));
    Handle::new(remote, Options::default(), &Surroundings::made([("HOME", "/nowhere")]))
}

#[tokio::test]
async fn objects_of_open_buckets_are_read() {
    let all = content(1_000_000);
    let Some(server) = Google::start(&[("data", "a/x y.nc", &all)]) else { return };
    let handle = open(&server.endpoint, "a/x y.nc", GoogleReader::Anybody, None);
    assert_eq!(handle.address().as_str(), "gs://data/a/x y.nc");
    assert_eq!(handle.length().await.unwrap(), 1_000_000);
    assert_eq!(handle.read(&[5..10, 900_000..900_010]).await.unwrap(), [&all[5..10], &all[900_000..900_010]]);
    let error = open(&server.endpoint, "a/none.nc", GoogleReader::Anybody, None).length().await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn who_pays_and_whose_token_it_is_are_told_with_every_request() {
    let all = content(1_000_000);
    let body = all.clone();
    let server = Canned::start(move |asked| ranged(asked, &body, "\"1\"")).await;
    let credential = object_store::gcp::GcpCredential { bearer: "tell-no-one".to_owned() };
    let account =
        GoogleReader::Account(std::sync::Arc::new(object_store::StaticCredentialProvider::new(credential)));
    let handle = open(server.base.as_str(), "a/x.nc", account, Some("my-project"));
    assert_eq!(handle.read_at(900_000, 10).await.unwrap(), all[900_000..900_010]);
    assert_eq!(handle.read_at(10, 10).await.unwrap(), all[10..20]);
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    for request in &asked {
        assert_eq!(request.target, "/data/a/x.nc");
        assert_eq!(request.headers["x-goog-user-project"], "my-project");
        assert_eq!(request.headers["authorization"], "Bearer tell-no-one");
    }
    assert!(!format!("{handle:?}").contains("tell-no-one"));
}

#[tokio::test]
async fn what_is_closed_to_all_is_opened_with_the_account_and_its_bucket_asked_about_once() {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/arrays/latest.h5");
    let body = std::fs::read(seed).unwrap();
    let server = Canned::start(move |asked| match asked.headers.get("authorization").map(String::as_str) {
        Some("Bearer tell-no-one") if asked.target.starts_with("/storage/v1/b/data") => {
            Given::json(serde_json::json!({"location": "US-CENTRAL1"}))
        }
        Some("Bearer tell-no-one") => ranged(asked, &body, "\"1\""),
        _ => Given::status(403),
    })
    .await;
    let credential = object_store::gcp::GcpCredential { bearer: "tell-no-one".to_owned() };
    let account = std::sync::Arc::new(object_store::StaticCredentialProvider::new(credential));
    let opener = opener_of(Some(account));
    let opening = Opening { endpoint: Some(server.base.clone()), ..Opening::default() };
    for key in ["a.h5", "b.h5"] {
        let file = opener.open(&format!("gs://data/{key}"), &opening).await.unwrap();
        assert_eq!(file.dataset().format(), "HDF5");
        assert_eq!(file.meter().unwrap().label().region, "google/us-central1");
    }
    let asked = server.asked();
    let about = |target: &str| asked.iter().filter(|asked| asked.target.starts_with(target)).count();
    assert_eq!(about("/storage/v1/b/data"), 2, "as anybody, then with the account");
    let refused = |key: &str| {
        let as_anybody = |asked: &&crate::canned::Asked| !asked.headers.contains_key("authorization");
        asked.iter().filter(as_anybody).filter(|asked| asked.target.starts_with(key)).count()
    };
    assert_eq!((refused("/data/a.h5"), refused("/data/b.h5")), (1, 0), "the bucket is known to be closed");
    assert!(opener_of(None).open("gs://data/a.h5", &opening).await.unwrap_err().status() == Some(403));
}

#[tokio::test]
async fn stores_in_buckets_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), false);
    let bytes = [".zgroup", "a/.zarray", "a/0"]
        .map(|key| (format!("x.zarr/{key}"), std::fs::read(folder.path().join(key)).unwrap()));
    let objects: Vec<_> = bytes.iter().map(|(key, bytes)| ("made", key.as_str(), bytes.as_slice())).collect();
    let Some(server) = Google::start(&objects) else { return };
    let opening = Opening { endpoint: Some(server.endpoint.parse().unwrap()), ..Opening::default() };
    let opened = opener().open("gs://made/x.zarr", &opening).await.unwrap();
    let root = opened.dataset().group("/", true).await.unwrap();
    assert_eq!(root.variables.iter().map(|variable| variable.name.as_str()).collect::<Vec<_>>(), ["a"]);
    let values = opened.dataset().read("a", &Selection::All).await.unwrap();
    assert_eq!(values.as_f64().unwrap(), [1.0, 2.0, 9.0, 9.0]);
}
