//! The query of an invoice's month of Google's export in `GoogleSQL`.
//!
//! Numbers are FLOAT64 in exports. Each is taken as the decimal number that its text says, as an export into
//! a file has it, and summed as that (a cast of text to BIGNUMERIC keeps 38 decimals; ROUND rounds halves
//! away from zero). A row of a bill holds its credits: each is a part of its own beside the row's cost.

use crate::error::{Error, Result};
use crate::ledger::Month;
use crate::ledger::ask::names::ExportTable;

/// What rows are told apart by: the name in the answer, the column, and whether it has to be there.
const KEYS: [(&str, &str, bool); 11] = [
    ("payer", "billing_account_id", true),
    ("project", "project.id", false),
    ("service", "service.description", true),
    ("sku", "sku.description", true),
    ("region", "location.region", false),
    ("location", "location.location", false),
    ("resource", "resource.global_name", false),
    ("resource_name", "resource.name", false),
    ("unit", "usage.unit", false),
    ("currency", "currency", true),
    ("cost_type", "cost_type", false),
];
const NEEDED: [&str; 5] = ["usage_start_time", "invoice.month", "cost", "credits.amount", "usage.amount"];

/// A query for `BigQuery`: its text, and its parameters, all of them texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportText {
    /// The text.
    pub text: String,
    /// Names and values.
    pub parameters: Vec<(&'static str, String)>,
}

/// Every column that the query makes use of, as Google's detailed export has them.
pub fn all_columns() -> Vec<String> {
    let more = [
        "labels.key",
        "system_labels.key",
        "tags.key",
        "tags.namespace",
        "credits.type",
        "credits.name",
        "cost_at_list",
    ];
    let keys = KEYS.iter().map(|(_, column, _)| *column);
    keys.chain(NEEDED).chain(more).map(str::to_owned).collect()
}

/// Whether a table with these columns is the detailed export.
pub fn is_detailed(columns: &[String]) -> bool {
    columns.iter().any(|column| column.starts_with("resource."))
}

/// The query of a month of a table with these columns.
///
/// # Errors
/// When columns are missing without which there is no bill.
pub fn query(
    table: &ExportTable,
    columns: &[String],
    parted_by_arrival: bool,
    month: Month,
) -> Result<ExportText> {
    let has = |name: &str| columns.iter().any(|column| column == name);
    missing(table, &has)?;
    // Keys are made inside and grouped by outside: nothing is grouped by a query of its own.
    let mut inner = vec![("day", "FORMAT_TIMESTAMP('%F', bill.usage_start_time, 'UTC')".to_owned())];
    let keys = KEYS.iter().filter(|(_, column, _)| has(column));
    inner.extend(keys.map(|(name, column, _)| (*name, format!("IFNULL(bill.{column}, '')"))));
    for name in ["labels", "system_labels", "tags"] {
        let found = has(&format!("{name}.key"));
        inner.extend(found.then(|| (name, labels(name, has(&format!("{name}.namespace"))))));
    }
    inner.extend([("credit_kind", "kind"), ("credit", "name"), ("is_cost", "line")].map(of_part));
    let mut select: Vec<_> = inner.iter().map(|(name, _)| (*name).to_owned()).collect();
    let grouped = select.join(", ");
    inner.extend([("amount", "amount"), ("listed", "listed"), ("used", "quantity")].map(of_part));
    for (name, column) in [("billed", "amount"), ("list", "listed")] {
        select.push(format!("SUM(ROUND({}, 12)) AS {name}", number(column)));
        select.push(format!("SUM({}) AS {name}_exact", number(column)));
    }
    select.push(format!("SUM(ROUND({}, 12)) AS quantity", number("used")));
    select.push("COUNT(*) AS lines".to_owned());
    let inner: Vec<_> = inner.into_iter().map(|(name, made)| format!("{made} AS {name}")).collect();
    let number = month.number().to_string();
    let mut parameters = vec![("month", number.clone())];
    // What is on no invoice yet is of the month that it was used in.
    let mut wanted = vec!["IF(IFNULL(bill.invoice.month, '') = '', FORMAT_TIMESTAMP('%Y%m', bill.usage_start_time, 'UTC'), bill.invoice.month) = @month".to_owned()];
    if parted_by_arrival {
        // Nothing of a month arrives before it begins; in some time zone that is a day earlier.
        wanted.push(
            "_PARTITIONTIME >= TIMESTAMP_SUB(PARSE_TIMESTAMP('%Y%m', @since), INTERVAL 2 DAY)".to_owned(),
        );
        parameters.push(("since", number));
    }
    let text = format!(
        "SELECT\n  {}\nFROM (\n  SELECT\n    {}\n  FROM {} AS bill,\n    UNNEST(ARRAY_CONCAT(\n      [{}],\n      {}\n    )) AS part\n  WHERE {}\n)\nGROUP BY {grouped}",
        select.join(",\n  "),
        inner.join(",\n    "),
        table.quoted(),
        cost(has("cost_at_list")),
        credits(&has),
        wanted.join("\n    AND "),
    );
    Ok(ExportText { text, parameters })
}

fn of_part((name, field): (&'static str, &str)) -> (&'static str, String) {
    (name, format!("part.{field}"))
}

/// A list of labels as JSON, sorted so that the same ones are the same text.
fn labels(name: &str, has_space: bool) -> String {
    let space = if has_space { ", label.namespace" } else { "" };
    format!(
        "TO_JSON_STRING(ARRAY(SELECT AS STRUCT label.key, label.value{space} FROM UNNEST(bill.{name}) AS label ORDER BY label.key, label.value))"
    )
}

/// The part of a row that is its cost.
fn cost(has_list: bool) -> String {
    let list = if has_list { "bill.cost_at_list" } else { "CAST(NULL AS FLOAT64)" };
    format!(
        "STRUCT('' AS kind, '' AS name, 1 AS line, bill.cost AS amount, {list} AS listed, bill.usage.amount AS quantity)"
    )
}

/// The parts of a row that are credits.
fn credits(has: &dyn Fn(&str) -> bool) -> String {
    let word = |column: &str| {
        if has(&format!("credits.{column}")) {
            format!("IFNULL(credit.{column}, '')")
        } else {
            "''".to_owned()
        }
    };
    format!(
        "ARRAY(SELECT AS STRUCT {} AS kind, {} AS name, 0 AS line, credit.amount AS amount, CAST(NULL AS FLOAT64) AS listed, CAST(NULL AS FLOAT64) AS quantity FROM UNNEST(bill.credits) AS credit)",
        word("type"),
        word("name")
    )
}

fn number(column: &str) -> String {
    format!("CAST(CAST({column} AS STRING) AS BIGNUMERIC)")
}

fn missing(table: &ExportTable, has: &dyn Fn(&str) -> bool) -> Result<()> {
    let needed = KEYS.iter().filter(|(_, _, needed)| *needed).map(|(_, column, _)| *column);
    let missing: Vec<_> = needed.chain(NEEDED).filter(|column| !has(column)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("{table} has no column {}", missing.join(", ")))
        .hint("name a table of Google's standard or detailed export"))
}

#[cfg(test)]
mod tests {
    use super::{all_columns, is_detailed, query};
    use crate::ledger::Month;

    #[test]
    fn a_month_is_a_parameter() {
        let table = "p.d.t".parse().unwrap();
        let month = Month::new(2026, 11).unwrap();
        let plain = query(&table, &all_columns(), false, month).unwrap();
        assert_eq!(plain.parameters, [("month", "202611".to_owned())]);
        assert!(!plain.text.contains("2026") && !plain.text.contains("_PARTITIONTIME"));
        let parted = query(&table, &all_columns(), true, month).unwrap();
        assert_eq!(parted.text.matches('@').count(), parted.parameters.len());
    }

    #[test]
    fn the_standard_export_has_fewer_columns() {
        let table = "p.d.t".parse().unwrap();
        let month = Month::new(2026, 11).unwrap();
        let rich = ["resource.", "tags.", "credits.type", "cost_at_list"];
        let few: Vec<_> = all_columns()
            .into_iter()
            .filter(|one| !rich.iter().any(|begin| one.starts_with(begin)))
            .collect();
        assert!(is_detailed(&all_columns()) && !is_detailed(&few));
        let text = query(&table, &few, false, month).unwrap().text;
        assert!(
            !text.contains("resource") && !text.contains("credit.type") && !text.contains("cost_at_list")
        );
        let error = query(&table, &["cost".to_owned()], false, month).unwrap_err();
        assert!(
            error.to_string().starts_with("p.d.t has no column billing_account_id, service.description"),
            "{error}"
        );
    }
}
