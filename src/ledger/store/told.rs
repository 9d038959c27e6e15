//! What others than bills tell, in the ledger.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Transaction, params};

use super::number::Number;
use super::{Ledger, LedgerError, signed, unsigned, use_sums};
use crate::ledger::told::{HomeSize, HubLife, Membership, Origin, PodDay, Sampled, Told};
use crate::observe::history::Life;
use crate::observe::traffic::Moved;

impl Ledger {
    /// Everything that was told beside bills.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn told(&self) -> Result<Told, LedgerError> {
        self.read_told().map_err(|source| self.failed(source))
    }

    fn read_told(&self) -> rusqlite::Result<Told> {
        let mut told = Told::default();
        let mut select = self.connection.prepare("SELECT hub, life FROM life ORDER BY uid")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if let Ok(life) = serde_json::from_str(row.get_ref(1)?.as_str()?) {
                told.lives.push(HubLife { hub: row.get(0)?, life });
            }
        }
        let mut select = self.connection.prepare(
            "SELECT hub, day, node, pod, labels, cpu_requested, cpu_used, cpu_largest,
                    memory_requested, memory_used, memory_largest, gpus FROM sampled",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            told.sampled.push(Sampled {
                hub: row.get(0)?,
                day: row.get(1)?,
                node: row.get(2)?,
                pod: row.get(3)?,
                labels: row.get(4)?,
                sums: use_sums(row, 5)?,
            });
        }
        let mut select = self.connection.prepare("SELECT hub, day, user, bytes FROM home")?;
        let rows = select.query_map([], |row| {
            let bytes = u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0);
            Ok(HomeSize { hub: row.get(0)?, day: row.get(1)?, user: row.get(2)?, bytes })
        })?;
        told.homes = rows.collect::<Result<_, _>>()?;
        let mut select = self.connection.prepare("SELECT hub, day, user, user_group FROM membership")?;
        let rows = select.query_map([], |row| {
            Ok(Membership { hub: row.get(0)?, day: row.get(1)?, user: row.get(2)?, group: row.get(3)? })
        })?;
        told.memberships = rows.collect::<Result<_, _>>()?;
        let mut select =
            self.connection.prepare("SELECT hub, day, origin, pod, labels, received, sent FROM pod_day")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let Some(origin) = Origin::from_name(row.get_ref(2)?.as_str()?) else { continue };
            told.pod_days.push(PodDay {
                hub: row.get(0)?,
                day: row.get(1)?,
                origin,
                pod: row.get(3)?,
                labels: row.get(4)?,
                moved: Moved { received: unsigned(row.get(5)?), sent: unsigned(row.get(6)?) },
            });
        }
        Ok(told)
    }
}

/// Puts what was told in the place of what is there of it: of a life the later state, of samples and groups a
/// hub's day, of homes a person's day, of bytes a pod's day, of which more is known later and never less.
pub(super) fn put(write: &Transaction<'_>, told: &Told) -> rusqlite::Result<()> {
    lives(write, &told.lives)?;
    let days: BTreeSet<_> = told.sampled.iter().map(|each| (&each.hub, each.day)).collect();
    for (hub, day) in days {
        write.execute("DELETE FROM sampled WHERE hub = ? AND day = ?", params![hub, day])?;
    }
    let mut insert =
        write.prepare("INSERT OR REPLACE INTO sampled VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for each in &told.sampled {
        let sums = &each.sums;
        insert.execute(params![
            each.hub,
            each.day,
            each.node,
            each.pod,
            each.labels,
            Number(sums.cpu_requested),
            sums.cpu_used.map(Number),
            sums.cpu_largest.map(Number),
            Number(sums.memory_requested),
            sums.memory_used.map(Number),
            sums.memory_largest.map(Number),
            Number(sums.gpus),
        ])?;
    }
    let mut insert = write.prepare("INSERT OR REPLACE INTO home VALUES (?, ?, ?, ?)")?;
    for each in &told.homes {
        let bytes = i64::try_from(each.bytes).unwrap_or(i64::MAX);
        insert.execute(params![each.hub, each.day, each.user, bytes])?;
    }
    let days: BTreeSet<_> = told.memberships.iter().map(|each| (&each.hub, each.day)).collect();
    for (hub, day) in days {
        write.execute("DELETE FROM membership WHERE hub = ? AND day = ?", params![hub, day])?;
    }
    let mut insert = write.prepare("INSERT OR REPLACE INTO membership VALUES (?, ?, ?, ?)")?;
    for each in &told.memberships {
        insert.execute(params![each.hub, each.day, each.user, each.group])?;
    }
    let mut insert = write.prepare(
        "INSERT INTO pod_day VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET labels = excluded.labels, received = max(received, excluded.received),
                                   sent = max(sent, excluded.sent)",
    )?;
    for PodDay { hub, day, origin, pod, labels, moved } in &told.pod_days {
        let (received, sent) = (signed(moved.received), signed(moved.sent));
        insert.execute(params![hub, day, origin.name(), pod, labels, received, sent])?;
    }
    Ok(())
}

/// A life that is over stays over: an older copy of the history may be read after a newer one.
fn lives(write: &Transaction<'_>, lives: &[HubLife]) -> rusqlite::Result<()> {
    let mut known = write.prepare("SELECT life FROM life WHERE uid = ?")?;
    let mut insert = write.prepare("INSERT OR REPLACE INTO life VALUES (?, ?, ?)")?;
    for HubLife { hub, life } in lives {
        let before: Option<String> = known.query_row([life.uid()], |row| row.get(0)).optional()?;
        let before: Option<Life> = before.and_then(|text| serde_json::from_str(&text).ok());
        if before.is_some_and(|before| before.is_over() && !life.is_over()) {
            continue;
        }
        if let Ok(text) = serde_json::to_string(life) {
            insert.execute(params![life.uid(), hub, text])?;
        }
    }
    Ok(())
}
