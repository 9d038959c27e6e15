//! A run: its blocks one after the other.

use std::collections::VecDeque;

use num_traits::Float;

use super::Watch;
use super::coarsen::Coarsen;
use crate::block::{Block, Element, ElementType, for_element};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span, apply};
use crate::plan::Plan;
use crate::sink::Sink;
use crate::source::{Pending, Source, Values};
use crate::state::{Measure, State};

/// The state of a run.
pub(super) fn state(
    plan: &Plan,
    measure: &Measure,
    run: u64,
    source: &dyn Source,
    watch: &Watch,
) -> Result<State> {
    let (_, region) = plan.region(run);
    let mut state = State::new(measure, plan.cells(&region)?)?;
    each_block(plan, run, source, watch, &mut Target::State(&mut state))?;
    Ok(state)
}

/// The elements of a run, into a sink.
pub(super) fn fill(plan: &Plan, run: u64, source: &dyn Source, sink: &dyn Sink, watch: &Watch) -> Result<()> {
    each_block(plan, run, source, watch, &mut Target::Sink(sink))
}

/// Where blocks go.
enum Target<'a> {
    State(&'a mut State),
    Sink(&'a dyn Sink),
}

impl Target<'_> {
    fn take<T: Element>(&mut self, block: &Block<'_, T>) -> Result<()> {
        match self {
            Self::State(state) => state.update(block),
            Self::Sink(sink) => {
                let along = block.origin().iter().zip(block.shape());
                let part: Vec<Span> =
                    along.map(|(start, count)| Span { start: *start, count: *count as u64 }).collect();
                sink.put(&part, T::TYPE, bytemuck::cast_slice(block.values()))
            }
        }
    }
}

/// Reads ahead, and takes block after block through the expression.
fn each_block(
    plan: &Plan,
    run: u64,
    source: &dyn Source,
    watch: &Watch,
    target: &mut Target<'_>,
) -> Result<()> {
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
            let Some((block, pending)) = ahead.pop_front() else { return Ok(()) };
            let values = pending()?;
            watch.add(values.bytes().len() as u64);
            pipe(&values, &block, target)?;
        }
    })
}

/// Takes the values of a box to where they go.
type Pipe<'a> = Box<dyn FnMut(&Values<'_>, &[Span], &mut Target<'_>) -> Result<()> + 'a>;

/// What elements are while they are computed with.
trait Working: Element {
    /// From stored values to where they go.
    fn pipe(expression: &Expression) -> Result<Pipe<'_>>;
}

macro_rules! working {
    (whole: $($whole:ty),*; floats: $($float:ty),*) => {
        $(impl Working for $whole {
            fn pipe(expression: &Expression) -> Result<Pipe<'_>> {
                Ok(Box::new(|values, part, target| {
                    values.elements(|stored: &[Self]| reduce(expression, stored, None, part, target))
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
    Ok(Box::new(move |values, part, target| {
        if is_plain {
            return values.elements(|stored: &[F]| coarse(expression, &mut coarsen, stored, part, target));
        }
        unpack(expression.array().element(), values, expression, &mut scratch)?;
        coarse(expression, &mut coarsen, &scratch, part, target)
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
    target: &mut Target<'_>,
) -> Result<()> {
    let Some((axis, coarsen, before)) = windows else {
        return reduce(expression, values, None, part, target);
    };
    if !before.as_ref().is_some_and(|before| is_next(before, part, *axis)) {
        coarsen.begin();
    }
    *before = Some(part.to_vec());
    let shape = lengths(part)?;
    let (sums, shape) = coarsen.add(values, &shape);
    // Windows that end in a block begin where the one that its first element is in began.
    reduce(expression, sums, Some(shape), part, target)
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
    target: &mut Target<'_>,
) -> Result<()> {
    let relative = expression.relative(part);
    let origin: Vec<u64> = relative.iter().map(|span| span.start).collect();
    match shape {
        Some(shape) => target.take(&Block::new(values, shape, &origin)?),
        None => target.take(&Block::new(values, &lengths(part)?, &origin)?),
    }
}

fn lengths(part: &[Span]) -> Result<Vec<usize>> {
    part.iter().map(|span| usize::try_from(span.count).map_err(|_| too_large())).collect()
}

fn too_large() -> Error {
    Error::invalid("a block is larger than memory can be", "take a smaller part, or smaller windows")
}
