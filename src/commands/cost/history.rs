//! Files of the recorder's history: which have to be read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::read::wrong;
use crate::commands::Run;
use crate::commands::ledger::refuse;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::ledger::told::{HistoryFile, Told, history};

/// What names of files of bytes begin with; those of lives begin with the day.
const BYTES: &str = "bytes-";

/// A file of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    path: PathBuf,
    /// The whole path, by which the ledger knows it.
    name: String,
    /// Its size in bytes.
    size: u64,
}

/// What histories tell that the ledger does not have yet.
///
/// # Errors
/// When a file cannot be read, or is no history.
pub(super) fn read(run: &Run<'_>, paths: &[PathBuf], hub: Option<&str>, ledger: &Path) -> Result<Told> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(files_of(path)?);
    }
    // Which hub it is may stand in a file that was read before: without a name all are read.
    if let Some(hub) = hub.filter(|_| !files.is_empty() && ledger.exists()) {
        let known = Ledger::open(ledger).and_then(|ledger| ledger.history_files(hub)).map_err(refuse)?;
        files = unread(files, &known, run.context.now().to_zoned(TimeZone::UTC).date());
    }
    let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    let mut told = history(&paths, hub).map_err(wrong)?;
    if let Some(hub) = hub.map(str::to_owned).or_else(|| Some(told.lives.first()?.hub.clone())) {
        let seen = |File { name, size, .. }| HistoryFile { hub: hub.clone(), path: name, size };
        told.files = files.into_iter().map(seen).collect();
    }
    Ok(told)
}

/// Those that may say something new: a file whose day is over, and which is as large as it was, says the same. The
/// recorder writes a day's lives on that day, what pods moved also later. Where one file of lives is read, those
/// of later days are too, as the last line of a life counts; where one file of bytes is read, all of its day are, as
/// days are sums.
fn unread(files: Vec<File>, known: &BTreeMap<String, u64>, today: Date) -> Vec<File> {
    let is_known = |file: &File| {
        day(&file.path).is_some_and(|day| day < today) && known.get(&file.name) == Some(&file.size)
    };
    let (bytes, lives): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_of_bytes(&file.path));
    let days: BTreeSet<_> = bytes.iter().filter(|file| !is_known(file)).map(|file| day(&file.path)).collect();
    let bytes = bytes.into_iter().filter(|file| days.contains(&day(&file.path)));
    lives.into_iter().skip_while(is_known).chain(bytes).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn is_of_bytes(path: &Path) -> bool {
    name(path).starts_with(BYTES)
}

/// The day of a file that the recorder wrote.
fn day(path: &Path) -> Option<Date> {
    let name = name(path);
    let (day, end) = name.strip_prefix(BYTES).unwrap_or(name).split_once('.')?;
    day.parse().ok().filter(|_| end == "jsonl" || end == "jsonl.gz")
}

fn file(path: PathBuf) -> Result<File> {
    let whole = path.canonicalize().map_err(|error| cannot(&path, error))?;
    let size = path.metadata().map_err(|error| cannot(&path, error))?.len();
    Ok(File { name: whole.display().to_string(), size, path })
}

fn cannot(path: &Path, error: std::io::Error) -> Error {
    Error::failed(format!("{} cannot be read", path.display()))
        .because(error)
        .hint("nothing was taken in: the ledger is as it was")
}

/// Files of a history, the oldest first: their names are days.
fn files_of(path: &Path) -> Result<Vec<File>> {
    if !path.is_dir() {
        return Ok(vec![file(path.to_owned())?]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| cannot(path, error))? {
        let found = entry.map_err(|error| cannot(path, error))?.path();
        if [".jsonl", ".jsonl.gz"].iter().any(|end| name(&found).ends_with(end)) {
            files.push(found);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::failed(format!("{} has no history: no *.jsonl", path.display())));
    }
    files.into_iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_that_are_over_are_read_again_when_they_have_grown() {
        let file = |name: &str| File { path: name.into(), name: format!("/h/{name}"), size: 7 };
        let all = [
            "2026-10-11.jsonl",
            "2026-10-12.jsonl",
            "2026-10-13.jsonl",
            "2026-10-14.jsonl",
            "bytes-2026-10-12.jsonl",
            "bytes-2026-10-13.jsonl",
            "bytes-2026-10-14.jsonl",
            "old/bytes-2026-10-12.jsonl",
            "history.jsonl",
        ];
        let read = |sizes: &[(&str, u64)], today: Date| {
            let mut known: BTreeMap<_, _> = all.iter().map(|name| (format!("/h/{name}"), 7)).collect();
            known.extend(sizes.iter().map(|(name, size)| (format!("/h/{name}"), *size)));
            let files = unread(all.iter().map(|name| file(name)).collect(), &known, today);
            files.into_iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(" ")
        };
        let today = date(2026, 10, 14);
        assert_eq!(read(&[], today), "2026-10-14.jsonl history.jsonl bytes-2026-10-14.jsonl");
        assert_eq!(read(&[], date(2026, 10, 15)), "history.jsonl");
        assert_eq!(
            read(&[("bytes-2026-10-12.jsonl", 6)], today),
            "2026-10-14.jsonl history.jsonl bytes-2026-10-12.jsonl bytes-2026-10-14.jsonl old/bytes-2026-10-12.jsonl"
        );
        // A day's sum is of all of its files.
        assert_eq!(
            read(&[("old/bytes-2026-10-12.jsonl", 6)], date(2026, 10, 15)),
            "history.jsonl bytes-2026-10-12.jsonl old/bytes-2026-10-12.jsonl"
        );
        // A life that goes on in a later file is as that one says.
        assert_eq!(
            read(&[("2026-10-12.jsonl", 6)], date(2026, 10, 15)),
            "2026-10-12.jsonl 2026-10-13.jsonl 2026-10-14.jsonl history.jsonl"
        );
    }
}
