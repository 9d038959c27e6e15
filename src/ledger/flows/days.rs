//! Folders of days, as AWS and Google put logs into buckets: `…/2026/10/12/…` (Amazon VPC, "Flow log files"; Cloud
//! Logging, "Objects in buckets") and `…/year=2026/month=10/day=12/…` (Hive's form).

use jiff::civil::{Date, date};

use crate::ledger::line::Day;
use crate::ledger::read::Look;

/// Days of which logs are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Option<Day>,
    /// The last.
    pub to: Option<Day>,
}

impl Days {
    pub(super) fn is_all(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether a folder may hold records of these days. A file is in the folder of the day on which it was made: what
    /// flowed before midnight may be in the next day's.
    pub(super) fn look(self, folder: &str) -> Look {
        let parts: Vec<&str> = folder.trim_matches('/').rsplit('/').take(3).collect();
        let number = |at: usize, key: &str, digits: usize| -> Option<i16> {
            let part = parts.get(at)?;
            let text = part.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')).unwrap_or(part);
            text.parse().ok().filter(|_| text.len() == digits)
        };
        let year = |at| number(at, "year", 4).filter(|year| (2000..2200).contains(year));
        let month = |at| number(at, "month", 2).and_then(|month| i8::try_from(month).ok());
        let day = || number(0, "day", 2).and_then(|day| i8::try_from(day).ok());
        let whole = |first: Date, last: Date| Some((first, last));
        let (span, is_day) = match (year(2), month(1), day()) {
            (Some(year), Some(month), Some(day)) => {
                (Date::new(year, month, day).ok().and_then(|day| whole(day, day)), true)
            }
            _ => match (year(1), month(0), year(0)) {
                (Some(year), Some(month), _) => {
                    (Date::new(year, month, 1).ok().and_then(|day| whole(day, day.last_of_month())), false)
                }
                (_, _, Some(year)) => (whole(date(year, 1, 1), date(year, 12, 31)), false),
                _ => (None, false),
            },
        };
        let Some((first, last)) = span else { return Look::Into };
        let is_past = self.from.is_some_and(|from| number_of(last) < from)
            || self.to.is_some_and(|to| number_of(first) > to + 1);
        match is_past {
            true => Look::Past,
            false if is_day => Look::All,
            false => Look::Into,
        }
    }
}

fn number_of(day: Date) -> Day {
    day.since(date(1970, 1, 1)).map_or(0, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_other_days_are_passed_by() {
        let days =
            Days { from: Some(number_of(date(2026, 10, 12))), to: Some(number_of(date(2026, 10, 30))) };
        let logs = "AWSLogs/123456789012/vpcflowlogs/us-west-2";
        for (folder, expected) in [
            ("AWSLogs/123456789012", Look::Into),
            ("2025", Look::Past),
            ("2026/", Look::Into),
            ("2026/09", Look::Past),
            ("2026/10", Look::Into),
            ("2026/11", Look::Past),
            ("2026/10/11", Look::Past),
            ("2026/10/12", Look::All),
            ("2026/10/31", Look::All),
            ("2026/11/01", Look::Past),
            ("year=2026/month=10", Look::Into),
            ("year=2026/month=10/day=11/", Look::Past),
            ("year=2026/month=10/day=12/", Look::All),
            ("2026/13", Look::Into),
            ("12", Look::Into),
        ] {
            assert_eq!(days.look(&format!("{logs}/{folder}")), expected, "{folder}");
        }
        let to_september = Days { from: None, to: Some(number_of(date(2026, 9, 30))) };
        assert_eq!(to_september.look("2026/10"), Look::Into, "the 1st has what was late on the 30th");
        assert_eq!(to_september.look("2026/10/01"), Look::All);
        assert_eq!(to_september.look("2026/10/02"), Look::Past);
    }
}
