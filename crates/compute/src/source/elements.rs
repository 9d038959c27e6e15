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

/// So many elements are unpacked at once where they need not stay together: they are still near a core when they are
/// reduced.
const STRIP: u64 = 1 << 16;

/// Takes boxes of stored values to boxes of elements. Boxes that follow each other along the axis of windows go on with
/// them.
pub(crate) struct Elements<'a, F> {
    expression: &'a Expression,
    /// Whether stored values are elements as they are.
    is_plain: bool,
    /// Whether a box may become several, of what lies in one piece of it.
    is_in_strips: bool,
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
        let (is_plain, coarsen) = (is_plain(expression, F::TYPE), coarsen.transpose()?);
        Ok(Self { expression, is_plain, is_in_strips: false, coarsen, before: None, scratch: Vec::new() })
    }

    /// The same; a box of values that are unpacked may become several boxes of elements.
    pub(crate) fn in_strips(self, is_in_strips: bool) -> Self {
        Self { is_in_strips, ..self }
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
        let told = for_element!(self.expression.array().element(), T => values.elements(|stored: &[T]| {
            self.unpack(stored, part, &mut scratch, with)
        }));
        self.scratch = scratch;
        told
    }

    fn unpack<T: Element>(
        &mut self,
        mut stored: &[T],
        part: &[Span],
        scratch: &mut Vec<F>,
        with: &mut dyn FnMut(&Block<'_, F>) -> Result<()>,
    ) -> Result<()> {
        let expression = self.expression;
        let strips = if self.is_in_strips { strips(expression, part, STRIP) } else { vec![part.to_vec()] };
        for strip in strips {
            let count = lengths(&strip)?.iter().product::<usize>();
            let (now, later) = stored.split_at_checked(count).ok_or_else(|| unfit(stored.len(), &strip))?;
            apply(now, expression.array().packing(), expression.steps(), scratch);
            self.coarse(scratch, &strip, with)?;
            stored = later;
        }
        if stored.is_empty() { Ok(()) } else { Err(unfit(stored.len(), part)) }
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

/// Whether stored values are elements of a type as they are, but for their coarsening.
fn is_plain(expression: &Expression, element: ElementType) -> bool {
    let array = expression.array();
    expression.steps().is_empty() && array.packing().is_none() && array.element() == element
}

/// Elements along each axis of what is unpacked at once of a box of so many.
pub(crate) fn strip(expression: &Expression, lengths: Vec<u64>) -> Vec<u64> {
    let is_whole = is_plain(expression, expression.element()) || !expression.is_in_strips();
    if is_whole { lengths } else { longest(expression, lengths, STRIP) }
}

/// Elements along each axis of the longest of the strips of a box of so many.
pub(crate) fn longest(expression: &Expression, mut lengths: Vec<u64>, most: u64) -> Vec<u64> {
    if let Some((axis, step)) = cut(&lengths, expression, most) {
        lengths[..axis].fill(1);
        lengths[axis] = step;
    }
    lengths
}

/// The boxes of so many elements at most, if they can be, that a box is taken by, in their order: each lies in one piece.
pub(crate) fn strips(expression: &Expression, part: &[Span], most: u64) -> Vec<Vec<Span>> {
    let lengths: Vec<u64> = part.iter().map(|span| span.count).collect();
    match cut(&lengths, expression, most) {
        Some((axis, step)) => along(part, axis, step).collect(),
        None => vec![part.to_vec()],
    }
}

/// The boxes of so many elements along an axis and of one along those before.
fn along(part: &[Span], axis: usize, step: u64) -> impl Iterator<Item = Vec<Span>> {
    let many = part[axis].count.div_ceil(step);
    let before: u64 = part[..axis].iter().map(|span| span.count).product();
    (0..before * many).map(move |number| {
        let (from, mut rest) = (number % many * step, number / many);
        let mut strip = part.to_vec();
        strip[axis] = Span { start: part[axis].start + from, count: step.min(part[axis].count - from) };
        for (own, span) in strip[..axis].iter_mut().zip(part).rev() {
            *own = Span { start: span.start + rest % span.count, count: 1 };
            rest /= span.count;
        }
        strip
    })
}

/// The axis along which a box of so many elements is cut, so that `most` are together, and elements of each along it; none
/// where it need not be cut, or windows would not follow each other then.
fn cut(lengths: &[u64], expression: &Expression, most: u64) -> Option<(usize, u64)> {
    let inner = |axis: usize| lengths[axis + 1..].iter().copied().fold(1, u64::saturating_mul);
    let axis = match expression.coarsening().map(|coarsening| coarsening.axis) {
        Some(axis) => lengths[..axis].iter().all(|length| *length == 1).then_some(axis)?,
        None => (0..lengths.len()).rev().find(|axis| inner(*axis).saturating_mul(lengths[*axis]) > most)?,
    };
    let step = (most / inner(axis).max(1)).max(1);
    (step < lengths[axis]).then_some((axis, step))
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

fn unfit(values: usize, part: &[Span]) -> Error {
    Error::invalid(
        format!("{values} values do not fill the rest of {part:?}"),
        "open the array again: it may have changed",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::expression::{Array, Map};

    fn expression(lengths: [u64; 3], coarsened: Option<&str>) -> Expression {
        let dimensions: Vec<_> = ["a", "b", "c"].into_iter().zip(lengths).collect();
        let all = Expression::of(Array::new("t", &dimensions, ElementType::F32, None).unwrap());
        let all = all.map(Map::Square).unwrap();
        coarsened.map_or(all.clone(), |axis| all.coarsen_sum(axis, 1).unwrap())
    }

    proptest! {
        #[test]
        fn strips_are_all_of_a_box_in_its_order(
            lengths in [1..6_u64, 1..6_u64, 1..6_u64], starts in [0..4_u64, 0..4_u64, 0..4_u64], most in 1..70_u64,
            coarsened in prop::option::of(prop::sample::select(vec!["a", "b", "c"])),
        ) {
            let part: Vec<Span> = starts.into_iter().zip(lengths).map(|(start, count)| Span { start, count }).collect();
            let expression = expression([9; 3], coarsened);
            let all: u64 = lengths.iter().product();
            let strips: Vec<Vec<Span>> = match cut(&lengths, &expression, most) {
                Some((axis, step)) => along(&part, axis, step).collect(),
                None => vec![part.clone()],
            };
            let places = |part: &[Span]| {
                let [a, b, c] = [part[0], part[1], part[2]].map(|span| span.start..span.end());
                a.flat_map(move |a| b.clone().flat_map({ let c = c.clone(); move |b| c.clone().map(move |c| [a, b, c]) })).collect::<Vec<_>>()
            };
            prop_assert_eq!(strips.iter().flat_map(|strip| places(strip)).collect::<Vec<_>>(), places(&part));
            let counts = strips.iter().map(|strip| strip.iter().map(|span| span.count).product::<u64>());
            prop_assert!(coarsened.is_some() || counts.max() <= Some(most.min(all)));
        }
    }
}
