//! What is computed of an array as an array of its own: so arrays that are stored in different ways become alike, and
//! can be joined.

use super::aligned::Aligned;
use super::{Elements, Pending, Real, Source, Values};
use crate::block::ElementType;
use crate::error::{Error, Result};
use crate::expression::{Array, Expression, Span};

/// The elements of an expression as they are read: a part of an array, unpacked, mapped, masked and coarsened.
/// [`Joined`](super::Joined) makes one array of several, along any dimension.
pub struct Computed<S> {
    source: S,
    expression: Expression,
    array: Array,
}

impl<S: Source> Computed<S> {
    /// The elements of an expression of a source's array.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the expression is of another array, or more than a part, maps, conditions and a
    /// coarsening: what needs more than the elements of a window can only be run by a plan.
    pub fn new(source: S, expression: Expression) -> Result<Self> {
        let name = source.array().name();
        if source.array() != expression.array() {
            return Err(Error::invalid(
                format!("the expression is of another array than `{name}`"),
                "build it from this array",
            ));
        }
        if !expression.is_by_window() {
            return Err(Error::invalid(
                format!("what is computed of `{name}` needs more than the elements of a window"),
                "take parts, maps, conditions and a coarsening here, and do the rest with the array that this gives",
            ));
        }
        let array = described(&expression)?;
        Ok(Self { source, expression, array })
    }

    /// A part of the elements as one of the stored array.
    fn stored(&self, part: &[Span]) -> Vec<Span> {
        let along = part.iter().zip(self.expression.part()).enumerate();
        along
            .map(|(axis, (span, whole))| {
                let window = self.expression.window(axis);
                Span { start: whole.start + span.start * window, count: span.count * window }
            })
            .collect()
    }
}

/// The array that the elements are. Its chunks are those of which it is made, where whole ones are; else they are as long,
/// and lie elsewhere.
fn described(expression: &Expression) -> Result<Array> {
    let stored = expression.array();
    let along: Vec<(u64, bool)> = match stored.chunks() {
        Some(chunks) => {
            chunks.iter().enumerate().map(|(axis, chunk)| grid(expression, axis, *chunk)).collect()
        }
        None => Vec::new(),
    };
    let chunks = stored.chunks().map(|_| along.iter().map(|(chunk, _)| *chunk).collect::<Vec<u64>>());
    let dimensions = expression.dimensions();
    let named: Vec<_> = dimensions.iter().map(|own| (own.name.as_str(), own.length)).collect();
    let reading = reading(expression, chunks.as_deref());
    let array = Array::new(stored.name(), &named, expression.element(), chunks)?.read_with(reading);
    let array = if stored.is_in_parts() { array.in_parts() } else { array };
    let is_even = !stored.is_uneven() && along.iter().all(|(_, is_even)| *is_even);
    Ok(if is_even { array } else { array.uneven() })
}

/// Elements of a chunk along an axis, and whether each is made of whole stored ones.
fn grid(expression: &Expression, axis: usize, chunk: u64) -> (u64, bool) {
    let (part, window) = (expression.part()[axis], expression.window(axis));
    let is_one = part.count == 0 || part.start / chunk == (part.end() - 1) / chunk;
    if is_one || part.count <= window {
        ((part.count / window).max(1), true)
    } else if !part.start.is_multiple_of(chunk) {
        (chunk.div_ceil(window), false)
    } else if window.is_multiple_of(chunk) {
        (1, true)
    } else {
        (chunk.div_ceil(window), chunk.is_multiple_of(window))
    }
}

/// Bytes that each element takes while it is read, besides its own: those of its window as they are stored, with all that
/// is decoded for them, and as what is computed with.
fn reading(expression: &Expression, chunks: Option<&[u64]>) -> u64 {
    let stored = expression.array();
    let (size, element) = (stored.element().size() as u64, expression.element().size() as u64);
    let windows = (0..expression.part().len()).map(|axis| expression.window(axis));
    let windows = windows.fold(1, u64::saturating_mul);
    // Of stored chunks that are larger than what is taken of them, all is decoded.
    let larger = match (stored.chunks(), chunks) {
        (Some(whole), Some(own)) if !stored.is_in_parts() => {
            let along = whole.iter().zip(own).enumerate();
            let along =
                along.map(|(axis, (whole, own))| whole.div_ceil(own.saturating_mul(expression.window(axis))));
            along.fold(1, u64::saturating_mul)
        }
        _ => 1,
    };
    let decoded = if larger > 1 { size } else { 0 };
    let each = stored.reading().saturating_add(decoded).saturating_mul(larger);
    let each = each.saturating_add(size).saturating_add(element);
    each.saturating_mul(windows).saturating_add(element)
}

impl<S: Source> Source for Computed<S> {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'a>(&'a self, part: &[Span]) -> Result<Pending<'a>> {
        self.array.contains(part)?;
        let stored = self.stored(part);
        let pending = self.source.begin(&stored)?;
        let bytes =
            part.iter().map(|span| span.count).fold(self.array.element().size() as u64, u64::saturating_mul);
        Ok(Box::new(move || {
            let values = pending()?;
            match self.expression.element() {
                ElementType::F32 => self.compute::<f32>(&values, &stored, bytes),
                ElementType::F64 => self.compute::<f64>(&values, &stored, bytes),
                _ => Ok(values),
            }
        }))
    }
}

impl<S: Source> Computed<S> {
    fn compute<'a, F: Real>(&self, values: &Values<'_>, stored: &[Span], bytes: u64) -> Result<Values<'a>> {
        let mut all = Aligned::new(bytes)?;
        let mut elements = Elements::<F>::new(&self.expression)?;
        elements.take(values, stored, &mut |block| {
            let found: &[u8] = bytemuck::cast_slice(block.values()?);
            if found.len() != all.bytes_mut().len() {
                return Err(Error::invalid(
                    format!("{} bytes are not the {} of a part", found.len(), all.bytes_mut().len()),
                    "look at what the source gives",
                ));
            }
            all.bytes_mut().copy_from_slice(found);
            Ok(())
        })?;
        Ok(Values::new(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Element;
    use crate::expression::{Map, Packing};
    use crate::kernels::{Fold, Folding, Missing, Rolling, Window};
    use crate::source::{Joined, Memory};

    fn part(start: u64, count: u64) -> [Span; 2] {
        [Span { start, count }, Span { start: 0, count: 2 }]
    }

    fn read<T: Element>(source: &dyn Source, part: &[Span]) -> Vec<T> {
        source.begin(part).unwrap()().unwrap().elements(|found: &[T]| Ok(found.to_vec())).unwrap()
    }

    fn memory<T: Element>(values: &[T], chunks: Option<Vec<u64>>, packing: Option<Packing>) -> Memory<'_> {
        let dimensions = [("time", values.len() as u64 / 2), ("x", 2)];
        let array = Array::new("t", &dimensions, T::TYPE, chunks).unwrap();
        let array = match packing {
            Some(packing) => array.packed(packing),
            None => array,
        };
        Memory::new("t", &dimensions, values).unwrap().described(array).unwrap()
    }

    #[test]
    fn arrays_that_are_packed_otherwise_are_joined() {
        let packing = |scale, offset| Packing { scale, offset, missing: vec![-1.0], is_single: true };
        let (one, two) = ([1_i16, 2, -1, 4], [10_u8, 20, 30, 40, 50, 60]);
        let one = memory(&one, Some(vec![1, 2]), Some(packing(0.5, 0.0)));
        let two = memory(&two, Some(vec![2, 2]), Some(packing(1.0, 100.0)));
        let of = |memory: &Memory<'_>| Expression::of(memory.array().clone());
        let sources: Vec<Box<dyn Source + '_>> = vec![
            Box::new(Computed::new(one.clone(), of(&one)).unwrap()),
            Box::new(Computed::new(two.clone(), of(&two).slice("time", 1, 2).unwrap()).unwrap()),
        ];
        let joined = Joined::new(sources, "time").unwrap();
        assert_eq!((joined.array().shape(), joined.array().element()), (vec![4, 2], ElementType::F32));
        let found: Vec<f32> = read(&joined, &part(0, 4));
        assert_eq!(found[..2], [0.5, 1.0]);
        assert!(found[2].is_nan());
        assert_eq!(found[3..], [2.0, 130.0, 140.0, 150.0, 160.0]);
    }

    #[test]
    fn windows_are_computed_of_their_part() {
        let values: Vec<i32> = (0..40).collect();
        let memory = memory(&values, Some(vec![4, 2]), None);
        let folding = Folding { fold: Fold::Largest, missing: Missing::LeftOut };
        let of = Expression::of(memory.array().clone()).slice("time", 4, 13).unwrap();
        let of =
            of.map(Map::Linear { factor: -1.0, term: 0.0 }).unwrap().coarsen("time", 2, folding).unwrap();
        let computed = Computed::new(&memory, of).unwrap();
        assert_eq!(computed.array().chunks(), Some(&[2, 2][..]));
        assert_eq!(computed.array().reading(), (4 + 4 + 8) * 2 + 8);
        assert_eq!(read::<f64>(&computed, &part(1, 2)), [-12.0, -13.0, -16.0, -17.0]);
        assert!(computed.begin(&part(5, 2)).is_err());
    }

    #[test]
    fn chunks_are_those_of_which_elements_are_made() {
        let values = [0_i32; 200];
        let memory = memory(&values, Some(vec![10, 2]), None);
        let sum = Folding { fold: Fold::Sum, missing: Missing::Kept };
        for (start, count, window, chunk, is_even) in [
            (0, 100, 1, 10, true),
            (20, 80, 5, 2, true),
            (20, 80, 20, 1, true),
            (20, 80, 3, 4, false),
            (21, 60, 1, 10, false),
            (31, 8, 1, 8, true),
            (35, 30, 30, 1, true),
        ] {
            let of = Expression::of(memory.array().clone()).slice("time", start, count).unwrap();
            let computed = Computed::new(&memory, of.coarsen("time", window, sum).unwrap()).unwrap();
            let found = (computed.array().chunks().unwrap()[0], !computed.array().is_uneven());
            assert_eq!(found, (chunk, is_even), "{start} {count} {window}");
        }
        // Two of ten elements are taken of a chunk: it is fetched and decoded whole.
        let of = Expression::of(memory.array().clone()).slice("time", 30, 2).unwrap();
        let computed = Computed::new(&memory, of).unwrap();
        assert_eq!(computed.array().reading(), (4 + 4) * 5 + 4 + 4 + 4);
    }

    #[test]
    fn what_needs_more_is_refused() {
        let values = [0_i32; 8];
        let (one, other) = (memory(&values, None, None), memory(&values[..4], None, None));
        let of = Expression::of(one.array().clone());
        let window = Window::new(2).unwrap();
        assert!(Computed::new(&one, of.clone().rolling("x", window, Rolling::Sum).unwrap()).is_err());
        assert!(Computed::new(&other, of.clone()).is_err());
        assert_eq!(read::<i32>(&Computed::new(&one, of).unwrap(), &part(1, 2)), [0; 4]);
    }
}
