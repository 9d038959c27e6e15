//! What `up` would change, layer by layer: the cloud, and the cluster in it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cloud::{self, CloudPlan};
use super::compare::differences;
use super::kubernetes::plan::Plan;
use super::kubernetes::secrets::Secrets;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::view::Progress;

/// What `up` would change.
#[derive(Clone, Debug, Serialize)]
pub struct HubPlan {
    /// The hub.
    pub hub: String,
    /// What Terraform would change; none where the cluster is not frazil's to make.
    pub cloud: Option<CloudPlan>,
    /// What would change in the cluster; none while there is no cluster, and everything will be new.
    pub cluster: Option<Plan>,
}

impl HubPlan {
    /// Works out what would change; changes nothing.
    ///
    /// # Errors
    /// When cloud or cluster do not answer, or a tool says what is wrong.
    pub async fn make(context: &Context, document: &HubDocument, progress: &mut Progress) -> Result<Self> {
        let hub = document.hub.name.to_string();
        if !matches!(document.hub.provider, Provider::Aws(_) | Provider::Gcp(_)) {
            let cluster = Some(Plan::make(context, document).await?);
            return Ok(Self { hub, cloud: None, cluster });
        }
        let look = cloud::look(context, document, progress).await?;
        let cluster = match look.has_cluster {
            false => {
                Secrets::must_be_found(context, document)?;
                None
            }
            // What the cloud lacks may be why the cluster does not answer: it is made first.
            true if !look.plan.is_empty() => Plan::make(context, document).await.ok(),
            true => Some(Plan::make(context, document).await?),
        };
        Ok(Self { hub, cloud: Some(look.plan), cluster })
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        let cloud = self.cloud.as_ref().is_none_or(CloudPlan::is_empty);
        cloud && self.cluster.as_ref().is_some_and(Plan::is_empty)
    }
}

/// A plan that was saved, so that what is applied is what was approved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The schema of this file.
    pub schema: String,
    /// The plan, as it was shown.
    pub plan: Value,
}

impl Saved {
    /// The schema's name.
    pub const SCHEMA: &'static str = "frazil.plan/v1";

    /// A plan to save.
    pub fn of(plan: &HubPlan) -> Self {
        Self { schema: Self::SCHEMA.to_owned(), plan: serde_json::to_value(plan).unwrap_or_default() }
    }

    /// Refuses a plan that is not the saved one any more.
    ///
    /// # Errors
    /// When file, cloud or cluster changed since.
    pub fn holds(&self, now: &HubPlan) -> Result<()> {
        let now = serde_json::to_value(now).unwrap_or_default();
        if self.schema == Self::SCHEMA && self.plan == now {
            return Ok(());
        }
        let differs = differences(&self.plan, &now);
        let lines = differs.iter().take(8).map(|field| field.path.clone()).collect();
        Err(Error::failed(
            "the plan is out of date: the hub file or what is there changed since; nothing was changed",
        )
        .output(lines)
        .hint("make a new one: `frazil plan --out FILE`"))
    }
}
