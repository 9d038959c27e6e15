//! What controllers and people leave is named by the audit, and removed where it may be.

use serde_json::json;

use super::hub::Hub;
use super::scratch::stdout;

#[test]
fn seeded_leftovers_are_named() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    hub.kubernetes.create(&json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": { "name": "claim-ada", "namespace": "lab", "finalizers": ["example.org/keep"] },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } },
    }));
    hub.kubernetes.create(&json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": "orphan", "namespace": "lab" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] },
    }));
    hub.kubernetes.create(&json!({
        "apiVersion": "gateway.dask.org/v1alpha1",
        "kind": "DaskCluster",
        "metadata": { "name": "of-somebody", "namespace": "default" },
        "spec": {},
    }));
    let audit = hub.run(&["down", "--audit"]);
    assert_eq!(audit.status.code(), Some(3));
    let told = stdout(&audit);
    assert!(told.contains("Service orphan") && told.contains("billed"), "{told}");

    let down = hub.run(&["down", "--confirm", "lab"]);
    assert_eq!(down.status.code(), Some(3), "{}", stdout(&down));
    let told = stdout(&down);
    for (object, why) in [
        ("PersistentVolumeClaim claim-ada", "example.org/keep"),
        ("CustomResourceDefinition daskclusters.gateway.dask.org", "1 objects"),
    ] {
        let line = told.lines().find(|line| line.contains(object) && line.contains("left"));
        assert!(line.is_some_and(|line| line.contains(why)), "{object}: {told}");
    }
    assert!(!told.lines().any(|line| line.contains("Service orphan") && line.contains("left")), "{told}");

    hub.kubectl(&[
        "patch",
        "pvc/claim-ada",
        "-n",
        "lab",
        "--type=merge",
        "--patch",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
    hub.kubectl(&["delete", "daskcluster/of-somebody", "-n", "default"]);
    hub.down();
    hub.assert_gone();
}

#[test]
fn a_journal_that_is_gone_changes_nothing() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    std::fs::remove_dir_all(hub.state()).unwrap();
    assert!(hub.up().contains("nothing to do"));
    std::fs::remove_dir_all(hub.state()).unwrap();
    hub.down();
    hub.assert_gone();
}
