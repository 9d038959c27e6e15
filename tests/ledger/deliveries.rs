//! Folders as clouds deliver into them.

use std::path::Path;

use super::made::{Row, cur_csv, legacy_csv};
use super::plain::{gather, lines};

fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn the_newest_delivery_of_a_legacy_report_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let rows = Row::some(2_000);
    let month = "bills/report/20261101-20261201";
    for (delivery, half) in [("old", &rows[..900]), ("new", &rows[..])] {
        let (first, second) = half.split_at(half.len() / 2);
        write(folder.path(), &format!("{month}/{delivery}/report-00001.csv"), legacy_csv(first).as_bytes());
        write(folder.path(), &format!("{month}/{delivery}/report-00002.csv"), legacy_csv(second).as_bytes());
        let keys = format!(
            r#"{{"assemblyId":"{delivery}","reportKeys":["{month}/{delivery}/report-00001.csv","{month}/{delivery}/report-00002.csv"]}}"#
        );
        write(folder.path(), &format!("{month}/{delivery}/report-Manifest.json"), keys.as_bytes());
        write(folder.path(), &format!("{month}/report-Manifest.json"), keys.as_bytes());
    }
    write(folder.path(), "whole.txt", legacy_csv(&rows).as_bytes());
    let expected = lines(&gather(&[&folder.path().join("whole.txt")], 2).unwrap(), false);
    let found = gather(&[folder.path()], 2).unwrap();
    assert_eq!(lines(&found, false), expected);
    assert!(found.files.iter().all(|file| file.name.contains("/new/")), "{:?}", found.files);
    let manifest = folder.path().join(month).join("report-Manifest.json");
    assert_eq!(lines(&gather(&[&manifest], 2).unwrap(), false), expected);
    // A file that is named twice is read once.
    let again = gather(&[&manifest, folder.path()], 2).unwrap();
    assert_eq!((again.files.len(), lines(&again, false)), (2, expected));
}

#[test]
fn a_file_is_known_again_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bill.csv", cur_csv(&Row::some(3)).as_bytes());
    let path = folder.path().join("bill.csv");
    let digest = &gather(&[&path], 1).unwrap().files[0].digest;
    let expected = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(
        std::fs::read(&path).unwrap(),
    ));
    let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(*digest, expected);
}
