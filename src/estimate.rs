//! What a hub will cost, from its file and the catalog alone: the base, an hour of each size and of a Dask
//! worker, an event from cheap to dear, transfer, on both clouds side by side.
//!
//! Everything here is pure: no files, no network, no clock. Amounts are US dollars at list prices, before
//! tax, free tiers (but those that are named), discounts and credits.

mod amounts;
mod assume;
mod base;
mod billed;
mod budget;
mod elsewhere;
mod event;
mod nodes;
pub mod prices;
#[cfg(test)]
mod tests;
mod transfer;

use frazil_units::{Amount, Money};

pub use amounts::{Quantity, Range};
pub use assume::{AssumeError, Assumptions, Case, Facts, Key, Share, Spread};
pub use base::{Component, Kept, Line, lines as base_lines};
pub use billed::{Compared, billed_as, compared};
pub use budget::{Against, hours_of, month};
pub use elsewhere::{NEAR, counterpart, has_prices, moved, owner, place};
pub use event::{Change, Item, Model, People, Row};
pub use nodes::{NodeHour, PoolHour, SizeHour, WorkerHour};
pub use transfer::{Reading, Transfer, Way};

use crate::catalog::{CatalogError, Provider, Region};
use crate::config::HubFile;
use crate::render::cluster::Cluster;
use crate::render::nodes::{PoolError, Purpose};

/// What a hub costs in one region.
#[derive(Clone, Debug)]
pub struct Site {
    /// The cloud.
    pub provider: Provider,
    /// The region.
    pub region: String,
    /// The base.
    pub base: Vec<Line>,
    /// The pools of people's nodes.
    pub pools: Vec<PoolHour>,
    /// An hour of each size.
    pub sizes: Vec<SizeHour>,
    /// The Dask pool and an hour of a worker.
    pub dask: Option<(PoolHour, WorkerHour)>,
    /// A month of a GiB of homes: what it is on, and US dollars.
    pub homes: Option<(&'static str, prices::Priced)>,
    /// Prices of moving data.
    pub transfer: Transfer,
    /// The event, where people and days are known.
    pub event: Option<Model>,
    /// What of the file was changed to count it here.
    pub lost: Vec<String>,
}

/// Why a site cannot be estimated.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The catalog does not know the region.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// No machine holds a pool.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

impl Site {
    /// A hub where its file puts it; `None` where that is no cloud.
    ///
    /// # Errors
    /// When the region or a machine is not in the catalog, or no machine holds a pool.
    pub fn of(
        hub: &HubFile,
        people: Option<People>,
        assumed: &Assumptions,
    ) -> Result<Option<Self>, SiteError> {
        let Some((provider, name)) = place(hub) else { return Ok(None) };
        let region = Region::open(provider, name)?;
        let cluster = Cluster::new(hub)?;
        let base = base_lines(&cluster, &region);
        let hour = |purpose| PoolHour::of(&cluster, &region, cluster.pool(purpose)?, assumed);
        let pools: Vec<_> = [Purpose::User, Purpose::Gpu].into_iter().filter_map(hour).collect();
        let sizes = nodes::size_hours(hub, &cluster, &pools);
        let dask = hour(Purpose::Dask).and_then(|pool| {
            nodes::worker_hour(&cluster, &region, &pool, assumed).map(|worker| (pool, worker))
        });
        let transfer = Transfer::of(hub, &region);
        let event = people.map(|people| {
            let counted = (base.clone(), transfer.clone());
            Model::new(people, counted, (pools.clone(), sizes.clone()), dask.clone(), assumed.clone())
        });
        let homes = homes(&cluster, &region);
        let region = name.to_owned();
        Ok(Some(Self {
            provider,
            region,
            base,
            pools,
            sizes,
            dask,
            homes,
            transfer,
            event,
            lost: Vec::new(),
        }))
    }

    /// The same hub in another region or cloud; `None` where nothing of it can be counted.
    ///
    /// # Errors
    /// As [`Site::of`].
    pub fn elsewhere(
        hub: &HubFile,
        (provider, region): (Provider, &str),
        people: Option<People>,
        assumed: &Assumptions,
    ) -> Result<Option<Self>, SiteError> {
        let Some((other, lost)) = moved(hub, provider, region) else { return Ok(None) };
        Ok(Self::of(&other, people, assumed)?.map(|site| Self { lost, ..site }))
    }

    /// Where it is, as `CLOUD/REGION`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.region)
    }

    /// US dollars of so many hours without anyone; of nodes kept warm too, if asked for.
    pub fn base(&self, hours: Quantity, warm: bool) -> Amount {
        let counted = |line: &&Line| line.kept == Kept::Always || warm && line.kept == Kept::Warm;
        self.base.iter().filter(counted).filter_map(|line| line.usd(hours)).sum()
    }

    /// What the catalog does not have, each once.
    pub fn gaps(&self) -> Vec<prices::Missing> {
        let dask = self.dask.iter().map(|(pool, _)| pool);
        let nodes = self.pools.iter().chain(dask).flat_map(|pool| pool.node.gaps.iter().cloned());
        let lines = self.base.iter().filter_map(|line| line.priced.gap.clone());
        let reading = self.transfer.reading.iter().filter_map(|reading| reading.priced.gap.clone());
        let nat = self.transfer.nat.iter().filter_map(|priced| priced.gap.clone());
        let internet = self.transfer.internet.is_empty();
        let internet = internet.then(|| transfer::no_internet(&self.name()));
        let mut gaps: Vec<_> = lines.chain(nodes).chain(reading).chain(nat).chain(internet).collect();
        gaps.sort();
        gaps.dedup();
        gaps
    }
}

/// What homes are on, and a month of a GiB of it.
fn homes(cluster: &Cluster<'_>, region: &Region) -> Option<(&'static str, prices::Priced)> {
    use crate::render::cluster::Homes;
    let keys = prices::keys(region.provider());
    let (on, key) = match (cluster.homes(), region.provider()) {
        _ if !cluster.hub.hub => return None,
        (Homes::Shared, Provider::Aws) => ("EFS", keys.shared_homes),
        (Homes::Shared, Provider::Gcp) => ("Filestore", keys.shared_homes),
        (Homes::Server | Homes::Disks, _) => ("a disk", keys.disk),
    };
    Some((on, prices::item(region, key)))
}

/// What a hub costs where its file puts it and elsewhere.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The hub's name.
    pub hub: String,
    /// The sites, the file's own one first where it is in a cloud.
    pub sites: Vec<Site>,
    /// Whether the first site is the file's own.
    pub own: bool,
    /// People and days.
    pub people: Option<People>,
    /// What is assumed.
    pub assumed: Assumptions,
    /// The budget, if it is in US dollars.
    pub budget: Option<Amount>,
    /// What is to be said beside.
    pub notes: Vec<String>,
}

impl Estimate {
    /// What the budget is, in the currency of prices.
    pub fn budget_of(hub: &HubFile) -> Result<Option<Amount>, Money> {
        match hub.budget.as_ref().map(|budget| budget.total) {
            None => Ok(None),
            Some(total) if total.currency == frazil_units::Currency::USD => Ok(Some(total.amount)),
            Some(total) => Err(total),
        }
    }
}
