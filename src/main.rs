//! The `frazil` program: parse, run, exit code.

use std::process::ExitCode;

use clap::error::ErrorKind;
use frazil::cli::Cli;
use frazil::commands;
use frazil::context::Context;
use frazil::error::{Error, Result};
use frazil::outcome::Outcome;
use frazil::view::Printer;

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let outcome = run(&cli).unwrap_or_else(|error| {
        Printer::error(&error);
        error.outcome()
    });
    outcome.into()
}

/// Prints help, version or what is wrong with the command line.
fn usage(error: &clap::Error) -> Outcome {
    drop(error.print());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Outcome::Done,
        _ => Outcome::Usage,
    }
}

fn run(cli: &Cli) -> Result<Outcome> {
    Printer::set_color(cli.color);
    let context = Context::from_process()?;
    let printer =
        Printer { format: cli.format, quiet: cli.quiet, moving: context.progress, width: context.width };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed("the asynchronous runtime cannot be started").because(error))?;
    runtime.block_on(async {
        tokio::select! {
            outcome = commands::run(cli, &context, &printer) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Error::interrupted("interrupted").hint("the same call again goes on from there")),
        }
    })
}
