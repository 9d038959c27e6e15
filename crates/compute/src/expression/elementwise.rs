//! What happens to each element by itself.

use std::fmt;

use num_traits::Float;

use super::Packing;
use crate::block::Element;

/// Something that happens to each element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// It becomes another.
    Map(Map),
    /// It is missing where the condition does not hold.
    Where(Condition),
}

/// A function of a number, in the precision of the number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Map {
    /// `number * factor + term`, rounded after each.
    Linear {
        /// Times this.
        factor: f64,
        /// Plus this.
        term: f64,
    },
    /// Without its sign.
    Absolute,
    /// Times itself.
    Square,
    /// Its square root.
    SquareRoot,
    /// e to the power of it.
    Exponential,
    /// Its natural logarithm.
    Logarithm,
    /// Its logarithm to the base of 10.
    Logarithm10,
}

/// A comparison of elements with a number. It does not hold for missing ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// How an element is compared.
    pub test: Test,
    /// With what.
    pub with: f64,
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Less than.
    Less,
    /// At most.
    AtMost,
    /// Greater than.
    Greater,
    /// At least.
    AtLeast,
    /// The same.
    Equal,
    /// Another.
    NotEqual,
}

/// What it makes of an element.
impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map(Map::Linear { factor, term }) => write!(out, "times {factor} plus {term}"),
            Self::Map(Map::Absolute) => out.write_str("without its sign"),
            Self::Map(Map::Square) => out.write_str("its square"),
            Self::Map(Map::SquareRoot) => out.write_str("its square root"),
            Self::Map(Map::Exponential) => out.write_str("e to the power of it"),
            Self::Map(Map::Logarithm) => out.write_str("its natural logarithm"),
            Self::Map(Map::Logarithm10) => out.write_str("its logarithm to the base of 10"),
            Self::Where(Condition { test, with }) => {
                let sign = match test {
                    Test::Less => "<",
                    Test::AtMost => "<=",
                    Test::Greater => ">",
                    Test::AtLeast => ">=",
                    Test::Equal => "==",
                    Test::NotEqual => "!=",
                };
                write!(out, "missing unless {sign} {with}")
            }
        }
    }
}

/// So many elements are changed step by step while they are in cache.
const STRIP: usize = 4096;

/// Unpacks stored numbers into `out`, and takes them through the steps.
pub(crate) fn apply<T: Element, F: Float + Element>(
    stored: &[T],
    packing: Option<&Packing>,
    steps: &[Step],
    out: &mut Vec<F>,
) {
    out.clear();
    out.reserve_exact(stored.len());
    for strip in stored.chunks(STRIP) {
        let from = out.len();
        match packing {
            None => out.extend(strip.iter().map(|number| float::<F>(number.to_f64()))),
            // Few numbers that stand for missing ones are looked for without a loop, so that many elements go at once.
            Some(packing) => match *packing.missing.as_slice() {
                [] => unpack(strip, packing, |_| false, out),
                [one] => unpack(strip, packing, |stored| [one].contains(&stored), out),
                [one, other] => unpack(strip, packing, |stored| [one, other].contains(&stored), out),
                ref all => unpack(strip, packing, |stored| all.contains(&stored), out),
            },
        }
        for step in steps {
            take(*step, &mut out[from..]);
        }
    }
}

fn unpack<T: Element, F: Float + Element>(
    stored: &[T],
    packing: &Packing,
    is_missing: impl Fn(f64) -> bool,
    out: &mut Vec<F>,
) {
    let (scale, offset) = (float::<F>(packing.scale), float::<F>(packing.offset));
    out.extend(stored.iter().map(|number| {
        let stored = number.to_f64();
        if is_missing(stored) { F::nan() } else { float::<F>(stored) * scale + offset }
    }));
}

/// The nearest; every double has one.
fn float<F: Float>(number: f64) -> F {
    F::from(number).unwrap_or_else(F::nan)
}

fn take<F: Float>(step: Step, numbers: &mut [F]) {
    match step {
        Step::Map(map) => each(map, numbers),
        Step::Where(Condition { test, with }) => keep(test, float(with), numbers),
    }
}

fn each<F: Float>(map: Map, numbers: &mut [F]) {
    fn with<F: Copy>(numbers: &mut [F], by: impl Fn(F) -> F) {
        for number in numbers {
            *number = by(*number);
        }
    }
    match map {
        Map::Linear { factor, term } => {
            let (factor, term) = (float::<F>(factor), float::<F>(term));
            with(numbers, |number| number * factor + term);
        }
        Map::Absolute => with(numbers, Float::abs),
        Map::Square => with(numbers, |number| number * number),
        Map::SquareRoot => with(numbers, Float::sqrt),
        Map::Exponential => with(numbers, Float::exp),
        Map::Logarithm => with(numbers, Float::ln),
        Map::Logarithm10 => with(numbers, Float::log10),
    }
}

fn keep<F: Float>(test: Test, with: F, numbers: &mut [F]) {
    fn only<F: Float>(numbers: &mut [F], holds: impl Fn(F) -> bool) {
        for number in numbers {
            *number = if holds(*number) { *number } else { F::nan() };
        }
    }
    match test {
        Test::Less => only(numbers, |number| number < with),
        Test::AtMost => only(numbers, |number| number <= with),
        Test::Greater => only(numbers, |number| number > with),
        Test::AtLeast => only(numbers, |number| number >= with),
        Test::Equal => only(numbers, |number| number == with),
        Test::NotEqual => only(numbers, |number| number != with),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers_are_unpacked_mapped_and_masked() {
        let packing = Packing { scale: 0.5, offset: 10.0, missing: vec![-9.0], is_single: true };
        let steps = [
            Step::Map(Map::Linear { factor: 2.0, term: -20.0 }),
            Step::Where(Condition { test: Test::AtLeast, with: 3.0 }),
            Step::Map(Map::Square),
        ];
        let mut out = Vec::<f32>::new();
        apply(&[4_i16, 3, 2, -9], Some(&packing), &steps, &mut out);
        assert_eq!(out[..2], [16.0_f32, 9.0]);
        assert!(out[2].is_nan() && out[3].is_nan());
    }

    #[test]
    fn each_number_that_stands_for_a_missing_one_is_missing() {
        for missing in [vec![], vec![-9.0], vec![-9.0, 3.0], vec![7.0, -9.0, 3.0]] {
            let packing = Packing { scale: 2.0, offset: 1.0, missing: missing.clone(), is_single: false };
            let mut out = Vec::<f64>::new();
            let stored = [-9_i32, 3, 7, 8];
            apply(&stored, Some(&packing), &[], &mut out);
            for (stored, found) in stored.iter().zip(out) {
                let (stored, due) = (f64::from(*stored), f64::from(2 * stored + 1));
                assert!(if missing.contains(&stored) {
                    found.is_nan()
                } else {
                    found.to_bits() == due.to_bits()
                });
            }
        }
    }

    /// `numpy.int16([77]).astype("f4") * numpy.float32(0.1) + numpy.float32(0.3)` of numpy 2.4.6 is 8.0, where doubles give
    /// 8.00000012665987.
    #[test]
    fn packed_numbers_are_rounded_after_each_step() {
        let (scale, offset) = (f64::from(0.1_f32), f64::from(0.3_f32));
        let of = |is_single| Packing { scale, offset, missing: Vec::new(), is_single };
        let (mut single, mut double) = (Vec::<f32>::new(), Vec::<f64>::new());
        apply(&[77_i16], Some(&of(true)), &[], &mut single);
        apply(&[77_i16], Some(&of(false)), &[], &mut double);
        assert_eq!((single[0], double[0]), (8.0, 8.000_000_126_659_87));
    }

    #[test]
    fn each_element_is_taken_once() {
        let stored: Vec<f32> = (0..10_000_u16).map(f32::from).collect();
        let mut out = vec![7.0_f32];
        apply(&stored, None, &[Step::Map(Map::Linear { factor: 1.0, term: 1.0 })], &mut out);
        let due: Vec<f32> = stored.iter().map(|number| number + 1.0).collect();
        assert_eq!(out, due);
    }
}
