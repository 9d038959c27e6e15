//! Zones of the cluster and of its pools.

use std::collections::BTreeSet;

use super::Subject;
use super::table::network::{CORE_ZONE, POOL_ZONE, TOO_FEW_ZONES, ZONE_REGION};
use crate::config::names::{Region, Zone};
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// Zones that a message names, at most.
const MOST_NAMED: usize = 4;

fn region<'a>(subject: &Subject<'a>) -> Option<&'a Region> {
    subject.hub.provider.region().filter(|_| subject.trusts("provider"))
}

/// What stands between a region and a zone's letter.
fn hyphen(subject: &Subject<'_>) -> &'static str {
    if subject.hub.provider.key() == "gcp" { "-" } else { "" }
}

/// Whether a zone's name is the region's with one letter after it: local zones of AWS take no cluster.
fn is_within(subject: &Subject<'_>, zone: &Zone, region: &Region) -> bool {
    let rest = zone.as_str().strip_prefix(region.as_str());
    let letter = rest.and_then(|rest| rest.strip_prefix(hyphen(subject)));
    letter.is_some_and(|letter| letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_lowercase()))
}

/// How zones are called. Which letters there are differs by region, and on AWS by account.
fn form(subject: &Subject<'_>, region: &Region) -> String {
    format!("a zone is called `{region}{}` with one letter after it", hyphen(subject))
}

/// A cluster's zones are those of its region.
pub(super) fn of_the_region(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(region) = region(subject) else {
        return Vec::new();
    };
    let zones = subject.hub.zones.iter().enumerate().filter(|(_, zone)| !is_within(subject, zone, region));
    zones
        .map(|(index, zone)| {
            let message = format!("`{zone}` is no zone of the region `{region}`");
            subject
                .value(&ZONE_REGION, &format!("zones[{index}]"), message)
                .label("no zone of the region")
                .help(format!("{}; leave `zones` out for the region's first", form(subject, region)))
        })
        .collect()
}

/// EKS wants subnets in two zones.
pub(super) fn enough(subject: &Subject<'_>) -> Vec<Problem> {
    let zones = &subject.hub.zones;
    let Some(region) = region(subject).filter(|_| matches!(subject.hub.provider, Provider::Aws(_))) else {
        return Vec::new();
    };
    let different: BTreeSet<_> = zones.iter().collect();
    let sound = subject.trusts("zones") && zones.iter().all(|zone| is_within(subject, zone, region));
    if zones.is_empty() || different.len() > 1 || !sound {
        return Vec::new();
    }
    let message = "EKS needs two zones or more; the pools may sit in one";
    let help = format!("add another zone of {region} to `{}`, or leave `zones` out", zones[0]);
    vec![subject.value(&TOO_FEW_ZONES, "zones", message).label("one zone").help(help)]
}

/// Pools are where the cluster has subnets.
pub(super) fn of_pools(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(region) = region(subject).filter(|_| subject.trusts("zones")) else {
        return Vec::new();
    };
    let own: BTreeSet<_> = subject.hub.zones.iter().collect();
    let known =
        |zone: &Zone| if own.is_empty() { is_within(subject, zone, region) } else { own.contains(zone) };
    let named = subject.hub.pools.named().flat_map(|(name, pool)| {
        let zones = pool.zones.iter().enumerate();
        zones.map(move |(index, zone)| (format!("pools.{name}.zones[{index}]"), zone))
    });
    named
        .filter(|(_, zone)| !known(zone))
        .map(|(path, zone)| {
            let (message, help) = if own.is_empty() {
                (
                    format!("`{zone}` is no zone of the region `{region}`"),
                    format!("{}; leave it out for all of the hub's zones", form(subject, region)),
                )
            } else {
                let words: Vec<_> = own.iter().take(MOST_NAMED).map(|zone| format!("`{zone}`")).collect();
                (
                    format!("the hub has no subnet in `{zone}`"),
                    format!("take {}, or add `{zone}` to `zones`", words.join(" or ")),
                )
            };
            subject.value(&POOL_ZONE, &path, message).label("not among the hub's zones").help(help)
        })
        .collect()
}

/// The core pool is where its disks are.
pub(super) fn disks(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(core) = subject.hub.pools.core.as_ref().filter(|_| region(subject).is_some()) else {
        return Vec::new();
    };
    let first = subject.hub.zones.first().filter(|_| subject.trusts("zones"));
    let elsewhere = core.zones.iter().position(|zone| first.is_some_and(|first| zone != first));
    let at = elsewhere.or_else(|| (core.zones.len() > 1).then_some(1));
    // A zone that the hub does not have has been told already.
    let told = |zone: &Zone| !subject.hub.zones.is_empty() && !subject.hub.zones.contains(zone);
    let Some(at) = at.filter(|at| subject.hub.hub && !core.zones.get(*at).is_some_and(told)) else {
        return Vec::new();
    };
    let homes = if subject.hub.storage.homes.quota.is_some() { " and of the homes" } else { "" };
    let message =
        format!("the disk of the hub's database{homes} cannot follow the core node to another zone");
    let zone = first.or(core.zones.first());
    let help = zone.map(|zone| format!("write `zones: [{zone}]`, or leave it out")).unwrap_or_default();
    let problem = subject.value(&CORE_ZONE, &format!("pools.core.zones[{at}]"), message);
    vec![problem.label("another zone than the disks'").help(help)]
}
