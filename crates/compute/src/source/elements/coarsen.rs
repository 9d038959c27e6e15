//! Windows of elements that become one along an axis, over the borders of blocks.

use std::ops::Range;

use num_traits::Float;

use crate::block::Element;
use crate::expression::Coarsening;
use crate::kernels::{Accumulator, Around, Folding};

/// Columns that are folded at once: what windows become of them stays near a core until they are full.
const TILE: usize = 4096;

/// Folds windows, element after element in the order of the axis and in the precision of the elements, as numpy
/// does over an axis that is not the last one. What a block leaves of a window waits for the next block along
/// the axis.
pub(super) struct Coarsen<F> {
    coarsening: Coarsening,
    window: usize,
    /// What the window that is not full has become, of all other axes.
    open: Vec<F>,
    /// How many numbers are in each place of it, where they are counted.
    counts: Vec<u32>,
    /// How many elements are in it.
    filled: usize,
    out: Vec<F>,
    shape: Vec<usize>,
    turned: Vec<F>,
    folded: Vec<F>,
}

impl<F: Float + Accumulator + Element> Coarsen<F> {
    /// None where a window is longer than memory.
    pub(super) fn new(coarsening: Coarsening) -> Option<Self> {
        Some(Self {
            coarsening,
            window: usize::try_from(coarsening.window).ok()?,
            open: Vec::new(),
            counts: Vec::new(),
            filled: 0,
            out: Vec::new(),
            shape: Vec::new(),
            turned: Vec::new(),
            folded: Vec::new(),
        })
    }

    /// Windows begin anew: the next block is not the one behind the last.
    pub(super) fn begin(&mut self) {
        self.filled = 0;
    }

    /// What the windows that end in a block have become, and their shape.
    pub(super) fn add(&mut self, values: &[F], shape: &[usize]) -> (&[F], &[usize]) {
        let (axis, folding) = (self.coarsening.axis, self.coarsening.folding);
        let around = Around::new(shape, axis);
        let done = (self.filled + around.steps) / self.window;
        self.shape.clear();
        self.shape.extend_from_slice(shape);
        self.shape[axis] = done;
        self.out.resize(around.width() * done, F::zero());
        self.open.resize(around.width(), F::zero());
        self.counts.resize(if folding.counts() { around.width() } else { 0 }, 0);
        if !values.is_empty() {
            let lengths: Vec<u64> = shape.iter().map(|length| *length as u64).collect();
            self.each(values, around, done, self.coarsening.is_turned(&lengths));
        }
        self.filled = (self.filled + around.steps) % self.window;
        (&self.out, &self.shape)
    }

    fn each(&mut self, values: &[F], around: Around, done: usize, is_turned: bool) {
        let folding = self.coarsening.folding;
        let windows = Windows { length: self.window, filled: self.filled, folding };
        let counts_of = |row: usize| if windows.folding.counts() { row * around.inner } else { 0 };
        if !is_turned {
            let length = around.steps * around.inner;
            for (row, values) in values.chunks_exact(length).enumerate() {
                let open = &mut self.open[row * around.inner..(row + 1) * around.inner];
                let out = &mut self.out[row * done * around.inner..(row + 1) * done * around.inner];
                windows.fold(values, open, &mut self.counts[counts_of(row)..], out);
            }
            return;
        }
        self.turned.clear();
        around.turn(values, &mut self.turned);
        self.folded.resize(self.out.len(), F::zero());
        windows.fold(&self.turned, &mut self.open, &mut self.counts, &mut self.folded);
        Around { steps: done, ..around }.turn_back(&self.folded, &mut self.out);
    }
}

#[derive(Clone, Copy)]
struct Windows {
    length: usize,
    /// Rows that are in the open one.
    filled: usize,
    folding: Folding,
}

impl Windows {
    /// Folds rows, each as long as `open`, into the windows of `out` and into the one that stays open.
    fn fold<F: Float + Accumulator + Element>(
        self,
        rows: &[F],
        open: &mut [F],
        counts: &mut [u32],
        out: &mut [F],
    ) {
        let inner = open.len();
        for first in (0..inner).step_by(TILE) {
            let columns = first..inner.min(first + TILE);
            let counts = if self.folding.counts() { &mut counts[columns.clone()] } else { &mut [] };
            self.fold_columns(rows, columns, open, counts, out);
        }
    }

    /// Folds some columns of the rows. Counts are those of these columns.
    fn fold_columns<F: Float + Accumulator + Element>(
        self,
        rows: &[F],
        columns: Range<usize>,
        open: &mut [F],
        counts: &mut [u32],
        out: &mut [F],
    ) {
        let inner = open.len();
        let open = &mut open[columns.clone()];
        let mut rows = rows.chunks_exact(inner).map(|row| &row[columns.clone()]);
        let mut within = self.filled;
        for window in out.chunks_exact_mut(inner) {
            let window = &mut window[columns.clone()];
            if within > 0 {
                window.copy_from_slice(open);
            }
            for row in rows.by_ref().take(self.length - within) {
                self.folding.take(row, within == 0, window, counts);
                within += 1;
            }
            self.folding.finish(self.length, window, counts);
            within = 0;
        }
        for row in rows {
            self.folding.take(row, within == 0, open, counts);
            within += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::{Fold, Missing, fold};

    fn folding() -> impl Strategy<Value = Folding> {
        let fold = prop::sample::select(vec![Fold::Sum, Fold::Mean, Fold::Least, Fold::Largest]);
        let missing = prop::sample::select(vec![Missing::LeftOut, Missing::Kept]);
        (fold, missing).prop_map(|(fold, missing)| Folding { fold, missing })
    }

    fn same(one: &[f32], other: &[f32]) -> bool {
        one.len() == other.len()
            && one
                .iter()
                .zip(other)
                .all(|(one, other)| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan())
    }

    #[test]
    fn wide_rows_are_folded_as_narrow_ones() {
        let width = TILE + 3;
        for fold in [Fold::Sum, Fold::Mean] {
            let folding = Folding { fold, missing: Missing::LeftOut };
            let mut coarsen = Coarsen::new(Coarsening { axis: 0, window: 3, folding }).unwrap();
            let rows: Vec<Vec<f64>> = (0..7_u32)
                .map(|row| {
                    (0..width)
                        .map(|at| if at % 5 == 1 && row == 4 { f64::NAN } else { f64::from(row) })
                        .collect()
                })
                .collect();
            let mut found = Vec::new();
            for rows in [&rows[..2], &rows[2..]] {
                found.extend_from_slice(coarsen.add(&rows.concat(), &[rows.len(), width]).0);
            }
            let sum = |row: &[f64]| row.iter().filter(|number| !number.is_nan()).sum::<f64>();
            let count = |row: &[f64]| {
                if fold == Fold::Sum {
                    1.0
                } else {
                    f64::from(u8::try_from(row.iter().filter(|number| !number.is_nan()).count()).unwrap())
                }
            };
            let due: Vec<f64> = [0, 3]
                .into_iter()
                .flat_map(|first| (0..width).map(move |at| (first, at)))
                .map(|(first, at)| {
                    let column: Vec<f64> = (first..first + 3).map(|row: usize| rows[row][at]).collect();
                    sum(&column) / count(&column)
                })
                .collect();
            assert!(found == due);
        }
    }

    proptest! {
        #[test]
        fn windows_are_the_same_whatever_the_blocks(
            outer in 1..3_usize, inner in prop_oneof![1..4_usize, 16..18_usize], window in 1..8_usize,
            lengths in prop::collection::vec(0..9_usize, 1..6), folding in folding(),
        ) {
            let length: usize = lengths.iter().sum();
            let value = |o: usize, at: usize, i: usize| {
                let number = (o * 31 + at * 7 + i) % 97;
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let value = if number % 5 == 2 { f32::NAN } else { number as f32 / 3.0 };
                value
            };
            let mut coarsen = Coarsen::new(Coarsening { axis: 1, window: window as u64, folding }).unwrap();
            let mut found = vec![vec![Vec::new(); inner]; outer];
            let mut from = 0;
            for one in lengths {
                let mut block = Vec::new();
                for o in 0..outer { for at in from..from + one { for i in 0..inner { block.push(value(o, at, i)); } } }
                from += one;
                let (folded, shape) = coarsen.add(&block, &[outer, one, inner]);
                for (place, number) in folded.iter().enumerate() {
                    found[place / (shape[1] * inner)][place % inner].push(*number);
                }
            }
            for (o, found) in found.iter().enumerate() {
                for (i, found) in found.iter().enumerate() {
                    let due: Vec<f32> = (0..length / window)
                        .map(|number| {
                            let mut out = [0.0];
                            let rows: Vec<_> = (number * window..(number + 1) * window).map(|at| [value(o, at, i)]).collect();
                            fold(folding, rows.iter().map(|row| &row[..]), &mut out);
                            out[0]
                        })
                        .collect();
                    prop_assert!(same(found, &due), "{found:?} is not {due:?}");
                }
            }
        }
    }
}
