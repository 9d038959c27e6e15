//! The keys that charts take, by their own schemas.

use std::collections::BTreeMap;

use serde_json::Value;

/// The tables, by chart and version; `data/chart-keys/README.md` says where they come from.
const TABLES: [(&str, &str, &str); 2] = [
    ("jupyterhub", "4.4.0", include_str!("data/chart-keys/jupyterhub-4.4.0.txt")),
    ("dask-gateway", "2026.3.0", include_str!("data/chart-keys/dask-gateway-2026.3.0.txt")),
];

/// Traits of KubeSpawner 7.0.0, which the JupyterHub chart 4.4.0 installs.
const TRAITS: &str = include_str!("data/chart-keys/kubespawner-7.0.0.txt");

/// The names that KubeSpawner's configuration and a profile's overrides may have, sorted.
pub fn kubespawner_traits() -> impl Iterator<Item = &'static str> {
    TRAITS.lines()
}

/// The keys of one version of a chart.
#[derive(Clone, Debug)]
pub struct ChartKeys {
    /// Paths and the letters of the kinds of value they take.
    keys: BTreeMap<&'static str, &'static str>,
}

/// What a chart says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It takes such a value, and what is below is checked too.
    Checked,
    /// It takes anything below.
    Open,
    /// It takes a value of another kind: these letters.
    OtherKind(&'static str),
    /// It has no such key.
    No,
}

impl ChartKeys {
    /// The keys of a chart; `None` for a version without a table.
    pub fn of(chart: &str, version: &str) -> Option<Self> {
        let (_, _, table) = TABLES.iter().find(|(name, known, _)| *name == chart && *known == version)?;
        Some(Self { keys: table.lines().filter_map(|line| line.split_once(' ')).collect() })
    }

    /// The table's own path for a key below another such path: itself, or one with `*`.
    pub fn find(&self, parent: &str, key: &str) -> Option<&'static str> {
        let capital = key.starts_with(|c: char| c.is_ascii_uppercase());
        let spellings = [Some(key), capital.then_some("A*"), Some("*")];
        let paths = spellings.into_iter().flatten().map(|last| joined(parent, last));
        paths.into_iter().find_map(|path| self.keys.get_key_value(path.as_str()).map(|(path, _)| *path))
    }

    /// Whether a key of the table takes keys that the table does not list.
    pub fn is_open(&self, path: &str) -> bool {
        self.keys.get(path).is_some_and(|kinds| kinds.ends_with('+'))
    }

    /// What the chart says of a value below a path of the table.
    pub fn check(&self, parent: &str, key: &str, value: &Value) -> Known {
        let Some(path) = self.find(parent, key) else {
            return if self.is_open(parent) { Known::Open } else { Known::No };
        };
        let kinds = self.keys.get(path).copied().unwrap_or("?");
        if !takes(kinds, value) {
            return Known::OtherKind(kinds);
        }
        if value.is_object() && kinds != "?" { Known::Checked } else { Known::Open }
    }

    /// The names of the keys directly below a path of the table.
    pub fn below(&self, parent: &str) -> Vec<&'static str> {
        let start = if parent.is_empty() { String::new() } else { format!("{parent}.") };
        let names = self.keys.keys().filter_map(|path| path.strip_prefix(start.as_str()));
        names.filter(|name| !name.contains('.') && !name.ends_with('*')).collect()
    }
}

fn joined(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

/// Null takes a default away before Helm looks at the schema, so every key takes it.
fn takes(kinds: &str, value: &Value) -> bool {
    let letters: &[char] = match value {
        Value::Null => return true,
        Value::Bool(_) => &['b'],
        Value::Number(number) if number.is_f64() => &['n'],
        Value::Number(_) => &['n', 'i'],
        Value::String(_) => &['s'],
        Value::Array(_) => &['a'],
        Value::Object(_) => &['o'],
    };
    kinds == "?" || kinds.contains(letters)
}

/// The kinds of value behind a table's letters, in words.
pub fn kinds_in_words(kinds: &str) -> String {
    let word = |letter: char| match letter {
        'o' => Some("a mapping"),
        'a' => Some("a list"),
        's' => Some("a text"),
        'n' => Some("a number"),
        'i' => Some("a whole number"),
        'b' => Some("true or false"),
        _ => None,
    };
    kinds.chars().filter_map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_unknown_open_and_of_another_kind() {
        let keys = ChartKeys::of("jupyterhub", "4.4.0").unwrap();
        assert_eq!(keys.check("singleuser", "startTimeout", &json!(600)), Known::Open);
        assert_eq!(keys.check("singleuser", "startTimeot", &json!(600)), Known::No);
        assert_eq!(keys.check("singleuser", "startTimeout", &json!("x")), Known::OtherKind("iz"));
        assert_eq!(keys.check("", "custom", &json!({ "a": 1 })), Known::Checked);
        assert_eq!(keys.check("custom", "a", &json!(1)), Known::Open);
        assert_eq!(keys.check("hub.config", "Authenticator", &json!({})), Known::Checked);
        assert_eq!(keys.check("hub.config", "authenticator", &json!({})), Known::No);
    }

    #[test]
    fn another_version_has_no_table() {
        assert!(ChartKeys::of("jupyterhub", "4.3.0").is_none());
        assert!(ChartKeys::of("dask-gateway", "2026.3.0").is_some());
    }

    #[test]
    fn traits_are_snake_case() {
        assert!(kubespawner_traits().any(|name| name == "cpu_limit"));
        assert!(
            kubespawner_traits()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c)))
        );
    }
}
