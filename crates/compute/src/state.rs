//! What a reduction knows of the blocks that it has seen.
//!
//! A [`State`] is made for a region of an array, takes blocks in the order of the array
//! ([`State::update`]), takes the state of what lies behind it ([`State::merge`]), and gives an
//! [`Output`]. Its size is known before anything is read ([`bytes_of`]). States travel between processes
//! by serde.

mod cells;
mod totals;

use serde::{Deserialize, Serialize};

pub use cells::{Axis, Cells, Groups, Row};
pub use totals::{Total, Totals};

use crate::block::{Block, Element};
use crate::error::{Error, Result};

/// What is reduced to a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Measure {
    /// The sum, mean or number of the values that are not missing.
    Total(Total),
}

/// What a reduction knows of the blocks that it has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// See [`Measure::Total`].
    Totals(Totals),
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
    /// They were NaN or masked.
    pub missing: u64,
    /// They lie below the least edge.
    pub below: u64,
    /// They lie above the greatest edge.
    pub above: u64,
}

/// Bytes that a state takes, and its output as well.
///
/// # Errors
/// [`Error::Invalid`] where they are more than can be counted.
pub fn bytes_of(measure: &Measure, cells: &Cells) -> Result<u64> {
    let each = match measure {
        Measure::Total(_) => Totals::BYTES_OF_CELL,
    };
    cells.count()?.checked_mul(each).ok_or_else(|| too_many(cells))
}

impl State {
    /// A state that has seen nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more cells than memory has places.
    pub fn new(measure: &Measure, cells: Cells) -> Result<Self> {
        bytes_of(measure, &cells)?;
        Ok(match measure {
            Measure::Total(total) => Self::Totals(Totals::new(*total, cells)?),
        })
    }

    /// Takes a block in. Blocks come in the order of the array along the axes that are reduced.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a block that lies outside the state's region; the state is as before then.
    pub fn update<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        match self {
            Self::Totals(totals) => totals.update(block),
        }
    }

    /// Takes in what is known of the blocks behind those that were seen here.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the other is of another measure or region; the state is as before then.
    pub fn merge(&mut self, later: &Self) -> Result<()> {
        match (self, later) {
            (Self::Totals(totals), Self::Totals(later)) => totals.merge(later),
        }
    }

    /// The result.
    pub fn finish(self) -> Output {
        match self {
            Self::Totals(totals) => totals.finish(),
        }
    }

    /// Bytes that it takes.
    ///
    /// # Errors
    /// Never, for a state that could be made.
    pub fn bytes(&self) -> Result<u64> {
        match self {
            Self::Totals(totals) => bytes_of(&Measure::Total(totals.total()), totals.cells()),
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
        }
    }

    /// Whether what cells have is added up when they become one.
    pub(crate) fn adds_up(&self) -> bool {
        matches!(self, Self::Total(Total::Sum | Total::Count))
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
    fn empty(&self, length: usize) -> Self {
        match self {
            Self::F64(_) => Self::F64(vec![f64::NAN; length]),
            Self::U64(_) => Self::U64(vec![0; length]),
        }
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
        Ok(Self { shape, values: self.values.empty(length), left_out: LeftOut::default() })
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
    /// Takes in those of other values.
    pub fn add(&mut self, other: Self) {
        self.missing += other.missing;
        self.below += other.below;
        self.above += other.above;
    }
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
mod tests {
    use super::*;

    #[test]
    fn states_travel_and_are_as_large_as_was_said() {
        let cells = Cells::new(vec![0, 0], vec![4, 3], vec![Axis::Reduced, Axis::Kept]).unwrap();
        let measure = Measure::Total(Total::Mean);
        assert_eq!(bytes_of(&measure, &cells).unwrap(), 3 * 16);
        let mut state = State::new(&measure, cells).unwrap();
        state.update(&Block::new(&[1.0_f32, 2.0, f32::NAN], &[1, 3], &[2, 0]).unwrap()).unwrap();
        assert_eq!(state.bytes().unwrap(), 3 * 16);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
        let Numbers::F64(means) = state.finish().values else { panic!("means are doubles") };
        assert_eq!(means[..2], [1.0, 2.0]);
        assert!(means[2].is_nan());
    }
}
