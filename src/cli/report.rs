//! `frazil report`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::period::PeriodArgs;
use crate::error::{Error, Result};
use crate::report::Naming;
use crate::view::Format;

/// Arguments of `frazil report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The hub files: for names, event, budget and estimate. Without one, hub.yaml in the current folder if it
    /// is there, or else everything that the ledger has.
    #[arg(value_name = "FILE", conflicts_with = "hub")]
    pub files: Vec<PathBuf>,

    /// The file to write; `-` prints the page.
    #[arg(long, value_name = "PATH", default_value = "report.html")]
    pub out: PathBuf,

    /// What people are called: by their `names`, by `initials`, or by `numbers`; a sponsor may not have to see names.
    #[arg(long, value_enum, default_value_t, value_name = "HOW", hide_possible_values = true)]
    pub people: Naming,

    /// Which bills.
    #[command(flatten)]
    pub period: PeriodArgs,

    /// Only this hub, without its file: no event, budget or estimate.
    #[arg(long, value_name = "NAME")]
    pub hub: Option<String>,

    /// The time zone of nights, such as America/Vancouver. Bills know days in UTC only.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
}

impl ReportArgs {
    /// Whether the page itself is the result.
    pub fn prints(&self) -> bool {
        self.out == Path::new("-")
    }

    /// Refuses what makes no sense together.
    pub(super) fn check(&self, format: Format) -> Result<()> {
        if self.prints() && format != Format::Table {
            return Err(Error::usage("`--out -` prints the page, and `-o` another form of the same")
                .hint("leave one of them out"));
        }
        if self.period.from.zip(self.period.to).is_some_and(|(from, to)| to < from) {
            return Err(Error::usage("`--to` is before `--from`")
                .hint("both are days that count, such as --from 2026-10-05 --to 2026-10-09"));
        }
        Ok(())
    }
}
