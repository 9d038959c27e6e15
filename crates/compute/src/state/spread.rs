//! How far the values of each cell lie from each other.

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Row};
use super::{LeftOut, Numbers, Output, can_be, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::Result;
use crate::kernels::{Moments, moments_across};

/// What is wanted of the distances of values from their mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// Their variance, with so many degrees of freedom taken from the count (`ddof` of numpy).
    Variance(u64),
    /// Its square root.
    Deviation(u64),
}

/// Means and squared distances from them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spreads {
    spread: Spread,
    cells: Cells,
    moments: Vec<Moments>,
    left_out: LeftOut,
}

impl Spreads {
    /// Bytes for each cell: three numbers, and the result.
    pub(super) const BYTES_OF_CELL: u64 = 32;

    pub(super) fn new(spread: Spread, cells: Cells) -> Result<Self> {
        let moments = filled(Moments::default(), cells.places()?, &cells)?;
        Ok(Self { spread, cells, moments, left_out: LeftOut::default() })
    }

    pub(super) fn spread(&self) -> Spread {
        self.spread
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        self.cells.places().is_ok_and(|count| count == self.moments.len())
            && can_be(self.moments.iter().map(|moments| &moments.count), 0)
            && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        let moments = &mut self.moments;
        let mut there = 0;
        self.cells.each_row(block, |row| match row {
            Row::Into(cell, values) => {
                let of_row = Moments::of(values);
                there += of_row.count;
                moments[cell].merge(of_row);
            }
            Row::Across(first, values) => {
                there += values.iter().filter(|value| !value.to_f64().is_nan()).count() as u64;
                moments_across(values, &mut moments[first..first + values.len()]);
            }
        })?;
        self.left_out.missing += block.count() as u64 - there;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.spread != later.spread || self.cells != later.cells {
            return Err(other_cells());
        }
        for (moments, later) in self.moments.iter_mut().zip(&later.moments) {
            moments.merge(*later);
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    /// NaN where there are too few values, or infinite ones.
    pub(super) fn finish(self) -> Output {
        let of = |moments: &Moments| match self.spread {
            Spread::Variance(freedom) => moments.variance(freedom),
            Spread::Deviation(freedom) => moments.variance(freedom).sqrt(),
        };
        let values = Numbers::F64(self.moments.iter().map(of).collect());
        Output { shape: self.cells.shape(), values, left_out: self.left_out }
    }
}
