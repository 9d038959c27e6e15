//! Sums, extremes, means and squares of numbers that are not NaN, in double precision.
//!
//! A row is added up in eight sums that are added up at its end, whatever instructions the machine has: the answer is
//! the same on all of them.

use multiversion::multiversion;

use crate::block::Element;

/// Sums of a row that are kept at once.
const LANES: usize = 8;

/// The sum of the numbers that are not NaN, and how many those are.
#[multiversion(targets = "simd")]
pub fn sum<T: Element>(numbers: &[T]) -> (f64, u64) {
    let (mut sums, mut counts) = ([0.0; LANES], [0_u64; LANES]);
    for numbers in numbers.chunks(LANES) {
        for ((sum, count), number) in sums.iter_mut().zip(&mut counts).zip(numbers) {
            let number = number.to_f64();
            *sum += if number.is_nan() { 0.0 } else { number };
            *count += u64::from(!number.is_nan());
        }
    }
    (sums.iter().sum(), counts.iter().sum())
}

/// Adds each number that is not NaN to a sum of its own, and counts it there; how many those are. The shortest of the
/// three decides how many are taken.
#[multiversion(targets = "simd")]
pub fn sum_across<T: Element>(numbers: &[T], sums: &mut [f64], counts: &mut [u64]) -> u64 {
    let mut seen = 0;
    for ((sum, count), number) in sums.iter_mut().zip(counts).zip(numbers) {
        let number = number.to_f64();
        *sum += if number.is_nan() { 0.0 } else { number };
        *count += u64::from(!number.is_nan());
        seen += u64::from(!number.is_nan());
    }
    seen
}

/// Adds each number to a sum of its own, if none of them is NaN; whether that is so. Else nothing is added.
#[multiversion(targets = "simd")]
pub fn add_across<T: Element>(numbers: &[T], sums: &mut [f64]) -> bool {
    if numbers.iter().fold(false, |is_missing, number| is_missing | number.to_f64().is_nan()) {
        return false;
    }
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += number.to_f64();
    }
    true
}

/// The sum of the products of numbers and weights, and the sum of the weights, over those that are neither NaN.
pub fn weighted_sum<T: Element>(numbers: &[T], weights: &[f64]) -> (f64, f64) {
    let (mut sums, mut all) = ([0.0; LANES], [0.0; LANES]);
    for (numbers, weights) in numbers.chunks(LANES).zip(weights.chunks(LANES)) {
        weighted_sum_across(numbers, weights, &mut sums, &mut all);
    }
    (sums.iter().sum(), all.iter().sum())
}

/// Adds the product of each number and its weight to a sum of its own, and the weight to one of weights, where they are
/// neither NaN.
#[multiversion(targets = "simd")]
pub fn weighted_sum_across<T: Element>(numbers: &[T], weights: &[f64], sums: &mut [f64], all: &mut [f64]) {
    for (((sum, all), number), weight) in sums.iter_mut().zip(all).zip(numbers).zip(weights) {
        let number = number.to_f64();
        let is_missing = number.is_nan() || weight.is_nan();
        *sum += if is_missing { 0.0 } else { number * weight };
        *all += if is_missing { 0.0 } else { *weight };
    }
}

/// The least number that is not NaN; NaN where there is none.
pub fn least<T: Element>(numbers: &[T]) -> f64 {
    let mut least = [f64::NAN; LANES];
    numbers.chunks(LANES).for_each(|numbers| least_across(numbers, &mut least));
    least.into_iter().fold(f64::NAN, f64::min)
}

/// The largest number that is not NaN; NaN where there is none.
pub fn largest<T: Element>(numbers: &[T]) -> f64 {
    let mut largest = [f64::NAN; LANES];
    numbers.chunks(LANES).for_each(|numbers| largest_across(numbers, &mut largest));
    largest.into_iter().fold(f64::NAN, f64::max)
}

/// Holds each number that is not NaN against a least one of its own, which is NaN before there is one.
#[multiversion(targets = "simd")]
pub fn least_across<T: Element>(numbers: &[T], least: &mut [f64]) {
    for (least, number) in least.iter_mut().zip(numbers) {
        let number = number.to_f64();
        *least = if number < *least || least.is_nan() { number } else { *least };
    }
}

/// Holds each number that is not NaN against a largest one of its own, which is NaN before there is one.
#[multiversion(targets = "simd")]
pub fn largest_across<T: Element>(numbers: &[T], largest: &mut [f64]) {
    for (largest, number) in largest.iter_mut().zip(numbers) {
        let number = number.to_f64();
        *largest = if number > *largest || largest.is_nan() { number } else { *largest };
    }
}

/// How many numbers there are, their mean, and the sum of their squared distances from it.
///
/// Two of them become one by T. F. Chan, G. H. Golub and others, "Updating formulae and a pairwise algorithm for
/// computing sample variances", 1979; a number is taken in by B. P. Welford, 1962, which is the same with one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moments {
    /// How many numbers there are.
    pub count: u64,
    /// Their mean; 0 where there are none.
    pub mean: f64,
    /// The sum of their squared distances from the mean.
    pub squares: f64,
}

impl Moments {
    /// Of the numbers of a row that are not NaN: their mean first, then the distances from it.
    pub fn of<T: Element>(numbers: &[T]) -> Self {
        let (sum, count) = sum(numbers);
        if count == 0 {
            return Self::default();
        }
        let mean = sum / as_f64(count);
        Self { count, mean, squares: distances(numbers, mean) }
    }

    /// Takes in a number; nothing where it is NaN.
    #[inline]
    pub fn add(&mut self, number: f64) {
        if !number.is_nan() {
            // 0, but NaN for infinities.
            self.merge(Self { count: 1, mean: number, squares: number * 0.0 });
        }
    }

    /// Takes in those of other numbers.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other;
            return;
        }
        let count = self.count + other.count;
        let (distance, share) = (other.mean - self.mean, as_f64(other.count) / as_f64(count));
        self.squares += other.squares + distance * distance * as_f64(self.count) * share;
        self.mean += distance * share;
        self.count = count;
    }

    /// The variance, with `freedom` degrees taken from the count (`ddof` of numpy); NaN where none is left. Infinite
    /// numbers make it NaN, as in numpy.
    pub fn variance(self, freedom: u64) -> f64 {
        match self.count.checked_sub(freedom) {
            None | Some(0) => f64::NAN,
            Some(left) => self.squares / as_f64(left),
        }
    }
}

/// Takes each number in where it belongs.
pub fn moments_across<T: Element>(numbers: &[T], moments: &mut [Moments]) {
    for (moments, number) in moments.iter_mut().zip(numbers) {
        moments.add(number.to_f64());
    }
}

/// The sum of the squared distances of numbers that are not NaN from a mean.
#[multiversion(targets = "simd")]
fn distances<T: Element>(numbers: &[T], mean: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for numbers in numbers.chunks(LANES) {
        for (sum, number) in sums.iter_mut().zip(numbers) {
            let number = number.to_f64();
            let distance = number - mean;
            *sum += if number.is_nan() { 0.0 } else { distance * distance };
        }
    }
    sums.iter().sum()
}

#[expect(clippy::cast_precision_loss, reason = "no memory has 2^53 numbers")]
#[inline]
pub(crate) fn as_f64(count: u64) -> f64 {
    count as f64
}

/// The mean of sums, each by its count; NaN where there are none.
pub fn divide(sums: &mut [f64], counts: &[u64]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum /= as_f64(*count);
    }
}

/// The mean of weighted sums, each by its weights; NaN where they weigh nothing.
pub fn divide_by(sums: &mut [f64], weights: &[f64]) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum = if *weight == 0.0 { f64::NAN } else { *sum / weight };
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![20 => -1e3..1e3_f64, 2 => Just(f64::NAN), 1 => Just(1e9)]
    }

    fn is_near(one: f64, other: f64, scale: f64) -> bool {
        one.is_nan() && other.is_nan() || (one - other).abs() <= 1e-13 * scale.max(1.0)
    }

    /// Exact enough to compare with: the plain definition, over numbers that are there.
    fn naive(numbers: &[f64], freedom: usize) -> (f64, f64) {
        let there: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
        let count = as_f64(there.len() as u64);
        let mean = there.iter().sum::<f64>() / count;
        let squares = there.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
        let left = if there.len() > freedom { as_f64((there.len() - freedom) as u64) } else { f64::NAN };
        (mean, squares / left)
    }

    proptest! {
        #[test]
        fn sums_and_extremes_are_those_of_what_is_there(numbers in prop::collection::vec(number(), 0..100)) {
            let there: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
            let (found, count) = sum(&numbers);
            prop_assert_eq!(count, there.len() as u64);
            prop_assert!(is_near(found, there.iter().sum(), 1e11));
            let (low, high) = (there.iter().copied().reduce(f64::min), there.iter().copied().reduce(f64::max));
            prop_assert_eq!(Some(least(&numbers)).filter(|least| !least.is_nan()), low);
            prop_assert_eq!(Some(largest(&numbers)).filter(|largest| !largest.is_nan()), high);
        }

        #[test]
        fn moments_are_the_same_in_parts(
            numbers in prop::collection::vec(number(), 0..60), cut in 0_usize..60, freedom in 0_u64..2,
        ) {
            let cut = cut.min(numbers.len());
            let (mean, variance) = naive(&numbers, usize::try_from(freedom).unwrap());
            let magnitudes = numbers.iter().filter(|number| !number.is_nan()).map(|number| number.abs());
            let scale = magnitudes.fold(1.0, f64::max);
            let mut merged = Moments::of(&numbers[..cut]);
            merged.merge(Moments::of(&numbers[cut..]));
            let mut by_one = [Moments::default()];
            for number in &numbers {
                moments_across(&[*number], &mut by_one);
            }
            for found in [Moments::of(&numbers), merged, by_one[0]] {
                prop_assert!(found.count == 0 || is_near(found.mean, mean, scale));
                prop_assert!(is_near(found.variance(freedom), variance, 10.0 * scale * scale));
            }
        }

        #[test]
        fn rows_are_taken_in_number_by_number(rows in prop::collection::vec([number(), number(), number()], 0..20)) {
            let (mut sums, mut counts) = ([0.0; 3], [0; 3]);
            let (mut low, mut high, mut whole) = ([f64::NAN; 3], [f64::NAN; 3], [0.0; 3]);
            for row in &rows {
                sum_across(row, &mut sums, &mut counts);
                let is_whole = row.iter().all(|number| !number.is_nan());
                prop_assert_eq!(add_across(row, &mut whole), is_whole);
                least_across(row, &mut low);
                largest_across(row, &mut high);
            }
            let is_whole = |row: &&[f64; 3]| row.iter().all(|number| !number.is_nan());
            for place in 0..3 {
                let of_whole: f64 = rows.iter().filter(is_whole).map(|row| row[place]).sum();
                prop_assert!(is_near(whole[place], of_whole, 1e10));
                let column: Vec<f64> = rows.iter().map(|row| row[place]).collect();
                let (expected, count) = sum(&column);
                prop_assert!(is_near(sums[place], expected, 1e10));
                prop_assert_eq!(counts[place], count);
                prop_assert_eq!(low[place].to_bits(), least(&column).to_bits());
                prop_assert_eq!(high[place].to_bits(), largest(&column).to_bits());
            }
        }

        #[test]
        fn weights_count_where_numbers_are(numbers in prop::collection::vec(number(), 0..40), weight in 0.0..2.0_f64) {
            let weights: Vec<f64> = (0..numbers.len()).map(|place| if place % 7 == 6 { f64::NAN } else { weight }).collect();
            let there = || numbers.iter().zip(&weights).filter(|(number, weight)| !number.is_nan() && !weight.is_nan());
            let (found, all) = weighted_sum(&numbers, &weights);
            prop_assert!(is_near(found, there().map(|(number, weight)| number * weight).sum(), 1e10));
            prop_assert!(is_near(all, there().map(|(_, weight)| weight).sum(), 100.0));
        }
    }

    /// numpy 2.4.6 of the same: sums of singles in double precision, infinities where they are.
    #[test]
    fn hostile_numbers_do_what_they_do_in_numpy() {
        assert_eq!(sum::<f32>(&[]), (0.0, 0));
        assert_eq!(sum(&[f32::INFINITY, 1.0, f32::NAN]), (f64::INFINITY, 2));
        assert!(sum(&[f32::INFINITY, f32::NEG_INFINITY]).0.is_nan());
        assert_eq!(sum(&[f32::MAX, f32::MAX]), (2.0 * f64::from(f32::MAX), 2));
        assert_eq!(sum(&[i16::MAX, i16::MAX]), (65534.0, 2));
        assert!(Moments::of(&[f64::INFINITY, 1.0]).variance(0).is_nan());
        assert!(Moments::default().variance(0).is_nan() && Moments::of(&[1.0]).variance(1).is_nan());
        assert_eq!(Moments::of(&[1e9, 1e9 + 1.0, 1e9 + 2.0]).squares, 2.0);
    }
}
