//! An array of a store: what its metadata says, and how its chunks are decoded.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecOptions};
use zarrs::array::{Array as Zarrs, ArrayBytes, ArrayMetadata};

use super::data_type::{After, Element, Order, attribute, of_v2, of_v2_order, of_v3};
use super::decompress::{Step, is_of_bytes, plain};
use super::shards::{self, Nested, Shards};
use crate::dataset::{Attribute, DataType, Variable};
use crate::limits::{Limits, product};
use crate::mosaic::{Decoded, Elements, Fill};

/// An array without its values.
#[derive(Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<u64>,
    /// Elements of a chunk, or of a shard.
    pub(super) chunks: Vec<u64>,
    /// Chunks inside of a chunk.
    pub(super) shards: Option<Shards>,
    pub(super) keys: Keys,
    pub(super) dimensions: Option<Vec<Option<String>>>,
    pub(super) attributes: Vec<Attribute>,
    /// What was done to a chunk, for readers of the tree.
    filters: Vec<String>,
    data_type: DataType,
    /// How a chunk is decoded, or why it cannot be.
    pub(super) decoder: Result<Decoder, String>,
}

/// How the keys of chunks are made.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: &'static str,
    separator: char,
}

/// How chunks are decoded.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) element: Element,
    pub(super) fill: Fill,
    steps: Vec<Step>,
    codecs: Codecs,
    shape: Vec<NonZeroU64>,
    most: u64,
    /// Whether elements lie in a chunk as they are in memory, in row-major order.
    pub(super) is_plain: bool,
    /// Whether they do once it is decompressed.
    is_row_major: bool,
    /// Whether texts lie in a chunk each behind its length (`vlen-utf8`, `vlen-bytes`).
    has_lengths: bool,
}

/// What makes elements of a chunk's bytes once these are decompressed.
#[derive(Debug)]
enum Codecs {
    Zarrs(Box<Zarrs<()>>),
    Shards(Box<Nested>),
}

/// Codecs that zarrs decodes: those that have no others in them, and give no more than a chunk's elements.
const OF_ELEMENTS: [&str; 6] =
    ["bytes", "transpose", "vlen-utf8", "vlen-bytes", "bitround", "fixedscaleoffset"];

/// What is read of metadata before anything is made of it.
struct Told {
    shape: Vec<u64>,
    chunks: Vec<u64>,
    attributes: Map<String, Value>,
}

pub(super) fn lengths(value: Option<&Value>, what: &str) -> Result<Vec<u64>, String> {
    let list = value.and_then(Value::as_array).ok_or_else(|| format!("there is no {what}"))?;
    if list.len() > 64 {
        return Err(format!("the {what} has {} dimensions", list.len()));
    }
    list.iter().map(|length| length.as_u64().ok_or_else(|| format!("the {what} holds {length}"))).collect()
}

impl Told {
    fn new(metadata: &Value, chunks: Option<&Value>) -> Result<Self, String> {
        let shape = lengths(metadata.get("shape"), "shape")?;
        let chunks = lengths(chunks, "shape of chunks")?;
        if shape.len() != chunks.len() || chunks.contains(&0) {
            return Err(format!("chunks of {chunks:?} cannot make an array of {shape:?}"));
        }
        let attributes = metadata.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        // Products of lengths are made all over the place.
        product(&shape, 16).ok_or_else(|| format!("an array of {shape:?} is too large"))?;
        Ok(Self { shape, chunks, attributes })
    }
}

impl Array {
    /// An array of Zarr v2: `.zarray`, with what `.zattrs` says.
    pub(super) fn of_v2(metadata: &Value, attributes: &Value, limits: &Limits) -> Result<Self, String> {
        let told = Told::new(metadata, metadata.get("chunks"))?;
        let mut said = attributes.as_object().cloned().unwrap_or_default();
        let dimensions = said.remove("_ARRAY_DIMENSIONS").and_then(|names| names_of(&names));
        let filters = metadata.get("filters").and_then(Value::as_array).cloned().unwrap_or_default();
        let compressor = metadata.get("compressor").filter(|codec| !codec.is_null());
        let all: Vec<&Value> = filters.iter().chain(compressor).collect();
        let has_texts = all.iter().any(|codec| id(codec) == "vlen-utf8");
        let element = of_v2(metadata.get("dtype").unwrap_or(&Value::Null), has_texts);
        let fill = metadata.get("fill_value").cloned().unwrap_or_default();
        let data_type = element.as_ref().map_or(DataType::Opaque(0), |element| element.data_type.clone());
        let decoder = element.and_then(|element| {
            let own = all.iter().filter(|codec| is_of_bytes(id(codec)));
            let steps = own.map(|codec| Step::new(id(codec), codec)).collect::<Result<Vec<_>, _>>()?;
            let rest: Vec<Value> = all.iter().filter(|codec| !is_of_bytes(id(codec))).map(|codec| (*codec).clone()).collect();
            are_known(rest.iter().map(id))?;
            let is_row_major = metadata.get("order").is_none_or(|order| order == "C");
            let is_row_major = rest.is_empty() && is_row_major;
            let told_fill = fill_for_zarrs(&element, &fill);
            let zarrs = json!({
                "zarr_format": 2, "node_type": "array", "shape": told.shape, "chunks": told.chunks, "dtype": element.told,
                "compressor": null, "filters": if rest.is_empty() { Value::Null } else { rest.into() },
                "fill_value": told_fill, "order": metadata.get("order").cloned().unwrap_or_else(|| json!("C")),
            });
            Decoder::new(element, &fill, steps, zarrs, told.chunks.clone(), is_row_major, limits)
        });
        let separator = metadata.get("dimension_separator").and_then(Value::as_str).unwrap_or(".");
        let keys = Keys { prefix: "", separator: separator.chars().next().unwrap_or('.') };
        let mut array = Self::new(told, None, keys, data_type, decoder);
        let order = of_v2_order(metadata.get("dtype"));
        let layout = array.layout(order, metadata.get("order").is_some_and(|order| order != "C"));
        let size = array.data_type.size();
        array.filters =
            layout.into_iter().chain(all.iter().map(|codec| shown(id(codec), codec, size))).collect();
        array.dimensions = dimensions;
        array.describe(&said, (!fill.is_null()).then_some("_FillValue"));
        Ok(array)
    }

    /// An array of Zarr v3: its `zarr.json`.
    pub(super) fn of_v3(metadata: &Value, limits: &Limits) -> Result<Self, String> {
        let grid = metadata.get("chunk_grid");
        let name = grid.and_then(|grid| grid.get("name")).and_then(Value::as_str).unwrap_or_default();
        if name != "regular" {
            return Err(format!("chunks in a grid `{name}` are not read"));
        }
        let told = Told::new(metadata, grid.and_then(|grid| grid.pointer("/configuration/chunk_shape")))?;
        let transformers = metadata.get("storage_transformers").and_then(Value::as_array);
        if transformers.is_some_and(|list| !list.is_empty()) {
            return Err("storage transformers are not read".to_owned());
        }
        let outer = metadata.get("codecs").and_then(Value::as_array).ok_or("there are no codecs")?;
        let sharded = match outer.as_slice() {
            [codec] if name_of(codec) == shards::NAME => codec.get("configuration"),
            _ => None,
        };
        let shards = sharded.map(|settings| Shards::new(settings, &told.chunks, limits)).transpose()?;
        let codecs = sharded
            .map_or(Some(outer), |settings| settings.get("codecs")?.as_array())
            .ok_or("there are no codecs")?;
        let chunks = shards.as_ref().map_or(&told.chunks, |shards| &shards.chunks).clone();
        let order = order_of_v3(codecs);
        let element = of_v3(metadata.get("data_type").unwrap_or(&Value::Null), order);
        let data_type = element.as_ref().map_or(DataType::Opaque(0), |element| element.data_type.clone());
        let unreadable = metadata.get(super::UNREADABLE).and_then(Value::as_str);
        let element = unreadable.map_or(element, |why| Err(why.to_owned()));
        let decoder = element
            .and_then(|element| Decoder::of_v3(element, metadata, codecs, &told.shape, chunks, limits));
        let keys = Keys::of_v3(metadata.get("chunk_key_encoding"))?;
        let names = metadata.get("dimension_names").and_then(names_of);
        let attributes = told.attributes.clone();
        let mut array = Self::new(told, shards, keys, data_type, decoder);
        let codecs = outer.iter().chain(sharded.and(Some(codecs)).into_iter().flatten());
        let codecs = codecs.filter(|codec| name_of(codec) != "bytes");
        let size = array.data_type.size();
        let layout = array.layout(order, false);
        array.filters = layout.into_iter().chain(codecs.map(|codec| shown_v3(codec, size))).collect();
        array.dimensions = names.filter(|names| names.len() == array.shape.len());
        array.describe(&attributes, None);
        Ok(array)
    }

    fn new(
        told: Told,
        shards: Option<Shards>,
        keys: Keys,
        data_type: DataType,
        decoder: Result<Decoder, String>,
    ) -> Self {
        Self {
            shape: told.shape,
            chunks: told.chunks,
            shards,
            keys,
            dimensions: None,
            attributes: Vec::new(),
            filters: Vec::new(),
            data_type,
            decoder,
        }
    }

    /// Takes over what is said of the array, in the terms of xarray: the unit of times, and the fill
    /// value of Zarr v2 as `_FillValue`. In Zarr v3 xarray writes an own `_FillValue`, numbers with a
    /// point as base64.
    fn describe(&mut self, said: &Map<String, Value>, fill: Option<&str>) {
        let mut attributes: Vec<Attribute> = said
            .iter()
            .map(|(name, value)| Attribute { name: name.clone(), value: self.said(name, value) })
            .collect();
        let mut add = |name: &str, value| {
            if !said.contains_key(name) {
                attributes.push(Attribute { name: name.to_owned(), value });
            }
        };
        if let Ok(decoder) = &self.decoder {
            if let Some(unit) = &decoder.element.unit {
                add("units", crate::dataset::Values::text(unit.as_str()));
                let none = crate::dataset::Values::numbers(DataType::I64, Vec::new(), &[i64::MIN]);
                add("_FillValue", none);
            } else if let Some(name) = fill {
                add(name, decoder.fill.values(&decoder.element.data_type));
            }
        }
        self.attributes = attributes;
    }

    fn said(&self, name: &str, value: &Value) -> crate::dataset::Values {
        use base64::Engine;
        let encoded = value.as_str().filter(|_| name == "_FillValue");
        let bytes = encoded.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
        match (bytes.as_deref(), &self.data_type) {
            (Some(bytes), DataType::F16 | DataType::F32 | DataType::F64) => {
                // xarray encodes all of them as 8 bytes, little-endian.
                let number = bytes.try_into().map(f64::from_le_bytes);
                number.map_or_else(
                    |_| attribute(value),
                    |number| crate::dataset::Values::numbers(DataType::F64, Vec::new(), &[number]),
                )
            }
            _ => attribute(value),
        }
    }

    /// How elements lie in a chunk before its codecs are done to it, where that is not as in memory.
    fn layout(&self, order: Order, is_column_major: bool) -> Vec<String> {
        let after = self.decoder.as_ref().ok().map(|decoder| &decoder.element.after);
        let is_big = order == Order::Big && self.data_type.size().is_some_and(|size| size > 1);
        let is_raw = matches!(self.data_type, DataType::Opaque(_) | DataType::Compound(..));
        let has_columns = self.decoded().iter().filter(|length| **length > 1).count() > 1;
        let words = [
            (is_column_major && has_columns).then_some("column-major"),
            matches!(after, Some(After::Swap(..))).then_some("big-endian fields"),
            (is_big && !is_raw).then_some("big-endian"),
        ];
        words.into_iter().flatten().map(str::to_owned).collect()
    }

    /// Elements along each dimension of what is decoded for itself: a chunk, or one inside of a shard.
    pub(super) fn decoded(&self) -> &[u64] {
        self.shards.as_ref().map_or(&self.chunks, |shards| &shards.chunks)
    }

    /// As a variable.
    pub(super) fn variable(&self, name: &str, dimensions: Vec<String>) -> Variable {
        Variable {
            name: name.to_owned(),
            data_type: self.data_type.clone(),
            is_char: self.decoder.as_ref().is_ok_and(|decoder| decoder.element.after == After::Texts(1)),
            shape: self.shape.clone(),
            dimensions,
            chunks: Some(self.decoded().to_vec()),
            filters: self.filters.clone(),
            fill: self.decoder.as_ref().ok().map(|decoder| decoder.fill.values(&self.data_type)),
            attributes: self.attributes.clone(),
        }
    }
}

fn id(codec: &Value) -> &str {
    codec.get("id").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn name_of(codec: &Value) -> &str {
    codec.as_str().or_else(|| codec.get("name")?.as_str()).unwrap_or_default()
}

/// A codec for people, as `zlib 6`; `shuffle` with how many bytes it shuffles where these are no elements.
fn shown(name: &str, settings: &Value, size: Option<usize>) -> String {
    if plain(name) == "shuffle" {
        let told = settings.get("elementsize").map_or(Some(4), Value::as_u64);
        return match told.filter(|told| Some(*told) != size.map(|size| size as u64)) {
            Some(told) => format!("shuffle {told}"),
            None => "shuffle".to_owned(),
        };
    }
    let level = settings.get("level").or_else(|| settings.get("clevel")).and_then(Value::as_i64);
    let kind = settings.get("cname").and_then(Value::as_str);
    let parts = [Some(plain(name).to_owned()), kind.map(str::to_owned), level.map(|level| level.to_string())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn shown_v3(codec: &Value, size: Option<usize>) -> String {
    shown(name_of(codec), codec.get("configuration").unwrap_or(&Value::Null), size)
}

fn names_of(names: &Value) -> Option<Vec<Option<String>>> {
    let names = names.as_array()?;
    Some(names.iter().map(|name| name.as_str().filter(|name| !name.is_empty()).map(str::to_owned)).collect())
}

/// The fill value that zarrs is told: zeros where it is told raw bytes, and a number for no time.
fn fill_for_zarrs(element: &Element, fill: &Value) -> Value {
    match element.size() {
        Some(size) if element.is_raw() => json!(vec![0; size]),
        Some(_) if fill == "NaT" => json!(i64::MIN),
        // zarrs takes none for zeros, but not of complex numbers.
        Some(_) if fill.is_null() && matches!(element.data_type, DataType::C64 | DataType::C128) => {
            json!([0.0, 0.0])
        }
        Some(_) => fill.clone(),
        None => fill.as_str().map_or(json!(""), |text| json!(text)),
    }
}

/// The order of bytes that the codec `bytes` has, also in shards.
fn order_of_v3(codecs: &[Value]) -> Order {
    let shard = codecs.iter().find(|codec| name_of(codec) == shards::NAME);
    if let Some(inner) = shard.and_then(|codec| codec.pointer("/configuration/codecs")?.as_array()) {
        return order_of_v3(inner);
    }
    let bytes = codecs.iter().find(|codec| name_of(codec) == "bytes");
    let endian = bytes.and_then(|codec| codec.pointer("/configuration/endian")).and_then(Value::as_str);
    if endian == Some("big") { Order::Big } else { Order::Little }
}

impl Keys {
    fn of_v3(encoding: Option<&Value>) -> Result<Self, String> {
        let encoding = encoding.ok_or("there is no chunk_key_encoding")?;
        let separator = encoding
            .pointer("/configuration/separator")
            .and_then(Value::as_str)
            .and_then(|text| text.chars().next());
        match name_of(encoding) {
            "default" => Ok(Self { prefix: "c", separator: separator.unwrap_or('/') }),
            "v2" => Ok(Self { prefix: "", separator: separator.unwrap_or('.') }),
            name => Err(format!("the chunk_key_encoding `{name}` is not known")),
        }
    }

    /// The key of a chunk, below the array's own.
    pub(super) fn key(&self, index: &[u64]) -> String {
        let mut key = self.prefix.to_owned();
        for number in index {
            if !key.is_empty() {
                key.push(self.separator);
            }
            key.push_str(&number.to_string());
        }
        if key.is_empty() { "0".to_owned() } else { key }
    }
}

impl Decoder {
    fn of_v3(
        element: Element,
        metadata: &Value,
        codecs: &[Value],
        shape: &[u64],
        chunks: Vec<u64>,
        limits: &Limits,
    ) -> Result<Self, String> {
        let own = codecs.iter().filter(|codec| is_of_bytes(name_of(codec)));
        let steps =
            own.map(|codec| Step::new(name_of(codec), codec.get("configuration").unwrap_or(&Value::Null)));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        let rest: Vec<&Value> = codecs.iter().filter(|codec| !is_of_bytes(name_of(codec))).collect();
        if let [codec] = rest.as_slice()
            && name_of(codec) == shards::NAME
        {
            let settings = codec.get("configuration").unwrap_or(&Value::Null);
            let shards = Shards::new(settings, &chunks, limits)?;
            let codecs = settings.get("codecs").and_then(Value::as_array).ok_or("there are no codecs")?;
            let inner = Self::of_v3(element, metadata, codecs, shape, shards.chunks.clone(), limits)?;
            return Self::of_shards(steps, Nested { shards, inner, limits: *limits }, chunks);
        }
        are_known(rest.iter().map(|codec| name_of(codec)))?;
        let is_row_major = rest.len() == 1 && name_of(rest[0]) == "bytes";
        let fill = metadata.get("fill_value").cloned().unwrap_or_default();
        let told_fill = fill_for_zarrs(&element, &fill);
        let zarrs = json!({
            "zarr_format": 3, "node_type": "array", "shape": shape, "data_type": element.told,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "chunk_key_encoding": {"name": "default"}, "fill_value": told_fill, "codecs": rest,
        });
        Self::new(element, &fill, steps, zarrs, chunks, is_row_major, limits)
    }

    /// Of shards that lie in chunks themselves.
    fn of_shards(steps: Vec<Step>, nested: Nested, chunks: Vec<u64>) -> Result<Self, String> {
        let (element, fill) = (nested.inner.element.clone(), nested.inner.fill.clone());
        let bytes = bytes_of_chunk(&element, &chunks, &nested.limits)?;
        let most = bytes.saturating_mul(2).saturating_add(nested.shards.size).saturating_add(1 << 16);
        let shape = chunks.into_iter().filter_map(NonZeroU64::new).collect();
        let codecs = Codecs::Shards(Box::new(nested));
        let (is_plain, is_row_major, has_lengths) = (false, false, false);
        Ok(Self { element, fill, steps, codecs, shape, most, is_plain, is_row_major, has_lengths })
    }

    fn new(
        element: Element,
        fill: &Value,
        steps: Vec<Step>,
        zarrs: Value,
        chunks: Vec<u64>,
        is_row_major: bool,
        limits: &Limits,
    ) -> Result<Self, String> {
        if element.size() == Some(0) {
            return Err("elements of no bytes are not read".to_owned());
        }
        // A chunk of which parts can be read is never decoded as a whole.
        let is_plain = is_row_major && steps.is_empty();
        let is_in_parts = is_plain && element.size().is_some();
        let most = if is_in_parts { u64::MAX } else { limits.chunk };
        let bytes = bytes_of_chunk(&element, &chunks, &Limits { chunk: most, ..*limits })?;
        let codecs = zarrs.get("codecs").or_else(|| zarrs.get("filters")).and_then(Value::as_array);
        let has_lengths = codecs.into_iter().flatten().any(|codec| {
            [id(codec), name_of(codec)].into_iter().any(|name| plain(name).starts_with("vlen-"))
        });
        let metadata: ArrayMetadata = serde_json::from_value(zarrs).map_err(|error| error.to_string())?;
        let zarrs =
            Zarrs::new_with_metadata(Arc::new(()), "/", metadata).map_err(|error| error.to_string())?;
        let known = || match zarrs.fill_value().as_ne_bytes() {
            bytes if element.data_type == DataType::Text => {
                Fill::Text(String::from_utf8_lossy(bytes).into_owned())
            }
            bytes => Fill::Bytes(bytes.to_vec()),
        };
        let fill = if element.is_raw() { element.fill(fill).unwrap_or_else(known) } else { known() };
        let most = match element.size() {
            // Steps before the last may hold elements that are converted, and checksums.
            Some(size) => (bytes / size as u64).saturating_mul(size.max(8) as u64).saturating_add(1 << 16),
            None => limits.chunk,
        };
        let shape = chunks.into_iter().filter_map(NonZeroU64::new).collect();
        let codecs = Codecs::Zarrs(Box::new(zarrs));
        Ok(Self { element, fill, steps, codecs, shape, most, is_plain, is_row_major, has_lengths })
    }

    /// Whether chunks are decoded strip after strip: numbers in row-major order in Blosc and nothing else.
    pub(super) fn has_strips(&self) -> bool {
        let is_of_numbers = self.element.size().is_some() && self.element.after == After::Nothing;
        self.is_row_major && is_of_numbers && matches!(self.steps.as_slice(), [Step::Blosc(_)])
    }

    /// The bytes of elements before they were compressed.
    pub(super) fn decompressed<'a>(&self, stored: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, String> {
        self.steps.iter().rev().try_fold(stored, |bytes, step| step.undo(bytes, self.most))
    }

    /// So many elements of one, of their decompressed bytes.
    pub(super) fn strip(&self, bytes: Cow<'_, [u8]>, count: u64) -> Result<Elements, String> {
        let mut shape = vec![1; self.shape.len().saturating_sub(1)];
        shape.push(count);
        self.elements(bytes, Some(&shape)).map(|decoded| decoded.elements)
    }

    /// The most bytes that a chunk can have as it is stored.
    pub(super) fn most_stored(&self) -> u64 {
        self.most.saturating_mul(2)
    }

    /// Elements of a chunk; or of its first dimension's rows, where the chunk is plain and only those
    /// were read.
    pub(super) fn decode(&self, stored: &[u8], shape: Option<&[u64]>) -> Result<Decoded, String> {
        self.elements(self.decompressed(Cow::Borrowed(stored))?, shape)
    }

    /// Elements of a chunk, or of a part that has another shape, of their decompressed bytes.
    fn elements(&self, bytes: Cow<'_, [u8]>, shape: Option<&[u64]>) -> Result<Decoded, String> {
        let part: Option<Vec<NonZeroU64>> =
            shape.map(|shape| shape.iter().filter_map(|length| NonZeroU64::new(*length)).collect());
        let shape = part.as_deref().unwrap_or(&self.shape);
        if shape.is_empty() && !self.shape.is_empty() {
            return Err("a part of a chunk has no elements".to_owned());
        }
        let zarrs = match &self.codecs {
            Codecs::Zarrs(zarrs) => zarrs,
            Codecs::Shards(nested) => {
                let shape: Vec<u64> = shape.iter().map(|length| length.get()).collect();
                return nested.decode(&bytes, &shape);
            }
        };
        if self.has_lengths {
            lengths_fit(&bytes, shape.iter().map(|length| length.get()).product())?;
        }
        let options = CodecOptions::default().with_concurrent_target(1);
        let decoded = zarrs.codecs().decode(bytes, shape, zarrs.data_type(), zarrs.fill_value(), &options);
        let elements = match decoded.map_err(|error| error.to_string())? {
            ArrayBytes::Fixed(bytes) => self.element.finish(bytes.into_owned()),
            ArrayBytes::Variable(variable) => {
                let (bytes, offsets) = variable.into_parts();
                let texts = offsets.windows(2).map(|ends| bytes.get(ends[0]..ends[1]).map(text));
                Elements::Texts(texts.collect::<Option<_>>().ok_or("a text goes beyond its chunk")?)
            }
            ArrayBytes::Optional(_) => return Err("optional elements are not read".to_owned()),
        };
        Ok(Decoded { elements, shape: shape.iter().map(|length| length.get()).collect() })
    }
}

/// The bytes of a chunk's elements; texts of any length have a place in memory each.
fn bytes_of_chunk(element: &Element, chunks: &[u64], limits: &Limits) -> Result<u64, String> {
    let size = element.size().unwrap_or(size_of::<String>());
    product(chunks, size as u64)
        .filter(|bytes| *bytes <= limits.chunk)
        .ok_or_else(|| format!("a chunk of {chunks:?} elements has more than {} bytes", limits.chunk))
}

/// That zarrs decodes no codec that may hold others, whose bounds nobody knows.
fn are_known<'a>(mut names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    match names.find(|name| !OF_ELEMENTS.contains(&plain(name))) {
        Some(name) => Err(format!("codec {name} is not supported")),
        None => Ok(()),
    }
}

/// That texts which lie each behind its length end where their bytes do: zarrs takes that for granted
/// (`vlen_v2.rs` of version 0.23.14).
fn lengths_fit(bytes: &[u8], count: u64) -> Result<(), String> {
    let number = |bytes: &[u8]| bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let told = number(bytes).map(u64::from);
    let mut rest =
        bytes.get(4..).filter(|_| told == Some(count)).ok_or("it tells of another number of texts")?;
    for _ in 0..count {
        let length = number(rest).and_then(|length| usize::try_from(length).ok());
        let behind = length.and_then(|length| rest.get(4..)?.get(length..));
        rest = behind.ok_or("a text goes beyond its chunk")?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
