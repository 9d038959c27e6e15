//! Helm charts: which, from where, and why; and what a hub gives each.

use serde::Serialize;
use serde_json::Value;

use super::base_values;

/// A chart of someone else's, at the version that its values here were made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// Its name in its repository.
    pub name: &'static str,
    /// The version.
    pub version: &'static str,
    /// The address of its repository: `https://` or `oci://`.
    pub repository: &'static str,
    /// Where its source is.
    pub source: &'static str,
    /// Why it is installed.
    pub why: &'static str,
}

/// The namespace of what serves the whole cluster.
pub const SYSTEM_NAMESPACE: &str = "kube-system";

/// A chart with a hub's values: one Helm release.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The chart.
    pub chart: Chart,
    /// The version to install; the hub file may name another for the hub's and the gateway's.
    pub version: String,
    /// The release's name.
    pub name: String,
    /// The namespace.
    pub namespace: String,
    /// The values: the base values, the hub's own and its overrides.
    pub values: Value,
    /// An API that makes it superfluous when the cluster has it already, as `GROUP/VERSION`.
    pub unless_served: Option<&'static str>,
    /// Whether it belongs to the cluster rather than to this hub: several hubs share it.
    pub shared: bool,
}

impl Chart {
    /// Its base values with a hub's own merged over them.
    pub fn values(&self, own: Value) -> Value {
        let mut values = base_values(self.name);
        merge(&mut values, own);
        values
    }
}

/// Merges values as Helm does: mappings key by key, everything else replaced.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(below) => merge(below, value),
                    None => drop(base.insert(key, value)),
                }
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merge;

    #[test]
    fn mappings_merge_and_the_rest_is_replaced() {
        let mut base = json!({ "a": { "b": 1, "c": [1, 2] }, "d": 1 });
        merge(&mut base, json!({ "a": { "c": [3], "e": null }, "f": {} }));
        assert_eq!(base, json!({ "a": { "b": 1, "c": [3], "e": null }, "d": 1, "f": {} }));
    }
}
