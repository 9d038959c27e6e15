//! Divides whole numbers exactly: the largest-remainder rule.

use num_bigint::BigUint;

/// Weights of parts, in the order of the parts' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weights {
    /// Without what all of them have as a common factor, which changes no part.
    reduced: Vec<u128>,
    total: u128,
    largest: u128,
}

impl Weights {
    /// Weights as they are counted.
    pub(crate) fn new(mut weights: Vec<u128>) -> Self {
        let common = weights.iter().fold(0, |common, weight| common_factor(common, *weight));
        if common > 1 {
            for weight in &mut weights {
                *weight /= common;
            }
        }
        // A sum beyond 128 bits is that of no hub; half the weights are as good then.
        while weights.iter().try_fold(0_u128, |sum, weight| sum.checked_add(*weight)).is_none() {
            for weight in &mut weights {
                *weight >>= 1;
            }
        }
        Self {
            total: weights.iter().sum(),
            largest: weights.iter().copied().max().unwrap_or(0),
            reduced: weights,
        }
    }

    /// Equal weights.
    pub(crate) fn equal(count: usize) -> Self {
        Self::new(vec![1; count])
    }

    /// Whether nothing can be divided by them.
    pub(crate) fn are_nothing(&self) -> bool {
        self.total == 0
    }

    /// A part's weight and the sum of all, both without the common factor.
    pub(crate) fn of(&self, index: usize) -> (u128, u128) {
        (self.reduced.get(index).copied().unwrap_or(0), self.total)
    }

    /// Divides an amount: each part gets the whole number in amount · weight / total, cut off towards zero;
    /// what is left goes by one to the parts with the largest cut-off fraction, among equal ones to the first.
    /// With weights that are nothing all parts are 0.
    pub(crate) fn divide(&self, amount: i128, parts: &mut Vec<i128>, scratch: &mut Vec<(u128, usize)>) {
        parts.clear();
        scratch.clear();
        if self.are_nothing() {
            parts.resize(self.reduced.len(), 0);
            return;
        }
        let magnitude = amount.unsigned_abs();
        let fits = magnitude.leading_zeros() + self.largest.leading_zeros() >= 128;
        let mut left = magnitude;
        for (index, weight) in self.reduced.iter().enumerate() {
            let (whole, fraction) = if fits {
                narrow(magnitude * weight, self.total)
            } else {
                wide(magnitude, *weight, self.total)
            };
            left -= whole;
            parts.push(i128::try_from(whole).unwrap_or(i128::MAX));
            scratch.push((fraction, index));
        }
        give_rest(left, parts, scratch);
        if amount < 0 {
            for part in parts.iter_mut() {
                *part = -*part;
            }
        }
    }
}

/// One more for each of the parts with the largest fractions.
fn give_rest(left: u128, parts: &mut [i128], fractions: &mut [(u128, usize)]) {
    let left = usize::try_from(left).unwrap_or(usize::MAX).min(fractions.len());
    if left == 0 {
        return;
    }
    let order = |a: &(u128, usize), b: &(u128, usize)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
    if left < fractions.len() {
        fractions.select_nth_unstable_by(left, order);
    }
    for (_, index) in &fractions[..left] {
        parts[*index] += 1;
    }
}

/// Quotient and remainder; 64 bits divide several times as fast as 128.
fn narrow(product: u128, total: u128) -> (u128, u128) {
    match (u64::try_from(product), u64::try_from(total)) {
        (Ok(product), Ok(total)) => (u128::from(product / total), u128::from(product % total)),
        _ => (product / total, product % total),
    }
}

/// The same where the product has more than 128 bits.
fn wide(magnitude: u128, weight: u128, total: u128) -> (u128, u128) {
    let (product, total) = (BigUint::from(magnitude) * weight, BigUint::from(total));
    let (whole, fraction) = (&product / &total, &product % &total);
    // The weight is part of the total, so the quotient is no larger than the magnitude.
    (u128::try_from(whole).unwrap_or(magnitude), u128::try_from(fraction).unwrap_or(0))
}

/// The greatest common divisor (Euclid).
fn common_factor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        if let (Ok(mut small_a), Ok(mut small_b)) = (u64::try_from(a), u64::try_from(b)) {
            while small_b != 0 {
                (small_a, small_b) = (small_b, small_a % small_b);
            }
            return u128::from(small_a);
        }
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    use super::{Weights, narrow, wide};

    fn divide(amount: i128, weights: &[u128]) -> Vec<i128> {
        let mut parts = Vec::new();
        Weights::new(weights.to_vec()).divide(amount, &mut parts, &mut Vec::new());
        parts
    }

    #[test]
    fn what_is_left_goes_to_the_largest_fractions_and_then_by_order() {
        assert_eq!(divide(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(divide(11, &[1, 1, 1]), [4, 4, 3]);
        assert_eq!(divide(-10, &[1, 1, 1]), [-4, -3, -3]);
        // 10 · 5/9 = 5.55, 10 · 3/9 = 3.33, 10 · 1/9 = 1.11: one is left, for the .55.
        assert_eq!(divide(10, &[3, 5, 1]), [3, 6, 1]);
        assert_eq!(divide(2, &[1, 0, 1, 0, 1]), [1, 0, 1, 0, 0]);
        assert_eq!(divide(0, &[1, 2]), [0, 0]);
        assert_eq!(divide(7, &[0, 0]), [0, 0]);
        assert_eq!(divide(7, &[]), [0; 0]);
    }

    #[test]
    fn sizes_beyond_128_bits_are_as_exact() {
        let amount = i128::MAX;
        let weights = [u128::MAX / 4, u128::MAX / 4 - 1, 3];
        let parts = divide(amount, &weights);
        assert_eq!(parts.iter().sum::<i128>(), amount);
        let total: BigUint = weights.iter().map(|weight| BigUint::from(*weight)).sum();
        let first = BigUint::from(amount.unsigned_abs()) * weights[0] / total;
        let more = BigInt::from(parts[0]) - BigInt::from(first);
        assert!(more == BigInt::from(0) || more == BigInt::from(1), "{more}");
        assert_eq!(divide(i128::MIN + 1, &[u128::MAX, u128::MAX]).iter().sum::<i128>(), i128::MIN + 1);
    }

    proptest! {
        #[test]
        fn parts_are_the_whole(amount in any::<i128>().prop_filter("has a positive", |it| *it != i128::MIN),
                               weights in proptest::collection::vec(0..u128::MAX / 64, 1..40)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = divide(amount, &weights);
            prop_assert_eq!(parts.iter().sum::<i128>(), amount);
            prop_assert!(parts.iter().zip(&weights).all(|(part, weight)| *weight > 0 || *part == 0));
        }

        #[test]
        fn both_ways_divide_alike(magnitude in 0..1_u128 << 60, weight in 0..1_u128 << 60, more in 0..1_u128 << 60) {
            prop_assume!(weight + more > 0);
            prop_assert_eq!(narrow(magnitude * weight, weight + more), wide(magnitude, weight, weight + more));
        }

        #[test]
        fn a_common_factor_changes_nothing(amount in any::<i64>(), weights in proptest::collection::vec(0..1000_u128, 1..9), factor in 1..u128::MAX / 10_000) {
            let scaled: Vec<_> = weights.iter().map(|weight| weight * factor).collect();
            prop_assert_eq!(divide(i128::from(amount), &weights), divide(i128::from(amount), &scaled));
        }
    }
}
