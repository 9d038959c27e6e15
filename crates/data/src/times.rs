//! Moments and spans of time as catalogues write them: ISO 8601 and RFC 3339, in UTC where nothing else is
//! said; parts that are left out are filled.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A span of time; an end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The first moment.
    pub start: Option<Timestamp>,
    /// The last moment.
    pub end: Option<Timestamp>,
}

impl Interval {
    /// A single moment.
    pub const fn at(moment: Timestamp) -> Self {
        Self { start: Some(moment), end: Some(moment) }
    }

    /// Reads `START,END` or `START/END`; either may be empty, `..`, or a moment with parts left out
    /// (`2019`, `2019-02`, `2019-02-21`, `2019-02-21T12`), which stands for its first moment at the start and
    /// its last at the end. With `/`, one of them may be a duration (`2019-02-21/P10D`). One moment alone is
    /// the span that it names.
    ///
    /// # Errors
    /// What is wrong, one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (start, end) = match text.split_once(',').or_else(|| text.split_once('/')) {
            Some((start, end)) => (start.trim(), end.trim()),
            None => (text, text),
        };
        let interval = match (start.starts_with(['P', 'p']), end.starts_with(['P', 'p'])) {
            (false, false) => Self { start: bound(start, first)?, end: bound(end, last)? },
            (false, true) => {
                let start = bound(start, first)?.ok_or("a duration needs a start")?;
                Self { start: Some(start), end: Some(moved(start, end, false)?) }
            }
            (true, false) => {
                let end = bound(end, last)?.ok_or("a duration needs an end")?;
                Self { start: Some(moved(end, start, true)?), end: Some(end) }
            }
            (true, true) => return Err(format!("`{text}` has two durations and no moment")),
        };
        match interval {
            Self { start: Some(start), end: Some(end) } if start > end => {
                Err(format!("it ends ({end}) before it starts ({start})"))
            }
            _ => Ok(interval),
        }
    }

    /// The span as CMR takes it: `START,END`.
    pub(crate) fn with_comma(self) -> String {
        let written = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string()).unwrap_or_default();
        format!("{},{}", written(self.start), written(self.end))
    }

    /// The span as STAC takes it: `START/END` with `..` for an open end, or one moment.
    pub(crate) fn with_slash(self) -> String {
        let written =
            |moment: Option<Timestamp>| moment.map_or_else(|| "..".to_owned(), |moment| moment.to_string());
        if self.start.is_some() && self.start == self.end {
            return written(self.start);
        }
        format!("{}/{}", written(self.start), written(self.end))
    }
}

fn bound(text: &str, at: fn(&str) -> Option<Timestamp>) -> Result<Option<Timestamp>, String> {
    if text.is_empty() || text == ".." {
        return Ok(None);
    }
    at(text).map(Some).ok_or_else(|| {
        format!("`{text}` is no moment: write it as 2019-02-21 or 2019-02-21T12:18:57Z, with parts left out from the right")
    })
}

fn moved(from: Timestamp, duration: &str, back: bool) -> Result<Timestamp, String> {
    let span: Span = duration
        .parse()
        .map_err(|_| format!("`{duration}` is no duration: write it as P10D, P1Y2M or PT12H"))?;
    let span = if back { span.negate() } else { span };
    let moment = from.to_zoned(TimeZone::UTC).checked_add(span);
    moment.map(|moment| moment.timestamp()).map_err(|_| format!("`{duration}` leads beyond the calendar"))
}

/// Reads a moment as a catalogue wrote it, its first instant where parts are left out.
pub fn first(text: &str) -> Option<Timestamp> {
    read(text).map(|(start, _)| start)
}

/// Reads a moment, its last millisecond where parts are left out.
pub fn last(text: &str) -> Option<Timestamp> {
    let (start, unit) = read(text)?;
    let Some(unit) = unit else { return Some(start) };
    let next = start.to_zoned(TimeZone::UTC).checked_add(unit).ok()?.timestamp();
    next.checked_sub(Span::new().milliseconds(1)).ok()
}

/// A moment and, where it names a year, month, day, hour or minute, how long that is.
fn read(text: &str) -> Option<(Timestamp, Option<Span>)> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some((moment, None));
    }
    let bare = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (day, time) = match bare.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (bare, None),
    };
    let utc = |moment: DateTime| moment.to_zoned(TimeZone::UTC).ok().map(|moment| moment.timestamp());
    let Some(time) = time else {
        let (date, unit) = date(day)?;
        return Some((utc(date.at(0, 0, 0, 0))?, Some(unit)));
    };
    let date: Date = day.parse().ok()?;
    let (filled, unit) = match time.len() {
        2 => (format!("{time}:00:00"), Some(Span::new().hours(1))),
        5 => (format!("{time}:00"), Some(Span::new().minutes(1))),
        _ => (time.to_owned(), None),
    };
    let time: jiff::civil::Time = filled.parse().ok()?;
    Some((utc(date.to_datetime(time))?, unit))
}

fn date(text: &str) -> Option<(Date, Span)> {
    let digits = |part: &str, length: usize| {
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    };
    let mut parts = text.split('-');
    let year = parts.next()?;
    digits(year, 4)?;
    let year: i16 = year.parse().ok()?;
    let Some(month) = parts.next() else {
        return Some((Date::new(year, 1, 1).ok()?, Span::new().years(1)));
    };
    digits(month, 2)?;
    let month: i8 = month.parse().ok()?;
    let Some(day) = parts.next() else {
        return Some((Date::new(year, month, 1).ok()?, Span::new().months(1)));
    };
    digits(day, 2)?;
    if parts.next().is_some() {
        return None;
    }
    Some((Date::new(year, month, day.parse().ok()?).ok()?, Span::new().days(1)))
}
