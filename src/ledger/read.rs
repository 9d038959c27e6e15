//! Reads bills: AWS's Cost and Usage Reports, FOCUS, Google's exports, as CSV, JSON and Parquet, plain or with
//! gzip, here or in an object store.
//!
//! What a file is, is told by what it holds. Text is cut into chunks of whole records, tables are read by row
//! groups; threads read them into batches of columns ([`batch`]) whose texts are [`super::Symbols`], and each
//! format ([`amazon`], [`focus`], [`google`]) puts batches into its thread's [`super::Gather`]. These are
//! merged at the end. Sums do not depend on the order of rows, so neither do they on threads.

mod amazon;
mod batch;
pub(super) mod chunk;
pub(super) mod day;
pub(super) mod error;
mod find;
mod focus;
mod google;
pub(super) mod open;
pub(super) mod place;
pub(super) mod plan;
pub(super) mod queue;
pub(super) mod remote;
mod table;
mod tags;
pub(super) mod text;
mod work;

use std::path::PathBuf;

pub use error::{At, Fault, Place, ReadError};
pub use remote::{Bucket, Look};

use super::Gathered;

/// Where bills lie.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, a delivery's manifest, or a folder with deliveries in it.
    Local(PathBuf),
    /// The same in a bucket: a prefix, or the name of an object.
    Remote(Bucket, String),
}

/// How far reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read, as they lie there.
    pub bytes: u64,
    /// Of how many.
    pub of: u64,
}

/// Reads bills with so many threads. Nothing is kept of any file when one cannot be read to its end.
///
/// # Errors
/// When there is no bill, or one is not whole and right in every line.
pub fn read(inputs: &[Input], threads: usize, progress: &dyn Fn(Progress)) -> Result<Gathered, ReadError> {
    let places = find::files(inputs)?;
    let files = open::all(places)?;
    work::run(&files, threads.max(1), progress)
}
