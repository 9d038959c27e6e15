//! What was downloaded into a folder before: so that the same call again does only what is missing.
//!
//! One line a file in `.frazil-downloads.jsonl`, appended. A line is believed only while the file
//! has the size and time that it had when it was checked; so a line that is missing, cut or
//! wrong costs another look at the file, and no more.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;

/// The name of the record in a folder.
const NAME: &str = ".frazil-downloads.jsonl";

/// Size in bytes and time of change, in seconds and nanoseconds.
pub(super) type Stamp = (u64, (i64, i64));

/// A file as it was when it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Path below the folder.
    pub(super) path: PathBuf,
    /// What it was downloaded from.
    pub(super) from: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// When it was last changed: seconds and nanoseconds.
    pub(super) changed: (i64, i64),
    /// Its checksum, of its metadata or else computed.
    pub(super) checksum: Checksum,
}

/// The record of a folder.
#[derive(Debug, Default)]
pub(super) struct Record {
    lines: HashMap<PathBuf, Line>,
    /// How many lines were read, doubles and all.
    read: usize,
}

/// So many lines more than files are no burden.
const DOUBLES: usize = 1000;

impl Line {
    /// Of a file that was just checked.
    pub(super) fn new(folder: &Path, path: &Path, from: String, checksum: Checksum) -> std::io::Result<Self> {
        let (size, changed) = stamp(&folder.join(path))?;
        Ok(Self { path: path.to_owned(), from, size, changed, checksum })
    }
}

/// Size and time of change.
fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let meta = path.metadata()?;
    Ok(stamp_of(&meta))
}

/// Size and time of change, of what is known of a file.
pub(super) fn stamp_of(meta: &std::fs::Metadata) -> Stamp {
    (meta.len(), (meta.mtime(), meta.mtime_nsec()))
}

impl Record {
    /// Reads the record of a folder; what cannot be read is as if it were not there.
    pub(super) fn read(folder: &Path) -> Self {
        let text = std::fs::read(folder.join(NAME)).unwrap_or_default();
        let mut record = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Line>(line) {
                record.read += 1;
                record.lines.insert(line.path.clone(), line);
            }
        }
        record
    }

    /// Reads the record of a folder, and writes it anew where most of its lines are doubles. A line that
    /// another process appends meanwhile may be lost, which costs another look at its file.
    pub(super) fn tidied(folder: &Path) -> Self {
        let record = Self::read(folder);
        if record.read > 2 * record.lines.len() + DOUBLES {
            // What cannot be written stays as it is.
            record.rewrite(folder).ok();
        }
        record
    }

    fn rewrite(&self, folder: &Path) -> std::io::Result<()> {
        let mut file =
            tempfile::Builder::new().permissions(PermissionsExt::from_mode(0o644)).tempfile_in(folder)?;
        let mut text = Vec::new();
        for line in self.lines.values() {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.persist(folder.join(NAME))?;
        Ok(())
    }

    /// The checksum of a file, if it is as it was when that was found and came from there.
    pub(super) fn checksum(&self, folder: &Path, path: &Path, from: &str) -> Option<&Checksum> {
        let line = self.line(folder, path)?;
        (line.from == from).then_some(&line.checksum)
    }

    /// What a file was downloaded from, if it is as it was then and that was something else.
    pub(super) fn other(&self, folder: &Path, path: &Path, from: &str) -> Option<&str> {
        let line = self.line(folder, path)?;
        (line.from != from).then_some(&line.from)
    }

    fn line(&self, folder: &Path, path: &Path) -> Option<&Line> {
        let line = self.lines.get(path)?;
        let stamp = stamp(&folder.join(path)).ok()?;
        (stamp == (line.size, line.changed)).then_some(line)
    }
}

/// Appends a line, by one call, so that lines of several processes do not mix.
pub(super) fn append(folder: &Path, line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    // A line that another process was killed in must not take this one with it.
    text.insert(0, b'\n');
    text.push(b'\n');
    let mut file =
        std::fs::OpenOptions::new().create(true).append(true).mode(0o644).open(folder.join(NAME))?;
    file.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum() -> Checksum {
        Checksum::new("md5", "900150983cd24fb0d6963f7d28e17f72").unwrap()
    }

    #[test]
    fn a_file_is_known_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, path) = (folder.path(), Path::new("a.nc"));
        std::fs::write(folder.join(path), "abc").unwrap();
        append(folder, &Line::new(folder, path, "https://a/x".to_owned(), checksum()).unwrap()).unwrap();
        let known = |from: &str| Record::read(folder).checksum(folder, path, from).cloned();
        assert_eq!(known("https://a/x"), Some(checksum()));
        assert_eq!(known("https://a/other"), None);
        std::fs::write(folder.join(path), "abd").unwrap();
        assert_eq!(known("https://a/x"), None);
    }

    #[test]
    fn a_record_of_doubles_is_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, path) = (folder.path(), Path::new("a.nc"));
        std::fs::write(folder.join(path), "abc").unwrap();
        let line = Line::new(folder, path, "https://a/x".to_owned(), checksum()).unwrap();
        for _ in 0..DOUBLES + 3 {
            append(folder, &line).unwrap();
        }
        assert!(Record::tidied(folder).checksum(folder, path, "https://a/x").is_some());
        let again = Record::tidied(folder);
        assert_eq!((again.read, again.lines.len()), (1, 1));
        assert!(again.checksum(folder, path, "https://a/x").is_some());
        let names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }

    #[test]
    fn a_line_that_was_cut_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["a", "b"] {
            std::fs::write(folder.join(name), "abc").unwrap();
            append(folder, &Line::new(folder, Path::new(name), "x".to_owned(), checksum()).unwrap()).unwrap();
            let mut cut = std::fs::OpenOptions::new().append(true).open(folder.join(NAME)).unwrap();
            cut.write_all(br#"{"path":"c","from":"#).unwrap();
        }
        let record = Record::read(folder);
        assert!(record.checksum(folder, Path::new("a"), "x").is_some());
        assert!(record.checksum(folder, Path::new("b"), "x").is_some());
        assert!(Record::read(Path::new("/nowhere")).lines.is_empty());
    }
}
