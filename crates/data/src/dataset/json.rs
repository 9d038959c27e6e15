//! Trees and values as JSON, for people's programs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Attribute, DataType, Group, Values, Variable};

impl Values {
    /// As JSON: one value, or a list of all in row-major order. Numbers that JSON has not are the texts
    /// `NaN`, `Infinity` and `-Infinity`, as Zarr writes them; what is neither number nor text is base64.
    pub fn to_json(&self) -> Value {
        let mut all = self.elements();
        match all.len() {
            1 if self.shape.is_empty() => all.remove(0),
            _ => Value::Array(all),
        }
    }

    /// The elements as JSON, one by one.
    pub(crate) fn elements(&self) -> Vec<Value> {
        fn each<T: bytemuck::Pod>(bytes: &[u8], to: impl Fn(T) -> Value) -> Vec<Value> {
            bytes.chunks_exact(size_of::<T>()).map(|chunk| to(bytemuck::pod_read_unaligned(chunk))).collect()
        }
        match self.data_type {
            DataType::Text => self.texts.iter().map(|text| json!(text)).collect(),
            DataType::Bool => self.bytes.iter().map(|byte| json!(*byte != 0)).collect(),
            DataType::I64 => each(&self.bytes, |number: i64| json!(number)),
            DataType::U64 => each(&self.bytes, |number: u64| json!(number)),
            DataType::F16 | DataType::F32 | DataType::F64 => {
                self.as_f64().unwrap_or_default().into_iter().map(number).collect()
            }
            #[expect(clippy::cast_possible_truncation, reason = "these are whole and of 32 bits at most")]
            DataType::I8 | DataType::U8 | DataType::I16 | DataType::U16 | DataType::I32 | DataType::U32 => {
                self.as_f64().unwrap_or_default().into_iter().map(|number| json!(number as i64)).collect()
            }
            _ => vec![json!(STANDARD.encode(&self.bytes))],
        }
    }
}

fn number(number: f64) -> Value {
    match number {
        number if number.is_nan() => json!("NaN"),
        number if number.is_infinite() => json!(if number > 0.0 { "Infinity" } else { "-Infinity" }),
        number => json!(number),
    }
}

impl Group {
    /// As JSON, with all that is below it.
    pub fn to_json(&self) -> Value {
        let dimensions = self.dimensions.iter().map(|dimension| {
            json!({"name": dimension.name, "length": dimension.length, "unlimited": dimension.is_unlimited})
        });
        json!({
            "name": self.name,
            "attributes": attributes(&self.attributes),
            "dimensions": dimensions.collect::<Vec<_>>(),
            "variables": self.variables.iter().map(Variable::to_json).collect::<Vec<_>>(),
            "groups": self.groups.iter().map(Self::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Variable {
    /// Bytes of its values once they are read; none for texts, whose bytes nobody knows.
    pub fn size(&self) -> Option<u64> {
        crate::limits::product(&self.shape, self.data_type.size()? as u64)
    }

    /// As JSON, without its values.
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.data_type.to_string(),
            "shape": self.shape,
            "dimensions": self.dimensions,
            "chunks": self.chunks,
            "filters": self.filters,
            "size_bytes": self.size(),
            "fill": self.fill.as_ref().map(Values::to_json),
            "attributes": attributes(&self.attributes),
        })
    }
}

fn attributes(attributes: &[Attribute]) -> Value {
    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.value.to_json())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_as_they_are_one_or_several() {
        let doubles = |shape, numbers: &[f64]| Values::numbers(DataType::F64, shape, numbers).to_json();
        assert_eq!(doubles(vec![], &[1.5]), json!(1.5));
        assert_eq!(doubles(vec![1], &[1.5]), json!([1.5]));
        assert_eq!(doubles(vec![0], &[]), json!([]));
        assert_eq!(doubles(vec![2], &[f64::NAN, f64::NEG_INFINITY]), json!(["NaN", "-Infinity"]));
        assert_eq!(Values::numbers(DataType::U64, vec![], &[u64::MAX]).to_json(), json!(u64::MAX));
        assert_eq!(Values::text("m").to_json(), json!("m"));
        let opaque = Values::numbers(DataType::Opaque(2), vec![], &[1u8, 2]);
        assert_eq!(opaque.to_json(), json!("AQI="));
    }
}
