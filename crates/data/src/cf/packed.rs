//! Packed numbers: `scale_factor`, `add_offset`, what stands for missing ones, and integers that are unsigned where
//! their type has no room to say so.
//!
//! Source of `_Unsigned`: NetCDF Users Guide, Best Practices, "Unsigned Data"; and as xarray reads it.

use crate::dataset::{DataType, Values, Variable};

/// How the numbers of a variable are unpacked: `stored * scale + offset` in the precision of what they become, rounded
/// after each step as xarray does it, and NaN for missing ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// Times this.
    pub scale: f64,
    /// Plus this.
    pub offset: f64,
    /// Stored numbers that stand for a missing one.
    pub missing: Vec<f64>,
    /// What unpacked numbers are: [`DataType::F32`] or [`DataType::F64`].
    pub to: DataType,
}

impl Packed {
    /// How a variable is packed; none where its numbers are as they are stored, or no numbers.
    pub fn of(variable: &Variable) -> Option<Self> {
        let numbers = |name| variable.attribute(name).and_then(Values::as_f64);
        let one = |name| numbers(name).and_then(|all| all.first().copied());
        let (scale, offset) = (one("scale_factor"), one("add_offset"));
        let stored = stored_as(variable);
        let mut missing = numbers("_FillValue").unwrap_or_default();
        missing.extend(numbers("missing_value").unwrap_or_default());
        if stored != variable.data_type {
            missing = missing.into_iter().map(|number| wrapped(number, &stored)).collect();
        }
        stored.size().filter(|_| is_number(&stored))?;
        if scale.is_none() && offset.is_none() && missing.is_empty() {
            return None;
        }
        let of = |name| variable.attribute(name).map(|value: &Values| value.data_type.clone());
        let to = unpacked(&stored, of("scale_factor").as_ref(), of("add_offset").as_ref());
        Some(Self { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0), missing, to })
    }

    /// Whether numbers are as they are stored but for missing ones.
    pub(crate) fn is_only_missing(&self) -> bool {
        (self.scale - 1.0).abs() < f64::EPSILON && self.offset.abs() < f64::EPSILON
    }

    /// Whether a whole number stands for a missing one.
    #[expect(clippy::cast_precision_loss, reason = "what stands for missing ones is held as doubles too")]
    pub(super) fn stands_for_missing(&self, stored: i64) -> bool {
        self.missing.contains(&(stored as f64))
    }

    /// A stored number, unpacked.
    pub fn unpack(&self, stored: f64) -> f64 {
        if self.missing.contains(&stored) {
            return f64::NAN;
        }
        if self.to != DataType::F32 {
            return stored * self.scale + self.offset;
        }
        #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
        let [stored, scale, offset] = [stored, self.scale, self.offset].map(|number| number as f32);
        f64::from(stored * scale + offset)
    }

    /// Stored numbers ([`as_told`]), unpacked, as doubles; none for what are no numbers.
    pub fn unpack_all(&self, stored: &Values) -> Option<Vec<f64>> {
        let mut all = stored.as_f64()?;
        for number in &mut all {
            *number = self.unpack(*number);
        }
        Some(all)
    }
}

/// What the stored numbers of a variable are: its type, or that of the same size which `_Unsigned` tells.
pub fn stored_as(variable: &Variable) -> DataType {
    use DataType::{I8, I16, I32, I64, U8, U16, U32, U64};
    const PAIRS: [(DataType, DataType); 4] = [(I8, U8), (I16, U16), (I32, U32), (I64, U64)];
    let told = variable.attribute("_Unsigned").and_then(|value| value.as_text()).map(str::to_lowercase);
    let found = PAIRS.into_iter().find_map(|(signed, unsigned)| match told.as_deref() {
        Some("true") => (signed == variable.data_type).then_some(unsigned),
        Some("false") => (unsigned == variable.data_type).then_some(signed),
        _ => None,
    });
    found.unwrap_or_else(|| variable.data_type.clone())
}

/// Stored values of a variable as what `_Unsigned` tells that they are.
pub(crate) fn as_told(variable: &Variable, stored: Values) -> Values {
    if stored.data_type != variable.data_type {
        return stored;
    }
    Values { data_type: stored_as(variable), ..stored }
}

/// A number that was told in the other of two types of integers with the same bits.
fn wrapped(number: f64, to: &DataType) -> f64 {
    let span = 2f64.powi(i32::try_from(to.size().unwrap_or(8) * 8).unwrap_or(64));
    let is_signed = matches!(to, DataType::I8 | DataType::I16 | DataType::I32 | DataType::I64);
    match is_signed {
        true if number >= span / 2.0 => number - span,
        false if number < 0.0 => number + span,
        _ => number,
    }
}

fn is_number(data_type: &DataType) -> bool {
    !matches!(
        data_type,
        DataType::Bool
            | DataType::C64
            | DataType::C128
            | DataType::Text
            | DataType::Compound(..)
            | DataType::Opaque(_)
    )
}

/// What unpacked numbers are, by the types of what is stored, of the scale and of the offset. As xarray
/// chooses (`_choose_float_dtype` in `xarray/coding/variables.py`, 2026.9): the type of both attributes, as CF
/// wants it, where integers of 32 bits do not need more; doubles where there is an offset; the scale's
/// type; else the smallest that holds what is stored.
fn unpacked(stored: &DataType, scale: Option<&DataType>, offset: Option<&DataType>) -> DataType {
    let is_float = |of: &DataType| matches!(of, DataType::F32 | DataType::F64);
    match (scale, offset) {
        (Some(scale), Some(offset)) if scale == offset && is_float(scale) => match stored {
            DataType::I32 | DataType::U32 => DataType::F64,
            _ => scale.clone(),
        },
        (Some(DataType::F32), None) => DataType::F32,
        (_, Some(_)) | (Some(_), None) => DataType::F64,
        (None, None) => match stored {
            DataType::F16 | DataType::F32 | DataType::I8 | DataType::U8 | DataType::I16 | DataType::U16 => {
                DataType::F32
            }
            _ => DataType::F64,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Attribute;

    fn variable(data_type: DataType, said: Vec<(&str, Values)>) -> Variable {
        let attributes =
            said.into_iter().map(|(name, value)| Attribute { name: name.to_owned(), value }).collect();
        Variable {
            name: "sst".to_owned(),
            data_type,
            is_char: false,
            shape: vec![3],
            dimensions: vec!["x".to_owned()],
            chunks: None,
            filters: Vec::new(),
            fill: None,
            attributes,
        }
    }

    fn double(value: f64) -> Values {
        Values::numbers(DataType::F64, Vec::new(), &[value])
    }

    #[test]
    fn packed_numbers_are_unpacked_and_missing_ones_are_nan() {
        let packed = Packed::of(&variable(
            DataType::I16,
            vec![
                ("scale_factor", double(0.01)),
                ("add_offset", double(273.15)),
                ("_FillValue", Values::numbers(DataType::I16, Vec::new(), &[-32768i16])),
            ],
        ))
        .unwrap();
        let stored = Values::numbers(DataType::I16, vec![3], &[0i16, 100, -32768]);
        let all = packed.unpack_all(&stored).unwrap();
        assert!((all[0] - 273.15).abs() < 1e-12 && (all[1] - 274.15).abs() < 1e-12 && all[2].is_nan());
        assert_eq!(packed.to, DataType::F64);
    }

    /// `numpy.int16([77]).astype("f4") * 0.1 + 0.3`, where the scale is a single: numpy 2.4.6 has 8.0 for it, and
    /// 8.00000012665987 for doubles.
    #[test]
    fn singles_are_rounded_after_each_step() {
        let single = |value: f32| Values::numbers(DataType::F32, Vec::new(), &[value]);
        let said = vec![("scale_factor", single(0.1)), ("add_offset", single(0.3))];
        let packed = Packed::of(&variable(DataType::I16, said)).unwrap();
        let due = f64::from(77.0_f32 * 0.1_f32 + 0.3_f32);
        assert_eq!(packed.unpack(77.0).to_bits(), due.to_bits());
        assert_ne!(77.0_f64.mul_add(packed.scale, packed.offset).to_bits(), due.to_bits());
    }

    #[test]
    fn integers_are_unsigned_where_that_is_told() {
        let told = |value: &str| ("_Unsigned", Values::text(value));
        let fill = ("_FillValue", Values::numbers(DataType::I16, Vec::new(), &[-1_i16]));
        let of = variable(DataType::I16, vec![told("true"), fill, ("scale_factor", double(0.5))]);
        let stored = Values::numbers(DataType::I16, vec![3], &[-2_i16, 3, -1]);
        let all = Packed::of(&of).unwrap().unpack_all(&as_told(&of, stored)).unwrap();
        assert!((all[0] - 32767.0).abs() < 1e-9 && (all[1] - 1.5).abs() < 1e-9 && all[2].is_nan());
        let of = variable(DataType::I8, vec![told("true")]);
        let plain = as_told(&of, Values::numbers(DataType::I8, vec![1], &[-1_i8]));
        assert_eq!((Packed::of(&of), plain.as_f64().unwrap()), (None, vec![255.0]));
        let fill = ("_FillValue", Values::numbers(DataType::U8, Vec::new(), &[255_u8]));
        let of = variable(DataType::U8, vec![told("false"), fill]);
        let all = Packed::of(&of).unwrap();
        let stored = as_told(&of, Values::numbers(DataType::U8, vec![2], &[254_u8, 255]));
        let all = all.unpack_all(&stored).unwrap();
        assert!((all[0] + 2.0).abs() < 1e-9 && all[1].is_nan());
        let of = variable(DataType::F32, vec![told("true")]);
        assert_eq!(stored_as(&of), DataType::F32);
    }

    #[test]
    fn half_precision_is_unpacked() {
        let fill = ("_FillValue", Values::numbers(DataType::F16, Vec::new(), &[0xfbff_u16]));
        let packed = Packed::of(&variable(DataType::F16, vec![fill, ("scale_factor", double(2.0))])).unwrap();
        let all = packed.unpack_all(&Values::numbers(DataType::F16, vec![2], &[0x3c00_u16, 0xfbff])).unwrap();
        assert!((all[0] - 2.0).abs() < 1e-12 && all[1].is_nan());
    }

    #[test]
    fn what_is_not_packed_stays() {
        assert_eq!(Packed::of(&variable(DataType::F32, vec![])), None);
        assert_eq!(Packed::of(&variable(DataType::Text, vec![("_FillValue", double(0.0))])), None);
    }

    #[test]
    fn types_are_those_of_xarray() {
        use DataType::{F32, F64, I16, I32};
        assert_eq!(unpacked(&I16, Some(&F32), Some(&F32)), F32);
        assert_eq!(unpacked(&I32, Some(&F32), Some(&F32)), F64);
        assert_eq!(unpacked(&I16, Some(&F32), None), F32);
        assert_eq!(unpacked(&I16, None, Some(&F32)), F64);
        assert_eq!(unpacked(&I16, None, None), F32);
        assert_eq!(unpacked(&I32, None, None), F64);
        assert_eq!(unpacked(&F32, None, None), F32);
    }
}
