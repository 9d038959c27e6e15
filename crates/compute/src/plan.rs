//! How an expression is run, known before anything is read: which parts are read in which order, what each
//! reduces to, and how much memory that takes at most.
//!
//! A plan is arithmetic over the grid of chunks: its size does not depend on the array's. The array is cut
//! along the axes that the result keeps into *regions*, each region along one reduced axis into *runs*, and
//! each run into *blocks*. A block is a box of whole chunks, read once. A run is taken by one thread, block
//! after block, into a state; states are merged in the order of the runs. Runs and blocks along reduced axes
//! depend on the array and the expression alone, so that sums are the same for any number of threads.
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

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::sink::Sink;
use crate::state::{Axis, Cells, Measure, bytes_of, bytes_of_output};

pub(crate) use blocks::Blocks;
use blocks::{Along, nth};
pub use memory::Memory;
use memory::Passes;
pub use picture::Picture;
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
    /// Bytes of what is known of a strip that is reduced as it lies in memory: so much stays near a core.
    near: u64,
    /// Bytes that lie together in such a strip, at least.
    strip: u64,
    /// Bytes of a run: many runs keep threads busy to the end, few make merging cheap.
    run: u64,
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
        }
    }
}

/// An axis, and the parts that it is cut into.
type Runs = Option<(usize, Pieces)>;

/// A run reads so many times what its state takes.
const READ_PER_STATE: u64 = 8;

/// So many runs along other axes are enough not to cut the axis along which windows move.
const ENOUGH: u64 = 8;

/// A block of memory has so many windows that move: what is done again for each block is little then.
const WINDOWS: u64 = 8;

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
        Self { stored: bytes, memory: bytes, window: bytes, near: bytes, strip: 1, run: 2 * bytes }
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
    runs: Runs,
    /// Elements of a block along each axis.
    block: Vec<u64>,
    /// Elements that are stored together along each axis.
    unit: Vec<u64>,
    /// Along the axis of groups, of which elements are anomalies: parts whose means are merged.
    stretches: Runs,
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
        let passes = Passes { is_held: self.is_held(), before: self.before().map(Self::memory) };
        match memory::of(&shape, &self.regions, self.runs, passes, limits) {
            Ok(memory) => Ok(Self { memory, ..self }),
            Err(_) => shape.planned(&self.unit, limits, Sizes::default()),
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

    /// The stretch that a block of a run is in, by its number; none where there is one.
    pub(crate) fn stretch(&self, block: &[Span]) -> Option<u64> {
        let (axis, stretches) = self.stretches?;
        Some(stretches.number(block[axis].start))
    }

    /// The region that a run is of: its number, and what it is of the array.
    pub(crate) fn region(&self, run: u64) -> (u64, Vec<Span>) {
        let number = run / self.runs_of_region().max(1);
        (number, nth(&self.regions, &[], number))
    }

    /// What a run is of the array.
    pub(crate) fn extent(&self, run: u64) -> Vec<Span> {
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

/// What parts are cut by.
struct Shape<'a> {
    expression: &'a Expression,
    measure: Option<&'a Measure>,
    block: &'a [u64],
    /// Axes from this one on lie in one piece: what goes before them is gone through, and not brought together.
    solid: usize,
    /// Bytes that are taken to write a box of so many.
    writing: Option<&'a dyn Fn(u64) -> u64>,
}

impl Shape<'_> {
    fn planned(&self, unit: &[u64], limits: Limits, sizes: Sizes) -> Result<Plan> {
        match self.expression.climatology() {
            None => self.plan(unit, limits, sizes, None, None),
            Some(climatology) => self.plan_anomalies(&climatology, unit, limits, sizes),
        }
    }

    /// Anomalies: of what is held where that fits, else by two passes.
    fn plan_anomalies(
        &self,
        climatology: &Expression,
        unit: &[u64],
        limits: Limits,
        sizes: Sizes,
    ) -> Result<Plan> {
        let before = Plan::of_sizes(climatology, limits, sizes);
        let own = self::block(climatology, unit, sizes);
        let means = Shape {
            expression: climatology,
            measure: climatology.measure(),
            block: &own,
            solid: 0,
            writing: None,
        };
        let stretches = means.runs(sizes.run, None)?;
        if self.expression.array().chunks().is_some() {
            match self.plan(unit, limits, sizes, stretches, None) {
                Err(Error::Memory { .. }) => {}
                planned => return planned,
            }
        }
        let before = match before {
            // What both passes need is told.
            Err(Error::Memory { needed, .. }) => {
                Plan::of_sizes(climatology, Limits { memory: needed, ..limits }, sizes)
            }
            planned => planned,
        };
        self.plan(unit, limits, sizes, stretches, Some(before?))
    }

    /// A plan; of anomalies with the stretches whose means are merged, and the pass that computes them if there is one.
    fn plan(
        &self,
        unit: &[u64],
        limits: Limits,
        sizes: Sizes,
        stretches: Runs,
        before: Option<Plan>,
    ) -> Result<Plan> {
        let anomalies = self.expression.anomalies().map(|anomaly| anomaly.axis);
        let is_held = anomalies.is_some() && before.is_none();
        // Sums over anomalies do not depend on whether they were held.
        let whole = anomalies.filter(|_| is_held || self.measure.is_some());
        let runs = self.runs(sizes.run, whole)?;
        let passes = Passes { is_held, before: before.as_ref().map(Plan::memory) };
        let mut most = limits.memory / 2;
        let (regions, memory) = loop {
            let mut regions = self.regions(most, limits.threads, anomalies.filter(|_| is_held))?;
            if whole.is_some() {
                self.spread(&mut regions, runs, limits.threads);
            }
            if is_held {
                self.narrow(&mut regions, runs, most / limits.threads.max(1) as u64);
            }
            match memory::of(self, &regions, runs, passes, limits) {
                Ok(memory) => break (regions, memory),
                Err(error) if most == 0 => return Err(error),
                Err(_) => most /= 4,
            }
        };
        Ok(Plan {
            expression: self.expression.clone(),
            regions,
            runs,
            block: self.block.to_vec(),
            unit: unit.to_vec(),
            stretches,
            before: before.map(Box::new),
            direct: None,
            memory,
        })
    }

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

    /// Runs along the reduced axis that can be cut most; along any where none is reduced. One axis may have to stay
    /// whole, and that along which windows move is cut only where the others do not make enough runs.
    fn runs(&self, least: u64, whole: Option<usize>) -> Result<Runs> {
        let state = self.state(self.expression.part())?;
        let bytes = least.max(state.saturating_mul(READ_PER_STATE));
        let moving = self.expression.moving().map(|moving| moving.axis);
        let (mut best, mut moved): (Runs, Runs) = (None, None);
        for axis in 0..self.expression.part().len() {
            let is_whole = matches!(self.axes().get(axis), Some(Axis::Kept)) || whole == Some(axis);
            let (false, Some((every, at))) = (is_whole, self.cuts(axis)) else { continue };
            let long = bytes.div_ceil(self.bytes_along(axis).max(1)).max(self.block[axis]);
            let pieces =
                Pieces::new(self.expression.part()[axis], long.div_ceil(every).saturating_mul(every), at);
            if moving == Some(axis) {
                moved = Some((axis, pieces));
            } else if best.is_none_or(|(_, best)| pieces.count() > best.count()) {
                best = Some((axis, pieces));
            }
        }
        let count = |runs: Runs| runs.map_or(0, |(_, runs)| runs.count());
        Ok(if count(best) >= count(moved).min(ENOUGH) { best } else { moved })
    }

    /// Regions whose states take so many bytes together at most, if chunks are small enough for that. One axis may have
    /// to stay whole.
    fn regions(&self, most: u64, threads: usize, whole: Option<usize>) -> Result<Vec<Pieces>> {
        let part = self.expression.part();
        let mut regions: Vec<Pieces> = part.iter().copied().map(Pieces::whole).collect();
        let states = 2 * threads as u64 + 1;
        for (axis, what) in self.axes().iter().enumerate().filter(|(axis, _)| whole != Some(*axis)) {
            let (Axis::Kept, Some((every, at))) = (what, self.cuts(axis)) else { continue };
            let largest = |regions: &[Pieces]| {
                let longest = regions
                    .iter()
                    .zip(part)
                    .map(|(region, span)| Span { start: span.start, count: region.longest() });
                self.state(&longest.collect::<Vec<_>>())
            };
            while largest(&regions)?.saturating_mul(states) > most
                && self.halve(&mut regions, axis, (every, at))
            {}
        }
        Ok(regions)
    }

    /// Bytes of the result.
    fn result(&self) -> Result<u64> {
        let part = self.expression.part();
        match self.measure {
            Some(measure) => {
                bytes_of_output(measure, &self.expression.cells(&self.expression.relative(part))?)
            }
            None => Ok(0),
        }
    }

    /// Cuts regions along axes that the result has further, so that there is work for all threads.
    fn spread(&self, regions: &mut [Pieces], runs: Runs, threads: usize) {
        let moving = self.expression.moving().map(|moving| moving.axis);
        let grouped = self.expression.anomalies().map(|anomaly| anomaly.axis);
        let runs = runs.map_or(1, |(_, runs)| runs.count());
        let jobs = |regions: &[Pieces]| regions.iter().map(Pieces::count).fold(runs, u64::saturating_mul);
        for (axis, what) in self.axes().iter().enumerate() {
            let is_whole = [moving, grouped].contains(&Some(axis)) || *what != Axis::Kept;
            let (false, Some(cuts)) = (is_whole, self.cuts(axis)) else { continue };
            while jobs(regions) < 2 * threads as u64 && self.halve(regions, axis, cuts) {}
        }
    }

    /// Cuts regions further, so that what is held of a run takes so many bytes at most, if chunks are small enough for
    /// that.
    fn narrow(&self, regions: &mut [Pieces], runs: Runs, most: u64) {
        let size = self.expression.array().element().size() as u64;
        let whole = [
            self.expression.anomalies().map(|anomaly| anomaly.axis),
            self.expression.moving().map(|moving| moving.axis),
            runs.map(|(axis, _)| axis),
        ];
        for axis in 0..regions.len() {
            let is_reduced = !matches!(self.axes().get(axis), None | Some(Axis::Kept));
            let (false, Some(cuts)) = (is_reduced || whole.contains(&Some(axis)), self.cuts(axis)) else {
                continue;
            };
            let held = |regions: &[Pieces]| {
                let lengths = regions.iter().enumerate().map(|(own, region)| match runs {
                    Some((axis, runs)) if own == axis => runs.longest(),
                    _ => region.longest(),
                });
                lengths.fold(size, u64::saturating_mul)
            };
            while held(regions) > most && self.halve(regions, axis, cuts) {}
        }
    }

    /// Cuts regions at half of their length along an axis; whether that can be.
    fn halve(&self, regions: &mut [Pieces], axis: usize, (every, at): (u64, u64)) -> bool {
        let longest = regions[axis].longest();
        let half = longest.div_ceil(2).div_ceil(every).saturating_mul(every);
        if longest <= every || half >= longest {
            return false;
        }
        regions[axis] = Pieces::new(self.expression.part()[axis], half, at);
        true
    }
}

/// Elements that are read together along each axis: chunks, and in memory windows.
fn unit(expression: &Expression, sizes: Sizes) -> Vec<u64> {
    if let Some(chunks) = expression.array().chunks() {
        return chunks.to_vec();
    }
    let part = expression.part();
    let mut unit: Vec<u64> = (0..part.len()).map(|axis| expression.window(axis)).collect();
    if expression.moving().is_some() {
        return unit;
    }
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
    // Of memory, many windows that move along few rows: few rows of many windows would not stay in a cache.
    let along = expression.moving().filter(|_| expression.array().chunks().is_none());
    if let Some(moving) = along {
        let all = part[moving.axis].count.max(1).div_ceil(unit[moving.axis]);
        let many = (moving.window.length() as u64).saturating_mul(WINDOWS).min(all);
        block[moving.axis] = unit[moving.axis].saturating_mul(many);
        bytes = bytes.saturating_mul(many);
    }
    for axis in (0..part.len()).rev().filter(|axis| along.is_none_or(|moving| moving.axis != *axis)) {
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

#[cfg(test)]
mod tests;
