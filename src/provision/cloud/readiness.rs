//! Whether an account is ready for a hub: whose it is, what is switched on, what it allows.

use super::delegation::public_zone;
use super::need::need;
use super::site::refuse_other_account;
use crate::cloud::{Cloud, Identity, Live, Offered, Quota, Service, Zone};
use crate::config::{Dns, HubDocument};
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
    /// Where the hub's name leads; none when it has none.
    pub name: Option<HubName>,
}

/// A hub's name in the name system.
pub struct HubName {
    /// The domain.
    pub domain: String,
    /// The zone that the hub file names, and what it is in the account.
    pub zone: Option<(String, Result<Option<Zone>>)>,
    /// The zone to which the public name system leads.
    pub public: Result<Option<Zone>>,
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
    let name = match &hub.domain {
        Some(domain) => Some(hub_name(context, &cloud, domain.as_str(), hub.dns.as_ref()).await),
        None => None,
    };
    Ok(Readiness {
        other: refuse_other_account(&hub.provider, &identity).err(),
        quotas: cloud.quotas(&need).await,
        has_cluster: found.map(|found| found.is_some()),
        identity,
        services,
        versions,
        name,
    })
}

async fn hub_name(context: &Context, cloud: &Live, domain: &str, dns: Option<&Dns>) -> HubName {
    let zone = match dns.map(|dns| dns.zone.to_string()) {
        Some(name) => {
            let found = cloud.zone(&name).await;
            Some((name, found))
        }
        None => None,
    };
    HubName { domain: domain.to_owned(), zone, public: public_zone(context, domain).await }
}
