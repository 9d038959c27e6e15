//! Bills in object stores: one in memory, and S3 with signed requests.

use std::sync::Arc;

use frazil::ledger::Gathered;
use frazil::ledger::read::{Bucket, Input, ReadError, read};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::made::{Row, cur_csv, cur_table, legacy_csv};
use super::plain::{gather, lines, uses};

/// A bucket with objects.
pub(crate) fn bucket(objects: &[(&str, Vec<u8>)]) -> Bucket {
    let store = InMemory::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (path, bytes) in objects {
        runtime.block_on(store.put(&Path::from(*path), bytes.clone().into())).unwrap();
    }
    let store: Arc<dyn ObjectStore> = Arc::new(store);
    Bucket::new("s3://bills", store).unwrap()
}

fn of(bucket: &Bucket, prefix: &str) -> Result<Gathered, ReadError> {
    read(&[Input::Remote(bucket.clone(), prefix.to_owned())], 2, &|_| {})
}

#[test]
fn what_lies_in_a_bucket_is_what_lies_here() {
    let folder = tempfile::tempdir().unwrap();
    let rows = Row::some(20_000);
    let table = folder.path().join("bill.parquet");
    cur_table(&table, &rows, 3_000);
    let csv = folder.path().join("bill.csv");
    std::fs::write(&csv, cur_csv(&rows)).unwrap();
    let bytes = |path: &std::path::Path| std::fs::read(path).unwrap();
    let month = "lab/cur2/data/BILLING_PERIOD=2026-11";
    let parquet = format!("{month}/cur2-00001.snappy.parquet");
    let bucket = bucket(&[(&parquet, bytes(&table)), ("other/bill.csv", bytes(&csv))]);
    let here = gather(&[&table], 2).unwrap();
    for prefix in ["lab", "lab/", "lab/cur2/data", &parquet] {
        let found = of(&bucket, prefix).unwrap();
        assert_eq!(lines(&found, false), lines(&here, false), "{prefix}");
        assert_eq!(uses(&found), uses(&here));
        assert_eq!(found.files[0].name, format!("s3://bills/{parquet}"));
        assert_eq!(
            (found.files[0].digest.as_str(), found.files[0].rows),
            (format!("etag:0,size:{}", bytes(&table).len()).as_str(), 20_000)
        );
    }
    // All bytes of a text are read, so it has the digest that it has here.
    let (found, here) = (of(&bucket, "other/bill.csv").unwrap(), gather(&[&csv], 2).unwrap());
    assert_eq!(lines(&found, false), lines(&here, false));
    assert_eq!(found.files[0].digest, here.files[0].digest);
}

#[test]
fn a_manifest_in_a_bucket_names_the_files_of_its_month() {
    let rows = Row::some(900);
    let month = "bills/report/20261101-20261201";
    let keys = format!(r#"{{"reportKeys":["{month}/new/report-00001.csv"]}}"#);
    let manifest = format!("{month}/report-Manifest.json");
    let bucket = bucket(&[
        (&manifest, keys.into_bytes()),
        (&format!("{month}/old/report-00001.csv"), legacy_csv(&rows[..100]).into_bytes()),
        (&format!("{month}/new/report-00001.csv"), legacy_csv(&rows).into_bytes()),
    ]);
    for prefix in ["bills", &manifest] {
        let found = of(&bucket, prefix).unwrap();
        assert_eq!((found.files.len(), found.files[0].rows), (1, 900), "{prefix}");
    }
}

#[test]
fn what_is_wrong_in_a_bucket_is_told_by_its_address() {
    let mut broken = cur_csv(&Row::some(10));
    broken.push_str("x\n");
    let bucket = bucket(&[("a/bill.csv", broken.into_bytes()), ("b/notes.txt", b"x".to_vec())]);
    let said = |prefix: &str| of(&bucket, prefix).unwrap_err().to_string();
    assert_eq!(said("a"), "s3://bills/a/bill.csv:12: 1 fields, where the header has 22");
    assert_eq!(said("b"), "s3://bills/b: no bills are in it");
    assert_eq!(said("none"), "s3://bills/none: no bills are in it");
}
