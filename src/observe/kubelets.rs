//! Asks kubelets what pods sent and received, and writes it beside the history.
//!
//! Kubelets are asked themselves, not through the API server: for that the right `nodes/stats` is enough, while
//! its proxy wants `nodes/proxy`, by which programs can be run in every pod (Kubernetes, "Kubelet
//! authentication/authorization").

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::ListParams;
use kube::{Api, Client, Config};
use serde::Deserialize;
use serde_json::Value;

use super::history::{addresses, on_host_network};
use super::recorder::append;
use super::traffic::{Meters, Moved, PodBytes, Reading};
use crate::error::{Error, Result};

/// How often kubelets are asked. They look at networks every 10 seconds or so.
const EVERY: Duration = Duration::from_mins(1);
/// How long a kubelet may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Kubelets that are asked at a time.
const AT_ONCE: usize = 8;
/// Files of so many days are read when the recorder is started again: who was silent for longer is gone.
pub(super) const DAYS: usize = 31;
/// What names of files of bytes begin with; those of lives begin with the day.
pub(super) const BYTES: &str = "bytes-";

/// Asks kubelets.
pub struct Kubelets {
    /// How the API server is reached; kubelets are reached with the same credentials and authority.
    config: Config,
    api: Client,
    namespace: String,
    folder: PathBuf,
    meters: Meters,
    clients: BTreeMap<String, Client>,
}

impl Kubelets {
    /// Goes on where the history in a folder ends.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn open(config: Config, api: Client, namespace: &str, folder: &Path) -> Result<Self> {
        let cannot = |error: io::Error| {
            Error::failed(format!("the history in {} cannot be read", folder.display())).because(error)
        };
        fs::create_dir_all(folder).map_err(cannot)?;
        let mut meters = Meters::default();
        let files = files(folder).map_err(cannot)?;
        for path in files.iter().rev().take(DAYS) {
            for line in BufReader::new(fs::File::open(path).map_err(cannot)?).lines() {
                meters.resume(&line.map_err(cannot)?);
            }
        }
        let (namespace, folder) = (namespace.to_owned(), folder.to_owned());
        Ok(Self { config, api, namespace, folder, meters, clients: BTreeMap::new() })
    }

    /// Asks for ever. `tell` is told once of each reason why kubelets do not answer.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub async fn run(mut self, tell: &dyn Fn(&str)) -> Result<()> {
        let mut told = BTreeSet::new();
        loop {
            for gap in self.round().await? {
                if told.insert(gap.clone()) {
                    tell(&gap);
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Asks the kubelets of all nodes with pods of the hub, once. Returns why some did not answer.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub async fn round(&mut self) -> Result<BTreeSet<String>> {
        let mut gaps = BTreeSet::new();
        let there = match self.there().await {
            Ok(there) => there,
            Err(error) => {
                gaps.insert(format!("the API server does not say where pods are: {error}"));
                return Ok(gaps);
            }
        };
        let asked: Vec<_> =
            there.nodes.iter().filter_map(|(node, address)| Some((node, self.client(address)?))).collect();
        let mut answers = futures::stream::iter(asked)
            .map(|(node, client)| async move { (node, ask(&client).await) })
            .buffer_unordered(AT_ONCE);
        let mut readings = Vec::new();
        while let Some((node, answer)) = answers.next().await {
            match answer {
                Ok(answer) => readings.extend(answer.readings(&there.pods)),
                Err(why) => drop(gaps.insert(format!("the kubelet of {node} {why}"))),
            }
        }
        drop(answers);
        for reading in readings {
            self.meters.read(reading);
        }
        self.write(&there.pods)?;
        Ok(gaps)
    }

    /// Where the hub's pods are that have a network of their own.
    async fn there(&mut self) -> std::result::Result<There, kube::Error> {
        let client = self.api.clone();
        // What the API server has in memory is new enough.
        let how = ListParams::default().match_any();
        let pods = Api::<Pod>::namespaced(client.clone(), &self.namespace).list(&how).await?;
        let nodes = Api::<Node>::all(client).list(&how).await?;
        let value = |object| serde_json::to_value(object).unwrap_or_default();
        let mut there = There::default();
        let mut used = BTreeSet::new();
        for pod in &pods.items {
            let (uid, node) =
                (pod.metadata.uid.clone(), pod.spec.as_ref().and_then(|spec| spec.node_name.clone()));
            if let (Some(uid), Some(node)) = (uid, node)
                && !on_host_network(&value(pod))
            {
                there.pods.insert(uid);
                used.insert(node);
            }
        }
        for node in &nodes.items {
            let name = node.metadata.name.clone().unwrap_or_default();
            if used.contains(&name)
                && let Some(address) = kubelet(&serde_json::to_value(node).unwrap_or_default())
            {
                there.nodes.insert(name, address);
            }
        }
        self.clients.retain(|address, _| there.nodes.values().any(|known| known == address));
        Ok(there)
    }

    /// A client of a kubelet; none where its address is none.
    fn client(&mut self, address: &str) -> Option<Client> {
        if let Some(client) = self.clients.get(address) {
            return Some(client.clone());
        }
        let mut config = self.config.clone();
        config.cluster_url = address.parse().ok()?;
        config.tls_server_name = None;
        config.connect_timeout = Some(PATIENCE);
        let client = Client::try_from(config).ok()?;
        self.clients.insert(address.to_owned(), client.clone());
        Some(client)
    }

    /// Writes what is due, each line to the file of its day.
    fn write(&mut self, there: &BTreeSet<String>) -> Result<()> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for line in self.meters.due(there) {
            let text = serde_json::to_string(&line).unwrap_or_default();
            files.entry(day_of(&line)).or_default().push_str(&format!("{text}\n"));
        }
        for (day, lines) in files {
            let path = self.folder.join(format!("{BYTES}{day}.jsonl"));
            append(&path, &lines).map_err(|error| {
                Error::failed(format!("{} cannot be written", path.display())).because(error)
            })?;
        }
        Ok(())
    }
}

/// The day of a line, by its beginning: its end may be midnight.
fn day_of(line: &PodBytes) -> String {
    line.from.chars().take(10).collect()
}

/// Pods that have a network of their own, and kubelets by node.
#[derive(Default)]
struct There {
    pods: BTreeSet<String>,
    nodes: BTreeMap<String, String>,
}

/// Where a node's kubelet answers.
fn kubelet(node: &Value) -> Option<String> {
    let address = addresses(node).into_iter().next()?;
    let port = node
        .pointer("/status/daemonEndpoints/kubeletEndpoint/Port")
        .and_then(Value::as_u64)
        .unwrap_or(10_250);
    Some(if address.contains(':') {
        format!("https://[{address}]:{port}/")
    } else {
        format!("https://{address}:{port}/")
    })
}

/// An answer for `/stats/summary` (Kubernetes, "Node metrics data"; `k8s.io/kubelet/pkg/apis/stats/v1alpha1`).
#[derive(Deserialize)]
struct Summary {
    #[serde(default)]
    pods: Vec<PodStats>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodStats {
    pod_ref: PodRef,
    start_time: Option<String>,
    network: Option<Network>,
}

#[derive(Deserialize)]
struct PodRef {
    uid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    time: String,
    rx_bytes: Option<u64>,
    tx_bytes: Option<u64>,
}

impl Summary {
    /// The counters of some pods. A pod without counters says nothing.
    fn readings(self, pods: &BTreeSet<String>) -> Vec<Reading> {
        let own = self.pods.into_iter().filter(|pod| pods.contains(&pod.pod_ref.uid));
        own.filter_map(|pod| {
            let network = pod.network?;
            Some(Reading {
                uid: pod.pod_ref.uid,
                since: pod.start_time.and_then(|time| time.parse().ok()),
                at: network.time.parse().ok()?,
                counters: Moved { received: network.rx_bytes?, sent: network.tx_bytes? },
            })
        })
        .collect()
    }
}

/// Asks a kubelet; why it cannot be used, in words that go after its name.
async fn ask(client: &Client) -> std::result::Result<Summary, String> {
    let request = http::Request::get("/stats/summary").body(Vec::new());
    let request = request.map_err(|error| format!("cannot be asked: {error}"))?;
    let answer = tokio::time::timeout(PATIENCE, client.request_text(request)).await;
    let answer = answer.map_err(|_| "does not answer".to_owned())?.map_err(|error| match error {
        kube::Error::Api(status) if [401, 403].contains(&status.code) => {
            "refuses (get nodes/stats): it has to know accounts of services by their tokens".to_owned()
        }
        kube::Error::Api(status) => format!("answers {}", status.code),
        other => format!("cannot be reached: {other}"),
    })?;
    serde_json::from_str(&answer).map_err(|error| format!("answers in an unknown form: {error}"))
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(BYTES) && path.extension().is_some_and(|end| end == "jsonl") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kubelet_is_found_by_its_node() {
        let node = |address: &str| {
            json!({ "status": {
                "addresses": [{ "type": "Hostname", "address": "n" }, { "type": "InternalIP", "address": address }],
                "daemonEndpoints": { "kubeletEndpoint": { "Port": 10_255 } },
            } })
        };
        assert_eq!(kubelet(&node("10.0.0.1")).as_deref(), Some("https://10.0.0.1:10255/"));
        assert_eq!(kubelet(&node("fd00::1")).as_deref(), Some("https://[fd00::1]:10255/"));
        assert_eq!(kubelet(&json!({})), None);
    }

    #[test]
    fn pods_of_others_and_without_counters_say_nothing() {
        let answer = json!({ "node": {}, "pods": [
            { "podRef": { "name": "a", "namespace": "lab", "uid": "1" }, "startTime": "2026-10-12T09:00:00Z",
              "network": { "time": "2026-10-12T10:00:00Z", "name": "eth0", "rxBytes": 5, "rxErrors": 0, "txBytes": 7,
                           "interfaces": [{ "name": "eth0", "rxBytes": 5, "txBytes": 7 }] } },
            { "podRef": { "name": "b", "namespace": "lab", "uid": "2" }, "network": { "time": "2026-10-12T10:00:00Z" } },
            { "podRef": { "name": "c", "namespace": "kube-system", "uid": "3" },
              "network": { "time": "2026-10-12T10:00:00Z", "rxBytes": 5, "txBytes": 7 } },
        ] });
        let summary: Summary = serde_json::from_value(answer).unwrap();
        let pods = ["1", "2"].map(str::to_owned).into();
        let readings = summary.readings(&pods);
        assert_eq!(readings.len(), 1);
        assert_eq!(readings[0].counters, Moved { received: 5, sent: 7 });
    }
}
