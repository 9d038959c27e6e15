//! An estimate as rows, for `-o csv`.

use super::text::{by_row, total};
use crate::estimate::{Case, Estimate, Kept, Range, Site, month};
use crate::view::{Align, Table};

/// A row for each number: exact amounts of US dollars.
pub(super) fn table<'a>(estimates: impl Iterator<Item = &'a Estimate>) -> Table {
    let mut table = Table::new([
        ("hub", Align::Left),
        ("site", Align::Left),
        ("section", Align::Left),
        ("what", Align::Left),
        ("per", Align::Left),
        ("low_usd", Align::Right),
        ("likely_usd", Align::Right),
        ("high_usd", Align::Right),
        ("price_date", Align::Left),
        ("price_source", Align::Left),
    ]);
    for estimate in estimates {
        for site in &estimate.sites {
            for row in rows(site) {
                table.row([estimate.hub.clone(), site.name()].into_iter().chain(row));
            }
        }
    }
    table
}

type Cells = Vec<String>;

fn rows(site: &Site) -> Vec<Cells> {
    let mut rows = base(site);
    rows.extend(hours(site));
    if let Some(model) = &site.event {
        let event = by_row(model);
        rows.extend(event.into_iter().map(|(row, range)| cells("event", row.words(), "event", Some(range))));
        rows.push(cells("event", "together", "event", Some(total(model))));
    }
    rows
}

fn base(site: &Site) -> Vec<Cells> {
    let row = |line: &crate::estimate::Line| {
        let (section, per) = match line.kept {
            Kept::Always => ("base", "month"),
            Kept::Warm => ("warm", "month"),
            Kept::ByUse => ("by-use", line.priced.price.as_ref().map_or("", |price| price.unit.as_str())),
        };
        let usd = if line.kept == Kept::ByUse { line.priced.usd() } else { line.usd(month()) };
        let mut cells = cells(section, &line.what, per, usd.map(Range::exact));
        if let (Some(price), [.., date, source]) = (&line.priced.price, cells.as_mut_slice()) {
            price.source.date.clone_into(date);
            price.source.name.clone_into(source);
        }
        cells
    };
    site.base.iter().map(row).collect()
}

fn hours(site: &Site) -> Vec<Cells> {
    let mut rows = Vec::new();
    for size in &site.sizes {
        rows.push(cells("size", &format!("{} on a full node", size.size), "hour", Some(size.shared)));
        rows.push(cells("size", &format!("{} alone on a node", size.size), "hour", Some(size.alone)));
    }
    if let Some((_, worker)) = &site.dask {
        rows.push(cells("dask", "worker on spot", "hour", worker.spot));
        rows.push(cells("dask", "worker on demand", "hour", worker.on_demand.map(Range::exact)));
        rows.push(cells("dask", "core", "hour", Some(worker.shared.map(|usd| worker.per_core(usd)))));
    }
    if let Some((on, priced)) = &site.homes {
        rows.push(cells("homes", &format!("a GiB on {on}"), "month", priced.usd().map(Range::exact)));
    }
    rows
}

fn cells(section: &str, what: &str, per: &str, range: Option<Range>) -> Cells {
    let amounts =
        Case::ALL.map(|case| range.map_or_else(String::new, |range| range.all()[case as usize].to_string()));
    let words = [section, what, per].map(str::to_owned);
    words.into_iter().chain(amounts).chain([String::new(), String::new()]).collect()
}
