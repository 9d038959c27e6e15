//! Dates and numbers that belong together.

use frazil_units::Bytes;

use super::Subject;
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
        "event-days",
        "event.to",
        format!("the event ends on {}, before it begins on {}", event.to, event.from),
    );
    let problem = subject
        .span("event.from")
        .into_iter()
        .fold(problem, |problem, span| problem.also(span, "begins here"));
    vec![problem.label("ends too early").help("swap the two days")]
}

/// A pool has one way to choose its machines and a range that is one.
pub(super) fn pools(subject: &Subject<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, pool) in subject.hub.pools.named() {
        if pool.machine.is_some() && !pool.machines.is_empty() {
            let path = format!("pools.{name}.machines");
            let problem =
                subject.key("one-of", &path, format!("the pool `{name}` has both `machine` and `machines`"));
            problems.push(problem.help("keep `machines` for a choice by price, or `machine` for one type"));
        }
        if let (Some(min), Some(max)) = (pool.min, pool.max)
            && min > max
        {
            let path = format!("pools.{name}.min");
            problems.push(
                subject
                    .value(
                        "range",
                        &path,
                        format!("the pool `{name}` has at least {min} and at most {max} nodes"),
                    )
                    .help("swap the two numbers"),
            );
        }
        if pool.count.is_some() && (pool.min.is_some() || pool.max.is_some()) {
            let path = format!("pools.{name}.count");
            problems.push(
                subject
                    .key(
                        "one-of",
                        &path,
                        format!("the pool `{name}` has a fixed `count` beside `min` or `max`"),
                    )
                    .help("keep `count`, or `min` and `max`"),
            );
        }
    }
    problems
}

/// Less memory than this no server starts in.
const LEAST_MEMORY: Bytes = Bytes::mib(128);

/// Servers and workers have memory to start in.
pub(super) fn memory_to_start_in(subject: &Subject<'_>) -> Vec<Problem> {
    let of_sizes = subject
        .hub
        .sizes
        .iter()
        .enumerate()
        .map(|(index, size)| (format!("sizes[{index}].memory"), size.memory));
    let of_workers = ("gateway.workers.memory".to_owned(), subject.hub.gateway.workers.memory);
    of_sizes
        .chain([of_workers])
        .filter(|(_, memory)| *memory < LEAST_MEMORY)
        .map(|(path, memory)| {
            subject
                .value("no-memory", &path, format!("nothing starts in {memory} of memory"))
                .label("too little")
                .help(format!("give it at least {LEAST_MEMORY}; a notebook wants 1 GiB"))
        })
        .collect()
}
