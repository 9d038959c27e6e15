//! The `frazil` program: parse, run, exit code.

use std::panic;
use std::process::ExitCode;
use std::thread;

use clap::error::ErrorKind;
use frazil::cli::Cli;
use frazil::commands;
use frazil::context::Context;
use frazil::error::{Error, Result};
use frazil::outcome::Outcome;
use frazil::tool::interrupt;
use frazil::view::{Printer, restore_terminal};
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let outcome = panic::catch_unwind(|| run(&cli).unwrap_or_else(|error| told(&error)));
    outcome.unwrap_or(Outcome::Bug).into()
}

fn told(error: &Error) -> Outcome {
    Printer::error(error);
    error.outcome()
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
    cli.check()?;
    let context = Context::from_process();
    let printer =
        Printer { format: cli.format, quiet: cli.quiet, moving: context.progress, width: context.width };
    let hint = cli.after_interrupt();
    thread::spawn(move || exit_when_interrupted(hint));
    runtime()?.block_on(commands::run(cli, &context, &printer))
}

fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed("the asynchronous runtime cannot be started").because(error))
}

/// Ends the program at the first Ctrl-C, whatever it waits for: every verb
/// leaves things so that the same call goes on from there. A program that has to
/// end in order, as Terraform, which gives its lock back, is told instead: the
/// second Ctrl-C aborts it, the third ends this program all the same.
#[expect(clippy::exit, reason = "the verb may be waiting where nothing else reaches it")]
fn exit_when_interrupted(hint: &str) {
    let Ok(runtime) = runtime() else { return };
    while runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
        if interrupt().is_some_and(|told| told < 3) {
            continue;
        }
        restore_terminal();
        let error = Error::interrupted("interrupted").hint(hint);
        std::process::exit(told(&error) as i32);
    }
}
