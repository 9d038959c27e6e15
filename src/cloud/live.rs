//! One type for whichever cloud a hub file names.

use super::fake::Fake;
use super::{
    Bucket, Cloud, Cluster, Hub, Identity, Leftover, Need, Offered, Pool, Quota, Removal, Service, Token,
    Zone,
};
use crate::catalog;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result};

/// A cloud that a hub file names.
#[derive(Clone)]
pub enum Live {
    /// Amazon Web Services.
    #[cfg(feature = "aws")]
    Aws(super::aws::Aws),
    /// Google Cloud.
    #[cfg(feature = "gcp")]
    Gcp(super::gcp::Gcp),
    /// One in memory, for tests.
    Fake(Fake),
}

impl Live {
    /// The cloud of a hub's provider, with the credentials of the environment. Nothing is asked yet.
    ///
    /// # Errors
    /// When the provider is no cloud, this build has no support of it, or there are no credentials.
    #[cfg_attr(
        not(any(feature = "aws", feature = "gcp")),
        expect(unused_variables, reason = "no cloud is built in")
    )]
    pub async fn open(context: &Context, provider: &Provider) -> Result<Self> {
        match provider {
            #[cfg(feature = "aws")]
            Provider::Aws(aws) => Ok(Self::Aws(super::aws::Aws::open(context, aws.region.as_str()).await?)),
            #[cfg(feature = "gcp")]
            Provider::Gcp(gcp) => {
                Ok(Self::Gcp(super::gcp::Gcp::open(context, gcp.project.as_str(), gcp.region.as_str())?))
            }
            #[cfg(not(feature = "aws"))]
            Provider::Aws(_) => Err(left_out(provider)),
            #[cfg(not(feature = "gcp"))]
            Provider::Gcp(_) => Err(left_out(provider)),
            Provider::Kubernetes(_) | Provider::Local(_) => {
                Err(Error::failed(format!("the provider {} is no cloud", provider.key())))
            }
        }
    }

    /// How Terraform's `import` names a part of something that no list of a hub's things tells: by its
    /// type, and the arguments that Terraform would make it with.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    #[cfg_attr(
        not(any(feature = "aws", feature = "gcp")),
        expect(unused_variables, clippy::unused_async, reason = "no cloud is built in")
    )]
    pub async fn part(&self, kind: &str, hub: &str, arguments: &serde_json::Value) -> Result<Option<String>> {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.part(kind, hub, arguments).await,
            #[cfg(feature = "gcp")]
            Self::Gcp(gcp) => gcp.part(kind, arguments).await,
            Self::Fake(_) => Ok(None),
        }
    }
}

#[cfg(not(all(feature = "aws", feature = "gcp")))]
fn left_out(provider: &Provider) -> Error {
    Error::failed(format!("this frazil was built without {}", provider.key()))
        .hint("build it with its default features")
}

macro_rules! whichever {
    ($self:ident, $cloud:ident => $call:expr) => {
        match $self {
            #[cfg(feature = "aws")]
            Self::Aws($cloud) => $call,
            #[cfg(feature = "gcp")]
            Self::Gcp($cloud) => $call,
            Self::Fake($cloud) => $call,
        }
    };
}

impl Cloud for Live {
    fn provider(&self) -> catalog::Provider {
        whichever!(self, cloud => cloud.provider())
    }

    fn region(&self) -> &str {
        whichever!(self, cloud => cloud.region())
    }

    async fn whoami(&self) -> Result<Identity> {
        whichever!(self, cloud => cloud.whoami().await)
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>> {
        whichever!(self, cloud => cloud.cluster(name).await)
    }

    async fn pools(&self, cluster: &Cluster) -> Result<Vec<Pool>> {
        whichever!(self, cloud => cloud.pools(cluster).await)
    }

    async fn token(&self, cluster: &Cluster) -> Result<Token> {
        whichever!(self, cloud => cloud.token(cluster).await)
    }

    async fn versions(&self) -> Result<Vec<Offered>> {
        whichever!(self, cloud => cloud.versions().await)
    }

    async fn bucket(&self, name: &str) -> Result<Option<Bucket>> {
        whichever!(self, cloud => cloud.bucket(name).await)
    }

    async fn empty_bucket(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64> {
        whichever!(self, cloud => cloud.empty_bucket(bucket, hub, told).await)
    }

    async fn remove_bucket(&self, bucket: &Bucket, hub: &str) -> Result<()> {
        whichever!(self, cloud => cloud.remove_bucket(bucket, hub).await)
    }

    async fn leftovers(&self, hub: &Hub) -> Result<Vec<Leftover>> {
        whichever!(self, cloud => cloud.leftovers(hub).await)
    }

    async fn remove(&self, leftover: &Leftover) -> Result<Removal> {
        whichever!(self, cloud => cloud.remove(leftover).await)
    }

    async fn quotas(&self, need: &Need) -> Result<Vec<Quota>> {
        whichever!(self, cloud => cloud.quotas(need).await)
    }

    async fn services(&self) -> Result<Vec<Service>> {
        whichever!(self, cloud => cloud.services().await)
    }

    async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        whichever!(self, cloud => cloud.zone(name).await)
    }
}
