//! Values of an array.

use bytes::Bytes;

use super::DataType;

/// Values of an array in row-major order (the last dimension changes fastest), numbers in the
/// machine's byte order.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// What an element is.
    pub data_type: DataType,
    /// Elements along each dimension; empty for one value.
    pub shape: Vec<u64>,
    /// The elements, one after the other; empty for text.
    pub bytes: Bytes,
    /// The elements where they are text; else empty.
    pub texts: Texts,
}

/// Elements that are text.
pub type Texts = Vec<String>;

impl Values {
    /// One text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { data_type: DataType::Text, shape: Vec::new(), bytes: Bytes::new(), texts: vec![text.into()] }
    }

    /// Numbers in a row, or of any shape.
    pub fn numbers<T: bytemuck::Pod>(data_type: DataType, shape: Vec<u64>, numbers: &[T]) -> Self {
        let bytes = Bytes::copy_from_slice(bytemuck::cast_slice(numbers));
        Self { data_type, shape, bytes, texts: Texts::new() }
    }

    /// How many elements there are.
    pub fn count(&self) -> u64 {
        self.shape.iter().product()
    }

    /// The one text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self.texts.as_slice() {
            [text] => Some(text),
            _ => None,
        }
    }

    /// The elements as double precision numbers; none for what is no number.
    pub fn as_f64(&self) -> Option<Vec<f64>> {
        fn each<T: bytemuck::Pod>(bytes: &[u8], to: impl Fn(T) -> f64) -> Vec<f64> {
            bytes.chunks_exact(size_of::<T>()).map(|chunk| to(bytemuck::pod_read_unaligned(chunk))).collect()
        }
        let bytes = &self.bytes;
        #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
        Some(match self.data_type {
            DataType::Bool | DataType::U8 => each(bytes, |value: u8| f64::from(value)),
            DataType::I8 => each(bytes, |value: i8| f64::from(value)),
            DataType::I16 => each(bytes, |value: i16| f64::from(value)),
            DataType::U16 => each(bytes, |value: u16| f64::from(value)),
            DataType::I32 => each(bytes, |value: i32| f64::from(value)),
            DataType::U32 => each(bytes, |value: u32| f64::from(value)),
            DataType::I64 => each(bytes, |value: i64| value as f64),
            DataType::U64 => each(bytes, |value: u64| value as f64),
            DataType::F16 => each(bytes, |bits: u16| half::f16::from_bits(bits).to_f64()),
            DataType::F32 => each(bytes, |value: f32| f64::from(value)),
            DataType::F64 => each(bytes, |value: f64| value),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let values = Values::numbers(DataType::I16, vec![3], &[1i16, -2, 300]);
        assert_eq!(values.count(), 3);
        assert_eq!(values.as_f64().unwrap(), [1.0, -2.0, 300.0]);
        // By IEEE 754: one, the least number of all, the greatest, and one without a sign.
        let halves = Values::numbers(DataType::F16, vec![4], &[0x3c00_u16, 0x0001, 0xfbff, 0x7c00]);
        assert_eq!(halves.as_f64().unwrap(), [1.0, 2f64.powi(-24), -65504.0, f64::INFINITY]);
        assert_eq!(Values::text("metres").as_text(), Some("metres"));
        assert_eq!(Values::text("metres").as_f64(), None);
    }
}
