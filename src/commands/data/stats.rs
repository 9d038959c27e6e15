//! `frazil data stats`: what programs read, as they have written it into the byte ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use frazil_byte_ledger::{Route, read};
use frazil_data::counting::{FOLDER, Label, Prices};
use frazil_units::Amount;
use serde_json::{Value, json};

use super::{Run, bytes_text, told};
use crate::cli::data::StatsArgs;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Tells what was read.
///
/// # Errors
/// When there is no ledger, or it or the table of prices cannot be read.
pub(super) fn stats(run: &Run<'_>, args: &StatsArgs) -> Result<Outcome> {
    let named = || run.context.variable(FOLDER).map(PathBuf::from);
    let folder = args.bytes.clone().or_else(named).ok_or_else(|| {
        Error::usage("no byte ledger is named").hint(format!("name its folder with --bytes, or by {FOLDER}"))
    })?;
    let prices = args.prices.as_deref().map(Prices::read).transpose().map_err(told)?;
    let (sums, faults) = summed(&folder)?;
    let rows = sums.into_iter().map(|(label, sums)| {
        let cost = prices.as_ref().and_then(|prices| prices.cost(&label, sums.received, sums.requests));
        Row { label, sums, cost }
    });
    run.printer.report(&Stats { rows: rows.collect(), faults, with_prices: prices.is_some() })?;
    Ok(Outcome::Done)
}

/// What was read for a label.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    requests: u64,
    requested: u64,
    received: u64,
}

/// The sums of a ledger by label, and how many of its lines could not be believed.
fn summed(folder: &Path) -> Result<(BTreeMap<Label, Sums>, u64)> {
    let entries = read(folder).map_err(|error| {
        Error::failed(format!("the byte ledger in {} cannot be read", folder.display())).because(error)
    })?;
    let (mut all, mut faults) = (BTreeMap::<Label, Sums>::new(), 0);
    for entry in entries {
        let record = match entry {
            Ok(entry) => entry.record,
            Err(fault) => {
                faults += u64::from(!fault.why.is_normal());
                continue;
            }
        };
        let label = Label {
            dataset: record.dataset,
            bucket: record.bucket,
            region: record.region,
            route: record.route,
            requester_pays: record.requester_pays,
        };
        let sums = all.entry(label).or_default();
        sums.requests = sums.requests.saturating_add(record.requests);
        sums.requested = sums.requested.saturating_add(record.requested);
        sums.received = sums.received.saturating_add(record.received);
    }
    Ok((all, faults))
}

struct Row {
    label: Label,
    sums: Sums,
    cost: Option<Amount>,
}

/// What was read, by dataset, bucket, region and route.
struct Stats {
    rows: Vec<Row>,
    faults: u64,
    with_prices: bool,
}

const NAMES: [&str; 5] = ["dataset", "bucket", "region", "route", "payer"];

impl Stats {
    fn cells(row: &Row) -> [String; 5] {
        let Label { dataset, bucket, region, route, requester_pays } = row.label.clone();
        let payer = if requester_pays { "reader" } else { "owner" };
        [dataset, bucket, region, route_name(route), payer.to_owned()]
    }
}

fn route_name(route: Route) -> String {
    route.name().to_owned()
}

impl Report for Stats {
    fn schema(&self) -> &'static str {
        "frazil.data.stats/v1"
    }

    fn data(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "dataset": row.label.dataset,
                "bucket": row.label.bucket,
                "region": row.label.region,
                "route": row.label.route,
                "requester_pays": row.label.requester_pays,
                "requests": row.sums.requests,
                "requested_bytes": row.sums.requested,
                "received_bytes": row.sums.received,
                "cost_usd": row.cost.map(|cost| cost.to_string()),
            })
        };
        json!({ "rows": self.rows.iter().map(row).collect::<Vec<_>>(), "broken_lines": self.faults })
    }

    fn text(&self, _layout: Layout) -> String {
        let counts = ["requests", "requested", "received"].map(|name| (name, Align::Right));
        let cost = self.with_prices.then_some(("cost USD", Align::Right));
        let columns = NAMES.map(|name| (name, Align::Left)).into_iter().chain(counts).chain(cost);
        let mut table = Table::with_columns(columns);
        for row in &self.rows {
            let names = Self::cells(row).map(|text| if text.is_empty() { "-".to_owned() } else { text });
            let counts = [
                row.sums.requests.to_string(),
                bytes_text(row.sums.requested),
                bytes_text(row.sums.received),
            ];
            let cost = row.cost.map_or_else(|| "?".to_owned(), |cost| cost.rounded(2));
            let cost = self.with_prices.then_some(cost);
            table.row(names.into_iter().chain(counts).chain(cost));
        }
        let mut text =
            if self.rows.is_empty() { "nothing was read\n".to_owned() } else { table.render(None) };
        if self.faults > 0 {
            text += &format!("\n{} lines of the ledger are broken and not counted\n", self.faults);
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let counts = ["requests", "requested_bytes", "received_bytes", "cost_usd"];
        let mut table = Table::with_columns(NAMES.into_iter().chain(counts).map(|name| (name, Align::Left)));
        for row in &self.rows {
            let counts = [
                row.sums.requests.to_string(),
                row.sums.requested.to_string(),
                row.sums.received.to_string(),
                row.cost.map(|cost| cost.to_string()).unwrap_or_default(),
            ];
            table.row(Self::cells(row).into_iter().chain(counts));
        }
        Some(table)
    }
}
