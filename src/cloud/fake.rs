//! A cloud in memory, for tests of callers.

mod buckets;
mod clusters;
mod identity;
mod leftovers;
mod quotas;
mod session;
mod zones;

pub use session::{Fake, World};

use super::{
    Bucket, Cloud, Cluster, Hub, Identity, Leftover, Need, Offered, Pool, Quota, Removal, Service, Token,
    Zone,
};
use crate::catalog::Provider;
use crate::error::Result;

impl Cloud for Fake {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn region(&self) -> &str {
        &self.region
    }

    async fn whoami(&self) -> Result<Identity> {
        self.whoami_now()
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>> {
        self.cluster_now(name)
    }

    async fn pools(&self, cluster: &Cluster) -> Result<Vec<Pool>> {
        self.pools_now(cluster)
    }

    async fn token(&self, cluster: &Cluster) -> Result<Token> {
        self.token_now(cluster)
    }

    async fn versions(&self) -> Result<Vec<Offered>> {
        self.versions_now()
    }

    async fn bucket(&self, name: &str) -> Result<Option<Bucket>> {
        self.bucket_now(name)
    }

    async fn empty_bucket(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64> {
        self.empty_now(bucket, hub, told)
    }

    async fn remove_bucket(&self, bucket: &Bucket, hub: &str) -> Result<()> {
        self.remove_bucket_now(bucket, hub)
    }

    async fn leftovers(&self, hub: &Hub) -> Result<Vec<Leftover>> {
        self.leftovers_now(hub)
    }

    async fn remove(&self, leftover: &Leftover) -> Result<Removal> {
        self.remove_now(leftover)
    }

    async fn quotas(&self, need: &Need) -> Result<Vec<Quota>> {
        self.quotas_now(need)
    }

    async fn services(&self) -> Result<Vec<Service>> {
        self.services_now()
    }

    async fn zone(&self, name: &str) -> Result<Option<Zone>> {
        self.zone_now(name)
    }
}
