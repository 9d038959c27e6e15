//! Numbers of bills: integers of 10⁻¹², and what is lost by that, exactly.

/// Decimals that are kept (design: real bills have 11).
const KEPT: i32 = 12;
/// Decimals of what was cut off that are kept beyond those.
const CUT: i32 = 24;

/// A number of a bill: `pico` times 10⁻¹², and what was rounded off: `rest` times 10⁻³⁶.
///
/// A bill's rows may have more decimals than 12 (Google's are floating-point numbers). Rests are summed
/// beside the rows, and their sum is a row of its own, so that all rows together are the exact sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decimal {
    /// In 10⁻¹², rounded to the nearest, halves away from zero.
    pub pico: i128,
    /// The number less that, in 10⁻³⁶.
    pub rest: i128,
}

impl Decimal {
    /// Reads `0.2646`, `-1.5`, `1E-7`, `+3`; `None` for anything else and for what does not fit.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::short(text.as_bytes()).or_else(|| Self::long(text))
    }

    /// Plain digits with a point, few enough for 64 bits: almost every number of every bill.
    fn short(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        if digits.is_empty() || digits.len() > 19 {
            return None;
        }
        let (mut whole, mut decimals, mut any) = (0_u64, None::<u32>, false);
        for byte in digits {
            match byte {
                b'0'..=b'9' => {
                    whole = whole * 10 + u64::from(byte - b'0');
                    decimals = decimals.map(|count| count + 1);
                    any = true;
                }
                b'.' if decimals.is_none() => decimals = Some(0),
                _ => return None,
            }
        }
        let missing = 12_u32.checked_sub(decimals.unwrap_or(0))?;
        let pico = any.then(|| i128::from(whole) * 10_i128.pow(missing))?;
        Some(Self { pico: if negative { -pico } else { pico }, rest: 0 })
    }

    fn long(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let negative = mantissa.starts_with('-');
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{part}");
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let trailing = significant.len() - significant.trim_end_matches('0').len();
        let significant = &significant[..significant.len() - trailing];
        let value: i128 = if significant.is_empty() { 0 } else { significant.parse().ok()? };
        let shift = KEPT
            .checked_add(exponent)?
            .checked_sub(i32::try_from(part.len()).ok()?)?
            .checked_add(i32::try_from(trailing).ok()?)?;
        Self::shifted(if negative { -value } else { value }, shift)
    }

    /// `value` times ten to the power of `shift`, in 10⁻¹².
    fn shifted(value: i128, shift: i32) -> Option<Self> {
        if value == 0 {
            return Some(Self::default());
        }
        if let Ok(up) = u32::try_from(shift) {
            let pico = value.checked_mul(10_i128.checked_pow(up)?)?;
            return Some(Self { pico, rest: 0 });
        }
        let Some(unit) = 10_i128.checked_pow(shift.unsigned_abs()) else {
            // Less than 10⁻²⁶ of anything.
            return Some(Self::default());
        };
        let (quotient, left) = (value / unit, value % unit);
        let away = left.unsigned_abs() >= unit.unsigned_abs() - left.unsigned_abs();
        let pico = if away { quotient + value.signum() } else { quotient };
        let left = if away { left - value.signum() * unit } else { left };
        let beyond = CUT + shift;
        let rest = match u32::try_from(beyond) {
            Ok(up) => left.checked_mul(10_i128.checked_pow(up)?)?,
            Err(_) => left / 10_i128.checked_pow(beyond.unsigned_abs())?,
        };
        Some(Self { pico, rest })
    }

    /// A floating-point number as its shortest decimal text says; `None` for infinity and what is no number.
    pub fn from_f64(value: f64) -> Option<Self> {
        // With at most 15 digits a decimal number and the floating-point number next to it name each
        // other (IEEE 754), so that the text would say the same.
        let scaled = (value * 1e12).round();
        if scaled.abs() < 1e15 && (scaled / 1e12).to_bits() == value.to_bits() {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 10¹⁵")]
            return Some(Self { pico: i128::from(scaled as i64), rest: 0 });
        }
        if !value.is_finite() {
            return None;
        }
        Self::from_text(&format!("{value:e}"))
    }
}

/// A sum of rests as whole 10⁻¹², rounded halves away from zero.
pub fn whole_rests(rest: i128) -> i128 {
    let unit = 10_i128.pow(CUT.unsigned_abs());
    (rest + rest.signum() * unit / 2) / unit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decimal, whole_rests};

    fn pico(text: &str) -> Option<i128> {
        Decimal::from_text(text).map(|decimal| decimal.pico)
    }

    #[test]
    fn numbers_of_bills_are_read_exactly() {
        assert_eq!(pico("0.0000000123"), Some(12_300));
        assert_eq!(pico("-1.5"), Some(-1_500_000_000_000));
        assert_eq!(pico("4E-9"), Some(4_000));
        assert_eq!(pico("+2.50"), Some(2_500_000_000_000));
        assert_eq!(pico(".5"), Some(500_000_000_000));
        assert_eq!(pico("123456789012345678901.25"), Some(123_456_789_012_345_678_901_250_000_000_000));
        assert_eq!(pico("0.000000000000000000000000000000000000000000000001"), Some(0));
        for wrong in ["", "-", ".", "1,5", "NULL", "1e", "0x1", "1.2.3", "nan", "1e99"] {
            assert_eq!(Decimal::from_text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_cut_off_comes_back_in_the_sum() {
        let third = Decimal::from_text("0.33333333333333333").unwrap();
        assert_eq!(third.pico, 333_333_333_333);
        let rests: i128 = (0..3_000_000).map(|_| third.rest).sum();
        // 3,000,000 times 0.00000000000033333 are 0.00000099999, of which 999,990 picos are whole.
        assert_eq!(whole_rests(rests), 999_990);
        assert_eq!(Decimal::from_text("0.0000000000005").unwrap().pico, 1);
        assert_eq!(whole_rests(Decimal::from_text("0.0000000000004").unwrap().rest), 0);
    }

    proptest! {
        #[test]
        fn a_floating_point_number_is_what_its_text_says(value in proptest::num::f64::NORMAL) {
            let text = format!("{value:e}");
            prop_assert_eq!(Decimal::from_f64(value), Decimal::from_text(&text));
        }

        #[test]
        fn cents_and_their_parts_too(units in -100_000_i64..100_000, part in 0_u64..10_000_000_000) {
            let text = format!("{units}.{part:010}");
            let value: f64 = text.parse().unwrap();
            prop_assert_eq!(Decimal::from_f64(value), Decimal::from_text(&format!("{value:e}")));
        }

        #[test]
        fn whole_and_rest_are_the_number(digits in 1_i128..10_i128.pow(20), decimals in 0_usize..30) {
            let text = format!("{digits:031}");
            let (whole, part) = text.split_at(31 - decimals);
            let Some(read) = Decimal::from_text(&format!("{whole}.{part}")) else { return Ok(()) };
            // In 10⁻³⁶, where that fits.
            let unit = 10_i128.pow(24);
            if let Some(pico) = read.pico.checked_mul(unit) {
                prop_assert_eq!(pico + read.rest, digits * 10_i128.pow(36 - u32::try_from(decimals).unwrap()));
            }
        }
    }
}
