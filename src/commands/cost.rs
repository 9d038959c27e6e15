//! `frazil cost`: where the money went, and what a hub will cost.

pub(super) mod ask;
mod check;
mod estimate;
mod explanation;
mod history;
mod lines;
pub(super) mod money;
mod prometheus;
pub(super) mod read;
pub(super) mod show;
mod sql;

use std::path::{Path, PathBuf};

use super::Run;
use crate::cli::cost::{CostArgs, CostVerb};
use crate::error::{Error, Result};
use crate::ledger::LedgerError;
use crate::outcome::Outcome;

/// Shows costs, or reads what they are made from.
///
/// # Errors
/// When files or the ledger cannot be used.
pub(super) async fn cost(run: &Run<'_>, args: &CostArgs) -> Result<Outcome> {
    match &args.verb {
        Some(CostVerb::Read(args)) => read::read(run, args).await,
        Some(CostVerb::Estimate(args)) => estimate::estimate(run, args),
        Some(CostVerb::Check(args)) => check::check(run, args),
        Some(CostVerb::Sql(args)) => sql::sql(run, args),
        None => show::show(run, &args.show),
    }
}

/// The ledger's file.
pub(super) fn path(run: &Run<'_>, given: Option<&Path>) -> Result<PathBuf> {
    given
        .map_or_else(|| Ok(run.context.directories()?.data.join("ledger.sqlite")), |path| Ok(path.to_owned()))
}

pub(super) fn refuse(error: LedgerError) -> Error {
    let message = error.to_string();
    let failed = Error::failed(message);
    match error {
        LedgerError::Foreign(_) => failed.hint("name another file: `--ledger FILE`"),
        LedgerError::Version { .. } => {
            failed.hint("use the frazil that made it, or read the bills into a new one")
        }
        LedgerError::Meanwhile => failed.hint("nothing was taken in: run it again"),
        LedgerError::Twice { .. } => failed.hint("name it once"),
        LedgerError::TwiceTold { .. } => {
            failed.hint("read it from files, or ask for it, in calls of their own")
        }
        LedgerError::Sqlite { source, .. } => failed.because(source),
        LedgerError::Make { source, .. } => failed.because(source),
    }
}
