//! What a cluster costs before anyone logs in.

use frazil_units::{Amount, Bytes};

use crate::catalog::{MONTH_HOURS, Market, Offer, Price, Provider, Region};
use crate::config::Nat;
use crate::render::cluster::{Cluster, Homes};
use crate::render::homes_size;
use crate::render::nodes::{AWS_ZONES, BOOT_DISK_GIB, NodePool, Purpose};
use crate::render::placeholders::warm;

/// The disk of the hub's database (`hub.db.pvc.storage` of the JupyterHub chart).
const DATABASE: Bytes = Bytes::gib(1);
/// The disk of the history of use (`server.persistentVolume.size` of the Prometheus chart's base values).
const HISTORY: Bytes = Bytes::gib(12);

/// A part of the base cost.
pub(super) struct Part {
    /// What it is, in a few words.
    pub what: String,
    /// Its cost for the whole time; `None` where no table has a price.
    pub usd: Option<Amount>,
}

/// The parts of what a cluster costs in so many hours if nobody logs in: control plane, nodes
/// that are always there or kept warm for an event, balancer, and what keeps data.
pub(super) fn parts(cluster: &Cluster<'_>, region: &Region, hours: i128) -> Vec<Part> {
    let [plane, balancer, disk] = match region.provider() {
        Provider::Aws => ["eks_cluster_hour", "load_balancer_network_hour", "ebs_gp3_storage"],
        Provider::Gcp => ["gke_cluster_hour", "load_balancer_rule_hour", "disk_balanced"],
    };
    let hourly = |what: &str, price: Option<Price>| Part {
        what: what.to_owned(),
        usd: price.and_then(|price| price.usd.checked_mul(hours)),
    };
    let mut parts = vec![hourly("control plane", item(region, plane))];
    parts.extend(cluster.pools.iter().flat_map(|pool| nodes(cluster, region, pool, hours)));
    parts.push(hourly("balancer", item(region, balancer)));
    parts.extend(network(cluster, region, hours));
    let (data, boot) = (disk_space(cluster), Bytes::gib(BOOT_DISK_GIB * standing_nodes(cluster)));
    for (what, size) in [("nodes' disks", boot), ("disks", data)] {
        if size > Bytes::default() {
            parts.push(Part {
                what: format!("{what} of {size}"),
                usd: disks(item(region, disk), size, hours),
            });
        }
    }
    parts.extend(shared_homes(cluster, region.provider()));
    parts
}

/// All disks together that are there without anyone.
fn disk_space(cluster: &Cluster<'_>) -> Bytes {
    let hub = cluster.hub;
    let all = [hub.hub.then_some(DATABASE), hub.support.monitoring.then_some(HISTORY), homes_size(cluster)];
    Bytes::new(all.into_iter().flatten().fold(0, |sum, size| sum.saturating_add(size.get())))
}

/// The nodes that are there without anyone.
fn standing_nodes(cluster: &Cluster<'_>) -> u64 {
    cluster.pools.iter().map(|pool| u64::from(pool.min).max(warm_nodes(cluster, pool))).sum()
}

/// NAT gateways, and without them the public addresses of nodes that are there without anyone. Google sells
/// NAT by use ("Cloud NAT pricing").
fn network(cluster: &Cluster<'_>, region: &Region, hours: i128) -> Option<Part> {
    let nodes = i128::from(standing_nodes(cluster));
    let zones =
        i128::try_from(cluster.hub.zones.len()).ok().filter(|zones| *zones > 0).unwrap_or(AWS_ZONES.into());
    let (what, key, count) = match (cluster.hub.network.nat, region.provider()) {
        (Nat::None, Provider::Aws) => ("nodes' public addresses", "public_ipv4_hour", nodes),
        (Nat::None, Provider::Gcp) => ("nodes' public addresses", "external_ip_vm_hour", nodes),
        (_, Provider::Gcp) => return Some(Part { what: "NAT by use".to_owned(), usd: None }),
        (Nat::Single, Provider::Aws) => ("NAT gateway", "nat_gateway_hour", 1),
        (Nat::PerZone, Provider::Aws) => ("NAT gateways", "nat_gateway_hour", zones),
    };
    let usd = item(region, key).and_then(|price| price.usd.checked_mul(hours)?.checked_mul(count));
    (count > 0).then(|| Part { what: what.to_owned(), usd })
}

/// Shared file systems, of which no table has a price here: EFS is paid by what it holds, Filestore by the whole
/// instance, 1 TiB in its smallest tier (Filestore documentation, "Service tiers").
fn shared_homes(cluster: &Cluster<'_>, provider: Provider) -> Option<Part> {
    let what = match provider {
        Provider::Aws => "homes on EFS, by what they hold",
        Provider::Gcp => "homes on Filestore, 1 TiB at least",
    };
    let shared = cluster.hub.hub && cluster.homes() == Homes::Shared;
    shared.then(|| Part { what: what.to_owned(), usd: None })
}

/// The price of a key, or what stands in for it.
fn item(region: &Region, key: &str) -> Option<Price> {
    match region.item(key) {
        Ok(item) => Some(item.price),
        Err(gap) => gap.stand_in,
    }
}

/// A pool's nodes that are always there, and those that are kept warm beside them.
fn nodes(cluster: &Cluster<'_>, region: &Region, pool: &NodePool, hours: i128) -> Vec<Part> {
    let always = u64::from(pool.min);
    let kept = warm_nodes(cluster, pool).saturating_sub(always);
    let Some(machine) = pool.machines.first() else { return Vec::new() };
    let name = &machine.machine.name;
    let price = price(region, machine, if pool.spot { Market::Spot } else { Market::OnDemand });
    let cost = |count: u64| price?.checked_mul(hours)?.checked_mul(i128::from(count));
    let parts = [(always, format!("{always} x {name}")), (kept, format!("{kept} x {name} kept warm"))];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, what)| Part { what, usd: cost(count) }).collect()
}

/// The nodes of a pool that are kept warm, those among them that are always there.
fn warm_nodes(cluster: &Cluster<'_>, pool: &NodePool) -> u64 {
    warm(cluster).filter(|_| pool.purpose == Purpose::User).map_or(0, |warm| warm.nodes)
}

/// The price of a machine's hour, or what stands in for it.
fn price(region: &Region, machine: &Offer, market: Market) -> Option<Amount> {
    match region.price(machine, market) {
        Ok(price) => Some(price.usd),
        Err(gap) => gap.stand_in.map(|price| price.usd),
    }
}

/// A disk's price is of a GiB and a month; what AWS calls GB there are GiB, as volumes are sold ("Amazon EBS
/// pricing", "Amazon EBS volume types").
fn disks(price: Option<Price>, size: Bytes, hours: i128) -> Option<Amount> {
    price?.usd.ratio(i128::from(size.get()), 1 << 30)?.ratio(hours, MONTH_HOURS)
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
