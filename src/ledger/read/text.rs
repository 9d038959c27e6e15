//! CSV and JSON, record by record, into batches.

use serde_json::Value;
use simd_csv::{ByteRecord, TotalReaderBuilder};

use super::batch::{Batch, Cells, Column, Credit, Desk, Holds};
use super::day::Days;
use super::error::{Fault, RowFault};
use super::plan::Layout;
use super::tags::Pair;
use crate::ledger::Symbol;
use crate::ledger::decimal::Decimal;
use crate::ledger::line::{Lineage, SourceKind};

/// Rows of a batch of text.
const ROWS: usize = 2_048;

/// What takes batches.
pub(super) type Take<'a> = &'a mut dyn FnMut(&Batch, &mut Desk) -> Result<(), RowFault>;

/// Records of a table into batches, with what was read last of each column.
#[derive(Debug)]
pub(super) struct Rows {
    layout: Layout,
    batch: Batch,
    lasts: Vec<Last>,
    tag_lasts: Vec<TagLast>,
    tag_slot: Option<usize>,
    pairs: Vec<Pair>,
    days: Days,
    record: ByteRecord,
}

/// A text of a column, and its symbol.
#[derive(Debug, Default)]
struct Last {
    bytes: Vec<u8>,
    symbol: Symbol,
}

/// A tag of a column of its own.
#[derive(Debug)]
struct TagLast {
    place: usize,
    key: Symbol,
    value: Last,
}

/// A value of a record.
#[derive(Clone, Copy, Debug)]
enum Cell<'a> {
    Null,
    Bytes(&'a [u8]),
    Json(&'a Value),
}

impl Rows {
    pub(super) fn new(layout: &Layout, file: u32, desk: &mut Desk) -> Self {
        let tag_slot = layout.tag_slot();
        let cells = layout.columns.iter().enumerate().map(|(slot, column)| {
            let there = layout.at[slot].is_some() || tag_slot == Some(slot);
            if there { Cells::new(column.holds, ROWS) } else { Cells::Absent }
        });
        let tag_lasts = layout.tag_columns.iter().map(|(place, name)| TagLast {
            place: *place,
            key: desk.tags.texts.add(name),
            value: Last::default(),
        });
        Self {
            batch: Batch {
                kind: layout.kind,
                columns: layout.columns,
                cells: cells.collect(),
                rows: 0,
                first: Lineage { file, row: 0 },
            },
            lasts: layout.columns.iter().map(|_| Last::default()).collect(),
            tag_lasts: tag_lasts.collect(),
            tag_slot,
            layout: layout.clone(),
            pairs: Vec::new(),
            days: Days::default(),
            record: ByteRecord::new(),
        }
    }

    /// Reads a chunk of CSV whose first row has the number `first`; how many rows it has.
    pub(super) fn csv(
        &mut self,
        chunk: &[u8],
        first: u64,
        desk: &mut Desk,
        take: Take<'_>,
    ) -> Result<usize, RowFault> {
        let mut reader = TotalReaderBuilder::new().has_headers(false).from_bytes(chunk);
        let mut record = std::mem::take(&mut self.record);
        let mut row = 0;
        self.begin(first);
        while reader.read_byte_record(&mut record) {
            let expected = self.layout.names.len();
            if record.len() != expected {
                return Err(RowFault::new(row, Fault::Fields { found: record.len(), expected }));
            }
            self.csv_record(&record, desk).map_err(|fault| RowFault::new(row, fault))?;
            row += 1;
            self.give(row, first, false, desk, take)?;
        }
        self.give(row, first, true, desk, take)?;
        self.record = record;
        Ok(row)
    }

    fn csv_record(&mut self, record: &ByteRecord, desk: &mut Desk) -> Result<(), Fault> {
        for slot in 0..self.layout.columns.len() {
            let Some(place) = self.layout.at[slot] else { continue };
            let bytes = record.get(place).unwrap_or_default();
            let cell = if self.is_null(bytes) { Cell::Null } else { Cell::Bytes(bytes) };
            self.push(slot, cell, desk)?;
        }
        let Some(slot) = self.tag_slot else { return Ok(()) };
        self.pairs.clear();
        for tag in &mut self.tag_lasts {
            let bytes = record.get(tag.place).unwrap_or_default();
            if !bytes.is_empty() {
                let name = &self.layout.names[tag.place];
                self.pairs.push((tag.key, tag.value.symbol(bytes, name, |text| desk.tags.texts.add(text))?));
            }
        }
        if let Cells::Tags(cells) = &mut self.batch.cells[slot] {
            cells.push(desk.tags.set(&self.pairs));
        }
        Ok(())
    }

    /// Reads a chunk of JSON, in the same way.
    pub(super) fn json(
        &mut self,
        chunk: &[u8],
        first: u64,
        desk: &mut Desk,
        take: Take<'_>,
    ) -> Result<usize, RowFault> {
        self.begin(first);
        let mut row = 0;
        for value in values(chunk) {
            let value = value.map_err(|fault| RowFault::new(row, fault))?;
            self.json_record(&value, desk).map_err(|fault| RowFault::new(row, fault))?;
            row += 1;
            self.give(row, first, false, desk, take)?;
        }
        self.give(row, first, true, desk, take)?;
        Ok(row)
    }

    fn json_record(&mut self, record: &Value, desk: &mut Desk) -> Result<(), Fault> {
        for slot in 0..self.layout.columns.len() {
            let column = &self.layout.columns[slot];
            let cell = match column.names.iter().find_map(|name| field(record, name)) {
                None | Some(Value::Null) => Cell::Null,
                Some(Value::String(text)) if self.is_null(text.as_bytes()) => Cell::Null,
                Some(Value::String(text)) => Cell::Bytes(text.as_bytes()),
                Some(value) => Cell::Json(value),
            };
            self.push(slot, cell, desk)?;
        }
        Ok(())
    }

    /// FOCUS files have words for what is not there.
    fn is_null(&self, bytes: &[u8]) -> bool {
        bytes.is_empty() || (self.layout.kind == SourceKind::Focus && matches!(bytes, b"NULL" | b"null"))
    }

    fn begin(&mut self, first: u64) {
        self.batch.cells.iter_mut().for_each(Cells::clear);
        self.batch.rows = 0;
        self.batch.first.row = first;
    }

    /// Hands the batch over when it is full, or the chunk is at its end.
    fn give(
        &mut self,
        rows: usize,
        first: u64,
        end: bool,
        desk: &mut Desk,
        take: Take<'_>,
    ) -> Result<(), RowFault> {
        let start = usize::try_from(self.batch.first.row - first).unwrap_or(0);
        let pending = rows - start;
        if pending == 0 || (pending < ROWS && !end) {
            return Ok(());
        }
        self.batch.rows = pending;
        take(&self.batch, desk).map_err(|fault| RowFault { row: start + fault.row, ..fault })?;
        self.begin(first + rows as u64);
        Ok(())
    }

    fn push(&mut self, slot: usize, cell: Cell<'_>, desk: &mut Desk) -> Result<(), Fault> {
        let column: &Column = &self.layout.columns[slot];
        match &mut self.batch.cells[slot] {
            Cells::Texts(cells) => {
                let name = self.layout.name(slot);
                let symbols = &mut desk.gather.symbols;
                cells.push(match cell {
                    Cell::Null => Symbol::EMPTY,
                    Cell::Bytes(bytes) => self.lasts[slot].symbol(bytes, name, |text| symbols.add(text))?,
                    Cell::Json(value @ (Value::Number(_) | Value::Bool(_))) => {
                        symbols.add(&value.to_string())
                    }
                    Cell::Json(value) => return Err(Fault::value(name, &value.to_string(), "text")),
                });
            }
            Cells::Numbers(cells) => cells.push(number(cell, self.layout.name(slot))?),
            Cells::Days(cells) => {
                let name = self.layout.name(slot);
                cells.push(match cell {
                    Cell::Null => None,
                    Cell::Bytes(bytes) => {
                        let text = utf8(bytes, name)?;
                        let day = self.days.read(text);
                        Some(day.ok_or_else(|| Fault::value(name, text, "date"))?)
                    }
                    Cell::Json(value) => return Err(Fault::value(name, &value.to_string(), "date")),
                });
            }
            Cells::Tags(cells) => {
                let name = self.layout.name(slot);
                let fault = |text: &str| Fault::value(name, text, "JSON object of texts");
                cells.push(match cell {
                    Cell::Null => 0,
                    Cell::Bytes(bytes) => {
                        let text = utf8(bytes, name)?;
                        desk.tags.add_json(text).ok_or_else(|| fault(text))?
                    }
                    Cell::Json(value) => {
                        desk.tags.add_value(value, "").ok_or_else(|| fault(&value.to_string()))?
                    }
                });
            }
            Cells::Credits(credits, ends) => {
                debug_assert_eq!(column.holds, Holds::Credits);
                push_credits(credits, cell, self.layout.name(slot), desk)?;
                ends.push(credits.len());
            }
            Cells::Absent | Cells::Floats(_) => {}
        }
        Ok(())
    }
}

impl Last {
    /// The symbol of a text, which is often the one of the row before.
    fn symbol(
        &mut self,
        bytes: &[u8],
        name: &str,
        add: impl FnOnce(&str) -> Symbol,
    ) -> Result<Symbol, Fault> {
        if self.bytes != bytes {
            self.symbol = add(utf8(bytes, name)?);
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
        }
        Ok(self.symbol)
    }
}

fn utf8<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Utf8 { column: name.to_owned() })
}

fn number(cell: Cell<'_>, name: &str) -> Result<Option<Decimal>, Fault> {
    match cell {
        Cell::Null => Ok(None),
        Cell::Bytes(bytes) => {
            let text = utf8(bytes, name)?;
            if matches!(text, "NULL" | "null") {
                return Ok(None);
            }
            Decimal::from_text(text).map(Some).ok_or_else(|| Fault::value(name, text, "number"))
        }
        Cell::Json(value) => {
            let decimal = match value.as_i64() {
                Some(whole) => Decimal::from_text(&whole.to_string()),
                None => value.as_f64().and_then(Decimal::from_f64),
            };
            decimal.map(Some).ok_or_else(|| Fault::value(name, &value.to_string(), "number"))
        }
    }
}

fn push_credits(credits: &mut Vec<Credit>, cell: Cell<'_>, name: &str, desk: &mut Desk) -> Result<(), Fault> {
    let parsed;
    let value = match cell {
        Cell::Null => return Ok(()),
        Cell::Json(value) => value,
        Cell::Bytes(bytes) => {
            let text = utf8(bytes, name)?;
            parsed =
                serde_json::from_str::<Value>(text).map_err(|_| Fault::value(name, text, "JSON list"))?;
            &parsed
        }
    };
    let fault = || Fault::value(name, &value.to_string(), "list of credits");
    for credit in value.as_array().ok_or_else(fault)? {
        let amount = match credit.get("amount") {
            Some(Value::String(text)) => number(Cell::Bytes(text.as_bytes()), name)?,
            Some(Value::Null) | None => None,
            Some(amount) => number(Cell::Json(amount), name)?,
        };
        let mut text = |key| {
            let text = credit.get(key).and_then(Value::as_str).unwrap_or_default();
            desk.gather.symbols.add(text)
        };
        credits.push(Credit { amount: amount.ok_or_else(fault)?, name: text("name"), kind: text("type") });
    }
    Ok(())
}

/// A field of a record, by its path or by its flattened name.
fn field<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(value) = record.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    field(record.get(first)?, rest)
}

/// The objects of JSON, one after the other or in a list.
pub(super) fn values(chunk: &[u8]) -> impl Iterator<Item = Result<Value, Fault>> {
    let mut rest = super::plan::without_mark(chunk);
    std::iter::from_fn(move || {
        let between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']');
        let start = rest.iter().position(|byte| !between(byte))?;
        rest = &rest[start..];
        let mut read = serde_json::Deserializer::from_slice(rest).into_iter::<Value>();
        let value = read.next()?;
        let read = read.byte_offset();
        let fault = |value: Result<Value, serde_json::Error>| match value {
            Ok(value) if value.is_object() => Ok(value),
            Ok(value) => Err(Fault::value("the line", &value.to_string(), "JSON object")),
            Err(error) => Err(Fault::Json(error.to_string())),
        };
        rest = if value.is_err() { &[] } else { &rest[read..] };
        Some(fault(value))
    })
}

/// The line in a chunk of CSV that a row is on, counted from 0.
pub(super) fn csv_line(chunk: &[u8], row: usize) -> u64 {
    let mut reader = TotalReaderBuilder::new().has_headers(false).from_bytes(chunk);
    let mut at = 0;
    for _ in 0..row {
        at += reader.split_record().map_or(0, <[u8]>::len);
    }
    let blank = chunk[at..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    super::chunk::lines(&chunk[..at + blank])
}

/// The same of JSON.
pub(in crate::ledger) fn json_line(chunk: &[u8], row: usize) -> u64 {
    let mut rest = chunk;
    let mut scan = super::chunk::JsonScan::default();
    // A chunk that is not the first of a list begins within it.
    for _ in 0..row {
        let mut end = 0;
        while end < rest.len() && super::chunk::Scan::scan(&mut scan, &rest[end..=end]).is_none() {
            end += 1;
        }
        rest = &rest[(end + 1).min(rest.len())..];
    }
    let between = |byte: &&u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'[');
    let blank = rest.iter().take_while(between).count();
    super::chunk::lines(&chunk[..chunk.len() - rest.len() + blank])
}
