//! `frazil catalog prices`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{matches, open};
use crate::catalog::{Basis, Item, Price, Region};
use crate::cli::catalog::PricesArgs;
use crate::error::{Error, Result};
use crate::view::{Align, Layout, Report, Table};

/// Prices of a region that are not of machines.
pub(super) struct Prices {
    region: Arc<Region>,
    items: Vec<Item>,
}

impl Prices {
    /// The prices that the arguments ask for.
    pub(super) fn find(args: &PricesArgs) -> Result<Self> {
        let region = open(&args.place)?;
        let pattern = args.item.as_deref().unwrap_or("*");
        let items: Vec<_> = all(&region).filter(|item| matches(pattern, &item.key)).collect();
        match args.item.as_deref().filter(|_| items.is_empty()) {
            Some(pattern) => Err(missing(&region, pattern)),
            None => Ok(Self { region, items }),
        }
    }

    fn heading(&self) -> String {
        let dates = || self.items.iter().map(|item| item.price.source.date);
        let place = format!("{}/{}", self.region.provider(), self.region.name());
        match (dates().min(), dates().max()) {
            (Some(oldest), Some(newest)) => format!("{place}: prices of {oldest} to {newest}"),
            _ => format!("{place}: no prices in the catalog"),
        }
    }

    fn rows(&self, wide: bool) -> Table {
        let mut table = if wide {
            let words = Align::Left;
            Table::new([
                ("item", words),
                ("USD", Align::Right),
                ("per", words),
                ("date", words),
                ("source", words),
                ("note", words),
            ])
        } else {
            Table::new([("item", Align::Left), ("USD", Align::Right), ("per", Align::Left)])
        };
        for item in &self.items {
            let cells = [item.key.clone(), usd(&item.price), item.price.unit.clone()];
            let source = item.price.source;
            let more = [source.date.to_owned(), source.name.to_owned(), note(item)];
            table.row(cells.into_iter().chain(more.into_iter().take(if wide { 3 } else { 0 })));
        }
        table
    }
}

/// The region's own prices, the world's, and those of transfer to other regions.
fn all(region: &Region) -> impl Iterator<Item = Item> {
    let mut items = region.all_items();
    items.extend(region.transfers_out());
    items.into_iter()
}

fn missing(region: &Region, pattern: &str) -> Error {
    let keys: Vec<_> = all(region).map(|item| item.key).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let error = match region.item(pattern) {
        Err(gap) => Error::failed(gap.to_string()),
        Ok(_) => Error::failed(format!("no price `{pattern}`")),
    };
    match crate::nearest::nearest(pattern, &keys) {
        Some(key) => error.hint(format!("`--item {key}`, which is the nearest")),
        None => error.hint("`frazil catalog prices` without `--item` lists all"),
    }
}

fn usd(price: &Price) -> String {
    let mark = if price.is_estimate() { "~" } else { "" };
    format!("{mark}{}", price.usd)
}

/// What the source says of the row, or the rule of an estimate.
fn note(item: &Item) -> String {
    match &item.price.basis {
        Basis::Estimated(rule) => rule.clone(),
        _ => item.note.clone(),
    }
}

fn item_json(item: &Item) -> Value {
    json!({
        "item": item.key,
        "usd": item.price.usd.as_f64(),
        "per": item.price.unit,
        "estimate": item.price.is_estimate(),
        "date": item.price.source.date,
        "source": item.price.source.name,
        "note": note(item),
    })
}

impl Report for Prices {
    fn schema(&self) -> &'static str {
        "frazil.catalog.prices/v1"
    }

    fn data(&self) -> Value {
        json!({
            "provider": self.region.provider().name(),
            "region": self.region.name(),
            "prices": self.items.iter().map(item_json).collect::<Vec<_>>(),
        })
    }

    fn text(&self, layout: Layout) -> String {
        let estimated = self.items.iter().any(|item| item.price.is_estimate());
        let note = if estimated { "\n~ by a rule, not listed: `-o wide` says which\n" } else { "" };
        format!("{}\n\n{}{note}", self.heading(), self.rows(layout.wide).render(layout.width))
    }

    fn table(&self) -> Option<Table> {
        Some(self.rows(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::catalog::Place;

    fn find(region: &str, item: &str) -> Result<Prices> {
        let place = Place { region: Some(region.to_owned()), provider: None };
        Prices::find(&PricesArgs { place, item: Some(item.to_owned()) })
    }

    #[test]
    fn rows_have_units_dates_and_sources() {
        let prices = find("us-central1", "disk_balanced").unwrap();
        let text = prices.text(Layout::WIDE);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "gcp/us-central1: prices of 2026-07-30 to 2026-07-30");
        assert!(lines[3].starts_with("disk_balanced  0.10  GiB-month  2026-07-30  Cyclenerd/"), "{text}");
        assert_eq!(prices.data()["prices"][0]["usd"], 0.1);
    }

    #[test]
    fn transfer_to_other_regions_is_among_them() {
        let prices = find("us-west-2", "transfer_to_us-*").unwrap();
        assert_eq!(prices.items.iter().filter(|item| item.key == "transfer_to_us-east-1").count(), 1);
        assert!(
            find("us-central1", "transfer_to_europe-west4")
                .unwrap()
                .text(Layout::default())
                .contains("~0.08")
        );
    }

    #[test]
    fn what_is_not_there_is_named_with_the_nearest() {
        let error = find("us-west-2", "public_ipv4_hour").err().unwrap();
        assert!(
            error.to_string().starts_with("no price `public_ipv4_hour` in aws/us-west-2; ~0.005"),
            "{error}"
        );
        let error = find("us-west-2", "ebs_gp3_storag").err().unwrap();
        assert_eq!(error.hints(), ["`--item ebs_gp3_storage`, which is the nearest"]);
    }
}
