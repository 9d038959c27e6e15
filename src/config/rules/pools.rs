//! Pools, by what the file says of them.

use super::Subject;
use super::table::machines::{CORE_ON_SPOT, PEOPLE_ON_SPOT, POOL_COUNT, POOL_MACHINES, POOL_RANGE};
use crate::config::pools::Pool;
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// A pool has one way to choose its machines and a range that is one.
pub(super) fn one_way_to_choose(subject: &Subject<'_>) -> Vec<Problem> {
    let pools = subject.hub.pools.named();
    pools
        .flat_map(|(name, pool)| {
            [machines(subject, name, pool), range(subject, name, pool), count(subject, name, pool)]
        })
        .flatten()
        .collect()
}

fn machines(subject: &Subject<'_>, name: &str, pool: &Pool) -> Option<Problem> {
    if pool.machine.is_none() || pool.machines.is_empty() {
        return None;
    }
    let message = format!("the pool `{name}` has both `machine` and `machines`");
    let problem = subject.key(&POOL_MACHINES, &format!("pools.{name}.machines"), message);
    Some(problem.help("keep `machines` for a choice by price, or `machine` for one type"))
}

fn range(subject: &Subject<'_>, name: &str, pool: &Pool) -> Option<Problem> {
    let (min, max) = (pool.min?, pool.max?);
    if min <= max {
        return None;
    }
    let message = format!("the pool `{name}` has at least {min} and at most {max} nodes");
    Some(subject.value(&POOL_RANGE, &format!("pools.{name}.min"), message).help("swap the two numbers"))
}

fn count(subject: &Subject<'_>, name: &str, pool: &Pool) -> Option<Problem> {
    pool.count?;
    if pool.min.is_none() && pool.max.is_none() {
        return None;
    }
    let message = format!("the pool `{name}` has a fixed `count` beside `min` or `max`");
    let problem = subject.key(&POOL_COUNT, &format!("pools.{name}.count"), message);
    Some(problem.help("keep `count`, or `min` and `max`"))
}

/// What must not vanish is not on machines that the cloud may take back.
pub(super) fn not_on_spot(subject: &Subject<'_>) -> Vec<Problem> {
    if !matches!(subject.hub.provider, Provider::Aws(_) | Provider::Gcp(_)) {
        return Vec::new();
    }
    let spot = subject.hub.pools.named().filter(|(_, pool)| pool.spot == Some(true));
    spot.filter_map(|(name, _)| {
        let (rule, message) = match name {
            "core" => (&CORE_ON_SPOT, "everyone is cut off when the cloud takes the hub's node back"),
            "user" | "gpu" => {
                (&PEOPLE_ON_SPOT, "people lose what is in memory when the cloud takes their node back")
            }
            _ => return None,
        };
        let problem = subject.value(rule, &format!("pools.{name}.spot"), message);
        Some(problem.label("may be taken back").help("leave `spot` out here; keep it for `pools.dask`"))
    })
    .collect()
}
