//! Opens a file: what it is, and where its columns stand.

use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use simd_csv::{ByteRecord, TotalReaderBuilder};

use super::chunk::LONGEST;
use super::error::{At, Fault, Place as ErrorPlace, ReadError};
use super::place::{Counted, Place};
use super::plan::{Layout, Looks, Packing, looks, packing, without_mark};
use super::table::Table;
use super::text::values;

/// Unpacked bytes in which the first records are looked for.
const FIRST: u64 = 1 << 20;
/// Objects of JSON that tell its fields, for what is empty is left out.
const OBJECTS: usize = 1_000;

/// A file that can be read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) place: Place,
    pub(super) body: Body,
}

/// What a file is.
#[derive(Debug)]
pub(super) enum Body {
    Table(Box<Table>),
    Text(Text),
}

/// Text of records.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) layout: Layout,
    pub(super) packing: Packing,
    pub(super) is_csv: bool,
    /// The header, as it lies there.
    pub(super) header: Vec<u8>,
}

/// Opens files.
///
/// # Errors
/// When one is no bill.
pub(super) fn all(places: Vec<Place>) -> Result<Vec<Opened>, ReadError> {
    let open = |place: Place| match body(&place) {
        Ok(body) => Ok(Opened { place, body }),
        Err((at, fault)) => Err(ReadError { place: ErrorPlace { name: place.name().to_owned(), at }, fault }),
    };
    places.into_iter().map(open).collect()
}

fn body(place: &Place) -> Result<Body, (At, Fault)> {
    let file = |fault| (At::File, fault);
    let packed = place.head().map_err(file)?;
    let packing = packing(&packed).map_err(file)?;
    let head = match packing {
        Packing::Plain => packed,
        Packing::Gzip => unpack(&packed).map_err(file)?,
    };
    let layout = match looks(&head).map_err(file)? {
        Looks::Parquet if packing == Packing::Gzip => {
            return Err(file(Fault::Packed("Parquet within gzip")));
        }
        Looks::Parquet => {
            let pieces = place.pieces().map_err(file)?;
            return Table::open(&pieces).map(|table| Body::Table(Box::new(table))).map_err(file);
        }
        Looks::Json => {
            let layout = Layout::of(fields(&head)?, false).map_err(file)?;
            return Ok(Body::Text(Text { layout, packing, is_csv: false, header: Vec::new() }));
        }
        Looks::Csv => header(&head),
    };
    let (layout, end) = layout.map_err(|fault| (At::Line(1), fault))?;
    Ok(Body::Text(Text { layout, packing, is_csv: true, header: head[..end].to_vec() }))
}

/// What the first packed bytes hold.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    match MultiGzDecoder::new(packed).take(FIRST).read_to_end(&mut head) {
        Ok(_) => Ok(head),
        // These are not all bytes, so they end within something; what is wrong with them comes up later.
        Err(_) if !head.is_empty() => Ok(head),
        Err(error) => Err(broken(&error)),
    }
}

/// What a reader of gzip says.
pub(in crate::ledger) fn broken(error: &std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Fault::CutOff("its compressed data"),
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => {
            Fault::Damaged(error.to_string())
        }
        _ => Fault::Unreadable(error.to_string()),
    }
}

/// The columns of CSV, and where its header ends.
fn header(head: &[u8]) -> Result<(Layout, usize), Fault> {
    let mut reader = TotalReaderBuilder::new().has_headers(false).from_bytes(head);
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record) {
        return Err(Fault::Empty);
    }
    let end = usize::try_from(reader.position()).unwrap_or(head.len());
    if end >= head.len() && head.len() as u64 >= FIRST {
        return Err(Fault::LongLine(LONGEST));
    }
    let name = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::Utf8 { column: "the header".to_owned() });
        text.map(|text| text.trim().to_owned())
    };
    let names: Result<Vec<_>, _> = record.iter().map(name).collect();
    Ok((Layout::of(names?, true)?, end))
}

/// Fields of the first objects, those of records by their paths.
fn fields(head: &[u8]) -> Result<Vec<String>, (At, Fault)> {
    let mut names = Vec::new();
    for (number, value) in values(head).take(OBJECTS).enumerate() {
        match value {
            Ok(value) => paths(&value, "", &mut names),
            // The last of them may go on beyond the first bytes.
            Err(_) if number > 0 => break,
            Err(fault) => return Err((At::Line(1), fault)),
        }
    }
    if names.is_empty() {
        return Err((At::File, Fault::Empty));
    }
    Ok(names)
}

fn paths(value: &Value, before: &str, names: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let name = format!("{before}{key}");
        if value.is_object() {
            paths(value, &format!("{name}."), names);
        } else if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// The bytes of a text as they lie there, and unpacked.
pub(super) enum Unpacked {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<BufReader<Counted>>>),
}

impl Unpacked {
    pub(super) fn open(place: &Place, packing: Packing, count: Arc<AtomicU64>) -> Result<Self, Fault> {
        let counted = Counted::new(place.stream()?, count);
        Ok(match packing {
            Packing::Plain => Self::Plain(counted),
            Packing::Gzip => {
                let reader = BufReader::with_capacity(1 << 18, counted);
                Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
            }
        })
    }

    /// The digest of everything as it lies there.
    pub(super) fn digest(self) -> std::io::Result<String> {
        match self {
            Self::Plain(counted) => counted.digest(),
            Self::Gzip(decoder) => decoder.into_inner().into_inner().digest(),
        }
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(counted) => counted.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// What follows the byte order mark and the header, once they were read away.
pub(super) fn skip_header(reader: &mut Unpacked, header: &[u8]) -> std::io::Result<()> {
    let mut skipped = vec![0; header.len()];
    reader.read_exact(&mut skipped)?;
    if without_mark(&skipped) == without_mark(header) {
        return Ok(());
    }
    Err(std::io::Error::other("it was changed while it was read"))
}
