//! Changes by hand are named, each with who made it, and put right.

use super::hub::{Hub, file};

#[test]
fn each_change_by_hand_is_named_and_put_right() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    assert_eq!(hub.drift(), []);
    hub.kubectl(&["scale", "deployment/hub", "-n", "lab", "--replicas=0"]);
    hub.kubectl(&["set", "image", "deployment/proxy", "-n", "lab", "*=other:1"]);
    hub.kubectl(&["label", "service/hub", "-n", "lab", "app.kubernetes.io/managed-by=me", "--overwrite"]);
    hub.kubectl(&[
        "patch",
        "secret/hub",
        "-n",
        "lab",
        "--patch",
        r#"{"data":{"hub.config.x":"eHg="},"type":"Opaque"}"#,
    ]);
    hub.kubectl(&["patch", "secret/hub", "-n", "lab", "--patch", r#"{"data":{"values.yaml":"eHg="}}"#]);
    hub.kubectl(&["delete", "crd", "daskclusters.gateway.dask.org"]);
    hub.kubectl(&["delete", "serviceaccount", "user", "-n", "lab"]);
    let found = hub.drift();
    for (object, field) in [
        ("Deployment hub", "spec.replicas"),
        ("Deployment proxy", "spec.template.spec.containers[0].image"),
        ("Service hub", "metadata.labels.app.kubernetes.io/managed-by"),
        ("Secret hub", "data.values.yaml"),
        ("CustomResourceDefinition daskclusters.gateway.dask.org", ""),
        ("ServiceAccount user", ""),
    ] {
        let row = found.iter().find(|row| row.0 == object && row.1 == field);
        let row = row.unwrap_or_else(|| panic!("{object} {field} is not among {found:#?}"));
        assert_eq!(row.2, "changed in the cluster", "{row:?}");
    }
    hub.up();
    assert_eq!(hub.drift(), []);
}

#[test]
fn what_the_file_changed_is_told_from_what_a_hand_changed() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    hub.machine.write("hub.yaml", file("welcome: Hello\n"));
    hub.kubectl(&["scale", "deployment/proxy", "-n", "lab", "--replicas=0"]);
    let found = hub.drift();
    let who = |object: &str| {
        let row = found.iter().find(|row| row.0 == object);
        row.unwrap_or_else(|| panic!("{object} is not among {found:#?}")).2.clone()
    };
    assert_eq!(who("release lab-jupyterhub"), "the hub file, not yet applied");
    assert_eq!(who("Deployment proxy"), "changed in the cluster");
    hub.up();
    assert_eq!(hub.drift(), []);
}
