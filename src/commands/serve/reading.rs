//! Reads bills and history again and again, on a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::ServeArgs;
use crate::cli::cost::ReadArgs;
use crate::commands::Run;
use crate::commands::cost::read::take;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::view::{Format, Printer};

/// How soon it is tried again after something could not be read.
const AGAIN: Duration = Duration::from_mins(1);

/// When bills and history were last read.
#[derive(Debug, Default)]
pub(super) struct Reading(Mutex<Read>);

/// What is known of reading.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    /// When all was read last.
    pub(super) at: Option<Timestamp>,
    /// Whether the last try failed.
    pub(super) failed: bool,
}

impl Reading {
    /// What is known now.
    pub(super) fn now(&self) -> Read {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Read { at: Some(at), failed: false };
    }

    fn failed(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed = true;
    }
}

/// Begins to read, where there is something to read.
///
/// # Errors
/// When no thread can be started.
pub(super) fn start(run: &Run<'_>, args: &ServeArgs, hub: String, reading: &Arc<Reading>) -> Result<()> {
    if args.bills.is_empty() && args.history.is_empty() {
        return Ok(());
    }
    let sources = ReadArgs {
        bills: args.bills.clone(),
        history: args.history.clone(),
        hub: Some(hub),
        ledger: args.ledger.clone(),
        ..ReadArgs::default()
    };
    let every = Duration::from_secs(args.every.as_secs());
    let (context, reading) = (run.context.clone(), Arc::clone(reading));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed("the asynchronous runtime cannot be started").because(error))?;
    let read = move || {
        let mut told = String::new();
        loop {
            let wait = runtime.block_on(once(&context, &sources, &reading, &mut told));
            thread::sleep(if wait { every } else { AGAIN.min(every) });
        }
    };
    let started = thread::Builder::new().name("bills".to_owned()).spawn(read);
    started.map(drop).map_err(|error| Error::failed("no thread can be started").because(error))
}

/// Reads everything once; whether it could. The same failure is told once.
async fn once(context: &Context, sources: &ReadArgs, reading: &Reading, told: &mut String) -> bool {
    let printer = Printer { format: Format::Table, quiet: true, moving: false, width: None };
    match take(&Run { context, printer: &printer }, sources).await {
        Ok(_) => {
            reading.done(context.now());
            told.clear();
            true
        }
        Err(error) => {
            reading.failed();
            let message = error.to_string();
            if *told != message {
                Printer::error(&error);
                *told = message;
            }
            false
        }
    }
}
