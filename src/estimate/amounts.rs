//! Exact quantities, and amounts with their bounds.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use frazil_units::{Amount, UnitError};

/// Parts of one that are kept.
const PICO: i128 = 1_000_000_000_000;

/// How much or how many of something, in integers of 10⁻¹²; never negative. What would not fit is the
/// largest there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

impl Quantity {
    /// None of it.
    pub const ZERO: Self = Self(0);
    /// One of it.
    pub const ONE: Self = Self(PICO);

    /// A whole number.
    pub const fn whole(number: u64) -> Self {
        Self(number as i128 * PICO)
    }

    /// `numerator / denominator`; nothing for a denominator of zero.
    pub fn of(numerator: u64, denominator: u64) -> Self {
        Self(Self::whole(numerator).0.checked_div(denominator.into()).unwrap_or(0))
    }

    /// A percentage as a part of one.
    #[must_use]
    pub fn percent(self) -> Self {
        Self(self.0 / 100)
    }

    /// Reads decimal text such as `6.5`.
    ///
    /// # Errors
    /// When it is no decimal number, or negative.
    pub fn from_decimal(text: &str) -> Result<Self, UnitError> {
        let amount =
            if text.starts_with('-') { Amount::from_decimal("-")? } else { Amount::from_decimal(text)? };
        Ok(Self(amount.pico()))
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(self.0.saturating_mul(other.0) / PICO)
    }

    /// The quotient; nothing where the divisor is zero.
    #[must_use]
    pub fn over(self, other: Self) -> Self {
        Self(self.0.saturating_mul(PICO).checked_div(other.0).unwrap_or(0))
    }

    /// The difference, at least nothing.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self((self.0 - other.0).max(0))
    }

    /// The price of so much.
    pub fn at(self, usd: Amount) -> Amount {
        Amount::from_pico(usd.pico().saturating_mul(self.0) / PICO)
    }

    /// As a decimal, for charts and words.
    pub fn as_f64(self) -> f64 {
        Amount::from_pico(self.0).as_f64()
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    /// With as many decimals as it has, three at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Amount::from_pico(self.0).rounded(3);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// An amount of US dollars in the three cases of an estimate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// With every assumption at its cheap end.
    pub low: Amount,
    /// What to expect.
    pub likely: Amount,
    /// With every assumption at its dear end.
    pub high: Amount,
}

impl Range {
    /// The same amount in all cases.
    pub const fn exact(usd: Amount) -> Self {
        Self { low: usd, likely: usd, high: usd }
    }

    /// The range of one amount for each case, cheap to dear.
    pub const fn of([low, likely, high]: [Amount; 3]) -> Self {
        Self { low, likely, high }
    }

    /// The three amounts, cheap to dear.
    pub const fn all(self) -> [Amount; 3] {
        [self.low, self.likely, self.high]
    }

    /// The three amounts, each changed alike.
    #[must_use]
    pub fn map(self, change: impl Fn(Amount) -> Amount) -> Self {
        Self::of(self.all().map(change))
    }
}

impl Add for Range {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, likely: self.likely + other.likely, high: self.high + other.high }
    }
}

impl Sum for Range {
    fn sum<I: Iterator<Item = Self>>(ranges: I) -> Self {
        ranges.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact_and_never_negative() {
        let read = |text: &str| Quantity::from_decimal(text).unwrap();
        assert_eq!(read("6.5").times(Quantity::whole(80)), Quantity::whole(520));
        assert_eq!(read("25").percent(), Quantity::of(1, 4));
        assert_eq!(Quantity::whole(1).less(Quantity::whole(2)), Quantity::ZERO);
        assert_eq!(Quantity::of(1, 0), Quantity::ZERO);
        assert_eq!(
            Quantity::whole(3).at(Amount::from_decimal("0.10").unwrap()),
            Amount::from_decimal("0.30").unwrap()
        );
        assert_eq!(
            (read("6.5").to_string(), Quantity::whole(80).to_string()),
            ("6.5".to_owned(), "80".to_owned())
        );
        for wrong in ["-1", "six", ""] {
            assert!(Quantity::from_decimal(wrong).is_err(), "{wrong}");
        }
    }
}
