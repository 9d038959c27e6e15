//! Rows of CUR 2.0.

use super::{Of, Row, Rows};
use crate::error::{Error, Result};
use crate::ledger::ask::tags;
use crate::ledger::decimal::Decimal;
use crate::ledger::{Charge, Gather, LineKey, Prices, Source, Use, UseKey, UseSums};

/// Seconds of an hour.
const HOUR: i128 = 3_600;
/// Bytes of what the reports call a GB of memory: an m5.xlarge, which has 16 GiB, counts as 16 GB (AWS,
/// "Example of split cost allocation data").
const GIB: i128 = 1 << 30;

/// Adds rows.
pub(in crate::ledger::ask) fn add(gather: &mut Gather, of: Of, names: &[String], rows: &Rows) -> Result<()> {
    for (number, values) in (1..).zip(rows) {
        let row = Row { names, values, number };
        let kind = Source { kind: of.kind, provider: "aws".to_owned(), payer: row.text("payer").to_owned() };
        let source = gather.source(&kind);
        let is_split = row.known("split_requested").or_else(|| row.known("split_largest")).is_some();
        if is_split {
            add_use(gather, source, of, &row)?;
        }
        add_line(gather, source, of, &row, is_split)?;
    }
    Ok(())
}

fn add_line(gather: &mut Gather, source: u16, of: Of, row: &Row<'_>, is_split: bool) -> Result<()> {
    let billed = row.money("unblended")?.unwrap_or_default();
    // Rows of pods on machines cost nothing: the machine's own row does.
    if is_split && billed == Decimal::default() {
        return Ok(());
    }
    let tags = tags::cur(row.text("tags")).ok_or_else(|| row.wrong("tags"))?;
    let key = LineKey {
        source,
        month: of.month,
        day: row.day()?,
        charge: charge(row.text("type")),
        account: gather.symbols.add(row.text("account")),
        service: gather.symbols.add(row.text("product")),
        usage_type: gather.symbols.add(row.text("usage_type")),
        operation: gather.symbols.add(row.text("operation")),
        region: gather.symbols.add(row.text("region")),
        resource: gather.symbols.add(row.text("resource")),
        unit: gather.symbols.add(row.text("unit")),
        tags: gather.symbols.add(&tags),
        currency: gather.symbols.add(row.text("currency")),
    };
    let list = row.money("list")?.unwrap_or_default();
    let prices = Prices { billed, effective: effective(row, billed)?, list };
    row.add(gather, key, row.sum("quantity")?.unwrap_or(0), prices, of.file)
}

/// The kind of charge of a line type of a report, or of a record type of Cost Explorer.
pub(in crate::ledger::ask) fn charge(kind: &str) -> Charge {
    match kind {
        "SavingsPlanNegation" => Charge::Discount,
        "SavingsPlanUpfrontFee" | "SavingsPlanRecurringFee" | "RIFee" | "Fee" => Charge::Fee,
        "Tax" => Charge::Tax,
        "Credit" => Charge::Credit,
        "Refund" => Charge::Refund,
        kind if kind.ends_with("Discount") => Charge::Discount,
        _ => Charge::Usage,
    }
}

/// What lines cost when plans bought before are spread over what they cover (AWS, "Understanding Savings
/// Plans" and "Understanding your reservations", both in the guide of the Cost and Usage Reports).
fn effective(row: &Row<'_>, billed: Decimal) -> Result<Decimal> {
    let known = |name: &str| row.money(name).map(Option::unwrap_or_default);
    let needed = |name: &str, column: &str| {
        let fault = || {
            Error::failed(format!("row {} of the answer has no {column}", row.number))
            .hint("export the report with that column: without it nobody knows what plans that were bought cover")
        };
        row.money(name)?.ok_or_else(fault)
    };
    match row.text("type") {
        "SavingsPlanCoveredUsage" => needed("planned", "savings_plan_savings_plan_effective_cost"),
        "DiscountedUsage" => needed("reserved", "reservation_effective_cost"),
        "SavingsPlanNegation" | "SavingsPlanUpfrontFee" => Ok(Decimal::default()),
        "SavingsPlanRecurringFee" => {
            let (committed, used) = (known("committed")?, known("commitment_used")?);
            Ok(Decimal { pico: committed.pico - used.pico, rest: committed.rest - used.rest })
        }
        "RIFee" => {
            let (upfront, recurring) = (known("unused_upfront")?, known("unused_recurring")?);
            Ok(Decimal { pico: upfront.pico + recurring.pico, rest: upfront.rest + recurring.rest })
        }
        _ => Ok(billed),
    }
}

/// What a pod of EKS asked for and used ("Understanding split cost allocation data", AWS Cost and Usage
/// Reports guide): hours of vCPUs, of gigabytes, of accelerators.
fn add_use(gather: &mut Gather, source: u16, of: Of, row: &Row<'_>) -> Result<()> {
    let usage_type = row.text("usage_type");
    // Tasks of ECS are split too, but are no pods.
    if usage_type.contains("ECS-") || !usage_type.contains("-Hours") {
        return Ok(());
    }
    let (is_cpu, is_memory) = (usage_type.contains("vCPU"), usage_type.contains("GB"));
    let unit = if is_memory && !is_cpu { HOUR * GIB } else { HOUR };
    let seconds = |name: &str| -> Result<Option<i128>> {
        let rest = row.sum(&format!("{name}_rest"))?.unwrap_or(0);
        Ok(row.sum(name)?.map(|hours| hours * unit + rest))
    };
    let requested = seconds("split_requested")?.unwrap_or(0);
    let (used, largest) = (seconds("split_used")?, seconds("split_largest")?);
    let mut sums = UseSums::default();
    if is_cpu {
        (sums.cpu_requested, sums.cpu_used, sums.cpu_largest) = (requested, used, largest);
    } else if is_memory {
        (sums.memory_requested, sums.memory_used, sums.memory_largest) = (requested, used, largest);
    } else {
        sums.gpus = requested;
    }
    let (namespace, labels) = tags::pod(row.text("tags")).ok_or_else(|| row.wrong("tags"))?;
    let key = UseKey {
        source,
        month: of.month,
        day: row.day()?,
        node: gather.symbols.add(row.text("parent")),
        pod: gather.symbols.add(row.text("resource")),
        namespace: gather.symbols.add(&namespace),
        labels: gather.symbols.add(&labels),
    };
    gather.add_use(Use { key, sums });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Gathered, Month, SourceKind};

    fn of() -> Of {
        Of { kind: SourceKind::Cur2, month: Month::new(2026, 11).unwrap(), file: 0 }
    }

    fn gathered(row: &[(&str, &str)]) -> Result<Gathered> {
        let names: Vec<_> = row.iter().map(|(name, _)| (*name).to_owned()).collect();
        let values = row.iter().map(|(_, value)| Some((*value).to_owned())).collect();
        let mut gather = Gather::default();
        add(&mut gather, of(), &names, &[values])?;
        Ok(gather.finish())
    }

    #[test]
    fn a_row_of_pods_is_use_and_no_line() {
        let gathered = gathered(&[
            ("day", "2026-11-03"),
            ("usage_type", "USW2-EKS-EC2-GB-Hours"),
            ("parent", "i-1"),
            ("resource", "arn:pod"),
            ("tags", r#"{"aws_eks_namespace":"lab"}"#),
            ("unblended", "0.000000000000"),
            ("split_requested", "1.5"),
            ("split_requested_rest", "0.000000000007"),
            ("split_used", ""),
            ("lines", "24"),
        ])
        .unwrap();
        assert!(gathered.lines.is_empty());
        let (key, sums) = gathered.uses.iter().next().unwrap();
        assert_eq!(gathered.symbols.text(key.namespace), "lab");
        assert_eq!(sums.memory_requested, 1_500_000_000_000 * 3_600 * (1 << 30) + 7);
        assert_eq!((sums.memory_used, sums.cpu_requested), (None, 0));
    }

    #[test]
    fn what_rounding_left_comes_back_as_a_line() {
        // A thousand rows of 0.4 times 10⁻¹², each rounded to nothing.
        let gathered = gathered(&[
            ("day", "2026-11-03"),
            ("type", "Usage"),
            ("unblended", "0.000000000000"),
            ("unblended_exact", "0.000000000400000000000000"),
            ("lines", "1000"),
        ])
        .unwrap();
        let told = |charge| {
            let found = gathered.lines.iter().find(|(key, _)| key.charge == charge);
            found.map(|(_, sums)| (sums.billed, sums.lines)).unwrap()
        };
        assert_eq!(told(Charge::Usage), (0, 1000));
        assert_eq!(told(Charge::Rounding).0, 400);
    }

    #[test]
    fn kinds_of_charges_are_told_apart() {
        for (kind, expected) in [
            ("Usage", Charge::Usage),
            ("DiscountedUsage", Charge::Usage),
            ("EdpDiscount", Charge::Discount),
            ("Enterprise Discount Program Discount", Charge::Discount),
            ("SavingsPlanNegation", Charge::Discount),
            ("Tax", Charge::Tax),
            ("RIFee", Charge::Fee),
        ] {
            assert_eq!(charge(kind), expected, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = gathered(&[("day", "2026-11-03"), ("type", "Usage"), ("unblended", "1"), ("lines", "x")]);
        assert_eq!(error.unwrap_err().to_string(), "row 1 of the answer: lines is `x`");
        let error = gathered(&[
            ("day", "2026-11-03"),
            ("type", "DiscountedUsage"),
            ("unblended", "1"),
            ("lines", "1"),
        ]);
        assert_eq!(error.unwrap_err().to_string(), "row 1 of the answer has no reservation_effective_cost");
    }
}
