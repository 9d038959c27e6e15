//! What the recorder writes: one line of JSON for each change in the life of a pod or a node.
//! Lines of one life have the same UID and later ones win, so that reading them twice, or after
//! a restart of the recorder, changes nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::labels::NodeLabels;
use super::requests::{Amounts, PodRequests};

/// Labels that say whose a pod is and what for; all others are left out, as anyone may set them.
const LABELS: [&str; 8] = [
    "app",
    "component",
    "app.kubernetes.io/name",
    "app.kubernetes.io/component",
    "hub.jupyter.org/username",
    "hub.jupyter.org/servername",
    "gateway.dask.org/cluster",
    "gateway.dask.org/instance",
];
/// Annotations that say the same without the escapes of a label.
const ANNOTATIONS: [&str; 2] = ["hub.jupyter.org/username", "frazil/size"];

/// What a line is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Life {
    /// A pod.
    Pod(PodLife),
    /// A node.
    Node(NodeLife),
}

/// The life of a pod as far as it is known. Times are RFC 3339.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodLife {
    /// The UID, which no other pod ever has.
    pub uid: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The node; empty while there is none.
    pub node: String,
    /// Whose it is and what for.
    pub labels: BTreeMap<String, String>,
    /// CPU that it takes of its node ([`PodRequests`]), in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory that it takes of its node, in bytes.
    pub memory_bytes: u64,
    /// Requested GPUs.
    pub gpus: u64,
    /// When it was made.
    pub created: String,
    /// When it took its place on the node; from then on it counts.
    pub scheduled: Option<String>,
    /// When it ended.
    pub ended: Option<String>,
    /// Whether `ended` is only the time at which it was found to be gone: the recorder was not there.
    #[serde(default)]
    pub ended_before: bool,
    /// Its address; empty while it has none, and where it has its node's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
}

/// The life of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLife {
    /// The UID.
    pub uid: String,
    /// The name.
    pub name: String,
    /// The machine as the cloud names it, for its bill.
    pub provider_id: String,
    /// The machine type.
    pub machine: String,
    /// The zone.
    pub zone: String,
    /// The pool of the hub; empty for nodes of somebody else.
    pub pool: String,
    /// Whether it is a spot machine.
    pub spot: bool,
    /// CPU that pods may use, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory that pods may use, in bytes.
    pub memory_bytes: u64,
    /// When it was made.
    pub created: String,
    /// When it ended.
    pub ended: Option<String>,
    /// Whether `ended` is only the time at which it was found to be gone.
    #[serde(default)]
    pub ended_before: bool,
    /// Its addresses within the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

impl Life {
    /// The UID.
    pub fn uid(&self) -> &str {
        match self {
            Self::Pod(pod) => &pod.uid,
            Self::Node(node) => &node.uid,
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Pod(pod) => pod.ended.is_some(),
            Self::Node(node) => node.ended.is_some(),
        }
    }

    /// The same life, over since a time, or before it.
    #[must_use]
    pub fn over(mut self, time: &str, before: bool) -> Self {
        let (ended, ended_before) = match &mut self {
            Self::Pod(pod) => (&mut pod.ended, &mut pod.ended_before),
            Self::Node(node) => (&mut node.ended, &mut node.ended_before),
        };
        if ended.is_none() {
            (*ended, *ended_before) = (Some(time.to_owned()), before);
        }
        self
    }
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A pod as the API server shows it.
pub fn pod(live: &Value) -> Life {
    let requests = PodRequests::of(live).effective();
    let condition = |kind: &str| {
        let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
        conditions.into_iter().flatten().find(|each| each["type"] == kind && each["status"] == "True")
    };
    let scheduled = condition("PodScheduled").and_then(|each| each["lastTransitionTime"].as_str());
    Life::Pod(PodLife {
        uid: text(live, "/metadata/uid").to_owned(),
        namespace: text(live, "/metadata/namespace").to_owned(),
        name: text(live, "/metadata/name").to_owned(),
        node: text(live, "/spec/nodeName").to_owned(),
        labels: marks(live),
        cpu_millis: requests.cpu_millis,
        memory_bytes: requests.memory_bytes,
        gpus: requests.gpus,
        created: text(live, "/metadata/creationTimestamp").to_owned(),
        scheduled: scheduled.map(str::to_owned),
        ended: ended(live),
        ended_before: false,
        address: if on_host_network(live) { "" } else { text(live, "/status/podIP") }.to_owned(),
    })
}

/// Whether a pod has its node's network instead of one of its own.
pub(super) fn on_host_network(live: &Value) -> bool {
    live.pointer("/spec/hostNetwork").and_then(Value::as_bool) == Some(true)
}

/// The addresses of a node within the network.
pub(super) fn addresses(live: &Value) -> Vec<String> {
    let all = live.pointer("/status/addresses").and_then(Value::as_array).into_iter().flatten();
    let internal = all.filter(|each| each["type"] == "InternalIP");
    internal.filter_map(|each| each["address"].as_str()).map(str::to_owned).collect()
}

fn marks(live: &Value) -> BTreeMap<String, String> {
    let take = |from: &'static str, keys: &'static [&'static str]| {
        let all = live["metadata"][from].clone();
        keys.iter().filter_map(move |key| Some(((*key).to_owned(), all.get(*key)?.as_str()?.to_owned())))
    };
    take("labels", &LABELS).chain(take("annotations", &ANNOTATIONS)).collect()
}

/// When the last container of a pod that is over ended.
fn ended(live: &Value) -> Option<String> {
    if !["Succeeded", "Failed"].contains(&text(live, "/status/phase")) {
        return None;
    }
    let statuses = live.pointer("/status/containerStatuses").and_then(Value::as_array);
    let ends =
        statuses.into_iter().flatten().filter_map(|each| each["state"]["terminated"]["finishedAt"].as_str());
    ends.max().map(str::to_owned)
}

/// A node as the API server shows it.
pub fn node(live: &Value) -> Life {
    let label = |key: &str| live["metadata"]["labels"].get(key).and_then(Value::as_str);
    let NodeLabels { machine, zone, spot, .. } = NodeLabels::read(label);
    let allocatable = Amounts::of(&live["status"]["allocatable"]);
    Life::Node(NodeLife {
        uid: text(live, "/metadata/uid").to_owned(),
        name: text(live, "/metadata/name").to_owned(),
        provider_id: text(live, "/spec/providerID").to_owned(),
        machine,
        zone,
        pool: label("frazil/pool").unwrap_or_default().to_owned(),
        spot,
        cpu_millis: allocatable.cpu_millis,
        memory_bytes: allocatable.memory_bytes,
        created: text(live, "/metadata/creationTimestamp").to_owned(),
        ended: None,
        ended_before: false,
        addresses: addresses(live),
    })
}

/// What is known from lines, in their order: the last line of each life. Lines that were cut off are left out.
pub fn learn(known: &mut BTreeMap<String, Life>, line: &[u8]) {
    if let Ok(life) = serde_json::from_slice::<Life>(line) {
        known.insert(life.uid().to_owned(), life);
    }
}

/// The lives that have to be written: those that are new or changed, and those that are over
/// because nothing is there any more.
pub fn news(known: &BTreeMap<String, Life>, there: &[Life], now: &str) -> Vec<Life> {
    let changed = there.iter().filter(|life| known.get(life.uid()) != Some(*life)).cloned();
    let gone = known.values().filter(|life| !life.is_over());
    let gone = gone.filter(|life| !there.iter().any(|other| other.uid() == life.uid()));
    changed.chain(gone.map(|life| life.clone().over(now, true))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Life, learn, news, node, pod};

    fn server() -> serde_json::Value {
        json!({
            "metadata": {
                "uid": "1", "namespace": "lab", "name": "jupyter-ada", "creationTimestamp": "2026-11-21T09:00:00Z",
                "labels": { "component": "singleuser-server", "their-own": "x" },
                "annotations": { "hub.jupyter.org/username": "ada@example.org" },
            },
            "spec": {
                "nodeName": "n1",
                "initContainers": [{ "resources": { "requests": { "cpu": "2" } } }],
                "containers": [
                    { "resources": { "requests": { "cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": "1" } } },
                    { "resources": { "requests": { "cpu": "1", "memory": "1Gi" } } },
                ],
            },
            "status": { "phase": "Running", "conditions": [
                { "type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-21T09:00:05Z" }
            ] },
        })
    }

    #[test]
    fn a_pod_is_whose_it_is_and_what_it_requests() {
        let Life::Pod(life) = pod(&server()) else { panic!() };
        assert_eq!((life.cpu_millis, life.memory_bytes, life.gpus), (2000, 2 << 30, 1));
        assert_eq!(life.labels.len(), 2);
        assert_eq!(life.labels["hub.jupyter.org/username"], "ada@example.org");
        assert_eq!(life.scheduled.as_deref(), Some("2026-11-21T09:00:05Z"));
        assert_eq!(life.ended, None);
    }

    #[test]
    fn a_pod_that_is_over_ended_with_its_last_container() {
        let mut over = server();
        over["status"]["phase"] = "Succeeded".into();
        over["status"]["containerStatuses"] = json!([
            { "state": { "terminated": { "finishedAt": "2026-11-21T10:00:00Z" } } },
            { "state": { "terminated": { "finishedAt": "2026-11-21T09:30:00Z" } } },
        ]);
        let Life::Pod(life) = pod(&over) else { panic!() };
        assert_eq!(life.ended.as_deref(), Some("2026-11-21T10:00:00Z"));
    }

    #[test]
    fn what_vanished_while_nobody_looked_ended_before_now() {
        let first = pod(&server());
        let text = serde_json::to_string(&first).unwrap();
        let mut known = BTreeMap::new();
        for line in [text.as_str(), "{\"kind\":\"pod\",\"ui"] {
            learn(&mut known, line.as_bytes());
        }
        assert_eq!(news(&known, &[first], "2026-11-21T11:00:00Z"), []);
        let gone = news(&known, &[], "2026-11-21T11:00:00Z");
        let [Life::Pod(life)] = gone.as_slice() else { panic!("{gone:?}") };
        assert!(life.ended_before && life.ended.as_deref() == Some("2026-11-21T11:00:00Z"));
        let text = serde_json::to_string(&gone[0]).unwrap();
        learn(&mut known, text.as_bytes());
        assert_eq!(news(&known, &[], "2026-11-22T00:00:00Z"), []);
    }

    #[test]
    fn a_node_is_what_its_bill_calls_it() {
        let shown = json!({
            "metadata": { "uid": "2", "name": "n1", "labels": {
                "node.kubernetes.io/instance-type": "m6i.4xlarge", "eks.amazonaws.com/capacityType": "SPOT",
                "frazil/pool": "dask",
            } },
            "spec": { "providerID": "aws:///us-west-2a/i-0abc" },
            "status": { "allocatable": { "cpu": "15890m", "memory": "62000000Ki" } },
        });
        let Life::Node(life) = node(&shown) else { panic!() };
        assert!(life.spot);
        assert_eq!(
            (life.machine.as_str(), life.pool.as_str(), life.cpu_millis),
            ("m6i.4xlarge", "dask", 15_890)
        );
    }
}
