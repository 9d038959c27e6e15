//! The sum, mean or number of the values of each cell.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Row};
use super::{LeftOut, Numbers, Output, can_be, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::Result;
use crate::kernels::{add_across, divide, sum, sum_across};

/// Rows of cells that are shorter are counted value by value.
const LONG: usize = 256;

/// What is wanted of the values that are not missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Total {
    /// Their sum; 0 where there are none.
    Sum,
    /// Their mean; NaN where there are none.
    Mean,
    /// How many there are.
    Count,
}

/// Sums in double precision, and how many values are in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    total: Total,
    cells: Cells,
    sums: Vec<f64>,
    counts: Vec<u64>,
    left_out: LeftOut,
}

impl Totals {
    /// Bytes for each cell.
    pub(super) const BYTES_OF_CELL: u64 = 16;

    pub(super) fn new(total: Total, cells: Cells) -> Result<Self> {
        let count = cells.places()?;
        let (sums, counts) = (filled(0.0, count, &cells)?, filled(0, count, &cells)?);
        Ok(Self { total, cells, sums, counts, left_out: LeftOut::default() })
    }

    pub(super) fn total(&self) -> Total {
        self.total
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        self.cells.places().is_ok_and(|count| count == self.sums.len() && count == self.counts.len())
            && can_be(&self.counts, 0)
            && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        let (sums, counts) = (&mut self.sums, &mut self.counts);
        let mut seen = 0;
        // How often all values of a row of cells were there: counted there at the end, and not value by value.
        let mut whole: HashMap<Range<usize>, u64> = HashMap::new();
        self.cells.each_row(block, |row| match row {
            Row::Into(cell, values) => {
                let (sum, count) = sum(values);
                sums[cell] += sum;
                counts[cell] += count;
                seen += count;
            }
            Row::Across(first, values) => {
                let to = first..first + values.len();
                if values.len() >= LONG && add_across(values, &mut sums[to.clone()]) {
                    seen += values.len() as u64;
                    *whole.entry(to).or_default() += 1;
                } else {
                    seen += sum_across(values, &mut sums[to.clone()], &mut counts[to]);
                }
            }
        })?;
        for (cells, rows) in whole {
            for count in &mut counts[cells] {
                *count += rows;
            }
        }
        self.left_out.missing += block.count() as u64 - seen;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.total != later.total || self.cells != later.cells {
            return Err(other_cells());
        }
        for (sum, later) in self.sums.iter_mut().zip(&later.sums) {
            *sum += later;
        }
        for (count, later) in self.counts.iter_mut().zip(&later.counts) {
            *count += later;
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Output {
        let values = match self.total {
            Total::Sum => Numbers::F64(self.sums),
            Total::Count => Numbers::U64(self.counts),
            Total::Mean => {
                divide(&mut self.sums, &self.counts);
                Numbers::F64(self.sums)
            }
        };
        Output { shape: self.cells.shape(), values, left_out: self.left_out }
    }
}
