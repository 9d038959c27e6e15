//! The cluster's meter: what the network's flow logs saw, by way.

use std::collections::BTreeMap;

use super::Way;
use super::answer::{By, Egress, Question};
use super::reason::Reason;
use crate::catalog::{Owner, Provider};
use crate::ledger::allocate::day_text;
use crate::ledger::flows::{
    Beyond, Direction, FlowKey, FlowSums, Lacks, LocalEnd, Peer, Traffic, TrafficPath, Zones,
};
use crate::ledger::told::HubLife;
use crate::observe::history::{Life, PodLife};

/// What flow logs tell of a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowPart {
    /// Bytes that went out.
    pub out: u128,
    /// Bytes that came in.
    pub into: u128,
}

/// Whose a pod or node was.
#[derive(Clone, Copy)]
struct Holder<'a> {
    hub: &'a str,
    user: Option<&'a str>,
    cluster: Option<&'a str>,
}

/// Who had which pod and node, as the recorder tells.
#[derive(Default)]
struct Holders<'a> {
    /// By namespace and name.
    pods: BTreeMap<(&'a str, &'a str), Holder<'a>>,
    /// By the machine as its cloud names it.
    nodes: BTreeMap<&'a str, Holder<'a>>,
}

impl<'a> Holders<'a> {
    fn of(lives: &'a [HubLife]) -> Self {
        let mut new = Self::default();
        for HubLife { hub, life } in lives {
            match life {
                Life::Pod(pod) => {
                    new.pods.insert((&pod.namespace, &pod.name), of_pod(hub, pod));
                }
                Life::Node(node) => {
                    let machine = node.provider_id.rsplit('/').next().unwrap_or_default();
                    new.nodes.insert(machine, Holder { hub, user: None, cluster: None });
                }
            }
        }
        new
    }

    /// The pod's, else the node's: on EKS what leaves the network has the address of the node
    /// (AWS, "Enable outbound internet access for Pods").
    fn holder(&self, end: &LocalEnd) -> Option<Holder<'a>> {
        let pod = end.pod.as_ref().and_then(|pod| self.pods.get(&(&*pod.namespace, &*pod.name)));
        let node = || end.instance.as_ref().and_then(|machine| self.nodes.get(&**machine));
        pod.or_else(node).copied()
    }
}

fn of_pod<'a>(hub: &'a str, pod: &'a PodLife) -> Holder<'a> {
    let label = |key: &str| pod.labels.get(key).map(String::as_str).filter(|value| !value.is_empty());
    Holder { hub, user: label("hub.jupyter.org/username"), cluster: label("gateway.dask.org/cluster") }
}

/// Adds what flow logs tell.
pub(super) fn add(egress: &mut Egress, question: &Question, flows: &FlowSums, lives: &[HubLife]) {
    let holders = Holders::of(lives);
    for (key, traffic) in &flows.rows {
        // What leaves a NAT gateway was counted on its way into it.
        let is_gateway = key.local.interface.as_ref().is_some_and(|name| flows.gateways.contains(name));
        if is_gateway || !question.has(key.day) {
            continue;
        }
        let holder = holders.holder(&key.local);
        // Logs are of the network of the hub that is asked for; a pod of another hub in it is not.
        if holder.is_some_and(|holder| !question.is_of(holder.hub)) {
            continue;
        }
        put(egress, question, (key, traffic), holder);
    }
    for lacks in &flows.lacks {
        egress.reasons.insert(match lacks {
            Lacks::Sampled => Reason::Sampled,
            Lacks::Headers => Reason::WithoutHeaders,
            Lacks::CloudNat => Reason::WithoutCloudNat,
            Lacks::TrafficPath => Reason::WithoutTrafficPath,
            Lacks::Zone => Reason::WithoutZones,
            _ => continue,
        });
    }
    if flows.left_out.skipped > 0 {
        egress.reasons.insert(Reason::Skipped(flows.left_out.skipped));
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
        let part = egress.rows.entry((way, values.clone())).or_default().cluster.get_or_insert_default();
        match key.direction {
            Direction::Out => part.out += u128::from(traffic.bytes),
            Direction::In => part.into += u128::from(traffic.bytes),
        }
    }
}

fn owner(peer: &Peer) -> Option<&Owner> {
    match peer {
        Peer::Cloud(owner) | Peer::Nat(Beyond::Cloud(owner)) => Some(owner),
        _ => None,
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
