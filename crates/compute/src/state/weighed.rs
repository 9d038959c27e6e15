//! The weights of each cell's values, added up by bins.

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Place, STRIP};
use super::histogram::{Edges, Table};
use super::{LeftOut, Measure, Numbers, Output, Weights, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::{Error, Result};
use crate::kernels::{slots, weigh_across, weigh_into};

/// What values weigh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Weighing {
    /// Each what lies beside it. Where that is missing, the value is missing as well.
    Beside,
    /// The same for all with the same place along an axis, such as the area of a grid's rows.
    Along(Weights),
}

/// Weights of each cell's values by bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighed {
    edges: Edges,
    weighing: Weighing,
    cells: Cells,
    /// For each cell the sums of all slots: see [`Bins::slots`](crate::kernels::Bins::slots).
    sums: Vec<f64>,
    left_out: LeftOut,
    #[serde(skip)]
    table: Table,
}

impl Weighed {
    pub(super) fn new(edges: Edges, weighing: Weighing, cells: Cells) -> Result<Self> {
        if let Weighing::Along(weights) = &weighing {
            weights.must_cover(&cells)?;
        }
        let sums = cells.places()?.checked_mul(edges.slots()).ok_or_else(|| super::too_many(&cells))?;
        let (sums, left_out, table) = (filled(0.0, sums, &cells)?, LeftOut::default(), Table::default());
        Ok(Self { edges, weighing, cells, sums, left_out, table })
    }

    pub(super) fn measure(&self) -> Measure {
        Measure::WeightedHistogram(self.edges.clone(), self.weighing.clone())
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        let is_covered = match &self.weighing {
            Weighing::Beside => true,
            Weighing::Along(weights) => weights.must_cover(&self.cells).is_ok(),
        };
        let due = self.cells.places().ok().and_then(|count| count.checked_mul(self.edges.slots()));
        is_covered && due == Some(self.sums.len()) && self.left_out.can_be()
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>, beside: Option<&[f64]>) -> Result<()> {
        let bins = self.table.of::<T>(&self.edges)?;
        let (width, sums, left_out) = (bins.slots(), &mut self.sums, &mut self.left_out);
        let weights_of = match (&self.weighing, beside) {
            (Weighing::Along(weights), None) => By::Place(weights),
            (Weighing::Beside, Some(beside)) => By::Value(beside),
            (Weighing::Along(_), Some(_)) => {
                return Err(Error::invalid("values have weights along an axis", "put nothing beside them"));
            }
            (Weighing::Beside, None) => return Err(lonely()),
        };
        let (mut found, mut weights, mut seen) = ([0; STRIP], [0.0; STRIP], 0);
        self.cells.each_place_of(block, |place| {
            for place in place.strips() {
                let (Place::Into(cell, places) | Place::Across(cell, places)) = place.clone();
                let (found, weights) = (&mut found[..places.len()], &mut weights[..places.len()]);
                seen += places.len() as u64;
                slots(&bins, block.at(places.clone()), found);
                match weights_of {
                    By::Place(along) => along.fill(block.shape(), block.origin(), places, weights),
                    By::Value(beside) => weights.copy_from_slice(&beside[places]),
                }
                leave_out(found, weights, width, left_out);
                match place {
                    Place::Into(..) => weigh_into(found, weights, &mut sums[cell * width..]),
                    Place::Across(..) => weigh_across(found, weights, width, &mut sums[cell * width..]),
                }
            }
        })?;
        self.left_out.missing += block.count() as u64 - seen;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.edges != later.edges || self.weighing != later.weighing || self.cells != later.cells {
            return Err(other_cells());
        }
        for (sum, later) in self.sums.iter_mut().zip(&later.sums) {
            *sum += later;
        }
        self.left_out.add(later.left_out);
        Ok(())
    }

    /// Sums of the bins. How many values are in none of them is told; not what they weigh.
    pub(super) fn finish(mut self) -> Output {
        let width = self.edges.slots();
        let (bins, cells) = (width - 3, self.sums.len() / width);
        // In the place where they are: a result may be as large as memory allows.
        for cell in 0..cells {
            let from = cell * width + 1;
            self.sums.copy_within(from..from + bins, cell * bins);
        }
        self.sums.truncate(cells * bins);
        let mut shape = self.cells.shape();
        shape.push(bins as u64);
        Output { shape, values: Numbers::F64(self.sums), left_out: self.left_out }
    }
}

/// Where the weights of a block are.
enum By<'a> {
    Place(&'a Weights),
    Value(&'a [f64]),
}

/// Counts what is in no bin. What has no weight is missing: it goes to the last slot.
fn leave_out(found: &mut [u32], weights: &mut [f64], width: usize, left_out: &mut LeftOut) {
    let last = u32::try_from(width - 1).unwrap_or(u32::MAX);
    for (slot, weight) in found.iter_mut().zip(weights) {
        if weight.is_nan() {
            (*slot, *weight) = (last, 0.0);
        }
        left_out.missing += u64::from(*slot == last);
        left_out.above += u64::from(*slot + 1 == last);
        left_out.below += u64::from(*slot == 0);
    }
}

/// That nothing lies beside values where a measure takes pairs.
pub(super) fn lonely() -> Error {
    Error::invalid("the measure takes what lies beside the values", "give both")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::Axis;

    fn weighed(weighing: Weighing, axes: [bool; 2]) -> Weighed {
        let axes = axes.map(|is_kept| if is_kept { Axis::Kept } else { Axis::Reduced });
        let cells = Cells::new(vec![0; 2], vec![4, 6], axes.to_vec()).unwrap();
        Weighed::new(Edges::new(vec![0.0, 1.0, 3.0]).unwrap(), weighing, cells).unwrap()
    }

    fn numbers(weighed: Weighed) -> (Vec<f64>, LeftOut) {
        let output = weighed.finish();
        let Numbers::F64(sums) = output.values else { panic!("sums are doubles") };
        (sums, output.left_out)
    }

    proptest! {
        #[test]
        fn weights_are_added_up_where_their_values_are(
            values in prop::collection::vec(prop_oneof![9 => -1.0..4.0_f32, 1 => Just(f32::NAN)], 24),
            weights in prop::collection::vec(prop_oneof![9 => -1.0..2.0_f64, 1 => Just(f64::NAN)], 24),
            axes: [bool; 2], axis in 0..2_usize, cut in 0..=4_usize,
        ) {
            let of_steps: Vec<f64> =
                weights.iter().map(|weight| if weight.is_nan() { 0.5 } else { *weight }).take(6).collect();
            let along = Weights::new(axis, of_steps.clone()).unwrap();
            let at = |place: usize| [place / 6, place % 6];
            for weighing in [Weighing::Beside, Weighing::Along(along)] {
                let is_beside = weighing == Weighing::Beside;
                let part = |from: usize, to: usize| {
                    let mut part = weighed(weighing.clone(), axes);
                    let (shape, origin) = ([to - from, 6], [from as u64, 0]);
                    let block = Block::new(&values[from * 6..to * 6], &shape, &origin).unwrap();
                    part.update(&block, is_beside.then_some(&weights[from * 6..to * 6])).unwrap();
                    part
                };
                let mut merged = part(0, cut);
                merged.merge(&part(cut, 4)).unwrap();
                let kept = |axis: usize, length: usize| if axes[axis] { length } else { 1 };
                let mut due = vec![0.0; kept(0, 4) * kept(1, 6) * 2];
                let mut left = LeftOut::default();
                for (place, value) in values.iter().enumerate() {
                    let weight = if is_beside { weights[place] } else { of_steps[at(place)[axis]] };
                    let cell = at(place)[0] % kept(0, 4) * kept(1, 6) + at(place)[1] % kept(1, 6);
                    match *value {
                        value if value.is_nan() || weight.is_nan() => left.missing += 1,
                        value if value < 0.0 => left.below += 1,
                        value if value > 3.0 => left.above += 1,
                        value => due[cell * 2 + usize::from(value >= 1.0)] += weight,
                    }
                }
                let (found, left_out) = numbers(merged);
                prop_assert_eq!(left_out, left);
                prop_assert!(found.iter().zip(&due).all(|(found, due)| (found - due).abs() < 1e-12), "{found:?} is not {due:?}");
            }
        }
    }

    #[test]
    fn values_and_weights_come_as_was_said() {
        let block_of = [1.0_f32; 24];
        let block = Block::new(&block_of, &[4, 6], &[0, 0]).unwrap();
        assert!(weighed(Weighing::Beside, [true; 2]).update(&block, None).is_err());
        let along = Weighing::Along(Weights::new(0, vec![1.0; 4]).unwrap());
        assert!(weighed(along, [true; 2]).update(&block, Some(&[1.0; 24])).is_err());
        let cells = Cells::new(vec![0; 2], vec![4, 6], vec![Axis::Reduced; 2]).unwrap();
        for weights in [Weights::new(0, vec![1.0; 3]), Weights::new(2, vec![1.0; 9])] {
            let weighing = Weighing::Along(weights.unwrap());
            assert!(Weighed::new(Edges::new(vec![0.0, 1.0]).unwrap(), weighing, cells.clone()).is_err());
        }
    }
}
