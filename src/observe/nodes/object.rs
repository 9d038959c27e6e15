//! Nodes and pods in an answer of the API server, and of each only what is told of it. The numbers
//! of fields are those of `generated.proto` in `k8s.io/api/core/v1` and `k8s.io/apimachinery`; no
//! version of Kubernetes changes them.

use std::io;

use super::wire::{Fields, Value, entry, find};
use crate::observe::labels::NodeLabels;
use crate::observe::quantity::amount;
use crate::observe::requests::{Amounts, PodRequests};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// The scheme of its provider's ID, such as `aws` or `gce`; empty when it has none.
    pub provider: String,
    /// What its labels say.
    pub labels: NodeLabels,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it was told to take no more pods.
    pub cordoned: bool,
    /// What the machine shows to the kubelet.
    pub capacity: Amounts,
    /// What pods may use of it.
    pub allocatable: Amounts,
    /// How many pods it takes.
    pub slots: u64,
}

/// A pod, as far as its node is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pod<'a> {
    /// Its UID.
    pub uid: &'a str,
    /// The node; empty while there is none.
    pub node: &'a str,
    /// What it takes of the node.
    pub requests: Amounts,
    /// Whose it is, if it is somebody's.
    pub aboard: Option<Aboard>,
    /// Whether it is over and takes nothing.
    pub over: bool,
}

/// What people run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aboard {
    /// A person's server.
    Server {
        /// The person.
        user: String,
        /// The server's name; empty for the default one.
        server: String,
    },
    /// A pod of a Dask cluster.
    Dask {
        /// Whose it is; empty when nothing says so.
        user: String,
        /// The cluster's name.
        cluster: String,
    },
}

/// Metadata of an object.
#[derive(Default)]
struct Meta<'a> {
    name: &'a str,
    uid: &'a str,
    created: i64,
    labels: Vec<(&'a str, &'a str)>,
    annotations: Vec<(&'a str, &'a str)>,
}

impl<'a> Meta<'a> {
    fn read(message: Value<'a>) -> io::Result<Self> {
        let mut meta = Self::default();
        let text = |value| entry(value).map(|(key, value)| (key, value.text()));
        for field in Fields(message.bytes()) {
            match field? {
                (1, value) => meta.name = value.text(),
                (5, value) => meta.uid = value.text(),
                (8, value) => {
                    let seconds = find(value.bytes(), 1)?.map_or(0, Value::number);
                    meta.created = i64::try_from(seconds).unwrap_or_default();
                }
                (11, value) => meta.labels.push(text(value)?),
                (12, value) => meta.annotations.push(text(value)?),
                _ => {}
            }
        }
        Ok(meta)
    }

    fn label(&self, key: &str) -> Option<&'a str> {
        self.labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// What an annotation says, or the label of the same name, whose value may be escaped.
    fn mark(&self, key: &str) -> Option<&'a str> {
        let own = self.annotations.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        own.or_else(|| self.label(key)).filter(|value| !value.is_empty())
    }
}

/// An entry of a map from resources to quantities.
fn quantity(message: Value<'_>) -> io::Result<(&str, &str)> {
    let (resource, quantity) = entry(message)?;
    Ok((resource, find(quantity.bytes(), 1)?.map_or("", Value::text)))
}

/// Reads a node.
pub(super) fn node(message: &[u8]) -> io::Result<Node> {
    let mut node = Node::default();
    for field in Fields(message) {
        match field? {
            (1, value) => {
                let meta = Meta::read(value)?;
                meta.name.clone_into(&mut node.name);
                node.created = meta.created;
                node.labels = NodeLabels::read(|key| meta.label(key));
            }
            (2, value) => node_spec(&mut node, value)?,
            (3, value) => node_status(&mut node, value)?,
            _ => {}
        }
    }
    Ok(node)
}

fn node_spec(node: &mut Node, message: Value<'_>) -> io::Result<()> {
    for field in Fields(message.bytes()) {
        match field? {
            (3, value) => {
                value
                    .text()
                    .split_once("://")
                    .map_or("", |(scheme, _)| scheme)
                    .clone_into(&mut node.provider);
            }
            (4, value) => node.cordoned = value.number() != 0,
            _ => {}
        }
    }
    Ok(())
}

fn node_status(node: &mut Node, message: Value<'_>) -> io::Result<()> {
    for field in Fields(message.bytes()) {
        match field? {
            (1, value) => {
                let (resource, text) = quantity(value)?;
                node.capacity.put(resource, text);
            }
            (2, value) => {
                let (resource, text) = quantity(value)?;
                node.allocatable.put(resource, text);
                if resource == "pods" {
                    node.slots = slots(text);
                }
            }
            (4, value) => {
                let (kind, status) = entry(value)?;
                node.ready |= kind == "Ready" && status.text() == "True";
            }
            _ => {}
        }
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of pods")]
fn slots(text: &str) -> u64 {
    amount(text).unwrap_or(0.0).max(0.0) as u64
}

/// Reads a pod.
pub(super) fn pod(message: &[u8]) -> io::Result<Pod<'_>> {
    let mut pod = Pod::default();
    for field in Fields(message) {
        match field? {
            (1, value) => {
                let meta = Meta::read(value)?;
                pod.uid = meta.uid;
                pod.aboard = aboard(&meta);
            }
            (2, value) => pod_spec(&mut pod, value)?,
            (3, value) => {
                let phase = find(value.bytes(), 1)?.map_or("", Value::text);
                pod.over = matches!(phase, "Succeeded" | "Failed");
            }
            _ => {}
        }
    }
    Ok(pod)
}

fn aboard(meta: &Meta<'_>) -> Option<Aboard> {
    let user = meta.mark("hub.jupyter.org/username").unwrap_or_default().to_owned();
    if let Some(cluster) = meta.label("gateway.dask.org/cluster") {
        return Some(Aboard::Dask { user, cluster: cluster.to_owned() });
    }
    if meta.label("component") != Some("singleuser-server") {
        return None;
    }
    let server = meta.mark("hub.jupyter.org/servername").unwrap_or_default().to_owned();
    Some(Aboard::Server { user, server })
}

fn pod_spec<'a>(pod: &mut Pod<'a>, message: Value<'a>) -> io::Result<()> {
    let mut requests = PodRequests::default();
    let mut overhead = Amounts::default();
    for field in Fields(message.bytes()) {
        match field? {
            (2, value) => requests.container(container(value)?.0),
            (10, value) => pod.node = value.text(),
            (20, value) => {
                let (amounts, is_sidecar) = container(value)?;
                requests.init_container(amounts, is_sidecar);
            }
            (32, value) => {
                let (resource, text) = quantity(value)?;
                overhead.put(resource, text);
            }
            (40, value) => each_request(value, |resource, text| requests.own(resource, text))?,
            _ => {}
        }
    }
    requests.overhead(overhead);
    pod.requests = requests.effective();
    Ok(())
}

/// What a container requests, and whether it is always restarted.
fn container(message: Value<'_>) -> io::Result<(Amounts, bool)> {
    let (mut amounts, mut always) = (Amounts::default(), false);
    for field in Fields(message.bytes()) {
        match field? {
            (8, value) => each_request(value, |resource, text| amounts.put(resource, text))?,
            (24, value) => always = value.text() == "Always",
            _ => {}
        }
    }
    Ok((amounts, always))
}

fn each_request(resources: Value<'_>, mut take: impl FnMut(&str, &str)) -> io::Result<()> {
    for field in Fields(resources.bytes()) {
        if let (2, value) = field? {
            let (resource, text) = quantity(value)?;
            take(resource, text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes, shorter than 128.
    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        // The tag is a number of seven bits a byte: five of them for fields below 16.
        let (low, high) = (((number << 3) | 2) & 0x7f, number >> 4);
        let mut message = if high == 0 { vec![low] } else { vec![low | 0x80, high] };
        message.push(u8::try_from(bytes.len()).unwrap());
        message.extend(bytes);
        message
    }

    fn map(key: &str, value: &[u8]) -> Vec<u8> {
        [field(1, key.as_bytes()), field(2, value)].concat()
    }

    fn requests(cpu: &str) -> Vec<u8> {
        field(2, &map("cpu", &field(1, cpu.as_bytes())))
    }

    #[test]
    fn a_pod_is_read_with_its_sidecars_and_overhead() {
        let meta = [
            field(5, b"3a55"),
            field(11, &map("component", b"singleuser-server")),
            field(11, &map("hub.jupyter.org/username", b"ada-40x")),
            field(12, &map("hub.jupyter.org/username", b"ada@x")),
        ];
        let sidecar = [field(8, &requests("250m")), field(24, b"Always")].concat();
        let spec = [
            field(2, &field(8, &requests("1"))),
            field(10, b"n1"),
            field(20, &sidecar),
            field(20, &field(8, &requests("2"))),
            field(32, &map("cpu", &field(1, b"100m"))),
        ];
        let message =
            [field(1, &meta.concat()), field(2, &spec.concat()), field(3, &field(1, b"Running"))].concat();
        let read = pod(&message).unwrap();
        assert_eq!((read.uid, read.node, read.over), ("3a55", "n1", false));
        assert_eq!(read.requests.cpu_millis, 2350);
        assert_eq!(read.aboard, Some(Aboard::Server { user: "ada@x".to_owned(), server: String::new() }));
        let cut = message.len() - 1;
        assert!(pod(&message[..cut]).is_err(), "what breaks off is no pod");
    }

    #[test]
    fn a_node_is_read_with_its_state_and_room() {
        let ready = [field(1, b"Ready"), field(2, b"True")].concat();
        let status = [
            field(1, &map("cpu", &field(1, b"4"))),
            field(2, &map("cpu", &field(1, b"3920m"))),
            field(2, &map("pods", &field(1, b"58"))),
            field(4, &ready),
        ];
        let spec = [field(3, b"aws:///us-west-2a/i-0"), vec![0x20, 1]].concat();
        let meta = [field(1, b"n1"), field(8, &[0x08, 0x85, 0x01])].concat();
        let message = [field(1, &meta), field(2, &spec), field(3, &status.concat())].concat();
        let read = node(&message).unwrap();
        assert_eq!((read.name.as_str(), read.created, read.provider.as_str()), ("n1", 133, "aws"));
        assert_eq!((read.capacity.cpu_millis, read.allocatable.cpu_millis, read.slots), (4000, 3920, 58));
        assert!(read.ready && read.cordoned);
    }
}
