//! A hub's cluster as verbs need it that only look: the right one, and what was done to it.

use super::access::{Access, is_forbidden};
use super::site::refuse_other_cluster;
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::Result;
use crate::provision::journal::{Journal, folder};

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
        let reached = Self::connect(context, document, verb).await?;
        let cluster = reached.access.identity().await?;
        reached.known_as(cluster, document)
    }

    /// The same for verbs that show what they may: who may not ask which cluster it is gets one
    /// whose UID is empty.
    ///
    /// # Errors
    /// When the cluster does not answer or is another one.
    pub async fn look(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        let reached = Self::connect(context, document, verb).await?;
        match reached.access.identity().await {
            Err(error) if is_forbidden(&error) => Ok(reached),
            cluster => reached.known_as(cluster?, document),
        }
    }

    async fn connect(context: &Context, document: &HubDocument, verb: &str) -> Result<Self> {
        let access = Access::to(context, document, verb).await?;
        Ok(Self { access, journal: Journal::look(&folder(context, document)?) })
    }

    fn known_as(mut self, cluster: String, document: &HubDocument) -> Result<Self> {
        self.access.cluster = cluster;
        refuse_other_cluster(&self.access, &document.hub.provider, &self.journal)?;
        Ok(self)
    }
}
