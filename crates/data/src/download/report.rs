//! What became of each file.

use std::path::PathBuf;

use super::checksum::Checksum;
use crate::error::Error;

/// What became of a download, file by file in the order of its items.
#[derive(Debug)]
pub struct Report {
    /// The files.
    pub files: Vec<FileReport>,
}

/// What became of a file.
#[derive(Debug)]
pub struct FileReport {
    /// Its path below the folder.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a file.
#[derive(Debug)]
pub enum Outcome {
    /// It was there already, as it should be.
    There {
        /// Its size in bytes.
        bytes: u64,
    },
    /// It was downloaded.
    Done(Done),
    /// It was not, and why.
    Failed(Error),
}

/// A file that was downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its size in bytes.
    pub bytes: u64,
    /// Bytes that came for it in this call; more than its size when some came twice, fewer when an earlier
    /// call left some.
    pub came: u64,
    /// Its checksum.
    pub checksum: Checksum,
    /// Against what it was checked.
    pub verified: Verified,
}

/// Against what a file was checked, beside the length that its host announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The checksum of its metadata.
    Checksum,
    /// The size of its metadata: there was no checksum that is known here.
    Size,
    /// Nothing: metadata told neither.
    Length,
}

impl Report {
    /// Whether every file is there.
    pub fn is_complete(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The files that are not there, and why.
    pub fn failures(&self) -> impl Iterator<Item = (&PathBuf, &Error)> {
        self.files.iter().filter_map(|file| match &file.outcome {
            Outcome::Failed(error) => Some((&file.path, error)),
            _ => None,
        })
    }

    /// Bytes that came in this call.
    pub fn came(&self) -> u64 {
        let of = |file: &FileReport| if let Outcome::Done(done) = &file.outcome { done.came } else { 0 };
        self.files.iter().map(of).sum()
    }
}
