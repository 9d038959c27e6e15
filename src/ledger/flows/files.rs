//! Which files an input names, and what each of them is.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::days::Days;
use super::fields::Layout;
use super::table::Table;
use super::text::Lines;
use super::{KnownFiles, Wanted, google};
use crate::ledger::read::Look;
use crate::ledger::read::error::{At, Fault, Place as ErrorPlace, ReadError};
use crate::ledger::read::open::broken;
use crate::ledger::read::place::{Place, hexadecimal};
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
    pub(super) size: u64,
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
/// When there is no file, or one is no flow log, or one that was counted before has grown.
pub(super) fn open(inputs: &[Input], wanted: &Wanted<'_>) -> Result<Vec<Opened>, ReadError> {
    let mut seen = std::collections::HashSet::new();
    let mut opened = Vec::new();
    for input in inputs {
        for place in places(input, wanted.days)? {
            let failed = |(at, fault)| error(place.name(), at, fault);
            let (identity, size) = match wanted.known {
                Some(known) => identity(&place, known).map_err(|fault| failed((At::File, fault)))?,
                None => (place.name().to_owned(), place.size()),
            };
            let is_known = wanted.known.is_some_and(|known| known.contains_key(&identity));
            if !is_known && seen.insert(identity.clone()) {
                let body = body(&place).map_err(failed)?;
                let size = if is_header(&body, size) { 0 } else { size };
                opened.push(Opened { place, body, identity, size });
            }
        }
    }
    Ok(opened)
}

/// What a file of AWS's flow logs has in its name, which no other file has again (Amazon VPC, "Flow log files").
const DELIVERED: &str = "_vpcflowlogs_";

/// By what a file is known, and its size: the name that AWS gave it, wherever it lies, or else what is in it: in a store
/// its entity tag and size, here the SHA-256 of its bytes.
fn identity(place: &Place, known: &KnownFiles) -> Result<(String, u64), Fault> {
    let name = place.name().rsplit('/').next().unwrap_or_default();
    if name.contains(DELIVERED) {
        return Ok((name.to_owned(), place.size()));
    }
    if let Some(tag) = place.tag() {
        return Ok((format!("{tag},name:{name}"), place.size()));
    }
    digest(place.stream()?, known)
}

/// The SHA-256 of all bytes, and how many they are. A file that begins with all of a counted one is that one, grown: its
/// first lines would count twice.
fn digest(mut bytes: Box<dyn Read + Send>, known: &KnownFiles) -> Result<(String, u64), Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(error.to_string());
    let told = |sum: &Sha256| format!("sha256:{}", hexadecimal(&sum.clone().finalize()));
    let mut sum = Sha256::new();
    let mut size = 0;
    let mut grown = None;
    let sizes: BTreeSet<u64> = known.values().copied().filter(|size| *size > 0).collect();
    for next in sizes.into_iter().chain([u64::MAX]) {
        size += std::io::copy(&mut bytes.by_ref().take(next - size), &mut sum).map_err(unreadable)?;
        if size < next {
            break;
        }
        grown = known.contains_key(&told(&sum)).then_some(size).or(grown);
    }
    let identity = told(&sum);
    match grown {
        Some(counted) if !known.contains_key(&identity) => Err(Fault::Grown(counted)),
        _ => Ok((identity, size)),
    }
}

/// Whether a text is a header and nothing else, with which others begin.
fn is_header(body: &Body, size: u64) -> bool {
    let Body::Lines(Packing::Plain, lines) = body else { return false };
    lines.header.as_ref().is_some_and(|header| size <= header.len() as u64 + 2)
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

/// Files below a folder. Links to folders are left: they may lead back to it.
fn walk(folder: &Path, days: Days, found: &mut Vec<Place>) -> Result<(), Fault> {
    let unreadable = |error: std::io::Error| Fault::Unreadable(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
        let Some(name) = name.filter(|name| !name.starts_with(['.', '_'])) else { continue };
        if path.is_dir() {
            let is_link = entry.file_type().map_err(unreadable)?.is_symlink();
            if !is_link && days.look(&path.to_string_lossy()) != Look::Past {
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
