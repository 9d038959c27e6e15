//! What resources cost a month with nobody on the hub: by the prices of the catalog, from the
//! resources of a plan, so that before and after are counted alike.

use std::sync::Arc;

use frazil_units::Amount;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::catalog::{Market, Region};
use crate::estimate::prices::{Priced, Time, item, keys, machine};
use crate::estimate::{Quantity, month};
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
    let keys = keys(region.provider());
    let hourly =
        |what: &str, key: &str| priced(what.to_owned(), &item(region, key), Quantity::ONE, Time::Hour);
    match resource["type"].as_str()? {
        "aws_eks_cluster" | "google_container_cluster" => Some(hourly("control plane", keys.control_plane)),
        "aws_eip" => Some(hourly("public address", keys.address)),
        "google_compute_address" => Some(Line { what: "public address".to_owned(), usd: None }),
        "aws_nat_gateway" => Some(hourly("NAT gateway", keys.nat)),
        "google_compute_router_nat" => Some(Line { what: "NAT by use".to_owned(), usd: None }),
        "aws_kms_key" => {
            let key = item(region, "kms_key");
            Some(priced("encryption key".to_owned(), &key, Quantity::ONE, Time::Month))
        }
        "aws_eks_node_group" => {
            let spot = values["capacity_type"] == "SPOT";
            nodes(region, &values["instance_types"][0], always(resource), spot)
        }
        "google_container_node_pool" => {
            let node = &values["node_config"][0];
            nodes(region, &node["machine_type"], always(resource), node["spot"] == true)
        }
        "aws_ebs_volume" | "google_compute_disk" => {
            Some(disk(region, u64::try_from(values["size"].as_i64()?).unwrap_or(0)))
        }
        "aws_efs_file_system" => Some(Line { what: "homes on EFS, by what they hold".to_owned(), usd: None }),
        "google_filestore_instance" => {
            let size = values["file_shares"][0]["capacity_gb"].as_u64().unwrap_or(0);
            let what = format!("homes on Filestore, {size} GiB whatever they hold");
            Some(priced(what, &item(region, keys.shared_homes), Quantity::whole(size), Time::Month))
        }
        _ => None,
    }
}

/// A line of what so much of something costs a month.
fn priced(what: String, priced: &Priced, quantity: Quantity, time: Time) -> Line {
    Line { what, usd: priced.usd().map(|usd| time.cost(usd, quantity, month())) }
}

/// How many nodes of a pool are always there.
fn always(pool: &Value) -> u64 {
    let values = &pool["values"];
    let least = |key: &str| values["autoscaling"][0][key].as_u64().unwrap_or(0);
    match pool["type"].as_str() {
        Some("aws_eks_node_group") => values["scaling_config"][0]["min_size"].as_u64().unwrap_or(0),
        Some("google_container_node_pool") => least("total_min_node_count").max(least("min_node_count")),
        _ => 0,
    }
}

/// The disks that those nodes boot from, and their public addresses where no NAT makes these needless.
fn beside_nodes(region: &Region, resources: &[&Value]) -> Vec<Line> {
    let nodes: u64 = resources.iter().map(|each| always(each)).sum();
    if nodes == 0 {
        return Vec::new();
    }
    let gib = BOOT_DISK_GIB.saturating_mul(nodes);
    let mut lines = vec![Line { what: format!("nodes' disks of {gib} GiB"), ..disk(region, gib) }];
    let nat = |each: &&&Value| {
        ["aws_nat_gateway", "google_compute_router_nat"].iter().any(|kind| each["type"] == *kind)
    };
    if !resources.iter().any(|each| nat(&each)) {
        let address = item(region, keys(region.provider()).address);
        lines.push(priced(
            "nodes' public addresses".to_owned(),
            &address,
            Quantity::whole(nodes),
            Time::Hour,
        ));
    }
    lines
}

/// Nodes that are always there.
fn nodes(region: &Region, name: &Value, count: u64, spot: bool) -> Option<Line> {
    let name = name.as_str().filter(|_| count > 0)?;
    let market = if spot { Market::Spot } else { Market::OnDemand };
    let price = region.machine(name).map(|offer| machine(region, offer, market)).unwrap_or_default();
    Some(priced(format!("{count} x {name}"), &price, Quantity::whole(count), Time::Hour))
}

/// A disk. Its price is of a GB or GiB and a month; both clouds sell whole GiB.
fn disk(region: &Region, gib: u64) -> Line {
    let price = item(region, keys(region.provider()).disk);
    priced(format!("disk of {gib} GiB"), &price, Quantity::whole(gib), Time::Month)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Provider;
    use crate::config::HubFile;
    use crate::estimate::{Component, base_lines, place};
    use crate::render::cluster::Cluster;

    #[test]
    fn what_is_always_there_is_counted_and_nothing_else() {
        let region = Region::open(Provider::Aws, "us-west-2").unwrap();
        let pool = |min: u64| {
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

    /// The resources that the modules of `terraform/` make of a hub's variables, as far as they cost something
    /// always (`terraform/*/{cluster,pools,homes,network}.tf`).
    fn resources(cluster: &Cluster<'_>) -> Value {
        let variables = crate::render::variables(cluster).unwrap();
        let resource =
            |kind: &str, values: Value| json!({ "mode": "managed", "type": kind, "values": values });
        let aws = cluster.is_eks();
        let mut all =
            vec![resource(if aws { "aws_eks_cluster" } else { "google_container_cluster" }, json!({}))];
        for pool in variables["pools"].as_object().unwrap().values() {
            let (machine, least) = (&pool["machines"][0], &pool["min"]);
            all.push(if aws {
                let market = if pool["spot"] == true { "SPOT" } else { "ON_DEMAND" };
                resource(
                    "aws_eks_node_group",
                    json!({ "instance_types": [machine], "capacity_type": market,
                    "scaling_config": [{ "min_size": least }] }),
                )
            } else {
                resource(
                    "google_container_node_pool",
                    json!({ "node_config": [{ "machine_type": machine,
                    "spot": pool["spot"] }], "autoscaling": [{ "total_min_node_count": least }] }),
                )
            });
        }
        let size = &variables["homes"]["size"];
        match (variables["homes"]["kind"].as_str().unwrap(), aws) {
            ("disk", true) => all.push(resource("aws_ebs_volume", json!({ "size": size }))),
            ("disk", false) => all.push(resource("google_compute_disk", json!({ "size": size }))),
            ("shared", true) => all.push(resource("aws_efs_file_system", json!({}))),
            ("shared", false) => {
                let shares = json!([{ "capacity_gb": size.as_u64().unwrap().max(1024) }]);
                all.push(resource("google_filestore_instance", json!({ "file_shares": shares })));
            }
            _ => {}
        }
        if aws {
            all.push(resource("aws_kms_key", json!({})));
            let gateways = usize::from(variables["network"]["nat"] == "single");
            for kind in ["aws_nat_gateway", "aws_eip"].into_iter().take(gateways * 2) {
                all.push(resource(kind, json!({})));
            }
        }
        Value::Array(all)
    }

    #[test]
    fn an_estimate_and_a_plan_count_the_same_base_where_both_know_it() {
        let aws = "provider: { aws: { account: \"123456789012\", region: us-west-2 } }\n";
        let gcp = "provider: { gcp: { project: ice-2026, region: us-central1 } }\n";
        for (provider, more) in [
            (aws, "storage: { homes: { quota: 20 GiB } }\n"),
            (aws, "network: { nat: single }\npools: { user: { machine: r5a.2xlarge, min: 2 } }\n"),
            (aws, "hub: false\n"),
            (gcp, "storage: { homes: { quota: 20 GiB } }\nsupport: { monitoring: true }\n"),
            (gcp, "pools: { core: { machine: n2-standard-4, count: 2 } }\n"),
            (gcp, "hub: false\n"),
        ] {
            let hub: HubFile = serde_yaml::from_str(&format!("name: lab\n{provider}{more}")).unwrap();
            let cluster = Cluster::new(&hub).unwrap();
            let (cloud, name) = place(&hub).unwrap();
            let region = Region::open(cloud, name).unwrap();
            let plan = Cost::of(&resources(&cluster), Some(&region)).total();
            // What charts make in the cluster: no resource of Terraform.
            let charts = |line: &&crate::estimate::Line| {
                line.component == Component::Balancer
                    || ["balancer", "hub's disks"].iter().any(|own| line.what.starts_with(own))
            };
            let lines = base_lines(&cluster, &region);
            let sum = |lines: Vec<&crate::estimate::Line>| {
                lines.iter().filter_map(|line| line.usd(month())).sum::<Amount>()
            };
            let all = sum(lines.iter().collect());
            let theirs = sum(lines.iter().filter(charts).collect());
            assert!(theirs > Amount::ZERO, "{more}");
            assert_eq!(all - theirs, plan, "{provider}{more}");
        }
    }
}
