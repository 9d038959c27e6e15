//! Lines of AWS's text, over their bytes.

use memchr::{memchr, memchr_iter};

use super::address;
use super::fields::{Field, Layout, MOST_COLUMNS, name};
use super::kinds::Direction;
use super::tally::{Names, Record, Tally};
use crate::catalog::Provider;
use crate::ledger::read::Fault;
use crate::ledger::read::chunk::{Scan, lines};
use crate::ledger::read::error::RowFault;

/// Ends of lines in bytes that come piece by piece.
#[derive(Debug, Default)]
pub(super) struct LineScan;

impl Scan for LineScan {
    fn scan(&mut self, bytes: &[u8]) -> Option<usize> {
        memchr::memrchr(b'\n', bytes).map(|found| found + 1)
    }

    fn open(&self) -> Option<&'static str> {
        None
    }
}

/// A text's layout, and its header, which stands again where files were joined.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) layout: Layout,
    pub(super) header: Option<Vec<u8>>,
}

impl Lines {
    /// What the first line of a text says of all.
    ///
    /// # Errors
    /// When it is no flow log.
    pub(super) fn of(head: &[u8]) -> Result<Self, Fault> {
        let mut first = head.split(|byte| *byte == b'\n').map(trimmed).filter(|line| !line.is_empty());
        let first = first.next().ok_or(Fault::Empty)?;
        let (layout, is_header) = Layout::of_line(first)?;
        Ok(Self { layout, header: is_header.then(|| first.to_vec()) })
    }

    /// Adds the records of a chunk; how many lines were records.
    ///
    /// # Errors
    /// At the first line that is none, counted from 0.
    pub(super) fn read(&self, chunk: &[u8], tally: &mut Tally<'_>) -> Result<u64, RowFault> {
        let mut rest = chunk;
        let mut records = 0;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = trimmed(&rest[..end]);
            let is_header = self.header.as_deref() == Some(line);
            if !line.is_empty() && !is_header {
                let before = chunk.len() - rest.len();
                let row = || usize::try_from(lines(&chunk[..before])).unwrap_or(usize::MAX);
                self.line(line, tally).map_err(|fault| RowFault::new(row(), fault))?;
                records += 1;
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Ok(records)
    }

    fn line(&self, line: &[u8], tally: &mut Tally<'_>) -> Result<(), Fault> {
        let mut starts = [0; MOST_COLUMNS + 2];
        let mut found = 1;
        for (at, byte) in line.iter().enumerate() {
            if *byte == b' ' {
                if found > MOST_COLUMNS {
                    break;
                }
                starts[found] = at + 1;
                found += 1;
            }
        }
        if found != self.layout.columns {
            let found = memchr_iter(b' ', line).count() + 1;
            return Err(Fault::Fields { found, expected: self.layout.columns });
        }
        starts[found] = line.len() + 1;
        let field = |field| -> &[u8] {
            let Some(column) = self.layout.at(field) else { return b"" };
            let text = &line[starts[column]..starts[column + 1] - 1];
            if text == b"-" { b"" } else { text }
        };
        take(&field, tally)
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Adds a record by what its fields are; empty ones are `-` in the text.
pub(super) fn take<'f>(field: &impl Fn(Field) -> &'f [u8], tally: &mut Tally<'_>) -> Result<(), Fault> {
    match field(Field::Status) {
        b"OK" | b"" => {}
        b"NODATA" => {
            tally.left_out.no_data += 1;
            return Ok(());
        }
        b"SKIPDATA" => {
            let start = number(field(Field::Start), Field::Start).ok();
            tally.skip(start.and_then(|start| i64::try_from(start).ok()));
            return Ok(());
        }
        other => return Err(fault(Field::Status, other, "status")),
    }
    match field(Field::Action) {
        b"ACCEPT" | b"" => {}
        b"REJECT" => {
            tally.left_out.rejected += 1;
            return Ok(());
        }
        other => return Err(fault(Field::Action, other, "action")),
    }
    let bytes = field(Field::Bytes);
    if bytes.is_empty() {
        // Without log-status, this is how a record without data looks.
        tally.left_out.no_data += 1;
        return Ok(());
    }
    let source = address_of(field, Field::Source, Field::PacketSource)?;
    let target = address_of(field, Field::Target, Field::PacketTarget)?;
    let start = number(field(Field::Start), Field::Start)?;
    let record = Record {
        names: Names {
            provider: Provider::Aws,
            of: [
                field(Field::Account),
                field(Field::Vpc),
                field(Field::Region),
                field(Field::Zone),
                field(Field::Instance),
                field(Field::Interface),
                b"",
                b"",
            ],
        },
        start: i64::try_from(start).map_err(|_| fault(Field::Start, field(Field::Start), "time"))?,
        bytes: number(bytes, Field::Bytes)?,
        packets: match field(Field::Packets) {
            b"" => 0,
            text => number(text, Field::Packets)?,
        },
        source,
        target,
        packet_source: packet(field, Field::PacketSource, source)?,
        packet_target: packet(field, Field::PacketTarget, target)?,
        source_service: field(Field::SourceService),
        target_service: field(Field::TargetService),
        direction: match field(Field::Direction) {
            b"egress" => Some(Direction::Out),
            b"ingress" => Some(Direction::In),
            b"" => None,
            other => return Err(fault(Field::Direction, other, "direction")),
        },
        path: match field(Field::Path) {
            b"" => 0,
            text => u8::try_from(number(text, Field::Path)?).unwrap_or(u8::MAX),
        },
    };
    tally.add(&record)
}

/// An address at the interface, or where the log has only that, the packets'.
fn address_of<'f>(field: &impl Fn(Field) -> &'f [u8], at: Field, or: Field) -> Result<u128, Fault> {
    let (at, text) = match (field(at), field(or)) {
        (b"", text) => (or, text),
        (text, _) => (at, text),
    };
    address::parse(text).ok_or_else(|| fault(at, text, "address"))
}

fn packet<'f>(field: &impl Fn(Field) -> &'f [u8], at: Field, or: u128) -> Result<u128, Fault> {
    match field(at) {
        b"" => Ok(or),
        text => address::parse(text).ok_or_else(|| fault(at, text, "address")),
    }
}

fn number(text: &[u8], at: Field) -> Result<u64, Fault> {
    // 19 digits fit in any case.
    if text.is_empty() || text.len() > 19 {
        return Err(fault(at, text, "number"));
    }
    let mut number = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(fault(at, text, "number"));
        }
        number = number * 10 + u64::from(digit);
    }
    Ok(number)
}

fn fault(at: Field, text: &[u8], expected: &'static str) -> Fault {
    if text.is_empty() {
        return Fault::Missing { column: name(at).to_owned() };
    }
    Fault::value(name(at), &String::from_utf8_lossy(text), expected)
}
