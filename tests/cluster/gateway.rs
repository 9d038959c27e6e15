//! Why a Dask cluster does not come, as the cluster that it is in tells it.

use serde_json::{Value, json};

use super::hub::Hub;
use super::scratch::{stderr, stdout};

const NAME: &str = "lab.162bd6d02aa74001a3a424d85ef3fa4f";

#[test]
fn a_dask_cluster_without_its_image_is_explained_though_the_gateway_is_away() {
    let Some(hub) = Hub::new() else { return };
    hub.kubectl(&["create", "namespace", "lab"]);
    let short = NAME.strip_prefix("lab.").unwrap();
    let pod = format!("dask-scheduler-{short}");
    hub.kubectl(&["wait", "--for=create", "serviceaccount/default", "-n", "lab", "--timeout=60s"]);
    hub.kubernetes.create(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": pod, "namespace": "lab", "labels": { "gateway.dask.org/cluster": short } },
        "spec": { "containers": [{ "name": "dask-scheduler", "image": "missing:1" }] },
    }));
    let reason = "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff";
    hub.kubectl(&["wait", &format!("pod/{pod}"), "-n", "lab", reason, "--timeout=120s"]);

    let explain = |kubeconfig: std::path::PathBuf| {
        let mut command = hub.frazil();
        command.env("KUBECONFIG", kubeconfig).env("JUPYTERHUB_API_TOKEN", "tell-no-one");
        command.args(["gateway", "explain", NAME, "--file", "hub.yaml", "--address", "http://127.0.0.1:9"]);
        let output = command.args(["-o", "json"]).output().unwrap();
        assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
        assert!(!stdout(&output).contains("tell-no-one"));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let told = explain(hub.kubernetes.kubeconfig());
    assert_eq!((&told["status"], &told["cause"]), (&Value::Null, &json!("image")), "{told}");
    assert!(told["gateway"].as_str().unwrap().contains("no whole answer"), "{told}");
    assert!(told["what"].as_str().unwrap().contains("pull"), "{told}");

    // Who may not look is told so, and where somebody else would.
    let told = explain(hub.kubernetes.user("ada", &["readers"]));
    let hidden = told["hidden"].to_string();
    assert!(hidden.contains("events: ") && hidden.contains("forbidden"), "{told}");
    assert!(told["advice"].as_str().unwrap().contains(&format!("logs dask-scheduler-{short}")), "{told}");
}
