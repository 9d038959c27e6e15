//! Finds as they are written: JSON, GeoJSON, STAC, GeoParquet.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use frazil_data::cmr::Granule;
use frazil_data::found::{Checksum, Files, Item, ItemWriter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

/// A granule across the antimeridian with one file in two places.
pub(crate) fn granule(number: usize) -> Item {
    let file = format!("f{number}.nc");
    Granule::new(json!({
        "meta": {"concept-id": format!("G{number}-TEST"), "collection-concept-id": "C1-TEST", "provider-id": "TEST", "revision-id": 3},
        "umm": {
            "GranuleUR": format!("granule.{number}"),
            "CollectionReference": {"ShortName": "DATA", "Version": "1"},
            "CloudCover": 12.5,
            "TemporalExtent": {"RangeDateTime": {"BeginningDateTime": "2020-01-01T00:00:00Z", "EndingDateTime": "2020-01-02T00:00:00.500Z"}},
            "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"BoundingRectangles": [
                {"WestBoundingCoordinate": 170, "EastBoundingCoordinate": -170, "SouthBoundingCoordinate": -5, "NorthBoundingCoordinate": 5}]}}},
            "DataGranule": {"ArchiveAndDistributionInformation": [
                {"Name": file, "SizeInBytes": 1000 + number, "Checksum": {"Algorithm": "MD5", "Value": "9002FEBF17632E5921EBA5B8F62237E6"}}]},
            "RelatedUrls": [
                {"URL": format!("https://data.example.org/{file}"), "Type": "GET DATA", "MimeType": "application/x-netcdf"},
                {"URL": format!("s3://bucket/{file}"), "Type": "GET DATA VIA DIRECT ACCESS"},
                {"URL": "https://data.example.org/f.jpg", "Type": "GET RELATED VISUALIZATION"},
            ],
        }
    }))
    .item(None)
}

#[test]
fn json_has_what_is_known() {
    let value = granule(1).to_json();
    assert_eq!(value["id"], "G1-TEST");
    assert_eq!(value["size_bytes"], 1001);
    assert_eq!(value["bbox"], json!([170.0, -5.0, -170.0, 5.0]));
    assert_eq!(value["assets"][0]["s3"], "s3://bucket/f1.nc");
    assert_eq!(value["assets"][0]["checksum"]["value"], "9002febf17632e5921eba5b8f62237e6");
    assert_eq!(value["end"], "2020-01-02T00:00:00.5Z");
    assert!(value.get("title").is_none());
}

#[test]
fn geojson_is_a_feature() {
    let feature = granule(1).to_feature();
    assert_eq!((&feature["type"], &feature["id"]), (&json!("Feature"), &json!("G1-TEST")));
    assert_eq!(feature["geometry"]["type"], "MultiPolygon");
    assert_eq!(feature["properties"]["data"], json!(["https://data.example.org/f1.nc"]));
    assert_eq!(feature["properties"]["browse"], "https://data.example.org/f.jpg");
    assert_eq!(feature["properties"]["eo:cloud_cover"], 12.5);
}

#[test]
fn stac_is_what_the_specification_asks_for() {
    let item = granule(1).to_stac().unwrap();
    assert_eq!(item["stac_version"], "1.1.0");
    assert_eq!(item["properties"]["datetime"], Value::Null);
    assert_eq!(item["properties"]["start_datetime"], "2020-01-01T00:00:00Z");
    assert_eq!(item["collection"], "C1-TEST");
    assert_eq!(item["links"][0]["rel"], "collection");
    let asset = &item["assets"]["f1.nc"];
    assert_eq!((&asset["file:size"], &asset["roles"]), (&json!(1001), &json!(["data"])));
    assert_eq!(asset["file:checksum"], "d501109002febf17632e5921eba5b8f62237e6");
    assert_eq!(asset["alternate"]["s3"]["href"], "s3://bucket/f1.nc");
    assert_eq!(item["stac_extensions"].as_array().unwrap().len(), 2);
    // Without a time there is no STAC item.
    let timeless = Item { time: frazil_data::times::Interval::default(), ..granule(1) };
    assert_eq!(timeless.to_stac(), None);
}

#[test]
fn stac_items_come_back_as_they_were() {
    let base = "https://example.org/".parse().unwrap();
    let raw = granule(1).to_stac().unwrap();
    let read = frazil_data::stac::to_item(raw.clone(), &base);
    assert_eq!(read.to_stac(), Some(raw));
    assert_eq!(read.assets[0].checksum, granule(1).assets[0].checksum);
    assert_eq!(read.assets[0].size, granule(1).assets[0].size);
    assert_eq!(read.geometry, granule(1).geometry);
}

#[test]
fn checksums_are_multihashes() {
    let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let checksum = Checksum::new("sha256", sha);
    assert_eq!(checksum.algorithm, "SHA-256");
    assert_eq!(checksum.to_multihash(), Some(format!("1220{sha}")));
    assert_eq!(Checksum::from_multihash(&format!("1220{sha}")), Some(checksum));
    assert_eq!(Checksum::new("MD5", "short").to_multihash(), None);
    assert_eq!(Checksum::new("Adler-32", "0123abcd").to_multihash(), None);
    assert_eq!(Checksum::from_multihash("12"), None);
}

#[test]
fn geoparquet_holds_every_item_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.parquet");
    std::fs::write(&path, "what was there").unwrap();
    let mut writer = ItemWriter::create(&path).unwrap();
    let mut item = granule(1);
    for number in 0..10_000 {
        item.id = format!("G{number}-TEST");
        writer.write(&item).unwrap();
    }
    let wkb = item.geometry.as_ref().unwrap().to_wkb();
    let placeless = Item { geometry: None, bbox: None, ..item };
    writer.write(&placeless).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "what was there");
    assert_eq!(writer.finish().unwrap(), 10_001);
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let geo = metadata.iter().find(|entry| entry.key == "geo").unwrap().value.clone().unwrap();
    let geo: Value = serde_json::from_str(&geo).unwrap();
    assert_eq!(geo["version"], "1.1.0");
    assert_eq!(geo["columns"]["geometry"]["encoding"], "WKB");
    assert_eq!(geo["columns"]["geometry"]["geometry_types"], json!(["MultiPolygon"]));
    assert_eq!(geo["columns"]["geometry"]["covering"]["bbox"]["xmin"], json!(["bbox", "xmin"]));
    let mut rows = 0;
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let geometry = batch.column_by_name("geometry").unwrap().as_binary::<i32>();
        let boxes = batch.column_by_name("bbox").unwrap().as_struct();
        let west = boxes.column_by_name("xmin").unwrap().as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            if rows + row < 10_000 {
                assert_eq!(geometry.value(row), wkb);
                assert!((west.value(row) - -180.0).abs() < 1e-9);
            }
        }
        rows += batch.num_rows();
    }
    assert_eq!(rows, 10_001);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else stays");
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("found.parquet");
    let mut writer = ItemWriter::create(&path).unwrap();
    writer.write(&granule(1)).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(ItemWriter::create(&folder.path().join("no/such/place.parquet")).is_err());
}

#[test]
fn finds_are_files_to_download() {
    let files = |item: &Item, pattern| {
        let mut files = Files::new();
        (files.add(item, pattern), files.finish())
    };
    let of_all = files(&granule(1), Some("*.nc")).1;
    assert_eq!(of_all.len(), 1);
    assert_eq!(of_all[0].https.as_ref().unwrap().as_str(), "https://data.example.org/f1.nc");
    assert_eq!((of_all[0].size, of_all[0].to.to_str()), (Some(1001), Some("f1.nc")));
    assert_eq!(of_all[0].checksum.as_ref().unwrap().value(), "9002febf17632e5921eba5b8f62237e6");
    let s3 = of_all[0].s3.as_ref().unwrap();
    assert_eq!((s3.bucket.as_str(), s3.key.as_str()), ("bucket", "f1.nc"));
    assert!(files(&granule(1), Some("*.h5")).1.is_empty());
    let mut store = granule(1);
    store.assets.truncate(1);
    store.assets[0].href = "gs://cmip6/store.zarr/".to_owned();
    store.assets[0].s3 = None;
    assert!(files(&store, None).0[0].to_string().contains("no file that can be downloaded"));
}
