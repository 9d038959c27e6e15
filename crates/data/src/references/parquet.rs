//! References of Kerchunk in Parquet, as fsspec's `LazyReferenceMapper` writes them: `.zmetadata` holds the
//! metadata of all arrays; `ARRAY/refs.N.parq` the references of an array's chunks, so many to a file, in
//! the order of the chunks.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use async_trait::async_trait;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use serde_json::Value;
use tokio::sync::Mutex;

use super::place::Places;
use super::{Entry, damaged};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::objects::{Objects, Place};
use crate::zarr::parsed;

/// Files of references that are kept.
const KEPT: usize = 32;

/// References in Parquet.
#[derive(Debug)]
pub(super) struct Records {
    folder: Arc<dyn Objects>,
    places: Places,
    limits: Limits,
    document: Bytes,
    metadata: serde_json::Map<String, Value>,
    size: u64,
    known: Mutex<HashMap<String, Arc<Vec<Option<Entry>>>>>,
}

impl Records {
    pub(super) async fn open(folder: Arc<dyn Objects>, places: Places, limits: Limits) -> Result<Self> {
        let address = folder.address();
        let place = folder.find(".zmetadata").await?;
        let document = match place {
            Some(place) => place.bytes(limits.metadata).await?,
            None => None,
        };
        let document = document.ok_or_else(|| Error::Invalid {
            what: format!("there are no references in {address}"),
            advice: "give the folder that holds .zmetadata".to_owned(),
        })?;
        let parsed = parsed(&document)
            .map_err(|error| damaged(&address, format!(".zmetadata is no JSON: {error}")))?;
        let size = parsed
            .get("record_size")
            .and_then(Value::as_u64)
            .filter(|size| (1..=limits.entries).contains(size));
        let size = size.ok_or_else(|| damaged(&address, ".zmetadata has no good record_size".to_owned()))?;
        let metadata = parsed.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(Self { folder, places, limits, document, metadata, size, known: Mutex::default() })
    }

    /// Which reference of an array a chunk is; none for a chunk outside of it.
    fn number(&self, field: &str, chunk: &str) -> Option<u64> {
        let array = self.metadata.get(&format!("{field}/.zarray"))?;
        let lengths = |name: &str| -> Option<Vec<u64>> {
            array.get(name)?.as_array()?.iter().map(Value::as_u64).collect()
        };
        let (shape, chunks) = (lengths("shape")?, lengths("chunks")?);
        if shape.is_empty() {
            return (chunk == "0").then_some(0);
        }
        let separator = array.get("dimension_separator").and_then(Value::as_str).unwrap_or(".");
        let place: Vec<u64> =
            chunk.split(separator).map(|number| number.parse().ok()).collect::<Option<_>>()?;
        if place.len() != shape.len() || chunks.len() != shape.len() || chunks.contains(&0) {
            return None;
        }
        place.iter().zip(shape.iter().zip(&chunks)).try_fold(0u64, |number, (place, (length, chunk))| {
            let count = length.div_ceil(*chunk);
            (*place < count).then_some(())?;
            number.checked_mul(count)?.checked_add(*place)
        })
    }

    async fn record(&self, field: &str, number: u64) -> Result<Arc<Vec<Option<Entry>>>> {
        let name = format!("{field}/refs.{number}.parq");
        let mut known = self.known.lock().await;
        if let Some(record) = known.get(&name) {
            return Ok(Arc::clone(record));
        }
        let bytes = match self.folder.find(&name).await? {
            Some(place) => place.bytes(self.limits.metadata).await?,
            None => None,
        };
        let record = match bytes {
            Some(bytes) => {
                let address = Address::named(format!(
                    "{}/{name}",
                    self.folder.address().as_str().trim_end_matches('/')
                ));
                rows(bytes, self.size, self.limits.metadata).map_err(|what| damaged(&address, what))?
            }
            None => Vec::new(),
        };
        if known.len() >= KEPT {
            known.clear();
        }
        let record = Arc::new(record);
        known.insert(name, Arc::clone(&record));
        Ok(record)
    }
}

/// The references of a file, `most` of them with `most_bytes` in them.
fn rows(bytes: Bytes, most: u64, most_bytes: u64) -> std::result::Result<Vec<Option<Entry>>, String> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)
        .map_err(|error| error.to_string())?;
    let count = reader.metadata().file_metadata().num_rows();
    if !u64::try_from(count).is_ok_and(|count| count <= most) {
        return Err(format!("it has {count} references, where {most} are the most"));
    }
    let mut shared: HashMap<String, Arc<str>> = HashMap::new();
    let mut found = Vec::new();
    // A value that stands in a file once may be meant by very many rows.
    let mut held = 0u64;
    for batch in reader.build().map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        for row in 0..batch.num_rows() {
            held = held.saturating_add(bytes_of(&batch, "raw", row)?.map_or(0, |raw| raw.len() as u64));
            if held > most_bytes {
                return Err(format!("its values have more than {most_bytes} bytes"));
            }
            found.push(entry(&batch, row, &mut shared)?);
        }
    }
    Ok(found)
}

fn entry(
    batch: &RecordBatch,
    row: usize,
    shared: &mut HashMap<String, Arc<str>>,
) -> std::result::Result<Option<Entry>, String> {
    if let Some(raw) = bytes_of(batch, "raw", row)? {
        return Ok(Some(Entry::Inline(Bytes::copy_from_slice(raw))));
    }
    let Some(path) = bytes_of(batch, "path", row)?.filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = std::str::from_utf8(path).map_err(|error| format!("an address is no text: {error}"))?;
    let path = Arc::clone(shared.entry(path.to_owned()).or_insert_with_key(|path| path.as_str().into()));
    let number = |name: &str| {
        let column = batch
            .column_by_name(name)
            .and_then(|column| column.as_primitive_opt::<arrow_array::types::Int64Type>());
        let number = column.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row));
        u64::try_from(number).map_err(|_| format!("the {name} {number} is negative"))
    };
    Ok(Some(match (number("offset")?, number("size")?) {
        (0, 0) => Entry::Whole(path),
        (from, length) => Entry::Part(path, from, length),
    }))
}

/// Bytes or text in a column; none where there is none.
fn bytes_of<'a>(
    batch: &'a RecordBatch,
    name: &str,
    row: usize,
) -> std::result::Result<Option<&'a [u8]>, String> {
    let Some(column) = batch.column_by_name(name).filter(|column| column.is_valid(row)) else {
        return Ok(None);
    };
    let found = column.as_binary_opt::<i32>().map(|column| column.value(row));
    let found = found.or_else(|| column.as_string_opt::<i32>().map(|column| column.value(row).as_bytes()));
    match found {
        Some(bytes) => Ok(Some(bytes)),
        // A column without any value has no type of its own.
        None if column.null_count() == column.len() => Ok(None),
        None => Err(format!("the column {name} has the type {}", column.data_type())),
    }
}

#[async_trait]
impl Objects for Records {
    fn address(&self) -> Address {
        self.places.base().address()
    }

    async fn find(&self, key: &str) -> Result<Option<Place>> {
        if key == ".zmetadata" {
            return Ok(Some(Place::Inline(self.document.clone())));
        }
        if let Some(metadata) = self.metadata.get(key) {
            return Ok(Some(Place::Inline(metadata.to_string().into())));
        }
        let mut parts = key.rmatch_indices('/');
        // Chunks may lie in folders themselves.
        let field = parts.find_map(|(at, _)| {
            let field = &key[..at];
            self.metadata.contains_key(&format!("{field}/.zarray")).then(|| (field, &key[at + 1..]))
        });
        let Some((field, chunk)) = field else { return Ok(None) };
        let Some(number) = self.number(field, chunk) else { return Ok(None) };
        let record = self.record(field, number / self.size).await?;
        let row = usize::try_from(number % self.size).ok();
        let entry = row.and_then(|row| record.get(row)).and_then(Option::as_ref);
        match entry {
            Some(entry) => self.places.place(key, entry).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, _: &str) -> Result<Option<Vec<String>>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arrow_array::{ArrayRef, BinaryArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::dataset::Dataset;
    use crate::objects::{Folder, Opens};
    use crate::references::Base;
    use crate::zarr::Zarr;

    #[test]
    fn a_value_that_many_rows_mean_is_counted_for_each() {
        let long = vec![7u8; 1000];
        let column: BinaryArray = (0..500).map(|_| Some(long.as_slice())).collect();
        let batch = RecordBatch::try_from_iter([("raw", Arc::new(column) as ArrayRef)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        assert!(bytes.len() < 10_000, "{}", bytes.len());
        assert_eq!(rows(bytes.clone().into(), 500, 500_000).unwrap().len(), 500);
        let wrong = rows(bytes.into(), 500, 499_999).unwrap_err();
        assert!(wrong.contains("more than 499999 bytes"), "{wrong}");
    }

    #[derive(Debug)]
    struct Nowhere;

    #[async_trait]
    impl Opens for Nowhere {
        async fn open(&self, _: &url::Url) -> Result<Arc<dyn crate::ranges::Ranges>> {
            unreachable!()
        }
    }

    #[tokio::test]
    async fn metadata_may_have_numbers_that_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let document =
            r#"{"record_size": 10, "metadata": {".zgroup": {"zarr_format": 2}, ".zattrs": {"a": NaN}}}"#;
        std::fs::write(folder.path().join(".zmetadata"), document).unwrap();
        let objects = |path: &Path| Arc::new(Folder::new(path));
        let places = Places::new(Base::File(folder.path().into()), Arc::new(Nowhere));
        let records = Records::open(objects(folder.path()), places, Limits::default()).await.unwrap();
        let zarr = Zarr::open(Arc::new(records), Limits::default()).await.unwrap();
        assert_eq!(zarr.group("/", true).await.unwrap().attributes[0].name, "a");
    }
}
