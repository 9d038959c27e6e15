//! What coordinates are compared with.

use std::fmt;

use crate::cf::{Date, Moment};
use crate::error::{Error, Result};

/// A value of a coordinate.
#[derive(Clone, Debug, PartialEq)]
pub enum Label {
    /// A number, in the coordinate's own units.
    Number(f64),
    /// A moment, or a span by leaving out its parts: `2020`, `2020-02`, `2020-02-30`, `2020-02-21T12:30`. It is in
    /// the coordinate's calendar, and in UTC where that is the world's.
    Time(String),
}

/// As it was given.
impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(out),
            Self::Time(text) => out.write_str(text),
        }
    }
}

/// An end of what is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    From(f64),
    To(f64),
    Since(Moment),
    Until(Moment),
}

impl Bound {
    /// Whether a value is on the right side; `moment` is what it stands for.
    pub(super) fn is_reached(&self, value: f64, moment: Option<Moment>) -> bool {
        match self {
            Self::From(least) => value >= *least,
            Self::To(most) => value <= *most,
            Self::Since(first) => moment.is_some_and(|moment| moment >= *first),
            Self::Until(last) => moment.is_some_and(|moment| moment <= *last),
        }
    }
}

impl Label {
    /// The label as the lower or the upper end of what is wanted: of a span its first or last moment.
    pub(super) fn bound(&self, is_lower: bool) -> Result<Bound> {
        Ok(match self {
            Self::Number(number) if is_lower => Bound::From(*number),
            Self::Number(number) => Bound::To(*number),
            Self::Time(text) => {
                let (first, last) = span(text).ok_or_else(|| Error::Invalid {
                    what: format!("`{text}` is no time"),
                    advice: "write it as 2020, 2020-02, 2020-02-21 or 2020-02-21T12:30:00".to_owned(),
                })?;
                if is_lower { Bound::Since(first) } else { Bound::Until(last) }
            }
        })
    }
}

/// The first and the last moment of a span. The last one need not be in any calendar: it is behind all others.
fn span(text: &str) -> Option<(Moment, Moment)> {
    let text = text.trim();
    let text = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let (date, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let (is_before, digits) = date.strip_prefix('-').map_or((false, date), |rest| (true, rest));
    let mut parts = digits.split('-');
    let year: i64 = number(parts.next()?)?;
    let month: Option<u8> = parts.next().map(number).map_or(Some(None), |month| month.map(Some))?;
    let day: Option<u8> = parts.next().map(number).map_or(Some(None), |day| day.map(Some))?;
    let is_plain = parts.next().is_none()
        && month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day));
    let (from, to) = match clock {
        Some(clock) if day.is_some() => nanoseconds(clock)?,
        Some(_) => return None,
        None => (0, i64::MAX),
    };
    let year = if is_before { -year } else { year };
    let first = Date { year, month: month.unwrap_or(1), day: day.unwrap_or(1) };
    let last = Date { year, month: month.unwrap_or(u8::MAX), day: day.unwrap_or(u8::MAX) };
    is_plain.then_some((Moment { date: first, nanosecond: from }, Moment { date: last, nanosecond: to }))
}

/// The first and the last nanosecond of a time of day whose parts may be left out.
fn nanoseconds(clock: &str) -> Option<(i64, i64)> {
    const SECOND: i64 = 1_000_000_000;
    let mut parts = clock.split(':');
    let hour: i64 = number(parts.next()?)?;
    let minute: Option<i64> = parts.next().map(number).map_or(Some(None), |minute| minute.map(Some))?;
    let second = parts.next();
    let (whole, fraction) = second.map_or(("0", ""), |text| text.split_once('.').unwrap_or((text, "")));
    let second_of_minute: i64 = number(whole)?;
    let fits = parts.next().is_none()
        && hour <= 24
        && minute.is_none_or(|minute| minute < 60)
        && second_of_minute <= 60
        && fraction.len() <= 9;
    let parts: i64 = if fraction.is_empty() { 0 } else { number(&format!("{fraction:0<9}"))? };
    let from = ((hour * 60 + minute.unwrap_or(0)) * 60 + second_of_minute) * SECOND + parts;
    let length = match (minute, second) {
        (None, _) => 3600 * SECOND,
        (_, None) => 60 * SECOND,
        (_, Some(_)) if fraction.is_empty() => SECOND,
        _ => 1,
    };
    fits.then_some((from, from + length - 1))
}

/// A number of digits only.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_that_are_left_out_make_a_span() {
        let shown = |text: &str| {
            let (first, last) = span(text).unwrap();
            (first.date.to_string(), first.nanosecond, last.date.to_string(), last.nanosecond)
        };
        assert_eq!(shown("2020-02"), ("2020-02-01".into(), 0, "2020-02-255".into(), i64::MAX));
        let noon = 12 * 3_600_000_000_000;
        let minute = 60_000_000_000;
        let half = ("2020-02-30".into(), noon + 30 * minute, "2020-02-30".into(), noon + 31 * minute - 1);
        assert_eq!(shown("2020-02-30T12:30Z"), half);
        assert_eq!(span("2020-02-21 00:00:00.25").unwrap().0.nanosecond, 250_000_000);
        for wrong in
            ["", "2020-", "2020-13", "2020-02T12", "2020-02-21T25:00", "now", "2020-02-21T1:2:3:4", "٢٠٢٠"]
        {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-0-9T:. Z]{0,30}|\\PC{0,20}") {
            span(&text);
        }
    }
}
