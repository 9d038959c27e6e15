//! What elements differ by from the means of their groups.

use super::fold::merged_into;
use crate::block::{Block, Element};
use crate::error::Result;
use crate::expression::{Expression, Span};
use crate::kernels::{Accumulator, subtract};
use crate::source::Real;
use crate::state::{Cells, Groups, Measure, Numbers, Output, Place, State, Total};

/// The means of groups, of a region.
pub(super) struct Means {
    cells: Cells,
    /// Of each cell, its own.
    of_cells: Vec<f64>,
    /// Whether each element is in a group.
    is_all: bool,
}

impl Means {
    /// Those that a pass before computed of all of it; none where the expression has no groups.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where groups are not known for all of it.
    pub(super) fn of(expression: &Expression, output: Output) -> Result<Option<Self>> {
        let Some(climatology) = expression.climatology() else { return Ok(None) };
        let cells = climatology.cells(&climatology.relative(climatology.part()))?;
        Ok(Some(Self { cells, of_cells: doubles(output), is_all: is_all(expression) }))
    }

    /// Puts what each element of a block differs by into `out`: NaN where it is in no group.
    pub(super) fn subtract<F: Real>(&self, block: &Block<'_, F>, out: &mut Vec<F>) -> Result<()> {
        let values = block.values()?;
        if !self.is_all {
            out.clear();
        }
        out.reserve_exact(values.len().saturating_sub(out.len()));
        out.resize(values.len(), F::nan());
        self.cells.each_place(block.shape(), block.origin(), |place| match place {
            Place::Across(first, places) => {
                subtract(&values[places.clone()], &self.of_cells[first..], &mut out[places]);
            }
            Place::Into(cell, places) => {
                for (out, value) in out[places.clone()].iter_mut().zip(&values[places]) {
                    *out = <F as Accumulator>::of(Element::to_f64(*value) - self.of_cells[cell]);
                }
            }
        })
    }
}

/// Means on their way: states of stretches, merged in their order.
pub(super) struct Gathering {
    cells: Cells,
    /// The batch, and the stretch in it.
    stretch: Option<(u64, u64)>,
    now: State,
    batch: Option<State>,
    merged: Option<State>,
    is_all: bool,
}

impl Gathering {
    /// Of a region of the stored array; none where the expression has no groups.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where groups are not known for all of it.
    pub(super) fn new(expression: &Expression, region: &[Span]) -> Result<Option<Self>> {
        let Some(climatology) = expression.climatology() else { return Ok(None) };
        let cells = climatology.cells(&climatology.relative(region))?;
        let now = State::new(&Measure::Total(Total::Mean), cells.clone())?;
        Ok(Some(Self { cells, stretch: None, now, batch: None, merged: None, is_all: is_all(expression) }))
    }

    /// Takes in a block of a stretch.
    pub(super) fn take<F: Real>(&mut self, stretch: Option<(u64, u64)>, block: &Block<'_, F>) -> Result<()> {
        if self.stretch != stretch {
            self.merge()?;
            if self.stretch.map(|(batch, _)| batch) != stretch.map(|(batch, _)| batch) {
                self.merge_batch()?;
            }
            self.stretch = stretch;
        }
        self.now.update(block)
    }

    fn merge(&mut self) -> Result<()> {
        let next = State::new(&Measure::Total(Total::Mean), self.cells.clone())?;
        let done = std::mem::replace(&mut self.now, next);
        merged_into(&mut self.batch, done)
    }

    fn merge_batch(&mut self) -> Result<()> {
        self.batch.take().map_or(Ok(()), |done| merged_into(&mut self.merged, done))
    }

    pub(super) fn finish(mut self) -> Result<Means> {
        self.merge()?;
        self.merge_batch()?;
        let of_cells = self.merged.map_or_else(Vec::new, |merged| doubles(merged.finish()));
        Ok(Means { cells: self.cells, of_cells, is_all: self.is_all })
    }
}

/// Whether each element is in a group: its difference is written over whatever was there.
fn is_all(expression: &Expression) -> bool {
    let is_in = |groups: &Groups| groups.labels.iter().all(|label| *label < groups.count);
    expression.anomalies().is_some_and(|anomaly| is_in(&anomaly.groups))
}

fn doubles(output: Output) -> Vec<f64> {
    match output.values {
        Numbers::F64(means) => means,
        // Means are doubles.
        Numbers::U64(_) => Vec::new(),
    }
}
