//! What the tests' Kubernetes and charts promise to the tests that use them.

use serde_json::json;

use super::kubernetes::{Kubernetes, Pool};

const LAB: Pool = Pool { name: "lab", cpu: "8", memory: "32Gi", labels: &[("frazil-test/pool", "lab")] };
const CHARTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/charts");
const WAIT: [&str; 2] = ["--wait", "--timeout=180s"];

/// The only container's state of a pod with this image, once it has one.
fn state(cluster: &Kubernetes, name: &str, image: &str) -> String {
    let container = json!({ "name": "only", "image": image });
    cluster.create(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name },
        "spec": { "containers": [container] },
    }));
    let field = "{.status.containerStatuses[0].state}";
    let there = format!("--for=jsonpath={field}");
    cluster.run("kubectl", &["wait", "pod", name, &there, "--timeout=180s"]);
    cluster.run("kubectl", &["get", "pod", name, &format!("--output=jsonpath={{.status.phase}} {field}")])
}

fn answer(cluster: &Kubernetes, kubeconfig: &std::path::Path, arguments: &[&str]) -> String {
    let output = cluster.tool("kubectl").env("KUBECONFIG", kubeconfig).args(arguments).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn data_outlive_the_api_server() {
    let Some(mut cluster) = Kubernetes::start("lab") else { return };
    cluster.run("kubectl", &["create", "namespace", "kept"]);
    cluster.stop_api();
    let administrator = cluster.kubeconfig();
    assert!(answer(&cluster, &administrator, &["get", "namespaces"]).contains("refused"));
    cluster.start_api();
    cluster.run("kubectl", &["get", "namespace", "kept"]);
}

#[test]
fn people_may_what_rbac_lets_them() {
    let Some(cluster) = Kubernetes::start("lab") else { return };
    let ada = cluster.user("ada", &["readers"]);
    let question = ["auth", "can-i", "list", "pods"];
    assert!(answer(&cluster, &ada, &question).starts_with("no"));
    cluster.run("kubectl", &["create", "clusterrolebinding", "r", "--clusterrole=view", "--group=readers"]);
    cluster.run("kubectl", &["wait", "clusterrole/view", "--for=jsonpath={.rules}", "--timeout=180s"]);
    assert!(answer(&cluster, &ada, &question).starts_with("yes"));
    let expired = cluster.expired_user("eve", &["system:masters"]);
    assert!(answer(&cluster, &expired, &["get", "pods"]).contains("Unauthorized"));
    assert!(answer(&cluster, &expired, &["config", "view"]).contains(&cluster.address()));
}

#[test]
fn an_image_decides_what_becomes_of_its_pod() {
    let Some(mut cluster) = Kubernetes::start("lab") else { return };
    cluster.nodes(&LAB, 1);
    let found =
        ["well", "missing", "crashing", "waiting", "failing"].map(|image| state(&cluster, image, image));
    for (found, expected) in found.iter().zip([
        "Running {\"running\"",
        "Pending {\"waiting\":{\"message\":\"Back-off pulling image \\\"missing\\\"\",\"reason\":\"ImagePullBackOff\"",
        "Running {\"waiting\":{\"message\":\"back-off 5m0s restarting failed container\",\"reason\":\"CrashLoopBackOff\"",
        "Pending {\"waiting\":{\"reason\":\"ContainerCreating\"",
        "Failed {\"terminated\":{\"exitCode\":1",
    ]) {
        assert!(found.starts_with(expected), "{found}");
    }
    cluster.run("kubectl", &["create", "job", "once", "--image=well"]);
    cluster.run("kubectl", &["wait", "job/once", "--for=condition=Complete", "--timeout=180s"]);
}

#[test]
fn the_charts_come_and_go() {
    let Some(mut cluster) = Kubernetes::start("lab") else { return };
    cluster.nodes(&LAB, 2);
    cluster.storage();
    let before = objects(&cluster);
    for (name, version) in [
        ("jupyterhub", "4.4.0"),
        ("dask-gateway", "2026.3.0"),
        ("metrics-server", "3.13.1"),
        ("cert-manager", "v1.21.1"),
    ] {
        let folder = format!("{CHARTS}/{name}-{version}");
        let install = ["install", name, &folder, "--namespace=lab", "--create-namespace"];
        cluster.run("helm", &[&install[..], &WAIT].concat());
    }
    let token = "--output=jsonpath={.data.hub\\.config\\.JupyterHub\\.cookie_secret}";
    assert!(!cluster.run("kubectl", &["get", "secret", "hub", "--namespace=lab", token]).is_empty());
    for name in ["cert-manager", "metrics-server", "dask-gateway", "jupyterhub"] {
        cluster.run("helm", &["uninstall", name, "--namespace=lab", WAIT[0], WAIT[1]]);
    }
    cluster.run("kubectl", &["delete", "namespace", "lab", "--timeout=180s"]);
    // Helm leaves the definitions of a chart's crds/ where they are.
    let definitions = ["daskclusters.gateway.dask.org", "ingressroutes.traefik.io", "tlsstores.traefik.io"];
    cluster.run("kubectl", &[&["delete", "crd"][..], &definitions].concat());
    assert_eq!(objects(&cluster), before);
}

/// What there is beside namespaces.
fn objects(cluster: &Kubernetes) -> String {
    let kinds = "crd,clusterrole,clusterrolebinding,priorityclass,pv,namespace";
    cluster.run("kubectl", &["get", kinds, "--output=name"])
}
