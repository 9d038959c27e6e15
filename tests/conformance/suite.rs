//! What every cloud has to do, whichever it is.

use std::collections::BTreeSet;
use std::time::Duration;

use frazil::cloud::{Cloud, Health, Hub, Kind, Leftover, Need, PoolNeed, Removal, Way, sweep};

/// The hub of the suite, and one whose name begins alike.
pub(crate) const HUB: &str = "lab";
pub(crate) const OTHER: &str = "lab-2";
/// Objects in the bucket of the suite, all versions counted.
pub(crate) const OBJECTS: u64 = 5;

/// A cloud that a test can fill.
pub(crate) trait World {
    type Cloud: Cloud;

    fn cloud(&self) -> &Self::Cloud;
    /// The account or project.
    fn account(&self) -> &str;
    /// A cluster of a hub with the pools `core` and `dask`: the latter on spot machines, from 0 to 6
    /// nodes, tainted for Dask's workers.
    async fn make_cluster(&self, hub: &str);
    /// A bucket with versions and [`OBJECTS`] objects, of a hub or of none.
    async fn make_bucket(&self, name: &str, hub: Option<&str>);
    /// Whether a bucket is there.
    async fn has_bucket(&self, name: &str) -> bool;
    /// What a hub leaves, and what another one of a similar name leaves. Told are the kind and the
    /// name of each thing of the first.
    async fn make_leftovers(&self) -> Vec<(Kind, String)>;
    /// A public zone of a domain; told is how the cloud calls it.
    async fn make_zone(&self, domain: &str) -> String;
    /// A need that fits, and one that does not.
    fn needs(&self) -> (Need, Need) {
        let pool = |nodes| PoolNeed {
            name: "user".to_owned(),
            machines: vec![self.machine().to_owned()],
            nodes,
            vcpus: 8,
            spot: false,
            gpus: 0,
            gpu: String::new(),
        };
        let need = |nodes| Need { pools: vec![pool(nodes)], networks: 1, addresses: 1, ..Need::default() };
        (need(2), need(5_000))
    }
    /// A machine type with 8 vCPUs.
    fn machine(&self) -> &str;
}

/// Everything that asks about what is there.
pub(crate) async fn asks<W: World>(world: &W) {
    let cloud = world.cloud();
    let who = cloud.whoami().await.unwrap();
    assert_eq!(who.account, world.account());
    assert!(!who.principal.is_empty());
    assert_eq!(cloud.cluster("nobody").await.unwrap(), None);

    world.make_cluster(HUB).await;
    let cluster = ready(cloud, HUB).await;
    assert_eq!(cluster.name, HUB);
    assert!(cluster.endpoint.starts_with("https://"), "{}", cluster.endpoint);
    assert!(cluster.version.starts_with("1."), "{}", cluster.version);
    assert!(!cluster.id.is_empty());
    assert!(cluster.tags.values().any(|value| value == HUB), "{:?}", cluster.tags);
    assert_eq!(cloud.cluster(HUB).await.unwrap().unwrap().id, cluster.id);

    let pools = cloud.pools(&cluster).await.unwrap();
    let names: Vec<_> = pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(names, ["core", "dask"]);
    let dask = &pools[1];
    assert!(dask.spot && !pools[0].spot);
    assert_eq!((dask.min, dask.max), (0, 6));
    assert_eq!(dask.labels["k8s.dask.org/node-purpose"], "worker");
    let taint = &dask.taints[0];
    assert_eq!((taint.key.as_str(), taint.value.as_str()), ("k8s.dask.org/dedicated", "worker"));
    assert_eq!(taint.effect, "NoSchedule");

    let versions = cloud.versions().await.unwrap();
    let minors: Vec<u32> =
        versions.iter().map(|one| one.version.strip_prefix("1.").unwrap().parse().unwrap()).collect();
    assert!(minors.len() > 1 && minors.is_sorted_by(|a, b| a > b), "{minors:?}");
    assert!(versions.iter().filter(|one| one.default).count() <= 1);

    let token = cloud.token(&cluster).await.unwrap();
    assert!(!token.secret().is_empty() && !format!("{token:?}").contains(token.secret()));
    let now = frazil::context::Context::from_process().now();
    assert!(token.expires() > now);

    let services = cloud.services().await.unwrap();
    assert!(services.iter().all(|service| !service.name.is_empty() && !service.fix.is_empty()));
}

/// Waits until a cluster is ready.
async fn ready<C: Cloud>(cloud: &C, name: &str) -> frazil::cloud::Cluster {
    for _ in 0..20 {
        let cluster = cloud.cluster(name).await.unwrap().unwrap();
        if cluster.health == Health::Ready {
            return cluster;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{name} does not become ready");
}

/// Public zones of names.
pub(crate) async fn zones<W: World>(world: &W) {
    let cloud = world.cloud();
    let other = world.make_zone("a.example.org").await;
    let called = world.make_zone("example.org").await;
    let zone = cloud.zone(&called).await.unwrap().unwrap();
    assert_eq!(zone.domain, "example.org");
    assert!(!zone.servers.is_empty());
    assert!(zone.servers.iter().all(|server| !server.ends_with('.')), "{:?}", zone.servers);
    assert_eq!(cloud.zone(&other).await.unwrap().unwrap().domain, "a.example.org");
    // One below or beside a zone is another one.
    assert_eq!(cloud.zone(&format!("b{called}")).await.unwrap(), None);
}

/// Buckets are the hub's or nobody's business.
pub(crate) async fn buckets<W: World>(world: &W) {
    let cloud = world.cloud();
    assert_eq!(cloud.bucket("lab-none-scratch").await.unwrap(), None);
    world.make_bucket("lab-own-scratch", Some(HUB)).await;
    world.make_bucket("lab-theirs", None).await;
    let own = cloud.bucket("lab-own-scratch").await.unwrap().unwrap();
    assert_eq!(own.hub.as_deref(), Some(HUB));
    assert!(own.versioned);
    assert_eq!(own.region, cloud.region());

    let theirs = cloud.bucket("lab-theirs").await.unwrap().unwrap();
    assert_eq!(theirs.hub, None);
    assert!(cloud.empty_bucket(&theirs, HUB, &mut |_| ()).await.is_err());
    assert!(cloud.remove_bucket(&theirs, HUB).await.is_err());
    assert!(cloud.empty_bucket(&own, OTHER, &mut |_| ()).await.is_err());

    assert!(cloud.remove_bucket(&own, HUB).await.is_err(), "it is not empty");
    let mut told = Vec::new();
    let gone = cloud.empty_bucket(&own, HUB, &mut |count| told.push(count)).await.unwrap();
    assert_eq!(gone, OBJECTS, "every version counts");
    assert!(told.is_sorted() && told.last() == Some(&OBJECTS), "{told:?}");
    assert_eq!(cloud.empty_bucket(&own, HUB, &mut |_| ()).await.unwrap(), 0);
    cloud.remove_bucket(&own, HUB).await.unwrap();
    cloud.remove_bucket(&own, HUB).await.unwrap();
    assert_eq!(cloud.bucket("lab-own-scratch").await.unwrap(), None);
    assert!(world.has_bucket("lab-theirs").await);
}

/// Every leftover is found, told once, and removed; what is another hub's stays.
pub(crate) async fn leftovers<W: World>(world: &W, seeded: Vec<(Kind, String)>) {
    let cloud = world.cloud();
    let (hub, other) = (Hub::new(HUB), Hub::new(OTHER));
    let expected: BTreeSet<_> = seeded.into_iter().collect();
    let found = cloud.leftovers(&hub).await.unwrap();
    let told: BTreeSet<_> = found.iter().map(|one| (one.kind, one.name.clone())).collect();
    let missing: Vec<_> = expected.difference(&told).collect();
    assert!(missing.is_empty(), "not found: {missing:?}");
    // What the cloud made along with it may be told too; nothing of the other hub may.
    let theirs = cloud.leftovers(&other).await.unwrap();
    assert!(!theirs.is_empty());
    let ids: BTreeSet<_> = theirs.iter().map(|one| &one.id).collect();
    assert!(found.iter().all(|one| !ids.contains(&one.id)));
    assert!(found.is_sorted_by(|a, b| a.kind <= b.kind));
    let unique: BTreeSet<_> = found.iter().map(|one| &one.id).collect();
    assert_eq!(unique.len(), found.len());
    priced(&found);

    let gone = found.iter().find(|one| one.kind == Kind::Disk && one.way == Way::Remove).unwrap().clone();
    let pace = (Duration::from_mins(1), Duration::from_millis(20));
    let mut words = Vec::new();
    let mut told = |one: &Leftover, removal: &frazil::error::Result<Removal>| {
        words.push(format!("{} {}: {removal:?}", one.kind, one.name));
    };
    let swept = sweep(cloud, &hub, &|_| true, pace, &mut told).await.unwrap();
    let left: Vec<_> = swept.left.iter().filter(|(one, _)| !matches!(one.way, Way::ByHand(_))).collect();
    let last = words.get(words.len().saturating_sub(40)..).unwrap_or_default();
    assert!(left.is_empty(), "{left:#?}\n{}", last.join("\n"));
    assert_eq!(cloud.remove(&gone).await.unwrap(), Removal::Gone, "gone already is fine");
    let after = cloud.leftovers(&other).await.unwrap();
    assert_eq!(after.len(), theirs.len(), "{after:#?}");
}

/// What bills by the hour or the gigabyte has a price.
fn priced(found: &[Leftover]) {
    for one in found {
        let billed = match one.kind {
            Kind::Disk | Kind::LoadBalancer | Kind::ForwardingRule | Kind::Nat => true,
            Kind::Cluster => !one.note.is_empty(),
            _ => false,
        };
        assert!(!billed || one.monthly.is_some(), "{one:?}");
    }
}

/// What is needed stands beside what is allowed.
pub(crate) async fn quotas<W: World>(world: &W) {
    let (small, large) = world.needs();
    let fits = world.cloud().quotas(&small).await.unwrap();
    assert!(!fits.is_empty());
    for quota in &fits {
        assert!(quota.suffices(), "{quota:?}");
        assert!(!quota.name.is_empty() && !quota.code.is_empty() && quota.needed > 0);
    }
    let not = world.cloud().quotas(&large).await.unwrap();
    assert!(not.iter().any(|quota| !quota.suffices()), "{not:?}");
    assert_eq!(world.cloud().quotas(&Need::default()).await.unwrap(), []);
}
