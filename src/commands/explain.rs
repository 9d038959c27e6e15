//! `frazil explain`: what a key means, and its value in a file; what a rule is for.

mod pools;
mod rules;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::pools::Pools;
use super::{Run, load};
use crate::cli::ExplainArgs;
use crate::config::{Explanation, HubDocument, KeySummary, explain as explain_key, flow, keys};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table, wrapped};

/// Explains a key of the hub file, or a rule.
///
/// # Errors
/// When there is no such key, or the file cannot be used.
pub(super) fn explain(run: &Run<'_>, args: &ExplainArgs) -> Result<Outcome> {
    if let Some(name) = args.key.as_deref().filter(|_| args.file.is_none())
        && rules::report(run, name)?
    {
        return Ok(Outcome::Done);
    }
    let (key, file) = key_and_file(args);
    let document = file.map(|file| load::usable(run, &file)).transpose()?;
    match key {
        None => {
            run.printer.report(&Keys { keys: keys(), document })?;
        }
        Some(key) => {
            let explanation = explain_key(&key, document.as_ref())
                .map_err(|message| Error::failed(message).hint(hint(&key)))?;
            let chosen = chosen(&key, document.as_ref())?;
            run.printer.report(&Explained { explanation, chosen })?;
        }
    }
    Ok(Outcome::Done)
}

/// What else an unknown key may have meant.
fn hint(key: &str) -> String {
    let all = "`frazil explain` lists all keys, `frazil explain rules` all rules";
    rules::nearest_to(key).map_or_else(|| all.to_owned(), |rule| format!("there is a rule `{rule}`; {all}"))
}

/// `explain FILE` is read as "all keys, with this file".
fn key_and_file(args: &ExplainArgs) -> (Option<String>, Option<PathBuf>) {
    let is_file = |key: &str| {
        Path::new(key).extension().is_some_and(|end| end == "yaml" || end == "yml") && Path::new(key).exists()
    };
    let default = || Some(PathBuf::from("hub.yaml")).filter(|path| path.exists());
    match &args.key {
        Some(key) if args.file.is_none() && is_file(key) => (None, Some(PathBuf::from(key))),
        None => (None, None),
        key => (key.clone(), args.file.clone().or_else(default)),
    }
}

/// What the catalog chose for the pools, where the key is about them.
fn chosen(key: &str, document: Option<&HubDocument>) -> Result<Option<Pools>> {
    match document {
        Some(document) if key == "pools" || key.starts_with("pools.") => Pools::of(document)
            .map_err(|error| Error::failed("the pools' machines cannot be chosen").because(error)),
        _ => Ok(None),
    }
}

struct Keys {
    keys: Vec<KeySummary>,
    document: Option<HubDocument>,
}

impl Keys {
    /// The keys with their values in a file and where those come from.
    fn values(&self, document: &HubDocument) -> Table {
        let mut table = Table::new([("key", Align::Left), ("from", Align::Left), ("value", Align::Left)]);
        for key in &self.keys {
            let found = explain_key(&key.key, Some(document)).ok().and_then(|explanation| explanation.value);
            let Some(found) = found.filter(|found| !found.value.is_null()) else { continue };
            table.row([key.key.clone(), found.from, flow(&found.value)]);
        }
        table
    }
}

impl Report for Keys {
    fn schema(&self) -> &'static str {
        "frazil.explain.keys/v1"
    }

    fn data(&self) -> Value {
        let values = self.document.as_ref().map(|document| &document.hub);
        json!({ "keys": self.keys, "values": values })
    }

    fn text(&self, layout: Layout) -> String {
        let table = self
            .document
            .as_ref()
            .map_or_else(|| summary_table(&self.keys), |document| self.values(document));
        table.render(layout.width)
            + "\nMore about one: frazil explain KEY\nWhat is checked: frazil explain rules\n"
    }

    fn table(&self) -> Option<Table> {
        Some(summary_table(&self.keys))
    }
}

fn summary_table(keys: &[KeySummary]) -> Table {
    let mut table = Table::new([("key", Align::Left), ("type", Align::Left), ("meaning", Align::Left)]);
    for key in keys {
        let required = if key.required { " (required)" } else { "" };
        table.row([key.key.clone(), key.kind.clone(), format!("{}{required}", key.summary)]);
    }
    table
}

struct Explained {
    explanation: Explanation,
    chosen: Option<Pools>,
}

impl Report for Explained {
    fn schema(&self) -> &'static str {
        "frazil.explain/v1"
    }

    fn data(&self) -> Value {
        json!({ "explanation": self.explanation, "chosen": self.chosen.as_ref().map(Pools::data) })
    }

    fn text(&self, layout: Layout) -> String {
        let key = &self.explanation;
        let last = key.key.rsplit('.').next().unwrap_or(&key.key);
        let description = wrapped(&key.description, layout.width);
        let mut text = format!("{}: {}\n\n{description}\n\n", key.key, key.kind);
        match (&key.default, key.required) {
            (_, true) => text += "required\n",
            (Some(default), _) => text += &format!("default:  {}\n", flow(default)),
            (None, _) => text += "default:  none\n",
        }
        text += &format!("example:  {last}: {}\n", flow(&key.example));
        if let Some(found) = &key.value {
            let value = if found.value.is_null() { "nothing".to_owned() } else { flow(&found.value) };
            text += &format!("value:    {value}   ({})\n", found.from);
        }
        if !key.below.is_empty() {
            text += &format!("\n{}", summary_table(&key.below).render(layout.width));
        }
        if let Some(chosen) = &self.chosen {
            text += &format!("\n{}", chosen.text());
        }
        text
    }
}
