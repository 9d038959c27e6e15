//! Tiles and strips: decompressed, freed of what predicted them, in the machine's byte order, band by
//! band.

use async_tiff::decoder::{Decoder, JPEGDecoder};
use async_tiff::tags::PhotometricInterpretation;
use bytes::Bytes;

use super::tags::Order;
use crate::inflate;

/// How tiles are stored.
#[derive(Clone, Debug)]
pub(super) struct Coding {
    /// TIFF's number of the compression.
    pub(super) compression: u16,
    /// 1 for none, 2 for differences along a row, 3 for those of floating-point numbers.
    pub(super) predictor: u16,
    /// Bits of a number.
    pub(super) bits: usize,
    /// Bands whose numbers lie next to each other.
    pub(super) bands: usize,
    pub(super) order: Order,
    pub(super) photometric: u16,
    pub(super) tables: Option<Bytes>,
    /// Whether bits of a byte come in the opposite order.
    pub(super) is_reversed: bool,
    /// Whether a bit that is set means 255, as GDAL shows masks.
    pub(super) is_mask: bool,
}

/// A compression for people; none for one that is not read.
pub(super) fn name(compression: u16) -> Result<&'static str, String> {
    Ok(match compression {
        1 => "none",
        5 => "lzw",
        7 => "jpeg",
        8 | 32946 => "deflate",
        32773 => "packbits",
        50000 => "zstd",
        other => {
            let known = match other {
                2..=4 => "CCITT fax",
                6 => "old JPEG",
                34712 => "JPEG 2000",
                34887 => "LERC",
                34925 => "LZMA",
                50001 => "WebP",
                50002 | 52546 => "JPEG XL",
                _ => "an unknown compression",
            };
            return Err(format!("there is no decoder for {known} (TIFF compression {other})"));
        }
    })
}

impl Coding {
    /// Bytes of a number once it is read: bits fill a byte at least.
    pub(super) fn size(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The numbers of a tile of so many columns and rows, band by band.
    pub(super) fn decode(&self, stored: &Bytes, columns: usize, rows: usize) -> Result<Vec<u8>, String> {
        let row = (columns * self.bands * self.bits).div_ceil(8);
        let length = row * rows;
        let mut bytes = self.decompressed(stored, length, columns, rows)?;
        if bytes.len() < length {
            return Err(format!("it has {} bytes where {length} are due", bytes.len()));
        }
        bytes.truncate(length);
        if self.is_reversed && self.compression != 7 {
            for byte in &mut bytes {
                *byte = byte.reverse_bits();
            }
        }
        match self.predictor {
            3 => bytes.chunks_exact_mut(row).for_each(|row| self.unpredict_floats(row)),
            predictor => {
                if !self.order.is_machines() && self.compression != 7 {
                    bytes.chunks_exact_mut(self.size()).for_each(<[u8]>::reverse);
                }
                if predictor == 2 {
                    bytes.chunks_exact_mut(row).for_each(|row| self.unpredict(row));
                }
            }
        }
        if self.bits < 8 {
            bytes = self.unpacked(&bytes, row, columns);
        }
        Ok(self.band_by_band(bytes, columns * rows))
    }

    fn decompressed(
        &self,
        stored: &Bytes,
        length: usize,
        columns: usize,
        rows: usize,
    ) -> Result<Vec<u8>, String> {
        match self.compression {
            1 => Ok(stored.to_vec()),
            5 => lzw(stored, length),
            7 => self.jpeg(stored, columns, rows),
            // A strip may go on behind the rows that are due.
            8 | 32946 => inflate::zlib(stored, length)
                .map_or_else(|| inflated(flate2::bufread::ZlibDecoder::new(stored.as_ref()), length), Ok),
            32773 => packbits(stored, length),
            50000 => match zstd::stream::read::Decoder::with_buffer(stored.as_ref()) {
                Ok(decoder) => inflated(decoder, length),
                Err(error) => Err(error.to_string()),
            },
            other => Err(name(other).err().unwrap_or_default()),
        }
    }

    fn jpeg(&self, stored: &Bytes, columns: usize, rows: usize) -> Result<Vec<u8>, String> {
        let tables = match self.tables.as_deref().filter(|tables| tables.len() >= 4) {
            Some(tables) => Some(tables_of_jpeg(tables).ok_or("its JPEG tables hold more than tables")?),
            None => None,
        };
        match frame_of_jpeg(stored) {
            Some((height, width, bands)) if height == rows && width == columns && bands == self.bands => {}
            Some((height, width, bands)) => {
                return Err(format!(
                    "its JPEG has {width} × {height} × {bands} numbers, where {columns} × {rows} × {} are due",
                    self.bands
                ));
            }
            None => return Err("its JPEG has no frame".to_owned()),
        }
        let photometric =
            PhotometricInterpretation::from_u16(self.photometric).ok_or("its colours are not known")?;
        let bands = u16::try_from(self.bands).map_err(|error| error.to_string())?;
        let decoded = JPEGDecoder.decode_tile(stored.clone(), photometric, tables, bands, 8, None);
        decoded.map_err(|error| error.to_string())
    }

    /// Undoes differences between numbers of the same band along a row.
    fn unpredict(&self, row: &mut [u8]) {
        fn add<const N: usize>(row: &mut [u8], bands: usize, sum: impl Fn([u8; N], [u8; N]) -> [u8; N]) {
            let (numbers, _) = row.as_chunks_mut::<N>();
            for index in bands..numbers.len() {
                numbers[index] = sum(numbers[index], numbers[index - bands]);
            }
        }
        match self.size() {
            1 => add::<1>(row, self.bands, |a, b| [a[0].wrapping_add(b[0])]),
            2 => add::<2>(row, self.bands, |a, b| {
                u16::from_ne_bytes(a).wrapping_add(u16::from_ne_bytes(b)).to_ne_bytes()
            }),
            4 => add::<4>(row, self.bands, |a, b| {
                u32::from_ne_bytes(a).wrapping_add(u32::from_ne_bytes(b)).to_ne_bytes()
            }),
            _ => add::<8>(row, self.bands, |a, b| {
                u64::from_ne_bytes(a).wrapping_add(u64::from_ne_bytes(b)).to_ne_bytes()
            }),
        }
    }

    /// Undoes differences of bytes, which lie by their place in a number, the highest first (Adobe
    /// Photoshop TIFF Technical Note 3).
    fn unpredict_floats(&self, row: &mut [u8]) {
        for index in self.bands..row.len() {
            row[index] = row[index].wrapping_add(row[index - self.bands]);
        }
        let size = self.size();
        let count = row.len() / size;
        let planes = row.to_vec();
        for (index, number) in row.chunks_exact_mut(size).enumerate() {
            for (place, byte) in number.iter_mut().enumerate() {
                let from_highest = if cfg!(target_endian = "little") { size - 1 - place } else { place };
                *byte = planes[from_highest * count + index];
            }
        }
    }

    /// A byte for each number of fewer bits.
    fn unpacked(&self, bytes: &[u8], row: usize, columns: usize) -> Vec<u8> {
        let numbers = columns * self.bands;
        let mask = (1u16 << self.bits) - 1;
        let mut out = Vec::with_capacity(bytes.len() / row.max(1) * numbers);
        for row in bytes.chunks_exact(row) {
            out.extend((0..numbers).map(|number| {
                let bit = number * self.bits;
                let shifted = u16::from(row[bit / 8]) >> (8 - self.bits - bit % 8);
                let number = u8::try_from(shifted & mask).unwrap_or_default();
                if self.is_mask && number > 0 { u8::MAX } else { number }
            }));
        }
        out
    }

    fn band_by_band(&self, bytes: Vec<u8>, pixels: usize) -> Vec<u8> {
        if self.bands == 1 {
            return bytes;
        }
        let size = self.size();
        let mut out = vec![0; bytes.len()];
        for (band, plane) in out.chunks_exact_mut((pixels * size).max(1)).enumerate() {
            let numbers = bytes.chunks_exact(size * self.bands);
            for (to, from) in plane.chunks_exact_mut(size).zip(numbers) {
                to.copy_from_slice(&from[band * size..(band + 1) * size]);
            }
        }
        out
    }
}

fn inflated(decoder: impl std::io::Read, length: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(length);
    let read = std::io::Read::take(decoder, length as u64);
    let mut read = std::io::BufReader::new(read);
    match std::io::Read::read_to_end(&mut read, &mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}

fn lzw(stored: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let mut bytes = vec![0; length];
    let (mut taken, mut given) = (0, 0);
    while given < length {
        let step = decoder.decode_bytes(&stored[taken..], &mut bytes[given..]);
        taken += step.consumed_in;
        given += step.consumed_out;
        match step.status {
            Ok(weezl::LzwStatus::Ok) if step.consumed_in > 0 || step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    bytes.truncate(given);
    Ok(bytes)
}

fn packbits(stored: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(length);
    let mut rest = stored;
    while let (Some((head, behind)), true) = (rest.split_first(), bytes.len() < length) {
        rest = match *head {
            128 => behind,
            head @ 0..=127 => {
                let (run, behind) =
                    behind.split_at_checked(usize::from(head) + 1).ok_or("its packed bytes are cut off")?;
                bytes.extend_from_slice(run);
                behind
            }
            head => {
                let (byte, behind) = behind.split_first().ok_or("its packed bytes are cut off")?;
                bytes.resize(bytes.len() + 257 - usize::from(head), *byte);
                behind
            }
        };
    }
    Ok(bytes)
}

/// Tables of JPEG up to the marker of their end, where there is nothing else before it: a frame would be decoded
/// in the place of the tile's.
fn tables_of_jpeg(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, behind @ ..] = rest else { return None };
        match *marker {
            0xff => rest = &rest[1..],
            0xd9 => return jpeg.get(..jpeg.len() - behind.len()),
            // Huffman tables, quantization tables, restarts, what applications say, comments.
            0xc4 | 0xdb | 0xdd | 0xe0..=0xef | 0xfe => {
                let length = usize::from(u16::from_be_bytes(*behind.first_chunk()?));
                rest = behind.get(length.max(2)..)?;
            }
            _ => return None,
        }
    }
}

/// Rows, columns and bands of a JPEG, from its frame's header.
fn frame_of_jpeg(jpeg: &[u8]) -> Option<(usize, usize, usize)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, high, low, behind @ ..] = rest else { return None };
        if *marker == 0xff {
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if matches!(*marker, 0xc0..=0xcf) && !matches!(*marker, 0xc4 | 0xc8 | 0xcc) {
            let [_, rows @ ..] = behind else { return None };
            let [a, b, c, d, bands, ..] = rows else { return None };
            let number = |high: &u8, low: &u8| usize::from(u16::from_be_bytes([*high, *low]));
            return Some((number(a, b), number(c, d), usize::from(*bands)));
        }
        rest = rest.get(2 + length.max(2)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(compression: u16, predictor: u16, bits: usize, bands: usize) -> Coding {
        let order = Order::Little;
        Coding {
            compression,
            predictor,
            bits,
            bands,
            order,
            photometric: 1,
            tables: None,
            is_reversed: false,
            is_mask: false,
        }
    }

    #[test]
    fn differences_are_summed_band_by_band() {
        let stored = Bytes::from_static(&[1, 10, 1, 1, 1, 1, 5, 50, 1, 1, 1, 1]);
        let decoded = coding(1, 2, 8, 2).decode(&stored, 3, 2).unwrap();
        assert_eq!(decoded, [1, 2, 3, 5, 6, 7, 10, 11, 12, 50, 51, 52]);
        let big = Coding { order: Order::Big, ..coding(1, 2, 16, 1) };
        let decoded = big.decode(&Bytes::from_static(&[1, 0, 0, 1]), 2, 1).unwrap();
        assert_eq!(decoded, [256u16.to_ne_bytes(), 257u16.to_ne_bytes()].concat());
    }

    #[test]
    fn bits_become_bytes() {
        let decoded =
            coding(1, 1, 1, 1).decode(&Bytes::from_static(&[0b1010_0000, 0b0100_0000]), 3, 2).unwrap();
        assert_eq!(decoded, [1, 0, 1, 0, 1, 0]);
        let decoded = coding(1, 1, 4, 1).decode(&Bytes::from_static(&[0x12, 0x30]), 3, 1).unwrap();
        assert_eq!(decoded, [1, 2, 3]);
    }

    #[test]
    fn tables_of_jpeg_hold_no_frame() {
        let tables = [0xff, 0xd8, 0xff, 0xff, 0xdb, 0, 3, 9, 0xff, 0xc4, 0, 2, 0xff, 0xd9];
        assert_eq!(tables_of_jpeg(&tables), Some(&tables[..]));
        assert_eq!(tables_of_jpeg(&[&tables[..], &[0, 0]].concat()), Some(&tables[..]));
        assert_eq!(tables_of_jpeg(&tables[..12]), None);
        let frame = [0xff, 0xc0, 0, 11, 8, 0xff, 0xdc, 0xff, 0xdc, 1, 1, 0x11, 0];
        let hostile = [&tables[..8], &frame[..], &tables[8..]].concat();
        assert_eq!(tables_of_jpeg(&hostile), None);
        let mut coding = coding(7, 1, 8, 1);
        coding.tables = Some(hostile.into());
        let mut small = [&[0xff, 0xd8][..], &frame[..], &[0xff, 0xd9]].concat();
        small[7..11].copy_from_slice(&[0, 2, 0, 2]);
        assert!(coding.decode(&small.into(), 2, 2).unwrap_err().contains("more than tables"));
    }

    #[test]
    fn packed_bytes_come_back() {
        assert_eq!(packbits(&[2, 7, 8, 9, 254, 1], 6).unwrap(), [7, 8, 9, 1, 1, 1]);
        assert!(packbits(&[2, 7], 6).is_err());
    }

    #[test]
    fn what_is_too_short_is_told() {
        assert!(
            coding(1, 1, 8, 1)
                .decode(&Bytes::from_static(&[1, 2]), 2, 2)
                .unwrap_err()
                .contains("2 bytes where 4")
        );
        for compression in [5, 7, 8, 32773, 50000] {
            assert!(
                coding(compression, 1, 8, 1).decode(&Bytes::from_static(&[1, 2, 3]), 2, 2).is_err(),
                "{compression}"
            );
        }
        assert!(name(34887).unwrap_err().contains("LERC"));
    }
}
