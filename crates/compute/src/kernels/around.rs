//! The elements of a box around one of its axes.

/// Elements of a box: those before an axis, along it, and behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Around {
    /// Rows of all axes before it.
    pub outer: usize,
    /// Steps along it.
    pub steps: usize,
    /// Elements of a step of one row, of all axes behind it.
    pub inner: usize,
}

impl Around {
    pub(crate) fn new(shape: &[usize], axis: usize) -> Self {
        let (outer, inner) = (&shape[..axis], &shape[axis + 1..]);
        Self { outer: outer.iter().product(), steps: shape[axis], inner: inner.iter().product() }
    }

    /// Elements of a step, of all rows.
    pub(crate) fn width(self) -> usize {
        self.outer * self.inner
    }

    /// Puts the elements behind `out` step by step: of each step those of all rows.
    pub(crate) fn turn<F: Copy>(self, values: &[F], out: &mut Vec<F>) {
        if self.outer == 1 {
            out.extend_from_slice(values);
            return;
        }
        out.reserve(values.len());
        for step in 0..self.steps {
            let first = |row: usize| (row * self.steps + step) * self.inner;
            if self.inner == 1 {
                out.extend((0..self.outer).map(|row| values[first(row)]));
            } else {
                for row in 0..self.outer {
                    out.extend_from_slice(&values[first(row)..first(row) + self.inner]);
                }
            }
        }
    }

    /// Puts elements that lie step by step where they belong.
    pub(crate) fn turn_back<F: Copy>(self, turned: &[F], out: &mut [F]) {
        for row in 0..self.outer {
            for step in 0..self.steps {
                let (to, from) =
                    ((row * self.steps + step) * self.inner, step * self.width() + row * self.inner);
                out[to..to + self.inner].copy_from_slice(&turned[from..from + self.inner]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn elements_lie_step_by_step_and_go_back(shape in [0..4_usize, 0..4_usize, 0..4_usize], axis in 0..3_usize) {
            let values: Vec<usize> = (0..shape.iter().product()).collect();
            let around = Around::new(&shape, axis);
            let mut turned = Vec::new();
            around.turn(&values, &mut turned);
            prop_assert_eq!(turned.len(), values.len());
            let stride: usize = shape[axis + 1..].iter().product();
            for (place, value) in turned.iter().enumerate() {
                prop_assert_eq!(value / stride % shape[axis], place / around.width());
            }
            let mut back = vec![usize::MAX; values.len()];
            around.turn_back(&turned, &mut back);
            prop_assert_eq!(back, values);
        }
    }
}
