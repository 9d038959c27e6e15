//! The suite on the cloud in memory.

use frazil::catalog::Provider;
use frazil::cloud::fake::Fake;
use frazil::cloud::{
    Belongs, Bucket, Cloud as _, Health, Hub, Kind, Leftover, Need, Offered, Pool, Quota, Service, Taint,
    Way, Zone,
};
use frazil_units::{Amount, Money};

use super::suite::{self, HUB, OBJECTS, OTHER, World};

struct Memory(Fake);

impl World for Memory {
    type Cloud = Fake;

    fn cloud(&self) -> &Fake {
        &self.0
    }

    fn account(&self) -> &'static str {
        "123456789012"
    }

    async fn make_cluster(&self, hub: &str) {
        let made = Fake::with_cluster(hub).cluster(hub).await.unwrap().unwrap();
        let pool = |name: &str, spot: bool| Pool {
            name: name.to_owned(),
            health: Health::Ready,
            version: "1.35".to_owned(),
            machines: vec!["m7i.2xlarge".to_owned()],
            spot,
            min: 0,
            max: 6,
            size: Some(0),
            zones: Vec::new(),
            labels: [("k8s.dask.org/node-purpose".to_owned(), "worker".to_owned())].into(),
            taints: vec![Taint {
                key: "k8s.dask.org/dedicated".to_owned(),
                value: "worker".to_owned(),
                effect: "NoSchedule".to_owned(),
            }],
            problems: Vec::new(),
        };
        let offered = |version: &str, default| Offered {
            version: version.to_owned(),
            default,
            standard_until: None,
            extended_until: None,
        };
        self.0.change(|world| {
            world.clusters.insert(hub.to_owned(), made);
            world.pools.insert(hub.to_owned(), vec![pool("dask", true), pool("core", false)]);
            world.versions = vec![offered("1.36", false), offered("1.35", true)];
            world.services = vec![Service {
                name: "us-west-2".to_owned(),
                purpose: "everything".to_owned(),
                enabled: true,
                by_up: false,
                fix: "enable it".to_owned(),
            }];
        });
    }

    async fn make_bucket(&self, name: &str, hub: Option<&str>) {
        let bucket = Bucket {
            name: name.to_owned(),
            region: "us-west-2".to_owned(),
            versioned: true,
            hub: hub.map(str::to_owned),
        };
        self.0.change(|world| drop(world.buckets.insert(name.to_owned(), (bucket, OBJECTS))));
    }

    async fn has_bucket(&self, name: &str) -> bool {
        self.0.bucket(name).await.unwrap().is_some()
    }

    async fn make_leftovers(&self) -> Vec<(Kind, String)> {
        let dollar = Some(Money::usd(Amount::from_units(1)));
        let kinds = [Kind::Cluster, Kind::LoadBalancer, Kind::Disk, Kind::Network];
        for kind in kinds {
            let id = kind.words().replace(' ', "-");
            self.0.leave(HUB, Leftover::new(kind, id, Belongs::Tag).named(kind.words()).costs(dollar));
        }
        let by_hand = Way::ByHand("wait".to_owned());
        self.0.leave(HUB, Leftover::new(Kind::Key, "key", Belongs::Tag).goes(by_hand));
        self.0.leave(OTHER, Leftover::new(Kind::Disk, "theirs", Belongs::Tag).costs(dollar));
        self.0.change(|world| {
            world.held.insert("network".to_owned(), vec!["load-balancer".to_owned()]);
            world.slow.insert("load-balancer".to_owned(), 1);
        });
        kinds.map(|kind| (kind, kind.words().to_owned())).into()
    }

    async fn make_zone(&self, domain: &str) -> String {
        let zone = Zone::new(domain, ["ns.example.".to_owned()]);
        self.0.change(|world| drop(world.zones.insert(domain.to_owned(), zone)));
        domain.to_owned()
    }

    fn machine(&self) -> &'static str {
        "m7i.2xlarge"
    }
}

fn memory() -> Memory {
    Memory(Fake::new(Provider::Aws, "us-west-2"))
}

#[tokio::test]
async fn memory_answers() {
    suite::asks(&memory()).await;
}

#[tokio::test]
async fn memory_has_zones_of_names() {
    suite::zones(&memory()).await;
}

#[tokio::test]
async fn memory_keeps_buckets() {
    suite::buckets(&memory()).await;
}

#[tokio::test]
async fn memory_tells_what_is_left() {
    let world = memory();
    let seeded = world.make_leftovers().await;
    suite::leftovers(&world, seeded).await;
}

#[tokio::test]
async fn memory_tells_faults_as_errors() {
    let world = memory();
    world.0.fail("leftovers", "not allowed");
    assert!(world.0.leftovers(&Hub::new(HUB)).await.is_err());
}

#[tokio::test]
async fn memory_has_the_quotas_that_were_put_there() {
    let world = memory();
    let quota = Quota {
        name: "vCPUs".to_owned(),
        code: "L-1216C47A".to_owned(),
        place: "us-west-2".to_owned(),
        limit: 8,
        used: Some(1),
        needed: 8,
    };
    world.0.change(|there| there.quotas = vec![quota.clone()]);
    assert_eq!(world.0.quotas(&Need::default()).await.unwrap(), [quota]);
}
