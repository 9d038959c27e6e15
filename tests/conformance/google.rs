//! The suite on Google Cloud, against the stand-in over its real REST protocol.

use frazil::cloud::gcp::Gcp;
use frazil::cloud::{Cloud as _, Hub, Kind, Need, PoolNeed};
use reqwest::Method;
use serde_json::{Value, json};

use super::google_seeds::{PROJECT, REGION, Seeds};
use super::server::{Server, context};
use super::suite::{self, HUB, OTHER, World};

struct Google {
    server: Server,
    cloud: Gcp,
    // Its file of credentials goes with it.
    _folder: tempfile::TempDir,
}

impl Google {
    async fn start(kind: &str) -> Option<Self> {
        let server = Server::google(&[])?;
        let folder = tempfile::tempdir().unwrap();
        let cloud = open(&server, kind, folder.path()).await;
        Some(Self { server, cloud, _folder: folder })
    }

    fn seeds(&self) -> Seeds<'_> {
        Seeds(&self.server)
    }
}

/// With the key of a service account, or as a person.
async fn open(server: &Server, kind: &str, folder: &std::path::Path) -> Gcp {
    let told = server.door(Method::GET, &format!("credentials?type={kind}"), &Value::Null).await;
    let path = folder.join("credentials.json");
    std::fs::write(&path, told.to_string()).unwrap();
    let variables = [
        ("GOOGLE_APPLICATION_CREDENTIALS", path.to_str().unwrap()),
        ("FRAZIL_GOOGLE_ENDPOINT", server.address.as_str()),
    ];
    Gcp::open(&context(&variables), PROJECT, REGION).unwrap()
}

impl World for Google {
    type Cloud = Gcp;

    fn cloud(&self) -> &Gcp {
        &self.cloud
    }

    fn account(&self) -> &str {
        PROJECT
    }

    async fn make_cluster(&self, hub: &str) {
        self.seeds().cluster(hub).await;
    }

    async fn make_bucket(&self, name: &str, hub: Option<&str>) {
        self.seeds().bucket(name, hub).await;
    }

    async fn has_bucket(&self, name: &str) -> bool {
        self.cloud.bucket(name).await.unwrap().is_some()
    }

    async fn make_leftovers(&self) -> Vec<(Kind, String)> {
        let own = self.seeds().everything(HUB).await;
        self.seeds().network(OTHER, "10.8.0.0/24").await;
        self.seeds().cluster(OTHER).await;
        self.seeds().others(OTHER).await;
        own
    }

    async fn make_zone(&self, domain: &str) -> String {
        self.seeds().zone(domain).await
    }

    fn machine(&self) -> &'static str {
        "n2-highmem-8"
    }
}

#[tokio::test]
async fn google_answers() {
    for kind in ["service_account", "authorized_user"] {
        let Some(world) = Google::start(kind).await else { return };
        suite::asks(&world).await;
        let who = world.cloud.whoami().await.unwrap();
        let expected = if kind == "service_account" { "frazil-tests@" } else { "person@" };
        assert!(who.principal.starts_with(expected), "{who:?}");
    }
}

#[tokio::test]
async fn google_tokens_are_those_that_a_cluster_takes() {
    let Some(world) = Google::start("service_account").await else { return };
    world.make_cluster(HUB).await;
    let cluster = world.cloud.cluster(HUB).await.unwrap().unwrap();
    let token = world.cloud.token(&cluster).await.unwrap();
    // A token that the key's owner signed itself would have three parts.
    assert!(token.secret().starts_with("ya29."), "an access token");
    assert_eq!(world.cloud.token(&cluster).await.unwrap(), token, "it is kept while it is valid");
    let Some(webhook) = Server::webhook(&["--google", &world.server.address], &[]) else { return };
    assert!(webhook.review(token.secret()).await.unwrap().starts_with("frazil-tests@"));
}

#[tokio::test]
async fn google_has_zones_of_names() {
    let Some(world) = Google::start("service_account").await else { return };
    suite::zones(&world).await;
}

#[tokio::test]
async fn google_keeps_buckets() {
    let Some(world) = Google::start("service_account").await else { return };
    suite::buckets(&world).await;
}

#[tokio::test]
async fn google_tells_what_is_left() {
    let Some(world) = Google::start("service_account").await else { return };
    let seeded = world.make_leftovers().await;
    suite::leftovers(&world, seeded).await;
}

#[tokio::test]
async fn google_tells_quotas() {
    let Some(world) = Google::start("service_account").await else { return };
    suite::quotas(&world).await;
    let pool = PoolNeed {
        name: "gpu".to_owned(),
        machines: vec!["n1-standard-4".to_owned()],
        nodes: 5,
        vcpus: 4,
        spot: false,
        gpus: 1,
        gpu: "nvidia-tesla-t4".to_owned(),
    };
    let need = Need { pools: vec![pool], shared_gib: 30_000, ..Need::default() };
    let quotas = world.cloud.quotas(&need).await.unwrap();
    let short: Vec<_> =
        quotas.iter().filter(|quota| !quota.suffices()).map(|quota| quota.code.as_str()).collect();
    assert_eq!(short, ["NVIDIA_T4_GPUS", "GPUS_ALL_REGIONS", "StandardStorageGbPerRegion"]);
}

#[tokio::test]
async fn google_names_the_permission_that_is_missing() {
    let Some(world) = Google::start("service_account").await else { return };
    let message = "Required 'compute.disks.list' permission for 'projects/frazil-test'";
    let path = "/aggregated/disks";
    world
        .server
        .fault(json!({ "fault": "status", "path": path, "status": 403, "message": message, "times": -1 }))
        .await;
    let error = world.cloud.leftovers(&Hub::new(HUB)).await.unwrap_err();
    assert!(error.hints()[0].contains("the permission compute.disks.list"), "{error} {:?}", error.hints());
}

#[tokio::test]
async fn google_is_asked_again_when_it_is_busy() {
    let Some(world) = Google::start("service_account").await else { return };
    for (path, status) in [("/aggregated/disks", 503), ("/clusters/lab", 503), ("/global/firewalls", 429)] {
        world.server.fault(json!({ "fault": "status", "path": path, "status": status, "times": 1 })).await;
    }
    world.server.fault(json!({ "fault": "drop", "path": "/serviceAccounts", "times": 1 })).await;
    assert_eq!(world.cloud.leftovers(&Hub::new(HUB)).await.unwrap(), []);
}

#[tokio::test]
async fn google_tells_which_apis_are_off_and_takes_nothing_for_theirs() {
    let Some(server) = Server::google(&["--few-services"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let cloud = open(&server, "service_account", folder.path()).await;
    let services = cloud.services().await.unwrap();
    let off: Vec<_> = services.iter().filter(|one| !one.enabled).map(|one| one.name.as_str()).collect();
    assert!(off.contains(&"container.googleapis.com") && !off.contains(&"storage.googleapis.com"), "{off:?}");
    assert_eq!(cloud.leftovers(&Hub::new(HUB)).await.unwrap(), []);
    let error = cloud.cluster(HUB).await.unwrap_err();
    assert!(
        error.hints()[0].contains("gcloud services enable container.googleapis.com"),
        "{error} {:?}",
        error.hints()
    );
}

#[test]
fn google_is_only_replaced_on_this_machine() {
    for (address, fine) in [
        ("http://127.0.0.1:80", true),
        ("http://[::1]:80/", true),
        ("https://127.0.0.1:80", false),
        ("http://127.0.0.1.example.org:80", false),
        ("http://127.0.0.1:80@example.org", false),
        ("http://example.org:80", false),
    ] {
        let told = context(&[("FRAZIL_GOOGLE_ENDPOINT", address)]).google_endpoint();
        assert_eq!(told.is_ok(), fine, "{address}");
    }
    assert_eq!(context(&[]).google_endpoint().unwrap(), None);
}
