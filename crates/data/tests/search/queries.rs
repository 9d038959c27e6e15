//! What is asked of CMR: names, values, and everything that is wrong told before anything is asked.

use frazil_data::cmr::{Collections, Granules, Query, Services, Shape, Temporal};
use frazil_data::geo::Bbox;
use proptest::prelude::*;

fn pairs(query: &Query<Granules>) -> Vec<(String, String)> {
    query.check().unwrap();
    query.pairs()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn parameters_go_out_by_their_names() {
    let query = Query::<Granules>::new()
        .short_name("ATL08")
        .version("006")
        .at(&Shape::Box(Bbox::new(-74.2, 40.5, -73.7, 41.0)))
        .temporal("2023-05/2023-06-15")
        .set("readable_granule_name[]", "*_0120*")
        .option("readable_granule_name", "pattern", true)
        .cloud_cover("0,20")
        .day_night_flag("day")
        .exclude("concept_id", "G1-X")
        .cycle("12")
        .pass(5, &["2L", "3R"])
        .pass(6, &[])
        .sort_by("-start_date");
    let wanted = owned(&[
        ("short_name", "ATL08"),
        ("version", "006"),
        ("bounding_box", "-74.2,40.5,-73.7,41"),
        ("temporal", "2023-05-01T00:00:00Z,2023-06-15T23:59:59.999Z"),
        ("readable_granule_name", "*_0120*"),
        ("options[readable_granule_name][pattern]", "true"),
        ("cloud_cover", "0,20"),
        ("day_night_flag", "DAY"),
        ("exclude[concept_id][]", "G1-X"),
        ("cycle", "12"),
        ("passes[0][pass]", "5"),
        ("passes[0][tiles]", "2L,3R"),
        ("passes[1][pass]", "6"),
        ("sort_key[]", "-start_date"),
    ]);
    assert_eq!(pairs(&query), wanted);
}

#[test]
fn several_values_of_one_name_have_brackets() {
    let query = Query::<Granules>::new().short_name("ATL03").short_name("ATL08").set("point", "1,2");
    let wanted = owned(&[("short_name[]", "ATL03"), ("short_name[]", "ATL08"), ("point", "1,2")]);
    assert_eq!(pairs(&query), wanted);
}

#[test]
fn polygons_are_closed_and_turned() {
    let clockwise = [[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]].to_vec();
    let text = "0,0,1,0,1,1,0,1,0,0";
    let query = Query::<Granules>::new().short_name("A").at(&Shape::Polygon(clockwise));
    assert_eq!(pairs(&query)[1].1, text);
    // The same across the antimeridian, and one that is right already.
    let across = "179,0,179,1,-179,1,-179,0";
    let query = Query::<Granules>::new().short_name("A").set("polygon", across).set("polygon", text);
    assert_eq!(pairs(&query)[1].1, "179,0,-179,0,-179,1,179,1,179,0");
    assert_eq!(pairs(&query)[2], ("polygon[]".to_owned(), text.to_owned()));
}

#[test]
fn everything_wrong_is_told_at_once() {
    let query = Query::<Granules>::new()
        .set("shortname", "ATL08")
        .set("bounding_box", "10,50,20")
        .set("point", "95,40,3")
        .set("circle", "0,0,7")
        .set("polygon", "0,0,1,1")
        .set("temporal", "2023-02-30,2024")
        .set("temporal", "2024,2023")
        .set("cloud_cover", "20,10")
        .set("keyword", "ice")
        .set("page_num", "2")
        .set("options[short_name][patern]", "true")
        .set("sort_key", "-starts")
        .set("downloadable", "yes");
    let told = query.check().unwrap_err().to_string();
    for part in [
        "did you mean `short_name`?",
        "bounding_box: it has 3 numbers: write it as WEST,SOUTH,EAST,NORTH",
        "point: it has 3 numbers",
        "circle: the radius is 7 m",
        "polygon: a polygon needs three positions",
        "`2023-02-30` is no moment",
        "before it starts",
        "the lesser comes first",
        "keyword: a search for granules has no such parameter",
        "page_num: frazil sets it itself",
        "`patern` is none of the options",
        "sort_key: `starts` is none of",
        "`yes` is neither true nor false",
        "granules: CMR does not look through all granules",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

#[test]
fn the_nearest_parameter_is_named() {
    let told =
        |name: &str| Query::<Granules>::new().short_name("A").set(name, "1").check().unwrap_err().to_string();
    for (name, near) in [
        ("shortname", "did you mean `short_name`?"),
        ("bbox", "did you mean `bounding_box`?"),
        ("granule_name", "did you mean `readable_granule_name`?"),
        ("pases", "did you mean `passes`?"),
        ("cloudiness", "the nearest is `cloud_cover`"),
        ("equator_longitude", "the nearest is `equator_crossing_longitude`"),
    ] {
        assert!(told(name).contains(near), "{}", told(name));
    }
}

#[test]
fn passes_are_of_one_cycle() {
    let told = |set: &[(&str, &str)]| {
        let query = Query::<Granules>::new().short_name("A");
        let query = set.iter().fold(query, |query, (name, text)| query.set(name, text));
        query.check().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let (pass, cycle) = (("passes[0][pass]", "5"), ("cycle", "12"));
    assert_eq!(told(&[cycle, pass, ("passes[0][tiles]", "1L,20R,3F")]), "");
    for (set, wrong) in [
        (vec![pass], "give `cycle` once"),
        (vec![cycle, ("cycle", "13"), pass], "give `cycle` once"),
        (vec![cycle, ("passes[0][pass]", "x")], "`x` is no number of a pass"),
        (vec![cycle, ("passes[0][tiles]", "1L,2X")], "`1L,2X` is no list of tiles"),
        (vec![cycle, ("passes[0][tile]", "1L")], "passes[0][pass] and passes[0][tiles]"),
        (vec![cycle, ("passes", "5")], "passes[0][pass] and passes[0][tiles]"),
    ] {
        assert!(told(&set).contains(wrong), "{wrong} is not in: {}", told(&set));
    }
}

#[test]
fn swapped_coordinates_are_told_as_such() {
    let told =
        Query::<Granules>::new().short_name("A").set("point", "40,-100").check().unwrap_err().to_string();
    assert!(told.contains("the longitude comes first"), "{told}");
    let told = Query::<Granules>::new().short_name("A").set("bounding_box", "0,10,5,-10").check();
    assert!(told.unwrap_err().to_string().contains("the order is west, south, east, north"));
}

#[test]
fn collections_and_services_have_parameters_of_their_own() {
    let collections = Query::<Collections>::new().keyword("sea ice").doi("10.5067/X").cloud_hosted(true);
    let wanted = owned(&[("keyword", "sea ice"), ("doi", "10.5067/X"), ("cloud_hosted", "true")]);
    collections.check().unwrap();
    assert_eq!(collections.pairs(), wanted);
    Query::<Services>::new().name("Harmony").check().unwrap();
    assert!(Query::<Services>::new().set("short_name", "ATL08").check().is_err());
    assert!(Query::<Collections>::new().set("granule_ur", "x").check().is_err());
}

#[test]
fn times_with_parts_left_out_stand_for_all_of_them() {
    let written = |text: &str| {
        let query = Query::<Granules>::new().short_name("A").temporal(text);
        query.check().unwrap();
        query.pairs()[1].1.clone()
    };
    assert_eq!(written("2020"), "2020-01-01T00:00:00Z,2020-12-31T23:59:59.999Z");
    assert_eq!(written("2020-02,"), "2020-02-01T00:00:00Z,");
    assert_eq!(written(",2020-02"), ",2020-02-29T23:59:59.999Z");
    assert_eq!(written("../2020-02-01T12"), ",2020-02-01T12:59:59.999Z");
    assert_eq!(written("2020-01-31/P1M"), "2020-01-31T00:00:00Z,2020-02-29T00:00:00Z");
    assert_eq!(written("PT12H/2020-01-01T00:00:00Z"), "2019-12-31T12:00:00Z,2020-01-01T00:00:00Z");
    assert_eq!(written("2000,2020,60,120"), "2000-01-01T00:00:00Z,2020-12-31T23:59:59.999Z,60,120");
    assert_eq!(written("2020-06-01T00:00:00+02:00,"), "2020-05-31T22:00:00Z,");
    let days = Temporal { days: Some((0, 400)), ..Temporal::parse("2020").unwrap() };
    let told = Query::<Granules>::new().short_name("A").during(&days).check().unwrap_err();
    assert_eq!(told.0.len(), 2, "{told}");
}

proptest! {
    #[test]
    fn no_text_makes_a_query_panic(name in "\\PC{0,24}|(options|exclude|passes)\\[\\PC{0,12}", text in "\\PC{0,40}|[-0-9.,/PTYMDZ]{0,40}") {
        let query = Query::<Granules>::new().set(&name, &text).temporal(&text).set("polygon", &text)
            .set("bounding_box", &text).set("cloud_cover", &text).set("circle", &text).set("revision_date", &text);
        drop((query.check(), query.pairs()));
    }

    #[test]
    fn every_ring_goes_out_closed(ring in prop::collection::vec((-180.0..180.0f64, -90.0..90.0f64), 3..20)) {
        let ring: Vec<[f64; 2]> = ring.into_iter().map(|(x, y)| [x, y]).collect();
        let query = Query::<Granules>::new().short_name("A").at(&Shape::Polygon(ring));
        prop_assume!(query.check().is_ok());
        let text = query.pairs()[1].1.clone();
        let numbers: Vec<&str> = text.split(',').collect();
        prop_assert_eq!(&numbers[..2], &numbers[numbers.len() - 2..]);
    }
}
