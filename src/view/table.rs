//! Tables: no borders, numbers to the right, never cut off.

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Modify, Padding, Style};

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
        Self {
            columns: columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; it has as many cells as there are columns.
    pub fn row<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, cells: I) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text, a line a row.
    pub fn render(&self) -> String {
        let mut builder = Builder::default();
        builder.push_record(self.columns.iter().map(|(name, _)| name.to_uppercase()));
        for row in &self.rows {
            builder.push_record(row);
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::new(0, 2, 0, 0));
        for (index, (_, align)) in self.columns.iter().enumerate() {
            if *align == Align::Right {
                table.with(Modify::new(Columns::one(index)).with(Alignment::right()));
            }
        }
        let text = table.to_string();
        text.lines().map(str::trim_end).fold(String::new(), |text, line| text + line + "\n")
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
