//! States of runs become the result, in the order of the runs.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::state::{Measure, Output, State};

/// What all threads know.
pub(super) struct Merge<'a> {
    plan: &'a Plan,
    shared: Mutex<Shared>,
    changed: Condvar,
}

struct Shared {
    /// The next run that nobody has taken.
    next: u64,
    /// The next run that is to be merged.
    due: u64,
    /// States of runs behind that one.
    waiting: BTreeMap<u64, State>,
    /// What the runs of the region so far have become.
    merged: Option<State>,
    result: Option<Output>,
    failed: Option<Error>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(plan: &'a Plan, measure: &Measure) -> Result<Self> {
        // Where there is nothing to read there is a result: sums of nothing.
        let result = match plan.runs() {
            0 => Some(State::new(measure, plan.cells(plan.expression().part())?)?.finish()),
            _ => None,
        };
        let shared = Shared { next: 0, due: 0, waiting: BTreeMap::new(), merged: None, result, failed: None };
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
    fn advance(&self, shared: &mut Shared) -> Result<()> {
        loop {
            let due = shared.due;
            let Some(state) = shared.waiting.remove(&due) else { return Ok(()) };
            match &mut shared.merged {
                Some(merged) => merged.merge(&state)?,
                merged @ None => *merged = Some(state),
            }
            shared.due += 1;
            if shared.due.is_multiple_of(self.plan.runs_of_region()) {
                let Some(merged) = shared.merged.take() else { return Ok(()) };
                self.place(shared, due, merged.finish())?;
            }
        }
    }

    /// Puts the result of a region where it belongs.
    fn place(&self, shared: &mut Shared, run: u64, output: Output) -> Result<()> {
        if self.plan.runs() == self.plan.runs_of_region() {
            shared.result = Some(output);
            return Ok(());
        }
        let (_, region) = self.plan.region(run);
        let whole = self.plan.cells(self.plan.expression().part())?;
        let part = self.plan.cells(&region)?;
        match &mut shared.result {
            Some(result) => result.put(&output, &part),
            result @ None => {
                let mut all = output.sized(&whole)?;
                all.put(&output, &part);
                *result = Some(all);
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Output> {
        let divisor = self.plan.expression().reduction().and_then(|reduction| reduction.divisor);
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = shared.failed {
            return Err(error);
        }
        let mut output = shared.result.ok_or(Error::Cancelled)?;
        if let Some(divisor) = divisor {
            output.values = output.values.divided(divisor);
        }
        Ok(output)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
