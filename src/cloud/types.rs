//! What a cloud says of identities, clusters, pools, versions and buckets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::error::{Error, Result};

/// Whose credentials are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account (AWS, twelve digits) or the project's ID (Google Cloud).
    pub account: String,
    /// The person or role: an ARN, or an e-mail address.
    pub principal: String,
}

/// How a cluster or a pool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is being made.
    Creating,
    /// It works.
    Ready,
    /// It works, and is being changed.
    Updating,
    /// It is being deleted.
    Deleting,
    /// It does not work, in the cloud's words.
    Broken(String),
}

/// Which support a cluster's version has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupportTier {
    /// At the usual price.
    Standard,
    /// At the higher price of an old version.
    Extended,
    /// The cloud does not say.
    Unknown,
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The name.
    pub name: String,
    /// What no two clusters share: the ARN, or Google Cloud's ID. A cluster of the same name that
    /// was made later has another one on Google Cloud, and another `created` on both.
    pub id: String,
    /// The address of the API server, with `https://`; empty while it is being made.
    pub endpoint: String,
    /// The authority of the API server's certificate, PEM in base64 as kubeconfigs have it.
    pub authority: String,
    /// The version of Kubernetes, such as `1.35` (EKS) or `1.35.2-gke.1100000` (GKE).
    pub version: String,
    /// How it is.
    pub health: Health,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Which support its version has, as far as the cloud itself says.
    pub support: SupportTier,
    /// Where its nodes may be: zones.
    pub zones: Vec<String>,
    /// The issuer of its service accounts' tokens, where the cloud trusts one.
    pub issuer: Option<String>,
    /// Its tags (AWS) or labels (Google Cloud).
    pub tags: BTreeMap<String, String>,
}

/// A taint of a pool's nodes, as Kubernetes writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value; often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// A node pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The name.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// The version of Kubernetes of its nodes.
    pub version: String,
    /// Its machine types.
    pub machines: Vec<String>,
    /// Whether its machines are spare capacity that may be taken back.
    pub spot: bool,
    /// The fewest nodes.
    pub min: u32,
    /// The most nodes, over all zones.
    pub max: u32,
    /// The nodes that are wanted now, where the cloud says.
    pub size: Option<u32>,
    /// Its zones (Google Cloud) or subnets (AWS), where the cloud says.
    pub zones: Vec<String>,
    /// The labels of its nodes.
    pub labels: BTreeMap<String, String>,
    /// The taints of its nodes.
    pub taints: Vec<Taint>,
    /// What the cloud finds wrong with it, in words.
    pub problems: Vec<String>,
}

/// A minor version of Kubernetes that the cloud offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The minor version, such as `1.35`.
    pub version: String,
    /// Whether a cluster gets it when none is named.
    pub default: bool,
    /// The last day of standard support, where the API tells it.
    pub standard_until: Option<Date>,
    /// The last day of extended support, where the API tells it.
    pub extended_until: Option<Date>,
}

/// A bucket of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The name.
    pub name: String,
    /// The region, or Google Cloud's location, in lower case.
    pub region: String,
    /// Whether it keeps overwritten and deleted objects.
    pub versioned: bool,
    /// The hub whose tag or label it carries.
    pub hub: Option<String>,
}

/// A public zone of names that the account holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// The domain that it holds, without a dot at the end.
    pub domain: String,
    /// The name servers that the cloud gave it, without a dot at the end, sorted.
    pub servers: Vec<String>,
}

impl Zone {
    /// A zone as an API tells it.
    pub fn new(domain: &str, servers: impl IntoIterator<Item = String>) -> Self {
        let plain = |name: &str| name.trim_end_matches('.').to_lowercase();
        let mut servers: Vec<_> = servers.into_iter().map(|name| plain(&name)).collect();
        servers.sort_unstable();
        Self { domain: plain(domain), servers }
    }
}

/// Something that must be switched on in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name: an API of Google Cloud, or a region of AWS.
    pub name: String,
    /// What it is needed for.
    pub purpose: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Whether `up` switches it on where the hub file needs it.
    pub by_up: bool,
    /// What switches it on.
    pub fix: String,
}

impl Bucket {
    /// Refuses to change a bucket that is not a hub's.
    ///
    /// # Errors
    /// When it carries no tag of a hub, or another hub's.
    pub(super) fn must_be_of(&self, hub: &str) -> Result<()> {
        match self.hub.as_deref() {
            Some(owner) if owner == hub => Ok(()),
            Some(owner) => Err(Error::failed(format!("the bucket {} belongs to the hub {owner}", self.name))
                .hint("nothing in it was changed")),
            None => Err(Error::failed(format!("the bucket {} does not carry the tag of a hub", self.name))
                .hint("nothing in it was changed; empty it yourself if it is no longer needed")),
        }
    }
}
