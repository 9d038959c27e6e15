//! What belongs to a hub in a cluster, found by looking at everything: not by what was once
//! made, so it works with the journal gone, after half an `up`, and for what controllers left.

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::Value;

use super::chart_namespaces;
use super::definitions;
use super::objects::{Named, Objects};
use crate::error::Result;

/// Kinds to list at a time.
const AT_ONCE: usize = 16;

/// Kinds that Kubernetes makes by itself from others, or in every namespace; they go with what made them.
const DERIVED: [&str; 9] = [
    "Event",
    "Endpoints",
    "EndpointSlice",
    "ReplicaSet",
    "ControllerRevision",
    "PodMetrics",
    "Lease",
    "IPAddress",
    "CSIStorageCapacity",
];
/// Kinds without a namespace that charts make.
const CLUSTER_KINDS: [(&str, &str); 8] = [
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("apiregistration.k8s.io/v1", "APIService"),
];

/// Why an object is a hub's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Belongs {
    /// It is in the hub's namespace.
    Namespace,
    /// It is labelled as the hub's.
    Label,
    /// A Helm release of the hub made it.
    Release,
    /// It is a volume that was claimed in the hub's namespace.
    Claim,
    /// It defines a kind for the hub's charts, and no other hub is there.
    Definition,
}

/// An object of a hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Leftover {
    /// The object.
    pub object: Named,
    /// Why it is the hub's.
    pub belongs: Belongs,
    /// What holds it or what it costs, in words; empty when there is nothing to say.
    pub why: String,
}

/// Everything of a hub that is there.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn leftovers(objects: &Objects, hub: &str) -> Result<Vec<Leftover>> {
    let mut found = in_namespace(objects, hub).await?;
    found.extend(of_releases(objects, hub).await?);
    found.extend(volumes(objects, hub).await?);
    let others = other_hubs(objects, hub).await?;
    if others.is_empty() {
        found.extend(of_our_definitions(objects).await?);
        found.extend(of_charts(objects).await?);
    }
    found.sort();
    found.dedup_by(|a, b| a.object == b.object);
    Ok(found)
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    object["metadata"]["labels"].get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The namespace, and all that is in it.
async fn in_namespace(objects: &Objects, hub: &str) -> Result<Vec<Leftover>> {
    let named = Named {
        kind: "Namespace".to_owned(),
        api: "v1".to_owned(),
        namespace: String::new(),
        name: hub.to_owned(),
    };
    let Some(namespace) = objects.get(&named).await? else { return Ok(Vec::new()) };
    if label(&namespace, "frazil/hub") != hub {
        return Ok(Vec::new());
    }
    let why = stuck_namespace(&namespace).unwrap_or_default();
    let mut found = vec![Leftover { object: named, belongs: Belongs::Namespace, why }];
    let kinds = objects.namespaced_kinds();
    let kinds = kinds.into_iter().filter(|(_, kind)| !DERIVED.contains(&kind.as_str()));
    let lists: Vec<_> = stream::iter(kinds)
        .map(|(api, kind)| async move { objects.list(&api, &kind, hub, "").await })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let own = lists.into_iter().flatten().filter(|object| !is_of_every_namespace(object));
    found.extend(own.map(|object| Leftover {
        object: Named::of(&object, hub),
        belongs: Belongs::Namespace,
        why: why_it_stays(&object),
    }));
    Ok(found)
}

/// What Kubernetes puts into every namespace, and pods that a controller will take with it.
fn is_of_every_namespace(object: &Value) -> bool {
    matches!(
        (text(object, "/kind"), text(object, "/metadata/name")),
        ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
    )
}

/// What keeps a namespace that is being deleted.
fn stuck_namespace(namespace: &Value) -> Option<String> {
    text(namespace, "/metadata/deletionTimestamp").chars().next()?;
    let conditions = namespace.pointer("/status/conditions")?.as_array()?;
    let telling =
        ["NamespaceFinalizersRemaining", "NamespaceContentRemaining", "NamespaceDeletionDiscoveryFailure"];
    let told = conditions.iter().filter(|each| each["status"] == "True");
    let told = told.filter(|each| telling.iter().any(|kind| each["type"] == *kind));
    let messages: Vec<_> = told.filter_map(|each| each["message"].as_str()).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

/// What holds an object, or what it goes on costing.
fn why_it_stays(object: &Value) -> String {
    let deleting = !text(object, "/metadata/deletionTimestamp").is_empty();
    let finalizers: Vec<_> = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if deleting && !finalizers.is_empty() {
        return format!("held by the finalizer {}", finalizers.join(", "));
    }
    match text(object, "/kind") {
        "Service" if text(object, "/spec/type") == "LoadBalancer" => {
            "a load balancer that is billed".to_owned()
        }
        "PersistentVolumeClaim" => {
            format!(
                "a volume of {}",
                object["spec"]["resources"]["requests"]["storage"].as_str().unwrap_or("unknown size")
            )
        }
        _ if !finalizers.is_empty() => format!("has the finalizer {}", finalizers.join(", ")),
        _ => String::new(),
    }
}

/// What charts made outside the namespace: for the whole cluster, and in the namespace of the system.
async fn of_releases(objects: &Objects, hub: &str) -> Result<Vec<Leftover>> {
    let mut found = Vec::new();
    for (api, kind) in CLUSTER_KINDS {
        for object in objects.list(api, kind, "", "").await? {
            let by_release = object["metadata"]["annotations"]["meta.helm.sh/release-namespace"] == hub;
            let by_label = label(&object, "frazil/hub") == hub;
            if by_release || by_label {
                let belongs = if by_label { Belongs::Label } else { Belongs::Release };
                found.push(Leftover { object: Named::of(&object, ""), belongs, why: why_it_stays(&object) });
            }
        }
    }
    Ok(found)
}

/// Volumes whose claim was in the hub's namespace, and those labelled as the hub's.
async fn volumes(objects: &Objects, hub: &str) -> Result<Vec<Leftover>> {
    let all = objects.list("v1", "PersistentVolume", "", "").await?;
    let own = all.iter().filter_map(|volume| {
        let claimed = text(volume, "/spec/claimRef/namespace") == hub;
        let labelled = label(volume, "frazil/hub") == hub;
        (claimed || labelled).then(|| {
            let capacity = text(volume, "/spec/capacity/storage");
            let policy = text(volume, "/spec/persistentVolumeReclaimPolicy");
            let phase = text(volume, "/status/phase").to_lowercase();
            Leftover {
                object: Named::of(volume, ""),
                belongs: if labelled { Belongs::Label } else { Belongs::Claim },
                why: format!("a disk of {capacity}, {phase}, reclaim policy {policy}"),
            }
        })
    });
    Ok(own.collect())
}

/// Namespaces that were made for charts.
async fn of_charts(objects: &Objects) -> Result<Vec<Leftover>> {
    let all = chart_namespaces::ours(objects).await?;
    let found = all.iter().map(|namespace| Leftover {
        object: Named::of(namespace, ""),
        belongs: Belongs::Release,
        why: stuck_namespace(namespace).unwrap_or_default(),
    });
    Ok(found.collect())
}

/// Definitions that frazil applied. One that somebody else applied is never touched.
async fn of_our_definitions(objects: &Objects) -> Result<Vec<Leftover>> {
    let all = definitions::ours(objects).await?;
    let mut found = Vec::new();
    for definition in all {
        let count = used_by(objects, &definition).await?;
        let why = if count == 0 { String::new() } else { format!("{count} objects of it are there") };
        found.push(Leftover { object: Named::of(&definition, ""), belongs: Belongs::Definition, why });
    }
    Ok(found)
}

/// How many objects of a defined kind there are, anywhere.
pub(super) async fn used_by(objects: &Objects, definition: &Value) -> Result<usize> {
    let group = text(definition, "/spec/group");
    let kind = text(definition, "/spec/names/kind");
    let versions = definition["spec"]["versions"].as_array().cloned().unwrap_or_default();
    let served = versions.iter().find(|version| version["served"] == true);
    let Some(version) = served.and_then(|version| version["name"].as_str()) else { return Ok(0) };
    Ok(objects.list(&format!("{group}/{version}"), kind, "", "").await?.len())
}

/// The names of other hubs in the cluster, which share definitions and some charts.
///
/// # Errors
/// When the API refuses or does not answer.
pub async fn other_hubs(objects: &Objects, hub: &str) -> Result<Vec<String>> {
    let all = objects.list("v1", "Namespace", "", "frazil/hub").await?;
    Ok(all.iter().map(|each| label(each, "frazil/hub").to_owned()).filter(|name| name != hub).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{stuck_namespace, why_it_stays};

    #[test]
    fn what_holds_an_object_is_told() {
        let claim = json!({ "kind": "PersistentVolumeClaim",
            "metadata": { "finalizers": ["example.org/keep"], "deletionTimestamp": "2026-11-21T09:00:00Z" } });
        assert_eq!(why_it_stays(&claim), "held by the finalizer example.org/keep");
        let balancer = json!({ "kind": "Service", "spec": { "type": "LoadBalancer" } });
        assert!(why_it_stays(&balancer).contains("billed"));
    }

    #[test]
    fn a_namespace_says_what_it_waits_for_only_while_it_is_deleted() {
        let mut namespace = json!({ "metadata": {}, "status": { "conditions": [
            { "type": "NamespaceFinalizersRemaining", "status": "True", "message": "some content has finalizers" },
            { "type": "NamespaceDeletionContentFailure", "status": "False", "message": "all right" }
        ] } });
        assert_eq!(stuck_namespace(&namespace), None);
        namespace["metadata"]["deletionTimestamp"] = "2026-11-21T09:00:00Z".into();
        assert_eq!(stuck_namespace(&namespace).unwrap(), "some content has finalizers");
    }
}
