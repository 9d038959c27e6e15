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
fn two_calls_do_not_change_a_hub_at_once() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let leases = hub.kubectl(&["get", "leases", "-n", "lab", "--output=name"]);
    assert_eq!(leases, "", "a call that is over holds nothing");
    let lease = |renewed: &str| {
        hub.kubernetes.create(&serde_json::json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": "frazil", "namespace": "lab" },
            "spec": { "holderIdentity": "elsewhere/1/a", "renewTime": renewed },
        }));
    };
    hub.machine.write("hub.yaml", file("welcome: Hello\n"));
    lease("2999-01-01T00:00:00.000000Z");
    for arguments in [&["up", "--auto-approve"][..], &["down", "--confirm", "lab"]] {
        let refused = hub.run(arguments);
        assert_eq!(refused.status.code(), Some(1), "{}", stdout(&refused));
        assert!(stderr(&refused).contains("elsewhere/1/a"), "{}", stderr(&refused));
    }
    hub.kubectl(&["delete", "lease/frazil", "-n", "lab"]);
    lease("2020-01-01T00:00:00.000000Z");
    hub.up();
    assert_eq!(hub.drift(), []);
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

#[test]
fn without_a_kubeconfig_or_with_another_context_it_says_what_to_do() {
    let machine = super::scratch::Scratch::new();
    machine.write("hub.yaml", file(""));
    let none = machine.run(["plan"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(stderr(&none).contains("KUBECONFIG") || stderr(&none).contains("Helm"), "{}", stderr(&none));
    let Some(hub) = Hub::new() else { return };
    hub.machine.write("hub.yaml", file("").replace("context: lab", "context: lap"));
    let other = hub.run(&["plan"]);
    assert!(stderr(&other).contains("did you mean `lab`"), "{}", stderr(&other));
}

#[test]
fn an_upgrade_that_does_not_become_ready_goes_back() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let image = || {
        let path = "--output=jsonpath={.spec.template.spec.containers[0].image}";
        hub.kubectl(&["get", "deployment/hub", "-n", "lab", path])
    };
    let before = image();
    hub.machine.write(
        "hub.yaml",
        file("overrides: { jupyterhub: { hub: { image: { name: missing, tag: \"1\" } } } }\n"),
    );
    let late = hub.run(&["up", "--auto-approve", "--ready-within", "8s"]);
    assert_eq!(late.status.code(), Some(1), "{}", stdout(&late));
    assert!(stderr(&late).contains("went back to revision 1"), "{}", stderr(&late));
    assert_eq!(image(), before);
    hub.machine.write("hub.yaml", file(""));
    hub.up();
    assert_eq!(hub.drift(), []);
}

#[test]
fn definitions_are_upgraded_and_those_of_others_are_left_alone() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let charts = hub.machine.path().join("charts");
    copy(std::path::Path::new(super::hub::CHARTS), &charts);
    let old = charts.join("dask-gateway-2026.3.0");
    let new = charts.join("dask-gateway-2026.3.1");
    std::fs::rename(&old, &new).unwrap();
    edit(&new.join("Chart.yaml"), "2026.3.0", "2026.3.1");
    edit(
        &new.join("crds/daskclusters.yaml"),
        "status: { type: object,",
        "status: { description: changed, type: object,",
    );
    let newer = file("")
        .replace(super::hub::CHARTS, "charts")
        .replace("charts: {", "charts: { dask-gateway: 2026.3.1,");
    hub.machine.write("hub.yaml", newer);
    let before = crd_generation(&hub);
    hub.up();
    assert!(crd_generation(&hub) > before, "Helm alone would have left it");
    hub.kubectl(&[
        "label",
        "crd/daskclusters.gateway.dask.org",
        "app.kubernetes.io/managed-by=somebody",
        "--overwrite",
    ]);
    assert_eq!(hub.drift(), []);
    hub.down();
    assert!(hub.kubectl(&["get", "crd", "--output=name"]).contains("daskclusters"));
}

fn crd_generation(hub: &Hub) -> u32 {
    let path = "--output=jsonpath={.metadata.generation}";
    hub.kubectl(&["get", "crd/daskclusters.gateway.dask.org", path]).parse().unwrap()
}

fn edit(path: &std::path::Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: {text}", path.display());
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
