//! What can be wrong with a ledger.

use std::path::PathBuf;

use super::VERSION;
use crate::ledger::line::{Month, Source};

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file is not ours.
    #[error("{} is no ledger of frazil", .0.display())]
    Foreign(PathBuf),
    /// The file is of another version.
    #[error("{} is a ledger of version {found}, this frazil knows version {VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: i32,
    },
    /// Two files of one call have the same bytes.
    #[error("{first} and {second} are the same file")]
    Twice {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A month was read from files and asked for, or both.
    #[error("{bill} for {month} is there twice in one call")]
    TwiceTold {
        /// Whose bill.
        bill: Source,
        /// The month.
        month: Month,
    },
    /// A file of flow logs was counted by another call since this one looked.
    #[error("another call has counted some of these flow logs meanwhile")]
    Meanwhile,
    /// SQLite says no.
    #[error("the ledger in {} cannot be used", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file cannot be made.
    #[error("the ledger in {} cannot be made", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
