//! The run of a plan: threads take runs in their order, read ahead, and reduce block after block; states are
//! merged in the order of the runs.

mod coarsen;
mod merge;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::sink::Sink;
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

/// Runs the plan of a reduction over the array that it was made for.
///
/// # Errors
/// [`Error::Invalid`] for a source of another array, or a plan that reduces nothing; what keeps a block from
/// being read; [`Error::Cancelled`].
pub fn run(plan: &Plan, source: &dyn Source, watch: &Watch) -> Result<Output> {
    must_be_of(plan, source)?;
    let measure = plan.measure().ok_or_else(|| {
        Error::invalid(
            format!("nothing of `{}` is reduced", source.array().name()),
            "end the expression with a reduction, or run it into a sink",
        )
    })?;
    let merge = Merge::new(plan, measure)?;
    on_threads(plan, || {
        while let Some(run) = merge.take() {
            merge.put(run, worker::state(plan, measure, run, source, watch));
        }
    });
    merge.finish()
}

/// Runs a plan that reduces nothing over the array that it was made for, into a sink.
///
/// # Errors
/// [`Error::Invalid`] for a source of another array, a plan that reduces, or a sink of another shape or type;
/// what keeps a block from being read or written; [`Error::Cancelled`]. What was written before stays.
pub fn run_into(plan: &Plan, source: &dyn Source, sink: &dyn Sink, watch: &Watch) -> Result<()> {
    must_be_of(plan, source)?;
    let expression = plan.expression();
    let shape: Vec<u64> = expression.dimensions().iter().map(|dimension| dimension.length).collect();
    if plan.measure().is_some() || sink.shape() != shape || sink.element() != expression.element() {
        return Err(Error::invalid(
            format!("a sink of {:?} of {} is not for this plan", sink.shape(), sink.element()),
            format!("run it into a sink of {shape:?} of {}, or a reduction into none", expression.element()),
        ));
    }
    let (next, failed) = (AtomicU64::new(0), Mutex::new(None));
    on_threads(plan, || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= plan.runs() || failed.lock().is_ok_and(|failed| failed.is_some()) {
                return;
            }
            if let Err(error) = worker::fill(plan, run, source, sink, watch) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

fn must_be_of(plan: &Plan, source: &dyn Source) -> Result<()> {
    if source.array() == plan.expression().array() {
        return Ok(());
    }
    Err(Error::invalid(
        format!("the plan is for another array than `{}`", source.array().name()),
        "plan again for this array",
    ))
}

/// Does the same on each of the plan's threads.
fn on_threads(plan: &Plan, work: impl Fn() + Sync) {
    if plan.memory().threads <= 1 {
        return work();
    }
    std::thread::scope(|scope| {
        for _ in 0..plan.memory().threads {
            scope.spawn(&work);
        }
    });
}

#[cfg(test)]
mod tests;
