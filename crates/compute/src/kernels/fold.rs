//! Rows folded into one, number by number: their sum, mean, least or largest number.

use std::fmt;

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

/// What it is called.
impl fmt::Display for Fold {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::Least => "least",
            Self::Largest => "largest",
        })
    }
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

/// What NaN does to the numbers that it is folded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Missing {
    /// It is left out, as with `skipna=True` of xarray, which is its default for floats. The sum of nothing is 0; its
    /// mean, its least and its largest number are NaN.
    LeftOut,
    /// It makes NaN, as with `skipna=False` of xarray, and in numpy's `sum`, `mean`, `min` and `max`.
    Kept,
}

/// How rows become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Folding {
    /// What becomes of their numbers.
    pub fold: Fold,
    /// What NaN does to the others.
    pub missing: Missing,
}

/// Folds rows, each as long as `out`, into one. Where there are no rows, `out` is left as it is.
pub fn fold<'a, T: Element, A: Accumulator>(
    folding: Folding,
    rows: impl IntoIterator<Item = &'a [T]>,
    out: &mut [A],
) {
    let mut counts = vec![0; if folding.counts() { out.len() } else { 0 }];
    let mut number = 0;
    for row in rows {
        folding.take(row, number == 0, out, &mut counts);
        number += 1;
    }
    if number > 0 {
        folding.finish(number, out, &counts);
    }
}

impl Folding {
    /// Whether [`Self::take`] counts, and [`Self::finish`] needs that.
    pub fn counts(self) -> bool {
        self.fold == Fold::Mean && self.missing == Missing::LeftOut
    }

    /// Takes a row into what those before it became, of which it may be the first. Where that is needed, `counts` is how
    /// many numbers are in each place.
    pub fn take<T: Element, A: Accumulator>(
        self,
        row: &[T],
        is_first: bool,
        out: &mut [A],
        counts: &mut [u32],
    ) {
        if self.counts() {
            count(row, is_first, counts);
        }
        match (self.fold, self.missing) {
            (Fold::Sum | Fold::Mean, Missing::LeftOut) if is_first => begin::<T, A, true>(row, out),
            _ if is_first => begin::<T, A, false>(row, out),
            (Fold::Sum | Fold::Mean, Missing::LeftOut) => add::<T, A, true>(row, out),
            (Fold::Sum | Fold::Mean, Missing::Kept) => add::<T, A, false>(row, out),
            (Fold::Least, Missing::LeftOut) => least::<T, A, true>(row, out),
            (Fold::Least, Missing::Kept) => least::<T, A, false>(row, out),
            (Fold::Largest, Missing::LeftOut) => largest::<T, A, true>(row, out),
            (Fold::Largest, Missing::Kept) => largest::<T, A, false>(row, out),
        }
    }

    /// What so many rows become that were taken.
    pub fn finish<A: Accumulator>(self, rows: usize, out: &mut [A], counts: &[u32]) {
        if self.counts() {
            for (out, count) in out.iter_mut().zip(counts) {
                *out = A::of(out.to_f64() / f64::from(*count));
            }
        } else if self.fold == Fold::Mean {
            divide(rows, out);
        }
    }
}

#[multiversion(targets = "simd")]
fn begin<T: Element, A: Accumulator, const LEFT_OUT: bool>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let number = number.to_f64();
        *out = A::of(if LEFT_OUT && number.is_nan() { 0.0 } else { number });
    }
}

#[multiversion(targets = "simd")]
fn add<T: Element, A: Accumulator, const LEFT_OUT: bool>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let number = number.to_f64();
        *out = out.plus(A::of(if LEFT_OUT && number.is_nan() { 0.0 } else { number }));
    }
}

#[multiversion(targets = "simd")]
fn count<T: Element>(row: &[T], is_first: bool, counts: &mut [u32]) {
    for (count, number) in counts.iter_mut().zip(row) {
        let before = if is_first { 0 } else { *count };
        *count = before + u32::from(!number.to_f64().is_nan());
    }
}

#[multiversion(targets = "simd")]
fn least<T: Element, A: Accumulator, const LEFT_OUT: bool>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let (so_far, number) = (out.to_f64(), number.to_f64());
        // NaN is neither less nor not.
        let stays = so_far <= number || if LEFT_OUT { number.is_nan() } else { so_far.is_nan() };
        *out = if stays { *out } else { A::of(number) };
    }
}

#[multiversion(targets = "simd")]
fn largest<T: Element, A: Accumulator, const LEFT_OUT: bool>(row: &[T], out: &mut [A]) {
    for (out, number) in out.iter_mut().zip(row) {
        let (so_far, number) = (out.to_f64(), number.to_f64());
        let stays = so_far >= number || if LEFT_OUT { number.is_nan() } else { so_far.is_nan() };
        *out = if stays { *out } else { A::of(number) };
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
    use crate::kernels::as_f64;

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
            let of = |fold_by, missing| {
                let mut out = vec![0.0_f64; width];
                fold(Folding { fold: fold_by, missing }, rows(), &mut out);
                out
            };
            let each = |with: &dyn Fn(usize) -> f64| (0..width).map(with).collect::<Vec<_>>();
            let reduced = |with: fn(f64, f64) -> f64| each(&|place| column(place).reduce(with).unwrap());
            let count = as_f64(count as u64);
            prop_assert!(same(&of(Fold::Sum, Missing::Kept), &reduced(|sum, number| sum + number)));
            prop_assert!(same(&of(Fold::Mean, Missing::Kept), &each(&|place| column(place).reduce(|sum, one| sum + one).unwrap() / count)));
            let least = reduced(|one, other| if one.is_nan() || other.is_nan() { f64::NAN } else { one.min(other) });
            let largest = reduced(|one, other| if one.is_nan() || other.is_nan() { f64::NAN } else { one.max(other) });
            prop_assert!(same(&of(Fold::Least, Missing::Kept), &least));
            prop_assert!(same(&of(Fold::Largest, Missing::Kept), &largest));

            let there = |place: usize| column(place).filter(|number| !number.is_nan());
            let zeroed = |place| column(place).map(|number| if number.is_nan() { 0.0 } else { number });
            let sums = each(&|place| zeroed(place).reduce(|sum, one| sum + one).unwrap());
            prop_assert!(same(&of(Fold::Sum, Missing::LeftOut), &sums));
            let means = each(&|place| sums[place] / as_f64(there(place).count() as u64));
            prop_assert!(same(&of(Fold::Mean, Missing::LeftOut), &means));
            prop_assert!(same(&of(Fold::Least, Missing::LeftOut), &each(&|place| there(place).fold(f64::NAN, f64::min))));
            prop_assert!(same(&of(Fold::Largest, Missing::LeftOut), &each(&|place| there(place).fold(f64::NAN, f64::max))));
        }
    }

    /// `numpy.float32([[16777216, .1], [1, .2], [1, .3]]).sum(axis=0)` of numpy 2.4.6.
    #[test]
    fn single_precision_is_added_up_in_the_order_of_numpy() {
        let rows = [[16_777_216.0_f32, 0.1], [1.0, 0.2], [1.0, 0.3]];
        let sum = Folding { fold: Fold::Sum, missing: Missing::Kept };
        let mut sums = [0.0_f32; 2];
        fold(sum, rows.iter().map(|row| &row[..]), &mut sums);
        assert_eq!(sums, [16_777_216.0, 0.6]);
        let mut exact = [0.0_f64; 2];
        fold(sum, rows.iter().map(|row| &row[..]), &mut exact);
        assert_eq!(exact[0], 16_777_218.0);
        fold(sum, std::iter::empty::<&[f32]>(), &mut sums);
        assert_eq!(sums, [16_777_216.0, 0.6]);
    }

    /// `xarray.DataArray([[nan, 1, nan], [nan, nan, 2]]).coarsen(dim_0=2)` of xarray 2026.9: `sum`, `mean` and `min`.
    #[test]
    fn nothing_is_what_it_is_in_xarray() {
        let rows = [[f32::NAN, 1.0, f32::NAN], [f32::NAN, f32::NAN, 2.0]];
        let of = |fold_by| {
            let mut out = [7.0_f32; 3];
            let folding = Folding { fold: fold_by, missing: Missing::LeftOut };
            fold(folding, rows.iter().map(|row| &row[..]), &mut out);
            out
        };
        assert_eq!(of(Fold::Sum), [0.0, 1.0, 2.0]);
        for fold_by in [Fold::Mean, Fold::Least, Fold::Largest] {
            let out = of(fold_by);
            assert!(out[0].is_nan());
            assert_eq!(out[1..], [1.0, 2.0]);
        }
    }
}
