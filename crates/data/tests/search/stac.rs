//! STAC APIs: recorded exchanges and canned answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use frazil_data::geo::{Bbox, Geometry};
use frazil_data::stac::{Api, Filter, SortBy, StacQuery, to_item};
use frazil_data::times::Interval;
use serde_json::{Value, json};

use crate::canned::{Asked, Canned, Given};
use crate::client;
use crate::recorded::{exchanges, moved, same};

/// A landing page with a search by these methods.
fn landing(methods: &[&str]) -> Value {
    let links: Vec<Value> =
        methods.iter().map(|method| json!({"rel": "search", "href": "./search", "method": method})).collect();
    json!({"type": "Catalog", "id": "test", "stac_version": "1.0.0", "links": links,
           "conformsTo": ["https://api.stacspec.org/v1.0.0/item-search#filter"]})
}

fn item(number: usize) -> Value {
    json!({"type": "Feature", "stac_version": "1.0.0", "id": format!("i{number}"), "geometry": null,
           "properties": {"datetime": "2020-01-01T00:00:00Z"}, "links": [], "assets": {}})
}

fn page(items: &[Value], links: &Value) -> Given {
    Given::json(json!({"type": "FeatureCollection", "features": items, "links": links, "numberMatched": 5}))
}

async fn ids(api: &Api, query: &StacQuery) -> Vec<String> {
    let mut search = api.search(query).unwrap();
    let mut ids = Vec::new();
    while let Some(item) = search.next().await.unwrap() {
        ids.push(item.id);
    }
    ids
}

async fn open(server: &Canned) -> Api {
    Api::open(&client(), &server.base.join("api/v1").unwrap()).await.unwrap()
}

fn naip() -> StacQuery {
    StacQuery {
        collections: vec!["naip".to_owned()],
        bbox: Some(Bbox::new(-73.21, 43.99, -73.12, 44.05)),
        page_size: Some(10),
        ..StacQuery::new()
    }
}

#[tokio::test]
async fn the_planetary_computer_is_read_to_its_last_page() {
    let Some(mut recorded) =
        exchanges("pystac-client/test_item_search.TestItemSearch.test_result_paging.yaml")
    else {
        return;
    };
    recorded.extend(exchanges("pystac-client/test_client.TestAPI.test_instance.yaml").unwrap());
    let server = Canned::start(move |asked| {
        let host = format!("http://{}", asked.headers["host"]);
        let found = recorded.iter().find(|exchange| same(exchange, asked));
        if let Some(exchange) = found {
            return moved(exchange, "https://planetarycomputer.microsoft.com", &host);
        }
        // The third page was not recorded: here it is the last.
        assert!(asked.body.contains("next:naip:vt_m_4307307_ne_18_h_20160805"), "{asked:?}");
        page(&[], &json!([]))
    })
    .await;
    let api = Api::open(&client(), &server.base.join("api/stac/v1").unwrap()).await.unwrap();
    assert_eq!(api.title(), "Microsoft Planetary Computer STAC API");
    let found = ids(&api, &naip()).await;
    assert_eq!(found.len(), 20);
    assert_eq!(found[0], "vt_m_4307308_nw_18_030_20230622_20231113");
}

#[tokio::test]
async fn earth_search_gives_a_cursor_and_counts() {
    let Some(recorded) = exchanges("pystac-client/test_item_search.test_fields.yaml") else { return };
    let server = Canned::start(move |asked| match asked.method.as_str() {
        "GET" => Given::json(landing(&["GET", "POST"])),
        _ if asked.body.contains("\"next\"") => page(&[], &json!([])),
        _ => {
            let sent: Value = serde_json::from_str(&asked.body).unwrap();
            assert_eq!(sent, serde_json::from_str::<Value>(&recorded[0].asked).unwrap());
            let host = format!("http://{}/api", asked.headers["host"]);
            moved(&recorded[0], "https://earth-search.aws.element84.com", &host)
        }
    })
    .await;
    let query = StacQuery {
        collections: vec!["sentinel-2-c1-l2a".to_owned()],
        intersects: Some(Geometry::Point([-105.1019, 40.1672])),
        exclude: ["geometry", "assets", "links"].map(str::to_owned).to_vec(),
        ..StacQuery::new()
    };
    let mut search = open(&server).await.search(&query).unwrap();
    let first = search.next().await.unwrap().unwrap();
    assert_eq!((search.matched(), first.geometry, first.assets.len()), (Some(858), None, 0));
    let mut count = 1;
    while search.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 10);
    let last: Value = serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(last["next"], "2025-07-11T18:03:14.611000Z,S2A_T13TDE_20250711T175745_L2A,sentinel-2-c1-l2a");
    assert_eq!(last["collections"], json!(["sentinel-2-c1-l2a"]));
}

#[tokio::test]
async fn next_links_are_followed_as_they_say() {
    let server = Canned::start(|asked| match (asked.method.as_str(), asked.target.as_str()) {
        ("GET", "/api/v1") => Given::json(landing(&["POST"])),
        // The link's body is laid over the first one; its header goes with it.
        ("POST", "/api/v1/search") if !asked.body.contains("token") => page(
            &[item(1), item(2)],
            &json!([{"rel": "next", "method": "POST", "href": "/api/v1/search", "merge": true,
                     "body": {"token": "a"}, "headers": {"X-Cursor": ["one", "two"], "Authorization": "Bearer stolen"}}]),
        ),
        ("POST", "/api/v1/search") => {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            assert_eq!(body, json!({"collections": ["naip"], "bbox": [-73.21, 43.99, -73.12, 44.05], "limit": 10, "token": "a"}));
            assert_eq!(asked.headers["x-cursor"], "one,two");
            assert!(!asked.headers.contains_key("authorization"));
            // An empty page in the middle, then a link without a method: a GET, by a relative reference.
            page(&[], &json!([{"rel": "next", "href": "search?page=3"}]))
        }
        ("GET", "/api/v1/search?page=3") => page(&[item(3)], &json!([{"rel": "self", "href": "x"}])),
        other => panic!("{other:?}"),
    })
    .await;
    assert_eq!(ids(&open(&server).await, &naip()).await, ["i1", "i2", "i3"]);
}

#[tokio::test]
async fn a_service_without_post_is_asked_by_get() {
    let server =
        Canned::start(|asked| match (asked.method.as_str(), asked.target.split('?').next().unwrap()) {
            (_, "/api/v1") => Given::json(landing(&["GET", "POST"])),
            ("POST", _) => Given::status(405),
            _ => page(&[item(1)], &json!([])),
        })
        .await;
    let query = StacQuery {
        intersects: Some(Geometry::Point([1.0, 2.0])),
        datetime: Some(Interval::parse("2020-01-01/..").unwrap()),
        sort_by: vec![SortBy::parse("-properties.datetime"), SortBy::parse("id")],
        include: vec!["id".to_owned()],
        exclude: vec!["geometry".to_owned()],
        filter: Some(Filter::parse("eo:cloud_cover < 10").unwrap()),
        query: serde_json::from_value(json!({"eo:cloud_cover": {"lt": 10}})).unwrap(),
        ..naip()
    };
    assert!(query.problems()[0].contains("in a box or in a shape"));
    let query = StacQuery { bbox: None, ..query };
    assert_eq!(ids(&open(&server).await, &query).await, ["i1"]);
    let asked = server.asked();
    let url: url::Url = format!("http://a{}", asked[2].target).parse().unwrap();
    let pairs: std::collections::BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["sortby"], "-properties.datetime,+id");
    assert_eq!(pairs["fields"], "id,-geometry");
    assert_eq!(pairs["datetime"], "2020-01-01T00:00:00Z/..");
    assert_eq!(
        (pairs["filter"].as_str(), pairs["filter-lang"].as_str()),
        ("eo:cloud_cover < 10", "cql2-text")
    );
    assert_eq!(serde_json::from_str::<Value>(&pairs["intersects"]).unwrap()["type"], "Point");
    assert_eq!(pairs["query"], "{\"eo:cloud_cover\":{\"lt\":10}}");
}

#[tokio::test]
async fn a_busy_service_is_asked_again_by_post_too() {
    let count = Arc::new(AtomicUsize::new(0));
    let server =
        Canned::start(move |asked| match (asked.method.as_str(), count.fetch_add(1, Ordering::Relaxed)) {
            ("GET", _) => Given::json(landing(&["POST"])),
            (_, 1) => Given::status(429).header("Retry-After", "1"),
            (_, 2) => Given::status(502),
            _ => page(&[item(1)], &json!([])),
        })
        .await;
    assert_eq!(ids(&open(&server).await, &naip()).await, ["i1"]);
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn circles_and_empty_pages_without_end_stop() {
    let number = Arc::new(AtomicUsize::new(0));
    let server = Canned::start(move |asked| {
        let next = number.fetch_add(1, Ordering::Relaxed);
        match asked.target.as_str() {
            "/api/v1" => Given::json(landing(&["GET"])),
            _ => page(&[], &json!([{"rel": "next", "href": format!("search?page={next}")}])),
        }
    })
    .await;
    let error = open(&server).await.search(&naip()).unwrap().next().await.unwrap_err();
    assert!(error.to_string().contains("10 empty pages in a row"), "{error}");
    assert_eq!(server.asked().len(), 11);
    let server = Canned::start(|asked| match asked.target.as_str() {
        "/api/v1" => Given::json(landing(&["POST"])),
        _ => page(&[item(1)], &json!([{"rel": "next", "method": "POST", "href": "search", "merge": true}])),
    })
    .await;
    let mut search = open(&server).await.search(&naip()).unwrap();
    let error = loop {
        match search.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a circle has no end"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("leads to itself"), "{error}");
}

#[tokio::test]
async fn a_circle_of_several_pages_ends_too() {
    let server = Canned::start(|asked| match asked.target.as_str() {
        "/api/v1" => Given::json(landing(&["GET"])),
        target if target.contains("page=2") => {
            page(&[item(2)], &json!([{"rel": "next", "href": "search?page=1"}]))
        }
        _ => page(&[item(1)], &json!([{"rel": "next", "href": "search?page=2"}])),
    })
    .await;
    let mut search = open(&server).await.search(&naip()).unwrap();
    let error = loop {
        match search.next().await {
            Ok(Some(_)) => assert!(server.asked().len() < 6, "it goes in a circle"),
            Ok(None) => panic!("a circle has no end"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("leads to itself or to one before"), "{error}");
}

#[tokio::test]
async fn collections_come_from_all_pages() {
    let server = Canned::start(|asked: &Asked| match asked.target.as_str() {
        "/api/v1" => Given::json(landing(&["GET"])),
        "/api/v1/collections" => Given::json(
            json!({"collections": [{"id": "a"}], "links": [{"rel": "next", "href": "collections?page=2"}]}),
        ),
        _ => Given::json(json!({"collections": [{"id": "b"}], "links": []})),
    })
    .await;
    assert_eq!(open(&server).await.collections().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_static_catalogue_is_no_api() {
    let server = Canned::start(|_| Given::json(json!({"type": "Catalog", "id": "x", "links": []}))).await;
    let error = Api::open(&client(), &server.base).await.err().unwrap();
    assert!(error.to_string().contains("static"), "{error}");
}

#[test]
fn filters_are_checked_before_they_are_sent() {
    let wrong = |text: &str| {
        let filter = Some(Filter::parse(text).unwrap());
        StacQuery { filter, ..StacQuery::new() }.problems()
    };
    assert!(wrong("eo:cloud_cover < 10 AND (platform = 'a)' OR id LIKE 'x%')").is_empty());
    assert!(
        wrong(r#"{"op":"and","args":[{"op":"<=","args":[{"property":"eo:cloud_cover"},10]},true]}"#)
            .is_empty()
    );
    assert!(wrong("a = 'b")[0].contains("does not close a '"));
    assert!(wrong("(a = 1")[0].contains("does not close a bracket"));
    assert!(wrong("a = 1)")[0].contains("that it does not open"));
    assert!(wrong(r#"{"op":"and","args":[{"args":[1]}]}"#)[0].contains("no `op`"));
    assert!(wrong(r#"{"op":"and"}"#)[0].contains("no list of `args`"));
    assert!(wrong(r#"{"property":"a"}"#)[0].contains("neither"));
    assert!(Filter::parse("{").is_err());
}

#[test]
fn items_of_all_versions_are_read() {
    let Some(folder) = crate::recorded::shared("science/stac-items") else { return };
    let base = url::Url::from_directory_path(std::path::absolute(&folder).unwrap()).unwrap();
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        to_item(serde_json::from_str(&text).unwrap(), &base)
    };
    let landsat = read("landsat-item1.json");
    assert_eq!(landsat.dataset.id.as_deref(), Some("landsat-8-l1"));
    assert_eq!(landsat.cloud_hosted, Some(true));
    assert!(landsat.browse().is_some() && landsat.data().count() > 5);
    let sentinel = read("pystac-example-sentinel2-1.0.0.json");
    assert_eq!(sentinel.time.start.unwrap().to_string(), "2021-09-08T04:27:01.024Z");
    let zarr = read("zarr-item.json");
    assert_eq!(zarr.data().count(), 2);
    assert!(zarr.time.start < zarr.time.end);
}
