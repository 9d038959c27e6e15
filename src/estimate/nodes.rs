//! What an hour costs: of a node with its disk and address, of a person on it, of a Dask worker.

use frazil_units::{Amount, Bytes};

use super::assume::{Assumptions, Case, Key};
use super::base::{Component, standing};
use super::prices::{Missing, Time, gib, item, keys, machine};
use super::{Quantity, Range};
use crate::catalog::{Market, Offer, Price, Provider, Region};
use crate::config::{HubFile, Nat, Size};
use crate::render::cluster::Cluster;
use crate::render::nodes::{BOOT_DISK_GIB, NodePool, Purpose};
use crate::render::pools::cpu;
use crate::render::seats::{Seats, seats};

/// An hour of one node.
#[derive(Clone, Debug)]
pub struct NodeHour {
    /// The machine type.
    pub machine: String,
    /// How it is bought.
    pub market: Market,
    /// The machine.
    pub price: Range,
    /// Its disk, and its address or its part of NAT.
    pub beside: Vec<(Component, Amount)>,
    /// The price by which the machine is counted.
    pub listed: Option<Price>,
    /// What the catalog does not have.
    pub gaps: Vec<Missing>,
}

impl NodeHour {
    /// An hour of a machine in a market; where no list has a spot price, a part of the on-demand price.
    pub(super) fn of(
        cluster: &Cluster<'_>,
        region: &Region,
        offer: &Offer,
        market: Market,
        assumed: &Assumptions,
    ) -> Option<Self> {
        let priced = machine(region, offer, market);
        let mut gaps: Vec<_> = priced.gap.into_iter().collect();
        let (price, listed) = if let Some(price) = priced.price {
            (Range::exact(price.usd), price)
        } else {
            let full = machine(region, offer, Market::OnDemand);
            gaps.extend(full.gap);
            let full = full.price?;
            let part = |case| assumed.value(Key::Spot, case).percent().at(full.usd);
            (Range::of(Case::ALL.map(part)), full)
        };
        let beside = beside(cluster, region, &mut gaps);
        Some(Self { machine: offer.machine.name.clone(), market, price, beside, listed: Some(listed), gaps })
    }

    /// The whole node.
    pub fn total(&self) -> Range {
        let beside = self.beside.iter().map(|(_, usd)| *usd).sum();
        self.price + Range::exact(beside)
    }
}

/// What an hour of any node costs beside its machine.
fn beside(cluster: &Cluster<'_>, region: &Region, gaps: &mut Vec<Missing>) -> Vec<(Component, Amount)> {
    let keys = keys(region.provider());
    let mut parts = vec![(Component::NodeDisks, keys.disk, gib(Bytes::gib(BOOT_DISK_GIB)), Time::Month)];
    match (cluster.hub.network.nat, region.provider()) {
        (Nat::None, _) => parts.push((Component::Addresses, keys.address, Quantity::ONE, Time::Hour)),
        (_, Provider::Gcp) => parts.push((Component::Nat, keys.nat, Quantity::ONE, Time::Hour)),
        (_, Provider::Aws) => {}
    }
    let cost = |(component, key, quantity, time): (Component, &str, Quantity, Time)| {
        let priced = item(region, key);
        gaps.extend(priced.gap.clone());
        Some((component, time.cost(priced.usd()?, quantity, Quantity::ONE)))
    };
    parts.into_iter().filter_map(cost).collect()
}

/// A pool of people's nodes or of Dask workers.
#[derive(Clone, Debug)]
pub struct PoolHour {
    /// What it is for.
    pub purpose: Purpose,
    /// An hour of one of its nodes.
    pub node: NodeHour,
    /// The most nodes.
    pub max: u64,
    /// Nodes that are there in any case: those that always are, and those kept warm.
    pub standing: u64,
}

impl PoolHour {
    /// A pool of a cluster, where its machine has a price.
    pub(super) fn of(
        cluster: &Cluster<'_>,
        region: &Region,
        pool: &NodePool,
        assumed: &Assumptions,
    ) -> Option<Self> {
        let market = if pool.spot { Market::Spot } else { Market::OnDemand };
        let node = NodeHour::of(cluster, region, pool.machines.first()?, market, assumed)?;
        let (always, warm) = standing(cluster, pool);
        Some(Self { purpose: pool.purpose, node, max: pool.max.into(), standing: always + warm })
    }
}

/// An hour of one person's server.
#[derive(Clone, Debug)]
pub struct SizeHour {
    /// The size.
    pub size: String,
    /// Its memory.
    pub memory: Bytes,
    /// Its GPUs.
    pub gpus: u32,
    /// Whether it is preselected.
    pub default: bool,
    /// The pool that it runs on.
    pub purpose: Purpose,
    /// The machine type.
    pub machine: String,
    /// How many an empty node holds.
    pub seats: u32,
    /// On a full node.
    pub shared: Range,
    /// Alone on a node.
    pub alone: Range,
}

/// An hour of each size.
pub(super) fn size_hours(hub: &HubFile, cluster: &Cluster<'_>, pools: &[PoolHour]) -> Vec<SizeHour> {
    let default = hub.default_size().map(|size| &size.name);
    let hour = |size: &Size| {
        let purpose = if size.gpu > 0 { Purpose::Gpu } else { Purpose::User };
        let pool = pools.iter().find(|pool| pool.purpose == purpose)?;
        let offer = cluster.pool(purpose)?.machines.first()?;
        let seats = seats(size, offer)?.count;
        let alone = pool.node.total();
        Some(SizeHour {
            size: size.name.to_string(),
            memory: size.memory,
            gpus: size.gpu,
            default: Some(&size.name) == default,
            purpose,
            machine: pool.node.machine.clone(),
            seats,
            shared: alone.map(|usd| Quantity::of(1, seats.into()).at(usd)),
            alone,
        })
    };
    hub.sizes.iter().filter_map(hour).collect()
}

/// An hour of one Dask worker.
#[derive(Clone, Debug)]
pub struct WorkerHour {
    /// Its cores, in thousandths.
    pub millicores: u32,
    /// Its memory.
    pub memory: Bytes,
    /// The machine type.
    pub machine: String,
    /// How many an empty node holds.
    pub workers: u32,
    /// As its pool is bought.
    pub market: Market,
    /// On a full node, as its pool is bought.
    pub shared: Range,
    /// The same on demand.
    pub on_demand: Option<Amount>,
    /// The same on spot.
    pub spot: Option<Range>,
}

impl WorkerHour {
    /// An hour of one of its cores.
    pub fn per_core(&self, usd: Amount) -> Amount {
        Quantity::of(1000, self.millicores.into()).at(usd)
    }
}

/// An hour of a Dask worker of the default size.
pub(super) fn worker_hour(
    cluster: &Cluster<'_>,
    region: &Region,
    pool: &PoolHour,
    assumed: &Assumptions,
) -> Option<WorkerHour> {
    let workers = &cluster.hub.gateway.workers;
    let offer = cluster.pool(Purpose::Dask)?.machines.first()?;
    let count = Seats::of_worker(workers, offer)?;
    let share = |usd: Amount| Quantity::of(1, count.into()).at(usd);
    let bought =
        |market| NodeHour::of(cluster, region, offer, market, assumed).map(|node| node.total().map(share));
    Some(WorkerHour {
        millicores: cpu(workers.cores).get(),
        memory: workers.memory,
        machine: offer.machine.name.clone(),
        workers: count,
        market: pool.node.market,
        shared: pool.node.total().map(share),
        on_demand: bought(Market::OnDemand).map(|range| range.likely),
        spot: bought(Market::Spot),
    })
}
