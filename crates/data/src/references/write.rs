//! References of Kerchunk to the chunks of any dataset, for fsspec, xarray and zarr-python.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value, json};

use crate::dataset::{Attribute, DataType, Dataset, Group, Selection, Stored, Values, Variable};
use crate::error::{Error, Result};
use crate::limits::{Limits, product};
use crate::objects::INLINE as INLINE_BYTES;
use crate::zarr::parsed;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON document, version 1.
    Json,
    /// A folder of Parquet, with so many references to a file.
    Parquet(u64),
}

/// Bytes of values that are written themselves where no reference to them can be: texts, and what a
/// file does not store.
const INLINE: u64 = 16 << 20;

/// An array: its chunks along each dimension, and its references by their number.
type Chunks = (Vec<u64>, BTreeMap<u64, Reference>);

#[derive(Debug)]
enum Reference {
    Part(String, u64, u64),
    Inline(Vec<u8>),
}

/// Writes references to all chunks of a dataset. Nothing but its headers is read, and values that no
/// reference can point to, such as texts of any length. References that `to` has are replaced, all of them or
/// none; a folder with anything else is left as it is.
///
/// Byte order: of the file's numbers little-endian is assumed, unless a variable's filters say
/// `big-endian`.
///
/// # Errors
/// [`Error::Invalid`] for a variable whose filters Zarr does not have, that is not stored, or that lies behind
/// an address that is signed, and for a folder that holds something else; what reading the headers gives;
/// [`Error::File`] where `to` cannot be written.
pub async fn write(dataset: &dyn Dataset, to: &Path, form: Form, limits: &Limits) -> Result<()> {
    let root = dataset.group("/", true).await?;
    let mut metadata = Map::new();
    let mut arrays = BTreeMap::new();
    let mut waiting = vec![(String::new(), &root)];
    let mut count = 0u64;
    while let Some((path, group)) = waiting.pop() {
        add_group(&path, group, &mut metadata);
        for variable in &group.variables {
            let field = below(&path, &variable.name);
            check_name(dataset, &field)?;
            let (array, chunks) = array(dataset, &field, variable, limits).await?;
            count += chunks.1.len() as u64;
            if count > limits.entries {
                return Err(Error::Invalid {
                    what: format!("{} has more than {} chunks", dataset.address(), limits.entries),
                    advice: "raise the bound of entries".to_owned(),
                });
            }
            metadata.insert(format!("{field}/.zarray"), array);
            metadata.insert(
                format!("{field}/.zattrs"),
                attributes(&variable.attributes, Some(&variable.dimensions)),
            );
            arrays.insert(field, chunks);
        }
        waiting.extend(group.groups.iter().map(|group| (below(&path, &group.name), group)));
    }
    let to = to.to_owned();
    let work = tokio::task::spawn_blocking(move || match form {
        Form::Json => write_json(&to, &metadata, arrays),
        Form::Parquet(size) => write_parquet(&to, &metadata, arrays, size.max(1)),
    });
    work.await.unwrap_or_else(|error| {
        Err(Error::Invalid {
            what: format!("writing was broken off: {error}"),
            advice: "call again".to_owned(),
        })
    })
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// That a name is one: names of arrays become folders, and may come from files of others.
fn check_name(dataset: &dyn Dataset, field: &str) -> Result<()> {
    if !field.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Ok(());
    }
    Err(Error::Invalid {
        what: format!("{} has a variable `{field}`, which is no name in references", dataset.address()),
        advice: "leave it out".to_owned(),
    })
}

fn add_group(path: &str, group: &Group, metadata: &mut Map<String, Value>) {
    metadata.insert(below(path, ".zgroup"), json!({"zarr_format": 2}));
    metadata.insert(below(path, ".zattrs"), attributes(&group.attributes, None));
}

/// Attributes as JSON; `_FillValue` stands in `.zarray`.
fn attributes(attributes: &[Attribute], dimensions: Option<&[String]>) -> Value {
    let said = attributes.iter().filter(|attribute| dimensions.is_none() || attribute.name != "_FillValue");
    let mut all: Map<String, Value> =
        said.map(|attribute| (attribute.name.clone(), Values::to_json(&attribute.value))).collect();
    if let Some(names) = dimensions {
        all.insert("_ARRAY_DIMENSIONS".to_owned(), json!(names));
    }
    Value::Object(all)
}

/// numpy's name of a type in a byte order.
fn dtype(data_type: &DataType, order: char) -> Option<Value> {
    Some(match data_type {
        DataType::Bool => json!("|b1"),
        DataType::I8 => json!("|i1"),
        DataType::U8 => json!("|u1"),
        DataType::I16 => json!(format!("{order}i2")),
        DataType::I32 => json!(format!("{order}i4")),
        DataType::I64 => json!(format!("{order}i8")),
        DataType::U16 => json!(format!("{order}u2")),
        DataType::U32 => json!(format!("{order}u4")),
        DataType::U64 => json!(format!("{order}u8")),
        DataType::F16 => json!(format!("{order}f2")),
        DataType::F32 => json!(format!("{order}f4")),
        DataType::F64 => json!(format!("{order}f8")),
        DataType::C64 => json!(format!("{order}c8")),
        DataType::C128 => json!(format!("{order}c16")),
        DataType::Opaque(size) => json!(format!("|V{size}")),
        DataType::Compound(fields, size) => {
            let mut all = Vec::new();
            let mut end = 0;
            for field in fields {
                // What lies between fields is none of them.
                if field.offset > end {
                    all.push(json!([format!("_{end}"), format!("|V{}", field.offset - end)]));
                }
                all.push(json!([field.name, dtype(&field.data_type, order)?]));
                end = field.offset + field.data_type.size()?;
            }
            if end < *size {
                all.push(json!([format!("_{end}"), format!("|V{}", size - end)]));
            }
            Value::Array(all)
        }
        DataType::Text => return None,
    })
}

/// A filter as a codec of numcodecs.
fn codec(filter: &str, size: usize) -> Option<Value> {
    let mut words = filter.split_whitespace();
    let name = words.next()?;
    let rest: Vec<&str> = words.collect();
    let level = |usual: i64| rest.iter().find_map(|word| word.parse().ok()).unwrap_or(usual);
    Some(match name {
        "shuffle" => json!({"id": "shuffle", "elementsize": level(i64::try_from(size).ok()?)}),
        "deflate" | "zlib" => json!({"id": "zlib", "level": level(6)}),
        "gzip" => json!({"id": "gzip", "level": level(6)}),
        "bz2" => json!({"id": "bz2", "level": level(9)}),
        "zstd" => json!({"id": "zstd", "level": level(3)}),
        "fletcher32" => json!({"id": "fletcher32"}),
        // Its own header tells what was done.
        "blosc" => json!({"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}),
        _ => return None,
    })
}

/// The metadata of an array, and its references: to its chunks, where Zarr can read them, else to its values,
/// which are written with them.
async fn array(
    dataset: &dyn Dataset,
    field: &str,
    variable: &Variable,
    limits: &Limits,
) -> Result<(Value, Chunks)> {
    let is_big = variable.filters.iter().any(|filter| filter == "big-endian");
    let filters = variable.filters.iter().filter(|filter| *filter != "big-endian");
    let size = variable.data_type.size().unwrap_or(1);
    let codecs: Option<Vec<Value>> = filters.map(|filter| codec(filter, size)).collect();
    let dtype = dtype(&variable.data_type, if is_big { '>' } else { '<' });
    let bytes = product(&variable.shape, size as u64).unwrap_or(u64::MAX);
    let (mut is_uneven, mut is_inline) = (false, false);
    if let (Some(codecs), Some(dtype)) = (codecs, dtype) {
        let stored = dataset.ranges(field, &Selection::All).await?;
        is_uneven = stored.iter().any(|chunk| chunk.skipped != 0);
        is_inline = stored.iter().any(|chunk| chunk.address.as_str() == INLINE_BYTES);
        if let Some(chunk) = stored.iter().find(|chunk| chunk.address.is_hidden()) {
            return Err(Error::Invalid {
                what: format!("no reference can point to `{field}`: its address {} is signed", chunk.address),
                advice: "open it by an address without a signature".to_owned(),
            });
        }
        // Of what is not in chunks, and lies nowhere, the values are in the headers, or follow from them.
        let was_never_written = stored.is_empty() && variable.chunks.is_some() && bytes > INLINE;
        if !is_uneven && !is_inline && (!stored.is_empty() || was_never_written) {
            return Ok(referred(variable, &dtype, &codecs, stored));
        }
    }
    if bytes > INLINE {
        return Err(Error::Invalid {
            what: format!(
                "no reference can point to `{field}`: {} of the type {}",
                filters_of(variable, is_uneven, is_inline),
                variable.data_type
            ),
            advice: "leave it out, or write its values anew".to_owned(),
        });
    }
    inlined(field, variable, &dataset.read(field, &Selection::All).await?, limits)
}

/// An array whose chunks are referred to.
fn referred(variable: &Variable, dtype: &Value, codecs: &[Value], stored: Vec<Stored>) -> (Value, Chunks) {
    let chunks: Vec<u64> = variable.chunks.clone().unwrap_or_else(|| variable.shape.clone());
    let chunks: Vec<u64> = chunks.into_iter().map(|length| length.max(1)).collect();
    let grid = grid(&variable.shape, &chunks);
    let number = |origin: &[u64]| {
        let place = origin.iter().zip(&chunks).map(|(origin, chunk)| origin / chunk);
        place
            .zip(&grid)
            .fold(0u64, |number, (place, count)| number.saturating_mul(*count).saturating_add(place))
    };
    let references = stored.into_iter().map(|chunk| {
        let whole = whole_name(chunk.address.as_str());
        (number(&chunk.origin), Reference::Part(whole, chunk.from, chunk.length))
    });
    let references = references.collect();
    (zarray(&variable.shape, &chunks, dtype, fill(variable).as_ref(), codecs), (grid, references))
}

/// A file of this machine by its whole path, which is the same for whoever reads it from elsewhere.
fn whole_name(address: &str) -> String {
    let of_url = address.parse::<url::Url>().ok().and_then(|url| url.to_file_path().ok());
    if of_url.is_none() && address.contains("://") {
        return address.to_owned();
    }
    let path = of_url.unwrap_or_else(|| address.into());
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}

fn filters_of(variable: &Variable, is_uneven: bool, is_inline: bool) -> String {
    if is_inline {
        "chunks of which some stand in other references".to_owned()
    } else if variable.filters.is_empty() {
        "values".to_owned()
    } else if is_uneven {
        format!("chunks of which some went through {}, and others not,", variable.filters.join(", "))
    } else {
        format!("values behind {}", variable.filters.join(", "))
    }
}

/// The fill value: as it is said, or as it is stored where that is not zero.
fn fill(variable: &Variable) -> Option<Value> {
    let said = variable.attribute("_FillValue").filter(|values| values.count() == 1);
    let stored = variable.fill.as_ref().filter(|fill| fill.bytes.iter().any(|byte| *byte != 0));
    said.or(stored).filter(|values| values.data_type != DataType::Text).and_then(|values| {
        let part = match values.data_type {
            DataType::C64 => DataType::F32,
            DataType::C128 => DataType::F64,
            _ => return values.elements().into_iter().next(),
        };
        // A complex number is a list of its two parts.
        Some(Values { data_type: part, shape: vec![2], ..values.clone() }.to_json())
    })
}

fn grid(shape: &[u64], chunks: &[u64]) -> Vec<u64> {
    shape.iter().zip(chunks).map(|(length, chunk)| length.div_ceil(*chunk)).collect()
}

fn zarray(shape: &[u64], chunks: &[u64], dtype: &Value, fill: Option<&Value>, filters: &[Value]) -> Value {
    let filters = if filters.is_empty() { Value::Null } else { json!(filters) };
    json!({
        "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": dtype, "fill_value": fill, "order": "C",
        "filters": filters, "compressor": null,
    })
}

/// Values as one chunk that is written itself.
fn inlined(field: &str, variable: &Variable, values: &Values, limits: &Limits) -> Result<(Value, Chunks)> {
    let chunks: Vec<u64> = variable.shape.iter().map(|length| (*length).max(1)).collect();
    let native = if cfg!(target_endian = "little") { '<' } else { '>' };
    let (dtype, filters, bytes) = match (dtype(&values.data_type, native), &values.data_type) {
        (Some(dtype), _) => (dtype, Vec::new(), values.bytes.to_vec()),
        (None, DataType::Text) => (json!("|O"), vec![json!({"id": "vlen-utf8"})], texts(&values.texts)),
        (None, data_type) => {
            return Err(Error::Invalid {
                what: format!("Zarr has no elements as those of `{field}`, which are {data_type}"),
                advice: "leave it out".to_owned(),
            });
        }
    };
    if bytes.len() as u64 > limits.metadata {
        return Err(Error::Invalid {
            what: format!("the texts of `{field}` have {} bytes", bytes.len()),
            advice: "leave it out".to_owned(),
        });
    }
    let references = BTreeMap::from([(0, Reference::Inline(bytes))]);
    let references = if variable.shape.contains(&0) { BTreeMap::new() } else { references };
    let fill = if dtype == json!("|O") { Some(json!("")) } else { fill(variable) };
    Ok((
        zarray(&variable.shape, &chunks, &dtype, fill.as_ref(), &filters),
        (grid(&variable.shape, &chunks), references),
    ))
}

/// Texts as numcodecs' `vlen-utf8` stores them: how many, then each behind its length.
fn texts(texts: &[String]) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = length(texts.len()).to_vec();
    for text in texts {
        bytes.extend(length(text.len()));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// The key of a chunk by its number.
fn key(grid: &[u64], number: u64) -> String {
    let mut rest = number;
    let mut place: Vec<String> = grid
        .iter()
        .rev()
        .map(|count| {
            let here = rest % count;
            rest /= count;
            here.to_string()
        })
        .collect();
    place.reverse();
    if place.is_empty() { "0".to_owned() } else { place.join(".") }
}

fn write_json(to: &Path, metadata: &Map<String, Value>, arrays: BTreeMap<String, Chunks>) -> Result<()> {
    let mut references: Map<String, Value> =
        metadata.iter().map(|(key, value)| (key.clone(), json!(value.to_string()))).collect();
    for (field, (grid, chunks)) in arrays {
        for (number, reference) in chunks {
            let value = match reference {
                Reference::Part(address, from, length) => json!([address, from, length]),
                Reference::Inline(bytes) => json!(format!("base64:{}", STANDARD.encode(bytes))),
            };
            references.insert(format!("{field}/{}", key(&grid, number)), value);
        }
    }
    let document = json!({"version": 1, "refs": references}).to_string();
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::file(to, "write"))?;
    file.write_all(document.as_bytes()).map_err(Error::file(to, "write"))?;
    file.persist(to).map_err(|error| Error::file(to, "write")(error.error))?;
    Ok(())
}

fn write_parquet(
    to: &Path,
    metadata: &Map<String, Value>,
    arrays: BTreeMap<String, Chunks>,
    size: u64,
) -> Result<()> {
    let parent = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_there = to.symlink_metadata().is_ok();
    if is_there && !holds_references(to) {
        return Err(Error::Invalid {
            what: format!("{} is there, and holds no references in Parquet", to.display()),
            advice: "give another name, or remove it".to_owned(),
        });
    }
    // All that is in it is gone at the end, however that comes.
    let work = tempfile::Builder::new().prefix(".references").tempdir_in(parent);
    let work = work.map_err(Error::file(to, "write"))?;
    let (new, old) = (work.path().join("new"), work.path().join("old"));
    std::fs::create_dir(&new).map_err(Error::file(&new, "write"))?;
    write_records(&new, metadata, arrays, size)?;
    if is_there {
        std::fs::rename(to, &old).map_err(Error::file(to, "replace"))?;
    }
    let Err(error) = std::fs::rename(&new, to) else { return Ok(()) };
    if is_there && std::fs::rename(&old, to).is_err() {
        let kept = work.keep().join("old");
        return Err(Error::Invalid {
            what: format!("{} cannot be replaced: {error}", to.display()),
            advice: format!("what it was is now {}", kept.display()),
        });
    }
    Err(Error::file(to, "write")(error))
}

/// Whether a folder has what [`write_parquet`] writes.
fn holds_references(folder: &Path) -> bool {
    let document = std::fs::read(folder.join(".zmetadata")).ok();
    let document = document.and_then(|document| parsed(&document).ok());
    document.is_some_and(|document| document.get("record_size").is_some())
}

/// Metadata and records of references, into a folder. Records without any reference are left out: readers
/// take them for chunks that were never written.
fn write_records(
    folder: &Path,
    metadata: &Map<String, Value>,
    arrays: BTreeMap<String, Chunks>,
    size: u64,
) -> Result<()> {
    let document = json!({"metadata": metadata, "record_size": size}).to_string();
    let path = folder.join(".zmetadata");
    std::fs::write(&path, document).map_err(Error::file(&path, "write"))?;
    for (field, (grid, chunks)) in arrays {
        let folder = folder.join(&field);
        std::fs::create_dir_all(&folder).map_err(Error::file(&folder, "write"))?;
        let count = product(&grid, 1).unwrap_or(u64::MAX);
        let mut next = chunks.range(..count).next().map(|(number, _)| number / size);
        while let Some(record) = next {
            let rows = record * size..record.saturating_add(1).saturating_mul(size).min(count);
            next = chunks.range(rows.end..count).next().map(|(number, _)| number / size);
            let path = folder.join(format!("refs.{record}.parq"));
            let file = File::create(&path).map_err(Error::file(&path, "write"))?;
            write_record(file, &chunks, rows)
                .map_err(|error| Error::file(&path, "write")(std::io::Error::other(error)))?;
        }
    }
    Ok(())
}

/// The references of some chunks, one row each.
fn write_record(
    file: File,
    chunks: &BTreeMap<u64, Reference>,
    rows: std::ops::Range<u64>,
) -> std::result::Result<(), parquet::errors::ParquetError> {
    let found: Vec<Option<&Reference>> = rows.map(|number| chunks.get(&number)).collect();
    let part = |reference: Option<&Reference>| match reference {
        Some(Reference::Part(_, from, length)) => {
            (i64::try_from(*from).unwrap_or(i64::MAX), i64::try_from(*length).unwrap_or(i64::MAX))
        }
        _ => (0, 0),
    };
    let paths: StringArray = found
        .iter()
        .map(|reference| match reference {
            Some(Reference::Part(address, ..)) => Some(address.as_str()),
            _ => None,
        })
        .collect();
    let raw: BinaryArray = found
        .iter()
        .map(|reference| match reference {
            Some(Reference::Inline(bytes)) => Some(bytes.as_slice()),
            _ => None,
        })
        .collect();
    let offsets: Int64Array = found.iter().map(|reference| Some(part(*reference).0)).collect();
    let sizes: Int64Array = found.iter().map(|reference| Some(part(*reference).1)).collect();
    let columns: [(&str, ArrayRef); 4] = [
        ("path", Arc::new(paths)),
        ("offset", Arc::new(offsets)),
        ("size", Arc::new(sizes)),
        ("raw", Arc::new(raw)),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, matches!(name, "path" | "raw"))),
    )?;
    let level = ZstdLevel::try_new(3)?;
    let settings = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(settings))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
