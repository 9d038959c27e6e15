//! States in their order become one, and what regions become is put where it belongs.

use crate::error::Result;
use crate::expression::{Expression, Span};
use crate::state::{Measure, Output, State};

/// Merges a state into those before it.
pub(super) fn merged_into(into: &mut Option<State>, state: State) -> Result<()> {
    if let Some(merged) = into {
        return merged.merge(&state);
    }
    *into = Some(state);
    Ok(())
}

/// The result, as far as regions are known.
pub(super) struct Placed<'a> {
    expression: &'a Expression,
    result: Option<Output>,
}

impl<'a> Placed<'a> {
    /// Of an expression with this measure, of which there is nothing to read if `is_empty`: then there is a result, sums
    /// of nothing.
    pub(super) fn new(expression: &'a Expression, measure: &Measure, is_empty: bool) -> Result<Self> {
        let whole = || expression.cells(&expression.relative(expression.part()));
        let result = if is_empty { Some(State::new(measure, whole()?)?.finish()) } else { None };
        Ok(Self { expression, result })
    }

    /// Puts the result of a region of the stored array where it belongs; all of it if it `is_all`.
    pub(super) fn put(&mut self, region: &[Span], output: Output, is_all: bool) -> Result<()> {
        if is_all {
            self.result = Some(output);
            return Ok(());
        }
        let cells = |region: &[Span]| self.expression.cells(&self.expression.relative(region));
        let (whole, part) = (cells(self.expression.part())?, cells(region)?);
        match &mut self.result {
            Some(result) => result.put(&output, &part),
            result @ None => {
                let mut all = output.sized(&whole)?;
                all.put(&output, &part);
                *result = Some(all);
            }
        }
        Ok(())
    }

    /// The result, with its counts divided where their mean is wanted; none where nothing was put.
    pub(super) fn finish(self) -> Option<Output> {
        let divisor = self.expression.reduction().and_then(|reduction| reduction.divisor);
        self.result.map(|output| match divisor {
            Some(divisor) => Output { values: output.values.divided(divisor), ..output },
            None => output,
        })
    }
}
