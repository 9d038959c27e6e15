//! Keys against the provider: what it ignores, and names of its own.

use super::Subject;
use crate::catalog::{self, CatalogError, Region};
use crate::config::problem::Problem;
use crate::config::provider::Provider;

/// Keys that do nothing on one machine.
const NOT_LOCAL: [&str; 15] = [
    "domain",
    "kubernetes",
    "zones",
    "network",
    "pools",
    "state",
    "charts",
    "support",
    "budget",
    "storage",
    "image",
    "event",
    "data",
    "gateways",
    "overrides",
];
/// Keys that do nothing on a cluster that already exists.
const NOT_KUBERNETES: [&str; 3] = ["network", "pools", "state"];

/// A key that does nothing here is told, so that nobody relies on it.
pub(super) fn keys_have_an_effect(subject: &Subject<'_>) -> Vec<Problem> {
    let provider = &subject.hub.provider;
    let (idle, place): (&[&str], _) = match provider {
        Provider::Local(_) => (&NOT_LOCAL, "on one machine"),
        Provider::Kubernetes(_) => (&NOT_KUBERNETES, "on a cluster that already exists"),
        Provider::Aws(_) | Provider::Gcp(_) => return Vec::new(),
    };
    let gpus = subject.hub.sizes.iter().enumerate().filter(|(_, size)| size.gpu > 0);
    let gpus = gpus.map(|(index, _)| format!("sizes[{index}].gpu"));
    let gpus = gpus.filter(|_| matches!(provider, Provider::Local(_)));
    idle.iter()
        .map(ToString::to_string)
        .chain(gpus)
        .filter(|key| subject.says(key))
        .map(|key| {
            let help = format!(
                "it is for other providers; with `provider: {}` you can leave it out",
                provider.key()
            );
            subject.key("no-effect", &key, format!("`{key}` has no effect {place}")).warning().help(help)
        })
        .collect()
}

/// One machine has a hub; a gateway alone is for clusters.
pub(super) fn local_has_a_hub(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.hub.hub || !matches!(subject.hub.provider, Provider::Local(_)) {
        return Vec::new();
    }
    let problem = subject.value("local-hub", "hub", "a gateway without a hub is for clusters");
    vec![problem.label("no hub").help("leave it out, or choose another provider")]
}

/// The region and the pools' machine types are in the catalog.
pub(super) fn catalog_names(subject: &Subject<'_>) -> Vec<Problem> {
    let (cloud, region) = match &subject.hub.provider {
        Provider::Aws(aws) => (catalog::Provider::Aws, &aws.region),
        Provider::Gcp(gcp) => (catalog::Provider::Gcp, &gcp.region),
        Provider::Kubernetes(_) | Provider::Local(_) => return Vec::new(),
    };
    match Region::open(cloud, region.as_str()) {
        Ok(region) => unknown_machines(subject, &region),
        Err(error) => vec![unknown_region(subject, cloud, &error)],
    }
}

fn unknown_region(subject: &Subject<'_>, cloud: catalog::Provider, error: &CatalogError) -> Problem {
    let path = format!("provider.{cloud}.region");
    let known: Vec<_> = catalog::regions(cloud).collect();
    subject
        .value("unknown-region", &path, format!("{cloud} has no such region that the catalog knows"))
        .label("unknown region")
        .help(suggestion(error).unwrap_or_else(|| format!("known: {}", known.join(", "))))
}

fn unknown_machines(subject: &Subject<'_>, region: &Region) -> Vec<Problem> {
    let named = subject.hub.pools.named().flat_map(|(name, pool)| {
        let one = pool.machine.iter().map(move |machine| (format!("pools.{name}.machine"), machine));
        let several = pool.machines.iter().enumerate();
        one.chain(several.map(move |(index, machine)| (format!("pools.{name}.machines[{index}]"), machine)))
    });
    named
        .filter_map(|(path, machine)| {
            let error = region.machine(machine.as_str()).err()?;
            let message = format!("no machine type `{machine}` is known in {}", region.name());
            let help =
                suggestion(&error).unwrap_or_else(|| "`frazil catalog machines` lists them".to_owned());
            Some(subject.value("unknown-machine", &path, message).label("unknown machine type").help(help))
        })
        .collect()
}

fn suggestion(error: &CatalogError) -> Option<String> {
    match error {
        CatalogError::UnknownRegion { nearest, .. } | CatalogError::UnknownMachine { nearest, .. } => {
            nearest.as_ref().map(|name| format!("did you mean `{name}`?"))
        }
        CatalogError::Damaged { .. } => None,
    }
}

/// A cluster's zones are those of its region.
pub(super) fn zones_are_of_the_region(subject: &Subject<'_>) -> Vec<Problem> {
    let Some(region) = subject.hub.provider.region().filter(|_| subject.trusts("provider")) else {
        return Vec::new();
    };
    let within = |zone: &str| zone.strip_prefix(region.as_str()).is_some_and(|rest| !rest.is_empty());
    let zones = subject.hub.zones.iter().enumerate().filter(|(_, zone)| !within(zone.as_str()));
    let letter = if subject.hub.provider.key() == "gcp" { "-a" } else { "a" };
    zones
        .map(|(index, zone)| {
            let message = format!("`{zone}` is no zone of the region `{region}`");
            subject
                .value("zone-region", &format!("zones[{index}]"), message)
                .label("of another region")
                .help(format!("name zones such as `{region}{letter}`, or leave `zones` out"))
        })
        .collect()
}
