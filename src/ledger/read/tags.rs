//! Tags and labels: each set that comes again and again in a bill is put into words once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::ledger::{Symbol, Symbols};

/// How keys of a bill are put back into the words that people wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// As they stand.
    Plain,
    /// AWS's Cost and Usage Reports: `user:KEY` in legacy CSV; in tables `user_key`, where each upper-case
    /// letter is `_` and its lower case, and everything else that is no letter or digit is `_`
    /// (AWS, "Cost and Usage Report", column names in Athena).
    Cur,
    /// The same, for labels of pods.
    CurPod,
    /// FOCUS of AWS: keys as people wrote them, some providers put `user:` before.
    Focus,
}

/// Keys of resources that a table's key stands for, as people and controllers write them.
const RESOURCE_KEYS: [&str; 16] = [
    "frazil:homes",
    "frazil:hub",
    "frazil:pool",
    "alpha.eksctl.io/cluster-name",
    "alpha.eksctl.io/nodegroup-name",
    "ebs.csi.aws.com/cluster",
    "eks:cluster-name",
    "eks:nodegroup-name",
    "elbv2.k8s.aws/cluster",
    "kubernetes.io/created-for/pv/name",
    "kubernetes.io/created-for/pvc/name",
    "kubernetes.io/created-for/pvc/namespace",
    "kubernetes.io/service-name",
    "2i2c:hub-name",
    "2i2c:node-purpose",
    "2i2c:volume-purpose",
];

/// Labels of pods that a table's key stands for.
const POD_KEYS: [&str; 14] = [
    "frazil/hub",
    "frazil/pool",
    "frazil/size",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "gateway.dask.org/cluster",
    "gateway.dask.org/instance",
    "hub.jupyter.org/network-access-hub",
    "hub.jupyter.org/node-purpose",
    "hub.jupyter.org/servername",
    "hub.jupyter.org/username",
    "k8s.dask.org/node-purpose",
];

/// Keys of AWS's own.
const AWS_KEYS: [&str; 17] = [
    "aws:autoscaling:groupName",
    "aws:backup:source-resource",
    "aws:cloudformation:logical-id",
    "aws:cloudformation:stack-id",
    "aws:cloudformation:stack-name",
    "aws:createdBy",
    "aws:ec2:fleet-id",
    "aws:ec2launchtemplate:id",
    "aws:ec2launchtemplate:version",
    "aws:ecs:clusterName",
    "aws:ecs:serviceName",
    "aws:eks:cluster-name",
    "aws:eks:deployment",
    "aws:eks:namespace",
    "aws:eks:node",
    "aws:eks:workload-name",
    "aws:eks:workload-type",
];

/// The tag of a split row that names the pod's namespace.
const NAMESPACE: &str = "aws:eks:namespace";

type Table = FxHashMap<String, &'static str>;

static RESOURCES: LazyLock<Table> = LazyLock::new(|| table(&[&RESOURCE_KEYS, &AWS_KEYS]));
static PODS: LazyLock<Table> = LazyLock::new(|| table(&[&POD_KEYS, &AWS_KEYS]));

fn table(keys: &[&'static [&'static str]]) -> Table {
    keys.iter().flat_map(|keys| keys.iter()).map(|key| (tabled(key), *key)).collect()
}

/// A key as tables write it.
fn tabled(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for letter in key.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            text.push(letter.to_ascii_lowercase());
        } else if !text.is_empty() && !text.ends_with('_') {
            text.push('_');
        }
    }
    text.truncate(text.trim_end_matches('_').len());
    text
}

/// The key that people wrote, as far as it can be known.
fn written(key: &str, rule: Rule) -> Cow<'_, str> {
    let known = match rule {
        Rule::Plain => return Cow::Borrowed(key),
        Rule::CurPod => &*PODS,
        Rule::Cur | Rule::Focus => &*RESOURCES,
    };
    let key = key.strip_prefix("resourceTags/").or_else(|| key.strip_prefix("resource_tags_")).unwrap_or(key);
    if let Some(own) = key.strip_prefix("user:") {
        return Cow::Borrowed(own);
    }
    if let Some(own) = key.strip_prefix("user_") {
        return match (known.get(own), rule) {
            (Some(written), _) => Cow::Borrowed(*written),
            (None, Rule::Focus) => Cow::Borrowed(key),
            (None, _) => Cow::Borrowed(own),
        };
    }
    match known.get(key) {
        Some(written) if key.starts_with("aws_") => Cow::Borrowed(*written),
        _ => Cow::Borrowed(key),
    }
}

/// Whether a column's name is that of a tag in a legacy Cost and Usage Report.
pub(super) fn is_tag_column(name: &str) -> bool {
    name.starts_with("resourceTags/")
        || name.starts_with("resource_tags_user_")
        || name.starts_with("resource_tags_aws_")
}

/// Sets of tags, each known by a number; 0 is the set without any.
#[derive(Debug)]
pub(super) struct TagSets {
    /// Keys and values as the bill writes them.
    pub(super) texts: Symbols,
    numbers: FxHashMap<Box<[Pair]>, u32>,
    /// Sets that came as JSON.
    json: FxHashMap<Box<str>, u32>,
    sets: Vec<Set>,
    last: (String, u32),
}

/// A key and its value, of [`TagSets::texts`].
pub(super) type Pair = (Symbol, Symbol);

#[derive(Debug, Default)]
struct Set {
    pairs: Box<[Pair]>,
    /// As each [`Rule`] says it.
    tags: [Option<Symbol>; 4],
    pod: Option<(Symbol, Symbol)>,
}

impl Default for TagSets {
    fn default() -> Self {
        let mut new = Self {
            texts: Symbols::default(),
            numbers: FxHashMap::default(),
            json: FxHashMap::default(),
            sets: Vec::new(),
            last: (String::new(), 0),
        };
        new.set(&[]);
        new
    }
}

impl TagSets {
    /// The number of a set.
    pub(super) fn set(&mut self, pairs: &[Pair]) -> u32 {
        if let Some(number) = self.numbers.get(pairs) {
            return *number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.numbers.insert(pairs.into(), number);
        self.sets.push(Set { pairs: pairs.into(), ..Set::default() });
        number
    }

    /// The number of a set that is written as JSON: an object of texts, or a list of records with `key` and
    /// `value`. `before` is put before each key. None if it is neither.
    pub(super) fn add_json(&mut self, text: &str) -> Option<u32> {
        if self.last.0 == text {
            return Some(self.last.1);
        }
        let number = if let Some(number) = self.json.get(text) {
            *number
        } else {
            let value: Value = serde_json::from_str(text).ok()?;
            let number = self.add_value(&value, "")?;
            self.json.insert(text.into(), number);
            number
        };
        self.last.0.clear();
        self.last.0.push_str(text);
        self.last.1 = number;
        Some(number)
    }

    /// The same of a value.
    pub(super) fn add_value(&mut self, value: &Value, before: &str) -> Option<u32> {
        let pairs = self.pairs(value, before)?;
        Some(self.set(&pairs))
    }

    /// Keys and values of JSON.
    pub(super) fn pairs(&mut self, value: &Value, before: &str) -> Option<Vec<Pair>> {
        let mut pairs = Vec::new();
        let mut add = |key: &str, value: &Value| {
            let text = match value {
                Value::Null => return,
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            let key = if before.is_empty() {
                self.texts.add(key)
            } else {
                self.texts.add(&format!("{before}{key}"))
            };
            pairs.push((key, self.texts.add(&text)));
        };
        match value {
            Value::Null => {}
            Value::Object(object) => object.iter().for_each(|(key, value)| add(key, value)),
            Value::Array(list) => {
                for each in list {
                    let key = each.get("key")?.as_str()?;
                    // Google's tags of resources have a namespace.
                    match each.get("namespace").and_then(Value::as_str) {
                        Some(space) => add(&format!("{space}/{key}"), each.get("value")?),
                        None => add(key, each.get("value").unwrap_or(&Value::Null)),
                    }
                }
            }
            _ => return None,
        }
        Some(pairs)
    }

    /// Two sets as one.
    pub(super) fn union(&mut self, one: u32, other: u32) -> u32 {
        if one == 0 || other == 0 {
            return one + other;
        }
        let of = |set: u32| self.sets[set as usize].pairs.iter().copied();
        let all: Vec<_> = of(one).chain(of(other)).collect();
        self.set(&all)
    }

    /// A set as the ledger keeps it: a JSON object of texts, its keys sorted; empty without any.
    pub(super) fn tags(&mut self, set: u32, rule: Rule, symbols: &mut Symbols) -> Symbol {
        if let Some(tags) = self.sets[set as usize].tags[rule as usize] {
            return tags;
        }
        let tags = json(&self.words(set, rule), symbols);
        self.sets[set as usize].tags[rule as usize] = Some(tags);
        tags
    }

    /// The set of a split row: the pod's namespace, and its labels.
    pub(super) fn pod(&mut self, set: u32, symbols: &mut Symbols) -> (Symbol, Symbol) {
        if let Some(pod) = self.sets[set as usize].pod {
            return pod;
        }
        let words = self.words(set, Rule::CurPod);
        let namespace = words.get(NAMESPACE).map_or(Symbol::EMPTY, |text| symbols.add(text));
        let pod = (namespace, json(&words, symbols));
        self.sets[set as usize].pod = Some(pod);
        pod
    }

    fn words(&self, set: u32, rule: Rule) -> BTreeMap<Cow<'_, str>, &str> {
        let mut words = BTreeMap::new();
        for (key, value) in &self.sets[set as usize].pairs {
            let value = self.texts.text(*value);
            // Reports of AWS have every key on every line, empty where the resource has no such tag.
            if value.is_empty() && rule != Rule::Plain {
                continue;
            }
            words.entry(written(self.texts.text(*key), rule)).or_insert(value);
        }
        words
    }
}

fn json(words: &BTreeMap<Cow<'_, str>, &str>, symbols: &mut Symbols) -> Symbol {
    if words.is_empty() {
        return Symbol::EMPTY;
    }
    serde_json::to_string(words).map_or(Symbol::EMPTY, |text| symbols.add(&text))
}

#[cfg(test)]
mod tests {
    use super::{AWS_KEYS, POD_KEYS, RESOURCE_KEYS, Rule, TagSets, tabled, written};
    use crate::ledger::Symbols;

    #[test]
    fn keys_are_those_that_people_wrote() {
        for (key, rule, own) in [
            ("user:frazil:hub", Rule::Cur, "frazil:hub"),
            ("user_frazil_hub", Rule::Cur, "frazil:hub"),
            ("user_frazil_hub", Rule::CurPod, "frazil/hub"),
            ("user_frazil:hub", Rule::Cur, "frazil:hub"),
            ("resourceTags/user:frazil:hub", Rule::Cur, "frazil:hub"),
            ("resource_tags_user_frazil_hub", Rule::Cur, "frazil:hub"),
            ("user_hub_jupyter_org_username", Rule::CurPod, "hub.jupyter.org/username"),
            ("aws_created_by", Rule::Cur, "aws:createdBy"),
            ("aws:createdBy", Rule::Cur, "aws:createdBy"),
            ("aws_eks_workload_name", Rule::CurPod, "aws:eks:workload-name"),
            ("user_cost_center", Rule::Cur, "cost_center"),
            ("user_cost_center", Rule::Focus, "user_cost_center"),
            ("user_frazil_hub", Rule::Focus, "frazil:hub"),
            ("user:Team", Rule::Focus, "Team"),
            ("user_frazil_hub", Rule::Plain, "user_frazil_hub"),
        ] {
            assert_eq!(written(key, rule), own, "{key} by {rule:?}");
        }
    }

    #[test]
    fn no_two_keys_look_the_same_in_a_table() {
        for keys in [&RESOURCE_KEYS[..], &POD_KEYS[..], &AWS_KEYS[..]] {
            let mut tabled: Vec<_> = keys.iter().map(|key| tabled(key)).collect();
            tabled.sort_unstable();
            tabled.dedup();
            assert_eq!(tabled.len(), keys.len());
        }
        assert_eq!(tabled("aws:autoscaling:groupName"), "aws_autoscaling_group_name");
    }

    #[test]
    fn sets_are_sorted_json_whatever_they_came_as() {
        let (mut sets, mut symbols) = (TagSets::default(), Symbols::default());
        let object = sets.add_json(r#"{"b": "2", "a": true, "c": null}"#).unwrap();
        let list = sets.add_json(r#"[{"key": "b", "value": "2"}, {"key": "a", "value": "true"}]"#).unwrap();
        let one = sets.tags(object, Rule::Plain, &mut symbols);
        assert_eq!(symbols.text(one), r#"{"a":"true","b":"2"}"#);
        assert_eq!(sets.tags(list, Rule::Plain, &mut symbols), one);
        for empty in ["{}", "[]", "null"] {
            assert_eq!(sets.add_json(empty), Some(0));
        }
        for wrong in ["", "x", "1", "[1]", r#"[{"k": "b"}]"#] {
            assert_eq!(sets.add_json(wrong), None, "{wrong}");
        }
        assert_eq!(sets.union(0, list), list);
    }
}
