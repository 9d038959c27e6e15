//! Google's billing exports, standard and detailed, in our own words.

use super::batch::{Batch, BySymbol, Column, Credit, Desk, Holds};
use super::day::Days;
use super::error::{Fault, RowFault};
use super::tags::Rule;
use crate::ledger::line::{Charge, LineKey, Month, Source};
use crate::ledger::{Prices, Symbol};

const MONTH: usize = 0;
const PAYER: usize = 1;
const DAY: usize = 2;
const COST: usize = 3;
const CURRENCY: usize = 4;
const COST_TYPE: usize = 5;
const SERVICE: usize = 6;
const SKU: usize = 7;
const PROJECT: usize = 8;
const REGION: usize = 9;
const LOCATION: usize = 10;
const RESOURCE: usize = 11;
const GLOBAL_RESOURCE: usize = 12;
const QUANTITY: usize = 13;
const UNIT: usize = 14;
const LIST: usize = 15;
const CREDITS: usize = 16;
const LABELS: usize = 17;
const SYSTEM_LABELS: usize = 18;
const TAGS: usize = 19;

/// Columns of the exports: records by BigQuery's names, or flattened ("Structure of Standard data export" and
/// "Structure of Detailed data export", Cloud Billing).
pub(super) const COLUMNS: [Column; 20] = [
    Column::needed(Holds::Text, &["invoice.month", "invoice_month"]),
    Column::needed(Holds::Text, &["billing_account_id"]),
    Column::needed(Holds::Day, &["usage_start_time"]),
    Column::needed(Holds::Number, &["cost"]),
    Column::needed(Holds::Text, &["currency"]),
    Column::optional(Holds::Text, &["cost_type"]),
    Column::needed(Holds::Text, &["service.description", "service_description"]),
    Column::needed(Holds::Text, &["sku.description", "sku_description"]),
    Column::optional(Holds::Text, &["project.id", "project_id"]),
    Column::optional(Holds::Text, &["location.region", "location_region"]),
    Column::optional(Holds::Text, &["location.location", "location_location"]),
    Column::optional(Holds::Text, &["resource.name", "resource_name"]),
    Column::optional(Holds::Text, &["resource.global_name", "resource_global_name"]),
    Column::optional(Holds::Number, &["usage.amount", "usage_amount"]),
    Column::optional(Holds::Text, &["usage.unit", "usage_unit"]),
    Column::optional(Holds::Number, &["cost_at_list"]),
    Column::optional(Holds::Credits, &["credits"]),
    // Where records are flattened, `labels` are the project's and these come second.
    Column::optional(Holds::Tags, &["labels_1", "labels"]),
    Column::optional(Holds::Tags, &["system_labels"]),
    Column::optional(Holds::Tags, &["tags"]),
];

/// The kind of charge of a line ("Structure of Standard data export", `cost_type`). What was corrected later
/// counts as given back, in either direction.
fn charge(cost_type: &str, sku: &str) -> Charge {
    match cost_type {
        "tax" => Charge::Tax,
        "adjustment" => Charge::Refund,
        kind if kind.starts_with("round") => Charge::Rounding,
        _ if sku.starts_with("Commitment") => Charge::Fee,
        _ => Charge::Usage,
    }
}

/// Whether a credit lowers a price, rather than gives money ("Structure of Standard data export",
/// `credits.type`); older exports have no type, but a name.
fn is_discount(kind: &str, name: &str) -> bool {
    if kind.is_empty() {
        return ["Sustained Us", "Committed Us", "Reseller Margin"]
            .iter()
            .any(|start| name.starts_with(start));
    }
    ["COMMITTED_US", "SUSTAINED_US", "RESELLER_MARGIN", "SUBSCRIPTION_BENEFIT", "FEE_UTILIZATION_OFFSET"]
        .iter()
        .any(|start| kind.starts_with(start))
        || kind == "DISCOUNT"
}

/// Reads rows of Google's exports.
#[derive(Debug, Default)]
pub(super) struct Google {
    days: Days,
    months: BySymbol<Option<Month>>,
    sources: BySymbol<[Option<u16>; 2]>,
    last_charge: Option<(Symbol, Symbol, Charge)>,
}

impl Google {
    /// Adds a batch's rows.
    pub(super) fn take(&mut self, batch: &Batch, desk: &mut Desk) -> Result<(), RowFault> {
        for row in 0..batch.rows {
            self.line(batch, row, desk)?;
        }
        Ok(())
    }

    fn line(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<(), RowFault> {
        let or = |first, second| match batch.text(first, row) {
            Symbol::EMPTY => batch.text(second, row),
            text => text,
        };
        let day = batch.needed_day(DAY, row)?;
        let labels = desk.tags.union(batch.tags(LABELS, row), batch.tags(SYSTEM_LABELS, row));
        let labels = desk.tags.union(labels, batch.tags(TAGS, row));
        let key = LineKey {
            source: self.source(batch, row, desk)?,
            month: self.month(batch, row, day, desk)?,
            day,
            charge: self.charge(batch, row, desk),
            account: batch.text(PROJECT, row),
            service: batch.text(SERVICE, row),
            usage_type: batch.text(SKU, row),
            operation: Symbol::EMPTY,
            region: or(REGION, LOCATION),
            resource: or(RESOURCE, GLOBAL_RESOURCE),
            unit: batch.text(UNIT, row),
            tags: desk.tags.tags(labels, Rule::Plain, &mut desk.gather.symbols),
            currency: batch.needed_text(CURRENCY, row)?,
        };
        let cost = batch.needed_number(COST, row, &mut desk.floats)?;
        let list = batch.number(LIST, row, &mut desk.floats)?.unwrap_or_default();
        let quantity = batch.number(QUANTITY, row, &mut desk.floats)?.unwrap_or_default().pico;
        let first = batch.lineage(row);
        desk.gather.line(key, quantity, Prices { billed: cost, effective: cost, list }, first);
        for credit in batch.credits(CREDITS, row) {
            let key = credit_key(key, credit, desk);
            let prices = Prices { billed: credit.amount, effective: credit.amount, ..Prices::default() };
            desk.gather.line(key, 0, prices, first);
        }
        Ok(())
    }

    fn charge(&mut self, batch: &Batch, row: usize, desk: &Desk) -> Charge {
        let (cost_type, sku) = (batch.text(COST_TYPE, row), batch.text(SKU, row));
        if let Some((last_type, last_sku, charge)) = self.last_charge
            && (last_type, last_sku) == (cost_type, sku)
        {
            return charge;
        }
        let text = |symbol| desk.gather.symbols.text(symbol);
        let charge = charge(text(cost_type), text(sku));
        self.last_charge = Some((cost_type, sku, charge));
        charge
    }

    /// The invoice's month; rows that are on no invoice yet are of the month they were used in.
    fn month(&mut self, batch: &Batch, row: usize, day: i32, desk: &Desk) -> Result<Month, RowFault> {
        let text = batch.text(MONTH, row);
        let symbols = &desk.gather.symbols;
        let month = if text == Symbol::EMPTY {
            self.days.month(day)
        } else {
            self.months.get(text, || Month::from_text(symbols.text(text)))
        };
        let fault = || Fault::value(batch.name(MONTH), symbols.text(text), "month such as 202611");
        month.ok_or_else(|| RowFault::new(row, fault()))
    }

    fn source(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<u16, RowFault> {
        let payer = batch.needed_text(PAYER, row)?;
        let which = usize::from(batch.kind == crate::ledger::SourceKind::GcpDetailed);
        if let Some(source) = self.sources.get(payer, Default::default)[which] {
            return Ok(source);
        }
        let text = desk.gather.symbols.text(payer).to_owned();
        let source = Source { kind: batch.kind, provider: "gcp".to_owned(), payer: text };
        let source = desk.gather.source(&source);
        self.sources.change(payer, |sources| sources[which] = Some(source));
        Ok(source)
    }
}

/// A credit is a line of its own, of the same resource and labels; what was done is the credit's name.
fn credit_key(key: LineKey, credit: &Credit, desk: &Desk) -> LineKey {
    let text = |symbol| desk.gather.symbols.text(symbol);
    let charge =
        if is_discount(text(credit.kind), text(credit.name)) { Charge::Discount } else { Charge::Credit };
    LineKey { charge, operation: credit.name, unit: Symbol::EMPTY, ..key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_their_names_say() {
        for (column, name) in [
            (COST, "cost"),
            (COST_TYPE, "cost_type"),
            (PROJECT, "project.id"),
            (GLOBAL_RESOURCE, "resource.global_name"),
            (LIST, "cost_at_list"),
            (CREDITS, "credits"),
            (TAGS, "tags"),
        ] {
            assert_eq!(COLUMNS[column].names[0], name);
        }
    }

    #[test]
    fn credits_that_lower_prices_are_discounts() {
        for kind in [
            "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE",
            "COMMITTED_USE_DISCOUNT",
            "SUSTAINED_USAGE_DISCOUNT",
            "RESELLER_MARGIN",
            "DISCOUNT",
        ] {
            assert!(is_discount(kind, "x"), "{kind}");
        }
        assert!(!is_discount("PROMOTION", "Committed Usage Discount"));
        assert!(!is_discount("FREE_TIER", ""));
        assert!(is_discount("", "Sustained Usage Discount"));
        assert!(!is_discount("", "Research credits"));
    }

    #[test]
    fn cost_types_are_kinds_of_charges() {
        assert_eq!(charge("regular", "N1 Core"), Charge::Usage);
        assert_eq!(charge("regular", "Commitment v1: Ram in Americas for 3 Year"), Charge::Fee);
        assert_eq!(charge("tax", "Commitment"), Charge::Tax);
        assert_eq!(charge("rounding_error", ""), Charge::Rounding);
        assert_eq!(charge("adjustment", ""), Charge::Refund);
    }
}
