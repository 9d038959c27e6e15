//! What is read of recorded granules and collections.

use frazil_data::cmr::{Collection, Granule, OrbitParameters};
use frazil_data::found::{Role, Size};
use frazil_data::geo::{Bbox, Geometry};
use serde_json::{Value, json};

use crate::recorded::{exchanges, shared};

fn granule(name: &str) -> Option<Granule> {
    let text = std::fs::read_to_string(shared(&format!("http/earthaccess/{name}"))?).unwrap();
    let page: Value = serde_json::from_str(&text).unwrap();
    Some(Granule::new(page["items"][0].clone()))
}

#[test]
fn an_on_prem_granule_is_told_from_one_in_the_cloud() {
    let (Some(on_prem), Some(cloud)) = (granule("atl08_umm.json"), granule("GPM_3IMERGHH_umm.json")) else {
        return;
    };
    let on_prem = on_prem.item(None);
    assert_eq!(on_prem.cloud_hosted, Some(false));
    assert_eq!(on_prem.id, "G2160242605-NSIDC_ECS");
    assert_eq!(on_prem.dataset.title.as_deref(), Some("ATLAS/ICESat-2 L3A Land and Vegetation Height V005"));
    // 99.5857028961 `NA` are megabytes, but nobody says so.
    assert_eq!(on_prem.size, Some(Size::About(104_423_178)));
    assert_eq!(on_prem.data().count(), 1);
    assert_eq!(on_prem.assets.iter().filter(|asset| asset.role == Role::Browse).count(), 32);
    assert_eq!(on_prem.geometry, None, "its orbit alone is known");

    let cloud = cloud.item(None);
    assert_eq!(cloud.cloud_hosted, Some(true));
    let data: Vec<_> = cloud.data().collect();
    assert_eq!(data.len(), 1, "HTTPS and S3 are one file");
    assert!(data[0].href.starts_with("https://data.gesdisc.earthdata.nasa.gov/data/"));
    assert_eq!(data[0].bucket(), Some("gesdisc-cumulus-prod-protected"));
    assert_eq!(data[0].size, cloud.size);
    assert!(cloud.assets.iter().any(|asset| asset.role == Role::Credentials));
    assert_eq!(cloud.bbox, Some(Bbox::new(-180.0, -90.0, 180.0, 90.0)));
}

#[test]
fn sizes_in_bytes_win_and_units_are_binary() {
    let Some(granule) = granule("G1593453400-LAADS_umm.json") else { return };
    let item = granule.item(None);
    assert_eq!(item.size, Some(Size::Exact(69_035_465)));
    assert_eq!(item.data().next().unwrap().size, item.size);
    assert!(matches!(item.geometry, Some(Geometry::Polygon(_))));
    assert_eq!(item.time.start.unwrap().to_string(), "2019-02-20T04:30:00Z");
    assert_eq!(item.properties["platform"], json!("Aqua"));
    assert_eq!(item.assets.iter().find(|asset| asset.role == Role::Service).unwrap().key, "service");
}

#[test]
fn each_file_has_its_own_size_and_checksum() {
    let Some(exchanges) = exchanges("earthaccess/TestResults.test_data_links.yaml") else { return };
    let page: Value = serde_json::from_slice(&exchanges.last().unwrap().given.body).unwrap();
    let item = Granule::new(page["items"][0].clone()).item(None);
    let data: Vec<_> = item.data().collect();
    assert_eq!(data.len(), 1, "the checksum's file is no data");
    assert_eq!(data[0].size, Some(Size::Exact(9_695_609)));
    let checksum = data[0].checksum.as_ref().unwrap();
    assert_eq!(
        (checksum.algorithm.as_str(), checksum.value.as_str()),
        ("MD5", "9002febf17632e5921eba5b8f62237e6")
    );
    assert_eq!(item.size, Some(Size::Exact(9_695_609 + 63)));
    // Two rectangles that meet at the antimeridian are one box.
    assert_eq!(item.bbox, Some(Bbox::new(0.083, -79.917, -0.083, 79.917)));
    assert_eq!(item.data_matching(Some("SSH_*.nc")).count(), 1);
    assert_eq!(item.data_matching(Some("*.md5")).count(), 0);
}

#[test]
fn a_granule_of_many_files_has_all_of_them() {
    let Some(exchanges) = exchanges("titiler-cmr/test_get_assets.yaml") else { return };
    let page: Value = serde_json::from_slice(&exchanges[0].given.body).unwrap();
    let item = Granule::new(page["items"][0].clone()).item(None);
    let data: Vec<_> = item.data().collect();
    assert!(data.len() > 10);
    assert!(data.iter().all(|asset| asset.s3.is_some() && asset.href.contains(".v2.0.")));
    assert_eq!(item.data_matching(Some("*.B0?.tif")).count(), 8);
    assert_eq!(item.dataset.id.as_deref(), Some("C2021957657-LPCLOUD"));
    let keys: std::collections::BTreeSet<_> = item.assets.iter().map(|asset| &asset.key).collect();
    assert_eq!(keys.len(), item.assets.len(), "keys are different");
}

#[test]
fn an_orbit_has_a_track_by_what_its_collection_tells() {
    let Some(granule) = granule("atl08_umm.json") else { return };
    let orbits = OrbitParameters::read(&json!({"InclinationAngle": 92.0, "Period": 94.29})).unwrap();
    let item = granule.item(Some(&orbits));
    let bbox = item.bbox.unwrap();
    // From 59.5 to 80 degrees north, west of where the orbit crosses the equator.
    assert!((bbox.south - 59.5).abs() < 0.01 && (bbox.north - 80.0).abs() < 0.01, "{bbox:?}");
    assert!(bbox.east < -40.36 && bbox.west > -60.0, "{bbox:?}");
    let Some(Geometry::LineString(track)) = &item.geometry else { panic!("{:?}", item.geometry) };
    assert!(track.len() > 5);
}

#[test]
fn collections_say_where_they_are() {
    let Some(one) = exchanges("titiler-cmr/test_timeseries_statistics.yaml") else { return };
    let page: Value = serde_json::from_slice(&one[0].given.body).unwrap();
    let collection = Collection::new(page["items"][0].clone());
    let direct = collection.direct_access().unwrap();
    assert!(collection.cloud_hosted());
    assert_eq!(direct.region.as_deref(), Some("us-west-2"));
    assert_eq!(direct.buckets.len(), 2);
    assert_eq!(
        direct.credentials.as_deref(),
        Some("https://archive.podaac.earthdata.nasa.gov/s3credentials")
    );
    assert_eq!(collection.doi(), Some("10.5067/GHGAM-4FA1A"));
    assert_eq!(collection.time().start.unwrap().to_string(), "2008-07-23T00:00:00Z");
    assert_eq!(collection.services(), ["S2874702816-XYZ_PROV"]);
    let Some(many) = exchanges("earthaccess/TestResults.test_collections_less_than_2k.yaml") else { return };
    let page: Value = serde_json::from_slice(&many[0].given.body).unwrap();
    for item in page["items"].as_array().unwrap() {
        let collection = Collection::new(item.clone());
        assert!(collection.cloud_hosted(), "{}", collection.concept_id());
        assert!(collection.geometry().is_some() && collection.to_json()["id"].is_string());
    }
}
