//! Which files an input names, and what each of them is.

use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::days::Days;
use super::fields::Layout;
use super::table::Table;
use super::text::Lines;
use super::{Wanted, google};
use crate::ledger::read::Look;
use crate::ledger::read::error::{At, Fault, Place as ErrorPlace, ReadError};
use crate::ledger::read::open::broken;
use crate::ledger::read::place::{Counted, Place};
use crate::ledger::read::plan::{Looks, Packing, looks, packing};
use crate::ledger::read::{Bucket, Input};

/// Endings of names that flow logs have; others in a folder are left alone.
const ENDINGS: [&str; 7] = [".log", ".txt", ".gz", ".parquet", ".json", ".jsonl", ".ndjson"];
/// Unpacked bytes in which the first record is looked for.
const FIRST: u64 = 1 << 18;
/// Bytes that are unpacked at once.
const BUFFER: usize = 1 << 18;

/// A file that can be read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) place: Place,
    pub(super) body: Body,
    pub(super) identity: String,
}

/// What a file is.
#[derive(Debug)]
pub(super) enum Body {
    Table(Box<Table>),
    Lines(Packing, Lines),
    Google(Packing),
}

impl Body {
    /// The layout of AWS's records.
    pub(super) fn layout(&self) -> Option<&Layout> {
        match self {
            Self::Table(table) => Some(&table.layout),
            Self::Lines(_, lines) => Some(&lines.layout),
            Self::Google(_) => None,
        }
    }
}

fn error(name: &str, at: At, fault: Fault) -> ReadError {
    ReadError { place: ErrorPlace { name: name.to_owned(), at }, fault }
}

/// Opens the files that inputs name, each once, in the order of the inputs and of the names, without those that were
/// counted before.
///
/// # Errors
/// When there is no file, or one is no flow log.
pub(super) fn open(inputs: &[Input], wanted: &Wanted<'_>) -> Result<Vec<Opened>, ReadError> {
    let mut seen = std::collections::HashSet::new();
    let mut opened = Vec::new();
    for input in inputs {
        for place in places(input, wanted.days)? {
            let failed = |(at, fault)| error(place.name(), at, fault);
            let identity = match wanted.known {
                Some(_) => identity(&place).map_err(|fault| failed((At::File, fault)))?,
                None => place.name().to_owned(),
            };
            let is_known = wanted.known.is_some_and(|known| known(&identity));
            if !is_known && seen.insert(identity.clone()) {
                let body = body(&place).map_err(failed)?;
                opened.push(Opened { place, body, identity });
            }
        }
    }
    Ok(opened)
}

/// What a file of AWS's flow logs has in its name, which no other file has again (Amazon VPC, "Flow log files").
const DELIVERED: &str = "_vpcflowlogs_";

/// By what a file is known wherever it lies: the name that AWS gave it, or else what is in it: in a store its entity
/// tag and size, here the SHA-256 of its bytes.
fn identity(place: &Place) -> Result<String, Fault> {
    let name = place.name().rsplit('/').next().unwrap_or_default();
    if name.contains(DELIVERED) {
        return Ok(name.to_owned());
    }
    if let Some(tag) = place.tag() {
        return Ok(format!("{tag},name:{name}"));
    }
    let count = std::sync::Arc::default();
    let digest = Counted::new(place.stream()?, count).digest();
    digest.map(|digest| format!("sha256:{digest}")).map_err(|error| Fault::Unreadable(error.to_string()))
}

fn places(input: &Input, days: Days) -> Result<Vec<Place>, ReadError> {
    match input {
        Input::Local(path) => {
            let name = path.display().to_string();
            let failed = |fault| error(&name, At::File, fault);
            if !path.is_dir() {
                return Place::local(path.clone()).map(|place| vec![place]).map_err(failed);
            }
            let mut found = Vec::new();
            walk(path, days, &mut found).map_err(failed)?;
            found.sort_by(|one, other| one.name().cmp(other.name()));
            some(&name, found)
        }
        Input::Remote(bucket, prefix) => remote(bucket, prefix, days),
    }
}

fn remote(bucket: &Bucket, prefix: &str, days: Days) -> Result<Vec<Place>, ReadError> {
    let name = format!("{}/{prefix}", bucket.address());
    let found = if days.is_all() {
        bucket.list(prefix)
    } else {
        bucket.list_some(prefix, &|folder| days.look(folder))
    };
    let found = found.map_err(|fault| error(&name, At::File, fault))?;
    if let [one] = &found[..]
        && one.name == name
    {
        return Ok(vec![Place::Remote(one.clone())]);
    }
    let below = |object: &str| ENDINGS.iter().any(|end| object.to_ascii_lowercase().ends_with(end));
    some(&name, found.into_iter().filter(|object| below(&object.name)).map(Place::Remote).collect())
}

fn some(name: &str, found: Vec<Place>) -> Result<Vec<Place>, ReadError> {
    if found.is_empty() { Err(error(name, At::File, Fault::NoFlows)) } else { Ok(found) }
}

fn walk(folder: &Path, days: Days, found: &mut Vec<Place>) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
        let Some(name) = name.filter(|name| !name.starts_with(['.', '_'])) else { continue };
        if path.is_dir() {
            if days.look(&path.to_string_lossy()) != Look::Past {
                walk(&path, days, found)?;
            }
        } else if ENDINGS.iter().any(|end| name.ends_with(end)) {
            found.push(Place::local(path)?);
        }
    }
    Ok(())
}

fn body(place: &Place) -> Result<Body, (At, Fault)> {
    let file = |fault| (At::File, fault);
    let packed = place.head().map_err(file)?;
    let packing = packing(&packed).map_err(file)?;
    let head = match packing {
        Packing::Plain => packed,
        Packing::Gzip => unpack(&packed).map_err(file)?,
    };
    match looks(&head).map_err(|fault| file(unknown(fault)))? {
        Looks::Parquet if packing == Packing::Gzip => Err(file(Fault::Packed("Parquet within gzip"))),
        Looks::Parquet => {
            let pieces = place.pieces().map_err(file)?;
            Table::open(&pieces).map(|table| Body::Table(Box::new(table))).map_err(file)
        }
        Looks::Json => google::check(&head).map(|()| Body::Google(packing)).map_err(file),
        Looks::Csv => {
            Lines::of(&head).map(|lines| Body::Lines(packing, lines)).map_err(|fault| (At::Line(1), fault))
        }
    }
}

/// A fault that speaks of flow logs.
fn unknown(fault: Fault) -> Fault {
    if fault == Fault::Unknown { Fault::UnknownFlows } else { fault }
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

/// The unpacked bytes of a text.
pub(super) fn unpacked(place: &Place, packing: Packing) -> Result<Box<dyn Read + Send>, Fault> {
    let stream = place.stream()?;
    Ok(match packing {
        Packing::Plain => stream,
        Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, stream))),
    })
}
