//! What is computed of an array, with its dimensions by name: an [`Expression`] is built step by step, each of
//! which is checked at once.
//!
//! It is kept in the order in which it is run: a part of the stored array is read, unpacked, mapped and
//! masked element by element, coarsened, turned into anomalies, taken together by windows that move, and reduced. So
//! a slice that is taken late is read early, and whatever the order of the calls, nothing is read that is not in the
//! result.

mod array;
mod elementwise;
mod stages;

pub use array::{Array, Dimension, Packing};
pub(crate) use elementwise::apply;
pub use elementwise::{Condition, Map, Step, Test};
use stages::Stage;
pub use stages::{Anomaly, Beside, Coarsening, Moving};

use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::state::{Axis, Cells, Groups, Measure, Total, Weights};

/// What is computed of an array.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    array: Array,
    part: Vec<Span>,
    steps: Vec<Step>,
    beside: Option<Beside>,
    coarsening: Option<Coarsening>,
    anomaly: Option<Anomaly>,
    moving: Option<Moving>,
    reduction: Option<Reduction>,
}

/// Elements along an axis: from one on, so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start: u64,
    /// How many.
    pub count: u64,
}

/// A reduction of what goes before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    /// What happens to each axis.
    pub axes: Vec<Axis>,
    /// What is reduced to a cell.
    pub measure: Measure,
    /// Counts are divided by this: the mean over axes that were reduced after counting.
    pub divisor: Option<u64>,
}

impl Span {
    /// The element behind the last.
    pub fn end(self) -> u64 {
        self.start.saturating_add(self.count)
    }
}

impl Expression {
    /// An array as it is stored, unpacked where it is packed.
    pub fn of(array: Array) -> Self {
        let part =
            array.dimensions().iter().map(|dimension| Span { start: 0, count: dimension.length }).collect();
        Self {
            array,
            part,
            steps: Vec::new(),
            beside: None,
            coarsening: None,
            anomaly: None,
            moving: None,
            reduction: None,
        }
    }

    /// The array that is read.
    pub fn array(&self) -> &Array {
        &self.array
    }

    /// The part of it that is read.
    pub fn part(&self) -> &[Span] {
        &self.part
    }

    /// What happens to each element.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// What elements are joined.
    pub fn coarsening(&self) -> Option<Coarsening> {
        self.coarsening
    }

    /// The groups whose means elements differ from.
    pub fn anomalies(&self) -> Option<&Anomaly> {
        self.anomaly.as_ref()
    }

    /// Windows that move.
    pub fn moving(&self) -> Option<Moving> {
        self.moving
    }

    /// What the result is, if it is reduced.
    pub fn reduction(&self) -> Option<&Reduction> {
        self.reduction.as_ref()
    }

    /// What is reduced to a cell; none where nothing is reduced.
    pub(crate) fn measure(&self) -> Option<&Measure> {
        self.reduction.as_ref().map(|reduction| &reduction.measure)
    }

    /// The dimensions of the result, without those that the measure adds.
    pub fn dimensions(&self) -> Vec<Dimension> {
        let length = |axis: usize| match self.reduction.as_ref().map(|reduction| &reduction.axes[axis]) {
            None | Some(Axis::Kept) => Some(self.length(axis)),
            Some(Axis::Reduced) => None,
            Some(Axis::Grouped(groups)) => Some(u64::from(groups.count)),
        };
        let names = self.array.dimensions().iter().enumerate();
        names
            .filter_map(|(axis, dimension)| {
                Some(Dimension { name: dimension.name.clone(), length: length(axis)? })
            })
            .collect()
    }

    /// What an element is before it is reduced.
    pub fn element(&self) -> ElementType {
        let stored = self.array.element();
        let is_same = self.steps.is_empty()
            && self.coarsening.is_none()
            && self.anomaly.is_none()
            && self.moving.is_none();
        let is_stored = stored.is_float() || is_same;
        match self.array.packing() {
            Some(packing) if packing.is_single => ElementType::F32,
            None if is_stored => stored,
            _ => ElementType::F64,
        }
    }

    /// Elements `start` to `start + count` along a dimension.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, elements beyond its end, or one that has groups, weights or
    /// windows that move.
    pub fn slice(mut self, dimension: &str, start: u64, count: u64) -> Result<Self> {
        let axis = self.axis(dimension)?;
        let length = self.length(axis);
        if start.checked_add(count).is_none_or(|end| end > length) {
            return Err(Error::invalid(
                format!("{count} elements from {start} on are not in `{dimension}`, which has {length}"),
                "take elements inside the dimension",
            ));
        }
        let is_grouped = matches!(self.kept_axis(axis), Some(Axis::Grouped(_)));
        let is_along = |own: Option<usize>| own == Some(axis);
        let is_moving = is_along(self.moving.map(|moving| moving.axis));
        let weights = self.measure().and_then(Measure::weights);
        let is_weighted = is_along(weights.map(|weights| weights.extent().0));
        let is_labelled = is_grouped || is_along(self.anomaly.as_ref().map(|anomaly| anomaly.axis));
        if is_labelled || is_moving || is_weighted {
            let what = match (is_moving, is_weighted) {
                (true, _) => "windows that move",
                (_, true) => "weights",
                _ => "groups",
            };
            return Err(Error::invalid(
                format!("`{dimension}` has {what}, of which no part can be taken"),
                "take a part of the result, or a part of the array before that",
            ));
        }
        let window = self.window(axis);
        self.part[axis].start += start * window;
        self.part[axis].count = count * window;
        Ok(self)
    }

    /// Each element by a function.
    ///
    /// # Errors
    /// [`Error::Invalid`] where elements are no longer those of the array.
    pub fn map(mut self, map: Map) -> Result<Self> {
        self.must_be_at_most(Stage::Elements, "a map")?;
        self.steps.push(Step::Map(map));
        Ok(self)
    }

    /// Elements for which something holds; the others are missing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where elements are no longer those of the array.
    pub fn masked(mut self, condition: Condition) -> Result<Self> {
        self.must_be_at_most(Stage::Elements, "a condition")?;
        self.steps.push(Step::Where(condition));
        Ok(self)
    }

    /// A measure of all elements along some dimensions; along all of them where none is named.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, weights that are not as many as its elements, or a second
    /// reduction that does not follow from the first.
    pub fn reduce(mut self, dimensions: &[&str], measure: Measure) -> Result<Self> {
        let mut axes = vec![if dimensions.is_empty() { Axis::Reduced } else { Axis::Kept }; self.part.len()];
        for dimension in dimensions {
            axes[self.axis(dimension)?] = Axis::Reduced;
        }
        if self.reduction.is_some() {
            return self.reduce_again(&axes, &measure);
        }
        self.must_suit(&measure)?;
        self.reduction = Some(Reduction { axes, measure, divisor: None });
        Ok(self)
    }

    /// A measure of each group along a dimension: the other dimensions are kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that there is not, labels that are not as many as its elements, or
    /// what is reduced already.
    pub fn group(mut self, dimension: &str, groups: Groups, measure: Measure) -> Result<Self> {
        let along = self.axis(dimension)?;
        if self.reduction.is_some() {
            return Err(Error::invalid("what is reduced cannot be grouped", "group first"));
        }
        self.must_suit(&measure)?;
        self.must_be_labelled(along, &groups)?;
        let mut axes = vec![Axis::Kept; self.part.len()];
        axes[along] = Axis::Grouped(groups);
        self.reduction = Some(Reduction { axes, measure, divisor: None });
        Ok(self)
    }

    /// The cells of a region of what is reduced: `region` in elements of what goes before the reduction.
    pub(crate) fn cells(&self, region: &[Span]) -> Result<Cells> {
        let axes = match &self.reduction {
            Some(reduction) => reduction.axes.clone(),
            None => vec![Axis::Kept; self.part.len()],
        };
        let origin = region.iter().map(|span| span.start).collect();
        Cells::new(origin, region.iter().map(|span| span.count).collect(), axes)
    }

    /// A box of the stored array as elements of what is reduced, the first of which has the index 0.
    pub(crate) fn relative(&self, region: &[Span]) -> Vec<Span> {
        let along = region.iter().zip(&self.part).enumerate();
        along
            .map(|(axis, (span, part))| {
                let window = self.window(axis);
                Span { start: span.start.saturating_sub(part.start) / window, count: span.count / window }
            })
            .collect()
    }

    /// Counts and sums of cells are added up further; the mean of counts is their sum by their number.
    fn reduce_again(mut self, again: &[Axis], measure: &Measure) -> Result<Self> {
        let grouped = again.iter().enumerate().find(|(axis, what)| {
            matches!((what, self.kept_axis(*axis)), (Axis::Reduced, Some(Axis::Grouped(_))))
        });
        if let Some((axis, _)) = grouped {
            return Err(Error::invalid(
                format!("groups along `{}` cannot be reduced", self.array.dimensions()[axis].name),
                "reduce the other dimensions; or keep the result, and begin anew with it",
            ));
        }
        let adds = self.reduction.as_ref().is_some_and(|reduction| reduction.measure.adds_up());
        let lengths = again.iter().enumerate().filter(|(axis, what)| {
            matches!((what, self.kept_axis(*axis)), (Axis::Reduced, Some(Axis::Kept)))
        });
        let count: u64 = lengths.map(|(axis, _)| self.length(axis)).product();
        let divisor = match (measure, adds) {
            (Measure::Total(Total::Sum), true) => None,
            (Measure::Total(Total::Mean), true) => Some(count),
            _ => {
                return Err(Error::invalid(
                    "what is reduced already cannot be reduced so",
                    "reduce all dimensions at once; only counts and sums have a sum and a mean after that",
                ));
            }
        };
        if let Some(reduction) = &mut self.reduction {
            for (axis, again) in reduction.axes.iter_mut().zip(again) {
                if matches!((&*axis, again), (Axis::Kept, Axis::Reduced)) {
                    *axis = Axis::Reduced;
                }
            }
            reduction.divisor = match (reduction.divisor, divisor) {
                (Some(before), Some(divisor)) => Some(before.saturating_mul(divisor)),
                (before, divisor) => before.or(divisor),
            };
        }
        Ok(self)
    }

    /// What happens to an axis; none before anything is reduced.
    fn kept_axis(&self, axis: usize) -> Option<&Axis> {
        self.reduction.as_ref().map(|reduction| &reduction.axes[axis])
    }

    /// Elements of the array for one along an axis.
    pub(crate) fn window(&self, axis: usize) -> u64 {
        self.coarsening.filter(|coarsening| coarsening.axis == axis).map_or(1, |coarsening| coarsening.window)
    }

    /// Elements along an axis, before they are reduced.
    pub(crate) fn length(&self, axis: usize) -> u64 {
        self.part[axis].count / self.window(axis)
    }

    /// Whether there is an array beside this one if the measure takes one, and none if not, and a weight for each element
    /// if it takes weights.
    fn must_suit(&self, measure: &Measure) -> Result<()> {
        match (measure.takes_beside(), &self.beside) {
            (true, None) => Err(Error::invalid(
                format!("a {} takes an array beside `{}`", measure.name(), self.array.name()),
                "put one beside it first",
            )),
            (false, Some(beside)) => Err(Error::invalid(
                format!(
                    "a {} takes no array beside it, and `{}` is there",
                    measure.name(),
                    beside.array.name()
                ),
                "leave it away, or ask for a measure of both",
            )),
            _ => self.must_have_weights(measure),
        }
    }

    fn must_have_weights(&self, measure: &Measure) -> Result<()> {
        let Some((axis, count)) = measure.weights().map(Weights::extent) else { return Ok(()) };
        if self.part.get(axis).is_some_and(|_| self.length(axis) == count) {
            return Ok(());
        }
        Err(Error::invalid(
            format!(
                "{count} weights are not one for each element along axis {axis} of `{}`",
                self.array.name()
            ),
            "give a weight for each element of the part that is taken",
        ))
    }

    fn axis(&self, name: &str) -> Result<usize> {
        let names = || self.array.dimensions().iter().map(|dimension| dimension.name.as_str());
        let is_there = |axis: &usize| !matches!(self.kept_axis(*axis), Some(Axis::Reduced));
        names().position(|own| own == name).filter(is_there).ok_or_else(|| {
            let left: Vec<_> = self.dimensions().into_iter().map(|dimension| dimension.name).collect();
            Error::invalid(
                format!("`{}` has no dimension `{name}` here", self.array.name()),
                format!("its dimensions are {}", left.join(", ")),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Edges, Weighing};

    fn rain() -> Expression {
        let dimensions = [("time", 100), ("latitude", 8), ("longitude", 16)];
        Expression::of(Array::new("rain", &dimensions, ElementType::F32, Some(vec![31, 8, 16])).unwrap())
    }

    #[test]
    fn slices_are_read_wherever_they_are_taken() {
        let late = rain().coarsen_sum("time", 6).unwrap().slice("time", 2, 3).unwrap();
        assert_eq!(late.part()[0], Span { start: 12, count: 18 });
        let mean = Measure::Total(Total::Mean);
        let later = late.reduce(&["longitude"], mean).unwrap().slice("latitude", 7, 1).unwrap();
        assert_eq!(later.part()[1], Span { start: 7, count: 1 });
        let names: Vec<_> = later.dimensions().into_iter().map(|one| (one.name, one.length)).collect();
        assert_eq!(names, [("time".to_owned(), 3), ("latitude".to_owned(), 1)]);
    }

    #[test]
    fn what_is_left_of_the_last_window_is_left_out() {
        assert_eq!(rain().coarsen_sum("time", 6).unwrap().part()[0], Span { start: 0, count: 96 });
        assert_eq!(rain().coarsen_sum("time", 101).unwrap().part()[0].count, 0);
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_with_what_can() {
        let error = rain().slice("lon", 0, 1).unwrap_err();
        assert_eq!(error.advice(), "its dimensions are time, latitude, longitude");
        assert!(rain().slice("time", 99, 2).is_err());
        assert!(rain().slice("time", u64::MAX, 2).is_err());
        assert!(rain().coarsen_sum("time", 0).is_err() && rain().coarsen_sum("time", 1 << 32).is_err());
        let mean = Measure::Total(Total::Mean);
        let reduced = rain().reduce(&["time"], mean.clone()).unwrap();
        assert!(reduced.clone().slice("time", 0, 1).is_err());
        assert!(reduced.clone().reduce(&["latitude"], mean.clone()).is_err());
        assert!(reduced.map(Map::Absolute).is_err());
        let groups = Groups { count: 2, labels: vec![0; 99] };
        assert!(rain().group("time", groups, mean).is_err());
    }

    /// A part that is taken later would be weighted by the weights of the first elements.
    #[test]
    fn weights_are_for_all_elements_and_stay_with_them() {
        let edges = Edges::new(vec![0.0, 1.0]).unwrap();
        let weighted = |count| {
            let weights = Weights::new(1, vec![1.0; count]).unwrap();
            rain().reduce(&["time"], Measure::WeightedHistogram(edges.clone(), Weighing::Along(weights)))
        };
        assert!(weighted(7).is_err() && weighted(9).is_err());
        let weighted = weighted(8).unwrap();
        let error = weighted.clone().slice("latitude", 2, 3).unwrap_err();
        assert_eq!(error.to_string(), "`latitude` has weights, of which no part can be taken");
        assert!(weighted.slice("longitude", 2, 3).is_ok());
        let beyond = Measure::WeightedMean(Weights::new(3, vec![1.0]).unwrap());
        assert!(rain().reduce(&[], beyond).is_err());
    }

    #[test]
    fn groups_are_not_reduced_again() {
        let groups = Groups { count: 2, labels: vec![0; 100] };
        let counts = rain().group("time", groups, Measure::Total(Total::Count)).unwrap();
        let error = counts.clone().reduce(&["time"], Measure::Total(Total::Sum)).unwrap_err();
        assert!(error.to_string().contains("groups along `time`"), "{error}");
        assert!(counts.clone().reduce(&[], Measure::Total(Total::Mean)).is_err());
        let mean = counts.reduce(&["latitude"], Measure::Total(Total::Mean)).unwrap();
        assert_eq!(mean.reduction().unwrap().divisor, Some(8));
    }

    #[test]
    fn counts_have_a_mean_over_what_was_kept() {
        let counts = rain().reduce(&["longitude"], Measure::Total(Total::Count)).unwrap();
        let mean = counts.reduce(&["time"], Measure::Total(Total::Mean)).unwrap();
        let reduction = mean.reduction().unwrap();
        assert_eq!(reduction.axes, [Axis::Reduced, Axis::Kept, Axis::Reduced]);
        assert_eq!(reduction.divisor, Some(100));
    }
}
