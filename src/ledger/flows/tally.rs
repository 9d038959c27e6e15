//! What one thread has summed: by day, local end, peer address or class, without a copy of a text per record.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};
use rustc_hash::FxBuildHasher;

use super::address::{is_public, of, without_nat64};
use super::kinds::{Direction, Lacks, LeftOut, Zones};
use super::{Text, Traffic};
use crate::catalog::{AddressRanges, Owner, Provider};
use crate::ledger::line::Day;
use crate::ledger::read::Fault;

/// Names of a local end, in this order.
pub(super) const NAMES: [&str; 8] =
    ["account-id", "vpc-id", "region", "az-id", "instance-id", "interface-id", "pod_namespace", "pod_name"];
/// Addresses outside the network whose class a thread keeps at hand: 32 MB at most.
const AT_HAND: usize = 1 << 19;

/// A local end's names; empty where the log does not say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) provider: Provider,
    pub(super) of: [&'a [u8]; NAMES.len()],
}

/// The same, kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Home {
    pub(super) provider: Provider,
    of: [Text; NAMES.len()],
}

impl Home {
    fn new(names: &Names<'_>) -> Result<Self, Fault> {
        let mut of: [Text; NAMES.len()] = std::array::from_fn(|_| Text::from(""));
        for ((text, bytes), column) in of.iter_mut().zip(names.of).zip(NAMES) {
            let read = std::str::from_utf8(bytes).map_err(|_| Fault::Utf8 { column: column.to_owned() })?;
            *text = Arc::from(read);
        }
        Ok(Self { provider: names.provider, of })
    }

    fn is(&self, names: &Names<'_>) -> bool {
        self.provider == names.provider
            && self.of.iter().zip(names.of).all(|(text, bytes)| text.as_bytes() == bytes)
    }

    pub(super) fn name(&self, number: usize) -> Option<Text> {
        self.of.get(number).filter(|text| !text.is_empty()).cloned()
    }

    pub(super) fn vpc(&self) -> Option<Text> {
        self.name(1)
    }

    pub(super) fn region(&self) -> Option<Text> {
        self.name(2)
    }

    pub(super) fn zone(&self) -> Option<Text> {
        self.name(3)
    }

    pub(super) fn interface(&self) -> Option<Text> {
        self.name(5)
    }
}

/// The other end, as far as one record tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Internet,
    Cloud(Owner),
    Network(Zones),
    /// An address that all records together tell about.
    Address(u128),
}

/// How the local address stands to the interface that logged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Seen {
    /// It is the interface's own.
    Own,
    /// It is in the packets only: a pod's, or one that the interface forwards for.
    Carried,
    /// It is that of a client, and the interface stands between it and an address outside: a NAT gateway's, or a
    /// firewall's.
    Between,
}

/// What a thread sums by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) local: u128,
    pub(super) day: Day,
    pub(super) home: u32,
    pub(super) end: u32,
    /// None: either the local address or the end's is that of the interface.
    pub(super) direction: Option<Direction>,
    pub(super) seen: Seen,
    pub(super) path: u8,
}

/// A record of AWS, with addresses as the interface and as the packets have them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) names: Names<'a>,
    /// Seconds since 1970.
    pub(super) start: i64,
    pub(super) bytes: u64,
    pub(super) packets: u64,
    pub(super) source: u128,
    pub(super) target: u128,
    pub(super) packet_source: u128,
    pub(super) packet_target: u128,
    pub(super) source_service: &'a [u8],
    pub(super) target_service: &'a [u8],
    pub(super) direction: Option<Direction>,
    pub(super) path: u8,
}

/// Sums, and what their keys name.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    pub(super) ranges: &'a AddressRanges,
    pub(super) homes: Vec<Home>,
    home_table: HashTable<u32>,
    pub(super) ends: Vec<End>,
    end_table: HashTable<u32>,
    /// Ends of addresses, by the service that the log names.
    at_hand: HashMap<(u128, u16), u32, FxBuildHasher>,
    services: Vec<Text>,
    pub(super) sums: HashMap<Key, Traffic, FxBuildHasher>,
    pub(super) left_out: LeftOut,
    pub(super) lacks: BTreeSet<Lacks>,
    /// AWS's `SKIPDATA` by day.
    pub(super) skipped: BTreeMap<Day, u64>,
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FxBuildHasher.hash_one(value)
}

/// Of a local end: few have all three in common.
fn hash_names(interface: &[u8], instance: &[u8], pod: &[u8]) -> u64 {
    hash(&(interface, instance, pod))
}

impl<'a> Tally<'a> {
    pub(super) fn new(ranges: &'a AddressRanges) -> Self {
        Self {
            ranges,
            homes: Vec::new(),
            home_table: HashTable::new(),
            ends: Vec::new(),
            end_table: HashTable::new(),
            at_hand: HashMap::default(),
            services: vec![Text::from("")],
            sums: HashMap::default(),
            left_out: LeftOut::default(),
            lacks: BTreeSet::new(),
            skipped: BTreeMap::new(),
        }
    }

    /// Adds a record of AWS.
    pub(super) fn add(&mut self, record: &Record<'_>) -> Result<(), Fault> {
        let towards = record.packet_target != record.target
            && is_public(record.packet_target)
            && !is_public(record.target)
            && record.direction != Some(Direction::Out);
        let back = record.packet_source != record.source
            && is_public(record.packet_source)
            && !is_public(record.source)
            && record.direction != Some(Direction::In);
        let (direction, seen) = if towards {
            (Some(Direction::Out), Seen::Between)
        } else if back {
            (Some(Direction::In), Seen::Between)
        } else {
            let direction = record.direction.or_else(|| told(record));
            let own = match direction {
                Some(Direction::Out) => record.source == record.packet_source,
                Some(Direction::In) => record.target == record.packet_target,
                None => true,
            };
            (direction, if own { Seen::Own } else { Seen::Carried })
        };
        let (local, other, service) = match direction {
            Some(Direction::In) => (record.packet_target, record.packet_source, record.source_service),
            _ => (record.packet_source, record.packet_target, record.target_service),
        };
        let home = self.home(&record.names)?;
        let end = match direction {
            Some(_) => self.end_at(without_nat64(other), service)?,
            None => self.end(End::Address(other)),
        };
        let day = day_of(record.start);
        let path = if direction == Some(Direction::Out) { record.path } else { 0 };
        let key = Key { local, day, home, end, direction, seen, path };
        self.count(key, record.bytes, record.packets);
        Ok(())
    }

    /// Adds flows that AWS could not record, at a time in seconds since 1970.
    pub(super) fn skip(&mut self, start: Option<i64>) {
        self.left_out.skipped += 1;
        if let Some(start) = start {
            *self.skipped.entry(day_of(start)).or_default() += 1;
        }
    }

    pub(super) fn count(&mut self, key: Key, bytes: u64, packets: u64) {
        self.sums.entry(key).or_default().add(Traffic { bytes, packets, records: 1 });
    }

    /// The number of a local end.
    pub(super) fn home(&mut self, names: &Names<'_>) -> Result<u32, Fault> {
        let hashed = hash_names(names.of[5], names.of[4], names.of[7]);
        let homes = &self.homes;
        let known = self.home_table.find(hashed, |home| homes[*home as usize].is(names));
        match known {
            Some(home) => Ok(*home),
            None => Ok(self.new_home(hashed, Home::new(names)?)),
        }
    }

    fn new_home(&mut self, hashed: u64, home: Home) -> u32 {
        let number = u32::try_from(self.homes.len()).unwrap_or(u32::MAX);
        self.homes.push(home);
        let homes = &self.homes;
        self.home_table.insert_unique(hashed, number, |home| hash_home(&homes[*home as usize]));
        number
    }

    /// The number of the other end.
    pub(super) fn end(&mut self, end: End) -> u32 {
        let hashed = hash(&end);
        let ends = &self.ends;
        if let Some(known) = self.end_table.find(hashed, |known| ends[*known as usize] == end) {
            return *known;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.ends.push(end);
        let ends = &self.ends;
        self.end_table.insert_unique(hashed, number, |end| hash(&ends[*end as usize]));
        number
    }

    /// The number of the end at an address, for which the log may name a service.
    pub(super) fn end_at(&mut self, address: u128, service: &[u8]) -> Result<u32, Fault> {
        let number = self.service(service)?;
        if let Some(end) = self.at_hand.get(&(address, number)) {
            return Ok(*end);
        }
        let service = self.services.get(usize::from(number)).filter(|text| !text.is_empty()).cloned();
        let end = outside(self.ranges, address, service.as_deref()).unwrap_or(End::Address(address));
        let end = self.end(end);
        if self.at_hand.len() >= AT_HAND {
            self.at_hand.clear();
        }
        self.at_hand.insert((address, number), end);
        Ok(end)
    }

    fn service(&mut self, text: &[u8]) -> Result<u16, Fault> {
        let place = self.services.iter().position(|known| known.as_bytes() == text);
        let number = place.unwrap_or(self.services.len());
        if place.is_none() {
            let utf8 = |_| Fault::Utf8 { column: "pkt-dst-aws-service".to_owned() };
            self.services.push(std::str::from_utf8(text).map_err(utf8)?.into());
        }
        u16::try_from(number).map_err(|_| Fault::Damaged("more services than AWS has".to_owned()))
    }

    /// Takes in what another thread has summed.
    pub(super) fn merge(&mut self, other: Self) {
        self.at_hand = HashMap::default();
        let homes: Vec<u32> = other
            .homes
            .into_iter()
            .map(|home| {
                let hashed = hash_home(&home);
                let homes = &self.homes;
                let known = self.home_table.find(hashed, |known| homes[*known as usize] == home).copied();
                known.unwrap_or_else(|| self.new_home(hashed, home))
            })
            .collect();
        let ends: Vec<u32> = other.ends.into_iter().map(|end| self.end(end)).collect();
        for (key, traffic) in other.sums {
            let key = Key { home: homes[key.home as usize], end: ends[key.end as usize], ..key };
            self.sums.entry(key).or_default().add(traffic);
        }
        self.left_out.add(other.left_out);
        self.lacks.extend(other.lacks);
        for (day, records) in other.skipped {
            *self.skipped.entry(day).or_default() += records;
        }
    }
}

fn day_of(seconds: i64) -> Day {
    i32::try_from(seconds.div_euclid(86_400)).unwrap_or(Day::MAX)
}

fn hash_home(home: &Home) -> u64 {
    hash_names(home.of[5].as_bytes(), home.of[4].as_bytes(), home.of[7].as_bytes())
}

/// The direction that addresses tell where the log has no `flow-direction`: an interface's IPv4 address is always
/// its private one, and an address that differs from the packets' is the interface's.
fn told(record: &Record<'_>) -> Option<Direction> {
    match (record.source == record.packet_source, record.target == record.packet_target) {
        (false, true) => return Some(Direction::Out),
        (true, false) => return Some(Direction::In),
        _ => {}
    }
    match (is_public(record.source), is_public(record.target)) {
        (false, true) => Some(Direction::Out),
        (true, false) => Some(Direction::In),
        _ => None,
    }
}

/// The class of an address outside the network; none where other records may tell that it is within: private
/// ones, and those of AWS's IPv6 ranges that VPCs are given.
fn outside(ranges: &AddressRanges, address: u128, service: Option<&str>) -> Option<End> {
    if !is_public(address) {
        return None;
    }
    let owner = ranges.owner(of(address));
    let shared = |service: &str| matches!(service, "EC2" | "AMAZON");
    let given = owner
        .is_some_and(|owner| owner.provider == Provider::Aws && owner.service.as_deref().is_none_or(shared));
    if !super::address::is_v4(address) && given && service.is_none_or(shared) {
        return None;
    }
    let Some(service) = service else { return Some(class(owner)) };
    let region = owner.filter(|owner| owner.provider == Provider::Aws).and_then(|owner| owner.region.clone());
    Some(End::Cloud(Owner { provider: Provider::Aws, region, service: Some(service.to_owned()) }))
}

/// The class of an address by its owner.
pub(super) fn class(owner: Option<&Owner>) -> End {
    owner.map_or(End::Internet, |owner| End::Cloud(owner.clone()))
}
