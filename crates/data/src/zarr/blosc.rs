//! The blocks of a chunk of Blosc, each compressed for itself, and smaller chunks that are made of some of them.
//!
//! The format is that of [Blosc 1](https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst): a header of 16
//! bytes, where each block begins, and the blocks. Several threads write blocks in any order.

use std::ops::Range;

/// Bytes of the header.
pub(super) const HEADER: u64 = 16;
/// The flag of what is not compressed: it lies behind the header as it is.
const COPIED: u8 = 0x2;
/// So many bytes may a compressed block have more than a plain one: the lengths of its parts, one for each byte of an
/// element.
const SPLITS: u64 = 4 * 255;
/// Decompressed bytes of blocks that are taken together: each call of Blosc asks the system for memory, which costs more
/// than a small block does where the allocator keeps none, as in workers of Dask.
const AT_ONCE: u64 = 1 << 20;

/// The blocks of a chunk.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Versions, flags, and bytes of a number.
    head: [u8; 4],
    /// Bytes of all blocks, decompressed.
    bytes: u64,
    /// Bytes of each but the last.
    block: u64,
    /// Where each lies; none where they lie behind the header as they are.
    places: Option<Vec<Range<u64>>>,
}

impl Blocks {
    /// How many bytes of a chunk tell of its blocks: the header, and where each begins.
    ///
    /// # Errors
    /// What is wrong with the header; so many bytes are due when all is decompressed.
    pub(super) fn told_by(header: &[u8], due: u64) -> Result<u64, String> {
        let Header { head, bytes, block, stored } = Header::new(header)?;
        if bytes != due {
            return Err(format!("it says that it has {bytes} bytes, where {due} are due"));
        }
        if head[2] & COPIED != 0 {
            return Ok(HEADER);
        }
        if block == 0 || block > bytes {
            return Err(format!("it says that its blocks have {block} of its {bytes} bytes"));
        }
        let told = HEADER + bytes.div_ceil(block) * 4;
        if told > stored { Err(format!("its blocks begin beyond its {stored} bytes")) } else { Ok(told) }
    }

    /// The blocks, by the first bytes of a chunk: as many as [`Self::told_by`] says.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn new(first: &[u8]) -> Result<Self, String> {
        let Header { head, bytes, block, stored } = Header::new(first)?;
        if head[2] & COPIED != 0 {
            return Ok(Self { head, bytes, block, places: None });
        }
        let table = first.get(16..).unwrap_or_default();
        let starts: Vec<u64> =
            table.as_chunks::<4>().0.iter().map(|start| u32::from_le_bytes(*start).into()).collect();
        if block == 0 || starts.len() as u64 != bytes.div_ceil(block) {
            return Err("its header is not whole".to_owned());
        }
        let mut ends = starts.clone();
        ends.push(stored);
        ends.sort_unstable();
        let place = |start: u64| {
            let end = ends[ends.partition_point(|end| *end <= start)..].first()?;
            (start >= first.len() as u64).then(|| start..(*end).min(start + block + SPLITS))
        };
        let places = starts.into_iter().map(place).collect::<Option<_>>();
        let places = places.ok_or_else(|| format!("a block of it is not in its {stored} bytes"))?;
        Ok(Self { head, bytes, block, places: Some(places) })
    }

    /// Whether blocks lie behind the header as they are.
    pub(super) fn are_plain(&self) -> bool {
        self.places.is_none()
    }

    /// The block in which a byte lies and those behind it up to another byte, so many as are taken together, and where each
    /// is stored; with the one before where it is known by that. None beyond the last one, and where blocks are plain.
    pub(super) fn at(&self, byte: u64, end: u64) -> Option<(Range<usize>, &[Range<u64>])> {
        let places = self.places.as_ref()?;
        let number = usize::try_from(byte / self.block).ok()?;
        let together = usize::try_from((AT_ONCE / self.block).max(1)).ok()?;
        let behind = usize::try_from(end.div_ceil(self.block)).ok()?.max(number + 1);
        // A shorter block is known by the longer ones before it.
        let is_short = number + 1 == places.len() && !self.bytes.is_multiple_of(self.block);
        let to = behind.min(number.saturating_add(together)).min(places.len());
        let blocks = number - usize::from(is_short && number > 0)..to;
        Some((blocks.clone(), places.get(blocks)?))
    }

    /// The first byte of a block.
    pub(super) fn first(&self, block: usize) -> u64 {
        block as u64 * self.block
    }

    /// The header of a chunk of some blocks, behind which they lie as they are stored, in place of what is in a buffer.
    ///
    /// # Errors
    /// Where that is more than a chunk can have.
    pub(super) fn begin(
        &self,
        blocks: Range<usize>,
        stored: &[Range<u64>],
        chunk: &mut Vec<u8>,
    ) -> Result<(), String> {
        let too_large = |_| "its blocks are larger than a chunk can be".to_owned();
        let number = |bytes: u64| u32::try_from(bytes).map(u32::to_le_bytes).map_err(too_large);
        let (from, to) = (blocks.start as u64 * self.block, (blocks.end as u64 * self.block).min(self.bytes));
        let table = HEADER + stored.len() as u64 * 4;
        let length = |block: &Range<u64>| block.end - block.start;
        let all = stored.iter().fold(table, |all, block| all + length(block));
        chunk.clear();
        chunk.extend(self.head);
        for told in [to - from, self.block, all] {
            chunk.extend(number(told)?);
        }
        let mut start = table;
        for block in stored {
            chunk.extend(number(start)?);
            start += length(block);
        }
        Ok(())
    }
}

struct Header {
    head: [u8; 4],
    bytes: u64,
    block: u64,
    stored: u64,
}

impl Header {
    fn new(first: &[u8]) -> Result<Self, String> {
        let (head, rest) = first.split_first_chunk().ok_or("the blosc header is not whole")?;
        let numbers = rest.first_chunk::<12>().ok_or("the blosc header is not whole")?;
        let [bytes, block, stored] =
            [0, 4, 8].map(|at| u64::from(u32::from_le_bytes([0, 1, 2, 3].map(|byte| numbers[at + byte]))));
        Ok(Self { head: *head, bytes, block, stored })
    }
}
