//! What was found, as a table, as data, and as features.

use frazil_data::found::{COLUMNS, Item, Size, WIDE_COLUMNS};
use serde_json::{Value, json};

use super::{bytes_text, size_text};
use crate::view::{Align, Features, Layout, Part, Report, Table};

/// Finds, and how many there are in all.
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    pub(super) matched: Option<u64>,
}

/// What is said of all finds in the end.
#[derive(Default)]
pub(super) struct Totals {
    count: u64,
    size: Option<Size>,
    /// Whether one of them does not tell its size.
    lacking: bool,
}

impl Totals {
    /// Counts a find.
    pub(super) fn add(&mut self, item: &Item) {
        self.count += 1;
        self.lacking |= item.size.is_none();
        self.size = match (self.size, item.size) {
            (Some(sum), Some(size)) => Some(sum.and(size)),
            (sum, size) => sum.or(size),
        };
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The line under a table, where so many are there in all, if that is known, and the search came to its end
    /// or not.
    pub(super) fn line(&self, matched: Option<u64>, ended: bool) -> String {
        let shown = self.count;
        if shown == 0 {
            return "nothing found\n".to_owned();
        }
        let mut line = match matched {
            Some(matched) if matched > shown => {
                format!("{shown} of {matched} found; `--all` shows all, `--limit` more")
            }
            None if !ended => {
                format!("{shown} shown, there may be more; `--all` shows all, `--limit` more")
            }
            _ => format!("{shown} found"),
        };
        if let Some(sum) = self.size {
            let about = if sum.is_exact() && !self.lacking { "" } else { "~" };
            line += &format!(", {about}{}", bytes_text(sum.bytes()));
        }
        line + "\n"
    }
}

/// A moment to the second, as tables show it.
pub(super) fn second(moment: Option<jiff::Timestamp>) -> String {
    moment.map_or_else(|| "-".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Whether data is in the cloud, in a word.
pub(super) fn hosted(cloud: Option<bool>) -> &'static str {
    match cloud {
        Some(true) => "cloud",
        Some(false) => "on-prem",
        None => "-",
    }
}

impl Part for Found {
    fn rows(&self, wide: bool) -> Table {
        let mut columns = vec![("name", Align::Left), ("dataset", Align::Left), ("start", Align::Left)];
        if wide {
            columns.extend([("end", Align::Left), ("id", Align::Left), ("bbox", Align::Left)]);
        }
        columns.extend([("size", Align::Right), ("where", Align::Left)]);
        if wide {
            columns.push(("data", Align::Left));
        }
        let mut table = Table::with_columns(columns);
        for item in &self.items {
            let dash = || "-".to_owned();
            let mut row =
                vec![item.name.clone(), item.dataset.label().unwrap_or_else(dash), second(item.time.start)];
            if wide {
                let edges = item.bbox.map(|bbox| bbox.edges().map(|edge| format!("{edge:.2}")).join(","));
                row.extend([second(item.time.end), item.id.clone(), edges.unwrap_or_else(dash)]);
            }
            row.extend([item.size.map_or_else(dash, size_text), hosted(item.cloud_hosted).to_owned()]);
            if wide {
                row.push(item.data().map(|asset| asset.href.as_str()).collect::<Vec<_>>().join(" "));
            }
            table.row(row);
        }
        table
    }
}

impl Report for Found {
    fn schema(&self) -> &'static str {
        "frazil.data.search/v1"
    }

    fn data(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(Item::to_json).collect();
        json!({ "matched": self.matched, "items": items })
    }

    fn text(&self, layout: Layout) -> String {
        self.rows(layout.wide).render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        let names = COLUMNS.iter().chain(&WIDE_COLUMNS);
        let mut table = Table::with_columns(names.map(|name| (*name, Align::Left)));
        for item in &self.items {
            table.row(item.row().into_iter().chain(item.wide_row()));
        }
        Some(table)
    }

    fn features(&self, form: Features) -> Option<Value> {
        Some(collection(&self.items, form))
    }
}

/// Items as one collection of features. Items without a time are no STAC items, and are left out.
pub(super) fn collection(items: &[Item], form: Features) -> Value {
    let features: Vec<Value> = match form {
        Features::Geojson => items.iter().map(Item::to_feature).collect(),
        Features::Stac => items.iter().filter_map(Item::to_stac).collect(),
    };
    json!({ "type": "FeatureCollection", "features": features })
}
