//! Charts beside the hub's and the gateway's: what their objects must say.

use std::collections::BTreeMap;

use frazil::render::chart::Release;
use frazil::render::cluster::Cluster;
use frazil::render::nodes::{HUB_PURPOSE, Purpose};
use frazil::render::support;
use serde_json::Value;

use super::definitions::fits_its_definition;
use super::nodes::tolerates;
use super::{HUBS, arguments, helm, hub, objects, of_kind, text};

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

/// What must hold for one chart in particular.
fn check_chart(cluster: &Cluster<'_>, release: &Release, objects: &[Value]) {
    if let Some((_, account)) = support::identity(release) {
        let accounts = of_kind(objects, "ServiceAccount");
        let in_place = |object: &&Value| {
            text(object, "/metadata/name") == account
                && text(object, "/metadata/namespace") == release.namespace
                && object["metadata"].get("annotations").is_some() == cluster.is_gke()
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
    let Some(helm) = helm() else { return };
    for (name, text) in HUBS {
        let hub = hub(text);
        let cluster = Cluster::new(&hub).unwrap();
        for release in support::releases(&cluster) {
            println!("{name}: {}", release.name);
            let objects = objects(&helm, &release);
            check_pods(&cluster, &release, &objects);
            check_chart(&cluster, &release, &objects);
        }
    }
}
