//! `frazil up`: bring a hub up, or change it to what its file says.

mod cluster;
mod local;

use cluster::ClusterUp;
use local::UpReport;

use super::{Run, load};
use crate::cli::UpArgs;
use crate::config::{HubDocument, Provider};
use crate::error::Result;
use crate::outcome::Outcome;
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
        Provider::Kubernetes(_) => on_a_cluster(run, &document).await,
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

async fn on_a_cluster(run: &Run<'_>, document: &HubDocument) -> Result<Outcome> {
    let mut progress = run.printer.progress();
    let up = kubernetes::bring_up(run.context, document, &mut progress).await?;
    run.printer.report(&ClusterUp {
        name: document.hub.name.to_string(),
        up,
        elapsed: progress.elapsed(),
        steps: progress.done,
    })?;
    Ok(Outcome::Done)
}
