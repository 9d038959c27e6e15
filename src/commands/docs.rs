//! `frazil schema`, `frazil completions` and `frazil man`: what is made from
//! the program's own definitions.

use std::path::Path;

use super::Run;
use crate::cli::Cli;
use crate::config::hub_schema;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::Printer;

/// Prints the hub file's JSON Schema.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn schema() -> Result<Outcome> {
    let text = serde_json::to_string_pretty(hub_schema())
        .map_err(|error| Error::failed("the schema cannot be written as JSON").because(error))?;
    Printer::result(&text)?;
    Ok(Outcome::Done)
}

/// Prints a shell's completion script.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::whole(), "frazil", &mut script);
    Printer::result(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

/// Writes the manual pages, one for each verb.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn man(run: &Run<'_>, out: &Path) -> Result<Outcome> {
    let fail = |error: std::io::Error| {
        Error::failed(format!("manual pages cannot be written to {}", out.display())).because(error)
    };
    std::fs::create_dir_all(out).map_err(fail)?;
    clap_mangen::generate_to(Cli::whole(), out).map_err(fail)?;
    run.printer.note(&format!("manual pages are in {}", out.display()));
    Ok(Outcome::Done)
}
