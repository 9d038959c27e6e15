//! What was done to chunks before they were stored, named and undone.

mod bitshuffle;
mod lzf;

use flate2::{Decompress, FlushDecompress, Status};
use hdf5_reader::FilterRegistry;
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use zarrs::array::codec::bytes_to_bytes::blosc::{blosc_decompress_bytes, blosc_validate};

use crate::inflate::{self, MOST_DEFLATED};

/// Filters of the HDF5 library.
const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;
const SZIP: u16 = 4;
const NBIT: u16 = 5;
const SCALE_OFFSET: u16 = 6;

/// Filters that The HDF Group has registered.
const LZF: u16 = 32000;
const BLOSC: u16 = 32001;
const LZ4: u16 = 32004;
const BITSHUFFLE: u16 = 32008;
const ZFP: u16 = 32013;
const ZSTD: u16 = 32015;
const BLOSC_2: u16 = 32026;

/// A filter as people write it, with what sets how hard it worked.
pub(crate) fn described(filter: &FilterDescription) -> String {
    let name = name(filter);
    match (filter.id, filter.client_data.first()) {
        (DEFLATE, Some(level)) => format!("{name} {level}"),
        _ => name,
    }
}

/// The name of a filter, by the numbers that The HDF Group registers.
fn name(filter: &FilterDescription) -> String {
    let known = match filter.id {
        DEFLATE => "deflate",
        SHUFFLE => "shuffle",
        FLETCHER32 => "fletcher32",
        SZIP => "szip",
        NBIT => "nbit",
        SCALE_OFFSET => "scaleoffset",
        LZF => "lzf",
        BLOSC => "blosc",
        LZ4 => "lz4",
        BITSHUFFLE => "bitshuffle",
        ZFP => "zfp",
        ZSTD => "zstd",
        BLOSC_2 => "blosc2",
        _ => "",
    };
    match (known, &filter.name) {
        ("", Some(name)) if !name.is_empty() => format!("{name} (filter {})", filter.id),
        ("", _) => format!("filter {}", filter.id),
        (known, _) => known.to_owned(),
    }
}

/// A chunk's bytes as they were before its filters, which are undone from the last on, but for those
/// that `mask` tells were left out. `length` is how many bytes the chunk then has.
///
/// # Errors
/// What is wrong with the stored bytes, or which filter is not known.
pub(crate) fn undo(
    filters: &[FilterDescription],
    mask: u32,
    stored: &[u8],
    length: usize,
) -> Result<Vec<u8>, String> {
    let mut now: Option<Vec<u8>> = None;
    for (index, filter) in filters.iter().enumerate().rev() {
        if mask.checked_shr(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or(0) & 1 == 1 {
            continue;
        }
        let input = now.as_deref().unwrap_or(stored);
        now = Some(undo_one(filter, input, length).map_err(|what| format!("{}: {what}", name(filter)))?);
    }
    let now = now.unwrap_or_else(|| stored.to_vec());
    if now.len() < length {
        return Err(format!("{} bytes where a chunk has {length}", now.len()));
    }
    Ok(now)
}

fn undo_one(filter: &FilterDescription, input: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let setting = |index: usize| filter.client_data.get(index).map_or(1, |setting| *setting as usize);
    let most = room(length);
    match filter.id {
        NBIT if is_narrow(&filter.client_data) => {
            Err("numbers of fewer bits than they take are not read".to_owned())
        }
        DEFLATE => inflate(input, length),
        SHUFFLE => Ok(unshuffle(input, setting(0))),
        LZF => lzf::undo(input, most),
        BITSHUFFLE => bitshuffle::undo(input, &filter.client_data, most),
        ZSTD => zstd::bulk::decompress(input, most).map_err(|error| error.to_string()),
        BLOSC => unblosc(input, most),
        FLETCHER32 | SZIP | NBIT | SCALE_OFFSET | LZ4 => FilterRegistry::new()
            .apply_with_limit(filter, input, setting(0), Some(most))
            .map_err(|error| error.to_string()),
        id => Err(format!(
            "filter {id} is not known here; h5py reads it with the plugin that hdf5plugin brings"
        )),
    }
}

/// Whether nbit tells of numbers that do not fill their bytes: its settings are how many there are, whether anything
/// was done, elements, and a class, of which the first is one number: its bytes, their order, its bits, and the first.
fn is_narrow(settings: &[u32]) -> bool {
    match settings {
        [_, 0, _, 1, size, _, bits, from, ..] => *from != 0 || Some(*bits) != size.checked_mul(8),
        _ => false,
    }
}

/// Before its last filter is undone, a chunk may have more bytes than in the end: a checksum, or what
/// another filter could not make smaller.
fn room(length: usize) -> usize {
    length.saturating_add(length / 8).saturating_add(1024)
}

fn unblosc(input: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let length = blosc_validate(input).ok_or("its header does not fit its bytes")?;
    if length > most {
        return Err(format!("{length} bytes, more than {most}"));
    }
    blosc_decompress_bytes(input, length, 1).map_err(|error| error.to_string())
}

fn inflate(input: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let expected = room(length);
    if let Some(output) = inflate::zlib(input, expected) {
        return Ok(output);
    }
    let mut output =
        Vec::with_capacity(expected.min(input.len().saturating_mul(MOST_DEFLATED)).saturating_add(64));
    let status = Decompress::new(true)
        .decompress_vec(input, &mut output, FlushDecompress::Finish)
        .map_err(|error| error.to_string())?;
    match status {
        Status::StreamEnd => Ok(output),
        _ if output.len() >= expected => {
            Err(format!("more than {expected} bytes where a chunk has {length}"))
        }
        _ => Err(format!("it ends after {} bytes of {length}", output.len())),
    }
}

/// The first bytes of all elements come first, then the second, and so on.
fn unshuffle(input: &[u8], size: usize) -> Vec<u8> {
    match size {
        2 => unshuffle_by::<2>(input),
        4 => unshuffle_by::<4>(input),
        8 => unshuffle_by::<8>(input),
        0 | 1 => input.to_vec(),
        _ => unshuffle_any(input, size),
    }
}

fn unshuffle_by<const N: usize>(input: &[u8]) -> Vec<u8> {
    let count = input.len() / N;
    let planes: [&[u8]; N] = std::array::from_fn(|byte| &input[byte * count..(byte + 1) * count]);
    let mut output = vec![0; input.len()];
    let (elements, rest) = output.as_chunks_mut::<N>();
    for (index, element) in elements.iter_mut().enumerate() {
        for byte in 0..N {
            element[byte] = planes[byte][index];
        }
    }
    rest.copy_from_slice(&input[count * N..]);
    output
}

fn unshuffle_any(input: &[u8], size: usize) -> Vec<u8> {
    let count = input.len() / size;
    let mut output = vec![0; input.len()];
    for (byte, plane) in input.chunks_exact(count.max(1)).take(size).enumerate() {
        for (index, value) in plane.iter().enumerate() {
            output[index * size + byte] = *value;
        }
    }
    output[count * size..].copy_from_slice(&input[count * size..]);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nbit_of_numbers_of_fewer_bits_is_refused() {
        let undone = |bits: u32, from: u32| {
            let client_data = vec![8, 0, 1, 1, 4, 0, bits, from];
            undo_one(&FilterDescription { id: NBIT, name: None, client_data }, &[1, 2, 3, 4], 4)
        };
        assert_eq!(undone(32, 0).unwrap(), [4, 3, 2, 1]);
        for (bits, from) in [(20, 0), (28, 4)] {
            assert!(undone(bits, from).unwrap_err().contains("fewer bits"));
        }
    }
}
