//! What resources cost a month with nobody on the hub: by the prices of the catalog, from the
//! resources of a plan, so that before and after are counted alike.

use std::sync::Arc;

use frazil_units::Amount;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::catalog::{MONTH_HOURS, Market, Price, Provider, Region};
use crate::render::nodes::BOOT_DISK_GIB;

/// What something costs a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The parts that cost something.
    pub lines: Vec<Line>,
}

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is, such as `1 x m5a.large`.
    pub what: String,
    /// US dollars a month; `None` where the catalog has no price.
    pub usd: Option<Amount>,
}

impl Serialize for Line {
    /// Money as decimal text, exact: a number of JSON would be rounded by who reads it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_struct("Line", 2)?;
        line.serialize_field("what", &self.what)?;
        line.serialize_field("usd", &self.usd.map(|usd| usd.to_string()))?;
        line.end()
    }
}

impl Cost {
    /// The sum of the parts that have a price.
    pub fn total(&self) -> Amount {
        self.lines.iter().filter_map(|line| line.usd).sum()
    }

    /// The resources of a root module, as Terraform shows them.
    pub(super) fn of(resources: &Value, region: Option<&Arc<Region>>) -> Self {
        let Some(region) = region else { return Self::default() };
        let all = resources.as_array().into_iter().flatten();
        let managed: Vec<_> = all.filter(|resource| resource["mode"] == "managed").collect();
        let mut lines: Vec<_> = managed.iter().filter_map(|each| line(region, each)).collect();
        lines.extend(beside_nodes(region, &managed));
        lines.sort_by(|a, b| a.what.cmp(&b.what));
        Self { lines }
    }
}

fn line(region: &Region, resource: &Value) -> Option<Line> {
    let values = &resource["values"];
    let hourly = |what: &str, key: &str, count: i128| Line {
        what: what.to_owned(),
        usd: item(region, key).and_then(|price| price.usd.checked_mul(MONTH_HOURS * count)),
    };
    match resource["type"].as_str()? {
        "aws_eks_cluster" => Some(hourly("control plane", "eks_cluster_hour", 1)),
        "google_container_cluster" => Some(hourly("control plane", "gke_cluster_hour", 1)),
        "aws_eip" => Some(hourly("public address", "public_ipv4_hour", 1)),
        "google_compute_address" => Some(Line { what: "public address".to_owned(), usd: None }),
        "aws_nat_gateway" => Some(hourly("NAT gateway", "nat_gateway_hour", 1)),
        "google_compute_router_nat" => Some(Line { what: "NAT by use".to_owned(), usd: None }),
        "aws_eks_node_group" => {
            let spot = values["capacity_type"] == "SPOT";
            nodes(region, &values["instance_types"][0], always(resource), spot)
        }
        "google_container_node_pool" => {
            let node = &values["node_config"][0];
            nodes(region, &node["machine_type"], always(resource), node["spot"] == true)
        }
        "aws_ebs_volume" | "google_compute_disk" => Some(disk(region, values["size"].as_i64()?)),
        "aws_efs_file_system" => Some(Line { what: "homes on EFS, by what they hold".to_owned(), usd: None }),
        "google_filestore_instance" => {
            let size = values["file_shares"][0]["capacity_gb"].as_i64().unwrap_or(0);
            Some(Line { what: format!("homes on Filestore, {size} GiB whatever they hold"), usd: None })
        }
        _ => None,
    }
}

/// How many nodes of a pool are always there.
fn always(pool: &Value) -> i64 {
    let values = &pool["values"];
    let least = |key: &str| values["autoscaling"][0][key].as_i64().unwrap_or(0);
    match pool["type"].as_str() {
        Some("aws_eks_node_group") => values["scaling_config"][0]["min_size"].as_i64().unwrap_or(0),
        Some("google_container_node_pool") => least("total_min_node_count").max(least("min_node_count")),
        _ => 0,
    }
}

/// The disks that those nodes boot from, and their public addresses where no NAT makes these needless.
fn beside_nodes(region: &Region, resources: &[&Value]) -> Vec<Line> {
    let nodes: i64 = resources.iter().map(|each| always(each)).sum();
    if nodes == 0 {
        return Vec::new();
    }
    let gib = i64::try_from(BOOT_DISK_GIB).unwrap_or(i64::MAX).saturating_mul(nodes);
    let mut lines = vec![Line { what: format!("nodes' disks of {gib} GiB"), ..disk(region, gib) }];
    let nat = |each: &&&Value| {
        ["aws_nat_gateway", "google_compute_router_nat"].iter().any(|kind| each["type"] == *kind)
    };
    if !resources.iter().any(|each| nat(&each)) {
        let key = match region.provider() {
            Provider::Aws => "public_ipv4_hour",
            Provider::Gcp => "external_ip_vm_hour",
        };
        let usd = item(region, key).and_then(|price| price.usd.checked_mul(MONTH_HOURS * i128::from(nodes)));
        lines.push(Line { what: "nodes' public addresses".to_owned(), usd });
    }
    lines
}

/// Nodes that are always there.
fn nodes(region: &Region, machine: &Value, count: i64, spot: bool) -> Option<Line> {
    let name = machine.as_str().filter(|_| count > 0)?;
    let market = if spot { Market::Spot } else { Market::OnDemand };
    let price = region.machine(name).ok().and_then(|offer| match region.price(offer, market) {
        Ok(price) => Some(price.usd),
        Err(gap) => gap.stand_in.map(|price| price.usd),
    });
    let usd = price.and_then(|usd| usd.checked_mul(MONTH_HOURS * i128::from(count)));
    Some(Line { what: format!("{count} x {name}"), usd })
}

/// A disk for homes. Its price is of a GB or GiB and a month; both clouds sell whole GiB.
fn disk(region: &Region, gib: i64) -> Line {
    let key = match region.provider() {
        Provider::Aws => "ebs_gp3_storage",
        Provider::Gcp => "disk_balanced",
    };
    let usd = item(region, key).and_then(|price| price.usd.checked_mul(i128::from(gib)));
    Line { what: format!("disk of {gib} GiB"), usd }
}

/// The price of a key, or what stands in for it.
fn item(region: &Region, key: &str) -> Option<Price> {
    match region.item(key) {
        Ok(item) => Some(item.price),
        Err(gap) => gap.stand_in,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_always_there_is_counted_and_nothing_else() {
        let region = Region::open(Provider::Aws, "us-west-2").unwrap();
        let pool = |min: i64| {
            json!({ "mode": "managed", "type": "aws_eks_node_group", "values": {
                "instance_types": ["m5.large"], "capacity_type": "ON_DEMAND",
                "scaling_config": [{ "min_size": min, "max_size": 9 }] } })
        };
        let cluster = json!({ "mode": "managed", "type": "aws_eks_cluster", "values": {} });
        let volume = json!({ "mode": "managed", "type": "aws_ebs_volume", "values": { "size": 100 } });
        let cost = Cost::of(&json!([cluster, pool(1), pool(0), volume]), Some(&region));
        // 0.10, 0.096 and 0.005 USD an hour for 730 hours, twice 100 GiB at 0.08.
        assert_eq!(cost.total(), Amount::from_decimal("162.73").unwrap());
        assert_eq!(cost.lines.len(), 5);
        let nat = json!({ "mode": "managed", "type": "aws_nat_gateway", "values": {} });
        let behind = Cost::of(&json!([pool(1), nat]), Some(&region));
        assert!(behind.lines.iter().all(|line| !line.what.contains("addresses")), "{behind:?}");
        assert_eq!(Cost::of(&Value::Null, Some(&region)), Cost::default());
    }
}
