//! Days and sums.

use frazil_units::Amount;

use super::Subject;
use super::table::money::{EVENT_DAYS, EVENT_OVER, NO_BUDGET};
use crate::config::problem::Problem;

/// An event ends after it begins.
pub(super) fn event_days(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(event) = &subject.hub.event else {
        return Vec::new();
    };
    if event.from.date() <= event.to.date() {
        return Vec::new();
    }
    let problem = subject.value(
        &EVENT_DAYS,
        "event.to",
        format!("the event ends on {}, before it begins on {}", event.to, event.from),
    );
    let problem = subject
        .span("event.from")
        .into_iter()
        .fold(problem, |problem, span| problem.also(span, "begins here"));
    vec![problem.label("ends too early").help("swap the two days")]
}

/// The event is still to come, or on.
pub(super) fn event_not_over(subject: &Subject<'_>) -> Vec<Problem> {
    let over = subject.hub.event.iter().filter(|event| event.to.date() < subject.today);
    // An event that ends before it begins has been told already.
    over.filter(|event| event.from.date() <= event.to.date())
        .map(|event| {
            subject
                .value(&EVENT_OVER, "event.to", format!("the event was over on {}", event.to))
                .label("in the past")
                .help("take the hub down with `frazil down`, or write the days of the next event")
        })
        .collect()
}

/// A budget of nothing is spent before anything starts.
pub(super) fn some_budget(subject: &Subject<'_>) -> Vec<Problem> {
    let total = subject.hub.budget.as_ref().map(|budget| budget.total);
    let nothing = total.filter(|total| total.amount <= Amount::ZERO);
    let problem = nothing.map(|_| {
        subject
            .value(&NO_BUDGET, "budget.total", "a budget of nothing is spent before anything starts")
            .label("no money")
            .help("write for example `total: 1000 USD`, or leave `budget` out")
    });
    problem.into_iter().collect()
}
