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

use super::Run;
use crate::cli::cost::{CostArgs, CostVerb};
use crate::error::Result;
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
