//! `frazil gateway explain`.

use frazil_gateway::{ClusterName, Evidence, Explanation, Status, explain as by_evidence};
use serde_json::{Value, json};

use super::at::at;
use super::{SHORT, name, told};
use crate::cli::gateway::ExplainClusterArgs;
use crate::commands::Run;
use crate::config::{HubDocument, Provider};
use crate::error::Result;
use crate::outcome::Outcome;
use crate::provision::kubernetes::evidence::Looked;
use crate::provision::local::{Folders, evidence};
use crate::view::{Layout, Report, wrapped};

/// Tells why a cluster failed or does not come.
///
/// # Errors
/// When no gateway is named, or it knows no such cluster and nothing else does.
pub(super) async fn explain(run: &Run<'_>, args: &ExplainClusterArgs) -> Result<Outcome> {
    let name = name(&args.name)?;
    let report = at(run, &args.which, SHORT, async |at| {
        let answer = at.gateway.cluster(&name).await;
        let (status, gateway) = match answer {
            Ok(cluster) => (Some(cluster.status), None),
            // Who sees the cluster's own world is told of it, though the gateway has forgotten it or is away.
            Err(error) if at.hub.is_some() => (None, Some(error.to_string())),
            Err(error) => return Err(told(error)),
        };
        let explained = explanation(run, at.hub.as_ref(), &name).await;
        Ok(Why { name: name.clone(), status, gateway, explained })
    })
    .await?;
    run.printer.report(&report)?;
    Ok(Outcome::Done)
}

/// An explanation, and what could not be looked at for it.
pub(super) struct Explained {
    pub told: Explanation,
    pub hidden: Vec<String>,
}

/// Explains a cluster by what can be seen of it from here.
pub(super) async fn explanation(run: &Run<'_>, hub: Option<&HubDocument>, name: &ClusterName) -> Explained {
    let Looked { evidence, hidden } = match hub {
        Some(hub) => looked(run, hub, name).await,
        None => Looked {
            evidence: Evidence::default(),
            hidden: vec!["the gateway's own world: name its hub file by `--file`".to_owned()],
        },
    };
    Explained { told: by_evidence(name, &evidence), hidden }
}

async fn looked(run: &Run<'_>, hub: &HubDocument, name: &ClusterName) -> Looked {
    if let Provider::Local(_) = hub.hub.provider {
        let evidence =
            Folders::new(run.context, hub.hub.name.as_str()).map(|folders| evidence(&folders, name));
        return Looked { evidence: evidence.unwrap_or_default(), hidden: Vec::new() };
    }
    Box::pin(Looked::at(run.context, hub, name)).await.unwrap_or_else(|error| Looked {
        evidence: Evidence::default(),
        hidden: vec![format!("the cluster: {error}")],
    })
}

struct Why {
    name: ClusterName,
    status: Option<Status>,
    /// What the gateway said instead of a status.
    gateway: Option<String>,
    explained: Explained,
}

impl Why {
    /// Whether there is anything to explain.
    fn is_well(&self) -> bool {
        matches!(self.status, Some(Status::Running | Status::Stopping | Status::Stopped))
    }
}

impl Report for Why {
    fn schema(&self) -> &'static str {
        "frazil.gateway.explain/v1"
    }

    fn data(&self) -> Value {
        let Explained { told, hidden } = &self.explained;
        json!({
            "name": self.name,
            "status": self.status,
            "gateway": self.gateway,
            "cause": told.cause.filter(|_| !self.is_well()),
            "what": (!self.is_well()).then_some(&told.what),
            "advice": (!self.is_well()).then_some(&told.advice),
            "hidden": hidden,
        })
    }

    fn text(&self, layout: Layout) -> String {
        let Explained { told, hidden } = &self.explained;
        let mut lines = Vec::new();
        match (self.status, &self.gateway) {
            (Some(status), _) => lines.push(format!("{} is {status}", self.name)),
            (None, Some(said)) => lines.push(said.clone()),
            (None, None) => {}
        }
        if !self.is_well() {
            lines.push(told.what.clone());
            lines.push(format!("what to do: {}", told.advice));
            lines.extend(hidden.iter().map(|what| format!("not seen: {what}")));
        }
        lines.iter().map(|line| wrapped(line, layout.width) + "\n").collect()
    }
}
