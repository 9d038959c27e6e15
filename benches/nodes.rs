//! `frazil nodes` on a real API server with 5,000 nodes and 50,000 pods, beside two programs that
//! show the same: kube-capacity and kubectl-view-allocations, from the folder that `FRAZIL_PEERS`
//! names. Time and largest resident memory of whole runs, in turn.
//!
//!     FRAZIL_PEERS=FOLDER cargo bench --bench nodes

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and stops at the first surprise"
)]

#[expect(dead_code, reason = "what tests need, and a benchmark does not")]
#[path = "../tests/support/kubernetes.rs"]
mod kubernetes;
#[path = "../tests/support/skips.rs"]
mod skips;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::PostParams;
use kube::{Api, Client, Config};
use kubernetes::Kubernetes;
use serde_json::{Value, json};
use wait4::Wait4;

/// Runs of each program.
const RUNS: usize = 5;
/// Requests at a time while objects are made.
const AT_ONCE: usize = 64;

fn main() {
    let count = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (nodes, pods) = (count("FRAZIL_NODES", 5_000), count("FRAZIL_PODS", 50_000));
    let Some(lab) = Kubernetes::start("lab") else { return };
    let kubeconfig = lab.kubeconfig();
    let since = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(fill(&kubeconfig, nodes, pods));
    println!("{nodes} nodes and {pods} pods made in {:.0} s", since.elapsed().as_secs_f64());

    let home = tempfile::tempdir().unwrap();
    let hub = "name: lab\nprovider: { kubernetes: { context: lab } }\nauth: native\n\
               sizes: [{ name: small, memory: 1 GiB, default: true }]\n";
    std::fs::write(home.path().join("hub.yaml"), hub).unwrap();
    let programs = programs();
    let mut figures: Vec<Vec<(Duration, u64)>> = vec![Vec::new(); programs.len()];
    // The first round only warms the API server's caches.
    for round in 0..=RUNS {
        for (program, figures) in programs.iter().zip(&mut figures) {
            let figure = run(program, home.path(), &kubeconfig);
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    println!("{:<44} {:>9} {:>9} {:>9} {:>10}", "command", "min s", "median", "max", "peak MiB");
    for (program, mut figures) in programs.iter().zip(figures) {
        figures.sort_unstable();
        let seconds = |index: usize| figures[index].0.as_secs_f64();
        let peak = figures.iter().map(|(_, peak)| *peak).max().unwrap() as f64 / f64::from(1 << 20);
        let (min, median, max) = (seconds(0), seconds(RUNS / 2), seconds(RUNS - 1));
        println!("{:<44} {min:>9.2} {median:>9.2} {max:>9.2} {peak:>10.1}", program.join(" "));
    }
}

/// The programs with their arguments; those that are missing are told.
fn programs() -> Vec<Vec<String>> {
    let own = |arguments: &[&str]| {
        let all = std::iter::once(env!("CARGO_BIN_EXE_frazil")).chain(arguments.iter().copied());
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut programs = vec![own(&["nodes"]), own(&["nodes", "-o", "json"])];
    let Some(peers) = std::env::var_os("FRAZIL_PEERS").map(PathBuf::from) else {
        println!("without peers: FRAZIL_PEERS names no folder");
        return programs;
    };
    let others: [(&str, &[&str]); 2] =
        [("kube-capacity", &[]), ("kubectl-view-allocations", &["-g", "resource", "-g", "node"])];
    for (name, arguments) in others {
        let path = peers.join(name);
        if !path.exists() {
            println!("without {name}: it is not in {}", peers.display());
            continue;
        }
        let all = std::iter::once(path.display().to_string());
        programs.push(all.chain(arguments.iter().map(|each| (*each).to_owned())).collect());
    }
    programs
}

fn run(program: &[String], home: &Path, kubeconfig: &Path) -> (Duration, u64) {
    let since = Instant::now();
    let mut child = Command::new(&program[0])
        .args(&program[1..])
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("KUBECONFIG", kubeconfig)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = child.wait4().unwrap();
    assert!(ended.status.success(), "{program:?}");
    (since.elapsed(), ended.rusage.maxrss)
}

async fn fill(kubeconfig: &Path, nodes: usize, pods: usize) {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    let client = Client::try_from(config).unwrap();
    let node_api: Api<Node> = Api::all(client.clone());
    let pod_api: Api<Pod> = Api::namespaced(client, "default");
    let how = PostParams::default();
    let made = stream::iter(0..nodes).map(|index| {
        let node: Node = serde_json::from_value(node(index)).unwrap();
        let (api, how) = (&node_api, &how);
        async move { api.create(how, &node).await.unwrap() }
    });
    made.buffer_unordered(AT_ONCE).for_each(|_| async {}).await;
    let made = stream::iter(0..pods).map(|index| {
        let pod: Pod = serde_json::from_value(pod(index, nodes)).unwrap();
        let (api, how) = (&pod_api, &how);
        async move { api.create(how, &pod).await.unwrap() }
    });
    made.buffer_unordered(AT_ONCE).for_each(|_| async {}).await;
}

/// A node as a cloud makes it: labels, conditions, addresses, images that it has pulled.
fn node(index: usize) -> Value {
    let room =
        |memory: &str| json!({ "cpu": "8", "memory": memory, "pods": "58", "ephemeral-storage": "100Gi" });
    let condition = |kind: &str, status: &str| {
        json!({ "type": kind, "status": status, "reason": "KubeletSaysSo", "message": "kubelet has something to say",
            "lastHeartbeatTime": "2026-11-22T00:00:00Z", "lastTransitionTime": "2026-11-22T00:00:00Z" })
    };
    let image = |number: usize| {
        let name = format!("registry.example.org/some/image-{number}");
        json!({ "names": [format!("{name}@sha256:{:064x}", number), format!("{name}:2026.11")], "sizeBytes": 500_000_000 })
    };
    let zone = ["us-west-2a", "us-west-2b"][index % 2];
    json!({
        "metadata": { "name": format!("node-{index}.us-west-2.compute.internal"), "labels": {
            "frazil/pool": if index.is_multiple_of(4) { "dask" } else { "user" },
            "hub.jupyter.org/node-purpose": "user", "node.kubernetes.io/instance-type": "r5.2xlarge",
            "topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": "us-west-2",
        } },
        "spec": { "providerID": format!("aws:///{zone}/i-{index:017x}") },
        "status": {
            "capacity": room("64Gi"), "allocatable": room("60Gi"),
            "conditions": [condition("MemoryPressure", "False"), condition("DiskPressure", "False"),
                condition("PIDPressure", "False"), condition("Ready", "True")],
            "images": (0..20).map(image).collect::<Vec<_>>(),
        },
    })
}

/// A pod as a hub makes it: a server with variables, volumes and tolerations, or a Dask worker.
fn pod(index: usize, nodes: usize) -> Value {
    let user = format!("person-{}", index % 3_000);
    let variables: Vec<_> = (0..25)
        .map(|number| json!({ "name": format!("VARIABLE_{number}"), "value": format!("value of {number}") }))
        .collect();
    let labels = if index.is_multiple_of(4) {
        json!({ "gateway.dask.org/cluster": format!("c{}", index % 500), "app.kubernetes.io/component": "dask-worker" })
    } else {
        json!({ "component": "singleuser-server", "app": "jupyterhub", "hub.jupyter.org/username": user })
    };
    json!({
        "metadata": { "name": format!("pod-{index}"), "labels": labels, "annotations": {
            "hub.jupyter.org/username": user, "hub.jupyter.org/servername": "",
        } },
        "spec": {
            "schedulerName": "nobody", "nodeName": format!("node-{}.us-west-2.compute.internal", index % nodes),
            "volumes": [{ "name": "home", "emptyDir": {} }, { "name": "shm", "emptyDir": { "medium": "Memory" } }],
            "tolerations": [{ "key": "hub.jupyter.org/dedicated", "value": "user", "effect": "NoSchedule" }],
            "containers": [{
                "name": "notebook", "image": "registry.example.org/some/image-1:2026.11", "env": variables,
                "volumeMounts": [{ "name": "home", "mountPath": "/home/jovyan" }, { "name": "shm", "mountPath": "/dev/shm" }],
                "resources": { "requests": { "cpu": "500m", "memory": "4Gi" }, "limits": { "cpu": "2", "memory": "4Gi" } },
            }],
        },
    })
}
