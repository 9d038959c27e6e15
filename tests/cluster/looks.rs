//! What is told when not everything may be seen, or not everything answers.

use serde_json::json;

use super::hub::{Hub, file};
use super::scratch::{stderr, stdout};

#[test]
fn who_may_only_look_sees_what_they_may() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let ada = hub.kubernetes.user("ada", &["readers"]);
    let status =
        |format: &str| hub.frazil().env("KUBECONFIG", &ada).args(["status", "-o", format]).output().unwrap();
    let nothing = status("table");
    assert!(stdout(&nothing).contains("releases"), "{}{}", stdout(&nothing), stderr(&nothing));
    assert!(!stdout(&nothing).contains("there is no Service"), "nobody looked: {}", stdout(&nothing));

    hub.kubectl(&["create", "rolebinding", "r", "-n", "lab", "--clusterrole=view", "--group=readers"]);
    hub.kubectl(&["wait", "clusterrole/view", "--for=jsonpath={.rules}", "--timeout=180s"]);
    let some = status("json");
    assert_eq!(some.status.code(), Some(0), "{}{}", stdout(&some), stderr(&some));
    let report: serde_json::Value = serde_json::from_slice(&some.stdout).unwrap();
    let parts: Vec<_> = report["parts"].as_array().unwrap().iter().map(|part| &part["name"]).collect();
    assert!(parts.contains(&&json!("hub")), "{parts:?}");
    let hidden = report["forbidden"].as_array().unwrap();
    assert!(hidden.contains(&json!("releases")) && !hidden.contains(&json!("parts")), "{hidden:?}");
}

#[test]
fn a_part_of_the_api_that_does_not_answer_is_named() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    let name = "v1beta1.silent.example.org";
    hub.kubernetes.create(&json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": { "name": name },
        "spec": {
            "group": "silent.example.org", "version": "v1beta1",
            "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true,
            "service": { "name": "nobody", "namespace": "kube-system" },
        },
    }));
    hub.kubectl(&["wait", "apiservice", name, "--for=condition=Available=false", "--timeout=60s"]);
    let doctor = stdout(&hub.run(&["doctor"]));
    assert!(doctor.contains(name), "{doctor}");
    assert!(doctor.contains("kubectl delete apiservice"), "{doctor}");

    let down = hub.run(&["down", "--confirm", "lab"]);
    assert_eq!(down.status.code(), Some(3), "{}{}", stdout(&down), stderr(&down));
    assert!(stdout(&down).contains("silent.example.org/v1beta1"), "{}", stdout(&down));
    hub.kubectl(&["delete", "apiservice", name]);
    hub.down();
    hub.assert_gone();
}

#[test]
fn servers_that_keep_their_settings_are_told() {
    let Some(hub) = Hub::new() else { return };
    hub.up();
    hub.kubernetes.create(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "jupyter-ada", "namespace": "lab", "labels": { "component": "singleuser-server" },
        },
        "spec": { "containers": [{ "name": "notebook", "image": "well" }] },
    }));
    assert!(!hub.up().contains("earlier settings"), "nothing was changed");
    hub.machine.write("hub.yaml", file("welcome: Hello\n"));
    let up = hub.up();
    assert!(up.contains("1 server of people runs on with the earlier settings"), "{up}");
}
