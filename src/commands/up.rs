//! `frazil up`: bring a hub up, or change it to what its file says.

mod cluster;
mod local;

use std::time::Duration;

use cluster::ClusterUp;
use local::UpReport;

use serde_json::{Value, json};

use super::plan::{PlanReport, saved};
use super::{Run, load};
use crate::cli::UpArgs;
use crate::config::{HubDocument, HubFile, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::Keep;
use crate::provision::cloud::CloudPlan;
use crate::provision::kubernetes::plan::Plan;
use crate::provision::layers::HubPlan;
use crate::provision::local::{bring_up, remember_shown};
use crate::provision::{cloud, kubernetes};
use crate::view::Progress;

/// Brings a hub up.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub(super) async fn up(run: &Run<'_>, args: &UpArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    match &document.hub.provider {
        Provider::Local(_) => on_this_machine(run, &document).await,
        _ => Box::pin(on_a_cluster(run, &document, args)).await,
    }
}

async fn on_this_machine(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let mut progress = run.printer.progress();
    let up = bring_up(run.context, document, &mut progress).await?;
    let report = UpReport {
        name: document.hub.name.to_string(),
        file: document.path.display().to_string(),
        up,
        elapsed: progress.elapsed(),
        steps: progress.done,
    };
    let delivered = run.printer.report(&report)?;
    if delivered {
        remember_shown(run.context, document, &report.up.login)?;
    }
    Ok(Outcome::Done)
}

async fn on_a_cluster(run: &Run<'_>, document: &HubDocument, args: &UpArgs) -> Result<Outcome> {
    let mut progress = run.printer.progress();
    progress.step("what would change");
    let plan = HubPlan::make(run.context, document, &mut progress).await?;
    progress.finish();
    approve(run, args, &plan)?;
    let mut changed = Vec::new();
    if let Some(cloud) = plan.cloud.as_ref().filter(|cloud| !cloud.is_empty()) {
        empty_cluster(run, document, cloud, &args.replace, &mut progress).await?;
        changed = cloud::make(run.context, document, cloud, &args.replace, &mut progress).await?;
    }
    let plan = match plan.cluster {
        Some(plan) if changed.is_empty() => plan,
        _ => {
            progress.step("what would change in the cluster");
            let plan = Plan::make(run.context, document).await?;
            progress.finish();
            plan
        }
    };
    let ready_within =
        args.ready_within.map_or(kubernetes::READY_WITHIN, |said| Duration::from_secs(said.as_secs()));
    let mut up = kubernetes::bring_up(run.context, document, &plan, ready_within, &mut progress).await?;
    changed.append(&mut up.changed);
    up.changed = changed;
    let by_hand = by_hand(&document.hub, &up.changed);
    run.printer.report(&ClusterUp {
        by_hand,
        name: document.hub.name.to_string(),
        up,
        elapsed: progress.elapsed(),
        steps: progress.done,
    })?;
    Ok(Outcome::Done)
}

/// Removes what is in a cluster that is to be made anew, so that its controllers can still remove what
/// they made in the cloud. One that was never finished has nothing in it.
async fn empty_cluster(
    run: &Run<'_>,
    document: &HubDocument,
    plan: &CloudPlan,
    replace: &[String],
    progress: &mut Progress,
) -> Result<()> {
    if plan.remade_cluster().is_none_or(|cluster| cluster.unfinished) {
        return Ok(());
    }
    cloud::refuse_loss(plan, replace)?;
    if cloud::has_cluster(run.context, document).await? {
        kubernetes::take_down(run.context, document, &[Keep::Homes, Keep::Scratch], progress).await?;
    }
    Ok(())
}

/// What no API does, where it is due: a dataset is new, and bills go to it once a person says so.
fn by_hand(hub: &HubFile, changed: &[String]) -> Vec<String> {
    let new = changed.iter().any(|address| address.starts_with("google_bigquery_dataset.bills"));
    let Provider::Gcp(gcp) = &hub.provider else { return Vec::new() };
    let dataset = format!("{}_bills", hub.name.as_str().replace('-', "_"));
    let steps = format!(
        "the billing account's administrator switches the export on, once: in Google Cloud's console, Billing, \
         Billing export, BigQuery export, \"Detailed usage cost\": Edit settings, project {}, dataset {dataset}, Save; \
         `billing.from` then names the table that Google makes there, for the page of costs",
        gcp.project
    );
    new.then_some(steps).into_iter().collect()
}

/// A plan that changes nothing needs no answer, a saved plan is its own approval, and where nobody
/// can be asked the flag has to say yes.
fn approve(run: &Run<'_>, args: &UpArgs, plan: &HubPlan) -> Result<()> {
    if let Some(path) = &args.plan {
        return saved(path)?.holds(plan);
    }
    if plan.is_empty() || args.auto_approve {
        return Ok(());
    }
    if !run.context.interactive {
        return Err(Error::usage("nobody can be asked whether to make these changes")
            .hint("`--auto-approve` says yes; `frazil plan --out FILE` and `frazil up --plan FILE` do what was approved"));
    }
    run.printer.report(&PlanReport { plan: plan.clone() })?;
    let yes = inquire::Confirm::new("Make these changes?").with_default(false).prompt();
    if yes.unwrap_or(false) { Ok(()) } else { Err(Error::interrupted("nothing was changed")) }
}

/// The steps of a call with their times, as data.
fn steps_data(steps: &[(String, Duration)]) -> Value {
    steps.iter().map(|(step, time)| json!({ "step": step, "seconds": time.as_secs_f64() })).collect()
}
