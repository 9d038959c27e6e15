//! Where the chunks of an array are stored.

use std::ops::Range;
use std::sync::Arc;

use hdf5_reader::btree_v1::{BTreeV1Key, BTreeV1Node};
use hdf5_reader::btree_v2::BTreeV2Header;
use hdf5_reader::chunk_index::{
    ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage,
};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};

use super::array::Array;
use super::nodes;
use super::view::View;
use crate::dataset::Extent;
use crate::error::Error;
use crate::passes::{Step, Stop};
use crate::pieces::{Piece, of_row};

/// Of an array of entries that is not there yet, so many are looked for at a time.
const PROBES: u64 = 2048;

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

/// The first and the last chunk of a part along each dimension.
type Bounds<'a> = (&'a [u64], &'a [u64]);

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
        match indexing {
            None => self.tree(),
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => Ok(vec![ChunkEntry {
                address: self.address,
                size: *filtered_size,
                filter_mask: *filters,
                offsets: vec![0; shape.len()],
            }]),
            Some(ChunkIndexing::Implicit) => {
                self.touched()?;
                let size =
                    usize::try_from(self.size).map_err(|_| Stop::wrong("elements that cannot be counted"))?;
                let (from, dims) = (self.address, self.dims);
                Ok(collect_implicit_chunk_entries(from, shape, dims, size, bounds, storage.len())?)
            }
            Some(ChunkIndexing::FixedArray { .. }) => self.of_array(|bounds| {
                Ok(collect_fixed_array_chunk_entries_storage(
                    storage,
                    self.address,
                    offset_size,
                    length_size,
                    shape,
                    self.dims,
                    Some(bounds),
                )?)
            }),
            Some(ChunkIndexing::ExtensibleArray { .. }) => self.of_array(|bounds| {
                Ok(collect_extensible_array_chunk_entries_storage(
                    storage,
                    self.address,
                    offset_size,
                    length_size,
                    shape,
                    self.most(),
                    self.dims,
                    Some(bounds),
                )?)
            }),
            Some(ChunkIndexing::BTreeV2) => {
                let header =
                    BTreeV2Header::parse_at_storage(storage, self.address, offset_size, length_size)?;
                nodes::ask_for(self.view, &header)?;
                let entries = collect_v2_chunk_entries_storage(
                    storage,
                    self.address,
                    offset_size,
                    length_size,
                    rank,
                    self.dims,
                    bounds,
                )?;
                self.few(entries.len() as u64)?;
                Ok(entries)
            }
        }
    }

    /// What `collect` finds of the part in an array of entries. It stops at the first block that is not there: then it
    /// is asked for chunks all over the part, so that what each of them lacks is fetched together.
    fn of_array(&self, collect: impl Fn(Bounds<'_>) -> Step<Vec<ChunkEntry>>) -> Step<Vec<ChunkEntry>> {
        let touched = self.touched()?;
        let (first, last) = self.bounds;
        if let Some(entries) = self.view.pass.attempt(|| collect((first.as_slice(), last.as_slice())))? {
            return Ok(entries);
        }
        let step = touched.div_ceil(PROBES).max(1);
        for number in (0..touched).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let chunk = self.nth(number);
            self.view.pass.attempt(|| collect((chunk.as_slice(), chunk.as_slice())))?;
        }
        Err(Stop::Missed)
    }

    /// How many chunks the part touches, where they are few enough to be listed: arrays of entries are as long as the
    /// file tells, however few chunks were written.
    fn touched(&self) -> Step<u64> {
        let along = self.bounds.0.iter().zip(&self.bounds.1);
        let touched = along.map(|(first, last)| (last - first).saturating_add(1));
        let touched = touched.fold(1u64, u64::saturating_mul);
        let most = self.view.limits.chunks;
        if touched > most {
            return Err(Stop::Told(Error::Invalid {
                what: format!("the part that is asked for touches {touched} chunks, more than {most}"),
                advice: "read it in smaller parts, or raise the limit".to_owned(),
            }));
        }
        Ok(touched)
    }

    /// The chunk of the part with this number, the last dimension first.
    fn nth(&self, number: u64) -> Vec<u64> {
        let mut rest = number;
        let along = self.bounds.0.iter().zip(&self.bounds.1).rev();
        let mut chunk: Vec<u64> = along
            .map(|(first, last)| {
                let count = (last - first).saturating_add(1);
                let index = first + rest % count;
                rest /= count;
                index
            })
            .collect();
        chunk.reverse();
        chunk
    }

    fn most(&self) -> Option<&[u64]> {
        self.array.most.as_deref()
    }

    /// The entries of a B-tree of version 1, level by level; only those that the part may touch.
    fn tree(&self) -> Step<Vec<ChunkEntry>> {
        let mut entries = Vec::new();
        nodes::of_version_1(self.view, self.address, Some(self.array.shape.len()), |node, below| {
            self.children(node, below, &mut entries)?;
            // Nodes may lie in each other: a short file can tell of more than it has room for.
            self.few((below.len() + entries.len()) as u64)
        })?;
        Ok(entries)
    }

    /// That an index has no more chunks than one call may touch.
    fn few(&self, chunks: u64) -> Step<()> {
        let most = self.view.limits.chunks;
        if chunks > most { Err(Stop::wrong(format!("an index of more than {most} chunks"))) } else { Ok(()) }
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
