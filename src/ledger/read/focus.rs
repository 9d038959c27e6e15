//! FOCUS 1.0 to 1.2 in our own words.

use super::batch::{Batch, BySymbol, Column, Desk, Holds};
use super::day::Days;
use super::error::RowFault;
use super::tags::Rule;
use crate::ledger::line::{Charge, LineKey, Source, SourceKind};
use crate::ledger::{Prices, Symbol};

const MONTH: usize = 0;
const PAYER: usize = 1;
const PROVIDER: usize = 2;
const DAY: usize = 3;
const CATEGORY: usize = 4;
const CURRENCY: usize = 5;
const BILLED: usize = 6;
const EFFECTIVE: usize = 7;
const LIST: usize = 8;
const SERVICE: usize = 9;
const ACCOUNT: usize = 10;
const USAGE_TYPE: usize = 11;
const DESCRIPTION: usize = 12;
const OPERATION: usize = 13;
const REGION: usize = 14;
const RESOURCE: usize = 15;
const USED: usize = 16;
const USED_UNIT: usize = 17;
const PRICED: usize = 18;
const PRICED_UNIT: usize = 19;
const TAGS: usize = 20;

/// Columns of FOCUS, and those that AWS adds.
pub(super) const COLUMNS: [Column; 21] = [
    Column::needed(Holds::Day, &["BillingPeriodStart"]),
    Column::needed(Holds::Text, &["BillingAccountId"]),
    Column::needed(Holds::Text, &["ProviderName"]),
    Column::needed(Holds::Day, &["ChargePeriodStart"]),
    Column::needed(Holds::Text, &["ChargeCategory"]),
    Column::needed(Holds::Text, &["BillingCurrency"]),
    Column::needed(Holds::Number, &["BilledCost"]),
    Column::needed(Holds::Number, &["EffectiveCost"]),
    Column::optional(Holds::Number, &["ListCost"]),
    Column::needed(Holds::Text, &["ServiceName"]),
    Column::optional(Holds::Text, &["SubAccountId"]),
    Column::optional(Holds::Text, &["x_UsageType"]),
    Column::optional(Holds::Text, &["ChargeDescription"]),
    Column::optional(Holds::Text, &["x_Operation"]),
    Column::optional(Holds::Text, &["RegionId"]),
    Column::optional(Holds::Text, &["ResourceId"]),
    Column::optional(Holds::Number, &["ConsumedQuantity"]),
    Column::optional(Holds::Text, &["ConsumedUnit"]),
    Column::optional(Holds::Number, &["PricingQuantity"]),
    Column::optional(Holds::Text, &["PricingUnit"]),
    Column::optional(Holds::Tags, &["Tags"]),
];

/// The kind of charge of a category (FOCUS 1.0 to 1.2, "Charge Category").
fn charge(category: &str) -> Option<Charge> {
    match category {
        "Usage" => Some(Charge::Usage),
        "Purchase" => Some(Charge::Fee),
        "Tax" => Some(Charge::Tax),
        "Credit" => Some(Charge::Credit),
        "Adjustment" => Some(Charge::Refund),
        _ => None,
    }
}

/// The provider as the other formats call it.
fn provider(name: &str) -> &str {
    match name {
        "AWS" | "Amazon Web Services" => "aws",
        "GCP" | "Google Cloud" | "Google Cloud Platform" => "gcp",
        other => other,
    }
}

/// Reads rows of FOCUS.
#[derive(Debug, Default)]
pub(super) struct Focus {
    days: Days,
    charges: BySymbol<Option<Charge>>,
    last: Option<(Symbol, Symbol, u16)>,
}

impl Focus {
    /// Adds a batch's rows.
    pub(super) fn take(&mut self, batch: &Batch, desk: &mut Desk) -> Result<(), RowFault> {
        for row in 0..batch.rows {
            self.line(batch, row, desk)?;
        }
        Ok(())
    }

    fn line(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<(), RowFault> {
        let category = batch.needed_text(CATEGORY, row)?;
        let symbols = &desk.gather.symbols;
        let charge = self.charges.get(category, || charge(symbols.text(category))).ok_or_else(|| {
            let text = symbols.text(category);
            RowFault::new(row, super::Fault::value("ChargeCategory", text, "category of FOCUS"))
        })?;
        let month = batch.needed_day(MONTH, row)?;
        let usage_type = match batch.text(USAGE_TYPE, row) {
            Symbol::EMPTY => batch.text(DESCRIPTION, row),
            usage_type => usage_type,
        };
        let floats = &mut desk.floats;
        let (quantity, unit) = if let Some(used) = batch.number(USED, row, floats)? {
            (used, batch.text(USED_UNIT, row))
        } else {
            let priced = batch.number(PRICED, row, floats)?.unwrap_or_default();
            (priced, batch.text(PRICED_UNIT, row))
        };
        let prices = Prices {
            billed: batch.needed_number(BILLED, row, floats)?,
            effective: batch.needed_number(EFFECTIVE, row, floats)?,
            list: batch.number(LIST, row, floats)?.unwrap_or_default(),
        };
        let key = LineKey {
            source: self.source(batch, row, desk)?,
            month: self.days.month(month).ok_or_else(|| batch.missing(MONTH, row))?,
            day: batch.needed_day(DAY, row)?,
            charge,
            account: batch.text(ACCOUNT, row),
            service: batch.text(SERVICE, row),
            usage_type,
            operation: batch.text(OPERATION, row),
            region: batch.text(REGION, row),
            resource: batch.text(RESOURCE, row),
            unit,
            tags: desk.tags.tags(batch.tags(TAGS, row), Rule::Focus, &mut desk.gather.symbols),
            currency: batch.needed_text(CURRENCY, row)?,
        };
        desk.gather.line(key, quantity.pico, prices, batch.lineage(row));
        Ok(())
    }

    fn source(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<u16, RowFault> {
        // Some providers leave their name out on some lines (AWS, "FOCUS 1.0 with AWS columns compliance gaps").
        let (name, payer) = (batch.text(PROVIDER, row), batch.needed_text(PAYER, row)?);
        if let Some((last_name, last_payer, source)) = self.last
            && (last_name, last_payer) == (name, payer)
        {
            return Ok(source);
        }
        let text = |symbol| desk.gather.symbols.text(symbol).to_owned();
        let source = Source {
            kind: SourceKind::Focus,
            provider: provider(&text(name)).to_owned(),
            payer: text(payer),
        };
        let source = desk.gather.source(&source);
        self.last = Some((name, payer, source));
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_their_names_say() {
        for (column, name) in [
            (PROVIDER, "ProviderName"),
            (BILLED, "BilledCost"),
            (LIST, "ListCost"),
            (DESCRIPTION, "ChargeDescription"),
            (RESOURCE, "ResourceId"),
            (PRICED_UNIT, "PricingUnit"),
            (TAGS, "Tags"),
        ] {
            assert_eq!(COLUMNS[column].names[0], name);
        }
    }
}
