//! What parameters hold: values with types, and texts of the command line checked and written as CMR takes
//! them.

use super::parameters::Holds;
use crate::geo::{Bbox, Position, problems_of_position, proper_ring};
use crate::times::{Interval, first};

/// Radii that CMR takes, in metres.
const RADII: std::ops::RangeInclusive<f64> = 10.0..=6_000_000.0;

/// A place to search.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Within or touching a box.
    Box(Bbox),
    /// Around a position.
    Point(Position),
    /// Within or touching a polygon. It is closed and turned as CMR wants it.
    Polygon(Vec<Position>),
    /// Crossing a line.
    Line(Vec<Position>),
    /// Within a distance of a position.
    Circle {
        /// The middle.
        center: Position,
        /// In metres, 10 to 6,000,000.
        radius: f64,
    },
}

impl Shape {
    /// The parameter that holds such a shape.
    pub(crate) fn parameter(&self) -> &'static str {
        match self {
            Self::Box(_) => "bounding_box",
            Self::Point(_) => "point",
            Self::Polygon(_) => "polygon",
            Self::Line(_) => "line",
            Self::Circle { .. } => "circle",
        }
    }

    /// The shape as CMR takes it, or what is wrong with it.
    pub(crate) fn written(&self) -> Result<String, Vec<String>> {
        let (positions, problems) = match self {
            Self::Box(bbox) => {
                let problems = bbox.problems();
                return if problems.is_empty() { Ok(numbers(&bbox.edges())) } else { Err(problems) };
            }
            Self::Point(position) => (vec![*position], Vec::new()),
            Self::Circle { center, radius } => {
                let mut problems = problems_of_position(*center);
                if !RADII.contains(radius) {
                    problems.push(format!("the radius is {radius} m, and CMR takes 10 m to 6,000,000 m"));
                }
                let [longitude, latitude] = *center;
                let text = numbers(&[longitude, latitude, *radius]);
                return if problems.is_empty() { Ok(text) } else { Err(problems) };
            }
            Self::Line(line) => {
                let mut line = line.clone();
                line.dedup();
                let short = line.len() < 2;
                (line, problem_if(short, "a line needs two positions that differ"))
            }
            Self::Polygon(ring) => {
                let ring = proper_ring(ring);
                let short = ring.len() < 4;
                (ring, problem_if(short, "a polygon needs three positions that differ"))
            }
        };
        let wrong = positions.iter().flat_map(|position| problems_of_position(*position));
        let problems: Vec<String> = problems.into_iter().chain(wrong).collect();
        if problems.is_empty() { Ok(numbers(positions.as_flattened())) } else { Err(problems) }
    }
}

fn problem_if(wrong: bool, problem: &str) -> Vec<String> {
    if wrong { vec![problem.to_owned()] } else { Vec::new() }
}

fn numbers(numbers: &[f64]) -> String {
    let written: Vec<String> = numbers.iter().map(f64::to_string).collect();
    written.join(",")
}

/// When; and, where days are given, on which days of each year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Temporal {
    /// From when to when.
    pub interval: Interval,
    /// The first and the last day of each year, 1 to 366.
    pub days: Option<(u16, u16)>,
}

impl Temporal {
    /// Reads `START,END`, `START/END` or `START,END,FIRST-DAY,LAST-DAY`; the moments as [`Interval::parse`].
    ///
    /// # Errors
    /// What is wrong, a sentence each.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (span, days) = match *parts.as_slice() {
            [start, end, from, to] => (format!("{start},{end}"), Some((from, to))),
            [start, end, from] => (format!("{start},{end}"), Some((from, ""))),
            _ => (text.to_owned(), None),
        };
        let mut problems = Vec::new();
        let interval = Interval::parse(&span).map_err(|problem| problems.push(problem)).ok();
        let days = days.map(|(from, to)| (day(from, 1, &mut problems), day(to, 366, &mut problems)));
        let temporal = Self { interval: interval.unwrap_or_default(), days };
        if interval.is_some() {
            problems.extend(temporal.problems());
        }
        if problems.is_empty() { Ok(temporal) } else { Err(problems) }
    }

    /// What is wrong with it; empty when nothing is.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Interval { start: Some(start), end: Some(end) } = self.interval
            && start > end
        {
            problems.push(format!("it ends ({end}) before it starts ({start})"));
        }
        if let Some((from, to)) = self.days {
            for day in [from, to] {
                if !(1..=366).contains(&day) {
                    problems.push(format!("{day} is no day of a year: they go from 1 to 366"));
                }
            }
        }
        if self.interval == Interval::default() {
            problems.push("it has neither a start nor an end".to_owned());
        }
        problems
    }

    /// The span as CMR takes it.
    pub(crate) fn written(&self) -> String {
        let interval = self.interval.with_comma();
        match self.days {
            Some((from, to)) => format!("{interval},{from},{to}"),
            None => interval,
        }
    }
}

fn day(text: &str, otherwise: u16, problems: &mut Vec<String>) -> u16 {
    if text.is_empty() {
        return otherwise;
    }
    text.parse().unwrap_or_else(|_| {
        problems.push(format!("`{text}` is no day of a year: they go from 1 to 366"));
        otherwise
    })
}

/// A text for a parameter, checked and written as CMR takes it.
///
/// # Errors
/// What is wrong with it, a sentence each.
pub(crate) fn written(holds: Holds, text: &str) -> Result<String, Vec<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Err(vec!["it is empty".to_owned()]);
    }
    let single = |problem: String| vec![problem];
    match holds {
        Holds::Text => Ok(text.to_owned()),
        Holds::Flag => flag(text).map(|flag| flag.to_string()).map_err(single),
        Holds::Whole(least, most) => whole(text, least, most).map_err(single),
        Holds::Range(least, most) => range(text, least, most),
        Holds::Moment => first(text).map(|moment| moment.to_string()).ok_or_else(|| {
            single(format!("`{text}` is no moment: write it as 2019-02-21 or 2019-02-21T12:18:57Z"))
        }),
        Holds::Moments => Interval::parse(text).map(Interval::with_comma).map_err(single),
        Holds::Temporal => Temporal::parse(text).map(|temporal| temporal.written()),
        Holds::OneOf(names) => {
            let name = names.iter().find(|name| name.eq_ignore_ascii_case(text));
            name.map(|name| (*name).to_owned())
                .ok_or_else(|| single(format!("`{text}` is none of {}", names.join(", "))))
        }
        Holds::Box | Holds::Point | Holds::Polygon | Holds::Line | Holds::Circle => {
            shape(holds, text)?.written()
        }
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

fn whole(text: &str, least: i64, most: i64) -> Result<String, String> {
    let number: Option<i64> = text.parse().ok();
    match number.filter(|number| (least..=most).contains(number)) {
        Some(number) => Ok(number.to_string()),
        None => Err(format!("`{text}` is no whole number from {least} to {most}")),
    }
}

fn range(text: &str, least: f64, most: f64) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    let mut ends = Vec::new();
    for end in text.split(',').map(str::trim) {
        if end.is_empty() {
            ends.push(None);
            continue;
        }
        match end.parse::<f64>().ok().filter(|number| (least..=most).contains(number)) {
            Some(number) => ends.push(Some(number)),
            None => problems.push(format!("`{end}` is no number from {least} to {most}")),
        }
    }
    if let [Some(from), Some(to)] = *ends.as_slice()
        && from > to
    {
        problems.push(format!("{from} to {to} is no range: the lesser comes first"));
    }
    if ends.len() > 2 || ends.iter().all(Option::is_none) && problems.is_empty() {
        problems.push(format!("`{text}` is no range: write it as LEAST,MOST"));
    }
    if problems.is_empty() { Ok(text.replace(' ', "")) } else { Err(problems) }
}

/// A shape from numbers with commas.
pub(crate) fn shape(holds: Holds, text: &str) -> Result<Shape, Vec<String>> {
    let mut problems = Vec::new();
    let mut numbers = Vec::new();
    for part in text.split([',', ' ']).filter(|part| !part.is_empty()) {
        match part.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => numbers.push(number),
            None => problems.push(format!("`{part}` is no number")),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let pairs = || numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
    let shape = match (holds, numbers.as_slice()) {
        (Holds::Box, &[west, south, east, north]) => Some(Shape::Box(Bbox::new(west, south, east, north))),
        (Holds::Point, &[longitude, latitude]) => Some(Shape::Point([longitude, latitude])),
        (Holds::Circle, &[longitude, latitude, radius]) => {
            Some(Shape::Circle { center: [longitude, latitude], radius })
        }
        (Holds::Polygon, numbers) if numbers.len().is_multiple_of(2) => Some(Shape::Polygon(pairs())),
        (Holds::Line, numbers) if numbers.len().is_multiple_of(2) => Some(Shape::Line(pairs())),
        _ => None,
    };
    shape.ok_or_else(|| {
        let (wanted, count) = (form(holds), numbers.len());
        vec![format!("it has {count} numbers: write it as {wanted}")]
    })
}

fn form(holds: Holds) -> &'static str {
    match holds {
        Holds::Box => "WEST,SOUTH,EAST,NORTH",
        Holds::Point => "LONGITUDE,LATITUDE",
        Holds::Circle => "LONGITUDE,LATITUDE,METRES",
        _ => "LONGITUDE,LATITUDE,LONGITUDE,LATITUDE,…",
    }
}
