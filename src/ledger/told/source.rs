//! Files as text, compressed or not; what is wrong with them, by file and row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::ledger::line::Day;

/// More than this of one file is no history of a hub: 2 GiB.
const MOST: u64 = 2 << 30;

/// A file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The file, as it was named.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ToldError {
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than any such file.
    #[error("{} is larger than 2 GiB", .0.display())]
    TooLarge(PathBuf),
    /// A row is not what it should be.
    #[error("{file}, row {row}: {what}")]
    Row {
        /// The file.
        file: String,
        /// The row, the first being 1.
        row: usize,
        /// What is wrong.
        what: String,
    },
    /// The whole is not what it should be.
    #[error("{file}: {what}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
}

impl Text {
    pub(super) fn wrong(&self, what: impl Into<String>) -> ToldError {
        ToldError::File { file: self.name.clone(), what: what.into() }
    }

    pub(super) fn wrong_row(&self, row: usize, what: impl Into<String>) -> ToldError {
        ToldError::Row { file: self.name.clone(), row, what: what.into() }
    }
}

/// A file, to be read piece by piece; `.gz` is unpacked.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let file = BufReader::new(File::open(path)?);
    let packed = path.extension().is_some_and(|end| end == "gz");
    Ok(if packed { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) })
}

/// The text of a file; `.gz` is unpacked.
///
/// # Errors
/// When it cannot be read, is no text, or too large.
pub fn text(path: &Path) -> Result<Text, ToldError> {
    let failed = |source| ToldError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let size = open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text)).map_err(failed)?;
    if size as u64 > MOST {
        return Err(ToldError::TooLarge(path.to_owned()));
    }
    Ok(Text { name: path.display().to_string(), text })
}

/// The day of a moment in seconds since 1970.
pub(super) fn day_of(seconds: i64) -> Option<Day> {
    Day::try_from(seconds.div_euclid(86_400)).ok()
}

/// The day of a date such as `2026-10-01`, or of a time that starts with one.
pub(super) fn day_of_date(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    let since = date.since(jiff::civil::date(1970, 1, 1)).ok()?;
    Some(since.get_days())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packed_files_are_unpacked_and_others_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl.gz");
        let mut packer =
            flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        packer.write_all(b"one\n").unwrap();
        packer.finish().unwrap();
        assert_eq!(text(&path).unwrap().text, "one\n");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
        assert!(text(&path).unwrap_err().to_string().ends_with("a.jsonl.gz cannot be read"));
        assert_eq!(day_of_date("2026-10-01"), Some(20_727));
        assert_eq!(day_of_date("2026-10-01T23:59:59Z"), Some(20_727));
        assert_eq!(day_of_date("yesterday"), None);
        assert_eq!(day_of(-1), Some(-1));
    }
}
