//! Google Cloud: GKE by its client library, everything else by REST requests of our own.
//!
//! Each call is named with its page of the API's REST reference.

mod balancers;
mod bills;
mod buckets;
mod clusters;
mod identity;
mod leftovers;
mod login;
mod marks;
pub(super) mod objects;
mod others;
pub mod policy;
mod queries;
mod quotas;
mod records;
mod removal;
mod session;
mod zones;

pub use queries::{BigFacts, BigQuery, BigRows, BigTable};
pub use session::Gcp;

use super::{
    Bucket, Cloud, Cluster, Hub, Identity, Leftover, Need, Offered, Pool, Quota, Removal, Service, Token,
    Zone,
};
use crate::catalog::Provider;
use crate::error::Result;

/// The label that Terraform and the cluster's controllers put on everything of a hub.
pub const HUB_LABEL: &str = "frazil-hub";

impl Cloud for Gcp {
    fn provider(&self) -> Provider {
        Provider::Gcp
    }

    fn region(&self) -> &str {
        self.region_name()
    }

    async fn whoami(&self) -> Result<Identity> {
        self.or_explain(self.caller().await)
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>> {
        self.or_explain(self.get_cluster(name).await)
    }

    async fn pools(&self, cluster: &Cluster) -> Result<Vec<Pool>> {
        self.or_explain(self.node_pools(&cluster.name).await)
    }

    async fn token(&self, _: &Cluster) -> Result<Token> {
        self.login().token().await
    }

    async fn versions(&self) -> Result<Vec<Offered>> {
        self.or_explain(self.offered_versions().await)
    }

    async fn bucket(&self, name: &str) -> Result<Option<Bucket>> {
        self.or_explain(self.get_bucket(name).await)
    }

    async fn empty_bucket(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64> {
        bucket.must_be_of(hub)?;
        self.or_explain(self.delete_objects(&bucket.name, told).await)
    }

    async fn remove_bucket(&self, bucket: &Bucket, hub: &str) -> Result<()> {
        bucket.must_be_of(hub)?;
        self.or_explain(self.delete_bucket(&bucket.name).await)
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
        self.or_explain(self.api_states().await)
    }

    async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        self.or_explain(self.managed_zone(name).await)
    }
}
