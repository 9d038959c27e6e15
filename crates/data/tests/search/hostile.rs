//! Whatever a catalogue sends, nothing panics, and what is written stays what it should be.

use frazil_data::catalogs::{EsmCatalog, IntakeCatalog, form_of};
use frazil_data::cmr::{Collection, Granule, OrbitParameters, Service};
use frazil_data::found::Item;
use frazil_data::stac::to_item;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON of any shape, with the names that are looked for among its keys.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9TZ:.-]{0,24}".prop_map(Value::from),
        prop::sample::select(vec![
            "A",
            "D",
            "NA",
            "MB",
            "GET DATA",
            "s3://b/k",
            "https://h/a.nc",
            "Polygon",
            "next"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(KEYS.to_vec()), inner), 0..6).prop_map(|pairs| {
                Value::Object(
                    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>(),
                )
            }),
        ]
    })
}

const KEYS: [&str; 44] = [
    "meta",
    "umm",
    "concept-id",
    "revision-id",
    "provider-id",
    "GranuleUR",
    "TemporalExtent",
    "RangeDateTime",
    "BeginningDateTime",
    "EndingDateTime",
    "SingleDateTime",
    "SpatialExtent",
    "HorizontalSpatialDomain",
    "Geometry",
    "GPolygons",
    "Boundary",
    "Points",
    "Longitude",
    "Latitude",
    "BoundingRectangles",
    "WestBoundingCoordinate",
    "Lines",
    "Orbit",
    "AscendingCrossing",
    "StartLatitude",
    "RelatedUrls",
    "URL",
    "Type",
    "DataGranule",
    "ArchiveAndDistributionInformation",
    "Size",
    "SizeUnit",
    "Checksum",
    "Value",
    "properties",
    "datetime",
    "assets",
    "href",
    "geometry",
    "coordinates",
    "type",
    "bbox",
    "links",
    "collection",
];

/// A granule or item whose known parts hold anything.
fn dressed(parts: &[Value; 6]) -> Value {
    let [space, urls, files, time, geometry, assets] = parts;
    json!({
        "meta": {"concept-id": "G1-X", "revision-id": time},
        "umm": {
            "GranuleUR": time, "TemporalExtent": {"RangeDateTime": time}, "RelatedUrls": urls,
            "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": space}}], "Lines": [{"Points": space}], "BoundingRectangles": space}, "Orbit": space}},
            "DataGranule": {"ArchiveAndDistributionInformation": files},
        },
        "id": "x", "geometry": {"type": "Polygon", "coordinates": geometry}, "bbox": geometry,
        "properties": time, "assets": assets, "links": urls,
    })
}

fn written(item: &Item) {
    drop((item.to_json(), item.to_feature(), item.row(), item.wide_row()));
    if let Some(stac) = item.to_stac() {
        assert!(stac["properties"].is_object() && stac["assets"].is_object());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_json_is_read(value in anything(), parts in prop::array::uniform6(anything())) {
        let base = "https://example.org/a/b.json".parse().unwrap();
        let orbits = OrbitParameters { inclination: 92.0, period: 94.0 };
        for value in [value, dressed(&parts)] {
            written(&Granule::new(value.clone()).item(None));
            written(&Granule::new(value.clone()).item(Some(&orbits)));
            written(&to_item(value.clone(), &base));
            let collection = Collection::new(value.clone());
            drop((collection.to_json(), collection.geometry(), collection.orbits(), collection.cloud_hosted()));
            drop(Service::new(value.clone()).to_json());
            form_of(value.to_string().as_bytes());
            if let Ok(catalog) = EsmCatalog::with_table(&value, base.clone(), "a,b\n1,2\n\"".into()) {
                catalog.search(&std::collections::BTreeMap::new()).unwrap().for_each(drop);
            }
        }
    }

    #[test]
    fn any_text_is_a_catalogue_or_none(text in "\\PC{0,200}|(sources|args|[a-z]|[:{}\\[\\]'\"&*|>-]|\n| ){0,60}") {
        let base = "https://example.org/a/b.yaml".parse().unwrap();
        let chosen = std::collections::BTreeMap::new();
        if let Ok(catalog) = IntakeCatalog::read(&text, &base, &chosen) {
            for source in &catalog.sources {
                written(&source.item());
                drop(source.catalog());
            }
        }
        form_of(text.as_bytes());
    }

    #[test]
    fn orbits_have_tracks_on_the_map(
        crossing in -180.0..180.0f64, start in (-90.0..90.0f64, any::<bool>()), end in (-90.0..90.0f64, any::<bool>()),
        inclination in 0.0..180.0f64, period in 80.0..1500.0f64,
    ) {
        let orbit = frazil_data::cmr::Orbit { ascending_crossing: crossing, start, end };
        if let Some(track) = orbit.track(&OrbitParameters { inclination, period }) {
            let extent = track.extent().unwrap();
            prop_assert!(extent.problems().is_empty(), "{:?}", extent);
        }
    }
}

#[test]
fn deep_json_is_refused_and_not_followed() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(form_of(deep.as_bytes()), None);
    let base = "https://example.org/a".parse().unwrap();
    assert!(IntakeCatalog::read(&deep, &base, &std::collections::BTreeMap::new()).is_err());
}
