//! Numbers of any type, one by one: as doubles, and in the bytes of an array.

use bytemuck::{Pod, bytes_of, pod_read_unaligned};
use num_traits::AsPrimitive;

use crate::dataset::DataType;

/// Reads the number at an index.
pub(super) type Get = fn(&[u8], usize) -> f64;

/// Writes a number over its bytes: the nearest that the type has.
pub(super) type Put = fn(&mut [u8], f64);

fn get<T: Pod + AsPrimitive<f64>>(bytes: &[u8], index: usize) -> f64 {
    let at = index * size_of::<T>();
    bytes.get(at..at + size_of::<T>()).map_or(f64::NAN, |bytes| pod_read_unaligned::<T>(bytes).as_())
}

fn put<T: Pod>(bytes: &mut [u8], number: f64)
where
    f64: AsPrimitive<T>,
{
    let number: T = number.as_();
    let from = bytes_of(&number);
    bytes[..from.len()].copy_from_slice(from);
}

fn whole<T: Pod>(bytes: &mut [u8], number: f64)
where
    f64: AsPrimitive<T>,
{
    put::<T>(bytes, number.round());
}

/// How numbers of a type are read and written; none for what is no real number.
pub(super) fn of(data_type: &DataType) -> Option<(Get, Put)> {
    Some(match data_type {
        DataType::I8 => (get::<i8>, whole::<i8>),
        DataType::I16 => (get::<i16>, whole::<i16>),
        DataType::I32 => (get::<i32>, whole::<i32>),
        DataType::I64 => (get::<i64>, whole::<i64>),
        DataType::U8 | DataType::Bool => (get::<u8>, whole::<u8>),
        DataType::U16 => (get::<u16>, whole::<u16>),
        DataType::U32 => (get::<u32>, whole::<u32>),
        DataType::U64 => (get::<u64>, whole::<u64>),
        DataType::F32 => (get::<f32>, put::<f32>),
        DataType::F64 => (get::<f64>, put::<f64>),
        _ => return None,
    })
}

/// Whether a type has a number, or for broken ones one near to it.
pub(super) fn has(data_type: &DataType, number: f64) -> bool {
    let (Some((get, put)), Some(size)) = (of(data_type), data_type.size()) else { return false };
    if is_float(data_type) {
        return true;
    }
    let mut bytes = vec![0; size];
    put(&mut bytes, number);
    (get(&bytes, 0) - number).abs() < f64::EPSILON
}

/// A number as a type of broken ones has it; others keep theirs, which a type of whole ones may not have.
pub(super) fn nearest(data_type: &DataType, number: f64) -> f64 {
    let (Some((get, put)), Some(size)) = (of(data_type), data_type.size()) else { return number };
    if !is_float(data_type) {
        return number;
    }
    let mut bytes = vec![0; size];
    put(&mut bytes, number);
    get(&bytes, 0)
}

/// The type by numpy's name.
pub(super) fn named(name: &str) -> Option<DataType> {
    const ALL: [DataType; 10] = [
        DataType::I8,
        DataType::I16,
        DataType::I32,
        DataType::I64,
        DataType::U8,
        DataType::U16,
        DataType::U32,
        DataType::U64,
        DataType::F32,
        DataType::F64,
    ];
    ALL.into_iter().find(|known| known.to_string() == name)
}

/// The smallest type that has all numbers of two, as numpy promotes them; double where none has.
pub(super) fn both(one: &DataType, other: &DataType) -> DataType {
    if one == other {
        return one.clone();
    }
    let signed = |bits| match bits {
        8 => DataType::I8,
        16 => DataType::I16,
        32 => DataType::I32,
        64 => DataType::I64,
        _ => DataType::F64,
    };
    match (kind(one), kind(other)) {
        (Kind::Float(a), Kind::Float(b)) if a.max(b) == 32 => DataType::F32,
        (Kind::Float(32), Kind::Signed(bits) | Kind::Unsigned(bits))
        | (Kind::Signed(bits) | Kind::Unsigned(bits), Kind::Float(32))
            if bits <= 16 =>
        {
            DataType::F32
        }
        (Kind::Signed(a), Kind::Signed(b)) => signed(a.max(b)),
        (Kind::Unsigned(a), Kind::Unsigned(b)) => {
            if a > b {
                one.clone()
            } else {
                other.clone()
            }
        }
        (Kind::Signed(s), Kind::Unsigned(u)) | (Kind::Unsigned(u), Kind::Signed(s)) => signed(s.max(u * 2)),
        _ => DataType::F64,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
}

fn kind(of: &DataType) -> Kind {
    let bits = of.size().unwrap_or(8) * 8;
    match of {
        DataType::I8 | DataType::I16 | DataType::I32 | DataType::I64 => Kind::Signed(bits),
        DataType::U8 | DataType::U16 | DataType::U32 | DataType::U64 | DataType::Bool => Kind::Unsigned(bits),
        _ => Kind::Float(bits),
    }
}

/// Whether numbers of a type are broken ones.
pub(super) fn is_float(of: &DataType) -> bool {
    matches!(kind(of), Kind::Float(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_promoted_as_numpy_does() {
        for (one, other, expected) in [
            ("uint8", "uint16", "uint16"),
            ("uint16", "int16", "int32"),
            ("int8", "uint8", "int16"),
            ("int32", "uint8", "int32"),
            ("uint64", "int8", "float64"),
            ("uint16", "float32", "float32"),
            ("uint32", "float32", "float64"),
            ("float32", "float64", "float64"),
            ("int16", "int64", "int64"),
        ] {
            let (one, other) = (named(one).unwrap(), named(other).unwrap());
            assert_eq!(both(&one, &other).to_string(), expected);
            assert_eq!(both(&other, &one).to_string(), expected);
        }
    }

    #[test]
    fn the_nearest_number_is_written() {
        let written = |name: &str, number| {
            let data_type = named(name).unwrap();
            let (get, put) = of(&data_type).unwrap();
            let mut bytes = vec![0; data_type.size().unwrap()];
            put(&mut bytes, number);
            get(&bytes, 0)
        };
        for (name, number, expected) in [
            ("uint8", 300.0, 255.0),
            ("uint8", -1.0, 0.0),
            ("uint8", 1.5, 2.0),
            ("int16", -1.5, -2.0),
            ("int16", 1e9, 32767.0),
            ("uint16", f64::NAN, 0.0),
            ("float32", 0.5, 0.5),
            ("int64", -5.0, -5.0),
        ] {
            assert!((written(name, number) - expected).abs() < 1e-12, "{name} {number}");
        }
        assert!(written("float32", f64::NAN).is_nan());
        assert!(get::<u16>(&[1], 0).is_nan(), "beyond the end there is nothing");
    }
}
