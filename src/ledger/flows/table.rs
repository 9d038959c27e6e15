//! AWS's Parquet: the columns that are needed, row group by row group.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;

use super::fields::{FIELDS, Field, Layout};
use super::tally::Tally;
use super::text::take;
use crate::ledger::read::Fault;
use crate::ledger::read::error::RowFault;
use crate::ledger::read::place::Pieces;

/// Rows of a batch.
const ROWS: usize = 8_192;
/// Digits of the longest number.
const DIGITS: usize = 20;

/// A table, ready to be read by several threads.
#[derive(Clone, Debug)]
pub(super) struct Table {
    metadata: ArrowReaderMetadata,
    pub(super) layout: Layout,
    names: Vec<String>,
}

impl Table {
    /// Reads what a table says of itself.
    ///
    /// # Errors
    /// When it is none, or not that of a flow log.
    pub(super) fn open(pieces: &Pieces) -> Result<Self, Fault> {
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(pieces, plain).map_err(|error| damaged(&error))?;
        let names: Vec<String> =
            metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
        let layout = Layout::of(names.iter().map(String::as_str))?;
        Ok(Self { metadata, layout, names })
    }

    /// Rows of each row group.
    pub(super) fn groups(&self) -> Vec<u64> {
        let groups = self.metadata.metadata().row_groups();
        groups.iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).collect()
    }

    fn mask(&self) -> ProjectionMask {
        let fields = FIELDS.iter().filter_map(|(field, _)| self.layout.at(*field));
        ProjectionMask::roots(self.metadata.parquet_schema(), fields)
    }

    /// Adds the records of a row group.
    ///
    /// # Errors
    /// At the first row that is none, counted from 0 in the group.
    pub(super) fn read(
        &self,
        mut pieces: Pieces,
        group: usize,
        tally: &mut Tally<'_>,
    ) -> Result<u64, RowFault> {
        let whole = |fault| RowFault::new(0, fault);
        pieces.fetch(&self.ranges(group)).map_err(whole)?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(pieces, self.metadata.clone())
            .with_batch_size(ROWS)
            .with_projection(self.mask())
            .with_row_groups(vec![group])
            .build()
            .map_err(|error| whole(damaged(&error)))?;
        let mut rows = 0;
        for batch in reader {
            let batch = batch.map_err(|error| RowFault::new(rows, Fault::Damaged(error.to_string())))?;
            let mut columns = Columns::of(&batch, self).map_err(|fault| RowFault::new(rows, fault))?;
            for row in 0..batch.num_rows() {
                columns.write_numbers(row);
                let field = |field: Field| columns.text(field, row);
                take(&field, tally).map_err(|fault| RowFault::new(rows + row, fault))?;
            }
            rows += batch.num_rows();
        }
        Ok(rows as u64)
    }

    /// Where the bytes of a row group's needed columns lie.
    fn ranges(&self, group: usize) -> Vec<std::ops::Range<u64>> {
        let mask = self.mask();
        let columns = self.metadata.metadata().row_group(group).columns().iter().enumerate();
        let needed = columns.filter(|(leaf, _)| mask.leaf_included(*leaf));
        needed
            .map(|(_, column)| {
                let (start, length) = column.byte_range();
                start..start + length
            })
            .collect()
    }
}

fn damaged(error: &ParquetError) -> Fault {
    Fault::Damaged(error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// Columns of a batch by field. Numbers are written out row by row: what reads a record reads text.
struct Columns<'a> {
    by_field: [Option<&'a ArrayRef>; FIELDS.len()],
    numbers: [([u8; DIGITS], usize); FIELDS.len()],
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, table: &Table) -> Result<Self, Fault> {
        let mut by_field = [None; FIELDS.len()];
        for (field, name) in FIELDS {
            let column = table.layout.at(field).and_then(|at| table.names.get(at));
            let Some(column) = column.and_then(|name| batch.column_by_name(name)) else { continue };
            let known = matches!(
                column.data_type(),
                DataType::Utf8
                    | DataType::Binary
                    | DataType::Int32
                    | DataType::Int64
                    | DataType::UInt32
                    | DataType::UInt64
            );
            if !known {
                let found = column.data_type().to_string();
                return Err(Fault::Type { column: name.to_owned(), found, expected: "text or number" });
            }
            by_field[field as usize] = Some(column);
        }
        Ok(Self { by_field, numbers: [([0; DIGITS], DIGITS); FIELDS.len()] })
    }

    fn write_numbers(&mut self, row: usize) {
        for (column, number) in self.by_field.iter().zip(&mut self.numbers) {
            let Some(column) = column.filter(|column| column.is_valid(row)) else {
                number.1 = DIGITS;
                continue;
            };
            let value = match column.data_type() {
                DataType::Int32 => i128::from(column.as_primitive::<Int32Type>().value(row)),
                DataType::Int64 => i128::from(column.as_primitive::<Int64Type>().value(row)),
                DataType::UInt32 => i128::from(column.as_primitive::<UInt32Type>().value(row)),
                DataType::UInt64 => i128::from(column.as_primitive::<UInt64Type>().value(row)),
                _ => continue,
            };
            write_number(value, number);
        }
    }

    fn text(&self, field: Field, row: usize) -> &[u8] {
        let Some(column) = self.by_field[field as usize].filter(|column| column.is_valid(row)) else {
            return b"";
        };
        let text = match column.data_type() {
            DataType::Utf8 => column.as_string::<i32>().value(row).as_bytes(),
            DataType::Binary => column.as_binary::<i32>().value(row),
            _ => {
                let (digits, start) = &self.numbers[field as usize];
                &digits[*start..]
            }
        };
        if text == b"-" { b"" } else { text }
    }
}

/// Writes a number's digits to the end of its place; a negative one has a sign, which is no number of a log.
fn write_number(value: i128, (digits, start): &mut ([u8; DIGITS], usize)) {
    *start = DIGITS;
    let mut left = value.unsigned_abs();
    loop {
        *start -= 1;
        digits[*start] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if value < 0 && *start > 0 {
        *start -= 1;
        digits[*start] = b'-';
    }
}
