//! Each recording of a real gateway is answered to the client: what it asked and what it understood.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use frazil_gateway::{Adapt, ClusterName, Error, Gateway, Health, Login, Scaled, Status};
use serde_json::{Map, Value, json};

use crate::canned::{Asked, Canned, Given};
use crate::{basic, gateway, secret, shared};

/// Recordings of what passes between the gateway's own parts, or of requests that no client makes.
const NOT_OURS: [&str; 3] = ["23-heartbeat-as-user", "48-proxy-routes", "51-heartbeats"];

/// What a gateway answered, on the wire again.
fn given(recording: &Value) -> Given {
    let response = &recording["response"];
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let mut given = Given::status(status);
    given.body = match &response["json"] {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    for (name, value) in response["headers"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        match name.as_str() {
            "content-length" => {}
            "set-cookie" => given = given.header(name, value.replace("<32 hex>", &"0".repeat(32))),
            _ => given = given.header(name, value),
        }
    }
    given
}

/// The name of the cluster that a recording is about.
fn name(recording: &Value) -> ClusterName {
    let body = &recording["response"]["json"];
    let path = recording["request"]["path"].as_str().unwrap();
    let in_path = path.rsplit('/').next().filter(|last| *last == "deadbeef");
    let in_text = || body["error"].as_str().and_then(|text| text.split(' ').find(|word| word.len() == 32));
    let name = body["name"].as_str().or(in_path).or_else(in_text);
    name.unwrap_or("162bd6d02aa74001a3a424d85ef3fa4f").parse().unwrap()
}

/// The recording's request, as the client has to make it.
fn assert_asked(recording: &Value, asked: &Asked, name: &ClusterName) {
    let request = &recording["request"];
    let path = request["path"].as_str().unwrap().replace("{name}", name.as_str());
    let bare = |target: &str| target.trim_end_matches('=').to_owned();
    assert_eq!(
        (asked.method.as_str(), bare(&asked.target)),
        (request["method"].as_str().unwrap(), bare(&path))
    );
    let body: Value =
        if asked.body.is_empty() { Value::Null } else { serde_json::from_str(&asked.body).unwrap() };
    if body != request["json"] {
        // The client writes out what a recording left to its default.
        let defaults = json!({ "active": true, "cluster_options": {} });
        let theirs = request["json"].as_object().unwrap();
        let further = body.as_object().unwrap().iter().filter(|(name, _)| !theirs.contains_key(*name));
        assert!(further.clone().all(|(name, value)| defaults.get(name) == Some(value)), "{body} {request}");
        assert!(theirs.iter().all(|(name, value)| body.get(name) == Some(value)), "{body} {request}");
    }
    let recorded = request["authorization"].as_str();
    let sent = asked.headers.get("authorization").map(String::as_str);
    match recorded.map(|recorded| recorded.split_once(' ').unwrap()) {
        Some(("Basic", pair)) => {
            let (user, password) = pair["base64(".len()..pair.len() - 1].split_once(':').unwrap();
            let ours = crate::basic_header(user, password);
            assert_eq!(sent, Some(ours.as_str()), "{request}");
        }
        Some((kind, _)) => assert_eq!(sent.map(|sent| sent.split(' ').next().unwrap()), Some(kind)),
        None => assert_eq!(sent, None, "{request}"),
    }
}

struct Case {
    gateway: Gateway,
    recording: Value,
    name: ClusterName,
    server: Canned,
}

impl Case {
    async fn of(path: &Path) -> Self {
        let recording: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let answer = given(&recording);
        let server = Canned::start(move |_| answer.clone()).await;
        let prefix = recording["request"]["path"].as_str().unwrap().split("/api/").next().unwrap().to_owned();
        let base = format!("{}{}", server.base.as_str().trim_end_matches('/'), prefix);
        let authorization =
            recording["request"]["authorization"].as_str().unwrap_or("Basic base64(alice:password)");
        let wanted = recording["response"]["headers"]["www-authenticate"].as_str();
        let login = match authorization.strip_prefix("Basic base64(") {
            Some(pair) if wanted != Some("jupyterhub") => {
                let (user, password) = pair.trim_end_matches(')').split_once(':').unwrap();
                basic(user, password)
            }
            _ => Login::JupyterHub { token: secret("0123abcd"), service: Some("dask-gateway".to_owned()) },
        };
        let name = name(&recording);
        Self { gateway: gateway(&base, login), recording, name, server }
    }

    /// That one request was made, and it the recorded one.
    fn assert_asked(&self) {
        let asked = self.server.asked();
        assert_eq!(asked.len(), 1);
        assert_asked(&self.recording, &asked[0], &self.name);
    }
}

/// Calls as the recording's file is named, and says what has to come of it.
async fn replayed(file: &str, case: &Case) {
    let Case { gateway, name, .. } = case;
    let long = Duration::from_mins(1);
    match file {
        "01-health" => assert_eq!(gateway.health().await.unwrap(), Health::Pass),
        "02-version" => assert_eq!(gateway.version().await.unwrap(), "2026.3.0"),
        "03-noauth" | "04-badpw" => {
            let told = gateway.options().await.unwrap_err();
            assert!(matches!(told, Error::WrongLogin { .. }), "{told}");
            assert!(!format!("{told} {told:?} {}", told.advice()).contains("wrong"), "{told:?}");
        }
        "05-options" => {
            let options = gateway.options().await.unwrap();
            let recorded = &case.recording["response"]["json"]["cluster_options"];
            assert_eq!(&serde_json::to_value(&options).unwrap(), recorded);
        }
        "44-jh-options" => assert!(gateway.options().await.unwrap().0.is_empty()),
        "06-list-empty" => assert!(gateway.list(&[]).await.unwrap().is_empty()),
        "14-list" => assert_eq!(gateway.list(&[]).await.unwrap()[0].status, Status::Running),
        "15-list-status" => {
            assert_eq!(gateway.list(&[Status::Running, Status::Stopped]).await.unwrap().len(), 1);
        }
        "31-list-all-states" => {
            let clusters = gateway.list(&Status::ALL).await.unwrap();
            assert!(clusters.len() == 2 && clusters.iter().all(|cluster| cluster.status == Status::Stopped));
        }
        "10-get-pending" | "28-get-stopping" | "29-get-stopped" | "F1-get-failed" => {
            let cluster = gateway.cluster(name).await.unwrap();
            let recorded = &case.recording["response"]["json"];
            assert_eq!(json!(cluster.status), recorded["status"]);
            assert_eq!(
                json!([cluster.start_time, cluster.stop_time]),
                json!([recorded["start_time"], recorded["stop_time"]])
            );
            assert_eq!(Value::Object(cluster.options), recorded["options"]);
        }
        "10b-scale-while-pending" => {
            let told = gateway.scale(name, 2).await.unwrap_err();
            assert!(matches!(told, Error::NotRunning { .. }), "{told}");
        }
        "11-get-wait" | "46-jh-wait" => {
            let cluster = gateway.wait(name, long).await.unwrap();
            let shown = format!("{cluster:?} {}", serde_json::to_string(&cluster).unwrap());
            assert!(cluster.status == Status::Running && !shown.contains("PEM"), "{shown}");
            assert!(cluster.dashboard_route.unwrap().ends_with("/status"));
        }
        "12-other-user" | "49-jh-svc" => {
            let told = gateway.cluster(name).await.unwrap_err();
            assert!(
                matches!(&told, Error::NotYours { said } if said.contains("lacks permissions")),
                "{told}"
            );
        }
        "13-notfound" => {
            let told = gateway.cluster(name).await.unwrap_err();
            assert!(
                matches!(told, Error::NoCluster { .. }) && told.to_string().contains("deadbeef"),
                "{told}"
            );
        }
        "17-scale" => assert_eq!(gateway.scale(name, 2).await.unwrap(), Scaled::AsAsked),
        "18-scale-over" => {
            let scaled = gateway.scale(name, 200).await.unwrap();
            assert!(
                matches!(&scaled, Scaled::Limited(said) if said.ends_with("Scaling to 4 instead.")),
                "{scaled:?}"
            );
        }
        "20-adapt" | "47-jh-adapt" => {
            let adapt = Adapt::between(1, 2).unwrap();
            assert_eq!(gateway.adapt(name, adapt).await.unwrap(), Scaled::AsAsked);
        }
        "21-adapt-over" => {
            let scaled = gateway.adapt(name, Adapt::between(1, 200).unwrap()).await.unwrap();
            assert!(
                matches!(&scaled, Scaled::Limited(said) if said.contains("limit of 4 workers")),
                "{scaled:?}"
            );
        }
        "22-adapt-off" => assert_eq!(gateway.adapt(name, Adapt::off()).await.unwrap(), Scaled::AsAsked),
        "27-delete" | "30-delete-again" | "50-jh-delete" => gateway.stop(name).await.unwrap(),
        "40-jh-noauth" | "42-jh-noscope" | "43-jh-wrongscheme" => {
            let told = gateway.options().await.unwrap_err();
            let scope = "access:services!service=dask-gateway";
            assert!(matches!(told, Error::NoScope { .. }) && told.to_string().contains(scope), "{told}");
        }
        "41-jh-bad" => {
            let told = gateway.options().await.unwrap_err();
            assert!(matches!(told, Error::WrongToken { .. }), "{told}");
            assert!(told.to_string().contains("is not accepted by the hub"), "{told}");
        }
        "16-list-badstatus" => refused(gateway.list(&[]).await, "'gone' is not a valid ClusterStatus"),
        "19-scale-bad" => refused(gateway.scale(name, 2).await, "Scale expects a non-negative integer"),
        other => panic!("nothing is known of the recording {other}"),
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, words: &str) {
    let told = answer.unwrap_err();
    assert!(matches!(&told, Error::Refused { status: 422, said, .. } if said.contains(words)), "{told}");
}

/// Requests that this client does not make: without login, with another kind, with a wrong status or count.
const ANSWERS_ONLY: [&str; 5] =
    ["03-noauth", "16-list-badstatus", "19-scale-bad", "40-jh-noauth", "43-jh-wrongscheme"];

#[tokio::test(flavor = "multi_thread")]
async fn each_recording_is_asked_for_and_understood() {
    let Some(folder) = shared("gateway") else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_create = file.contains("create");
        if path.extension().is_none_or(|end| end != "json") || NOT_OURS.contains(&file.as_str()) || is_create
        {
            continue;
        }
        let case = Case::of(&path).await;
        replayed(&file, &case).await;
        if !ANSWERS_ONLY.contains(&file.as_str()) {
            case.assert_asked();
        }
        seen += 1;
    }
    assert_eq!(seen, 35);
}

/// A gateway that offers what the recorded one did and answers a `POST` as a recording does.
async fn creating(
    folder: &Path,
    file: &str,
    offered: Option<Value>,
) -> (Value, Canned, Gateway, Arc<AtomicBool>) {
    let read =
        |file: &str| -> Value { serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap() };
    let recording = read(file);
    let (created, pending) = (given(&recording), given(&read("10-get-pending.json")));
    let options = offered.map_or_else(|| given(&read("05-options.json")), Given::json);
    let known = Arc::new(AtomicBool::new(false));
    let asked_before = Arc::clone(&known);
    let server = Canned::start(move |asked| match asked.method.as_str() {
        "POST" => created.clone(),
        _ if asked.target.ends_with("/options") => options.clone(),
        // As on Kubernetes, where a gateway knows its own cluster a moment later.
        _ if !asked_before.swap(true, Ordering::Relaxed) => {
            Given { status: 404, ..Given::json(json!({ "error": "Cluster not found" })) }
        }
        _ => pending.clone(),
    })
    .await;
    let prefix = recording["request"]["path"].as_str().unwrap().split("/api/").next().unwrap();
    let base = format!("{}{prefix}", server.base.as_str().trim_end_matches('/'));
    let hub = recording["request"]["authorization"].as_str().unwrap().starts_with("jupyterhub");
    let login = if hub { Login::jupyterhub(secret("0123abcd")) } else { basic("alice", "password") };
    let gateway = gateway(&base, login);
    (recording, server, gateway, known)
}

fn chosen(recording: &Value) -> Map<String, Value> {
    recording["request"]["json"]["cluster_options"].as_object().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_created_as_recorded_and_their_name_given_when_it_is_known() {
    let Some(folder) = shared("gateway") else { return };
    for file in ["09-create.json", "45-jh-create.json"] {
        let (recording, server, gateway, known) = creating(&folder, file, None).await;
        let name = gateway.create(&chosen(&recording)).await.unwrap();
        assert_eq!(name.as_str(), recording["response"]["json"]["name"]);
        assert!(known.load(Ordering::Relaxed));
        let asked = server.asked();
        let posts: Vec<_> = asked.iter().filter(|asked| asked.method == "POST").collect();
        assert_eq!(posts.len(), 1);
        assert_asked(&recording, posts[0], &name);
        assert!(asked.last().unwrap().target.ends_with(name.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_options_are_told_before_anything_is_asked_for_and_the_gateways_words_after() {
    let Some(folder) = shared("gateway") else { return };
    let cases = [
        ("07-create-bad-field.json", "there is no option \"gpu\"", "Unknown fields ['gpu']"),
        (
            "08-create-bad-value.json",
            "worker_cores has to be at most 2, not 9",
            "worker_cores must be <= 2.000000, got 9",
        ),
    ];
    for (file, ours, theirs) in cases {
        let (recording, server, client, _) = creating(&folder, file, None).await;
        let told = client.create(&chosen(&recording)).await.unwrap_err();
        assert!(matches!(told, Error::Options { .. }) && told.to_string().contains(ours), "{told}");
        assert!(server.asked().iter().all(|asked| asked.method == "GET"));

        let field =
            |name: &str| json!({ "field": name, "label": name, "default": 1, "spec": { "type": "new" } });
        let offered = json!({ "cluster_options": [field("gpu"), field("worker_cores")] });
        let (recording, server, client, _) = creating(&folder, file, Some(offered)).await;
        refused(client.create(&chosen(&recording)).await, theirs);
        let asked = server.asked();
        assert_asked(&recording, asked.last().unwrap(), &name(&recording));
    }
}
