//! How much memory a run takes, counted before it.

use serde::{Deserialize, Serialize};

use super::{Limits, Pieces, Shape};
use crate::error::{Error, Result};
use crate::expression::Span;

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
    /// Bytes of a block unpacked, mapped and coarsened.
    pub scratch: u64,
    /// Bytes of a state.
    pub state: u64,
    /// States that are there at the same time: of runs at work, of runs that wait to be merged, and the one
    /// that they are merged into.
    pub states: u64,
    /// Bytes of the result.
    pub result: u64,
}

impl Memory {
    /// All of it together, in bytes.
    pub fn peak(&self) -> u64 {
        let threads = self.threads as u64;
        let blocks = (self.block + self.reading).saturating_mul(1 + self.ahead);
        let each = blocks.saturating_add(self.scratch);
        let states = self.state.saturating_mul(self.states);
        threads.saturating_mul(each).saturating_add(states).saturating_add(self.result)
    }
}

/// What a plan takes, made to fit where that is possible.
pub(super) fn of(shape: &Shape<'_>, regions: &[Pieces], runs: u64, limits: Limits) -> Result<Memory> {
    let part = shape.expression.part();
    let regions_count = regions.iter().map(Pieces::count).fold(1, u64::saturating_mul);
    let jobs = regions_count.saturating_mul(runs);
    let most = usize::try_from(jobs).unwrap_or(usize::MAX).max(1);
    let region: Vec<Span> = regions
        .iter()
        .zip(part)
        .map(|(pieces, span)| Span { start: span.start, count: pieces.longest() })
        .collect();
    let lengths: Vec<u64> =
        shape.block.iter().zip(&region).map(|(block, span)| (*block).min(span.count)).collect();
    let elements = lengths.iter().copied().fold(1, u64::saturating_mul);
    let block = elements.saturating_mul(shape.expression.array().element().size() as u64);
    let of_threads = |threads: usize, ahead| -> Result<Memory> {
        Ok(Memory {
            threads,
            ahead,
            block: if is_borrowed(shape, &lengths) { 0 } else { block },
            reading: if shape.expression.array().chunks().is_some() { block } else { 0 },
            scratch: scratch(shape, &lengths, elements),
            state: shape.state(&region)?,
            states: (2 * threads as u64).min(jobs) + 1,
            result: shape.state(part)?,
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

/// Whether blocks lie in one piece of the caller's memory.
fn is_borrowed(shape: &Shape<'_>, block: &[u64]) -> bool {
    let array = shape.expression.array();
    if array.chunks().is_some() {
        return false;
    }
    let lengths = array.shape();
    let inner = block.iter().position(|length| *length != 1).map_or(block.len(), |first| first + 1);
    block.iter().zip(&lengths).skip(inner).all(|(length, whole)| length == whole)
}

/// A block unpacked, the coarser one, and what is left of a window for the next block.
fn scratch(shape: &Shape<'_>, block: &[u64], elements: u64) -> u64 {
    let expression = shape.expression;
    let size = expression.element().size() as u64;
    let is_other = !expression.steps().is_empty() || expression.array().packing().is_some();
    let unpacked =
        if is_other || expression.element() != expression.array().element() { elements } else { 0 };
    let coarse = expression.coarsening().map_or(0, |coarsening| {
        let length = block[coarsening.axis].max(1);
        elements / length * (length.div_ceil(coarsening.window) + 1)
    });
    unpacked.saturating_add(coarse).saturating_mul(size)
}
