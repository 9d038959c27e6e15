//! Traffic by NAT gateways where the client's own record does not say so.
//!
//! A client's record of a flow to the internet is the same with and without a gateway, unless it has a traffic
//! path, which only outgoing records have. The gateway's interface logs the same flow with the client's address
//! and the address outside in the packets (docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html,
//! "Traffic through a NAT gateway"): as much of the client's traffic went by it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::kinds::{Beyond, Direction, Peer};
use super::{FlowKey, LocalEnd, Text, Traffic};
use crate::ledger::line::Day;

type Rows = BTreeMap<FlowKey, Traffic>;

/// What gateways' interfaces tell of their clients.
#[derive(Debug, Default)]
pub(super) struct Behind(BTreeMap<Client, (LocalEnd, Traffic)>);

/// An address and the network of the gateway: two networks may have the same addresses.
type Client = (End, Day, Direction, Beyond);

type End = (IpAddr, Option<Text>);

impl Behind {
    /// Adds what a gateway's interface logged of a client: the row has the client's address and the gateway's
    /// names.
    pub(super) fn add(&mut self, row: FlowKey, beyond: Beyond, traffic: Traffic) {
        let client = (end(&row.local), row.day, row.direction, beyond);
        let local = LocalEnd { zone: None, instance: None, interface: None, ..row.local };
        self.0.entry(client).or_insert_with(|| (local, Traffic::default())).1.add(traffic);
    }
}

fn end(local: &LocalEnd) -> End {
    (local.address, local.vpc.clone())
}

/// Rows of the clients' own, by address and network.
struct Own(BTreeMap<End, Vec<FlowKey>>);

impl Own {
    fn of(rows: &Rows, behind: &Behind) -> Self {
        let clients: BTreeSet<IpAddr> = behind.0.keys().map(|((address, _), ..)| *address).collect();
        let mut own: BTreeMap<End, Vec<FlowKey>> = BTreeMap::new();
        for key in rows.keys().filter(|key| clients.contains(&key.local.address)) {
            own.entry(end(&key.local)).or_default().push(key.clone());
        }
        Self(own)
    }

    /// Rows of the client in the gateway's network, or else in the one other network that has its address, from which
    /// a transit gateway leads to the NAT gateway.
    fn get(&self, client: &End) -> Option<&[FlowKey]> {
        let here = self.0.get(client).map(Vec::as_slice);
        here.or_else(|| {
            let mut others = self.0.range((client.0, None)..).take_while(|(other, _)| other.0 == client.0);
            let (_, first) = others.next()?;
            others.next().is_none().then_some(first.as_slice())
        })
    }
}

/// Puts as much of the clients' traffic behind gateways as the gateways logged; a client that logs nothing itself
/// gets a row by its address.
pub(super) fn put_behind(rows: &mut Rows, behind: Behind) {
    let own = Own::of(rows, &behind);
    for ((client, day, direction, beyond), (local, logged)) in behind.0 {
        let nat = Peer::Nat(beyond.clone());
        let Some(own) = own.get(&client) else {
            rows.entry(FlowKey { day, direction, local, peer: nat, path: None }).or_default().add(logged);
            continue;
        };
        let same = |key: &&FlowKey| key.day == day && key.direction == direction;
        let told = own
            .iter()
            .filter(same)
            .filter(|key| key.peer == nat)
            .filter_map(|key| rows.get(key))
            .fold(0, |sum: u64, traffic| sum.saturating_add(traffic.bytes));
        let mut left = logged.bytes.saturating_sub(told);
        let outside = beyond.peer();
        for key in own.iter().filter(same).filter(|key| key.peer == outside && key.path.is_none()) {
            let moved = take(rows, key, left);
            if moved != Traffic::default() {
                left = left.saturating_sub(moved.bytes);
                rows.entry(FlowKey { peer: nat.clone(), ..key.clone() }).or_default().add(moved);
            }
        }
    }
}

/// Takes bytes out of a row, and packets and records in proportion.
fn take(rows: &mut Rows, key: &FlowKey, bytes: u64) -> Traffic {
    let Some(all) = rows.get_mut(key) else { return Traffic::default() };
    if bytes >= all.bytes {
        return rows.remove(key).unwrap_or_default();
    }
    let share = |of: u64| {
        let share = u128::from(of) * u128::from(bytes) / u128::from(all.bytes.max(1));
        u64::try_from(share).unwrap_or(of)
    };
    let taken = Traffic { bytes, packets: share(all.packets), records: share(all.records) };
    *all = Traffic {
        bytes: all.bytes - taken.bytes,
        packets: all.packets - taken.packets,
        records: all.records - taken.records,
    };
    taken
}

/// Puts what was received behind gateways where all that was sent to the same kind of peer on the same day went
/// by one: answers come back the way that requests went.
pub(super) fn received_behind(rows: &mut Rows) {
    let answers: Vec<FlowKey> = rows
        .keys()
        .filter(|key| key.direction == Direction::In && key.peer.beyond().is_some())
        .filter(|key| {
            let sent = rows.range(first_sent(key)..).take_while(|(sent, _)| {
                (sent.day, sent.direction, &sent.local) == (key.day, Direction::Out, &key.local)
            });
            let (mut by_nat, mut other) = (false, false);
            for (sent, _) in sent {
                match &sent.peer {
                    Peer::Nat(beyond) => by_nat |= Some(beyond) == key.peer.beyond().as_ref(),
                    peer => other |= *peer == key.peer,
                }
            }
            by_nat && !other
        })
        .cloned()
        .collect();
    for key in answers {
        if let (Some(traffic), Some(beyond)) = (rows.remove(&key), key.peer.beyond()) {
            rows.entry(FlowKey { peer: Peer::Nat(beyond), ..key }).or_default().add(traffic);
        }
    }
}

/// Before all keys of what the same local end sent on the same day.
fn first_sent(key: &FlowKey) -> FlowKey {
    FlowKey { direction: Direction::Out, peer: Peer::Internet, path: None, ..key.clone() }
}
