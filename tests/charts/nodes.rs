//! Which nodes pods can run on.

use std::collections::BTreeMap;

use frazil::render::cluster::Cluster;
use frazil::render::nodes::{NodePool, Taint};
use serde_json::Value;

/// What every node has.
const LINUX: (&str, &str) = ("kubernetes.io/os", "linux");

/// Whether a pod with these tolerations may run beside a taint.
pub(crate) fn tolerates(tolerations: &Value, taint: &Taint) -> bool {
    let matches = |toleration: &Value| {
        let is = |key: &str, wanted: &str| toleration.get(key).is_none_or(|value| value == wanted);
        let exists = toleration["operator"] == "Exists";
        is("key", &taint.key) && is("effect", taint.effect) && (exists || toleration["value"] == taint.value)
    };
    tolerations.as_array().is_some_and(|all| all.iter().any(matches))
}

/// The pools that a pod can run in, by its specification: selector, required affinity, taints, and
/// requests on the smallest machine.
pub(crate) fn pools_of(cluster: &Cluster<'_>, pod: &Value) -> Vec<&'static str> {
    let fits = |pool: &&NodePool| {
        selected(pod, &pool.labels)
            && pool.taints.iter().all(|taint| tolerates(&pod["tolerations"], taint))
            && has_room(pod, pool)
    };
    cluster.pools.iter().filter(fits).map(|pool| pool.name).collect()
}

/// Whether a pod's selector and required affinity take a node with these labels.
pub(crate) fn selected(pod: &Value, labels: &BTreeMap<String, String>) -> bool {
    let label = |key: &str| if key == LINUX.0 { Some(LINUX.1) } else { labels.get(key).map(String::as_str) };
    let mut selector = pod["nodeSelector"].as_object().into_iter().flatten();
    let required = &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let holds = |wanted: &Value| {
        let value = label(wanted["key"].as_str().unwrap());
        let listed = wanted["values"].as_array().into_iter().flatten().any(|one| one.as_str() == value);
        match wanted["operator"].as_str().unwrap() {
            "In" => value.is_some() && listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            other => panic!("{other}"),
        }
    };
    let term = |term: &Value| term["matchExpressions"].as_array().into_iter().flatten().all(holds);
    selector.all(|(key, value)| value.as_str() == label(key))
        && required["nodeSelectorTerms"].as_array().is_none_or(|terms| terms.iter().any(term))
}

fn has_room(pod: &Value, pool: &NodePool) -> bool {
    let asked = |what: &str| {
        let containers = pod["containers"].as_array().into_iter().flatten();
        containers.map(|container| amount(&container["resources"]["requests"][what])).sum::<f64>()
    };
    pool.machines.iter().filter_map(|offer| offer.machine.allocatable).all(|room| {
        asked("cpu") <= room.cpu.as_cores() && asked("memory") <= amount(&room.memory.get().into())
    })
}

/// An amount as Kubernetes writes it: cores or bytes.
fn amount(value: &Value) -> f64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (kibi, kilo) = (1024_f64, 1000_f64);
    let units = [
        ("m", 1.0 / kilo),
        ("Ki", kibi),
        ("Mi", kibi.powi(2)),
        ("Gi", kibi.powi(3)),
        ("k", kilo),
        ("M", kilo.powi(2)),
        ("G", kilo.powi(3)),
    ];
    let with_unit =
        |(unit, factor): &(&str, f64)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor);
    match value {
        Value::Null => 0.0,
        _ => units
            .iter()
            .find_map(with_unit)
            .unwrap_or_else(|| text.parse().unwrap_or_else(|_| panic!("{text}"))),
    }
}
