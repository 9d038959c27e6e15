//! Items as rows of a table.

use super::{Item, Size};

/// The columns of a row.
pub const COLUMNS: [&str; 7] = ["id", "name", "dataset", "start", "end", "bytes", "cloud"];
/// Further columns.
pub const WIDE_COLUMNS: [&str; 6] = ["west", "south", "east", "north", "revision", "data"];

impl Item {
    /// The cells of [`COLUMNS`]; what is not known is empty. A size that is not to the byte has a `~` before it.
    pub fn row(&self) -> [String; 7] {
        let text =
            |moment: Option<jiff::Timestamp>| moment.map(|moment| moment.to_string()).unwrap_or_default();
        [
            self.id.clone(),
            self.name.clone(),
            self.dataset.label().unwrap_or_default(),
            text(self.time.start),
            text(self.time.end),
            match self.size {
                Some(Size::Exact(bytes)) => bytes.to_string(),
                Some(Size::About(bytes)) => format!("~{bytes}"),
                None => String::new(),
            },
            match self.cloud_hosted {
                Some(true) => "yes".to_owned(),
                Some(false) => "no".to_owned(),
                None => String::new(),
            },
        ]
    }

    /// The cells of [`WIDE_COLUMNS`].
    pub fn wide_row(&self) -> [String; 6] {
        let edge = |which: usize| self.bbox.map(|bbox| bbox.edges()[which].to_string()).unwrap_or_default();
        let hrefs: Vec<&str> = self.data().map(|asset| asset.href.as_str()).collect();
        [
            edge(0),
            edge(1),
            edge(2),
            edge(3),
            self.revision.map(|revision| revision.to_string()).unwrap_or_default(),
            hrefs.join(" "),
        ]
    }
}
