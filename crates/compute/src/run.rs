//! The run of a plan: threads take runs in their order, read ahead, and reduce block after block; states are
//! merged in the order of the runs.

mod anomalies;
mod fold;
mod merge;
mod moving;
mod parts;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::cancellation::Cancellation;
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::sink::Sink;
use crate::source::Source;
use crate::state::Output;
use anomalies::Means;
use merge::Merge;
pub use parts::{Order, Part, finish, merge, run_portion};

/// What is seen of a run from outside, and how it is ended.
#[derive(Debug, Default)]
pub struct Watch {
    bytes: AtomicU64,
    cancellation: Cancellation,
}

impl Watch {
    /// A run that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// A run that has not begun, and that is ended by this too.
    pub fn with(cancellation: Cancellation) -> Self {
        Self { cancellation, ..Self::default() }
    }

    /// Bytes of values that were reduced so far, as they are stored without compression.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Ends the run before its next block.
    pub fn cancel(&self) {
        self.cancellation.cancel();
    }

    /// What ends it: for sources that are not to be waited for then either.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.cancellation.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// What all runs of a plan need.
#[derive(Clone, Copy)]
struct Job<'a> {
    plan: &'a Plan,
    source: &'a dyn Source,
    beside: Option<&'a dyn Source>,
    /// The means of groups, where a pass before computed them.
    means: Option<&'a Means>,
    watch: &'a Watch,
}

/// Runs the plan of a reduction over the array that it was made for.
///
/// # Errors
/// [`Error::Invalid`] for a source of another array, or a plan that reduces nothing or takes another array beside it;
/// what keeps a block from being read; [`Error::Cancelled`].
pub fn run(plan: &Plan, source: &dyn Source, watch: &Watch) -> Result<Output> {
    reduce(plan, source, None, watch)
}

/// Runs the plan of a reduction over the array that it was made for and the one beside it.
///
/// # Errors
/// As [`run`].
pub fn run_beside(plan: &Plan, source: &dyn Source, beside: &dyn Source, watch: &Watch) -> Result<Output> {
    reduce(plan, source, Some(beside), watch)
}

fn reduce(plan: &Plan, source: &dyn Source, beside: Option<&dyn Source>, watch: &Watch) -> Result<Output> {
    must_be_of(plan, source, beside)?;
    let measure = plan.measure().ok_or_else(|| {
        Error::invalid(
            format!("nothing of `{}` is reduced", source.array().name()),
            "end the expression with a reduction, or run it into a sink",
        )
    })?;
    let means = means(plan, source, watch)?;
    let job = Job { plan, source, beside, means: means.as_ref(), watch };
    let merge = Merge::new(plan, measure)?;
    on_threads(plan, || {
        while let Some(run) = merge.take() {
            match catch_unwind(AssertUnwindSafe(|| worker::state(job, measure, run))) {
                Ok(state) => merge.put(run, state),
                Err(panic) => {
                    // Nobody is to wait for what does not come.
                    merge.put(run, Err(Error::Cancelled));
                    resume_unwind(panic);
                }
            }
        }
    });
    merge.finish()
}

/// Runs a plan that reduces nothing over the array that it was made for, into a sink. What the sink takes is counted by
/// plans that were made for it: see [`Plan::into_sink`].
///
/// # Errors
/// [`Error::Invalid`] for a source of another array, a plan that reduces, or a sink of another shape or type;
/// what keeps a block from being read or written; [`Error::Cancelled`]. What was written before stays.
pub fn run_into(plan: &Plan, source: &dyn Source, sink: &dyn Sink, watch: &Watch) -> Result<()> {
    must_be_of(plan, source, None)?;
    let expression = plan.expression();
    let shape: Vec<u64> = expression.dimensions().iter().map(|dimension| dimension.length).collect();
    if plan.measure().is_some() || sink.shape() != shape || sink.element() != expression.element() {
        return Err(Error::invalid(
            format!("a sink of {:?} of {} is not for this plan", sink.shape(), sink.element()),
            format!("run it into a sink of {shape:?} of {}, or a reduction into none", expression.element()),
        ));
    }
    let means = means(plan, source, watch)?;
    let job = Job { plan, source, beside: None, means: means.as_ref(), watch };
    let (next, failed) = (AtomicU64::new(0), Mutex::new(None));
    on_threads(plan, || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= plan.runs() || failed.lock().is_ok_and(|failed| failed.is_some()) {
                return;
            }
            if let Err(error) = worker::fill(job, run, sink) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// The means that elements are to differ from, where a pass of its own computes them.
fn means(plan: &Plan, source: &dyn Source, watch: &Watch) -> Result<Option<Means>> {
    match plan.before() {
        Some(before) => Means::of(plan.expression(), reduce(before, source, None, watch)?),
        None => Ok(None),
    }
}

fn must_be_of(plan: &Plan, source: &dyn Source, beside: Option<&dyn Source>) -> Result<()> {
    let expression = plan.expression();
    if source.array() != expression.array() {
        return Err(Error::invalid(
            format!("the plan is for another array than `{}`", source.array().name()),
            "plan again for this array",
        ));
    }
    let companion = expression.companion();
    match (&companion, beside) {
        (None, None) => Ok(()),
        (Some(companion), Some(beside)) if companion.array() == beside.array() => Ok(()),
        (Some(companion), _) => Err(Error::invalid(
            format!("the plan takes `{}` beside `{}`", companion.array().name(), source.array().name()),
            "give it both",
        )),
        (None, Some(beside)) => Err(Error::invalid(
            format!("the plan takes nothing beside `{}`", source.array().name()),
            format!("run it without `{}`", beside.array().name()),
        )),
    }
}

/// Does the same on each of the plan's threads, of which this one is the first; on fewer where the system has no more.
fn on_threads(plan: &Plan, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 1..plan.memory().threads {
            if thread::Builder::new().spawn_scoped(scope, &work).is_err() {
                break;
            }
        }
        work();
    });
}

#[cfg(test)]
mod tests;
