//! What a cluster costs before anyone logs in.

use frazil_units::{Amount, Bytes};

use crate::catalog::{Price, Provider, Region};
use crate::config::model::HubFile;
use crate::render::pools::{Origin, PoolMachines};

/// Hours of a month, as prices of a month count them.
pub(super) const MONTH: i128 = 730;

/// The disk of the hub's database (`hub.db.pvc.storage` of the JupyterHub chart).
const DATABASE: Bytes = Bytes::gib(1);

/// A part of the base cost.
pub(super) struct Part {
    /// What it is, in a few words.
    pub what: String,
    /// Its cost for the whole time; `None` where no table has a price.
    pub usd: Option<Amount>,
}

/// The parts of what a cluster costs in so many hours if nobody logs in: control
/// plane, core nodes, balancer, the database's disk, and one home where homes are on a disk.
pub(super) fn parts(hub: &HubFile, region: &Region, pools: &[PoolMachines], hours: i128) -> Vec<Part> {
    let [plane, balancer, disk] = match region.provider() {
        Provider::Aws => ["eks_cluster_hour", "load_balancer_network_hour", "ebs_gp3_storage"],
        Provider::Gcp => ["gke_cluster_hour", "load_balancer_rule_hour", "disk_balanced"],
    };
    let hourly = |what: &str, price: Option<Price>| Part {
        what: what.to_owned(),
        usd: price.and_then(|price| price.usd.checked_mul(hours)),
    };
    let mut parts = vec![hourly("control plane", item(region, plane))];
    parts.extend(pools.iter().find(|pool| pool.pool == "core").map(|core| nodes(hub, region, core, hours)));
    parts.push(hourly("balancer", item(region, balancer)));
    if hub.hub {
        let homes = hub.storage.homes.quota.unwrap_or_default();
        let size = Bytes::new(DATABASE.get().saturating_add(homes.get()));
        parts.push(Part { what: format!("disks of {size}"), usd: disks(item(region, disk), size, hours) });
    }
    parts
}

/// The price of a key, or what stands in for it.
fn item(region: &Region, key: &str) -> Option<Price> {
    match region.item(key) {
        Ok(item) => Some(item.price),
        Err(gap) => gap.stand_in,
    }
}

fn nodes(hub: &HubFile, region: &Region, core: &PoolMachines, hours: i128) -> Part {
    let pool = hub.pools.core.as_ref();
    let count = pool.and_then(|pool| pool.count.or(pool.min)).unwrap_or(1);
    let offer = match &core.origin {
        Origin::File(offers) => offers.first(),
        Origin::Cheapest(choice) => Some(choice.best.offer.as_ref()),
        Origin::Workers(_) | Origin::Nothing(_) => None,
    };
    let price = offer.and_then(|offer| match region.price(offer, crate::catalog::Market::OnDemand) {
        Ok(price) => Some(price.usd),
        Err(gap) => gap.stand_in.map(|price| price.usd),
    });
    let name = offer.map_or("?", |offer| offer.machine.name.as_str());
    let usd = price.and_then(|usd| usd.checked_mul(hours)?.checked_mul(i128::from(count)));
    Part { what: format!("{count} x {name}"), usd }
}

/// A disk's price is of a GB or GiB and a month.
fn disks(price: Option<Price>, size: Bytes, hours: i128) -> Option<Amount> {
    let price = price?;
    let unit = if price.unit.starts_with("GiB") { 1 << 30 } else { 1_000_000_000 };
    price.usd.ratio(i128::from(size.get()), unit)?.ratio(hours, MONTH)
}
