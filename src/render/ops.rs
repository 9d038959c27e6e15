//! What runs beside a hub for its administrators, from the ops image: the recorder of pod history, and in the same
//! pod the page of costs, which reads that history where it is written.

mod bills;
mod report;

use serde_json::{Value, json};

use super::cluster::Cluster;
use super::support::account_annotations;
pub use bills::options as bills_options;
pub(super) use bills::{CREDENTIALS, credentials, variables as billing_variables};
pub(super) use report::{TOKEN, hub_values, identity};

/// What all of it is called.
pub const RECORDER: &str = "recorder";
/// Where the history is, in the recorder's pod.
const HISTORY: &str = "/history";
/// Where programs look for the token and the certificate by which they ask the API server (Kubernetes, "Accessing
/// the Kubernetes API from a Pod").
const TOKEN_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// Room for years of a hub's history: a line of some 500 bytes for each change of a pod, and of some 250 for each half
/// hour in which it sent or received: a hundred pods by day and night write 1.2 MB a day.
const ROOM: &str = "1Gi";

/// The objects of the recorder, where the hub file names its image.
pub fn manifests(cluster: &Cluster<'_>) -> Vec<Value> {
    let Some(image) = &cluster.hub.support.recorder else { return Vec::new() };
    let mut account = json!({ "automountServiceAccountToken": false });
    if let Some(identity) = identity(cluster) {
        let annotations = account_annotations(cluster, identity);
        if annotations.as_object().is_some_and(|all| !all.is_empty()) {
            account["metadata"]["annotations"] = annotations;
        }
    }
    let mut all = vec![named(cluster, "v1", "ServiceAccount", account)];
    all.extend(rights(cluster));
    all.push(named(
        cluster,
        "v1",
        "PersistentVolumeClaim",
        json!({ "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": ROOM } },
        } }),
    ));
    all.extend(report::manifests(cluster));
    all.push(named(cluster, "apps/v1", "Deployment", json!({ "spec": deployment(cluster, image) })));
    all
}

/// An object of the recorder in the hub's namespace.
fn named(cluster: &Cluster<'_>, api: &str, kind: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api,
        "kind": kind,
        "metadata": { "name": RECORDER, "namespace": cluster.namespace() },
    });
    super::chart::merge(&mut object, rest);
    object
}

/// To look at the pods of the hub's namespace and at nodes, and to ask kubelets what pods sent and received.
fn rights(cluster: &Cluster<'_>) -> [Value; 4] {
    const RBAC: &str = "rbac.authorization.k8s.io/v1";
    let pods = json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"] }]);
    let subjects = json!([{ "kind": "ServiceAccount", "name": RECORDER, "namespace": cluster.namespace() }]);
    let everywhere = format!("{}-{RECORDER}", cluster.hub.name);
    let role = |kind: &str, name: &str| json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name });
    [
        named(cluster, RBAC, "Role", json!({ "rules": pods })),
        named(
            cluster,
            RBAC,
            "RoleBinding",
            json!({ "roleRef": role("Role", RECORDER), "subjects": subjects }),
        ),
        json!({
            "apiVersion": RBAC,
            "kind": "ClusterRole",
            "metadata": { "name": everywhere },
            "rules": [
                { "apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"] },
                { "apiGroups": [""], "resources": ["nodes/stats"], "verbs": ["get"] },
            ],
        }),
        json!({
            "apiVersion": RBAC,
            "kind": "ClusterRoleBinding",
            "metadata": { "name": everywhere },
            "roleRef": role("ClusterRole", &everywhere),
            "subjects": subjects,
        }),
    ]
}

fn labels() -> Value {
    json!({ "app.kubernetes.io/name": "frazil", "app.kubernetes.io/component": RECORDER })
}

/// What no container of the pod may do.
fn confined() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    })
}

fn deployment(cluster: &Cluster<'_>, image: &str) -> Value {
    let mut deployment = recorder(cluster, image);
    if report::is_served(cluster) {
        report::add(cluster, image, &mut deployment);
    }
    deployment
}

fn recorder(cluster: &Cluster<'_>, image: &str) -> Value {
    let labels = labels();
    json!({
        "replicas": 1,
        // The volume is of one pod at a time.
        "strategy": { "type": "Recreate" },
        "selector": { "matchLabels": labels },
        "template": {
            "metadata": { "labels": labels },
            "spec": {
                "serviceAccountName": RECORDER,
                // For the recorder's container alone.
                "automountServiceAccountToken": false,
                "nodeSelector": cluster.core_selector(),
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532,
                    "seccompProfile": { "type": "RuntimeDefault" },
                },
                "containers": [{
                    "name": RECORDER,
                    "image": image,
                    "args": ["record", "--namespace", cluster.namespace(), "--out", HISTORY],
                    "resources": {
                        "requests": { "cpu": "10m", "memory": "32Mi" },
                        "limits": { "memory": "256Mi" },
                    },
                    "securityContext": confined(),
                    "volumeMounts": [
                        { "name": "history", "mountPath": HISTORY },
                        { "name": "token", "mountPath": TOKEN_FOLDER, "readOnly": true },
                    ],
                }],
                "volumes": [
                    { "name": "history", "persistentVolumeClaim": { "claimName": RECORDER } },
                    { "name": "token", "projected": { "defaultMode": 0o440, "sources": [
                        { "serviceAccountToken": { "path": "token", "expirationSeconds": 3607 } },
                        { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
                        { "downwardAPI": { "items": [{
                            "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" },
                        }] } },
                    ] } },
                ],
            },
        },
    })
}
