//! The one place that prints: reports on standard output; progress, notes and
//! errors on standard error.

mod diagnostics;
mod errors;
mod live;
mod metrics;
mod parts;
mod printer;
mod progress;
mod stderr;
mod table;

use serde_json::Value;

pub use diagnostics::draw_problems;
pub use live::{Key, Live, restore_terminal};
pub use metrics::{Kind, Metrics};
pub use parts::{Part, Parts};
pub use printer::{Color, Format, Printer};
pub use progress::Progress;
pub use table::{Align, Table};

/// Text in lines no longer than a width, broken between words.
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    width.map_or_else(|| text.to_owned(), |width| textwrap::fill(text, width))
}

/// How text for people is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Whether more columns are asked for.
    pub wide: bool,
    /// Columns of the terminal; `None` where lines may be as long as they are.
    pub width: Option<usize>,
}

impl Layout {
    /// More columns, in lines as long as they are.
    pub const WIDE: Self = Self { wide: true, width: None };
}

/// As what features are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// A GeoJSON feature collection.
    Geojson,
    /// A STAC item collection.
    Stac,
}

/// What a verb found out: printed as a table for people, as data for programs.
pub trait Report {
    /// The name and version of the data's shape, such as `frazil.nodes/v1`.
    fn schema(&self) -> &'static str;

    /// The data: units in the keys, numbers raw, times in RFC 3339.
    fn data(&self) -> Value;

    /// The text for people.
    fn text(&self, layout: Layout) -> String;

    /// The rows for `-o csv`, where the report has rows.
    fn table(&self) -> Option<Table> {
        None
    }

    /// The features for `-o geojson` and `-o stac`, where the report has some.
    fn features(&self, _form: Features) -> Option<Value> {
        None
    }

    /// The metrics for `-o prometheus`, where the report has some.
    fn metrics(&self) -> Option<Metrics> {
        None
    }
}
