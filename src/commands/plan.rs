//! `frazil plan`: what `up` would change.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Run, load};
use crate::cli::PlanArgs;
use crate::config::Provider;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::cloud::{self, CloudChange, CloudPlan, Cost};
use crate::provision::compare::Field;
use crate::provision::kubernetes::plan::{Action, Plan};
use crate::provision::kubernetes::releases::{Change, ObjectChange};
use crate::provision::layers::{HubPlan, Saved};
use crate::provision::other_provider;
use crate::render::write_changed;
use crate::view::{Align, Layout, Report, Table};

/// Tells what `up` would change, and saves it when asked to.
///
/// # Errors
/// When the cluster does not answer or a chart cannot be rendered.
pub(super) async fn plan(run: &Run<'_>, args: &PlanArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    if matches!(document.hub.provider, Provider::Local(_)) {
        return Err(other_provider("plan", document.hub.provider.key()));
    }
    let mut progress = run.printer.progress();
    progress.step("what would change");
    let plan = HubPlan::make(run.context, &document, &mut progress).await?;
    progress.finish();
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
    pub plan: HubPlan,
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
        let HubPlan { hub, cloud, cluster } = &self.plan;
        json!({ "empty": self.plan.is_empty(), "hub": hub, "cloud": cloud, "plan": cluster })
    }

    fn text(&self, layout: Layout) -> String {
        let HubPlan { hub, cloud, cluster } = &self.plan;
        if self.plan.is_empty() {
            return format!("nothing to do: the hub `{hub}` is as its file says\n");
        }
        let mut text = String::new();
        if let Some(cloud) = cloud {
            text += &format!("the hub `{hub}` in the cloud\n\n{}", cloud_text(cloud, layout));
        }
        match cluster {
            Some(plan) if plan.is_empty() => {}
            Some(plan) => text += &cluster_text(plan, layout),
            None => text += "\nthe cluster is not there yet: everything in it will be made after it\n",
        }
        text
    }

    fn table(&self) -> Option<Table> {
        let mut table =
            objects_table(self.plan.cluster.iter().flat_map(Plan::objects).map(|(_, object)| object));
        if let Some(cloud) = &self.plan.cloud {
            for row in resource_rows(&cloud.changes) {
                table.row(row);
            }
        }
        Some(table)
    }
}

fn cluster_text(plan: &Plan, layout: Layout) -> String {
    let [create, change, delete] = plan.counts();
    let mut text = format!("the hub `{}` on {}\n\n", plan.hub, plan.server);
    for release in plan.releases.iter().filter(|release| release.action != Action::Nothing) {
        let words = release.action.words();
        text += &format!("  release {} ({} {}): {words}\n", release.release, release.chart, release.version);
    }
    text += "\n";
    text += &objects_table(plan.objects().map(|(_, object)| object)).render(layout.width);
    text + &format!("\n{create} to create, {change} to change, {delete} to delete\n")
}

fn cloud_text(plan: &CloudPlan, layout: Layout) -> String {
    let mut text = String::new();
    if !plan.is_empty() {
        let mut table = Table::new([
            ("", Align::Left),
            ("resource", Align::Left),
            ("", Align::Left),
            ("field", Align::Left),
        ]);
        for row in resource_rows(&plan.changes) {
            table.row(row);
        }
        let [create, change, replace, delete] = plan.counts();
        text += &table.render(layout.width);
        text += &format!(
            "\n{create} to create, {change} to change, {replace} to remove and make anew, {delete} to delete\n"
        );
        if plan.remade_cluster().is_some() {
            text += "with the cluster goes everything in it: people's servers, pools, the hub's accounts of people; homes stay\n";
        }
    }
    text + &cost_text(&plan.before, &plan.after)
}

/// What the cloud costs a month with nobody on the hub, before and after.
fn cost_text(before: &Cost, after: &Cost) -> String {
    let sum = |cost: &Cost| cost.total().rounded(2);
    let unknown: Vec<_> =
        after.lines.iter().filter(|line| line.usd.is_none()).map(|line| line.what.as_str()).collect();
    let unknown = if unknown.is_empty() { String::new() } else { format!(", and {}", unknown.join(", ")) };
    let parts: Vec<_> = after
        .lines
        .iter()
        .filter_map(|line| Some(format!("  {:>9}  {}\n", line.usd?.rounded(2), line.what)))
        .collect();
    let was = if before.lines.is_empty() { String::new() } else { format!(" (now {})", sum(before)) };
    format!("\nwith nobody on it, {} USD a month{was}{unknown}\n{}", sum(after), parts.concat())
}

/// Resources that change, one line a field.
fn resource_rows(changes: &[CloudChange]) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    for change in changes {
        let row = |mark: &str, field: String| [mark.to_owned(), change.address.clone(), String::new(), field];
        match change.action {
            cloud::Action::Create => rows.push(row("+", String::new())),
            cloud::Action::Delete => rows.push(row("-", String::new())),
            cloud::Action::Adopt => {
                rows.push(row("=", "is there already, from a call that was cut off".to_owned()));
                rows.extend(change.fields.iter().map(|field| row("~", words(field))));
            }
            cloud::Action::Change => rows.extend(change.fields.iter().map(|field| row("~", words(field)))),
            cloud::Action::Replace => rows.extend(change.fields.iter().map(|field| row("-/+", words(field)))),
        }
    }
    rows
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
