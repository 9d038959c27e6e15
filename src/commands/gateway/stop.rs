//! `frazil gateway stop`.

use std::time::Duration;

use frazil_gateway::{ClusterName, Error as GatewayError, Gateway, Status};
use serde_json::{Value, json};

use super::at::at;
use super::{SHORT, name, told};
use crate::cli::gateway::StopArgs;
use crate::commands::Run;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Align, Layout, Report, Table, wrapped};

/// Stops clusters, each whatever became of the others.
///
/// # Errors
/// When the gateway does not answer or takes no such login.
pub(super) async fn stop(run: &Run<'_>, args: &StopArgs) -> Result<Outcome> {
    let names = args.names.iter().map(|text| name(text)).collect::<Result<Vec<_>>>()?;
    let within = Duration::from_secs(args.within.as_secs());
    let stopped = at(run, &args.which, SHORT + within, async |at| {
        let gateway = &at.gateway;
        let names = if args.all { of_person(gateway).await? } else { names.clone() };
        let mut stopped = Vec::new();
        for name in names {
            let problem = gateway.stop(&name).await.map_err(told).err();
            stopped.push(Stopped { name, status: None, problem });
        }
        if args.wait {
            until_ended(run, gateway, &mut stopped, within).await;
        }
        Ok(stopped)
    })
    .await?;
    let well = stopped.iter().all(|each| each.problem.is_none());
    run.printer.report(&All(stopped))?;
    Ok(if well { Outcome::Done } else { Outcome::Failed })
}

async fn of_person(gateway: &Gateway) -> Result<Vec<ClusterName>> {
    let clusters = gateway.list(&[]).await.map_err(told)?;
    Ok(clusters.into_iter().map(|cluster| cluster.name).collect())
}

/// Waits for the end of those that were asked to stop, all of them together no longer than that.
async fn until_ended(run: &Run<'_>, gateway: &Gateway, stopped: &mut [Stopped], within: Duration) {
    let mut progress = run.printer.progress();
    let end = tokio::time::Instant::now() + within;
    for each in stopped.iter_mut().filter(|each| each.problem.is_none()) {
        progress.step(&format!("wait until {} has ended", each.name));
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        match gateway.wait_until_ended(&each.name, left).await {
            Ok(cluster) => each.status = Some(cluster.status),
            // A cluster that the gateway has forgotten has ended.
            Err(GatewayError::NoCluster { .. }) => {}
            Err(error) => each.problem = Some(told(error)),
        }
    }
    progress.finish();
}

struct Stopped {
    name: ClusterName,
    /// How it ended, where that was waited for.
    status: Option<Status>,
    problem: Option<Error>,
}

impl Stopped {
    fn problem(&self) -> Option<String> {
        self.problem.as_ref().map(ToString::to_string)
    }
}

struct All(Vec<Stopped>);

impl Report for All {
    fn schema(&self) -> &'static str {
        "frazil.gateway.stop/v1"
    }

    fn data(&self) -> Value {
        let clusters = self
            .0
            .iter()
            .map(|each| json!({ "name": each.name, "status": each.status, "problem": each.problem() }));
        json!({ "clusters": clusters.collect::<Vec<_>>() })
    }

    fn text(&self, layout: Layout) -> String {
        if self.0.is_empty() {
            return "there was no cluster to stop\n".to_owned();
        }
        let line = |each: &Stopped| match (each.problem(), each.status) {
            (Some(problem), _) => format!("{}: {problem}", each.name),
            (None, Some(status)) => format!("{} is {status}", each.name),
            (None, None) => format!("{} is asked to stop", each.name),
        };
        self.0.iter().map(|each| wrapped(&line(each), layout.width) + "\n").collect()
    }

    fn table(&self) -> Option<Table> {
        let columns = ["name", "status", "problem"];
        let mut table = Table::with_columns(columns.map(|column| (column, Align::Left)));
        for each in &self.0 {
            let status = each.status.map(|status| status.to_string()).unwrap_or_default();
            table.row([each.name.to_string(), status, each.problem().unwrap_or_default()]);
        }
        Some(table)
    }
}
