//! Pages of CMR: all of them, whatever their size, with what goes wrong between.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use frazil_data::Error;
use frazil_data::cmr::{Cmr, Collections, Granules, Notice, Query, Services};
use serde_json::{Value, json};

use crate::canned::{Asked, Canned, Given};
use crate::client;
use crate::recorded::{exchanges, same};

/// A granule as small as one can be.
fn granule(number: usize) -> Value {
    json!({"meta": {"concept-id": format!("G{number}-TEST"), "revision-id": 1}, "umm": {"GranuleUR": format!("g{number}")}})
}

fn wanted_size(asked: &Asked) -> usize {
    let url: url::Url = format!("http://a{}", asked.target).parse().unwrap();
    let query =
        if asked.method == "POST" { asked.body.clone() } else { url.query().unwrap_or_default().to_owned() };
    let size = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "page_size");
    size.unwrap().1.parse().unwrap()
}

fn place(asked: &Asked) -> usize {
    asked.headers.get("cmr-search-after").map_or(0, |mark| {
        serde_json::from_str::<Value>(mark).unwrap()[1].as_u64().unwrap().try_into().unwrap()
    })
}

/// A page of so many granules of a catalogue, from where the request says.
fn page(asked: &Asked, all: usize, count: usize) -> Given {
    let from = place(asked);
    let to = (from + count).min(all);
    let items: Vec<Value> = (from..to).map(granule).collect();
    let given = Given::json(json!({"hits": all, "took": 1, "items": items})).header("CMR-Hits", all);
    if items.is_empty() { given } else { given.header("CMR-Search-After", json!(["test", to])) }
}

async fn ids(cmr: &Cmr, query: Query<Granules>) -> Vec<String> {
    let mut search = cmr.granules(query).await.unwrap();
    let mut ids = Vec::new();
    while let Some(granule) = search.next().await.unwrap() {
        ids.push(granule.concept_id().to_owned());
    }
    ids
}

fn query() -> Query<Granules> {
    Query::<Granules>::new().short_name("TEST")
}

#[tokio::test]
async fn short_pages_are_not_the_last() {
    // As earthaccess#1445 saw them: the first page is short, and one in the middle.
    let all = 12_070;
    let server = Canned::start(move |asked| {
        let short = match place(asked) {
            0 => 1_985,
            5_985 => 1,
            _ => 2_000,
        };
        page(asked, all, short.min(wanted_size(asked)))
    })
    .await;
    let cmr = Cmr::at(client(), server.base.clone());
    let found = ids(&cmr, query()).await;
    assert_eq!(found.len(), all);
    assert_eq!(found[all - 1], "G12069-TEST");
    // The last request found nothing and had no mark.
    assert_eq!(server.asked().len(), 9);
    assert!(server.asked()[0].target.starts_with("/search/granules.umm_json?page_size=2000&short_name=TEST"));
}

#[tokio::test]
async fn a_limit_ends_a_search_and_asks_for_no_more() {
    let server = Canned::start(|asked| page(asked, 100_000, wanted_size(asked))).await;
    let cmr = Cmr::at(client(), server.base.clone());
    let mut search = cmr.granules(query()).await.unwrap().limit(5);
    let mut count = 0;
    while search.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!((count, search.hits()), (5, Some(100_000)));
    assert_eq!(server.asked().iter().map(wanted_size).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn what_is_revised_between_two_pages_is_told_once() {
    let server = Canned::start(|asked| {
        let items = match place(asked) {
            0 => vec![granule(1), granule(2)],
            1 => vec![granule(2), granule(3), granule(3)],
            _ => vec![],
        };
        let given = Given::json(json!({"hits": 3, "items": items}));
        if place(asked) < 2 {
            given.header("CMR-Search-After", json!(["x", place(asked) + 1]))
        } else {
            given
        }
    })
    .await;
    let found = ids(&Cmr::at(client(), server.base.clone()), query()).await;
    assert_eq!(found, ["G1-TEST", "G2-TEST", "G3-TEST"]);
}

#[tokio::test]
async fn pages_that_cmr_cuts_off_are_asked_for_smaller_and_grow_again() {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let server = Canned::start(move |asked| match count.fetch_add(1, Ordering::Relaxed) {
        // The gateway's end, then the query's own, which comes with a part of the page.
        0 => Given::status(504),
        1 => page(asked, 20_000, 3).header("CMR-Time-Out", "true"),
        2 => page(asked, 20_000, 3).header("CMR-Timed-Out", "true"),
        _ => page(asked, 20_000, wanted_size(asked)),
    })
    .await;
    let heard = Arc::clone(&notices);
    let cmr = Cmr::at(client(), server.base.clone())
        .told_to(Arc::new(move |notice: &Notice| heard.lock().unwrap().push(notice.to_string())));
    assert_eq!(ids(&cmr, query()).await.len(), 20_000);
    let sizes: Vec<usize> = server.asked().iter().map(wanted_size).collect();
    assert_eq!(sizes[..9], [2000, 1000, 500, 250, 250, 250, 250, 250, 500]);
    assert_eq!(*sizes.last().unwrap(), 2000);
    assert_eq!(notices.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_search_that_never_ends_in_time_says_what_to_do() {
    let server = Canned::start(|_| Given::status(504)).await;
    let mut search = Cmr::at(client(), server.base.clone()).granules(query()).await.unwrap();
    let error = search.next().await.unwrap_err();
    assert!(error.to_string().contains("smaller place or time"), "{error}");
    assert_eq!(wanted_size(server.asked().last().unwrap()), 10);
}

#[tokio::test]
async fn a_busy_catalogue_is_asked_again_when_it_says() {
    let count = Arc::new(AtomicUsize::new(0));
    let server = Canned::start(move |asked| match count.fetch_add(1, Ordering::Relaxed) {
        1 => Given::status(429).header("Retry-After", "1"),
        2 => Given::status(503),
        _ => page(asked, 4_500, wanted_size(asked)),
    })
    .await;
    let begun = std::time::Instant::now();
    assert_eq!(ids(&Cmr::at(client(), server.base.clone()), query()).await.len(), 4_500);
    assert!(begun.elapsed().as_millis() >= 1_000, "it was asked again before it wanted");
    let sizes: Vec<usize> = server.asked().iter().map(wanted_size).collect();
    assert_eq!(sizes, [2000; 6]);
}

#[tokio::test]
async fn long_queries_are_forms() {
    let server = Canned::start(|asked| page(asked, 10, wanted_size(asked))).await;
    let long = (0..900).fold(query(), |query, number| query.granule_ur(&format!("granule-{number:04}")));
    assert_eq!(ids(&Cmr::at(client(), server.base.clone()), long).await.len(), 10);
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.method == "POST" && asked.target == "/search/granules.umm_json"));
    assert!(asked[0].body.contains("granule_ur%5B%5D=granule-0899"));
    assert_eq!(asked[0].headers["content-type"], "application/x-www-form-urlencoded");
    assert!(asked[1].headers.contains_key("cmr-search-after"));
}

#[tokio::test]
async fn packed_pages_are_unpacked() {
    let server = Canned::start(|asked| {
        assert_eq!(asked.headers["accept-encoding"], "gzip");
        let mut given = page(asked, 3, wanted_size(asked)).header("Content-Encoding", "gzip");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, &given.body).unwrap();
        given.body = packer.finish().unwrap();
        given
    })
    .await;
    assert_eq!(ids(&Cmr::at(client(), server.base.clone()), query()).await.len(), 3);
}

#[tokio::test]
async fn refusals_are_quoted() {
    let server = Canned::start(|_| Given {
        body: br#"{"errors":["Parameter [foo] was not recognized."]}"#.to_vec(),
        ..Given::status(400)
    })
    .await;
    let mut search = Cmr::at(client(), server.base.clone()).granules(query()).await.unwrap();
    let error = search.next().await.unwrap_err();
    assert!(error.to_string().contains("Parameter [foo] was not recognized."), "{error}");
}

#[tokio::test]
async fn pages_that_are_none_are_told() {
    for body in ["", "[]", "{\"hits\":1}", "{\"hits\":1,\"items\":7}", "<html>", "{\"items\":[{]}"] {
        let server = Canned::start(move |_| Given { body: body.into(), ..Given::status(200) }).await;
        let mut search = Cmr::at(client(), server.base.clone()).granules(query()).await.unwrap();
        assert!(matches!(search.next().await, Err(Error::Answer { .. })), "{body}");
    }
    let server =
        Canned::start(|_| Given::json(json!({"items": [granule(1)]})).header("CMR-Search-After", "[7]"))
            .await;
    let mut search = Cmr::at(client(), server.base.clone()).granules(query()).await.unwrap();
    search.next().await.unwrap();
    assert!(search.next().await.unwrap_err().to_string().contains("leads to itself"));
}

#[tokio::test]
async fn dois_and_hosts_are_looked_up() {
    let server = Canned::start(|asked| {
        let collection = |id: &str, cloud: bool| {
            let direct = if cloud { json!({"Region": "us-west-2"}) } else { Value::Null };
            json!({"meta": {"concept-id": id}, "umm": {"ShortName": "ATL08", "Version": "006", "DirectDistributionInformation": direct}})
        };
        match asked.target.as_str() {
            target if target.contains("doi=unknown") => Given::json(json!({"hits": 0, "items": []})),
            target if target.starts_with("/search/collections") => {
                Given::json(json!({"hits": 2, "items": [collection("C1-ECS", false), collection("C2-CPRD", true)]}))
            }
            _ => page(asked, 2, wanted_size(asked)),
        }
    })
    .await;
    let cmr = Cmr::at(client(), server.base.clone());
    let narrowed =
        Query::<Granules>::new().doi("10.5067/ATLAS/ATL08.006").cloud_hosted(true).temporal("2020");
    assert_eq!(ids(&cmr, narrowed).await.len(), 2);
    let asked = server.asked();
    assert!(asked[0].target.contains("collections.umm_json?page_size=2000&doi=10.5067"));
    assert!(asked[1].target.contains("collection_concept_id=C2-CPRD&temporal=2020"), "{}", asked[1].target);
    ids(&cmr, query().option("short_name", "pattern", true).cloud_hosted(false)).await;
    assert!(server.asked()[3].target.contains("options%5Bshort_name%5D%5Bpattern%5D=true"));
    assert!(server.asked().last().unwrap().target.contains("collection_concept_id=C1-ECS"));
    let error = cmr.granules(Query::<Granules>::new().doi("unknown")).await.err().unwrap();
    assert!(error.to_string().contains("CMR knows no dataset with doi=unknown"), "{error}");
}

#[tokio::test]
async fn a_place_is_looked_up_for_named_datasets_only() {
    let server =
        Canned::start(|_| Given::json(json!({"hits": 2_001, "items": []})).header("CMR-Hits", 2_001)).await;
    let cmr = Cmr::at(client(), server.base.clone());
    let one = Query::<Granules>::new().concept_id("V1-X").cloud_hosted(true);
    let error = cmr.granules(one.clone()).await.err().unwrap();
    assert!(error.to_string().contains("none is named"), "{error}");
    assert!(cmr.count(&one).await.is_err(), "what is looked up first is not counted");
    assert!(server.asked().is_empty());
    let error = cmr.granules(Query::<Granules>::new().provider("X").cloud_hosted(true)).await.err().unwrap();
    assert!(error.to_string().contains("2001 datasets"), "{error}");
    cmr.granules(Query::<Granules>::new().set("echo_collection_id", "C1-X").cloud_hosted(true)).await.err();
    assert!(server.asked().last().unwrap().target.contains("concept_id=C1-X"));
}

#[tokio::test]
async fn a_place_of_granules_that_are_named_is_that_of_their_datasets() {
    let server = Canned::start(|asked| {
        if asked.target.starts_with("/search/collections") {
            let direct = json!({"Region": "us-west-2"});
            let umm = json!({"ShortName": "ATL08", "DirectDistributionInformation": direct});
            let one = json!({"meta": {"concept-id": "C2-CPRD"}, "umm": umm});
            return Given::json(json!({"hits": 1, "items": [one]})).header("CMR-Hits", 1);
        }
        let one = json!({"meta": {"concept-id": "G1-CPRD", "collection-concept-id": "C2-CPRD"},
            "umm": {"TemporalExtent": {"SingleDateTime": "2020-01-01T00:00:00Z"}}});
        let items = if asked.target.contains("G9-X") { json!([]) } else { json!([one]) };
        Given::json(json!({"hits": 1, "items": items})).header("CMR-Hits", 1)
    })
    .await;
    let cmr = Cmr::at(client(), server.base.clone());
    let named = |id: &str| Query::<Granules>::new().concept_id(id).cloud_hosted(true);
    let found = cmr.granules(named("G1-CPRD")).await.unwrap().items().next().await.unwrap().unwrap();
    let asked = server.asked();
    assert!(asked[1].target.contains("concept_id=C2-CPRD"), "{}", asked[1].target);
    let last = &asked.last().unwrap().target;
    assert!(last.contains("collection_concept_id=C2-CPRD") && last.contains("concept_id=G1-CPRD"), "{last}");
    let link = &found.to_stac().unwrap()["links"][0]["href"];
    assert_eq!(*link, format!("{}search/concepts/C2-CPRD.umm_json", server.base), "of this CMR");
    let before = server.asked().len();
    let mut both = cmr.granules(named("G1-CPRD").collection_concept_id("C2-CPRD")).await.unwrap();
    assert!(both.next().await.unwrap().is_some());
    let asked = server.asked().split_off(before);
    assert!(asked[0].target.starts_with("/search/collections"), "a dataset that is named is not looked for");
    let error = cmr.granules(named("G9-X")).await.err().unwrap();
    assert!(error.to_string().contains("no granule with concept_id=G9-X"), "{error}");
}

#[tokio::test]
async fn counting_asks_for_no_granule() {
    let server = Canned::start(|asked| page(asked, 834, wanted_size(asked))).await;
    let cmr = Cmr::at(client(), server.base.clone());
    assert_eq!(cmr.count(&query()).await.unwrap(), 834);
    assert_eq!(wanted_size(&server.asked()[0]), 0);
    assert!(cmr.count(&Query::<Granules>::new()).await.is_err());
    cmr.count(&Query::<Services>::new().name("x")).await.unwrap();
    assert!(server.asked()[1].target.starts_with("/search/services.umm_json"));
}

#[tokio::test]
async fn recorded_searches_are_read() {
    let Some(recorded) = exchanges("earthaccess/TestResults.test_collections_less_than_2k.yaml") else {
        return;
    };
    let server = Canned::start(move |asked| {
        let first = recorded.iter().find(|exchange| same(exchange, asked)).unwrap();
        match asked.headers.get("cmr-search-after") {
            None => first.given.clone(),
            // What was not recorded: the page after the last.
            Some(mark) => {
                assert_eq!(mark, "[0.0,400.0,\"CYGNSS_L2_V3.1\",\"3.1\",2183155461,16]");
                Given::json(json!({"hits": 834, "items": []}))
            }
        }
    })
    .await;
    let cmr = Cmr::at(client(), server.base.clone());
    let query = Query::<Collections>::new().provider("POCLOUD").cloud_hosted(true);
    let mut search = cmr.collections(query).unwrap();
    let mut names = Vec::new();
    while let Some(collection) = search.next().await.unwrap() {
        names.push(collection.short_name().unwrap().to_owned());
    }
    assert_eq!((names.len(), search.hits()), (20, Some(834)));
    assert_eq!(names[19], "CYGNSS_L2_V3.1");
}
