//! `frazil cost sql`: the queries that clouds are asked.

use serde_json::{Map, Value, json};

use crate::cli::cost::SqlArgs;
use crate::commands::Run;
use crate::error::{Error, Result};
use crate::ledger::ask::{cur_text, export_text};
use crate::outcome::Outcome;
use crate::view::{Layout, Report};

/// Prints a query and its parameters.
///
/// # Errors
/// When no table is named.
pub(super) fn sql(run: &Run<'_>, args: &SqlArgs) -> Result<Outcome> {
    let query = match (&args.athena, &args.bigquery) {
        (Some(table), _) => {
            let text = cur_text::query(table, &cur_text::all_columns(), &[], args.month)?;
            let literals = (1..).zip(text.parameters).map(|(place, literal)| (place.to_string(), literal));
            Query { of: "Athena", text: text.text, parameters: literals.collect() }
        }
        (_, Some(table)) => {
            let text = export_text::query(table, &export_text::all_columns(), false, args.month)?;
            let named = text.parameters.into_iter().map(|(name, value)| (format!("@{name}"), value));
            Query { of: "BigQuery", text: text.text, parameters: named.collect() }
        }
        (None, None) => return Err(Error::usage("name a table: --athena or --bigquery")),
    };
    run.printer.report(&query)?;
    Ok(Outcome::Done)
}

struct Query {
    of: &'static str,
    text: String,
    /// Names or places, and values.
    parameters: Vec<(String, String)>,
}

impl Report for Query {
    fn schema(&self) -> &'static str {
        "frazil.cost-sql/v1"
    }

    fn data(&self) -> Value {
        let parameters: Map<_, _> =
            self.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({ "of": self.of, "sql": self.text, "parameters": parameters })
    }

    fn text(&self, _: Layout) -> String {
        let parameters = self.parameters.iter().map(|(name, value)| format!("-- {name} is {value}\n"));
        format!("{}{};", parameters.collect::<String>(), self.text)
    }
}
