//! The client and a real gateway: a cluster's whole life, who may do what, and exchanges as they were recorded.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use frazil_gateway::{
    Adapt, Cause, ClusterName, Error, Evidence, Gateway, Health, Login, Scaled, Status, explain,
};
use serde_json::{Map, Value, json};

use crate::canned::{Canned, Given};
use crate::server::{Server, passed_on};
use crate::shapes::shape;
use crate::{basic, gateway, secret, shared};

const LONG: Duration = Duration::from_mins(4);

/// What was asked and answered: method, kind of path, status, body.
type Exchanges = Arc<Mutex<Vec<(String, u16, Value)>>>;

/// A server before the gateway that passes everything on and remembers it.
async fn relay(server: &Server, exchanges: &Exchanges) -> Canned {
    let (base, exchanges) = (server.base.clone(), Arc::clone(exchanges));
    Canned::start(move |asked| {
        let given =
            tokio::task::block_in_place(|| passed_on(&base, asked)).unwrap_or_else(|| Given::status(502));
        let body = serde_json::from_slice(&given.body).unwrap_or(Value::Null);
        exchanges.lock().unwrap().push((kind(&asked.method, &asked.target), given.status, body));
        given
    })
    .await
}

/// A request without the name of its cluster and without its query: a record has one shape, waited for or not.
fn kind(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap();
    let path = match path.split_once("/clusters/") {
        Some((_, rest)) if !rest.is_empty() => {
            let what = rest.split_once('/').map(|(_, what)| format!("/{what}")).unwrap_or_default();
            format!("v1/clusters/NAME{what}")
        }
        _ => path.rsplit("/api/").next().unwrap().to_owned(),
    };
    format!("{method} {path}")
}

/// The shapes that were recorded, by request and status.
fn recorded(folder: &Path) -> BTreeMap<(String, u16), Vec<Value>> {
    let mut all = BTreeMap::<_, Vec<Value>>::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let Ok(bytes) = std::fs::read(entry.unwrap().path()) else { continue };
        let recording: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let (request, response) = (&recording["request"], &recording["response"]);
        let (Some(method), Some(path)) = (request["method"].as_str(), request["path"].as_str()) else {
            continue;
        };
        let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
        all.entry((kind(method, path), status)).or_default().push(shape(&response["json"]));
    }
    all
}

fn assert_as_recorded(exchanges: &Exchanges) {
    let Some(folder) = shared("gateway") else { return };
    let (recorded, exchanges) = (recorded(&folder), exchanges.lock().unwrap());
    let mut compared = std::collections::BTreeSet::new();
    for (kind, status, body) in exchanges.iter() {
        let shapes = recorded.get(&(kind.clone(), *status));
        let shapes = shapes.unwrap_or_else(|| panic!("no recording of {kind} with {status}"));
        let keyed = shape(body);
        assert!(shapes.contains(&keyed), "{kind} {status}: {keyed} was not recorded: {shapes:?}");
        compared.insert((kind, status));
    }
    assert!(compared.len() >= 12, "{compared:?}");
}

async fn is(gateway: &Gateway, name: &ClusterName, status: Status) -> bool {
    gateway.cluster(name).await.unwrap().status == status
}

async fn workers(server: &Server, wanted: impl Fn(usize) -> bool) -> bool {
    let end = Instant::now() + LONG;
    let is_worker = |pid: &rustix::process::Pid| {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        words.contains(&b"worker".as_slice()) && words.iter().any(|word| word.ends_with(b"/dask"))
    };
    while Instant::now() < end {
        if wanted(server.processes().iter().filter(|pid| is_worker(pid)).count()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_lives_and_ends_as_it_is_asked_to() {
    let Some(server) = Server::start(r#"["dask", "scheduler"]"#) else { return };
    let exchanges = Exchanges::default();
    let relay = relay(&server, &exchanges).await;
    let base = relay.base.as_str();
    let (alice, bob) = (gateway(base, basic("alice", "password")), gateway(base, basic("bob", "password")));

    assert_eq!(alice.health().await.unwrap(), Health::Pass);
    assert_eq!(alice.version().await.unwrap(), "2026.3.0");
    assert!(alice.list(&[]).await.unwrap().is_empty());
    let chosen = json!({ "worker_cores": 1, "worker_memory": 1.0 });
    let name = alice.create(chosen.as_object().unwrap()).await.unwrap();
    let early = alice.scale(&name, 1).await;
    if early.is_err() {
        assert!(matches!(early, Err(Error::NotRunning { .. })), "{early:?}");
    }
    let cluster = alice.wait(&name, LONG).await.unwrap_or_else(|told| panic!("{told}: {}", server.log()));
    assert_eq!(cluster.options, *chosen.as_object().unwrap());
    let page = alice.address().dashboard(cluster.dashboard_route.as_deref().unwrap());
    assert!(page.starts_with(base) && page.ends_with(&format!("/clusters/{name}/status")), "{page}");
    let pair = alice.credentials(&name).await.unwrap();
    assert!(pair.certificate().starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(pair.key().contains("PRIVATE KEY-----") && !format!("{pair:?}").contains("PRIVATE"));

    assert_eq!(alice.scale(&name, 1).await.unwrap(), Scaled::AsAsked);
    assert!(workers(&server, |count| count == 1).await, "{}", server.log());
    let adapt = Adapt::between(1, 2).unwrap();
    assert_eq!(alice.adapt(&name, adapt).await.unwrap(), Scaled::AsAsked);
    assert!(workers(&server, |count| count == 1 || count == 2).await);
    let far = alice.adapt(&name, Adapt::between(1, 200).unwrap()).await.unwrap();
    assert!(matches!(&far, Scaled::Limited(said) if said.contains("limit of 4 workers")), "{far:?}");
    assert_eq!(alice.adapt(&name, Adapt::off()).await.unwrap(), Scaled::AsAsked);

    let listed = alice.list(&[]).await.unwrap();
    assert_eq!((listed.len(), &listed[0].name), (1, &name));
    assert!(bob.list(&Status::ALL).await.unwrap().is_empty());
    for told in
        [bob.cluster(&name).await.map(drop), bob.stop(&name).await, bob.scale(&name, 0).await.map(drop)]
    {
        assert!(matches!(&told, Err(Error::NotYours { said }) if said.starts_with("User bob")), "{told:?}");
    }
    assert!(is(&alice, &name, Status::Running).await);

    alice.stop(&name).await.unwrap();
    let ended = alice.wait_until_ended(&name, LONG).await.unwrap();
    assert!(ended.status == Status::Stopped && ended.stop_time >= ended.start_time, "{ended:?}");
    alice.stop(&name).await.unwrap();
    alice.stop(&"deadbeef".parse().unwrap()).await.unwrap();
    let told = alice.wait(&name, LONG).await.unwrap_err();
    assert!(matches!(told, Error::Ended { status: Status::Stopped, .. }), "{told}");
    assert_eq!(alice.list(&Status::ALL).await.unwrap().len(), 1);
    assert!(workers(&server, |count| count == 0).await);
    refusals(base, &alice).await;
    // Refused logins and rights were recorded of `GET` only; they have one shape for all.
    let was_recorded =
        |(kind, status, _): &(String, u16, Value)| !matches!(status, 401 | 403) || kind.starts_with("GET");
    exchanges.lock().unwrap().retain(was_recorded);
    assert_as_recorded(&exchanges);
    let seen = format!("{alice:?} {cluster:?} {ended:?}");
    assert!(!seen.contains("PRIVATE") && !seen.contains("\"password\""), "{seen}");
}

/// What a gateway refuses: a wrong password, a token where it wants none, options, unknown names.
async fn refusals(base: &str, alice: &Gateway) {
    let wrong = gateway(base, basic("alice", "tell-no-one"));
    for told in [wrong.options().await.map(drop), wrong.create(&Map::new()).await.map(drop)] {
        let told = told.unwrap_err();
        assert!(matches!(told, Error::WrongLogin { .. }), "{told}");
        assert!(!format!("{told} {told:?} {}", told.advice()).contains("tell-no-one"), "{told:?}");
    }
    let token = gateway(base, Login::jupyterhub(secret("0123abcd")));
    let told = token.options().await.unwrap_err();
    assert!(matches!(told, Error::WrongLogin { .. }) && told.to_string().contains("wants Basic"), "{told}");
    for (chosen, words) in [
        (json!({ "gpu": 1 }), "no option \"gpu\""),
        (json!({ "worker_core": 1 }), "perhaps worker_cores"),
        (json!({ "worker_cores": 9 }), "at most 2"),
        (json!({ "worker_memory": "1" }), "has to be a number"),
    ] {
        let told = alice.create(chosen.as_object().unwrap()).await.unwrap_err();
        assert!(matches!(told, Error::Options { .. }) && told.to_string().contains(words), "{told}");
    }
    let told = alice.cluster(&"deadbeef".parse().unwrap()).await.unwrap_err();
    assert!(matches!(told, Error::NoCluster { .. }), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_that_fails_is_explained_from_the_gateways_log() {
    let Some(server) = Server::start(r#"["dask-scheduler"]"#) else { return };
    let client = gateway(&server.base, basic("alice", "password"));
    let name = client.create(&Map::new()).await.unwrap();
    let told = client.wait(&name, LONG).await.unwrap_err();
    assert!(matches!(told, Error::Ended { status: Status::Failed, .. }), "{told}");
    let told = explain(&name, &Evidence { log: server.log(), ..Evidence::default() });
    assert_eq!(told.cause, Some(Cause::ProgramMissing), "{told} {}", server.log());
    assert!(told.advice.contains("scheduler_cmd"), "{told}");
}

#[test]
fn requests_are_told_apart_by_kind() {
    for (target, wanted) in [
        ("/api/v1/clusters/", "GET v1/clusters/"),
        ("/x/api/v1/clusters/?status=running,stopped", "GET v1/clusters/"),
        ("/x/api/v1/clusters/{name}?wait", "GET v1/clusters/NAME"),
        ("/api/v1/clusters/a1/scale", "GET v1/clusters/NAME/scale"),
        ("/api/v1/options", "GET v1/options"),
    ] {
        assert_eq!(kind("GET", target), wanted);
    }
}
