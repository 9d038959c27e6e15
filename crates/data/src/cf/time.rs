//! Times as numbers since a moment: `days since 1850-01-01`, in a calendar.

use super::calendar::{Calendar, Date};
use crate::error::{Error, Result};

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;
/// Units of time by their names in UDUNITS, in nanoseconds.
const UNITS: [(&[&str], i64); 7] = [
    (&["nanosecond", "ns"], 1),
    (&["microsecond", "microsec", "us"], 1_000),
    (&["millisecond", "millisec", "msec", "ms"], 1_000_000),
    (&["second", "sec", "s"], 1_000_000_000),
    (&["minute", "min"], 60_000_000_000),
    (&["hour", "hr", "h"], 3_600_000_000_000),
    (&["day", "d"], DAY),
];

/// How a file counts time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The calendar.
    pub calendar: Calendar,
    /// Nanoseconds of a unit.
    unit: i64,
    /// The day from which is counted, by its number, and the nanoseconds of it.
    origin: (i64, i64),
}

/// A moment of a calendar, in UTC where it is one of the world's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The day.
    pub date: Date,
    /// Nanoseconds since its midnight.
    pub nanosecond: i64,
}

impl Times {
    /// Reads `UNIT since DATE [TIME] [ZONE]`, and a calendar's name, `standard` where there is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is no such text; months and years have no certain length, and are none.
    pub fn parse(units: &str, calendar: Option<&str>) -> Result<Self> {
        let wrong = |what: &str| Error::Invalid {
            what: format!("the unit of time `{units}` cannot be read: {what}"),
            advice: "give it as `days since 1970-01-01 00:00:00`".to_owned(),
        };
        let calendar = match calendar {
            None => Calendar::default(),
            Some(name) => Calendar::named(name).ok_or_else(|| wrong(&format!("no calendar `{name}`")))?,
        };
        let lower = units.trim().to_lowercase();
        let (unit, since) = lower.split_once(" since ").ok_or_else(|| wrong("there is no `since`"))?;
        let unit = unit.trim();
        let one = UNITS.iter().find(|(names, _)| {
            names.iter().any(|name| unit == *name || unit.strip_suffix('s') == Some(name))
        });
        let (_, unit) = one.ok_or_else(|| wrong("its length is not certain, or not known"))?;
        let (date, rest) = date(since.trim()).ok_or_else(|| wrong("there is no date"))?;
        let day = calendar.number(date).ok_or_else(|| wrong("its calendar has no such day"))?;
        let nanosecond = time(rest).ok_or_else(|| wrong("there is no time of day behind the date"))?;
        Ok(Self { calendar, unit: *unit, origin: (day, nanosecond) })
    }

    /// The moment of a number; none for what is no number, or lies beyond all dates. A double stands for all
    /// moments that are nearer to it than to the next one, 600 nanoseconds for hours of our days since 1900:
    /// taken is the roundest of them, which is the one that was written.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "bounded before, and rounding is what is asked for"
    )]
    pub fn moment(&self, value: f64) -> Option<Moment> {
        // Whole units and the part of one by themselves: a double has no room for both in nanoseconds.
        (value.is_finite() && value.abs() < 1e18).then_some(())?;
        let part = (value.fract() * self.unit as f64).round() as i128;
        let since = i128::from(value.trunc() as i64) * i128::from(self.unit) + part;
        let width = (value.abs().next_up() - value.abs()) * self.unit as f64;
        // Half of the way to the next double, and of a nanosecond where the part was rounded, and a little for that.
        let wrong = if width < 1.0 { 0 } else { (width / 2.0 + 0.52) as i128 };
        self.at(roundest(since, wrong))
    }

    /// The moment of a whole number of units.
    pub fn moment_of_whole(&self, value: i64) -> Option<Moment> {
        self.at(i128::from(value) * i128::from(self.unit))
    }

    /// The moment so many nanoseconds after the origin.
    fn at(&self, since: i128) -> Option<Moment> {
        let (day, nanosecond) = self.origin;
        let since = since + i128::from(nanosecond);
        let days = i64::try_from(since.div_euclid(i128::from(DAY))).ok()?;
        let nanosecond = i64::try_from(since.rem_euclid(i128::from(DAY))).ok()?;
        let number = day.checked_add(days)?;
        let date = self.calendar.date(number);
        (self.calendar.number(date) == Some(number)).then_some(Moment { date, nanosecond })
    }

    /// The number of a moment, as near as a double can be; none for what is no day of the calendar.
    #[expect(clippy::cast_precision_loss, reason = "as near as a double can be")]
    pub fn value(&self, moment: Moment) -> Option<f64> {
        let (day, nanosecond) = self.origin;
        let days = self.calendar.number(moment.date)? - day;
        let since = i128::from(days) * i128::from(DAY) + i128::from(moment.nanosecond - nanosecond);
        let unit = i128::from(self.unit);
        Some((since / unit) as f64 + (since % unit) as f64 / self.unit as f64)
    }
}

impl Moment {
    /// Nanoseconds since 1970-01-01 in UTC, where the calendar is the world's at that date and the
    /// number has room for it (1678 to 2262).
    pub fn nanoseconds(self, calendar: Calendar) -> Option<i64> {
        calendar.is_civil(self.date).then_some(())?;
        calendar.number(self.date)?.checked_mul(DAY)?.checked_add(self.nanosecond)
    }
}

/// The multiple of a power of ten that is no further from a number than it may be wrong, where there is one; of a
/// power so large that there are no two.
fn roundest(number: i128, wrong: i128) -> i128 {
    let mut power = 1;
    while power <= 2 * wrong {
        power *= 10;
    }
    let round = (number + power / 2).div_euclid(power) * power;
    if (round - number).abs() <= wrong { round } else { number }
}

/// A date at a text's beginning, and what follows. Years may have any number of digits and a sign.
fn date(text: &str) -> Option<(Date, &str)> {
    let end = text.find([' ', 't']).unwrap_or(text.len());
    let (text, rest) = (&text[..end], text[end..].trim_start_matches(['t', ' ']));
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut parts = digits.splitn(3, '-');
    let year: i64 = parts.next()?.parse().ok()?;
    let mut number = || parts.next().map_or(Some(1), |part| part.parse().ok());
    Some((Date { year: sign * year, month: number()?, day: number()? }, rest))
}

/// Nanoseconds of a time of day with its zone (`12:00:00.5 +02:00`); 0 where there is none. Negative
/// and beyond a day where the zone makes it so.
fn time(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches("utc").trim_end_matches("gmt").trim_end_matches('z').trim();
    if text.is_empty() {
        return Some(0);
    }
    let zone = text.rfind(['+', '-', ' ']).unwrap_or(text.len());
    let (clock, zone) = (text[..zone].trim(), text[zone..].trim());
    let mut parts = clock.split(':');
    let mut whole = |most: i64| -> Option<i64> {
        let number = parts.next().map_or(Some(0), |part| part.parse().ok())?;
        (0..=most).contains(&number).then_some(number)
    };
    let (hours, minutes) = (whole(24)?, whole(59)?);
    let seconds: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    ((0.0..=61.0).contains(&seconds) && parts.next().is_none()).then_some(())?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 61 seconds")]
    let seconds = (seconds * 1e9).round() as i64;
    Some((hours * 60 + minutes) * 60_000_000_000 + seconds - offset(zone)?)
}

/// Nanoseconds of a zone: `+02:00`, `-0530`, `2`; 0 where there is none.
fn offset(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..=59).contains(&minutes)).then_some(())?;
    Some(sign * (hours * 60 + minutes) * 60_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(units: &str, calendar: &str, value: f64) -> String {
        let times = Times::parse(units, Some(calendar)).unwrap();
        let Moment { date, nanosecond } = times.moment(value).unwrap();
        let seconds = nanosecond / 1_000_000_000;
        format!("{date} {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// What `cftime.num2date` 1.6.6 gives for the same.
    #[test]
    fn moments_are_those_of_cftime() {
        assert_eq!(shown("days since 1850-01-01", "noleap", 59.5), "1850-03-01 12:00:00");
        assert_eq!(shown("days since 2000-01-01", "noleap", 59.0), "2000-03-01 00:00:00");
        assert_eq!(shown("days since 2000-01-01", "standard", 59.0), "2000-02-29 00:00:00");
        assert_eq!(shown("days since 2000-01-01", "360_day", 59.0), "2000-02-30 00:00:00");
        assert_eq!(shown("hours since 1800-1-1 00:00:0.0", "standard", 1_297_320.0), "1948-01-01 00:00:00");
        assert_eq!(
            shown("seconds since 2018-01-01T00:00:00Z", "standard", 24_710_205.0),
            "2018-10-13 23:56:45"
        );
        assert_eq!(shown("days since 0001-01-01 00:00:00", "standard", 577_737.0), "1582-10-15 00:00:00");
        assert_eq!(shown("days since 0001-01-01 00:00:00", "standard", 577_736.0), "1582-10-04 00:00:00");
        assert_eq!(shown("hours since 2000-01-01 12:00 +02:00", "standard", 0.0), "2000-01-01 10:00:00");
        assert_eq!(shown("hours since 2000-01-01 01:00:00 +0200", "standard", 0.0), "1999-12-31 23:00:00");
    }

    #[test]
    fn months_and_nonsense_are_refused() {
        for units in [
            "months since 2000-01-01",
            "days",
            "days since",
            "days since x",
            "since 2000",
            "m since 2000-01-01",
        ] {
            assert!(Times::parse(units, None).is_err(), "{units}");
        }
        assert!(Times::parse("days since 2001-02-29", None).is_err());
        assert!(Times::parse("days since 2000-01-01", Some("martian")).is_err());
        let error = Times::parse("months since 2000-01-01", None).unwrap_err();
        assert!(error.to_string().contains("months since 2000-01-01"));
    }

    #[test]
    fn nanoseconds_are_the_worlds() {
        let times = Times::parse("seconds since 1970-01-01", None).unwrap();
        let of = |value| times.moment(value).and_then(|moment| moment.nanoseconds(times.calendar));
        assert_eq!(of(1.5), Some(1_500_000_000));
        assert_eq!(of(-0.25), Some(-250_000_000));
        assert_eq!(of(1e11), None);
        assert_eq!(of(f64::NAN), None);
        let other = Times::parse("seconds since 1970-01-01", Some("noleap")).unwrap();
        assert_eq!(other.moment(0.0).unwrap().nanoseconds(other.calendar), None);
    }

    #[test]
    fn hours_of_days_are_whole() {
        let times = Times::parse("days since 1900-01-01", None).unwrap();
        let moment = times.moment(41_738.0 + 1.0 / 24.0).unwrap();
        assert_eq!((moment.date.to_string().as_str(), moment.nanosecond), ("2014-04-11", 3_600_000_000_000));
        // What is not round stays as near as the double tells it: seconds of 2022, to 30 nanoseconds.
        let times = Times::parse("seconds since 2018-01-01", None).unwrap();
        let moment = times.moment(150_000_000.123_456_78).unwrap();
        assert!((moment.nanosecond % 1_000_000_000 - 123_456_780).abs() <= 15, "{moment:?}");
        // Of neighbours, 30 nanoseconds apart, only the nearer one is the round moment between them.
        let nearer = 150_000_000.000_000_1_f64;
        let nanosecond = |value: f64| times.moment(value).unwrap().nanosecond;
        assert_ne!(nanosecond(nearer), nanosecond(nearer.next_up()));
        assert_ne!(nanosecond(nearer), nanosecond(nearer.next_down()));
        // Doubles that are not quite two, and ten, nanoseconds wide.
        let times = Times::parse("hours since 1850-01-01", None).unwrap();
        let moment = times.moment(10_205_778.0 / 3600.0).unwrap();
        assert_eq!(moment.nanosecond, 10_578_000_000_000);
        let times = Times::parse("days since 1850-01-01", None).unwrap();
        let moment = times.moment(65_058_061.0 / 86_400.0).unwrap();
        assert_eq!(moment.nanosecond, 85_261_000_000_000);
    }

    proptest! {
        /// What was written as the nearest double of a whole number of seconds is that second again.
        #[test]
        fn seconds_come_back_whole(second in -3_000_000_000_i64..6_000_000_000, year in 1850_i64..2020, unit in 0usize..4) {
            let name = ["days", "hours", "minutes", "seconds"][unit];
            let times = Times::parse(&format!("{name} since {year}-01-01"), None).unwrap();
            let length = [86_400, 3600, 60, 1][unit];
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is written")]
            let value = second as f64 / f64::from(length);
            let whole = Times::parse(&format!("seconds since {year}-01-01"), None).unwrap();
            prop_assert_eq!(times.moment(value), whole.moment_of_whole(second));
        }

        #[test]
        fn moments_lead_back_to_their_numbers(value in -1e6f64..1e6, calendar in 0usize..4) {
            let name = ["standard", "noleap", "360_day", "all_leap"][calendar];
            let times = Times::parse("hours since 1950-01-01 06:30:00", Some(name)).unwrap();
            let back = times.value(times.moment(value).unwrap()).unwrap();
            prop_assert!((back - value).abs() <= 1e-12 * value.abs().max(1.0), "{} {}", back, value);
        }

        #[test]
        fn no_text_and_no_number_make_it_panic(text in "\\PC{0,40}", tail in "[-0-9:tTzZ+. ]{0,30}", value: f64) {
            Times::parse(&text, None).ok();
            if let Ok(times) = Times::parse(&format!("days since {tail}"), None) {
                times.moment(value);
            }
        }
    }
}
