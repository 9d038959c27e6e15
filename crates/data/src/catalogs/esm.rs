//! intake-esm catalogues: a description in JSON, and a table in which each row is an asset.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use url::Url;

use super::{in_store, media_type};
use crate::address::Address;
use crate::documents;
use crate::error::{Error, Result};
use crate::found::{Asset, Dataset, Item, Role, Source, wildcard};
use crate::http::Client;
use crate::json::{at, list, owned, text};
use crate::stac;
use crate::times::{Interval, first, last};

/// How gzip begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Rows that are read ahead.
const AHEAD: usize = 256;
/// Columns that hold a span of time as CMIP6 writes it.
const TIME_COLUMNS: [&str; 2] = ["time_range", "temporal_subset"];

/// A catalogue, its table read but not unpacked.
pub struct EsmCatalog {
    id: Option<String>,
    description: Option<String>,
    asset_column: String,
    format: Option<String>,
    format_column: Option<String>,
    group_by: Vec<String>,
    columns: Vec<String>,
    base: Url,
    table: Table,
}

enum Table {
    /// Comma-separated values, packed or not.
    Text(Bytes),
    /// Rows of `catalog_dict`.
    Rows(Vec<Vec<String>>),
}

impl EsmCatalog {
    /// Reads the catalogue whose description is at an address, and its table.
    ///
    /// # Errors
    /// When either is not there, or no catalogue.
    pub async fn open(client: &Client, url: &Url) -> Result<Self> {
        let (url, bytes) = documents::read(client, url, documents::LONGEST).await?;
        let unread = |what: String| Error::Answer { address: Address::from(&url), what };
        let description: Value = serde_json::from_slice(&bytes)
            .map_err(|error| unread(format!("something that is no JSON: {error}")))?;
        if let Some(rows) = at(&description, &["catalog_dict"]).as_array() {
            let (columns, rows) = table_of(rows);
            return Self::new(&description, url.clone(), columns, Table::Rows(rows));
        }
        let Some(file) = text(&description, &["catalog_file"]) else {
            return Err(unread("no catalogue of intake-esm: it has no `catalog_file`".to_owned()));
        };
        let Some(table) = stac::join(&url, file) else {
            return Err(unread(format!("a catalogue whose table `{file}` cannot be read")));
        };
        let (_, bytes) = documents::read(client, &table, documents::LONGEST).await?;
        Self::with_table(&description, url, bytes)
    }

    /// A catalogue by its description and the bytes of its table.
    ///
    /// # Errors
    /// When the description names no column of assets, or the table has not the columns it says.
    pub fn with_table(description: &Value, base: Url, table: Bytes) -> Result<Self> {
        let header = reader(&table).headers().cloned().map_err(|error| Error::Answer {
            address: Address::from(&base),
            what: format!("a table that cannot be read: {error}"),
        })?;
        let columns = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        Self::new(description, base, columns, Table::Text(table))
    }

    fn new(description: &Value, base: Url, columns: Vec<String>, table: Table) -> Result<Self> {
        let unread = |what: String| Error::Answer { address: Address::from(&base), what };
        let Some(asset_column) = owned(description, &["assets", "column_name"]) else {
            return Err(unread("no catalogue of intake-esm: `assets` names no column".to_owned()));
        };
        let attributes =
            list(description, &["attributes"]).filter_map(|column| text(column, &["column_name"]));
        let missing: Vec<&str> = attributes
            .chain([asset_column.as_str()])
            .filter(|name| !columns.iter().any(|column| column == name))
            .collect();
        if !missing.is_empty() && !columns.contains(&asset_column) {
            return Err(unread(format!("a table without the columns {}", missing.join(", "))));
        }
        let group_by = list(description, &["aggregation_control", "groupby_attrs"]).filter_map(Value::as_str);
        Ok(Self {
            id: owned(description, &["id"]),
            description: owned(description, &["description"]),
            format: owned(description, &["assets", "format"]),
            format_column: owned(description, &["assets", "format_column_name"]),
            group_by: group_by.map(str::to_owned).collect(),
            asset_column,
            columns,
            base,
            table,
        })
    }

    /// Its id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Words for people.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The columns of its table.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows whose columns have the values asked for: any of several for one column, all columns
    /// together; `*` and `?` stand for anything.
    ///
    /// # Errors
    /// When there is no such column; all of them are told.
    pub fn search(&self, wanted: &BTreeMap<String, Vec<String>>) -> Result<EsmRows<'_>> {
        let known = |name: &String| self.columns.iter().position(|column| column == name);
        let unknown: Vec<String> =
            wanted.keys().filter(|name| known(name).is_none()).map(|name| self.unknown(name)).collect();
        if !unknown.is_empty() {
            return Err(Error::Invalid {
                what: format!("the catalogue {} has {}", Address::from(&self.base), unknown.join("; ")),
                advice: format!("its columns are {}", self.columns.join(", ")),
            });
        }
        let wanted =
            wanted.iter().filter_map(|(name, values)| Some((known(name)?, values.clone()))).collect();
        Ok(EsmRows { catalog: self, wanted, rows: self.rows(), number: 0 })
    }

    /// The same rows, read on a thread of its own as fast as they are taken, in a runtime of tokio.
    ///
    /// # Errors
    /// As [`EsmCatalog::search`].
    pub fn stream(self: &Arc<Self>, wanted: &BTreeMap<String, Vec<String>>) -> Result<EsmStream> {
        self.search(wanted)?;
        let (into, rows) = mpsc::channel(AHEAD);
        let (catalog, wanted) = (Arc::clone(self), wanted.clone());
        tokio::task::spawn_blocking(move || {
            let Ok(rows) = catalog.search(&wanted) else { return };
            for row in rows {
                if into.blocking_send(row).is_err() {
                    return;
                }
            }
        });
        Ok(EsmStream { rows })
    }

    fn unknown(&self, name: &str) -> String {
        let near =
            self.columns.iter().map(|column| (strsim::damerau_levenshtein(column, name), column)).min();
        match near {
            Some((distance, near)) if distance <= 3 => format!("no column `{name}`; did you mean `{near}`?"),
            _ => format!("no column `{name}`"),
        }
    }

    /// The different values of each column but that of the assets, at most so many of each.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn values(&self, most: usize) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in self.rows() {
            let row = row.map_err(|problem| self.unreadable(&problem))?;
            for (column, value) in self.columns.iter().zip(row) {
                let known = values.entry(column.clone()).or_default();
                if *column != self.asset_column && !value.is_empty() && known.len() < most {
                    known.insert(value);
                }
            }
        }
        values.remove(&self.asset_column);
        Ok(values)
    }

    fn rows(&self) -> Box<dyn Iterator<Item = std::result::Result<Vec<String>, String>> + Send + '_> {
        match &self.table {
            Table::Rows(rows) => Box::new(rows.iter().cloned().map(Ok)),
            Table::Text(bytes) => Box::new(reader(bytes).into_records().map(|record| match record {
                Ok(record) => Ok(record.iter().map(str::to_owned).collect()),
                Err(error) => Err(error.to_string()),
            })),
        }
    }

    fn unreadable(&self, problem: &str) -> Error {
        Error::Answer {
            address: Address::from(&self.base),
            what: format!("a table that cannot be read: {problem}"),
        }
    }

    fn cell<'a>(&self, row: &'a [String], column: &str) -> Option<&'a str> {
        let index = self.columns.iter().position(|name| name == column)?;
        row.get(index).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    fn item(&self, row: &[String]) -> Option<Item> {
        let told = self.cell(row, &self.asset_column)?;
        let joined = if told.contains("://") { None } else { self.base.join(told).ok() };
        let href = joined.map_or_else(|| told.to_owned(), String::from);
        let format = self.format_column.as_deref().and_then(|column| self.cell(row, column));
        let format = format.or(self.format.as_deref());
        let mut asset = Asset::new("data", href.clone(), Role::Data);
        asset.media_type = format.and_then(media_type).map(str::to_owned);
        let properties: Map<String, Value> = self
            .columns
            .iter()
            .zip(row)
            .filter(|(column, cell)| **column != self.asset_column && !cell.is_empty())
            .map(|(column, cell)| (column.clone(), Value::from(cell.clone())))
            .collect();
        let key: Vec<&str> = self.group_by.iter().filter_map(|column| self.cell(row, column)).collect();
        let whole: Map<String, Value> = self
            .columns
            .iter()
            .zip(row)
            .map(|(column, cell)| (column.clone(), Value::from(cell.clone())))
            .collect();
        let times = TIME_COLUMNS.iter().find_map(|column| self.cell(row, column));
        Some(Item {
            name: if key.is_empty() { asset.file_name().to_owned() } else { key.join(".") },
            dataset: Dataset { id: self.id.clone(), ..Dataset::default() },
            time: times.map(span).unwrap_or_default(),
            cloud_hosted: Some(in_store(&href)),
            assets: vec![asset],
            properties,
            raw: Value::Object(whole),
            ..Item::new(Source::Esm, told)
        })
    }
}

/// Rows of a catalogue that match, one after the other.
pub struct EsmRows<'a> {
    catalog: &'a EsmCatalog,
    wanted: Vec<(usize, Vec<String>)>,
    rows: Box<dyn Iterator<Item = std::result::Result<Vec<String>, String>> + Send + 'a>,
    number: u64,
}

impl EsmRows<'_> {
    /// How many rows are left.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn count_rows(mut self) -> Result<u64> {
        let mut count = 0;
        while self.row().transpose()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// The cells of the next row that matches and names an asset.
    fn row(&mut self) -> Option<Result<Vec<String>>> {
        loop {
            self.number += 1;
            let row = match self.rows.next()? {
                Ok(row) => row,
                Err(problem) => {
                    let problem = format!("row {}: {problem}", self.number);
                    return Some(Err(self.catalog.unreadable(&problem)));
                }
            };
            let matches = self.wanted.iter().all(|(column, values)| {
                let cell = row.get(*column).map_or("", String::as_str);
                values
                    .iter()
                    .any(|value| value == cell || wildcard(value, cell) && value.contains(['*', '?']))
            });
            if matches && self.catalog.cell(&row, &self.catalog.asset_column).is_some() {
                return Some(Ok(row));
            }
        }
    }
}

impl Iterator for EsmRows<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.row()? {
            Ok(row) => self.catalog.item(&row).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Rows of a catalogue that match, read ahead.
pub struct EsmStream {
    rows: mpsc::Receiver<Result<Item>>,
}

impl EsmStream {
    /// The next row, or none at the end.
    ///
    /// # Errors
    /// When the row cannot be read.
    pub async fn next(&mut self) -> Result<Option<Item>> {
        self.rows.recv().await.transpose()
    }
}

type Reader<'a> = csv::Reader<Box<dyn Read + Send + 'a>>;

fn reader(bytes: &Bytes) -> Reader<'_> {
    let plain = Cursor::new(bytes.as_ref());
    let source: Box<dyn Read + Send + '_> = if bytes.starts_with(&GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(plain))
    } else {
        Box::new(plain)
    };
    csv::ReaderBuilder::new().flexible(true).from_reader(source)
}

/// Rows of `catalog_dict`, each an object, as a table.
fn table_of(rows: &[Value]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut columns: Vec<String> = Vec::new();
    for key in rows.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let rows = rows.iter().map(|row| columns.iter().map(|column| cell(row.get(column))).collect());
    (columns.clone(), rows.collect())
}

/// A span as CMIP6 writes it: `185001-230012`, `18500101-18501231`, `1850-1900`.
fn span(text: &str) -> Interval {
    let moment = |digits: &str| match digits.len() {
        4 => Some(digits.to_owned()),
        6 => Some(format!("{}-{}", digits.get(..4)?, digits.get(4..)?)),
        8 => Some(format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?)),
        _ => None,
    };
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Interval {
        start: moment(from.trim()).and_then(|text| first(&text)),
        end: moment(to.trim()).and_then(|text| last(&text)),
    }
}
