//! What an element of an array is.

use std::fmt;

/// The type of an element. Numbers are in the machine's byte order once they are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// True or false, a byte.
    Bool,
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
    /// IEEE 754 half precision.
    F16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// Two numbers of single precision: the real and the imaginary part.
    C64,
    /// Two numbers of double precision.
    C128,
    /// Text, of any length.
    Text,
    /// Fields one after the other, an element of so many bytes.
    Compound(Vec<Field>, usize),
    /// So many bytes that nobody interprets.
    Opaque(usize),
}

/// A field of a [`DataType::Compound`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is.
    pub data_type: DataType,
    /// Its first byte in the element.
    pub offset: usize,
}

impl DataType {
    /// Bytes of an element; none for text.
    pub fn size(&self) -> Option<usize> {
        Some(match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 | Self::C64 => 8,
            Self::C128 => 16,
            Self::Text => return None,
            Self::Compound(_, size) | Self::Opaque(size) => *size,
        })
    }
}

/// As numpy and Zarr name it.
impl fmt::Display for DataType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::C64 => "complex64",
            Self::C128 => "complex128",
            Self::Text => "string",
            Self::Opaque(size) => return write!(out, "bytes of {size}"),
            Self::Compound(fields, _) => {
                out.write_str("{")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(out, "{comma}{}: {}", field.name, field.data_type)?;
                }
                return out.write_str("}");
            }
        };
        out.write_str(name)
    }
}
