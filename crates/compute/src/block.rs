//! A part of an array, and what an element may be.

mod key;

use std::fmt;
use std::ops::Range;

pub use key::{Key, Keyed};

use crate::error::{Error, Result};

/// A number that arrays are made of, in the machine's byte order.
pub trait Element: Keyed + bytemuck::Pod {
    /// Which type it is.
    const TYPE: ElementType;

    /// The nearest number of double precision.
    fn to_f64(self) -> f64;
}

/// The types of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ElementType {
    /// Signed integers of 8, 16, 32 and 64 bits.
    I8,
    /// See [`Self::I8`].
    I16,
    /// See [`Self::I8`].
    I32,
    /// See [`Self::I8`].
    I64,
    /// Unsigned integers of 8, 16, 32 and 64 bits.
    U8,
    /// See [`Self::U8`].
    U16,
    /// See [`Self::U8`].
    U32,
    /// See [`Self::U8`].
    U64,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
}

impl ElementType {
    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    /// Whether it has fractions, and NaN.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// As numpy names it.
impl fmt::Display for ElementType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        })
    }
}

/// Evaluates an expression with a name for the type of elements.
macro_rules! for_element {
    ($element:expr, $name:ident => $body:expr) => {
        match $element {
            $crate::block::ElementType::I8 => for_element!(@ $name, i8, $body),
            $crate::block::ElementType::I16 => for_element!(@ $name, i16, $body),
            $crate::block::ElementType::I32 => for_element!(@ $name, i32, $body),
            $crate::block::ElementType::I64 => for_element!(@ $name, i64, $body),
            $crate::block::ElementType::U8 => for_element!(@ $name, u8, $body),
            $crate::block::ElementType::U16 => for_element!(@ $name, u16, $body),
            $crate::block::ElementType::U32 => for_element!(@ $name, u32, $body),
            $crate::block::ElementType::U64 => for_element!(@ $name, u64, $body),
            $crate::block::ElementType::F32 => for_element!(@ $name, f32, $body),
            $crate::block::ElementType::F64 => for_element!(@ $name, f64, $body),
        }
    };
    (@ $name:ident, $type:ty, $body:expr) => {{
        type $name = $type;
        $body
    }};
}
pub(crate) use for_element;

macro_rules! element {
    ($($type:ty, $name:ident, |$value:ident| $to:expr;)*) => {$(
        impl Element for $type {
            const TYPE: ElementType = ElementType::$name;

            fn to_f64(self) -> f64 {
                let $value = self;
                $to
            }
        }
    )*};
}

element! {
    i8, I8, |value| f64::from(value);
    i16, I16, |value| f64::from(value);
    i32, I32, |value| f64::from(value);
    u8, U8, |value| f64::from(value);
    u16, U16, |value| f64::from(value);
    u32, U32, |value| f64::from(value);
    f32, F32, |value| f64::from(value);
    f64, F64, |value| value;
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
mod wide {
    use super::{Element, ElementType};

    element! {
        i64, I64, |value| value as f64;
        u64, U64, |value| value as f64;
    }
}

/// A part of an array that lies in memory: row-major (the last axis changes fastest), as one piece or as pieces
/// that are as long and as far from each other. What is missing is NaN.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a, T> {
    values: &'a [T],
    shape: &'a [usize],
    origin: &'a [u64],
    pieces: Option<Pieces>,
}

/// How values lie in memory that belong together and are not one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Axes from this one on lie in a piece.
    pub axis: usize,
    /// Elements of a piece.
    pub length: usize,
    /// From the first element of a piece to that of the next one, in elements.
    pub stride: usize,
}

impl<'a, T> Block<'a, T> {
    /// The part of an array that begins at `origin` (an index along each axis), with `shape` elements along
    /// each.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more or fewer values than the shape has, or the axes are not as
    /// many in both.
    pub fn new(values: &'a [T], shape: &'a [usize], origin: &'a [u64]) -> Result<Self> {
        let count = if shape.contains(&0) {
            Some(0)
        } else {
            shape.iter().try_fold(1_usize, |count, length| count.checked_mul(*length))
        };
        let fits = shape.iter().zip(origin).all(|(length, from)| from.checked_add(*length as u64).is_some());
        if shape.len() == origin.len() && count == Some(values.len()) && fits {
            return Ok(Self { values, shape, origin, pieces: None });
        }
        Err(no_block(values.len(), shape, origin))
    }

    /// As [`Self::new`], of values that lie in pieces: from the first one's first to the last one's last.
    ///
    /// # Errors
    /// As [`Self::new`]; for pieces that have no elements, or lie over each other.
    pub fn in_pieces(values: &'a [T], shape: &'a [usize], origin: &'a [u64], pieces: Pieces) -> Result<Self> {
        let product = |lengths: &[usize]| lengths.iter().try_fold(1_usize, |all, one| all.checked_mul(*one));
        let (before, within) = shape.split_at(pieces.axis.min(shape.len()));
        let is_whole = (1..=pieces.stride).contains(&pieces.length) && product(within) == Some(pieces.length);
        let due = product(before).filter(|_| is_whole).and_then(|count| {
            let first = count.checked_sub(1)?.checked_mul(pieces.stride)?;
            first.checked_add(pieces.length)
        });
        let fits = shape.iter().zip(origin).all(|(length, from)| from.checked_add(*length as u64).is_some());
        if shape.len() == origin.len() && due == Some(values.len()) && fits {
            return Ok(Self { values, shape, origin, pieces: Some(pieces) });
        }
        Err(no_block(values.len(), shape, origin))
    }

    /// The elements, which lie in one piece.
    ///
    /// # Errors
    /// [`Error::Invalid`] where they lie in several.
    pub fn values(&self) -> Result<&'a [T]> {
        match self.pieces {
            None => Ok(self.values),
            Some(pieces) => Err(Error::invalid(
                format!("a block of {:?} lies in pieces of {} values", self.shape, pieces.length),
                "bring them together first",
            )),
        }
    }

    /// How many elements it has.
    pub fn count(&self) -> usize {
        match self.pieces {
            None => self.values.len(),
            Some(_) => self.shape.iter().product(),
        }
    }

    /// The axis from which on elements lie in one piece.
    pub(crate) fn solid(&self) -> usize {
        self.pieces.map_or(0, |pieces| pieces.axis)
    }

    /// Elements that follow each other, by their places in the block; those of one piece, where there are several.
    pub(crate) fn at(&self, places: Range<usize>) -> &'a [T] {
        let first = match self.pieces {
            None => places.start,
            Some(Pieces { length, stride, .. }) => places.start / length * stride + places.start % length,
        };
        &self.values[first..first + places.len()]
    }

    /// Elements along each axis.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// The first element's index along each axis of the array.
    pub fn origin(&self) -> &'a [u64] {
        self.origin
    }
}

fn no_block(values: usize, shape: &[usize], origin: &[u64]) -> Error {
    Error::invalid(
        format!("{values} values at {origin:?} are not a block of {shape:?}"),
        "give as many values as the shape has, and a first index for each of its axes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_pieces_are_found_by_their_places() {
        let all: Vec<i32> = (0..24).collect();
        let block = |values, pieces| Block::in_pieces(values, &[2, 2, 3], &[0, 0, 0], pieces);
        let two = block(&all[2..17], Pieces { axis: 1, length: 6, stride: 9 }).unwrap();
        assert_eq!((two.count(), two.solid()), (12, 1));
        assert!(two.values().is_err());
        assert_eq!([two.at(0..6), two.at(3..5), two.at(6..12)], [&all[2..8], &all[5..7], &all[11..17]]);
        let four = block(&all[..18], Pieces { axis: 2, length: 3, stride: 5 }).unwrap();
        assert_eq!([four.at(3..6), four.at(10..12)], [&all[5..8], &all[16..18]]);
        for (values, axis, length, stride) in [
            (&all[..14], 1, 6, 9),
            (&all[..16], 1, 6, 9),
            (&all[..11], 1, 6, 5),
            (&all[..15], 1, 3, 9),
            (&all[..], 1, 6, usize::MAX),
        ] {
            assert!(block(values, Pieces { axis, length, stride }).is_err());
        }
        let none = Pieces { axis: 1, length: 0, stride: 1 };
        assert!(Block::in_pieces(&all[..0], &[2, 0], &[0, 0], none).is_err());
    }

    #[test]
    fn a_block_has_as_many_values_as_its_shape() {
        assert!(Block::new(&[1.0, 2.0], &[1, 2], &[0, 7]).is_ok());
        assert!(Block::new(&[1.0, 2.0], &[2, 2], &[0, 7]).is_err());
        assert!(Block::new(&[1.0, 2.0], &[1, 2], &[7]).is_err());
        assert!(Block::new(&[1.0, 2.0], &[2], &[u64::MAX]).is_err());
        assert!(Block::<f32>::new(&[], &[usize::MAX, 0, 3], &[0, 0, 0]).is_ok());
        assert!(Block::<f32>::new(&[], &[usize::MAX, usize::MAX], &[0, 0]).is_err());
    }
}
