//! Intake and intake-esm catalogues: the real ones, and what may stand in others.

use std::collections::BTreeMap;
use std::sync::Arc;

use frazil_data::catalogs::{EsmCatalog, Form, IntakeCatalog, Kind, form_of};
use frazil_data::locate;
use serde_json::json;

use crate::client;
use crate::recorded::shared;

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

#[tokio::test]
async fn pangeo_s_catalogues_are_walked() {
    let Some(folder) = shared("science/catalogs") else { return };
    // As they lie in Pangeo's repository; what is not here is told.
    let place = tempfile::tempdir().unwrap();
    for name in ["master", "ocean", "atmosphere"] {
        std::fs::copy(folder.join(format!("pangeo-{name}.yaml")), place.path().join(format!("{name}.yaml")))
            .unwrap();
    }
    let root = locate("master.yaml", place.path()).unwrap();
    let (sources, failures) = IntakeCatalog::walk(&client(), &root, &none()).await.unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    assert!(names.contains(&"ocean.GODAS") && names.contains(&"atmosphere.trmm_3b42rt"), "{names:?}");
    assert_eq!(sources.len(), 14);
    let missing: Vec<&str> = failures.iter().map(|(name, _)| name.as_str()).collect();
    assert!(missing.contains(&"climate") && missing.contains(&"ocean.altimetry"), "{missing:?}");
    let godas = sources.iter().find(|source| source.path == "ocean.GODAS").unwrap();
    assert_eq!((godas.kind, godas.driver.as_str()), (Kind::Data, "zarr"));
    let item = godas.item();
    assert_eq!(item.cloud_hosted, Some(true));
    assert!(item.data().next().unwrap().href.starts_with("gs://pangeo-ncep-godas"));
    assert_eq!(item.data().next().unwrap().media_type.as_deref(), Some("application/vnd.zarr"));
    assert_eq!(item.properties["args"]["storage_options"]["requester_pays"], json!(true));
}

#[test]
fn templates_are_filled_with_what_is_known_only() {
    let text = r#"
sources:
  one:
    driver: netcdf
    parameters:
      year: {description: the year, type: int, default: 2001, allowed: [2001, 2002]}
    args:
      urlpath: ["{{ CATALOG_DIR }}/data/{{year}}.nc", "s3://b/{{ year }}/x.nc"]
  two:
    driver: csv
    args: {urlpath: "{{ env(HOME) }}/{{ '%02d' % month }}.csv"}
  three:
    driver: [intake_esm.esm_datastore, zarr]
    args: {obj: tables/cmip6.json}
  four:
    driver: {a: {class: intake_stac.catalog.StacCatalog}}
    args: {urlpath: "https://example.org/{{ unended"}
"#;
    let base = "https://example.org/cats/master.yaml".parse().unwrap();
    let catalog = IntakeCatalog::read(text, &base, &none()).unwrap();
    let [one, two, three, four] = catalog.sources.as_slice() else { panic!("{}", catalog.sources.len()) };
    assert_eq!(one.hrefs(), ["https://example.org/cats/data/2001.nc", "s3://b/2001/x.nc"]);
    assert_eq!(one.parameters[0].allowed, ["2001", "2002"]);
    assert_eq!(two.open, ["env(HOME)", "'%02d' % month"]);
    assert!(two.hrefs()[0].contains("{{ env(HOME) }}"));
    assert_eq!((three.kind, four.kind), (Kind::Esm, Kind::Stac));
    assert_eq!(three.catalog().unwrap().as_str(), "https://example.org/cats/tables/cmip6.json");
    let chosen = BTreeMap::from([("year".to_owned(), "2002".to_owned())]);
    let catalog = IntakeCatalog::read(text, &base, &chosen).unwrap();
    assert_eq!(catalog.sources[0].hrefs()[1], "s3://b/2002/x.nc");
    let error = IntakeCatalog::read("version: 2\nentries: {}", &base, &none()).unwrap_err();
    assert!(error.to_string().contains("Intake 2"), "{error}");
}

#[tokio::test]
async fn catalogues_that_name_each_other_end() {
    let place = tempfile::tempdir().unwrap();
    for (name, other) in [("a", "b"), ("b", "a")] {
        let text = format!(
            "sources:\n  {other}:\n    driver: yaml_file_cat\n    args: {{path: '{{{{CATALOG_DIR}}}}/{other}.yaml'}}\n  d{name}:\n    driver: zarr\n    args: {{urlpath: x.zarr}}\n"
        );
        std::fs::write(place.path().join(format!("{name}.yaml")), text).unwrap();
    }
    let root = locate("a.yaml", place.path()).unwrap();
    let (sources, failures) = IntakeCatalog::walk(&client(), &root, &none()).await.unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    assert_eq!((names, failures.len()), (vec!["da", "b.db"], 0));
}

async fn esm(description: &str, table: (&str, &str)) -> Option<(tempfile::TempDir, EsmCatalog)> {
    let folder = shared("science/catalogs")?;
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(place.path().join("tests/sample-catalogs")).unwrap();
    std::fs::copy(folder.join(description), place.path().join("catalog.json")).unwrap();
    std::fs::copy(folder.join(table.0), place.path().join(table.1)).unwrap();
    let root = locate("catalog.json", place.path()).unwrap();
    let catalog = EsmCatalog::open(&client(), &root).await.unwrap();
    Some((place, catalog))
}

fn wanted(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        wanted.entry((*name).to_owned()).or_default().push((*value).to_owned());
    }
    wanted
}

#[tokio::test]
async fn cmip6_in_zarr_is_searched_in_its_packed_table() {
    let table = ("intake-esm-pangeo-gcp-subset.csv.gz", "pangeo-gcp-subset.csv.gz");
    let Some((_place, catalog)) = esm("intake-esm-pangeo-gcp-subset.json", table).await else { return };
    let every = catalog.search(&BTreeMap::new()).unwrap().count();
    let rows: Vec<_> = catalog
        .search(&wanted(&[("variable_id", "tos"), ("variable_id", "o2"), ("experiment_id", "ssp*")]))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(!rows.is_empty() && rows.len() < every, "{} of {every}", rows.len());
    for item in &rows {
        assert!(item.properties["experiment_id"].as_str().unwrap().starts_with("ssp"));
        assert!(item.id.starts_with("gs://cmip6/") && item.cloud_hosted == Some(true));
        assert_eq!((item.assets[0].bucket(), item.assets[0].s3_bucket()), (Some("cmip6"), None));
        assert_eq!(item.assets[0].media_type.as_deref(), Some("application/vnd.zarr"));
    }
    assert!(rows[0].name.starts_with("ScenarioMIP.NOAA-GFDL."), "{}", rows[0].name);
    let values = catalog.values(1_000).unwrap();
    assert!(values["variable_id"].contains("tos") && !values.contains_key("zstore"));
    let error = catalog.search(&wanted(&[("variable", "tos"), ("experimentid", "x")])).err().unwrap();
    assert!(error.to_string().contains("no column `experimentid`; did you mean `experiment_id`?"), "{error}");
    assert!(error.to_string().contains("no column `variable`"), "{error}");
}

#[tokio::test]
async fn cmip6_in_netcdf_has_times_and_relative_paths() {
    let table = ("intake-esm-cmip6-netcdf-test.csv", "cmip6-netcdf-test.csv");
    let Some((place, catalog)) = esm("intake-esm-cmip6-netcdf.json", table).await else { return };
    let rows: Vec<_> = catalog.search(&BTreeMap::new()).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 59);
    assert_eq!(rows[0].time.start.unwrap().to_string(), "1850-01-01T00:00:00Z");
    assert_eq!(rows[0].time.end.unwrap().to_string(), "2300-12-31T23:59:59.999Z");
    let here = url::Url::from_directory_path(place.path()).unwrap();
    assert!(rows[0].assets[0].href.starts_with(&format!("{here}tests/sample_data/")));
    assert_eq!(rows[0].cloud_hosted, Some(false));
    let table = ("intake-esm-cesm1-lens-aws-zarr.csv", "tests/sample-catalogs/cesm1-lens-aws-zarr.csv");
    let Some((_place, lens)) = esm("intake-esm-cesm1-lens-zarr.json", table).await else { return };
    assert_eq!(lens.search(&wanted(&[("component", "ocn"), ("variable", "SST")])).unwrap().count(), 3);
}

#[tokio::test]
async fn tables_may_stand_in_the_description() {
    let place = tempfile::tempdir().unwrap();
    let description = json!({"esmcat_version": "0.1.0", "id": "x", "assets": {"column_name": "path", "format": "netcdf"},
        "catalog_dict": [{"path": "s3://b/1.nc", "year": 1}, {"path": "s3://b/2.nc", "year": 2, "v": "x"}]});
    std::fs::write(place.path().join("c.json"), description.to_string()).unwrap();
    let catalog = EsmCatalog::open(&client(), &locate("c.json", place.path()).unwrap()).await.unwrap();
    let rows: Vec<_> = catalog.search(&wanted(&[("year", "2")])).unwrap().map(Result::unwrap).collect();
    assert_eq!((rows.len(), rows[0].id.as_str()), (1, "s3://b/2.nc"));
    let catalog = Arc::new(catalog);
    let mut stream = catalog.stream(&wanted(&[("year", "2")])).unwrap();
    assert_eq!(stream.next().await.unwrap().as_ref(), Some(&rows[0]));
    assert!(stream.next().await.unwrap().is_none());
    assert_eq!(catalog.search(&BTreeMap::new()).unwrap().count_rows().unwrap(), 2);
}

#[test]
fn catalogues_are_told_apart() {
    assert_eq!(form_of(b"sources:\n  a: {}\n"), Some(Form::Intake));
    assert_eq!(form_of(br#"{"esmcat_version": "0.1.0"}"#), Some(Form::Esm));
    assert_eq!(form_of(br#"{"type": "Catalog"}"#), Some(Form::Stac));
    assert_eq!(form_of(b"hello"), None);
    assert_eq!(form_of(b"{"), None);
    assert_eq!(form_of(&[0xff, 0xfe]), None);
}
