//! What is known of parts of an array: it travels between processes, and becomes the result of all of them.

use std::collections::BTreeSet;

use super::fold::Placed;
use super::{Job, Watch, must_be_of, worker};
use crate::error::{Error, Result};
use crate::expression::{Expression, Span};
use crate::plan::{Plan, Portion};
use crate::source::Source;
use crate::state::{Output, State};

/// What bytes of a part begin with, before the version.
const KIND: &str = "frazil part";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is known of batches of a region that follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Of which plan: see [`Plan::digest`].
    digest: [u8; 32],
    /// Of the stored array.
    region: Vec<Span>,
    /// The first batch of the region that is in it.
    first: u64,
    /// How many are.
    count: u64,
    /// How many the region has.
    of: u64,
    state: State,
}

/// What bytes of a part say before its state.
type Head = ([u8; 32], Vec<(u64, u64)>, (u64, u64, u64));

/// How parts are merged that are next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// One after the other from the first on, as the threads of one process do: sums have the same bits.
    AsHere,
    /// Wherever they begin: sums depend on what is merged with what.
    Any,
}

impl Part {
    /// What is known of a box of an array in memory, which is one of so many (`of`) of its region.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn of_box(
        plan: &Plan,
        source: &dyn Source,
        beside: Option<&dyn Source>,
        (number, of): (u64, u64),
        watch: &Watch,
    ) -> Result<Self> {
        let batch = Portion { first: 0, count: 1, bytes: 0, states: 0 };
        let mut parts = run_portion(plan, source, beside, batch, watch)?;
        let part = parts.pop().ok_or_else(|| Error::invalid("the box is empty", "leave it out"))?;
        Ok(Self { first: number, of, ..part })
    }

    /// The part as bytes: a line that names this version, which plan it is of and where, and its state.
    ///
    /// # Errors
    /// As [`State::to_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let region = self.region.iter().map(|span| (span.start, span.count)).collect();
        let head: Head = (self.digest, region, (self.first, self.count, self.of));
        let told = postcard::to_stdvec(&head).map_err(|error| no_part(&error.to_string()))?;
        let state = self.state.to_bytes()?;
        let line = format!("{KIND} {VERSION}\n");
        Ok([line.as_bytes(), &told, &state].concat())
    }

    /// The part that became these bytes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bytes of another version, or that are no part.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
        let line = lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        let version = line.strip_prefix(KIND).ok_or_else(|| no_part("they do not begin as one"))?.trim();
        if version != VERSION {
            return Err(Error::invalid(
                format!("a state was made by frazil {version}, and here is frazil {VERSION}"),
                "use the same version of frazil here and on the workers",
            ));
        }
        let told = lines.next().unwrap_or_default();
        let (head, state) =
            postcard::take_from_bytes::<Head>(told).map_err(|error| no_part(&error.to_string()))?;
        let (digest, region, (first, count, of)) = head;
        if count == 0 || first.checked_add(count).is_none_or(|end| end > of) {
            return Err(no_part("it is of no batches of its region"));
        }
        let region = region.into_iter().map(|(start, count)| Span { start, count }).collect();
        Ok(Self { digest, region, first, count, of, state: State::from_bytes(state)? })
    }

    /// Whether another can be merged into it.
    fn is_before(&self, next: &Self, order: Order) -> bool {
        let is_next = self.region == next.region && self.first + self.count == next.first;
        is_next && (order == Order::Any || self.first == 0 && next.count == 1)
    }

    fn merge(&mut self, next: &Self) -> Result<()> {
        self.state.merge(&next.state)?;
        self.count += next.count;
        Ok(())
    }
}

/// Runs a portion of a plan on the thread that calls it: what is known of its batches, merged as far as they are merged
/// first in one process too.
///
/// # Errors
/// As [`super::run`]; [`Error::Invalid`] for a portion that the plan does not have.
pub fn run_portion(
    plan: &Plan,
    source: &dyn Source,
    beside: Option<&dyn Source>,
    portion: Portion,
    watch: &Watch,
) -> Result<Vec<Part>> {
    must_be_of(plan, source, beside)?;
    let end = portion.first.checked_add(portion.count).filter(|end| *end <= plan.batches());
    let (Some(end), Some(measure)) = (end, plan.measure()) else {
        return Err(Error::invalid(
            format!("the plan for `{}` has no such portion", source.array().name()),
            "take one of its own portions",
        ));
    };
    let job = Job { plan, source, beside, means: None, watch };
    let (digest, of) = (plan.digest(), plan.batches_of_region());
    let mut parts = Vec::new();
    for batch in portion.first..end {
        let mut runs = plan.runs_of(batch);
        let Some(first) = runs.next() else { continue };
        let (_, region) = plan.region(first);
        let mut state = worker::state(job, measure, first)?;
        for run in runs {
            state.merge(&worker::state(job, measure, run)?)?;
        }
        push(&mut parts, Part { digest, region, first: batch % of, count: 1, of, state }, Order::AsHere)?;
    }
    Ok(parts)
}

/// Merges parts that follow each other, where that may be done in this order; what may not be is given back behind.
///
/// # Errors
/// [`Error::Invalid`] for parts of several plans.
pub fn merge(parts: impl IntoIterator<Item = Result<Part>>, order: Order) -> Result<Vec<Part>> {
    let mut merged = Vec::new();
    for part in parts {
        push(&mut merged, part?, order)?;
    }
    Ok(merged)
}

fn push(parts: &mut Vec<Part>, part: Part, order: Order) -> Result<()> {
    match parts.last_mut() {
        Some(last) if last.digest != part.digest => Err(other_plan()),
        Some(last) if last.is_before(&part, order) => last.merge(&part),
        _ => {
            parts.push(part);
            Ok(())
        }
    }
}

/// The result of a plan, or of the boxes of its array, from what is known of all its parts, in their order.
///
/// # Errors
/// [`Error::Invalid`] for parts of another plan, and where some are missing or there twice.
pub fn finish(
    expression: &Expression,
    digest: &[u8; 32],
    parts: impl IntoIterator<Item = Result<Part>>,
    order: Order,
) -> Result<Output> {
    let measure = expression.measure().ok_or_else(other_plan)?;
    let merged = merge(parts, order)?;
    let mut placed = Placed::new(expression, measure, merged.is_empty())?;
    let (mut seen, mut cells) = (BTreeSet::new(), 0_u64);
    let whole = expression.cells(&expression.relative(expression.part()))?;
    let is_one = merged.len() == 1;
    for part in merged {
        if part.digest != *digest {
            return Err(other_plan());
        }
        let place: Vec<_> = part.region.iter().map(|span| (span.start, span.count)).collect();
        if part.count != part.of || !seen.insert(place) {
            return Err(missing(expression));
        }
        let own = expression.cells(&expression.relative(&part.region))?;
        cells = cells.saturating_add(own.count()?);
        placed.put(&part.region, part.state.finish(), is_one && own == whole)?;
    }
    if !seen.is_empty() && cells != whole.count()? {
        return Err(missing(expression));
    }
    placed.finish().ok_or_else(|| missing(expression))
}

fn missing(expression: &Expression) -> Error {
    Error::invalid(
        format!("what is known of `{}` is not all of it, once", expression.array().name()),
        "give each part of the plan once, in their order",
    )
}

fn other_plan() -> Error {
    Error::invalid(
        "a state is of another plan: of another array, another part of it, or something else is computed",
        "plan again, and let all workers run that plan; do not change what is read meanwhile",
    )
}

fn no_part(why: &str) -> Error {
    Error::invalid(
        format!("these bytes are no state of a part: {why}"),
        "give the bytes that a worker's run gave back",
    )
}

#[cfg(test)]
mod tests;
