//! How much memory a run takes, counted before it.

use serde::{Deserialize, Serialize};

use super::{Limits, Pieces, Runs, Shape};
use crate::error::{Error, Result};
use crate::expression::{Expression, Moving, Span};
use crate::state::Axis;

/// What a run takes, at its peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Threads that compute.
    pub threads: usize,
    /// Blocks that each thread reads ahead of the one it computes with.
    pub ahead: u64,
    /// Bytes of the largest block's values as they are stored.
    pub block: u64,
    /// Bytes that reading a block takes besides: chunks before they are decoded; nothing where values are
    /// borrowed.
    pub reading: u64,
    /// Bytes of a block unpacked, mapped, coarsened and turned into anomalies, and of what windows that move keep.
    pub scratch: u64,
    /// Bytes of a run that is held until the means of its groups are known, with these.
    pub held: u64,
    /// Bytes that a sink takes to write a block.
    pub writing: u64,
    /// Bytes of a state.
    pub state: u64,
    /// States that are there at the same time: of runs at work, of runs that wait to be merged, and the one
    /// that they are merged into.
    pub states: u64,
    /// Bytes of the result.
    pub result: u64,
    /// Bytes of the means of groups, where a pass before computes them.
    pub means: u64,
    /// The peak of that pass.
    pub before: u64,
}

impl Memory {
    /// All of it together, in bytes.
    pub fn peak(&self) -> u64 {
        let threads = self.threads as u64;
        let blocks = self.block.saturating_add(self.reading).saturating_mul(1 + self.ahead);
        let each = blocks.saturating_add(self.scratch).saturating_add(self.held).saturating_add(self.writing);
        let states = self.state.saturating_mul(self.states);
        let own = threads.saturating_mul(each).saturating_add(states).saturating_add(self.result);
        own.saturating_add(self.means).max(self.before)
    }
}

/// How often what anomalies are made of is read.
#[derive(Clone, Copy)]
pub(super) struct Passes<'a> {
    /// Once: runs are held.
    pub is_held: bool,
    /// Twice: what the pass before takes.
    pub before: Option<&'a Memory>,
}

/// What a plan takes, made to fit where that is possible.
pub(super) fn of(
    shape: &Shape<'_>,
    regions: &[Pieces],
    runs: Runs,
    passes: Passes<'_>,
    limits: Limits,
) -> Result<Memory> {
    let part = shape.expression.part();
    let regions_count = regions.iter().map(Pieces::count).fold(1, u64::saturating_mul);
    let jobs = regions_count.saturating_mul(runs.map_or(1, |(_, runs)| runs.count()));
    let most = usize::try_from(jobs).unwrap_or(usize::MAX).max(1);
    let region: Vec<Span> = regions
        .iter()
        .zip(part)
        .map(|(pieces, span)| Span { start: span.start, count: pieces.longest() })
        .collect();
    let run = longest_run(shape.expression, &region, runs);
    let along = shape.block.iter().zip(&run).enumerate();
    let lies = |axis: usize| if axis < shape.solid { 1 } else { u64::MAX };
    let block: Vec<u64> =
        along.map(|(axis, (block, span))| (*block).min(span.count).min(lies(axis))).collect();
    let read = read(shape.expression, &block, &run);
    let of_threads = |threads: usize, ahead| -> Result<Memory> {
        Ok(Memory {
            threads,
            ahead,
            block: read.block,
            reading: read.reading,
            scratch: read.scratch,
            held: if passes.is_held { held(shape.expression, &run)? } else { 0 },
            writing: writing(shape, &block),
            state: state(shape, &region)?,
            states: (2 * threads as u64).min(jobs) + 1,
            result: shape.result()?,
            means: passes.before.map_or(0, |before| before.result),
            before: passes.before.map_or(0, Memory::peak),
        })
    };
    let mut threads = limits.threads.clamp(1, most);
    let mut memory = of_threads(threads, 1)?;
    while memory.peak() > limits.memory {
        match (memory.ahead, threads) {
            (0, 1) => {
                return Err(Error::Memory {
                    what: format!("the run over `{}`", shape.expression.array().name()),
                    needed: memory.peak(),
                    limit: limits.memory,
                });
            }
            (0, _) => {
                threads -= 1;
                memory = of_threads(threads, 1)?;
            }
            _ => memory = of_threads(threads, 0)?,
        }
    }
    Ok(memory)
}

/// What a state of a region takes, with the labels of groups, of which each has its own.
fn state(shape: &Shape<'_>, region: &[Span]) -> Result<u64> {
    let labels = shape.axes().iter().map(|axis| match axis {
        Axis::Grouped(groups) => size_of_val(groups.labels.as_slice()) as u64,
        Axis::Kept | Axis::Reduced => 0,
    });
    Ok(labels.fold(shape.state(region)?, u64::saturating_add))
}

/// The most that is read for a run along each axis.
fn longest_run(expression: &Expression, region: &[Span], runs: Runs) -> Vec<Span> {
    let mut run = region.to_vec();
    if let Some((axis, runs)) = runs {
        run[axis].count = runs.longest();
    }
    if let Some(moving) = expression.moving() {
        let more = (moving.window.length() as u64 - 1).saturating_mul(expression.window(moving.axis));
        let whole = expression.part()[moving.axis].count;
        run[moving.axis].count = run[moving.axis].count.saturating_add(more).min(whole);
    }
    run
}

/// What reading a block and computing with it takes.
struct Read {
    block: u64,
    reading: u64,
    scratch: u64,
}

/// For the array and what is beside it.
fn read(expression: &Expression, block: &[u64], run: &[Span]) -> Read {
    let elements = block.iter().copied().fold(1, u64::saturating_mul);
    let of = |expression: &Expression| {
        let array = expression.array();
        let bytes = elements.saturating_mul(array.element().size() as u64);
        Read {
            block: if is_borrowed(expression, block) { 0 } else { bytes },
            reading: elements.saturating_mul(array.reading()),
            scratch: scratch(expression, block, elements),
        }
    };
    let mut own = of(expression);
    own.scratch = own.scratch.saturating_add(stages(expression, block, run));
    if let Some(beside) = expression.companion() {
        let beside = of(&beside);
        own.block = own.block.saturating_add(beside.block);
        own.reading = own.reading.saturating_add(beside.reading);
        // Beside each value lies a double.
        let doubles = elements.saturating_mul(8);
        own.scratch = own.scratch.saturating_add(beside.scratch).saturating_add(doubles);
    }
    own
}

/// Whether blocks lie in one piece of the caller's memory.
fn is_borrowed(expression: &Expression, block: &[u64]) -> bool {
    let array = expression.array();
    if array.chunks().is_some() {
        return false;
    }
    let lengths = array.shape();
    let inner = block.iter().position(|length| *length != 1).map_or(block.len(), |first| first + 1);
    block.iter().zip(&lengths).skip(inner).all(|(length, whole)| length == whole)
}

/// What a sink takes for what becomes of a block: windows that a block ends are given with it.
fn writing(shape: &Shape<'_>, block: &[u64]) -> u64 {
    let expression = shape.expression;
    let moving = |axis| expression.moving().filter(|moving| moving.axis == axis);
    let along = block.iter().enumerate().map(|(axis, length)| {
        let coarse = match expression.window(axis) {
            1 => *length,
            window => length.div_ceil(window) + 1,
        };
        coarse.saturating_add(moving(axis).map_or(0, |moving| 2 * moving.window.length() as u64))
    });
    let bytes = along.fold(expression.element().size() as u64, u64::saturating_mul);
    shape.sink.map_or(0, |sink| sink.memory(bytes))
}

/// A block unpacked, the coarser one, and what is left of a window for the next block with its counts.
fn scratch(expression: &Expression, block: &[u64], elements: u64) -> u64 {
    let size = expression.element().size() as u64;
    let is_other = !expression.steps().is_empty() || expression.array().packing().is_some();
    let unpacked =
        if is_other || expression.element() != expression.array().element() { elements } else { 0 };
    let coarse = expression.coarsening().map_or(0, |coarsening| {
        let length = block[coarsening.axis].max(1);
        let folded = elements / length * (length.div_ceil(coarsening.window) + 2);
        let turned = if coarsening.is_turned(block) { elements + folded } else { 0 };
        folded.saturating_add(turned)
    });
    unpacked.saturating_add(coarse).saturating_mul(size)
}

/// Anomalies of a block, and what windows that move keep and give.
fn stages(expression: &Expression, block: &[u64], run: &[Span]) -> u64 {
    let size = expression.element().size() as u64;
    let coarse = |axis: usize, length: u64| length.div_ceil(expression.window(axis)) + 1;
    let elements = block.iter().enumerate().map(|(axis, length)| coarse(axis, *length));
    let anomalies = match expression.anomalies() {
        Some(_) => elements.fold(size, u64::saturating_mul),
        None => 0,
    };
    let windows = expression.moving().map_or(0, |moving| windows(expression, moving, block, run));
    anomalies.saturating_add(windows)
}

/// What windows keep of the steps before a block and what they give. Where blocks of others lie between those that
/// follow each other along their axis, it is kept of all of these.
fn windows(expression: &Expression, moving: Moving, block: &[u64], run: &[Span]) -> u64 {
    let size = expression.element().size() as u64;
    let is_between = expression.anomalies().is_some_and(|anomaly| anomaly.axis == moving.axis)
        || expression.coarsening().is_some_and(|coarsening| coarsening.axis != moving.axis);
    let row = |is_run: bool| {
        let along = block.iter().zip(run).enumerate().filter(|(axis, _)| *axis != moving.axis);
        let lengths = along.map(|(axis, (block, run))| {
            (if is_run { run.count } else { *block }).div_ceil(expression.window(axis))
        });
        lengths.fold(size, u64::saturating_mul)
    };
    let length = moving.window.length() as u64;
    let steps = block[moving.axis].div_ceil(expression.window(moving.axis)).saturating_add(2 * length);
    // The steps, the results, and the results turned round; of the others, the steps before.
    let now = row(false).saturating_mul(steps).saturating_mul(3);
    let others = if is_between { row(true).saturating_mul(2 * length) } else { 0 };
    now.saturating_add(others).saturating_add(moving.window.bytes(moving.what) as u64)
}

/// What is held of a run, and the means of its groups: two states of them.
fn held(expression: &Expression, run: &[Span]) -> Result<u64> {
    let size = expression.array().element().size() as u64;
    let values = run.iter().map(|span| span.count).fold(size, u64::saturating_mul);
    let means = match expression.climatology() {
        Some(climatology) => {
            let measure = climatology.measure();
            state(&Shape { expression: &climatology, measure, block: &[], solid: 0, sink: None }, run)?
        }
        None => 0,
    };
    Ok(values.saturating_add(means.saturating_mul(2)))
}
