//! A box of an array, which lies in memory.

use super::{Pending, Source};
use crate::error::{Error, Result};
use crate::expression::{Array, Span};

/// An array of which one box is there: it has the places that it has in all of the array.
pub struct Patch<'a> {
    array: Array,
    first: Vec<u64>,
    values: &'a dyn Source,
}

impl<'a> Patch<'a> {
    /// The box of an array that begins at these places: an array of its own.
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that is not inside the array, or of another type.
    pub fn new(array: Array, first: Vec<u64>, values: &'a dyn Source) -> Result<Self> {
        let own = values.array();
        let along = first.iter().zip(own.shape());
        let part: Vec<Span> = along.map(|(start, count)| Span { start: *start, count }).collect();
        array.contains(&part)?;
        if own.element() != array.element() || own.shape().len() != first.len() {
            return Err(Error::invalid(
                format!(
                    "elements of {} are no box of `{}` of {}",
                    own.element(),
                    array.name(),
                    array.element()
                ),
                "give values of the array's type",
            ));
        }
        Ok(Self { array, first, values })
    }
}

impl Source for Patch<'_> {
    fn array(&self) -> &Array {
        &self.array
    }

    fn begin<'b>(&'b self, part: &[Span]) -> Result<Pending<'b>> {
        self.array.contains(part)?;
        let own = part.iter().zip(&self.first).map(|(span, first)| {
            let start = span.start.checked_sub(*first)?;
            Some(Span { start, count: span.count })
        });
        let own: Option<Vec<Span>> = own.collect();
        match own {
            Some(own) => self.values.begin(&own),
            None => Err(Error::invalid(
                format!("{part:?} of `{}` is not there", self.array.name()),
                "read inside the box",
            )),
        }
    }
}
