//! The rules: all in a table, or one with its reasons and examples.

use serde_json::{Value, json};

use crate::commands::Run;
use crate::config::{Rule, Severity, all_rules, rule};
use crate::error::Result;
use crate::nearest::nearest;
use crate::view::{Align, Layout, Report, Table, wrapped};

/// The word that asks for all rules.
const ALL: &str = "rules";

/// Prints all rules or the named one; returns whether the name was either.
///
/// # Errors
/// When the report cannot be written.
pub(super) fn report(run: &Run<'_>, name: &str) -> Result<bool> {
    if name == ALL {
        run.printer.report(&All)?;
        return Ok(true);
    }
    match rule(name) {
        Some(rule) => run.printer.report(&One(rule)).map(|_| true),
        None => Ok(false),
    }
}

/// The rule most like a name, if one is.
pub(super) fn nearest_to(name: &str) -> Option<&'static str> {
    nearest(name, &all_rules().map(|rule| rule.name).collect::<Vec<_>>())
}

const fn severity(rule: &Rule) -> &'static str {
    match rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

const fn silenceable(rule: &Rule) -> &'static str {
    if rule.silenceable { "yes" } else { "no" }
}

/// All rules.
struct All;

impl Report for All {
    fn schema(&self) -> &'static str {
        "frazil.explain.rules/v1"
    }

    fn data(&self) -> Value {
        json!({ "rules": all_rules().collect::<Vec<_>>() })
    }

    fn text(&self, layout: Layout) -> String {
        table().render(layout.width) + "\nMore about one: frazil explain RULE\n"
    }

    fn table(&self) -> Option<Table> {
        Some(table())
    }
}

fn table() -> Table {
    let left = Align::Left;
    let mut table =
        Table::new([("rule", left), ("severity", left), ("silenceable", left), ("what must hold", left)]);
    for rule in all_rules() {
        table.row([rule.name, severity(rule), silenceable(rule), rule.summary]);
    }
    table
}

/// One rule.
struct One(&'static Rule);

impl Report for One {
    fn schema(&self) -> &'static str {
        "frazil.explain.rule/v1"
    }

    fn data(&self) -> Value {
        json!({ "rule": self.0 })
    }

    fn text(&self, layout: Layout) -> String {
        let rule = self.0;
        let width = layout.width;
        let mut text = format!(
            "{}: {}\n\n{}\n\n{}\n\n",
            rule.name,
            severity(rule),
            wrapped(rule.summary, width),
            wrapped(rule.why, width)
        );
        text += &format!("{}\n\n", wrapped(&format!("What to do: {}", rule.action), width));
        text += &format!("Breaks it:\n\n{}\nPasses:\n\n{}\n", indented(rule.bad), indented(rule.good));
        text += &if rule.silenceable {
            format!("Silence it with a reason: silence: [{{ rule: {}, because: … }}]\n", rule.name)
        } else {
            "It cannot be silenced.\n".to_owned()
        };
        text
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
