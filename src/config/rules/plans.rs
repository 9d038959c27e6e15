//! Dates and numbers that belong together.

use super::Subject;
use crate::config::problem::Problem;

/// An event ends after it begins.
pub fn event_days(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(event) = &subject.hub.event else { return Vec::new() };
    if event.from.date() <= event.to.date() {
        return Vec::new();
    }
    let problem = subject.value("event-days", "event.to", format!("the event ends on {}, before it begins on {}", event.to, event.from));
    let problem = subject.span("event.from").into_iter().fold(problem, |problem, span| problem.also(span, "begins here"));
    vec![problem.label("ends too early").help("swap the two days")]
}

/// A pool has one way to choose its machines and a range that is one.
pub fn pools(subject: &Subject<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, pool) in subject.hub.pools.named() {
        if pool.machine.is_some() && !pool.machines.is_empty() {
            let path = format!("pools.{name}.machines");
            let problem = subject.key("one-of", &path, format!("the pool `{name}` has both `machine` and `machines`"));
            problems.push(problem.help("keep `machines` for a choice by price, or `machine` for one type"));
        }
        if let (Some(min), Some(max)) = (pool.min, pool.max) {
            if min > max {
                let path = format!("pools.{name}.min");
                problems.push(subject.value("range", &path, format!("the pool `{name}` has at least {min} and at most {max} nodes")).help("swap the two numbers"));
            }
        }
        if pool.count.is_some() && (pool.min.is_some() || pool.max.is_some()) {
            let path = format!("pools.{name}.count");
            problems.push(subject.key("one-of", &path, format!("the pool `{name}` has a fixed `count` beside `min` or `max`")).help("keep `count`, or `min` and `max`"));
        }
    }
    problems
}
