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

    /// The first byte and the number of bytes of each piece of a part.
    fn pieces(&self, part: &[Span]) -> Result<(Vec<usize>, usize)> {
        let too_large = || Error::invalid("the part is larger than memory", "take a smaller part");
        let shape = self.array.shape();
        let size = self.array.element().size();
        let mut length = size as u64;
        let mut starts = vec![0_u64];
        let mut stride = size as u64;
        let mut is_whole = true;
        for (span, whole) in part.iter().zip(&shape).rev() {
            if is_whole {
                length *= span.count;
                for start in &mut starts {
                    *start += span.start * stride;
                }
            } else {
                let before = std::mem::take(&mut starts);
                let along = (span.start..span.end()).map(|index| index * stride);
                starts = along.flat_map(|from| before.iter().map(move |start| from + start)).collect();
            }
            is_whole = is_whole && span.count == *whole;
            stride *= whole;
        }
        let starts = starts.into_iter().map(|start| usize::try_from(start).map_err(|_| too_large()));
        Ok((starts.collect::<Result<_>>()?, usize::try_from(length).map_err(|_| too_large())?))
    }

    fn copy(&self, starts: &[usize], length: usize) -> Result<Aligned> {
        let mut all = Aligned::new((starts.len() as u64).saturating_mul(length as u64))?;
        for (to, from) in all.bytes_mut().chunks_exact_mut(length.max(1)).zip(starts) {
            to.copy_from_slice(&self.bytes[*from..from + length]);
        }
        Ok(all)
    }
}

impl Source for Memory<'_> {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        self.array.contains(part)?;
        let (starts, length) = self.pieces(part)?;
        match starts.as_slice() {
            [start] => {
                let bytes = &self.bytes[*start..start + length];
                Ok(Box::new(move || Ok(Values::new(bytes))))
            }
            _ => Ok(Box::new(move || Ok(Values::new(self.copy(&starts, length)?)))),
        }
    }

    fn in_place(&self, part: &[Span]) -> Result<Option<InPlace<'_>>> {
        self.array.contains(part)?;
        let (starts, length) = self.pieces(part)?;
        let (Some(first), Some(last)) = (starts.first(), starts.last()) else { return Ok(None) };
        let stride = starts.get(1).map_or(0, |second| second - first);
        if length == 0 || starts.windows(2).any(|pair| pair[1] - pair[0] != stride) {
            return Ok(None);
        }
        let bytes = &self.bytes[*first..*last + length];
        let size = self.array.element().size();
        // A piece begins with the last axis of which not all is taken: behind it axes are whole.
        let behind =
            part.iter().zip(self.array.shape()).rev().take_while(|(span, whole)| span.count == *whole);
        let axis = part.len().saturating_sub(behind.count() + 1);
        let pieces = Pieces { axis, length: length / size, stride: stride / size };
        Ok(Some(InPlace { bytes, pieces: (starts.len() > 1).then_some(pieces) }))
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
