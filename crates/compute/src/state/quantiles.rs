//! Quantiles of the values of each cell, exact: all of a cell's values are kept.

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Row};
use super::{LeftOut, Numbers, Output, filled, other_cells, too_many};
use crate::block::{Block, Element};
use crate::error::{Error, Result};
use crate::kernels::{median, quantile};

/// Which share of a cell's values lies below the result: from 0 to 1. One half is the median, which of an even number of
/// values is the mean of the two in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

/// The values of each cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    share: Share,
    cells: Cells,
    /// Values that a cell has room for.
    depth: usize,
    /// The values of each cell, and room for those that are not there yet.
    values: Vec<f64>,
    counts: Vec<u32>,
    left_out: LeftOut,
}

impl Share {
    /// A share of values.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is not from 0 to 1.
    pub fn new(share: f64) -> Result<Self> {
        if (0.0..=1.0).contains(&share) {
            return Ok(Self(share));
        }
        Err(Error::invalid(format!("{share} is no share of values"), "give a number from 0 to 1"))
    }

    /// The share.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = Error;

    fn try_from(share: f64) -> Result<Self> {
        Self::new(share)
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl Quantiles {
    /// Bytes for each cell: its values, how many there are, and the result.
    pub(super) fn bytes_of_cell(cells: &Cells) -> u64 {
        cells.depth().saturating_mul(8).saturating_add(12)
    }

    pub(super) fn new(share: Share, cells: Cells) -> Result<Self> {
        let count = cells.places()?;
        let depth = u32::try_from(cells.depth()).map_err(|_| too_many(&cells))? as usize;
        let values = count.checked_mul(depth).ok_or_else(|| too_many(&cells))?;
        let (values, counts) = (filled(0.0, values, &cells)?, filled(0, count, &cells)?);
        Ok(Self { share, cells, depth, values, counts, left_out: LeftOut::default() })
    }

    pub(super) fn share(&self) -> Share {
        self.share
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        let has_room = |count: usize| count.checked_mul(self.depth) == Some(self.values.len());
        self.cells.places().is_ok_and(|count| count == self.counts.len() && has_room(count))
            && self.cells.depth() == self.depth as u64
            && self.counts.iter().all(|count| *count as usize <= self.depth)
            && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        let mut room = Room { depth: self.depth, values: &mut self.values, counts: &mut self.counts };
        let mut there = 0;
        self.cells.each_row(block, |row| match row {
            Row::Into(cell, values) => {
                for value in values {
                    there += room.put(cell, value.to_f64());
                }
            }
            Row::Across(first, values) => {
                for (cell, value) in values.iter().enumerate() {
                    there += room.put(first + cell, value.to_f64());
                }
            }
        })?;
        self.left_out.missing += block.count() as u64 - there;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.share != later.share || self.cells != later.cells {
            return Err(other_cells());
        }
        let mut room = Room { depth: self.depth, values: &mut self.values, counts: &mut self.counts };
        for (cell, count) in later.counts.iter().enumerate() {
            for value in &later.values[cell * later.depth..][..*count as usize] {
                room.put(cell, *value);
            }
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    /// NaN where there are no values.
    pub(super) fn finish(mut self) -> Output {
        let is_median = self.share == Share(0.5);
        let mut results = Vec::with_capacity(self.counts.len());
        for (cell, count) in self.counts.iter().enumerate() {
            let there = &mut self.values[cell * self.depth..][..*count as usize];
            results.push(if is_median { median(there) } else { quantile(there, self.share.0) });
        }
        Output { shape: self.cells.shape(), values: Numbers::F64(results), left_out: self.left_out }
    }
}

/// Where values go.
struct Room<'a> {
    depth: usize,
    values: &'a mut [f64],
    counts: &'a mut [u32],
}

impl Room<'_> {
    /// How many were put: none where it is missing. More than a cell has room for come only where a block comes twice.
    fn put(&mut self, cell: usize, value: f64) -> u64 {
        let count = self.counts[cell] as usize;
        if value.is_nan() || count >= self.depth {
            return 0;
        }
        self.values[cell * self.depth + count] = value;
        self.counts[cell] += 1;
        1
    }
}
