//! `frazil cost`: what a hub costs and will cost.

mod sql;

use super::Run;
use crate::cli::cost::{CostArgs, Look};
use crate::error::Result;
use crate::outcome::Outcome;

/// Shows what is asked for.
///
/// # Errors
/// When an argument makes no sense.
pub(super) fn cost(run: &Run<'_>, args: &CostArgs) -> Result<Outcome> {
    match &args.look {
        Look::Sql(args) => sql::sql(run, args),
    }
}
