//! `JupyterHub` and Dask Gateway, with the secrets that `up` gives them: what their objects must say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use frazil::config::{Auth, HubFile};
use frazil::render::chart::Release;
use frazil::render::cluster::Cluster;
use frazil::render::nodes::DASK_PURPOSE;
use frazil::render::releases;
use serde_json::{Value, json};

use super::examples::examples;
use super::guard;
use super::nodes::{pools_of, selected};
use super::secrets::{Secrets, references};
use super::{HUBS, TODAY, helm, hub, of_kind, parsed, template, text};

/// Kinds of objects that make pods.
const WORKLOADS: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];

/// A hub's two releases through Helm.
struct Installed<'a> {
    cluster: &'a Cluster<'a>,
    secrets: Secrets,
    releases: Vec<Release>,
    objects: Vec<Value>,
}

impl<'a> Installed<'a> {
    fn new(helm: &(PathBuf, PathBuf), cluster: &'a Cluster<'a>) -> Self {
        let secrets = Secrets::new(cluster);
        let mut releases = releases(cluster).unwrap();
        releases.retain(|release| ["jupyterhub", "dask-gateway"].contains(&release.chart.name));
        let objects = releases.iter().flat_map(|release| {
            let over = secrets.values(&release.name);
            let text = template(helm, release, &[&over]);
            assert_eq!(text, template(helm, release, &[&over]), "{}: something is random", release.name);
            check_numbers(&text);
            parsed(&text)
        });
        let objects = objects.collect();
        Self { cluster, secrets, releases, objects }
    }

    fn release(&self, chart: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.chart.name == chart)
    }

    fn named(&self, kind: &str, name: &str) -> &Value {
        let found =
            of_kind(&self.objects, kind).into_iter().find(|object| object["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    fn has_port(&self, service: &str, port: u16) -> bool {
        let ports = &self.named("Service", service)["spec"]["ports"];
        ports.as_array().unwrap().iter().any(|one| one["port"] == port)
    }

    /// Text in the chart's Secret of the hub.
    fn secret(&self, key: &str) -> String {
        let data = &self.named("Secret", "hub")["data"];
        let bytes = STANDARD.decode(data[key].as_str().unwrap_or_else(|| panic!("no {key}"))).unwrap();
        String::from_utf8(bytes).unwrap()
    }
}

fn check_pods(hub: &Installed<'_>) {
    for kind in WORKLOADS {
        for object in of_kind(&hub.objects, kind) {
            let name = text(object, "/metadata/name");
            let pod = &object["spec"]["template"]["spec"];
            let wanted = match name {
                // Whoever starts a server finds the image there, on nodes with GPUs too.
                "continuous-image-puller" if hub.cluster.has_gpus() => vec!["gpu", "user"],
                "user-placeholder" | "continuous-image-puller" => vec!["user"],
                _ => vec!["core"],
            };
            if hub.cluster.is_ours() {
                let mut pools = pools_of(hub.cluster, pod);
                pools.sort_unstable();
                assert_eq!(pools, wanted, "{kind} {name}: {pod:#}");
            } else {
                assert!(selected(pod, &BTreeMap::new()), "{kind} {name} wants labels that nobody set");
            }
        }
    }
}

/// Pods that hub and gateway make later: people's servers of each size, Dask schedulers and workers.
fn check_later_pods(hub: &Installed<'_>) {
    if !hub.cluster.is_ours() {
        return;
    }
    for (size, pod) in servers(hub) {
        let gpu = hub.cluster.hub.sizes.iter().any(|one| size == one.name.as_str() && one.gpu > 0);
        assert_eq!(pools_of(hub.cluster, &pod), [if gpu { "gpu" } else { "user" }], "{size}: {pod:#}");
    }
    let Some(gateway) = hub.release("dask-gateway") else { return };
    let scheduler = if hub.cluster.hub.hub { "user" } else { "core" };
    for (part, wanted) in [("scheduler", scheduler), ("worker", "dask")] {
        let backend = &gateway.values["gateway"]["backend"][part];
        let mut pod = backend["extraPodConfig"].clone();
        // Dask Gateway counts K and M in powers of 1024.
        let memory = backend["memory"]["request"].as_str().unwrap();
        let requests = json!({ "cpu": backend["cores"]["request"], "memory": format!("{memory}i") });
        pod["containers"] = json!([{ "resources": { "requests": requests } }]);
        assert!(pod["nodeSelector"].get(DASK_PURPOSE).is_some());
        assert_eq!(pools_of(hub.cluster, &pod), [wanted], "{part}: {pod:#}");
    }
}

fn servers(hub: &Installed<'_>) -> Vec<(String, Value)> {
    let Some(release) = hub.release("jupyterhub") else { return Vec::new() };
    let data = text(&release.values, "/hub/extraFiles/hub.json/stringData");
    let data: Value = serde_json::from_str(data).unwrap();
    let sizes = data["sizes"].as_array().unwrap().iter().map(|size| {
        let requests = json!({ "cpu": size["cpu_guarantee"], "memory": size["memory_bytes"] });
        let pod = json!({
            "nodeSelector": size["placement"]["node_selector"],
            "tolerations": size["placement"]["tolerations"],
            "containers": [{ "resources": { "requests": requests } }],
        });
        (size["name"].as_str().unwrap().to_owned(), pod)
    });
    sizes.collect()
}

fn check_secrets(hub: &Installed<'_>) {
    let kept = hub.secrets.kept(&hub.objects);
    let values = hub.releases.iter().map(|release| &release.values);
    // A definition of a kind only speaks of secrets.
    let objects = hub.objects.iter().filter(|object| object["kind"] != "CustomResourceDefinition");
    let found: Vec<_> = objects.chain(values).flat_map(references).collect();
    assert!(!found.is_empty());
    for (name, key) in found {
        let keys = kept.get(&name).unwrap_or_else(|| panic!("no secret {name}"));
        assert!(key.as_ref().is_none_or(|key| keys.contains(key)), "{name} has no {key:?}");
    }
    if !hub.cluster.hub.hub {
        return;
    }
    for (place, key) in [
        ("hub.config.ConfigurableHTTPProxy.auth_token", "proxy-token"),
        ("hub.config.JupyterHub.cookie_secret", "cookie-secret"),
        ("hub.config.CryptKeeper.keys", "crypt-key"),
        ("hub.services.dask-gateway.apiToken", "gateway-token"),
    ] {
        if key != "gateway-token" || hub.cluster.has_gateway() {
            assert_eq!(hub.secret(place), hub.secrets.text(key), "{place}");
        }
    }
}

/// What the gateway's program reads of its values.
fn gateway_properties(hub: &Installed<'_>) -> Value {
    let name = format!("api-{}", hub.cluster.release("dask-gateway"));
    let program = hub.named("ConfigMap", &name)["data"]["dask_gateway_config.py"].as_str().unwrap();
    let literal = program.split_once("_PROPERTIES = json.loads(").unwrap().1.split_once(")\n").unwrap().0;
    let inner: String = serde_json::from_str(literal).unwrap();
    serde_json::from_str(&inner).unwrap()
}

/// Hub and gateway know each other: the service, who may use it, and both ways between them.
fn check_gateway(hub: &Installed<'_>) {
    let cluster = hub.cluster;
    if !cluster.has_gateway() {
        return;
    }
    let properties = gateway_properties(hub);
    let login = &properties["gateway"]["auth"];
    let service = login["jupyterhub"]["jupyterhubServiceName"].as_str();
    let prefix = &properties["gateway"]["prefix"];
    if !cluster.hub.hub {
        let other = matches!(cluster.hub.auth, Some(Auth::Hub(_)));
        let named = format!("dask-gateway-{}", cluster.hub.name);
        assert_eq!(login["type"], if other { "jupyterhub" } else { "simple" });
        assert!(!other || service == Some(&named));
        assert_eq!(prefix, "/");
        return;
    }
    assert_eq!((&login["type"], service), (&json!("jupyterhub"), Some("dask-gateway")));
    let values: Value = serde_yaml::from_str(&hub.secret("values.yaml")).unwrap();
    let scope = json!("access:services!service=dask-gateway");
    for role in ["user", "server"] {
        let scopes = values["hub"]["loadRoles"][role]["scopes"].as_array().unwrap();
        assert!(scopes.contains(&scope), "{role}: {scopes:?}");
    }
    let namespace = cluster.namespace();
    let traefik = format!("http://{}.{namespace}", cluster.traefik());
    assert_eq!(values["hub"]["services"]["dask-gateway"]["url"], traefik.as_str());
    assert_eq!(prefix, "/services/dask-gateway");
    assert!(hub.has_port(&cluster.traefik(), 80));
    assert_eq!(login["jupyterhub"]["apiUrl"], format!("http://hub.{namespace}:8081/hub/api"));
    assert!(hub.has_port("hub", 8081));
    let address = values["singleuser"]["extraEnv"]["DASK_GATEWAY__ADDRESS"].as_str().unwrap();
    assert_eq!(address, format!("{traefik}{}", prefix.as_str().unwrap()));
}

/// What hub and gateway read of their values keeps people's programs behind the guard.
fn check_guard(hub: &Installed<'_>) {
    if hub.release("jupyterhub").is_some() {
        guard::check_servers(hub.cluster, &serde_yaml::from_str(&hub.secret("values.yaml")).unwrap());
    }
    if hub.cluster.has_gateway() {
        guard::check_dask(hub.cluster, &gateway_properties(hub));
    }
}

/// Helm reads numbers as floating ones, and a template that prints one as it is writes `1e+06`.
fn check_numbers(text: &str) {
    for document in text.split("\n---\n").filter(|one| !one.contains("\nkind: CustomResourceDefinition")) {
        let digit = |place: usize| document.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
        for (place, _) in document.match_indices("e+") {
            assert!(place == 0 || !digit(place - 1) || !digit(place + 2), "{}", &document[..place + 4]);
        }
    }
}

#[test]
fn hubs_and_gateways_are_what_the_file_says() {
    let Some(helm) = helm() else { return };
    let ours = HUBS.iter().map(|(name, text)| ((*name).to_owned(), hub(text)));
    let all: Vec<(String, HubFile)> = ours.chain(examples(TODAY)).collect();
    std::thread::scope(|scope| {
        for half in all.chunks(all.len().div_ceil(2)) {
            scope.spawn(|| half.iter().for_each(|(name, hub)| check(&helm, name, hub)));
        }
    });
}

fn check(helm: &(PathBuf, PathBuf), name: &str, hub: &HubFile) {
    println!("{name}");
    let cluster = Cluster::new(hub).unwrap();
    let installed = Installed::new(helm, &cluster);
    check_pods(&installed);
    check_later_pods(&installed);
    check_secrets(&installed);
    check_gateway(&installed);
    check_guard(&installed);
}
