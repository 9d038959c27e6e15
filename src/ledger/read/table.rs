//! Parquet: the columns that are needed, row group by row group, with the dictionaries they are stored in.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use super::batch::{Batch, Cells, Credit, Desk, Holds};
use super::day::{Days, day_of};
use super::error::{Fault, RowFault};
use super::place::Pieces;
use super::plan::Layout;
use super::tags::{Pair, TagSets};
use super::text::Take;
use crate::ledger::decimal::Decimal;
use crate::ledger::line::{Day, Lineage, SourceKind};
use crate::ledger::{Symbol, Symbols};

/// Rows of a batch.
const ROWS: usize = 8_192;

/// A table, ready to be read by several threads.
#[derive(Clone, Debug)]
pub(super) struct Table {
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    pub(super) layout: Layout,
}

impl Table {
    /// Reads what a table says of itself.
    ///
    /// # Errors
    /// When it is none, or not that of a bill.
    pub(super) fn open(pieces: &Pieces) -> Result<Self, Fault> {
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(pieces, plain).map_err(|error| damaged(&error))?;
        let mut names = Vec::new();
        metadata.schema().fields().iter().for_each(|field| paths(field, "", &mut names));
        let layout = Layout::of(names, true)?;
        let wanted: Vec<&str> = layout
            .at
            .iter()
            .flatten()
            .copied()
            .chain(layout.tag_columns.iter().map(|(place, _)| *place))
            .map(|place| layout.names[place].as_str())
            .collect();
        let mask = ProjectionMask::columns(metadata.parquet_schema(), wanted);
        let fields: Fields = metadata.schema().fields().iter().map(with_dictionaries).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
            .map_err(|error| damaged(&error))?;
        Ok(Self { metadata, mask, layout })
    }

    /// Rows of each row group.
    pub(super) fn groups(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect()
    }

    /// Where the bytes of a row group's needed columns lie.
    pub(super) fn ranges(&self, group: usize) -> Vec<std::ops::Range<u64>> {
        let columns = self.metadata.metadata().row_group(group).columns().iter().enumerate();
        let needed = columns.filter(|(leaf, _)| self.mask.leaf_included(*leaf));
        needed
            .map(|(_, column)| {
                let (start, length) = column.byte_range();
                start..start + length
            })
            .collect()
    }

    fn read(&self, pieces: Pieces, group: usize) -> Result<ParquetRecordBatchReader, Fault> {
        ParquetRecordBatchReaderBuilder::new_with_metadata(pieces, self.metadata.clone())
            .with_batch_size(ROWS)
            .with_projection(self.mask.clone())
            .with_row_groups(vec![group])
            .build()
            .map_err(|error| damaged(&error))
    }
}

fn damaged(error: &ParquetError) -> Fault {
    let text = error.to_string();
    Fault::Damaged(text.lines().next().unwrap_or_default().to_owned())
}

/// The names of a column, of the fields of a record by their paths.
fn paths(field: &FieldRef, before: &str, names: &mut Vec<String>) {
    let name = format!("{before}{}", field.name());
    match field.data_type() {
        DataType::Struct(fields) => {
            fields.iter().for_each(|field| paths(field, &format!("{name}."), names));
        }
        _ => names.push(name),
    }
}

/// The same column, with texts as numbers of a dictionary.
fn with_dictionaries(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 | DataType::Binary => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(with_dictionaries).collect()),
        DataType::List(item) => DataType::List(with_dictionaries(item)),
        DataType::Map(entries, sorted) => DataType::Map(with_dictionaries(entries), *sorted),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

/// Row groups of a table into batches, with the dictionaries that were read last.
#[derive(Debug)]
pub(super) struct Groups {
    table: Table,
    file: u32,
    known: Vec<Known>,
    days: Days,
}

/// Dictionaries of a column, put into symbols.
#[derive(Debug, Default)]
struct Known {
    texts: Dictionary,
    keys: Dictionary,
    values: Vec<Dictionary>,
}

/// A dictionary and the symbols of its texts.
#[derive(Debug, Default)]
struct Dictionary {
    values: Option<ArrayRef>,
    symbols: Vec<Symbol>,
}

impl Groups {
    pub(super) fn new(table: &Table, file: u32) -> Self {
        let known = table.layout.columns.iter().map(|_| Known::default()).collect();
        Self { table: table.clone(), file, known, days: Days::default() }
    }

    /// Reads a row group whose first row has the number `first`; how many rows it has.
    pub(super) fn read(
        &mut self,
        pieces: Pieces,
        group: usize,
        first: u64,
        desk: &mut Desk,
        take: Take<'_>,
    ) -> Result<usize, RowFault> {
        let mut rows = 0;
        let reader = self.table.read(pieces, group).map_err(|fault| RowFault::new(0, fault))?;
        for columns in reader {
            let fault = |error: arrow_schema::ArrowError| Fault::Damaged(error.to_string());
            let columns = columns.map_err(|error| RowFault::new(rows, fault(error)))?;
            let first = Lineage { file: self.file, row: first + rows as u64 };
            let shifted = |fault: RowFault| RowFault { row: rows + fault.row, ..fault };
            let batch = self.batch(&columns, first, desk).map_err(shifted)?;
            take(&batch, desk).map_err(shifted)?;
            rows += columns.num_rows();
        }
        Ok(rows)
    }

    fn batch(&mut self, columns: &RecordBatch, first: Lineage, desk: &mut Desk) -> Result<Batch, RowFault> {
        let layout = &self.table.layout;
        let mut cells = Vec::with_capacity(layout.columns.len());
        for (slot, column) in layout.columns.iter().enumerate() {
            let Some(place) = layout.at[slot] else {
                cells.push(Cells::Absent);
                continue;
            };
            let name = &layout.names[place];
            let array = at(columns, name).ok_or_else(|| {
                RowFault::new(0, Fault::Damaged(format!("{name} is not where the schema says")))
            })?;
            let known = &mut self.known[slot];
            cells.push(match column.holds {
                Holds::Text => {
                    let nulls = layout.kind == SourceKind::Focus;
                    Cells::Texts(texts(&array, name, &mut known.texts, &mut desk.gather.symbols, nulls)?)
                }
                Holds::Number => numbers(&array, name)?,
                Holds::Day => Cells::Days(days(&array, name, &mut self.days)?),
                Holds::Tags => Cells::Tags(tags(&array, name, known, &mut desk.tags)?),
                Holds::Credits => credits(&array, name, &mut desk.gather.symbols)?,
            });
        }
        if let Some(slot) = layout.tag_slot() {
            cells[slot] = Cells::Tags(tag_columns(columns, layout, &mut self.known[slot], &mut desk.tags)?);
        }
        Ok(Batch { kind: layout.kind, columns: layout.columns, cells, rows: columns.num_rows(), first })
    }
}

/// A column, or the field of a record.
fn at(columns: &RecordBatch, path: &str) -> Option<ArrayRef> {
    if let Some(array) = columns.column_by_name(path) {
        return Some(array.clone());
    }
    let (first, mut rest) = path.split_once('.')?;
    let mut array = columns.column_by_name(first)?.clone();
    loop {
        let record = array.as_struct_opt()?;
        if let Some(found) = record.column_by_name(rest) {
            return Some(found.clone());
        }
        let (first, after) = rest.split_once('.')?;
        (array, rest) = (record.column_by_name(first)?.clone(), after);
    }
}

fn wrong_type(name: &str, array: &ArrayRef, expected: &'static str) -> RowFault {
    let found = array.data_type().to_string();
    RowFault::new(0, Fault::Type { column: name.to_owned(), found, expected })
}

fn texts(
    array: &ArrayRef,
    name: &str,
    dictionary: &mut Dictionary,
    symbols: &mut Symbols,
    null_words: bool,
) -> Result<Vec<Symbol>, RowFault> {
    let found = plain_texts(array, dictionary, symbols);
    let mut found = match found {
        Some(found) => found,
        // Numbers of accounts and projects.
        None => match array.data_type() {
            DataType::Int64 => {
                each(array.as_primitive::<Int64Type>(), |value| symbols.add(&value.to_string()))
            }
            DataType::Int32 => {
                each(array.as_primitive::<Int32Type>(), |value| symbols.add(&value.to_string()))
            }
            _ => return Err(wrong_type(name, array, "text")),
        },
    };
    if null_words {
        let words = [symbols.get("NULL"), symbols.get("null")];
        if words.iter().any(Option::is_some) {
            let empty = |symbol: &mut Symbol| {
                if words.contains(&Some(*symbol)) {
                    *symbol = Symbol::EMPTY;
                }
            };
            found.iter_mut().for_each(empty);
        }
    }
    Ok(found)
}

/// Symbols of an array of texts; None if it is another one.
fn plain_texts(array: &ArrayRef, dictionary: &mut Dictionary, symbols: &mut Symbols) -> Option<Vec<Symbol>> {
    match array.data_type() {
        DataType::Dictionary(_, _) => {
            let array = array.as_dictionary_opt::<Int32Type>()?;
            dictionary.learn(array.values(), symbols)?;
            let known = &dictionary.symbols;
            Some(each(array.keys(), |key| {
                usize::try_from(key).ok().and_then(|key| known.get(key).copied()).unwrap_or_default()
            }))
        }
        DataType::Utf8 => Some(array.as_string::<i32>().iter().map(|text| add(symbols, text)).collect()),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().iter().map(|text| add(symbols, text)).collect()),
        DataType::Utf8View => Some(array.as_string_view().iter().map(|text| add(symbols, text)).collect()),
        DataType::Null => Some(vec![Symbol::EMPTY; array.len()]),
        _ => None,
    }
}

fn add(symbols: &mut Symbols, text: Option<&str>) -> Symbol {
    text.map_or(Symbol::EMPTY, |text| symbols.add(text))
}

/// Each value made into something, the default where there is none.
fn each<T: arrow_array::types::ArrowPrimitiveType, V: Default>(
    array: &arrow_array::PrimitiveArray<T>,
    mut make: impl FnMut(T::Native) -> V,
) -> Vec<V> {
    if array.null_count() == 0 {
        return array.values().iter().map(|value| make(*value)).collect();
    }
    array.iter().map(|value| value.map_or_else(V::default, &mut make)).collect()
}

impl Dictionary {
    /// Puts a dictionary into symbols, unless it is the one of the batch before.
    fn learn(&mut self, values: &ArrayRef, symbols: &mut Symbols) -> Option<()> {
        if self.values.as_ref().is_some_and(|known| Arc::ptr_eq(known, values)) {
            return Some(());
        }
        let texts = values.as_string_opt::<i32>()?;
        self.symbols.clear();
        self.symbols.extend(texts.iter().map(|text| add(symbols, text)));
        self.values = Some(values.clone());
        Some(())
    }
}

fn numbers(array: &ArrayRef, name: &str) -> Result<Cells, RowFault> {
    let some = |text: String| Decimal::from_text(&text);
    let found: Vec<Option<Decimal>> = match array.data_type() {
        DataType::Float64 => {
            return Ok(Cells::Floats(Float64Array::clone(array.as_primitive::<Float64Type>())));
        }
        DataType::Float32 => {
            // The text that the shorter number has, not that of the longer one next to it.
            each(array.as_primitive::<Float32Type>(), |value| some(format!("{value:e}")))
        }
        DataType::Int64 => each(array.as_primitive::<Int64Type>(), |value| some(value.to_string())),
        DataType::Int32 => each(array.as_primitive::<Int32Type>(), |value| some(value.to_string())),
        DataType::UInt64 => each(array.as_primitive::<UInt64Type>(), |value| some(value.to_string())),
        DataType::UInt32 => each(array.as_primitive::<UInt32Type>(), |value| some(value.to_string())),
        DataType::Decimal128(_, scale) => {
            let scale = i32::from(*scale);
            each(array.as_primitive::<Decimal128Type>(), |value| some(format!("{value}e{}", -scale)))
        }
        DataType::Null => vec![None; array.len()],
        _ => return text_numbers(array, name),
    };
    let wrong = (0..found.len()).find(|row| found[*row].is_none() && !array.is_null(*row));
    match wrong {
        Some(row) => Err(RowFault::new(row, Fault::value(name, "", "number of a bill"))),
        None => Ok(Cells::Numbers(found)),
    }
}

fn text_numbers(array: &ArrayRef, name: &str) -> Result<Cells, RowFault> {
    let mut symbols = Symbols::default();
    let texts = plain_texts(array, &mut Dictionary::default(), &mut symbols)
        .ok_or_else(|| wrong_type(name, array, "number"))?;
    let mut found = Vec::with_capacity(texts.len());
    for (row, symbol) in texts.into_iter().enumerate() {
        let text = symbols.text(symbol);
        found.push(match text {
            "" | "NULL" | "null" => None,
            _ => match Decimal::from_text(text) {
                Some(decimal) => Some(decimal),
                None => return Err(RowFault::new(row, Fault::value(name, text, "number"))),
            },
        });
    }
    Ok(Cells::Numbers(found))
}

fn days(array: &ArrayRef, name: &str, days: &mut Days) -> Result<Vec<Option<Day>>, RowFault> {
    let of = |unit: i64| move |value: i64| Some(day_of(value.div_euclid(unit)));
    Ok(match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => each(array.as_primitive::<TimestampSecondType>(), of(1)),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            each(array.as_primitive::<TimestampMillisecondType>(), of(1_000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            each(array.as_primitive::<TimestampMicrosecondType>(), of(1_000_000))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            each(array.as_primitive::<TimestampNanosecondType>(), of(1_000_000_000))
        }
        DataType::Date32 => each(array.as_primitive::<Date32Type>(), Some),
        _ => {
            let mut symbols = Symbols::default();
            let texts = plain_texts(array, &mut Dictionary::default(), &mut symbols)
                .ok_or_else(|| wrong_type(name, array, "date"))?;
            let mut found = Vec::with_capacity(texts.len());
            for (row, symbol) in texts.into_iter().enumerate() {
                let text = symbols.text(symbol);
                let day = days.read(text);
                if day.is_none() && !matches!(text, "" | "NULL" | "null") {
                    return Err(RowFault::new(row, Fault::value(name, text, "date")));
                }
                found.push(day);
            }
            found
        }
    })
}

/// Sets of tags: a map, a list of records with `key` and `value`, or JSON.
fn tags(array: &ArrayRef, name: &str, known: &mut Known, tags: &mut TagSets) -> Result<Vec<u32>, RowFault> {
    let wrong = || wrong_type(name, array, "map of texts");
    let (offsets, keys, values, spaces) = match array.data_type() {
        DataType::Map(_, _) => {
            let map = array.as_map();
            (map.offsets().clone(), map.keys().clone(), map.values().clone(), None)
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let Some(records) = list.values().as_struct_opt() else { return Err(wrong()) };
            let field = |name| records.column_by_name(name).cloned();
            let (keys, values) = (field("key").ok_or_else(wrong)?, field("value").ok_or_else(wrong)?);
            (list.offsets().clone(), keys, values, field("namespace"))
        }
        _ => return json_tags(array, name, tags),
    };
    if known.values.is_empty() {
        known.values.push(Dictionary::default());
    }
    let mut keys = plain_texts(&keys, &mut known.keys, &mut tags.texts).ok_or_else(wrong)?;
    let values = plain_texts(&values, &mut known.values[0], &mut tags.texts).ok_or_else(wrong)?;
    if let Some(spaces) = spaces {
        let spaces = plain_texts(&spaces, &mut Dictionary::default(), &mut tags.texts).ok_or_else(wrong)?;
        for (key, space) in keys.iter_mut().zip(spaces).filter(|(_, space)| *space != Symbol::EMPTY) {
            let text = format!("{}/{}", tags.texts.text(space), tags.texts.text(*key));
            *key = tags.texts.add(&text);
        }
    }
    let pairs: Vec<Pair> = keys.into_iter().zip(values).collect();
    let mut found = Vec::with_capacity(array.len());
    let mut last: (&[Pair], u32) = (&[], 0);
    for (row, ends) in offsets.windows(2).enumerate() {
        let range = usize::try_from(ends[0]).unwrap_or(0)..usize::try_from(ends[1]).unwrap_or(0);
        let set = if array.is_null(row) { &[] } else { pairs.get(range).unwrap_or_default() };
        if set != last.0 {
            last = (set, tags.set(set));
        }
        found.push(last.1);
    }
    Ok(found)
}

fn json_tags(array: &ArrayRef, name: &str, tags: &mut TagSets) -> Result<Vec<u32>, RowFault> {
    let mut symbols = Symbols::default();
    let texts = plain_texts(array, &mut Dictionary::default(), &mut symbols)
        .ok_or_else(|| wrong_type(name, array, "map of texts"))?;
    let mut found = Vec::with_capacity(texts.len());
    for (row, symbol) in texts.into_iter().enumerate() {
        let text = symbols.text(symbol);
        found.push(match text {
            "" | "NULL" => 0,
            text => tags
                .add_json(text)
                .ok_or_else(|| RowFault::new(row, Fault::value(name, text, "JSON object of texts")))?,
        });
    }
    Ok(found)
}

/// Tags of a legacy report, each in a column of its own.
fn tag_columns(
    columns: &RecordBatch,
    layout: &Layout,
    known: &mut Known,
    tags: &mut TagSets,
) -> Result<Vec<u32>, RowFault> {
    known.values.resize_with(layout.tag_columns.len(), Dictionary::default);
    let mut found = Vec::new();
    for ((place, key), dictionary) in layout.tag_columns.iter().zip(&mut known.values) {
        let name = &layout.names[*place];
        let Some(array) = at(columns, name) else { continue };
        let values = plain_texts(&array, dictionary, &mut tags.texts);
        let values = values.ok_or_else(|| wrong_type(name, &array, "text"))?;
        found.push((tags.texts.add(key), values));
    }
    let mut sets = Vec::with_capacity(columns.num_rows());
    let mut pairs: Vec<Pair> = Vec::new();
    for row in 0..columns.num_rows() {
        pairs.clear();
        let there = found.iter().map(|(key, values)| (*key, values[row]));
        pairs.extend(there.filter(|(_, value)| *value != Symbol::EMPTY));
        sets.push(tags.set(&pairs));
    }
    Ok(sets)
}

fn credits(array: &ArrayRef, name: &str, symbols: &mut Symbols) -> Result<Cells, RowFault> {
    let wrong = || wrong_type(name, array, "list of credits");
    let Some(list) = array.as_list_opt::<i32>() else { return Err(wrong()) };
    let records = list.values().as_struct_opt().ok_or_else(wrong)?;
    let amounts = match numbers(records.column_by_name("amount").ok_or_else(wrong)?, name)? {
        Cells::Floats(floats) => floats.iter().map(|value| value.and_then(Decimal::from_f64)).collect(),
        Cells::Numbers(numbers) => numbers,
        _ => return Err(wrong()),
    };
    let mut text = |field: &str| match records.column_by_name(field) {
        Some(array) => plain_texts(array, &mut Dictionary::default(), symbols).ok_or_else(wrong),
        None => Ok(vec![Symbol::EMPTY; records.len()]),
    };
    let (names, kinds) = (text("name")?, text("type")?);
    let (mut found, mut ends) = (Vec::new(), Vec::with_capacity(list.len()));
    for (row, limits) in list.offsets().windows(2).enumerate() {
        let range = usize::try_from(limits[0]).unwrap_or(0)..usize::try_from(limits[1]).unwrap_or(0);
        for each in range.filter(|_| !list.is_null(row)) {
            let amount = amounts[each]
                .ok_or_else(|| RowFault::new(row, Fault::value(name, "", "list of credits with amounts")))?;
            found.push(Credit { amount, name: names[each], kind: kinds[each] });
        }
        ends.push(found.len());
    }
    Ok(Cells::Credits(found, ends))
}
