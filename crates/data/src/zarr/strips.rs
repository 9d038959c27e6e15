//! Chunks that are decoded strip after strip: those of Blosc, whose blocks are compressed each for itself.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use zarrs::array::codec::api::{
    BytesPartialDecoderTraits, BytesToBytesCodecTraits, CodecError, CodecOptions,
};
use zarrs::array::{ArrayBytesRaw, BytesRepresentation};
use zarrs::storage::StorageError;
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator};

use super::array::{Array, Decoder};
use super::decompress::told_by_blosc;
use super::read::{Job, Reading, damaged, located};
use crate::address::Address;
use crate::cores::in_place;
use crate::dataset::{Chunk, Extent, Selection, Texts, Values};
use crate::error::{self, Error};
use crate::limits::Limits;
use crate::mosaic::{Elements, Fill, Touched};
use crate::objects::{Objects, fetch};
use crate::overlap::filled;

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
}

/// What strips are taken from.
enum Opened {
    /// Nothing was ever written.
    Blank,
    /// A chunk, and of how many bytes a number of Blosc's is.
    Blosc(Arc<dyn BytesPartialDecoderTraits>, u64),
    /// What Blosc counts in numbers that do not fill the chunk: its elements.
    Whole(Bytes),
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Blank => "Blank",
            Self::Blosc(..) => "Blosc",
            Self::Whole(_) => "Whole",
        })
    }
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
    let decoder = array.decoder.as_ref().ok().filter(|decoder| decoder.in_strips().is_some());
    let Some(decoder) = decoder.filter(|_| is_without_gaps(&extents, chunks)) else { return Ok(None) };
    let mut located = located(objects, key, array, &extents, limits, Reading::Begun).await?;
    let Some((mut job, touched)) = located.pop() else { return Ok(None) };
    job.place = fetch(vec![job.place], decoder.most_stored()).await?.pop().flatten();
    let inner: u64 = chunks.iter().skip(1).product();
    let first = touched.overlaps.first().map_or(0, |along| along.from * inner);
    let count = extents.iter().map(|extent| extent.count).product();
    let (array, store) = (Arc::clone(array), objects.address());
    Ok(Some(Strips { array, store, job, touched, first, count, opened: None }))
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
        let decoder = self.decoder()?;
        let Some(place) = &self.job.place else { return Ok(Opened::Blank) };
        let Some(bytes) = place.bytes_here(decoder.most_stored())? else { return Ok(Opened::Blank) };
        opened(decoder, bytes, self.bytes()).map_err(|what| self.damaged(&what))
    }

    /// Bytes of an element, and of all of the chunk.
    fn bytes(&self) -> (u64, u64) {
        let size = self.array.decoder.as_ref().ok().and_then(|decoder| decoder.element.size()).unwrap_or(1);
        (
            size as u64,
            self.array.decoded().iter().fold(size as u64, |all, length| all.saturating_mul(*length)),
        )
    }

    /// Elements of the chunk, by their places in it.
    fn take(&mut self, places: Range<u64>) -> error::Result<Bytes> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => self.open()?,
        };
        let taken = strip(self.decoder()?, &opened, places, self.bytes().0);
        self.opened = Some(opened);
        taken.map_err(|what| self.damaged(&what))
    }
}

fn opened(decoder: &Decoder, bytes: Bytes, (_, whole): (u64, u64)) -> Result<Opened, String> {
    let told = told_by_blosc(&bytes)?;
    if told != whole {
        return Err(format!("it says that it has {told} bytes, where {whole} are due"));
    }
    // The fourth byte of its header: <https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>.
    let number = bytes.get(3).copied().map_or(0, u64::from);
    match decoder.in_strips() {
        Some(codec) if number > 0 && whole % number == 0 => {
            let of = BytesRepresentation::FixedSize(whole);
            let codec = Arc::clone(codec);
            let strips = codec.partial_decoder(Arc::new(Held(bytes)), &of, &CodecOptions::default());
            Ok(Opened::Blosc(strips.map_err(|error| error.to_string())?, number))
        }
        _ => Ok(Opened::Whole(numbers(decoder.decode(&bytes, None)?.elements)?)),
    }
}

fn strip(decoder: &Decoder, opened: &Opened, places: Range<u64>, size: u64) -> Result<Bytes, String> {
    let too_short = || "it has too few elements".to_owned();
    let (count, from, to) = (places.end - places.start, places.start * size, places.end * size);
    let cut = |bytes: &[u8], from: u64, to: u64| -> Result<Range<usize>, String> {
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        let range = range.map(|(from, to)| from..to).filter(|range| range.end <= bytes.len());
        range.ok_or_else(too_short)
    };
    match opened {
        Opened::Blank => match &decoder.fill {
            Fill::Bytes(value) => {
                Ok(filled(usize::try_from(to - from).map_err(|_| too_short())?, value).into())
            }
            Fill::Text(_) => Err("it has texts".to_owned()),
        },
        Opened::Whole(bytes) => Ok(bytes.slice(cut(bytes, from, to)?)),
        Opened::Blosc(chunk, number) => {
            let (first, last) = (from / number * number, to.next_multiple_of(*number));
            let range = ByteRange::FromStart(first, Some(last - first));
            let decoded = chunk.partial_decode(range, &CodecOptions::default());
            let decoded = decoded.map_err(|error| error.to_string())?.ok_or_else(too_short)?;
            let range = cut(&decoded, from - first, to - first)?;
            let bytes = if range.len() == decoded.len() { decoded } else { Cow::Borrowed(&decoded[range]) };
            numbers(decoder.strip(bytes, count)?)
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
        let taken = in_place(|| self.take(own));
        let bytes = taken.unwrap_or_else(|| Err(self.damaged("decoding it was broken off")))?;
        Ok(Values { data_type, shape: vec![count], bytes, texts: Texts::new() })
    }
}

/// A chunk in memory, as zarrs asks for its bytes.
struct Held(Bytes);

impl BytesPartialDecoderTraits for Held {
    fn exists(&self) -> Result<bool, StorageError> {
        Ok(true)
    }

    fn size_held(&self) -> usize {
        self.0.len()
    }

    fn partial_decode_many(
        &self,
        ranges: ByteRangeIterator<'_>,
        _: &CodecOptions,
    ) -> Result<Option<Vec<ArrayBytesRaw<'_>>>, CodecError> {
        let length = self.0.len() as u64;
        let part = |range: ByteRange| {
            let ends = usize::try_from(range.start(length)).ok().zip(usize::try_from(range.end(length)).ok());
            let part = ends.and_then(|(from, to)| self.0.get(from..to)).map(Cow::Borrowed);
            part.ok_or_else(|| CodecError::from("a chunk is shorter than what is asked of it"))
        };
        ranges.map(part).collect::<Result<_, _>>().map(Some)
    }

    fn supports_partial_decode(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use zarrs::array::codec::{BloscCodec, BloscCompressor, BloscShuffleMode};

    use super::*;
    use crate::objects::Folder;
    use crate::zarr::read::read;

    const SHAPE: [u64; 3] = [5, 6, 7];
    const CHUNK: [u64; 3] = [3, 6, 7];

    fn array(endian: &str) -> Value {
        let blosc = json!({"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0});
        json!({
            "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "int32", "fill_value": 7, "attributes": {},
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNK}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}},
            "codecs": [{"name": "bytes", "configuration": {"endian": endian}}, {"name": "blosc", "configuration": blosc}],
        })
    }

    /// The numbers of a chunk, compressed as numbers of so many bytes in blocks of so many.
    fn compressed(
        first: i32,
        endian: &str,
        shuffle: BloscShuffleMode,
        number: usize,
        block: usize,
    ) -> Vec<u8> {
        let to_bytes = |value: i32| if endian == "big" { value.to_be_bytes() } else { value.to_le_bytes() };
        let bytes: Vec<u8> = (first..first + 126).flat_map(|value| to_bytes(value * value)).collect();
        let level = 5_u8.try_into().unwrap();
        let codec = BloscCodec::new(BloscCompressor::LZ4, level, Some(block), shuffle, Some(number)).unwrap();
        codec.encode(bytes.into(), &CodecOptions::default()).unwrap().into_owned()
    }

    fn along(start: u64, count: u64) -> Selection {
        let extent = |start, count| Extent { start, count, step: 1 };
        Selection::Box(vec![extent(start, count), extent(0, 6), extent(0, 7)])
    }

    async fn opened(objects: &Arc<dyn Objects>, array: &Arc<Array>, part: &Selection) -> Option<Strips> {
        chunk(objects, "", array, part, &Limits::default()).await.unwrap()
    }

    #[tokio::test]
    async fn strips_are_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
        let shuffles = [BloscShuffleMode::NoShuffle, BloscShuffleMode::Shuffle, BloscShuffleMode::BitShuffle];
        let kinds = shuffles.into_iter().flat_map(|shuffle| {
            [(4, 0), (4, 64), (1, 100), (8, 256), (5, 0)].map(|(number, block)| (shuffle, number, block))
        });
        for (shuffle, number, block) in kinds {
            for endian in ["little", "big"] {
                let chunk = compressed(-9, endian, shuffle, number, block);
                std::fs::write(folder.path().join("c.0.0.0"), chunk).unwrap();
                let array = Arc::new(Array::of_v3(&array(endian), &Limits::default()).unwrap());
                for (start, count) in [(0, 3), (1, 2), (2, 1), (3, 2)] {
                    let part = along(start, count);
                    let whole =
                        read(&objects, "", Arc::clone(&array), &part, Limits::default()).await.unwrap();
                    let mut strips = opened(&objects, &array, &part).await.unwrap();
                    assert_eq!(strips.count(), count * 42);
                    for (from, to) in [(0, count * 42), (0, 1), (41, 42), (5, 5), (17, 30)] {
                        let found = strips.elements(from..to).unwrap();
                        let due = whole
                            .bytes
                            .slice(usize::try_from(from * 4).unwrap()..usize::try_from(to * 4).unwrap());
                        assert_eq!(
                            found.bytes, due,
                            "{shuffle:?} {number} {block} {endian} {start} {from}..{to}"
                        );
                        assert_eq!((found.count(), &found.data_type), (to - from, &whole.data_type));
                    }
                    assert!(strips.elements(0..count * 42 + 1).is_err());
                }
            }
        }
    }

    #[tokio::test]
    async fn what_lies_in_two_chunks_or_with_gaps_is_decoded_whole() {
        let folder = tempfile::tempdir().unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
        let array = Arc::new(Array::of_v3(&array("little"), &Limits::default()).unwrap());
        let extent = |start, count, step| Extent { start, count, step };
        for part in [
            [extent(2, 2, 1), extent(0, 6, 1), extent(0, 7, 1)],
            [extent(0, 3, 1), extent(0, 5, 1), extent(0, 7, 1)],
            [extent(0, 3, 1), extent(0, 6, 1), extent(1, 6, 1)],
            [extent(0, 2, 2), extent(0, 6, 1), extent(0, 7, 1)],
            [extent(0, 0, 1), extent(0, 6, 1), extent(0, 7, 1)],
        ] {
            assert!(opened(&objects, &array, &Selection::Box(part.to_vec())).await.is_none(), "{part:?}");
        }
    }

    #[tokio::test]
    async fn a_chunk_of_another_length_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let objects: Arc<dyn Objects> = Arc::new(Folder::new(folder.path()));
        let array = Arc::new(Array::of_v3(&array("little"), &Limits::default()).unwrap());
        let mut chunk = compressed(0, "little", BloscShuffleMode::Shuffle, 4, 0);
        for length in [0, 3, 8, 15] {
            std::fs::write(folder.path().join("c.0.0.0"), &chunk[..length]).unwrap();
            assert!(
                opened(&objects, &array, &along(0, 3)).await.unwrap().elements(0..9).is_err(),
                "{length}"
            );
        }
        chunk[4..8].copy_from_slice(&500_u32.to_le_bytes());
        std::fs::write(folder.path().join("c.0.0.0"), &chunk).unwrap();
        let error =
            opened(&objects, &array, &along(0, 3)).await.unwrap().elements(0..9).unwrap_err().to_string();
        assert!(error.contains("c.0.0.0") && error.contains("500 bytes, where 504 are due"), "{error}");
    }

    proptest! {
        /// Whatever a chunk holds, a strip has as many bytes as it has elements, or there is an error.
        #[test]
        fn damaged_chunks_have_an_end(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
            places in (0..126_u64, 0..126_u64),
            block in prop::sample::select(vec![0, 64, 300]),
        ) {
            let array = Array::of_v3(&array("little"), &Limits::default()).unwrap();
            let decoder = array.decoder.as_ref().unwrap();
            let mut chunk = compressed(3, "little", BloscShuffleMode::Shuffle, 4, block);
            for (place, byte) in changes {
                let place = place.index(chunk.len());
                chunk[place] = byte;
            }
            if let Some(cut) = cut {
                chunk.truncate(cut.index(chunk.len()));
            }
            let places = places.0.min(places.1)..places.0.max(places.1);
            let (count, due) = (places.end - places.start, (4, 504));
            if let Ok(opened) = super::opened(decoder, chunk.into(), due)
                && count > 0
                && let Ok(bytes) = strip(decoder, &opened, places, 4)
            {
                prop_assert_eq!(bytes.len() as u64, count * 4);
            }
        }
    }
}
