//! The directories of a TIFF and the values of their tags, as TIFF 6.0 and BigTIFF have them. Nothing
//! that a file says of itself is believed: lengths are bounded, and directories cannot follow each
//! other in a circle.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::ranges::Ranges;

/// Bytes at a file's beginning that are fetched at first: the directories of most COG lie in them.
const HEAD: u64 = 64 << 10;
/// Directories that are followed.
const DIRECTORIES: usize = 4096;

/// A TIFF whose directories are known.
#[derive(Debug)]
pub(super) struct Tiff {
    pub(super) object: Arc<dyn Ranges>,
    pub(super) directories: Vec<Directory>,
    pub(super) order: Order,
    head: Bytes,
    length: u64,
    limits: Limits,
}

/// The order of bytes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

/// A directory: tags with their values or where those lie.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    tags: BTreeMap<u16, Tag>,
}

/// A tag's value: its type, how many there are, and its bytes or where they begin.
#[derive(Clone, Debug)]
struct Tag {
    kind: u16,
    count: u64,
    value: At,
}

#[derive(Clone, Debug)]
enum At {
    Here(Bytes),
    From(u64),
}

impl Order {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    fn u64(self, bytes: [u8; 8]) -> u64 {
        if self == Self::Little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) }
    }

    /// Whether it is the machine's.
    pub(super) fn is_machines(self) -> bool {
        (self == Self::Little) == cfg!(target_endian = "little")
    }
}

/// Bytes of one value of a type; none for types that there are not.
fn size_of_kind(kind: u16) -> Option<u64> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => return None,
    })
}

/// How a file's numbers are laid out.
#[derive(Clone, Copy)]
struct Layout {
    order: Order,
    is_big: bool,
}

impl Layout {
    /// Bytes of a directory's count, of an entry, of a place in the file.
    fn sizes(self) -> (u64, usize, usize) {
        if self.is_big { (8, 20, 8) } else { (2, 12, 4) }
    }

    fn place(self, bytes: &[u8]) -> Option<u64> {
        Some(if self.is_big {
            self.order.u64(*bytes.first_chunk()?)
        } else {
            u64::from(self.order.u32(*bytes.first_chunk()?))
        })
    }
}

impl Tiff {
    pub(super) async fn open(object: Arc<dyn Ranges>, limits: Limits) -> Result<Self> {
        let length = object.length().await?;
        let head = object.read(std::slice::from_ref(&(0..length.min(HEAD)))).await?;
        let head = head.into_iter().next().unwrap_or_default();
        let mut tiff = Self { object, directories: Vec::new(), order: Order::Little, head, length, limits };
        let (layout, mut next) = tiff.header()?;
        tiff.order = layout.order;
        let (mut seen, mut tags) = (Vec::new(), 0u64);
        while next != 0 {
            if seen.contains(&next) || seen.len() >= DIRECTORIES {
                return Err(tiff.damaged(next, "directories follow each other in a circle, or are too many"));
            }
            seen.push(next);
            let (directory, following) = tiff.directory(layout, next).await?;
            tags = tags.saturating_add(directory.tags.len() as u64);
            if tags > limits.entries {
                let what = format!("its directories have more than {} tags", limits.entries);
                return Err(tiff.damaged(next, &what));
            }
            tiff.directories.push(directory);
            next = following;
        }
        if tiff.directories.is_empty() {
            return Err(tiff.damaged(4, "it has no directory"));
        }
        tiff.bring_values().await?;
        Ok(tiff)
    }

    pub(super) fn damaged(&self, at: u64, what: &str) -> Error {
        Error::Damaged { address: self.object.address(), what: format!("at byte {at}, {what}") }
    }

    pub(super) fn address(&self) -> Address {
        self.object.address()
    }

    fn header(&self) -> Result<(Layout, u64)> {
        let none = || self.damaged(0, "it does not begin as a TIFF does");
        let order = match self.head.get(..2) {
            Some(b"II") => Order::Little,
            Some(b"MM") => Order::Big,
            _ => return Err(none()),
        };
        let number = |at: usize| {
            self.head.get(at..).and_then(|bytes| bytes.first_chunk()).map(|bytes| order.u16(*bytes))
        };
        let is_big = match number(2) {
            Some(42) => false,
            Some(43) if number(4) == Some(8) && number(6) == Some(0) => true,
            _ => return Err(none()),
        };
        let layout = Layout { order, is_big };
        let first = self.head.get(if is_big { 8.. } else { 4.. }).and_then(|bytes| layout.place(bytes));
        Ok((layout, first.ok_or_else(none)?))
    }

    /// Some ranges of the file, from its head where they lie in it.
    pub(super) async fn bytes(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let in_head = |range: &Range<u64>| -> Option<Bytes> {
            let (from, to) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
            (from <= to && to <= self.head.len()).then(|| self.head.slice(from..to))
        };
        let outside: Vec<Range<u64>> =
            ranges.iter().filter(|range| in_head(range).is_none()).cloned().collect();
        if let Some(range) = outside.iter().find(|range| range.start > range.end || range.end > self.length) {
            return Err(self.damaged(
                range.start,
                &format!(
                    "{} bytes are wanted, and it ends at {}",
                    range.end.saturating_sub(range.start),
                    self.length
                ),
            ));
        }
        let mut read =
            if outside.is_empty() { Vec::new() } else { self.object.read(&outside).await? }.into_iter();
        let all = ranges.iter().map(|range| in_head(range).or_else(|| read.next()));
        all.collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.damaged(0, "not all bytes came that were asked for"))
    }

    async fn directory(&self, layout: Layout, at: u64) -> Result<(Directory, u64)> {
        let (count_size, entry_size, place_size) = layout.sizes();
        let ends = |length: u64| {
            at.checked_add(length)
                .map(|end| at..end)
                .ok_or_else(|| self.damaged(at, "a directory is beyond its end"))
        };
        let count = self.bytes(&[ends(count_size)?]).await?.remove(0);
        let count = match (layout.is_big, count.as_ref()) {
            (true, bytes) => bytes.first_chunk().map(|bytes| layout.order.u64(*bytes)),
            (false, bytes) => bytes.first_chunk().map(|bytes| u64::from(layout.order.u16(*bytes))),
        };
        let count = count
            .filter(|count| *count <= 65_536)
            .ok_or_else(|| self.damaged(at, "a directory has too many tags"))?;
        let length = count_size + count * entry_size as u64 + place_size as u64;
        let bytes = self.bytes(&[ends(length)?]).await?.remove(0);
        let (entries, next) = bytes.split_at(bytes.len() - place_size);
        let mut directory = Directory::default();
        for entry in
            entries.get(2 + 6 * usize::from(layout.is_big)..).unwrap_or_default().chunks_exact(entry_size)
        {
            directory.add(layout, &bytes, entry);
        }
        Ok((directory, layout.place(next).unwrap_or(0)))
    }

    /// Fetches the values of all tags that are small; lists of where tiles lie stay where they are.
    async fn bring_values(&mut self) -> Result<()> {
        let mut wanted = Vec::new();
        let mut total = 0u64;
        for (number, directory) in self.directories.iter().enumerate() {
            for (name, tag) in &directory.tags {
                let At::From(from) = tag.value else { continue };
                if LISTS.contains(name) {
                    continue;
                }
                let length = size_of_kind(tag.kind).and_then(|size| size.checked_mul(tag.count));
                total = total.saturating_add(length.unwrap_or(u64::MAX));
                let end =
                    length.and_then(|length| from.checked_add(length)).filter(|end| *end <= self.length);
                let end = end.filter(|_| total <= self.limits.metadata);
                let end = end.ok_or_else(|| {
                    self.damaged(
                        from,
                        &format!("the value of the tag {name} is beyond its end, or too large"),
                    )
                })?;
                wanted.push((number, *name, from..end));
            }
        }
        let ranges: Vec<Range<u64>> = wanted.iter().map(|(_, _, range)| range.clone()).collect();
        let values = self.bytes(&ranges).await?;
        for ((number, name, _), value) in wanted.into_iter().zip(values) {
            if let Some(tag) =
                self.directories.get_mut(number).and_then(|directory| directory.tags.get_mut(&name))
            {
                tag.value = At::Here(value);
            }
        }
        Ok(())
    }

    /// Some numbers of a list that may be long, by their places in it, which increase.
    pub(super) async fn listed(&self, directory: &Directory, name: u16, places: &[u64]) -> Result<Vec<u64>> {
        let absent = || self.damaged(0, &format!("a directory has no good tag {name}"));
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return Ok(Vec::new()) };
        let tag = directory.tags.get(&name).filter(|tag| *last < tag.count).ok_or_else(absent)?;
        let size = size_of_kind(tag.kind).ok_or_else(absent)?;
        let bytes = match &tag.value {
            At::Here(bytes) => {
                let from = usize::try_from(first * size).ok();
                from.and_then(|from| bytes.get(from..)).map(Bytes::copy_from_slice).ok_or_else(absent)?
            }
            At::From(from) => {
                let from = first
                    .checked_mul(size)
                    .and_then(|skipped| from.checked_add(skipped))
                    .ok_or_else(absent)?;
                let length =
                    (last - first + 1).checked_mul(size).filter(|length| *length <= self.limits.metadata);
                let end = length.and_then(|length| from.checked_add(length)).ok_or_else(absent)?;
                self.bytes(std::slice::from_ref(&(from..end))).await?.remove(0)
            }
        };
        let part = |place: &u64| {
            let from = usize::try_from((place - first) * size).ok()?;
            integer(self.order, tag.kind, bytes.get(from..)?)
        };
        places.iter().map(part).collect::<Option<_>>().ok_or_else(absent)
    }
}

/// Lists with an entry for each tile or strip: where they lie, and how long they are.
const LISTS: [u16; 4] = [273, 279, 324, 325];

/// A whole number of a type that is one, and not negative.
fn integer(order: Order, kind: u16, bytes: &[u8]) -> Option<u64> {
    Some(match kind {
        1 | 7 => u64::from(*bytes.first()?),
        3 => u64::from(order.u16(*bytes.first_chunk()?)),
        4 | 13 => u64::from(order.u32(*bytes.first_chunk()?)),
        16 | 18 => order.u64(*bytes.first_chunk()?),
        _ => return None,
    })
}

impl Directory {
    fn add(&mut self, layout: Layout, all: &Bytes, entry: &[u8]) {
        let (order, is_big) = (layout.order, layout.is_big);
        let short =
            |at: usize| entry.get(at..).and_then(|bytes| bytes.first_chunk()).map(|bytes| order.u16(*bytes));
        let (Some(name), Some(kind)) = (short(0), short(2)) else { return };
        let Some(count) = entry.get(4..).and_then(|bytes| layout.place(bytes)) else { return };
        let value = entry.get(if is_big { 12.. } else { 8.. }).unwrap_or_default();
        // Tags of a type that nobody knows are left out, as TIFF 6.0 asks.
        let Some(size) = size_of_kind(kind) else { return };
        let value = match size.checked_mul(count).and_then(|length| usize::try_from(length).ok()) {
            Some(length) if length <= value.len() => At::Here(all.slice_ref(&value[..length])),
            _ => match layout.place(value) {
                Some(from) => At::From(from),
                None => return,
            },
        };
        self.tags.insert(name, Tag { kind, count, value });
    }

    fn here(&self, name: u16) -> Option<(&Tag, &Bytes)> {
        let tag = self.tags.get(&name)?;
        match &tag.value {
            At::Here(bytes) => Some((tag, bytes)),
            At::From(_) => None,
        }
    }

    /// Whole numbers.
    pub(super) fn integers(&self, order: Order, name: u16) -> Vec<u64> {
        let Some((tag, bytes)) = self.here(name) else { return Vec::new() };
        let size = size_of_kind(tag.kind).and_then(|size| usize::try_from(size).ok()).unwrap_or(1);
        bytes.chunks_exact(size).filter_map(|bytes| integer(order, tag.kind, bytes)).collect()
    }

    /// The first of them.
    pub(super) fn integer(&self, order: Order, name: u16) -> Option<u64> {
        self.integers(order, name).first().copied()
    }

    /// Numbers of double precision.
    pub(super) fn doubles(&self, order: Order, name: u16) -> Vec<f64> {
        let Some((tag, bytes)) = self.here(name) else { return Vec::new() };
        if tag.kind != 12 {
            return Vec::new();
        }
        bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_bits(order.u64(*bytes))).collect()
    }

    /// A text, up to its first zero.
    pub(super) fn text(&self, name: u16) -> Option<String> {
        let (_, bytes) = self.here(name)?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    /// Bytes as they are.
    pub(super) fn raw(&self, name: u16) -> Option<Bytes> {
        self.here(name).map(|(_, bytes)| bytes.clone())
    }
}
