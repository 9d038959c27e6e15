//! A part of an array, and what an element may be.

mod key;

use std::fmt;

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

    /// As [`Self::new`], of values that lie in pieces, from the first one's first to the last one's last.
    ///
    /// # Errors
    /// As [`Self::new`]; where pieces lie over each other.
    pub fn in_pieces(values: &'a [T], shape: &'a [usize], origin: &'a [u64], pieces: Pieces) -> Result<Self> {
        let product = |lengths: &[usize]| lengths.iter().try_fold(1_usize, |all, one| all.checked_mul(*one));
        let cut = pieces.axis.min(shape.len());
        let (count, long) = (product(&shape[..cut]), product(&shape[cut..]));
        let due = count.zip(long).and_then(|(count, long)| {
            let before = count.checked_sub(1)?.checked_mul(pieces.stride)?;
            before.checked_add(long).filter(|_| long > 0 && long <= pieces.stride)
        });
        let fits = shape.iter().zip(origin).all(|(length, from)| from.checked_add(*length as u64).is_some());
        if shape.len() == origin.len() && due == Some(values.len()) && fits {
            return Ok(Self { values, shape, origin, pieces: Some(pieces) });
        }
        Err(no_block(values.len(), shape, origin))
    }

    /// How many elements it has.
    pub fn count(&self) -> usize {
        match self.pieces {
            None => self.values.len(),
            Some(_) => self.shape.iter().product(),
        }
    }

    /// The elements, where they are one piece.
    pub fn values(&self) -> Option<&'a [T]> {
        self.pieces.is_none().then_some(self.values)
    }

    /// The axis from which on elements lie in one piece.
    pub(crate) fn solid(&self) -> usize {
        self.pieces.map_or(0, |pieces| pieces.axis)
    }

    /// Takes each piece to a function, as a block of its own.
    ///
    /// # Errors
    /// Those of the function.
    pub(crate) fn each_piece(&self, mut with: impl FnMut(&Block<'_, T>) -> Result<()>) -> Result<()> {
        let axis = self.solid();
        let (mut shape, mut origin) = (self.shape.to_vec(), self.origin.to_vec());
        shape[..axis].fill(1);
        for (number, values) in self.rows(shape.iter().product()).enumerate() {
            let mut rest = number;
            for own in (0..axis).rev() {
                origin[own] = self.origin[own] + (rest % self.shape[own]) as u64;
                rest /= self.shape[own];
            }
            with(&Block::new(values, &shape, &origin)?)?;
        }
        Ok(())
    }

    /// The elements in their order, so many at a time: as many as some of the last axes have, all of which are
    /// [solid](Self::solid).
    pub(crate) fn rows(&self, length: usize) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        let (stride, long) = match self.pieces {
            None => (self.values.len(), self.values.len()),
            Some(pieces) => (pieces.stride, self.shape[pieces.axis..].iter().product()),
        };
        let pieces = self.values.chunks(stride.max(1));
        pieces.flat_map(move |piece| piece[..long.min(piece.len())].chunks_exact(length.max(1)))
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
    fn pieces_are_gone_through_in_the_order_of_the_array() {
        let all: Vec<i32> = (0..24).collect();
        let block =
            |values, axis, stride| Block::in_pieces(values, &[2, 2, 3], &[0, 0, 0], Pieces { axis, stride });
        let two = block(&all[2..17], 1, 9).unwrap();
        assert_eq!((two.count(), two.solid(), two.values()), (12, 1, None));
        assert_eq!(two.rows(3).collect::<Vec<_>>(), [&all[2..5], &all[5..8], &all[11..14], &all[14..17]]);
        assert_eq!(two.rows(6).count(), 2);
        let mut origins = Vec::new();
        two.each_piece(|piece| {
            origins.push((piece.origin().to_vec(), piece.values().map(<[i32]>::to_vec)));
            Ok(())
        })
        .unwrap();
        assert_eq!(
            origins,
            [(vec![0, 0, 0], Some(all[2..8].to_vec())), (vec![1, 0, 0], Some(all[11..17].to_vec()))]
        );
        let four = block(&all[..18], 2, 5).unwrap();
        assert_eq!(four.rows(3).collect::<Vec<_>>(), [&all[..3], &all[5..8], &all[10..13], &all[15..18]]);
        for (values, axis, stride) in
            [(&all[..14], 1, 9), (&all[..16], 1, 9), (&all[..11], 1, 5), (&all[..], 1, usize::MAX)]
        {
            assert!(block(values, axis, stride).is_err());
        }
        assert!(Block::in_pieces(&all[..0], &[2, 0], &[0, 0], Pieces { axis: 1, stride: 1 }).is_err());
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
