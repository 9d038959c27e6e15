//! Values of the Dask Gateway chart.

use serde_json::{Map, Value, json};

use super::chart::{Chart, Release, merge};
use super::cluster::Cluster;
use super::jupyterhub::{USER_ACCOUNT, balancer_address, balancer_annotations, tolerations};
use super::nodes::{DASK_PURPOSE, Purpose, schedulers_on_core};
use super::quote::memory;
use super::secrets::{GATEWAY_PASSWORD, HUB_SECRET, OTHER_HUB_TOKEN};
use super::support;
use super::templates::TemplateError;
use super::{gateways, guard, neighbours, programs};
use crate::config::{Auth, Gateway};

/// The chart of Dask Gateway.
pub(super) const CHART: Chart = Chart {
    name: "dask-gateway",
    version: "2026.3.0",
    repository: "https://helm.dask.org",
    source: "https://github.com/dask/dask-gateway",
    why: "Dask clusters for people, within their limits",
};

/// The variable with the password of a gateway on its own.
pub(super) const PASSWORD_VARIABLE: &str = "FRAZIL_GATEWAY_PASSWORD";

/// The release of Dask Gateway, where the hub has one.
///
/// # Errors
/// When the template of its settings cannot be filled.
pub(super) fn release(cluster: &Cluster<'_>) -> Result<Option<Release>, TemplateError> {
    let hub = cluster.hub;
    if !hub.gateway.enabled {
        return Ok(None);
    }
    Ok(Some(Release {
        chart: CHART,
        version: hub.charts.dask_gateway.clone(),
        name: cluster.release(CHART.name),
        namespace: cluster.namespace().to_owned(),
        values: values(cluster)?,
        unless_served: None,
        shared: false,
    }))
}

fn values(cluster: &Cluster<'_>) -> Result<Value, TemplateError> {
    let mut values = CHART.values(gateway(cluster)?);
    for part in [backend(cluster), login(cluster), proxy(cluster)] {
        merge(&mut values, part);
    }
    let overrides: Map<_, _> = cluster.hub.overrides.dask_gateway.clone().into_iter().collect();
    merge(&mut values, Value::Object(overrides));
    let first: Vec<_> = guard::complete(cluster).into_iter().collect();
    for part in ["scheduler", "worker"] {
        let place = ["gateway", "backend", part, "extraPodConfig", "initContainers"];
        guard::put_in_front(&mut values, &place, &first);
    }
    Ok(values)
}

fn gateway(cluster: &Cluster<'_>) -> Result<Value, TemplateError> {
    let core = core_selector(cluster);
    Ok(json!({
        "gateway": {
            "nodeSelector": core,
            "extraConfig": programs::gateway_blocks(cluster)?,
        },
        "controller": { "nodeSelector": core },
        "traefik": { "nodeSelector": core },
    }))
}

/// The gateway's own pods, by Dask's label of the purpose.
fn core_selector(cluster: &Cluster<'_>) -> Value {
    if cluster.is_ours() { json!({ DASK_PURPOSE: "core" }) } else { json!({}) }
}

/// Schedulers stay off spot machines: with one of them a whole Dask cluster is lost.
fn backend(cluster: &Cluster<'_>) -> Value {
    let (image, tag) = cluster.image();
    let workers = &cluster.hub.gateway.workers;
    let on_core = if cluster.is_ours() { schedulers_on_core(cluster.hub) } else { !cluster.hub.hub };
    let scheduler = if on_core { Purpose::Core } else { Purpose::User };
    let amount = |cores: f64, bytes| {
        json!({
            "cores": { "request": cores, "limit": cores },
            "memory": { "request": memory(bytes), "limit": memory(bytes) },
        })
    };
    let mut backend = json!({
        "image": { "name": image, "tag": tag },
        "environment": { "FRAZIL_REGION": cluster.region() },
        "scheduler": amount(Gateway::SCHEDULER_CORES, Gateway::SCHEDULER_MEMORY),
        "worker": amount(workers.cores, workers.memory),
    });
    for (part, purpose) in [("scheduler", scheduler), ("worker", Purpose::Dask)] {
        merge(&mut backend, json!({ part: { "extraPodConfig": pod(cluster, purpose) } }));
    }
    json!({ "gateway": { "backend": backend } })
}

/// Where pods of a purpose run and as whom.
fn pod(cluster: &Cluster<'_>, purpose: Purpose) -> Value {
    let mut pod = json!({
        "serviceAccountName": USER_ACCOUNT,
        "automountServiceAccountToken": false,
        "tolerations": tolerations(&purpose.taints()),
        "initContainers": [],
    });
    if cluster.is_ours() {
        let value = match purpose {
            Purpose::Dask => "worker",
            Purpose::Core => "core",
            Purpose::User | Purpose::Gpu => "scheduler",
        };
        merge(&mut pod, json!({ "nodeSelector": { DASK_PURPOSE: value } }));
    }
    pod
}

/// How the gateway knows people: by the hub's tokens, another hub's, or a password.
fn login(cluster: &Cluster<'_>) -> Value {
    if cluster.hub.hub {
        let api = format!("http://hub.{}:8081/hub/api", cluster.namespace());
        return json!({ "gateway": { "auth": { "jupyterhub": { "apiUrl": api } } } });
    }
    match &cluster.hub.auth {
        Some(Auth::Hub(other)) => json!({
            "gateway": {
                "prefix": "/",
                "auth": {
                    "type": "jupyterhub",
                    "jupyterhub": {
                        "apiUrl": format!("{}/hub/api", other.address.trim_end_matches('/')),
                        "apiTokenFromSecretName": HUB_SECRET,
                        "apiTokenFromSecretKey": OTHER_HUB_TOKEN,
                        // At the other hub the gateway is a service of its own name.
                        "jupyterhubServiceName": gateways::service_name(&cluster.hub.name),
                    },
                },
            },
        }),
        _ => json!({
            "gateway": {
                "prefix": "/",
                "auth": { "type": "simple" },
                "env": [{
                    "name": PASSWORD_VARIABLE,
                    "valueFrom": { "secretKeyRef": { "name": HUB_SECRET, "key": GATEWAY_PASSWORD } },
                }],
            },
        }),
    }
}

/// Who reaches the gateway's proxy: the hub's own people inside the cluster, or, without a hub, the balancer's.
fn proxy(cluster: &Cluster<'_>) -> Value {
    if cluster.hub.hub {
        return json!({});
    }
    let mut annotations = balancer_annotations(cluster);
    if neighbours::is_internal(cluster.hub) {
        merge(&mut annotations, internal_annotations(cluster));
    }
    let spec = balancer_address(cluster);
    let mut traefik =
        json!({ "service": { "type": "LoadBalancer", "annotations": annotations, "spec": spec } });
    merge(&mut traefik, support::gateway_tls(cluster));
    json!({ "traefik": traefik })
}

/// The annotations that keep a cloud's balancer inside the network.
fn internal_annotations(cluster: &Cluster<'_>) -> Value {
    if cluster.is_eks() {
        json!({
            "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
            "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
        })
    } else if cluster.is_gke() {
        json!({ "networking.gke.io/load-balancer-type": "Internal" })
    } else {
        json!({})
    }
}

/// What the gateway's programs read: defaults, bounds and limits of Dask clusters.
pub(super) fn settings(cluster: &Cluster<'_>) -> Value {
    let gateway = &cluster.hub.gateway;
    let workers = &gateway.workers;
    let largest = cluster.pool(Purpose::Dask).and_then(super::seats::smallest_room);
    let (image, tag) = cluster.image();
    let alone = !cluster.hub.hub && !matches!(cluster.hub.auth, Some(Auth::Hub(_)));
    json!({
        "workers": {
            "cores": workers.cores,
            "memory_bytes": workers.memory.get(),
            "max": workers.max,
            "max_cores": largest.map(|(cores, _)| cores),
            "max_memory_bytes": largest.map(|(_, memory)| memory.get()),
        },
        "scheduler": {
            "cores": Gateway::SCHEDULER_CORES,
            "memory_bytes": Gateway::SCHEDULER_MEMORY.get(),
        },
        "per_user": gateway.per_user.as_ref().map(|limit| {
            json!({ "cores": limit.cores, "memory_bytes": limit.memory.get() })
        }),
        "idle_timeout_seconds": gateway.idle_timeout.as_secs(),
        "image": format!("{image}:{tag}"),
        "region": cluster.region(),
        "password_env": alone.then_some(PASSWORD_VARIABLE),
    })
}
