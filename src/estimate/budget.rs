//! An estimate against the budget.

use frazil_units::Amount;

use super::assume::Case;
use super::event::{Change, Model};
use super::{Quantity, Range};

/// How much of a budget an event takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The budget.
    pub budget: Amount,
    /// The whole event.
    pub total: Range,
    /// Where the likely cost fits: the assumptions that alone, at their dear end, take it over the budget.
    /// Where it does not: those that alone, at their cheap end, bring it within. Most first.
    pub by: Vec<Change>,
}

impl Against {
    /// Compares an event with a budget.
    pub fn of(model: &Model, budget: Amount) -> Self {
        let total = Range::of(Case::ALL.map(|case| model.total(case)));
        let fits = total.likely <= budget;
        let end = if fits { Case::High } else { Case::Low };
        let turns = |change: &Change| (total.likely + change.usd <= budget) != fits;
        let by = model.changes(end).into_iter().filter(turns).collect();
        Self { budget, total, by }
    }

    /// An amount in percent of the budget, rounded.
    pub fn percent(&self, usd: Amount) -> Option<i128> {
        let hundredths = usd.ratio(100, self.budget.pico())?;
        Some((hundredths.pico() * 2 + 1) / 2)
    }

    /// Whether it fits in a case.
    pub fn fits(&self, usd: Amount) -> bool {
        usd <= self.budget
    }
}

/// How many hours of something at a price a sum pays.
pub fn hours_of(sum: Amount, usd: Amount) -> Option<i128> {
    sum.pico().checked_div(usd.pico()).filter(|_| usd > Amount::ZERO && sum >= Amount::ZERO)
}

/// Hours of a month, as a quantity.
pub fn month() -> Quantity {
    Quantity::whole(u64::try_from(crate::catalog::MONTH_HOURS).unwrap_or(0))
}
