//! An image of a TIFF: its size, the type of its numbers, how its tiles lie.

use super::tags::{Directory, Order, Tiff};
use super::tile::{Coding, name};
use crate::dataset::DataType;
use crate::error::{Error, Result};
use crate::limits::{Limits, product};

/// An image.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) directory: Directory,
    pub(super) bands: u64,
    pub(super) height: u64,
    pub(super) width: u64,
    pub(super) data_type: DataType,
    /// Rows and columns of a tile or strip.
    pub(super) tile: (u64, u64),
    /// Whether each band lies by itself.
    pub(super) is_planar: bool,
    pub(super) is_tiled: bool,
    /// What is unlike the image of full size.
    pub(super) kind: Kind,
    pub(super) coding: std::result::Result<Coding, String>,
}

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) is_reduced: bool,
    pub(super) is_mask: bool,
}

mod tag {
    pub(super) const SUBFILE: u16 = 254;
    pub(super) const WIDTH: u16 = 256;
    pub(super) const HEIGHT: u16 = 257;
    pub(super) const BITS: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const BANDS: u16 = 277;
    pub(super) const ROWS: u16 = 278;
    pub(super) const PLANAR: u16 = 284;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_HEIGHT: u16 = 323;
    pub(super) const FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
}

impl Image {
    pub(super) fn new(tiff: &Tiff, number: usize, limits: &Limits) -> Result<Self> {
        let directory = tiff.directories[number].clone();
        let order = tiff.order;
        let damaged = |what: &str| Error::Damaged {
            address: tiff.address(),
            what: format!("its directory {number} {what}"),
        };
        let one = |tag| directory.integer(order, tag);
        let length = |tag| one(tag).filter(|length| (1..=u64::from(u32::MAX)).contains(length));
        let (width, height) =
            length(tag::WIDTH).zip(length(tag::HEIGHT)).ok_or_else(|| damaged("has no width and height"))?;
        let bands = one(tag::BANDS).unwrap_or(1);
        if !(1..=65_535).contains(&bands) {
            return Err(damaged("has no bands"));
        }
        let is_planar = one(tag::PLANAR) == Some(2) && bands > 1;
        let is_tiled = one(tag::TILE_WIDTH).is_some();
        let tile = if is_tiled {
            length(tag::TILE_HEIGHT)
                .zip(length(tag::TILE_WIDTH))
                .ok_or_else(|| damaged("has tiles of no size"))?
        } else {
            (one(tag::ROWS).filter(|rows| *rows > 0).unwrap_or(height).min(height), width)
        };
        let numbers = directory.integers(order, tag::BITS);
        let bits = numbers.first().copied().unwrap_or(1);
        let format = directory.integers(order, tag::FORMAT);
        let same = |numbers: &[u64]| numbers.windows(2).all(|two| two[0] == two[1]);
        let format_code = format.first().copied().unwrap_or(1);
        let known = data_type(bits, format_code).filter(|_| same(&numbers) && same(&format));
        let data_type = known.clone().unwrap_or(DataType::Opaque(0));
        let coding = known
            .ok_or_else(|| format!("numbers of {numbers:?} bits in the format {format:?} are not read"))
            .and_then(|data_type| {
                coding(&directory, order, &data_type, bits, if is_planar { 1 } else { bands })
            });
        let together = if is_planar { 1 } else { bands };
        let size = data_type.size().unwrap_or(1).max(1) as u64;
        let fits = product(&[together, tile.0, tile.1], size).is_some_and(|bytes| bytes <= limits.chunk);
        if !fits {
            return Err(damaged(&format!(
                "has tiles of {} × {} × {together} numbers, more than {} bytes",
                tile.0, tile.1, limits.chunk
            )));
        }
        let subfile = one(tag::SUBFILE).unwrap_or(0);
        let kind = Kind { is_reduced: subfile & 1 != 0, is_mask: subfile & 4 != 0 };
        Ok(Self { directory, bands, height, width, data_type, tile, is_planar, is_tiled, kind, coding })
    }

    pub(super) fn shape(&self) -> Vec<u64> {
        vec![self.bands, self.height, self.width]
    }

    /// Bands, rows and columns of what is stored in one piece.
    pub(super) fn chunks(&self) -> Vec<u64> {
        vec![if self.is_planar { 1 } else { self.bands }, self.tile.0, self.tile.1]
    }

    /// The tags of where tiles or strips lie, and how long they are.
    pub(super) fn lists(&self) -> (u16, u16) {
        if self.is_tiled { (324, 325) } else { (273, 279) }
    }

    /// Which tile of the file a chunk is.
    pub(super) fn number(&self, index: &[u64]) -> u64 {
        let across = self.width.div_ceil(self.tile.1);
        let down = self.height.div_ceil(self.tile.0);
        match index {
            [band, row, column] => (band * down + row) * across + column,
            _ => 0,
        }
    }

    /// Rows that a chunk has: the last strip may have fewer.
    pub(super) fn rows(&self, origin: &[u64]) -> u64 {
        let first = origin.get(1).copied().unwrap_or(0);
        if self.is_tiled { self.tile.0 } else { self.tile.0.min(self.height.saturating_sub(first)) }
    }

    /// How numbers lie in tiles and what was done to these, for readers of the tree.
    pub(super) fn filters(&self) -> Vec<String> {
        let Ok(coding) = &self.coding else { return Vec::new() };
        let predictor = match coding.predictor {
            2 => Some("horizontal predictor".to_owned()),
            3 => Some("floating-point predictor".to_owned()),
            _ => None,
        };
        let compression =
            (coding.compression != 1).then(|| name(coding.compression).unwrap_or_default().to_owned());
        let is_short = !self.is_tiled && !self.height.is_multiple_of(self.tile.0);
        let layout = [
            ((coding.bands > 1).then_some("interleaved bands")),
            ((coding.bits < 8).then_some("packed bits")),
            (is_short.then_some("short last strip")),
            ((coding.order == Order::Big && coding.size() > 1).then_some("big-endian")),
            ((coding.is_reversed && coding.compression != 7).then_some("reversed bits")),
        ];
        layout.into_iter().flatten().map(str::to_owned).chain(predictor).chain(compression).collect()
    }
}

/// The type of numbers of so many bits in a format of TIFF: 1 whole ones, 2 with a sign, 3 with a
/// point, 6 complex ones.
fn data_type(bits: u64, format: u64) -> Option<DataType> {
    Some(match (format, bits) {
        (1 | 4, 1 | 2 | 4 | 8) => DataType::U8,
        (1 | 4, 16) => DataType::U16,
        (1 | 4, 32) => DataType::U32,
        (1 | 4, 64) => DataType::U64,
        (2, 8) => DataType::I8,
        (2, 16) => DataType::I16,
        (2, 32) => DataType::I32,
        (2, 64) => DataType::I64,
        (3, 16) => DataType::F16,
        (3, 32) => DataType::F32,
        (3, 64) => DataType::F64,
        (6, 64) => DataType::C64,
        (6, 128) => DataType::C128,
        _ => return None,
    })
}

fn coding(
    directory: &Directory,
    order: Order,
    data_type: &DataType,
    bits: u64,
    bands: u64,
) -> std::result::Result<Coding, String> {
    let small = |tag| directory.integer(order, tag).map(|number| u16::try_from(number).unwrap_or(u16::MAX));
    let compression = small(tag::COMPRESSION).unwrap_or(1);
    name(compression)?;
    let predictor = match small(tag::PREDICTOR).unwrap_or(1) {
        // Predictors are for compressions that are exact.
        _ if !matches!(compression, 5 | 8 | 32946 | 50000) => 1,
        predictor @ 1 => predictor,
        predictor @ 2 if matches!(bits, 8 | 16 | 32 | 64) && !matches!(data_type, DataType::C64) => predictor,
        predictor @ 3 if matches!(data_type, DataType::F16 | DataType::F32 | DataType::F64) => predictor,
        other => return Err(format!("the predictor {other} of numbers of {bits} bits is not read")),
    };
    let is_complex = matches!(data_type, DataType::C64 | DataType::C128);
    if is_complex && !order.is_machines() {
        return Err("complex numbers in the other byte order are not read".to_owned());
    }
    if compression == 7 && bits != 8 {
        return Err(format!("JPEG of numbers of {bits} bits is not read"));
    }
    Ok(Coding {
        compression,
        predictor,
        bits: usize::try_from(bits).unwrap_or(8),
        bands: usize::try_from(bands).unwrap_or(1),
        order,
        photometric: small(tag::PHOTOMETRIC).unwrap_or(1),
        tables: directory.raw(tag::JPEG_TABLES),
        is_reversed: small(tag::FILL_ORDER) == Some(2),
        is_mask: small(tag::SUBFILE).is_some_and(|kind| kind & 4 != 0),
    })
}
