//! `frazil cost`.

use clap::{Args, Subcommand};

use crate::ledger::Month;
use crate::ledger::ask::{CurTable, ExportTable};

/// Arguments of `frazil cost`.
#[derive(Clone, Debug, Args)]
pub struct CostArgs {
    /// What to do.
    #[command(subcommand)]
    pub look: Look,
}

/// What `frazil cost` shows.
#[derive(Clone, Debug, Subcommand)]
pub enum Look {
    /// Print the query by which Athena or `BigQuery` is asked for a month of a bill; nothing is asked.
    #[command(
        hide = true,
        after_help = "\
Examples:
  frazil cost sql --athena bills.cur2 --month 2026-11
  frazil cost sql --bigquery my-project.billing.gcp_billing_export_v1_0177BB_554433 --month 2026-11

It makes use of every column that the export may have; asked by frazil, those that the table has not
are left out."
    )]
    Sql(SqlArgs),
}

/// Arguments of `frazil cost sql`.
#[derive(Clone, Debug, Args)]
pub struct SqlArgs {
    /// A table of CUR 2.0 in Athena.
    #[arg(long, value_name = "DATABASE.TABLE", required_unless_present = "bigquery")]
    pub athena: Option<CurTable>,

    /// A table of Google's standard or detailed export.
    #[arg(long, value_name = "PROJECT.DATASET.TABLE", conflicts_with = "athena")]
    pub bigquery: Option<ExportTable>,

    /// The month, such as 2026-11.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub month: Month,
}

fn month(text: &str) -> Result<Month, String> {
    Month::from_text(text).ok_or_else(|| format!("`{text}` is no month: write it as 2026-11"))
}
