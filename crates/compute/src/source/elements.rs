//! From stored values to elements: unpacked, mapped, masked, coarsened.

mod coarsen;

use num_traits::Float;

use super::Values;
use crate::block::{Block, Element, ElementType, for_element};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span, apply};
use crate::kernels::Accumulator;
use coarsen::Coarsen;

/// Floats that are computed with.
pub(crate) trait Real: Element + Float + Accumulator {}

impl Real for f32 {}
impl Real for f64 {}

/// Takes boxes of stored values to boxes of elements. Boxes that follow each other along the axis of windows go on with
/// them.
pub(crate) struct Elements<'a, F> {
    expression: &'a Expression,
    /// Whether stored values are elements as they are.
    is_plain: bool,
    coarsen: Option<Coarsen<F>>,
    /// The box before.
    before: Option<Vec<Span>>,
    scratch: Vec<F>,
}

impl<'a, F: Real> Elements<'a, F> {
    /// # Errors
    /// [`Error::Invalid`] for windows that are longer than memory.
    pub(crate) fn new(expression: &'a Expression) -> Result<Self> {
        let coarsen =
            expression.coarsening().map(|coarsening| Coarsen::new(coarsening).ok_or_else(too_large));
        let array = expression.array();
        let is_plain =
            expression.steps().is_empty() && array.packing().is_none() && array.element() == F::TYPE;
        Ok(Self { expression, is_plain, coarsen: coarsen.transpose()?, before: None, scratch: Vec::new() })
    }

    /// Gives the elements that are whole with the values of a box of the stored array.
    ///
    /// # Errors
    /// Where values do not fit the box; those of `with`.
    pub(crate) fn take(
        &mut self,
        values: &Values<'_>,
        part: &[Span],
        with: &mut dyn FnMut(&Block<'_, F>) -> Result<()>,
    ) -> Result<()> {
        if self.is_plain {
            return values.elements(|stored: &[F]| self.coarse(stored, part, with));
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        self.unpack(self.expression.array().element(), values, &mut scratch)?;
        let told = self.coarse(&scratch, part, with);
        self.scratch = scratch;
        told
    }

    fn unpack(&self, stored: ElementType, values: &Values<'_>, out: &mut Vec<F>) -> Result<()> {
        for_element!(stored, T => values.elements(|stored: &[T]| {
            apply(stored, self.expression.array().packing(), self.expression.steps(), out);
            Ok(())
        }))
    }

    fn coarse(
        &mut self,
        values: &[F],
        part: &[Span],
        with: &mut dyn FnMut(&Block<'_, F>) -> Result<()>,
    ) -> Result<()> {
        let origin = origin(self.expression, part);
        let lengths = lengths(part)?;
        let Some(coarsen) = &mut self.coarsen else {
            return with(&Block::new(values, &lengths, &origin)?);
        };
        let axis = self.expression.coarsening().map_or(0, |coarsening| coarsening.axis);
        if !self.before.as_ref().is_some_and(|before| is_next(before, part, axis)) {
            coarsen.begin();
        }
        self.before = Some(part.to_vec());
        let (folded, shape) = coarsen.add(values, &lengths);
        // Windows that end in a box begin where the one that its first element is in began.
        with(&Block::new(folded, shape, &origin)?)
    }
}

/// Whether a box lies behind another along an axis.
fn is_next(before: &[Span], next: &[Span], axis: usize) -> bool {
    before
        .iter()
        .zip(next)
        .enumerate()
        .all(|(own, (before, next))| if own == axis { before.end() == next.start } else { before == next })
}

/// The index of the first element of a box of the stored array.
pub(crate) fn origin(expression: &Expression, part: &[Span]) -> Vec<u64> {
    expression.relative(part).iter().map(|span| span.start).collect()
}

/// Elements along each axis, as memory counts.
pub(crate) fn lengths(part: &[Span]) -> Result<Vec<usize>> {
    part.iter().map(|span| usize::try_from(span.count).map_err(|_| too_large())).collect()
}

fn too_large() -> Error {
    Error::invalid("a block is larger than memory can be", "take a smaller part, or smaller windows")
}
