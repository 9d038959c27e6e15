//! What is in the cloud in memory, and the calls that fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::catalog::Provider;
use crate::cloud::{
    Bucket, Cluster, Health, Identity, Leftover, Offered, Pool, Quota, Service, SupportTier, Zone,
};
use crate::error::{Error, Result};

/// What is in the cloud.
#[derive(Clone, Debug)]
pub struct World {
    /// Whose credentials are used.
    pub identity: Identity,
    /// The clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// The pools by their cluster's name.
    pub pools: BTreeMap<String, Vec<Pool>>,
    /// The versions on offer.
    pub versions: Vec<Offered>,
    /// The buckets by name, each with its count of objects.
    pub buckets: BTreeMap<String, (Bucket, u64)>,
    /// What hubs left, by the hub's name.
    pub leftovers: BTreeMap<String, Vec<Leftover>>,
    /// IDs of leftovers, and what holds each: IDs, or words for something unknown.
    pub held: BTreeMap<String, Vec<String>>,
    /// IDs of leftovers that take this many calls to go.
    pub slow: BTreeMap<String, u32>,
    /// The limits.
    pub quotas: Vec<Quota>,
    /// What must be switched on.
    pub services: Vec<Service>,
    /// The public zones, as the cloud calls them.
    pub zones: BTreeMap<String, Zone>,
    /// How long a token is valid.
    pub token_lasts: SignedDuration,
    /// The tokens that were given out.
    pub tokens: u32,
    /// Calls that fail, by name, and what they say.
    pub faults: BTreeMap<String, String>,
    /// The calls so far, oldest first.
    pub calls: Vec<String>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            identity: Identity {
                account: "123456789012".to_owned(),
                principal: "arn:aws:iam::123456789012:user/fake".to_owned(),
            },
            clusters: BTreeMap::new(),
            pools: BTreeMap::new(),
            versions: Vec::new(),
            buckets: BTreeMap::new(),
            leftovers: BTreeMap::new(),
            held: BTreeMap::new(),
            slow: BTreeMap::new(),
            quotas: Vec::new(),
            services: Vec::new(),
            zones: BTreeMap::new(),
            token_lasts: SignedDuration::from_mins(14),
            tokens: 0,
            faults: BTreeMap::new(),
            calls: Vec::new(),
        }
    }
}

/// A cloud in memory. Copies share what is in it.
#[derive(Clone, Debug)]
pub struct Fake {
    pub(super) provider: Provider,
    pub(super) region: String,
    world: Arc<Mutex<World>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new(Provider::Aws, "us-west-2")
    }
}

impl Fake {
    /// An empty cloud.
    pub fn new(provider: Provider, region: &str) -> Self {
        Self { provider, region: region.to_owned(), world: Arc::default() }
    }

    /// A cloud with one cluster that works.
    pub fn with_cluster(name: &str) -> Self {
        let fake = Self::default();
        let cluster = Cluster {
            name: name.to_owned(),
            id: format!("arn:aws:eks:us-west-2:123456789012:cluster/{name}"),
            endpoint: "https://127.0.0.1:6443".to_owned(),
            authority: String::new(),
            version: "1.35".to_owned(),
            health: Health::Ready,
            created: Some(Timestamp::UNIX_EPOCH),
            support: SupportTier::Standard,
            zones: vec!["us-west-2a".to_owned(), "us-west-2b".to_owned()],
            issuer: None,
            tags: BTreeMap::from([("frazil:hub".to_owned(), name.to_owned())]),
        };
        fake.change(|world| drop(world.clusters.insert(name.to_owned(), cluster)));
        fake
    }

    /// Changes what is in it.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world());
    }

    /// Puts something of a hub there.
    pub fn leave(&self, hub: &str, leftover: Leftover) {
        self.world().leftovers.entry(hub.to_owned()).or_default().push(leftover);
    }

    /// Lets a call fail from now on: `whoami`, or with what it is about, as in `remove vol-1`.
    pub fn fail(&self, call: &str, message: &str) {
        self.world().faults.insert(call.to_owned(), message.to_owned());
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<String> {
        self.world().calls.clone()
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call; an error if it shall fail.
    pub(super) fn called(&self, call: &str, about: &str) -> Result<MutexGuard<'_, World>> {
        let mut world = self.world();
        let whole = if about.is_empty() { call.to_owned() } else { format!("{call} {about}") };
        let fault = world.faults.get(&whole).or_else(|| world.faults.get(call)).cloned();
        world.calls.push(whole);
        match fault {
            Some(message) => Err(Error::failed(message)),
            None => Ok(world),
        }
    }
}
