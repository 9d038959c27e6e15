//! Dates and numbers that belong together.

use frazil_units::{Amount, Bytes};

use super::Subject;
use crate::config::model::Gateway;
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

/// A budget of nothing is spent before anything starts.
pub(super) fn some_budget(subject: &Subject<'_>) -> Vec<Problem> {
    let total = subject.hub.budget.as_ref().map(|budget| budget.total);
    let nothing = total.filter(|total| total.amount <= Amount::ZERO);
    let problem = nothing.map(|_| {
        subject
            .value("out-of-range", "budget.total", "a budget of nothing is spent before anything starts")
            .label("no money")
            .help("write for example `total: 1000 USD`, or leave `budget` out")
    });
    problem.into_iter().collect()
}

/// The limit of a person holds a scheduler and one worker: less would start no cluster at all.
pub(super) fn a_cluster_fits_its_limit(subject: &Subject<'_>) -> Vec<Problem> {
    let gateway = &subject.hub.gateway;
    let Some(limit) = gateway.per_user.as_ref().filter(|_| gateway.enabled) else {
        return Vec::new();
    };
    let cores = Gateway::SCHEDULER_CORES + gateway.workers.cores;
    let memory = Bytes::new(Gateway::SCHEDULER_MEMORY.get().saturating_add(gateway.workers.memory.get()));
    let checks = [
        ("cores", limit.cores < cores, format!("{cores}")),
        ("memory", limit.memory < memory, memory.to_string()),
    ];
    let short = checks
        .into_iter()
        .filter(|(key, short, _)| *short && subject.trusts(&format!("gateway.workers.{key}")));
    short
        .map(|(key, _, least)| {
            let message = "no Dask cluster fits what one person may use";
            subject
                .value("limit-too-small", &format!("gateway.per_user.{key}"), message)
                .label("less than a scheduler and one worker")
                .help(format!("write at least `{key}: {least}`, or make the workers smaller"))
        })
        .collect()
}

/// Less than this no home directory is made with.
const LEAST_QUOTA: Bytes = Bytes::mib(1);
/// Less memory than this no server starts in.
const LEAST_MEMORY: Bytes = Bytes::mib(128);

/// A home directory holds something.
pub(super) fn room_at_home(subject: &Subject<'_>) -> Vec<Problem> {
    let quota = subject.hub.storage.homes.quota.filter(|quota| *quota < LEAST_QUOTA);
    let problem = quota.map(|quota| {
        subject
            .value("out-of-range", "storage.homes.quota", format!("nobody can work in a home of {quota}"))
            .label("too little")
            .help("write for example `quota: 20 GiB`, or leave it out for no limit")
    });
    problem.into_iter().collect()
}

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
