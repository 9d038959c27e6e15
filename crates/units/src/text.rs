//! What all units share: a decimal number, then a unit.

/// A text that is not an amount in the expected unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}; write for example `{suggestion}`")]
pub struct UnitError {
    text: String,
    expected: String,
    suggestion: String,
}

impl UnitError {
    /// An error about `text`, which should have been `expected`.
    pub fn new(text: &str, expected: &str, suggestion: &str) -> Self {
        Self { text: text.to_owned(), expected: expected.to_owned(), suggestion: suggestion.to_owned() }
    }

    /// What was expected, as a phrase: "an amount with a unit: …".
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// A spelling that would be accepted.
    pub fn suggestion(&self) -> &str {
        &self.suggestion
    }
}

/// Splits `"8.5 GiB"` into its number and its unit, without the spaces around them.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let text = text.trim_matches(' ');
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_matches(' '))
}

/// A decimal number without sign or exponent, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    text: String,
    digits: u128,
    scale: u32,
}

/// Most digits a number may have: 38 fit a `u128`; nobody writes more than 30.
const MAX_DIGITS: usize = 30;

/// Reads `"12"` or `"0.5"`.
pub(crate) fn decimal(number: &str, whole: &str) -> Result<Decimal, UnitError> {
    let expected = if number.starts_with('-') {
        "an amount that is not negative"
    } else {
        "a number followed by a unit"
    };
    let refuse = || UnitError::new(whole, expected, "8 GiB");
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = integer.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
    if integer.is_empty() || !all_digits || number.ends_with('.') || number.len() > MAX_DIGITS {
        return Err(refuse());
    }
    let digits = format!("{integer}{fraction}").parse().map_err(|_| refuse())?;
    let scale = u32::try_from(fraction.len()).map_err(|_| refuse())?;
    Ok(Decimal { text: number.to_owned(), digits, scale })
}

impl Decimal {
    /// The number as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// This number times `factor`, if that is a whole number that fits.
    pub(crate) fn times(&self, factor: u64) -> Option<u64> {
        u64::try_from(self.times_exact(u128::from(factor))?).ok()
    }

    /// This number times `factor`, if that is a whole number that fits.
    pub(crate) fn times_exact(&self, factor: u128) -> Option<u128> {
        let product = self.digits.checked_mul(factor)?;
        let divisor = 10_u128.checked_pow(self.scale)?;
        product.is_multiple_of(divisor).then(|| product / divisor)
    }
}
