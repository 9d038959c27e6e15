//! Groups of moments by the calendar: months, seasons, days of the year, hours, and the periods that follow each other.

use jiff::{Timestamp, tz::TimeZone};

use crate::error::{Error, Result};

/// The label of what is in no group.
pub const NO_GROUP: u32 = u32::MAX;
/// Years further away than this count as this one: no calendar has them.
const YEARS: i64 = 10_000_000;
/// There are no more periods than this: their labels and values are kept.
const PERIODS: i64 = 10_000_000;

/// What a calendar says of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 1 to 366: 1 is the first of January.
    pub day_of_year: u16,
    /// 0 to 23.
    pub hour: u8,
}

/// By what moments are put into groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Part {
    /// Months of any year: 1 to 12.
    Month,
    /// Seasons of any year: 1 is December to February, 2 March to May, 3 June to August, 4 September to November.
    Season,
    /// Days of the year: 1 to 366.
    DayOfYear,
    /// Hours of the day: 0 to 23.
    Hour,
    /// Years.
    Year,
}

/// Periods that follow each other without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Period {
    /// Months.
    Month,
    /// Seasons from the first of December, March, June and September on.
    Season,
    /// Years.
    Year,
}

/// Groups of moments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Of each moment the place of its group in [`Self::values`]; [`NO_GROUP`] where there is no moment.
    pub labels: Vec<u32>,
    /// What the groups are, in rising order: values of a [`Part`], or the first months of periods.
    pub values: Vec<i64>,
}

impl Stamp {
    /// What the world's calendar says of nanoseconds since 1970-01-01 in UTC, as `datetime64[ns]` of numpy counts them;
    /// none for its `NaT`.
    pub fn of_nanoseconds(nanoseconds: i64) -> Option<Self> {
        if nanoseconds == i64::MIN {
            return None;
        }
        let moment = Timestamp::from_nanosecond(nanoseconds.into()).ok()?.to_zoned(TimeZone::UTC).datetime();
        Some(Self {
            year: moment.year().into(),
            month: moment.month().unsigned_abs(),
            day: moment.day().unsigned_abs(),
            day_of_year: moment.date().day_of_year().unsigned_abs(),
            hour: moment.hour().unsigned_abs(),
        })
    }

    /// Months since the first one of year 0.
    fn months(self) -> i64 {
        self.year.clamp(-YEARS, YEARS) * 12 + i64::from(self.month) - 1
    }
}

/// Groups of moments by a part of the calendar. There are those groups that a moment is in, as with `groupby("time.month")`
/// of xarray.
pub fn group(by: Part, stamps: &[Option<Stamp>]) -> Labels {
    let value = |stamp: &Stamp| match by {
        Part::Month => stamp.month.into(),
        Part::Season => i64::from(stamp.month % 12 / 3) + 1,
        Part::DayOfYear => stamp.day_of_year.into(),
        Part::Hour => stamp.hour.into(),
        Part::Year => stamp.year,
    };
    let mut values: Vec<i64> = stamps.iter().flatten().map(value).collect();
    values.sort_unstable();
    values.dedup();
    let label = |stamp: &Option<Stamp>| {
        let place = stamp.as_ref().and_then(|stamp| values.binary_search(&value(stamp)).ok());
        place.and_then(|place| u32::try_from(place).ok()).unwrap_or(NO_GROUP)
    };
    Labels { labels: stamps.iter().map(label).collect(), values }
}

/// The periods of moments, from the first to the last, those without a moment as well, as with `resample` of xarray. Values
/// are the first months of periods, in months since the first one of year 0.
///
/// # Errors
/// [`Error::Invalid`] for moments that lie so far apart that there are ten million periods between them.
pub fn resample(by: Period, stamps: &[Option<Stamp>]) -> Result<Labels> {
    let (length, before) = match by {
        Period::Month => (1, 0),
        // The season of January begins in December of the year before.
        Period::Season => (3, 1),
        Period::Year => (12, 0),
    };
    let number = |stamp: &Stamp| (stamp.months() + before).div_euclid(length);
    let numbers = || stamps.iter().flatten().map(number);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
        return Ok(Labels { labels: vec![NO_GROUP; stamps.len()], values: Vec::new() });
    };
    if last - first >= PERIODS {
        let what = format!("there are {} periods between the first moment and the last", last - first);
        return Err(Error::invalid(what, "look for moments that are wrong, or take longer periods"));
    }
    let label = |stamp: &Option<Stamp>| {
        stamp.as_ref().and_then(|stamp| u32::try_from(number(stamp) - first).ok()).unwrap_or(NO_GROUP)
    };
    Ok(Labels {
        labels: stamps.iter().map(label).collect(),
        values: (first..=last).map(|number| number * length - before).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400_000_000_000;

    #[expect(clippy::unnecessary_wraps, reason = "moments may be missing")]
    fn stamp(year: i64, month: u8) -> Option<Stamp> {
        Some(Stamp { year, month, day: 1, day_of_year: 1, hour: 0 })
    }

    #[test]
    fn the_calendar_is_that_of_the_world() {
        let leap = Stamp::of_nanoseconds(19_782 * DAY + 23 * 3_600_000_000_000).unwrap();
        assert_eq!(leap, Stamp { year: 2024, month: 2, day: 29, day_of_year: 60, hour: 23 });
        let before = Stamp::of_nanoseconds(-1).unwrap();
        assert_eq!(before, Stamp { year: 1969, month: 12, day: 31, day_of_year: 365, hour: 23 });
        assert_eq!(Stamp::of_nanoseconds(i64::MIN), None);
    }

    #[test]
    fn groups_are_those_that_are_there() {
        let stamps = [stamp(2001, 12), stamp(2002, 1), None, stamp(2002, 5), stamp(2003, 12)];
        let months = group(Part::Month, &stamps);
        assert_eq!((months.labels, months.values), (vec![2, 0, NO_GROUP, 1, 2], vec![1, 5, 12]));
        let seasons = group(Part::Season, &stamps);
        assert_eq!((seasons.labels, seasons.values), (vec![0, 0, NO_GROUP, 1, 0], vec![1, 2]));
        assert_eq!(group(Part::Year, &stamps).values, [2001, 2002, 2003]);
        assert_eq!(group(Part::Hour, &[]), Labels { labels: vec![], values: vec![] });
    }

    /// `resample(time="QS-DEC")` and `"MS"` of xarray 2026.9 begin there, with empty periods between.
    #[test]
    fn periods_follow_each_other_without_gaps() {
        let stamps = [stamp(2002, 2), stamp(2001, 12), None, stamp(2002, 9)];
        let seasons = resample(Period::Season, &stamps).unwrap();
        assert_eq!(seasons.labels, [0, 0, NO_GROUP, 3]);
        assert_eq!(seasons.values, [2001 * 12 + 11, 2002 * 12 + 2, 2002 * 12 + 5, 2002 * 12 + 8]);
        assert_eq!(resample(Period::Month, &stamps).unwrap().labels, [2, 0, NO_GROUP, 9]);
        assert_eq!(resample(Period::Year, &stamps).unwrap().values, [2001 * 12, 2002 * 12]);
        assert!(resample(Period::Month, &[None]).unwrap().values.is_empty());
        assert!(resample(Period::Month, &[stamp(0, 1), stamp(9_000_000, 1)]).is_err());
    }

    proptest! {
        #[test]
        fn every_moment_is_in_the_group_of_its_value(days in prop::collection::vec(-50_000_i64..50_000, 1..50)) {
            let stamps: Vec<_> = days.iter().map(|day| Stamp::of_nanoseconds(day * DAY)).collect();
            for (by, value) in [
                (Part::Month, (|stamp| stamp.month.into()) as fn(&Stamp) -> i64),
                (Part::DayOfYear, |stamp| stamp.day_of_year.into()),
                (Part::Season, |stamp| match stamp.month { 12 | 1 | 2 => 1, 3..=5 => 2, 6..=8 => 3, _ => 4 }),
            ] {
                let groups = group(by, &stamps);
                for (label, stamp) in groups.labels.iter().zip(stamps.iter().flatten()) {
                    prop_assert_eq!(groups.values[*label as usize], value(stamp));
                }
                prop_assert!(groups.values.is_sorted_by(|one, other| one < other));
            }
        }
    }
}
