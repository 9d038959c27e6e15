//! Choices of options, checked by the client and by Dask Gateway's own code.

use std::process::Command;

use frazil_gateway::Options;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::server::python;

/// So many choices are compared.
const CHOICES: usize = 3000;

/// Reads `[[kind, arguments, choice], …]` and says for each whether the gateway takes it, with its spec.
const JUDGE: &str = r#"
import json, sys
from dask_gateway_server import options
kinds = {"string": options.String, "bool": options.Bool, "int": options.Integer, "float": options.Float,
         "select": options.Select, "mapping": options.Mapping}
def judged(kind, arguments, choice):
    try:
        fields = options.Options(kinds[kind]("x", **arguments))
    except Exception:
        return None
    try:
        fields.parse_options(choice)
        return {"spec": fields.get_specification(), "good": True}
    except (ValueError, TypeError):
        return {"spec": fields.get_specification(), "good": False}
json.dump([judged(*case) for case in json.load(sys.stdin)], sys.stdout)
"#;

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3i64..4).prop_map(Value::from),
        (-6i64..7).prop_map(|halves| json!(f64::from(i32::try_from(halves).unwrap()) / 2.0)),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => number(),
        1 => Just(Value::Null),
        1 => "[ab]{0,2}".prop_map(Value::from),
        1 => Just(json!([1])),
        1 => Just(json!({ "a": 1 })),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

/// An option by the arguments of its class, and a choice.
fn case() -> impl Strategy<Value = (&'static str, Value, Value)> {
    let kind = prop_oneof![
        3 => Just("int"), 3 => Just("float"), 1 => Just("string"), 1 => Just("bool"), 1 => Just("select"),
        1 => Just("mapping"),
    ];
    let bound = || proptest::option::of((-3i64..4).prop_map(Value::from));
    (kind, bound(), bound(), value(), prop_oneof![9 => Just("x"), 1 => Just("y")]).prop_map(
        |(kind, min, max, value, name)| {
            let mut arguments = Map::new();
            if matches!(kind, "int" | "float") {
                // The default has to be within the bounds; a gateway with another one does not start.
                arguments
                    .insert("default".to_owned(), min.clone().or_else(|| max.clone()).unwrap_or(json!(0)));
                arguments.extend(min.map(|min| ("min".to_owned(), min)));
                arguments.extend(max.map(|max| ("max".to_owned(), max)));
            }
            if kind == "select" {
                arguments.insert("options".to_owned(), json!(["a", "b", "ab"]));
            }
            (kind, Value::Object(arguments), json!({ name: value }))
        },
    )
}

#[test]
fn the_client_takes_what_the_gateway_takes() {
    let Some(python) = python() else { return };
    let mut runner = TestRunner::deterministic();
    let cases: Vec<_> = (0..CHOICES).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("cases.json");
    std::fs::write(&asked, serde_json::to_vec(&cases).unwrap()).unwrap();
    let output =
        Command::new(python).args(["-c", JUDGE]).stdin(std::fs::File::open(asked).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let judged: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let (mut good, mut bad) = (0, 0);
    for ((kind, arguments, choice), verdict) in cases.iter().zip(judged) {
        // A boolean is a number for Python and none for the client.
        let is_bool = choice.as_object().unwrap().values().any(Value::is_boolean);
        if verdict.is_null() || is_bool && matches!(*kind, "int" | "float") {
            continue;
        }
        let options: Options = serde_json::from_value(verdict["spec"].clone()).unwrap();
        let problems = options.problems(choice.as_object().unwrap());
        assert_eq!(problems.is_empty(), verdict["good"], "{kind} {arguments} {choice}: {problems:?}");
        *(if problems.is_empty() { &mut good } else { &mut bad }) += 1;
    }
    assert!(good > CHOICES / 10 && bad > CHOICES / 10, "{good} good, {bad} bad");
}
