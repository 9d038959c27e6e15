//! Searches of the stand-in's catalogue and of its STAC APIs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use frazil_data::cmr::{Cmr, Collections, Granules, Notice, Query, Shape};
use frazil_data::found::Item;
use frazil_data::geo::Bbox;
use frazil_data::login::Earthdata;
use frazil_data::stac::{Api, StacQuery};
use serde_json::json;

use crate::world::World;

fn cmr(world: &World) -> Cmr {
    Cmr::of(world.client(), &Earthdata::production()).unwrap()
}

async fn items(cmr: &Cmr, query: Query<Granules>) -> Vec<Item> {
    let mut search = cmr.granules(query).await.unwrap();
    let mut items = Vec::new();
    while let Some(granule) = search.next().await.unwrap() {
        items.push(granule.item(None));
    }
    assert_eq!(search.hits(), Some(items.len() as u64));
    items
}

fn gedi() -> Query<Granules> {
    Query::<Granules>::new().short_name("GEDI01_B").version("003")
}

#[tokio::test]
async fn all_of_12070_granules_are_found() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"gzip": true})).await;
    let found = items(&cmr(&world), gedi()).await;
    let ids: BTreeSet<&str> = found.iter().map(|item| item.id.as_str()).collect();
    assert_eq!((found.len(), ids.len()), (12_070, 12_070));
    for item in &found {
        assert_eq!(item.cloud_hosted, Some(true));
        let data: Vec<_> = item.data().collect();
        assert!(data.len() == 1 && data[0].s3.is_some() && data[0].checksum.is_some());
        assert!(data[0].size.is_some_and(frazil_data::found::Size::is_exact) && item.geometry.is_some());
    }
}

#[tokio::test]
async fn faults_and_a_busy_catalogue_lose_no_granule() {
    let Some(world) = World::start() else { return };
    let faults = json!([
        {"role": "cmr", "fault": "time_out", "skip": 1, "times": 2},
        {"role": "cmr", "fault": "status", "status": 429, "retry_after": "1", "skip": 4},
        {"role": "cmr", "fault": "status", "status": 504, "body": "", "skip": 5},
        {"role": "cmr", "fault": "cut", "skip": 6},
        {"role": "cmr", "fault": "reset_midway", "skip": 8},
    ]);
    world.post("faults", &faults).await;
    let notices = Arc::new(Mutex::new(0));
    let heard = Arc::clone(&notices);
    let listening = cmr(&world).told_to(Arc::new(move |notice: &Notice| {
        assert!(matches!(notice, Notice::SmallerPages { .. }));
        *heard.lock().unwrap() += 1;
    }));
    let found = items(&listening, gedi()).await;
    let ids: BTreeSet<&str> = found.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(ids.len(), 12_070);
    assert!(*notices.lock().unwrap() >= 3, "CMR's own ends were not told");
}

#[tokio::test]
async fn a_search_is_narrowed_by_place_time_and_name() {
    let Some(world) = World::start() else { return };
    let cmr = cmr(&world);
    let all = cmr.count(&gedi()).await.unwrap();
    let placed = items(&cmr, gedi().set("bounding_box", "-74.2,40,-60,60").temporal("2019/..")).await;
    assert!(!placed.is_empty() && (placed.len() as u64) < all);
    for item in &placed {
        let bbox = item.bbox.unwrap();
        assert!(bbox.east >= -74.2 && bbox.west <= -60.0 && bbox.north >= 40.0 && bbox.south <= 60.0);
        assert!(item.time.end.unwrap() >= "2019-01-01T00:00:00Z".parse().unwrap());
    }
    let name = placed[0].name.clone();
    let pattern = format!("{}*", &name[..20]);
    let named =
        gedi().set("readable_granule_name", &pattern).option("readable_granule_name", "pattern", true);
    assert!(items(&cmr, named).await.iter().any(|item| item.name == name));
    assert_eq!(items(&cmr, Query::<Granules>::new().concept_id(&placed[0].id)).await[0].name, name);
}

#[tokio::test]
async fn every_place_goes_out_by_its_name_in_its_order() {
    let Some(world) = World::start() else { return };
    let cmr = cmr(&world);
    let swot = || Query::<Granules>::new().short_name("SWOT_L2_HR_RiverSP_1.1");
    let ring = vec![[-100.0, 30.0], [-100.0, 50.0], [-80.0, 50.0], [-80.0, 30.0]];
    let line = vec![[-100.0, 40.0], [-90.0, 41.5], [-80.0, 40.0]];
    let circle = Shape::Circle { center: [-90.0, 40.0], radius: 500_000.0 };
    for (query, wanted) in [
        (swot().at(&Shape::Box(Bbox::new(-100.0, 30.0, -80.0, 50.0))), "bounding_box=-100,30,-80,50"),
        (swot().at(&Shape::Point([-90.5, 40.25])), "point=-90.5,40.25"),
        (swot().at(&circle), "circle=-90,40,500000"),
        (swot().at(&Shape::Line(line)), "line=-100,40,-90,41.5,-80,40"),
        // Closed, and turned against the clock.
        (swot().at(&Shape::Polygon(ring.clone())), "polygon=-100,30,-80,30,-80,50,-100,50,-100,30"),
        (
            swot()
                .at(&Shape::Polygon(ring))
                .set("polygon", "0,0,9,0,9,9,0,9,0,0")
                .option("polygon", "or", true),
            "polygon[]=-100,30,-80,30,-80,50,-100,50,-100,30&polygon[]=0,0,9,0,9,9,0,9,0,0&options[polygon][or]=true",
        ),
        (swot().set("orbit_number", "100,120"), "orbit_number=100,120"),
        (swot().set("equator_crossing_longitude", "-10,10"), "equator_crossing_longitude=-10,10"),
        (
            swot().cycle("12").pass(5, &["2L", "3R"]).pass(6, &[]),
            "cycle=12&passes[0][pass]=5&passes[0][tiles]=2L,3R&passes[1][pass]=6",
        ),
    ] {
        world.post("reset", &json!({})).await;
        cmr.count(&query).await.unwrap();
        let sent = world.get("requests").await;
        let sent = sent.as_array().unwrap().last().unwrap()["query"].as_str().unwrap().to_owned();
        let sent: Vec<String> = url::form_urlencoded::parse(sent.as_bytes())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let wanted = format!("page_size=0&short_name=SWOT_L2_HR_RiverSP_1.1&{wanted}");
        assert_eq!(sent.join("&"), wanted);
    }
}

#[tokio::test]
async fn a_place_of_each_kind_narrows_the_search() {
    let Some(world) = World::start() else { return };
    let cmr = cmr(&world);
    let all = cmr.count(&gedi()).await.unwrap();
    let counted = async |name: &str, text: &str| cmr.count(&gedi().set(name, text)).await.unwrap();
    let boxed = counted("bounding_box", "0,0,20,20").await;
    assert!(boxed > 0 && boxed < all);
    assert_eq!(counted("polygon", "0,0,0,20,20,20,20,0").await, boxed, "the same place");
    let circle = counted("circle", "10,10,1000000").await;
    assert!(circle > 0 && circle < boxed, "{circle} in a circle within the box");
    let line = counted("line", "0,10,20,10").await;
    assert!(line > 0 && line < boxed, "{line} on a line through the box");
    assert!(counted("point", "10,10").await <= line);
    let both = gedi().set("bounding_box", "0,0,20,20").set("bounding_box", "100,0,120,20");
    assert_eq!(cmr.count(&both).await.unwrap(), 0, "shapes have to match together");
    assert!(cmr.count(&both.option("bounding_box", "or", true)).await.unwrap() > boxed);
}

#[tokio::test]
async fn datasets_are_found_by_doi_and_told_from_those_on_prem() {
    let Some(world) = World::start() else { return };
    let cmr = cmr(&world);
    let found =
        items(&cmr, Query::<Granules>::new().doi("10.5067/ATLAS/ATL03.005").temporal("2018-10-14")).await;
    assert!(!found.is_empty());
    assert!(found.iter().all(|item| item.cloud_hosted == Some(false) && !item.size.unwrap().is_exact()));
    let cloud = Query::<Granules>::new().short_name("ATL03").cloud_hosted(true).temporal("2018-10-14");
    let found = items(&cmr, cloud).await;
    assert!(!found.is_empty());
    assert!(found.iter().all(|item| item.provider.as_deref() == Some("NSIDC_CPRD")));
    let absent = Query::<Granules>::new().doi("10.5067/ATLAS/ATL03.005").cloud_hosted(true);
    let error = cmr.granules(absent).await.err().unwrap();
    assert!(error.to_string().contains("is in the cloud") && error.advice().contains("on-prem"), "{error}");
    let mut versions = cmr.collections(Query::<Collections>::new().short_name("ATL03")).unwrap();
    let mut places = BTreeSet::new();
    while let Some(collection) = versions.next().await.unwrap() {
        places.insert((collection.version().unwrap().to_owned(), collection.cloud_hosted()));
    }
    assert_eq!(places, BTreeSet::from([("005".to_owned(), false), ("006".to_owned(), true)]));
}

#[tokio::test]
async fn long_queries_go_as_forms() {
    let Some(world) = World::start() else { return };
    let cmr = cmr(&world);
    let some = items(&cmr, gedi().temporal("2019-01-01/2019-01-05")).await;
    let query = some.iter().fold(gedi(), |query, item| query.granule_ur(&item.name));
    assert_eq!(items(&cmr, query).await.len(), some.len());
    assert!(
        world
            .requests()
            .await
            .iter()
            .any(|request| request.starts_with("POST cmr.earthdata.nasa.gov/search/granules"))
    );
}

#[tokio::test]
async fn a_login_that_has_ended_does_not_close_the_catalogue() {
    let Some(world) = World::start() else { return };
    let ended = frazil_data::login::Session::with_token(
        world.client(),
        Earthdata::production(),
        "eyJhbGciOiJub25lIn0.eyJ1aWQiOiJ4In0.".to_owned().into(),
    );
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notices);
    let cmr = cmr(&world)
        .logged_in(ended)
        .told_to(Arc::new(move |notice: &Notice| heard.lock().unwrap().push(notice.clone())));
    assert_eq!(items(&cmr, gedi().temporal("2019-01-01")).await.len(), 36);
    assert!(notices.lock().unwrap().contains(&Notice::LoginRefused));
    let own = cmr_of_user(&world);
    assert_eq!(items(&own, gedi().temporal("2019-01-01")).await.len(), 36);
}

#[tokio::test]
async fn a_token_that_has_ended_does_not_close_the_catalogue_either() {
    let Some(world) = World::start() else { return };
    world.advance(86_400 * 400).await;
    let session = frazil_data::login::Session::with_token(
        world.client(),
        Earthdata::production(),
        "eyJhbGciOiJub25lIn0.eyJ1aWQiOiJ4IiwiZXhwIjoxfQ.".to_owned().into(),
    );
    assert!(session.token().await.is_err(), "it ended in 1970");
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notices);
    let cmr = cmr(&world)
        .logged_in(session)
        .told_to(Arc::new(move |notice: &Notice| heard.lock().unwrap().push(notice.clone())));
    assert_eq!(items(&cmr, gedi().temporal("2019-01-01")).await.len(), 36);
    assert!(matches!(notices.lock().unwrap()[0], Notice::NoToken { .. }));
}

fn cmr_of_user(world: &World) -> Cmr {
    cmr(world).logged_in(world.session())
}

#[tokio::test]
async fn stac_apis_are_read_to_their_last_page() {
    let Some(world) = World::start() else { return };
    let client = world.client();
    for (root, collection) in [
        ("https://earth-search.aws.element84.com/v1", "sentinel-2-c1-l2a"),
        ("https://planetarycomputer.microsoft.com/api/stac/v1", "naip"),
    ] {
        let api = Api::open(&client, &root.parse().unwrap()).await.unwrap();
        let query =
            StacQuery { collections: vec![collection.to_owned()], page_size: Some(100), ..StacQuery::new() };
        let mut search = api.search(&query).unwrap().limit(450);
        let mut ids = BTreeSet::new();
        while let Some(item) = search.next().await.unwrap() {
            assert!(!item.assets.is_empty() && item.time.start.is_some(), "{}", item.raw);
            ids.insert(item.id);
        }
        assert!(ids.len() > 100, "{root} has only {} items", ids.len());
        world.post("settings", &json!({"stac_without_post": [api_host(root)]})).await;
        let mut again = api.search(&query).unwrap().limit(5);
        assert!(again.next().await.unwrap().is_some(), "{root} was not asked by GET");
    }
}

fn api_host(root: &str) -> String {
    root.parse::<frazil_data::http::Url>().unwrap().host_str().unwrap().to_owned()
}
