//! What others than bills tell, in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};

use super::number::Number;
use super::{Ledger, LedgerError, signed, unsigned, use_sums};
use crate::ledger::allocate::day_text;
use crate::ledger::flows::Days;
use crate::ledger::line::Day;
use crate::ledger::told::{HistoryFile, HomeSize, HubLife, Membership, Origin, PodDay, Sampled, Told};
use crate::observe::history::Life;
use crate::observe::traffic::Moved;

impl Ledger {
    /// Everything that was told beside bills.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn told(&self) -> Result<Told, LedgerError> {
        self.told_of(Days::default(), None)
    }

    /// What was told of some days: lives that reach into them, samples, and what pods of a hub moved. Pods of other
    /// hubs are on the same nodes, so all lives and samples are there. Sizes of homes and groups hold until others are
    /// told, so they are there of all days. Beside these lives there are, of each hub, the one that is told of first and
    /// the one that is told of last, between which its history knows who was there, and the last of each person.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn told_of(&self, days: Days, hub: Option<&str>) -> Result<Told, LedgerError> {
        self.read_told(days, hub).map_err(|source| self.failed(source))
    }

    fn read_lives(&self, days: Days) -> rusqlite::Result<Vec<HubLife>> {
        let mut lives = Vec::new();
        let mut select = self.connection.prepare(
            "WITH wanted (uid) AS (
               SELECT uid FROM life WHERE over >= ?1 AND ifnull(began, '') < ?2
               UNION SELECT uid FROM (SELECT uid, min(began) FROM life GROUP BY hub)
               UNION SELECT uid FROM (SELECT uid, max(last) FROM life GROUP BY hub)
               UNION SELECT uid FROM (SELECT uid, max(last) FROM life WHERE person IS NOT NULL GROUP BY person)
             )
             SELECT hub, life FROM life WHERE uid IN wanted ORDER BY uid",
        )?;
        // A day is told in the time zone of who looks.
        let from = days.from.map_or_else(String::new, |from| day_text(from.saturating_sub(1)));
        let end = days.to.map_or_else(|| "9999".to_owned(), |to| day_text(to.saturating_add(2)));
        let mut rows = select.query([from, end])?;
        while let Some(row) = rows.next()? {
            if let Ok(life) = serde_json::from_str(row.get_ref(1)?.as_str()?) {
                lives.push(HubLife { hub: row.get(0)?, life });
            }
        }
        Ok(lives)
    }

    fn read_told(&self, days: Days, hub: Option<&str>) -> rusqlite::Result<Told> {
        let mut told = Told { lives: self.read_lives(days)?, ..Told::default() };
        let (from, to) = (days.from.unwrap_or(Day::MIN), days.to.unwrap_or(Day::MAX));
        let mut select = self.connection.prepare(
            "SELECT hub, day, node, pod, labels, cpu_requested, cpu_used, cpu_largest,
                    memory_requested, memory_used, memory_largest, gpus FROM sampled WHERE day BETWEEN ? AND ?",
        )?;
        let mut rows = select.query([from, to])?;
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
        let mut select = self.connection.prepare(
            "SELECT hub, day, origin, pod, labels, received, sent FROM pod_day
             WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR hub = ?3)",
        )?;
        let mut rows = select.query(params![from, to, hub])?;
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

    /// Files that were read as a hub's history, with their sizes then.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn history_files(&self, hub: &str) -> Result<BTreeMap<String, u64>, LedgerError> {
        let read = || {
            let mut select = self.connection.prepare("SELECT path, size FROM history_file WHERE hub = ?")?;
            let rows = select.query_map([hub], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| self.failed(source))
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
    let mut insert = write.prepare("INSERT OR REPLACE INTO history_file VALUES (?, ?, ?)")?;
    for HistoryFile { hub, path, size } in &told.files {
        insert.execute(params![path, hub, signed(*size)])?;
    }
    Ok(())
}

/// A life that is over stays over: an older copy of the history may be read after a newer one.
fn lives(write: &Transaction<'_>, lives: &[HubLife]) -> rusqlite::Result<()> {
    let mut known = write.prepare("SELECT life FROM life WHERE uid = ?")?;
    let mut insert = write.prepare("INSERT OR REPLACE INTO life (uid, hub, life) VALUES (?, ?, ?)")?;
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

#[cfg(test)]
mod tests;
