//! How much memory a run takes, counted before it.

use super::{Limits, Pieces, Runs, Shape, strips};
use crate::error::{Error, Result};
use crate::expression::{Array, Expression, Moving, Span};
use crate::source::strip;
use crate::state::Axis;

/// What a run takes, at its peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Threads that compute.
    pub threads: usize,
    /// Blocks that each thread reads ahead of the one it computes with.
    pub ahead: u64,
    /// Bytes of the largest block's values as they are stored.
    pub block: u64,
    /// Bytes that reading a block takes besides: chunks as they are stored, and decoded where a block is not just one
    /// of them; nothing where values are borrowed.
    pub reading: u64,
    /// Bytes of a block unpacked, mapped, coarsened and turned into anomalies, and of what windows that move keep.
    pub scratch: u64,
    /// Bytes of a run that is held until the means of its groups are known, with these.
    pub held: u64,
    /// Bytes that a sink takes to write a block.
    pub writing: u64,
    /// Bytes of a state, with the labels of its groups.
    pub state: u64,
    /// States that are there at the same time: of runs at work, of runs that wait to be merged, and the one
    /// that they are merged into.
    pub states: u64,
    /// Bytes of the result.
    pub result: u64,
    /// Whether another process puts the result together, which then takes no memory of the run.
    pub is_elsewhere: bool,
    /// Bytes of the means of groups, where a pass before computes them.
    pub means: u64,
    /// The peak of that pass.
    pub before: u64,
}

impl Memory {
    /// All of it together, in bytes.
    pub fn peak(&self) -> u64 {
        let threads = self.threads as u64;
        let blocks = self.of_block().saturating_mul(self.ahead.saturating_add(1));
        let each = blocks.saturating_add(self.of_work());
        let states = self.state.saturating_mul(self.states);
        let result = if self.is_elsewhere { 0 } else { self.result };
        let own = threads.saturating_mul(each).saturating_add(states).saturating_add(result);
        own.saturating_add(self.means).max(self.before)
    }

    /// What a block takes, with reading it.
    pub(super) fn of_block(&self) -> u64 {
        self.block.saturating_add(self.reading)
    }

    /// What a thread takes to work in.
    pub(super) fn of_work(&self) -> u64 {
        self.scratch.saturating_add(self.held).saturating_add(self.writing)
    }

    /// What as many threads as possible take together, up to so many, with a block ahead of each if there is room; none
    /// where there is too little for one.
    fn within(self, limit: u64, threads: usize, jobs: u64) -> Option<Self> {
        let more = self.states - states(1, jobs);
        let of = |threads, ahead| Self { threads, ahead, states: states(threads, jobs) + more, ..self };
        let fits = |memory: &Self| memory.peak() <= limit;
        // More threads take more: halved until it is known how many do.
        let (mut fitting, mut beyond) = (0, threads.saturating_add(1));
        while beyond - fitting > 1 {
            let middle = fitting + (beyond - fitting) / 2;
            if fits(&of(middle, 0)) { fitting = middle } else { beyond = middle }
        }
        let ahead = u64::from(fits(&of(fitting, 1)));
        (fitting > 0).then(|| of(fitting, ahead))
    }
}

/// How often what anomalies are made of is read.
#[derive(Clone, Copy)]
pub(super) struct Passes<'a> {
    /// Once: runs are held.
    pub is_held: bool,
    /// Twice: what the pass before takes.
    pub before: Option<&'a Memory>,
    /// Whether there is more than one batch: what one becomes is there besides what those before it have.
    pub is_batched: bool,
    /// Whether another process puts the result together.
    pub is_elsewhere: bool,
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
    let strip = strips::strip(shape.expression, shape.block, passes);
    let read = match &strip {
        None => read(shape.expression, shape.block, &block, &run),
        Some(strip) => read_in_strips(shape.expression, &block, strip, &run),
    };
    let one = Memory {
        threads: 1,
        ahead: 0,
        block: read.block,
        reading: read.reading,
        scratch: read.scratch,
        held: if passes.is_held { held(shape.expression, &run, passes.is_batched)? } else { 0 },
        writing: writing(shape, &block),
        state: state(shape, &region)?,
        states: states(1, jobs) + u64::from(passes.is_batched),
        result: shape.result()?,
        is_elsewhere: passes.is_elsewhere,
        means: passes.before.map_or(0, |before| before.result),
        before: passes.before.map_or(0, Memory::peak),
    };
    one.within(limits.memory, limits.threads.clamp(1, most), jobs).ok_or_else(|| Error::Memory {
        what: format!("the run over `{}`", shape.expression.array().name()),
        needed: one.peak(),
        limit: limits.memory,
    })
}

/// How many states there are at a time: of runs at work and of runs that wait, and the one that they become.
fn states(threads: usize, jobs: u64) -> u64 {
    (threads as u64).saturating_mul(2).min(jobs).saturating_add(1)
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

/// For the array and what is beside it, of the largest block; `full` is one that nothing cuts.
fn read(expression: &Expression, full: &[u64], block: &[u64], run: &[Span]) -> Read {
    let elements = block.iter().copied().fold(1, u64::saturating_mul);
    let of = |own: &Expression| {
        let array = own.array();
        let bytes = elements.saturating_mul(array.element().size() as u64);
        Read {
            block: if is_borrowed(own, block) { 0 } else { bytes },
            reading: reading(array, expression, full, block),
            scratch: scratch(own, block),
        }
    };
    let mut own = of(expression);
    own.scratch = own.scratch.saturating_add(stages(expression, block, run));
    if let Some(beside) = expression.companion() {
        let (is_float, beside) = (beside.element().is_float(), of(&beside));
        own.block = own.block.saturating_add(beside.block);
        own.reading = own.reading.saturating_add(beside.reading);
        // Beside each value lies a double, which whole numbers become before.
        let doubles = elements.saturating_mul(if is_float { 8 } else { 16 });
        own.scratch = own.scratch.saturating_add(beside.scratch).saturating_add(doubles);
    }
    own
}

/// For an array whose blocks are chunks that are decoded strip after strip.
fn read_in_strips(expression: &Expression, block: &[u64], strip: &[u64], run: &[Span]) -> Read {
    let array = expression.array();
    let stored = block.iter().copied().fold(array.reading(), u64::saturating_mul);
    let strip: Vec<u64> = strip.iter().zip(block).map(|(strip, block)| *strip.min(block)).collect();
    let decoded = strip.iter().copied().fold(array.element().size() as u64, u64::saturating_mul);
    let scratch = scratch(expression, &strip).saturating_add(stages(expression, &strip, run));
    // What is decoded has the room of what zarrs makes of it.
    Read { block: decoded.saturating_mul(2), reading: stored, scratch }
}

/// What reading a block takes besides its values: the chunks that it touches as they are stored; and these decoded,
/// where the block is not just one of them.
fn reading(array: &Array, of: &Expression, full: &[u64], block: &[u64]) -> u64 {
    let elements = block.iter().copied().fold(1, u64::saturating_mul);
    let Some(chunks) = array.chunks().filter(|_| !array.is_in_parts()) else {
        return elements.saturating_mul(array.reading());
    };
    let along = block.iter().enumerate().map(|(axis, length)| {
        let chunk = chunks[axis];
        // Blocks of whole chunks touch no others; others touch one more at most than they are long.
        let is_whole =
            !array.is_uneven() && of.array().chunks().is_some_and(|own| own[axis].is_multiple_of(chunk));
        let most = if is_whole { full[axis] } else { u64::MAX };
        let touched = length.div_ceil(chunk).saturating_add(1).saturating_mul(chunk);
        touched.min(most).min(array.decoded(axis, of.part()[axis]))
    });
    let touched = along.fold(1, u64::saturating_mul);
    let is_chunk = touched == elements && chunks.iter().copied().fold(1, u64::saturating_mul) == touched;
    let decoded = if is_chunk { 0 } else { touched.saturating_mul(array.element().size() as u64) };
    touched.saturating_mul(array.reading()).saturating_add(decoded)
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
            window => length.div_ceil(window).saturating_add(1),
        };
        coarse.saturating_add(moving(axis).map_or(0, |moving| 2 * moving.window.length() as u64))
    });
    let bytes = along.fold(expression.element().size() as u64, u64::saturating_mul);
    shape.writing.map_or(0, |writing| writing(bytes))
}

/// What is unpacked of a block at once, the coarser one, and what is left of a window for the next block with its counts.
fn scratch(expression: &Expression, block: &[u64]) -> u64 {
    let size = expression.element().size() as u64;
    let is_other = !expression.steps().is_empty() || expression.array().packing().is_some();
    let block = strip(expression, block.to_vec());
    let elements = block.iter().copied().fold(1, u64::saturating_mul);
    let unpacked =
        if is_other || expression.element() != expression.array().element() { elements } else { 0 };
    let coarse = expression.coarsening().map_or(0, |coarsening| {
        let length = block[coarsening.axis].max(1);
        let windows = length.div_ceil(coarsening.window).saturating_add(2);
        let folded = (elements / length).saturating_mul(windows);
        let turned = if coarsening.is_turned(&block) { elements.saturating_add(folded) } else { 0 };
        folded.saturating_add(turned)
    });
    unpacked.saturating_add(coarse).saturating_mul(size)
}

/// Anomalies of a block, and what windows that move keep and give.
fn stages(expression: &Expression, block: &[u64], run: &[Span]) -> u64 {
    let size = expression.element().size() as u64;
    let coarse = |axis: usize, length: u64| length.div_ceil(expression.window(axis)).saturating_add(1);
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
    let row = |is_run: bool| {
        let along = block.iter().zip(run).enumerate().filter(|(axis, _)| *axis != moving.axis);
        let lengths = along.map(|(axis, (block, run))| {
            (if is_run { run.count } else { *block }).div_ceil(expression.window(axis))
        });
        lengths.fold(size, u64::saturating_mul)
    };
    let length = moving.window.length() as u64;
    let steps = block[moving.axis].div_ceil(expression.window(moving.axis)).saturating_add(2 * length);
    // The steps, the results, and the results turned round; steps that come few at a time have room for twice as many.
    let now = row(false).saturating_mul(steps.saturating_mul(3).saturating_add(2 * length));
    let others = if expression.is_between() { row(true).saturating_mul(4 * length) } else { 0 };
    now.saturating_add(others).saturating_add(moving.window.bytes(moving.what) as u64)
}

/// What is held of a run, and the means of its groups: two states of them, or three.
fn held(expression: &Expression, run: &[Span], is_batched: bool) -> Result<u64> {
    let size = expression.array().element().size() as u64;
    let values = run.iter().map(|span| span.count).fold(size, u64::saturating_mul);
    let means = match expression.climatology() {
        Some(climatology) => {
            let measure = climatology.measure();
            state(&Shape { expression: &climatology, measure, block: &[], solid: 0, writing: None }, run)?
        }
        None => 0,
    };
    Ok(values.saturating_add(means.saturating_mul(2 + u64::from(is_batched))))
}
