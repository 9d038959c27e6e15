//! Lengths of time.

use std::fmt;
use std::str::FromStr;

use crate::text::{self, UnitError};

/// A length of time in whole seconds, written `90 s`, `30 min`, `8 h`, `7 days`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

/// Unit spellings and their lengths in seconds; the first of each length is shown.
const UNITS: [(&str, u64); 15] = [
    ("days", 86_400),
    ("day", 86_400),
    ("d", 86_400),
    ("h", 3_600),
    ("hour", 3_600),
    ("hours", 3_600),
    ("min", 60),
    ("minute", 60),
    ("minutes", 60),
    ("s", 1),
    ("sec", 1),
    ("second", 1),
    ("seconds", 1),
    ("weeks", 604_800),
    ("week", 604_800),
];

/// Longest length accepted: a hundred years.
const MAX_SECONDS: u64 = 100 * 366 * 86_400;

impl Duration {
    /// A number of seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The number of seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

impl FromStr for Duration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let expected = "a length of time with a unit: s, min, h, days";
        let (number, unit) = text::split(text);
        let number = text::decimal(number, text).map_err(|_| UnitError::new(text, expected, "30 min"))?;
        let refuse = |unit: &str| {
            let one = number.as_str() == "1" && unit.len() > 1;
            let unit = if one { unit.trim_end_matches('s') } else { unit };
            UnitError::new(text, expected, &format!("{} {unit}", number.as_str()))
        };
        let seconds = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds);
        let seconds = seconds.ok_or_else(|| refuse(nearest(unit)))?;
        number.times(seconds).filter(|total| *total <= MAX_SECONDS).map(Self).ok_or_else(|| {
            UnitError::new(text, "a length of time in whole seconds, at most a hundred years", "30 min")
        })
    }
}

/// The unit a person most likely meant; a lone `m` is minutes, as in `30m`.
fn nearest(unit: &str) -> &'static str {
    match unit.chars().next().map(|c| c.to_ascii_lowercase()) {
        Some('d') => "days",
        Some('w') => "weeks",
        Some('h') => "h",
        Some('s') => "s",
        _ => "min",
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = [("days", 86_400), ("h", 3_600), ("min", 60)];
        match shown.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some(("days", size)) if self.0 == *size => write!(f, "1 day"),
            Some((name, size)) => write!(f, "{} {name}", self.0 / size),
            None => write!(f, "{} s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_shown_alike() {
        for (text, seconds) in [
            ("30 min", 1_800),
            ("7 days", 604_800),
            ("1 day", 86_400),
            ("8 h", 28_800),
            ("90 s", 90),
            ("0 s", 0),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_secs(), seconds);
            assert_eq!(duration.to_string(), text);
        }
        assert_eq!("1.5 h".parse::<Duration>().unwrap().as_secs(), 5_400);
        assert_eq!("1 week".parse::<Duration>().unwrap(), "7 days".parse().unwrap());
    }

    #[test]
    fn refused_with_a_spelling() {
        for (text, suggestion) in [
            ("30", "30 min"),
            ("30m", "30 min"),
            ("7 dayz", "7 days"),
            ("2 w", "2 weeks"),
            ("1 dayz", "1 day"),
            ("1 sek", "1 s"),
            ("5 Hours", "5 h"),
            ("soon", "30 min"),
            ("-5 min", "30 min"),
            ("900000 days", "30 min"),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap_err().suggestion(), suggestion, "{text}");
        }
    }
}
