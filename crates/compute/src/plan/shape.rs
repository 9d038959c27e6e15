//! How an array is cut: into regions of the result, runs, and blocks.

use super::memory::Passes;
use super::{Limits, Pieces, Plan, READ_PER_STATE, Runs, Sizes, memory, strips, together};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::state::{Axis, Measure, bytes_of, bytes_of_output};

/// So many runs along other axes are enough not to cut the axis along which windows move.
const ENOUGH: u64 = 8;

/// A block of memory has so many windows that move: what is done again for each block is little then.
const WINDOWS: u64 = 8;

/// What parts are cut by.
pub(super) struct Shape<'a> {
    pub(super) expression: &'a Expression,
    pub(super) measure: Option<&'a Measure>,
    pub(super) block: &'a [u64],
    /// Axes from this one on lie in one piece: what goes before them is gone through, and not brought together.
    pub(super) solid: usize,
    /// Bytes that are taken to write a box of so many.
    pub(super) writing: Option<&'a dyn Fn(u64) -> u64>,
}

impl Shape<'_> {
    pub(super) fn planned(&self, unit: &[u64], limits: Limits, sizes: Sizes) -> Result<Plan> {
        match self.expression.climatology() {
            None => self.plan(unit, limits, sizes, (None, u64::MAX), None),
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
        let own = block(climatology, unit, sizes);
        let means = Shape {
            expression: climatology,
            measure: climatology.measure(),
            block: &own,
            solid: 0,
            writing: None,
        };
        let stretches = means.runs(sizes.run, None)?;
        let stretches = (stretches, means.batch(stretches, sizes));
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
        (stretches, stretch_batch): (Runs, u64),
        before: Option<Plan>,
    ) -> Result<Plan> {
        let anomalies = self.expression.anomalies().map(|anomaly| anomaly.axis);
        let is_held = anomalies.is_some() && before.is_none();
        // Sums over anomalies do not depend on whether they were held.
        let whole = anomalies.filter(|_| is_held || self.measure.is_some());
        let runs = self.runs(sizes.run, whole)?;
        let batch = self.batch(runs, sizes);
        let is_batched = is_more(runs, batch) || is_held && is_more(stretches, stretch_batch);
        let passes = Passes {
            is_held,
            before: before.as_ref().map(Plan::memory),
            is_batched,
            is_elsewhere: sizes.is_elsewhere,
        };
        let mut most = limits.memory / 2;
        let mut fitting: Vec<Pieces> = self.expression.part().iter().copied().map(Pieces::whole).collect();
        let (regions, memory) = loop {
            self.fit(&mut fitting, most, limits.threads, anomalies.filter(|_| is_held))?;
            let mut regions = fitting.clone();
            self.spread(&mut regions, runs, limits.threads, sizes);
            self.approach(&mut regions, runs, sizes);
            self.lessen(&mut regions, runs, sizes.most);
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
            strip: strips::strip(self.expression, self.block, passes),
            unit: unit.to_vec(),
            batch,
            stretches,
            stretch_batch,
            only: None,
            before: before.map(Box::new),
            direct: None,
            memory,
        })
    }

    /// A plan of one box of an array in memory.
    pub(super) fn boxed(
        &self,
        regions: Vec<Pieces>,
        unit: &[u64],
        only: &[Span],
        limits: Limits,
    ) -> Result<Plan> {
        let passes = Passes { is_held: false, before: None, is_batched: false, is_elsewhere: true };
        let memory = memory::of(self, &regions, None, passes, limits)?;
        Ok(Plan {
            expression: self.expression.clone(),
            regions,
            runs: None,
            block: self.block.to_vec(),
            strip: None,
            unit: unit.to_vec(),
            batch: u64::MAX,
            stretches: None,
            stretch_batch: u64::MAX,
            only: Some(only.to_vec()),
            before: None,
            direct: None,
            memory,
        })
    }

    pub(super) fn axes(&self) -> &[Axis] {
        self.expression.reduction().map(|reduction| reduction.axes.as_slice()).unwrap_or_default()
    }

    /// Bytes that are read for one index along an axis, as they are stored without compression.
    fn bytes_along(&self, axis: usize) -> u64 {
        self.bytes_of(|other| if other == axis { 1 } else { self.decoded(other) })
    }

    /// Bytes of so many elements along each axis.
    fn bytes_of(&self, along: impl Fn(usize) -> u64) -> u64 {
        let size = self.expression.array().element().size() as u64;
        (0..self.expression.part().len()).map(along).fold(size, u64::saturating_mul)
    }

    /// Elements along an axis of all that is decoded.
    fn decoded(&self, axis: usize) -> u64 {
        self.expression.array().decoded(axis, self.expression.part()[axis])
    }

    pub(super) fn state(&self, region: &[Span]) -> Result<u64> {
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

    /// How many runs make a batch. It does not depend on regions, so that sums do not.
    fn batch(&self, runs: Runs, sizes: Sizes) -> u64 {
        let (Some((axis, runs)), true) = (runs, self.expression.array().chunks().is_some()) else {
            return u64::MAX;
        };
        let (each, length) = (self.bytes_along(axis), self.expression.part()[axis].count);
        let most = sizes.batch.min(each.saturating_mul(length) / sizes.batches.max(1));
        (most / each.saturating_mul(runs.longest()).max(1)).max(1)
    }

    /// Cuts regions further along axes that the result has, so that a run of each reads so many bytes at most, if chunks are
    /// small enough for that.
    fn lessen(&self, regions: &mut [Pieces], runs: Runs, most: u64) {
        let size = self.expression.array().element().size() as u64;
        let read = |regions: &[Pieces]| {
            let lengths = regions.iter().enumerate().map(|(axis, region)| match runs {
                Some((own, runs)) if own == axis => runs.longest(),
                _ => region.longest(),
            });
            lengths.fold(size, u64::saturating_mul)
        };
        for axis in 0..regions.len() {
            let is_kept = self.axes().get(axis) == Some(&Axis::Kept);
            let (true, Some(cuts)) = (is_kept, self.cuts(axis)) else { continue };
            while read(regions) > most && self.halve(regions, axis, cuts) {}
        }
    }

    /// Cuts regions further, so that their states take so many bytes together at most, if chunks are small enough for
    /// that. One axis may have to stay whole.
    fn fit(&self, regions: &mut [Pieces], most: u64, threads: usize, whole: Option<usize>) -> Result<()> {
        let part = self.expression.part();
        let states = (threads as u64).saturating_mul(2).saturating_add(1);
        for (axis, what) in self.axes().iter().enumerate().filter(|(axis, _)| whole != Some(*axis)) {
            let (Axis::Kept, Some(cuts)) = (what, self.cuts(axis)) else { continue };
            let largest = |regions: &[Pieces]| {
                let longest = regions
                    .iter()
                    .zip(part)
                    .map(|(region, span)| Span { start: span.start, count: region.longest() });
                self.state(&longest.collect::<Vec<_>>())
            };
            while largest(regions)?.saturating_mul(states) > most && self.halve(regions, axis, cuts) {}
        }
        Ok(())
    }

    /// Bytes of the result.
    pub(super) fn result(&self) -> Result<u64> {
        let part = self.expression.part();
        match self.measure {
            Some(measure) => {
                bytes_of_output(measure, &self.expression.cells(&self.expression.relative(part))?)
            }
            None => Ok(0),
        }
    }

    /// Cuts regions further along axes that the result has, so that there is work for all threads: no less for each than
    /// a block of it.
    fn spread(&self, regions: &mut [Pieces], runs: Runs, threads: usize, sizes: Sizes) {
        let moving = self.expression.moving().map(|moving| moving.axis);
        let grouped = self.expression.anomalies().map(|anomaly| anomaly.axis);
        let runs = runs.map_or(1, |(_, runs)| runs.count());
        let jobs = |regions: &[Pieces]| regions.iter().map(Pieces::count).fold(runs, u64::saturating_mul);
        let worth = self.bytes_of(|axis| self.decoded(axis)) / sizes.of(self.expression).max(1);
        let most = (threads as u64).saturating_mul(2).min(worth);
        for (axis, what) in self.axes().iter().enumerate() {
            let is_whole = [moving, grouped].contains(&Some(axis)) || *what != Axis::Kept;
            let (false, Some(cuts)) = (is_whole, self.cuts(axis)) else { continue };
            while jobs(regions) < most && self.halve(regions, axis, cuts) {}
        }
    }

    /// Whether values in memory become anomalies, and nothing else.
    pub(super) fn is_differing(&self) -> bool {
        let is_all = self.measure.is_none() && self.expression.moving().is_none();
        is_all && self.expression.anomalies().is_some() && self.expression.array().chunks().is_none()
    }

    /// Cuts regions of what lies in memory, so that the means of a region's groups stay near a core while all that differs
    /// from them comes by; but not what lies together into parts that are not worth going to. Writing may need whole
    /// blocks: then they are left as they are.
    fn approach(&self, regions: &mut [Pieces], runs: Runs, sizes: Sizes) {
        let is_cut = self.is_differing() && self.writing.is_none();
        let Some(anomaly) = self.expression.anomalies().filter(|_| is_cut) else { return };
        let size = self.expression.array().element().size() as u64;
        let means = |regions: &[Pieces]| {
            let lengths = regions.iter().enumerate().filter(|(axis, _)| *axis != anomaly.axis);
            let lengths =
                lengths.map(|(axis, region)| region.longest().div_ceil(self.expression.window(axis)));
            lengths.fold(u64::from(anomaly.groups.count).saturating_mul(8), u64::saturating_mul)
        };
        let together = |regions: &[Pieces]| {
            regions[anomaly.axis + 1..].iter().map(Pieces::longest).fold(size, u64::saturating_mul)
        };
        for axis in 0..regions.len() {
            let is_whole = axis == anomaly.axis || runs.is_some_and(|(own, _)| own == axis);
            let (false, Some(cuts)) = (is_whole, self.cuts(axis)) else { continue };
            let is_worth = |regions: &[Pieces]| axis < anomaly.axis || together(regions) / 2 >= sizes.strip;
            while means(regions) > sizes.near && is_worth(regions) && self.halve(regions, axis, cuts) {}
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
    pub(super) fn halve(&self, regions: &mut [Pieces], axis: usize, (every, at): (u64, u64)) -> bool {
        let longest = regions[axis].longest();
        let half = longest.div_ceil(2).div_ceil(every).saturating_mul(every);
        if longest <= every || half >= longest {
            return false;
        }
        regions[axis] = Pieces::new(self.expression.part()[axis], half, at);
        true
    }
}

/// Whether there are more parts of an axis than so many.
pub(super) fn is_more(parts: Runs, than: u64) -> bool {
    parts.is_some_and(|(_, parts)| parts.count() > than)
}

/// Elements that are read together along each axis: chunks, and in memory windows.
pub(super) fn unit(expression: &Expression, sizes: Sizes) -> Vec<u64> {
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
pub(super) fn block(expression: &Expression, unit: &[u64], sizes: Sizes) -> Vec<u64> {
    let (array, part) = (expression.array(), expression.part());
    let (most, size) = (sizes.of(expression), array.element().size() as u64);
    let own = part
        .iter()
        .zip(unit)
        .map(|(span, unit)| if array.is_in_parts() { span.count.min(*unit) } else { *unit });
    let mut bytes = own.fold(size, u64::saturating_mul);
    let mut block = unit.to_vec();
    // Of memory, many windows that move along few rows: few rows of many windows would not stay in a cache.
    let along = expression.moving().filter(|_| array.chunks().is_none());
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
