//! A hub's cluster as verbs need it that only look: the right one, and what was done to it.

use std::path::PathBuf;

use super::access::Access;
use crate::provision::journal::Journal;
use super::site::refuse_other_cluster;
use crate::config::{HubDocument, Provider};
use crate::context::Context;
use crate::error::Result;
use crate::provision::other_provider;

/// The cluster of a hub, reached.
pub struct Reached {
    /// The cluster.
    pub access: Access,
    /// What was done to it.
    pub journal: Journal,
}

impl Reached {
    /// Connects, and refuses any other cluster than the one that was used before. Nothing is written.
    ///
    /// # Errors
    /// When the cluster does not answer or is another one.
    pub async fn open(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        let Provider::Kubernetes(provider) = &document.hub.provider else {
            return Err(other_provider(verb, document.hub.provider.key()));
        };
        let access = Access::open(context, &provider.context).await?;
        let journal = Journal::look(&folder(context, document)?);
        refuse_other_cluster(&access, provider, &journal)?;
        Ok(Self { access, journal })
    }
}

/// Where a hub's journal and the logs of its tools are.
///
/// # Errors
/// When the environment does not say where files may go.
pub fn folder(context: &Context, document: &HubDocument) -> Result<PathBuf> {
    Ok(context.directories()?.state.join("clusters").join(document.hub.name.as_str()))
}
