//! Reads bills and history again and again, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use frazil_units::Amount;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::cli::ServeArgs;
use crate::cli::cost::{AskArgs, MOST_USD, ReadArgs};
use crate::commands::Run;
use crate::commands::cost::ask::modified;
use crate::commands::cost::read::take;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::ledger::Month;
use crate::view::{Format, Printer};

/// How soon it is tried again after something could not be read.
const AGAIN: Duration = Duration::from_mins(1);

/// When bills and history were last read.
#[derive(Debug, Default)]
pub(super) struct Reading(Mutex<Read>);

/// What is known of reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    if args.bills.is_empty() && args.history.is_empty() && args.bigquery.is_none() {
        return Ok(());
    }
    let most = Amount::from_decimal(MOST_USD).map_err(|error| Error::bug(error.to_string()))?;
    let ask = AskArgs {
        bigquery: args.bigquery.clone(),
        project: args.project.clone(),
        most,
        ..AskArgs::default()
    };
    let sources = ReadArgs {
        bills: args.bills.clone(),
        history: args.history.clone(),
        hub: Some(hub),
        ledger: args.ledger.clone(),
        ask,
        ..ReadArgs::default()
    };
    let every = Duration::from_secs(args.every.as_secs());
    let (context, reading) = (run.context.clone(), Arc::clone(reading));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::failed("the asynchronous runtime cannot be started").because(error))?;
    let read = move || {
        let (mut told, mut asked) = (String::new(), None);
        let mut pause = AGAIN.min(every);
        loop {
            let state = (&mut told, &mut asked);
            let done = guarded(&reading, || runtime.block_on(once(&context, &sources, &reading, state)));
            thread::sleep(if done { every } else { pause });
            pause = if done { AGAIN.min(every) } else { (pause * 2).min(every) };
        }
    };
    let started = thread::Builder::new().name("bills".to_owned()).spawn(read);
    started.map(drop).map_err(|error| Error::failed("no thread can be started").because(error))
}

/// Runs something that says whether it could read; what ends in a bug could not, and the page says so.
fn guarded(reading: &Reading, read: impl FnOnce() -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        reading.failed();
        false
    })
}

/// What a table was asked for, and how it was then: nothing new comes of asking for that again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AskedFor {
    modified: String,
    months: Vec<Month>,
}

/// Reads everything once; whether it could. The same failure is told once.
async fn once(
    context: &Context,
    sources: &ReadArgs,
    reading: &Reading,
    (told, asked): (&mut String, &mut Option<AskedFor>),
) -> bool {
    let printer = Printer { format: Format::Table, quiet: true, moving: false, width: None };
    match take_new(&Run { context, printer: &printer }, sources, asked).await {
        Ok(()) => {
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

/// Takes everything into the ledger, a table only where it has changed since.
async fn take_new(run: &Run<'_>, sources: &ReadArgs, asked: &mut Option<AskedFor>) -> Result<()> {
    let mut sources = sources.clone();
    let mut now = None;
    if sources.ask.is_any() {
        let months = months(run.context.today()?);
        now =
            modified(run, &sources.ask).await?.map(|modified| AskedFor { modified, months: months.clone() });
        if now.is_some() && now == *asked {
            sources.ask = AskArgs::default();
        } else {
            sources.ask.month = months;
        }
    }
    if sources.bills.is_empty() && sources.history.is_empty() && !sources.ask.is_any() {
        return Ok(());
    }
    take(run, &sources).await?;
    *asked = now;
    Ok(())
}

/// This month, and the one before, whose bill still changes in its first days.
fn months(today: Date) -> Vec<Month> {
    let before = today.first_of_month().yesterday().ok();
    before.into_iter().chain([today]).filter_map(Month::of).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_table_is_asked_for_this_month_and_the_one_before() {
        let told = |day: Date| months(day).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told(date(2026, 11, 22)), ["2026-10", "2026-11"]);
        assert_eq!(told(date(2027, 1, 1)), ["2026-12", "2027-01"]);
    }

    #[test]
    fn what_ends_in_a_bug_is_told_as_failed_and_is_tried_again() {
        let reading = Reading::default();
        reading.done(Timestamp::UNIX_EPOCH);
        assert!(!guarded(&reading, || panic!("a bug")));
        assert_eq!(reading.now(), Read { at: Some(Timestamp::UNIX_EPOCH), failed: true });
        let read = || {
            reading.done(Timestamp::UNIX_EPOCH);
            true
        };
        assert!(guarded(&reading, read) && !reading.now().failed);
    }
}
