//! Which cell of a result an element of an array belongs to.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::too_many;
use crate::block::Block;
use crate::error::{Error, Result};

/// Cells that follow each other are taken in so many at once, so that what is known of them stays near.
const TILE: usize = 8192;

/// Elements whose bins are found at once.
pub(super) const STRIP: usize = 1024;

/// What happens to an axis of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// The result has it as well.
    Kept,
    /// All along it goes into one cell.
    Reduced,
    /// The result has an element for each group of its elements.
    Grouped(Groups),
}

/// The group of each element along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    /// How many groups there are.
    pub count: u32,
    /// The group of each element of the whole axis, from 0 on; one that there is not for elements that are
    /// in none.
    pub labels: Vec<u32>,
}

/// The cells of a result of a region of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Given")]
pub struct Cells {
    origin: Vec<u64>,
    shape: Vec<u64>,
    axes: Vec<Axis>,
}

/// Cells as they are told, before it is known whether they fit together.
#[derive(Deserialize)]
struct Given {
    origin: Vec<u64>,
    shape: Vec<u64>,
    axes: Vec<Axis>,
}

impl TryFrom<Given> for Cells {
    type Error = Error;

    fn try_from(given: Given) -> Result<Self> {
        Self::new(given.origin, given.shape, given.axes)
    }
}

/// Elements of a block by their places in it, which follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// All of them belong to this cell.
    Into(usize, Range<usize>),
    /// The first belongs to this cell, and each other to the next one.
    Across(usize, Range<usize>),
}

impl Place {
    /// The same in parts of no more than [`STRIP`] elements.
    pub(super) fn strips(self) -> impl Iterator<Item = Self> {
        let (cell, places, step) = match self {
            Self::Into(cell, places) => (cell, places, 0),
            Self::Across(cell, places) => (cell, places, STRIP),
        };
        let end = places.end;
        places.step_by(STRIP).enumerate().map(move |(number, from)| {
            let places = from..end.min(from + STRIP);
            if step == 0 { Self::Into(cell, places) } else { Self::Across(cell + number * step, places) }
        })
    }
}

/// Elements of a block that lie one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a, T> {
    /// All of them belong to this cell.
    Into(usize, &'a [T]),
    /// The first belongs to this cell, and each other to the next one.
    Across(usize, &'a [T]),
}

impl Groups {
    /// How many elements the largest group has of a part of the axis.
    fn largest(&self, from: u64, length: u64) -> u64 {
        let mut labels: Vec<u32> = (from..from.saturating_add(length))
            .filter_map(|place| self.labels.get(usize::try_from(place).ok()?).copied())
            .filter(|label| *label < self.count)
            .collect();
        labels.sort_unstable();
        labels.chunk_by(|one, other| one == other).map(|group| group.len() as u64).max().unwrap_or(0)
    }
}

impl Cells {
    /// The cells of the region that begins at `origin` and has `shape` elements along each axis.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the numbers of axes differ, or groups are not known for all of the region.
    pub fn new(origin: Vec<u64>, shape: Vec<u64>, axes: Vec<Axis>) -> Result<Self> {
        let is_labelled = |((axis, from), length): ((&Axis, &u64), &u64)| match axis {
            Axis::Grouped(groups) => {
                from.checked_add(*length).is_some_and(|end| end <= groups.labels.len() as u64)
            }
            Axis::Kept | Axis::Reduced => true,
        };
        let is_same = origin.len() == shape.len() && shape.len() == axes.len();
        if is_same && axes.iter().zip(&origin).zip(&shape).all(is_labelled) {
            return Ok(Self { origin, shape, axes });
        }
        Err(Error::invalid(
            format!("{} axes and their groups do not fit a region of {shape:?} at {origin:?}", axes.len()),
            "say of each axis what happens to it, and give a label for each element of a grouped one",
        ))
    }

    /// Cells along each axis that the result has.
    pub fn shape(&self) -> Vec<u64> {
        let length = |(axis, length): (&Axis, &u64)| match axis {
            Axis::Kept => Some(*length),
            Axis::Reduced => None,
            Axis::Grouped(groups) => Some(u64::from(groups.count)),
        };
        self.axes.iter().zip(&self.shape).filter_map(length).collect()
    }

    /// How many cells there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] where they are more than can be counted.
    pub fn count(&self) -> Result<u64> {
        let shape = self.shape();
        if shape.contains(&0) {
            return Ok(0);
        }
        let product = shape.iter().try_fold(1_u64, |count, length| count.checked_mul(*length));
        product.ok_or_else(|| too_many(self))
    }

    /// How many cells there are, as memory counts.
    ///
    /// # Errors
    /// As [`Self::count`].
    pub fn places(&self) -> Result<usize> {
        usize::try_from(self.count()?).map_err(|_| too_many(self))
    }

    /// What happens to each axis.
    pub(super) fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Where the region begins, and how long it is along each axis.
    pub(super) fn region(&self) -> (&[u64], &[u64]) {
        (&self.origin, &self.shape)
    }

    /// The most elements that a cell can have; the largest number where they are more than that.
    pub(super) fn depth(&self) -> u64 {
        let along = |((axis, from), length): ((&Axis, &u64), &u64)| match axis {
            Axis::Kept => 1,
            Axis::Reduced => *length,
            Axis::Grouped(groups) => groups.largest(*from, *length),
        };
        let depths = self.axes.iter().zip(&self.origin).zip(&self.shape).map(along);
        depths.fold(1, u64::saturating_mul)
    }

    /// Where the cells lie in a larger result, whose first cell has the index 0 along each axis: the first
    /// place of each row of cells that lie together, in their order, and how many are in a row.
    pub(super) fn places_within(&self, whole: &[u64]) -> (impl Iterator<Item = usize> + use<>, usize) {
        let shape = self.shape();
        let kept = self.axes.iter().zip(&self.origin).filter_map(|(axis, origin)| match axis {
            Axis::Kept => Some(*origin),
            Axis::Reduced => None,
            Axis::Grouped(_) => Some(0),
        });
        let origin: Vec<u64> = kept.collect();
        let (mut strides, mut stride) = (vec![0; shape.len()], 1);
        for (axis, length) in whole.iter().take(shape.len()).enumerate().rev() {
            strides[axis] = stride;
            stride *= length;
        }
        let row = shape.last().copied().unwrap_or(1);
        let outer: Vec<u64> = shape.iter().copied().take(shape.len().saturating_sub(1)).collect();
        let rows: u64 = if shape.contains(&0) { 0 } else { outer.iter().product() };
        let starts = (0..rows).map(move |number| {
            let mut number = number;
            let mut place = origin.last().copied().unwrap_or(0);
            for axis in (0..outer.len()).rev() {
                place += (origin[axis] + number % outer[axis]) * strides[axis];
                number /= outer[axis];
            }
            usize::try_from(place).unwrap_or(usize::MAX)
        });
        (starts, usize::try_from(row).unwrap_or(usize::MAX))
    }

    /// The elements of a block as rows that belong to one cell or to cells that follow each other: those of a
    /// cell in their order. Elements that are in no group are in no row.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a block that lies outside the region, before the first row.
    pub fn each_row<'a, T>(&self, block: &Block<'a, T>, mut visit: impl FnMut(Row<'a, T>)) -> Result<()> {
        self.each_place_of(block, |place| {
            visit(match place {
                Place::Into(cell, places) => Row::Into(cell, block.at(places)),
                Place::Across(cell, places) => Row::Across(cell, block.at(places)),
            });
        })
    }

    /// As [`Self::each_row`], of a block of this shape at this origin, by the places of its elements.
    ///
    /// # Errors
    /// As [`Self::each_row`].
    pub(crate) fn each_place(&self, shape: &[usize], origin: &[u64], visit: impl FnMut(Place)) -> Result<()> {
        self.each_solid_place(shape, origin, 0, visit)
    }

    /// As [`Self::each_row`], by the places of elements in the block: those of a row lie in one piece.
    pub(super) fn each_place_of<T>(&self, block: &Block<'_, T>, visit: impl FnMut(Place)) -> Result<()> {
        self.each_solid_place(block.shape(), block.origin(), block.solid(), visit)
    }

    /// As [`Self::each_place`], where axes from `solid` on lie in one piece.
    fn each_solid_place(
        &self,
        shape: &[usize],
        origin: &[u64],
        solid: usize,
        mut visit: impl FnMut(Place),
    ) -> Result<()> {
        self.check(shape, origin)?;
        if shape.contains(&0) {
            return Ok(());
        }
        let count: usize = shape.iter().product();
        if let Some(Axis::Grouped(groups)) = self.axes.last()
            && solid < shape.len()
        {
            self.each_stretch(shape, origin, groups, visit);
            return Ok(());
        }
        let walk = self.walk(shape, solid);
        let width = if walk.is_across { TILE.min(walk.length) } else { walk.length };
        for tile in (0..walk.length).step_by(width) {
            let mut index = vec![0; walk.outer];
            let end = walk.length.min(tile + width);
            for row in (0..count).step_by(walk.length) {
                let places = row + tile..row + end;
                if let Some(cell) = self.cell(&walk, &index, origin) {
                    visit(if walk.is_across {
                        Place::Across(cell + tile, places)
                    } else {
                        Place::Into(cell, places)
                    });
                }
                step(&mut index, shape);
            }
        }
        Ok(())
    }

    /// As [`Self::each_place`] where the last axis has groups: elements along it that follow each other in the same group.
    fn each_stretch(&self, shape: &[usize], origin: &[u64], groups: &Groups, mut visit: impl FnMut(Place)) {
        let Some(last) = shape.len().checked_sub(1) else { return };
        let first = usize::try_from(origin[last]).unwrap_or(usize::MAX);
        let labels = groups.labels.get(first..first.saturating_add(shape[last])).unwrap_or_default();
        let walk = Walk { outer: last, length: shape[last], is_across: false, strides: self.strides() };
        let mut index = vec![0; last];
        for row in 0..shape[..last].iter().product::<usize>() {
            if let Some(first) = self.cell(&walk, &index, &origin[..last]) {
                let mut place = row * shape[last];
                for same in labels.chunk_by(|one, other| one == other) {
                    if same[0] < groups.count {
                        // The groups of the last axis are next to each other.
                        visit(Place::Into(first + same[0] as usize, place..place + same.len()));
                    }
                    place += same.len();
                }
            }
            step(&mut index, &shape[..last]);
        }
    }

    /// Whether a block is inside the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is not.
    pub(super) fn check(&self, shape: &[usize], origin: &[u64]) -> Result<()> {
        let is_inside = |(((from, length), own), whole): (((&u64, &usize), &u64), &u64)| {
            from >= own && from + *length as u64 <= own.saturating_add(*whole)
        };
        let mut axes = origin.iter().zip(shape).zip(&self.origin).zip(&self.shape);
        if origin.len() == self.origin.len() && axes.all(is_inside) {
            return Ok(());
        }
        Err(Error::invalid(
            format!("a block of {shape:?} at {origin:?} is not inside {:?} at {:?}", self.shape, self.origin),
            "give blocks of the region that the state is for",
        ))
    }

    /// How the rows of a block follow each other: as many of its last axes as go alike are in a row, of those that lie
    /// in one piece.
    fn walk(&self, shape: &[usize], solid: usize) -> Walk {
        let strides = self.strides();
        let is_across = matches!(self.axes.last(), Some(Axis::Kept));
        let (mut outer, mut length) = (self.axes.len(), 1);
        while outer > solid && !matches!(self.axes[outer - 1], Axis::Grouped(_)) {
            let axis = outer - 1;
            let is_next = match self.axes[axis] {
                Axis::Kept => is_across && strides[axis] == length as u64,
                Axis::Reduced => !is_across,
                Axis::Grouped(_) => false,
            };
            if !is_next {
                break;
            }
            length *= shape[axis];
            outer = axis;
        }
        Walk { outer, length, is_across, strides }
    }

    /// From one element along an axis to the next, so many cells.
    fn strides(&self) -> Vec<u64> {
        let mut strides = vec![0; self.axes.len()];
        let mut stride = 1_u64;
        for (axis, own) in strides.iter_mut().enumerate().rev() {
            let length = match &self.axes[axis] {
                Axis::Reduced => continue,
                Axis::Kept => self.shape[axis],
                Axis::Grouped(groups) => u64::from(groups.count),
            };
            *own = stride;
            // More than can be counted where there are no cells: no groups, or no elements along another axis.
            stride = stride.saturating_mul(length);
        }
        strides
    }

    /// The cell of a row's first element; none where it is in no group.
    fn cell(&self, walk: &Walk, index: &[usize], origin: &[u64]) -> Option<usize> {
        let mut cell = 0;
        for (axis, from) in origin.iter().enumerate() {
            let at = from + index.get(axis).map_or(0, |index| *index as u64);
            cell += match &self.axes[axis] {
                Axis::Reduced => 0,
                Axis::Kept => (at - self.origin[axis]) * walk.strides[axis],
                Axis::Grouped(groups) => {
                    let label = groups.labels.get(usize::try_from(at).ok()?)?;
                    if *label >= groups.count {
                        return None;
                    }
                    u64::from(*label) * walk.strides[axis]
                }
            };
        }
        usize::try_from(cell).ok()
    }
}

struct Walk {
    /// Axes that are walked along; the others are in a row.
    outer: usize,
    /// Elements of a row.
    length: usize,
    is_across: bool,
    strides: Vec<u64>,
}

/// The next index, the last axis first.
fn step(index: &mut [usize], shape: &[usize]) {
    for (at, length) in index.iter_mut().zip(shape).rev() {
        *at += 1;
        if *at < *length {
            return;
        }
        *at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axis() -> impl Strategy<Value = Axis> {
        let groups = prop::collection::vec(0..4_u32, 6).prop_map(|labels| Groups { count: 3, labels });
        prop_oneof![Just(Axis::Kept), Just(Axis::Reduced), groups.prop_map(Axis::Grouped)]
    }

    /// A region's axis of 6, and a block's within: what happens, first, how many.
    fn along() -> impl Strategy<Value = (Axis, u64, usize)> {
        (axis(), 0..6_u64)
            .prop_flat_map(|(axis, from)| (Just(axis), Just(from), 0..=usize::try_from(6 - from).unwrap()))
    }

    /// The cell of an element, by the definition.
    fn naive(cells: &Cells, at: &[u64]) -> Option<usize> {
        let mut cell = 0;
        for (axis, what) in cells.axes.iter().enumerate() {
            let (own, length) = match what {
                Axis::Reduced => continue,
                Axis::Kept => (at[axis] - cells.origin[axis], cells.shape[axis]),
                Axis::Grouped(groups) => {
                    let label = groups.labels[usize::try_from(at[axis]).unwrap()];
                    if label >= groups.count {
                        return None;
                    }
                    (u64::from(label), u64::from(groups.count))
                }
            };
            cell = cell * length + own;
        }
        Some(usize::try_from(cell).unwrap())
    }

    proptest! {
        #[test]
        fn rows_give_each_element_to_its_cell(axes in prop::collection::vec(along(), 0..4)) {
            let shape: Vec<usize> = axes.iter().map(|along| along.2).collect();
            let origin: Vec<u64> = axes.iter().map(|along| along.1).collect();
            let what = axes.into_iter().map(|along| along.0).collect::<Vec<_>>();
            let cells = Cells::new(vec![0; what.len()], vec![6; what.len()], what).unwrap();
            let values: Vec<u64> = (0..shape.iter().product::<usize>() as u64).collect();
            let mut found = vec![None; values.len()];
            let block = Block::new(&values, &shape, &origin).unwrap();
            cells.each_row(&block, |row| match row {
                Row::Into(cell, row) => row.iter().for_each(|value| found[usize::try_from(*value).unwrap()] = Some(cell)),
                Row::Across(first, row) => {
                    row.iter().enumerate().for_each(|(at, value)| found[usize::try_from(*value).unwrap()] = Some(first + at));
                }
            }).unwrap();
            let mut index = vec![0; shape.len()];
            for found in found {
                let at: Vec<u64> = index.iter().zip(&origin).map(|(at, from)| *at as u64 + from).collect();
                prop_assert_eq!(found, naive(&cells, &at));
                step(&mut index, &shape);
            }
        }
    }

    #[test]
    fn elements_that_lie_each_by_itself_are_found_too() {
        use crate::block::Pieces;
        let groups = Axis::Grouped(Groups { count: 2, labels: vec![1, 0, 0, 7] });
        let cells = Cells::new(vec![0; 2], vec![2, 4], vec![Axis::Kept, groups]).unwrap();
        let all: Vec<i32> = (0..16).collect();
        let pieces = Pieces { axis: 2, length: 1, stride: 2 };
        let block = Block::in_pieces(&all[..15], &[2, 4], &[0, 0], pieces).unwrap();
        let mut found = Vec::new();
        cells.each_row(&block, |row| found.push(row)).unwrap();
        let due = [(1, 0), (0, 2), (0, 4), (3, 8), (2, 10), (2, 12)];
        assert_eq!(found, due.map(|(cell, place)| Row::Into(cell, &all[place..=place])));
    }

    #[test]
    fn blocks_without_elements_have_no_rows() {
        let shape = [1 << 40, 1 << 40, 0];
        let cells = Cells::new(vec![0; 3], vec![u64::MAX; 3], vec![Axis::Reduced; 3]).unwrap();
        let none = Block::<f32>::new(&[], &shape, &[0; 3]).unwrap();
        cells.each_row(&none, |row| panic!("{row:?}")).unwrap();
        let groups = Axis::Grouped(Groups { count: 0, labels: vec![0] });
        let cells = Cells::new(vec![0; 3], vec![1, 1 << 40, 1 << 40], vec![groups, Axis::Kept, Axis::Kept]);
        let block = Block::new(&[1.0], &[1, 1, 1], &[0; 3]).unwrap();
        cells.unwrap().each_row(&block, |row| panic!("{row:?}")).unwrap();
    }

    #[test]
    fn blocks_outside_are_refused() {
        let cells = Cells::new(vec![2], vec![3], vec![Axis::Kept]).unwrap();
        for (shape, origin) in [([1], [1]), ([4], [2]), ([1], [5])] {
            let values = vec![0.0; shape[0]];
            assert!(cells.each_row(&Block::new(&values, &shape, &origin).unwrap(), |_| ()).is_err());
        }
    }
}
