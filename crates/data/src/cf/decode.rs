//! Values as they are meant: unpacked, and times as moments.

use bytes::Bytes;

use super::{Packed, Times};
use crate::dataset::{DataType, Values, Variable};

/// Values as they are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// Unpacked numbers, NaN for missing ones; or what is stored, where it is not packed.
    Numbers(Values),
    /// Moments: nanoseconds since 1970-01-01 in UTC, as integers of 64 bits; the least one for a missing moment.
    Moments(Values),
}

/// Decodes values of a variable by what its attributes say. Times in a calendar that is not the world's, or
/// beyond the years 1678 to 2262, stay numbers.
pub fn decode(variable: &Variable, values: Values) -> Decoded {
    moments(variable, &values).map_or_else(|| Decoded::Numbers(numbers(variable, values)), Decoded::Moments)
}

/// Unpacked numbers, where they are packed.
fn numbers(variable: &Variable, values: Values) -> Values {
    let Some(packed) = Packed::of(variable) else { return values };
    let Some(all) = packed.unpack_all(&values) else { return values };
    #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
    match packed.to {
        DataType::F32 => {
            let all: Vec<f32> = all.into_iter().map(|number| number as f32).collect();
            Values::numbers(DataType::F32, values.shape, &all)
        }
        _ => Values::numbers(DataType::F64, values.shape, &all),
    }
}

/// Nanoseconds of moments; none where they are no times, or one of them does not fit.
fn moments(variable: &Variable, values: &Values) -> Option<Values> {
    let said = |name| variable.attribute(name).and_then(|value| value.as_text());
    let times = Times::parse(said("units")?, said("calendar")).ok()?;
    let packed = Packed::of(variable);
    let unpack = |value: f64| packed.as_ref().map_or(value, |packed| packed.unpack(value));
    let is_plain = packed.as_ref().is_none_or(Packed::is_only_missing);
    let nanoseconds = |value: f64| match unpack(value) {
        missing if missing.is_nan() => Some(i64::MIN),
        value => times.moment(value)?.nanoseconds(times.calendar),
    };
    let all: Option<Vec<i64>> = match whole(values).filter(|_| is_plain) {
        // Doubles have no room for nanoseconds of our days.
        Some(whole) => {
            let is_missing =
                |value: i64| packed.as_ref().is_some_and(|packed| packed.stands_for_missing(value));
            let one = |value: i64| {
                if is_missing(value) {
                    return Some(i64::MIN);
                }
                times.moment_of_whole(value)?.nanoseconds(times.calendar)
            };
            whole.into_iter().map(one).collect()
        }
        None => values.as_f64()?.into_iter().map(nanoseconds).collect(),
    };
    let bytes = Bytes::copy_from_slice(bytemuck::cast_slice(&all?));
    Some(Values { data_type: DataType::I64, shape: values.shape.clone(), bytes, texts: Vec::new() })
}

/// Integers of 64 bits.
fn whole(values: &Values) -> Option<Vec<i64>> {
    (values.data_type == DataType::I64)
        .then(|| values.bytes.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Attribute;

    fn variable(data_type: DataType, said: Vec<(&str, Values)>) -> Variable {
        let attributes =
            said.into_iter().map(|(name, value)| Attribute { name: name.to_owned(), value }).collect();
        Variable {
            name: "time".to_owned(),
            data_type,
            is_char: false,
            shape: vec![3],
            dimensions: vec!["time".to_owned()],
            chunks: None,
            filters: Vec::new(),
            fill: None,
            attributes,
        }
    }

    fn moments_of(decoded: Decoded) -> Vec<i64> {
        let Decoded::Moments(values) = decoded else { panic!("no moments: {decoded:?}") };
        values.bytes.chunks_exact(8).map(bytemuck::pod_read_unaligned).collect()
    }

    #[test]
    fn nanoseconds_of_our_days_are_kept_to_the_last() {
        let of = variable(
            DataType::I64,
            vec![
                ("units", Values::text("nanoseconds since 1970-01-01")),
                ("_FillValue", Values::numbers(DataType::I64, Vec::new(), &[-1_i64])),
            ],
        );
        let now = 1_763_800_000_123_456_789_i64;
        let stored = Values::numbers(DataType::I64, vec![3], &[now, -1, 0]);
        assert_eq!(moments_of(decode(&of, stored)), [now, i64::MIN, 0]);
    }

    #[test]
    fn times_are_moments_where_the_worlds_clocks_have_them() {
        let said = |calendar: &str| {
            variable(
                DataType::F64,
                vec![("units", Values::text("days since 1970-01-01")), ("calendar", Values::text(calendar))],
            )
        };
        let stored = Values::numbers(DataType::F64, vec![3], &[0.5, f64::NAN, -1.0]);
        let day = 86_400_000_000_000;
        assert_eq!(moments_of(decode(&said("standard"), stored.clone())), [day / 2, i64::MIN, -day]);
        assert_eq!(decode(&said("noleap"), stored.clone()), Decoded::Numbers(stored.clone()));
        let late = Values::numbers(DataType::F64, vec![1], &[200_000.0]);
        assert_eq!(decode(&said("standard"), late.clone()), Decoded::Numbers(late));
    }

    #[test]
    fn packed_numbers_have_the_precision_that_is_due() {
        let of = variable(
            DataType::I16,
            vec![
                ("scale_factor", Values::numbers(DataType::F32, Vec::new(), &[0.5_f32])),
                ("_FillValue", Values::numbers(DataType::I16, Vec::new(), &[-9_i16])),
            ],
        );
        let stored = Values::numbers(DataType::I16, vec![2], &[3_i16, -9]);
        let Decoded::Numbers(values) = decode(&of, stored) else { panic!("moments") };
        assert_eq!(values.data_type, DataType::F32);
        let all = values.as_f64().unwrap();
        assert!((all[0] - 1.5).abs() < 1e-12 && all[1].is_nan());
    }
}
