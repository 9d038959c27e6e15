//! Types of elements as Zarr v2 and v3 name them, and what becomes of their bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::dataset::{DataType, Field, Texts, Values};
use crate::mosaic::{Elements, Fill};

/// The type of an array's elements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element {
    /// As it is read.
    pub(super) data_type: DataType,
    /// What is done to the bytes that zarrs decodes.
    pub(super) after: After,
    /// The type that zarrs is told.
    pub(super) told: Value,
    /// The unit of times, such as `nanoseconds since 1970-01-01`.
    pub(super) unit: Option<String>,
}

/// What is done to the bytes that zarrs decodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum After {
    /// Nothing: they are numbers in the machine's byte order, or texts.
    Nothing,
    /// They are texts of so many bytes each, filled up with zeros.
    Texts(usize),
    /// They are texts of so many characters of 4 bytes each, filled up with zeros.
    Utf32(usize, Order),
    /// They have fields at these places and of these sizes whose bytes are in the other order.
    Swap(usize, Vec<(usize, usize)>),
}

/// The order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    fn is_machines(self) -> bool {
        (self == Self::Little) == cfg!(target_endian = "little")
    }
}

/// The largest element that is believed.
const LARGEST: usize = 1 << 20;

/// A type of Zarr v2: numpy's, as text or as a list of fields.
pub(super) fn of_v2(dtype: &Value, has_texts: bool) -> Result<Element, String> {
    let unknown = || format!("the type {dtype} is not known");
    let text = match dtype {
        Value::String(text) => text,
        Value::Array(fields) => return structured(fields, |field| field_of_v2(field, 0)),
        _ => return Err(unknown()),
    };
    if text == "|O" {
        let told = json!("|O");
        return if has_texts {
            Ok(Element { data_type: DataType::Text, after: After::Nothing, told, unit: None })
        } else {
            Err("objects of Python other than texts are not read".to_owned())
        };
    }
    let (order, kind, size, unit) = numpy(text).ok_or_else(unknown)?;
    let plain = |data_type| Element { data_type, after: After::Nothing, told: dtype.clone(), unit: None };
    Ok(match kind {
        'S' => raw(json!(format!("|V{}", size.max(1))), DataType::Text, After::Texts(size)),
        'U' => raw(json!(format!("|V{}", (size * 4).max(1))), DataType::Text, After::Utf32(size, order)),
        'V' => raw(json!(format!("|V{size}")), DataType::Opaque(size), After::Nothing),
        'M' | 'm' => {
            let sign = if order == Order::Big { '>' } else { '<' };
            let unit = unit.map(|unit| time_unit(unit, 1, kind == 'M')).unwrap_or_default();
            Element {
                data_type: DataType::I64,
                after: After::Nothing,
                told: json!(format!("{sign}i8")),
                unit,
            }
        }
        _ => plain(number(kind, size).ok_or_else(unknown)?),
    })
}

fn raw(told: Value, data_type: DataType, after: After) -> Element {
    Element { data_type, after, told, unit: None }
}

/// The order of bytes in elements of a type of Zarr v2; little-endian for those that have none.
pub(super) fn of_v2_order(dtype: Option<&Value>) -> Order {
    dtype.and_then(Value::as_str).and_then(numpy).map_or(Order::Little, |(order, ..)| order)
}

/// The parts of numpy's name of a type: the order, the kind, the size, the unit of times.
fn numpy(text: &str) -> Option<(Order, char, usize, Option<&str>)> {
    let order = match text.as_bytes().first()? {
        b'>' => Order::Big,
        b'<' | b'|' => Order::Little,
        b'=' if cfg!(target_endian = "little") => Order::Little,
        _ => return None,
    };
    let kind = text.chars().nth(1)?;
    let rest = text.get(1 + kind.len_utf8()..)?;
    let (size, unit) = match rest.split_once('[') {
        Some((size, unit)) => (size, Some(unit.strip_suffix(']')?)),
        None => (rest, None),
    };
    let size = size.parse().ok().filter(|size| *size <= LARGEST)?;
    Some((order, kind, size, unit))
}

fn number(kind: char, size: usize) -> Option<DataType> {
    Some(match (kind, size) {
        ('b', 1) => DataType::Bool,
        ('i', 1) => DataType::I8,
        ('i', 2) => DataType::I16,
        ('i', 4) => DataType::I32,
        ('i', 8) => DataType::I64,
        ('u', 1) => DataType::U8,
        ('u', 2) => DataType::U16,
        ('u', 4) => DataType::U32,
        ('u', 8) => DataType::U64,
        ('f', 2) => DataType::F16,
        ('f', 4) => DataType::F32,
        ('f', 8) => DataType::F64,
        ('c', 8) => DataType::C64,
        ('c', 16) => DataType::C128,
        _ => return None,
    })
}

/// The unit of numpy's times in the terms of CF; none for those that CF does not have.
fn time_unit(unit: &str, every: u64, is_date: bool) -> Option<String> {
    let word = match unit {
        "D" => "days",
        "h" => "hours",
        "m" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" | "μs" => "microseconds",
        "ns" => "nanoseconds",
        _ => return None,
    };
    (every == 1).then(|| if is_date { format!("{word} since 1970-01-01") } else { word.to_owned() })
}

/// A field: its type, its size, and where in it bytes are in the other order.
type Known = (DataType, usize, Vec<(usize, usize)>);

fn field_of_v2(dtype: &Value, depth: u32) -> Result<Known, String> {
    if let Value::Array(fields) = dtype {
        if depth > 8 {
            return Err("structures lie too deep in each other".to_owned());
        }
        let element = structured(fields, |field| field_of_v2(field, depth + 1))?;
        let size = element.data_type.size().unwrap_or_default();
        let swaps = if let After::Swap(_, swaps) = element.after { swaps } else { Vec::new() };
        return Ok((element.data_type, size, swaps));
    }
    let (order, kind, size, _) =
        dtype.as_str().and_then(numpy).ok_or_else(|| format!("the type {dtype} is not known"))?;
    Ok(match kind {
        'S' | 'V' => (DataType::Opaque(size), size, Vec::new()),
        'U' => (DataType::Opaque(size * 4), size * 4, Vec::new()),
        'M' | 'm' => (DataType::I64, 8, swaps(order, 8, 1)),
        _ => {
            let data_type = number(kind, size).ok_or_else(|| format!("the type {dtype} is not known"))?;
            let numbers = if kind == 'c' { 2 } else { 1 };
            (data_type, size, swaps(order, size / numbers, numbers))
        }
    })
}

fn swaps(order: Order, size: usize, count: usize) -> Vec<(usize, usize)> {
    let needed = !order.is_machines() && size > 1;
    (0..count).filter(|_| needed).map(|index| (index * size, size)).collect()
}

/// A type with fields, each a list of a name, a type and perhaps a shape.
fn structured(fields: &[Value], known: impl Fn(&Value) -> Result<Known, String>) -> Result<Element, String> {
    let mut found = Vec::new();
    let mut offset = 0usize;
    let mut others = Vec::new();
    for field in fields {
        let name = field.get(0).or_else(|| field.get("name")).and_then(Value::as_str);
        let of = field.get(1).or_else(|| field.get("data_type"));
        let (name, of) = name.zip(of).ok_or_else(|| format!("the field {field} has no name and type"))?;
        let (data_type, size, swaps) = known(of)?;
        let shape = field.get(2).and_then(Value::as_array);
        let count = shape.into_iter().flatten().try_fold(1usize, |count, length| {
            length.as_u64().and_then(|length| count.checked_mul(usize::try_from(length).ok()?))
        });
        let count = count
            .filter(|count| *count <= LARGEST)
            .ok_or_else(|| format!("the field {name} is too large"))?;
        let data_type = if shape.is_some() { DataType::Opaque(size * count) } else { data_type };
        // Before places in it are listed, of which a count may make very many.
        let end = offset
            .checked_add(size * count)
            .filter(|size| *size <= LARGEST)
            .ok_or("a structure is too large")?;
        for index in 0..count {
            others.extend(swaps.iter().map(|(place, size_of)| (offset + index * size + place, *size_of)));
        }
        found.push(Field { name: name.to_owned(), data_type, offset });
        offset = end;
    }
    if offset == 0 {
        return Err("a structure has no fields".to_owned());
    }
    let after = if others.is_empty() { After::Nothing } else { After::Swap(offset, others) };
    Ok(raw(json!(format!("|V{offset}")), DataType::Compound(found, offset), after))
}

/// A type of Zarr v3; `order` is what the codec `bytes` says.
pub(super) fn of_v3(data_type: &Value, order: Order) -> Result<Element, String> {
    let unknown = || format!("the type {data_type} is not known");
    let name = data_type.as_str().or_else(|| data_type.get("name")?.as_str()).ok_or_else(unknown)?;
    let setting = |name: &str| data_type.get("configuration").and_then(|settings| settings.get(name));
    let size = setting("length_bytes").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let size = size.filter(|size| *size <= LARGEST);
    let bits = |size: usize| json!(format!("r{}", size.max(1) * 8));
    Ok(match name {
        "numpy.datetime64" | "numpy.timedelta64" => {
            let every = setting("scale_factor").map_or(Some(1), Value::as_u64).ok_or_else(unknown)?;
            let unit = setting("unit").and_then(Value::as_str).ok_or_else(unknown)?;
            let unit = time_unit(unit, every, name == "numpy.datetime64");
            Element { data_type: DataType::I64, after: After::Nothing, told: json!("int64"), unit }
        }
        "fixed_length_utf32" => {
            let size = size.ok_or_else(unknown)?;
            raw(bits(size), DataType::Text, After::Utf32(size / 4, order))
        }
        "null_terminated_bytes" => {
            let size = size.ok_or_else(unknown)?;
            raw(bits(size), DataType::Text, After::Texts(size))
        }
        "raw_bytes" => {
            let size = size.ok_or_else(unknown)?;
            raw(bits(size), DataType::Opaque(size), After::Nothing)
        }
        "structured" | "struct" => {
            let fields = setting("fields").and_then(Value::as_array).ok_or_else(unknown)?;
            let element = structured(fields, |field| field_of_v3(field, order))?;
            let told = bits(element.data_type.size().unwrap_or(1));
            Element { told, ..element }
        }
        "string" => raw(json!("string"), DataType::Text, After::Nothing),
        _ => match name.strip_prefix('r').and_then(|bits| bits.parse::<usize>().ok()) {
            Some(count) if count % 8 == 0 && count / 8 <= LARGEST => {
                raw(json!(name), DataType::Opaque(count / 8), After::Nothing)
            }
            _ => raw(json!(name), named(name).ok_or_else(unknown)?, After::Nothing),
        },
    })
}

fn named(name: &str) -> Option<DataType> {
    Some(match name {
        "bool" => DataType::Bool,
        "int8" => DataType::I8,
        "int16" => DataType::I16,
        "int32" => DataType::I32,
        "int64" => DataType::I64,
        "uint8" => DataType::U8,
        "uint16" => DataType::U16,
        "uint32" => DataType::U32,
        "uint64" => DataType::U64,
        "float16" => DataType::F16,
        "float32" => DataType::F32,
        "float64" => DataType::F64,
        "complex64" => DataType::C64,
        "complex128" => DataType::C128,
        _ => return None,
    })
}

fn field_of_v3(data_type: &Value, order: Order) -> Result<Known, String> {
    let element = of_v3(data_type, order)?;
    let size = match element.after {
        After::Texts(size) => size,
        After::Utf32(count, _) => count * 4,
        _ => element.data_type.size().ok_or_else(|| format!("a field cannot be of the type {data_type}"))?,
    };
    let nested = if let After::Swap(_, swaps) = &element.after { swaps.clone() } else { Vec::new() };
    Ok(match element.data_type {
        DataType::Text | DataType::Opaque(_) => (DataType::Opaque(size), size, Vec::new()),
        DataType::C64 | DataType::C128 => (element.data_type, size, swaps(order, size / 2, 2)),
        DataType::Compound(..) => (element.data_type, size, nested),
        number => (number, size, swaps(order, size, 1)),
    })
}

impl Element {
    /// Bytes of an element as zarrs gives it; none for texts of any length.
    pub(super) fn size(&self) -> Option<usize> {
        match self.after {
            After::Texts(size) => Some(size.max(1)),
            After::Utf32(count, _) => Some((count * 4).max(1)),
            After::Nothing | After::Swap(..) => self.data_type.size(),
        }
    }

    /// Elements as they are returned.
    pub(super) fn finish(&self, mut bytes: Vec<u8>) -> Elements {
        match &self.after {
            After::Nothing => {}
            After::Texts(size) => {
                return Elements::Texts(bytes.chunks_exact((*size).max(1)).map(text).collect());
            }
            After::Utf32(count, order) => {
                return Elements::Texts(
                    bytes.chunks_exact((*count * 4).max(1)).map(|element| utf32(element, *order)).collect(),
                );
            }
            After::Swap(size, fields) => {
                for element in bytes.chunks_exact_mut(*size) {
                    for (place, size) in fields {
                        element[*place..*place + *size].reverse();
                    }
                }
            }
        }
        Elements::Numbers(bytes.into())
    }

    /// The fill value where zarrs does not know it: of raw bytes, as base64, and of texts.
    pub(super) fn fill(&self, value: &Value) -> Option<Fill> {
        if self.data_type == DataType::Text {
            let text = value.as_str().unwrap_or_default();
            return Some(Fill::Text(match self.after {
                // numcodecs writes bytes as base64, and zarr-python since version 3 too.
                After::Texts(_) => {
                    STANDARD.decode(text).map_or_else(|_| text.to_owned(), |bytes| self::text(&bytes))
                }
                _ => text.to_owned(),
            }));
        }
        let size = self.data_type.size()?;
        let mut bytes = match value {
            Value::String(text) => STANDARD.decode(text).unwrap_or_default(),
            Value::Array(list) => list
                .iter()
                .filter_map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()))
                .collect(),
            _ => Vec::new(),
        };
        bytes.resize(size, 0);
        match self.finish(bytes) {
            Elements::Numbers(bytes) => Some(Fill::Bytes(bytes.to_vec())),
            Elements::Texts(_) => None,
        }
    }

    /// Whether zarrs is told another type than the array's, whose fill value it does not know.
    pub(super) fn is_raw(&self) -> bool {
        self.data_type == DataType::Text
            || matches!(self.data_type, DataType::Opaque(_) | DataType::Compound(..))
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn utf32(bytes: &[u8], order: Order) -> String {
    let characters = bytes.as_chunks::<4>().0.iter().map(|bytes| match order {
        Order::Little => u32::from_le_bytes(*bytes),
        Order::Big => u32::from_be_bytes(*bytes),
    });
    let text: String =
        characters.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.trim_end_matches('\0').to_owned()
}

/// A value of an attribute: JSON as values. What values cannot be is kept as its JSON.
pub(super) fn attribute(value: &Value) -> Values {
    let list: Vec<&Value> = match value {
        Value::Array(list) if !list.is_empty() => list.iter().collect(),
        value => vec![value],
    };
    let shape = if value.is_array() { vec![list.len() as u64] } else { Vec::new() };
    let all = |is: fn(&Value) -> bool| list.iter().all(|value| is(value));
    if all(Value::is_string) {
        let texts: Texts = list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        return Values { data_type: DataType::Text, shape, bytes: bytes::Bytes::new(), texts };
    }
    if all(Value::is_boolean) {
        let numbers: Vec<u8> = list.iter().map(|value| u8::from(value.as_bool() == Some(true))).collect();
        return Values::numbers(DataType::Bool, shape, &numbers);
    }
    if all(Value::is_i64) {
        let numbers: Vec<i64> = list.iter().filter_map(|value| value.as_i64()).collect();
        return Values::numbers(DataType::I64, shape, &numbers);
    }
    if all(Value::is_u64) {
        let numbers: Vec<u64> = list.iter().filter_map(|value| value.as_u64()).collect();
        return Values::numbers(DataType::U64, shape, &numbers);
    }
    if all(Value::is_number) {
        let numbers: Vec<f64> = list.iter().filter_map(|value| value.as_f64()).collect();
        return Values::numbers(DataType::F64, shape, &numbers);
    }
    Values::text(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_numpy_are_known() {
        let plain = |dtype: &str| of_v2(&json!(dtype), false).unwrap().data_type;
        assert_eq!(plain("<f4"), DataType::F32);
        assert_eq!(plain(">i2"), DataType::I16);
        assert_eq!(plain("|b1"), DataType::Bool);
        assert_eq!(plain("|V7"), DataType::Opaque(7));
        let time = of_v2(&json!("<M8[ns]"), false).unwrap();
        assert_eq!(
            (time.data_type, time.unit.as_deref()),
            (DataType::I64, Some("nanoseconds since 1970-01-01"))
        );
        assert!(of_v2(&json!("|O"), false).is_err());
        for hostile in ["", "<", "<f", "<f3", "|S99999999999", "<U-1", "é", "<é4", "<M8[", "x4"] {
            assert!(of_v2(&json!(hostile), false).is_err(), "{hostile}");
        }
    }

    #[test]
    fn many_fields_in_each_other_are_refused_before_they_are_listed() {
        let mut dtype = json!([["a", ">i2", [1000]]]);
        for _ in 0..6 {
            dtype = json!([["a", dtype, [1_000_000]]]);
        }
        assert!(of_v2(&dtype, false).unwrap_err().contains("too large"));
        let dtype = json!([["a", [["b", ">i2", [500_000]]], [1_000_000]]]);
        assert!(of_v2(&dtype, false).unwrap_err().contains("too large"));
    }

    #[test]
    fn fields_are_brought_into_the_machines_order() {
        let dtype = json!([["a", ">i2"], ["b", "|u1"], ["c", [["d", ">f4"]]], ["e", ">i2", [2]]]);
        let element = of_v2(&dtype, false).unwrap();
        assert_eq!(element.data_type.size(), Some(11));
        let Elements::Numbers(bytes) = element.finish(vec![0, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8]) else {
            unreachable!()
        };
        assert_eq!(bytes.as_ref(), [1, 0, 9, 4, 3, 2, 1, 6, 5, 8, 7]);
    }

    #[test]
    fn texts_lose_what_fills_them_up() {
        let element = of_v2(&json!("|S4"), false).unwrap();
        let Elements::Texts(texts) = element.finish(b"ab\0\0abcd".to_vec()) else { unreachable!() };
        assert_eq!(texts, ["ab", "abcd"]);
        let element = of_v2(&json!(">U2"), false).unwrap();
        let Elements::Texts(texts) = element.finish(vec![0, 0, 0, 0xe9, 0, 0, 0, 0]) else { unreachable!() };
        assert_eq!(texts, ["é"]);
    }

    #[test]
    fn attributes_have_the_type_of_their_json() {
        assert_eq!(attribute(&json!("m")).as_text(), Some("m"));
        assert_eq!(attribute(&json!([1, 2])).shape, [2]);
        assert_eq!(attribute(&json!([1, 2.5])).as_f64().unwrap(), [1.0, 2.5]);
        assert_eq!(attribute(&json!({"a": [1]})).as_text(), Some("{\"a\":[1]}"));
    }
}
