//! An estimate against the budget.

use frazil_units::Amount;

use super::assume::Case;
use super::event::Model;
use super::{Quantity, Range};

/// How much of a budget an event takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// The budget.
    pub budget: Amount,
    /// The whole event.
    pub total: Range,
    /// Assumptions that alone, at their dear end, take the likely cost over the budget, or further over it,
    /// with what each adds; most first.
    pub by: Vec<(String, Amount)>,
}

impl Against {
    /// Compares an event with a budget.
    pub fn of(model: &Model, budget: Amount) -> Self {
        let total = Range::of(Case::ALL.map(|case| model.total(case)));
        let over = |more: &Amount| total.likely + *more > budget;
        let by = model.sensitivities().into_iter().filter(|(_, more)| over(more)).collect();
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
