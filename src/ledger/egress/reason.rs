//! Why meters disagree.

use std::collections::BTreeSet;
use std::fmt;

use super::Way;
use super::answer::{Cell, Egress};

/// Why two meters tell different sums of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Google samples flows.
    Sampled,
    /// Google's flow logs count bytes without headers.
    WithoutHeaders,
    /// Google's flow logs have no Cloud NAT.
    WithoutCloudNat,
    /// Flow logs before version 5.
    WithoutTrafficPath,
    /// Flow logs without zones.
    WithoutZones,
    /// Flow logs before version 3, which do not tell what a NAT gateway's interface passes on.
    NatTwice,
    /// Windows that AWS could not record.
    Skipped(u64),
    /// In a region nothing is paid for reading from object stores.
    FreeOnBill,
    /// Who owns a bucket pays for what leaves it.
    OwnerPays,
    /// What comes in costs nothing.
    FreeInward,
    /// Clients write only what goes through frazil's reader.
    OtherPrograms,
    /// A client counts bodies, the network packets with their headers and what is sent again.
    Bodies,
    /// Balancers, gateways and buckets have no flow logs of the network.
    OtherSenders,
    /// A bill of AWS counts both ends of traffic between zones; of an end without flow logs the network knows nothing.
    BothEnds,
    /// The network saw more than was billed, and no meter tells why.
    NotBilled,
    /// Counters of pods count other ends than flow logs do.
    OtherEnds,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sampled => "Google samples flows and extrapolates: the cluster's bytes are estimates",
            Self::WithoutHeaders => "Google's flow logs leave out packet headers, which the bill counts",
            Self::WithoutCloudNat => "Google's flow logs do not tell what went through Cloud NAT",
            Self::WithoutTrafficPath => {
                "flow logs before version 5 do not tell NAT and endpoints from the internet gateway"
            }
            Self::WithoutZones => {
                "flow logs before version 4 tell no zones: what stayed in one is counted as if not"
            }
            Self::NatTwice => {
                "flow logs before version 3 do not tell NAT gateways from machines: what goes through one is counted \
                 before it and behind it, in bytes and at list prices"
            }
            Self::Skipped(records) => {
                return write!(f, "AWS could not record some flows ({records} records say SKIPDATA)");
            }
            Self::FreeOnBill => "reading from object stores in the region is free, so no bill counts it",
            Self::OwnerPays => "what is read from somebody else's bucket stands on its owner's bill",
            Self::FreeInward => "what comes in is free, and stands on a bill only in part",
            Self::OtherPrograms => "other programs than frazil's reader write no byte ledger",
            Self::Bodies => "clients count bodies, flow logs whole packets and what was sent again",
            Self::OtherSenders => "balancers, gateways and buckets send past the network's flow logs",
            Self::BothEnds => "the bill counts both ends of traffic between zones, also one that has no flow logs",
            Self::OtherEnds => {
                "counters are of the hub's pods, with what stays on a node; flow logs are of all interfaces, with \
                 what nodes and other pods move"
            }
            Self::NotBilled => {
                "the network saw more than these bills have: days may be missing from them, or another account pays"
            }
        })
    }
}

/// The part of a sum by which meters may differ before it is worth a word: the headers of full packets.
const SAME: (u128, u128) = (1, 100);

fn differ(a: u128, b: u128) -> bool {
    a.abs_diff(b) * SAME.1 > a.max(b) * SAME.0
}

/// Why the meters of a row disagree; nothing where fewer than two tell of it, or they agree. What makes one of them wrong
/// by itself is told in any case.
pub(super) fn reasons(way: Way, cell: &Cell, egress: &Egress) -> BTreeSet<Reason> {
    let mut found = BTreeSet::new();
    let billed = cell.bill.as_ref().map(|bill| bytes(bill.out + bill.through + bill.into_priced));
    let out = cell.cluster.map(|cluster| cluster.out);
    let read = cell.client.map(|client| client.received);
    let of_logs = egress.reasons.iter().copied();
    if let (Some(billed), Some(cluster)) = (billed, cell.cluster) {
        let seen = cluster.out + cluster.into_priced;
        if differ(billed, seen) {
            found.extend(of_logs.clone());
            found.insert(if billed > seen { Reason::OtherSenders } else { Reason::NotBilled });
            let both_ends = cell.bill.as_ref().is_some_and(|bill| bill.into_priced + bill.through > 0);
            if way == Way::InterZone && both_ends && billed > seen {
                found.insert(Reason::BothEnds);
            }
        }
    }
    if cell.cluster.is_some() && egress.reasons.contains(&Reason::NatTwice) {
        found.insert(Reason::NatTwice);
    }
    let stores = matches!(way, Way::StoreInRegion | Way::StoreElsewhere);
    if cell.bill.is_none() && egress.billed.is_some() && (out.is_some() || read.is_some()) {
        found.insert(match way {
            Way::StoreInRegion => Reason::FreeOnBill,
            Way::StoreElsewhere | Way::RequesterPays => Reason::OwnerPays,
            _ if out.is_some_and(|out| out > 0) => Reason::NotBilled,
            _ => Reason::FreeInward,
        });
    }
    if let (Some(cluster), Some(read)) = (cell.cluster, read)
        && (stores || way == Way::Internet)
        && differ(cluster.into, read)
    {
        found.insert(if cluster.into > read + read / 20 { Reason::OtherPrograms } else { Reason::Bodies });
        found.extend(of_logs);
    }
    found
}

/// Why counters of pods disagree with all that flow logs saw of the same days.
pub(super) fn of_pods<'a>(cells: impl Iterator<Item = (Way, &'a Cell)>, free: u128) -> BTreeSet<Reason> {
    let (mut counted, mut seen) = (None, None);
    for (way, cell) in cells {
        if let Some(pods) = cell.pods {
            *counted.get_or_insert(0) += pods.out + pods.into;
        }
        // What went through NAT is also where it went to.
        if let Some(cluster) = cell.cluster.filter(|_| way != Way::Nat) {
            *seen.get_or_insert(free) += cluster.out + cluster.into;
        }
    }
    let differs = counted.zip(seen).is_some_and(|(counted, seen)| differ(counted, seen));
    differs.then_some(Reason::OtherEnds).into_iter().collect()
}

/// Bytes of 10⁻¹² of them.
fn bytes(pico: i128) -> u128 {
    pico.max(0).unsigned_abs() / 1_000_000_000_000
}
