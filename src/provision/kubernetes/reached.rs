//! A hub's cluster as verbs need it that only look: the right one, and what was done to it.

use std::path::PathBuf;

use super::access::{Access, is_forbidden};
use super::journal::Journal;
use super::site::refuse_other_cluster;
use crate::config::{HubDocument, Kubernetes, Provider};
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
    /// When the cluster does not answer, does not say which it is, or is another one.
    pub async fn open(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        let (reached, provider) = Self::connect(context, document, verb).await?;
        let cluster = reached.access.identity().await?;
        reached.known_as(cluster, provider)
    }

    /// The same for verbs that show what they may: who may not ask which cluster it is gets one
    /// whose UID is empty.
    ///
    /// # Errors
    /// When the cluster does not answer or is another one.
    pub async fn look(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        let (reached, provider) = Self::connect(context, document, verb).await?;
        match reached.access.identity().await {
            Err(error) if is_forbidden(&error) => Ok(reached),
            cluster => reached.known_as(cluster?, provider),
        }
    }

    async fn connect<'a>(
        context: &Context,
        document: &'a HubDocument,
        verb: &str,
    ) -> Result<(Self, &'a Kubernetes)> {
        let Provider::Kubernetes(provider) = &document.hub.provider else {
            return Err(other_provider(verb, document.hub.provider.key()));
        };
        let access = Access::connect(context, &provider.context).await?;
        let journal = Journal::look(&folder(context, document)?);
        Ok((Self { access, journal }, provider))
    }

    fn known_as(mut self, cluster: String, provider: &Kubernetes) -> Result<Self> {
        self.access.cluster = cluster;
        refuse_other_cluster(&self.access, provider, &self.journal)?;
        Ok(self)
    }
}

/// Where a hub's journal and the logs of its tools are.
///
/// # Errors
/// When the environment does not say where files may go.
pub fn folder(context: &Context, document: &HubDocument) -> Result<PathBuf> {
    Ok(context.directories()?.state.join("clusters").join(document.hub.name.as_str()))
}
