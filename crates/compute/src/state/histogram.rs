//! How many values of each cell are in each bin.

use std::any::Any;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Row, STRIP};
use super::{LeftOut, Numbers, Output, can_be, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::Result;
use crate::kernels::{Bins, Tally, count, count_across, slots};

/// The edges of bins, one more than bins, in rising order: each bin is closed on the left, the last one on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct Edges(Vec<f64>);

/// Counts of each cell's values by bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    edges: Edges,
    cells: Cells,
    /// For each cell what is below the bins, the bins, what is above them, and what is missing.
    counts: Vec<u64>,
    /// Values that belong to no cell.
    nowhere: u64,
    #[serde(skip)]
    table: Table,
}

/// The table of bins for the type of the values, once it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(Option<Arc<dyn Any + Send + Sync>>);

/// It says nothing that the edges do not.
impl PartialEq for Table {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Edges {
    /// Edges of bins.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where there are fewer than two, too many, or one is NaN or
    /// smaller than the one before.
    pub fn new(edges: Vec<f64>) -> Result<Self> {
        Bins::<f64>::check(&edges)?;
        Ok(Self(edges))
    }

    /// The edges.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many slots they have: see [`Bins::slots`].
    pub(super) fn slots(&self) -> usize {
        self.0.len() + 2
    }

    /// Bytes of a cell's counts.
    pub(super) fn bytes_of_cell(&self) -> u64 {
        self.slots() as u64 * 8
    }

    /// Bytes that a state takes however few its cells are: the edges, and the table of bins.
    pub(super) fn bytes(&self) -> u64 {
        let own = self.0.len().saturating_mul(size_of::<f64>());
        own.saturating_add(Bins::<f64>::bytes_at_most(self.0.len())) as u64
    }
}

impl TryFrom<Vec<f64>> for Edges {
    type Error = crate::Error;

    fn try_from(edges: Vec<f64>) -> Result<Self> {
        Self::new(edges)
    }
}

impl From<Edges> for Vec<f64> {
    fn from(edges: Edges) -> Self {
        edges.0
    }
}

impl Table {
    /// The bins for a type of values.
    pub(super) fn of<T: Element>(&mut self, edges: &Edges) -> Result<Arc<Bins<T>>> {
        if let Some(Ok(bins)) = self.0.clone().map(Arc::downcast::<Bins<T>>) {
            return Ok(bins);
        }
        let bins = Arc::new(Bins::<T>::new(&edges.0)?);
        self.0 = Some(bins.clone());
        Ok(bins)
    }
}

impl Histogram {
    pub(super) fn new(edges: Edges, cells: Cells) -> Result<Self> {
        let width = edges.slots();
        let counts = cells.places()?.checked_mul(width).ok_or_else(|| super::too_many(&cells))?;
        let counts = filled(0, counts, &cells)?;
        Ok(Self { edges, cells, counts, nowhere: 0, table: Table::default() })
    }

    pub(super) fn edges(&self) -> &Edges {
        &self.edges
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        self.cells
            .places()
            .is_ok_and(|count| count.checked_mul(self.edges.slots()) == Some(self.counts.len()))
            && can_be(&self.counts, self.nowhere)
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        let bins = self.table.of::<T>(&self.edges)?;
        let (width, counts) = (bins.slots(), &mut self.counts);
        let (mut tally, mut found) = (Tally::new(width), [0; STRIP]);
        let mut seen = 0;
        self.cells.each_row(block, |row| match row {
            Row::Into(cell, values) => {
                seen += values.len() as u64;
                count(&bins, values, &mut tally, &mut counts[cell * width..(cell + 1) * width]);
            }
            Row::Across(first, values) => {
                seen += values.len() as u64;
                for (strip, values) in values.chunks(STRIP).enumerate() {
                    slots(&bins, values, &mut found);
                    let counts = &mut counts[(first + strip * STRIP) * width..];
                    count_across(&found[..values.len()], width, counts);
                }
            }
        })?;
        self.nowhere += block.count() as u64 - seen;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.edges != later.edges || self.cells != later.cells {
            return Err(other_cells());
        }
        for (count, later) in self.counts.iter_mut().zip(&later.counts) {
            *count += later;
        }
        self.nowhere += later.nowhere;
        Ok(())
    }

    /// Counts of the bins. What is in none of them is left out.
    pub(super) fn finish(mut self) -> Output {
        let (bins, width) = (self.edges.0.len() - 1, self.edges.slots());
        let mut left_out = LeftOut { missing: self.nowhere, ..LeftOut::default() };
        for of_cell in self.counts.chunks_exact(width) {
            left_out.add(LeftOut { below: of_cell[0], above: of_cell[bins + 1], missing: of_cell[bins + 2] });
        }
        // In the place where they are: a result may be as large as memory allows.
        for cell in 0..self.counts.len() / width {
            let from = cell * width + 1;
            self.counts.copy_within(from..from + bins, cell * bins);
        }
        self.counts.truncate(self.counts.len() / width * bins);
        let mut shape = self.cells.shape();
        shape.push(bins as u64);
        Output { shape, values: Numbers::U64(self.counts), left_out }
    }
}
