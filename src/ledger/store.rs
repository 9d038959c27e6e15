//! The ledger's file: SQLite, made and opened here alone. A month of a bill is taken in one transaction, so
//! that whatever stops it leaves the month as it was.

mod bytes;
mod error;
mod number;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use self::bytes::{ClientFile, Counted};
pub use self::error::LedgerError;
use self::number::Number;
use super::gather::{FileRead, Gathered};
use super::line::{Charge, Day, LineKey, Lineage, Month, Source, SourceKind, Sums, Use, UseKey, UseSums};
use super::symbols::{Symbol, Symbols};
use super::told::Told;
use super::uses::Uses;

/// `frzl`, by which `file` knows a ledger (SQLite, "Database File Format", 1.3.15).
const APPLICATION: i32 = 0x6672_7a6c;
/// The shape of the tables.
const VERSION: i32 = 4;
/// What each version has beside the one before it.
const SCHEMAS: [&str; 4] = [
    include_str!("store/schema.sql"),
    include_str!("store/schema_2.sql"),
    include_str!("store/schema_3.sql"),
    include_str!("store/schema_4.sql"),
];

type Result<T> = std::result::Result<T, LedgerError>;

/// A month that was taken in, and what it replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whose bill.
    pub source: Source,
    /// The month.
    pub month: Month,
    /// Rows of the ledger now.
    pub rows: u64,
    /// The sum by currency, in 10⁻¹² of it.
    pub billed: Vec<(String, i128)>,
    /// The sums before, if the month was there.
    pub before: Option<Vec<(String, i128)>>,
}

/// A month of a source in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Its number in the file.
    id: i64,
    /// Whose bill.
    pub source: Source,
    /// The month.
    pub month: Month,
    /// When it was taken, in RFC 3339.
    pub taken_at: String,
}

/// Rows of one bill, as they were gathered.
#[derive(Clone, Debug, Default)]
pub struct BillRows {
    /// Texts of the keys.
    pub symbols: Symbols,
    /// Lines; `source` is 0 in all of them.
    pub lines: Vec<(LineKey, Sums)>,
    /// Pods by day; `source` is 0 in all of them.
    pub uses: Uses,
}

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

impl Ledger {
    /// Opens a ledger, or makes an empty one that only its owner may read.
    ///
    /// # Errors
    /// When the file is something else, of another version, or cannot be written.
    pub fn open(path: &Path) -> Result<Self> {
        let make = |source| LedgerError::Make { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(make)?;
        }
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(make)?;
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => LedgerError::Foreign(path.to_owned()),
            _ => LedgerError::Sqlite { path: path.to_owned(), source },
        };
        let connection = Connection::open(path).map_err(failed)?;
        let mut ledger = Self { path: path.to_owned(), connection };
        ledger.prepare().map_err(failed)?;
        ledger.check()?;
        Ok(ledger)
    }

    fn prepare(&mut self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(std::time::Duration::from_mins(1))?;
        self.connection.pragma_update(None, "foreign_keys", true)?;
        // 16 MiB: months are written in order, and read back in order.
        self.connection.pragma_update(None, "cache_size", -16_384)?;
        let now = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        // Who only reads does not wait for who writes.
        if (now("application_id")?, now("user_version")?) == (APPLICATION, VERSION) {
            return Ok(());
        }
        let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let tables: i64 = write.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let read = |name: &str| write.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let version = match (read("application_id")?, read("user_version")?) {
            (APPLICATION, version @ 1..VERSION) => version,
            _ if tables == 0 => 0,
            _ => VERSION,
        };
        for (number, schema) in (1..).zip(SCHEMAS).filter(|(number, _)| *number > version) {
            write.execute_batch(schema)?;
            write.pragma_update(None, "application_id", APPLICATION)?;
            write.pragma_update(None, "user_version", number)?;
        }
        write.commit()
    }

    fn check(&self) -> Result<()> {
        let read = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let application = read("application_id").map_err(|source| self.failed(source))?;
        let version = read("user_version").map_err(|source| self.failed(source))?;
        match (application, version) {
            (APPLICATION, VERSION) => Ok(()),
            (APPLICATION, found) => Err(LedgerError::Version { path: self.path.clone(), found }),
            _ => Err(LedgerError::Foreign(self.path.clone())),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::Sqlite { path: self.path.clone(), source }
    }

    /// Takes months of bills in, each of which replaces what was there of it. All or nothing.
    ///
    /// # Errors
    /// When a file was read twice, or SQLite says no; the ledger is then as it was.
    pub fn take(&mut self, gathered: &Gathered, now: &str) -> Result<Vec<Taken>> {
        self.take_with(std::slice::from_ref(gathered), &Told::default(), now)
    }

    /// Takes months of bills in, gathered by themselves, and what others tell beside them. All or nothing.
    ///
    /// # Errors
    /// When a file or a month was read twice, or SQLite says no; the ledger is then as it was.
    pub fn take_with(&mut self, all: &[Gathered], told: &Told, now: &str) -> Result<Vec<Taken>> {
        self.take_all_of(all, told, &Counted::default(), now)
    }

    /// Takes in what flow logs and byte ledgers say. All or nothing.
    ///
    /// # Errors
    /// When a file of flow logs was counted before, or SQLite says no; the ledger is then as it was.
    pub fn take_counted(&mut self, counted: &Counted, now: &str) -> Result<()> {
        self.take_all_of(&[], &Told::default(), counted, now).map(drop)
    }

    /// Takes everything in. All or nothing.
    ///
    /// # Errors
    /// As those of its parts; the ledger is then as it was.
    pub fn take_all_of(
        &mut self,
        all: &[Gathered],
        told: &Told,
        counted: &Counted,
        now: &str,
    ) -> Result<Vec<Taken>> {
        twice(all)?;
        let path = self.path.clone();
        self.take_all(all, told, counted, now).map_err(|source| match source.sqlite_error() {
            // The keys of all other tables are made here, or replaced.
            Some(error) if error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
                LedgerError::Meanwhile
            }
            _ => LedgerError::Sqlite { path, source },
        })
    }

    fn take_all(
        &mut self,
        all: &[Gathered],
        told: &Told,
        counted: &Counted,
        now: &str,
    ) -> rusqlite::Result<Vec<Taken>> {
        let write = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut taken = Vec::new();
        for gathered in all {
            for (number, month) in months(gathered) {
                let source = &gathered.sources[usize::from(number)];
                taken.push(replace(&write, gathered, (number, source), month, now)?);
            }
        }
        told::put(&write, told)?;
        bytes::put(&write, counted, now)?;
        write.commit()?;
        Ok(taken)
    }

    /// The months that are there, by source and month.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn bills(&self) -> Result<Vec<Bill>> {
        self.read_bills().map_err(|source| self.failed(source))
    }

    fn read_bills(&self) -> rusqlite::Result<Vec<Bill>> {
        let mut select = self.connection.prepare(
            "SELECT bill.id, kind, provider, payer, month, taken_at FROM bill JOIN source ON source.id = bill.source
             ORDER BY provider, payer, kind, month",
        )?;
        let rows = select.query_map([], |row| {
            let (kind, month): (String, u32) = (row.get(1)?, row.get(4)?);
            Ok((
                SourceKind::from_name(&kind),
                Month::from_number(month),
                row.get(0)?,
                row.get(2)?,
                row.get(3)?,
                row.get(5)?,
            ))
        })?;
        let mut bills = Vec::new();
        for row in rows {
            let (kind, month, id, provider, payer, taken_at) = row?;
            if let (Some(kind), Some(month)) = (kind, month) {
                bills.push(Bill { id, source: Source { kind, provider, payer }, month, taken_at });
            }
        }
        Ok(bills)
    }

    /// The first and the last day of some bills' rows.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn days_of(&self, bills: &[Bill]) -> Result<Option<(Day, Day)>> {
        let read = || -> rusqlite::Result<_> {
            let mut select = self.connection.prepare(
                "SELECT min(day), max(day) FROM
                 (SELECT day FROM line WHERE bill = ?1 UNION ALL SELECT day FROM use WHERE bill = ?1)",
            )?;
            let mut days = Vec::new();
            for bill in bills {
                let (first, last): (Option<Day>, Option<Day>) =
                    select.query_row([bill.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
                days.extend(first.into_iter().chain(last));
            }
            Ok(days.iter().min().copied().zip(days.iter().max().copied()))
        };
        read().map_err(|source| self.failed(source))
    }

    /// Files that a bill was read from.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn files(&self, bill: &Bill) -> Result<Vec<FileRead>> {
        let read = || {
            let mut select = self
                .connection
                .prepare("SELECT name, digest, rows FROM file WHERE bill = ? ORDER BY number")?;
            let rows = select.query_map([bill.id], |row| {
                Ok(FileRead { name: row.get(0)?, digest: row.get(1)?, rows: unsigned(row.get(2)?) })
            })?;
            rows.collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| self.failed(source))
    }

    /// The rows of a bill.
    ///
    /// # Errors
    /// When SQLite says no.
    pub fn rows(&self, bill: &Bill) -> Result<BillRows> {
        self.read_rows(bill).map_err(|source| self.failed(source))
    }

    fn read_rows(&self, bill: &Bill) -> rusqlite::Result<BillRows> {
        let mut rows = BillRows::default();
        let mut symbols = Vec::new();
        let mut texts = self.connection.prepare("SELECT text FROM text WHERE bill = ? ORDER BY number")?;
        let mut found = texts.query([bill.id])?;
        while let Some(row) = found.next()? {
            symbols.push(rows.symbols.add(row.get_ref(0)?.as_str()?));
        }
        let symbol = |number: i64| {
            usize::try_from(number).ok().and_then(|index| symbols.get(index).copied()).unwrap_or_default()
        };
        let mut lines = self.connection.prepare(
            "SELECT day, charge, account, service, usage_type, operation, region, resource, unit, tags, currency,
                    quantity, billed, effective, list, lines, first_file, first_row
             FROM line WHERE bill = ? ORDER BY rowid",
        )?;
        let mut found = lines.query([bill.id])?;
        while let Some(row) = found.next()? {
            let text = |column: usize| row.get::<_, i64>(column).map(symbol);
            let number = |column: usize| row.get::<_, Number>(column).map(|number| number.0);
            let key = LineKey {
                source: 0,
                month: bill.month,
                day: row.get(0)?,
                charge: Charge::from_name(row.get_ref(1)?.as_str()?).unwrap_or(Charge::Usage),
                account: text(2)?,
                service: text(3)?,
                usage_type: text(4)?,
                operation: text(5)?,
                region: text(6)?,
                resource: text(7)?,
                unit: text(8)?,
                tags: text(9)?,
                currency: text(10)?,
            };
            let first = Lineage { file: row.get(16)?, row: unsigned(row.get(17)?) };
            let sums = Sums {
                quantity: number(11)?,
                billed: number(12)?,
                effective: number(13)?,
                list: number(14)?,
                lines: unsigned(row.get(15)?),
                first,
            };
            rows.lines.push((key, sums));
        }
        let mut uses = self.connection.prepare(
            "SELECT day, node, pod, namespace, labels, cpu_requested, cpu_used, cpu_largest,
                    memory_requested, memory_used, memory_largest, gpus
             FROM use WHERE bill = ? ORDER BY rowid",
        )?;
        let mut found = uses.query([bill.id])?;
        while let Some(row) = found.next()? {
            let text = |column: usize| row.get::<_, i64>(column).map(symbol);
            let key = UseKey {
                source: 0,
                month: bill.month,
                day: row.get(0)?,
                node: text(1)?,
                pod: text(2)?,
                namespace: text(3)?,
                labels: text(4)?,
            };
            rows.uses.add(Use { key, sums: use_sums(row, 5)? });
        }
        Ok(rows)
    }
}

/// The seven columns of what a pod asked for and used, from the first of them.
fn use_sums(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<UseSums> {
    let number = |column: usize| row.get::<_, Number>(first + column).map(|number| number.0);
    let known = |column: usize| {
        row.get::<_, Option<Number>>(first + column).map(|number| number.map(|number| number.0))
    };
    Ok(UseSums {
        cpu_requested: number(0)?,
        cpu_used: known(1)?,
        cpu_largest: known(2)?,
        memory_requested: number(3)?,
        memory_used: known(4)?,
        memory_largest: known(5)?,
        gpus: number(6)?,
    })
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Refuses a file that was read twice, and a month of which two tell.
fn twice(all: &[Gathered]) -> Result<()> {
    let mut files: HashMap<&str, &str> = HashMap::new();
    let mut known = HashSet::new();
    for gathered in all {
        for file in &gathered.files {
            if let Some(first) = files.insert(&file.digest, &file.name) {
                return Err(LedgerError::Twice { first: first.to_owned(), second: file.name.clone() });
            }
        }
        for (number, month) in months(gathered) {
            let source = &gathered.sources[usize::from(number)];
            if !known.insert((source, month)) {
                return Err(LedgerError::TwiceTold { bill: source.clone(), month });
            }
        }
    }
    Ok(())
}

/// The months of which something was gathered, by source.
fn months(gathered: &Gathered) -> BTreeSet<(u16, Month)> {
    let lines = gathered.lines.keys().map(|key| (key.source, key.month));
    lines.chain(gathered.uses.keys().map(|key| (key.source, key.month))).collect()
}

/// Puts a month of a source in the place of what is there of it.
fn replace(
    write: &Transaction<'_>,
    gathered: &Gathered,
    (number, source): (u16, &Source),
    month: Month,
    now: &str,
) -> rusqlite::Result<Taken> {
    let id = source_id(write, source)?;
    let old: Option<i64> = write
        .query_row("SELECT id FROM bill WHERE source = ? AND month = ?", params![id, month.number()], |row| {
            row.get(0)
        })
        .optional()?;
    let before = old.map(|bill| sums(write, bill)).transpose()?;
    if let Some(bill) = old {
        write.execute("DELETE FROM bill WHERE id = ?", [bill])?;
    }
    write.execute(
        "INSERT INTO bill (source, month, taken_at) VALUES (?, ?, ?)",
        params![id, month.number(), now],
    )?;
    let bill = write.last_insert_rowid();
    let mut file = write.prepare("INSERT INTO file VALUES (?, ?, ?, ?, ?)")?;
    for (place, read) in (0_i64..).zip(&gathered.files) {
        file.execute(params![bill, place, read.name, read.digest, signed(read.rows)])?;
    }
    let mut texts = Texts {
        bill,
        insert: write.prepare("INSERT INTO text VALUES (?, ?, ?)")?,
        numbers: Vec::new(),
        next: 0,
    };
    texts.number(gathered, Symbol::EMPTY)?;
    let mut rows = lines(write, gathered, &mut texts, (number, month))?;
    rows += uses(write, gathered, &mut texts, (number, month))?;
    let billed = sums(write, bill)?;
    Ok(Taken { source: source.clone(), month, rows, billed, before })
}

fn source_id(write: &Transaction<'_>, source: &Source) -> rusqlite::Result<i64> {
    write.execute(
        "INSERT OR IGNORE INTO source (kind, provider, payer) VALUES (?, ?, ?)",
        params![source.kind.name(), source.provider, source.payer],
    )?;
    write.query_row(
        "SELECT id FROM source WHERE kind = ? AND provider = ? AND payer = ?",
        params![source.kind.name(), source.provider, source.payer],
        |row| row.get(0),
    )
}

/// The sums of a bill by currency.
fn sums(write: &Transaction<'_>, bill: i64) -> rusqlite::Result<Vec<(String, i128)>> {
    let mut select = write.prepare(
        "SELECT text, billed FROM line JOIN text ON text.bill = line.bill AND text.number = line.currency
         WHERE line.bill = ?",
    )?;
    let mut sums = BTreeMap::new();
    let mut rows = select.query([bill])?;
    while let Some(row) = rows.next()? {
        let currency = row.get_ref(0)?.as_str()?;
        let billed = row.get::<_, Number>(1)?.0;
        match sums.get_mut(currency) {
            Some(sum) => *sum += billed,
            None => drop(sums.insert(currency.to_owned(), billed)),
        }
    }
    Ok(sums.into_iter().collect())
}

/// Numbers of a bill's texts, given as they are needed.
struct Texts<'a> {
    bill: i64,
    insert: rusqlite::Statement<'a>,
    /// By symbol, one more than the number; 0 where there is none yet.
    numbers: Vec<i64>,
    next: i64,
}

impl Texts<'_> {
    fn number(&mut self, gathered: &Gathered, symbol: Symbol) -> rusqlite::Result<i64> {
        if self.numbers.len() <= symbol.index() {
            self.numbers.resize(symbol.index() + 1, 0);
        }
        if self.numbers[symbol.index()] == 0 {
            self.insert.execute(params![self.bill, self.next, gathered.symbols.text(symbol)])?;
            self.next += 1;
            self.numbers[symbol.index()] = self.next;
        }
        Ok(self.numbers[symbol.index()] - 1)
    }
}

fn lines(
    write: &Transaction<'_>,
    gathered: &Gathered,
    texts: &mut Texts<'_>,
    of: (u16, Month),
) -> rusqlite::Result<u64> {
    let mut insert =
        write.prepare("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut rows: Vec<_> = gathered.lines.iter().filter(|(key, _)| (key.source, key.month) == of).collect();
    rows.sort_unstable_by_key(|(key, sums)| (key.day, sums.first.file, sums.first.row, key.charge));
    for (key, sums) in &rows {
        let mut text = |symbol| texts.number(gathered, symbol);
        let named = [
            text(key.account)?,
            text(key.service)?,
            text(key.usage_type)?,
            text(key.operation)?,
            text(key.region)?,
            text(key.resource)?,
            text(key.unit)?,
            text(key.tags)?,
            text(key.currency)?,
        ];
        let [account, service, usage_type, operation, region, resource, unit, tags, currency] = named;
        insert.execute(params![
            texts.bill,
            key.day,
            key.charge.name(),
            account,
            service,
            usage_type,
            operation,
            region,
            resource,
            unit,
            tags,
            currency,
            Number(sums.quantity),
            Number(sums.billed),
            Number(sums.effective),
            Number(sums.list),
            signed(sums.lines),
            sums.first.file,
            signed(sums.first.row),
        ])?;
    }
    Ok(rows.len() as u64)
}

fn uses(
    write: &Transaction<'_>,
    gathered: &Gathered,
    texts: &mut Texts<'_>,
    of: (u16, Month),
) -> rusqlite::Result<u64> {
    let mut insert = write.prepare("INSERT INTO use VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut count = 0;
    for (key, sums) in gathered.uses.sorted(|key| (key.source, key.month) == of) {
        count += 1;
        let node = texts.number(gathered, key.node)?;
        let pod = texts.number(gathered, key.pod)?;
        let namespace = texts.number(gathered, key.namespace)?;
        let labels = texts.number(gathered, key.labels)?;
        insert.execute(params![
            texts.bill,
            key.day,
            node,
            pod,
            namespace,
            labels,
            Number(sums.cpu_requested),
            sums.cpu_used.map(Number),
            sums.cpu_largest.map(Number),
            Number(sums.memory_requested),
            sums.memory_used.map(Number),
            sums.memory_largest.map(Number),
            Number(sums.gpus),
        ])?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
