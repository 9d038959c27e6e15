//! A hub comes up, stays as it is, changes with its file, and goes.

use super::hub::{Hub, file};
use super::scratch::{stderr, stdout};

#[test]
fn up_changes_what_differs_and_down_leaves_nothing() {
    let Some(hub) = Hub::new() else { return };
    let plan = hub.well(&["plan"]);
    assert!(plan.contains("release lab-jupyterhub") && plan.contains("install"), "{plan}");
    assert!(hub.kubectl(&["get", "namespaces", "--output=name"]).lines().all(|name| name != "namespace/lab"));

    let first = hub.up();
    assert!(first.contains("the hub `lab` is up"), "{first}");
    let revisions = || hub.kubectl(&["get", "secret", "-n", "lab", "-l", "owner=helm", "--output=name"]);
    let before = revisions();
    let second = hub.up();
    assert!(second.contains("nothing to do"), "{second}");
    assert_eq!(revisions(), before, "a second up makes no revision");
    assert_eq!(hub.drift(), []);

    hub.machine.write("hub.yaml", file("welcome: Hello\n"));
    let plan = hub.well(&["plan"]);
    assert!(plan.contains("lab-jupyterhub") && plan.contains("upgrade"), "{plan}");
    assert!(hub.up().contains("release lab-jupyterhub"));
    assert_eq!(hub.drift(), []);

    let down = hub.down();
    assert!(down.contains("the hub `lab` is down"), "{down}");
    hub.assert_gone();
    assert!(hub.down().contains("nothing of the hub `lab` was there"));
}

#[test]
fn nobody_is_asked_where_nobody_can_answer() {
    let Some(hub) = Hub::new() else { return };
    let refused = hub.run(&["up"]);
    assert_eq!(refused.status.code(), Some(64), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("--auto-approve"));
    hub.up();
    let refused = hub.run(&["down"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--confirm lab"));
    assert_eq!(hub.run(&["down", "--confirm", "other"]).status.code(), Some(1));
    assert_eq!(hub.drift(), [], "nothing was changed");
}

#[test]
fn a_saved_plan_is_done_as_it_was_approved_or_not_at_all() {
    let Some(hub) = Hub::new() else { return };
    hub.well(&["plan", "--out", "plan.json"]);
    hub.well(&["up", "--plan", "plan.json"]);
    let old = hub.run(&["up", "--plan", "plan.json"]);
    assert_eq!(old.status.code(), Some(1));
    assert!(stderr(&old).contains("out of date"), "{}", stderr(&old));

    hub.machine.write("hub.yaml", file("welcome: Hello\n"));
    hub.well(&["plan", "--out", "plan.json"]);
    hub.kubectl(&["scale", "deployment/hub", "-n", "lab", "--replicas=0"]);
    let other = hub.run(&["up", "--plan", "plan.json"]);
    assert!(stderr(&other).contains("nothing was changed"), "{}{}", stdout(&other), stderr(&other));
    let difference = hub.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(difference.status.code(), Some(2));
}

#[test]
fn another_cluster_behind_the_same_context_is_refused() {
    let Some(first) = Hub::new() else { return };
    first.up();
    let Some(second) = Hub::new() else { return };
    let moved =
        first.frazil().env("KUBECONFIG", second.kubernetes.kubeconfig()).args(["plan"]).output().unwrap();
    assert_eq!(moved.status.code(), Some(1));
    assert!(stderr(&moved).contains("another cluster"), "{}", stderr(&moved));
    let uid = second.kubectl(&["get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}"]);
    let pinned = file("").replace("context: lab", &format!("context: lab, cluster: {uid}"));
    first.machine.write("hub.yaml", pinned);
    let refused = first.run(&["up", "--auto-approve"]);
    assert!(stderr(&refused).contains("the hub file says"), "{}", stderr(&refused));
}

#[test]
fn homes_are_kept_when_asked_and_found_again() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    hub.kubernetes.create(&serde_json::json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": "claim-ada", "namespace": "lab" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    }));
    let down = hub.well(&["down", "--keep", "homes", "--confirm", "lab"]);
    assert!(down.contains("kept") && down.contains("claim-ada"), "{down}");
    let claims = hub.kubectl(&["get", "pvc", "-n", "lab", "--output=name"]);
    assert_eq!(claims.trim(), "persistentvolumeclaim/claim-ada");
    hub.up();
    hub.down();
    hub.assert_gone();
}
