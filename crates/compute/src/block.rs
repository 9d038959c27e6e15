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

/// A part of an array that lies in memory: row-major (the last axis changes fastest), without gaps. What
/// is missing is NaN.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a, T> {
    values: &'a [T],
    shape: &'a [usize],
    origin: &'a [u64],
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
            return Ok(Self { values, shape, origin });
        }
        Err(Error::invalid(
            format!("{} values at {origin:?} are not a block of {shape:?}", values.len()),
            "give as many values as the shape has, and a first index for each of its axes",
        ))
    }

    /// The elements.
    pub fn values(&self) -> &'a [T] {
        self.values
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

#[cfg(test)]
mod tests {
    use super::*;

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
