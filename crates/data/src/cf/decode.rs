//! Values as they are meant: unpacked, and times as moments.

use super::packed::as_told;
use super::{Packed, Times};
use crate::dataset::{DataType, Values, Variable};
use crate::error::Result;
use crate::limits::Limits;

/// How many elements are doubles at a time on their way from the stored type to that of what is given.
const AT_A_TIME: usize = 1 << 16;

/// Values as they are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// Unpacked numbers, NaN for missing ones; or what is stored, where it is not packed.
    Numbers(Values),
    /// Moments: nanoseconds since 1970-01-01 in UTC, as integers of 64 bits; the least one for a missing moment.
    Moments(Values),
}

/// Decodes values of a variable by what its attributes say. Times in a calendar that is not the world's, or
/// beyond the years 1678 to 2262, stay numbers. Takes the memory of what is stored and of what is given.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the decoded values have more bytes than one call may give.
pub fn decode(variable: &Variable, values: Values, limits: &Limits) -> Result<Decoded> {
    let values = as_told(variable, values);
    Ok(match moments(variable, &values, limits)? {
        Some(moments) => Decoded::Moments(moments),
        None => Decoded::Numbers(numbers(variable, values, limits)?),
    })
}

/// Unpacked numbers, where they are packed.
fn numbers(variable: &Variable, values: Values, limits: &Limits) -> Result<Values> {
    let Some(packed) = Packed::of(variable) else { return Ok(values) };
    let single = packed.to == DataType::F32;
    let size = limits.size_of_values(&values.shape, if single { 4 } else { 8 })?;
    let mut bytes = Vec::with_capacity(size);
    for piece in pieces(&values) {
        let Some(all) = packed.unpack_all(&piece) else { return Ok(values.clone()) };
        if single {
            #[expect(clippy::cast_possible_truncation, reason = "single precision is what is asked for")]
            let all: Vec<f32> = all.into_iter().map(|number| number as f32).collect();
            bytes.extend_from_slice(bytemuck::cast_slice(&all));
        } else {
            bytes.extend_from_slice(bytemuck::cast_slice(&all));
        }
    }
    Ok(Values { data_type: packed.to, shape: values.shape, bytes: bytes.into(), texts: Vec::new() })
}

/// Nanoseconds of moments; none where they are no times, or one of them does not fit.
fn moments(variable: &Variable, values: &Values, limits: &Limits) -> Result<Option<Values>> {
    let said = |name| variable.attribute(name).and_then(|value| value.as_text());
    let Some(Ok(times)) = said("units").map(|units| Times::parse(units, said("calendar"))) else {
        return Ok(None);
    };
    let packed = Packed::of(variable);
    let size = limits.size_of_values(&values.shape, size_of::<i64>())?;
    let mut bytes = Vec::with_capacity(size);
    for piece in pieces(values) {
        let Some(all) = nanoseconds(&times, packed.as_ref(), &piece) else { return Ok(None) };
        bytes.extend_from_slice(bytemuck::cast_slice(&all));
    }
    let shape = values.shape.clone();
    Ok(Some(Values { data_type: DataType::I64, shape, bytes: bytes.into(), texts: Vec::new() }))
}

/// Nanoseconds of each moment.
fn nanoseconds(times: &Times, packed: Option<&Packed>, values: &Values) -> Option<Vec<i64>> {
    // Doubles have no room for nanoseconds of our days.
    if let Some(whole) = whole(values).filter(|_| packed.is_none_or(Packed::is_only_missing)) {
        let is_missing = |value: i64| packed.is_some_and(|packed| packed.stands_for_missing(value));
        let one = |value: i64| {
            if is_missing(value) {
                return Some(i64::MIN);
            }
            times.moment_of_whole(value)?.nanoseconds(times.calendar)
        };
        return whole.map(one).collect();
    }
    let one = |value: f64| match packed.map_or(value, |packed| packed.unpack(value)) {
        missing if missing.is_nan() => Some(i64::MIN),
        value => times.moment(value)?.nanoseconds(times.calendar),
    };
    values.as_f64()?.into_iter().map(one).collect()
}

/// Integers of 64 bits; none where values are others.
pub(crate) fn whole(values: &Values) -> Option<impl Iterator<Item = i64>> {
    let integers = || values.bytes.chunks_exact(8).map(bytemuck::pod_read_unaligned);
    (values.data_type == DataType::I64).then(integers)
}

/// Values some at a time. Texts are one piece, and no numbers.
fn pieces(values: &Values) -> impl Iterator<Item = Values> {
    let size = values.data_type.size().unwrap_or(1).max(1);
    let length = values.bytes.len();
    let starts = if values.texts.is_empty() { 0..length } else { 0..1 };
    starts.step_by(AT_A_TIME * size).map(move |start| {
        let end = length.min(start.saturating_add(AT_A_TIME * size));
        let bytes = values.bytes.slice(start.min(end)..end);
        let shape = vec![((end - start.min(end)) / size) as u64];
        Values { data_type: values.data_type.clone(), shape, bytes, texts: Vec::new() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Attribute;

    fn decode(variable: &Variable, values: Values) -> Decoded {
        super::decode(variable, values, &Limits::default()).unwrap()
    }

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

    #[test]
    fn many_numbers_are_as_few() {
        let fill = ("_FillValue", Values::numbers(DataType::U8, Vec::new(), &[7_u8]));
        let of = variable(DataType::U8, vec![fill]);
        let stored: Vec<u8> =
            (0..AT_A_TIME * 2 + 3).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let values = Values::numbers(DataType::U8, vec![stored.len() as u64], &stored);
        let Decoded::Numbers(values) = decode(&of, values) else { panic!("moments") };
        assert_eq!((values.data_type.clone(), values.count()), (DataType::F32, stored.len() as u64));
        let all = values.as_f64().unwrap();
        assert_eq!(all.len(), stored.len());
        let is_same = |(one, stored): (&f64, &u8)| {
            if *stored == 7 { one.is_nan() } else { (one - f64::from(*stored)).abs() < 1e-12 }
        };
        assert!(all.iter().zip(&stored).all(is_same));
    }

    #[test]
    fn what_becomes_too_much_is_refused_before_it_takes_memory() {
        let limits = Limits { values: 1000, ..Limits::default() };
        let fill = || ("_FillValue", Values::numbers(DataType::U8, Vec::new(), &[7_u8]));
        let stored = |count: u64| Values {
            shape: vec![count],
            ..Values::numbers(DataType::U8, Vec::new(), &[1_u8; 0])
        };
        let packed = variable(DataType::U8, vec![fill()]);
        assert!(super::decode(&packed, stored(251), &limits).is_err());
        assert!(super::decode(&packed, stored(250), &limits).is_ok());
        let times = variable(DataType::U8, vec![("units", Values::text("days since 1970-01-01"))]);
        assert!(super::decode(&times, stored(126), &limits).is_err());
    }
}
