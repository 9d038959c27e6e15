//! What is set is what the charts know.

use std::path::Path;

use frazil::render::chart::merge;
use frazil::render::cluster::Cluster;
use frazil::render::support;
use serde_json::{Map, Value};

use super::{HUBS, helm, hub};

/// Mappings that Kubernetes defines and not the chart.
const KUBERNETES_KEYS: [&str; 2] = ["resources", "nodeSelector"];

/// Mappings of charts whose keys are the user's own, and keys that their values do not show.
const FREE: [(&str, &str); 5] = [
    // Commented out in values.yaml.
    ("cert-manager", "/serviceAccount/annotations"),
    ("cluster-autoscaler", "/extraArgs"),
    // Named as a condition in Chart.yaml only.
    ("nvidia-device-plugin", "/nfd/enabled"),
    ("prometheus", "/scrapeConfigs/dask-schedulers"),
    ("prometheus", "/scrapeConfigs/kubernetes-nodes-cadvisor"),
];

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
        include_str!("../charts.csv").lines().map(|line| line.split(',').collect()).collect();
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
