//! Where the real charts let pods run, beside where the rules take them to run.

use std::collections::BTreeMap;

use frazil::render::cluster::Cluster;
use frazil::render::placement::pods;
use frazil::render::releases;
use serde_json::Value;

use super::{HUBS, helm, hub, objects, text};

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
    let Some(helm) = helm() else { return };
    for plain in [false, true] {
        let hub = hub(&format!("{}{}", HUBS[0].1, if plain { "" } else { PLACED }));
        let cluster = Cluster::new(&hub).unwrap();
        let releases = releases(&cluster).unwrap();
        let own =
            releases.iter().filter(|release| ["jupyterhub", "dask-gateway"].contains(&release.chart.name));
        let objects: Vec<_> = own.flat_map(|release| objects(&helm, release)).collect();
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
