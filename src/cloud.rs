//! The clouds as they are now: clusters, pools, what a hub leaves behind, what an account allows.
//!
//! [`Cloud`] is what a caller sees. `aws`, `gcp` and `fake` have the same file names, and one
//! conformance suite (`tests/clouds.rs`) holds for all three. Nothing here makes anything:
//! Terraform does. What is removed here is what Terraform no longer knows of, and the buckets
//! that frazil made itself.
//!
//! A cloud is asked for what is there, page by page to the last; no record is believed.

#[cfg(feature = "aws")]
pub mod aws;
mod client;
pub mod fake;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod http;
mod leftover;
mod live;
#[cfg(any(feature = "aws", feature = "gcp"))]
pub mod objects;
pub mod policy;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod prices;
mod quota;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod read;
mod rights;
#[cfg(any(feature = "aws", feature = "gcp"))]
mod store_client;
mod sweep;
mod token;
mod types;

pub use client::{client, kubeconfig};
pub use leftover::{Belongs, Hub, Kind, Leftover, Record, Removal, Way};
pub use live::Live;
pub use policy::Purpose;
pub use quota::{Need, PoolNeed, Quota};
pub use rights::rights;
pub use sweep::{Swept, sweep};
pub use token::{Renewing, Token, TokenSource};
pub use types::{Bucket, Cluster, Health, Identity, Offered, Pool, Service, SupportTier, Taint, Zone};

use std::future::Future;

use crate::catalog::Provider;
use crate::error::Result;

/// A cloud in one region, with somebody's credentials. A copy reaches the same one.
pub trait Cloud: Clone + Send + Sync + 'static {
    /// Which cloud it is; prices come from that one's tables.
    fn provider(&self) -> Provider;

    /// The region that is looked at.
    fn region(&self) -> &str;

    /// Whose credentials these are. The caller compares the account with the one that the hub
    /// file pins.
    ///
    /// # Errors
    /// When there are no credentials, they have expired, or the cloud does not answer.
    fn whoami(&self) -> impl Future<Output = Result<Identity>> + Send;

    /// A cluster by its name.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn cluster(&self, name: &str) -> impl Future<Output = Result<Option<Cluster>>> + Send;

    /// The node pools of a cluster, sorted by name.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn pools(&self, cluster: &Cluster) -> impl Future<Output = Result<Vec<Pool>>> + Send;

    /// A token that the cluster's API server takes.
    ///
    /// # Errors
    /// When there are no credentials, or they have expired.
    fn token(&self, cluster: &Cluster) -> impl Future<Output = Result<Token>> + Send;

    /// The minor versions of Kubernetes that a new cluster may have, newest first.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn versions(&self) -> impl Future<Output = Result<Vec<Offered>>> + Send;

    /// A bucket by its name; `None` when nobody has one of that name.
    ///
    /// # Errors
    /// When it is somebody else's, or the cloud refuses or does not answer.
    fn bucket(&self, name: &str) -> impl Future<Output = Result<Option<Bucket>>> + Send;

    /// Deletes what is in a bucket of the hub: objects, their versions, uploads that were never
    /// finished. `told` hears how many are gone so far. The count of all is returned.
    ///
    /// # Errors
    /// When the bucket is not labelled as the hub's, or the cloud refuses or does not answer.
    fn empty_bucket(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Deletes an empty bucket of the hub. One that is gone already is fine.
    ///
    /// # Errors
    /// When the bucket is not labelled as the hub's or not empty, or the cloud refuses.
    fn remove_bucket(&self, bucket: &Bucket, hub: &str) -> impl Future<Output = Result<()>> + Send;

    /// Everything of a hub that is there, in the order in which it can be removed.
    ///
    /// # Errors
    /// When the cloud refuses to say, or does not answer: what could not be looked at is never
    /// taken for gone.
    fn leftovers(&self, hub: &Hub) -> impl Future<Output = Result<Vec<Leftover>>> + Send;

    /// Removes a leftover. One that is gone already is fine.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn remove(&self, leftover: &Leftover) -> impl Future<Output = Result<Removal>> + Send;

    /// What the account allows, beside what is needed; only what the need touches.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn quotas(&self, need: &Need) -> impl Future<Output = Result<Vec<Quota>>> + Send;

    /// What must be switched on in the account before a hub can be made, and whether it is.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn services(&self) -> impl Future<Output = Result<Vec<Service>>> + Send;

    /// A public zone of the account, as the cloud calls it: by its domain on AWS, by its name on
    /// Google Cloud. `None` when there is none of that name.
    ///
    /// # Errors
    /// When the cloud refuses or does not answer.
    fn zone(&self, name: &str) -> impl Future<Output = Result<Option<Zone>>> + Send;
}
