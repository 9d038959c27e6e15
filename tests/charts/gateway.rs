//! A gateway on a cluster of its own.

use frazil::render::cluster::Cluster;
use frazil::render::{releases, support};
use serde_json::json;

use super::definitions::fits_its_definition;
use super::{HUBS, arguments, helm, hub, objects, of_kind};

#[test]
fn a_gateway_of_its_own_speaks_https() {
    let Some(helm) = helm() else { return };
    for (text, port, tls) in [(HUBS[5].1, 443, true), (HUBS[0].1, 80, false)] {
        let hub = hub(text);
        let cluster = Cluster::new(&hub).unwrap();
        let releases = releases(&cluster).unwrap();
        let release = releases.iter().find(|release| release.chart.name == "dask-gateway").unwrap();
        let objects = objects(&helm, release);
        let named = |kind: &str, name: &str| {
            let all = of_kind(&objects, kind);
            all.into_iter().find(|object| object["metadata"]["name"] == name).unwrap()
        };
        let service = named("Service", &cluster.traefik());
        assert_eq!(service["spec"]["type"], if tls { "LoadBalancer" } else { "ClusterIP" });
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
