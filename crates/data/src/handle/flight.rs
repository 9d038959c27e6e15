//! A range on its way, for which any number of readers wait.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::cache::Intervals;
use crate::error::Error;

/// A range on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) range: Range<u64>,
    pub(super) outcome: watch::Receiver<Option<Arc<Outcome>>>,
    pub(super) task: AbortHandle,
    /// What readers wait for of it.
    pub(super) wanted: Intervals,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What came, with the first byte of each piece.
    pub(super) pieces: Vec<(u64, Bytes)>,
    error: Mutex<Option<Error>>,
}

/// What a reader waits for.
pub(super) struct Awaited {
    pub(super) from: u64,
    outcome: watch::Receiver<Option<Arc<Outcome>>>,
}

impl Flight {
    pub(super) fn overlaps(&self, range: &Range<u64>) -> bool {
        self.range.start < range.end && range.start < self.range.end
    }

    /// What a reader of a range, which it overlaps, waits for.
    pub(super) fn awaited(&mut self, range: &Range<u64>) -> Awaited {
        self.wanted.insert(&(range.start.max(self.range.start)..range.end.min(self.range.end)));
        Awaited { from: self.range.start, outcome: self.outcome.clone() }
    }
}

impl Outcome {
    pub(super) fn came(pieces: Vec<(u64, Bytes)>) -> Self {
        Self { pieces, error: Mutex::default() }
    }

    pub(super) fn failed(error: Error) -> Self {
        Self { pieces: Vec::new(), error: Mutex::new(Some(error)) }
    }

    /// Why it failed, for the first who asks; the others ask afar again, and hear for themselves.
    pub(super) fn take_error(&self) -> Option<Error> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Awaited {
    /// The outcome; none where the task was stopped.
    pub(super) async fn wait(mut self) -> Option<Arc<Outcome>> {
        let outcome = self.outcome.wait_for(Option::is_some).await.ok()?;
        outcome.clone()
    }
}
