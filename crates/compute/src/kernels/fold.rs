//! Rows folded into one, number by number: their sum, mean, least or largest number.

use multiversion::multiversion;

use crate::block::Element;

/// What becomes of numbers that are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least of them.
    Least,
    /// The largest of them.
    Largest,
}

/// Floats that numbers are added up in. In single precision sums are to the bit those of `numpy.sum` over an
/// axis that is not the last one: row after row.
pub trait Accumulator: Copy + Send + Sync + 'static {
    /// The nearest to a double.
    fn of(number: f64) -> Self;

    /// As a double.
    fn to_f64(self) -> f64;

    /// The sum.
    #[must_use]
    fn plus(self, other: Self) -> Self;
}

impl Accumulator for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest is what is asked for")]
    #[inline]
    fn of(number: f64) -> Self {
        number as Self
    }

    #[inline]
    fn to_f64(self) -> f64 {
        self.into()
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Accumulator for f64 {
    #[inline]
    fn of(number: f64) -> Self {
        number
    }

    #[inline]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// Folds rows, each as long as `out`, into one. NaN in one of them makes NaN, as in numpy's `sum`, `mean`, `min` and
/// `max`. Where there are no rows, `out` is left as it is.
pub fn fold<'a, T: Element, A: Accumulator>(
    fold: Fold,
    rows: impl IntoIterator<Item = &'a [T]>,
    out: &mut [A],
) {
    let mut count = 0;
    for row in rows {
        match fold {
            _ if count == 0 => begin(row, out),
            Fold::Sum | Fold::Mean => add(row, out),
            Fold::Least => least(row, out),
            Fold::Largest => largest(row, out),
        }
        count += 1;
    }
    if fold == Fold::Mean && count > 1 {
        divide(count, out);
    }
}

#[multiversion(targets = "simd")]
fn begin<T: Element, A: Accumulator>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        *out = A::of(number.to_f64());
    }
}

#[multiversion(targets = "simd")]
fn add<T: Element, A: Accumulator>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        *out = out.plus(A::of(number.to_f64()));
    }
}

#[multiversion(targets = "simd")]
fn least<T: Element, A: Accumulator>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let (so_far, number) = (out.to_f64(), number.to_f64());
        // NaN is neither less nor not.
        *out = if so_far <= number || so_far.is_nan() { *out } else { A::of(number) };
    }
}

#[multiversion(targets = "simd")]
fn largest<T: Element, A: Accumulator>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let (so_far, number) = (out.to_f64(), number.to_f64());
        *out = if so_far >= number || so_far.is_nan() { *out } else { A::of(number) };
    }
}

#[expect(clippy::cast_precision_loss, reason = "no array has 2^53 rows")]
fn divide<A: Accumulator>(count: usize, out: &mut [A]) {
    for out in out {
        *out = A::of(out.to_f64() / count as f64);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![8 => -1e3_f32..1e3, 1 => any::<f32>(), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)]
    }

    /// The same bits, or both NaN.
    fn same(one: &[f64], other: &[f64]) -> bool {
        one.iter()
            .zip(other)
            .all(|(one, other)| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan())
    }

    proptest! {
        #[test]
        fn rows_are_folded_number_by_number(width in 0_usize..40, numbers in prop::collection::vec(number(), 40..200)) {
            let rows = || numbers.chunks_exact(width.max(1)).map(|row| &row[..width]);
            let column = |place: usize| rows().map(move |row| f64::from(row[place]));
            let count = rows().count();
            let of = |what| {
                let mut out = vec![0.0_f64; width];
                fold(what, rows(), &mut out);
                out
            };
            let each = |with: &dyn Fn(usize) -> f64| (0..width).map(with).collect::<Vec<_>>();
            let reduced = |with: fn(f64, f64) -> f64| each(&|place| column(place).reduce(with).unwrap());
            #[expect(clippy::cast_precision_loss, reason = "few rows")]
            let count = count as f64;
            prop_assert!(same(&of(Fold::Sum), &reduced(|sum, number| sum + number)));
            prop_assert!(same(&of(Fold::Mean), &each(&|place| column(place).reduce(|sum, one| sum + one).unwrap() / count)));
            let least = reduced(|one, other| if one.is_nan() || other.is_nan() { f64::NAN } else { one.min(other) });
            let largest = reduced(|one, other| if one.is_nan() || other.is_nan() { f64::NAN } else { one.max(other) });
            prop_assert!(same(&of(Fold::Least), &least));
            prop_assert!(same(&of(Fold::Largest), &largest));
        }
    }

    /// `numpy.float32([[16777216, .1], [1, .2], [1, .3]]).sum(axis=0)` of numpy 2.4.6.
    #[test]
    fn single_precision_is_added_up_in_the_order_of_numpy() {
        let rows = [[16_777_216.0_f32, 0.1], [1.0, 0.2], [1.0, 0.3]];
        let mut sums = [0.0_f32; 2];
        fold(Fold::Sum, rows.iter().map(|row| &row[..]), &mut sums);
        assert_eq!(sums, [16_777_216.0, 0.6]);
        let mut exact = [0.0_f64; 2];
        fold(Fold::Sum, rows.iter().map(|row| &row[..]), &mut exact);
        assert_eq!(exact[0], 16_777_218.0);
        fold(Fold::Sum, std::iter::empty::<&[f32]>(), &mut sums);
        assert_eq!(sums, [16_777_216.0, 0.6]);
    }
}
