//! The least or the largest value of each cell.

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Row};
use super::{LeftOut, Numbers, Output, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::Result;
use crate::kernels::{largest, largest_across, least, least_across};

/// Which of the values is wanted; NaN where there are none. Integers beyond 2^53 are taken as the nearest double.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extreme {
    /// The least one.
    Least,
    /// The largest one.
    Largest,
}

/// The least or the largest value of each cell so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extremes {
    extreme: Extreme,
    cells: Cells,
    values: Vec<f64>,
    left_out: LeftOut,
}

impl Extremes {
    /// Bytes for each cell.
    pub(super) const BYTES_OF_CELL: u64 = 8;

    pub(super) fn new(extreme: Extreme, cells: Cells) -> Result<Self> {
        let values = filled(f64::NAN, cells.places()?, &cells)?;
        Ok(Self { extreme, cells, values, left_out: LeftOut::default() })
    }

    pub(super) fn extreme(&self) -> Extreme {
        self.extreme
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        self.cells.places().is_ok_and(|count| count == self.values.len()) && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        let (extreme, all) = (self.extreme, &mut self.values);
        let mut there = 0;
        self.cells.each_row(block, |row| {
            let (Row::Into(_, values) | Row::Across(_, values)) = row;
            there += values.iter().filter(|value| !value.to_f64().is_nan()).count() as u64;
            match (row, extreme) {
                (Row::Into(cell, values), Extreme::Least) => all[cell] = all[cell].min(least(values)),
                (Row::Into(cell, values), Extreme::Largest) => all[cell] = all[cell].max(largest(values)),
                (Row::Across(first, values), Extreme::Least) => least_across(values, &mut all[first..]),
                (Row::Across(first, values), Extreme::Largest) => largest_across(values, &mut all[first..]),
            }
        })?;
        self.left_out.missing += block.count() as u64 - there;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.extreme != later.extreme || self.cells != later.cells {
            return Err(other_cells());
        }
        match self.extreme {
            Extreme::Least => least_across(&later.values, &mut self.values),
            Extreme::Largest => largest_across(&later.values, &mut self.values),
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    pub(super) fn finish(self) -> Output {
        Output { shape: self.cells.shape(), values: Numbers::F64(self.values), left_out: self.left_out }
    }
}
