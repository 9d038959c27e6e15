//! The one place that prints: reports on standard output; progress, notes and
//! errors on standard error.

mod diagnostics;
mod errors;
mod printer;
mod progress;
mod stderr;
mod table;

use serde_json::Value;

pub use diagnostics::draw_problems;
pub use printer::{Color, Format, Printer};
pub use progress::Progress;
pub use table::{Align, Table};

/// What a verb found out: printed as a table for people, as data for programs.
pub trait Report {
    /// The name and version of the data's shape, such as `frazil.nodes/v1`.
    fn schema(&self) -> &'static str;

    /// The data: units in the keys, numbers raw, times in RFC 3339.
    fn data(&self) -> Value;

    /// The text for people; `wide` asks for more columns.
    fn text(&self, wide: bool) -> String;

    /// The rows for `-o csv`, where the report has rows.
    fn table(&self) -> Option<Table> {
        None
    }
}
