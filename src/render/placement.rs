//! On which nodes the pods of the hub's and the gateway's charts may run, by the values after the
//! overrides. Places in values are those of the JupyterHub chart 4.4.0 and the Dask Gateway chart 2026.3.0.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::chart::Release;
use super::cluster::Cluster;
use super::jupyterhub::{sizes, tolerations};
use super::nodes::{HUB_PURPOSE, Purpose, Taint};
use super::tfvars::variables;
use super::{dask_gateway, jupyterhub};

/// A pool's nodes, as Terraform is told of them.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The pool.
    pub pool: String,
    /// Their labels.
    pub labels: BTreeMap<String, String>,
    /// Their taints: `key`, `value` and `effect`.
    pub taints: Vec<Value>,
}

/// A label that a pod wants its node to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The label.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Where the values say so, from the chart's name on; nothing where they cannot.
    pub path: Option<String>,
}

/// Pods of one kind, and what they say of their nodes.
#[derive(Clone, Debug)]
pub struct Pods {
    /// What they are, in words.
    pub what: &'static str,
    /// Labels that their nodes must have.
    pub wanted: Vec<Wanted>,
    /// Taints that they bear.
    pub tolerations: Vec<Value>,
    /// Where the values say that, from the chart's name on, the likeliest first.
    pub tolerated_at: Vec<String>,
}

/// Why pods find no node.
#[derive(Clone, Debug)]
pub enum Misfit<'a> {
    /// No pool has all labels: those that none has at all, or else all of them.
    NoNodes(Vec<&'a Wanted>),
    /// The pools with the labels have taints that keep the pods away, this one among them.
    Tainted(&'a Nodes, &'a Value),
}

/// The pools of a hub as Terraform is told of them, overrides and all; none on a cluster that exists.
pub fn nodes(cluster: &Cluster<'_>) -> Vec<Nodes> {
    let variables = variables(cluster).unwrap_or_default();
    let pools = variables.get("pools").and_then(Value::as_object).into_iter().flatten();
    let pools = pools.filter(|(_, pool)| pool.is_object());
    pools
        .map(|(name, pool)| Nodes {
            pool: name.clone(),
            labels: labels(pool.get("labels")).collect(),
            taints: pool.get("taints").and_then(Value::as_array).cloned().unwrap_or_default(),
        })
        .collect()
}

/// The pods of a hub and its gateway that run somewhere.
pub fn pods(cluster: &Cluster<'_>, releases: &[Release]) -> Vec<Pods> {
    let of = |chart: &str| releases.iter().find(|release| release.chart.name == chart);
    let mut pods = Vec::new();
    if let Some(release) = of(jupyterhub::CHART.name) {
        pods.extend(core(&release.values));
        pods.extend(servers(cluster, &release.values));
        pods.extend(placeholders(&release.values));
    }
    if let Some(release) = of(dask_gateway::CHART.name) {
        pods.extend(gateway(&release.values));
    }
    pods
}

/// JupyterHub's own pods.
fn core(values: &Value) -> Vec<Pods> {
    let certificates = value(values, "proxy.https.enabled") == &json!(true)
        && value(values, "proxy.https.type") == &json!("letsencrypt");
    let scheduler = value(values, "scheduling.userScheduler.enabled") != &json!(false);
    let all = [
        ("the hub", "hub", true),
        ("the hub's proxy", "proxy.chp", true),
        ("the proxy that ends TLS", "proxy.traefik", certificates),
        ("the scheduler of people's servers", "scheduling.userScheduler", scheduler),
    ];
    let common = "scheduling.corePods";
    let run = all.into_iter().filter(|(_, _, runs)| *runs);
    run.map(|(what, at, _)| {
        let mut wanted = selector(values, &format!("{at}.nodeSelector"), "jupyterhub");
        wanted.extend(purpose(values, common, "core"));
        let own = format!("{at}.tolerations");
        let mut borne = said_or(values, &format!("{common}.tolerations"), &dedicated("core"));
        borne.extend(list(values, &own));
        Pods { what, wanted, tolerations: borne, tolerated_at: at_all("jupyterhub", &[&own, common]) }
    })
    .collect()
}

/// People's servers of each size. `KubeSpawner` merges a profile's selector into the chart's, and the
/// hub's program adds the profile's tolerations to the chart's.
fn servers(cluster: &Cluster<'_>, values: &Value) -> Vec<Pods> {
    let Value::Array(sizes) = sizes(cluster) else {
        return Vec::new();
    };
    let trait_of = |name: &str| Some(format!("hub.config.KubeSpawner.{name}"));
    let said = |path: &Option<String>| path.as_ref().is_some_and(|path| !value(values, path).is_null());
    let selected = trait_of("node_selector").filter(|path| said(&Some(path.clone())));
    let borne = trait_of("tolerations").filter(|path| said(&Some(path.clone())));
    let at = selected.unwrap_or_else(|| "singleuser.nodeSelector".to_owned());
    sizes
        .iter()
        .map(|size| {
            let placement = &size["placement"];
            let own: BTreeMap<_, _> = labels(placement.get("node_selector")).collect();
            let mut wanted = selector(values, &at, "jupyterhub");
            wanted.retain(|wanted| !own.contains_key(&wanted.key));
            wanted.extend(own.into_iter().map(|(key, value)| Wanted { key, value, path: None }));
            wanted.extend(user_purpose(values));
            let (mut tolerations, tolerated_at) = match &borne {
                Some(path) => (list(values, path), vec![format!("jupyterhub.{path}")]),
                None => user_tolerations(values),
            };
            tolerations.extend(placement["tolerations"].as_array().into_iter().flatten().cloned());
            Pods { what: "people's servers", wanted, tolerations, tolerated_at }
        })
        .collect()
}

/// What keeps nodes warm, where there is any.
fn placeholders(values: &Value) -> Option<Pods> {
    let at = "scheduling.userPlaceholder";
    let some = value(values, &format!("{at}.replicas")).as_u64().is_some_and(|replicas| replicas > 0);
    let on = value(values, &format!("{at}.enabled")) != &json!(false);
    let mut wanted = selector(values, "singleuser.nodeSelector", "jupyterhub");
    wanted.extend(user_purpose(values));
    let (tolerations, tolerated_at) = user_tolerations(values);
    (some && on).then_some(Pods {
        what: "the placeholders of people's servers",
        wanted,
        tolerations,
        tolerated_at,
    })
}

/// What the chart makes every server bear, and where it says so.
fn user_tolerations(values: &Value) -> (Vec<Value>, Vec<String>) {
    let (common, own) = ("scheduling.userPods.tolerations", "singleuser.extraTolerations");
    let mut borne = said_or(values, common, &tolerations(&Purpose::User.taints()));
    borne.extend(list(values, own));
    (borne, at_all("jupyterhub", &[common, own]))
}

/// The purpose of people's nodes. The chart makes further terms alternatives to it.
fn user_purpose(values: &Value) -> Option<Wanted> {
    let alternatives = list(values, "singleuser.extraNodeAffinity.required");
    purpose(values, "scheduling.userPods", "user").filter(|_| alternatives.is_empty())
}

/// The label by which JupyterHub's chart finds nodes, where it insists on it.
fn purpose(values: &Value, pods: &str, what: &str) -> Option<Wanted> {
    let at = format!("{pods}.nodeAffinity.matchNodePurpose");
    let insists = value(values, &at) == &json!("require");
    insists.then(|| Wanted {
        key: HUB_PURPOSE.to_owned(),
        value: what.to_owned(),
        path: Some(format!("jupyterhub.{at}")),
    })
}

/// Dask Gateway's own pods, schedulers and workers.
fn gateway(values: &Value) -> Vec<Pods> {
    let traefik = value(values, "traefik.installTraefik") != &json!(false);
    let all = [
        ("the gateway", "gateway", true),
        ("the gateway's controller", "controller", true),
        ("the gateway's proxy", "traefik", traefik),
        ("Dask schedulers", "gateway.backend.scheduler.extraPodConfig", true),
        ("Dask workers", "gateway.backend.worker.extraPodConfig", true),
    ];
    let run = all.into_iter().filter(|(_, _, runs)| *runs);
    run.map(|(what, at, _)| {
        let tolerations = format!("{at}.tolerations");
        Pods {
            what,
            wanted: selector(values, &format!("{at}.nodeSelector"), "dask-gateway"),
            tolerations: list(values, &tolerations),
            tolerated_at: at_all("dask-gateway", &[&tolerations]),
        }
    })
    .collect()
}

/// Why pods find no node among the pools'; nothing where they find one.
pub fn misfit<'a>(pods: &'a Pods, pools: &'a [Nodes]) -> Option<Misfit<'a>> {
    let has = |nodes: &Nodes, wanted: &Wanted| {
        set_elsewhere(&wanted.key) || nodes.labels.get(&wanted.key) == Some(&wanted.value)
    };
    let mut found =
        pools.iter().filter(|nodes| pods.wanted.iter().all(|wanted| has(nodes, wanted))).peekable();
    let Some(first) = found.peek().copied() else {
        let nowhere = |wanted: &&Wanted| !pools.iter().any(|nodes| has(nodes, wanted));
        let missing: Vec<_> = pods.wanted.iter().filter(nowhere).collect();
        return Some(Misfit::NoNodes(if missing.is_empty() {
            pods.wanted.iter().collect()
        } else {
            missing
        }));
    };
    let kept_away = |nodes: &'a Nodes| {
        nodes.taints.iter().find(|taint| {
            let hard = taint["effect"] != "PreferNoSchedule";
            hard && !pods.tolerations.iter().any(|toleration| tolerates(toleration, taint))
        })
    };
    let taint = kept_away(first)?;
    if found.any(|nodes| kept_away(nodes).is_none()) { None } else { Some(Misfit::Tainted(first, taint)) }
}

/// Labels that Kubernetes and the clouds give to nodes: of those this program does not know the values.
fn set_elsewhere(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    ["kubernetes.io", "k8s.io", "google.com", "amazonaws.com", "k8s.aws"]
        .iter()
        .any(|cloud| domain == *cloud || domain.strip_suffix(cloud).is_some_and(|rest| rest.ends_with('.')))
}

/// Whether a toleration bears a taint, by the rules of Kubernetes.
fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |value: &'_ Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let exists = toleration["operator"] == "Exists";
    let key = text(toleration, "key");
    let effect = text(toleration, "effect");
    (key == text(taint, "key") || (key.is_empty() && exists))
        && (exists || text(toleration, "value") == text(taint, "value"))
        && (effect.is_empty() || effect == text(taint, "effect"))
}

/// The tolerations that the JupyterHub chart gives a kind of its pods.
fn dedicated(what: &str) -> Value {
    let taint = |key: &str| Taint { key: key.to_owned(), value: what.to_owned(), effect: "NoSchedule" };
    tolerations(&["hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated"].map(taint))
}

/// A value of a chart by its path; null where nothing is said.
fn value<'a>(values: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(values, |value, key| value.get(key).unwrap_or(&Value::Null))
}

fn list(values: &Value, path: &str) -> Vec<Value> {
    value(values, path).as_array().cloned().unwrap_or_default()
}

/// A list, or the chart's own where the values do not mention it; `null` takes the chart's away.
fn said_or(values: &Value, path: &str, default: &Value) -> Vec<Value> {
    let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
    let said = value(values, above).get(last).unwrap_or(default);
    said.as_array().cloned().unwrap_or_default()
}

/// The labels of a mapping; `null` takes one away.
fn labels(mapping: Option<&Value>) -> impl Iterator<Item = (String, String)> {
    let none = Map::new();
    let mapping = mapping.and_then(Value::as_object).unwrap_or(&none).clone();
    mapping.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key, text)
    })
}

fn selector(values: &Value, path: &str, chart: &str) -> Vec<Wanted> {
    let labels = labels(Some(value(values, path)));
    labels
        .map(|(key, value)| {
            let path = Some(format!("{chart}.{path}.{key}"));
            Wanted { key, value, path }
        })
        .collect()
}

fn at_all(chart: &str, paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| format!("{chart}.{path}")).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::check_bytes;
    use crate::render::releases;

    #[test]
    fn what_frazil_says_itself_finds_nodes() {
        let gpu = "name: lab\nprovider: { gcp: { project: ice-2026, region: us-central1 } }\nauth: native\nsizes: [{ name: gpu, memory: 8 GiB, gpu: 1 }]\n";
        for (text, kinds) in [
            (include_str!("../../examples/every-key.yaml"), 13),
            (include_str!("../../examples/hackweek-aws.yaml"), 13),
            (include_str!("../../examples/gateway-gcp.yaml"), 5),
            (gpu, 9),
        ] {
            let day = jiff::civil::date(2026, 11, 2);
            let checked = check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), day);
            let hub = checked.document.unwrap().hub;
            let cluster = Cluster::new(&hub).unwrap();
            let (pools, pods) = (nodes(&cluster), pods(&cluster, &releases(&cluster).unwrap()));
            assert_eq!(pods.len(), kinds, "{}", hub.name);
            for pods in pods {
                let misfit = misfit(&pods, &pools);
                assert!(misfit.is_none(), "{}: {}: {misfit:?}", hub.name, pods.what);
            }
        }
    }

    #[test]
    fn tolerations_are_read_as_kubernetes_reads_them() {
        let taint = json!({ "key": "a", "value": "b", "effect": "NoSchedule" });
        for good in [
            json!({ "key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule" }),
            json!({ "key": "a", "value": "b" }),
            json!({ "key": "a", "operator": "Exists" }),
            json!({ "operator": "Exists" }),
        ] {
            assert!(tolerates(&good, &taint), "{good}");
        }
        for bad in [
            json!({ "key": "a", "value": "c" }),
            json!({ "key": "a" }),
            json!({ "key": "b", "operator": "Exists" }),
            json!({ "key": "a", "value": "b", "effect": "NoExecute" }),
            json!({}),
        ] {
            assert!(!tolerates(&bad, &taint), "{bad}");
        }
    }

    #[test]
    fn labels_of_clouds_are_known_by_their_domain() {
        for key in ["kubernetes.io/arch", "topology.kubernetes.io/zone", "cloud.google.com/gke-spot"] {
            assert!(set_elsewhere(key), "{key}");
        }
        for key in ["team", "frazil/pool", "hub.jupyter.org/node-purpose", "k8s.dask.org/node-purpose"] {
            assert!(!set_elsewhere(key), "{key}");
        }
    }
}
