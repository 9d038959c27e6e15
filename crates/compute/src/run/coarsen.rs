//! Windows of elements added up along an axis, over the borders of blocks.

use num_traits::Float;

use crate::block::Element;

/// Adds windows up, element after element in the order of the axis and in the precision of the elements, as
/// `numpy.sum` does over an axis that is not the last one. What a block leaves of a window waits for the next
/// block along the axis.
pub(super) struct Coarsen<F> {
    axis: usize,
    window: usize,
    /// Sums of the window that is not full, of all other axes.
    open: Vec<F>,
    /// How many elements are in it.
    filled: usize,
    out: Vec<F>,
    shape: Vec<usize>,
}

impl<F: Float + Element> Coarsen<F> {
    pub(super) fn new(axis: usize, window: usize) -> Self {
        Self { axis, window, open: Vec::new(), filled: 0, out: Vec::new(), shape: Vec::new() }
    }

    /// Windows begin anew: the next block is not the one behind the last.
    pub(super) fn begin(&mut self) {
        self.filled = 0;
    }

    /// The sums of the windows that end in a block, and their shape.
    pub(super) fn add(&mut self, values: &[F], shape: &[usize]) -> (&[F], &[usize]) {
        let outer: usize = shape[..self.axis].iter().product();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let length = shape[self.axis];
        let done = (self.filled + length) / self.window;
        self.shape.clear();
        self.shape.extend_from_slice(shape);
        self.shape[self.axis] = done;
        self.out.resize(outer * done * inner, F::zero());
        self.open.resize(outer * inner, F::zero());
        if inner > 0 && length > 0 {
            for (place, rows) in values.chunks_exact(length * inner).enumerate() {
                let open = &mut self.open[place * inner..(place + 1) * inner];
                let out = &mut self.out[place * done * inner..(place + 1) * done * inner];
                one(rows, inner, (self.window, self.filled), open, out);
            }
        }
        self.filled = (self.filled + length) % self.window;
        (&self.out, &self.shape)
    }
}

/// Rows of one place of the outer axes.
fn one<F: Float>(rows: &[F], inner: usize, (window, filled): (usize, usize), open: &mut [F], out: &mut [F]) {
    let mut rows = rows.chunks_exact(inner);
    let mut within = filled;
    for sums in out.chunks_exact_mut(inner) {
        if within > 0 {
            sums.copy_from_slice(open);
        }
        for row in rows.by_ref().take(window - within) {
            put(row, sums, within == 0);
            within += 1;
        }
        within = 0;
    }
    for row in rows {
        put(row, open, within == 0);
        within += 1;
    }
}

fn put<F: Float>(row: &[F], sums: &mut [F], is_first: bool) {
    if is_first {
        sums.copy_from_slice(row);
        return;
    }
    for (sum, number) in sums.iter_mut().zip(row) {
        *sum = *sum + *number;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_the_same_whatever_the_blocks(
            outer in 1..3_usize, inner in 1..4_usize, window in 1..8_usize,
            lengths in prop::collection::vec(0..9_usize, 1..6),
        ) {
            let length: usize = lengths.iter().sum();
            let value = |o: usize, at: usize, i: usize| {
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let value = ((o * 31 + at * 7 + i) % 97) as f32 / 3.0;
                value
            };
            let mut coarsen = Coarsen::new(1, window);
            let mut found = vec![vec![Vec::new(); inner]; outer];
            let mut from = 0;
            for one in lengths {
                let mut block = Vec::new();
                for o in 0..outer { for at in from..from + one { for i in 0..inner { block.push(value(o, at, i)); } } }
                from += one;
                let (sums, shape) = coarsen.add(&block, &[outer, one, inner]);
                for (place, sum) in sums.iter().enumerate() {
                    found[place / (shape[1] * inner)][place % inner].push(*sum);
                }
            }
            for (o, found) in found.iter().enumerate() {
                for (i, found) in found.iter().enumerate() {
                    let due: Vec<f32> = (0..length / window)
                        .map(|w| (w * window..(w + 1) * window).map(|at| value(o, at, i)).reduce(|a, b| a + b).unwrap())
                        .collect();
                    prop_assert_eq!(found, &due);
                }
            }
        }
    }
}
