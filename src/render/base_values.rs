//! The charts' base values: what is the same for every hub. They are
//! `helm-values/CHART.yaml`, with the reasons, and packed when frazil is built.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static CHARTS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/base_values.json"))).unwrap_or_default()
});

/// The base values of a chart, by its name; an empty mapping where it has none.
pub fn base_values(chart: &str) -> Value {
    CHARTS.get(chart).cloned().unwrap_or_else(|| Value::Object(Map::new()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::base_values;

    #[test]
    fn every_file_is_packed_as_data() {
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/helm-values")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let written: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(base_values(name), written, "{name}");
            assert!(written.is_object(), "{name}");
        }
        assert_eq!(base_values("dask-gateway")["traefik"]["service"]["type"], "ClusterIP");
        assert_eq!(base_values("no-such-chart"), json!({}));
    }
}
