//! Packed numbers: `scale_factor`, `add_offset`, and what stands for missing ones.

use crate::dataset::{DataType, Values, Variable};

/// How the numbers of a variable are unpacked: `stored * scale + offset`, and NaN for missing ones.
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
        let mut missing = numbers("_FillValue").unwrap_or_default();
        missing.extend(numbers("missing_value").unwrap_or_default());
        variable.data_type.size().filter(|_| is_number(&variable.data_type))?;
        if scale.is_none() && offset.is_none() && missing.is_empty() {
            return None;
        }
        let of = |name| variable.attribute(name).map(|value: &Values| value.data_type.clone());
        let to = unpacked(&variable.data_type, of("scale_factor").as_ref(), of("add_offset").as_ref());
        Some(Self { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0), missing, to })
    }

    /// Whether numbers are as they are stored but for missing ones.
    pub(super) fn is_only_missing(&self) -> bool {
        (self.scale - 1.0).abs() < f64::EPSILON && self.offset.abs() < f64::EPSILON
    }

    /// Whether a whole number stands for a missing one.
    #[expect(clippy::cast_precision_loss, reason = "what stands for missing ones is held as doubles too")]
    pub(super) fn stands_for_missing(&self, stored: i64) -> bool {
        self.missing.contains(&(stored as f64))
    }

    /// A stored number, unpacked.
    pub fn unpack(&self, stored: f64) -> f64 {
        if self.missing.contains(&stored) { f64::NAN } else { stored.mul_add(self.scale, self.offset) }
    }

    /// Stored numbers, unpacked, as doubles; none for what are no numbers.
    pub fn unpack_all(&self, stored: &Values) -> Option<Vec<f64>> {
        let mut all = stored.as_f64()?;
        for number in &mut all {
            *number = self.unpack(*number);
        }
        Some(all)
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
