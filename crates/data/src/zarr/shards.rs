//! Chunks inside of chunks, which the codec `sharding_indexed` makes.

use std::borrow::Cow;
use std::num::NonZeroU64;

use serde_json::{Value, json};
use zarrs::array::CodecChain;
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecOptions};

use super::array::{Decoder, lengths, name_of};
use crate::dataset::{Extent, Values};
use crate::limits::{Limits, product};
use crate::mosaic::{Canvas, Decoded, Elements, touched};

/// The codec that makes shards.
pub(super) const NAME: &str = "sharding_indexed";

/// Chunks inside of a shard, and the index that tells where they are.
#[derive(Debug)]
pub(super) struct Shards {
    /// Elements of a chunk.
    pub(super) chunks: Vec<u64>,
    /// How the index is decoded.
    index: CodecChain,
    /// Bytes of the index.
    pub(super) size: u64,
    /// Whether it lies at the shard's beginning, and not at its end.
    pub(super) is_first: bool,
    /// Chunks along each dimension of a shard.
    counts: Vec<NonZeroU64>,
}

/// A shard inside of a shard: it is decoded as a whole, each of its chunks within its own bounds.
#[derive(Debug)]
pub(super) struct Nested {
    pub(super) shards: Shards,
    pub(super) inner: Decoder,
    pub(super) limits: Limits,
}

impl Shards {
    pub(super) fn new(settings: &Value, shard: &[u64], limits: &Limits) -> Result<Self, String> {
        let chunks = lengths(settings.get("chunk_shape"), "shape of a shard's chunks")?;
        let fits = chunks.len() == shard.len()
            && chunks.iter().zip(shard).all(|(chunk, shard)| *chunk > 0 && shard % chunk == 0);
        if !fits {
            return Err(format!("chunks of {chunks:?} cannot make a shard of {shard:?}"));
        }
        let counts: Vec<u64> = shard.iter().zip(&chunks).map(|(shard, chunk)| shard / chunk).collect();
        let entries = product(&counts, 1).filter(|count| *count <= limits.chunks);
        let entries = entries.ok_or_else(|| format!("a shard has more than {} chunks", limits.chunks))?;
        let codecs =
            settings.get("index_codecs").and_then(Value::as_array).ok_or("there are no index_codecs")?;
        let mut size = entries * 16;
        for codec in codecs {
            match name_of(codec) {
                "bytes" => {}
                "crc32c" => size += 4,
                name => return Err(format!("the codec `{name}` cannot be a shard's index")),
            }
        }
        let index = serde_json::from_value(json!(codecs))
            .ok()
            .and_then(|codecs: Vec<_>| CodecChain::from_metadata(&codecs).ok());
        let index = index.ok_or("the index_codecs are not whole")?;
        let is_first = settings.get("index_location").and_then(Value::as_str) == Some("start");
        let counts = counts.into_iter().chain([2]).filter_map(NonZeroU64::new).collect();
        Ok(Self { chunks, index, size, is_first, counts })
    }

    /// Where the chunks of a shard lie in it, in row-major order: first byte and length, none for a
    /// chunk that was never written.
    pub(super) fn places(&self, index: &[u8]) -> Result<Vec<Option<(u64, u64)>>, String> {
        let data_type = zarrs::array::data_type::uint64();
        let decoded = self.index.decode(
            Cow::Borrowed(index),
            &self.counts,
            &data_type,
            &u64::MAX.into(),
            &CodecOptions::default(),
        );
        let decoded = decoded.map_err(|error| format!("its index cannot be read: {error}"))?;
        let bytes = decoded.into_fixed().map_err(|error| error.to_string())?;
        let numbers: Vec<u64> =
            bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes)).collect();
        Ok(numbers
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[from, length]| (*from != u64::MAX).then_some((*from, *length)))
            .collect())
    }

    /// Which chunk of a shard has this place, counted in chunks from the shard's beginning.
    pub(super) fn number(&self, place: impl Iterator<Item = u64>) -> Option<usize> {
        let number = place.zip(&self.counts).fold(0, |number, (place, count)| number * count.get() + place);
        usize::try_from(number).ok()
    }
}

impl Nested {
    /// The elements of a shard of this shape.
    pub(super) fn decode(&self, stored: &[u8], shape: &[u64]) -> Result<Decoded, String> {
        let size = usize::try_from(self.shards.size).ok();
        let split = size.and_then(|size| {
            if self.shards.is_first {
                stored.get(..size)
            } else {
                stored.get(stored.len().checked_sub(size)?..)
            }
        });
        let places = self.shards.places(split.ok_or("a shard in it is shorter than its index")?)?;
        let (element, limits) = (&self.inner.element, &self.limits);
        let canvas = Canvas::new(&element.data_type, shape.to_vec(), &self.inner.fill, limits);
        let mut canvas = canvas.map_err(|error| error.to_string())?;
        let whole: Vec<Extent> = shape.iter().map(|length| Extent::whole(*length)).collect();
        let chunks = touched(&whole, &self.shards.chunks, limits).map_err(|error| error.to_string())?;
        let mut texts = 0u64;
        for (touched, place) in chunks.iter().zip(places) {
            let Some((from, length)) = place else { continue };
            let end = from.checked_add(length).and_then(|end| usize::try_from(end).ok());
            let bytes = usize::try_from(from).ok().zip(end).and_then(|(from, end)| stored.get(from..end));
            let bytes = bytes.ok_or("the index of a shard in it points beyond its end")?;
            let decoded = self.inner.decode(bytes, None)?;
            if let Elements::Texts(all) = &decoded.elements {
                texts = all.iter().fold(texts, |sum, text| sum.saturating_add(text.len() as u64));
            }
            if texts > limits.chunk {
                return Err(format!("its texts have more than {} bytes", limits.chunk));
            }
            if !canvas.place(decoded, &touched.overlaps) {
                return Err("a chunk in it has too few elements".to_owned());
            }
        }
        let Values { data_type, bytes, texts, .. } = canvas.finish();
        let elements =
            if data_type.size().is_some() { Elements::Numbers(bytes) } else { Elements::Texts(texts) };
        Ok(Decoded { elements, shape: shape.to_vec() })
    }
}
