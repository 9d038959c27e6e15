//! What a hub costs before anyone logs in, by line.

use std::fmt;

use frazil_units::{Amount, Bytes};

use super::Quantity;
use super::prices::{Keys, Priced, Time, gib, item, keys, machine};
use crate::catalog::{Market, Provider, Region};
use crate::config::{Backup, Nat};
use crate::render::cluster::{Cluster, Homes};
use crate::render::homes_size;
use crate::render::neighbours::is_internal;
use crate::render::nodes::{AWS_ZONES, BOOT_DISK_GIB, NodePool, Purpose};
use crate::render::placeholders::warm;

/// The disk of the hub's database (`hub.db.pvc.storage` of the JupyterHub chart).
const DATABASE: Bytes = Bytes::gib(1);
/// The disk of the history of use (`server.persistentVolume.size` of the Prometheus chart's base values).
const HISTORY: Bytes = Bytes::gib(12);
/// The disk of the recorder (`render/ops.rs`).
const RECORDER: Bytes = Bytes::gib(1);
/// The least size of Filestore's smallest tier ("Service tiers", Filestore documentation).
const LEAST_FILESTORE: Bytes = Bytes::gib(1024);

/// What a cost is for, as finely as an estimate knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// The control plane of the cluster.
    ControlPlane,
    /// Nodes of the hub, the gateway and what supports them.
    CoreNodes,
    /// Nodes of people's servers.
    UserNodes,
    /// Nodes of people's servers with GPUs.
    GpuNodes,
    /// Nodes of Dask workers.
    DaskNodes,
    /// Disks that nodes boot from.
    NodeDisks,
    /// Public addresses of nodes and balancers.
    Addresses,
    /// The balancer.
    Balancer,
    /// NAT, by the hour and by the byte.
    Nat,
    /// The disk of homes.
    HomesDisk,
    /// Disks of the hub: database and histories.
    HubDisks,
    /// The shared file system of homes.
    SharedHomes,
    /// Backups of homes.
    Backups,
    /// The key by which the cluster's Secrets are encrypted.
    Key,
    /// Logs.
    Logs,
    /// Buckets.
    Buckets,
    /// Transfer between regions and to the internet.
    Transfer,
}

impl Component {
    /// The name in data: `control-plane`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::CoreNodes => "core-nodes",
            Self::UserNodes => "user-nodes",
            Self::GpuNodes => "gpu-nodes",
            Self::DaskNodes => "dask-nodes",
            Self::NodeDisks => "node-disks",
            Self::Addresses => "addresses",
            Self::Balancer => "balancer",
            Self::Nat => "nat",
            Self::HomesDisk => "homes-disk",
            Self::HubDisks => "hub-disks",
            Self::SharedHomes => "shared-homes",
            Self::Backups => "backups",
            Self::Key => "key",
            Self::Logs => "logs",
            Self::Buckets => "buckets",
            Self::Transfer => "transfer",
        }
    }

    /// The nodes of a pool.
    pub const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Core => Self::CoreNodes,
            Purpose::User => Self::UserNodes,
            Purpose::Gpu => Self::GpuNodes,
            Purpose::Dask => Self::DaskNodes,
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When a line of the base costs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// As long as the hub is there.
    Always,
    /// While nodes are kept warm for an event's logins.
    Warm,
    /// By what is kept or sent: nothing while the hub is empty.
    ByUse,
}

/// A line of the base cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub component: Component,
    /// What it is, in a few words.
    pub what: String,
    /// How much of the price's unit there is; nothing of what is paid by use.
    pub quantity: Quantity,
    /// How the price is of time.
    pub time: Time,
    /// The price, and what is missing about it.
    pub priced: Priced,
    /// When it costs something.
    pub kept: Kept,
}

impl Line {
    /// US dollars of so many hours; `None` where no table has a price.
    pub fn usd(&self, hours: Quantity) -> Option<Amount> {
        self.priced.usd().map(|usd| self.time.cost(usd, self.quantity, hours))
    }
}

/// The lines of what a cluster costs if nobody logs in.
pub fn lines(cluster: &Cluster<'_>, region: &Region) -> Vec<Line> {
    let base = Base { cluster, region, keys: keys(region.provider()) };
    let mut lines = vec![base.hourly(Component::ControlPlane, "control plane", base.keys.control_plane, 1)];
    lines.extend(cluster.pools.iter().flat_map(|pool| base.nodes(pool)));
    lines.extend(base.beside_nodes());
    lines.extend(base.balancer());
    lines.extend(base.nat());
    lines.extend(base.disks());
    lines.extend(base.shared_homes());
    lines.extend(base.by_use());
    if region.provider() == Provider::Aws {
        lines.push(base.monthly(Component::Key, "encryption key", "kms_key", Quantity::ONE));
    }
    lines
}

struct Base<'a> {
    cluster: &'a Cluster<'a>,
    region: &'a Region,
    keys: &'static Keys,
}

impl Base<'_> {
    fn line(&self, component: Component, what: &str, key: &str) -> Line {
        Line {
            component,
            what: what.to_owned(),
            quantity: Quantity::ZERO,
            time: Time::Hour,
            priced: item(self.region, key),
            kept: Kept::Always,
        }
    }

    fn hourly(&self, component: Component, what: &str, key: &str, count: u64) -> Line {
        Line { quantity: Quantity::whole(count), ..self.line(component, what, key) }
    }

    fn monthly(&self, component: Component, what: &str, key: &str, quantity: Quantity) -> Line {
        Line { quantity, time: Time::Month, ..self.line(component, what, key) }
    }

    /// A pool's nodes that are always there, and those that are kept warm beside them.
    fn nodes(&self, pool: &NodePool) -> Vec<Line> {
        let Some(offer) = pool.machines.first() else { return Vec::new() };
        let (always, warm) = standing(self.cluster, pool);
        let name = &offer.machine.name;
        let market = if pool.spot { Market::Spot } else { Market::OnDemand };
        let line = |count: u64, what: String, kept: Kept| Line {
            component: Component::of(pool.purpose),
            what,
            quantity: Quantity::whole(count),
            time: Time::Hour,
            priced: machine(self.region, offer, market),
            kept,
        };
        let lines = [
            line(always, format!("{always} x {name}"), Kept::Always),
            line(warm, format!("{warm} x {name} kept warm"), Kept::Warm),
        ];
        lines.into_iter().filter(|line| line.quantity > Quantity::ZERO).collect()
    }

    /// The disks that those nodes boot from, and their public addresses where no NAT makes these needless.
    fn beside_nodes(&self) -> Vec<Line> {
        let standing = self.cluster.pools.iter().map(|pool| standing(self.cluster, pool));
        let (always, warm) = standing.fold((0, 0), |sum, nodes| (sum.0 + nodes.0, sum.1 + nodes.1));
        let mut lines = Vec::new();
        for (nodes, whose, kept) in [(always, "nodes'", Kept::Always), (warm, "warm nodes'", Kept::Warm)] {
            if nodes == 0 {
                continue;
            }
            let size = Bytes::gib(BOOT_DISK_GIB * nodes);
            let disks = self.monthly(
                Component::NodeDisks,
                &format!("{whose} disks of {size}"),
                self.keys.disk,
                gib(size),
            );
            lines.push(Line { kept, ..disks });
            let (component, what, key) = match (self.cluster.hub.network.nat, self.region.provider()) {
                (Nat::None, _) => (Component::Addresses, "public addresses", self.keys.address),
                (_, Provider::Gcp) => (Component::Nat, "NAT", self.keys.nat),
                (_, Provider::Aws) => continue,
            };
            lines.push(Line { kept, ..self.hourly(component, &format!("{whose} {what}"), key, nodes) });
        }
        lines
    }

    /// The balancer, and on AWS its public addresses: one in each zone, or the one that DNS calls. Google asks
    /// nothing for the address of a forwarding rule ("VPC network pricing").
    fn balancer(&self) -> Vec<Line> {
        let mut lines = vec![self.hourly(Component::Balancer, "balancer", self.keys.balancer, 1)];
        let public = self.cluster.hub.hub || !is_internal(self.cluster.hub);
        if public && self.region.provider() == Provider::Aws {
            let count = if self.cluster.dns_zone().is_some() { 1 } else { self.zones() };
            let what = format!("balancer's {count} public address{}", if count == 1 { "" } else { "es" });
            lines.push(self.hourly(Component::Addresses, &what, self.keys.address, count));
        }
        lines
    }

    /// NAT gateways of AWS, each with a public address. Google's NAT is paid by node and byte.
    fn nat(&self) -> Vec<Line> {
        let gateways = match (self.cluster.hub.network.nat, self.region.provider()) {
            (Nat::None, _) | (_, Provider::Gcp) => return Vec::new(),
            (Nat::Single, Provider::Aws) => 1,
            (Nat::PerZone, Provider::Aws) => self.zones(),
        };
        let what = if gateways == 1 { "NAT gateway" } else { "NAT gateways" };
        vec![
            self.hourly(Component::Nat, what, self.keys.nat, gateways),
            self.hourly(Component::Addresses, "NAT's public addresses", self.keys.address, gateways),
        ]
    }

    fn zones(&self) -> u64 {
        let named = u64::try_from(self.cluster.hub.zones.len()).unwrap_or(0);
        if named > 0 { named } else { AWS_ZONES.into() }
    }

    /// The disks that are there without anyone.
    fn disks(&self) -> Vec<Line> {
        let hub = self.cluster.hub;
        let others = [
            hub.hub.then_some(DATABASE),
            hub.support.monitoring.then_some(HISTORY),
            hub.support.recorder.is_some().then_some(RECORDER),
        ];
        let others = others.into_iter().flatten().fold(0, |sum: u64, size| sum.saturating_add(size.get()));
        let homes = homes_size(self.cluster).unwrap_or_default();
        let sizes = [
            (Component::HomesDisk, "homes' disk", homes),
            (Component::HubDisks, "hub's disks", Bytes::new(others)),
        ];
        let sizes = sizes.into_iter().filter(|(.., size)| *size > Bytes::default());
        let line = |(component, what, size): (Component, &str, Bytes)| {
            self.monthly(component, &format!("{what} of {size}"), self.keys.disk, gib(size))
        };
        sizes.map(line).collect()
    }

    /// Shared file systems: EFS is paid by what it holds, Filestore by the whole instance.
    fn shared_homes(&self) -> Option<Line> {
        if !self.cluster.hub.hub || self.cluster.homes() != Homes::Shared {
            return None;
        }
        let key = self.keys.shared_homes;
        Some(match self.region.provider() {
            Provider::Aws => self.by_use_line(Component::SharedHomes, "homes on EFS", key),
            Provider::Gcp => {
                let what = format!("homes on Filestore, {LEAST_FILESTORE} at least");
                self.monthly(Component::SharedHomes, &what, key, gib(LEAST_FILESTORE))
            }
        })
    }

    fn by_use_line(&self, component: Component, what: &str, key: &str) -> Line {
        Line { kept: Kept::ByUse, ..self.monthly(component, what, key, Quantity::ZERO) }
    }

    /// What costs nothing as long as it is empty.
    fn by_use(&self) -> Vec<Line> {
        let hub = self.cluster.hub;
        let aws = self.region.provider() == Provider::Aws;
        let backed_up = hub.hub && hub.storage.homes.backup != Backup::None;
        let shared = self.cluster.homes() == Homes::Shared;
        let backup = if aws && shared { "backup_efs_warm" } else { self.keys.snapshot };
        let lines = [
            backed_up.then(|| self.by_use_line(Component::Backups, "backups of homes", backup)),
            // Google's first 50 GiB a month are free ("Cloud Logging pricing"), and a hub keeps system logs only.
            aws.then(|| self.by_use_line(Component::Logs, "control plane's logs", self.keys.logs)),
            hub.storage
                .scratch
                .enabled
                .then(|| self.by_use_line(Component::Buckets, "scratch bucket", self.keys.bucket)),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// The nodes of a pool that are always there, and those kept warm beside them.
pub(super) fn standing(cluster: &Cluster<'_>, pool: &NodePool) -> (u64, u64) {
    let always = u64::from(pool.min);
    let warm = warm(cluster).filter(|_| pool.purpose == Purpose::User).map_or(0, |warm| warm.nodes);
    (always, warm.saturating_sub(always))
}

#[cfg(test)]
mod tests {
    use super::HISTORY;
    use crate::render::base_values;

    #[test]
    fn the_history_of_use_is_as_large_as_its_chart_is_told() {
        let size = &base_values("prometheus")["server"]["persistentVolume"]["size"];
        assert_eq!(size.as_str(), Some(format!("{}Gi", HISTORY.as_gib()).as_str()));
    }
}
