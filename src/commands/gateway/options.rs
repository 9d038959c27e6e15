//! `frazil gateway options`.

use frazil_gateway::{Address, Field, Options, Spec};
use serde_json::{Value, json};

use super::at::at;
use super::{SHORT, told};
use crate::cli::gateway::OptionsArgs;
use crate::commands::Run;
use crate::error::Result;
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table};

/// Tells what may be chosen for a cluster.
///
/// # Errors
/// When the gateway does not answer or takes no such login.
pub(super) async fn options(run: &Run<'_>, args: &OptionsArgs) -> Result<Outcome> {
    let (address, options) = at(run, &args.which, SHORT, async |at| {
        Ok((at.gateway.address().clone(), at.gateway.options().await.map_err(told)?))
    })
    .await?;
    run.printer.report(&Offered { address, options })?;
    Ok(Outcome::Done)
}

struct Offered {
    address: Address,
    options: Options,
}

/// Kind, least, most and what else bounds an option.
fn kind(field: &Field) -> (&str, String, String, String) {
    let bound =
        |number: &Option<serde_json::Number>| number.as_ref().map(ToString::to_string).unwrap_or_default();
    match &field.spec {
        Spec::String => ("text", String::new(), String::new(), String::new()),
        Spec::Bool => ("true or false", String::new(), String::new(), String::new()),
        Spec::Int { min, max } => ("whole number", bound(min), bound(max), String::new()),
        Spec::Float { min, max } => ("number", bound(min), bound(max), String::new()),
        Spec::Select { options } => ("one of", String::new(), String::new(), options.join(", ")),
        Spec::Mapping => ("JSON object", String::new(), String::new(), String::new()),
        Spec::Other { kind } => (kind, String::new(), String::new(), String::new()),
    }
}

fn short(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Report for Offered {
    fn schema(&self) -> &'static str {
        "frazil.gateway.options/v1"
    }

    fn data(&self) -> Value {
        json!({ "address": self.address.to_string(), "options": self.options })
    }

    fn text(&self, layout: Layout) -> String {
        if self.options.0.is_empty() {
            return format!("{} offers no options: a cluster is what its admin made it\n", self.address);
        }
        let mut table = Table::new([
            ("option", Align::Left),
            ("kind", Align::Left),
            ("least", Align::Right),
            ("most", Align::Right),
            ("default", Align::Left),
            ("what", Align::Left),
        ]);
        for field in &self.options.0 {
            let (kind, least, most, texts) = kind(field);
            let what = [field.label.as_str(), texts.as_str()];
            let what: Vec<_> = what.into_iter().filter(|text| !text.is_empty()).collect();
            table.row([
                field.field.clone(),
                kind.to_owned(),
                least,
                most,
                short(&field.default),
                what.join(": "),
            ]);
        }
        table.render(layout.width)
    }

    fn table(&self) -> Option<Table> {
        let columns = ["option", "kind", "least", "most", "default", "label", "one_of"];
        let mut table = Table::with_columns(columns.map(|column| (column, Align::Left)));
        for field in &self.options.0 {
            let (kind, least, most, texts) = kind(field);
            let default = short(&field.default);
            table.row([
                field.field.clone(),
                kind.to_owned(),
                least,
                most,
                default,
                field.label.clone(),
                texts,
            ]);
        }
        Some(table)
    }
}
