//! What people run: their servers and their Dask clusters.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::try_join;

use super::{text, time};
use crate::error::Result;
use crate::observe::quantity::{amount_of, bytes_of};
use crate::provision::kubernetes::objects::Objects;
use crate::provision::kubernetes::ready::pod_waits_for;

/// Pods of people's servers, as KubeSpawner labels them.
const SERVERS: &str = "component=singleuser-server";
/// Pods of Dask workers, as Dask Gateway labels them.
const WORKERS: &str = "app.kubernetes.io/component=dask-worker";

/// A person's server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Server {
    /// The person.
    pub user: String,
    /// The server's name; empty for the default one.
    pub name: String,
    /// The size.
    pub size: String,
    /// The node; empty while there is none.
    pub node: String,
    /// When its pod was made.
    pub since: Option<Timestamp>,
    /// CPU cores that it requests.
    pub cpu_request_cores: f64,
    /// Memory that it requests.
    pub memory_request_bytes: u64,
    /// What it waits for.
    pub waits_for: Option<String>,
}

/// A Dask cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DaskCluster {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// Its phase, in Dask Gateway's words.
    pub phase: String,
    /// Workers that it asked for.
    pub workers_wanted: u64,
    /// Workers that run.
    pub workers: u64,
    /// When it was made.
    pub since: Option<Timestamp>,
}

/// People's servers in a namespace.
pub(super) async fn servers(objects: &Objects, namespace: &str) -> Result<Vec<Server>> {
    let pods = objects.list("v1", "Pod", namespace, SERVERS).await?;
    let mut servers: Vec<_> = pods.iter().map(server).collect();
    servers.sort_by(|a, b| (&a.user, &a.name).cmp(&(&b.user, &b.name)));
    Ok(servers)
}

fn server(pod: &Value) -> Server {
    let annotation = |key: &str| text(pod, &format!("/metadata/annotations/hub.jupyter.org~1{key}"));
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let requests =
        |kind: &'static str| containers.iter().map(move |each| &each["resources"]["requests"][kind]);
    Server {
        user: annotation("username"),
        name: annotation("servername"),
        size: containers.iter().find_map(size).unwrap_or_default(),
        node: text(pod, "/spec/nodeName"),
        since: time(pod, "/metadata/creationTimestamp"),
        cpu_request_cores: requests("cpu").map(amount_of).sum(),
        memory_request_bytes: requests("memory").map(bytes_of).sum(),
        waits_for: if pod["metadata"]["deletionTimestamp"].is_string() {
            Some("it is stopping".to_owned())
        } else {
            pod_waits_for(pod)
        },
    }
}

/// The size, which the hub gives the server as a variable.
fn size(container: &Value) -> Option<String> {
    let variables = container["env"].as_array()?;
    let size = variables.iter().find(|variable| variable["name"] == "FRAZIL_SIZE")?;
    size["value"].as_str().map(str::to_owned)
}

/// Dask clusters in a namespace, with their workers.
pub(super) async fn dask_clusters(objects: &Objects, namespace: &str) -> Result<Vec<DaskCluster>> {
    let (clusters, workers) = try_join!(
        objects.list("gateway.dask.org/v1alpha1", "DaskCluster", namespace, ""),
        objects.list("v1", "Pod", namespace, WORKERS),
    )?;
    Ok(clusters.iter().map(|cluster| dask_cluster(cluster, &workers)).collect())
}

fn dask_cluster(cluster: &Value, workers: &[Value]) -> DaskCluster {
    let name = text(cluster, "/metadata/name");
    let runs = |worker: &&Value| {
        text(worker, "/metadata/labels/gateway.dask.org~1cluster") == name
            && worker["status"]["phase"] == "Running"
    };
    DaskCluster {
        user: text(cluster, "/spec/username"),
        phase: text(cluster, "/status/phase"),
        workers_wanted: cluster.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(0),
        workers: workers.iter().filter(runs).count() as u64,
        since: time(cluster, "/metadata/creationTimestamp"),
        name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_is_its_persons_with_its_size_and_the_sum_of_its_requests() {
        let pod = json!({
            "metadata": {
                "name": "jupyter-ada",
                "annotations": { "hub.jupyter.org/username": "Ada@x.org", "hub.jupyter.org/servername": "gpu" },
            },
            "spec": { "nodeName": "n1", "containers": [
                {
                    "env": [{ "name": "FRAZIL_SIZE", "value": "large" }],
                    "resources": { "requests": { "cpu": "500m", "memory": "1Gi" } },
                },
                { "resources": { "requests": { "cpu": 1 } } },
            ] },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
        });
        let server = server(&pod);
        assert_eq!([server.user, server.name, server.size, server.node], ["Ada@x.org", "gpu", "large", "n1"]);
        assert!((server.cpu_request_cores - 1.5).abs() < 1e-9);
        assert_eq!((server.memory_request_bytes, server.waits_for), (1 << 30, None));
    }

    #[test]
    fn only_workers_that_run_count_and_only_those_of_the_cluster() {
        let worker = |cluster: &str, phase: &str| {
            json!({
                "metadata": { "labels": { "gateway.dask.org/cluster": cluster } },
                "status": { "phase": phase },
            })
        };
        let cluster = json!({ "metadata": { "name": "a" }, "spec": { "username": "ada", "replicas": 3 } });
        let found =
            dask_cluster(&cluster, &[worker("a", "Running"), worker("a", "Pending"), worker("b", "Running")]);
        assert_eq!((found.workers, found.workers_wanted, found.user.as_str()), (1, 3, "ada"));
    }
}
