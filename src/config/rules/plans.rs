//! Days, sums, and room for the event's people.

use frazil_units::Amount;

use super::Subject;
use super::table::machines::POOL_TOO_SMALL_FOR_EVENT;
use super::table::money::{EVENT_DAYS, EVENT_OVER, NO_BUDGET};
use crate::config::problem::Problem;
use crate::render::nodes::{NodePool, Purpose};
use crate::render::seats::seats;

/// The most nodes that the file can give a pool.
const MOST_NODES: u32 = 5000;

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

/// Everyone of the event has a seat in the default size at once.
pub(super) fn everyone_has_a_seat(subject: &Subject<'_>) -> Vec<Problem> {
    let problem = subject.cluster().filter(|_| subject.trusts("event")).and_then(|cluster| {
        let people = subject.hub.event.as_ref()?.attendees;
        let size = subject.hub.default_size()?;
        let pool = cluster.pool(if size.gpu > 0 { Purpose::Gpu } else { Purpose::User })?;
        let each = seats(size, pool.machines.first()?)?.count;
        let held = pool.max.saturating_mul(each);
        (held < people).then(|| too_few_seats(subject, pool, people, (each, held)))
    });
    problem.into_iter().collect()
}

fn too_few_seats(subject: &Subject<'_>, pool: &NodePool, people: u32, (each, held): (u32, u32)) -> Problem {
    let name = pool.name;
    let path = |key: &str| format!("pools.{name}.{key}");
    let written = ["count", "max"].into_iter().find(|key| subject.says(&path(key)));
    let machine = pool.machines.first().map(|offer| offer.machine.name.as_str()).unwrap_or_default();
    let message = format!(
        "{people} people come, and {} nodes of {machine} hold {held} servers of the default size, {each} each",
        pool.max
    );
    let (path, key) = (written.map_or_else(|| "event.attendees".to_owned(), path), written.unwrap_or("max"));
    let problem = subject.value(&POOL_TOO_SMALL_FOR_EVENT, &path, message).label("too few seats");
    match people.div_ceil(each) {
        nodes if nodes <= MOST_NODES => {
            problem.help(format!("write `pools: {{ {name}: {{ {key}: {nodes} }} }}` or more"))
        }
        _ => problem.help(format!("no pool has so many nodes: name a larger `pools.{name}.machine`")),
    }
}
