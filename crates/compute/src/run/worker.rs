//! A run: its blocks one after the other.

use std::collections::VecDeque;

use super::Job;
use super::anomalies::{Gathering, Means};
use super::moving::Windows;
use crate::block::{Block, Element, ElementType, Pieces, for_element};
use crate::error::Result;
use crate::expression::{Expression, Span};
use crate::plan::{Blocks, Plan};
use crate::sink::Sink;
use crate::source::{Arrived, Arriving, Elements, Pending, Real, Source, Strips, Values, lengths, origin};
use crate::state::{Measure, State};

/// The state of a run.
pub(super) fn state(job: Job<'_>, measure: &Measure, run: u64) -> Result<State> {
    let (_, region) = job.plan.region(run);
    let mut state = State::new(measure, job.plan.cells(&region)?)?;
    if job.plan.is_direct() {
        for_element!(job.plan.expression().element(), T => as_it_lies::<T>(job, run, &mut state))?;
    } else {
        each_block(job, run, &mut Target::State(&mut state))?;
    }
    Ok(state)
}

/// The state of a run of what lies in memory, which is read in small parts where it does not.
fn as_it_lies<T: Element>(job: Job<'_>, run: u64, state: &mut State) -> Result<()> {
    let expression = job.plan.expression();
    for part in job.plan.blocks(run) {
        job.watch.check()?;
        let (shape, own) = (lengths(&part)?, origin(expression, &part));
        if let Some((values, pieces)) = lying::<T>(job.source, &part)? {
            let block = laid(values, pieces, &shape, &own)?;
            state.update(&block)?;
            job.watch.add((block.count() * size_of::<T>()) as u64);
            continue;
        }
        for part in job.plan.pieces(&part) {
            let values = job.source.begin(&part)?()?;
            let (shape, own) = (lengths(&part)?, origin(expression, &part));
            values.elements(|values: &[T]| state.update(&Block::new(values, &shape, &own)?))?;
            job.watch.add(values.bytes().len() as u64);
        }
    }
    Ok(())
}

/// The elements of a part that lies in memory, and how they lie where they are not one piece; none where it does not.
fn lying<'a, T: Element>(source: &'a dyn Source, part: &[Span]) -> Result<Option<(&'a [T], Option<Pieces>)>> {
    let lies = source.in_place(part)?;
    Ok(lies.and_then(|lies| Some((bytemuck::try_cast_slice(lies.bytes).ok()?, lies.pieces))))
}

fn laid<'a, T>(
    values: &'a [T],
    pieces: Option<Pieces>,
    shape: &'a [usize],
    origin: &'a [u64],
) -> Result<Block<'a, T>> {
    match pieces {
        None => Block::new(values, shape, origin),
        Some(pieces) => Block::in_pieces(values, shape, origin, pieces),
    }
}

/// The elements of a run, into a sink.
pub(super) fn fill(job: Job<'_>, run: u64, sink: &dyn Sink) -> Result<()> {
    each_block(job, run, &mut Target::Sink(sink))
}

/// Where blocks go.
enum Target<'a> {
    State(&'a mut State),
    Sink(&'a dyn Sink),
}

impl Target<'_> {
    /// Takes a block, and what lies beside each of its values if there is anything.
    fn take<T: Element>(&mut self, block: &Block<'_, T>, beside: Option<&[f64]>) -> Result<()> {
        match (self, beside) {
            (Self::State(state), None) => state.update(block),
            (Self::State(state), Some(beside)) => state.update_pairs(block, beside),
            (Self::Sink(sink), _) => {
                let along = block.origin().iter().zip(block.shape());
                let part: Vec<Span> =
                    along.map(|(start, count)| Span { start: *start, count: *count as u64 }).collect();
                sink.put(&part, T::TYPE, bytemuck::cast_slice(block.values()?))
            }
        }
    }
}

fn each_block(job: Job<'_>, run: u64, target: &mut Target<'_>) -> Result<()> {
    for_element!(job.plan.expression().element(), W => <W as Working>::each_block(job, run, target))
}

/// What elements are while they are computed with.
trait Working: Element {
    /// Takes the blocks of a run to where they go.
    fn each_block(job: Job<'_>, run: u64, target: &mut Target<'_>) -> Result<()>;
}

macro_rules! working {
    (whole: $($whole:ty),*; floats: $($float:ty),*) => {
        $(impl Working for $whole {
            fn each_block(job: Job<'_>, run: u64, target: &mut Target<'_>) -> Result<()> {
                as_stored::<Self>(job, run, target)
            }
        })*
        $(impl Working for $float {
            fn each_block(job: Job<'_>, run: u64, target: &mut Target<'_>) -> Result<()> {
                let back = Back::new(job, run);
                match Way::of(job.plan) {
                    Way::Held => held::<Self>(job, run, back, target),
                    Way::AsItLies => rolled::<Self>(job, run, back, target),
                    Way::Once => once::<Self>(job, run, back, target),
                }
            }
        })*
    };
}

working!(whole: i8, i16, i32, i64, u8, u16, u32, u64; floats: f32, f64);

/// How elements go from where they are to where they go.
enum Way {
    /// They are held until the means of their groups are known.
    Held,
    /// Windows take them from where they lie in memory.
    AsItLies,
    /// They go on as they come.
    Once,
}

impl Way {
    fn of(plan: &Plan) -> Self {
        if plan.is_held() {
            Self::Held
        } else if plan.expression().is_of_steps() && plan.expression().array().chunks().is_none() {
            Self::AsItLies
        } else {
            Self::Once
        }
    }
}

/// Integers that stay what they are.
fn as_stored<T: Element>(job: Job<'_>, run: u64, target: &mut Target<'_>) -> Result<()> {
    let expression = job.plan.expression();
    if job.plan.has_strips() {
        return each_strip(job, run, &mut |values, part| {
            let (shape, origin) = (lengths(part)?, origin(expression, part));
            values.elements(|stored: &[T]| target.take(&Block::new(stored, &shape, &origin)?, None))
        });
    }
    let companion = expression.companion();
    let mut beside = Beside::new(companion.as_ref())?;
    let mut reading = Reading::new(job, run);
    while let Some(read) = reading.next()? {
        let others = beside.doubles(&read)?;
        let (shape, origin) = (lengths(&read.part)?, origin(expression, &read.part));
        read.values.elements(|stored: &[T]| target.take(&Block::new(stored, &shape, &origin)?, others))?;
    }
    Ok(())
}

/// Elements that go on as they come.
fn once<F: Real>(job: Job<'_>, run: u64, mut back: Back<F>, target: &mut Target<'_>) -> Result<()> {
    let expression = job.plan.expression();
    let companion = expression.companion();
    let mut beside = Beside::new(companion.as_ref())?;
    let mut elements = Elements::<F>::new(expression)?.in_strips(expression.is_in_strips());
    if job.plan.has_strips() {
        return each_strip(job, run, &mut |values, part| {
            elements.take(values, part, &mut |block| back.take(block, job.means, None, target))
        });
    }
    let mut reading = Reading::new(job, run);
    while let Some(read) = reading.next()? {
        let others = beside.doubles(&read)?;
        elements.take(&read.values, &read.part, &mut |block| back.take(block, job.means, others, target))?;
    }
    Ok(())
}

/// Takes the strips of each block, in their order, as each is decoded.
fn each_strip(
    job: Job<'_>,
    run: u64,
    with: &mut dyn FnMut(&Values<'_>, &[Span]) -> Result<()>,
) -> Result<()> {
    let mut take = |values: &Values<'_>, part: &[Span]| {
        with(values, part)?;
        job.watch.add(values.bytes().len() as u64);
        Ok(())
    };
    let (mut blocks, mut ahead) = (job.plan.blocks(run), VecDeque::new());
    loop {
        job.watch.check()?;
        while ahead.len() as u64 <= job.plan.memory().ahead
            && let Some(block) = blocks.next()
        {
            let arriving: Arriving<'_> = job.source.arrive(&block)?;
            ahead.push_back((block, arriving));
        }
        let Some((part, arriving)) = ahead.pop_front() else { return Ok(()) };
        match arriving()? {
            Arrived::Values(values) => take(&values, &part)?,
            Arrived::Strips(mut chunk) => decoded(job, &part, chunk.as_mut(), &mut take)?,
        }
    }
}

/// Decodes a block, strip after strip.
fn decoded(
    job: Job<'_>,
    part: &[Span],
    chunk: &mut dyn Strips,
    take: &mut dyn FnMut(&Values<'_>, &[Span]) -> Result<()>,
) -> Result<()> {
    let mut first = 0;
    for strip in job.plan.strips(part) {
        job.watch.check()?;
        let behind = first + strip.iter().map(|span| span.count).product::<u64>();
        take(&chunk.elements(first..behind)?, &strip)?;
        first = behind;
    }
    Ok(())
}

/// Elements of memory whose windows are wanted, and nothing else: steps are taken from where they lie.
fn rolled<F: Real>(job: Job<'_>, run: u64, mut back: Back<F>, target: &mut Target<'_>) -> Result<()> {
    let expression = job.plan.expression();
    let axis = expression.moving().map_or(0, |moving| moving.axis);
    for part in job.plan.blocks(run) {
        job.watch.check()?;
        let (shape, own) = (lengths(&part)?, origin(expression, &part));
        let is_step = |pieces: Option<Pieces>| {
            pieces.is_none_or(|pieces| {
                pieces.axis <= axis + 1 && shape[..axis].iter().all(|length| *length == 1)
            })
        };
        match lying::<F>(job.source, &part)?.filter(|(_, pieces)| is_step(*pieces)) {
            Some((values, pieces)) => {
                back.take(&laid(values, pieces, &shape, &own)?, None, None, target)?;
            }
            None => job.source.begin(&part)?()?
                .elements(|values: &[F]| back.take(&Block::new(values, &shape, &own)?, None, None, target))?,
        }
        job.watch.add((shape.iter().product::<usize>() * size_of::<F>()) as u64);
    }
    Ok(())
}

/// Elements that are held until the means of their groups are known.
fn held<F: Real>(job: Job<'_>, run: u64, mut back: Back<F>, target: &mut Target<'_>) -> Result<()> {
    let (plan, expression) = (job.plan, job.plan.expression());
    let Some(mut gathering) = Gathering::new(expression, &plan.reach(run))? else { return Ok(()) };
    // As the pass before would take them.
    let mut elements = Elements::<F>::new(expression)?.in_strips(true);
    let (mut reading, mut all) = (Reading::new(job, run), Vec::new());
    while let Some(read) = reading.next()? {
        let stretch = plan.stretch(&read.part);
        elements.take(&read.values, &read.part, &mut |block| gathering.take(stretch, block))?;
        all.push(read);
    }
    let means = gathering.finish()?;
    let mut elements = Elements::<F>::new(expression)?.in_strips(expression.is_in_strips());
    for read in all {
        job.watch.check()?;
        elements.take(&read.values, &read.part, &mut |block| back.take(block, Some(&means), None, target))?;
    }
    Ok(())
}

/// A box that was read.
struct Read<'a> {
    part: Vec<Span>,
    values: Values<'a>,
    /// What lies beside it.
    beside: Option<Values<'a>>,
}

/// Reads the blocks of a run, some ahead.
struct Reading<'a> {
    job: Job<'a>,
    blocks: Blocks,
    ahead: VecDeque<(Vec<Span>, Pending<'a>, Option<Pending<'a>>)>,
}

impl<'a> Reading<'a> {
    fn new(job: Job<'a>, run: u64) -> Self {
        Self { job, blocks: job.plan.blocks(run), ahead: VecDeque::new() }
    }

    /// The next block; none behind the last one.
    fn next(&mut self) -> Result<Option<Read<'a>>> {
        let job = self.job;
        job.watch.check()?;
        while self.ahead.len() as u64 <= job.plan.memory().ahead
            && let Some(block) = self.blocks.next()
        {
            let pending = job.source.begin(&block)?;
            let beside = job.beside.map(|beside| beside.begin(&block)).transpose()?;
            self.ahead.push_back((block, pending, beside));
        }
        let Some((part, pending, beside)) = self.ahead.pop_front() else { return Ok(None) };
        let (values, beside) = (pending()?, beside.map(|pending| pending()).transpose()?);
        let bytes = values.bytes().len() + beside.as_ref().map_or(0, |beside| beside.bytes().len());
        job.watch.add(bytes as u64);
        Ok(Some(Read { part, values, beside }))
    }
}

/// What lies beside the blocks, as doubles.
enum Beside<'a> {
    Nothing,
    Singles(Elements<'a, f32>, Vec<f64>),
    Doubles(Elements<'a, f64>, Vec<f64>),
}

impl<'a> Beside<'a> {
    fn new(companion: Option<&'a Expression>) -> Result<Self> {
        Ok(match companion {
            None => Self::Nothing,
            Some(companion) if companion.element() == ElementType::F32 => {
                Self::Singles(Elements::new(companion)?, Vec::new())
            }
            Some(companion) => Self::Doubles(Elements::new(companion)?, Vec::new()),
        })
    }

    fn doubles(&mut self, read: &Read<'_>) -> Result<Option<&[f64]>> {
        let Some(values) = &read.beside else { return Ok(None) };
        let doubles = match self {
            Self::Nothing => return Ok(None),
            Self::Singles(elements, doubles) => {
                doubles.clear();
                elements.take(values, &read.part, &mut |block| {
                    doubles.extend(block.values()?.iter().map(|single| f64::from(*single)));
                    Ok(())
                })?;
                doubles
            }
            Self::Doubles(elements, doubles) => {
                doubles.clear();
                elements.take(values, &read.part, &mut |block| {
                    doubles.extend_from_slice(block.values()?);
                    Ok(())
                })?;
                doubles
            }
        };
        Ok(Some(doubles))
    }
}

/// From elements to where they go: turned into anomalies, taken together by windows that move.
struct Back<F> {
    anomalies: Vec<F>,
    windows: Option<Windows<F>>,
}

impl<F: Real> Back<F> {
    fn new(job: Job<'_>, run: u64) -> Self {
        let expression = job.plan.expression();
        let extent = job.plan.extent(run);
        let windows = Windows::new(expression, |axis| expression.indices(axis, extent[axis]));
        Self { anomalies: Vec::new(), windows }
    }

    fn take(
        &mut self,
        block: &Block<'_, F>,
        means: Option<&Means>,
        beside: Option<&[f64]>,
        target: &mut Target<'_>,
    ) -> Result<()> {
        let differing = match means {
            Some(means) => {
                means.subtract(block, &mut self.anomalies)?;
                Some(Block::new(&self.anomalies, block.shape(), block.origin())?)
            }
            None => None,
        };
        let block = differing.as_ref().unwrap_or(block);
        match &mut self.windows {
            Some(windows) => windows.take(block, |results| target.take(results, beside)),
            None => target.take(block, beside),
        }
    }
}
