//! How many of something arrive in a length of time.

use std::fmt;
use std::str::FromStr;

use crate::duration::Duration;
use crate::text::UnitError;

/// Arrivals in a length of time, written `80 in 15 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many arrive; never zero.
    pub count: u32,
    /// Within how long; never zero.
    pub within: Duration,
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || UnitError::new(text, "a number of people in a length of time", "80 in 15 min");
        let (count, within) = text.split_once(" in ").ok_or_else(refuse)?;
        let digits = count.trim_matches(' ');
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(refuse());
        }
        let count = digits.parse().map_err(|_| refuse())?;
        let within: Duration = within.parse().map_err(|_| refuse())?;
        if count == 0 || within.as_secs() == 0 {
            return Err(refuse());
        }
        Ok(Self { count, within })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.count, self.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_shown_alike() {
        let rate: Rate = "80 in 15 min".parse().unwrap();
        assert_eq!((rate.count, rate.within.as_secs()), (80, 900));
        assert_eq!(rate.to_string(), "80 in 15 min");
        for text in [
            "80",
            "80 per hour",
            "x in 15 min",
            "80 in 0 s",
            "-1 in 5 min",
            "+8 in 5 min",
            "0 in 5 min",
            "80 in 15",
        ] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
