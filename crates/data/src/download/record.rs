//! What was downloaded into a folder before: so that the same call again does only what is missing.
//!
//! One line a file in `.frazil-downloads.jsonl`, appended. A line is believed only while the file
//! has the size and time that it had when it was checked; so a line that is missing, cut or
//! wrong costs another look at the file, and no more.

use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checksum::Checksum;

/// The name of the record in a folder.
const NAME: &str = ".frazil-downloads.jsonl";

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
}

impl Line {
    /// Of a file that was just checked.
    pub(super) fn new(folder: &Path, path: &Path, from: String, checksum: Checksum) -> std::io::Result<Self> {
        let (size, changed) = stamp(&folder.join(path))?;
        Ok(Self { path: path.to_owned(), from, size, changed, checksum })
    }
}

/// Size and time of change.
fn stamp(path: &Path) -> std::io::Result<(u64, (i64, i64))> {
    let meta = path.metadata()?;
    Ok((meta.len(), (meta.mtime(), meta.mtime_nsec())))
}

impl Record {
    /// Reads the record of a folder; what cannot be read is as if it were not there.
    pub(super) fn read(folder: &Path) -> Self {
        let text = std::fs::read(folder.join(NAME)).unwrap_or_default();
        let lines =
            text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
        Self { lines: lines.map(|line| (line.path.clone(), line)).collect() }
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
