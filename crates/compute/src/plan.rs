//! How an expression is run, known before anything is read: which parts are read in which order, what each
//! reduces to, and how much memory that takes at most.
//!
//! A plan is arithmetic over the grid of chunks: its size does not depend on the array's. The array is cut
//! along the axes that the result keeps into *regions*, each region along one reduced axis into *runs*, and
//! each run into *blocks*. A block is a box of whole chunks, read once; chunks that are no grid, as those of granules
//! of different lengths, may lie in two. A run is taken by one thread, block
//! after block, into a state; states are merged in the order of the runs. Runs and blocks along reduced axes
//! depend on the array and the expression alone, so that sums are the same for any number of threads.
//!
//! Of what is stored, runs of a region that follow each other make *batches*: of a gigabyte, of a sixteenth of all, or of
//! one run. States are merged within their batch first, and those of batches in their order. So processes that know nothing of each other
//! can run [`Portion`]s of a plan, and the result has the same bits.
//!
//! Anomalies need the means of groups first, for which all of the axis has to be read. Where a run of all of it fits
//! into memory, it is read once and held until its means are known; else, and where values are in memory already, the
//! means are computed by a plan of their own, and values are read again. The means are the same to the bit: they are
//! merged of the same *stretches* of the axis. Windows that move take what they need of the block before from what a
//! run keeps of it; where runs are cut along their axis, a run begins to read so much earlier.

mod blocks;
mod direct;
mod explain;
mod memory;
mod picture;
mod pieces;
mod portions;
mod shape;
mod strips;

use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::sink::Sink;
use crate::state::{Cells, Measure};

pub(crate) use blocks::Blocks;
use blocks::{Along, nth};
pub use memory::Memory;
use memory::Passes;
pub use picture::Picture;
pub(crate) use pieces::Pieces;
use pieces::together;
pub use portions::Portion;
use shape::{Shape, block, is_more, unit};

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
    /// Bytes of what is known of a strip that is reduced as it lies in memory: so much stays near a core.
    near: u64,
    /// Bytes that lie together in such a strip, at least.
    strip: u64,
    /// Bytes of a run: many runs keep threads busy to the end, few make merging cheap.
    run: u64,
    /// Bytes of a batch of what is stored, where there are so many batches.
    batch: u64,
    batches: u64,
    /// Most bytes of a run of a region, where chunks are small enough.
    most: u64,
    /// Whether another process puts the result together.
    is_elsewhere: bool,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            stored: 8 << 20,
            memory: 1 << 20,
            window: 64 << 20,
            near: 1 << 20,
            strip: 16 << 10,
            run: 32 << 20,
            batch: 1 << 30,
            batches: 16,
            most: u64::MAX,
            is_elsewhere: false,
        }
    }
}

impl Sizes {
    /// Bytes of a block.
    fn of(self, expression: &Expression) -> u64 {
        if expression.array().chunks().is_some() { self.stored } else { self.memory }
    }
}

/// An axis, and the parts that it is cut into.
type Runs = Option<(usize, Pieces)>;

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
        let own = Self { stored: bytes, memory: bytes, window: bytes, near: bytes, ..Self::default() };
        Self { strip: 1, run: 2 * bytes, batch: 5 * bytes, batches: 3, ..own }
    }

    pub(crate) fn with_most(self, most: u64) -> Self {
        Self { most, is_elsewhere: true, ..self }
    }
}

impl Default for Limits {
    /// All cores, 1 GiB.
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from), memory: 1 << 30 }
    }
}

/// How an expression is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    expression: Expression,
    /// Along each axis; one piece along axes that are reduced.
    regions: Vec<Pieces>,
    /// Which axis runs are cut along, and how.
    runs: Runs,
    /// Elements of a block along each axis.
    block: Vec<u64>,
    /// Elements along each axis of what is decoded at once, where that is less than a block.
    strip: Option<Vec<u64>>,
    /// Elements that are stored together along each axis.
    unit: Vec<u64>,
    /// Runs whose states become one before they are merged with others of their region.
    batch: u64,
    /// Along the axis of groups, of which elements are anomalies: parts whose means are merged.
    stretches: Runs,
    /// Stretches that are merged as runs of a batch are.
    stretch_batch: u64,
    /// What is read, where that is one box of the array.
    only: Option<Vec<Span>>,
    /// How the means of groups become known, where that takes a pass of its own.
    before: Option<Box<Self>>,
    /// The axis from which on blocks lie in one piece, where they are reduced as they lie in memory.
    direct: Option<usize>,
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

    /// The same plan, with the memory that a sink takes to write. Where there is too little for both, what is read at a
    /// time is planned again.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn into_sink(self, sink: &dyn Sink, limits: Limits) -> Result<Self> {
        self.with_writing(&|bytes| sink.memory(bytes), limits)
    }

    /// As [`Self::into_sink`], where there is no sink yet: with the bytes that it will take to write a box of so many.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_writing(self, writing: &dyn Fn(u64) -> u64, limits: Limits) -> Result<Self> {
        let (expression, measure) = (&self.expression, self.measure());
        let shape = Shape { expression, measure, block: &self.block, solid: 0, writing: Some(writing) };
        let is_batched = is_more(self.runs, self.batch) || is_more(self.stretches, self.stretch_batch);
        let before = self.before().map(Self::memory);
        let passes = Passes { is_held: self.is_held(), before, is_batched, is_elsewhere: false };
        match memory::of(&shape, &self.regions, self.runs, passes, limits) {
            Ok(memory) if !shape.is_differing() => Ok(Self { memory, ..self }),
            // Blocks are whole, where they need not be without a sink.
            _ => shape.planned(&self.unit, limits, Sizes::default()),
        }
    }

    pub(crate) fn of_sizes(expression: &Expression, limits: Limits, sizes: Sizes) -> Result<Self> {
        let measure = expression.measure();
        if let (None, Some(beside)) = (measure, expression.companion()) {
            return Err(Error::invalid(
                format!(
                    "nothing takes `{}`, which is beside `{}`",
                    beside.array().name(),
                    expression.array().name()
                ),
                "end the expression with a measure of both",
            ));
        }
        if let Some(plan) = Self::direct(expression, limits, sizes)? {
            return Ok(plan);
        }
        let unit = unit(expression, sizes);
        let block = block(expression, &unit, sizes);
        Shape { expression, measure, block: &block, solid: 0, writing: None }.planned(&unit, limits, sizes)
    }

    /// What is computed.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// What it takes.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// How many elements of what goes before a reduction are in a block, along each axis. Chunks of this shape
    /// are written at once, where the part that is read begins at the border of a chunk.
    pub fn grain(&self) -> Vec<u64> {
        let along = self.block.iter().enumerate();
        along
            .map(|(axis, block)| {
                let most = self.expression.length(axis).max(1);
                (block / self.expression.window(axis)).clamp(1, most)
            })
            .collect()
    }

    /// What is reduced to a cell; none where nothing is reduced.
    pub(crate) fn measure(&self) -> Option<&Measure> {
        self.expression.measure()
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

    /// How the means of groups become known, where that takes a pass of its own.
    pub(crate) fn before(&self) -> Option<&Self> {
        self.before.as_deref()
    }

    /// Whether runs are held until the means of their groups are known.
    pub(crate) fn is_held(&self) -> bool {
        self.expression.anomalies().is_some() && self.before.is_none()
    }

    /// The stretch that a block of a run is in, by the number of its batch and its own; none where there is one.
    pub(crate) fn stretch(&self, block: &[Span]) -> Option<(u64, u64)> {
        let (axis, stretches) = self.stretches?;
        let number = stretches.number(block[axis].start);
        Some((number / self.stretch_batch, number))
    }

    /// The region that a run is of: its number, and what it is of the array.
    pub(crate) fn region(&self, run: u64) -> (u64, Vec<Span>) {
        let number = run / self.runs_of_region().max(1);
        (number, nth(&self.regions, &[], number))
    }

    /// What a run is of the array.
    pub(crate) fn extent(&self, run: u64) -> Vec<Span> {
        if let Some(only) = &self.only {
            return only.clone();
        }
        let (_, mut spans) = self.region(run);
        if let Some((axis, runs)) = self.runs {
            spans[axis] = runs.get(run % self.runs_of_region().max(1));
        }
        spans
    }

    /// What is read for a run: with all that is in the windows of its elements.
    pub(crate) fn reach(&self, run: u64) -> Vec<Span> {
        let along = self.extent(run).into_iter().enumerate();
        along.map(|(axis, span)| self.expression.reach(axis, span)).collect()
    }

    /// The blocks of a run.
    pub(crate) fn blocks(&self, run: u64) -> Blocks {
        let is_stored = self.expression.array().chunks().is_some();
        let along = self.reach(run).into_iter().zip(&self.block).zip(&self.unit);
        let axes: Vec<_> = along
            .map(|((span, block), unit)| Along { span, block: *block, unit: is_stored.then_some(*unit) })
            .collect();
        let stretches = self.stretches.map(|(axis, stretches)| (axis, stretches.within(axes[axis].span)));
        Blocks::new(axes, stretches, self.walk())
    }

    /// Whether blocks are reduced as they lie in memory.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct.is_some()
    }

    /// The parts of a block that lie in one piece in memory.
    pub(crate) fn pieces(&self, block: &[Span]) -> Blocks {
        let solid = self.direct.unwrap_or(0);
        let along = block.iter().enumerate().map(|(axis, span)| {
            let block = if axis < solid { 1 } else { span.count };
            Along { span: *span, block, unit: None }
        });
        Blocks::new(along.collect(), None, Vec::new())
    }

    /// The axes along which blocks follow each other first: windows go on from one to the next.
    fn walk(&self) -> Vec<usize> {
        let coarsening = self.expression.coarsening().map(|coarsening| coarsening.axis);
        let moving = self.expression.moving().map(|moving| moving.axis);
        coarsening.into_iter().chain(moving.filter(|axis| Some(*axis) != coarsening)).collect()
    }

    /// The cells of a region, of which the first has the index 0 along each axis of the result.
    pub(crate) fn cells(&self, region: &[Span]) -> Result<Cells> {
        self.expression.cells(&self.expression.relative(region))
    }
}

#[cfg(test)]
mod tests;
