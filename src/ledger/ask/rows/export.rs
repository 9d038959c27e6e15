//! Rows of Google's export.

use super::{Of, Row, Rows};
use crate::error::Result;
use crate::ledger::ask::tags;
use crate::ledger::{Charge, Gather, LineKey, Prices, Source, Symbol};

/// Adds rows.
pub(in crate::ledger::ask) fn add(gather: &mut Gather, of: Of, names: &[String], rows: &Rows) -> Result<()> {
    for (number, values) in (1..).zip(rows) {
        let row = Row { names, values, number };
        let kind = Source { kind: of.kind, provider: "gcp".to_owned(), payer: row.text("payer").to_owned() };
        let either = |one: &str, other: &str| row.known(one).unwrap_or(row.text(other)).to_owned();
        let labels = ["labels", "system_labels", "tags"].map(|name| row.text(name));
        let labels = tags::export(labels).ok_or_else(|| row.wrong("labels"))?;
        let is_cost = row.text("is_cost") == "1";
        let key = LineKey {
            source: gather.source(&kind),
            month: of.month,
            day: row.day()?,
            charge: if is_cost { charge(&row) } else { credit(&row) },
            account: gather.symbols.add(row.text("project")),
            service: gather.symbols.add(row.text("service")),
            usage_type: gather.symbols.add(row.text("sku")),
            operation: gather.symbols.add(row.text("credit")),
            region: gather.symbols.add(&either("region", "location")),
            resource: gather.symbols.add(&either("resource_name", "resource")),
            unit: if is_cost { gather.symbols.add(row.text("unit")) } else { Symbol::EMPTY },
            tags: gather.symbols.add(&labels),
            currency: gather.symbols.add(row.text("currency")),
        };
        let billed = row.money("billed")?.unwrap_or_default();
        let list = row.money("list")?.unwrap_or_default();
        let prices = Prices { billed, effective: billed, list };
        row.add(gather, key, row.sum("quantity")?.unwrap_or(0), prices, of.file)?;
    }
    Ok(())
}

/// The kind of charge of a row ("Structure of Standard data export", `cost_type`). What was corrected later
/// counts as given back, in either direction.
fn charge(row: &Row<'_>) -> Charge {
    match row.text("cost_type") {
        "tax" => Charge::Tax,
        "adjustment" => Charge::Refund,
        kind if kind.starts_with("round") => Charge::Rounding,
        _ if row.text("sku").starts_with("Commitment") => Charge::Fee,
        _ => Charge::Usage,
    }
}

/// The kind of charge of a credit, which lowers a price or gives money ("Structure of Standard data export",
/// `credits.type`); older exports have no type, but a name.
fn credit(row: &Row<'_>) -> Charge {
    let (kind, name) = (row.text("credit_kind"), row.text("credit"));
    let types =
        ["COMMITTED_US", "SUSTAINED_US", "RESELLER_MARGIN", "SUBSCRIPTION_BENEFIT", "FEE_UTILIZATION_OFFSET"];
    let names = ["Sustained Us", "Committed Us", "Reseller Margin"];
    let lowers = match kind {
        "" => names.iter().any(|start| name.starts_with(start)),
        kind => kind == "DISCOUNT" || types.iter().any(|start| kind.starts_with(start)),
    };
    if lowers { Charge::Discount } else { Charge::Credit }
}
