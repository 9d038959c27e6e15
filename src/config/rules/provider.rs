//! Keys against the provider: what it ignores, and names of its own.

use super::Subject;
use super::subject::cloud;
use super::table::machines::{UNKNOWN_MACHINE, UNKNOWN_REGION};
use super::table::reading::{LOCAL_HUB, NO_EFFECT, NOTHING_TO_RUN};
use crate::catalog::{self, CatalogError, Region};
use crate::config::problem::Problem;
use crate::config::provider::Provider;
use crate::render::neighbours::is_internal;

/// Keys that do nothing on one machine.
const NOT_LOCAL: [&str; 23] = [
    "contact",
    "domain",
    "dns",
    "kubernetes",
    "zones",
    "network",
    "pools",
    "state",
    "charts",
    "support.monitoring",
    "support.certificates",
    "support.recorder",
    "budget",
    "billing.exports",
    "billing.credentials",
    "storage",
    "image",
    "event",
    "data",
    "gateways",
    "gateway.balancer",
    "gateway.workers.spot",
    "overrides",
];
/// Keys that do nothing on a cluster that already exists.
const NOT_KUBERNETES: [&str; 15] = [
    "dns",
    "kubernetes",
    "zones",
    "network",
    "pools",
    "state",
    "budget",
    "billing.exports",
    "event",
    "data",
    "gateway.workers.spot",
    "storage.homes.size",
    "storage.homes.backup",
    "storage.scratch",
    "overrides.terraform",
];

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
            subject.key(&NO_EFFECT, &key, format!("`{key}` has no effect {place}")).help(help)
        })
        .collect()
}

/// Keys that do something in another kind of hub on the same provider.
pub(super) fn of_this_hub(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    let aws = matches!(hub.provider, Provider::Aws(_));
    let ours = cloud(&hub.provider).is_some();
    let page = hub.hub && hub.support.report && (subject.is_local() || hub.support.recorder.is_some());
    let idle = [
        (aws, "network.pods", "on AWS, where pods have addresses of `network.cidr`", "leave it out"),
        (
            ours && hub.hub && hub.storage.homes.quota.is_none(),
            "storage.homes.size",
            "without a quota: the cloud's shared file system grows by itself",
            "write `storage.homes.quota` too, or leave it out",
        ),
        (ours && hub.domain.is_none(), "dns", "without a domain", "write `domain` too, or leave it out"),
        (
            ours && !hub.hub && hub.domain.is_some() && is_internal(hub),
            "dns",
            "with an internal balancer, whose address is the network's own",
            "leave it out, or write `gateway.balancer: public`",
        ),
        (
            hub.hub && !subject.is_local(),
            "gateway.balancer",
            "with a hub, whose people reach the gateway through it",
            "leave it out; it is for `hub: false`",
        ),
        (
            !subject.is_local() && hub.support.recorder.is_none(),
            "support.report",
            "without the ops image, which serves the page",
            "name the image in `support.recorder` too, or leave it out",
        ),
        (
            !hub.hub && hub.support.recorder.is_some(),
            "support.report",
            "without a hub, behind whose login the page is",
            "leave it out",
        ),
        (
            !page,
            "billing.from",
            "without the page of costs, which reads them",
            "leave it out, or let the page be served: `support.recorder` names its image",
        ),
        (
            !subject.is_local() && (!page || hub.billing.from.is_none()),
            "billing.credentials",
            "without bills that the page reads with them",
            "write `billing.from` too, or leave it out",
        ),
    ];
    let said = idle.into_iter().filter(|(idle, key, _, _)| *idle && subject.says(key));
    said.map(|(_, key, place, help)| {
        subject.key(&NO_EFFECT, key, format!("`{key}` has no effect {place}")).help(help)
    })
    .collect()
}

/// One machine has a hub; a gateway alone is for clusters.
pub(super) fn local_has_a_hub(subject: &Subject<'_>) -> Vec<Problem> {
    if subject.hub.hub || !matches!(subject.hub.provider, Provider::Local(_)) {
        return Vec::new();
    }
    let problem = subject.value(&LOCAL_HUB, "hub", "a gateway without a hub is for clusters");
    vec![problem.label("no hub").help("leave it out, or choose another provider")]
}

/// A cluster has something to run.
pub(super) fn something_runs(subject: &Subject<'_>) -> Vec<Problem> {
    let hub = subject.hub;
    if hub.hub || hub.gateway.enabled || subject.is_local() {
        return Vec::new();
    }
    let message = "there is neither a hub nor a gateway: this cluster would serve nobody";
    let problem = subject.value(&NOTHING_TO_RUN, "gateway.enabled", message);
    vec![problem.label("no gateway").help("leave `hub` or `gateway.enabled` out")]
}

/// The region is in the catalog.
pub(super) fn known_region(subject: &Subject<'_>) -> Vec<Problem> {
    let unknown = cloud(&subject.hub.provider).zip(subject.no_region());
    unknown.map(|((cloud, _), error)| unknown_region(subject, cloud, error)).into_iter().collect()
}

/// The pools' machine types are in the catalog.
pub(super) fn known_machines(subject: &Subject<'_>) -> Vec<Problem> {
    subject.region().map(|region| unknown_machines(subject, region)).unwrap_or_default()
}

fn unknown_region(subject: &Subject<'_>, cloud: catalog::Provider, error: &CatalogError) -> Problem {
    let path = format!("provider.{cloud}.region");
    let known: Vec<_> = catalog::regions(cloud).collect();
    subject
        .value(&UNKNOWN_REGION, &path, format!("{cloud} has no such region that the catalog knows"))
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
            Some(subject.value(&UNKNOWN_MACHINE, &path, message).label("unknown machine type").help(help))
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
