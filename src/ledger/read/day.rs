//! Days and months out of the timestamps of bills.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::ledger::line::{Day, Month};

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Reads days, each text that comes again only once.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Days {
    last: Option<([u8; 10], Day)>,
    month: Option<(Day, Month)>,
}

impl Days {
    /// The day in UTC of a date or a timestamp, with or without a zone, as the formats write it.
    pub(in crate::ledger) fn read(&mut self, text: &str) -> Option<Day> {
        let text = text.trim();
        let (head, rest) = text.as_bytes().split_first_chunk::<10>()?;
        if !is_utc_time(rest) {
            return text.parse::<Timestamp>().ok().map(|time| day_of(time.as_second()));
        }
        if let Some((last, day)) = self.last
            && last == *head
        {
            return Some(day);
        }
        let date: Date = text.get(..10)?.parse().ok()?;
        let day = number(date)?;
        self.last = Some((*head, day));
        Some(day)
    }

    /// The month that a day is in.
    pub(super) fn month(&mut self, day: Day) -> Option<Month> {
        if let Some((last, month)) = self.month
            && last == day
        {
            return Some(month);
        }
        let month = Month::of(EPOCH.checked_add(day.days()).ok()?)?;
        self.month = Some((day, month));
        Some(month)
    }
}

/// The day of a second, counted from 1970-01-01.
pub(in crate::ledger) fn day_of(second: i64) -> Day {
    i32::try_from(second.div_euclid(86_400)).unwrap_or(Day::MIN)
}

/// The number of a date.
fn number(date: Date) -> Option<Day> {
    EPOCH.until(date).ok().map(|span| span.get_days())
}

/// Whether what follows a date is nothing, or a time in UTC or without a zone.
fn is_utc_time(rest: &[u8]) -> bool {
    let Some(time) = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" ")) else {
        return rest.is_empty();
    };
    let end = time.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b':' | b'.')).unwrap_or(time.len());
    let (clock, zone) = time.split_at(end);
    let two = |at: usize, most: u8| {
        clock.get(at..at + 2).is_some_and(|digits| {
            digits.iter().all(u8::is_ascii_digit) && (digits[0] - b'0') * 10 + (digits[1] - b'0') <= most
        })
    };
    let hours = two(0, 23) && clock.get(2) == Some(&b':') && two(3, 59);
    let seconds = clock.len() == 5 || (clock.get(5) == Some(&b':') && two(6, 60));
    let parts = match clock.get(8..) {
        None | Some([]) => true,
        Some([b'.', digits @ ..]) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    };
    let utc = matches!(zone, b"" | b"Z" | b" UTC" | b"UTC" | b"+00:00" | b"+00" | b"+0000");
    hours && seconds && parts && utc
}

#[cfg(test)]
mod tests {
    use super::{Days, Month};

    #[test]
    fn timestamps_of_all_formats_are_days_in_utc() {
        let mut days = Days::default();
        for text in [
            "2024-09-18",
            "2024-09-18T23:00:00Z",
            "2024-09-18T23:00:00.000Z",
            "2024-09-18 23:00:00",
            "2024-09-18 23:00:00 UTC",
            "2024-09-18 23:00:00.123456+00:00",
            " 2024-09-18T00:00Z ",
            "2024-09-18T23:00:00-00:30",
            "2024-09-19T01:00:00+02:00",
        ] {
            assert_eq!(days.read(text), Some(19_984), "{text}");
        }
        assert_eq!(days.month(19_984), Month::new(2024, 9));
        assert_eq!(days.read("1969-12-31"), Some(-1));
        for wrong in
            ["", "2024-9-18", "2024-09-31", "18.09.2024", "2024-09-18T25:00:00Z", "2024-09-18x", "NULL"]
        {
            assert_eq!(days.read(wrong), None, "{wrong}");
        }
    }
}
