//! What a rule sees of a hub file.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;

use super::neighbours::Neighbours;
use super::table::Rule;
use crate::catalog::{self, CatalogError, Region};
use crate::config::lower::{Lowered, Place};
use crate::config::model::HubFile;
use crate::config::problem::Problem;
use crate::config::provider::Provider;
use crate::render::cluster::Cluster;
use crate::render::names::{Name, names};
use crate::render::pools::{PoolMachines, machines_in};
use crate::render::releases;

/// Sizes for which machines are chosen: with thousands it would take seconds, and no person chooses among more.
const MOST_SIZES: usize = 200;

/// What a rule sees: the hub, where its values stand, the day, and the catalog's region.
pub(super) struct Subject<'a> {
    /// The hub.
    pub hub: &'a HubFile,
    /// The day on which the file is checked.
    pub today: Date,
    /// The hubs that further gateways name, by the file as it is written.
    pub neighbours: &'a Neighbours,
    lowered: &'a Lowered,
    region: Option<Result<Arc<Region>, CatalogError>>,
    pools: Vec<PoolMachines>,
}

impl<'a> Subject<'a> {
    /// Opens the hub's region, and chooses the machines of its pools.
    pub(super) fn new(
        hub: &'a HubFile,
        lowered: &'a Lowered,
        today: Date,
        neighbours: &'a Neighbours,
    ) -> Self {
        let region = cloud(&hub.provider)
            .filter(|_| trusted(lowered, "provider"))
            .map(|(cloud, name)| Region::open(cloud, name));
        let sound = ["sizes", "gateway.workers", "pools"].iter().all(|path| trusted(lowered, path))
            && hub.sizes.len() <= MOST_SIZES;
        let opened = region.as_ref().and_then(|region| region.as_ref().ok());
        let pools = opened.filter(|_| sound).and_then(|region| machines_in(hub, region).ok());
        Self { hub, today, neighbours, lowered, region, pools: pools.unwrap_or_default() }
    }

    /// A problem about the value of a key; about what holds it when the key is not written.
    pub(super) fn value(&self, rule: &'static Rule, path: &str, message: impl Into<String>) -> Problem {
        let place = self.lowered.places.get(path).map(|place| place.value.clone());
        self.problem(rule, path, place, message)
    }

    /// A problem about a key rather than its value.
    pub(super) fn key(&self, rule: &'static Rule, path: &str, message: impl Into<String>) -> Problem {
        let place = self.lowered.places.get(path).map(|place| place.key.clone());
        self.problem(rule, path, place, message)
    }

    fn problem(
        &self,
        rule: &'static Rule,
        path: &str,
        place: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Problem {
        let span = place.or_else(|| self.nearest_key(path));
        let problem = Problem::file(rule.name, message).path(path);
        Problem { span, severity: rule.severity, ..problem }
    }

    /// The key of what holds a path, or else of the hub's name.
    fn nearest_key(&self, path: &str) -> Option<Range<usize>> {
        let ends = path.rmatch_indices(['.', '[']).map(|(end, _)| &path[..end]);
        let mut holders = ends.filter_map(|holder| self.lowered.places.get(holder));
        let place: Option<&Place> = holders.next().or_else(|| self.lowered.places.get("name"));
        place.map(|place| place.key.clone())
    }

    /// Where the value of a key stands.
    pub(super) fn span(&self, path: &str) -> Option<Range<usize>> {
        self.lowered.places.get(path).map(|place| place.value.clone())
    }

    /// Whether a value is the file's own or a default, rather than a stand-in.
    pub(super) fn trusts(&self, path: &str) -> bool {
        trusted(self.lowered, path)
    }

    /// Whether the file itself says a key.
    pub(super) fn says(&self, path: &str) -> bool {
        self.lowered.places.contains_key(path)
    }

    /// The catalog's region; `None` where there is none or the catalog has no such region.
    pub(super) fn region(&self) -> Option<&Region> {
        self.region.as_ref().and_then(|region| region.as_deref().ok())
    }

    /// Why the catalog has no such region.
    pub(super) fn no_region(&self) -> Option<&CatalogError> {
        self.region.as_ref().and_then(|region| region.as_ref().err())
    }

    /// The machines of the hub's pools; none when they cannot be known.
    pub(super) fn pools(&self) -> &[PoolMachines] {
        &self.pools
    }

    /// The hub's cluster; none on one machine, or where its pools cannot be known.
    pub(super) fn cluster(&self) -> Option<Cluster<'a>> {
        if cloud(&self.hub.provider).is_some() && self.pools.is_empty() || self.is_local() {
            return None;
        }
        Cluster::with_machines(self.hub, self.pools.clone()).ok()
    }

    /// Everything that is named after the hub.
    pub(super) fn names(&self) -> Vec<Name> {
        if self.is_local() {
            return Vec::new();
        }
        let cluster = Cluster::without_pools(self.hub);
        releases(&cluster).map(|releases| names(&cluster, &releases)).unwrap_or_default()
    }

    /// Whether the hub runs on a machine, where clouds' rules do not apply.
    pub(super) fn is_local(&self) -> bool {
        matches!(self.hub.provider, Provider::Local(_))
    }
}

/// The cloud of a provider and its region's name.
pub(super) fn cloud(provider: &Provider) -> Option<(catalog::Provider, &str)> {
    match provider {
        Provider::Aws(aws) => Some((catalog::Provider::Aws, aws.region.as_str())),
        Provider::Gcp(gcp) => Some((catalog::Provider::Gcp, gcp.region.as_str())),
        Provider::Kubernetes(_) | Provider::Local(_) => None,
    }
}

/// Whether no stand-in is in, at or above a path.
pub(super) fn trusted(lowered: &Lowered, path: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        outer.is_empty()
            || inner == outer
            || inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let below = |stand_in: &str| !path.is_empty() && within(path, stand_in);
    !lowered.stand_ins.iter().any(|stand_in| within(stand_in, path) || below(stand_in))
}
