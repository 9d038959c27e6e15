//! What a row differs by from what is usual.

use multiversion::multiversion;

use super::fold::Accumulator;
use crate::block::Element;

/// What each number differs by from one of its own, such as the mean of its group, into a caller's memory. The difference is
/// one of doubles. The shortest of the three decides how many are taken.
#[multiversion(targets = "simd")]
pub fn subtract<T: Element, A: Accumulator>(numbers: &[T], usual: &[f64], out: &mut [A]) {
    for ((out, number), usual) in out.iter_mut().zip(numbers).zip(usual) {
        *out = A::of(number.to_f64() - usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_those_of_doubles() {
        let mut out = [7.0_f32; 4];
        subtract(&[16_777_216.0_f32, 1.0, f32::NAN], &[16_777_215.5, 0.25, 1.0], &mut out);
        assert_eq!(out[..2], [0.5, 0.75]);
        assert!(out[2].is_nan());
        assert_eq!(out[3..], [7.0]);
    }
}
