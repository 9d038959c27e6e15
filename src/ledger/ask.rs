//! Asks clouds for bills where they lie, instead of reading files: sums of Cost Explorer, and queries that
//! Athena and `BigQuery` run over exports. Each asks for a month, and what asking costs is told before.
//!
//! The texts of queries are pure functions of a table and its columns. They sum what is alike and leave
//! everything else to [`rows`], so that a bill means the same whoever summed it.

#[cfg(feature = "aws")]
mod athena;
#[cfg(feature = "gcp")]
mod bigquery;
#[cfg(feature = "aws")]
mod cost_explorer;
pub mod cur_text;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod digest;
mod expense;
pub mod export_text;
mod names;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod rows;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod tags;

#[cfg(feature = "aws")]
pub use athena::Athena;
#[cfg(feature = "gcp")]
pub use bigquery::BigQueryExport;
#[cfg(feature = "aws")]
pub use cost_explorer::CostExplorer;
pub use expense::Expense;
pub use names::{CurTable, ExportTable};

use super::gather::Gathered;

/// A month as a cloud told it.
#[derive(Debug)]
pub struct Answered {
    /// What to put into the ledger.
    pub gathered: Gathered,
    /// What asking came to.
    pub expense: Expense,
    /// What whoever asked should know: numbers that may change, tags that nothing has.
    pub notes: Vec<String>,
}

/// Hears what asking will cost, before it does; an error stops it.
pub type Told<'a> = &'a mut (dyn FnMut(&Expense) -> crate::error::Result<()> + Send);
