//! Whether an account is ready for a hub: whose it is, what is switched on, what it allows.

use super::need::need;
use super::site::refuse_other_account;
use crate::cloud::{Cloud, Identity, Live, Offered, Quota, Service};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::render::cluster::Cluster;

/// What was found of an account. What may not be asked is an error of its own, so that the rest is told.
pub struct Readiness {
    /// Whose credentials these are.
    pub identity: Identity,
    /// Why that is the wrong account, if it is.
    pub other: Option<Error>,
    /// What has to be switched on.
    pub services: Result<Vec<Service>>,
    /// The versions of Kubernetes that a new cluster may have.
    pub versions: Result<Vec<Offered>>,
    /// What the account allows beside what the hub needs.
    pub quotas: Result<Vec<Quota>>,
    /// Whether the hub has a cluster already.
    pub has_cluster: Result<bool>,
}

/// Asks the cloud; changes nothing.
///
/// # Errors
/// When there are no credentials, the cloud does not answer, or no machine holds a pool.
pub async fn readiness(context: &Context, document: &HubDocument) -> Result<Readiness> {
    let hub = &document.hub;
    let cloud = Live::open(context, &hub.provider).await?;
    let identity = cloud.whoami().await?;
    let cluster = Cluster::new(hub).map_err(|error| Error::failed("no machines").because(error))?;
    let need = need(&cluster, cloud.provider());
    let (services, versions) = (cloud.services().await, cloud.versions().await);
    let found = cloud.cluster(hub.name.as_str()).await;
    Ok(Readiness {
        other: refuse_other_account(&hub.provider, &identity).err(),
        quotas: cloud.quotas(&need).await,
        has_cluster: found.map(|found| found.is_some()),
        identity,
        services,
        versions,
    })
}
