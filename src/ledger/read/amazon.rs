//! AWS's Cost and Usage Reports, 2.0 and legacy, in our own words.

use super::batch::{Batch, BySymbol, Column, Desk, Holds};
use super::day::Days;
use super::error::RowFault;
use super::tags::Rule;
use crate::ledger::Prices;
use crate::ledger::decimal::Decimal;
use crate::ledger::line::{Charge, LineKey, Month, Source, Use, UseKey, UseSums};

const MONTH: usize = 0;
const PAYER: usize = 1;
const DAY: usize = 2;
const TYPE: usize = 3;
const ACCOUNT: usize = 4;
const SERVICE: usize = 5;
const USAGE_TYPE: usize = 6;
const OPERATION: usize = 7;
const REGION: usize = 8;
const RESOURCE: usize = 9;
const UNIT: usize = 10;
const CURRENCY: usize = 11;
const QUANTITY: usize = 12;
const BILLED: usize = 13;
const LIST: usize = 14;
const PLAN: usize = 15;
const RESERVATION: usize = 16;
const COMMITTED: usize = 17;
const COMMITMENT_USED: usize = 18;
const UNUSED_UPFRONT: usize = 19;
const UNUSED_RECURRING: usize = 20;
const TAGS: usize = 21;
const NODE: usize = 22;
const RESERVED: usize = 23;
const ACTUAL: usize = 24;
const SPLIT: usize = 25;

/// Columns of both reports: 2.0 and tables of the legacy one write them in one way, legacy CSV in the other
/// (AWS, "Data dictionary").
pub(super) const COLUMNS: [Column; 26] = [
    Column::needed(Holds::Day, &["bill_billing_period_start_date", "bill/BillingPeriodStartDate"]),
    Column::needed(Holds::Text, &["bill_payer_account_id", "bill/PayerAccountId"]),
    Column::needed(Holds::Day, &["line_item_usage_start_date", "lineItem/UsageStartDate"]),
    Column::needed(Holds::Text, &["line_item_line_item_type", "lineItem/LineItemType"]),
    Column::needed(Holds::Text, &["line_item_usage_account_id", "lineItem/UsageAccountId"]),
    Column::needed(Holds::Text, &["line_item_product_code", "lineItem/ProductCode"]),
    Column::needed(Holds::Text, &["line_item_usage_type", "lineItem/UsageType"]),
    Column::optional(Holds::Text, &["line_item_operation", "lineItem/Operation"]),
    Column::optional(
        Holds::Text,
        &["product_region_code", "product/regionCode", "product_region", "product/region"],
    ),
    Column::optional(Holds::Text, &["line_item_resource_id", "lineItem/ResourceId"]),
    Column::optional(Holds::Text, &["pricing_unit", "pricing/unit"]),
    Column::needed(Holds::Text, &["line_item_currency_code", "lineItem/CurrencyCode"]),
    Column::optional(Holds::Number, &["line_item_usage_amount", "lineItem/UsageAmount"]),
    Column::needed(Holds::Number, &["line_item_unblended_cost", "lineItem/UnblendedCost"]),
    Column::optional(Holds::Number, &["pricing_public_on_demand_cost", "pricing/publicOnDemandCost"]),
    Column::optional(
        Holds::Number,
        &["savings_plan_savings_plan_effective_cost", "savingsPlan/SavingsPlanEffectiveCost"],
    ),
    Column::optional(Holds::Number, &["reservation_effective_cost", "reservation/EffectiveCost"]),
    Column::optional(
        Holds::Number,
        &["savings_plan_total_commitment_to_date", "savingsPlan/TotalCommitmentToDate"],
    ),
    Column::optional(Holds::Number, &["savings_plan_used_commitment", "savingsPlan/UsedCommitment"]),
    Column::optional(
        Holds::Number,
        &[
            "reservation_unused_amortized_upfront_fee_for_billing_period",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
        ],
    ),
    Column::optional(Holds::Number, &["reservation_unused_recurring_fee", "reservation/UnusedRecurringFee"]),
    Column::optional(Holds::Tags, &["resource_tags", "tags"]),
    Column::optional(Holds::Text, &["split_line_item_parent_resource_id", "splitLineItem/ParentResourceId"]),
    Column::optional(Holds::Number, &["split_line_item_reserved_usage", "splitLineItem/ReservedUsage"]),
    Column::optional(Holds::Number, &["split_line_item_actual_usage", "splitLineItem/ActualUsage"]),
    Column::optional(Holds::Number, &["split_line_item_split_usage", "splitLineItem/SplitUsage"]),
];

/// What a line costs when plans bought before are spread over what they cover (AWS, "Understanding Savings
/// Plans" and "Understanding your reservations", both in the guide of the Cost and Usage Reports).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effective {
    /// What it is billed.
    Billed,
    /// Its share of a savings plan.
    Plan,
    /// Its share of a reservation.
    Reservation,
    /// Nothing: it is spread over other lines.
    Nothing,
    /// What nobody used of a savings plan.
    PlanFee,
    /// What nobody used of a reservation.
    ReservationFee,
}

/// Kind of charge and effective cost of a line type.
fn line_type(name: &str) -> (Charge, Effective) {
    match name {
        "SavingsPlanCoveredUsage" => (Charge::Usage, Effective::Plan),
        "DiscountedUsage" => (Charge::Usage, Effective::Reservation),
        "SavingsPlanNegation" => (Charge::Discount, Effective::Nothing),
        "SavingsPlanUpfrontFee" => (Charge::Fee, Effective::Nothing),
        "SavingsPlanRecurringFee" => (Charge::Fee, Effective::PlanFee),
        "RIFee" => (Charge::Fee, Effective::ReservationFee),
        "Fee" => (Charge::Fee, Effective::Billed),
        "Tax" => (Charge::Tax, Effective::Billed),
        "Credit" => (Charge::Credit, Effective::Billed),
        "Refund" => (Charge::Refund, Effective::Billed),
        name if name.ends_with("Discount") => (Charge::Discount, Effective::Billed),
        _ => (Charge::Usage, Effective::Billed),
    }
}

/// What a split row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Cpu,
    Memory,
    Gpu,
}

/// By the usage type of a split row: `USW2-EKS-EC2-vCPU-Hours`, `…-GB-Hours`, and hours of accelerators.
fn counts(usage_type: &str) -> Option<Counts> {
    // Tasks of ECS are split too, but are no pods.
    if usage_type.contains("ECS-") || !usage_type.contains("-Hours") {
        None
    } else if usage_type.contains("vCPU") {
        Some(Counts::Cpu)
    } else if usage_type.contains("GB") {
        Some(Counts::Memory)
    } else {
        Some(Counts::Gpu)
    }
}

/// Reads rows of Cost and Usage Reports.
#[derive(Debug, Default)]
pub(super) struct Amazon {
    days: Days,
    types: BySymbol<(Charge, Effective)>,
    counts: BySymbol<Option<Counts>>,
    cur2: BySymbol<u16>,
    legacy: BySymbol<u16>,
}

impl Amazon {
    /// Adds a batch's rows.
    pub(super) fn take(&mut self, batch: &Batch, desk: &mut Desk) -> Result<(), RowFault> {
        for row in 0..batch.rows {
            let split = self.split(batch, row, desk)?;
            self.line(batch, row, desk, split)?;
        }
        Ok(())
    }

    fn line(&mut self, batch: &Batch, row: usize, desk: &mut Desk, split: bool) -> Result<(), RowFault> {
        let billed = match batch.number(BILLED, row, &mut desk.floats)? {
            Some(billed) => billed,
            None if split => Decimal::default(),
            None => return Err(batch.missing(BILLED, row)),
        };
        // Rows of pods on machines cost nothing: the machine's own row does.
        if split && billed == Decimal::default() {
            return Ok(());
        }
        let symbols = &desk.gather.symbols;
        let (charge, effective) = {
            let name = batch.needed_text(TYPE, row)?;
            self.types.get(name, || line_type(symbols.text(name)))
        };
        let key = LineKey {
            source: self.source(batch, row, desk)?,
            month: self.month(batch, row)?,
            day: batch.needed_day(DAY, row)?,
            charge,
            account: batch.text(ACCOUNT, row),
            service: batch.text(SERVICE, row),
            usage_type: batch.text(USAGE_TYPE, row),
            operation: batch.text(OPERATION, row),
            region: batch.text(REGION, row),
            resource: batch.text(RESOURCE, row),
            unit: batch.text(UNIT, row),
            tags: desk.tags.tags(batch.tags(TAGS, row), Rule::Cur, &mut desk.gather.symbols),
            currency: batch.needed_text(CURRENCY, row)?,
        };
        let mut number = |column| batch.number(column, row, &mut desk.floats).map(Option::unwrap_or_default);
        let quantity = number(QUANTITY)?.pico;
        let list = number(LIST)?;
        let effective = match effective {
            Effective::Billed => billed,
            Effective::Nothing => Decimal::default(),
            Effective::Plan => batch.needed_number(PLAN, row, &mut desk.floats)?,
            Effective::Reservation => batch.needed_number(RESERVATION, row, &mut desk.floats)?,
            Effective::PlanFee => {
                let (committed, used) = (number(COMMITTED)?, number(COMMITMENT_USED)?);
                Decimal { pico: committed.pico - used.pico, rest: committed.rest - used.rest }
            }
            Effective::ReservationFee => {
                let (upfront, recurring) = (number(UNUSED_UPFRONT)?, number(UNUSED_RECURRING)?);
                Decimal { pico: upfront.pico + recurring.pico, rest: upfront.rest + recurring.rest }
            }
        };
        desk.gather.line(key, quantity, Prices { billed, effective, list }, batch.lineage(row));
        Ok(())
    }

    /// Adds a row of split cost allocation data; whether it is one.
    fn split(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<bool, RowFault> {
        if !batch.has(RESERVED) && !batch.has(SPLIT) {
            return Ok(false);
        }
        let mut number = |column| batch.number(column, row, &mut desk.floats);
        let (reserved, actual, split) = (number(RESERVED)?, number(ACTUAL)?, number(SPLIT)?);
        if reserved.is_none() && split.is_none() {
            return Ok(false);
        }
        let usage_type = batch.text(USAGE_TYPE, row);
        let symbols = &desk.gather.symbols;
        let Some(counts) = self.counts.get(usage_type, || counts(symbols.text(usage_type))) else {
            return Ok(true);
        };
        let (namespace, labels) = desk.tags.pod(batch.tags(TAGS, row), &mut desk.gather.symbols);
        let key = UseKey {
            source: self.source(batch, row, desk)?,
            month: self.month(batch, row)?,
            day: batch.needed_day(DAY, row)?,
            node: batch.text(NODE, row),
            pod: batch.needed_text(RESOURCE, row)?,
            namespace,
            labels,
        };
        let reserved = reserved.unwrap_or_default();
        let mut sums = UseSums::default();
        let known = |decimal: Option<Decimal>, unit: i128| decimal.map(|decimal| seconds(decimal, unit));
        match counts {
            Counts::Cpu => {
                sums.cpu_requested = seconds(reserved, 1);
                sums.cpu_used = known(actual, 1);
                sums.cpu_largest = known(split, 1);
            }
            Counts::Memory => {
                sums.memory_requested = seconds(reserved, GIB);
                sums.memory_used = known(actual, GIB);
                sums.memory_largest = known(split, GIB);
            }
            Counts::Gpu => sums.gpus = seconds(reserved, 1),
        }
        desk.gather.add_use(Use { key, sums });
        Ok(true)
    }

    fn month(&mut self, batch: &Batch, row: usize) -> Result<Month, RowFault> {
        let day = batch.needed_day(MONTH, row)?;
        self.days.month(day).ok_or_else(|| batch.missing(MONTH, row))
    }

    fn source(&mut self, batch: &Batch, row: usize, desk: &mut Desk) -> Result<u16, RowFault> {
        let payer = batch.needed_text(PAYER, row)?;
        let known =
            if batch.kind == crate::ledger::SourceKind::Cur2 { &mut self.cur2 } else { &mut self.legacy };
        let gather = &mut desk.gather;
        Ok(known.get(payer, || {
            let payer = gather.symbols.text(payer).to_owned();
            gather.source(&Source { kind: batch.kind, provider: "aws".to_owned(), payer })
        }))
    }
}

/// Bytes of what the reports call a GB of memory: an m5.xlarge, which has 16 GiB, counts as 16 GB (AWS,
/// "Example of split cost allocation data").
const GIB: i128 = 1 << 30;

/// Hours of a number of units as seconds in 10⁻¹², rounded to the nearest.
fn seconds(hours: Decimal, unit: i128) -> i128 {
    let unit = unit * 3_600;
    hours.pico * unit + crate::ledger::decimal::whole_rests(hours.rest * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_their_names_say() {
        for (column, name) in [
            (MONTH, "bill_billing_period_start_date"),
            (TYPE, "line_item_line_item_type"),
            (UNIT, "pricing_unit"),
            (BILLED, "line_item_unblended_cost"),
            (RESERVATION, "reservation_effective_cost"),
            (UNUSED_RECURRING, "reservation_unused_recurring_fee"),
            (TAGS, "resource_tags"),
            (SPLIT, "split_line_item_split_usage"),
        ] {
            assert_eq!(COLUMNS[column].names[0], name);
        }
    }

    #[test]
    fn hours_are_seconds_exactly() {
        let hours = |text| Decimal::from_text(text).unwrap();
        assert_eq!(seconds(hours("0.25"), 1), 900_000_000_000_000);
        assert_eq!(seconds(hours("0.333333333333333"), 1), 1_199_999_999_999_999);
        assert_eq!(seconds(hours("2"), GIB), 2 * 3_600 * (1 << 30) * 1_000_000_000_000);
    }

    #[test]
    fn line_types_are_kinds_of_charges() {
        assert_eq!(line_type("Usage").0, Charge::Usage);
        assert_eq!(line_type("BundledDiscount").0, Charge::Discount);
        assert_eq!(line_type("EdpDiscount").0, Charge::Discount);
        assert_eq!(line_type("DiscountedUsage"), (Charge::Usage, Effective::Reservation));
        assert_eq!(line_type("SavingsPlanNegation"), (Charge::Discount, Effective::Nothing));
    }

    #[test]
    fn split_rows_count_by_their_usage_type() {
        assert_eq!(counts("USW2-EKS-EC2-vCPU-Hours"), Some(Counts::Cpu));
        assert_eq!(counts("EKS-EC2-GB-Hours"), Some(Counts::Memory));
        assert_eq!(counts("USE1-EKS-EC2-GPU-Hours"), Some(Counts::Gpu));
        assert_eq!(counts("USE1-ECS-EC2-GB-Hours"), None);
    }
}
