//! Chunks that are decoded strip after strip: those of Blosc, whose blocks are compressed each for itself.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::array::{Array, Decoder};
use super::blosc::{Blocks, HEADER};
use super::read::{Job, Reading, damaged, located};
use crate::address::Address;
use crate::cores::in_place;
use crate::dataset::{Chunk, Extent, Selection, Texts, Values};
use crate::error::{self, Error};
use crate::limits::Limits;
use crate::mosaic::{Elements, Fill, Touched};
use crate::objects::{Objects, Place, fetch};
use crate::overlap::filled;

/// What is wrong with a chunk that was there before.
const GONE: &str = "it is not there any more";
/// What is wrong with a chunk of which bytes lack.
const SHORT: &str = "it has too few bytes";

/// A part of an array that lies in one chunk without gaps, as the chunk is stored.
#[derive(Debug)]
pub(super) struct Strips {
    array: Arc<Array>,
    store: Address,
    job: Job,
    touched: Touched,
    /// The place of its first element in the chunk.
    first: u64,
    count: u64,
    opened: Option<Opened>,
    /// The strip that was given last.
    given: Bytes,
    /// The blocks that were decompressed last, by their first byte in the chunk.
    tail: Option<(u64, Bytes)>,
    /// Those as they are stored: the memory is taken again for the next ones.
    stored: Vec<u8>,
}

/// What strips are taken from.
#[derive(Debug)]
enum Opened {
    /// Nothing was ever written.
    Blank,
    /// The blocks of a chunk, and where it lies.
    Blocks(Blocks, Place),
}

/// The chunk in which a part lies; none where it lies in several or with gaps, or such chunks are decoded whole. What is
/// not on this machine is fetched.
pub(super) async fn chunk(
    objects: &Arc<dyn Objects>,
    key: &str,
    array: &Arc<Array>,
    selection: &Selection,
    limits: &Limits,
) -> error::Result<Option<Strips>> {
    let extents = selection.of(&array.shape)?;
    let chunks = array.decoded();
    let decoder = array.decoder.as_ref().ok().filter(|decoder| decoder.has_strips());
    let Some(decoder) = decoder.filter(|_| is_without_gaps(&extents, chunks)) else { return Ok(None) };
    let mut located = located(objects, key, array, &extents, limits, Reading::Begun).await?;
    let Some((mut job, touched)) = located.pop() else { return Ok(None) };
    job.place = fetch(vec![job.place], decoder.most_stored()).await?.pop().flatten();
    let inner: u64 = chunks.iter().skip(1).product();
    let first = touched.overlaps.first().map_or(0, |along| along.from * inner);
    let count = extents.iter().map(|extent| extent.count).product();
    let (array, store) = (Arc::clone(array), objects.address());
    Ok(Some(Strips {
        array,
        store,
        job,
        touched,
        first,
        count,
        opened: None,
        given: Bytes::new(),
        tail: None,
        stored: Vec::new(),
    }))
}

/// Whether a part lies in one chunk, and its elements follow each other there.
fn is_without_gaps(extents: &[Extent], chunks: &[u64]) -> bool {
    extents.iter().zip(chunks).enumerate().all(|(axis, (extent, chunk))| {
        let is_in_one = extent.count > 0 && extent.start / chunk == (extent.end() - 1) / chunk;
        let is_whole = extent.count == *chunk || axis == 0;
        is_in_one && is_whole && (extent.step == 1 || extent.count == 1)
    })
}

impl Strips {
    fn damaged(&self, what: &str) -> Error {
        damaged(&self.store, &self.job, Some(&self.touched), what)
    }

    fn decoder(&self) -> error::Result<&Decoder> {
        self.array.decoder.as_ref().map_err(|what| self.damaged(what))
    }

    fn open(&self) -> error::Result<Opened> {
        let Some(place) = &self.job.place else { return Ok(Opened::Blank) };
        let Some(header) = self.part(place, 0..HEADER)? else { return Ok(Opened::Blank) };
        let told = Blocks::told_by(&header, self.whole()).map_err(|what| self.damaged(&what))?;
        let Some(first) = self.part(place, 0..told)? else { return Ok(Opened::Blank) };
        let blocks = Blocks::new(&first).map_err(|what| self.damaged(&what))?;
        Ok(Opened::Blocks(blocks, place.clone()))
    }

    /// Bytes of an element.
    fn size(&self) -> u64 {
        let decoder = self.array.decoder.as_ref().ok();
        decoder.and_then(|decoder| decoder.element.size()).unwrap_or(1) as u64
    }

    /// Bytes of all of the chunk.
    fn whole(&self) -> u64 {
        self.array.decoded().iter().fold(self.size(), |all, length| all.saturating_mul(*length))
    }

    /// Elements of the chunk, by their places in it.
    fn take(&mut self, places: &Range<u64>) -> error::Result<Bytes> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open()?,
        };
        let (size, count) = (self.size(), places.end - places.start);
        let bytes = places.start * size..places.end * size;
        let taken = match &opened {
            Opened::Blank => self.blank(count * size),
            Opened::Blocks(blocks, place) => self.decompressed(blocks, place, &bytes).and_then(|bytes| {
                let elements = self.decoder()?.strip(Cow::Owned(bytes), count).and_then(numbers);
                elements.map_err(|what| self.damaged(&what))
            }),
        };
        self.opened = Some(opened);
        let taken = taken?;
        self.given = taken.clone();
        Ok(taken)
    }

    /// Bytes of a chunk, in the memory of the strip before where nobody holds it any more: the system would have to find
    /// new memory for each.
    fn decompressed(
        &mut self,
        blocks: &Blocks,
        place: &Place,
        wanted: &Range<u64>,
    ) -> error::Result<Vec<u8>> {
        let given = std::mem::take(&mut self.given);
        let mut bytes = if given.is_unique() { Vec::from(given) } else { Vec::new() };
        bytes.clear();
        let mut at = wanted.start;
        while at < wanted.end {
            let block = self.block(blocks, place, at, wanted.end)?;
            let count = block.len().min(usize::try_from(wanted.end - at).unwrap_or(usize::MAX));
            if count == 0 {
                return Err(self.damaged("it has too few elements"));
            }
            bytes.extend_from_slice(&block[..count]);
            at += count as u64;
        }
        Ok(bytes)
    }

    /// Bytes of some blocks from one on, up to another where blocks are not compressed. The blocks before are still there:
    /// strips begin in the middle of one.
    fn block(&mut self, blocks: &Blocks, place: &Place, at: u64, end: u64) -> error::Result<Bytes> {
        let behind = |first: u64, bytes: &Bytes| {
            let from = usize::try_from(at.checked_sub(first)?).ok()?;
            (from < bytes.len()).then(|| bytes.slice(from..))
        };
        if let Some(found) = self.tail.as_ref().and_then(|(first, bytes)| behind(*first, bytes)) {
            return Ok(found);
        }
        if blocks.are_plain() {
            return self.part(place, HEADER + at..HEADER + end)?.ok_or_else(|| self.damaged(GONE));
        }
        let (numbers, places) = blocks.at(at, end).ok_or_else(|| self.damaged("it has too few elements"))?;
        let first = blocks.first(numbers.start);
        let mut stored = std::mem::take(&mut self.stored);
        blocks.begin(numbers, places, &mut stored).map_err(|what| self.damaged(&what))?;
        for range in places {
            let part = place.part(range.clone()).map_err(|_| self.damaged(SHORT))?;
            if !part.append_here(range.end - range.start, &mut stored)? {
                return Err(self.damaged(GONE));
            }
        }
        let bytes = self.decoder()?.decompressed(Cow::Borrowed(&stored));
        let bytes = Bytes::from(bytes.map_err(|what| self.damaged(&what))?.into_owned());
        self.stored = stored;
        let found = behind(first, &bytes).unwrap_or_default();
        self.tail = Some((first, bytes));
        Ok(found)
    }

    /// A part of where the chunk lies; none where there is nothing.
    fn part(&self, place: &Place, range: Range<u64>) -> error::Result<Option<Bytes>> {
        let length = range.end - range.start;
        place.part(range).map_err(|_| self.damaged(SHORT))?.bytes_here(length)
    }

    /// So many bytes of what was never written.
    fn blank(&self, length: u64) -> error::Result<Bytes> {
        let length = usize::try_from(length).map_err(|_| self.damaged("it is larger than memory"))?;
        match &self.decoder()?.fill {
            Fill::Bytes(value) => Ok(filled(length, value).into()),
            Fill::Text(_) => Err(self.damaged("it has texts")),
        }
    }
}

fn numbers(elements: Elements) -> Result<Bytes, String> {
    match elements {
        Elements::Numbers(bytes) => Ok(bytes),
        Elements::Texts(_) => Err("it has texts".to_owned()),
    }
}

impl Chunk for Strips {
    fn count(&self) -> u64 {
        self.count
    }

    fn elements(&mut self, places: Range<u64>) -> error::Result<Values> {
        if places.start > places.end || places.end > self.count {
            return Err(Error::Invalid {
                what: format!("a part of {} elements has none at {places:?}", self.count),
                advice: "ask for those that it has".to_owned(),
            });
        }
        let count = places.end - places.start;
        let data_type = self.decoder()?.element.data_type.clone();
        if count == 0 {
            return Ok(Values { data_type, shape: vec![0], bytes: Bytes::new(), texts: Texts::new() });
        }
        let own = self.first + places.start..self.first + places.end;
        let taken = in_place(|| self.take(&own));
        let bytes = taken.unwrap_or_else(|| Err(self.damaged("decoding it was broken off")))?;
        Ok(Values { data_type, shape: vec![count], bytes, texts: Texts::new() })
    }
}

#[cfg(test)]
mod tests;
