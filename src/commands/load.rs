//! Reading the hub file that a verb was given.

use std::io::ErrorKind;
use std::path::Path;

use super::Run;
use crate::config::{Checked, HubDocument, check_file};
use crate::error::{Error, Result};

/// Reads and checks a hub file; what is wrong inside is part of the answer.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn check(run: &Run<'_>, path: &Path) -> Result<Checked> {
    check_file(path, run.context.today()?).map_err(|error| {
        let failed = Error::failed(format!("{} cannot be read", path.display()));
        match error.kind() {
            ErrorKind::NotFound => {
                failed.because(error).hint("write one with `frazil init`, or name the one you mean")
            }
            ErrorKind::IsADirectory => {
                failed.because(error).hint(format!("name the file in it: {}/hub.yaml", path.display()))
            }
            _ => failed.because(error).hint("check the file's permissions"),
        }
    })
}

/// Reads a hub file that has to be free of errors; its warnings are printed.
///
/// # Errors
/// When the file cannot be read or has errors.
pub(super) fn usable(run: &Run<'_>, path: &Path) -> Result<HubDocument> {
    let mut checked = check(run, path)?;
    match checked.document.take() {
        None => Err(Error::hub_file(checked)),
        Some(document) => {
            if !checked.problems.is_empty() {
                run.printer.problems(&checked);
            }
            Ok(document)
        }
    }
}
