//! What a thread does: a run at a time, its blocks one after the other.

use std::collections::VecDeque;

use num_traits::Float;

use super::Watch;
use super::coarsen::Coarsen;
use super::merge::Merge;
use crate::block::{Block, Element, ElementType, for_element};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span, apply};
use crate::plan::Plan;
use crate::source::{Pending, Source, Values};
use crate::state::State;

/// Takes runs until there are none left.
pub(super) fn work(plan: &Plan, source: &dyn Source, watch: &Watch, merge: &Merge<'_>) {
    while let Some(run) = merge.take() {
        merge.put(run, state_of(plan, run, source, watch));
    }
}

/// The state of a run.
fn state_of(plan: &Plan, run: u64, source: &dyn Source, watch: &Watch) -> Result<State> {
    let (_, region) = plan.region(run);
    let mut state = State::new(plan.measure(), plan.cells(&region)?)?;
    let expression = plan.expression();
    for_element!(expression.element(), W => {
        let mut pipe = <W as Working>::pipe(expression)?;
        let mut blocks = plan.blocks(run);
        let mut ahead: VecDeque<(Vec<Span>, Pending<'_>)> = VecDeque::new();
        loop {
            watch.check()?;
            while ahead.len() as u64 <= plan.memory().ahead && let Some(block) = blocks.next() {
                let pending = source.begin(&block)?;
                ahead.push_back((block, pending));
            }
            let Some((block, pending)) = ahead.pop_front() else { return Ok(state) };
            let values = pending()?;
            watch.add(values.bytes().len() as u64);
            pipe(&values, &block, &mut state)?;
        }
    })
}

/// Takes the values of a box into a state.
type Pipe<'a> = Box<dyn FnMut(&Values<'_>, &[Span], &mut State) -> Result<()> + 'a>;

/// What elements are while they are computed with.
trait Working: Element {
    /// From stored values to the state.
    fn pipe(expression: &Expression) -> Result<Pipe<'_>>;
}

macro_rules! working {
    (whole: $($whole:ty),*; floats: $($float:ty),*) => {
        $(impl Working for $whole {
            fn pipe(expression: &Expression) -> Result<Pipe<'_>> {
                Ok(Box::new(|values, part, state| {
                    values.elements(|stored: &[Self]| reduce(expression, stored, None, part, state))
                }))
            }
        })*
        $(impl Working for $float {
            fn pipe(expression: &Expression) -> Result<Pipe<'_>> {
                floats::<Self>(expression)
            }
        })*
    };
}

working!(whole: i8, i16, i32, i64, u8, u16, u32, u64; floats: f32, f64);

/// Values become floats if they are none yet, go through the steps, and into windows.
fn floats<F: Element + Float>(expression: &Expression) -> Result<Pipe<'_>> {
    let mut coarsen = match expression.coarsening() {
        Some(coarsening) => {
            let window = usize::try_from(coarsening.window).map_err(|_| too_large())?;
            Some((coarsening.axis, Coarsen::new(coarsening.axis, window), None))
        }
        None => None,
    };
    let is_plain = expression.steps().is_empty()
        && expression.array().packing().is_none()
        && expression.array().element() == F::TYPE;
    let mut scratch: Vec<F> = Vec::new();
    Ok(Box::new(move |values, part, state| {
        if is_plain {
            return values.elements(|stored: &[F]| coarse(expression, &mut coarsen, stored, part, state));
        }
        unpack(expression.array().element(), values, expression, &mut scratch)?;
        coarse(expression, &mut coarsen, &scratch, part, state)
    }))
}

fn unpack<F: Element + Float>(
    stored: ElementType,
    values: &Values<'_>,
    expression: &Expression,
    out: &mut Vec<F>,
) -> Result<()> {
    for_element!(stored, T => values.elements(|stored: &[T]| {
        apply(stored, expression.array().packing(), expression.steps(), out)
    }))
}

/// An axis, the windows along it, and where the next block goes on with them.
type Windows<F> = Option<(usize, Coarsen<F>, Option<Vec<Span>>)>;

fn coarse<F: Element + Float>(
    expression: &Expression,
    windows: &mut Windows<F>,
    values: &[F],
    part: &[Span],
    state: &mut State,
) -> Result<()> {
    let Some((axis, coarsen, before)) = windows else { return reduce(expression, values, None, part, state) };
    if !before.as_ref().is_some_and(|before| is_next(before, part, *axis)) {
        coarsen.begin();
    }
    *before = Some(part.to_vec());
    let shape = lengths(part)?;
    let (sums, shape) = coarsen.add(values, &shape);
    // Windows that end in a block begin where the one that its first element is in began.
    reduce(expression, sums, Some(shape), part, state)
}

/// Whether a box lies behind another along an axis.
fn is_next(before: &[Span], next: &[Span], axis: usize) -> bool {
    before
        .iter()
        .zip(next)
        .enumerate()
        .all(|(own, (before, next))| if own == axis { before.end() == next.start } else { before == next })
}

fn reduce<T: Element>(
    expression: &Expression,
    values: &[T],
    shape: Option<&[usize]>,
    part: &[Span],
    state: &mut State,
) -> Result<()> {
    let relative = expression.relative(part);
    let origin: Vec<u64> = relative.iter().map(|span| span.start).collect();
    match shape {
        Some(shape) => state.update(&Block::new(values, shape, &origin)?),
        None => state.update(&Block::new(values, &lengths(part)?, &origin)?),
    }
}

fn lengths(part: &[Span]) -> Result<Vec<usize>> {
    part.iter().map(|span| usize::try_from(span.count).map_err(|_| too_large())).collect()
}

fn too_large() -> Error {
    Error::invalid("a block is larger than memory can be", "take a smaller part, or smaller windows")
}
