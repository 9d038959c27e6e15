//! Chunks that are decoded strip after strip while they are reduced.

use super::{Plan, memory::Passes};
use crate::expression::{Expression, Span};
use crate::source::{longest, strips};

/// So many elements are decoded at once: enough that a block of the codec that lies in two strips, and is decoded for
/// both, is little of it.
const STRIP: u64 = 1 << 20;

/// Elements along each axis of what is decoded at once of a block, which is one chunk; none where blocks are decoded whole.
pub(super) fn strip(expression: &Expression, block: &[u64], passes: Passes<'_>) -> Option<Vec<u64>> {
    let array = expression.array();
    let is_held = expression.anomalies().is_some() && passes.before.is_none();
    let is_chunk = array.has_strips() && array.chunks() == Some(block);
    if !is_chunk || is_held || !expression.is_in_strips() {
        return None;
    }
    // Behind the first axis chunks are whole: else what is taken of them has gaps.
    let is_whole =
        |(span, chunk): (&Span, &u64)| span.start.is_multiple_of(*chunk) && span.end().is_multiple_of(*chunk);
    if !expression.part().iter().zip(block).skip(1).all(is_whole) {
        return None;
    }
    let strip = longest(expression, block.to_vec(), STRIP);
    (strip != block).then_some(strip)
}

impl Plan {
    /// Whether blocks are decoded strip after strip.
    pub(crate) fn has_strips(&self) -> bool {
        self.strip.is_some()
    }

    /// The strips of a block, in their order.
    pub(crate) fn strips(&self, block: &[Span]) -> Vec<Vec<Span>> {
        strips(&self.expression, block, STRIP)
    }
}
