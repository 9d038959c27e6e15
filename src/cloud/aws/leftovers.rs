//! What a hub left: everything in the region is listed, and what carries a mark of the hub is told.

use std::collections::BTreeMap;

use futures::future::{try_join, try_join3, try_join5};
use serde_json::Value;

use super::endpoints::{Api, EC2};
use super::marks::Marks;
use super::session::Aws;
use crate::catalog::Provider;
use crate::cloud::http::Asked;
use crate::cloud::leftover::in_order;
use crate::cloud::read::{each, flag, number, tags, text};
use crate::cloud::{Belongs, Hub, Kind, Leftover, Way, prices};

/// Pages of a list before something must be wrong: no account has so much.
const MOST_PAGES: usize = 1_000;

impl Aws {
    /// Everything of a hub, first removed first.
    pub(super) async fn everything_of(&self, hub: &Hub) -> Asked<Vec<Leftover>> {
        let mut marks = Marks::new(&hub.name);
        let mut found = self.networks(&mut marks).await?;
        // Each on the heap: together they are more than a thread's stack should hold.
        let network = try_join3(
            Box::pin(self.in_networks(&marks)),
            Box::pin(self.disks(&marks)),
            Box::pin(self.machines(&marks)),
        );
        let services = try_join5(
            Box::pin(self.balancers(&marks)),
            Box::pin(self.eks_of(&marks)),
            Box::pin(self.file_systems(&marks)),
            Box::pin(self.log_groups(&marks)),
            Box::pin(self.identities(&marks)),
        );
        let ((placed, disks, machines), (balancers, clusters, files, logs, identities)) =
            try_join(network, services).await?;
        found.extend(
            [placed, disks, machines, balancers, clusters, files, logs, identities].into_iter().flatten(),
        );
        found.extend(self.tagged(&marks, &found).await?);
        found.extend(self.record(hub, &found).await?);
        found.extend(self.bills(hub).await?);
        Ok(in_order(found))
    }

    /// All pages of a list of a service that takes forms: EC2's token, or the marker of others.
    pub(super) async fn pages(
        &self,
        api: Api,
        operation: &str,
        pairs: &[(&str, String)],
        pointer: &str,
    ) -> Asked<Vec<Value>> {
        let mut all = Vec::new();
        let mut next: Option<(&str, String)> = None;
        for _ in 0..MOST_PAGES {
            let mut pairs = pairs.to_vec();
            pairs.extend(next.take());
            let page = self.form(api, operation, &pairs).await?;
            all.extend(each(&page, pointer).into_iter().cloned());
            // Each family names what continues a list in its own way.
            let ways = [
                ("/nextToken", "NextToken"),
                ("/NextToken", "NextToken"),
                ("/NextMarker", "Marker"),
                ("/Marker", "Marker"),
            ];
            next = ways
                .into_iter()
                .map(|(from, to)| (to, text(&page, from)))
                .find(|(_, token)| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(all)
    }

    async fn ec2(&self, operation: &str, pointer: &str) -> Asked<Vec<Value>> {
        self.pages(EC2, operation, &[], pointer).await
    }

    fn hourly(&self, key: &str) -> Option<frazil_units::Money> {
        prices::hourly(Provider::Aws, self.region_name(), key)
    }

    /// EC2 API Reference, `DescribeVpcs`.
    async fn networks(&self, marks: &mut Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for one in self.ec2("DescribeVpcs", "/vpcSet/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let Some(belongs) = marks.by_tags(&tags) else { continue };
            let id = text(&one, "/vpcId");
            marks.add_network(id.clone());
            found.push(self.plain(Kind::Network, id, belongs, &tags).noted(text(&one, "/cidrBlock")));
        }
        Ok(found)
    }

    /// What is in a network, or carries a mark: EC2 API Reference, `DescribeSubnets`,
    /// `DescribeRouteTables`, `DescribeInternetGateways`, `DescribeNatGateways`,
    /// `DescribeVpcEndpoints`, `DescribeFlowLogs`, `DescribeSecurityGroups`, `DescribeNetworkInterfaces`, `DescribeAddresses`.
    async fn in_networks(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for one in self.ec2("DescribeSubnets", "/subnetSet/item").await? {
            found.extend(self.placed(marks, &one, Kind::Subnet, "/subnetId"));
        }
        for one in self.ec2("DescribeRouteTables", "/routeTableSet/item").await? {
            let main = each(&one, "/associationSet/item").into_iter().any(|each| flag(each, "/main"));
            let table = self.placed(marks, &one, Kind::Route, "/routeTableId");
            found.extend(table.map(|table| if main { table.goes(with_network()) } else { table }));
        }
        for one in self.ec2("DescribeInternetGateways", "/internetGatewaySet/item").await? {
            let networks = each(&one, "/attachmentSet/item");
            let network = networks.first().map(|each| text(each, "/vpcId")).unwrap_or_default();
            let tags = tags(&one, "/tagSet/item");
            let belongs = marks.in_network(&tags, &network);
            found.extend(
                belongs.map(|belongs| {
                    self.plain(Kind::Gateway, text(&one, "/internetGatewayId"), belongs, &tags)
                }),
            );
        }
        for one in self.ec2("DescribeNatGateways", "/natGatewaySet/item").await? {
            let state = text(&one, "/state");
            let nat = self.placed(marks, &one, Kind::Nat, "/natGatewayId").filter(|_| state != "deleted");
            let nat = nat.map(|nat| nat.since(&text(&one, "/createTime")).noted(state.clone()));
            found.extend(nat.map(|nat| nat.costs(self.hourly("nat_gateway_hour"))));
        }
        for one in self.ec2("DescribeVpcEndpoints", "/vpcEndpointSet/item").await? {
            let state = text(&one, "/state").to_lowercase();
            let endpoint =
                self.placed(marks, &one, Kind::Endpoint, "/vpcEndpointId").filter(|_| state != "deleted");
            // A gateway endpoint is free; the price of the other kind is by zone and use.
            found.extend(endpoint.map(|each| each.noted(text(&one, "/serviceName"))));
        }
        for one in self.ec2("DescribeFlowLogs", "/flowLogSet/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let log = marks
                .in_network(&tags, &text(&one, "/resourceId"))
                .map(|belongs| self.plain(Kind::FlowLog, text(&one, "/flowLogId"), belongs, &tags));
            found.extend(log.map(|log| log.noted(text(&one, "/logDestination"))));
        }
        for one in self.ec2("DescribeSecurityGroups", "/securityGroupInfo/item").await? {
            found.extend(self.group(marks, &one));
        }
        for one in self.ec2("DescribeNetworkInterfaces", "/networkInterfaceSet/item").await? {
            found.extend(self.interface(marks, &one));
        }
        for one in self.ec2("DescribeAddresses", "/addressesSet/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let Some(belongs) = marks.by_tags(&tags) else { continue };
            let address = self.plain(Kind::Address, text(&one, "/allocationId"), belongs, &tags);
            found.push(address.noted(text(&one, "/publicIp")).costs(self.hourly("public_ipv4_hour")));
        }
        Ok(found)
    }

    fn group(&self, marks: &Marks<'_>, one: &Value) -> Option<Leftover> {
        let tags = tags(one, "/tagSet/item");
        let name = text(one, "/groupName");
        let belongs = marks.of_group(&tags, &text(one, "/vpcId"), &name)?;
        let group = self.plain(Kind::Firewall, text(one, "/groupId"), belongs, &tags).named(&name);
        // Each network has one that cannot be deleted.
        Some(if name == "default" { group.goes(with_network()) } else { group })
    }

    /// Interfaces that nothing uses, and those that something other than a machine uses.
    fn interface(&self, marks: &Marks<'_>, one: &Value) -> Option<Leftover> {
        let tags = tags(one, "/tagSet/item");
        let belongs = marks.in_network(&tags, &text(one, "/vpcId"))?;
        if !text(one, "/attachment/instanceId").is_empty() {
            return None;
        }
        let description = text(one, "/description");
        let used = text(one, "/status") != "available";
        let interface = self.plain(Kind::Interface, text(one, "/networkInterfaceId"), belongs, &tags);
        let interface = interface.at(&text(one, "/availabilityZone")).noted(description.clone());
        Some(if used { interface.goes(Way::With(user_of(&description))) } else { interface })
    }

    /// EC2 API Reference, `DescribeVolumes`, `DescribeSnapshots`.
    async fn disks(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for one in self.ec2("DescribeVolumes", "/volumeSet/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let Some(belongs) = marks.by_claim(&tags) else { continue };
            let (kind, size) = (text(&one, "/volumeType"), number(&one, "/size").unwrap_or_default());
            let key = format!("ebs_{kind}_storage");
            let disk = self.plain(Kind::Disk, text(&one, "/volumeId"), belongs.clone(), &tags);
            found.push(
                disk.named(&claim_of(&tags))
                    .at(&text(&one, "/availabilityZone"))
                    .since(&text(&one, "/createTime"))
                    .goes(way_of(&belongs))
                    .costs(prices::stored(Provider::Aws, self.region_name(), &key, size))
                    .noted(format!("{size} GiB {kind}, {}", text(&one, "/status"))),
            );
        }
        let own = [("Owner.1", "self".to_owned())];
        for one in self.pages(EC2, "DescribeSnapshots", &own, "/snapshotSet/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let Some(belongs) = marks.by_claim(&tags) else { continue };
            let snapshot = self.plain(Kind::Snapshot, text(&one, "/snapshotId"), belongs.clone(), &tags);
            // What is billed are the blocks that differ from the copy before, which no call tells.
            let size = number(&one, "/volumeSize").unwrap_or_default();
            let most = prices::stored(Provider::Aws, self.region_name(), "ebs_snapshot_storage", size);
            found.push(snapshot.since(&text(&one, "/startTime")).goes(way_of(&belongs)).costs(most).noted(
                format!("of a disk of {size} GiB; at most this price: the blocks that changed count"),
            ));
        }
        Ok(found)
    }

    /// EC2 API Reference, `DescribeInstances`, `DescribeLaunchTemplates`.
    async fn machines(&self, marks: &Marks<'_>) -> Asked<Vec<Leftover>> {
        let mut found = Vec::new();
        for reservation in self.ec2("DescribeInstances", "/reservationSet/item").await? {
            for one in each(&reservation, "/instancesSet/item") {
                let state = text(one, "/instanceState/name");
                if state == "terminated" {
                    continue;
                }
                let Some(machine) = self.placed(marks, one, Kind::Instance, "/instanceId") else { continue };
                let kind = text(one, "/instanceType");
                let spot = text(one, "/instanceLifecycle") == "spot";
                let running = ["pending", "running"].contains(&state.as_str()) && !spot;
                let monthly =
                    running.then(|| prices::machine(Provider::Aws, self.region_name(), &kind)).flatten();
                let place = text(one, "/placement/availabilityZone");
                let note = format!("{kind}{}, {state}", if spot { " spot" } else { "" });
                found.push(machine.at(&place).since(&text(one, "/launchTime")).costs(monthly).noted(note));
            }
        }
        for one in self.ec2("DescribeLaunchTemplates", "/launchTemplates/item").await? {
            let tags = tags(&one, "/tagSet/item");
            let belongs = marks.by_tags(&tags);
            let name = text(&one, "/launchTemplateName");
            found.extend(belongs.map(|belongs| {
                self.plain(Kind::Template, text(&one, "/launchTemplateId"), belongs, &tags).named(&name)
            }));
        }
        found.extend(self.groups_of_machines(marks).await?);
        Ok(found)
    }

    /// Something of EC2 that names its network.
    fn placed(&self, marks: &Marks<'_>, one: &Value, kind: Kind, id: &str) -> Option<Leftover> {
        let tags = tags(one, "/tagSet/item");
        let belongs = marks.in_network(&tags, &text(one, "/vpcId"))?;
        Some(self.plain(kind, text(one, id), belongs, &tags))
    }

    /// Something with tags.
    pub(super) fn plain(
        &self,
        kind: Kind,
        id: String,
        belongs: Belongs,
        tags: &BTreeMap<String, String>,
    ) -> Leftover {
        let name = tags.get("Name").map(String::as_str).unwrap_or_default();
        Leftover::new(kind, id, belongs).named(name).at(self.region_name())
    }
}

fn with_network() -> Way {
    Way::With("its network".to_owned())
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

fn claim_of(tags: &BTreeMap<String, String>) -> String {
    let part = |what: &str| tags.get(&format!("kubernetes.io/created-for/pvc/{what}"));
    match (part("namespace"), part("name")) {
        (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        _ => String::new(),
    }
}

/// What uses an interface, by the description that the service gave it.
fn user_of(description: &str) -> String {
    let known = [
        ("ELB ", "its load balancer"),
        ("Interface for NAT Gateway", "its NAT gateway"),
        ("EFS mount target", "its file system"),
        ("Amazon EKS", "the cluster"),
        ("VPC Endpoint Interface", "its endpoint"),
    ];
    let user = known.iter().find(|(prefix, _)| description.starts_with(prefix));
    user.map_or_else(|| "what uses it".to_owned(), |(_, user)| (*user).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_goes_with_what_uses_it() {
        assert_eq!(user_of("ELB app/k8s-x/1"), "its load balancer");
        assert_eq!(user_of("Amazon EKS lab"), "the cluster");
        assert_eq!(user_of("mine"), "what uses it");
    }

    #[test]
    fn a_disk_is_named_after_its_claim() {
        let tags = BTreeMap::from([
            ("kubernetes.io/created-for/pvc/namespace".to_owned(), "lab".to_owned()),
            ("kubernetes.io/created-for/pvc/name".to_owned(), "hub-db-dir".to_owned()),
        ]);
        assert_eq!(claim_of(&tags), "lab/hub-db-dir");
        assert_eq!(claim_of(&BTreeMap::new()), "");
        assert!(matches!(way_of(&Belongs::Claim), Way::ByHand(_)));
        assert_eq!(way_of(&Belongs::Tag), Way::Remove);
    }
}
