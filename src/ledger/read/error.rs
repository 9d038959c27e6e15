//! Why a bill or a flow log cannot be read: where, what, and what to do.

use std::fmt;

/// Characters of a value that an error shows.
const SHOWN: usize = 40;

/// Why bills cannot be read. Nothing was taken of any of them.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct ReadError {
    /// Where it stands.
    pub place: Place,
    /// What is wrong there.
    pub fault: Fault,
}

/// A file, or a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub name: String,
    /// Where in the file.
    pub at: At,
}

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The file as a whole.
    File,
    /// A line of a text, the first being 1.
    Line(u64),
    /// A row of a table, the first being 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::File => f.write_str(&self.name),
            At::Line(line) => write!(f, "{}:{line}", self.name),
            At::Row(row) => write!(f, "{}, row {row}", self.name),
        }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The file or folder is not there, or may not be read.
    #[error("{0}")]
    Unreadable(String),
    /// There is not one byte, or not one row.
    #[error("nothing is in it")]
    Empty,
    /// A folder or a prefix has no bills.
    #[error("no bills are in it")]
    NoFiles,
    /// A manifest names a file that is not there.
    #[error("the manifest names {0}, which is not there")]
    NotDelivered(String),
    /// The manifest is none that we know.
    #[error("the manifest names no files")]
    Manifest,
    /// Packed in a way that is not read.
    #[error("{0} is not read")]
    Packed(&'static str),
    /// Columns of no bill.
    #[error("no bill of a known format")]
    Unknown,
    /// A folder or a prefix has no flow logs.
    #[error("no flow logs are in it")]
    NoFlows,
    /// A flow log of which so many bytes were counted before.
    #[error("its first {0} bytes were counted before, and it has grown since")]
    Grown(u64),
    /// Fields of no flow log.
    #[error("no flow log of a known format")]
    UnknownFlows,
    /// Columns that a bill of its format has are missing.
    #[error("{format} without the columns {}", .missing.join(", "))]
    Columns {
        /// The format.
        format: &'static str,
        /// The columns by the name that is usual in it.
        missing: Vec<&'static str>,
    },
    /// A value is not what its column holds.
    #[error("{column} is {value}, which is no {expected}")]
    Value {
        /// The column.
        column: String,
        /// The value, shortened.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A column has a type that nothing can be made of.
    #[error("{column} is of the type {found}, not a {expected}")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A value is missing.
    #[error("{column} is empty")]
    Missing {
        /// The column.
        column: String,
    },
    /// More or fewer fields than the header has.
    #[error("{found} fields, where the header has {expected}")]
    Fields {
        /// Fields of the line.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A line that goes on and on.
    #[error("a line of more than {} MiB", .0 / (1024 * 1024))]
    LongLine(usize),
    /// The end of the file within a quoted field or an object.
    #[error("the file ends within {0}")]
    CutOff(&'static str),
    /// Bytes that are no text.
    #[error("{column} is no UTF-8 text")]
    Utf8 {
        /// The column.
        column: String,
    },
    /// JSON that is none.
    #[error("no JSON: {0}")]
    Json(String),
    /// Compressed bytes or a table that do not hold together.
    #[error("damaged: {0}")]
    Damaged(String),
    /// An object store says no.
    #[error("{0}")]
    Remote(String),
}

impl Fault {
    /// A value that is not what it should be, shortened.
    pub(in crate::ledger) fn value(column: impl Into<String>, value: &str, expected: &'static str) -> Self {
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Self::Value { column: column.into(), value: format!("`{}`", shown.escape_debug()), expected }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the path, and whether it may be read",
            Self::Empty | Self::CutOff(_) | Self::Damaged(_) | Self::Fields { .. } | Self::Utf8 { .. } => {
                "fetch the file again: it may have been read while it was being written"
            }
            Self::NoFiles => "name the folder that the cloud delivers to, a manifest, or files",
            Self::Grown(_) => {
                "name files that are complete: sums of flow logs cannot be taken back, so what came to this one since \
                 has to stand in a file of its own"
            }
            Self::NoFlows => "name the folder that the cloud delivers to, or files",
            Self::UnknownFlows => {
                "known are AWS VPC flow logs as text with a header or in the default format, and as Parquet, and \
                 Google's as JSON of Cloud Logging"
            }
            Self::NotDelivered(_) | Self::Manifest => {
                "copy the whole delivery, or name the files of one month"
            }
            Self::Packed(_) => {
                "unpack it first; files are read as text, JSON and Parquet, plain or with gzip"
            }
            Self::Unknown => {
                "known are AWS's CUR 2.0 and legacy CUR, FOCUS 1.0 to 1.2, and Google's standard and detailed export"
            }
            Self::Columns { .. } => "export these columns too",
            Self::Value { .. } | Self::Type { .. } | Self::Missing { .. } | Self::Json(_) => {
                "export the file again, and do not save it with a spreadsheet"
            }
            Self::LongLine(_) => "a quote may be open; export the file again",
            Self::Remote(_) => "check the address, and that the credentials may list and read there",
        }
    }
}

/// A fault in a row of a batch or a chunk, counted from 0.
#[derive(Clone, Debug)]
pub(in crate::ledger) struct RowFault {
    pub(in crate::ledger) row: usize,
    pub(in crate::ledger) fault: Fault,
}

impl RowFault {
    pub(in crate::ledger) fn new(row: usize, fault: Fault) -> Self {
        Self { row, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::{At, Fault, Place, ReadError};

    #[test]
    fn errors_name_the_place_and_shorten_what_stands_there() {
        let place = Place { name: "bill.csv".into(), at: At::Line(12) };
        let fault = Fault::value("lineItem/UnblendedCost", &"x\n".repeat(50), "number");
        let text = ReadError { place, fault }.to_string();
        assert_eq!(
            text,
            format!("bill.csv:12: lineItem/UnblendedCost is `{}…`, which is no number", "x\\n".repeat(20))
        );
    }
}
