//! Amazon Web Services: EKS by its SDK, everything else by signed requests of our own.
//!
//! `aws-sdk-ec2` alone is more than a million lines; what is asked here are a few dozen calls,
//! each named with the page of the API reference that describes it.

mod bills;
mod buckets;
mod clusters;
mod costs;
mod elastic;
mod endpoints;
mod identity;
mod leftovers;
mod marks;
pub(super) mod objects;
mod others;
mod parts;
pub mod policy;
mod queries;
mod quotas;
mod records;
mod removal;
mod session;
mod tagged;
mod zones;

pub use costs::{
    BILLED, CostAnswer, CostFilter, CostGroup, CostKey, CostPeriod, CostQuestion, EFFECTIVE, QUANTITY,
};
pub use queries::{AthenaQuery, AthenaRows, AthenaTable, TableFacts};
pub use session::Aws;

use super::{
    Bucket, Cloud, Cluster, Hub, Identity, Leftover, Need, Offered, Pool, Quota, Removal, Service, Token,
    Zone,
};
use crate::catalog::Provider;
use crate::error::Result;

/// The tag that Terraform and the cluster's controllers put on everything of a hub.
pub const HUB_TAG: &str = "frazil:hub";

impl Cloud for Aws {
    fn provider(&self) -> Provider {
        Provider::Aws
    }

    fn region(&self) -> &str {
        self.region_name()
    }

    async fn whoami(&self) -> Result<Identity> {
        self.or_explain(self.caller().await)
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>> {
        self.or_explain(self.describe_cluster(name).await)
    }

    async fn pools(&self, cluster: &Cluster) -> Result<Vec<Pool>> {
        self.or_explain(self.node_groups(&cluster.name).await)
    }

    async fn token(&self, cluster: &Cluster) -> Result<Token> {
        self.cluster_token(&cluster.name).await
    }

    async fn versions(&self) -> Result<Vec<Offered>> {
        self.or_explain(self.cluster_versions().await)
    }

    async fn bucket(&self, name: &str) -> Result<Option<Bucket>> {
        self.or_explain(self.describe_bucket(name).await)
    }

    async fn empty_bucket(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64> {
        bucket.must_be_of(hub)?;
        self.or_explain(self.delete_objects(bucket, told).await)
    }

    async fn remove_bucket(&self, bucket: &Bucket, hub: &str) -> Result<()> {
        bucket.must_be_of(hub)?;
        self.or_explain(self.delete_bucket(bucket).await)
    }

    async fn leftovers(&self, hub: &Hub) -> Result<Vec<Leftover>> {
        self.or_explain(self.everything_of(hub).await)
    }

    async fn remove(&self, leftover: &Leftover) -> Result<Removal> {
        self.or_explain(self.remove_one(leftover).await)
    }

    async fn quotas(&self, need: &Need) -> Result<Vec<Quota>> {
        self.or_explain(self.limits(need).await)
    }

    async fn services(&self) -> Result<Vec<Service>> {
        self.or_explain(self.region_state().await)
    }

    async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        self.or_explain(self.hosted_zone(name).await)
    }
}
