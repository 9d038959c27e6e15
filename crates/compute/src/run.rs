//! The run of a plan: threads take runs in their order, read ahead, and reduce block after block; states are
//! merged in the order of the runs.

mod coarsen;
mod merge;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::source::Source;
use crate::state::Output;
use merge::Merge;

/// What is seen of a run from outside, and how it is ended.
#[derive(Debug, Default)]
pub struct Watch {
    bytes: AtomicU64,
    is_cancelled: AtomicBool,
}

impl Watch {
    /// A run that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of values that were reduced so far, as they are stored without compression.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Ends the run before its next block.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Runs a plan over the array that it was made for.
///
/// # Errors
/// [`Error::Invalid`] for a source of another array; what keeps a block from being read; [`Error::Cancelled`].
pub fn run(plan: &Plan, source: &dyn Source, watch: &Watch) -> Result<Output> {
    if source.array() != plan.expression().array() {
        return Err(Error::invalid(
            format!("the plan is for another array than `{}`", source.array().name()),
            "plan again for this array",
        ));
    }
    let merge = Merge::new(plan)?;
    if plan.memory().threads <= 1 {
        worker::work(plan, source, watch, &merge);
    } else {
        std::thread::scope(|scope| {
            for _ in 0..plan.memory().threads {
                scope.spawn(|| worker::work(plan, source, watch, &merge));
            }
        });
    }
    merge.finish()
}

#[cfg(test)]
mod tests;
