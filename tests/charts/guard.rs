//! People's programs run behind the guard: away from homes' server and from the node's rights.

use frazil::config::HubFile;
use frazil::render::cluster::{Cluster, Homes};
use frazil::render::releases;
use serde_json::{Value, json};

use super::examples::examples;
use super::{HUBS, TODAY, hub};

/// Where values say what runs before a person's program.
const SERVERS: &str = "/singleuser/initContainers";
const DASK: [&str; 2] = [
    "/gateway/backend/scheduler/extraPodConfig/initContainers",
    "/gateway/backend/worker/extraPodConfig/initContainers",
];

const HOMES: &str = "--dports 111,2049,20048 --jump DROP";
const METADATA: &str = "--destination 169.254.169.254 --destination-port 80 --jump DROP";

fn values(cluster: &Cluster<'_>, chart: &str) -> Option<Value> {
    let releases = releases(cluster).unwrap();
    releases.into_iter().find(|release| release.chart.name == chart).map(|release| release.values)
}

/// What the first container does, if it is the guard.
fn guard<'a>(values: &'a Value, place: &str) -> &'a str {
    let first = values.pointer(place).and_then(|list| list.get(0));
    let guard = first.filter(|first| first["name"] == "frazil-guard");
    guard.and_then(|guard| guard["command"][2].as_str()).unwrap_or_default()
}

/// The guard of people's servers, in the values of the JupyterHub chart.
pub(crate) fn check_servers(cluster: &Cluster<'_>, values: &Value) {
    assert_eq!(guard(values, SERVERS).contains(HOMES), has_shared_homes(cluster));
    // GKE's metadata server gives people their own rights; EKS Pod Identity is at another address.
    let closed = values.pointer("/singleuser/cloudMetadata/blockWithIptables");
    assert_eq!(closed, Some(&json!(!cluster.is_gke())));
}

/// The guard of Dask schedulers and workers, in the values of the Dask Gateway chart.
pub(crate) fn check_dask(cluster: &Cluster<'_>, values: &Value) {
    for place in DASK {
        assert_eq!(guard(values, place).contains(HOMES), has_shared_homes(cluster), "{place}");
        assert_eq!(guard(values, place).contains(METADATA), !cluster.is_gke(), "{place}");
    }
}

fn has_shared_homes(cluster: &Cluster<'_>) -> bool {
    cluster.hub.hub && cluster.homes() != Homes::Disks
}

fn check(name: &str, hub: &HubFile) {
    println!("{name}");
    let cluster = Cluster::new(hub).unwrap();
    if let Some(values) = values(&cluster, "jupyterhub") {
        check_servers(&cluster, &values);
    }
    if let Some(values) = values(&cluster, "dask-gateway") {
        check_dask(&cluster, &values);
    }
}

#[test]
fn everyone_runs_behind_the_guard() {
    let ours = HUBS.iter().map(|(name, text)| ((*name).to_owned(), hub(text)));
    ours.chain(examples(TODAY)).for_each(|(name, hub)| check(&name, &hub));
}

#[test]
fn an_override_comes_after_the_guard() {
    let own = r#"[{ "name": "own", "image": "a" }]"#;
    for (_, text) in HUBS {
        let jupyterhub = format!(
            "{{ singleuser: {{ initContainers: {own}, extraPodConfig: {{ initContainers: {own} }} }}, \
             hub: {{ config: {{ KubeSpawner: {{ init_containers: {own} }} }} }} }}"
        );
        let config = "{ extraPodConfig: { initContainers: [] } }";
        let gateway = format!("{{ gateway: {{ backend: {{ scheduler: {config}, worker: {config} }} }} }}");
        let hub = hub(&format!("{text}overrides: {{ jupyterhub: {jupyterhub}, dask-gateway: {gateway} }}\n"));
        check("overridden", &hub);
        let cluster = Cluster::new(&hub).unwrap();
        let Some(values) = values(&cluster, "jupyterhub") else { continue };
        let instead =
            ["/singleuser/extraPodConfig/initContainers", "/hub/config/KubeSpawner/init_containers"];
        for place in instead {
            // Here the chart's own container that closes the metadata server is replaced too.
            assert_eq!(guard(&values, place).contains(METADATA), !cluster.is_gke(), "{place}");
        }
        for place in instead.into_iter().chain([SERVERS]) {
            let all = values.pointer(place).unwrap().as_array().unwrap();
            assert_eq!(all.last().unwrap()["name"], "own", "{place}");
        }
    }
}

#[test]
fn the_guard_comes_from_where_the_chart_takes_its_own() {
    let mirror = "overrides: { jupyterhub: { singleuser: { networkTools: { image: { name: m.example.org/tools, tag: \"1\" } } } } }";
    let hub = hub(&format!("{}{mirror}\n", HUBS[0].1));
    let values = values(&Cluster::new(&hub).unwrap(), "dask-gateway").unwrap();
    assert_eq!(values.pointer(DASK[1]).unwrap()[0]["image"], "m.example.org/tools:1");
}

#[test]
fn who_opens_the_metadata_server_for_servers_opens_it_for_dask() {
    let open = "overrides: { jupyterhub: { singleuser: { cloudMetadata: { blockWithIptables: false } } } }";
    let hub = hub(&format!("{}{open}\n", HUBS[4].1));
    let values = values(&Cluster::new(&hub).unwrap(), "dask-gateway").unwrap();
    assert!(DASK.iter().all(|place| guard(&values, place).is_empty()));
}
