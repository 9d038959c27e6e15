//! What a hub left: everything of the project in the region is listed, and what carries a mark of
//! the hub is told.

use futures::future::{try_join, try_join5};
use serde_json::Value;

use super::marks::{Marks, relative};
use super::session::{Gcp, nothing_if_off};
use crate::catalog::Provider;
use crate::cloud::http::Asked;
use crate::cloud::leftover::in_order;
use crate::cloud::read::{each, number, text};
use crate::cloud::{Belongs, Hub, Kind, Leftover, Way, prices};

impl Gcp {
    /// Everything of a hub, first removed first.
    pub(super) async fn everything_of(&self, hub: &Hub) -> Asked<Vec<Leftover>> {
        let region = self.region_name().to_owned();
        let mut marks = Marks::new(&hub.name, &region);
        let mut found = self.networks(&mut marks).await?;
        found.extend(self.firewalls(&mut marks).await?);
        // Each on the heap: together they are more than a thread's stack should hold.
        let (clusters, balancers, placed, machines, rest) = try_join5(
            Box::pin(self.clusters_of(&marks)),
            Box::pin(self.balancers(&marks)),
            Box::pin(self.in_networks(&marks)),
            Box::pin(self.machines(&marks)),
            Box::pin(try_join(self.disks(&marks), self.others(&marks))),
        )
        .await?;
        found.extend([clusters, balancers, placed, machines, rest.0, rest.1].into_iter().flatten());
        found.extend(self.record(hub, &found).await?);
        found.extend(self.bills(hub, &marks).await?);
        Ok(in_order(found))
    }

    async fn global(&self, kind: &str) -> Asked<Vec<Value>> {
        let path = self.below("compute/v1", &format!("global/{kind}"));
        let asked = format!("compute.{kind}.list");
        nothing_if_off(self.list("compute", path, &[("maxResults", "500")], "/items", &asked).await)
    }

    /// Networks have no labels. One of the hub's name is the hub's if its description says so, or if
    /// its subnet is as frazil's module makes it. Compute Engine API, `networks.list`, `subnetworks.aggregatedList`.
    async fn networks(&self, marks: &mut Marks<'_>) -> Asked<Vec<Leftover>> {
        let networks = self.global("networks").await?;
        let subnets = self.aggregated("subnetworks").await?;
        let mut found = Vec::new();
        for one in &networks {
            let link = text(one, "/selfLink");
            let shaped = || subnets.iter().any(|(_, subnet)| is_modules(subnet, one, marks.hub()));
            let named = text(one, "/name") == marks.hub();
            let belongs = match marks.of(one) {
                Some(belongs) => belongs,
                None if named => Belongs::Name,
                None => continue,
            };
            let sure = belongs != Belongs::Name || shaped();
            let told = told(Kind::Network, "global", one, belongs);
            if sure {
                marks.add_network(&link);
                found.push(told);
            } else {
                let how = "only its name says that it is the hub's: delete it yourself if it is".to_owned();
                found.push(told.goes(Way::ByHand(how)));
            }
        }
        let own = subnets.iter().filter_map(|(place, subnet)| {
            let belongs = marks.of(subnet)?;
            let note = text(subnet, "/ipCidrRange");
            Some(told(Kind::Subnet, place, subnet, belongs).noted(note))
        });
        found.extend(own);
        Ok(found)
    }

    /// The cluster with its pools: the ones that carry its label or the hub's.
    async fn clusters_of(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let Some(cluster) = nothing_if_off(self.live_cluster(marks.hub()).await)? else {
            return Ok(Vec::new());
        };
        let labels = cluster.resource_labels.clone().into_iter().collect();
        let Some(belongs) = marks.by_labels(&labels) else { return Ok(Vec::new()) };
        let path = format!("{}/clusters/{}", self.location_path(), cluster.name);
        let one =
            Leftover::new(Kind::Cluster, &path, belongs.clone()).named(&cluster.name).at(&cluster.location);
        let one =
            one.since(&cluster.create_time).noted(format!("Kubernetes {}", cluster.current_master_version));
        let monthly = prices::hourly(Provider::Gcp, self.region_name(), "gke_cluster_hour");
        let mut found = vec![one.costs(monthly)];
        found.extend(cluster.node_pools.iter().map(|pool| {
            let id = format!("{path}/nodePools/{}", pool.name);
            let told =
                Leftover::new(Kind::NodePool, id, belongs.clone()).named(&pool.name).at(&cluster.location);
            told.goes(Way::With("the cluster".to_owned())).noted("its machines are told by themselves")
        }));
        Ok(found)
    }

    pub(super) fn location_path(&self) -> String {
        format!("projects/{}/locations/{}", self.project(), self.region_name())
    }

    /// Compute Engine API, `firewalls.list`.
    async fn firewalls(&self, marks: &mut Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for one in self.global("firewalls").await? {
            let Some(belongs) = marks.of(&one) else { continue };
            marks.add_firewall(&text(&one, "/name"));
            found.push(told(Kind::Firewall, "global", &one, belongs));
        }
        Ok(found)
    }

    /// Compute Engine API: `routers.aggregatedList`, `addresses.aggregatedList`,
    /// `resourcePolicies.aggregatedList`.
    async fn in_networks(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for (place, one) in self.aggregated("routers").await? {
            // The price of NAT is by the machines behind it: none, none.
            let nats = each(&one, "/nats").len();
            let note = if nats == 0 {
                String::new()
            } else {
                "with NAT, billed by the machines behind it".to_owned()
            };
            found.extend(marks.of(&one).map(|belongs| told(Kind::Router, &place, &one, belongs).noted(note)));
        }
        for (place, one) in self.aggregated("addresses").await? {
            let Some(belongs) = marks.of(&one) else { continue };
            let unused = text(&one, "/status") == "RESERVED" && text(&one, "/addressType") != "INTERNAL";
            let key = if unused { "external_ip_unused_hour" } else { "external_ip_vm_hour" };
            let external = text(&one, "/addressType") != "INTERNAL";
            let monthly = external.then(|| prices::hourly(Provider::Gcp, self.region_name(), key)).flatten();
            let told = told(Kind::Address, &place, &one, belongs).costs(monthly);
            found.push(told.noted(text(&one, "/address")));
        }
        for (place, one) in self.aggregated("resourcePolicies").await? {
            // Policies have no labels; the copies that they make have some.
            let properties = "/snapshotSchedulePolicy/snapshotProperties/labels";
            let belongs =
                marks.of(&one).or_else(|| marks.by_labels(&crate::cloud::read::tags(&one, properties)));
            found.extend(
                belongs.map(|belongs| told(Kind::Plan, &place, &one, belongs).noted("its copies stay")),
            );
        }
        Ok(found)
    }

    /// Compute Engine API, `instances.aggregatedList`, `instanceTemplates.aggregatedList`.
    async fn machines(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for (place, one) in self.aggregated("instances").await? {
            let Some(belongs) = marks.of(&one) else { continue };
            let kind = text(&one, "/machineType").rsplit('/').next().unwrap_or_default().to_owned();
            let spot = text(&one, "/scheduling/provisioningModel") == "SPOT"
                || text(&one, "/scheduling/preemptible") == "true";
            let state = text(&one, "/status").to_lowercase();
            let runs = state == "running" && !spot;
            let monthly = runs.then(|| prices::machine(Provider::Gcp, self.region_name(), &kind)).flatten();
            let note = format!("{kind}{}, {state}", if spot { " spot" } else { "" });
            found.push(told(Kind::Instance, &place, &one, belongs).costs(monthly).noted(note));
        }
        for (place, one) in self.aggregated("instanceTemplates").await? {
            let labels = crate::cloud::read::tags(&one, "/properties/labels");
            let belongs = marks.by_labels(&labels);
            found.extend(belongs.map(|belongs| told(Kind::Template, &place, &one, belongs)));
        }
        Ok(found)
    }

    /// Compute Engine API, `disks.aggregatedList`, `snapshots.list`.
    async fn disks(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for (place, one) in self.aggregated("disks").await? {
            let Some(belongs) = marks.of_disk(&one) else { continue };
            let size = number(&one, "/sizeGb").unwrap_or_default();
            let kind = text(&one, "/type").rsplit('/').next().unwrap_or_default().to_owned();
            let replicated = !each(&one, "/replicaZones").is_empty();
            let monthly = disk_key(&kind, replicated)
                .and_then(|key| prices::stored(Provider::Gcp, self.region_name(), &key, size));
            let used = if each(&one, "/users").is_empty() { "in no machine" } else { "in use" };
            let way = way_of(&belongs);
            let told = told(Kind::Disk, &place, &one, belongs).goes(way).costs(monthly);
            found.push(told.noted(format!("{size} GiB {kind}, {used}")));
        }
        for one in self.global("snapshots").await? {
            let Some(belongs) = marks.of_disk(&one) else { continue };
            let bytes = number(&one, "/storageBytes").unwrap_or_default();
            let gib = bytes.div_ceil(1 << 30);
            let monthly = prices::stored(Provider::Gcp, self.region_name(), "snapshot_storage", gib);
            let way = way_of(&belongs);
            let told = told(Kind::Snapshot, "global", &one, belongs).goes(way).costs(monthly);
            found.push(told.noted(format!("{gib} GiB")));
        }
        Ok(found)
    }
}

/// Something of Compute Engine that is the hub's.
fn told(kind: Kind, place: &str, one: &Value, belongs: Belongs) -> Leftover {
    Leftover::new(kind, relative(&text(one, "/selfLink")), belongs)
        .named(&text(one, "/name"))
        .at(place)
        .since(&text(one, "/creationTimestamp"))
}

/// Whether a subnet is as frazil's module makes that of a hub: its name, and its two further ranges.
fn is_modules(subnet: &Value, network: &Value, hub: &str) -> bool {
    let ranges: Vec<_> =
        each(subnet, "/secondaryIpRanges").into_iter().map(|range| text(range, "/rangeName")).collect();
    let has = |name: &str| ranges.iter().any(|range| range == name);
    relative(&text(subnet, "/network")) == relative(&text(network, "/selfLink"))
        && text(subnet, "/name") == hub
        && has("pods")
        && has("services")
}

/// What is only known by the namespace of its claim may be another cluster's.
fn way_of(belongs: &Belongs) -> Way {
    match belongs {
        Belongs::Claim => {
            Way::ByHand("it names no cluster: delete it yourself if it was this hub's".to_owned())
        }
        _ => Way::Remove,
    }
}

/// The catalog's key of a kind of disk.
fn disk_key(kind: &str, replicated: bool) -> Option<String> {
    let name = match kind {
        "pd-standard" => "hdd",
        "pd-balanced" => "balanced",
        "pd-ssd" => "ssd",
        "pd-extreme" => "extreme",
        "hyperdisk-extreme" => "hyperdisk-extreme",
        _ => return None,
    };
    Some(format!("disk_{name}{}", if replicated { "-replicated" } else { "" }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_network_of_the_hubs_name_needs_the_modules_subnet() {
        let network = json!({ "selfLink": "projects/p/global/networks/lab" });
        let subnet = |name: &str, ranges: &[&str]| {
            let ranges: Vec<_> = ranges.iter().map(|name| json!({ "rangeName": name })).collect();
            json!({ "network": "http://x/projects/p/global/networks/lab", "name": name, "secondaryIpRanges": ranges })
        };
        assert!(is_modules(&subnet("lab", &["pods", "services"]), &network, "lab"));
        assert!(!is_modules(&subnet("lab", &["pods"]), &network, "lab"));
        assert!(!is_modules(&subnet("default", &["pods", "services"]), &network, "lab"));
    }

    #[test]
    fn disks_have_prices_by_kind() {
        assert_eq!(disk_key("pd-balanced", false).as_deref(), Some("disk_balanced"));
        assert_eq!(disk_key("pd-ssd", true).as_deref(), Some("disk_ssd-replicated"));
        assert_eq!(disk_key("hyperdisk-throughput", false), None);
    }
}
