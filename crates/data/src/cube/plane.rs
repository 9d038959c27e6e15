//! A part of a plane of a cube, while it is put together of images.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::grid::Window;
use super::mapping::Mapping;
use super::numbers::{self, Get, Put};
use crate::dataset::{DataType, Values};
use crate::overlap::filled;

/// What is added to a position before it is rounded down, as GDAL does: a middle on the edge between two
/// pixels lies in the second, whatever rounding made of it.
const EDGE: f64 = 1e-10;

/// How values between pixels are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// The pixel in which the position lies.
    #[default]
    Nearest,
    /// The four around it, by their distance; those without a value are left out.
    Bilinear,
}

impl Resampling {
    /// By its name, as GDAL has it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "nearest" => Some(Self::Nearest),
            "bilinear" => Some(Self::Bilinear),
            _ => None,
        }
    }
}

/// A part of one band of an image.
#[derive(Debug)]
pub(super) struct Block {
    /// The part, in pixels of the image.
    pub(super) window: Window,
    /// The numbers of the part, row by row.
    pub(super) values: Values,
    /// Bytes for its pixels, 0 for those without a value.
    pub(super) mask: Option<Values>,
    /// The number of pixels without a value.
    pub(super) nodata: Option<f64>,
    /// What numbers are multiplied by, and what is added then.
    pub(super) unpacked: Option<(f64, f64)>,
}

/// How a block is laid into a plane.
#[derive(Clone, Debug)]
pub(super) struct Laying {
    pub(super) mapping: Mapping,
    pub(super) resampling: Resampling,
    /// The pixels of the grid that are laid.
    pub(super) part: Window,
}

/// Pixels of a window of a grid; what was laid first stays.
#[derive(Debug)]
pub(super) struct Plane {
    window: Window,
    data_type: DataType,
    size: usize,
    put: Put,
    bytes: Vec<u8>,
    filled: Vec<bool>,
}

impl Plane {
    /// All pixels without a value; none for a type that is no number, or more than the memory of this machine
    /// could be told to hold.
    pub(super) fn new(window: Window, data_type: &DataType, fill: f64) -> Option<Self> {
        let (_, put) = numbers::of(data_type)?;
        let size = data_type.size()?;
        let count = usize::try_from(window.width.checked_mul(window.height)?).ok()?;
        let mut one = vec![0; size];
        put(&mut one, fill);
        let bytes = filled(count.checked_mul(size)?, &one);
        Some(Self { window, data_type: data_type.clone(), size, put, bytes, filled: vec![false; count] })
    }

    /// Whether all pixels have values.
    pub(super) fn is_full(&self) -> bool {
        self.filled.iter().all(|filled| *filled)
    }

    /// The bytes, row by row.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Lays a block into the pixels that have no value yet.
    pub(super) fn lay(&mut self, block: &Block, laying: &Laying) {
        let Some((get, _)) = numbers::of(&block.values.data_type) else { return };
        let Ok(width) = usize::try_from(self.window.width) else { return };
        if width == 0 {
            return;
        }
        let Window { column, row, width: columns, height: rows } = laying.part;
        let is_copy = block.values.data_type == self.data_type
            && laying.resampling == Resampling::Nearest
            && block.unpacked.is_none();
        let sampled = Sampled { block, get };
        let (size, put, window) = (self.size, self.put, self.window);
        let lines = self.bytes.par_chunks_mut(width * size).zip(self.filled.par_chunks_mut(width));
        lines.enumerate().for_each(|(line, (bytes, filled))| {
            let at = window.row + line as u64;
            if at < row || at >= row + rows {
                return;
            }
            let pixels = bytes.chunks_exact_mut(size).zip(filled).zip(window.column..);
            for ((pixel, filled), place) in pixels {
                if *filled || place < column || place >= column + columns {
                    continue;
                }
                let Some((x, y)) = laying.mapping.pixel(place, at) else { continue };
                if is_copy {
                    let Some(from) = sampled.nearest(x, y) else { continue };
                    let Some(from) = block.values.bytes.get(from * size..(from + 1) * size) else { continue };
                    pixel.copy_from_slice(from);
                } else {
                    let Some(number) = sampled.number(x, y, laying.resampling) else { continue };
                    let (scale, offset) = block.unpacked.unwrap_or((1.0, 0.0));
                    put(pixel, if block.unpacked.is_some() { number * scale + offset } else { number });
                }
                *filled = true;
            }
        });
    }
}

/// A block whose numbers are asked for by positions in the image.
struct Sampled<'a> {
    block: &'a Block,
    get: Get,
}

impl Sampled<'_> {
    /// Where in the block the pixel is, if it is there and has a value.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are checked first")]
    fn valid(&self, column: f64, row: f64) -> Option<usize> {
        let Window { column: left, row: top, width, height } = self.block.window;
        if column < 0.0 || row < 0.0 {
            return None;
        }
        let (column, row) = ((column as u64).checked_sub(left)?, (row as u64).checked_sub(top)?);
        if column >= width || row >= height {
            return None;
        }
        let index = usize::try_from(row * width + column).ok()?;
        let number = (self.get)(&self.block.values.bytes, index);
        #[expect(clippy::float_cmp, reason = "pixels without a value have exactly this number")]
        let is_missing = number.is_nan() || self.block.nodata.is_some_and(|nodata| nodata == number);
        let masked = self.block.mask.as_ref().is_some_and(|mask| mask.bytes.get(index) == Some(&0));
        (!is_missing && !masked).then_some(index)
    }

    fn nearest(&self, x: f64, y: f64) -> Option<usize> {
        self.valid((x + EDGE).floor(), (y + EDGE).floor())
    }

    fn number(&self, x: f64, y: f64, resampling: Resampling) -> Option<f64> {
        let nearest = self.nearest(x, y)?;
        let at = |index| (self.get)(&self.block.values.bytes, index);
        if resampling == Resampling::Nearest {
            return Some(at(nearest));
        }
        let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
        let (right, bottom) = (x - 0.5 - left, y - 0.5 - top);
        let around = [
            (left, top, (1.0 - right) * (1.0 - bottom)),
            (left + 1.0, top, right * (1.0 - bottom)),
            (left, top + 1.0, (1.0 - right) * bottom),
            (left + 1.0, top + 1.0, right * bottom),
        ];
        let (mut sum, mut weights) = (0.0, 0.0);
        for (column, row, weight) in around {
            if weight > 0.0
                && let Some(index) = self.valid(column, row)
            {
                sum += at(index) * weight;
                weights += weight;
            }
        }
        Some(if weights > 0.0 { sum / weights } else { at(nearest) })
    }
}
