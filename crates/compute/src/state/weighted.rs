//! Means of each cell's values, weighted along an axis, such as by the area of a grid's rows.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::cells::{Axis, Cells, Row};
use super::{LeftOut, Numbers, Output, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::{Error, Result};
use crate::kernels::{as_f64, divide_by, sum, weighted_sum, weighted_sum_across};

/// Weights of the elements along an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Given")]
pub struct Weights {
    /// The axis.
    axis: usize,
    /// A weight for each element of the whole axis.
    weights: Vec<f64>,
}

/// Weights as they are told, before it is known whether they are numbers.
#[derive(Deserialize)]
struct Given {
    axis: usize,
    weights: Vec<f64>,
}

impl TryFrom<Given> for Weights {
    type Error = Error;

    fn try_from(given: Given) -> Result<Self> {
        Self::new(given.axis, given.weights)
    }
}

/// Weighted sums, and the weights in them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighted {
    weights: Weights,
    cells: Cells,
    sums: Vec<f64>,
    all: Vec<f64>,
    left_out: LeftOut,
}

impl Weights {
    /// Weights of the elements along an axis, one for each element of the whole axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] for weights that are infinite or NaN.
    pub fn new(axis: usize, weights: Vec<f64>) -> Result<Self> {
        match weights.iter().position(|weight| !weight.is_finite()) {
            None => Ok(Self { axis, weights }),
            Some(place) => Err(Error::invalid(
                format!("weight {place} is {}", weights[place]),
                "give finite weights; what is to count nothing has the weight 0",
            )),
        }
    }

    /// Along which axis they go, and for how many elements.
    pub(crate) fn extent(&self) -> (usize, u64) {
        (self.axis, self.weights.len() as u64)
    }

    /// Bytes that a state takes however few its cells are.
    pub(super) fn bytes(&self) -> u64 {
        self.weights.len() as u64 * 8
    }

    /// Whether they are for all elements of a region.
    pub(super) fn must_cover(&self, cells: &Cells) -> Result<()> {
        let (origin, shape) = cells.region();
        let is_covered = |(from, count): (&u64, &u64)| {
            usize::try_from(*count).is_ok_and(|count| self.along(*from, count).is_some())
        };
        if origin.iter().zip(shape).nth(self.axis).is_some_and(is_covered) {
            return Ok(());
        }
        let (count, axis) = (self.weights.len(), self.axis);
        Err(Error::invalid(
            format!("{count} weights are not for axis {axis} of {shape:?} at {origin:?}"),
            "give a weight for each element of the axis",
        ))
    }

    /// Puts the weights of some elements of a block into `out`, by their places in the block.
    pub(super) fn fill(&self, shape: &[usize], origin: &[u64], places: Range<usize>, out: &mut [f64]) {
        let inner: usize = shape[self.axis + 1..].iter().product();
        let Some(weights) = self.along(origin[self.axis], shape[self.axis]) else { return };
        let mut at = places.start;
        while at < places.end {
            let count = (inner - at % inner).min(places.end - at);
            out[at - places.start..][..count].fill(weights[at / inner % weights.len()]);
            at += count;
        }
    }

    /// The weights of elements from one on.
    fn along(&self, first: u64, count: usize) -> Option<&[f64]> {
        let first = usize::try_from(first).ok()?;
        self.weights.get(first..first.checked_add(count)?)
    }
}

impl Weighted {
    /// Bytes for each cell.
    pub(super) const BYTES_OF_CELL: u64 = 16;

    pub(super) fn new(weights: Weights, cells: Cells) -> Result<Self> {
        weights.must_cover(&cells)?;
        if cells.axes().get(weights.axis) != Some(&Axis::Reduced) {
            return Err(Error::invalid(
                format!("weights along axis {}, which is not reduced, change no mean", weights.axis),
                "give a weight for each element of an axis that is reduced",
            ));
        }
        let count = cells.places()?;
        let (sums, all) = (filled(0.0, count, &cells)?, filled(0.0, count, &cells)?);
        Ok(Self { weights, cells, sums, all, left_out: LeftOut::default() })
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        self.weights.must_cover(&self.cells).is_ok()
            && self.cells.axes().get(self.weights.axis) == Some(&Axis::Reduced)
            && self.cells.places().is_ok_and(|count| count == self.sums.len() && count == self.all.len())
            && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        self.cells.check(block.shape(), block.origin())?;
        let values = block.values()?;
        if values.is_empty() {
            return Ok(());
        }
        let there = if self.weights.axis + 1 == block.shape().len() {
            self.along_rows(block)?
        } else {
            self.by_rows(block, values)?
        };
        self.left_out.missing += block.count() as u64 - there;
        Ok(())
    }

    /// Where the axis is the last one: the weights go along each row. How many values are there.
    fn along_rows<T: Element>(&mut self, block: &Block<'_, T>) -> Result<u64> {
        let (axis, sums, all) = (self.weights.axis, &mut self.sums, &mut self.all);
        let (length, mut there) = (block.shape()[axis], 0);
        let Some(weights) = self.weights.along(block.origin()[axis], length) else { return Ok(0) };
        self.cells.each_row(block, |row| {
            if let Row::Into(cell, values) = row {
                there += count(values);
                for values in values.chunks(length) {
                    let (sum, weight) = weighted_sum(values, weights);
                    sums[cell] += sum;
                    all[cell] += weight;
                }
            }
        })?;
        Ok(there)
    }

    /// Where others follow it: one weight for all that follows one of its elements. How many values are there.
    fn by_rows<T: Element>(&mut self, block: &Block<'_, T>, values: &[T]) -> Result<u64> {
        let (axis, sums, all) = (self.weights.axis, &mut self.sums, &mut self.all);
        let (mut shape, mut origin) = (block.shape().to_vec(), block.origin().to_vec());
        let inner: usize = shape[axis + 1..].iter().product();
        let Some(weights) = self.weights.along(origin[axis], shape[axis]) else { return Ok(0) };
        shape[..=axis].fill(1);
        let (mut same, mut there) = (Vec::new(), 0);
        for (number, values) in values.chunks(inner).enumerate() {
            let mut rest = number;
            for own in (0..=axis).rev() {
                origin[own] = block.origin()[own] + (rest % block.shape()[own]) as u64;
                rest /= block.shape()[own];
            }
            let weight = weights[number % block.shape()[axis]];
            self.cells.each_row(&Block::new(values, &shape, &origin)?, |row| match row {
                Row::Into(cell, values) => {
                    let (sum, count) = sum(values);
                    there += count;
                    sums[cell] += if count == 0 { 0.0 } else { sum * weight };
                    all[cell] += as_f64(count) * weight;
                }
                Row::Across(first, values) => {
                    there += count(values);
                    same.clear();
                    same.resize(values.len(), weight);
                    weighted_sum_across(values, &same, &mut sums[first..], &mut all[first..]);
                }
            })?;
        }
        Ok(there)
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.weights != later.weights || self.cells != later.cells {
            return Err(other_cells());
        }
        for (sum, later) in self.sums.iter_mut().zip(&later.sums) {
            *sum += later;
        }
        for (all, later) in self.all.iter_mut().zip(&later.all) {
            *all += later;
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    /// NaN where there is no value, or none of any weight.
    pub(super) fn finish(mut self) -> Output {
        divide_by(&mut self.sums, &self.all);
        Output { shape: self.cells.shape(), values: Numbers::F64(self.sums), left_out: self.left_out }
    }
}

/// How many values are there.
fn count<T: Element>(values: &[T]) -> u64 {
    values.iter().filter(|value| !value.to_f64().is_nan()).count() as u64
}
