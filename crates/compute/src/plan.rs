//! How an expression is run, known before anything is read: which parts are read in which order, what each
//! reduces to, and how much memory that takes at most.
//!
//! A plan is arithmetic over the grid of chunks: its size does not depend on the array's. The array is cut
//! along the axes that the result keeps into *regions*, each region along one reduced axis into *runs*, and
//! each run into *blocks*. A block is a box of whole chunks, read once. A run is taken by one thread, block
//! after block, into a state; states are merged in the order of the runs. Runs and blocks along reduced axes
//! depend on the array and the expression alone, so that sums are the same for any number of threads.

mod explain;
mod memory;
mod pieces;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::expression::{Expression, Span};
use crate::state::{Axis, Cells, Measure, bytes_of};

pub use memory::Memory;
pub(crate) use pieces::Pieces;
use pieces::together;

/// How large what is cut is, where chunks leave a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Bytes of a block that is read from where chunks are stored: enough that what each read costs besides
    /// is little.
    stored: u64,
    /// Bytes of a block of memory: what the next pass still finds in a core's cache.
    memory: u64,
    /// Bytes of a window in memory with all that lies between its elements: it need not be copied then.
    window: u64,
    /// Bytes of a run: many runs keep threads busy to the end, few make merging cheap.
    run: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { stored: 8 << 20, memory: 1 << 20, window: 64 << 20, run: 32 << 20 }
    }
}

/// A run reads so many times what its state takes.
const READ_PER_STATE: u64 = 8;

/// What a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Threads that compute.
    pub threads: usize,
    /// Bytes of memory, with the result.
    pub memory: u64,
}

#[cfg(test)]
impl Sizes {
    /// All alike: so that small arrays are cut.
    pub(crate) fn small(bytes: u64) -> Self {
        Self { stored: bytes, memory: bytes, window: bytes, run: 2 * bytes }
    }
}

impl Default for Limits {
    /// All cores, 1 GiB.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from), memory: 1 << 30 }
    }
}

/// How an expression is run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    expression: Expression,
    /// Along each axis; one piece along axes that are reduced.
    regions: Vec<Pieces>,
    /// Which axis runs are cut along, and how.
    runs: Option<(usize, Pieces)>,
    /// Elements of a block along each axis.
    block: Vec<u64>,
    /// Elements that are stored together along each axis.
    unit: Vec<u64>,
    memory: Memory,
}

impl Plan {
    /// Plans an expression within limits: with fewer blocks at a time and fewer threads where memory is short.
    ///
    /// # Errors
    /// [`crate::Error::Memory`] where the limits are too
    /// narrow, with what is needed.
    pub fn new(expression: &Expression, limits: Limits) -> Result<Self> {
        Self::of_sizes(expression, limits, Sizes::default())
    }

    pub(crate) fn of_sizes(expression: &Expression, limits: Limits, sizes: Sizes) -> Result<Self> {
        let measure = expression.reduction().map(|reduction| &reduction.measure);
        let unit = unit(expression, sizes);
        let block = block(expression, &unit, sizes);
        let shape = Shape { expression, measure, block: &block };
        let runs = shape.runs(sizes.run)?;
        let regions = shape.regions(limits)?;
        let memory = memory::of(&shape, &regions, runs.map_or(1, |(_, runs)| runs.count()), limits)?;
        Ok(Self { expression: expression.clone(), regions, runs, block, unit, memory })
    }

    /// What is computed.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// What it takes.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What is reduced to a cell; none where nothing is reduced.
    pub(crate) fn measure(&self) -> Option<&Measure> {
        self.expression.reduction().map(|reduction| &reduction.measure)
    }

    /// How many runs there are: of all regions.
    pub fn runs(&self) -> u64 {
        self.regions_count().saturating_mul(self.runs_of_region())
    }

    /// How many runs a region has.
    pub(crate) fn runs_of_region(&self) -> u64 {
        self.runs.map_or(1, |(_, runs)| runs.count())
    }

    fn regions_count(&self) -> u64 {
        self.regions.iter().map(Pieces::count).fold(1, u64::saturating_mul)
    }

    /// The region that a run is of: its number, and what it is of the array.
    pub(crate) fn region(&self, run: u64) -> (u64, Vec<Span>) {
        let number = run / self.runs_of_region().max(1);
        (number, nth(&self.regions, number))
    }

    /// The blocks of a run.
    pub(crate) fn blocks(&self, run: u64) -> Blocks {
        let (_, mut spans) = self.region(run);
        if let Some((axis, runs)) = self.runs {
            spans[axis] = runs.get(run % self.runs_of_region().max(1));
        }
        let along = spans.iter().zip(&self.block).zip(&self.unit);
        let pieces: Vec<_> = along
            .map(|((span, block), unit)| {
                let first_unit = if self.expression.array().chunks().is_some() {
                    span.start / unit * unit
                } else {
                    span.start
                };
                Pieces::new(*span, *block, first_unit)
            })
            .collect();
        let count = pieces.iter().map(Pieces::count).fold(1, u64::saturating_mul);
        Blocks { pieces, walk: self.walk(), next: 0, count }
    }

    /// The axis along which blocks follow each other first: windows go on from one to the next.
    fn walk(&self) -> Option<usize> {
        self.expression.coarsening().map(|coarsening| coarsening.axis)
    }

    /// The cells of a region, of which the first has the index 0 along each axis of the result.
    pub(crate) fn cells(&self, region: &[Span]) -> Result<Cells> {
        self.expression.cells(&self.expression.relative(region))
    }
}

/// The blocks of a run, in the order in which they are read.
pub(crate) struct Blocks {
    pieces: Vec<Pieces>,
    walk: Option<usize>,
    next: u64,
    count: u64,
}

impl Iterator for Blocks {
    type Item = Vec<Span>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.count {
            return None;
        }
        let mut number = self.next;
        self.next += 1;
        let mut spans: Vec<Span> = self.pieces.iter().map(|pieces| pieces.get(0)).collect();
        let others = (0..self.pieces.len()).rev().filter(|axis| Some(*axis) != self.walk);
        for axis in self.walk.into_iter().chain(others) {
            let count = self.pieces[axis].count();
            spans[axis] = self.pieces[axis].get(number % count);
            number /= count;
        }
        Some(spans)
    }
}

/// A box by its number, the last axis first.
fn nth(pieces: &[Pieces], mut number: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = pieces.iter().map(|pieces| pieces.get(0)).collect();
    for (span, pieces) in spans.iter_mut().zip(pieces).rev() {
        let count = pieces.count().max(1);
        *span = pieces.get(number % count);
        number /= count;
    }
    spans
}

/// What parts are cut by.
struct Shape<'a> {
    expression: &'a Expression,
    measure: Option<&'a Measure>,
    block: &'a [u64],
}

impl Shape<'_> {
    fn axes(&self) -> &[Axis] {
        self.expression.reduction().map(|reduction| reduction.axes.as_slice()).unwrap_or_default()
    }

    /// Bytes that are read for one index along an axis.
    fn bytes_along(&self, axis: usize) -> u64 {
        let size = self.expression.array().element().size() as u64;
        let others = self.expression.part().iter().enumerate().filter(|(other, _)| *other != axis);
        others.map(|(_, span)| span.count).fold(size, u64::saturating_mul)
    }

    fn state(&self, region: &[Span]) -> Result<u64> {
        match self.measure {
            Some(measure) => bytes_of(measure, &self.expression.cells(&self.expression.relative(region))?),
            None => Ok(0),
        }
    }

    /// Where an axis can be cut without a chunk or a window on both sides: every so many, from here on.
    fn cuts(&self, axis: usize) -> Option<(u64, u64)> {
        let start = self.expression.part()[axis].start;
        let chunk = self.expression.array().chunks().map(|chunks| chunks[axis]);
        let window = self.expression.coarsening().filter(|coarsening| coarsening.axis == axis);
        match (chunk, window) {
            (None, None) => Some((1, 0)),
            (Some(chunk), None) => Some((chunk, 0)),
            (None, Some(coarsening)) => Some((coarsening.window, start % coarsening.window)),
            (Some(chunk), Some(coarsening)) => together(chunk, coarsening.window, start),
        }
    }

    /// Runs along the reduced axis that can be cut most; along any where none is reduced.
    fn runs(&self, least: u64) -> Result<Option<(usize, Pieces)>> {
        let state = self.state(self.expression.part())?;
        let mut best: Option<(usize, Pieces)> = None;
        for axis in 0..self.expression.part().len() {
            let is_kept = matches!(self.axes().get(axis), Some(Axis::Kept));
            let (false, Some((every, at))) = (is_kept, self.cuts(axis)) else { continue };
            let bytes = least.max(state.saturating_mul(READ_PER_STATE));
            let long = bytes.div_ceil(self.bytes_along(axis).max(1)).max(self.block[axis]);
            let pieces =
                Pieces::new(self.expression.part()[axis], long.div_ceil(every).saturating_mul(every), at);
            if best.is_none_or(|(_, best)| pieces.count() > best.count()) {
                best = Some((axis, pieces));
            }
        }
        Ok(best)
    }

    /// Regions whose states take half of the memory at most, if chunks are small enough for that.
    fn regions(&self, limits: Limits) -> Result<Vec<Pieces>> {
        let part = self.expression.part();
        let mut regions: Vec<Pieces> = part.iter().copied().map(Pieces::whole).collect();
        let states = 2 * limits.threads as u64 + 1;
        for (axis, what) in self.axes().iter().enumerate() {
            let (Axis::Kept, Some((every, at))) = (what, self.cuts(axis)) else { continue };
            let largest = |regions: &[Pieces]| {
                let longest = regions
                    .iter()
                    .zip(part)
                    .map(|(region, span)| Span { start: span.start, count: region.longest() });
                self.state(&longest.collect::<Vec<_>>())
            };
            while largest(&regions)?.saturating_mul(states) > limits.memory / 2
                && regions[axis].longest() > every
            {
                let half = regions[axis].longest().div_ceil(2).div_ceil(every).saturating_mul(every);
                if half >= regions[axis].longest() {
                    break;
                }
                regions[axis] = Pieces::new(part[axis], half, at);
            }
        }
        Ok(regions)
    }
}

/// Elements that are read together along each axis: chunks, and in memory windows.
fn unit(expression: &Expression, sizes: Sizes) -> Vec<u64> {
    if let Some(chunks) = expression.array().chunks() {
        return chunks.to_vec();
    }
    let part = expression.part();
    let mut unit: Vec<u64> = (0..part.len()).map(|axis| expression.window(axis)).collect();
    let inner = expression.coarsening().map_or(part.len(), |coarsening| coarsening.axis + 1);
    let window = expression.coarsening().map_or(1, |coarsening| coarsening.window);
    let size = expression.array().element().size() as u64;
    let counts = part[inner..].iter().map(|span| span.count);
    let whole = counts.fold(size.saturating_mul(window), u64::saturating_mul);
    if whole <= sizes.window {
        for (unit, span) in unit[inner..].iter_mut().zip(&part[inner..]) {
            *unit = span.count.max(1);
        }
    }
    unit
}

/// Blocks of whole units: as many as are worth a read, the last axis first, where they lie in one piece.
fn block(expression: &Expression, unit: &[u64], sizes: Sizes) -> Vec<u64> {
    let most = if expression.array().chunks().is_some() { sizes.stored } else { sizes.memory };
    let size = expression.array().element().size() as u64;
    let part = expression.part();
    let mut bytes =
        part.iter().zip(unit).map(|(span, unit)| span.count.min(*unit)).fold(size, u64::saturating_mul);
    let mut block = unit.to_vec();
    for axis in (0..part.len()).rev() {
        let all = part[axis].end().div_ceil(unit[axis]) - part[axis].start / unit[axis];
        let many = (most / bytes.max(1)).clamp(1, all.max(1));
        block[axis] = unit[axis].saturating_mul(many);
        bytes = bytes.saturating_mul(many);
        if many < all {
            break;
        }
    }
    block
}
