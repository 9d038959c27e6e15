//! The suite on AWS, against moto.

use std::collections::BTreeSet;

use base64::Engine as _;
use frazil::cloud::aws::Aws;
use frazil::cloud::aws::policy::table;
use frazil::cloud::policy::Purpose;
use frazil::cloud::{Cloud as _, Hub, Kind};
use serde_json::{Value, json};

use super::aws_seeds::Seeds;
use super::server::{Server, context};
use super::suite::{self, HUB, OTHER, World};

struct Moto {
    server: Server,
    cloud: Aws,
}

impl Moto {
    async fn start() -> Option<Self> {
        let server = Server::aws()?;
        let cloud = open(&server.address).await;
        Some(Self { server, cloud })
    }

    fn seeds(&self) -> Seeds<'_> {
        Seeds(&self.server)
    }
}

/// The example of "Signature Version 4 signing process".
const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
];

async fn open(address: &str) -> Aws {
    let [key, secret] = KEYS;
    Aws::open(&context(&[key, secret, ("AWS_ENDPOINT_URL", address)]), "us-west-2").await.unwrap()
}

impl World for Moto {
    type Cloud = Aws;

    fn cloud(&self) -> &Aws {
        &self.cloud
    }

    fn account(&self) -> &'static str {
        "123456789012"
    }

    async fn make_cluster(&self, hub: &str) {
        let (_, subnets) = self.seeds().network(hub).await;
        self.seeds().cluster(hub, &subnets).await;
    }

    async fn make_bucket(&self, name: &str, hub: Option<&str>) {
        self.seeds().bucket(name, hub).await;
    }

    async fn has_bucket(&self, name: &str) -> bool {
        self.cloud.bucket(name).await.unwrap().is_some()
    }

    async fn make_leftovers(&self) -> Vec<(Kind, String)> {
        let own = self.seeds().everything(HUB).await;
        let (_, subnets) = self.seeds().network(OTHER).await;
        self.seeds().cluster(OTHER, &subnets).await;
        self.seeds().similar(OTHER).await;
        own
    }

    async fn make_zone(&self, domain: &str) -> String {
        self.seeds().zone(domain).await;
        domain.to_owned()
    }

    fn machine(&self) -> &'static str {
        "m7i.2xlarge"
    }
}

#[tokio::test]
async fn aws_answers() {
    let Some(world) = Moto::start().await else { return };
    suite::asks(&world).await;
    let cluster = world.cloud.cluster(HUB).await.unwrap().unwrap();
    assert_eq!(cluster.zones, ["us-west-2a", "us-west-2b"]);
    assert!(cluster.issuer.unwrap().starts_with("https://"));
    let versions = world.cloud.versions().await.unwrap();
    assert!(versions.iter().all(|one| one.standard_until.is_some() && one.extended_until.is_some()));
}

#[tokio::test]
async fn aws_tokens_are_signed_for_one_cluster() {
    let Some(world) = Moto::start().await else { return };
    world.make_cluster(HUB).await;
    let cluster = world.cloud.cluster(HUB).await.unwrap().unwrap();
    let token = world.cloud.token(&cluster).await.unwrap();
    let encoded = token.secret().strip_prefix("k8s-aws-v1.").unwrap();
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(encoded).unwrap();
    let url = String::from_utf8(url).unwrap();
    assert!(
        url.starts_with(&format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", world.server.address))
    );
    for part in
        ["X-Amz-Expires=60", "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id", "%2Fus-west-2%2Fsts%2Faws4_request"]
    {
        assert!(url.contains(part), "{part} in {url}");
    }
    assert!(!url.contains("wJalr"));
}

#[tokio::test]
async fn aws_tokens_are_taken_for_their_cluster_only() {
    let Some(world) = Moto::start().await else { return };
    let arguments = ["--cluster", HUB, "--sts", &world.server.address];
    let Some(webhook) = Server::webhook(&arguments, &KEYS) else { return };
    world.make_cluster(HUB).await;
    let mut cluster = world.cloud.cluster(HUB).await.unwrap().unwrap();
    let token = world.cloud.token(&cluster).await.unwrap();
    let who = webhook.review(token.secret()).await.unwrap();
    assert!(who.starts_with("arn:aws:"), "{who}");
    OTHER.clone_into(&mut cluster.name);
    let other = world.cloud.token(&cluster).await.unwrap();
    let refused = webhook.review(other.secret()).await.unwrap_err();
    assert!(refused.contains("signature"), "{refused}");
}

#[tokio::test]
async fn aws_has_zones_of_names() {
    let Some(world) = Moto::start().await else { return };
    suite::zones(&world).await;
}

#[tokio::test]
async fn aws_keeps_buckets() {
    let Some(world) = Moto::start().await else { return };
    suite::buckets(&world).await;
}

#[tokio::test]
async fn aws_tells_what_is_left() {
    let Some(world) = Moto::start().await else { return };
    let seeded = world.make_leftovers().await;
    world.server.door(reqwest::Method::DELETE, "requests", &Value::Null).await;
    suite::leftovers(&world, seeded).await;
    let asked = world.server.door(reqwest::Method::GET, "requests", &Value::Null).await;
    let allowed: Vec<_> = table().into_iter().filter(|row| row.is_for(Purpose::Destroy)).collect();
    let asked: BTreeSet<_> = asked.as_array().unwrap().iter().filter_map(right).collect();
    assert!(asked.len() > 50, "{asked:?}");
    let missing: Vec<_> =
        asked.iter().filter(|right| allowed.iter().all(|row| row.right != **right)).collect();
    assert!(missing.is_empty(), "the policy of `destroy` lacks {missing:?}");
}

/// The right that a request takes. Operations of budgets and the tagging API have rights of other names.
fn right(request: &Value) -> Option<String> {
    let service = request["service"].as_str()?;
    let service = if service == "tagging" { "tag" } else { service };
    let operation = match (service, request["action"].as_str()?) {
        // Moto cannot tell which operation of S3 a request is.
        (_, "") | ("s3", _) => return None,
        ("budgets", "DescribeBudget") => "ViewBudget",
        ("budgets", "DeleteBudget") => "ModifyBudget",
        (_, operation) => operation,
    };
    Some(format!("{service}:{operation}"))
}

#[tokio::test]
async fn aws_tells_quotas() {
    let Some(world) = Moto::start().await else { return };
    suite::quotas(&world).await;
}

#[tokio::test]
async fn aws_names_the_right_that_is_missing() {
    let Some(world) = Moto::start().await else { return };
    let refusal = json!({
        "fault": "status", "service": "ec2", "action": "DescribeSnapshots", "status": 403,
        "code": "UnauthorizedOperation", "message": "You are not authorized to perform this operation.", "times": -1,
    });
    world.server.fault(refusal).await;
    let error = world.cloud.leftovers(&Hub::new(HUB)).await.unwrap_err();
    assert!(error.to_string().contains("ec2:DescribeSnapshots in us-west-2"), "{error}");
    assert!(error.hints()[0].contains("ec2:DescribeSnapshots"), "{:?}", error.hints());
}

#[tokio::test]
async fn aws_is_asked_again_when_it_is_busy() {
    let Some(world) = Moto::start().await else { return };
    for (service, status, code) in [
        ("sts", 503, "ServiceUnavailable"),
        ("ec2", 400, "RequestLimitExceeded"),
        ("eks", 429, "TooManyRequestsException"),
    ] {
        world
            .server
            .fault(json!({ "fault": "status", "service": service, "status": status, "code": code, "message": "slow", "times": 1 }))
            .await;
    }
    world.server.fault(json!({ "fault": "drop", "service": "logs", "times": 1 })).await;
    assert_eq!(world.cloud.leftovers(&Hub::new(HUB)).await.unwrap(), []);
}

#[tokio::test]
async fn aws_that_is_away_is_told_as_such() {
    let cloud = open("http://127.0.0.1:1").await;
    let error = cloud.whoami().await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
}
