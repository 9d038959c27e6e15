//! Arrays that lie in memory already.

use super::aligned::Aligned;
use super::{InPlace, Pending, Source, Values};
use crate::block::{Element, Pieces};
use crate::error::{Error, Result};
use crate::expression::{Array, Span};

/// An array in the caller's memory, row-major. Parts that lie in one piece are not copied.
#[derive(Clone, Debug)]
pub struct Memory<'a> {
    array: Array,
    bytes: &'a [u8],
}

impl<'a> Memory<'a> {
    /// An array of these values, with dimensions by name and length.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more or fewer values than the dimensions say; as [`Array::new`].
    pub fn new<T: Element>(
        name: impl Into<String>,
        dimensions: &[(&str, u64)],
        values: &'a [T],
    ) -> Result<Self> {
        let array = Array::new(name, dimensions, T::TYPE, None)?;
        if array.shape().iter().product::<u64>() != values.len() as u64 {
            return Err(Error::invalid(
                format!("{} values do not fill {:?}", values.len(), array.shape()),
                "give as many values as the dimensions have",
            ));
        }
        Ok(Self { array, bytes: bytemuck::cast_slice(values) })
    }

    /// The same array, of which it is said how its elements become values.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the array is of another shape or type.
    pub fn described(self, array: Array) -> Result<Self> {
        if array.shape() == self.array.shape() && array.element() == self.array.element() {
            return Ok(Self { array, bytes: self.bytes });
        }
        Err(Error::invalid(
            format!("{:?} of {} are not what is in memory", array.shape(), array.element()),
            format!("describe {:?} of {}", self.array.shape(), self.array.element()),
        ))
    }

    /// Where a part lies, which is inside the array.
    fn lies(&self, part: &[Span]) -> Result<Lies> {
        let too_large = |_| Error::invalid("the part is larger than memory", "take a smaller part");
        let size = self.array.element().size();
        let mut lies = Lies { first: 0, length: size, outer: Vec::new() };
        let (mut stride, mut is_whole) = (size, true);
        for (span, whole) in part.iter().zip(self.array.shape()).rev() {
            let [start, count, all] = [span.start, span.count, whole].map(usize::try_from);
            let (start, count, all) =
                (start.map_err(too_large)?, count.map_err(too_large)?, all.map_err(too_large)?);
            lies.first += start * stride;
            if is_whole {
                lies.length *= count;
            } else if count != 1 {
                lies.outer.push((count, stride));
            }
            is_whole = is_whole && count == all;
            stride *= all;
        }
        Ok(lies)
    }

    fn copy(&self, lies: &Lies) -> Result<Aligned> {
        let mut all = Aligned::new((lies.count() as u64).saturating_mul(lies.length as u64))?;
        for (to, from) in all.bytes_mut().chunks_exact_mut(lies.length.max(1)).zip(lies.starts()) {
            to.copy_from_slice(&self.bytes[from..from + lies.length]);
        }
        Ok(all)
    }
}

/// Where a part lies: pieces of as many bytes.
struct Lies {
    /// The first byte of the first.
    first: usize,
    /// Bytes of each.
    length: usize,
    /// Along each axis before those that are in a piece, the last one first: how many there are if that is not one, and
    /// bytes from one to the next.
    outer: Vec<(usize, usize)>,
}

impl Lies {
    fn count(&self) -> usize {
        self.outer.iter().map(|(count, _)| count).product()
    }

    /// The first byte of each piece.
    fn starts(&self) -> impl Iterator<Item = usize> {
        let (along, rest) = self.outer.split_first().unwrap_or((&(1, 0), &[]));
        let rows: usize = rest.iter().map(|(count, _)| count).product();
        (0..rows).flat_map(move |mut number| {
            let mut start = self.first;
            for (count, stride) in rest {
                start += number % count * stride;
                number /= count;
            }
            (0..along.0).map(move |step| start + step * along.1)
        })
    }

    /// Bytes from each piece to the next, where these are as many for all.
    fn stride(&self) -> Option<usize> {
        let is_even = self.outer.windows(2).all(|pair| pair[1].1 == pair[0].0 * pair[0].1);
        is_even.then(|| self.outer.first().map_or(0, |(_, stride)| *stride))
    }
}

impl Source for Memory<'_> {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        self.array.contains(part)?;
        let lies = self.lies(part)?;
        if lies.outer.is_empty() {
            let bytes = &self.bytes[lies.first..lies.first + lies.length];
            return Ok(Box::new(move || Ok(Values::new(bytes))));
        }
        Ok(Box::new(move || Ok(Values::new(self.copy(&lies)?))))
    }

    fn in_place(&self, part: &[Span]) -> Result<Option<InPlace<'_>>> {
        self.array.contains(part)?;
        let lies = self.lies(part)?;
        let count = lies.count();
        let Some(stride) = lies.stride().filter(|_| count > 0 && lies.length > 0) else { return Ok(None) };
        let bytes = &self.bytes[lies.first..lies.first + (count - 1) * stride + lies.length];
        let size = self.array.element().size();
        // A piece begins with the last axis of which not all is taken: behind it axes are whole.
        let behind =
            part.iter().zip(self.array.shape()).rev().take_while(|(span, whole)| span.count == *whole);
        let axis = part.len().saturating_sub(behind.count() + 1);
        let pieces = Pieces { axis, length: lies.length / size, stride: stride / size };
        Ok(Some(InPlace { bytes, pieces: (count > 1).then_some(pieces) }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_have_their_own_elements(
            lengths in [1..5_u64, 1..5_u64, 1..5_u64],
            cuts in [(0.0..=1.0, 0.0..=1.0), (0.0..=1.0, 0.0..=1.0), (0.0..=1.0_f64, 0.0..=1.0_f64)],
        ) {
            let all: Vec<u16> = (0..u16::try_from(lengths.iter().product::<u64>()).unwrap()).collect();
            let [a, b, c] = lengths;
            let memory = Memory::new("n", &[("a", a), ("b", b), ("c", c)], &all).unwrap();
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few")]
            let part: Vec<Span> = lengths.iter().zip(&cuts).map(|(length, (from, many))| {
                let start = (*from * *length as f64) as u64;
                Span { start, count: (*many * (*length - start) as f64) as u64 }
            }).collect();
            let mut due = Vec::new();
            for i in part[0].start..part[0].end() {
                for j in part[1].start..part[1].end() {
                    for k in part[2].start..part[2].end() {
                        due.push(u16::try_from((i * b + j) * c + k).unwrap());
                    }
                }
            }
            let values = memory.begin(&part).unwrap()().unwrap();
            values.elements(|found: &[u16]| { assert_eq!(found, due); Ok(()) }).unwrap();
        }
    }

    #[test]
    fn parts_lie_in_place_where_pieces_are_as_far_from_each_other() {
        let all: Vec<u16> = (0..24).collect();
        let memory = Memory::new("n", &[("a", 2), ("b", 3), ("c", 4)], &all).unwrap();
        let in_place = |spans: [(u64, u64); 3]| {
            let found = memory.in_place(&spans.map(|(start, count)| Span { start, count })).unwrap()?;
            Some((bytemuck::cast_slice::<_, u16>(found.bytes).to_vec(), found.pieces))
        };
        assert_eq!(in_place([(0, 2), (0, 3), (0, 4)]), Some((all.clone(), None)));
        let strip = Some(Pieces { axis: 1, length: 4, stride: 12 });
        assert_eq!(in_place([(0, 2), (1, 1), (0, 4)]), Some((all[4..20].to_vec(), strip)));
        let columns = Some(Pieces { axis: 2, length: 2, stride: 4 });
        assert_eq!(in_place([(0, 2), (0, 3), (1, 2)]), Some((all[1..23].to_vec(), columns)));
        assert_eq!(in_place([(0, 2), (0, 2), (1, 2)]), None);
        assert_eq!(in_place([(0, 2), (0, 0), (0, 4)]), None);
    }

    #[test]
    fn whole_rows_are_not_copied() {
        let all = [1.0_f32; 12];
        let memory = Memory::new("n", &[("a", 3), ("b", 4)], &all).unwrap();
        let part = [Span { start: 1, count: 2 }, Span { start: 0, count: 4 }];
        let values = memory.begin(&part).unwrap()().unwrap();
        assert_eq!(values.bytes().as_ptr(), bytemuck::cast_slice::<_, u8>(&all[4..]).as_ptr());
        assert!(memory.begin(&[Span { start: 2, count: 2 }, part[1]]).is_err());
    }
}
