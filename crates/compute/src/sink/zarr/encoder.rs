//! Metadata of an array, and its chunks as bytes: by zarrs.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frazil_data::dataset::Attribute;
use serde_json::{Map, Value, json};
use zarrs::array::codec::api::{ArrayToBytesCodecTraits, CodecOptions};
use zarrs::array::{Array, ArrayBytes, ArrayMetadata};

use super::Codec;
use crate::block::ElementType;
use crate::error::{Error, Result};

/// Bytes of a chunk must be fewer: blosc counts them in 32 bits with a sign, and has a header.
const MOST: u64 = (1 << 31) - 1024;

/// How the elements of an array become chunks.
#[derive(Debug)]
pub(super) struct Encoder {
    array: Array<()>,
    chunk: Vec<u64>,
    lengths: Vec<NonZeroU64>,
}

impl Encoder {
    /// An array of a shape with chunks, named dimensions and attributes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for chunks that cannot be.
    pub(super) fn new(
        element: ElementType,
        (shape, chunk): (&[u64], &[u64]),
        dimensions: &[&str],
        attributes: &Map<String, Value>,
        codec: Codec,
    ) -> Result<Self> {
        let size = element.size();
        let is_other = chunk.len() != shape.len();
        let chunk: Vec<u64> =
            chunk.iter().zip(shape).map(|(chunk, length)| (*chunk).min((*length).max(1))).collect();
        let lengths: Vec<NonZeroU64> = chunk.iter().copied().filter_map(NonZeroU64::new).collect();
        let bytes = chunk.iter().copied().fold(size as u64, u64::saturating_mul);
        if is_other || lengths.len() != shape.len() || bytes > MOST {
            return Err(Error::invalid(
                format!("chunks of {chunk:?} elements of {size} bytes are none for a result of {shape:?}"),
                "give a length of 1 or more along each axis, and chunks of less than 2 GiB",
            ));
        }
        let metadata = json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": shape,
            "data_type": element.to_string(),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": if element.is_float() { json!("NaN") } else { json!(0) },
            "codecs": codecs(codec, size),
            "attributes": attributes,
            "dimension_names": dimensions,
        });
        let metadata: ArrayMetadata = serde_json::from_value(metadata).map_err(|error| unencoded(&error))?;
        let array =
            Array::new_with_metadata(Arc::new(()), "/", metadata).map_err(|error| unencoded(&error))?;
        Ok(Self { array, chunk, lengths })
    }

    /// Elements of a chunk along each axis.
    pub(super) fn chunk(&self) -> &[u64] {
        &self.chunk
    }

    /// The array's `zarr.json`.
    pub(super) fn metadata(&self) -> Result<Value> {
        serde_json::to_value(self.array.metadata()).map_err(|error| unencoded(&error))
    }

    /// Where a chunk lies below its array, by its number along each axis.
    pub(super) fn key(&self, number: &[u64]) -> PathBuf {
        PathBuf::from(self.array.chunk_key(number).as_str())
    }

    /// A chunk of what is not there.
    pub(super) fn blank(&self) -> Result<Vec<u8>> {
        let count = self.chunk.iter().product::<u64>();
        Ok(self.array.fill_value().as_ne_bytes().repeat(super::super::boxes::place(count)?))
    }

    /// The elements of a chunk as it is stored.
    pub(super) fn encode(&self, elements: Cow<'_, [u8]>) -> Result<Vec<u8>> {
        let bytes = match elements {
            Cow::Borrowed(elements) => ArrayBytes::from(elements),
            Cow::Owned(elements) => ArrayBytes::from(elements),
        };
        // Whoever writes has threads already.
        let options = CodecOptions::default().with_concurrent_target(1);
        let (data_type, fill) = (self.array.data_type(), self.array.fill_value());
        let encoded = self.array.codecs().encode(bytes, &self.lengths, data_type, fill, &options);
        Ok(encoded.map_err(|error| unencoded(&error))?.into_owned())
    }
}

fn codecs(codec: Codec, size: usize) -> Value {
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let name = match codec {
        Codec::Lz4 => "lz4",
        Codec::Zstd => "zstd",
        Codec::Plain => return json!([bytes]),
    };
    let shuffle = if size > 1 { "shuffle" } else { "noshuffle" };
    let blosc = json!({"cname": name, "clevel": 5, "shuffle": shuffle, "typesize": size, "blocksize": 0});
    json!([bytes, {"name": "blosc", "configuration": blosc}])
}

/// Attributes of an array of such elements as JSON, or of a group. A result has the `_FillValue` of floats.
pub(super) fn attributes(
    said: &[Attribute],
    element: Option<ElementType>,
    is_result: bool,
) -> Map<String, Value> {
    let is_float = element.is_some_and(ElementType::is_float);
    let missing = (is_float && is_result).then(|| (FILL.to_owned(), encoded(f64::NAN)));
    let said = said.iter().map(|Attribute { name, value }| {
        let fill = value.as_f64().and_then(|numbers| numbers.first().copied());
        let told = match fill {
            Some(fill) if is_float && name == FILL => encoded(fill),
            _ => value.to_json(),
        };
        // NetCDF has no rows of one: what it says once is one value.
        let told = match told {
            Value::Array(mut row) if row.len() == 1 => row.remove(0),
            told => told,
        };
        (name.clone(), told)
    });
    missing.into_iter().chain(said).collect()
}

/// What stands for missing numbers.
const FILL: &str = "_FillValue";

/// As xarray writes what stands for missing floats: the bytes of a double in base64.
fn encoded(number: f64) -> Value {
    json!(STANDARD.encode(number.to_le_bytes()))
}

/// That zarrs did not take what was made for it.
pub(super) fn unencoded(error: &dyn std::error::Error) -> Error {
    Error::invalid(
        format!("the result has no form in Zarr: {error}"),
        "write it to NetCDF, or tell frazil's makers",
    )
}
