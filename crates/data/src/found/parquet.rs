//! Items as GeoParquet 1.1 (<https://geoparquet.org/releases/v1.1.0/>): geometries in well-known binary, a
//! column of boxes by which readers leave row groups out, everything else in plain columns.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Float64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use super::Item;
use crate::error::{Error, Result};
use crate::geo::{Bbox, Geometry};

/// Rows that are gathered before they are written.
const BATCH: usize = 1_024;
/// Rows of a row group: few enough that readers can leave most of them out.
const GROUP: usize = 65_536;
/// Most bytes of a row group in memory, where it is until it ends.
const GROUP_BYTES: usize = 8 << 20;

/// Writes items one after the other. The file has its name only when it is whole; memory holds one row group
/// of at most some megabytes.
pub struct ItemWriter {
    path: PathBuf,
    temporary: PathBuf,
    writer: ArrowWriter<File>,
    columns: Columns,
    kinds: BTreeSet<&'static str>,
    extent: Option<Bbox>,
    written: u64,
}

#[derive(Default)]
struct Columns {
    texts: [StringBuilder; 8],
    start: TimestampMicrosecondBuilder,
    end: TimestampMicrosecondBuilder,
    size: UInt64Builder,
    exact: BooleanBuilder,
    cloud: BooleanBuilder,
    revision: UInt64Builder,
    geometry: BinaryBuilder,
    edges: [Float64Builder; 4],
    boxed: Vec<bool>,
}

/// The columns of text, in their order.
const TEXTS: [&str; 8] = ["id", "name", "source", "dataset", "provider", "data", "assets", "properties"];
const EDGES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

fn edge_fields() -> Fields {
    EDGES.iter().map(|name| Field::new(*name, DataType::Float64, true)).collect()
}

fn schema() -> SchemaRef {
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields: Vec<Field> = TEXTS
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, !matches!(*name, "id" | "name" | "source")))
        .collect();
    fields.extend([
        Field::new("start", moment(), true),
        Field::new("end", moment(), true),
        Field::new("size_bytes", DataType::UInt64, true),
        Field::new("size_is_exact", DataType::Boolean, true),
        Field::new("cloud_hosted", DataType::Boolean, true),
        Field::new("revision", DataType::UInt64, true),
        Field::new("geometry", DataType::Binary, true),
        Field::new("bbox", DataType::Struct(edge_fields()), true),
    ]);
    Arc::new(Schema::new(fields))
}

impl ItemWriter {
    /// Begins a file; what is there stays until the new one is whole.
    ///
    /// # Errors
    /// When nothing can be written beside the file.
    pub fn create(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(Error::file(&temporary, "write"))?;
        let level = ZstdLevel::try_new(3).unwrap_or_default();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let writer = ArrowWriter::try_new(file, schema(), Some(properties))
            .map_err(|error| failed(&temporary, error))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            writer,
            columns: Columns::new(),
            kinds: BTreeSet::new(),
            extent: None,
            written: 0,
        })
    }

    /// Adds an item.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, item: &Item) -> Result<()> {
        if let Some(geometry) = &item.geometry {
            self.kinds.insert(kind(geometry));
            if let Some(extent) = geometry.extent() {
                self.extent = Some(self.extent.map_or(extent, |so_far| Bbox {
                    west: so_far.west.min(extent.west),
                    south: so_far.south.min(extent.south),
                    east: so_far.east.max(extent.east),
                    north: so_far.north.max(extent.north),
                }));
            }
        }
        self.columns.add(item);
        self.written += 1;
        if self.columns.boxed.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let batch = self.columns.batch().map_err(|error| failed(&self.temporary, error.into()))?;
        let mut written = self.writer.write(&batch);
        if written.is_ok() && self.writer.memory_size() >= GROUP_BYTES {
            written = self.writer.flush();
        }
        written.map_err(|error| failed(&self.temporary, error))
    }

    /// Ends the file and gives it its name. Returns how many items it holds.
    ///
    /// # Errors
    /// When it cannot be written or named; then nothing is left of it.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let geo = KeyValue::new("geo".to_owned(), self.metadata().to_string());
        self.writer.append_key_value_metadata(geo);
        self.writer.finish().map_err(|error| failed(&self.temporary, error))?;
        self.writer.inner().sync_all().map_err(Error::file(&self.temporary, "write"))?;
        std::fs::rename(&self.temporary, &self.path).map_err(Error::file(&self.path, "write"))?;
        Ok(self.written)
    }

    /// The file's metadata by GeoParquet 1.1; the coordinates are OGC:CRS84 when nothing is said.
    fn metadata(&self) -> Value {
        let covering: serde_json::Map<String, Value> =
            EDGES.iter().map(|edge| ((*edge).to_owned(), json!(["bbox", edge]))).collect();
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": self.kinds,
            "covering": { "bbox": covering },
        });
        if let (Some(extent), Some(object)) = (self.extent, column.as_object_mut()) {
            object.insert("bbox".to_owned(), extent.edges().to_vec().into());
        }
        json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } })
    }
}

/// What was begun and not finished is removed.
impl Drop for ItemWriter {
    fn drop(&mut self) {
        // Once finished it is gone; one that cannot be removed has a name that says that it is not whole.
        std::fs::remove_file(&self.temporary).ok();
    }
}

fn failed(path: &Path, error: parquet::errors::ParquetError) -> Error {
    Error::File { path: path.to_owned(), doing: "write", source: std::io::Error::other(error) }
}

fn kind(geometry: &Geometry) -> &'static str {
    match geometry {
        Geometry::Point(_) => "Point",
        Geometry::MultiPoint(_) => "MultiPoint",
        Geometry::LineString(_) => "LineString",
        Geometry::MultiLineString(_) => "MultiLineString",
        Geometry::Polygon(_) => "Polygon",
        Geometry::MultiPolygon(_) => "MultiPolygon",
        Geometry::Collection(_) => "GeometryCollection",
    }
}

impl Columns {
    fn new() -> Self {
        let moments = || TimestampMicrosecondBuilder::new().with_timezone("UTC");
        Self { start: moments(), end: moments(), ..Self::default() }
    }

    fn add(&mut self, item: &Item) {
        let hrefs: Vec<&str> = item.data().map(|asset| asset.href.as_str()).collect();
        let assets: Vec<Value> = item.assets.iter().map(super::Asset::to_json).collect();
        let properties = Value::Object(item.properties.clone()).to_string();
        let texts = [
            Some(item.id.clone()),
            Some(item.name.clone()),
            Some(item.source.name().to_owned()),
            item.dataset.label(),
            item.provider.clone(),
            (!hrefs.is_empty()).then(|| hrefs.join(" ")),
            Some(Value::from(assets).to_string()),
            Some(properties),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            column.append_option(text);
        }
        self.start.append_option(item.time.start.map(jiff::Timestamp::as_microsecond));
        self.end.append_option(item.time.end.map(jiff::Timestamp::as_microsecond));
        self.size.append_option(item.size.map(super::Size::bytes));
        self.exact.append_option(item.size.map(super::Size::is_exact));
        self.cloud.append_option(item.cloud_hosted);
        self.revision.append_option(item.revision);
        self.geometry.append_option(item.geometry.as_ref().map(Geometry::to_wkb));
        let extent = item.geometry.as_ref().and_then(Geometry::extent);
        for (index, column) in self.edges.iter_mut().enumerate() {
            column.append_option(extent.map(|extent| extent.edges()[index]));
        }
        self.boxed.push(extent.is_some());
    }

    fn batch(&mut self) -> std::result::Result<RecordBatch, arrow_schema::ArrowError> {
        let mut columns: Vec<ArrayRef> =
            self.texts.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let others: [&mut dyn ArrayBuilder; 7] = [
            &mut self.start,
            &mut self.end,
            &mut self.size,
            &mut self.exact,
            &mut self.cloud,
            &mut self.revision,
            &mut self.geometry,
        ];
        columns.extend(others.into_iter().map(ArrayBuilder::finish));
        let edges: Vec<ArrayRef> =
            self.edges.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let there = std::mem::take(&mut self.boxed);
        let boxes = StructArray::try_new(edge_fields(), edges, Some(there.into()))?;
        columns.push(Arc::new(boxes));
        RecordBatch::try_new(schema(), columns)
    }
}
