//! `frazil gateway create` and `frazil gateway wait`.

use std::time::Duration;

use frazil_gateway::{Address, Cluster, ClusterName, Error as GatewayError, Gateway, Status};
use serde_json::{Map, Value, json};

use super::at::{At, at};
use super::list::cluster_data;
use super::{SHORT, explain, name, told};
use crate::cli::gateway::{CreateArgs, WaitArgs};
use crate::commands::Run;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::view::{Layout, Report};

/// Creates a cluster, and waits for it if that is asked for.
///
/// # Errors
/// When options are wrong, a limit is reached, or the cluster that is waited for does not come.
pub(super) async fn create(run: &Run<'_>, args: &CreateArgs) -> Result<Outcome> {
    let within = Duration::from_secs(args.within.as_secs());
    let created = at(run, &args.which, SHORT + within, async |at| {
        let options = chosen(&at.gateway, &args.options).await?;
        let mut progress = run.printer.progress();
        progress.step("create a cluster");
        let name = at.gateway.create(&options).await.map_err(told)?;
        progress.finish();
        let address = at.gateway.address().clone();
        if !args.wait {
            return Ok(Created { address, name, cluster: None });
        }
        let cluster = waited(run, at, &name, within).await?;
        Ok(Created { address, name, cluster: Some(cluster) })
    })
    .await?;
    run.printer.report(&created)?;
    Ok(Outcome::Done)
}

/// Waits until a cluster runs.
///
/// # Errors
/// When it ends instead, or takes longer.
pub(super) async fn wait(run: &Run<'_>, args: &WaitArgs) -> Result<Outcome> {
    let name = name(&args.name)?;
    let within = Duration::from_secs(args.within.as_secs());
    let created = at(run, &args.which, SHORT + within, async |at| {
        let cluster = waited(run, at, &name, within).await?;
        Ok(Created { address: at.gateway.address().clone(), name: name.clone(), cluster: Some(cluster) })
    })
    .await?;
    run.printer.report(&created)?;
    Ok(Outcome::Done)
}

/// Options as the gateway's types have them; all that is wrong is told at once.
async fn chosen(gateway: &Gateway, texts: &[String]) -> Result<Map<String, Value>> {
    if texts.is_empty() {
        return Ok(Map::new());
    }
    let offered = gateway.options().await.map_err(told)?;
    let (read, problems): (Vec<_>, Vec<_>) =
        texts.iter().map(|text| offered.read(text)).partition(std::result::Result::is_ok);
    let problems: Vec<_> = problems.into_iter().filter_map(std::result::Result::err).collect();
    if problems.is_empty() {
        return Ok(read.into_iter().flatten().collect());
    }
    Err(told(GatewayError::Options { address: gateway.address().clone(), problems }))
}

async fn waited(run: &Run<'_>, at: &At, name: &ClusterName, within: Duration) -> Result<Cluster> {
    let mut progress = run.printer.progress();
    progress.step(&format!("wait until {name} runs"));
    let cluster = match at.gateway.wait(name, within).await {
        Ok(cluster) => cluster,
        Err(error) => {
            progress.abandon();
            return Err(why(run, at, name, error).await);
        }
    };
    progress.finish();
    Ok(cluster)
}

/// Why a cluster that was waited for does not run.
async fn why(run: &Run<'_>, at: &At, name: &ClusterName, error: GatewayError) -> Error {
    let has_cause =
        matches!(error, GatewayError::Ended { status: Status::Failed, .. } | GatewayError::Late { .. });
    if !has_cause {
        return told(error);
    }
    let message = error.to_string();
    let explanation = explain::explanation(run, at.hub.as_ref(), name).await;
    let failed = match explanation.told.cause {
        Some(_) => Error::failed(format!("{message}: {}", explanation.told.what)),
        None => Error::failed(message),
    };
    let failed = failed.hint(explanation.told.advice);
    match error {
        GatewayError::Late { .. } => failed.hint(format!(
            "wait longer, `frazil gateway wait {name}`, or stop it: `frazil gateway stop {name}`"
        )),
        _ => failed,
    }
}

struct Created {
    address: Address,
    name: ClusterName,
    cluster: Option<Cluster>,
}

impl Report for Created {
    fn schema(&self) -> &'static str {
        "frazil.gateway.cluster/v1"
    }

    fn data(&self) -> Value {
        let mut data = json!({ "address": self.address.to_string(), "name": self.name });
        let cluster = self.cluster.as_ref().map(|cluster| cluster_data(&self.address, cluster));
        if let (Some(data), Some(Value::Object(cluster))) = (data.as_object_mut(), cluster) {
            data.extend(cluster);
        }
        data
    }

    fn text(&self, _layout: Layout) -> String {
        format!("{}\n", self.name)
    }
}
