//! How a hub's budget goes, by all days that the ledger has of it.

use std::collections::BTreeMap;

use frazil_units::Amount;
use jiff::civil::Date;

use crate::commands::cost::show::answer;
use crate::commands::ledger::refuse;
use crate::config::{Budget as Planned, HubFile};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::ledger::allocate::{By, Question, choose};
use crate::ledger::budget::{Standing, by_day, whole_through};
use crate::ledger::forecast::Window;
use crate::report::{Budget, Chapter};

/// How a budget goes in the days of the event, or in the month of the chapter's last day.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn of(
    ledger: &Ledger,
    hub: &HubFile,
    budget: &Planned,
    chapter: &Chapter,
    today: Date,
) -> Result<Budget> {
    let (bills, _) = choose(ledger.bills().map_err(refuse)?);
    let question =
        Question { by: vec![By::Component], hub: Some(hub.name.to_string()), ..Question::default() };
    let found = answer(ledger, &bills, &question)?;
    let parts = found.currencies.iter().find(|currency| currency.name == chapter.currency);
    let days = by_day(parts.into_iter().flat_map(|currency| currency.parts.iter()));
    let window = hub.event.as_ref().map_or_else(
        || Window::month(chapter.days.1),
        |event| Window::event(event.from.date(), event.to.date()),
    );
    let last = days.keys().next_back().copied().unwrap_or(chapter.days.1);
    let through = whole_through(today, last);
    let standing =
        Standing::of((budget.total.amount, &budget.alert_at), window, (&days, through), (&[], &[]));
    let outlook = standing.outlook.as_ref();
    let spent_days = days.iter().filter(|(day, _)| window.has(**day)).map(|(day, amount)| (*day, *amount));
    Ok(Budget {
        total: standing.total,
        window: (window.from, window.to),
        through: outlook.map(|outlook| outlook.through),
        days: every_day(window, spent_days.collect()),
        spent: outlook.map_or_else(Default::default, |outlook| outlook.spent),
        per_day: outlook.map(|outlook| outlook.rate),
        forecast: outlook.map(|outlook| outlook.total),
        range: outlook.and_then(|outlook| outlook.range).map(|range| (range.low, range.high)),
        ends: standing.ends.map(|ends| ends.likely),
        passed: standing.passed.clone(),
    })
}

/// The days of a window up to the last that cost anything; what is not billed cost nothing.
fn every_day(window: Window, days: Vec<(Date, Amount)>) -> Vec<(Date, Amount)> {
    let Some((last, _)) = days.last().copied() else { return Vec::new() };
    let costs: BTreeMap<_, _> = days.into_iter().collect();
    std::iter::successors(Some(window.from), |day| day.tomorrow().ok())
        .take_while(|day| *day <= last)
        .map(|day| (day, costs.get(&day).copied().unwrap_or_default()))
        .collect()
}
