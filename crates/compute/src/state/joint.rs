//! How many values of each cell are in each bin together with what lies beside them.

use serde::{Deserialize, Serialize};

use super::cells::{Cells, Place, STRIP};
use super::histogram::{Edges, Table};
use super::{LeftOut, Numbers, Output, can_be, filled, other_cells};
use crate::block::{Block, Element};
use crate::error::{Error, Result};
use crate::kernels::{count_across, count_into, join, slots};

/// Counts of each cell's pairs by the bins of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joint {
    edges: Edges,
    others: Edges,
    cells: Cells,
    /// For each cell a table over the slots of values and of what lies beside them.
    counts: Vec<u64>,
    /// Pairs that belong to no cell.
    nowhere: u64,
    #[serde(skip)]
    tables: (Table, Table),
}

impl Joint {
    /// Bytes of a cell's counts; the largest number where they are more than that.
    pub(super) fn bytes_of_cell(edges: &Edges, others: &Edges) -> u64 {
        edges.bytes_of_cell().saturating_mul(others.slots() as u64)
    }

    pub(super) fn new(edges: Edges, others: Edges, cells: Cells) -> Result<Self> {
        let width = width(&edges, &others).ok_or_else(|| {
            let (bins, others) = (edges.values().len() - 1, others.values().len() - 1);
            Error::invalid(
                format!("{bins} bins and {others} beside them are more pairs than can be counted"),
                "take fewer bins",
            )
        })?;
        let counts = cells.places()?.checked_mul(width).ok_or_else(|| super::too_many(&cells))?;
        let counts = filled(0, counts, &cells)?;
        Ok(Self { edges, others, cells, counts, nowhere: 0, tables: <(Table, Table)>::default() })
    }

    pub(super) fn edges(&self) -> (&Edges, &Edges) {
        (&self.edges, &self.others)
    }

    pub(super) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn is_whole(&self) -> bool {
        let due =
            width(&self.edges, &self.others).and_then(|width| self.cells.places().ok()?.checked_mul(width));
        due == Some(self.counts.len()) && can_be(&self.counts, self.nowhere)
    }

    pub(super) fn update<T: Element>(&mut self, block: &Block<'_, T>, beside: &[f64]) -> Result<()> {
        let (bins, others) = (self.tables.0.of::<T>(&self.edges)?, self.tables.1.of::<f64>(&self.others)?);
        let (width, counts) = (bins.slots() * others.slots(), &mut self.counts);
        let (mut found, mut seen) = ([0; STRIP], 0);
        self.cells.each_place_of(block, |place| {
            for place in place.strips() {
                let (Place::Into(cell, places) | Place::Across(cell, places)) = place.clone();
                let (found, counts) = (&mut found[..places.len()], &mut counts[cell * width..]);
                seen += places.len() as u64;
                slots(&bins, block.at(places.clone()), found);
                join(&others, &beside[places], found);
                match place {
                    Place::Into(..) => count_into(found, counts),
                    Place::Across(..) => count_across(found, width, counts),
                }
            }
        })?;
        self.nowhere += block.count() as u64 - seen;
        Ok(())
    }

    pub(super) fn merge(&mut self, later: &Self) -> Result<()> {
        if self.edges != later.edges || self.others != later.others || self.cells != later.cells {
            return Err(other_cells());
        }
        for (count, later) in self.counts.iter_mut().zip(&later.counts) {
            *count += later;
        }
        self.nowhere += later.nowhere;
        Ok(())
    }

    /// Counts of the bins of both. A pair is left out as missing where either is missing, else as below where either
    /// is below its bins, else as above.
    pub(super) fn finish(mut self) -> Output {
        let (slots, others) = (self.edges.slots(), self.others.slots());
        let mut left_out = LeftOut { missing: self.nowhere, ..LeftOut::default() };
        for table in self.counts.chunks_exact(slots * others) {
            for (slot, row) in table.chunks_exact(others).enumerate() {
                for (other, count) in row.iter().enumerate() {
                    let is_either = |what: usize, beside: usize| slot == what || other == beside;
                    if is_either(slots - 1, others - 1) {
                        left_out.missing += count;
                    } else if is_either(0, 0) {
                        left_out.below += count;
                    } else if is_either(slots - 2, others - 2) {
                        left_out.above += count;
                    }
                }
            }
        }
        // In the place where they are: a result may be as large as memory allows.
        let (bins, besides) = (slots - 3, others - 3);
        let cells = self.counts.len() / (slots * others);
        for row in 0..cells * bins {
            let from = (row / bins * slots + row % bins + 1) * others + 1;
            self.counts.copy_within(from..from + besides, row * besides);
        }
        self.counts.truncate(cells * bins * besides);
        let mut shape = self.cells.shape();
        shape.extend([bins as u64, besides as u64]);
        Output { shape, values: Numbers::U64(self.counts), left_out }
    }
}

/// Places of a cell's table: as many as slots can tell.
fn width(edges: &Edges, others: &Edges) -> Option<usize> {
    let width = edges.slots().checked_mul(others.slots())?;
    u32::try_from(width).is_ok().then_some(width)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::{Axis, Groups};

    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![10 => -2.0..4.0_f32, 1 => Just(f32::NAN), 1 => Just(f32::INFINITY), 2 => (-1..4_i8).prop_map(f32::from)]
    }

    /// The slot by the definition of `numpy.histogram`.
    fn slot(edges: &[f64], value: f64) -> Option<usize> {
        let bins = edges.len() - 1;
        let bin = (0..bins).find(|bin| edges[*bin] <= value && value < edges[bin + 1]);
        bin.or((value.to_bits() == edges[bins].to_bits()).then_some(bins - 1))
    }

    proptest! {
        #[test]
        fn pairs_are_in_the_bins_of_both(
            pairs in prop::collection::vec((number(), number()), 60),
            is_last_kept: bool, cut in 0..=5_usize, labels in prop::collection::vec(0..3_u32, 5),
        ) {
            let (edges, others) = ([0.0, 1.0, 3.0], [-1.0, 0.5, 2.0, 3.0]);
            let last = if is_last_kept { Axis::Kept } else { Axis::Reduced };
            let axes = vec![Axis::Grouped(Groups { count: 2, labels: labels.clone() }), last];
            let cells = Cells::new(vec![0; 2], vec![5, 12], axes).unwrap();
            let (values, beside): (Vec<f32>, Vec<f64>) = pairs.iter().map(|(one, other)| (*one, f64::from(*other))).unzip();
            let new = || Joint::new(Edges::new(edges.to_vec()).unwrap(), Edges::new(others.to_vec()).unwrap(), cells.clone()).unwrap();
            let part = |from: usize, to: usize| {
                let mut joint = new();
                let (shape, origin) = ([to - from, 12], [from as u64, 0]);
                let block = Block::new(&values[from * 12..to * 12], &shape, &origin).unwrap();
                joint.update(&block, &beside[from * 12..to * 12]).unwrap();
                joint
            };
            let mut merged = part(0, cut);
            merged.merge(&part(cut, 5)).unwrap();
            let width = if is_last_kept { 12 } else { 1 };
            let mut due = vec![0; 2 * width * 6];
            let mut missing = 0;
            for (place, (value, other)) in values.iter().zip(&beside).enumerate() {
                let label = labels[place / 12] as usize;
                missing += u64::from(label >= 2 || value.is_nan() || other.is_nan());
                let slots = (slot(&edges, f64::from(*value)), slot(&others, *other));
                if let (Some(one), Some(other)) = slots && label < 2 {
                    due[((label * width + place % width) * 2 + one) * 3 + other] += 1;
                }
            }
            let output = merged.finish();
            let all = due.iter().sum::<u64>() + output.left_out.missing + output.left_out.below + output.left_out.above;
            prop_assert_eq!((all, output.left_out.missing), (60, missing));
            prop_assert_eq!(output.values, Numbers::U64(due));
            prop_assert_eq!(&output.shape[output.shape.len() - 2..], &[2, 3]);
        }
    }

    #[test]
    fn more_pairs_of_bins_than_can_be_told_are_refused() {
        let cells = || Cells::new(vec![0], vec![2], vec![Axis::Reduced]).unwrap();
        let many = || Edges::new((0..70_000_u32).map(f64::from).collect()).unwrap();
        assert!(Joint::new(many(), many(), cells()).is_err());
        let few = Joint::new(many(), Edges::new(vec![0.0, 1.0]).unwrap(), cells()).unwrap();
        let mut other = Joint::new(Edges::new(vec![0.0, 1.0]).unwrap(), many(), cells()).unwrap();
        assert!(other.merge(&few).is_err());
    }
}
