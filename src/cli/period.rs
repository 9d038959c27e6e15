//! Which bills, and where they are.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::ledger::Month;

/// Which bills: a month's, or those of days.
#[derive(Clone, Debug, Args)]
pub struct PeriodArgs {
    /// The bills of a month. Default: the last month of the ledger; of a report, all days of a hub with an event.
    #[arg(long, value_name = "YEAR-MONTH", value_parser = month, conflicts_with_all = ["from", "to"])]
    pub month: Option<Month>,

    /// The first day.
    #[arg(long, value_name = "DAY")]
    pub from: Option<Date>,

    /// The last day.
    #[arg(long, value_name = "DAY")]
    pub to: Option<Date>,

    /// The ledger. Default: ledger.sqlite in frazil's data folder.
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

pub(super) fn month(text: &str) -> Result<Month, String> {
    Month::from_text(text).ok_or_else(|| "write a month such as 2026-11".to_owned())
}
