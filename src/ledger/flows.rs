//! Reads flow logs of the clouds' networks: who sent how many bytes to whom, summed by day, local end and kind
//! of peer.
//!
//! AWS VPC flow logs, versions 2 to 5 and later ones with these fields, as text and Parquet
//! (docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html), and Google's VPC flow logs as Cloud Logging
//! exports them (docs.cloud.google.com/vpc/docs/about-flow-logs-records); files, folders and buckets, plain or
//! with gzip.
//!
//! Text is cut into chunks at line ends; threads sum chunks each for itself ([`tally`]). What single records do
//! not tell, such as the zone of a peer, is told at the end by all of them together ([`settle`]), so that sums
//! depend neither on the order of records nor on threads.
//!
//! A flow between two machines of the network that both log stands once under [`Direction::Out`], by the record
//! of its sender, and once under [`Direction::In`], by that of its receiver: who sums both counts it twice.

mod address;
mod days;
mod fields;
mod files;
mod google;
mod kinds;
mod nat;
mod settle;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

pub use days::Days;
pub use kinds::{Beyond, Direction, Lacks, LeftOut, Peer, TrafficPath, Zones};

use super::line::Day;
use super::read::{Input, ReadError};
use crate::catalog::{AddressRanges, Provider};

/// A text that many rows share.
pub type Text = Arc<str>;

/// What flow logs say, summed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowSums {
    /// Traffic by day, local end, direction, peer and path.
    pub rows: BTreeMap<FlowKey, Traffic>,
    /// Interfaces of NAT gateways and NAT instances, as the packets that they changed tell. Rows with one of them
    /// as local end are what left and entered the network through it: the same bytes as those of [`Peer::Nat`],
    /// one hop further on.
    pub gateways: BTreeSet<Text>,
    /// Records that are in no sum.
    pub left_out: LeftOut,
    /// What the logs lack, and what cannot be told therefore.
    pub lacks: BTreeSet<Lacks>,
    /// The same by day.
    pub gaps: BTreeMap<Day, Gaps>,
}

/// What is not known of a day's flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// What the logs lack that were read together.
    pub lacks: BTreeSet<Lacks>,
    /// Records that say that AWS could not record flows.
    pub skipped: u64,
}

/// What traffic is summed by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowKey {
    /// The day in UTC on which the record's capture began.
    pub day: Day,
    /// Seen from the local end.
    pub direction: Direction,
    /// The end that logged the record.
    pub local: LocalEnd,
    /// The other end.
    pub peer: Peer,
    /// The way that outgoing traffic took, where AWS says. Of what came in AWS says none: it has that of what was
    /// sent to the same address on the same day, where all of it left by a private gateway or for another region.
    pub path: Option<TrafficPath>,
}

/// An end of flows in the network. What is unknown is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalEnd {
    /// The cloud whose log it is.
    pub provider: Provider,
    /// AWS: the account that owns the interface. Google: the project of the machine.
    pub account: Option<Text>,
    /// AWS: the id of the VPC. Google: its name.
    pub vpc: Option<Text>,
    /// The region.
    pub region: Option<Text>,
    /// AWS: the id of the zone, such as `usw2-az1`, which is the same in all accounts. Google: the zone's name.
    pub zone: Option<Text>,
    /// AWS: the instance's id. Google: the machine's name.
    pub instance: Option<Text>,
    /// AWS: the network interface's id.
    pub interface: Option<Text>,
    /// The address in the packets. On EKS it is the pod's within the VPC, and for what goes to the internet the
    /// node's, unless the nodes leave translation to others (`AWS_VPC_K8S_CNI_EXTERNALSNAT`).
    pub address: IpAddr,
    /// Google: the pod.
    pub pod: Option<Pod>,
}

/// A pod by its names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pod {
    /// The namespace.
    pub namespace: Text,
    /// The name.
    pub name: Text,
}

/// How much went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes: on AWS with the packets' headers, on Google without them.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Records of the log.
    pub records: u64,
}

impl Traffic {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.packets = self.packets.saturating_add(other.packets);
        self.records += other.records;
    }
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowFile {
    /// By what it is known wherever it lies.
    pub identity: String,
    /// Where it was.
    pub name: String,
    /// Its size in bytes; 0 for one that is a header alone, as the beginning of others is.
    pub size: u64,
}

/// Files that were counted: by what they are known by their sizes in bytes, 0 where they tell nothing.
pub type KnownFiles = BTreeMap<String, u64>;

/// Which files are read.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Of which days, where folders tell: records of other days may be in the same files.
    pub days: Days,
    /// Files that were counted before. To tell these, and copies of one file, files here are read once more; without it
    /// a file is what its path says.
    pub known: Option<&'a KnownFiles>,
}

/// Reads flow logs with so many threads, and says which files these were. Nothing is kept of any file when one cannot
/// be read to its end.
///
/// # Errors
/// When there is no flow log, or one is not whole and right in every line.
pub fn read_some(
    inputs: &[Input],
    wanted: &Wanted<'_>,
    ranges: &AddressRanges,
    threads: usize,
) -> Result<(FlowSums, Vec<FlowFile>), ReadError> {
    let files = files::open(inputs, wanted)?;
    if files.is_empty() {
        return Ok((FlowSums::default(), Vec::new()));
    }
    let tally = work::run(&files, ranges, threads.max(1))?;
    let name = |file: files::Opened| FlowFile {
        name: file.place.name().to_owned(),
        identity: file.identity,
        size: file.size,
    };
    Ok((settle::settle(tally), files.into_iter().map(name).collect()))
}

/// Reads all of some flow logs.
///
/// # Errors
/// As [`read_some`].
pub fn read(inputs: &[Input], ranges: &AddressRanges, threads: usize) -> Result<FlowSums, ReadError> {
    read_some(inputs, &Wanted::default(), ranges, threads).map(|(sums, _)| sums)
}

impl FlowSums {
    /// Adds a row.
    pub fn add(&mut self, key: FlowKey, traffic: Traffic) {
        self.rows.entry(key).or_default().add(traffic);
    }
}
