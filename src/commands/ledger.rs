//! The ledger that verbs ask, and what they say when it refuses.

use std::path::{Path, PathBuf};

use super::Run;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, LedgerError};

/// The ledger's file.
pub(super) fn path(run: &Run<'_>, given: Option<&Path>) -> Result<PathBuf> {
    given
        .map_or_else(|| Ok(run.context.directories()?.data.join("ledger.sqlite")), |path| Ok(path.to_owned()))
}

/// The ledger, if there is one.
pub(super) fn existing(run: &Run<'_>, given: Option<&Path>) -> Result<Ledger> {
    let path = path(run, given)?;
    if !path.exists() {
        return Err(Error::failed(format!("there is no ledger in {}", path.display()))
            .hint("`frazil cost read BILL…` makes one"));
    }
    Ledger::open(&path).map_err(refuse)
}

/// What is said of what a ledger refuses.
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
