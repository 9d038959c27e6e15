//! Google Cloud Storage, as fake-gcs-server speaks it.

use frazil_data::dataset::Selection;
use frazil_data::handle::{Handle, Options};
use frazil_data::open::Opening;
use frazil_data::ranges::Ranges;
use frazil_data::remote::{GoogleBucket, GoogleObject, GoogleReader, Remote};
use frazil_data::{Error, Surroundings};

use crate::canned::Canned;
use crate::google::Google;
use crate::object::{client, content, ranged};
use crate::opened::{opener, store};

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
