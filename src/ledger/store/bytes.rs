//! Bytes by the ways they took, in the ledger: what flow logs and byte ledgers said, so that months of them need not
//! be read again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use frazil_byte_ledger::{Entry, Record, Route, Who};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::{Ledger, LedgerError, signed, unsigned};
use crate::catalog::{Owner, Provider};
use crate::ledger::flows::{
    Beyond, Days, Direction, FlowFile, FlowKey, FlowSums, KnownFiles, Lacks, LocalEnd, Peer, Pod, Text,
    Traffic, TrafficPath, Zones,
};
use crate::ledger::line::Day;

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// What flow logs and byte ledgers tell, to be taken in.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The hub whose network the flow logs are of; empty where they are of several.
    pub hub: String,
    /// The files of flow logs.
    pub flow_files: Vec<FlowFile>,
    /// What they say.
    pub flows: FlowSums,
    /// Files of byte ledgers.
    pub clients: Vec<ClientFile>,
}

/// A file of a byte ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFile {
    /// Its name, without the folder: no other file has it.
    pub name: String,
    /// Its size before it was read; 0 where lines were left that may be whole when it is read again.
    pub size: u64,
    /// What it says.
    pub entries: Vec<Entry>,
}

impl Ledger {
    /// Files of flow logs that were counted.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn flow_files(&self) -> Result<KnownFiles, LedgerError> {
        let read = || {
            let mut select = self.connection.prepare("SELECT identity, size FROM flow_file")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| self.failed(source))
    }

    /// What flow logs said that were counted, by the hub whose network they were of.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn flows(&self) -> Result<BTreeMap<String, FlowSums>, LedgerError> {
        self.flows_of(Days::default())
    }

    /// The same of some days. Pods of a hub are in the logs of other networks too, so all of them are there.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn flows_of(&self, days: Days) -> Result<BTreeMap<String, FlowSums>, LedgerError> {
        self.read_flows(span(days)).map_err(|source| self.failed(source))
    }

    fn read_flows(&self, days: [Day; 2]) -> rusqlite::Result<BTreeMap<String, FlowSums>> {
        let mut ends: HashMap<i64, Value> = HashMap::new();
        let mut select = self.connection.prepare(
            "SELECT id, text FROM flow_end WHERE id IN
             (SELECT local FROM flow WHERE day BETWEEN ?1 AND ?2 UNION SELECT peer FROM flow WHERE day BETWEEN ?1 AND ?2)",
        )?;
        let mut rows = select.query(days)?;
        while let Some(row) = rows.next()? {
            ends.insert(row.get(0)?, serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default());
        }
        let mut sums: BTreeMap<String, FlowSums> = BTreeMap::new();
        let mut select = self.connection.prepare(
            "SELECT hub, day, direction, local, peer, path, bytes, packets, records FROM flow
             WHERE day BETWEEN ? AND ?",
        )?;
        let mut rows = select.query(days)?;
        while let Some(row) = rows.next()? {
            let end = |column: usize| -> rusqlite::Result<Option<&Value>> { Ok(ends.get(&row.get(column)?)) };
            let (local, peer) = (end(3)?.and_then(local_of), end(4)?.and_then(peer_of));
            let (Some(local), Some(peer)) = (local, peer) else {
                return Err(rusqlite::Error::InvalidColumnType(3, "local".to_owned(), Type::Text));
            };
            let direction = if row.get_ref(2)?.as_str()? == "out" { Direction::Out } else { Direction::In };
            let key =
                FlowKey { day: row.get(1)?, direction, local, peer, path: TrafficPath::of(row.get(5)?) };
            let traffic = Traffic {
                bytes: unsigned(row.get(6)?),
                packets: unsigned(row.get(7)?),
                records: unsigned(row.get(8)?),
            };
            sums.entry(row.get(0)?).or_default().add(key, traffic);
        }
        let mut select = self.connection.prepare("SELECT interface FROM flow_gateway")?;
        let gateways: BTreeSet<Text> =
            select.query_map([], |row| row.get::<_, String>(0).map(Text::from))?.collect::<Result<_, _>>()?;
        for sum in sums.values_mut() {
            sum.gateways.clone_from(&gateways);
        }
        self.read_gaps(days, &mut sums)?;
        Ok(sums)
    }

    fn read_gaps(&self, days: [Day; 2], sums: &mut BTreeMap<String, FlowSums>) -> rusqlite::Result<()> {
        let mut select = self
            .connection
            .prepare("SELECT hub, day, what, records FROM flow_day_gap WHERE day BETWEEN ? AND ?")?;
        let mut rows = select.query(days)?;
        while let Some(row) = rows.next()? {
            let sum = sums.entry(row.get(0)?).or_default();
            let gaps = sum.gaps.entry(row.get(1)?).or_default();
            let what = row.get_ref(2)?.as_str()?;
            if what == SKIPPED {
                gaps.skipped = unsigned(row.get(3)?);
                sum.left_out.skipped = sum.left_out.skipped.saturating_add(gaps.skipped);
            }
            if let Some(lacks) = Lacks::from_name(what) {
                gaps.lacks.insert(lacks);
                sum.lacks.insert(lacks);
            }
        }
        Ok(())
    }

    /// Files of byte ledgers that were counted, with what they say: sums by day and all that is told of them.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn clients(&self) -> Result<Vec<ClientFile>, LedgerError> {
        self.clients_of(Days::default(), None)
    }

    /// The same of some days and one hub.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn clients_of(&self, days: Days, hub: Option<&str>) -> Result<Vec<ClientFile>, LedgerError> {
        self.read_clients(span(days), hub).map_err(|source| self.failed(source))
    }

    /// What programs met of buckets and regions, on whichever day: one record of each, without requests.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn met(&self) -> Result<Vec<Entry>, LedgerError> {
        let read = || {
            let mut select = self.connection.prepare(
                "SELECT DISTINCT hub, '', region, route, 0 FROM client WHERE route = ?1
                 UNION SELECT DISTINCT '', bucket, '', '', 1 FROM client WHERE requester_pays",
            )?;
            let rows = select.query_map([Route::InRegion.name()], |row| {
                let who = Who { hub: row.get(0)?, ..Who::default() };
                let record = Record {
                    bucket: row.get(1)?,
                    region: row.get(2)?,
                    route: route(row.get_ref(3)?.as_str()?),
                    requester_pays: row.get(4)?,
                    ..Record::default()
                };
                Ok(Entry { who: Arc::new(who), record })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| self.failed(source))
    }

    fn read_clients(&self, days: [Day; 2], hub: Option<&str>) -> rusqlite::Result<Vec<ClientFile>> {
        let mut select = self.connection.prepare("SELECT id, name, size FROM client_file ORDER BY id")?;
        let mut files: BTreeMap<i64, ClientFile> = select
            .query_map([], |row| {
                let file =
                    ClientFile { name: row.get(1)?, size: unsigned(row.get(2)?), ..ClientFile::default() };
                Ok((row.get(0)?, file))
            })?
            .collect::<Result<_, _>>()?;
        let mut select = self.connection.prepare(
            "SELECT file, day, hub, user, cluster, dataset, bucket, region, route, requester_pays, requests, requested,
                    received FROM client WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR hub = ?3)",
        )?;
        let mut rows = select.query(params![days[0], days[1], hub])?;
        while let Some(row) = rows.next()? {
            let time = u64::from(row.get::<_, u32>(1)?) * DAY;
            let who = Who { hub: row.get(2)?, user: row.get(3)?, cluster: row.get(4)?, ..Who::default() };
            let record = Record {
                time,
                since: time,
                dataset: row.get(5)?,
                bucket: row.get(6)?,
                region: row.get(7)?,
                route: route(row.get_ref(8)?.as_str()?),
                requester_pays: row.get(9)?,
                requests: unsigned(row.get(10)?),
                requested: unsigned(row.get(11)?),
                received: unsigned(row.get(12)?),
            };
            if let Some(file) = files.get_mut(&row.get(0)?) {
                file.entries.push(Entry { who: Arc::new(who), record });
            }
        }
        Ok(files.into_values().collect())
    }
}

fn span(days: Days) -> [Day; 2] {
    [days.from.unwrap_or(Day::MIN), days.to.unwrap_or(Day::MAX)]
}

/// Takes in what was counted. A file of flow logs that is there already is an error: what it says was in sums that
/// cannot be taken back.
pub(super) fn put(write: &Transaction<'_>, counted: &Counted, now: &str) -> rusqlite::Result<()> {
    let mut insert =
        write.prepare("INSERT INTO flow_file (identity, name, taken_at, size) VALUES (?, ?, ?, ?)")?;
    for file in &counted.flow_files {
        insert.execute(params![file.identity, file.name, now, signed(file.size)])?;
    }
    flows(write, &counted.hub, &counted.flows)?;
    for file in &counted.clients {
        client(write, file, now)?;
    }
    Ok(())
}

/// What records that AWS could not make are called among what is lacking.
const SKIPPED: &str = "skipped";

fn flows(write: &Transaction<'_>, hub: &str, flows: &FlowSums) -> rusqlite::Result<()> {
    let mut known: HashMap<String, i64> = HashMap::new();
    let mut add = write.prepare("INSERT OR IGNORE INTO flow_end (text) VALUES (?)")?;
    let mut find = write.prepare("SELECT id FROM flow_end WHERE text = ?")?;
    let mut end = |value: Value| -> rusqlite::Result<i64> {
        let text = value.to_string();
        if let Some(id) = known.get(&text) {
            return Ok(*id);
        }
        add.execute([&text])?;
        let id = find.query_row([&text], |row| row.get(0))?;
        known.insert(text, id);
        Ok(id)
    };
    let mut insert = write.prepare(
        "INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET bytes = min(bytes + excluded.bytes, 9223372036854775807),
                                   packets = min(packets + excluded.packets, 9223372036854775807),
                                   records = min(records + excluded.records, 9223372036854775807)",
    )?;
    for (key, traffic) in &flows.rows {
        let direction = if key.direction == Direction::Out { "out" } else { "in" };
        insert.execute(params![
            hub,
            key.day,
            direction,
            end(local_text(&key.local))?,
            end(peer_text(&key.peer))?,
            key.path.map_or(0, TrafficPath::number),
            signed(traffic.bytes),
            signed(traffic.packets),
            signed(traffic.records),
        ])?;
    }
    let mut insert = write.prepare("INSERT OR IGNORE INTO flow_gateway VALUES (?)")?;
    for interface in &flows.gateways {
        insert.execute([&**interface])?;
    }
    let mut insert = write.prepare(
        "INSERT INTO flow_day_gap VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET records = min(records + excluded.records, 9223372036854775807)",
    )?;
    for (day, gaps) in &flows.gaps {
        for lacks in &gaps.lacks {
            insert.execute(params![hub, day, lacks.name(), 0])?;
        }
        if gaps.skipped > 0 {
            insert.execute(params![hub, day, SKIPPED, signed(gaps.skipped)])?;
        }
    }
    Ok(())
}

/// Puts a file of a byte ledger in the place of what is there of it.
fn client(write: &Transaction<'_>, file: &ClientFile, now: &str) -> rusqlite::Result<()> {
    let known: Option<i64> = write
        .query_row("SELECT id FROM client_file WHERE name = ?", [&file.name], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        write.execute("DELETE FROM client_file WHERE id = ?", [id])?;
    }
    write.execute(
        "INSERT INTO client_file (name, size, taken_at) VALUES (?, ?, ?)",
        params![file.name, signed(file.size), now],
    )?;
    let id = write.last_insert_rowid();
    let mut insert = write.prepare("INSERT INTO client VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (key, [requests, requested, received]) in client_sums(&file.entries) {
        let ClientKey { day, hub, user, cluster, dataset, bucket, region, route, requester_pays } = key;
        insert.execute(params![
            id,
            day,
            hub,
            user,
            cluster,
            dataset,
            bucket,
            region,
            route,
            requester_pays,
            signed(requests),
            signed(requested),
            signed(received),
        ])?;
    }
    Ok(())
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ClientKey<'a> {
    day: Day,
    hub: &'a str,
    user: &'a str,
    cluster: &'a str,
    dataset: &'a str,
    bucket: &'a str,
    region: &'a str,
    route: &'static str,
    requester_pays: bool,
}

/// Requests, bytes asked for and bytes that came, by day and all that is told of them.
fn client_sums(entries: &[Entry]) -> BTreeMap<ClientKey<'_>, [u64; 3]> {
    let mut sums: BTreeMap<_, [u64; 3]> = BTreeMap::new();
    for Entry { who, record } in entries {
        let key = ClientKey {
            day: Day::try_from(record.time / DAY).unwrap_or(Day::MAX),
            hub: &who.hub,
            user: &who.user,
            cluster: &who.cluster,
            dataset: &record.dataset,
            bucket: &record.bucket,
            region: &record.region,
            route: record.route.name(),
            requester_pays: record.requester_pays,
        };
        let sum = sums.entry(key).or_default();
        for (sum, more) in sum.iter_mut().zip([record.requests, record.requested, record.received]) {
            *sum = sum.saturating_add(more);
        }
    }
    sums
}

fn route(name: &str) -> Route {
    [Route::InRegion, Route::InterRegion, Route::Internet, Route::LocalCache]
        .into_iter()
        .find(|route| route.name() == name)
        .unwrap_or_default()
}

fn local_text(end: &LocalEnd) -> Value {
    let pod = end.pod.as_ref().map(|pod| [&*pod.namespace, &*pod.name]);
    json!([
        end.provider.name(),
        end.account.as_deref(),
        end.vpc.as_deref(),
        end.region.as_deref(),
        end.zone.as_deref(),
        end.instance.as_deref(),
        end.interface.as_deref(),
        end.address.to_string(),
        pod,
    ])
}

fn local_of(value: &Value) -> Option<LocalEnd> {
    let text = |at: usize| value[at].as_str().map(Text::from);
    let pod = |at: usize| value[8][at].as_str().map(Text::from);
    Some(LocalEnd {
        provider: provider(&value[0])?,
        account: text(1),
        vpc: text(2),
        region: text(3),
        zone: text(4),
        instance: text(5),
        interface: text(6),
        address: value[7].as_str()?.parse().ok()?,
        pod: pod(0).zip(pod(1)).map(|(namespace, name)| Pod { namespace, name }),
    })
}

fn provider(name: &Value) -> Option<Provider> {
    Provider::ALL.into_iter().find(|provider| name == provider.name())
}

fn peer_text(peer: &Peer) -> Value {
    let cloud = |kind: &str, owner: &Owner| json!([kind, owner.provider.name(), owner.region, owner.service]);
    match peer {
        Peer::Internet => json!(["internet"]),
        Peer::Cloud(owner) => cloud("cloud", owner),
        Peer::Network(Zones::OtherRegion(Some(region))) => json!(["network", "other-region", &**region]),
        Peer::Network(zones) => json!(["network", zones.name()]),
        Peer::Nat(Beyond::Internet) => json!(["nat"]),
        Peer::Nat(Beyond::Cloud(owner)) => cloud("nat-cloud", owner),
    }
}

fn peer_of(value: &Value) -> Option<Peer> {
    let owner = || {
        let text = |at: usize| value[at].as_str().map(str::to_owned);
        Some(Owner { provider: provider(&value[1])?, region: text(2), service: text(3) })
    };
    Some(match value[0].as_str()? {
        "internet" => Peer::Internet,
        "cloud" => Peer::Cloud(owner()?),
        "network" => Peer::Network(Zones::from_name(value[1].as_str()?, value[2].as_str().map(Text::from))?),
        "nat" => Peer::Nat(Beyond::Internet),
        "nat-cloud" => Peer::Nat(Beyond::Cloud(owner()?)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
