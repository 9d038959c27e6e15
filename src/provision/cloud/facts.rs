//! How a hub's cluster and its pools are, in the cloud's own words.

use jiff::Timestamp;
use serde::Serialize;

use super::site::refuse_other_account;
use crate::cloud::{Cloud, Health, Live, Pool, SupportTier};
use crate::config::HubDocument;
use crate::context::Context;
use crate::error::Result;

/// What a cloud says of a hub.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// The account or project.
    pub account: String,
    /// The region.
    pub region: String,
    /// The cluster; none when it is not there.
    pub cluster: Option<ClusterFacts>,
    /// Its node pools.
    pub pools: Vec<PoolFacts>,
}

/// What a cloud says of a cluster.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterFacts {
    /// How the cloud names it.
    pub id: String,
    /// The version of Kubernetes.
    pub version: String,
    /// How it is, in words; empty when it is well.
    pub trouble: String,
    /// Whether its version is in the more expensive extended support.
    pub extended_support: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// What a cloud says of a node pool.
#[derive(Clone, Debug, Serialize)]
pub struct PoolFacts {
    /// Its name.
    pub name: String,
    /// Its machine types.
    pub machines: Vec<String>,
    /// Whether its machines are spare capacity that may be taken back.
    pub spot: bool,
    /// The fewest, wanted and most nodes.
    pub min: u32,
    /// The nodes that are wanted now, where the cloud says.
    pub size: Option<u32>,
    /// The most nodes.
    pub max: u32,
    /// The version of Kubernetes of its nodes.
    pub version: String,
    /// How it is, in words; empty when it is well.
    pub trouble: String,
}

impl Facts {
    /// Asks the cloud.
    ///
    /// # Errors
    /// When the account is another one or the cloud does not answer.
    pub async fn look(context: &Context, document: &HubDocument) -> Result<Self> {
        let cloud = Live::open(context, &document.hub.provider).await?;
        let identity = cloud.whoami().await?;
        refuse_other_account(&document.hub.provider, &identity)?;
        let (account, region) = (identity.account, cloud.region().to_owned());
        let Some(cluster) = cloud.cluster(document.hub.name.as_str()).await? else {
            return Ok(Self { account, region, cluster: None, pools: Vec::new() });
        };
        let pools = cloud.pools(&cluster).await?.into_iter().map(PoolFacts::of).collect();
        let facts = ClusterFacts {
            id: cluster.id,
            version: cluster.version,
            trouble: trouble(&cluster.health, &[]),
            extended_support: cluster.support == SupportTier::Extended,
            created: cluster.created,
        };
        Ok(Self { account, region, cluster: Some(facts), pools })
    }

    /// What is not as it should be.
    pub fn missing(&self) -> Vec<String> {
        let of_cluster = self.cluster.iter().map(|cluster| ("the cluster".to_owned(), &cluster.trouble));
        let of_pools = self.pools.iter().map(|pool| (format!("the pool {}", pool.name), &pool.trouble));
        let all = of_cluster.chain(of_pools).filter(|(_, trouble)| !trouble.is_empty());
        all.map(|(what, trouble)| format!("{what}: {trouble}")).collect()
    }

    /// Whether the cluster can be asked how it is.
    pub fn has_cluster(&self) -> bool {
        self.cluster.is_some()
    }
}

impl PoolFacts {
    fn of(pool: Pool) -> Self {
        Self {
            trouble: trouble(&pool.health, &pool.problems),
            name: pool.name,
            machines: pool.machines,
            spot: pool.spot,
            min: pool.min,
            size: pool.size,
            max: pool.max,
            version: pool.version,
        }
    }
}

fn trouble(health: &Health, problems: &[String]) -> String {
    let own = match health {
        Health::Ready => None,
        Health::Creating => Some("is being made".to_owned()),
        Health::Updating => Some("is being changed".to_owned()),
        Health::Deleting => Some("is being removed".to_owned()),
        Health::Broken(why) => Some(why.clone()),
    };
    own.into_iter().chain(problems.iter().cloned()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_is_no_trouble() {
        assert_eq!(trouble(&Health::Ready, &[]), "");
        assert_eq!(trouble(&Health::Ready, &["no capacity".to_owned()]), "no capacity");
        assert_eq!(trouble(&Health::Broken("gone".to_owned()), &["x".to_owned()]), "gone; x");
    }
}
