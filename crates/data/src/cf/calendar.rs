//! Calendars of the CF conventions (4.4.1), as counts of days.

use std::fmt;

/// A calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// Gregorian from 1582-10-15 on, Julian before; the day before is 1582-10-04.
    #[default]
    Standard,
    /// Gregorian at all times.
    ProlepticGregorian,
    /// A leap year every four years.
    Julian,
    /// No leap years.
    NoLeap,
    /// Leap years only.
    AllLeap,
    /// Months of 30 days.
    Days360,
}

/// A day of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year, as astronomers count: 0 is before 1.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// The first day of the Gregorian calendar.
const REFORM: Date = Date { year: 1582, month: 10, day: 15 };
/// Days before each month of a year without a leap day, from January.
const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// Years further away than this are no dates but faults: counts of days stay far from an overflow.
const YEARS: i64 = 10_000_000;

impl Calendar {
    /// A calendar by its name in a file.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_lowercase().as_str() {
            "standard" | "gregorian" => Self::Standard,
            "proleptic_gregorian" => Self::ProlepticGregorian,
            "julian" => Self::Julian,
            "noleap" | "365_day" => Self::NoLeap,
            "all_leap" | "366_day" => Self::AllLeap,
            "360_day" => Self::Days360,
            _ => return None,
        })
    }

    /// Whether its days are those of the world's clocks, at a date.
    pub fn is_civil(self, date: Date) -> bool {
        match self {
            Self::Standard => date >= REFORM,
            Self::ProlepticGregorian => true,
            _ => false,
        }
    }

    /// The day's number: 0 is 1970-01-01 of a calendar that the world's clocks have, and the first day of
    /// year 0 of another one. None for what is no day of the calendar.
    pub fn number(self, date: Date) -> Option<i64> {
        if date.year.abs() > YEARS || !(1..=12).contains(&date.month) || date.day == 0 {
            return None;
        }
        let number = self.counted(date);
        (self.date(number) == date).then_some(number)
    }

    fn counted(self, date: Date) -> i64 {
        let before = BEFORE[usize::from(date.month) - 1] + i64::from(date.day) - 1;
        let is_later = date.month > 2;
        match self {
            Self::Standard if date >= REFORM => gregorian(date),
            Self::ProlepticGregorian => gregorian(date),
            Self::Standard | Self::Julian => julian(date),
            Self::NoLeap => date.year * 365 + before,
            Self::AllLeap => date.year * 366 + before + i64::from(is_later),
            Self::Days360 => date.year * 360 + i64::from(date.month - 1) * 30 + i64::from(date.day) - 1,
        }
    }

    /// The day of a number; the calendar's last or first where the number is beyond all dates.
    pub fn date(self, number: i64) -> Date {
        let number = number.clamp(-YEARS * 367, YEARS * 367);
        match self {
            Self::Standard if number >= gregorian(REFORM) => gregorian_date(number),
            Self::ProlepticGregorian => gregorian_date(number),
            Self::Standard | Self::Julian => julian_date(number),
            Self::NoLeap => in_year(number.div_euclid(365), number.rem_euclid(365), false),
            Self::AllLeap => in_year(number.div_euclid(366), number.rem_euclid(366), true),
            Self::Days360 => {
                let of_year = number.rem_euclid(360);
                date(number.div_euclid(360), of_year / 30 + 1, of_year % 30 + 1)
            }
        }
    }
}

/// As it is named in files.
impl fmt::Display for Calendar {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Standard => "standard",
            Self::ProlepticGregorian => "proleptic_gregorian",
            Self::Julian => "julian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Days360 => "360_day",
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "months and days are small")]
fn date(year: i64, month: i64, day: i64) -> Date {
    Date { year, month: month as u8, day: day as u8 }
}

fn in_year(year: i64, of_year: i64, is_leap: bool) -> Date {
    let before = |month: usize| BEFORE[month] + i64::from(is_leap && month > 1);
    let month = (0..12).rev().find(|month| before(*month) <= of_year).unwrap_or(0);
    date(year, i64::try_from(month).unwrap_or(0) + 1, of_year - before(month) + 1)
}

/// The year from 1 March on, and the days since then: a leap day is the last of such a year. Source:
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn from_march(Date { year, month, day }: Date) -> (i64, i64) {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    (year, (153 * ((month + 9) % 12) + 2) / 5 + day - 1)
}

fn to_date(year: i64, since_march: i64) -> Date {
    let month = (5 * since_march + 2) / 153;
    let day = since_march - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    date(if month <= 2 { year + 1 } else { year }, month, day)
}

fn gregorian(date: Date) -> i64 {
    let (year, since_march) = from_march(date);
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + since_march - 719_468
}

fn gregorian_date(number: i64) -> Date {
    let number = number + 719_468;
    let (era, day) = (number.div_euclid(146_097), number.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    to_date(era * 400 + year, day - (365 * year + year / 4 - year / 100))
}

fn julian(date: Date) -> i64 {
    let (year, since_march) = from_march(date);
    year * 365 + year.div_euclid(4) + since_march - 719_470
}

fn julian_date(number: i64) -> Date {
    let number = number + 719_470;
    let (era, day) = (number.div_euclid(1_461), number.rem_euclid(1_461));
    let year = (day - day / 1_460) / 365;
    to_date(era * 4 + year, day - 365 * year)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Calendar; 6] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Days360,
    ];

    #[test]
    fn the_reform_leaves_out_ten_days() {
        let number = |calendar: Calendar, year, month, day| calendar.number(Date { year, month, day });
        let standard = Calendar::Standard;
        assert_eq!(number(standard, 1582, 10, 4).unwrap() + 1, number(standard, 1582, 10, 15).unwrap());
        assert_eq!(number(standard, 1582, 10, 10), None);
        assert_eq!(number(standard, 1970, 1, 1), Some(0));
        assert_eq!(number(Calendar::ProlepticGregorian, 1970, 1, 1), Some(0));
        assert_eq!(number(standard, 2000, 2, 29), Some(11_016));
        assert_eq!(number(Calendar::ProlepticGregorian, 1900, 2, 29), None);
        assert!(number(Calendar::Julian, 1900, 2, 29).is_some());
        assert_eq!(number(Calendar::NoLeap, 2000, 2, 29), None);
        assert!(number(Calendar::AllLeap, 2001, 2, 29).is_some());
        assert!(number(Calendar::Days360, 2001, 2, 30).is_some());
        assert_eq!(number(Calendar::Days360, 2001, 1, 31), None);
    }

    proptest! {
        #[test]
        fn numbers_and_days_lead_to_each_other(number in -4_000_000i64..4_000_000, which in 0usize..6) {
            let calendar = ALL[which];
            let date = calendar.date(number);
            prop_assert_eq!(calendar.number(date), Some(number), "{} {}", calendar, date);
            prop_assert!(calendar.date(number + 1) > date);
        }

        #[test]
        fn the_gregorian_calendar_is_that_of_jiff(number in -4_000_000i64..2_900_000) {
            let date = Calendar::ProlepticGregorian.date(number);
            let epoch = jiff::civil::date(1970, 1, 1);
            let span = jiff::Span::new().days(number);
            let theirs = epoch.checked_add(span).unwrap();
            prop_assert_eq!((date.year, date.month, date.day),
                (i64::from(theirs.year()), theirs.month().unsigned_abs(), theirs.day().unsigned_abs()));
        }

        #[test]
        fn no_number_makes_it_panic(number: i64, year: i64, month: u8, day: u8, which in 0usize..6) {
            ALL[which].date(number);
            ALL[which].number(Date { year, month, day });
        }
    }
}
