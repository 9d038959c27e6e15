use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::config::model::HubFile;
use crate::config::schema::reader_schema;
use crate::config::source::parse;

const FILES: [&str; 3] = [
    include_str!("../../../examples/every-key.yaml"),
    include_str!("../../../examples/hackweek-aws.yaml"),
    include_str!("../../../examples/laptop.yaml"),
];

/// Values of every kind; several are right somewhere.
const VALUES: [&str; 24] = [
    "{}",
    "[]",
    "~",
    "x",
    "UPPER",
    "'8'",
    "8",
    "-1",
    "1.5",
    "8 GiB",
    "0 B",
    "7 days",
    "1000 USD",
    "80 in 5 min",
    "none",
    "local",
    "true",
    "{ local: { x: 1 } }",
    "{ x: ada }",
    "{ x: [UPPER] }",
    "{ 'bad name!': [ada] }",
    "[~, x, 3, { name: a }]",
    "{ bucket: ~ }",
    "{ jupyterhub: 5, terraform: { a: [1, ~, b] } }",
];

fn keys() -> Vec<String> {
    fn collect(schema: &Json, found: &mut BTreeSet<String>) {
        if let Some(keys) = schema::properties(schema) {
            found.extend(keys.keys().cloned());
        }
        match schema {
            Json::Object(entries) => entries.values().for_each(|below| collect(below, found)),
            Json::Array(items) => items.iter().for_each(|below| collect(below, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::from(["xyzzy".to_owned(), "bad name!".to_owned()]);
    collect(reader_schema(), &mut found);
    found.into_iter().collect()
}

fn tree(text: &str) -> Node {
    parse(text).map_or(Node { span: 0..0, value: Value::Null }, |(node, _)| node)
}

/// Changes the node with a number, counted from the root: replaces it, or adds or removes something below it.
fn mutate(node: &mut Node, left: &mut usize, change: &(u8, String, usize)) {
    if *left == 0 {
        let (kind, key, value) = change;
        let new = tree(VALUES[*value]);
        match (&mut node.value, kind) {
            (Value::Map(entries), 0) if !entries.is_empty() => drop(entries.remove(value % entries.len())),
            (Value::Map(entries), 1) => entries.push((Key { text: key.clone(), span: 0..0 }, new)),
            (Value::List(items), 0 | 1) => items.push(new),
            _ => *node = new,
        }
    }
    let Some(next) = left.checked_sub(1) else { return *left = usize::MAX };
    *left = next;
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().for_each(|(_, below)| mutate(below, left, change)),
        Value::List(items) => items.iter_mut().for_each(|below| mutate(below, left, change)),
        Value::Null | Value::Text(..) => {}
    }
}

fn fits_its_types(root: &Node) -> Result<HubFile, String> {
    let lowered = lower(root, reader_schema());
    serde_json::from_value(lowered.value.clone()).map_err(|error| format!("{error}: {}", lowered.value))
}

#[test]
fn every_value_in_every_place_fits_its_type() {
    for key in keys() {
        for value in VALUES {
            for text in [
                format!("{key}: {value}"),
                format!("gateway: {{ {key}: {value} }}"),
                format!("auth: {{ {key}: {value} }}"),
                format!("state: {{ {key}: {value} }}"),
                format!("overrides: {{ {key}: {value} }}"),
                format!("groups: {{ \"{key}\": {value} }}"),
            ] {
                let fitted = fits_its_types(&tree(&text));
                assert!(fitted.is_ok(), "{text}: {fitted:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_is_written_fits_its_types(
        file in 0..FILES.len(),
        changes in prop::collection::vec((0..200_usize, 0..3_u8, prop::sample::select(keys()), 0..VALUES.len()), 1..6),
    ) {
        let mut root = tree(FILES[file]);
        for (mut at, kind, key, value) in changes {
            mutate(&mut root, &mut at, &(kind, key, value));
        }
        let fitted = fits_its_types(&root);
        prop_assert!(fitted.is_ok(), "{fitted:?}");
    }
}
