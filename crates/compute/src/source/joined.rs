//! Several arrays as one, one behind the other along an axis: granules of a collection.

use std::sync::Arc;

use frazil_data::dataset::Dataset;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Arrived, Arriving, Pending, Source, Stored, Values, aligned::Aligned};
use crate::error::{Error, Result};
use crate::expression::{Array, Dimension, Span};

/// So many granules are asked at the same time what they hold.
const AT_ONCE: usize = 16;

/// Arrays that follow each other along an axis. They are alike but for their lengths along it.
pub struct Joined<'a> {
    sources: Vec<Box<dyn Source + 'a>>,
    /// The index of each one's first element along the axis.
    starts: Vec<u64>,
    axis: usize,
    array: Array,
}

impl<'a> Joined<'a> {
    /// Arrays one behind the other along a dimension that all of them have.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are none, or they differ in another dimension, their type or their
    /// packing; the message names the first that does.
    pub fn new(sources: Vec<Box<dyn Source + 'a>>, dimension: &str) -> Result<Self> {
        let none = || Error::invalid("there are no arrays to join", "give one array or more");
        let first = sources.first().ok_or_else(none)?.array();
        let axis = first.dimensions().iter().position(|own| own.name == dimension).ok_or_else(|| {
            let names: Vec<_> = first.dimensions().iter().map(|own| own.name.as_str()).collect();
            Error::invalid(
                format!("`{}` has no dimension `{dimension}` to join along", first.name()),
                format!("its dimensions are {}", names.join(", ")),
            )
        })?;
        let (mut starts, mut length) = (Vec::with_capacity(sources.len()), 0_u64);
        for (number, source) in sources.iter().enumerate() {
            if !is_alike(first, source.array(), axis) {
                return Err(unlike(sources[0].as_ref(), source.as_ref(), number));
            }
            starts.push(length);
            length = length.saturating_add(source.array().dimensions()[axis].length);
        }
        let array = joined(&sources, axis, length)?;
        Ok(Self { sources, starts, axis, array })
    }

    /// The same variable of many datasets, one behind the other along a dimension. Of each, what it holds is read.
    ///
    /// # Errors
    /// As [`Stored::open`] and [`Self::new`]; the message names the dataset.
    pub async fn open(datasets: Vec<Arc<dyn Dataset>>, path: &str, dimension: &str) -> Result<Self> {
        let opened = datasets.into_iter().map(|dataset| Stored::open(dataset, path));
        let opened: Vec<Stored> = stream::iter(opened).buffered(AT_ONCE).try_collect().await?;
        let sources = opened.into_iter().map(|source| -> Box<dyn Source + 'a> { Box::new(source) });
        Self::new(sources.collect(), dimension)
    }

    /// The parts of the sources that a part is made of: the number of each, and what it is of its array.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a part that is not inside the array.
    pub fn parts(&self, part: &[Span]) -> Result<Vec<(usize, Vec<Span>)>> {
        self.array.contains(part)?;
        let along = part[self.axis];
        let first = self.starts.partition_point(|start| *start <= along.start).saturating_sub(1);
        let mut parts = Vec::new();
        for (number, start) in self.starts.iter().enumerate().skip(first) {
            if *start >= along.end() {
                break;
            }
            let length = self.sources[number].array().dimensions()[self.axis].length;
            let from = along.start.max(*start);
            let end = along.end().min(start + length);
            if from < end {
                let mut own = part.to_vec();
                own[self.axis] = Span { start: from - start, count: end - from };
                parts.push((number, own));
            }
        }
        Ok(parts)
    }
}

/// Whether arrays are alike but for their lengths along an axis.
fn is_alike(one: &Array, other: &Array, axis: usize) -> bool {
    let is_same = |(own, (one, other)): (usize, (&Dimension, &Dimension))| {
        one.name == other.name && (own == axis || one.length == other.length)
    };
    one.element() == other.element()
        && one.packing() == other.packing()
        && one.dimensions().len() == other.dimensions().len()
        && one.dimensions().iter().zip(other.dimensions()).enumerate().all(is_same)
}

fn unlike(first: &dyn Source, other: &dyn Source, number: usize) -> Error {
    let like = |source: &dyn Source| {
        format!("{}, is {:?} of {}", source.called(), source.array().shape(), source.array().element())
    };
    Error::invalid(
        format!(
            "array {number}, {}, while the first, {}; or they are packed otherwise",
            like(other),
            like(first)
        ),
        "join arrays that differ in their length along one dimension only",
    )
}

/// The array that they are together.
fn joined(sources: &[Box<dyn Source + '_>], axis: usize, length: u64) -> Result<Array> {
    let first = sources[0].array();
    let (chunks, is_even) = chunks(sources, axis);
    let dimensions: Vec<_> = first
        .dimensions()
        .iter()
        .enumerate()
        .map(|(own, dimension)| {
            (dimension.name.as_str(), if own == axis { length } else { dimension.length })
        })
        .collect();
    // A part of several is put together of what each gives.
    let most = sources.iter().map(|source| source.array().reading()).max().unwrap_or(0);
    let array = Array::new(first.name(), &dimensions, first.element(), chunks)?;
    let array = array.read_with(most.saturating_add(first.element().size() as u64));
    let array =
        if sources.iter().all(|source| source.array().is_in_parts()) { array.in_parts() } else { array };
    let array = if is_even { array } else { array.uneven() };
    let are_theirs = is_even && array.chunks() == first.chunks();
    let has_strips = are_theirs && sources.iter().all(|source| source.array().has_strips());
    let array = if has_strips { array.in_strips() } else { array };
    Ok(match first.packing() {
        Some(packing) => array.packed(packing.clone()),
        None => array,
    })
}

/// The chunks of arrays that are joined along an axis, and whether they are a grid: that of all of them where theirs fit
/// together, or each array is a chunk along the axis where all are as long. Else they are as long as the longest of them.
fn chunks(sources: &[Box<dyn Source + '_>], axis: usize) -> (Option<Vec<u64>>, bool) {
    let own: Vec<&[u64]> = sources.iter().filter_map(|source| source.array().chunks()).collect();
    let Some(first) = own.first() else { return (None, true) };
    let lengths: Vec<u64> = sources.iter().map(|source| source.array().dimensions()[axis].length).collect();
    let is_same = own.len() == sources.len() && own.iter().all(|chunks| chunks == first);
    let is_even = sources.iter().all(|source| !source.array().is_uneven());
    if is_same && is_even {
        if lengths[..lengths.len() - 1].iter().all(|length| length % first[axis] == 0) {
            return (Some(first.to_vec()), true);
        }
        if lengths.iter().all(|length| *length == lengths[0]) {
            let along = (0..first.len()).map(|own| if own == axis { lengths[0] } else { first[own] });
            return (Some(along.collect()), true);
        }
    }
    let longest = |axis: usize| own.iter().map(|chunks| chunks[axis]).max().unwrap_or(1);
    let most = |own: usize| if own == axis { lengths.iter().copied().max().unwrap_or(1) } else { u64::MAX };
    (Some((0..first.len()).map(|own| longest(own).min(most(own)).max(1)).collect()), false)
}

impl Source for Joined<'_> {
    fn array(&self) -> &Array {
        &self.array
    }

    fn called(&self) -> String {
        format!("{} arrays such as {}", self.sources.len(), self.sources[0].called())
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        let mut parts = self.parts(part)?;
        if parts.len() == 1
            && let Some((number, own)) = parts.pop()
        {
            return self.sources[number].begin(&own);
        }
        let begun =
            parts.iter().map(|(number, own)| Ok((self.sources[*number].begin(own)?, own[self.axis].count)));
        let begun = begun.collect::<Result<Vec<_>>>()?;
        let size = self.array.element().size() as u64;
        let inner = part[self.axis + 1..].iter().map(|span| span.count).fold(size, u64::saturating_mul);
        let length = part[..=self.axis].iter().map(|span| span.count).fold(inner, u64::saturating_mul);
        let row = inner.saturating_mul(part[self.axis].count);
        Ok(Box::new(move || {
            let mut all = Aligned::new(length)?;
            let mut from = 0;
            for (pending, count) in begun {
                let values = pending()?;
                place(&mut all, values.bytes(), from, inner * count, row)?;
                from += inner * count;
            }
            Ok(Values::new(all))
        }))
    }

    fn arrive<'b>(&'b self, part: &[Span]) -> Result<Arriving<'b>> {
        if let [(number, own)] = self.parts(part)?.as_slice() {
            return self.sources[*number].arrive(own);
        }
        let pending = self.begin(part)?;
        Ok(Box::new(move || pending().map(Arrived::Values)))
    }
}

/// Puts rows of a source into the rows of all.
fn place(all: &mut Aligned, values: &[u8], from: u64, length: u64, row: u64) -> Result<()> {
    let places = [from, length, row].map(usize::try_from);
    let [Ok(from), Ok(length), Ok(row)] = places else {
        return Err(Error::invalid("the part is larger than memory", "take a smaller part"));
    };
    if length == 0 {
        return Ok(());
    }
    for (to, values) in all.bytes_mut().chunks_exact_mut(row).zip(values.chunks_exact(length)) {
        to[from..from + length].copy_from_slice(values);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::ElementType;
    use crate::source::Memory;

    fn part(spans: [(u64, u64); 2]) -> Vec<Span> {
        spans.map(|(start, count)| Span { start, count }).to_vec()
    }

    #[test]
    fn parts_go_over_the_borders_of_arrays() {
        let (one, two, three) = ([1_u16, 2, 3, 4], [5_u16, 6], [7_u16, 8, 9, 10]);
        let memory = |values, x| -> Box<dyn Source> {
            Box::new(Memory::new("n", &[("y", 2), ("x", x)], values).unwrap())
        };
        let joined = Joined::new(vec![memory(&one, 2), memory(&two, 1), memory(&three, 2)], "x").unwrap();
        assert_eq!(joined.array().shape(), [2, 5]);
        let read = |spans| {
            let values = joined.begin(&part(spans)).unwrap()().unwrap();
            values.elements(|found: &[u16]| Ok(found.to_vec())).unwrap()
        };
        assert_eq!(read([(0, 2), (0, 5)]), [1, 2, 5, 7, 8, 3, 4, 6, 9, 10]);
        assert_eq!(read([(1, 1), (1, 3)]), [4, 6, 9]);
        assert_eq!(read([(0, 2), (3, 1)]), [7, 9]);
        assert!(read([(0, 2), (5, 0)]).is_empty());
        assert!(joined.begin(&part([(0, 2), (4, 2)])).is_err());
    }

    #[test]
    fn arrays_that_do_not_fit_are_named() {
        let (one, two) = ([1_u16, 2], [5_u16, 6, 7]);
        let memory =
            |values, x| -> Box<dyn Source> { Box::new(Memory::new("n", &[("x", x)], values).unwrap()) };
        assert!(Joined::new(vec![], "x").is_err());
        assert!(Joined::new(vec![memory(&one, 2)], "y").is_err());
        let wide: Box<dyn Source> = Box::new(Memory::new("wide", &[("x", 3)], &[1.0_f32; 3]).unwrap());
        let Err(error) = Joined::new(vec![memory(&two, 3), wide], "x") else { panic!("they differ") };
        assert!(error.to_string().contains("array 1, `wide`"), "{error}");
    }

    /// Arrays of a length with chunks of another, or of none.
    fn chunked(values: &[u8], of: &[(u64, Option<u64>)]) -> Array {
        let source = |(length, chunk): &(u64, Option<u64>)| -> Box<dyn Source + '_> {
            let chunks = chunk.map(|chunk| vec![chunk]);
            let array = Array::new("n", &[("x", *length)], ElementType::U8, chunks).unwrap();
            let values = &values[..usize::try_from(*length).unwrap()];
            Box::new(Memory::new("n", &[("x", *length)], values).unwrap().described(array).unwrap())
        };
        Joined::new(of.iter().map(source).collect(), "x").unwrap().array().clone()
    }

    #[test]
    fn chunks_stay_where_they_fit_together() {
        let values = [0_u8; 31];
        let of = |of: &[(u64, Option<u64>)]| {
            let array = chunked(&values, of);
            (array.chunks().map(<[u64]>::to_vec), array.is_uneven())
        };
        let even = |length: u64| (Some(vec![length]), false);
        assert_eq!(of(&[(4, Some(2)), (2, Some(2)), (5, Some(2))]), even(2));
        assert_eq!(of(&[(3, Some(2)), (3, Some(2))]), even(3));
        assert_eq!(of(&[(3, None), (4, None)]), (None, false));
        let uneven = |length: u64| (Some(vec![length]), true);
        assert_eq!(of(&[(31, Some(31)), (28, Some(28)), (31, Some(31))]), uneven(31));
        assert_eq!(of(&[(31, Some(8)), (28, Some(8))]), uneven(8));
        assert_eq!(of(&[(5, Some(100)), (4, None)]), uneven(5));
    }
}
