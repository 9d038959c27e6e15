//! Days of times.

use std::fmt::{self, Display, Formatter};

const MILLIS: u64 = 86_400_000;
/// Days from 1970-01-01 to the end of the year 9999.
const END: u64 = 2_932_897;

/// A day in UTC, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u64);

impl Day {
    /// The day of a time in milliseconds since 1970; nothing after the year 9999.
    pub(crate) fn of(millis: u64) -> Option<Self> {
        Some(Self(millis / MILLIS)).filter(|day| day.0 < END)
    }
}

impl Display for Day {
    /// As `2026-11-22`; by Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let shifted = self.0 + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let text = |millis| Day::of(millis).map(|day| day.to_string());
        // Seconds by GNU date.
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_305_600, "2026-11-22"),
            (4_107_542_400, "2100-03-01"),
            (253_402_300_799, "9999-12-31"),
        ] {
            assert_eq!(text(seconds * 1_000).as_deref(), Some(day));
        }
        assert_eq!(text(1_795_305_600_000 - 1).as_deref(), Some("2026-11-21"));
        assert_eq!(text(253_402_300_800_000), None);
    }
}
