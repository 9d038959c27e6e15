//! Tables: no borders, numbers to the right, never cut off.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Modify, Padding, Style};

/// Columns between two columns of a table.
const PADDING: usize = 2;
/// Fewer columns than this hold no words.
const LEAST_ROOM: usize = 20;

/// On which side a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table of text.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with its columns; units stand in the headers.
    pub fn new<const N: usize>(columns: [(&str, Align); N]) -> Self {
        Self::with_columns(columns)
    }

    /// The same with as many columns as there are.
    pub fn with_columns<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        let columns = columns.into_iter().map(|(name, align)| (name.into(), align));
        Self { columns: columns.collect(), rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as there are columns.
    pub fn row<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, cells: I) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text. Within a width, the last column is wrapped between words.
    pub fn render(&self, width: Option<usize>) -> String {
        let header: Vec<String> = self.columns.iter().map(|(name, _)| name.to_uppercase()).collect();
        let text = self.rendered(header, width.and_then(|width| self.room_of_last(width)));
        text.lines().map(str::trim_end).fold(String::new(), |text, line| text + line + "\n")
    }

    /// The rows as those of a table that began before, whose columns had these widths.
    pub fn continued(&self, widths: &[usize]) -> String {
        let ruler: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let text = self.rendered(ruler, None);
        text.lines().skip(1).map(str::trim_end).fold(String::new(), |text, line| text + line + "\n")
    }

    /// The widths of the columns, at least as they were before.
    pub fn widths(&self, before: &[usize]) -> Vec<usize> {
        let widths = (0..self.columns.len())
            .map(|column| self.longest(column).max(before.get(column).copied().unwrap_or_default()));
        widths.collect()
    }

    fn rendered(&self, first: Vec<String>, room: Option<usize>) -> String {
        let mut builder = Builder::default();
        builder.push_record(first);
        for row in &self.rows {
            builder.push_record(row.iter().enumerate().map(|(column, cell)| match room {
                Some(room) if column + 1 == self.columns.len() => textwrap::fill(cell, room),
                _ => cell.clone(),
            }));
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(0, PADDING, 0, 0));
        for (index, (_, align)) in self.columns.iter().enumerate() {
            if *align == Align::Right {
                table.with(Modify::new(Columns::one(index)).with(Alignment::right()));
            }
        }
        table.to_string()
    }

    /// The characters of the longest cell of a column.
    fn longest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(self.columns[column].0.chars().count())
    }

    /// Columns that the last column has left in a width; `None` when it fits or there is no room for words.
    fn room_of_last(&self, width: usize) -> Option<usize> {
        let (last, others) = self.columns.len().checked_sub(1).map(|last| (last, 0..last))?;
        let taken: usize = others.map(|column| self.longest(column) + PADDING).sum();
        let room = width.checked_sub(taken + PADDING)?;
        (room >= LEAST_ROOM && room < self.longest(last)).then_some(room)
    }

    /// The table as comma-separated values by RFC 4180.
    pub fn csv(&self) -> String {
        let header: Vec<_> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let lines = std::iter::once(&header).chain(&self.rows).map(|row| {
            let cells: Vec<_> = row.iter().map(|cell| csv_cell(cell)).collect();
            cells.join(",") + "\r\n"
        });
        lines.collect()
    }
}

fn csv_cell(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
