//! What a reduction knows of the blocks that it has seen.
//!
//! A [`State`] is made for a region of an array, takes blocks in the order of the array
//! ([`State::update`]), takes the state of what lies behind it ([`State::merge`]), and gives an
//! [`Output`]. Its size is known before anything is read ([`bytes_of`]). States travel between processes
//! as bytes ([`State::to_bytes`]) that keep every number to the bit.

mod cells;
mod extremes;
mod histogram;
mod joint;
mod quantiles;
mod spread;
mod totals;
mod travel;
mod weighed;
mod weighted;

use serde::{Deserialize, Serialize};

pub(crate) use cells::Place;
pub use cells::{Axis, Cells, Groups, Row};
pub use extremes::{Extreme, Extremes};
pub use histogram::{Edges, Histogram};
pub use joint::Joint;
pub use quantiles::{Quantiles, Share};
pub use spread::{Spread, Spreads};
pub use totals::{Total, Totals};
pub use weighed::{Weighed, Weighing};
pub use weighted::{Weighted, Weights};

use crate::block::{Block, Element};
use crate::error::{Error, Result};
use crate::kernels::Tally;

/// What is reduced to a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Measure {
    /// The sum, mean or number of the values that are not missing.
    Total(Total),
    /// How far the values that are not missing lie from their mean.
    Spread(Spread),
    /// The least or the largest value that is not missing.
    Extreme(Extreme),
    /// How many values are in each bin.
    Histogram(Edges),
    /// How many values are in each bin together with what lies beside them: bins of the values, and of the others.
    Joint(Edges, Edges),
    /// The weights of the values in each bin, added up.
    WeightedHistogram(Edges, Weighing),
    /// The value below which a share of the values that are not missing lies.
    Quantile(Share),
    /// The mean of the values that are not missing, weighted along an axis.
    WeightedMean(Weights),
}

/// What a reduction knows of the blocks that it has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// See [`Measure::Total`].
    Totals(Totals),
    /// See [`Measure::Spread`].
    Spreads(Spreads),
    /// See [`Measure::Extreme`].
    Extremes(Extremes),
    /// See [`Measure::Histogram`].
    Histogram(Histogram),
    /// See [`Measure::Joint`].
    Joint(Joint),
    /// See [`Measure::WeightedHistogram`].
    Weighed(Weighed),
    /// See [`Measure::Quantile`].
    Quantiles(Quantiles),
    /// See [`Measure::WeightedMean`].
    Weighted(Weighted),
}

/// The result of a reduction.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Elements along each axis: those of the cells, then those that the measure adds, such as bins.
    pub shape: Vec<u64>,
    /// The elements in row-major order.
    pub values: Numbers,
    /// The values that are in no result.
    pub left_out: LeftOut,
}

/// The numbers of a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Double precision; NaN where there is no value.
    F64(Vec<f64>),
    /// Counts.
    U64(Vec<u64>),
}

/// How many values are in no result, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// They were NaN or masked, or are in no group.
    pub missing: u64,
    /// They lie below the least edge.
    pub below: u64,
    /// They lie above the greatest edge.
    pub above: u64,
}

/// Bytes that a state takes, and its output as well; without the labels of groups, which [`Cells`] hold.
///
/// # Errors
/// [`Error::Invalid`] where they are more than can be counted.
pub fn bytes_of(measure: &Measure, cells: &Cells) -> Result<u64> {
    let each = match measure {
        Measure::Total(_) => Totals::BYTES_OF_CELL,
        Measure::Spread(_) => Spreads::BYTES_OF_CELL,
        Measure::Extreme(_) => Extremes::BYTES_OF_CELL,
        Measure::Histogram(edges) | Measure::WeightedHistogram(edges, _) => edges.bytes_of_cell(),
        Measure::Joint(edges, others) => Joint::bytes_of_cell(edges, others),
        Measure::Quantile(_) => Quantiles::bytes_of_cell(cells),
        Measure::WeightedMean(_) => Weighted::BYTES_OF_CELL,
    };
    let besides = match measure {
        Measure::Histogram(edges) => edges.bytes() + Tally::bytes_of(edges.slots()) as u64,
        Measure::WeightedHistogram(edges, Weighing::Beside) => edges.bytes(),
        Measure::WeightedHistogram(edges, Weighing::Along(weights)) => edges.bytes() + weights.bytes(),
        Measure::Joint(edges, others) => edges.bytes() + others.bytes(),
        Measure::WeightedMean(weights) => weights.bytes(),
        _ => 0,
    };
    let all = cells.count()?.checked_mul(each).and_then(|bytes| bytes.checked_add(besides));
    all.ok_or_else(|| too_many(cells))
}

/// Bytes that the output of a state takes.
///
/// # Errors
/// As [`bytes_of`].
pub(crate) fn bytes_of_output(measure: &Measure, cells: &Cells) -> Result<u64> {
    match measure {
        // All values are kept, and one of each cell is given.
        Measure::Quantile(_) => cells.count()?.checked_mul(8).ok_or_else(|| too_many(cells)),
        _ => bytes_of(measure, cells),
    }
}

impl State {
    /// A state that has seen nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more cells than memory has places, or weights do not go with them.
    pub fn new(measure: &Measure, cells: Cells) -> Result<Self> {
        bytes_of(measure, &cells)?;
        Ok(match measure {
            Measure::Total(total) => Self::Totals(Totals::new(*total, cells)?),
            Measure::Spread(spread) => Self::Spreads(Spreads::new(*spread, cells)?),
            Measure::Extreme(extreme) => Self::Extremes(Extremes::new(*extreme, cells)?),
            Measure::Histogram(edges) => Self::Histogram(Histogram::new(edges.clone(), cells)?),
            Measure::Joint(edges, others) => Self::Joint(Joint::new(edges.clone(), others.clone(), cells)?),
            Measure::WeightedHistogram(edges, weighing) => {
                Self::Weighed(Weighed::new(edges.clone(), weighing.clone(), cells)?)
            }
            Measure::Quantile(share) => Self::Quantiles(Quantiles::new(*share, cells)?),
            Measure::WeightedMean(weights) => Self::Weighted(Weighted::new(weights.clone(), cells)?),
        })
    }

    /// Takes a block in. Blocks come in the order of the array along the axes that are reduced.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a block that lies outside the state's region, or of a measure that takes pairs; the state
    /// is as before then.
    pub fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        match self {
            Self::Joint(_) => Err(weighed::lonely()),
            Self::Weighed(weighed) => weighed.update(block, None),
            Self::Totals(totals) => totals.update(block),
            Self::Spreads(spreads) => spreads.update(block),
            Self::Extremes(extremes) => extremes.update(block),
            Self::Histogram(histogram) => histogram.update(block),
            Self::Quantiles(quantiles) => quantiles.update(block),
            Self::Weighted(weighted) => weighted.update(block),
        }
    }

    /// Takes a block in with what lies beside each of its values.
    ///
    /// # Errors
    /// As [`Self::update`]; [`Error::Invalid`] where other elements than those of the block are beside it, or the measure
    /// takes none.
    pub fn update_pairs<T: Element>(&mut self, block: &Block<'_, T>, beside: &[f64]) -> Result<()> {
        if beside.len() != block.count() {
            return Err(Error::invalid(
                format!("{} values lie beside {}", beside.len(), block.count()),
                "put one beside each",
            ));
        }
        match self {
            Self::Joint(joint) => joint.update(block, beside),
            Self::Weighed(weighed) => weighed.update(block, Some(beside)),
            _ => Err(Error::invalid("the measure takes nothing beside its values", "give the values alone")),
        }
    }

    /// Takes in what is known of the blocks behind those that were seen here.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the other is of another measure or region; the state is as before then.
    pub fn merge(&mut self, later: &Self) -> Result<()> {
        match (self, later) {
            (Self::Totals(totals), Self::Totals(later)) => totals.merge(later),
            (Self::Spreads(spreads), Self::Spreads(later)) => spreads.merge(later),
            (Self::Extremes(extremes), Self::Extremes(later)) => extremes.merge(later),
            (Self::Histogram(histogram), Self::Histogram(later)) => histogram.merge(later),
            (Self::Joint(joint), Self::Joint(later)) => joint.merge(later),
            (Self::Weighed(weighed), Self::Weighed(later)) => weighed.merge(later),
            (Self::Quantiles(quantiles), Self::Quantiles(later)) => quantiles.merge(later),
            (Self::Weighted(weighted), Self::Weighted(later)) => weighted.merge(later),
            _ => Err(other_cells()),
        }
    }

    /// The result.
    pub fn finish(self) -> Output {
        match self {
            Self::Totals(totals) => totals.finish(),
            Self::Spreads(spreads) => spreads.finish(),
            Self::Extremes(extremes) => extremes.finish(),
            Self::Histogram(histogram) => histogram.finish(),
            Self::Joint(joint) => joint.finish(),
            Self::Weighed(weighed) => weighed.finish(),
            Self::Quantiles(quantiles) => quantiles.finish(),
            Self::Weighted(weighted) => weighted.finish(),
        }
    }

    /// Bytes that it takes: see [`bytes_of`].
    ///
    /// # Errors
    /// Never, for a state that could be made.
    pub fn bytes(&self) -> Result<u64> {
        match self {
            Self::Totals(totals) => bytes_of(&Measure::Total(totals.total()), totals.cells()),
            Self::Spreads(spreads) => bytes_of(&Measure::Spread(spreads.spread()), spreads.cells()),
            Self::Extremes(extremes) => bytes_of(&Measure::Extreme(extremes.extreme()), extremes.cells()),
            Self::Histogram(histogram) => {
                bytes_of(&Measure::Histogram(histogram.edges().clone()), histogram.cells())
            }
            Self::Joint(joint) => {
                let (edges, others) = joint.edges();
                bytes_of(&Measure::Joint(edges.clone(), others.clone()), joint.cells())
            }
            Self::Weighed(weighed) => bytes_of(&weighed.measure(), weighed.cells()),
            Self::Quantiles(quantiles) => bytes_of(&Measure::Quantile(quantiles.share()), quantiles.cells()),
            Self::Weighted(weighted) => {
                bytes_of(&Measure::WeightedMean(weighted.weights().clone()), weighted.cells())
            }
        }
    }
}

impl Measure {
    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Total(Total::Sum) => "sum",
            Self::Total(Total::Mean) => "mean",
            Self::Total(Total::Count) => "count",
            Self::Spread(Spread::Variance(_)) => "variance",
            Self::Spread(Spread::Deviation(_)) => "standard deviation",
            Self::Extreme(Extreme::Least) => "least",
            Self::Extreme(Extreme::Largest) => "largest",
            Self::Histogram(_) => "histogram",
            Self::Joint(..) => "joint histogram",
            Self::WeightedHistogram(..) => "weighted histogram",
            Self::Quantile(_) => "quantile",
            Self::WeightedMean(_) => "weighted mean",
        }
    }

    /// Whether what cells have is added up when they become one.
    pub(crate) fn adds_up(&self) -> bool {
        matches!(
            self,
            Self::Total(Total::Sum | Total::Count)
                | Self::Histogram(_)
                | Self::Joint(..)
                | Self::WeightedHistogram(..)
        )
    }

    /// The weights along an axis that it takes, if there are any.
    pub(crate) fn weights(&self) -> Option<&Weights> {
        match self {
            Self::WeightedMean(weights) | Self::WeightedHistogram(_, Weighing::Along(weights)) => {
                Some(weights)
            }
            _ => None,
        }
    }

    /// Whether it takes what lies beside the values.
    pub(crate) fn takes_beside(&self) -> bool {
        matches!(self, Self::Joint(..) | Self::WeightedHistogram(_, Weighing::Beside))
    }
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(numbers) => numbers.len(),
            Self::U64(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// So many of what cannot be known.
    fn empty(&self, length: usize, cells: &Cells) -> Result<Self> {
        Ok(match self {
            Self::F64(_) => Self::F64(filled(f64::NAN, length, cells)?),
            Self::U64(_) => Self::U64(filled(0, length, cells)?),
        })
    }

    /// Puts rows of a part where they belong.
    fn put(&mut self, part: &Self, rows: impl Iterator<Item = usize>, length: usize) {
        fn copy<T: Copy>(all: &mut [T], part: &[T], rows: impl Iterator<Item = usize>, length: usize) {
            for (from, row) in rows.zip(part.chunks_exact(length.max(1))) {
                all[from..from + length].copy_from_slice(row);
            }
        }
        match (self, part) {
            (Self::F64(all), Self::F64(part)) => copy(all, part, rows, length),
            (Self::U64(all), Self::U64(part)) => copy(all, part, rows, length),
            // Parts of one result are of one type.
            _ => (),
        }
    }

    /// Divided by a number.
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53 are exact")]
    pub(crate) fn divided(self, by: u64) -> Self {
        let by = by as f64;
        Self::F64(match self {
            Self::F64(numbers) => numbers.into_iter().map(|number| number / by).collect(),
            Self::U64(counts) => counts.into_iter().map(|count| count as f64 / by).collect(),
        })
    }
}

impl Output {
    /// As many numbers as all cells have, of which none is known.
    pub(crate) fn sized(&self, whole: &Cells) -> Result<Self> {
        let added = self.added(whole);
        let each: u64 = added.iter().product();
        let length = usize::try_from(whole.count()?.saturating_mul(each)).map_err(|_| too_many(whole))?;
        let shape = whole.shape().into_iter().chain(added.iter().copied()).collect();
        Ok(Self { shape, values: self.values.empty(length, whole)?, left_out: LeftOut::default() })
    }

    /// Puts the result of a part of the cells where it belongs.
    pub(crate) fn put(&mut self, part: &Self, cells: &Cells) {
        let each = usize::try_from(part.added(cells).iter().product::<u64>()).unwrap_or_default();
        let (starts, length) = cells.places_within(&self.shape);
        self.values.put(&part.values, starts.map(|start| start * each), length * each);
        self.left_out.add(part.left_out);
    }

    /// Lengths of the axes that the measure adds.
    fn added(&self, cells: &Cells) -> &[u64] {
        &self.shape[cells.shape().len().min(self.shape.len())..]
    }
}

impl LeftOut {
    /// Whether values can be as many.
    fn can_be(self) -> bool {
        can_be(&[self.missing, self.below, self.above], 0)
    }

    /// Takes in those of other values.
    pub fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.below += other.below;
        self.above += other.above;
    }
}

/// Whether values can be as many as some counts and one more tell. No memory has 2^53 of them, and counts near the
/// largest number would be too large when more come to them.
fn can_be<'a>(counts: impl IntoIterator<Item = &'a u64>, one_more: u64) -> bool {
    let all = counts.into_iter().try_fold(one_more, |all, count| all.checked_add(*count));
    all.is_some_and(|all| all <= 1 << 53)
}

/// So many of a value, for a result of some cells.
///
/// # Errors
/// [`Error::Invalid`] where memory has no room for them: without asking, the process would end.
fn filled<T: Clone>(value: T, count: usize, cells: &Cells) -> Result<Vec<T>> {
    let mut room = Vec::<T>::new();
    room.try_reserve_exact(count).map_err(|_| too_many(cells))?;
    // Given back, and seen by the compiler as used: zeros that `vec!` asks for are not written until they are needed.
    drop(std::hint::black_box(room));
    Ok(vec![value; count])
}

fn too_many(cells: &Cells) -> Error {
    Error::invalid(
        format!("a result of {:?} cells is larger than memory can be", cells.shape()),
        "reduce more axes, or take a smaller part",
    )
}

/// That two states cannot become one.
fn other_cells() -> Error {
    Error::invalid("states of different results cannot be merged", "merge states of the same reduction")
}

#[cfg(test)]
mod tests;
