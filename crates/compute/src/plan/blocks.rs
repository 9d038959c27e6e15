//! The blocks of a run, in the order in which they are read.

use super::{Pieces, Runs};
use crate::expression::Span;

/// The blocks of a run. They are those of one stretch after the other; of a stretch, those along the first axis that
/// is walked follow each other, then those along the next one, then those along the others, the last axis first.
pub(crate) struct Blocks {
    /// How each axis is cut, of the whole run.
    axes: Vec<Along>,
    /// Along which axis stretches follow each other, and what they are.
    stretches: Runs,
    walk: Vec<usize>,
    stretch: u64,
    next: u64,
}

/// How an axis is cut into blocks.
#[derive(Clone, Copy)]
pub(super) struct Along {
    /// What is read along it.
    pub span: Span,
    /// Elements of a block.
    pub block: u64,
    /// Elements that are stored together; none where they are in memory.
    pub unit: Option<u64>,
}

impl Along {
    fn pieces(self) -> Pieces {
        let first = self.unit.map_or(self.span.start, |unit| self.span.start / unit * unit);
        Pieces::new(self.span, self.block, first)
    }
}

impl Blocks {
    pub(super) fn new(axes: Vec<Along>, stretches: Runs, walk: Vec<usize>) -> Self {
        Self { axes, stretches, walk, stretch: 0, next: 0 }
    }

    /// How the axes are cut in the stretch that is read now; none behind the last one.
    fn pieces(&self) -> Option<Vec<Pieces>> {
        let mut along = self.axes.clone();
        match &self.stretches {
            Some((axis, stretches)) if self.stretch < stretches.count() => {
                along[*axis].span = stretches.get(self.stretch);
            }
            None if self.stretch == 0 => {}
            _ => return None,
        }
        Some(along.into_iter().map(Along::pieces).collect())
    }
}

impl Iterator for Blocks {
    type Item = Vec<Span>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let pieces = self.pieces()?;
            if self.next < pieces.iter().map(Pieces::count).fold(1, u64::saturating_mul) {
                self.next += 1;
                return Some(nth(&pieces, &self.walk, self.next - 1));
            }
            (self.stretch, self.next) = (self.stretch + 1, 0);
        }
    }
}

/// A box by its number: the axes that are walked first, then the others from the last one on.
pub(super) fn nth(pieces: &[Pieces], walk: &[usize], mut number: u64) -> Vec<Span> {
    let mut spans: Vec<Span> = pieces.iter().map(|pieces| pieces.get(0)).collect();
    let others = (0..pieces.len()).rev().filter(|axis| !walk.contains(axis));
    for axis in walk.iter().copied().chain(others) {
        let count = pieces[axis].count().max(1);
        spans[axis] = pieces[axis].get(number % count);
        number /= count;
    }
    spans
}
