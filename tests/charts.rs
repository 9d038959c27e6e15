//! A hub's values go through the real charts with the real Helm. The charts
//! are where `tests/charts.sh` put them; without them there is nothing to test.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops at the first surprise and says what it skips"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use frazil::config::{HubFile, check_bytes};
use frazil::render::chart::{Chart, Release, merge};
use frazil::render::cluster::Cluster;
use frazil::render::nodes::{HUB_PURPOSE, Purpose, Taint};
use frazil::render::placement::pods;
use frazil::render::support;
use frazil::render::{base_values, releases};
use serde_json::{Map, Value, json};

/// Hubs that differ in what they need.
const HUBS: [(&str, &str); 6] = [
    ("aws", include_str!("charts/aws.yaml")),
    ("aws-quota-gpu", include_str!("charts/aws-quota-gpu.yaml")),
    ("gcp", include_str!("charts/gcp.yaml")),
    ("gcp-quota", include_str!("charts/gcp-quota.yaml")),
    ("kubernetes", include_str!("charts/kubernetes.yaml")),
    ("gateway", include_str!("charts/gateway.yaml")),
];

/// Mappings that Kubernetes defines and not the chart.
const KUBERNETES_KEYS: [&str; 2] = ["resources", "nodeSelector"];

/// Mappings of charts whose keys are the user's own, and keys that their values do not show.
const FREE: [(&str, &str); 4] = [
    ("cluster-autoscaler", "/extraArgs"),
    // Named as a condition in Chart.yaml only.
    ("nvidia-device-plugin", "/nfd/enabled"),
    ("prometheus", "/scrapeConfigs/dask-schedulers"),
    ("prometheus", "/scrapeConfigs/kubernetes-nodes-cadvisor"),
];

/// The version that charts are rendered for.
const KUBERNETES: &str = "1.35.0";

fn hub(text: &str) -> HubFile {
    let checked =
        check_bytes(text.as_bytes().to_vec(), Path::new("hub.yaml"), jiff::civil::date(2026, 11, 21));
    checked.document.unwrap_or_else(|| panic!("{:?}", checked.problems)).hub
}

fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("frazil-tests")
}

/// The folder of charts and the program, where both are there.
fn helm() -> Option<(PathBuf, PathBuf)> {
    let charts = std::env::var_os("FRAZIL_CHARTS").map_or_else(|| cache().join("charts"), PathBuf::from);
    let own = cache().join("bin/helm");
    let helm = if own.exists() { own } else { PathBuf::from("helm") };
    let runs = Command::new(&helm).arg("version").output().is_ok_and(|output| output.status.success());
    if !charts.is_dir() {
        println!("skipped: no folder {} (tests/charts.sh fills it)", charts.display());
    } else if !runs {
        println!("skipped: no helm");
    }
    (charts.is_dir() && runs).then_some((charts, helm))
}

/// The objects that Helm makes of a release.
fn objects(charts: &Path, helm: &Path, release: &Release) -> Vec<Value> {
    let chart = charts.join(format!("{}-{}", release.chart.name, release.version));
    assert!(chart.is_dir(), "{} is missing", chart.display());
    let folder = tempfile::tempdir().unwrap();
    let values = folder.path().join("values.json");
    std::fs::write(&values, serde_json::to_vec(&release.values).unwrap()).unwrap();
    let output = Command::new(helm)
        .args(["template", &release.name, "--namespace", &release.namespace, "--include-crds"])
        .args(["--kube-version", KUBERNETES, "--values"])
        .args([&values, &chart])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", release.name, String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let documents = text.split("\n---\n").map(|document| serde_yaml::from_str::<Value>(document).unwrap());
    documents.filter(Value::is_object).collect()
}

/// Values files of a chart and of the charts inside it, as one.
fn known(chart: &Path) -> Value {
    let text = std::fs::read_to_string(chart.join("values.yaml")).unwrap_or_default();
    let mut values: Value = serde_yaml::from_str(&text).unwrap();
    for inside in std::fs::read_dir(chart.join("charts")).into_iter().flatten().flatten() {
        let name = inside.file_name().into_string().unwrap();
        if inside.path().is_dir() {
            let mut below = known(&inside.path());
            let over = values.get(&name).cloned().unwrap_or_default();
            merge(&mut below, if over.is_null() { Map::new().into() } else { over });
            values[name] = below;
        }
    }
    values
}

/// Paths of values that a chart does not know, and so would ignore.
fn unknown(ours: &Value, known: &Value, path: &str, free: &[&str], found: &mut Vec<String>) {
    let (Value::Object(ours), Value::Object(known)) = (ours, known) else { return };
    if known.is_empty() || free.contains(&path) {
        return;
    }
    for (key, value) in ours.iter().filter(|(key, _)| !KUBERNETES_KEYS.contains(&key.as_str())) {
        let path = format!("{path}/{key}");
        match known.get(key) {
            Some(below) => unknown(value, below, &path, free, found),
            None if free.contains(&path.as_str()) => {}
            None => found.push(path),
        }
    }
}

/// Whether the definitions have an object's kind. Fails where the object does not fit, or has what
/// Kubernetes would drop.
fn fits_its_definition(object: &Value, definitions: &[Value]) -> bool {
    let defines = |definition: &&Value| definition["spec"]["names"]["kind"] == object["kind"];
    let all = of_kind(definitions, "CustomResourceDefinition");
    let Some(definition) = all.into_iter().find(defines) else { return false };
    let (group, version) = text(object, "/apiVersion").split_once('/').unwrap();
    assert_eq!(definition["spec"]["group"], group);
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let version = versions.iter().find(|each| each["name"] == version && each["served"] == true).unwrap();
    let schema = &version["schema"]["openAPIV3Schema"];
    let errors: Vec<_> = jsonschema::validator_for(schema)
        .unwrap()
        .iter_errors(object)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    no_field_is_dropped(&object["spec"], &schema["properties"]["spec"], "spec");
    true
}

fn no_field_is_dropped(value: &Value, schema: &Value, path: &str) {
    for item in value.as_array().into_iter().flatten() {
        no_field_is_dropped(item, &schema["items"], path);
    }
    for (key, below) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let field = schema["properties"].get(key);
        assert!(field.is_some(), "{path} is not defined");
        no_field_is_dropped(below, field.unwrap_or(&Value::Null), &path);
    }
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// Whether a pod with these tolerations may run beside a taint.
fn tolerates(tolerations: &Value, taint: &Taint) -> bool {
    let matches = |toleration: &Value| {
        let is = |key: &str, wanted: &str| toleration.get(key).is_none_or(|value| value == wanted);
        let exists = toleration["operator"] == "Exists";
        is("key", &taint.key) && is("effect", taint.effect) && (exists || toleration["value"] == taint.value)
    };
    tolerations.as_array().is_some_and(|all| all.iter().any(matches))
}

/// What must hold for the pods of any chart: those that run once are on core nodes, those on every
/// node are not kept away.
fn check_pods(cluster: &Cluster<'_>, release: &Release, objects: &[Value]) {
    let spec = "/spec/template/spec";
    for kind in ["Deployment", "StatefulSet", "Job"] {
        for object in of_kind(objects, kind) {
            let name = text(object, "/metadata/name");
            let selector = object.pointer(&format!("{spec}/nodeSelector"));
            let purpose = selector.and_then(|selector| selector.get(HUB_PURPOSE));
            let wanted = cluster.is_ours().then(|| Value::from("core"));
            assert_eq!(purpose.cloned(), wanted, "{}: {kind} {name}", release.name);
        }
    }
    for object in of_kind(objects, "DaemonSet") {
        let name = text(object, "/metadata/name");
        let tolerations = &object["spec"]["template"]["spec"]["tolerations"];
        let gpu_only = release.chart.name == "nvidia-device-plugin";
        let pools = cluster.pools.iter().filter(|pool| !gpu_only || pool.purpose == Purpose::Gpu);
        for taint in pools.flat_map(|pool| &pool.taints) {
            assert!(tolerates(tolerations, taint), "{name} does not tolerate {taint:?}");
        }
    }
}

/// A container's arguments, all pods' of a kind one after the other.
fn arguments(objects: &[Value], kind: &str) -> String {
    let containers = of_kind(objects, kind).into_iter().flat_map(|object| {
        object["spec"]["template"]["spec"]["containers"].as_array().cloned().unwrap_or_default()
    });
    containers.map(|container| format!("{} {}\n", container["command"], container["args"])).collect()
}

/// What must hold for one chart in particular.
fn check_chart(cluster: &Cluster<'_>, release: &Release, objects: &[Value]) {
    if let Some((_, account)) = support::identity(release) {
        let accounts = of_kind(objects, "ServiceAccount");
        let in_place = |object: &&Value| {
            text(object, "/metadata/name") == account
                && text(object, "/metadata/namespace") == release.namespace
                && object["metadata"].get("annotations").is_none()
        };
        assert!(accounts.iter().any(in_place), "{account} is not in {accounts:?}");
    }
    match release.chart.name {
        "cluster-autoscaler" => check_autoscaler(cluster, objects),
        "aws-efs-csi-driver" => {
            let accounts = of_kind(objects, "ServiceAccount");
            let names: Vec<_> = accounts.iter().map(|account| text(account, "/metadata/name")).collect();
            assert_eq!(names, ["efs-csi-controller-sa", "efs-csi-node-sa"]);
            assert_eq!(of_kind(objects, "Deployment")[0]["spec"]["replicas"], 1);
            assert_eq!(text(of_kind(objects, "CSIDriver")[0], "/metadata/name"), "efs.csi.aws.com");
        }
        "nvidia-device-plugin" => {
            let daemons = of_kind(objects, "DaemonSet");
            // The other one waits for nodes with a label that none of ours has.
            assert_eq!(daemons.len(), 2, "no feature discovery");
            let selector = &daemons[1]["spec"]["template"]["spec"]["nodeSelector"];
            assert_eq!(selector["nvidia.com/mps.capable"], "true");
            let affinity = daemons[0]["spec"]["template"]["spec"]["affinity"].to_string();
            assert!(
                affinity.contains(r#""key":"frazil/pool","operator":"In","values":["gpu"]"#),
                "{affinity}"
            );
            assert!(!affinity.contains("feature.node"), "{affinity}");
        }
        "metrics-server" => assert_eq!(of_kind(objects, "APIService").len(), 1),
        "cert-manager" => {
            let ours = support::manifests(cluster);
            let checked = ours.iter().filter(|object| fits_its_definition(object, objects)).count();
            assert_eq!(checked, 2, "issuer and certificate");
            assert!(arguments(objects, "Deployment").contains("--issuer-ambient-credentials=true"));
            assert!(objects.iter().all(|object| object["metadata"]["namespace"] != "kube-system"));
        }
        "jupyterhub-home-nfs" => check_homes(cluster, objects),
        "prometheus" => check_prometheus(cluster, objects),
        other => panic!("nothing is checked of {other}"),
    }
}

fn check_autoscaler(cluster: &Cluster<'_>, objects: &[Value]) {
    let hub = cluster.hub.name.as_str();
    let deployment = of_kind(objects, "Deployment")[0];
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(text(deployment, "/metadata/name"), "cluster-autoscaler");
    assert_eq!(pod["serviceAccountName"], "cluster-autoscaler");
    assert_eq!(pod["priorityClassName"], "system-cluster-critical");
    let image = text(pod, "/containers/0/image");
    assert!(image.contains(&format!(":v{}.", cluster.hub.kubernetes.version.as_str())), "{image}");
    let arguments = arguments(objects, "Deployment");
    for wanted in [
        format!("k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{hub}\""),
        "--skip-nodes-with-local-storage=false".to_owned(),
        "--scale-down-unneeded-time=10m".to_owned(),
        "--expander=least-waste".to_owned(),
    ] {
        assert!(arguments.contains(&wanted), "{wanted} is not in {arguments}");
    }
    assert!(pod["containers"][0]["env"].to_string().contains("us-west-2"));
}

fn check_homes(cluster: &Cluster<'_>, objects: &[Value]) {
    let secret = text(of_kind(objects, "Secret")[0], "/stringData/chart-config.yaml");
    let settings: Value = serde_yaml::from_str(secret).unwrap();
    let manager = &settings["config"]["QuotaManager"];
    let quota = cluster.hub.storage.homes.quota.unwrap();
    assert_eq!(manager["hard_quota"].as_f64(), Some(quota.as_gib()));
    assert_eq!((&manager["uid"], &manager["exclude"]), (&1000.into(), &Value::Array(Vec::new())));
    let disk = of_kind(objects, "PersistentVolume")[0];
    let driver = if cluster.is_eks() { "ebs.csi.aws.com" } else { "pd.csi.storage.gke.io" };
    assert_eq!(text(disk, "/spec/csi/driver"), driver);
    assert_eq!(text(disk, "/spec/csi/volumeHandle"), "output:homes_volume");
    assert!(disk["spec"]["mountOptions"].to_string().contains("pquota"));
    let deployment = of_kind(objects, "Deployment")[0];
    let zone = &deployment["spec"]["template"]["spec"]["nodeSelector"]["topology.kubernetes.io/zone"];
    assert_eq!(zone, "output:homes_zone");
    // The Service with the fixed address finds these pods, and no object of the chart has its name.
    let ours = support::manifests(cluster);
    let service = of_kind(&ours, "Service")[0];
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    for (key, value) in service["spec"]["selector"].as_object().unwrap() {
        assert_eq!(&labels[key], value);
    }
    for object in &ours {
        let same = |other: &&Value| {
            other["kind"] == object["kind"] && other["metadata"]["name"] == object["metadata"]["name"]
        };
        assert_eq!(objects.iter().find(same), None);
    }
}

fn check_prometheus(cluster: &Cluster<'_>, objects: &[Value]) {
    let maps = of_kind(objects, "ConfigMap");
    let config = maps.iter().find_map(|map| map.pointer("/data/prometheus.yml")).unwrap().as_str().unwrap();
    let config: Value = serde_yaml::from_str(config).unwrap();
    let jobs: Vec<_> =
        config["scrape_configs"].as_array().unwrap().iter().map(|job| text(job, "/job_name")).collect();
    let expected = [
        "dask-schedulers",
        "kubernetes-nodes-cadvisor",
        "kubernetes-pods",
        "kubernetes-service-endpoints",
        "prometheus",
    ];
    assert_eq!(jobs, expected);
    let arguments = arguments(objects, "Deployment");
    for wanted in ["--storage.tsdb.retention.time=90d", "--storage.tsdb.retention.size=8GB", "frazil/pool"] {
        assert!(arguments.contains(wanted), "{wanted} is not in {arguments}");
    }
    assert!(arguments.contains("--metric-annotations-allowlist=pods=[hub.jupyter.org/username]"));
    let named: BTreeMap<_, _> = of_kind(objects, "Deployment")
        .into_iter()
        .map(|object| (text(object, "/metadata/name").to_owned(), object))
        .collect();
    let hub = cluster.hub.name.as_str();
    let server = named[&format!("{hub}-prometheus-server")];
    assert_eq!(named.len(), 2, "no alert manager and no push gateway");
    let labels = &server["spec"]["template"]["metadata"]["labels"];
    assert_eq!(labels["hub.jupyter.org/network-access-hub"], "true");
    assert_eq!(of_kind(objects, "PersistentVolumeClaim").len(), 1);
}

#[test]
fn charts_take_what_hubs_give_them() {
    let Some((charts, helm)) = helm() else { return };
    for (name, text) in HUBS {
        let hub = hub(text);
        let cluster = Cluster::new(&hub).unwrap();
        for release in support::releases(&cluster) {
            println!("{name}: {}", release.name);
            let objects = objects(&charts, &helm, &release);
            check_pods(&cluster, &release, &objects);
            check_chart(&cluster, &release, &objects);
        }
    }
}

#[test]
fn a_gateway_of_its_own_speaks_https() {
    let Some((charts, helm)) = helm() else { return };
    for (text, port, tls) in [(HUBS[5].1, 443, true), (HUBS[0].1, 80, false)] {
        let hub = hub(text);
        let cluster = Cluster::new(&hub).unwrap();
        let mut values = base_values("dask-gateway");
        merge(&mut values, json!({ "traefik": support::gateway_tls(&cluster) }));
        let repository = "https://helm.dask.org";
        let chart = Chart {
            name: "dask-gateway",
            version: "2026.3.0",
            repository,
            source: repository,
            why: "a test",
        };
        let release = Release {
            chart,
            version: chart.version.to_owned(),
            name: cluster.release(chart.name),
            namespace: cluster.namespace().to_owned(),
            values,
            unless_served: None,
            shared: false,
        };
        let objects = objects(&charts, &helm, &release);
        let named = |kind: &str, name: &str| {
            let all = of_kind(&objects, kind);
            all.into_iter().find(|object| object["metadata"]["name"] == name).unwrap()
        };
        let service = named("Service", &cluster.traefik());
        assert_eq!(service["spec"]["ports"], json!([{ "name": "web", "targetPort": 8000, "port": port }]));
        let arguments = arguments(&objects, "Deployment");
        assert_eq!(arguments.contains("--entrypoints.web.http.tls=true"), tls);
        // Dask's connections go through the same entry point, and the proxy sees our certificate.
        assert!(!arguments.contains("--entrypoints.tcp.address"));
        let ours = support::manifests(&cluster);
        let store = ours.iter().find(|object| object["kind"] == "TLSStore");
        assert_eq!(store.is_some(), tls);
        for (key, value) in
            store.into_iter().flat_map(|store| store["metadata"]["labels"].as_object().unwrap())
        {
            let label = format!("labelselector={key}={}", value.as_str().unwrap());
            assert!(arguments.contains(&label), "{label} is not in {arguments}");
        }
        let checked = ours.iter().filter(|object| fits_its_definition(object, &objects)).count();
        assert_eq!(checked, usize::from(tls), "the store of certificates");
    }
}

#[test]
fn charts_know_every_value_that_is_set() {
    let Some((charts, _)) = helm() else { return };
    for (name, text) in HUBS {
        let hub = hub(text);
        for release in support::releases(&Cluster::new(&hub).unwrap()) {
            let chart = release.chart.name;
            let known = known(&charts.join(format!("{chart}-{}", release.version)));
            let free: Vec<_> = FREE.iter().filter(|(of, _)| *of == chart).map(|(_, path)| *path).collect();
            let mut found = Vec::new();
            unknown(&release.values, &known, "", &free, &mut found);
            assert_eq!(found, Vec::<String>::new(), "{name}: {chart} would ignore these");
        }
    }
}

#[test]
fn the_charts_to_test_with_are_those_that_are_installed() {
    let rows: Vec<Vec<_>> =
        include_str!("charts.csv").lines().map(|line| line.split(',').collect()).collect();
    for (_, text) in HUBS {
        let hub = hub(text);
        for release in support::releases(&Cluster::new(&hub).unwrap()) {
            let chart = release.chart;
            let row = rows.iter().find(|row| row[0] == chart.name).unwrap();
            assert_eq!((row[1], release.version.as_str()), (chart.version, chart.version));
            assert_eq!(chart.source, format!("https://github.com/{}", row[2]));
            assert!(chart.why.ends_with('.'));
        }
    }
}

/// Overrides that put something at every place where a chart says on which nodes its pods run.
const PLACED: &str = "
overrides:
  jupyterhub:
    hub: { nodeSelector: { a: hub }, tolerations: [{ key: hub, operator: Exists }] }
    proxy:
      chp: { nodeSelector: { a: chp }, tolerations: [{ key: chp, operator: Exists }] }
      traefik: { nodeSelector: { a: tls }, tolerations: [{ key: tls, operator: Exists }] }
    scheduling:
      userScheduler: { nodeSelector: { a: scheduler }, tolerations: [{ key: scheduler, operator: Exists }] }
      userPlaceholder: { replicas: 1 }
    singleuser: { nodeSelector: { a: user }, extraTolerations: [{ key: user, operator: Exists }] }
  dask-gateway:
    gateway: { nodeSelector: { a: api }, tolerations: [{ key: api, operator: Exists }] }
    controller: { nodeSelector: { a: controller }, tolerations: [{ key: controller, operator: Exists }] }
    traefik: { nodeSelector: { a: traefik }, tolerations: [{ key: traefik, operator: Exists }] }
silence: [{ rule: selector-pool, because: a test }]
";

/// Which objects have the pods of which words.
const PODS: [(&str, &str); 8] = [
    ("the hub", "hub"),
    ("the hub's proxy", "proxy"),
    ("the proxy that ends TLS", "autohttps"),
    ("the scheduler of people's servers", "user-scheduler"),
    ("the placeholders of people's servers", "user-placeholder"),
    ("the gateway", "api-"),
    ("the gateway's controller", "controller-"),
    ("the gateway's proxy", "traefik-"),
];

/// The labels that a pod insists on: its selector's, and those of its affinity.
fn insisted(pod: &Value) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<_, _> = pod["nodeSelector"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let terms = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0";
    let terms = pod.pointer(&format!("{terms}/matchExpressions")).and_then(Value::as_array);
    for term in terms.into_iter().flatten() {
        labels.insert(text(term, "/key").to_owned(), text(term, "/values/0").to_owned());
    }
    labels
}

#[test]
fn pods_ask_for_the_nodes_that_rules_take_them_to_ask_for() {
    let Some((charts, helm)) = helm() else { return };
    for plain in [false, true] {
        let hub = hub(&format!("{}{}", HUBS[0].1, if plain { "" } else { PLACED }));
        let cluster = Cluster::new(&hub).unwrap();
        let releases = releases(&cluster).unwrap();
        let own =
            releases.iter().filter(|release| ["jupyterhub", "dask-gateway"].contains(&release.chart.name));
        let objects: Vec<_> = own.flat_map(|release| objects(&charts, &helm, release)).collect();
        let mut checked = 0;
        for pods in pods(&cluster, &releases) {
            let Some((_, name)) = PODS.iter().find(|(what, _)| *what == pods.what) else { continue };
            let named = |object: &&Value| {
                let all = text(object, "/metadata/name");
                ["Deployment", "StatefulSet"].contains(&text(object, "/kind"))
                    && (all == *name || (name.ends_with('-') && all.starts_with(name)))
            };
            let object = objects.iter().find(named).unwrap_or_else(|| panic!("{name} is not there"));
            let pod = &object["spec"]["template"]["spec"];
            let wanted: BTreeMap<_, _> =
                pods.wanted.into_iter().map(|wanted| (wanted.key, wanted.value)).collect();
            assert_eq!(wanted, insisted(pod), "{name}");
            let borne = pod["tolerations"].as_array().cloned().unwrap_or_default();
            assert_eq!(pods.tolerations, borne, "{name}");
            checked += 1;
        }
        assert_eq!(checked, if plain { 7 } else { 8 });
    }
}
