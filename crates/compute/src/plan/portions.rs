//! A plan in portions, which processes of their own run.

use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write as _};
use std::ops::Range;

use super::shape::{Shape, block, unit};
use super::{Limits, Pieces, Plan, Sizes};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::state::{Axis, bytes_of};

/// Bytes that a portion reads at least: few portions cost a scheduler nothing, and all workers have some.
const LEAST: Range<u64> = 256 << 20..512 << 20;
/// Bytes of states behind which a portion ends however little it reads: it may have to keep those of all its batches.
const MOST_STATES: u64 = 64 << 20;

/// What a process of its own runs: batches that follow each other, of one region or of several whole ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The first batch, of all regions.
    pub first: u64,
    /// How many batches.
    pub count: u64,
    /// Bytes that it reads, as they are stored without compression.
    pub bytes: u64,
    /// Bytes of the states that it becomes, at most.
    pub states: u64,
}

impl Plan {
    /// Plans an expression that is run in [`Self::portions`]: as [`Self::new`], but no run reads more than a gigabyte where
    /// chunks are small enough, and regions are cut at them for that.
    ///
    /// # Errors
    /// As [`Self::new`]; [`Error::Invalid`] for what is not reduced, for anomalies, whose means take all of the array,
    /// and for an array in memory.
    pub fn in_portions(expression: &Expression, limits: Limits) -> Result<Self> {
        Self::in_portions_of_sizes(
            expression,
            limits,
            Sizes { most: 1 << 30, is_elsewhere: true, ..Sizes::default() },
        )
    }

    pub(crate) fn in_portions_of_sizes(
        expression: &Expression,
        limits: Limits,
        sizes: Sizes,
    ) -> Result<Self> {
        must_merge(expression)?;
        if expression.array().chunks().is_none() {
            return Err(Error::invalid(
                format!("`{}` is in memory, where other processes do not read it", expression.array().name()),
                "open it where it is stored, or compute it here",
            ));
        }
        Self::of_sizes(expression, limits, sizes)
    }

    /// Plans what is known of one box of an array in memory: with others it becomes the result of all of the array.
    /// Windows of elements that are joined do not lie across its borders.
    ///
    /// # Errors
    /// As [`Self::in_portions`]; [`Error::Invalid`] for a box that is not inside the array or cuts a window.
    pub fn of_box(expression: &Expression, only: &[Span], limits: Limits) -> Result<Self> {
        must_merge(expression)?;
        expression.array().contains(only)?;
        let is_inside = only.iter().zip(expression.part()).enumerate().all(|(axis, (own, part))| {
            let window = expression.window(axis);
            let is_aligned =
                own.start.checked_sub(part.start).is_some_and(|from| from.is_multiple_of(window));
            is_aligned && own.count.is_multiple_of(window) && own.end() <= part.end()
        });
        if !is_inside {
            return Err(Error::invalid(
                format!("{only:?} is no box of `{}` with whole windows", expression.array().name()),
                "cut the array between windows, inside the part that is taken",
            ));
        }
        let axes = expression.reduction().map(|reduction| reduction.axes.as_slice()).unwrap_or_default();
        let regions: Vec<Pieces> = only
            .iter()
            .zip(expression.part())
            .enumerate()
            .map(|(axis, (own, part))| {
                let is_kept = axes.get(axis) == Some(&Axis::Kept);
                Pieces::whole(if is_kept { *own } else { *part })
            })
            .collect();
        let sizes = Sizes::default();
        let unit = unit(expression, sizes);
        let block = block(expression, &unit, sizes);
        let shape =
            Shape { expression, measure: expression.measure(), block: &block, solid: 0, writing: None };
        shape.boxed(regions, &unit, only, limits)
    }

    /// What it is cut into for processes of their own: each reads so many bytes at least, if there are as many and states are
    /// small, and a batch more at most. Unless said these are a sixteenth of all, but no less than 256 MiB and no more than 512 MiB: then a
    /// portion is mostly one batch.
    ///
    /// # Errors
    /// [`Error::Invalid`] where states are larger than memory can be.
    pub fn portions(&self, least: Option<u64>) -> Result<Vec<Portion>> {
        let size = self.expression.array().element().size() as u64;
        let all = self.expression.part().iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let least = least.unwrap_or_else(|| (all / 16).clamp(LEAST.start, LEAST.end));
        let (mut all, mut whole) = (Vec::new(), None::<Portion>);
        for region in 0..self.regions_count() {
            let own = self.portions_of_region(region, least)?;
            match own.as_slice() {
                [one] if one.is_open(least) => {
                    let now = whole.take().map_or(*one, |whole| whole.with(*one));
                    if now.is_open(least) { whole = Some(now) } else { all.push(now) }
                }
                own => {
                    all.extend(whole.take());
                    all.extend(own);
                }
            }
        }
        all.extend(whole);
        Ok(all)
    }

    fn portions_of_region(&self, region: u64, least: u64) -> Result<Vec<Portion>> {
        let of_region = self.batches_of_region();
        let (mut own, mut open) = (Vec::<Portion>::new(), None::<Portion>);
        for batch in region * of_region..(region + 1) * of_region {
            let one = self.portion(batch)?;
            let now = open.take().map_or(one, |open| open.with(one));
            if now.is_open(least) { open = Some(now) } else { own.push(now) }
        }
        if let Some(rest) = open {
            match own.last_mut() {
                Some(closed) => *closed = closed.with(rest),
                None => own.push(rest),
            }
        }
        Ok(own)
    }

    /// What is computed and how it is cut, as a number: of plans that are not the same it is another.
    pub fn digest(&self) -> [u8; 32] {
        let mut told = Told(Sha256::new());
        let cut = (&self.regions, &self.runs, &self.block, &self.unit, self.batch);
        // Of boxes of one array it is the same.
        let is_written = match self.only {
            Some(_) => write!(told, "box of {:?}", self.expression),
            None => write!(told, "{:?} {cut:?}", self.expression),
        };
        debug_assert!(is_written.is_ok(), "nothing is written anywhere");
        told.0.finalize().into()
    }

    /// How many runs make a batch.
    pub(crate) fn batch(&self) -> u64 {
        self.batch
    }

    /// How many batches a region has.
    pub(crate) fn batches_of_region(&self) -> u64 {
        self.runs_of_region().div_ceil(self.batch)
    }

    /// How many batches there are: of all regions.
    pub(crate) fn batches(&self) -> u64 {
        self.regions_count().saturating_mul(self.batches_of_region())
    }

    /// The runs of a batch.
    pub(crate) fn runs_of(&self, batch: u64) -> Range<u64> {
        let (runs, batches) = (self.runs_of_region(), self.batches_of_region().max(1));
        let (first, own) = (batch / batches * runs, batch % batches);
        let end = own.saturating_add(1).saturating_mul(self.batch).min(runs);
        first + own.saturating_mul(self.batch)..first + end
    }

    /// What is read for a batch: with all that is in the windows of its elements.
    pub(crate) fn reach_of(&self, batch: u64) -> Vec<Span> {
        let runs = self.runs_of(batch);
        let (mut reach, last) = (self.reach(runs.start), self.reach(runs.end.max(1) - 1));
        for (own, last) in reach.iter_mut().zip(last) {
            own.count = last.end().max(own.end()) - own.start;
        }
        reach
    }

    /// The boxes of the stored array that a portion reads, one for each of its batches.
    pub fn boxes(&self, portion: Portion) -> impl Iterator<Item = Vec<Span>> {
        (portion.first..portion.first.saturating_add(portion.count)).map(|batch| self.reach_of(batch))
    }

    /// A batch as a portion.
    fn portion(&self, batch: u64) -> Result<Portion> {
        let (_, region) = self.region(self.runs_of(batch).start);
        let size = self.expression.array().element().size() as u64;
        let bytes = self.reach_of(batch).iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let of = |measure| bytes_of(measure, &self.cells(&region)?);
        Ok(Portion { first: batch, count: 1, bytes, states: self.measure().map_or(Ok(0), of)? })
    }
}

impl Portion {
    /// Whether it may become larger.
    fn is_open(self, least: u64) -> bool {
        self.bytes < least && self.states < MOST_STATES
    }

    /// With another that follows it.
    fn with(self, next: Self) -> Self {
        Self {
            first: self.first,
            count: self.count + next.count,
            bytes: self.bytes.saturating_add(next.bytes),
            states: self.states.saturating_add(next.states),
        }
    }
}

/// That what is known of parts of an array becomes the result.
fn must_merge(expression: &Expression) -> Result<()> {
    let name = expression.array().name();
    if expression.reduction().is_none() {
        return Err(Error::invalid(
            format!("nothing of `{name}` is reduced, and so there is nothing small to bring home"),
            "end it with a reduction, or compute it on one machine",
        ));
    }
    if expression.anomalies().is_some() {
        return Err(Error::invalid(
            format!("anomalies of `{name}` take the means of all of it first"),
            "compute them on one machine",
        ));
    }
    Ok(())
}

/// Texts that are told to a digest alone.
struct Told(Sha256);

impl fmt::Write for Told {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
