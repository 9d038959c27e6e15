//! Opening by address, of what a server of files has.

use std::path::{Path, PathBuf};

use frazil_byte_ledger::Route;
use frazil_data::counting::Books;
use frazil_data::credentials::ArchiveKeys;
use frazil_data::dataset::Selection;
use frazil_data::download::{InS3, Item};
use frazil_data::handle::{Logins, Options};
use frazil_data::http::{Client, Settings};
use frazil_data::open::{Opened, Opener, Opening};
use frazil_data::region::{Access, Whereabouts};
use frazil_data::{Error, Result, Surroundings};
use object_store::gcp::GcpCredentialProvider;
use serde_json::json;

use crate::canned::{Canned, Given};
use crate::object::ranged;
use crate::world::World;

/// An opener for whom everything is open to all.
pub(crate) fn opener() -> Opener {
    opener_of(None)
}

/// An opener that has this account at Google.
pub(crate) fn opener_of(google: Option<GcpCredentialProvider>) -> Opener {
    let surroundings = Surroundings::made([("HOME", "/nowhere"), ("FRAZIL_REGION", "aws/us-west-2")]);
    let settings = Settings { pause: std::time::Duration::from_millis(10), ..Settings::default() };
    let client = Client::new(settings, &surroundings).unwrap();
    let logins =
        Logins { client: client.clone(), session: None, amazon: None, google, keys: ArchiveKeys::default() };
    Opener::new(logins, &Whereabouts::new(client), Access::Auto, Books::new())
}

/// Serves the files below a folder.
async fn files(folder: &Path) -> Canned {
    let folder = folder.to_owned();
    Canned::start(move |asked| match std::fs::read(folder.join(asked.target.trim_start_matches('/'))) {
        Ok(bytes) => ranged(asked, &bytes, "\"1\""),
        Err(_) => Given::status(404),
    })
    .await
}

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

async fn open(opener: &Opener, server: &Canned, path: &str) -> Result<Opened> {
    opener.open(server.base.join(path).unwrap().as_str(), &Opening::default()).await
}

#[tokio::test]
async fn first_bytes_tell_what_a_file_is_from_afar_and_here() {
    let (server, opener) = (files(&seeds()).await, opener());
    for (path, format) in [
        ("arrays/latest.h5", "HDF5"),
        ("arrays/netcdf4.nc", "NetCDF4"),
        ("arrays/netcdf3_classic.nc", "NetCDF classic"),
        ("geotiff/plain", "GeoTIFF"),
        ("references/kerchunk", "Kerchunk"),
        ("references/dmrpp", "DMR++"),
    ] {
        let afar = open(&opener, &server, path).await.unwrap();
        let here = opener.open(seeds().join(path).to_str().unwrap(), &Opening::default()).await.unwrap();
        assert_eq!((afar.dataset().format(), here.dataset().format()), (format, format), "{path}");
        let root = afar.dataset().group("/", true).await.unwrap();
        assert!(!root.variables.is_empty() || !root.groups.is_empty(), "{path}");
        assert_eq!(root, here.dataset().group("/", true).await.unwrap(), "{path}");
    }
}

#[tokio::test]
async fn what_is_in_no_format_and_what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.zip"), b"PK\x03\x04 and so on").unwrap();
    let (server, opener) = (files(folder.path()).await, opener());
    let error = open(&opener, &server, "x.zip").await.unwrap_err();
    assert!(error.to_string().contains(r"PK\x03\x04"), "{error}");
    let error = open(&opener, &server, "none.h5").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    let here = folder.path().join("none.h5");
    let error = opener.open(here.to_str().unwrap(), &Opening::default()).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
}

/// A store of an array of four numbers in two chunks, of which the second was never written.
pub(crate) fn store(folder: &Path, is_consolidated: bool) {
    let array = json!({"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i2", "fill_value": 9, "order": "C",
        "filters": null, "compressor": null});
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    put(".zgroup", br#"{"zarr_format": 2}"#);
    put("a/.zarray", array.to_string().as_bytes());
    put("a/0", &[1, 0, 2, 0]);
    if is_consolidated {
        let all = json!({"zarr_consolidated_format": 1, "metadata": {".zgroup": {"zarr_format": 2}, "a/.zarray": array}});
        put(".zmetadata", all.to_string().as_bytes());
    }
}

#[tokio::test]
async fn stores_are_read_from_hosts_that_have_no_list() {
    let folder = tempfile::tempdir().unwrap();
    store(&folder.path().join("all.zarr"), true);
    store(&folder.path().join("plain"), false);
    let (server, opener) = (files(folder.path()).await, opener());
    let all = open(&opener, &server, "all.zarr").await.unwrap();
    assert_eq!(all.dataset().group("/", true).await.unwrap().variables[0].name, "a");
    // Nothing in the name tells, and there is no object of the name.
    let plain = open(&opener, &server, "plain").await.unwrap();
    assert_eq!(plain.dataset().format(), "Zarr v2");
    let error = plain.dataset().group("/", true).await.unwrap_err();
    assert!(error.to_string().contains("no list"), "{error}");
    for dataset in [all, plain] {
        let values = dataset.dataset().read("a", &Selection::All).await.unwrap();
        assert_eq!(values.as_f64().unwrap(), [1.0, 2.0, 9.0, 9.0]);
        let planned = dataset.planned_by_label("a", &Selection::All).await.unwrap();
        assert_eq!(planned.values().map(|planned| planned.bytes).collect::<Vec<_>>(), [4]);
    }
}

#[tokio::test]
async fn what_is_planned_is_told_for_each_place_that_it_lies_in() {
    let folder = tempfile::tempdir().unwrap();
    let array = json!({"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "|u1", "fill_value": 9, "order": "C",
        "compressor": null, "filters": null});
    let references = json!({".zgroup": "{\"zarr_format\": 2}", "a/.zarray": array.to_string(),
        "a/0": ["part", 0, 2], "a/1": ["part", 6, 2]});
    let path = folder.path().join("references.json");
    std::fs::write(&path, json!({"version": 1, "refs": references}).to_string()).unwrap();
    std::fs::write(folder.path().join("part"), [1u8; 8]).unwrap();
    let (server, opener) = (files(folder.path()).await, opener());
    let afar = open(&opener, &server, "references.json").await.unwrap();
    let here = opener.open(path.to_str().unwrap(), &Opening::default()).await.unwrap();
    let host = server.base.host_str();
    for (opened, bucket) in [(afar, host), (here, None)] {
        let planned = opened.planned_by_label("a", &Selection::All).await.unwrap();
        let told: Vec<_> = planned
            .iter()
            .map(|(label, planned)| (label.as_ref().map(|label| label.bucket.as_str()), planned.bytes))
            .collect();
        assert_eq!(told, [(bucket, 4)]);
    }
}

#[tokio::test]
async fn lengths_of_chunks_are_told_without_them() {
    let folder = tempfile::tempdir().unwrap();
    store(&folder.path().join("all.zarr"), true);
    std::fs::write(folder.path().join("all.zarr/a/1"), [3, 0, 4, 0]).unwrap();
    let (server, opener) = (files(folder.path()).await, opener());
    let all = open(&opener, &server, "all.zarr").await.unwrap();
    let before = opener.books().total().received;
    for _ in 0..2 {
        let stored = all.dataset().ranges("a", &Selection::All).await.unwrap();
        assert_eq!(stored.iter().map(|chunk| chunk.length).collect::<Vec<_>>(), [4, 4]);
    }
    // A byte of each, and what was told is known then.
    assert_eq!(opener.books().total().received - before, 2);
}

#[tokio::test]
async fn everything_that_was_asked_is_counted_under_its_dataset() {
    let (server, opener) = (files(&seeds()).await, opener());
    let opening = Opening { dataset: "ATL03.006".to_owned(), ..Opening::default() };
    let url = server.base.join("arrays/netcdf4.nc").unwrap();
    let file = opener.open(url.as_str(), &opening).await.unwrap();
    file.dataset().group("/", true).await.unwrap();
    let lines = opener.books().lines();
    assert_eq!((lines.len(), lines[0].label.dataset.as_str()), (1, "ATL03.006"));
    let length = std::fs::metadata(seeds().join("arrays/netcdf4.nc")).unwrap().len();
    assert_eq!((lines[0].sums.requests, lines[0].sums.received), (server.asked().len() as u64, length));
    assert_eq!(file.meter().unwrap().sums(), lines[0].sums);
    let here = file.handle().unwrap().describe(&opening.handle).unwrap();
    let again = opener.handle_again(&here, "ATL03.006").await.unwrap();
    again.read_at(0, 8).await.unwrap();
    assert_eq!(opener.books().lines()[0].sums.requests, server.asked().len() as u64);
}

#[tokio::test]
async fn a_file_of_a_granule_is_counted_for_its_bucket_whichever_way_it_comes() {
    let Some(world) = World::start() else { return };
    let (session, key) = (world.session(), "sized/1/1000000.nc");
    let client = session.client().clone();
    let logins = Logins {
        client: client.clone(),
        session: Some(session),
        amazon: None,
        google: None,
        keys: ArchiveKeys::default(),
    };
    let opener = Opener::new(logins, &Whereabouts::new(client), Access::Https, Books::new());
    let url = format!("https://archive.podaac.earthdata.nasa.gov/{key}").parse().unwrap();
    let item = Item::https(url).unwrap().in_s3(InS3 {
        bucket: "podaac-ops-cumulus-protected".to_owned(),
        key: key.to_owned(),
        region: Some("us-west-2".to_owned()),
        credentials: None,
    });
    let handle = opener.handle_of_item(&item, &Opening::default()).await.unwrap();
    assert_eq!(handle.read_at(999_990, 20).await.unwrap().len(), 10);
    let lines = opener.books().lines();
    assert_eq!(lines.len(), 1);
    let (label, sums) = (&lines[0].label, lines[0].sums);
    assert_eq!(label.bucket, "podaac-ops-cumulus-protected");
    assert_eq!((label.region.as_str(), label.route), ("aws/us-west-2", Route::Unknown));
    assert_eq!((sums.redirects, sums.requests), (1, 3));
    assert_eq!(handle.counters().fetched, world.sent().await);
    let sent = serde_json::to_string(&handle.describe(&Options::default()).unwrap()).unwrap();
    let again = opener.handle_again(&serde_json::from_str(&sent).unwrap(), "").await.unwrap();
    assert_eq!(again.meter().unwrap().label(), label);
}
