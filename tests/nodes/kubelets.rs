//! What pods sent and received, asked of a kubelet over TLS, and what a recorder writes that is stopped and started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use frazil::ledger::told::history;
use frazil::observe::Kubelets;
use kube::config::AuthInfo;
use kube::{Client, Config};
use serde_json::{Value, json};

use super::kubernetes::keys::Keys;
use crate::skips::skipped;

struct StandIn {
    child: Child,
    port: u16,
    answers: PathBuf,
    authority: PathBuf,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl StandIn {
    fn start(folder: &Path) -> Option<Self> {
        let keys = Keys::new(folder.join("keys"));
        keys.server("kubelet", "IP:127.0.0.1");
        let answers = folder.join("answers.json");
        let mut command = Command::new("python3");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/kubelet.py")).args([
            keys.certificate("kubelet"),
            keys.key("kubelet"),
            answers.clone(),
        ]);
        let Ok(mut child) = command.stdout(Stdio::piped()).spawn() else {
            skipped("no python3");
            return None;
        };
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { child, port: line.trim().parse().unwrap(), answers, authority: keys.certificate("ca") })
    }

    fn config(&self, token: &str) -> Config {
        let mut config = Config::new(format!("https://127.0.0.1:{}", self.port).parse().unwrap());
        config.root_cert_file = Some(self.authority.clone());
        config.auth_info = AuthInfo { token: Some(token.into()), ..AuthInfo::default() };
        config
    }

    fn kubelets(&self, folder: &Path, token: &str) -> Kubelets {
        let config = self.config(token);
        Kubelets::open(config.clone(), Client::try_from(config).unwrap(), "lab", folder).unwrap()
    }

    /// Pods of the hub, and what the kubelet says of pods at a time: UID, received, sent.
    fn say(&self, pods: &[&str], time: &str, counters: &[(&str, u64, u64)]) {
        let pod = |uid: &&str| {
            json!({ "metadata": { "name": uid, "namespace": "lab", "uid": uid },
                    "spec": { "nodeName": "n1", "containers": [], "hostNetwork": *uid == "host" } })
        };
        let node = json!({ "metadata": { "name": "n1" }, "status": {
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": self.port } },
        } });
        let list = |kind: &str, items: Vec<Value>| json!({ "apiVersion": "v1", "kind": kind, "metadata": {}, "items": items });
        let stats = |(uid, received, sent): &(&str, u64, u64)| {
            json!({ "podRef": { "name": uid, "namespace": "lab", "uid": uid }, "startTime": "2026-10-12T09:00:00Z",
                    "network": { "time": time, "name": "eth0", "rxBytes": received, "txBytes": sent, "interfaces": [] } })
        };
        let answers = json!({
            "/api/v1/namespaces/lab/pods": list("PodList", pods.iter().map(pod).collect()),
            "/api/v1/nodes": list("NodeList", vec![node]),
            "/stats/summary": { "node": { "nodeName": "n1" }, "pods": counters.iter().map(stats).collect::<Vec<_>>() },
        });
        std::fs::write(&self.answers, answers.to_string()).unwrap();
    }
}

/// What the ledger reads of a history: pod, day, received, sent.
fn told(folder: &Path) -> Vec<(String, i32, u64, u64)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let told = history(&files.collect::<Vec<_>>(), Some("lab")).unwrap();
    told.pod_days.into_iter().map(|day| (day.pod, day.day, day.moved.received, day.moved.sent)).collect()
}

#[tokio::test]
async fn bytes_of_pods_are_kept_whatever_stops_the_recorder() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stand_in) = StandIn::start(folder.path()) else { return };
    let history = folder.path().join("history");

    let all = ["ada", "bob", "host"];
    stand_in.say(
        &all,
        "2026-10-12T10:00:00Z",
        &[("ada", 1_000, 10), ("bob", 7, 7), ("host", 99, 99), ("foreign", 5, 5)],
    );
    let mut kubelets = stand_in.kubelets(&history, "recorder-token");
    assert!(kubelets.round().await.unwrap().is_empty());
    assert_eq!(told(&history), [("ada".to_owned(), 20_738, 1_000, 10), ("bob".to_owned(), 20_738, 7, 7)]);
    // The next half hour is not over when the recorder is killed.
    stand_in.say(&all, "2026-10-12T10:10:00Z", &[("ada", 5_000, 20), ("bob", 7, 7)]);
    assert!(kubelets.round().await.unwrap().is_empty());
    drop(kubelets);
    let torn = history.join("bytes-2026-10-12.jsonl");
    let text = std::fs::read_to_string(&torn).unwrap();
    std::fs::write(&torn, format!("{text}{{\"kind\":\"bytes\",\"uid\":\"ad")).unwrap();

    let mut kubelets = stand_in.kubelets(&history, "recorder-token");
    stand_in.say(&["ada"], "2026-10-12T11:00:00Z", &[("ada", 8_000, 30)]);
    assert!(kubelets.round().await.unwrap().is_empty());
    assert_eq!(told(&history), [("ada".to_owned(), 20_738, 8_000, 30), ("bob".to_owned(), 20_738, 7, 7)]);
    // Gone with what it moved since.
    stand_in.say(&["ada"], "2026-10-12T11:01:00Z", &[("ada", 9_000, 30)]);
    kubelets.round().await.unwrap();
    stand_in.say(&[], "2026-10-12T11:02:00Z", &[]);
    assert!(kubelets.round().await.unwrap().is_empty());
    assert_eq!(told(&history)[0], ("ada".to_owned(), 20_738, 9_000, 30));
}

#[tokio::test]
async fn whoever_does_not_answer_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let Some(stand_in) = StandIn::start(folder.path()) else { return };
    let history = folder.path().join("history");
    stand_in.say(&["ada"], "2026-10-12T10:00:00Z", &[("ada", 1_000, 10)]);
    // The API server is another here: it takes a token that the kubelet refuses.
    let api = Client::try_from(stand_in.config("recorder-token")).unwrap();
    let mut refused = Kubelets::open(stand_in.config("stolen"), api.clone(), "lab", &history).unwrap();
    let gaps = refused.round().await.unwrap();
    let gap = gaps.first().unwrap();
    assert!(gaps.len() == 1 && gap.starts_with("the kubelet of n1 refuses (get nodes/stats)"), "{gaps:?}");
    assert!(!gap.contains("stolen"));
    // An authority that has not signed the kubelet's certificate.
    let others = Keys::new(folder.path().join("others"));
    let mut config = stand_in.config("recorder-token");
    config.root_cert_file = Some(others.certificate("ca"));
    let mut stranger = Kubelets::open(config, api, "lab", &history).unwrap();
    let gaps = stranger.round().await.unwrap();
    assert!(gaps.first().unwrap().starts_with("the kubelet of n1 cannot be reached"), "{gaps:?}");
    assert_eq!(std::fs::read_dir(&history).unwrap().count(), 0);
}
