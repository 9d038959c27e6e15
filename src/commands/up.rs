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
use crate::config::{HubDocument, Provider};
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::provision::kubernetes::plan::Plan;
use crate::provision::local::{bring_up, remember_shown};
use crate::provision::{kubernetes, other_provider};

/// Brings a hub up.
///
/// # Errors
/// What stopped it; the next call goes on from there.
pub(super) async fn up(run: &Run<'_>, args: &UpArgs) -> Result<Outcome> {
    let document = load::usable(run, &args.hub.file)?;
    match &document.hub.provider {
        Provider::Local(_) => on_this_machine(run, &document).await,
        Provider::Kubernetes(_) => on_a_cluster(run, &document, args).await,
        other => Err(other_provider("up", other.key())),
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
    let plan = Plan::make(run.context, document).await?;
    progress.finish();
    approve(run, args, &plan)?;
    let ready_within =
        args.ready_within.map_or(kubernetes::READY_WITHIN, |said| Duration::from_secs(said.as_secs()));
    let up = kubernetes::bring_up(run.context, document, &plan, ready_within, &mut progress).await?;
    run.printer.report(&ClusterUp {
        name: document.hub.name.to_string(),
        up,
        elapsed: progress.elapsed(),
        steps: progress.done,
    })?;
    Ok(Outcome::Done)
}

/// A plan that changes nothing needs no answer, a saved plan is its own approval, and where nobody
/// can be asked the flag has to say yes.
fn approve(run: &Run<'_>, args: &UpArgs, plan: &Plan) -> Result<()> {
    if let Some(path) = &args.plan {
        return saved(path)?.holds(plan);
    }
    if plan.is_empty() || args.auto_approve {
        return Ok(());
    }
    if !run.context.interactive {
        return Err(Error::usage("nobody can be asked whether to change the cluster")
            .hint("`--auto-approve` says yes; `frazil plan --out FILE` and `frazil up --plan FILE` do what was approved"));
    }
    run.printer.report(&PlanReport { plan: plan.clone() })?;
    let yes = inquire::Confirm::new("Change the cluster so?").with_default(false).prompt();
    if yes.unwrap_or(false) { Ok(()) } else { Err(Error::interrupted("nothing was changed")) }
}

/// The steps of a call with their times, as data.
fn steps_data(steps: &[(String, Duration)]) -> Value {
    steps.iter().map(|(step, time)| json!({ "step": step, "seconds": time.as_secs_f64() })).collect()
}
