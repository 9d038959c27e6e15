//! The query of a month of CUR 2.0 in Athena's SQL.
//!
//! Numbers are DOUBLE in exports. Each is taken as the decimal number that its shortest text says, which is
//! what a reader of the file takes it for, and summed as that: once rounded to the ledger's 12 decimals, and
//! for money once with 24, so that what rounding leaves is known (Trino: a cast of text to DECIMAL rounds
//! halves away from zero).

use crate::error::{Error, Result};
use crate::ledger::Month;
use crate::ledger::ask::names::CurTable;

/// What rows are told apart by: the name in the answer, the column, and whether it has to be there.
const KEYS: [(&str, &str, bool); 12] = [
    ("payer", "bill_payer_account_id", true),
    ("account", "line_item_usage_account_id", true),
    ("type", "line_item_line_item_type", true),
    ("product", "line_item_product_code", true),
    ("usage_type", "line_item_usage_type", true),
    ("operation", "line_item_operation", false),
    ("region", "product_region_code", false),
    ("resource", "line_item_resource_id", false),
    ("unit", "pricing_unit", false),
    ("currency", "line_item_currency_code", true),
    ("parent", "split_line_item_parent_resource_id", false),
    ("tags", TAGS, false),
];
const TAGS: &str = "resource_tags";

/// Money, which is summed twice; the exact sum has `_exact` behind its name.
const MONEY: [(&str, &str, bool); 8] = [
    ("unblended", "line_item_unblended_cost", true),
    ("reserved", "reservation_effective_cost", false),
    ("planned", "savings_plan_savings_plan_effective_cost", false),
    ("committed", "savings_plan_total_commitment_to_date", false),
    ("commitment_used", "savings_plan_used_commitment", false),
    ("unused_upfront", "reservation_unused_amortized_upfront_fee_for_billing_period", false),
    ("unused_recurring", "reservation_unused_recurring_fee", false),
    ("list", "pricing_public_on_demand_cost", false),
];

const QUANTITY: (&str, &str, bool) = ("quantity", "line_item_usage_amount", true);
/// Hours of what pods asked for and used. What rounding leaves of each is summed as seconds, with `_rest`
/// behind the name.
const SPLIT: [(&str, &str, bool); 3] = [
    ("split_requested", "split_line_item_reserved_usage", false),
    ("split_used", "split_line_item_actual_usage", false),
    ("split_largest", "split_line_item_split_usage", false),
];

const DAY: &str = "line_item_usage_start_date";
const PERIOD: &str = "bill_billing_period_start_date";
/// By which exports part their files (`BILLING_PERIOD=2026-11`).
const PART: &str = "billing_period";

/// A query for Athena: its text, and a literal for each of its question marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurText {
    /// The text.
    pub text: String,
    /// The literals.
    pub parameters: Vec<String>,
}

/// A column of a table, as far as the query needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, in small letters.
    pub name: String,
    /// Its type, such as `double` and `map<string,string>`.
    pub kind: String,
}

/// Every column that the query makes use of, as AWS exports them.
pub fn all_columns() -> Vec<Column> {
    let known = KEYS.iter().chain(&MONEY).chain(&SPLIT).chain([&QUANTITY]).map(|(_, column, _)| *column);
    let column = |name: &str| {
        let kind = if name == TAGS { "map<string,string>" } else { "string" };
        Column { name: name.to_owned(), kind: kind.to_owned() }
    };
    known.chain([DAY, PERIOD]).map(column).collect()
}

/// The query of a month of a table with these columns, which may be parted by some of them.
///
/// # Errors
/// When columns are missing without which there is no bill.
pub fn query(table: &CurTable, columns: &[Column], parted_by: &[String], month: Month) -> Result<CurText> {
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    missing(table, &has)?;
    let mut select = vec![format!("substr(CAST(\"{DAY}\" AS VARCHAR), 1, 10) AS \"day\"")];
    let keys = KEYS.iter().filter(|(_, column, _)| has(column));
    select.extend(keys.map(|(name, column, _)| format!("{} AS \"{name}\"", key(column, columns))));
    let grouped: Vec<_> = (1..=select.len()).map(|place| place.to_string()).collect();
    for (name, column, _) in MONEY.iter().filter(|(_, column, _)| has(column)) {
        select.push(format!("{} AS \"{name}\"", sum(column, 12)));
        select.push(format!("{} AS \"{name}_exact\"", sum(column, 24)));
    }
    select.push(format!("{} AS \"{}\"", sum(QUANTITY.1, 12), QUANTITY.0));
    for (name, column, _) in SPLIT.iter().filter(|(_, column, _)| has(column)) {
        select.push(format!("{} AS \"{name}\"", sum(column, 12)));
        select.push(format!("{} AS \"{name}_rest\"", rest(column)));
    }
    select.push("COUNT(*) AS \"lines\"".to_owned());
    let mut wanted = vec![format!("substr(CAST(\"{PERIOD}\" AS VARCHAR), 1, 7) = ?")];
    // Only the files of the month are read then.
    let is_text = |column: &&Column| {
        column.name == PART && ["string", "varchar"].iter().any(|kind| column.kind.starts_with(kind))
    };
    let parted = parted_by.iter().any(|name| name == PART) && columns.iter().any(|column| is_text(&column));
    wanted.extend(parted.then(|| format!("\"{PART}\" = ?")));
    let text = format!(
        "SELECT\n  {}\nFROM {}\nWHERE {}\nGROUP BY {}",
        select.join(",\n  "),
        table.quoted(),
        wanted.join("\n  AND "),
        grouped.join(", ")
    );
    // A month is digits and a hyphen: nothing in it ends the literal.
    Ok(CurText { text, parameters: vec![format!("'{month}'"); wanted.len()] })
}

/// Whether a file of a parted table may be of the month.
pub fn is_of(key: &str, month: Month) -> bool {
    let key = key.to_lowercase();
    match key.split('/').find_map(|part| part.strip_prefix("billing_period=")) {
        Some(period) => period == month.to_string(),
        None => true,
    }
}

fn missing(table: &CurTable, has: &dyn Fn(&str) -> bool) -> Result<()> {
    let needed = KEYS.iter().chain(&MONEY).chain(&SPLIT).chain([&QUANTITY]).filter(|(_, _, needed)| *needed);
    let needed = needed.map(|(_, column, _)| *column).chain([DAY, PERIOD]);
    let missing: Vec<_> = needed.filter(|column| !has(column)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::failed(format!("{table} has no column {}", missing.join(", ")))
        .hint("name a table of CUR 2.0, or export it with these columns"))
}

/// A key as text, never NULL.
fn key(column: &str, columns: &[Column]) -> String {
    let is_map = columns.iter().any(|each| each.name == column && each.kind.starts_with("map"));
    if is_map {
        return format!("COALESCE(json_format(CAST(\"{column}\" AS JSON)), '')");
    }
    format!("COALESCE(CAST(\"{column}\" AS VARCHAR), '')")
}

fn sum(column: &str, decimals: u32) -> String {
    format!("SUM({})", number(column, decimals))
}

fn number(column: &str, decimals: u32) -> String {
    format!("CAST(NULLIF(CAST(\"{column}\" AS VARCHAR), '') AS DECIMAL(38, {decimals}))")
}

/// Seconds of what rounding hours leaves: of vCPUs and accelerators, or of bytes where hours are of gigabytes.
fn rest(column: &str) -> String {
    let (exact, rounded) = (number(column, 24), number(column, 12));
    let unit = "CASE WHEN \"line_item_usage_type\" LIKE '%GB%' AND NOT \"line_item_usage_type\" LIKE '%vCPU%' THEN 3865470566400 ELSE 3600 END";
    format!("SUM(CAST(({exact} - {rounded}) * {unit} AS DECIMAL(38, 12)))")
}

#[cfg(test)]
mod tests {
    use super::{Column, all_columns, is_of, query};
    use crate::ledger::Month;

    fn month() -> Month {
        Month::new(2026, 11).unwrap()
    }

    #[test]
    fn a_month_is_a_parameter_and_parts_are_named_where_there_are_any() {
        let table = "bills.cur2".parse().unwrap();
        let plain = query(&table, &all_columns(), &[], month()).unwrap();
        assert_eq!(plain.parameters, ["'2026-11'"]);
        assert!(!plain.text.contains("2026"));
        let mut columns = all_columns();
        columns.push(Column { name: "billing_period".into(), kind: "string".into() });
        let parted = query(&table, &columns, &["billing_period".into()], month()).unwrap();
        assert_eq!(parted.parameters.len(), parted.text.matches('?').count());
        assert!(parted.text.contains("\"billing_period\" = ?"));
    }

    #[test]
    fn columns_that_are_not_there_are_not_asked_for() {
        let table = "bills.cur2".parse().unwrap();
        let few: Vec<_> = all_columns().into_iter().filter(|one| !one.name.starts_with("split_")).collect();
        assert!(!query(&table, &few, &[], month()).unwrap().text.contains("split_"));
        let less: Vec<_> = few.into_iter().filter(|one| one.name != "line_item_unblended_cost").collect();
        let error = query(&table, &less, &[], month()).unwrap_err();
        assert_eq!(error.to_string(), "AwsDataCatalog.bills.cur2 has no column line_item_unblended_cost");
    }

    #[test]
    fn files_of_other_months_are_not_read() {
        assert!(is_of("exports/lab/data/BILLING_PERIOD=2026-11/a.parquet", month()));
        assert!(!is_of("exports/lab/data/BILLING_PERIOD=2026-10/a.parquet", month()));
        assert!(is_of("exports/lab/data/a.parquet", month()));
    }
}
