use std::os::unix::fs::PermissionsExt;

use frazil_data::Error;
use frazil_data::credentials::{ArchiveKeys, S3Keys, of_archive};
use frazil_data::handle::{Description, Logins};
use frazil_data::login::{Earthdata, Session};
use frazil_data::remote::{Bucket, Reader, Remote, S3Object, Span};
use serde_json::json;

use crate::world::World;

fn bucket(name: &str) -> Bucket {
    Bucket { name: name.to_owned(), region: "us-west-2".to_owned(), requester_pays: false, endpoint: None }
}

async fn read(remote: &Remote) -> frazil_data::Result<usize> {
    Ok(remote.open(Span::from(0..10), None, 2).await?.whole(100).await?.bytes.len())
}

fn keys(world: &World) -> S3Keys {
    S3Keys::new(world.session(), of_archive("PODAAC").unwrap()).unwrap()
}

fn object(world: &World, keys: &S3Keys) -> Remote {
    Remote::S3(S3Object::new(&world.client(), Reader::Archive(keys.clone()), bucket("sized"), "1/1000.nc"))
}

#[tokio::test]
async fn keys_that_end_during_the_work_are_renewed_once_each_and_nothing_fails() {
    let Some(world) = World::start() else { return };
    let keys = keys(&world);
    let remote = object(&world, &keys);
    for hour in 0..3 {
        for _ in 0..5 {
            assert_eq!(read(&remote).await.unwrap(), 10);
        }
        assert_eq!(world.made("credentials").await, hour + 1);
        world.advance(3600).await;
    }
}

#[tokio::test]
async fn many_at_once_ask_for_keys_once() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"latency_ms": 20})).await;
    let keys = keys(&world);
    for round in 0..2 {
        let readers: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn({
                    let keys = keys.clone();
                    async move { keys.keys().await.map(|keys| keys.id.clone()) }
                })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for reader in readers {
            ids.insert(reader.await.unwrap().unwrap());
        }
        assert_eq!(ids.len(), if round == 0 { 1 } else { 2 }, "old ones are used while new ones come");
        assert_eq!(world.made("credentials").await, round + 1);
        world.advance(2000).await;
    }
}

#[tokio::test]
async fn processes_share_keys_through_a_file_of_their_user() {
    let Some(world) = World::start() else { return };
    let (one, other) = (keys(&world), keys(&world));
    assert_eq!(one.keys().await.unwrap().id, other.keys().await.unwrap().id);
    assert_eq!(world.made("credentials").await, 1);
    let folder = world.home.path().join(".cache/frazil/s3-keys");
    for entry in std::fs::read_dir(folder).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn all_handles_of_a_process_are_read_with_the_same_keys() {
    let Some(world) = World::start() else { return };
    // Where nothing can be shared with other processes.
    let client = world.client_in(&world.surroundings(&[("XDG_CACHE_HOME", "/proc/none")]));
    let session = Session::with_password(client.clone(), Earthdata::production(), world.told.entry());
    let keys = ArchiveKeys::default();
    let logins = Logins { client, session: Some(session), amazon: None, google: None, keys };
    let reader = json!({"archive": of_archive("PODAAC").unwrap()});
    for key in ["1/1000.nc", "2/1000.nc"] {
        let place = json!({"s3": {"bucket": bucket("sized"), "key": key, "reader": reader}});
        let described: Description = serde_json::from_value(json!({"place": place})).unwrap();
        assert_eq!(described.open(&logins).unwrap().read_at(0, 10).await.unwrap().len(), 10);
    }
    assert_eq!(world.made("credentials").await, 1);
}

#[tokio::test]
async fn keys_that_s3_refuses_are_not_used_again() {
    let Some(world) = World::start() else { return };
    let keys = keys(&world);
    let held = keys.keys().await.unwrap();
    let fault = json!([{"role": "s3", "fault": "status", "status": 400,
        "body": "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"}]);
    world.post("faults", &fault).await;
    assert_eq!(read(&object(&world, &keys)).await.unwrap(), 10);
    assert_ne!(keys.keys().await.unwrap().id, held.id);
    assert_eq!(world.made("credentials").await, 2);
}

#[tokio::test]
async fn outside_of_the_region_s3_says_no_and_open_buckets_need_no_keys() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"in_region": false})).await;
    let error = read(&object(&world, &keys(&world))).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { status: 403, said, .. } if said.contains("AccessDenied")),
        "{error}"
    );
    assert!(error.advice().contains("region"));
    let files = world.files("OPEN", 1, (1000, 2000), "none").await;
    let place = files[0].s3.clone().unwrap();
    let public = place.bucket.replace("protected", "public");
    let open = Remote::S3(S3Object::new(&world.client(), Reader::Anybody, bucket(&public), &place.key));
    assert_eq!(read(&open).await.unwrap(), 10);
}

#[tokio::test]
async fn no_key_and_no_token_is_shown() {
    let Some(world) = World::start() else { return };
    let keys = keys(&world);
    let held = keys.keys().await.unwrap();
    let remote = object(&world, &keys);
    let shown = format!("{keys:?} {held:?} {remote:?} {remote} {:?}", world.session());
    assert!(!shown.contains(&held.id), "{shown}");
    let folder = world.home.path().join(".cache/frazil/s3-keys");
    let file = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text =
        std::fs::read_to_string(file.into_iter().find(|path| path.extension().unwrap() == "json").unwrap())
            .unwrap();
    let written: serde_json::Value = serde_json::from_str(&text).unwrap();
    let session = world.session();
    let token = session.token().await.unwrap();
    let secrets = ["secretAccessKey", "sessionToken"].map(|name| written[name].as_str().unwrap());
    let token = frazil_data::ExposeSecret::expose_secret(token.value());
    for secret in secrets.into_iter().chain([token, world.told.password.as_str()]) {
        assert!(!secret.is_empty() && !shown.contains(secret));
    }
    assert!(!format!("{session:?} {:?}", session.status().await.unwrap()).contains(token));
}

#[tokio::test]
async fn keys_whose_answer_is_cut_are_asked_for_again() {
    let Some(world) = World::start() else { return };
    let cut = json!([{"role": "egress", "path": "s3credentials", "fault": "cut", "after": 0.5, "times": 2}]);
    world.post("faults", &cut).await;
    assert_eq!(read(&object(&world, &keys(&world))).await.unwrap(), 10);
}

#[tokio::test]
async fn an_outage_of_the_archive_delays_one_and_fails_nobody_while_keys_hold() {
    let Some(world) = World::start() else { return };
    let keys = keys(&world);
    let held = keys.keys().await.unwrap();
    world.post("faults", &json!([{"role": "egress", "fault": "status", "times": -1}])).await;
    world.advance(2000).await;
    assert_eq!(keys.keys().await.unwrap().id, held.id);
    let asked = world.requests().await.len();
    for _ in 0..5 {
        assert_eq!(keys.keys().await.unwrap().id, held.id);
    }
    assert_eq!(world.requests().await.len(), asked);
    world.advance(60).await;
    world.clear_faults().await;
    assert_ne!(keys.keys().await.unwrap().id, held.id);
}
