//! Sums of money, exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use crate::text::{self, UnitError};

/// Parts of a currency unit that are kept: real bills have 11 decimals.
const PICO: i128 = 1_000_000_000_000;

/// An amount in some currency, in integers of 10⁻¹² of its unit.
///
/// The currency travels beside the amount (see [`Money`]) or is known from
/// the table an amount stands in: every price of the catalog is in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of 10⁻¹² units.
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// The amount in 10⁻¹² units.
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Whole units.
    pub const fn from_units(units: i64) -> Self {
        Self(units as i128 * PICO)
    }

    /// Reads decimal text such as `0.2646` or `-1.5` exactly.
    ///
    /// # Errors
    /// When the text is no decimal number or has more than 12 decimals that are not zero.
    pub fn from_decimal(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::new(text, "a decimal number with at most 12 decimals", "0.2646");
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let number = text::decimal(digits, text).map_err(|_| refuse())?;
        let pico = number.times_exact(PICO.unsigned_abs()).ok_or_else(refuse)?;
        i128::try_from(pico).map(|pico| Self(sign * pico)).map_err(|_| refuse())
    }

    /// This amount times a whole number; `None` when it does not fit.
    pub fn checked_mul(self, factor: i128) -> Option<Self> {
        self.0.checked_mul(factor).map(Self)
    }

    /// This amount times `numerator / denominator`, rounded half away from zero.
    ///
    /// Returns `None` for a zero denominator or when the product does not fit.
    pub fn ratio(self, numerator: i128, denominator: i128) -> Option<Self> {
        let product = self.0.checked_mul(numerator)?;
        let quotient = product.checked_div(denominator)?;
        let rest = product.checked_rem(denominator)?;
        let away = rest.unsigned_abs() * 2 >= denominator.unsigned_abs();
        let sign = if (product < 0) == (denominator < 0) { 1 } else { -1 };
        Some(Self(if away { quotient + sign } else { quotient }))
    }

    /// The amount as a floating-point number of units, for charts and ratios only.
    #[expect(clippy::cast_precision_loss, reason = "charts and ratios need no more")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / PICO as f64
    }

    /// Decimal text with exactly `decimals` (0 to 12) digits after the point, rounded half away from zero.
    pub fn rounded(self, decimals: u32) -> String {
        let decimals = decimals.min(12);
        let step = 10_i128.pow(12 - decimals);
        let units = (self.0.abs() + step / 2) / step;
        let sign = if self.0 < 0 && units != 0 { "-" } else { "" };
        let whole = units / 10_i128.pow(decimals);
        if decimals == 0 {
            return format!("{sign}{whole}");
        }
        let part = units % 10_i128.pow(decimals);
        format!("{sign}{whole}.{part:0width$}", width = decimals as usize)
    }
}

impl fmt::Display for Amount {
    /// All decimals that are not zero, and never fewer than two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.rounded(12);
        let kept = text.trim_end_matches('0').len();
        let shortest = text.len() - 10;
        f.write_str(&text[..kept.max(shortest)])
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The code, such as `USD`.
    pub fn code(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl FromStr for Currency {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(UnitError::new(text, "a currency code of three capital letters (ISO 4217)", "USD")),
        }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount with its currency, written `1000 USD`. As people write it, it is never negative;
/// bills, which have credits, read an [`Amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// How much.
    pub amount: Amount,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of US dollars.
    pub const fn usd(amount: Amount) -> Self {
        Self { amount, currency: Currency::USD }
    }
}

impl FromStr for Money {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = text::split(text);
        if number.starts_with('-') {
            return Err(UnitError::new(text, "an amount of money that is not negative", "1000 USD"));
        }
        let expected = "an amount of money with its currency";
        let amount = Amount::from_decimal(number).map_err(|_| UnitError::new(text, expected, "1000 USD"))?;
        let currency = unit.parse().map_err(|_| UnitError::new(text, expected, &format!("{number} USD")))?;
        Ok(Self { amount, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn read_exactly() {
        assert_eq!(Amount::from_decimal("0.2646").unwrap().pico(), 264_600_000_000);
        assert_eq!(Amount::from_decimal("0.00000000001").unwrap().pico(), 10);
        assert_eq!("1000 USD".parse::<Money>().unwrap(), Money::usd(Amount::from_units(1000)));
        assert!(Amount::from_decimal("0.0000000000001").is_err());
    }

    #[test]
    fn people_write_no_negative_sums() {
        for text in ["-1000 USD", "-0 USD", "--1 USD"] {
            assert!(text.parse::<Money>().unwrap_err().expected().contains("not negative"), "{text}");
        }
        assert_eq!(Amount::from_decimal("-1.5").unwrap(), -Amount::from_decimal("1.5").unwrap());
    }

    #[test]
    fn a_currency_is_asked_for() {
        for (text, suggestion) in [
            ("1000", "1000 USD"),
            ("1000 $", "1000 USD"),
            ("1000 usd", "1000 USD"),
            ("$1000", "1000 USD"),
            ("lots", "1000 USD"),
        ] {
            assert_eq!(text.parse::<Money>().unwrap_err().suggestion(), suggestion, "{text}");
        }
    }

    #[test]
    fn rounded_half_away_from_zero_and_never_minus_zero() {
        let amount = |text: &str| Amount::from_decimal(text).unwrap();
        assert_eq!(amount("0.005").rounded(2), "0.01");
        assert_eq!(amount("-0.005").rounded(2), "-0.01");
        assert_eq!(amount("-0.004").rounded(2), "0.00");
        assert_eq!(amount("12.5").rounded(0), "13");
        assert_eq!(amount("0.2646").to_string(), "0.2646");
        assert_eq!(amount("3").to_string(), "3.00");
    }

    proptest! {
        #[test]
        fn text_and_back(pico in -1_000_000_000_000_000_000_i128..1_000_000_000_000_000_000) {
            let amount = Amount::from_pico(pico);
            prop_assert_eq!(Amount::from_decimal(&amount.to_string()).unwrap(), amount);
        }

        #[test]
        fn parts_of_a_ratio_add_up_to_within_one_pico(pico in 0_i128..1_000_000_000_000_000, part in 0_i128..1000) {
            let whole = Amount::from_pico(pico);
            let sum = whole.ratio(part, 1000).unwrap() + whole.ratio(1000 - part, 1000).unwrap();
            prop_assert!((sum - whole).pico().abs() <= 1);
        }
    }
}
