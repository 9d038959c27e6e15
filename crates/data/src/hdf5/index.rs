//! Where the chunks of an array are stored.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use hdf5_reader::btree_v1::{BTreeV1Key, BTreeV1Node};
use hdf5_reader::chunk_index::{
    ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage,
};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};

use super::array::Array;
use super::view::View;
use crate::dataset::Extent;
use crate::passes::{Step, Stop};
use crate::pieces::{Piece, of_row};

/// A B-tree has no more levels than this.
const DEEPEST: u8 = 32;

/// The pieces of a part of an array, or its values where they lie in its header.
pub(crate) enum Places {
    /// In the header.
    Here(Vec<u8>),
    /// In the file.
    Pieces(Vec<Piece>),
}

/// Where the chunks are that a part of an array touches; extents are along the dimensions of the file.
///
/// # Errors
/// What the reader says; [`Stop::Missed`] once all that can be looked at was.
pub(crate) fn places(view: &View, array: &Array, extents: &[Extent]) -> Step<Places> {
    let size =
        array.element.whole_size().ok_or_else(|| Stop::wrong("elements that cannot be counted"))? as u64;
    let (offset_size, _) = view.sizes();
    match &array.layout {
        DataLayout::Compact { data } => Ok(Places::Here(data.clone())),
        DataLayout::Contiguous { address, .. } if Cursor::is_undefined_offset(*address, offset_size) => {
            Ok(Places::Pieces(Vec::new()))
        }
        DataLayout::Contiguous { address, .. } => {
            let from = address.saturating_add(view.base());
            let end = view.storage().len().saturating_add(view.base());
            let pieces = of_row(from, &array.shape, size, extents, end).map_err(|behind| {
                Stop::wrong(format!("its values are at bytes {from} to {behind}, but the file ends at {end}"))
            })?;
            Ok(Places::Pieces(pieces))
        }
        DataLayout::Chunked { address, .. } if Cursor::is_undefined_offset(*address, offset_size) => {
            Ok(Places::Pieces(Vec::new()))
        }
        DataLayout::Chunked { address, dims, chunk_indexing, .. } => {
            let Some(bounds) = bounds(extents, dims) else { return Ok(Places::Pieces(Vec::new())) };
            let chunk = dims.iter().try_fold(size, |bytes, length| bytes.checked_mul(u64::from(*length)));
            let chunk =
                chunk.ok_or_else(|| Stop::wrong(format!("chunks of {dims:?}, which cannot be counted")))?;
            let index = Index { view, array, address: *address, dims, bounds: &bounds, size };
            let entries = index.entries(chunk_indexing.as_ref())?;
            let shape: Arc<[u64]> = dims.iter().map(|length| u64::from(*length)).collect();
            let touched = entries.into_iter().filter(|entry| touches(entry, &shape, &array.shape, extents));
            inside(view, touched.map(|entry| piece(entry, &shape, chunk, view.base())).collect())
        }
    }
}

/// That all pieces lie inside the file.
fn inside(view: &View, pieces: Vec<Piece>) -> Step<Places> {
    let length = view.storage().len().saturating_add(view.base());
    match pieces.iter().find(|piece| piece.range.end > length) {
        None => Ok(Places::Pieces(pieces)),
        Some(Piece { range: Range { start, end }, origin, .. }) => Err(Stop::wrong(format!(
            "the chunk at {origin:?} is at bytes {start} to {end}, but the file ends at {length}"
        ))),
    }
}

fn piece(entry: ChunkEntry, shape: &Arc<[u64]>, chunk: u64, base: u64) -> Piece {
    let from = entry.address.saturating_add(base);
    let length = if entry.size == 0 { chunk } else { entry.size };
    Piece {
        range: from..from.saturating_add(length),
        origin: entry.offsets,
        shape: Arc::clone(shape),
        mask: entry.filter_mask,
    }
}

fn touches(entry: &ChunkEntry, chunk: &[u64], shape: &[u64], extents: &[Extent]) -> bool {
    entry.offsets.len() == shape.len()
        && entry.offsets.iter().zip(chunk).zip(shape.iter().zip(extents)).all(
            |((offset, chunk), (length, extent))| {
                let first = offset.saturating_sub(extent.start).div_ceil(extent.step);
                let from = extent.start.saturating_add(first.saturating_mul(extent.step));
                let is_aligned = offset % chunk == 0 && offset < length;
                is_aligned && first < extent.count && from >= *offset && from < offset.saturating_add(*chunk)
            },
        )
}

/// The first and the last chunk along each dimension that a part touches; none of an empty part.
fn bounds(extents: &[Extent], dims: &[u32]) -> Option<(Vec<u64>, Vec<u64>)> {
    if extents.iter().any(|extent| extent.count == 0) {
        return None;
    }
    let first = extents.iter().zip(dims).map(|(extent, length)| extent.start / u64::from(*length)).collect();
    let last =
        extents.iter().zip(dims).map(|(extent, length)| (extent.end() - 1) / u64::from(*length)).collect();
    Some((first, last))
}

/// The index of an array's chunks.
struct Index<'a> {
    view: &'a View,
    array: &'a Array,
    address: u64,
    dims: &'a [u32],
    bounds: &'a (Vec<u64>, Vec<u64>),
    size: u64,
}

impl Index<'_> {
    fn entries(&self, indexing: Option<&ChunkIndexing>) -> Step<Vec<ChunkEntry>> {
        let (offset_size, length_size) = self.view.sizes();
        let storage = self.view.storage();
        let shape = &self.array.shape;
        let bounds = Some((self.bounds.0.as_slice(), self.bounds.1.as_slice()));
        let rank = u32::try_from(shape.len()).unwrap_or(u32::MAX);
        Ok(match indexing {
            None => self.tree()?,
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => vec![ChunkEntry {
                address: self.address,
                size: *filtered_size,
                filter_mask: *filters,
                offsets: vec![0; shape.len()],
            }],
            Some(ChunkIndexing::Implicit) => {
                let size =
                    usize::try_from(self.size).map_err(|_| Stop::wrong("elements that cannot be counted"))?;
                collect_implicit_chunk_entries(self.address, shape, self.dims, size, bounds, storage.len())?
            }
            Some(ChunkIndexing::FixedArray { .. }) => collect_fixed_array_chunk_entries_storage(
                storage,
                self.address,
                offset_size,
                length_size,
                shape,
                self.dims,
                bounds,
            )?,
            Some(ChunkIndexing::ExtensibleArray { .. }) => collect_extensible_array_chunk_entries_storage(
                storage,
                self.address,
                offset_size,
                length_size,
                shape,
                self.most(),
                self.dims,
                bounds,
            )?,
            Some(ChunkIndexing::BTreeV2) => collect_v2_chunk_entries_storage(
                storage,
                self.address,
                offset_size,
                length_size,
                rank,
                self.dims,
                bounds,
            )?,
        })
    }

    fn most(&self) -> Option<&[u64]> {
        self.array.most.as_deref()
    }

    /// The entries of a B-tree of version 1, level by level, so that all nodes of a level are fetched
    /// together; only those that the part may touch.
    fn tree(&self) -> Step<Vec<ChunkEntry>> {
        let mut level = vec![self.address];
        let mut seen: HashSet<u64> = HashSet::new();
        let mut entries = Vec::new();
        for _ in 0..DEEPEST {
            let mut below = Vec::new();
            let mut is_whole = true;
            for place in level {
                if !seen.insert(place) {
                    return Err(Stop::wrong(format!("a B-tree that comes back to its node at byte {place}")));
                }
                match self.view.pass.attempt(|| self.node(place))? {
                    Some(node) => self.children(&node, &mut below, &mut entries)?,
                    None => is_whole = false,
                }
                // Nodes may lie in each other: a short file can tell of more than it has room for.
                let (found, most) = ((below.len() + entries.len()) as u64, self.view.limits.chunks);
                if found > most {
                    return Err(Stop::wrong(format!("an index of more than {most} chunks")));
                }
            }
            if !is_whole {
                return Err(Stop::Missed);
            }
            if below.is_empty() {
                return Ok(entries);
            }
            level = below;
        }
        Err(Stop::wrong(format!("a B-tree with more than {DEEPEST} levels")))
    }

    fn node(&self, place: u64) -> Step<BTreeV1Node> {
        let (offset_size, length_size) = self.view.sizes();
        let storage = self.view.storage();
        let head = storage.read_range(place, 8)?;
        let entries = usize::from(u16::from_le_bytes([head[6], head[7]]));
        let rank = self.array.shape.len();
        let (address, key) = (usize::from(offset_size), 8 + 8 * (rank + 1));
        let bytes = storage.read_range(place, 8 + 2 * address + entries * (key + address) + key)?;
        let rank = u32::try_from(rank).ok();
        Ok(BTreeV1Node::parse(&mut Cursor::new(&bytes), offset_size, length_size, rank)?)
    }

    fn children(&self, node: &BTreeV1Node, below: &mut Vec<u64>, entries: &mut Vec<ChunkEntry>) -> Step<()> {
        for (child, keys) in node.children.iter().zip(node.keys.windows(2)) {
            let [
                BTreeV1Key::RawData { chunk_size, filter_mask, offsets },
                BTreeV1Key::RawData { offsets: next, .. },
            ] = keys
            else {
                return Err(Stop::wrong("a B-tree of groups where one of chunks is due"));
            };
            let rank = self.array.shape.len();
            if node.level > 0 && self.may_touch(&offsets[..rank], &next[..rank]) {
                below.push(*child);
            } else if node.level == 0 {
                entries.push(ChunkEntry {
                    address: *child,
                    size: u64::from(*chunk_size),
                    filter_mask: *filter_mask,
                    offsets: offsets[..rank].to_vec(),
                });
            }
        }
        Ok(())
    }

    /// Whether chunks between two keys, the second one left out, may be touched: chunks are in
    /// row-major order, so the first dimension in which the keys differ decides.
    fn may_touch(&self, low: &[u64], high: &[u64]) -> bool {
        for (axis, length) in self.dims.iter().enumerate() {
            let (low, high) = (low[axis] / u64::from(*length), high[axis] / u64::from(*length));
            if high < self.bounds.0[axis] || low > self.bounds.1[axis] {
                return false;
            }
            if low != high {
                return true;
            }
        }
        true
    }
}
