//! Boxes of a row-major array as rows of elements that lie together.

use crate::error::{Error, Result};
use crate::expression::Span;

/// Where the elements of a box lie in an array: rows of the same length, one for each place along the axes
/// before the first that is in them.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    first: u64,
    /// Of each axis before: how many places, and elements from one to the next.
    outer: Vec<(u64, u64)>,
    length: u64,
}

impl Rows {
    /// The rows of a box. Its axes behind `from` are whole, or a row would have gaps: see [`joined_from`].
    pub(super) fn new(shape: &[u64], part: &[Span], from: usize) -> Self {
        let (mut first, mut stride, mut outer) = (0, 1, Vec::with_capacity(from));
        for (axis, (length, span)) in shape.iter().zip(part).enumerate().rev() {
            first += span.start * stride;
            if axis < from {
                outer.push((span.count, stride));
            }
            stride *= length;
        }
        let length = part.iter().skip(from).map(|span| span.count).product();
        Self { first, outer, length }
    }

    /// Elements of a row.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The place of each row's first element, in the order of the box.
    pub(super) fn starts(&self) -> impl Iterator<Item = u64> {
        let count = if self.length == 0 { 0 } else { self.outer.iter().map(|(count, _)| count).product() };
        (0..count).map(|mut number: u64| {
            let mut start = self.first;
            for (count, stride) in &self.outer {
                start += number % count * stride;
                number /= count;
            }
            start
        })
    }
}

/// The first axis of rows without gaps: all axes behind it are whole.
pub(super) fn joined_from(shape: &[u64], part: &[Span]) -> usize {
    let whole = shape.iter().zip(part).rev().take_while(|(length, span)| span.count == **length).count();
    shape.len().saturating_sub(whole + 1)
}

/// Elements of a box.
pub(super) fn count(part: &[Span]) -> u64 {
    part.iter().map(|span| span.count).product()
}

/// The same box in an array that begins elsewhere.
pub(super) fn moved(part: &[Span], origin: &[u64]) -> Vec<Span> {
    part.iter().zip(origin).map(|(span, from)| Span { start: span.start - from, count: span.count }).collect()
}

/// What two boxes share; none where they do not meet.
pub(super) fn shared(one: &[Span], other: &[Span]) -> Option<Vec<Span>> {
    let along = |(one, other): (&Span, &Span)| {
        let start = one.start.max(other.start);
        let count = one.end().min(other.end()).checked_sub(start)?;
        (count > 0).then_some(Span { start, count })
    };
    one.iter().zip(other).map(along).collect()
}

/// Copies a box from one array to another of the same elements: each with its bytes, its shape, and where the
/// box lies in it.
pub(super) fn copy(
    (from, from_shape, from_part): (&[u8], &[u64], &[Span]),
    (to, to_shape, to_part): (&mut [u8], &[u64], &[Span]),
    size: usize,
) -> Result<()> {
    let axis = joined_from(from_shape, from_part).max(joined_from(to_shape, to_part));
    let (reads, writes) = (Rows::new(from_shape, from_part, axis), Rows::new(to_shape, to_part, axis));
    let length = place(reads.length())? * size;
    for (read, write) in reads.starts().zip(writes.starts()) {
        let (read, write) = (place(read)? * size, place(write)? * size);
        to[write..write + length].copy_from_slice(&from[read..read + length]);
    }
    Ok(())
}

/// A place in memory.
pub(super) fn place(place: u64) -> Result<usize> {
    usize::try_from(place)
        .map_err(|_| Error::invalid("a box is larger than memory can be", "take a smaller part"))
}

/// That a box with so many bytes of elements is a part of an array of this shape.
pub(super) fn is_part(shape: &[u64], part: &[Span], size: usize, bytes: usize) -> bool {
    let is_inside =
        part.len() == shape.len() && part.iter().zip(shape).all(|(span, length)| span.end() <= *length);
    let total = part.iter().map(|span| span.count).fold(size as u64, u64::saturating_mul);
    is_inside && total == bytes as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A box in an array of these lengths.
    fn part(lengths: [u64; 3]) -> impl Strategy<Value = Vec<Span>> {
        let along = |length: u64| {
            (0..=length).prop_flat_map(move |start| {
                prop_oneof![(0..=length - start), Just(length - start)]
                    .prop_map(move |count| Span { start, count })
            })
        };
        lengths.map(along).prop_map(Vec::from)
    }

    fn case() -> impl Strategy<Value = ([u64; 3], Vec<Span>, [u64; 3])> {
        [1..5_u64, 1..5_u64, 1..5_u64]
            .prop_flat_map(|lengths| (Just(lengths), part(lengths), [0..3_u64, 0..3_u64, 0..3_u64]))
    }

    proptest! {
        #[test]
        fn a_box_is_copied_to_where_it_belongs((lengths, part, margin) in case()) {
            let from: Vec<u8> = (0..u8::try_from(lengths.iter().product::<u64>()).unwrap()).collect();
            // The same box lies in another array with other elements around it.
            let shape: Vec<u64> = part.iter().zip(margin).map(|(span, margin)| span.count + 2 * margin).collect();
            let inner: Vec<Span> = part.iter().zip(margin).map(|(span, margin)| Span { start: margin, count: span.count }).collect();
            let mut to = vec![255; usize::try_from(shape.iter().product::<u64>()).unwrap()];
            copy((&from, &lengths, &part), (&mut to, &shape, &inner), 1).unwrap();
            let mut due = vec![255; to.len()];
            for i in 0..part[0].count { for j in 0..part[1].count { for k in 0..part[2].count {
                let read = ((part[0].start + i) * lengths[1] + part[1].start + j) * lengths[2] + part[2].start + k;
                let write = ((margin[0] + i) * shape[1] + margin[1] + j) * shape[2] + margin[2] + k;
                due[usize::try_from(write).unwrap()] = from[usize::try_from(read).unwrap()];
            }}}
            prop_assert_eq!(to, due);
        }
    }

    #[test]
    fn an_array_of_no_axes_has_one_element() {
        let mut to = [0, 0];
        copy((&[7, 8], &[], &[]), (&mut to, &[], &[]), 2).unwrap();
        assert_eq!(to, [7, 8]);
        assert_eq!((joined_from(&[], &[]), count(&[])), (0, 1));
        assert!(is_part(&[], &[], 2, 2) && !is_part(&[], &[], 2, 4));
    }

    #[test]
    fn boxes_meet_where_both_are() {
        let span = |start, count| Span { start, count };
        assert_eq!(
            shared(&[span(0, 4), span(2, 3)], &[span(3, 9), span(0, 3)]),
            Some(vec![span(3, 1), span(2, 1)])
        );
        assert_eq!(shared(&[span(0, 4)], &[span(4, 1)]), None);
        assert_eq!(moved(&[span(5, 2)], &[4]), [span(1, 2)]);
    }
}
