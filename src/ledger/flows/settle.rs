//! What all records together tell: which addresses are the network's own and in which zone, which way a record
//! of an old version went, and which interfaces are NAT gateways.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};
use rustc_hash::FxBuildHasher;

use super::address::{is_public, of};
use super::kinds::{Beyond, Direction, Peer, TrafficPath, Zones};
use super::nat::{Behind, put_behind, received_behind};
use super::tally::{End, Home, Key, Seen, Tally, class};
use super::{FlowKey, FlowSums, Gaps, LocalEnd, Pod, Text, Traffic};
use crate::catalog::Provider;
use crate::ledger::line::Day;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Sums of flows out of what all threads have summed.
pub(super) fn settle(mut tally: Tally<'_>) -> FlowSums {
    direct(&mut tally);
    let known = Known::of(&tally);
    let gateways = gateways(&tally);
    let ways = Ways::of(&tally);
    let mut sums = FlowSums {
        gateways: gateways.iter().cloned().collect(),
        left_out: tally.left_out,
        lacks: std::mem::take(&mut tally.lacks),
        ..FlowSums::default()
    };
    let mut behind = Behind::default();
    for (key, traffic) in std::mem::take(&mut tally.sums) {
        let home = &tally.homes[key.home as usize];
        let Some(direction) = key.direction else {
            sums.left_out.undirected += traffic.records;
            continue;
        };
        let peer = peer(&tally, &known, &key, home);
        let path = if matches!(peer, Peer::Network(_)) { ways.path(&key) } else { path(&key) };
        let row = FlowKey { day: key.day, direction, local: local(home, key.local), peer, path };
        let passed = match key.seen {
            Seen::Own => false,
            Seen::Carried => known.is_own_elsewhere(key.local, home),
            Seen::Between => match (row.peer.beyond(), home.interface()) {
                (Some(beyond), Some(interface)) if gateways.contains(&interface) => {
                    behind.add(row, beyond, traffic);
                    continue;
                }
                _ => true,
            },
        };
        if passed {
            sums.left_out.on_the_way += traffic.records;
        } else {
            sums.rows.entry(row).or_default().add(traffic);
        }
    }
    put_behind(&mut sums.rows, behind);
    received_behind(&mut sums.rows);
    sums.gaps = gaps(&sums, &tally.skipped);
    sums
}

/// What is not known of each day.
fn gaps(sums: &FlowSums, skipped: &BTreeMap<Day, u64>) -> BTreeMap<Day, Gaps> {
    let mut gaps: BTreeMap<Day, Gaps> = BTreeMap::new();
    if !sums.lacks.is_empty() {
        let days: BTreeSet<Day> = sums.rows.keys().map(|key| key.day).collect();
        let lacking = || Gaps { lacks: sums.lacks.clone(), skipped: 0 };
        gaps.extend(days.into_iter().map(|day| (day, lacking())));
    }
    for (day, records) in skipped {
        gaps.entry(*day).or_default().skipped = *records;
    }
    gaps
}

fn local(home: &Home, address: u128) -> LocalEnd {
    let pod = home.name(6).zip(home.name(7)).map(|(namespace, name)| Pod { namespace, name });
    LocalEnd {
        provider: home.provider,
        account: home.name(0),
        vpc: home.vpc(),
        region: home.region(),
        zone: home.zone(),
        instance: home.name(4),
        interface: home.interface(),
        address: of(address),
        pod,
    }
}

fn path(key: &Key) -> Option<TrafficPath> {
    TrafficPath::of(key.path)
}

/// Ways by which all that was sent to an address on a day left the network; what came from there came back by them.
struct Ways(Map<Key, u8>);

impl Ways {
    fn of(tally: &Tally<'_>) -> Self {
        let far = [TrafficPath::PrivateGateway, TrafficPath::OtherRegionPeering].map(TrafficPath::number);
        let sent = || tally.sums.keys().filter(|key| key.direction == Some(Direction::Out));
        let mut ways: Map<Key, u8> =
            sent().filter(|key| far.contains(&key.path)).map(|key| (answer(key), key.path)).collect();
        for key in sent() {
            if ways.get(&answer(key)).is_some_and(|path| *path != key.path) {
                ways.insert(answer(key), 0);
            }
        }
        Self(ways)
    }

    fn path(&self, key: &Key) -> Option<TrafficPath> {
        match key.direction {
            Some(Direction::In) => self.0.get(&answer(key)).copied().and_then(TrafficPath::of),
            _ => path(key),
        }
    }
}

/// What answers to all that was sent to an address share.
fn answer(key: &Key) -> Key {
    Key { direction: Some(Direction::In), seen: Seen::Own, path: 0, ..*key }
}

fn peer(tally: &Tally<'_>, known: &Known, key: &Key, home: &Home) -> Peer {
    let end = match &tally.ends[key.end as usize] {
        End::Address(address) if is_public(*address) && !known.zones.contains_key(address) => {
            class(tally.ranges.owner(of(*address)))
        }
        other => other.clone(),
    };
    let outside = match end {
        End::Network(zones) => return Peer::Network(zones),
        End::Address(address) => return Peer::Network(known.zones_of(home, key.local, address)),
        End::Internet => Beyond::Internet,
        End::Cloud(owner) => Beyond::Cloud(owner),
    };
    if path(key) == Some(TrafficPath::Vpc) { Peer::Nat(outside) } else { outside.peer() }
}

/// Interfaces that change addresses: they stand between others and the internet, and have flows of their own with
/// it. Firewalls, which only look at packets, have none.
fn gateways(tally: &Tally<'_>) -> BTreeSet<Text> {
    let mut between = BTreeSet::new();
    let mut outside = BTreeSet::new();
    for key in tally.sums.keys() {
        let away = !matches!(tally.ends[key.end as usize], End::Address(_) | End::Network(_));
        let set = match key.seen {
            Seen::Between => &mut between,
            Seen::Own if away => &mut outside,
            _ => continue,
        };
        set.extend(tally.homes[key.home as usize].interface());
    }
    between.intersection(&outside).cloned().collect()
}

/// Where an address of the network was seen as the local one.
#[derive(Debug)]
struct Place {
    vpc: Option<Text>,
    region: Option<Text>,
    zone: Option<Text>,
    interface: Option<Text>,
    own: bool,
}

/// Addresses of the network.
#[derive(Debug, Default)]
struct Known {
    zones: Map<u128, Vec<Place>>,
}

impl Known {
    fn of(tally: &Tally<'_>) -> Self {
        let mut seen: HashSet<(u128, u32, bool), FxBuildHasher> = HashSet::default();
        let mut known = Self::default();
        for key in tally.sums.keys() {
            let own = key.seen == Seen::Own;
            if key.direction.is_none()
                || key.seen == Seen::Between
                || !seen.insert((key.local, key.home, own))
            {
                continue;
            }
            let home = &tally.homes[key.home as usize];
            let place = Place {
                vpc: home.vpc(),
                region: home.region(),
                zone: home.zone(),
                interface: home.interface(),
                own,
            };
            known.zones.entry(key.local).or_default().push(place);
        }
        known
    }

    /// Whether an address is another interface's own, in the same network.
    fn is_own_elsewhere(&self, address: u128, home: &Home) -> bool {
        let places = self.zones.get(&address).map_or(&[][..], Vec::as_slice);
        let (vpc, interface) = (home.vpc(), home.interface());
        places.iter().any(|place| place.own && place.interface != interface && place.vpc == vpc)
    }

    /// The zone or region of an address, where all that tell it agree: those whose own it is before those that carry
    /// it, and those of the same network before others.
    fn told(&self, vpc: Option<&Text>, address: u128, of: Told) -> Option<&Text> {
        let places = self.zones.get(&address)?;
        let agreed = |own: bool, here: bool| {
            let mut told = places
                .iter()
                .filter(|place| place.own == own && (!here || place.vpc.as_ref() == vpc))
                .filter_map(of);
            let first = told.next()?;
            Some(told.all(|other| other == first).then_some(first))
        };
        [(true, true), (true, false), (false, true), (false, false)]
            .into_iter()
            .find_map(|(own, here)| agreed(own, here))
            .flatten()
    }

    fn zones_of(&self, home: &Home, local: u128, address: u128) -> Zones {
        let vpc = home.vpc();
        let ends = |own: Option<Text>, of: Told| {
            let here = own.or_else(|| self.told(vpc.as_ref(), local, of).cloned());
            here.zip(self.told(vpc.as_ref(), address, of).cloned())
        };
        if let Some((one, other)) = ends(home.region(), |place| place.region.as_ref())
            && one != other
        {
            return Zones::OtherRegion(Some(other));
        }
        match ends(home.zone(), |place| place.zone.as_ref()) {
            Some((one, other)) if one == other => Zones::Same,
            Some(_) => Zones::Other,
            None => Zones::Unknown,
        }
    }
}

/// What of a place is asked.
type Told = fn(&Place) -> Option<&Text>;

/// Gives records a direction that have none: the interface's own address is the one that its other records have,
/// or that all of these have in common.
fn direct(tally: &mut Tally<'_>) {
    let mut own: Map<Text, HashSet<u128, FxBuildHasher>> = Map::default();
    let mut pairs: Map<Text, Vec<(Key, u128)>> = Map::default();
    for key in tally.sums.keys() {
        let home = &tally.homes[key.home as usize];
        let Some(interface) = home.interface() else { continue };
        match (&tally.ends[key.end as usize], key.direction) {
            (End::Address(other), None) => pairs.entry(interface).or_default().push((*key, *other)),
            (_, Some(_)) if key.seen == Seen::Own && home.provider == Provider::Aws => {
                own.entry(interface).or_default().insert(key.local);
            }
            _ => {}
        }
    }
    // What is found of one interface may tell of the next.
    loop {
        let found: Vec<_> = pairs
            .iter()
            .filter(|(interface, _)| !own.contains_key(*interface))
            .filter_map(|(interface, pairs)| Some((interface.clone(), common(pairs, &own)?)))
            .collect();
        if found.is_empty() {
            break;
        }
        for (interface, address) in found {
            own.entry(interface).or_default().insert(address);
        }
    }
    for (interface, pairs) in pairs {
        let Some(own) = own.get(&interface) else { continue };
        for (key, other) in pairs {
            turn(tally, key, other, own);
        }
    }
}

/// The one address that all pairs have and no other interface.
fn common(pairs: &[(Key, u128)], own: &Map<Text, HashSet<u128, FxBuildHasher>>) -> Option<u128> {
    let (first, other) = pairs.first()?;
    let others = |address: &u128| own.values().any(|addresses| addresses.contains(address));
    // A pair may have one address twice, and which pair is first is chance.
    let second = Some(*other).filter(|other| *other != first.local);
    let mut candidates = std::iter::once(first.local).chain(second).filter(|candidate| {
        let everywhere = pairs.iter().all(|(key, other)| key.local == *candidate || other == candidate);
        everywhere && !others(candidate)
    });
    let found = candidates.next()?;
    candidates.next().is_none().then_some(found)
}

/// Puts a pair of addresses under its direction.
fn turn(tally: &mut Tally<'_>, key: Key, other: u128, own: &HashSet<u128, FxBuildHasher>) {
    let turned = match (own.contains(&key.local), own.contains(&other)) {
        (true, false) => Key { direction: Some(Direction::Out), ..key },
        (false, true) => {
            let end = tally.end(End::Address(key.local));
            Key { local: other, end, direction: Some(Direction::In), ..key }
        }
        _ => return,
    };
    if let Some(traffic) = tally.sums.remove(&key) {
        let sum: &mut Traffic = tally.sums.entry(turned).or_default();
        sum.add(traffic);
    }
}
