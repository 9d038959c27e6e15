//! States of runs become the result, in the order of the runs.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::fold::{Placed, merged_into};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::state::{Measure, Output, State};

/// What all threads know.
pub(super) struct Merge<'a> {
    plan: &'a Plan,
    shared: Mutex<Shared<'a>>,
    changed: Condvar,
}

struct Shared<'a> {
    /// The next run that nobody has taken.
    next: u64,
    /// The next run that is to be merged.
    due: u64,
    /// States of runs behind that one.
    waiting: BTreeMap<u64, State>,
    /// What the runs of the batch so far have become.
    batch: Option<State>,
    /// What the batches of the region so far have become.
    merged: Option<State>,
    placed: Placed<'a>,
    failed: Option<Error>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(plan: &'a Plan, measure: &Measure) -> Result<Self> {
        let placed = Placed::new(plan.expression(), measure, plan.runs() == 0)?;
        let (waiting, batch, merged, failed) = (BTreeMap::new(), None, None, None);
        let shared = Shared { next: 0, due: 0, waiting, batch, merged, placed, failed };
        Ok(Self { plan, shared: Mutex::new(shared), changed: Condvar::new() })
    }

    /// A run that is to be done next; none where all are taken, or one has failed. Waits while too many states
    /// wait to be merged.
    pub(super) fn take(&self) -> Option<u64> {
        let mut shared = self.lock();
        loop {
            if shared.failed.is_some() || shared.next >= self.plan.runs() {
                return None;
            }
            if shared.next - shared.due < 2 * self.plan.memory().threads as u64 {
                shared.next += 1;
                return Some(shared.next - 1);
            }
            shared = self.changed.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What became of a run.
    pub(super) fn put(&self, run: u64, state: Result<State>) {
        let mut shared = self.lock();
        match state {
            Ok(state) => {
                shared.waiting.insert(run, state);
                if let Err(error) = self.advance(&mut shared) {
                    shared.failed.get_or_insert(error);
                }
            }
            Err(error) => {
                shared.failed.get_or_insert(error);
            }
        }
        self.changed.notify_all();
    }

    /// Merges what is due.
    fn advance(&self, shared: &mut Shared<'_>) -> Result<()> {
        loop {
            let due = shared.due;
            let Some(state) = shared.waiting.remove(&due) else { return Ok(()) };
            merged_into(&mut shared.batch, state)?;
            shared.due += 1;
            let (of_region, runs) = (shared.due % self.plan.runs_of_region(), self.plan.runs());
            if of_region.is_multiple_of(self.plan.batch()) {
                let batch = shared.batch.take();
                batch.map_or(Ok(()), |batch| merged_into(&mut shared.merged, batch))?;
            }
            if of_region == 0
                && let Some(merged) = shared.merged.take()
            {
                let (_, region) = self.plan.region(due);
                shared.placed.put(&region, merged.finish(), runs == self.plan.runs_of_region())?;
            }
        }
    }

    pub(super) fn finish(self) -> Result<Output> {
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        match shared.failed {
            Some(error) => Err(error),
            None => shared.placed.finish().ok_or(Error::Cancelled),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared<'a>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
