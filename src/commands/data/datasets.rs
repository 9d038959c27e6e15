//! Datasets and services that were found.

use frazil_data::cmr::{Collection, Service};
use serde_json::{Value, json};

use super::finds::{hosted, second};
use crate::view::{Align, Layout, Part, Report, Table};

/// Datasets, and how many there are in all.
pub(super) struct Datasets {
    pub(super) collections: Vec<Collection>,
    pub(super) matched: Option<u64>,
}

impl Part for Datasets {
    fn rows(&self, wide: bool) -> Table {
        let mut columns = vec![("name", Align::Left), ("version", Align::Left), ("id", Align::Left)];
        if wide {
            columns.extend([("doi", Align::Left), ("start", Align::Left), ("end", Align::Left)]);
        }
        columns.extend([("granules", Align::Right), ("where", Align::Left), ("title", Align::Left)]);
        let mut table = Table::with_columns(columns);
        for one in &self.collections {
            let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let mut row = vec![text(one.short_name()), text(one.version()), one.concept_id().to_owned()];
            if wide {
                let time = one.time();
                row.extend([text(one.doi()), second(time.start), second(time.end)]);
            }
            let count = one.granule_count().map_or_else(|| "-".to_owned(), |count| count.to_string());
            row.extend([count, hosted(Some(one.cloud_hosted())).to_owned(), text(one.title())]);
            table.row(row);
        }
        table
    }
}

impl Report for Datasets {
    fn schema(&self) -> &'static str {
        "frazil.data.datasets/v1"
    }

    fn data(&self) -> Value {
        let items: Vec<Value> = self.collections.iter().map(Collection::to_json).collect();
        json!({ "matched": self.matched, "items": items })
    }

    fn text(&self, layout: Layout) -> String {
        self.rows(layout.wide).render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows(true))
    }
}

/// Services, and how many there are in all.
pub(super) struct Services {
    pub(super) services: Vec<Service>,
    pub(super) matched: Option<u64>,
}

impl Part for Services {
    fn rows(&self, _: bool) -> Table {
        let columns = ["name", "type", "id", "href"].map(|name| (name, Align::Left));
        let mut table = Table::new(columns);
        for one in &self.services {
            let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
            table.row([text(one.name()), text(one.kind()), one.concept_id().to_owned(), text(one.href())]);
        }
        table
    }
}

impl Report for Services {
    fn schema(&self) -> &'static str {
        "frazil.data.services/v1"
    }

    fn data(&self) -> Value {
        let items: Vec<Value> = self.services.iter().map(Service::to_json).collect();
        json!({ "matched": self.matched, "items": items })
    }

    fn text(&self, layout: Layout) -> String {
        self.rows(layout.wide).render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows(true))
    }
}

/// How many there are.
pub(super) struct Count(pub(super) u64);

impl Report for Count {
    fn schema(&self) -> &'static str {
        "frazil.data.count/v1"
    }

    fn data(&self) -> Value {
        json!({ "matched": self.0 })
    }

    fn text(&self, _: Layout) -> String {
        format!("{}\n", self.0)
    }

    fn table(&self) -> Option<Table> {
        let mut table = Table::new([("matched", Align::Right)]);
        table.row([self.0.to_string()]);
        Some(table)
    }
}
