//! A cluster for the tests: nodes of two clouds, and pods of every kind that counts or does not.

use serde_json::{Value, json};

use super::kubernetes::Kubernetes;
use super::scratch::Scratch;

/// A cluster with nodes and pods, and a hub file for it.
pub(crate) struct Lab {
    pub(crate) kubernetes: Kubernetes,
    pub(crate) machine: Scratch,
}

/// Nobody starts it: it stays where it was put.
fn pod(name: &str, node: &str, marks: &Value, spec: &Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "default" },
        "spec": { "schedulerName": "nobody", "containers": [] },
    });
    if !node.is_empty() {
        pod["spec"]["nodeName"] = json!(node);
    }
    for (key, value) in marks.as_object().unwrap() {
        pod["metadata"][key] = value.clone();
    }
    for (key, value) in spec.as_object().unwrap() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn container(name: &str, cpu: &str, memory: &str) -> Value {
    json!({ "name": name, "image": "well", "resources": { "requests": { "cpu": cpu, "memory": memory } } })
}

fn containers(cpu: &str, memory: &str) -> Value {
    json!({ "containers": [container("main", cpu, memory)] })
}

fn node(name: &str, provider: &str, size: (&str, &str, &str), labels: &Value) -> Value {
    let (cpu, capacity, allocatable) = size;
    let room =
        |memory: &str| json!({ "cpu": cpu, "memory": memory, "pods": "58", "ephemeral-storage": "100Gi" });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": name, "labels": labels },
        "spec": { "providerID": provider },
        "status": {
            "capacity": room(capacity), "allocatable": room(allocatable),
            "conditions": [{ "type": "Ready", "status": "True", "lastHeartbeatTime": "2026-11-22T00:00:00Z",
                "lastTransitionTime": "2026-11-22T00:00:00Z", "reason": "x", "message": "x" }],
        },
    })
}

fn nodes() -> Value {
    let labels = |pool: &str, machine: &str, zone: &str, more: &Value| {
        let mut labels = json!({
            "frazil/pool": pool, "node.kubernetes.io/instance-type": machine, "topology.kubernetes.io/zone": zone,
        });
        for (key, value) in more.as_object().unwrap() {
            labels[key] = value.clone();
        }
        labels
    };
    let user = labels("user", "r5.xlarge", "us-west-2a", &json!({ "hub.jupyter.org/node-purpose": "user" }));
    let dask = json!({ "eks.amazonaws.com/capacityType": "SPOT", "k8s.dask.org/node-purpose": "worker" });
    let dask = labels("dask", "m5.xlarge", "us-west-2b", &dask);
    let google = labels("user", "n2-highmem-4", "us-central1-b", &json!({}));
    let bare = json!({ "kubernetes.io/hostname": "bare" });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        node("ip-10-0-0-1.us-west-2.compute.internal", "aws:///us-west-2a/i-1", ("4", "32000Mi", "30000Mi"), &user),
        node("ip-10-0-0-2.us-west-2.compute.internal", "aws:///us-west-2b/i-2", ("4", "16000Mi", "15000Mi"), &dask),
        node("gke-lab-user-1", "gce://p/us-central1-b/gke-lab-user-1", ("4", "32000Mi", "28000Mi"), &google),
        node("bare", "", ("2", "4000Mi", "4000Mi"), &bare),
    ] })
}

pub(crate) const USER: &str = "ip-10-0-0-1.us-west-2.compute.internal";
pub(crate) const DASK: &str = "ip-10-0-0-2.us-west-2.compute.internal";

fn pods() -> Value {
    let ada = json!({
        "labels": { "component": "singleuser-server", "hub.jupyter.org/username": "ada-40x" },
        "annotations": { "hub.jupyter.org/username": "ada@x.org", "hub.jupyter.org/servername": "" },
    });
    let bob = json!({ "labels": { "component": "singleuser-server", "hub.jupyter.org/username": "bob" } });
    let worker = |user: &str| {
        let labels =
            json!({ "gateway.dask.org/cluster": "c1", "app.kubernetes.io/component": "dask-worker" });
        json!({ "labels": labels, "annotations": { "hub.jupyter.org/username": user } })
    };
    let mut sidecar = container("sidecar", "250m", "64Mi");
    sidecar["restartPolicy"] = json!("Always");
    let with_init = json!({
        "containers": [container("notebook", "500m", "1Gi")],
        "initContainers": [sidecar, container("init", "2", "128Mi")],
    });
    let heavy = json!({ "runtimeClassName": "heavy", "containers": [container("main", "100m", "100Mi")] });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        // 2 of the init container and 0.25 of the sidecar before it; 1 GiB and 64 MiB.
        pod("jupyter-ada", USER, &ada, &with_init),
        pod("jupyter-bob", USER, &bob, &containers("500m", "1Gi")),
        // 0.35 with the overhead of its runtime; 120 MiB.
        pod("heavy", USER, &json!({}), &heavy),
        pod("over", USER, &json!({}), &containers("3", "9Gi")),
        pod("failed", USER, &json!({}), &containers("3", "9Gi")),
        pod("worker-1", DASK, &worker("eve"), &containers("1", "4Gi")),
        pod("worker-2", DASK, &worker("eve"), &containers("1", "4Gi")),
        pod("waits", "", &json!({}), &containers("64", "1Ti")),
    ] })
}

impl Lab {
    /// A cluster, or `None`, said, where its programs are missing.
    pub(crate) fn new() -> Option<Self> {
        let kubernetes = Kubernetes::start("lab")?;
        kubernetes.create(&json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": { "name": "heavy" },
            "handler": "heavy", "overhead": { "podFixed": { "cpu": "250m", "memory": "20Mi" } },
        }));
        kubernetes.create(&nodes());
        kubernetes.create(&pods());
        for (name, phase) in [("over", "Succeeded"), ("failed", "Failed")] {
            let patch = json!({ "status": { "phase": phase } }).to_string();
            kubernetes.run("kubectl", &["patch", "pod", name, "--subresource=status", "-p", &patch]);
        }
        let machine = Scratch::new();
        machine.write("hub.yaml", file("lab"));
        Some(Self { kubernetes, machine })
    }

    /// The program as a person with a kubeconfig of their own, or as the administrator.
    pub(crate) fn frazil(&self) -> assert_cmd::Command {
        let mut command = self.machine.frazil();
        command.env("KUBECONFIG", self.kubernetes.kubeconfig());
        command
    }

    /// The metrics API with samples of some nodes: objects of a definition of our own under its name.
    pub(crate) fn measure(&self, samples: &[(&str, &str, &str)]) {
        let name = "nodes.metrics.k8s.io";
        let keep = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        self.kubernetes.create(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {
                "name": name,
                "annotations": { "api-approved.kubernetes.io": "unapproved, a stand-in of tests" },
            },
            "spec": {
                "group": "metrics.k8s.io", "scope": "Cluster",
                "names": { "plural": "nodes", "singular": "node", "kind": "NodeMetrics" },
                "versions": [{ "name": "v1beta1", "served": true, "storage": true, "schema": { "openAPIV3Schema": keep } }],
            },
        }));
        let wait = ["wait", "crd", name, "--for=condition=Established", "--timeout=60s"];
        self.kubernetes.run("kubectl", &wait);
        for (node, cpu, memory) in samples {
            self.kubernetes.create(&json!({
                "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": { "name": node },
                "timestamp": "2026-11-22T00:00:00Z", "window": "20.5s", "usage": { "cpu": cpu, "memory": memory },
            }));
        }
    }
}

/// A hub file of a name for the context `lab`.
pub(crate) fn file(name: &str) -> String {
    format!(
        "name: {name}\nprovider: {{ kubernetes: {{ context: lab }} }}\nauth: native\n\
         sizes: [{{ name: small, memory: 1 GiB, default: true }}]\n"
    )
}
