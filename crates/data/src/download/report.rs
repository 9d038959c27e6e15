//! What became of each file.

use std::path::PathBuf;

use super::checksum::Checksum;
use crate::error::Error;
use crate::region::Route;

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
    /// By which way it came, in the end.
    pub route: Route,
}

/// Against what a file was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The checksum of its metadata.
    Checksum,
    /// The size of its metadata: there was no checksum that is known here.
    Size,
    /// The length that its host announced: metadata told neither.
    Length,
    /// Nothing: not even the host told where it ends, or which version its pieces are of.
    Nothing,
}

impl Verified {
    /// In a word: `checksum`, `size`, `length` or `nothing`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checksum => "checksum",
            Self::Size => "size",
            Self::Length => "length",
            Self::Nothing => "nothing",
        }
    }
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
