//! What turns a chunk as it is stored into the bytes of its elements. Whatever a chunk says of
//! itself, no step gives more bytes than a chunk can have.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use serde_json::Value;
use zarrs::array::BytesRepresentation;
use zarrs::array::codec::api::{BytesToBytesCodecTraits, Codec, CodecOptions};
use zarrs::array::codec::{BloscCodec, BloscCompressor, BloscShuffleMode};
use zarrs::metadata::v3::MetadataV3;

/// A step, in the terms of numcodecs and of Zarr v3.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Zlib,
    Gzip,
    Zstd,
    Bz2,
    Lz4,
    Blosc(Arc<BloscCodec>),
    Shuffle(usize),
    Fletcher32,
    /// Of those that keep the length of what they are given, or add a checksum.
    Checked(Arc<dyn BytesToBytesCodecTraits>),
}

/// Steps that are none of an array's elements but of its bytes, by their names without `numcodecs.`.
const BYTES: [&str; 14] = [
    "zlib",
    "gzip",
    "zstd",
    "bz2",
    "lz4",
    "blosc",
    "shuffle",
    "crc32c",
    "fletcher32",
    "adler32",
    "crc32",
    "lzma",
    "jenkins_lookup3",
    "gdeflate",
];

/// Whether a codec of this name works on bytes.
pub(super) fn is_of_bytes(name: &str) -> bool {
    BYTES.contains(&plain(name))
}

/// A codec's name without what says where it comes from.
pub(super) fn plain(name: &str) -> &str {
    name.strip_prefix("numcodecs.").unwrap_or(name)
}

impl Step {
    /// The step of a codec by its name and settings; what is wrong with it where there is none.
    pub(super) fn new(name: &str, settings: &Value) -> Result<Self, String> {
        Ok(match plain(name) {
            "zlib" => Self::Zlib,
            "gzip" => Self::Gzip,
            "zstd" => Self::Zstd,
            "bz2" => Self::Bz2,
            "lz4" => Self::Lz4,
            "blosc" => Self::Blosc(Arc::new(blosc()?)),
            "shuffle" => {
                let size = settings
                    .get("elementsize")
                    .map_or(Some(4), Value::as_u64)
                    .and_then(|size| usize::try_from(size).ok());
                Self::Shuffle(size.filter(|size| *size > 0).ok_or("shuffle without a good elementsize")?)
            }
            "fletcher32" => Self::Fletcher32,
            name @ "crc32c" => match Codec::from_metadata(&MetadataV3::new(name)) {
                Ok(Codec::BytesToBytes(codec)) => Self::Checked(codec),
                _ => return Err(unknown(name)),
            },
            name => return Err(unknown(name)),
        })
    }

    /// The bytes before this step was done to them, `most` at the most.
    pub(super) fn undo<'a>(&self, stored: Cow<'a, [u8]>, most: u64) -> Result<Cow<'a, [u8]>, String> {
        let bytes = match self {
            Self::Zlib => bounded(flate2::bufread::ZlibDecoder::new(&*stored), &stored, most)?,
            Self::Gzip => bounded(flate2::bufread::MultiGzDecoder::new(&*stored), &stored, most)?,
            Self::Bz2 => bounded(bzip2::bufread::MultiBzDecoder::new(&*stored), &stored, most)?,
            Self::Zstd => zstd(&stored, most)?,
            Self::Lz4 => lz4(&stored, most)?,
            Self::Shuffle(size) => unshuffled(&stored, *size),
            Self::Fletcher32 => return summed(stored),
            Self::Blosc(codec) => {
                within(told_by_blosc(&stored)?, most)?;
                return checked(codec.as_ref(), stored);
            }
            Self::Checked(codec) => return checked(codec.as_ref(), stored),
        };
        Ok(Cow::Owned(bytes))
    }
}

/// How many bytes a chunk of Blosc says that it has.
fn told_by_blosc(stored: &[u8]) -> Result<u64, String> {
    let says = stored.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    Ok(says.ok_or("the blosc header is not whole")?.into())
}

fn unknown(name: &str) -> String {
    format!("there is no decoder for the codec `{name}`")
}

/// Which of its kinds was used is in each chunk.
fn blosc() -> Result<BloscCodec, String> {
    let level = 5u8.try_into().map_err(|_| "blosc has no level 5")?;
    BloscCodec::new(BloscCompressor::LZ4, level, None, BloscShuffleMode::NoShuffle, None)
        .map_err(|error| error.to_string())
}

fn checked<'a>(codec: &dyn BytesToBytesCodecTraits, stored: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, String> {
    let decoded = codec.decode(stored, &BytesRepresentation::UnboundedSize, &CodecOptions::default());
    decoded.map_err(|error| error.to_string())
}

fn within(size: u64, most: u64) -> Result<(), String> {
    if size <= most {
        return Ok(());
    }
    Err(format!("it says that it has {size} bytes, where {most} are the most that can be"))
}

fn bounded(decoder: impl Read, stored: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let guess = stored.len().saturating_mul(4).min(usize::try_from(most).unwrap_or(usize::MAX));
    let mut bytes = Vec::with_capacity(guess);
    decoder.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    within(bytes.len() as u64, most)?;
    Ok(bytes)
}

fn zstd(stored: &[u8], most: u64) -> Result<Vec<u8>, String> {
    match zstd::zstd_safe::get_frame_content_size(stored) {
        Ok(Some(size)) => within(size, most)?,
        Ok(None) => return zstd_of_unknown_size(stored, most),
        Err(_) => return Err("it is no zstd frame".to_owned()),
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let size = zstd::zstd_safe::get_frame_content_size(stored)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok());
    let whole = size.and_then(|size| zstd::bulk::decompress(stored, size).ok());
    // A chunk may be several frames, of which the first tells its own size only.
    whole.map_or_else(|| zstd_of_unknown_size(stored, most as u64), Ok)
}

fn zstd_of_unknown_size(stored: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(|error| error.to_string())?;
    bounded(decoder, stored, most)
}

/// As numcodecs stores it: the length first.
fn lz4(stored: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let (size, block) = stored.split_first_chunk().ok_or("it is too short for lz4")?;
    let size = u32::from_le_bytes(*size);
    within(u64::from(size), most)?;
    lz4_flex::block::decompress(block, size as usize).map_err(|error| error.to_string())
}

/// Bytes before their checksum, which lies behind them.
fn summed(mut stored: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, String> {
    let (bytes, told) = stored.split_last_chunk().ok_or("it is too short for a checksum")?;
    let (told, sum, length) = (u32::from_le_bytes(*told), fletcher32(bytes), bytes.len());
    // HDF5 before 1.6.3 wrote the bytes of each half in the other order on little-endian machines.
    if told != sum && told != (sum & 0x00ff_00ff) << 8 | (sum & 0xff00_ff00) >> 8 {
        return Err(format!("its checksum is {sum:08x}, where {told:08x} is told"));
    }
    match &mut stored {
        Cow::Borrowed(stored) => *stored = &stored[..length],
        Cow::Owned(stored) => stored.truncate(length),
    }
    Ok(stored)
}

/// The checksum Fletcher-32 as HDF5 has it (`H5_checksum_fletcher32` in `H5checksum.c`): of words of 16 bits,
/// the higher byte first; a last byte alone is the higher one of a word. zarrs leaves that byte out.
fn fletcher32(bytes: &[u8]) -> u32 {
    let folded = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let (mut one, mut two) = (0u32, 0u32);
    // So many words are added without an overflow.
    for block in bytes.chunks(2 * 360) {
        for word in block.chunks(2) {
            one += u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0));
            two += one;
        }
        (one, two) = (folded(one), folded(two));
    }
    folded(two) << 16 | folded(one)
}

fn unshuffled(stored: &[u8], size: usize) -> Vec<u8> {
    let count = stored.len() / size;
    let mut bytes = stored.to_vec();
    for place in 0..size {
        let column = &stored[place * count..(place + 1) * count];
        for (element, byte) in bytes.chunks_exact_mut(size).zip(column) {
            element[place] = *byte;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn undone(name: &str, stored: &[u8], most: u64) -> Result<Vec<u8>, String> {
        Step::new(name, &Value::Null).unwrap().undo(Cow::Borrowed(stored), most).map(Cow::into_owned)
    }

    #[test]
    fn no_step_gives_more_than_a_chunk_can_have() {
        let plain = vec![7u8; 100_000];
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(&plain).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&plain).unwrap();
        let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
        bz2.write_all(&plain).unwrap();
        let mut streamed = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        streamed.write_all(&plain).unwrap();
        let mut lz4 = 100_000u32.to_le_bytes().to_vec();
        lz4.extend(lz4_flex::block::compress(&plain));
        let stored = [
            ("zlib", zlib.finish().unwrap()),
            ("gzip", gzip.finish().unwrap()),
            ("bz2", bz2.finish().unwrap()),
            ("zstd", streamed.finish().unwrap()),
            ("zstd", zstd::bulk::compress(&plain, 3).unwrap()),
            ("lz4", lz4),
        ];
        for (name, stored) in stored {
            assert_eq!(undone(name, &stored, 100_000).unwrap(), plain, "{name}");
            assert!(undone(name, &stored, 99_999).is_err(), "{name}");
            assert!(undone(name, &stored[..stored.len() / 2], 100_000).is_err(), "{name}");
        }
    }

    #[test]
    fn shuffled_bytes_come_back() {
        assert_eq!(unshuffled(&[1, 4, 2, 5, 3, 6], 3), [1, 2, 3, 4, 5, 6]);
        assert_eq!(unshuffled(&[1, 3, 2, 4, 9], 2), [1, 2, 3, 4, 9]);
    }

    #[test]
    fn checksums_are_those_of_hdf5_also_of_odd_lengths() {
        // As HDF5 1.14 makes them.
        let sums: [(&[u8], u32); 4] =
            [(b"abcde", 0x4ff0_29c7), (b"abcdef", 0x5056_2a2d), (&[0xff; 7], 0xff00_ff00), (&[0; 721], 0)];
        for (bytes, sum) in sums {
            assert_eq!(fletcher32(bytes), sum, "{bytes:?}");
            let mut stored = [bytes, &sum.to_le_bytes()].concat();
            assert_eq!(undone("fletcher32", &stored, 1000).unwrap(), bytes);
            stored[0] ^= 1;
            assert!(undone("fletcher32", &stored, 1000).unwrap_err().contains("checksum"));
        }
        assert!(undone("fletcher32", &[1, 2, 3], 100).is_err());
    }

    #[test]
    fn a_codec_that_there_is_not_is_named() {
        assert!(Step::new("numcodecs.lzma", &Value::Null).unwrap_err().contains("`lzma`"));
        assert!(Step::new("shuffle", &serde_json::json!({"elementsize": 0})).is_err());
    }
}
