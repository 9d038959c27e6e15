//! Static STAC catalogues: walked to every item once, and no further than has to be.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use frazil_data::Error;
use frazil_data::geo::Bbox;
use frazil_data::locate;
use frazil_data::stac::{Walk, Wanted};
use frazil_data::times::Interval;
use serde_json::{Value, json};

use crate::canned::{Canned, Given};
use crate::client;

fn write(folder: &Path, name: &str, value: &Value) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

fn item(id: &str, collection: &str, longitude: f64, time: &str) -> Value {
    json!({"type": "Feature", "stac_version": "1.0.0", "id": id, "collection": collection,
           "geometry": {"type": "Point", "coordinates": [longitude, 0.0]}, "bbox": [longitude, 0.0, longitude, 0.0],
           "properties": {"datetime": time}, "links": [], "assets": {"data": {"href": "../data/a.tif", "roles": ["data"]}}})
}

fn collection(id: &str, bbox: [f64; 4], from: &str, links: &Value) -> Value {
    json!({"type": "Collection", "stac_version": "1.0.0", "id": id, "links": links,
           "extent": {"spatial": {"bbox": [bbox]}, "temporal": {"interval": [[from, null]]}}})
}

/// Two collections, one of them below the other, and links that lead back.
fn catalogue(folder: &Path) {
    let link = |rel: &str, href: &str| json!({"rel": rel, "href": href});
    let root = json!([
        link("child", "./west/collection.json"),
        link("child", "east/collection.json"),
        link("root", "catalog.json")
    ]);
    write(
        folder,
        "catalog.json",
        &json!({"type": "Catalog", "id": "root", "stac_version": "1.0.0", "links": root}),
    );
    let west = json!([
        link("item", "./w1.json"),
        link("item", "w2.json"),
        link("child", "../catalog.json"),
        link("parent", "../catalog.json")
    ]);
    write(
        folder,
        "west/collection.json",
        &collection("west", [-90.0, -10.0, -80.0, 10.0], "2000-01-01T00:00:00Z", &west),
    );
    write(folder, "west/w1.json", &item("w1", "west", -85.0, "2001-01-01T00:00:00Z"));
    write(folder, "west/w2.json", &item("w2", "west", -81.0, "2005-01-01T00:00:00Z"));
    let east = json!([link("item", "e1.json"), link("child", "../west/collection.json")]);
    write(
        folder,
        "east/collection.json",
        &collection("east", [80.0, -10.0, 90.0, 10.0], "2010-01-01T00:00:00Z", &east),
    );
    write(folder, "east/e1.json", &item("e1", "east", 85.0, "2011-01-01T00:00:00Z"));
}

async fn walk(folder: &Path, wanted: Wanted) -> (BTreeSet<String>, usize) {
    let root = locate("catalog.json", folder).unwrap();
    let mut walk = Walk::new(client(), root, wanted);
    let mut ids = BTreeSet::new();
    while let Some(item) = walk.next().await.unwrap() {
        assert!(item.assets[0].href.ends_with("/data/a.tif") && item.assets[0].href.starts_with("file://"));
        let stac = item.to_stac().unwrap();
        assert_eq!(stac["assets"]["data"]["href"], item.assets[0].href, "references are whole");
        assert!(ids.insert(item.id), "an item twice");
    }
    (ids, walk.documents())
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn every_item_is_found_once_though_links_lead_in_circles() {
    let folder = tempfile::tempdir().unwrap();
    catalogue(folder.path());
    assert_eq!(walk(folder.path(), Wanted::default()).await, (set(&["e1", "w1", "w2"]), 6));
    let root = locate("catalog.json", folder.path()).unwrap();
    let mut limited = Walk::new(client(), root, Wanted::default()).limit(1);
    assert!(limited.next().await.unwrap().is_some() && limited.next().await.unwrap().is_none());
}

#[tokio::test]
async fn what_lies_elsewhere_is_not_walked_into() {
    let folder = tempfile::tempdir().unwrap();
    catalogue(folder.path());
    let place = Wanted { bbox: Some(Bbox::new(-82.0, -1.0, -80.0, 1.0)), ..Wanted::default() };
    assert_eq!(walk(folder.path(), place).await, (set(&["w2"]), 5));
    let across = Wanted { bbox: Some(Bbox::new(170.0, -1.0, -84.0, 1.0)), ..Wanted::default() };
    assert_eq!(walk(folder.path(), across).await.0, set(&["w1"]));
    let time = Wanted { datetime: Some(Interval::parse("../2002").unwrap()), ..Wanted::default() };
    assert_eq!(walk(folder.path(), time).await.0, set(&["w1"]));
    let named = Wanted { collections: vec!["east".to_owned()], ..Wanted::default() };
    assert_eq!(walk(folder.path(), named).await.0, set(&["e1"]));
}

#[tokio::test]
async fn a_catalogue_from_elsewhere_reads_no_file_here() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secret.json", &item("secret", "x", 0.0, "2001-01-01T00:00:00Z"));
    let secret = url::Url::from_file_path(folder.path().join("secret.json")).unwrap();
    let server = Canned::start(move |_| {
        Given::json(
            json!({"type": "Catalog", "id": "x", "links": [{"rel": "item", "href": secret.as_str()}]}),
        )
    })
    .await;
    let mut walk = Walk::new(client(), server.base.clone(), Wanted::default());
    assert!(walk.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_document_that_is_missing_is_told_and_the_walk_goes_on() {
    let server = Canned::start(|asked| match asked.target.as_str() {
        "/" => Given::json(json!({"type": "Catalog", "id": "x", "links": [
            {"rel": "item", "href": "gone.json"}, {"rel": "item", "href": "there.json"}]})),
        "/there.json" => Given::json(item("there", "x", 0.0, "2001-01-01T00:00:00Z")),
        "/busy.json" => Given::json(json!({"type": "Catalog", "id": "x", "links": [
            {"rel": "item", "href": "later.json"}]})),
        "/later.json" => Given::status(503),
        _ => Given::status(404),
    })
    .await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&told);
    let omissions = move |error: &Error| hears.lock().unwrap().push(error.to_string());
    let walk = |at: &str| Walk::new(client(), server.base.join(at).unwrap(), Wanted::default());
    let mut all = walk("").told_to(Arc::new(omissions));
    assert_eq!(all.next().await.unwrap().unwrap().id, "there");
    assert!(all.next().await.unwrap().is_none());
    let told = told.lock().unwrap().clone();
    assert!(told.len() == 1 && told[0].contains("gone.json"), "{told:?}");
    assert!(matches!(walk("gone.json").next().await, Err(Error::NotFound { .. })), "there is no catalogue");
    let mut busy = walk("busy.json");
    assert!(matches!(busy.next().await, Err(Error::Unavailable { .. })), "what comes later is not left out");
}
