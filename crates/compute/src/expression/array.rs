//! Arrays as they are stored.

use super::Span;
use crate::block::ElementType;
use crate::error::{Error, Result};

/// An array as it is stored, without its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    name: String,
    dimensions: Vec<Dimension>,
    element: ElementType,
    chunks: Option<Vec<u64>>,
    packing: Option<Packing>,
    reading: u64,
    is_in_parts: bool,
    is_uneven: bool,
    has_strips: bool,
}

/// A named length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// How many elements it has.
    pub length: u64,
}

/// How stored numbers become values: NaN for missing ones, else `stored * scale + offset` in the precision of the values,
/// rounded after each step, as xarray does it (CF 1.12, 8.1 and 2.5.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    /// Times this.
    pub scale: f64,
    /// Plus this.
    pub offset: f64,
    /// Stored numbers that stand for a missing one.
    pub missing: Vec<f64>,
    /// Whether values are of single precision then; else of double precision.
    pub is_single: bool,
}

impl Array {
    /// An array with dimensions by name and length, and elements of a chunk along each; none where any part
    /// can be read as easily as any other, as in memory.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a dimension that is there twice, chunks of no elements or of other dimensions, and
    /// for more elements than can be counted.
    pub fn new(
        name: impl Into<String>,
        dimensions: &[(&str, u64)],
        element: ElementType,
        chunks: Option<Vec<u64>>,
    ) -> Result<Self> {
        let name = name.into();
        for (index, (dimension, _)) in dimensions.iter().enumerate() {
            if dimensions[..index].iter().any(|(before, _)| before == dimension) {
                return Err(Error::invalid(
                    format!("`{name}` has the dimension `{dimension}` twice"),
                    "give each dimension a name of its own",
                ));
            }
        }
        if chunks.as_ref().is_some_and(|chunks| chunks.len() != dimensions.len() || chunks.contains(&0)) {
            return Err(Error::invalid(
                format!(
                    "chunks of {chunks:?} are none of `{name}`, which has {} dimensions",
                    dimensions.len()
                ),
                "give a length of 1 or more for each dimension",
            ));
        }
        let size = element.size() as u64;
        let lengths = dimensions.iter().map(|(_, length)| *length).filter(|length| *length > 0);
        if lengths.into_iter().try_fold(size, u64::checked_mul).is_none() {
            return Err(Error::invalid(
                format!("`{name}` has more elements than can be counted"),
                "look at its shape",
            ));
        }
        let dimensions = dimensions
            .iter()
            .map(|(name, length)| Dimension { name: (*name).to_owned(), length: *length })
            .collect();
        let reading = if chunks.is_some() { size } else { 0 };
        let (is_in_parts, is_uneven, has_strips) = (chunks.is_none(), false, false);
        Ok(Self {
            name,
            dimensions,
            element,
            chunks,
            packing: None,
            reading,
            is_in_parts,
            is_uneven,
            has_strips,
        })
    }

    /// The same, packed.
    #[must_use]
    pub fn packed(mut self, packing: Packing) -> Self {
        self.packing = Some(packing);
        self
    }

    /// The same, where so many bytes for each element are taken while it is read, besides its own. Unless said, as many
    /// as its own where there are chunks, and none where not.
    #[must_use]
    pub fn read_with(mut self, bytes: u64) -> Self {
        self.reading = bytes;
        self
    }

    /// The same, of whose chunks parts are read for themselves. Unless said, a chunk is fetched and decoded whole, whatever
    /// is asked of it.
    #[must_use]
    pub fn in_parts(mut self) -> Self {
        self.is_in_parts = true;
        self
    }

    /// The same, whose chunks are of these lengths at most, and do not all begin at multiples of them: some lie in two
    /// blocks, and are read for each.
    #[must_use]
    pub fn uneven(mut self) -> Self {
        self.is_uneven = true;
        self
    }

    /// The same, whose chunks come as they are stored and are decoded strip after strip: see [`crate::source::Source::arrive`].
    #[must_use]
    pub fn in_strips(mut self) -> Self {
        self.has_strips = true;
        self
    }

    /// The same, read as another is: see [`Self::read_with`], [`Self::in_parts`], [`Self::uneven`] and [`Self::in_strips`].
    #[must_use]
    pub fn read_as(self, other: &Self) -> Self {
        let Self { reading, is_in_parts, is_uneven, has_strips, .. } = *other;
        Self { reading, is_in_parts, is_uneven, has_strips, ..self }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its dimensions in their order.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Elements along each dimension.
    pub fn shape(&self) -> Vec<u64> {
        self.dimensions.iter().map(|dimension| dimension.length).collect()
    }

    /// That a part lies inside: a span along each dimension.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it does not.
    pub(crate) fn contains(&self, part: &[Span]) -> Result<()> {
        let is_inside = |(span, own): (&Span, &Dimension)| span.end() <= own.length;
        if part.len() == self.dimensions.len() && part.iter().zip(&self.dimensions).all(is_inside) {
            return Ok(());
        }
        Err(Error::invalid(
            format!("the part {part:?} is not inside `{}` of {:?}", self.name, self.shape()),
            "read parts inside the array",
        ))
    }

    /// What an element is as it is stored.
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// Elements of a chunk along each dimension.
    pub fn chunks(&self) -> Option<&[u64]> {
        self.chunks.as_deref()
    }

    /// Bytes for each element that are taken while it is read, besides its own.
    pub fn reading(&self) -> u64 {
        self.reading
    }

    /// Whether parts of chunks are read for themselves.
    pub fn is_in_parts(&self) -> bool {
        self.is_in_parts
    }

    /// Whether chunks may lie in two blocks.
    pub fn is_uneven(&self) -> bool {
        self.is_uneven
    }

    /// Whether chunks are decoded strip after strip.
    pub fn has_strips(&self) -> bool {
        self.has_strips
    }

    /// Elements along an axis of all chunks that are decoded for a span of it; the span's own where parts of chunks are
    /// read.
    pub(crate) fn decoded(&self, axis: usize, span: Span) -> u64 {
        match &self.chunks {
            Some(chunks) if !self.is_in_parts && span.count > 0 => {
                let touched = (span.end() - 1) / chunks[axis] - span.start / chunks[axis] + 1;
                touched.saturating_add(u64::from(self.is_uneven)).saturating_mul(chunks[axis])
            }
            _ => span.count,
        }
    }

    /// How its elements become values, where they are packed.
    pub fn packing(&self) -> Option<&Packing> {
        self.packing.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_that_cannot_be_are_refused() {
        let of = |dimensions: &[(&str, u64)], chunks| Array::new("t", dimensions, ElementType::F64, chunks);
        assert!(of(&[("x", 3), ("x", 3)], None).is_err());
        assert!(of(&[("x", 3)], Some(vec![0])).is_err());
        assert!(of(&[("x", 3)], Some(vec![1, 1])).is_err());
        assert!(of(&[("x", u64::MAX)], None).is_err());
        assert!(of(&[("x", 0), ("y", 1 << 40)], Some(vec![7, 7])).is_ok());
    }

    #[test]
    fn chunks_are_decoded_whole_unless_they_are_read_in_parts() {
        let array = Array::new("t", &[("x", 100)], ElementType::F64, Some(vec![30])).unwrap();
        let decoded = |array: &Array, start, count| array.decoded(0, Span { start, count });
        assert_eq!([decoded(&array, 29, 2), decoded(&array, 30, 30), decoded(&array, 95, 5)], [60, 30, 30]);
        assert_eq!(decoded(&array, 7, 0), 0);
        assert_eq!(decoded(&array.clone().uneven(), 30, 30), 60);
        assert_eq!(decoded(&array.in_parts(), 29, 2), 2);
        let memory = Array::new("t", &[("x", 100)], ElementType::F64, None).unwrap();
        assert_eq!(decoded(&memory, 29, 2), 2);
    }
}
