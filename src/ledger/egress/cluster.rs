//! The cluster's meter: what the network's flow logs saw, by way.

use super::Way;
use super::answer::{By, Egress, Question};
use super::holder::{Holder, Holders};
use super::list::{Meter, Payer, Place, Tariff, month};
use super::reason::Reason;
use super::transfer::both_ends_pay;
use crate::catalog::{Owner, Provider};
use crate::ledger::allocate::day_text;
use crate::ledger::flows::{Beyond, Direction, FlowKey, FlowSums, Lacks, Peer, Traffic, TrafficPath, Zones};
use crate::ledger::told::HubLife;

/// What flow logs or counters of pods tell of a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowPart {
    /// Bytes that went out.
    pub out: u128,
    /// Bytes that came in.
    pub into: u128,
    /// Of what came in the bytes that have a price as those that go out.
    pub into_priced: u128,
}

/// Adds what flow logs tell. `network` is the hub whose network they are of; empty where it is not known.
pub(super) fn add(
    egress: &mut Egress,
    question: &Question,
    (network, flows): (&str, &FlowSums),
    lives: &[HubLife],
) {
    let holders = Holders::of(lives);
    let of_network = (!network.is_empty()).then_some(Holder { hub: network, user: None, cluster: None });
    for (key, traffic) in &flows.rows {
        // What leaves a NAT gateway was counted on its way into it.
        let is_gateway = key.local.interface.as_ref().is_some_and(|name| flows.gateways.contains(name));
        if is_gateway {
            continue;
        }
        let holder = holders.holder(&key.local, key.day).or(of_network);
        // Logs are of the network of the hub that is asked for; a pod of another hub in it is not.
        let is_of_others = match holder {
            Some(holder) => !question.is_of(holder.hub),
            None => question.known && question.hub.is_some(),
        };
        if !question.has(key.day) || is_of_others {
            for way in ways(key) {
                egress.counted.add(Meter::Network, tariff(key, way), None, u128::from(traffic.bytes));
            }
            continue;
        }
        put(egress, question, (key, traffic), holder);
    }
    if network.is_empty() || question.is_of(network) {
        add_gaps(egress, question, flows);
    }
}

/// Adds what is not known of the days that are asked for.
fn add_gaps(egress: &mut Egress, question: &Question, flows: &FlowSums) {
    let mut skipped = 0;
    for (_, gaps) in flows.gaps.iter().filter(|(day, _)| question.has(**day)) {
        skipped += gaps.skipped;
        egress.reasons.extend(gaps.lacks.iter().filter_map(|lacks| match lacks {
            Lacks::Sampled => Some(Reason::Sampled),
            Lacks::Headers => Some(Reason::WithoutHeaders),
            Lacks::CloudNat => Some(Reason::WithoutCloudNat),
            Lacks::TrafficPath => Some(Reason::WithoutTrafficPath),
            Lacks::Zone => Some(Reason::WithoutZones),
            Lacks::PacketAddresses => Some(Reason::NatTwice),
            _ => None,
        }));
    }
    if skipped > 0 {
        egress.reasons.insert(Reason::Skipped(skipped));
    }
}

fn put(
    egress: &mut Egress,
    question: &Question,
    (key, traffic): (&FlowKey, &Traffic),
    holder: Option<Holder<'_>>,
) {
    let ways = ways(key);
    if ways.is_empty() {
        egress.free_bytes += u128::from(traffic.bytes);
        return;
    }
    let values = question.key(|by| match by {
        By::Hub => holder.map(|holder| holder.hub).or(question.hub.as_deref()).map(str::to_owned),
        By::User => holder.and_then(|holder| holder.user).map(str::to_owned),
        By::DaskCluster => holder.and_then(|holder| holder.cluster).map(str::to_owned),
        By::Region => key.local.region.as_deref().map(str::to_owned),
        By::Service => owner(&key.peer).and_then(|owner| owner.service.clone()),
        By::Day => Some(day_text(key.day)),
        By::Dataset | By::Bucket => None,
    });
    for way in ways {
        let row = (way, values.clone());
        egress.counted.add(Meter::Network, tariff(key, way), Some(&row), u128::from(traffic.bytes));
        let part = egress.rows.entry(row).or_default().cluster.get_or_insert_default();
        match key.direction {
            Direction::Out => part.out += u128::from(traffic.bytes),
            Direction::In => {
                part.into += u128::from(traffic.bytes);
                if way == Way::Nat || both_ends_pay(key.local.provider == Provider::Aws, way) {
                    part.into_priced += u128::from(traffic.bytes);
                }
            }
        }
    }
}

fn owner(peer: &Peer) -> Option<&Owner> {
    match peer {
        Peer::Cloud(owner) | Peer::Nat(Beyond::Cloud(owner)) => Some(owner),
        _ => None,
    }
}

/// What is asked for the bytes of a flow on one of its ways. What comes in costs nothing but through NAT, between
/// zones of AWS, and out of buckets elsewhere, for which their owners pay.
fn tariff(key: &FlowKey, way: Way) -> Tariff {
    let cloud = key.local.provider;
    let here = Place::of(cloud, key.local.region.as_deref());
    let there = match &key.peer {
        Peer::Network(Zones::OtherRegion(region)) => region.as_deref().map(str::to_owned),
        peer => owner(peer).and_then(|owner| owner.region.clone()),
    };
    match (way, key.direction) {
        (Way::Nat, _) => Tariff::at(here, Tariff::Nat),
        (Way::InterZone, Direction::In) if !both_ends_pay(cloud == Provider::Aws, way) => Tariff::Free,
        (Way::InterZone, _) => Tariff::at(here, Tariff::Zones),
        (Way::StoreElsewhere, Direction::In) => {
            let to = key.local.region.as_deref().map(str::to_owned);
            Tariff::at(there.and_then(|from| Place::of(cloud, Some(&from))), |from| {
                Tariff::Region(from, to, Payer::Owner)
            })
        }
        (Way::StoreInRegion, _) | (_, Direction::In) => Tariff::Free,
        (Way::Internet, Direction::Out) => match month(key.day) {
            Some(month) => Tariff::at(here, |here| Tariff::Internet(here, month)),
            None => Tariff::None("the day is not known"),
        },
        (Way::InterRegion | Way::StoreElsewhere, Direction::Out) => {
            Tariff::at(here, |here| Tariff::Region(here, there, Payer::Own))
        }
        (Way::Edge, Direction::Out) => Tariff::None("the catalog has none of what stands before a region"),
        (Way::Line, Direction::Out) => Tariff::None("the catalog has none of leased lines"),
        (Way::Processing | Way::RequesterPays | Way::All, Direction::Out) => {
            Tariff::None("flow logs do not tell them")
        }
    }
}

/// The ways that a flow takes: none where nothing is paid; two through a NAT gateway, which asks its price beside
/// that of where the bytes go.
fn ways(key: &FlowKey) -> Vec<Way> {
    match &key.peer {
        Peer::Internet => vec![Way::Internet],
        Peer::Cloud(owner) => of_cloud(key, owner).into_iter().collect(),
        Peer::Network(Zones::Same) => Vec::new(),
        Peer::Network(_) if key.path == Some(TrafficPath::OtherRegionPeering) => vec![Way::InterRegion],
        Peer::Network(_) if key.path == Some(TrafficPath::PrivateGateway) => vec![Way::Line],
        Peer::Network(Zones::OtherRegion(_)) => vec![Way::InterRegion],
        Peer::Network(_) => vec![Way::InterZone],
        Peer::Nat(Beyond::Internet) => vec![Way::Nat, Way::Internet],
        Peer::Nat(Beyond::Cloud(owner)) => std::iter::once(Way::Nat).chain(of_cloud(key, owner)).collect(),
    }
}

fn of_cloud(key: &FlowKey, owner: &Owner) -> Option<Way> {
    if owner.provider != key.local.provider {
        return Some(Way::Internet);
    }
    let service = owner.service.as_deref().unwrap_or_default().to_ascii_uppercase();
    // Which region a bucket of Google's is in no log tells; its services ask nothing for being reached. What the
    // table has of Google without a service is other people's machines.
    if owner.provider == Provider::Gcp && !service.is_empty() {
        return None;
    }
    let is_machine = service == "EC2" || service.is_empty();
    let is_store = service == "S3";
    if ["CLOUDFRONT", "GLOBALACCELERATOR"].contains(&service.as_str()) {
        return Some(Way::Edge);
    }
    // Gateway endpoints reach only buckets of their own region.
    let near = key.path == Some(TrafficPath::GatewayEndpoint)
        || owner.region.is_some() && owner.region.as_deref() == key.local.region.as_deref();
    match (is_store, near) {
        (true, true) => Some(Way::StoreInRegion),
        (true, false) => Some(Way::StoreElsewhere),
        // By public addresses machines of one region pay as between zones.
        (false, true) if is_machine => Some(Way::InterZone),
        // The cloud's own services in the region cost nothing.
        (false, true) => None,
        (false, false) => Some(Way::InterRegion),
    }
}
