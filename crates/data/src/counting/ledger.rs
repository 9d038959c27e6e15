//! Into the byte ledger: sums of a second at a time, and what is left when the process ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use frazil_byte_ledger::{Record, Who, Writer};

use super::Label;
use super::meter::Sums;
use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// The variable that names the byte ledger's folder: without it nothing is written.
pub const FOLDER: &str = "FRAZIL_BYTE_LEDGER";
/// Sums are kept so long before they are written; a kill loses no more than that.
const EVERY: Duration = Duration::from_secs(1);

/// Sums that are still to be written.
#[derive(Debug)]
pub(super) struct Pending {
    writer: Writer,
    surroundings: Surroundings,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sums: BTreeMap<Label, (u64, Sums)>,
    /// Whether somebody will write them soon.
    is_due: bool,
    /// Why the last writing failed.
    failed: Option<String>,
}

impl Pending {
    pub(super) fn open(folder: &Path, who: &Who, surroundings: &Surroundings) -> Result<Self> {
        let writer = Writer::open(folder, who).map_err(|error| unusable(folder, &error))?;
        Ok(Self { writer, surroundings: surroundings.clone(), state: Mutex::default() })
    }

    /// Adds to the sums, and has them written in a while: by a task where there is a runtime, else by
    /// the next that adds to them.
    pub(super) fn add(of: &Arc<Self>, label: &Label, sums: Sums) {
        let now = of.now();
        let mut state = of.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, kept) = state.sums.entry(label.clone()).or_insert((now, Sums::default()));
        *kept += sums;
        let is_old = now.saturating_sub(*since) >= u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX);
        if is_old {
            // Who would have written them is late, or gone with its runtime.
            state.is_due = false;
            of.write(&mut state);
        } else if !state.is_due
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            state.is_due = true;
            let later = Arc::downgrade(of);
            drop(runtime.spawn(async move {
                tokio::time::sleep(EVERY).await;
                if let Some(pending) = later.upgrade() {
                    let mut state = pending.state.lock().unwrap_or_else(PoisonError::into_inner);
                    state.is_due = false;
                    pending.write(&mut state);
                }
            }));
        }
    }

    /// Writes what is pending now.
    pub(super) fn flush(&self) -> std::result::Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&mut state);
        state.failed.take().map_or(Ok(()), Err)
    }

    /// What the ledger refuses stays, and is tried again with the next sums.
    fn write(&self, state: &mut State) {
        let now = self.now();
        state.failed = None;
        let failed = &mut state.failed;
        state.sums.retain(|label, (since, sums)| {
            let appended = self.writer.append(&record(label, *since, now, *sums));
            if let Err(error) = &appended {
                *failed = Some(error.to_string());
            }
            appended.is_err()
        });
    }

    fn now(&self) -> u64 {
        u64::try_from(self.surroundings.now().as_millisecond()).unwrap_or_default()
    }
}

/// What is left is written when the last who counts is gone.
impl Drop for Pending {
    fn drop(&mut self) {
        self.flush().ok();
    }
}

fn record(label: &Label, since: u64, time: u64, sums: Sums) -> Record {
    Record {
        time: time.max(since),
        since,
        dataset: label.dataset.clone(),
        bucket: label.bucket.clone(),
        region: label.region.clone(),
        route: label.route,
        requester_pays: label.requester_pays,
        requests: sums.requests,
        requested: sums.requested,
        received: sums.received,
    }
}

fn unusable(folder: &Path, error: &frazil_byte_ledger::Error) -> Error {
    Error::Invalid {
        what: format!("the byte ledger in {} cannot be used: {error}", folder.display()),
        advice: format!("set {FOLDER} to a folder that you can write to, or unset it"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use frazil_byte_ledger::{Route, read};

    use super::*;
    use crate::surroundings::Clock;

    fn pending(folder: &Path) -> Arc<Pending> {
        let surroundings = Surroundings::made([("A", "b")]);
        Arc::new(
            Pending::open(folder, &Who { user: "ada".to_owned(), ..Who::default() }, &surroundings).unwrap(),
        )
    }

    fn label() -> Label {
        Label { dataset: "ATL03.006".to_owned(), route: Route::InRegion, ..Label::default() }
    }

    fn sums(received: u64) -> Sums {
        Sums { requests: 1, requested: received, received, ..Sums::default() }
    }

    #[test]
    fn what_is_left_is_written_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = pending(folder.path());
        Pending::add(&ledger, &label(), sums(10));
        Pending::add(&ledger, &label(), sums(20));
        assert_eq!(read(folder.path()).unwrap().count(), 0);
        drop(ledger);
        let entries: Vec<_> = read(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].record.requests, entries[0].record.received), (2, 30));
        assert_eq!((entries[0].who.user.as_str(), entries[0].record.dataset.as_str()), ("ada", "ATL03.006"));
    }

    #[tokio::test]
    async fn an_idle_process_has_written_its_sums() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = pending(folder.path());
        Pending::add(&ledger, &label(), sums(10));
        tokio::time::sleep(EVERY * 2).await;
        assert_eq!(read(folder.path()).unwrap().count(), 1);
        Pending::add(&ledger, &label(), sums(1));
        tokio::time::sleep(EVERY * 2).await;
        let received: Vec<u64> =
            read(folder.path()).unwrap().map(|entry| entry.unwrap().record.received).collect();
        assert_eq!(received, [10, 1]);
    }

    #[test]
    fn sums_are_written_after_the_runtime_that_would_have_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let surroundings = Surroundings::made([("A", "b")]).with_clock(Clock::Shifted(Arc::clone(&ahead)));
        let ledger = Arc::new(Pending::open(folder.path(), &Who::default(), &surroundings).unwrap());
        for round in 1..4 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Pending::add(&ledger, &label(), sums(10)) });
            drop(runtime);
            ahead.fetch_add(2, Ordering::Relaxed);
            Pending::add(&ledger, &label(), sums(1));
            let entries = read(folder.path()).unwrap().map(|entry| entry.unwrap().record.received);
            assert_eq!(entries.sum::<u64>(), 11 * round);
        }
    }

    #[test]
    fn a_label_that_is_refused_is_told_though_the_last_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = pending(folder.path());
        let long = Label { bucket: "a".repeat(1 << 20), ..Label::default() };
        assert!(long < label());
        for label in [&long, &label()] {
            Pending::add(&ledger, label, sums(1));
        }
        assert!(ledger.flush().unwrap_err().contains("shorten its texts"));
        assert_eq!(read(folder.path()).unwrap().count(), 1);
        assert!(ledger.flush().is_err(), "it is still there");
    }

    #[test]
    fn a_folder_that_is_a_file_is_told_with_the_variable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error =
            Pending::open(file.path(), &Who::default(), &Surroundings::made([("A", "b")])).unwrap_err();
        assert!(error.advice().contains(FOLDER), "{error}");
    }
}
