//! Quantiles and medians of numbers that are not NaN, by what lies between the two nearest ones: the method
//! `linear` of `numpy.nanquantile`, to the bit for finite doubles. Where the place is that of a number, or both
//! neighbours are the same, that number is given although it is infinite, of which numpy makes NaN. Singles are taken
//! as doubles.

/// The quantile of numbers, none of which is NaN; NaN where there are none. They are put in another order.
///
/// `at` is a share from 0 to 1: what is beyond gives the first or the last number.
pub fn quantile(there: &mut [f64], at: f64) -> f64 {
    let Some(last) = there.len().checked_sub(1) else { return f64::NAN };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "no memory has 2^53 numbers, and a share of their count is one of them"
    )]
    let (index, share) = {
        let index = last as f64 * at.clamp(0.0, 1.0);
        ((index.floor() as usize).min(last), index - index.floor())
    };
    let (low, high) = neighbours(there, index);
    between(low, high, share)
}

/// The median of numbers, none of which is NaN: of an even number of them, the mean of the two in the middle. NaN
/// where there are none. They are put in another order.
pub fn median(there: &mut [f64]) -> f64 {
    let Some(last) = there.len().checked_sub(1) else { return f64::NAN };
    let (low, high) = neighbours(there, last / 2);
    if last % 2 == 0 { low } else { f64::midpoint(low, high) }
}

/// The number at a place in their order, and the next one; the same where it is the last.
fn neighbours(there: &mut [f64], index: usize) -> (f64, f64) {
    let (_, low, above) = there.select_nth_unstable_by(index, f64::total_cmp);
    let low = *low;
    (low, above.iter().copied().reduce(f64::min).unwrap_or(low))
}

/// What lies between two numbers, as numpy's `_lerp` has it; the numbers themselves where they are the same, infinity too.
#[expect(clippy::float_cmp, reason = "the same number is meant")]
fn between(low: f64, high: f64, share: f64) -> f64 {
    let distance = high - low;
    if low == high || share == 0.0 {
        low
    } else if share < 0.5 {
        low + distance * share
    } else {
        high - distance * (1.0 - share)
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "few numbers, and the very ones are meant")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gathered(numbers: &[f64]) -> Vec<f64> {
        numbers.iter().copied().filter(|number| !number.is_nan()).collect()
    }

    proptest! {
        #[test]
        fn quantiles_lie_where_the_order_says(
            numbers in prop::collection::vec(prop_oneof![8 => -1e3..1e3_f64, 1 => Just(f64::NAN), 2 => (-3..3_i32).prop_map(f64::from)], 1..60),
            at in 0.0..=1.0_f64,
        ) {
            let mut there = gathered(&numbers);
            let mut sorted = there.clone();
            sorted.sort_by(f64::total_cmp);
            let (found, middle) = (quantile(&mut there, at), median(&mut there));
            if sorted.is_empty() {
                prop_assert!(found.is_nan() && middle.is_nan());
            } else {
                // Defined by steps between neighbours, of which each is as long as the other.
                let place = at * (sorted.len() - 1) as f64;
                let low = (0..sorted.len()).rev().find(|index| *index as f64 <= place).unwrap();
                let high = sorted[(low + 1).min(sorted.len() - 1)];
                let expected = sorted[low] * (1.0 - (place - low as f64)) + high * (place - low as f64);
                prop_assert!((found - expected).abs() <= 1e-12 * 1e3, "{found} {expected}");
                prop_assert!((median(&mut there) - quantile(&mut there, 0.5)).abs() <= 1e-12);
            }
        }
    }

    /// `numpy.nanquantile` 2.4.6, and `numpy.nanmedian`, printed to the last bit.
    #[test]
    fn they_are_those_of_numpy_to_the_bit() {
        let numbers = [0.1, 0.7, f64::NAN, 0.3, 1e-3, 12.5, 0.2];
        let mut there = gathered(&numbers);
        let found: Vec<f64> =
            [0.0, 0.1, 0.37, 0.5, 0.9, 1.0].iter().map(|at| quantile(&mut there, *at)).collect();
        assert_eq!(found, [0.001, 0.0505, 0.185_000_000_000_000_03, 0.25, 6.6, 12.5]);
        assert_eq!(median(&mut there), 0.25);
    }

    #[test]
    fn infinities_stay() {
        assert_eq!(quantile(&mut [f64::INFINITY, f64::INFINITY, 1.0], 0.75), f64::INFINITY);
        assert_eq!(quantile(&mut [f64::NEG_INFINITY, 1.0, 2.0], 0.5), 1.0);
        assert_eq!(median(&mut [7.0]), 7.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }
}
