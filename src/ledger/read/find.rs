//! Which files an input names: a file, a delivery's manifest, or a folder with deliveries in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Input;
use super::error::{At, Fault, Place as ErrorPlace, ReadError};
use super::place::Place;
use super::remote::{Bucket, Object};

/// Endings of names that bills have; others in a folder are left alone.
const ENDINGS: [&str; 7] = [".csv", ".gz", ".parquet", ".json", ".jsonl", ".ndjson", ".zip"];
/// Folders that AWS puts beside a legacy report for Athena.
const STATUS: &str = "cost_and_usage_data_status";

/// A file that was found, with what chooses among deliveries.
struct Found {
    /// Below the folder or the bucket, with `/`.
    path: String,
    written: i64,
    place: Place,
}

fn error(name: &str, fault: Fault) -> ReadError {
    ReadError { place: ErrorPlace { name: name.to_owned(), at: At::File }, fault }
}

/// The files that inputs name, each once, in the order of the inputs and of the names.
pub(super) fn files(inputs: &[Input]) -> Result<Vec<Place>, ReadError> {
    let mut places: Vec<Place> = Vec::new();
    for input in inputs {
        let found = match input {
            Input::Local(path) => local(path)?,
            Input::Remote(bucket, prefix) => remote(bucket, prefix)?,
        };
        for place in found {
            if places.iter().all(|known| known.name() != place.name()) {
                places.push(place);
            }
        }
    }
    Ok(places)
}

fn local(path: &Path) -> Result<Vec<Place>, ReadError> {
    let name = path.display().to_string();
    let failed = |fault| error(&name, fault);
    if !path.is_dir() {
        let place = Place::local(path.to_owned()).map_err(failed)?;
        return match manifest(&place).map_err(failed)? {
            None => Ok(vec![place]),
            Some(keys) => keys.iter().map(|key| beside(path, key).map_err(failed)).collect(),
        };
    }
    let mut found = Vec::new();
    walk(path, path, &mut found).map_err(failed)?;
    found.sort_by(|one, other| one.path.cmp(&other.path));
    choose(&name, found)
}

fn remote(bucket: &Bucket, prefix: &str) -> Result<Vec<Place>, ReadError> {
    let name = format!("{}/{prefix}", bucket.address());
    let failed = |fault| error(&name, fault);
    let objects = bucket.list(prefix).map_err(failed)?;
    let below = |object: &Object| object.name[bucket.address().len() + 1..].to_owned();
    let found: Vec<_> = objects
        .into_iter()
        .map(|object| Found { path: below(&object), written: object.written, place: Place::Remote(object) })
        .collect();
    if let [one] = &found[..]
        && one.path == prefix
        && let Some(keys) = manifest(&one.place).map_err(failed)?
    {
        let mut places = Vec::new();
        for key in keys {
            let listed = bucket.list(below_bucket(&key)).map_err(failed)?;
            let missing = || failed(Fault::NotDelivered(key.clone()));
            places.push(Place::Remote(listed.into_iter().next().ok_or_else(missing)?));
        }
        return Ok(places);
    }
    if let [one] = &found[..]
        && one.path == prefix
    {
        return Ok(vec![one.place.clone()]);
    }
    choose(&name, found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Found>) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found)?;
            continue;
        }
        let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let written = path.metadata().and_then(|meta| meta.modified()).ok();
        let written = written.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let written = written.and_then(|time| i64::try_from(time.as_secs()).ok()).unwrap_or(0);
        found.push(Found { path: below, written, place: Place::local(path)? });
    }
    Ok(())
}

/// The newest delivery of each month: what its manifest names, or without manifests everything.
fn choose(name: &str, found: Vec<Found>) -> Result<Vec<Place>, ReadError> {
    let failed = |fault| error(name, fault);
    let (manifests, found): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|each| each.path.ends_with("anifest.json"));
    let data: Vec<_> = found
        .into_iter()
        .filter(|each| ENDINGS.iter().any(|end| each.path.to_ascii_lowercase().ends_with(end)))
        .filter(|each| !each.path.split('/').any(|part| part == STATUS))
        .collect();
    if data.is_empty() {
        return Err(failed(Fault::NoFiles));
    }
    let mut newest: BTreeMap<(String, String), &Found> = BTreeMap::new();
    for manifest in &manifests {
        let key = (period(&manifest.path).unwrap_or_default(), file_name(&manifest.path).to_owned());
        let depth = |each: &Found| each.path.matches('/').count();
        // AWS writes the manifest of the newest delivery beside those of each.
        let order = |each: &Found| (std::cmp::Reverse(depth(each)), each.written, each.path.clone());
        newest
            .entry(key)
            .and_modify(|known| {
                if order(manifest) > order(known) {
                    *known = manifest;
                }
            })
            .or_insert(manifest);
    }
    let mut places = Vec::new();
    let mut told = Vec::new();
    for ((period, _), from) in newest {
        let Some(keys) = manifest(&from.place).map_err(|fault| error(from.place.name(), fault))? else {
            continue;
        };
        for key in keys {
            let missing = || error(from.place.name(), Fault::NotDelivered(key.clone()));
            places.push(same(&data, &key).ok_or_else(missing)?.place.clone());
        }
        told.push(period);
    }
    // Months without a manifest, whatever folders they came in.
    let rest = data.into_iter().filter(|each| match period(&each.path) {
        Some(of) => !told.contains(&of),
        None => told.is_empty(),
    });
    places.extend(last_deliveries(rest.collect()).into_iter().map(|each| each.place));
    Ok(places)
}

/// Of each month that has several deliveries in folders of their own, the one that was written last.
fn last_deliveries(found: Vec<Found>) -> Vec<Found> {
    // By month and what stands before it: folders, and when the newest file in them was written.
    let mut newest: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for each in &found {
        let Some((month, delivery)) = delivery(&each.path) else { continue };
        let this = (each.written, delivery);
        let known = newest.entry(month).or_insert_with(|| this.clone());
        if this > *known {
            *known = this;
        }
    }
    let is_newest = |each: &Found| match delivery(&each.path) {
        Some((month, delivery)) => newest.get(&month).is_none_or(|(_, newest)| *newest == delivery),
        None => true,
    };
    found.into_iter().filter(is_newest).collect()
}

/// The part of a path that names a month: `BILLING_PERIOD=2026-11` or `20261101-20261201`.
fn period(path: &str) -> Option<String> {
    path.split('/').find(|part| is_period(part)).map(str::to_ascii_lowercase)
}

fn is_period(part: &str) -> bool {
    let digits = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    part.to_ascii_lowercase().starts_with("billing_period=")
        || part.split_once('-').is_some_and(|(from, to)| digits(from) && digits(to))
}

/// Everything up to the month, and the folder of the delivery below it, if there is one.
fn delivery(path: &str) -> Option<(String, String)> {
    let parts: Vec<_> = path.split('/').collect();
    let at = parts.iter().position(|part| is_period(part))?;
    let folder = if parts.len() > at + 2 { parts[at + 1] } else { "" };
    Some((parts[..=at].join("/"), folder.to_owned()))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The files that a manifest names, if the file is one: of a legacy report or of a data export.
fn manifest(place: &Place) -> Result<Option<Vec<String>>, Fault> {
    let head = place.head()?;
    if head.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Ok(None);
    }
    let Ok(value) = serde_json::from_slice::<Value>(&head) else { return Ok(None) };
    let Some(keys) = ["reportKeys", "dataFiles"].iter().find_map(|key| value.get(key)) else {
        return Ok(None);
    };
    let texts = |keys: &Vec<Value>| keys.iter().map(|key| key.as_str().map(str::to_owned)).collect();
    let keys: Option<Vec<String>> = keys.as_array().and_then(texts);
    keys.filter(|keys| !keys.is_empty()).map(Some).ok_or(Fault::Manifest)
}

/// A key of a manifest without the bucket.
fn below_bucket(key: &str) -> &str {
    let Some((_, rest)) = key.split_once("://") else { return key.trim_start_matches('/') };
    rest.split_once('/').map_or(rest, |(_, path)| path)
}

/// The file among those that were found that a manifest's key names: the one that shares most folders.
fn same<'a>(found: &'a [Found], key: &str) -> Option<&'a Found> {
    let wanted: Vec<_> = below_bucket(key).rsplit('/').collect();
    let shared =
        |each: &&Found| each.path.rsplit('/').zip(&wanted).take_while(|(one, other)| one == *other).count();
    found.iter().filter(|each| shared(each) > 0).max_by_key(shared)
}

/// The file that a key names, looked for in the folders above a manifest.
fn beside(manifest: &Path, key: &str) -> Result<Place, Fault> {
    let parts: Vec<_> = below_bucket(key).split('/').collect();
    for from in 0..parts.len() {
        let end: PathBuf = parts[from..].iter().collect();
        let found = manifest.ancestors().skip(1).map(|folder| folder.join(&end)).find(|path| path.is_file());
        if let Some(path) = found {
            return Place::local(path);
        }
    }
    Err(Fault::NotDelivered(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{beside, delivery, period, same};
    use crate::ledger::read::Input;

    fn write(folder: &std::path::Path, path: &str, text: &str) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let root = folder.path();
        let found = super::files(&[Input::Local(root.to_owned())]).unwrap();
        let below = |name: &str| name[root.display().to_string().len() + 1..].to_owned();
        found.iter().map(|place| below(place.name())).collect()
    }

    #[test]
    fn a_versioned_legacy_report_is_its_newest_delivery() {
        let folder = tempfile::tempdir().unwrap();
        let month = "p/report/20231101-20231201";
        for delivery in ["aaa", "zzz"] {
            for number in ["1", "2"] {
                write(folder.path(), &format!("{month}/{delivery}/report-{number}.csv.gz"), "x");
            }
            write(
                folder.path(),
                &format!("{month}/{delivery}/report-Manifest.json"),
                r#"{"reportKeys":["p"]}"#,
            );
        }
        let keys =
            format!(r#"{{"reportKeys":["{month}/aaa/report-1.csv.gz","{month}/aaa/report-2.csv.gz"]}}"#);
        write(folder.path(), &format!("{month}/report-Manifest.json"), &keys);
        write(folder.path(), "p/report/report-create-table.sql", "x");
        let newest = [format!("{month}/aaa/report-1.csv.gz"), format!("{month}/aaa/report-2.csv.gz")];
        assert_eq!(names(&folder), newest);

        let manifest = folder.path().join(month).join("report-Manifest.json");
        let found = super::files(&[Input::Local(manifest)]).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[1].name().ends_with(&newest[1]));
    }

    #[test]
    fn data_exports_are_read_with_and_without_their_manifests() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = ("e/data/BILLING_PERIOD=2026-10", "e/data/BILLING_PERIOD=2026-11");
        write(folder.path(), &format!("{old}/e-00001.snappy.parquet"), "x");
        write(folder.path(), &format!("{new}/e-00001.snappy.parquet"), "x");
        write(folder.path(), &format!("{new}/e-00002.snappy.parquet"), "left over");
        let both = [format!("{old}/e-00001.snappy.parquet"), format!("{new}/e-00001.snappy.parquet")];
        let keys = format!(r#"{{"dataFiles":["s3://bucket/cur2/{new}/e-00001.snappy.parquet"]}}"#);
        write(folder.path(), "e/metadata/BILLING_PERIOD=2026-11/e-Manifest.json", &keys);
        let mut found = names(&folder);
        found.sort_unstable();
        assert_eq!(found, both);
    }

    #[test]
    fn a_manifest_that_names_what_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "r-Manifest.json", r#"{"reportKeys":["a/r-1.csv.gz"]}"#);
        write(folder.path(), "other.csv.gz", "x");
        let error = super::files(&[Input::Local(folder.path().to_owned())]).unwrap_err().to_string();
        assert!(
            error.ends_with("r-Manifest.json: the manifest names a/r-1.csv.gz, which is not there"),
            "{error}"
        );
        assert!(beside(&folder.path().join("r-Manifest.json"), "a/r-1.csv.gz").is_err());
    }

    #[test]
    fn without_manifests_the_delivery_written_last_counts() {
        let folder = tempfile::tempdir().unwrap();
        let month = "e/data/BILLING_PERIOD=2026-11";
        write(folder.path(), &format!("{month}/2026-11-02T00-a/e-1.csv.gz"), "x");
        write(folder.path(), &format!("{month}/2026-11-01T00-b/e-1.csv.gz"), "x");
        let old = std::fs::File::open(folder.path().join(month).join("2026-11-02T00-a/e-1.csv.gz")).unwrap();
        old.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(names(&folder), [format!("{month}/2026-11-01T00-b/e-1.csv.gz")]);
    }

    #[test]
    fn months_are_parts_of_paths() {
        assert_eq!(period("a/BILLING_PERIOD=2026-11/b").as_deref(), Some("billing_period=2026-11"));
        assert_eq!(period("20231101-20231201/r.csv").as_deref(), Some("20231101-20231201"));
        assert_eq!(period("2023-11/r.csv"), None);
        let both = delivery("a/20231101-20231201/b/c.csv").unwrap();
        assert_eq!(both, ("a/20231101-20231201".to_owned(), "b".to_owned()));
        assert!(same(&[], "a").is_none());
    }
}
