//! `frazil plan`: what `up` would change.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::PlanArgs;
use crate::config::Provider;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::kubernetes::compare::Field;
use crate::provision::kubernetes::plan::{Action, Plan, Saved};
use crate::provision::kubernetes::releases::{Change, ObjectChange};
use crate::provision::other_provider;
use crate::render::write_changed;
use crate::view::{Align, Layout, Report, Table};

/// Tells what `up` would change, and saves it when asked to.
///
/// # Errors
/// When the cluster does not answer or a chart cannot be rendered.
pub(super) async fn plan(run: &Run<'_>, args: &PlanArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    let Provider::Kubernetes(_) = document.hub.provider else {
        return Err(other_provider("plan", document.hub.provider.key()));
    };
    let plan = Plan::make(run.context, &document).await?;
    if let Some(path) = &args.out {
        let text = serde_json::to_string_pretty(&Saved::of(&plan))
            .map_err(|error| Error::failed("the plan cannot be written").because(error))?;
        write_changed(path, text.as_bytes(), true)?;
    }
    let differs = args.detailed_exitcode && !plan.is_empty();
    run.printer.report(&PlanReport { plan })?;
    Ok(if differs { Outcome::Difference } else { Outcome::Done })
}

/// Reads a saved plan.
///
/// # Errors
/// When there is none.
pub(super) fn saved(path: &Path) -> Result<Saved> {
    let cannot = || format!("{} is no saved plan", path.display());
    let text = fs::read_to_string(path).map_err(|error| Error::failed(cannot()).because(error))?;
    serde_json::from_str(&text).map_err(|error| Error::failed(cannot()).because(error))
}

/// A plan as it is told.
pub(super) struct PlanReport {
    pub plan: Plan,
}

impl Action {
    const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "as it is",
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Resume => "go on: Helm was stopped or failed",
            Self::Repair => "repair: changed by somebody else",
        }
    }
}

impl Report for PlanReport {
    fn schema(&self) -> &'static str {
        "frazil.plan/v1"
    }

    fn data(&self) -> Value {
        json!({ "empty": self.plan.is_empty(), "plan": self.plan })
    }

    fn text(&self, layout: Layout) -> String {
        let plan = &self.plan;
        if plan.is_empty() {
            return format!("nothing to do: the hub `{}` is as its file says\n", plan.hub);
        }
        let [create, change, delete] = plan.counts();
        let mut text = format!("the hub `{}` on {}\n\n", plan.hub, plan.server);
        for release in plan.releases.iter().filter(|release| release.action != Action::Nothing) {
            let words = release.action.words();
            text +=
                &format!("  release {} ({} {}): {words}\n", release.release, release.chart, release.version);
        }
        text += "\n";
        text += &objects_table(plan.objects().map(|(_, object)| object)).render(layout.width);
        text + &format!("\n{create} to create, {change} to change, {delete} to delete\n")
    }

    fn table(&self) -> Option<Table> {
        Some(objects_table(self.plan.objects().map(|(_, object)| object)))
    }
}

/// Objects that differ, one line a field.
pub(super) fn objects_table<'a>(objects: impl Iterator<Item = &'a ObjectChange>) -> Table {
    let mut table = Table::new([
        ("", Align::Left),
        ("object", Align::Left),
        ("namespace", Align::Left),
        ("field", Align::Left),
    ]);
    for ObjectChange { object, change } in objects {
        let row = |mark: &str, field: String| {
            [mark.to_owned(), object.to_string(), object.namespace.clone(), field]
        };
        match change {
            Change::Create => table.row(row("+", String::new())),
            Change::Delete => table.row(row("-", String::new())),
            Change::Change(fields) => fields.iter().for_each(|field| table.row(row("~", words(field)))),
        }
    }
    table
}

fn words(field: &Field) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{}: {} → {}", field.path, text(&field.live), text(&field.wanted))
}
