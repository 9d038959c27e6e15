//! What elements go through before they are reduced: they are coarsened, become anomalies, and are taken together
//! by windows that move.

use std::ops::Range;

use super::{Array, Expression, Reduction, Span, Step};
use crate::error::{Error, Result};
use crate::kernels::{Fold, Folding, Labels, Missing, Part, Period, Rolling, Stamp, Window, group, resample};
use crate::state::{Axis, Groups, Measure, Total};

/// Rows that are shorter than this are done together.
const SHORT: u64 = 16;

/// Windows of elements that become one, as `coarsen(boundary="trim")` of xarray: elements behind the last whole
/// window are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coarsening {
    /// Along which axis.
    pub axis: usize,
    /// How many become one.
    pub window: u64,
    /// What becomes of them.
    pub folding: Folding,
}

impl Coarsening {
    /// Whether a box of these lengths is turned so that its steps along the axis lie one behind the other: where what
    /// lies behind the axis is short, rows would be.
    pub(crate) fn is_turned(self, lengths: &[u64]) -> bool {
        let product = |lengths: &[u64]| lengths.iter().copied().fold(1, u64::saturating_mul);
        product(&lengths[..self.axis]) > 1 && product(&lengths[self.axis + 1..]) < SHORT
    }
}

/// What elements differ by from the mean of their group: that of all elements that are not missing, in double
/// precision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Along which axis there are groups.
    pub axis: usize,
    /// The groups. What is in none becomes missing.
    pub groups: Groups,
}

/// Windows that move along an axis: one for each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Along which axis.
    pub axis: usize,
    /// The windows.
    pub window: Window,
    /// What is wanted of each.
    pub what: Rolling,
}

/// An array of the same shape as the one that is read: a measure takes its elements as weights or as the second of
/// each pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The array.
    pub array: Array,
    /// What happens to each of its elements.
    pub steps: Vec<Step>,
}

/// How far an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Elements,
    Coarsened,
    Anomalies,
    Windows,
    Reduced,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Elements => "an array",
            Self::Coarsened => "what is coarsened",
            Self::Anomalies => "anomalies",
            Self::Windows => "windows that move",
            Self::Reduced => "what is reduced",
        }
    }
}

impl Expression {
    /// So many elements along a dimension become one; those behind the last whole window are left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, a window of 0 or of 2^32 and more, or a second coarsening.
    pub fn coarsen(mut self, dimension: &str, window: u64, folding: Folding) -> Result<Self> {
        self.must_be_at_most(Stage::Elements, "a coarsening")?;
        let axis = self.axis(dimension)?;
        // So many are counted where some are missing.
        let most = u64::from(u32::MAX);
        if window == 0 || window > most {
            return Err(Error::invalid(
                format!("a window cannot be of {window} elements"),
                format!("take a window of 1 or more, and of no more than {most}"),
            ));
        }
        self.part[axis].count -= self.part[axis].count % window;
        self.coarsening = Some(Coarsening { axis, window, folding });
        Ok(self)
    }

    /// So many elements along a dimension added up to one, without the missing ones, as `coarsen(…).sum()` of xarray.
    ///
    /// # Errors
    /// As [`Self::coarsen`].
    pub fn coarsen_sum(self, dimension: &str, window: u64) -> Result<Self> {
        self.coarsen(dimension, window, Folding { fold: Fold::Sum, missing: Missing::LeftOut })
    }

    /// What elements differ by from the mean of their group along a dimension.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, labels that are not as many as its elements, or what are
    /// anomalies already, windows that move, or reduced.
    pub fn anomaly(mut self, dimension: &str, groups: Groups) -> Result<Self> {
        self.must_be_at_most(Stage::Coarsened, "an anomaly")?;
        self.must_be_alone("an anomaly")?;
        let axis = self.axis(dimension)?;
        self.must_be_labelled(axis, &groups)?;
        self.anomaly = Some(Anomaly { axis, groups });
        Ok(self)
    }

    /// A window for each element along a dimension, and what is wanted of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, or what are windows that move already, or reduced.
    pub fn rolling(mut self, dimension: &str, window: Window, what: Rolling) -> Result<Self> {
        self.must_be_at_most(Stage::Anomalies, "a window that moves")?;
        self.must_be_alone("a window that moves")?;
        let axis = self.axis(dimension)?;
        self.moving = Some(Moving { axis, window, what });
        Ok(self)
    }

    /// Elements of another array beside those of this one, for measures that take both: see [`Beside`].
    ///
    /// # Errors
    /// [`Error::Invalid`] where either is more than elements, another array is beside this one already, or they are
    /// not the same part of arrays of the same dimensions.
    pub fn beside(mut self, other: Self) -> Result<Self> {
        self.must_be_at_most(Stage::Elements, "an array beside it")?;
        other.must_be_at_most(Stage::Elements, "an array beside another")?;
        self.must_be_alone("a second array beside it")?;
        other.must_be_alone("an array beside another")?;
        if self.array.dimensions() != other.array.dimensions() || self.part != other.part {
            return Err(Error::invalid(
                format!(
                    "`{}` of {:?} is not the same part of the same dimensions as `{}` of {:?}",
                    other.array.name(),
                    other.part.iter().map(|span| span.count).collect::<Vec<_>>(),
                    self.array.name(),
                    self.part.iter().map(|span| span.count).collect::<Vec<_>>(),
                ),
                "take the same part of both, of arrays with the same dimensions",
            ));
        }
        self.beside = Some(Beside { array: other.array, steps: other.steps });
        Ok(self)
    }

    /// A measure of each group by the calendar along a dimension, and what the groups are: see [`group`].
    ///
    /// # Errors
    /// As [`Self::group`].
    pub fn group_by(
        self,
        dimension: &str,
        by: Part,
        stamps: &[Option<Stamp>],
        measure: Measure,
    ) -> Result<(Self, Vec<i64>)> {
        self.labelled(dimension, group(by, stamps), measure)
    }

    /// A measure of each period of the calendar along a dimension, also of those without an element, and their first
    /// months: see [`resample`].
    ///
    /// # Errors
    /// As [`Self::group`], and as [`resample`].
    pub fn resample(
        self,
        dimension: &str,
        by: Period,
        stamps: &[Option<Stamp>],
        measure: Measure,
    ) -> Result<(Self, Vec<i64>)> {
        self.labelled(dimension, resample(by, stamps)?, measure)
    }

    fn labelled(self, dimension: &str, labels: Labels, measure: Measure) -> Result<(Self, Vec<i64>)> {
        let Labels { labels, values } = labels;
        Ok((self.group(dimension, Groups { count: count(&values), labels }, measure)?, values))
    }

    /// The means that anomalies are differences from.
    pub(crate) fn climatology(&self) -> Option<Self> {
        let anomaly = self.anomaly.as_ref()?;
        let mut axes = vec![Axis::Kept; self.part.len()];
        axes[anomaly.axis] = Axis::Grouped(anomaly.groups.clone());
        let reduction = Reduction { axes, measure: Measure::Total(Total::Mean), divisor: None };
        Some(Self { anomaly: None, moving: None, reduction: Some(reduction), ..self.clone() })
    }

    /// What is beside, as an expression of its own.
    pub(crate) fn companion(&self) -> Option<Self> {
        let Beside { array, steps } = self.beside.clone()?;
        Some(Self { array, steps, beside: None, reduction: None, ..self.clone() })
    }

    /// What is read along an axis for elements of a part of it: all that is in their windows.
    pub(crate) fn reach(&self, axis: usize, span: Span) -> Span {
        let Some(moving) = self.moving.filter(|moving| moving.axis == axis && span.count > 0) else {
            return span;
        };
        let length = usize::try_from(self.length(axis)).unwrap_or(usize::MAX);
        let needs = moving.window.needs(&self.indices(axis, span), length);
        let (start, window) = (self.part[axis].start, self.window(axis));
        Span { start: start + needs.start as u64 * window, count: needs.len() as u64 * window }
    }

    /// A part of an axis as indices of elements before they are reduced.
    pub(crate) fn indices(&self, axis: usize, span: Span) -> Range<usize> {
        let window = self.window(axis);
        let index = |at: u64| {
            usize::try_from(at.saturating_sub(self.part[axis].start) / window).unwrap_or(usize::MAX)
        };
        index(span.start)..index(span.end())
    }

    /// Whether blocks of other places lie between those that follow each other along the axis of windows that move.
    pub(crate) fn is_between(&self) -> bool {
        self.moving.is_some_and(|moving| {
            self.anomaly.as_ref().is_some_and(|anomaly| anomaly.axis == moving.axis)
                || self.coarsening.is_some_and(|coarsening| coarsening.axis != moving.axis)
        })
    }

    /// Whether windows that move are of elements as they are stored.
    pub(crate) fn is_of_steps(&self) -> bool {
        let is_plain = self.steps.is_empty() && self.array.packing().is_none();
        let is_first = self.coarsening.is_none() && self.anomaly.is_none() && self.moving.is_some();
        is_plain && is_first && self.array.element().is_float()
    }

    /// Whether elements may be reduced as they come, in any boxes.
    pub(crate) fn is_in_strips(&self) -> bool {
        self.reduction.is_some() && self.moving.is_none() && self.beside.is_none()
    }

    /// Whether each element is made of those of its own window alone.
    pub(crate) fn is_by_window(&self) -> bool {
        self.stage() <= Stage::Coarsened && self.beside.is_none()
    }

    pub(super) fn stage(&self) -> Stage {
        if self.reduction.is_some() {
            Stage::Reduced
        } else if self.moving.is_some() {
            Stage::Windows
        } else if self.anomaly.is_some() {
            Stage::Anomalies
        } else if self.coarsening.is_some() {
            Stage::Coarsened
        } else {
            Stage::Elements
        }
    }

    pub(super) fn must_be_at_most(&self, most: Stage, what: &str) -> Result<()> {
        if self.stage() <= most {
            return Ok(());
        }
        Err(Error::invalid(
            format!("{what} of {} is not known here", self.stage().name()),
            "do this before; or keep the result, and begin anew with it",
        ))
    }

    /// Whether no array is beside it.
    fn must_be_alone(&self, what: &str) -> Result<()> {
        match &self.beside {
            None => Ok(()),
            Some(beside) => Err(Error::invalid(
                format!("{what} is not known here: `{}` is beside it", beside.array.name()),
                "take one array beside another, and reduce both by a measure of pairs",
            )),
        }
    }

    pub(super) fn must_be_labelled(&self, axis: usize, groups: &Groups) -> Result<()> {
        let length = self.length(axis);
        if groups.labels.len() as u64 == length {
            return Ok(());
        }
        Err(Error::invalid(
            format!("{} labels are not one for each of {length} elements", groups.labels.len()),
            "give a label for each element",
        ))
    }
}

/// How many groups there are: labels have no more places.
fn count(values: &[i64]) -> u32 {
    u32::try_from(values.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::ElementType;
    use crate::expression::{Condition, Map, Test};

    fn rain() -> Expression {
        Expression::of(Array::new("rain", &[("time", 100), ("x", 8)], ElementType::I16, None).unwrap())
    }

    fn groups(length: usize) -> Groups {
        Groups { count: 2, labels: (0..length).map(|place| u32::from(place % 2 == 1)).collect() }
    }

    fn told(told: Result<Expression>) -> String {
        told.unwrap_err().to_string()
    }

    #[test]
    fn stages_follow_each_other_and_not_back() {
        let window = Window::new(3).unwrap();
        let coarse = rain().coarsen_sum("time", 10).unwrap();
        assert_eq!(coarse.element(), ElementType::F64);
        let anomalies = coarse.anomaly("time", groups(10)).unwrap();
        let windows = anomalies.clone().rolling("time", window, Rolling::Mean).unwrap();
        let mean = Measure::Total(Total::Mean);
        let reduced = windows.clone().reduce(&["time"], mean.clone()).unwrap();
        assert_eq!(
            told(windows.clone().anomaly("time", groups(10))),
            "an anomaly of windows that move is not known here"
        );
        assert_eq!(
            told(anomalies.clone().coarsen_sum("x", 2)),
            "a coarsening of anomalies is not known here"
        );
        assert_eq!(
            told(reduced.clone().rolling("x", window, Rolling::Sum)),
            "a window that moves of what is reduced is not known here"
        );
        assert!(windows.clone().masked(Condition { test: Test::Less, with: 1.0 }).is_err());
        assert!(reduced.map(Map::Absolute).is_err());
        for stage in [anomalies, windows] {
            assert!(told(stage.clone().slice("time", 0, 3)).contains("no part"));
            assert_eq!(stage.slice("x", 1, 3).unwrap().dimensions()[1].length, 3);
        }
        assert!(told(rain().anomaly("time", groups(99))).contains("99 labels"));
        assert!(rain().anomaly("lon", groups(100)).is_err());
    }

    #[test]
    fn what_is_beside_is_the_same_part_and_has_a_measure() {
        let other = || {
            Expression::of(Array::new("snow", &[("time", 100), ("x", 8)], ElementType::F32, None).unwrap())
        };
        let both = rain().beside(other()).unwrap();
        assert_eq!(both.companion().unwrap().element(), ElementType::F32);
        assert!(told(both.clone().beside(other())).contains("`snow` is beside it"));
        assert!(told(both.clone().anomaly("time", groups(100))).contains("`snow`"));
        assert!(both.clone().reduce(&[], Measure::Total(Total::Sum)).is_err());
        assert!(rain().slice("x", 0, 4).unwrap().beside(other()).is_err());
        assert!(rain().beside(other().coarsen_sum("x", 2).unwrap()).is_err());
        let narrow = Expression::of(Array::new("snow", &[("time", 100)], ElementType::F32, None).unwrap());
        assert!(rain().beside(narrow).is_err());
    }

    #[test]
    fn windows_reach_beyond_their_part() {
        let window = Window::new(4).unwrap().centred();
        let expression = rain()
            .slice("time", 10, 60)
            .unwrap()
            .coarsen_sum("time", 2)
            .unwrap()
            .rolling("time", window, Rolling::Mean)
            .unwrap();
        // Elements 5 to 9 of 30, of windows from 2 before each to 1 behind it.
        let reach = expression.reach(0, Span { start: 20, count: 8 });
        assert_eq!(reach, Span { start: 16, count: 14 });
        assert_eq!(expression.reach(0, Span { start: 10, count: 60 }), Span { start: 10, count: 60 });
        assert_eq!(expression.reach(1, Span { start: 2, count: 3 }), Span { start: 2, count: 3 });
    }

    #[test]
    fn periods_of_the_calendar_are_groups() {
        let stamp = |month: u8| Some(Stamp { year: 2001, month, day: 1, day_of_year: 1, hour: 0 });
        let stamps: Vec<_> = (0..100).map(|place| stamp(if place < 50 { 1 } else { 3 })).collect();
        let mean = Measure::Total(Total::Mean);
        let (expression, months) = rain().resample("time", Period::Month, &stamps, mean.clone()).unwrap();
        assert_eq!((expression.dimensions()[0].length, months.len()), (3, 3));
        let (expression, months) = rain().group_by("time", Part::Month, &stamps, mean.clone()).unwrap();
        assert_eq!((expression.dimensions()[0].length, months), (2, vec![1, 3]));
        assert!(rain().resample("time", Period::Month, &stamps[1..], mean).is_err());
    }
}
