//! What may be chosen for a cluster, and whether a choice is one: as `dask_gateway_server.options` checks it, so
//! that a wrong choice is told whole, before anything is asked for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::near::nearest;

/// The options that a gateway offers a user, in its order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(pub Vec<Field>);

/// One option.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The name by which it is chosen.
    pub field: String,
    /// What it is called for people.
    pub label: String,
    /// What it is unless it is chosen.
    pub default: Value,
    /// What it may be.
    pub spec: Spec,
}

/// What an option may be. Bounds are inclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum Spec {
    /// Text.
    String,
    /// Yes or no.
    Bool,
    /// A whole number.
    Int {
        /// Its least value.
        min: Option<Number>,
        /// Its greatest value.
        max: Option<Number>,
    },
    /// A number.
    Float {
        /// Its least value.
        min: Option<Number>,
        /// Its greatest value.
        max: Option<Number>,
    },
    /// One of some texts.
    Select {
        /// The texts.
        options: Vec<String>,
    },
    /// An object of JSON: variables, labels and the like.
    Mapping,
    /// Of a kind that this client does not know: anything is passed on, and the gateway checks it.
    Other {
        /// The kind.
        kind: String,
    },
}

/// A spec as the gateway writes it. By hand and not by serde's tags, which would pass numbers through a form of
/// their own.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    options: Option<Vec<String>>,
}

impl From<Written> for Spec {
    fn from(written: Written) -> Self {
        let Written { kind, min, max, options } = written;
        match kind.as_str() {
            "string" => Self::String,
            "bool" => Self::Bool,
            "int" => Self::Int { min, max },
            "float" => Self::Float { min, max },
            "select" => Self::Select { options: options.unwrap_or_default() },
            "mapping" => Self::Mapping,
            _ => Self::Other { kind },
        }
    }
}

impl From<Spec> for Written {
    fn from(spec: Spec) -> Self {
        let plain = |kind: &str| Self { kind: kind.to_owned(), min: None, max: None, options: None };
        match spec {
            Spec::String => plain("string"),
            Spec::Bool => plain("bool"),
            Spec::Int { min, max } => Self { min, max, ..plain("int") },
            Spec::Float { min, max } => Self { min, max, ..plain("float") },
            Spec::Select { options } => Self { options: Some(options), ..plain("select") },
            Spec::Mapping => plain("mapping"),
            Spec::Other { kind } => plain(&kind),
        }
    }
}

impl Options {
    /// The option of a name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.field == name)
    }

    /// All that is wrong with a choice; nothing, if the gateway takes it. It differs from the gateway's own check
    /// in one point: `true` and `false` are no numbers here, and 1 and 0 there, as in Python.
    pub fn problems(&self, chosen: &Map<String, Value>) -> Vec<String> {
        let problem = |(name, value): (&String, &Value)| match self.field(name) {
            Some(field) => field.problem(value),
            None => Some(self.unknown(name)),
        };
        chosen.iter().filter_map(problem).collect()
    }

    /// A choice from `NAME=VALUE`, the value read as the option's type has it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&self, text: &str) -> Result<(String, Value), String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
        let field = self.field(name.trim()).ok_or_else(|| self.unknown(name.trim()))?;
        let value = field.spec.read(value).ok_or_else(|| field.wanted(&Value::from(value)))?;
        match field.problem(&value) {
            Some(problem) => Err(problem),
            None => Ok((field.field.clone(), value)),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let names: BTreeSet<&str> = self.0.iter().map(|field| field.field.as_str()).collect();
        let what = format!("there is no option {name:?}");
        if let Some(near) = nearest(name, names.iter().copied()) {
            return format!("{what}; perhaps {near}");
        }
        if names.is_empty() {
            return format!("{what}: this gateway offers none");
        }
        format!("{what}; there is {}", names.into_iter().collect::<Vec<_>>().join(", "))
    }
}

impl Field {
    /// What is wrong with a value of this option, if anything is.
    pub fn problem(&self, value: &Value) -> Option<String> {
        let name = &self.field;
        match (&self.spec, value) {
            (Spec::Int { min, max }, Value::Number(number)) if is_whole(number) => {
                outside(name, number, min.as_ref(), max.as_ref())
            }
            (Spec::Float { min, max }, Value::Number(number)) => {
                outside(name, number, min.as_ref(), max.as_ref())
            }
            (Spec::Select { options }, Value::String(text)) if !options.contains(text) => {
                let near = nearest(text, options.iter().map(String::as_str));
                let near = near.map(|near| format!("perhaps {near}; ")).unwrap_or_default();
                Some(format!("{name} cannot be {text:?}; {near}there is {}", options.join(", ")))
            }
            (Spec::String | Spec::Select { .. }, Value::String(_))
            | (Spec::Bool, Value::Bool(_))
            | (Spec::Mapping, Value::Object(_))
            | (Spec::Other { .. }, _) => None,
            _ => Some(self.wanted(value)),
        }
    }

    fn wanted(&self, value: &Value) -> String {
        let wanted = match &self.spec {
            Spec::String => "text",
            Spec::Bool => "true or false",
            Spec::Int { .. } => "a whole number",
            Spec::Float { .. } => "a number",
            Spec::Select { .. } => "one of the texts that it offers",
            Spec::Mapping => "an object of JSON",
            Spec::Other { .. } => "JSON",
        };
        format!("{} has to be {wanted}, not {}", self.field, short(value))
    }
}

impl Spec {
    /// A value from text, if it can be one of this kind at all.
    fn read(&self, text: &str) -> Option<Value> {
        match self {
            Self::String | Self::Select { .. } => Some(text.into()),
            Self::Bool | Self::Int { .. } | Self::Float { .. } => serde_json::from_str(text.trim()).ok(),
            Self::Mapping => serde_json::from_str(text).ok().filter(Value::is_object),
            Self::Other { .. } => Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        }
    }
}

/// Whether Python reads it as `int`. Beyond 64 bits this reader of JSON has only floats: so large, nothing is
/// asked for.
fn is_whole(number: &Number) -> bool {
    number.is_i64() || number.is_u64()
}

fn outside(name: &str, number: &Number, min: Option<&Number>, max: Option<&Number>) -> Option<String> {
    if let Some(min) = min.filter(|min| is_less(number, min)) {
        return Some(format!("{name} has to be at least {min}, not {number}"));
    }
    let max = max.filter(|max| is_less(max, number))?;
    Some(format!("{name} has to be at most {max}, not {number}"))
}

/// Exact for whole numbers, by floats otherwise.
fn is_less(one: &Number, other: &Number) -> bool {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one < other,
        _ => one.as_f64() < other.as_f64(),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn options(specs: &Value) -> Options {
        let fields = specs
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, spec)| json!({ "field": name, "label": name, "default": null, "spec": spec }));
        serde_json::from_value(fields.collect()).unwrap()
    }

    fn sample() -> Options {
        options(&json!({
            "cores": { "type": "int", "min": 1, "max": 8 },
            "memory": { "type": "float", "min": 0.5, "max": null },
            "image": { "type": "select", "options": ["small", "large"] },
            "gpu": { "type": "bool" },
            "note": { "type": "string" },
            "environment": { "type": "mapping" },
            "colour": { "type": "rainbow" },
        }))
    }

    fn problems(chosen: &Value) -> Vec<String> {
        sample().problems(chosen.as_object().unwrap())
    }

    #[test]
    fn a_right_choice_has_no_problem() {
        let chosen = json!({ "cores": 8, "memory": 1, "image": "small", "gpu": true, "note": "", "environment": {},
            "colour": [1, null] });
        assert_eq!(problems(&chosen), [""; 0]);
    }

    #[test]
    fn all_that_is_wrong_is_told_with_what_is_near() {
        let told = problems(
            &json!({ "cors": 1, "cores": 9, "memory": 0.25, "image": "smal", "gpu": 1, "note": null,
            "environment": [] }),
        );
        let wanted = [
            "there is no option \"cors\"; perhaps cores",
            "cores has to be at most 8, not 9",
            "memory has to be at least 0.5, not 0.25",
            "image cannot be \"smal\"; perhaps small; there is small, large",
            "gpu has to be true or false, not 1",
            "note has to be text, not null",
            "environment has to be an object of JSON, not []",
        ];
        assert_eq!(told, wanted);
        assert_eq!(problems(&json!({ "cores": 2.0 })), ["cores has to be a whole number, not 2.0"]);
        assert_eq!(problems(&json!({ "cores": true })), ["cores has to be a whole number, not true"]);
        assert_eq!(Options::default().problems(json!({ "x": 1 }).as_object().unwrap()).len(), 1);
    }

    #[test]
    fn text_is_read_by_the_options_type() {
        let read = |text: &str| sample().read(text);
        assert_eq!(read("cores=2").unwrap(), ("cores".to_owned(), json!(2)));
        assert_eq!(read("note=2").unwrap().1, json!("2"));
        assert_eq!(read("environment={\"A\":\"b=c\"}").unwrap().1, json!({ "A": "b=c" }));
        assert_eq!(read("colour=blue").unwrap().1, json!("blue"));
        for wrong in ["cores", "cores=two", "cores=99", "cores=1.5", "gpu=yes", "environment=1", "x=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    fn number() -> impl Strategy<Value = Number> {
        let float = prop_oneof![-4.0..4.0, any::<f64>().prop_filter("finite", |value| value.is_finite())];
        prop_oneof![
            (-4i64..4).prop_map(Number::from),
            any::<i64>().prop_map(Number::from),
            float.prop_map(|value| Number::from_f64(value).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn a_value_within_its_bounds_and_only_such_is_taken(
            min in proptest::option::of(-4i64..4), max in proptest::option::of(-4i64..4), value in any::<i8>(),
        ) {
            let spec = json!({ "n": { "type": "int", "min": min, "max": max } });
            let within = min.is_none_or(|min| i64::from(value) >= min) && max.is_none_or(|max| i64::from(value) <= max);
            let chosen = json!({ "n": value });
            prop_assert_eq!(options(&spec).problems(chosen.as_object().unwrap()).is_empty(), within);
        }

        #[test]
        fn comparing_is_an_order(a in number(), b in number(), c in number()) {
            prop_assert!(!is_less(&a, &a));
            prop_assert!(!(is_less(&a, &b) && is_less(&b, &a)));
            if a.as_i128().is_some() == b.as_i128().is_some() && b.as_i128().is_some() == c.as_i128().is_some() {
                prop_assert!(!(is_less(&a, &b) && is_less(&b, &c)) || is_less(&a, &c));
            }
        }

        #[test]
        fn specs_are_written_as_they_were_read(min in proptest::option::of(number()), kind in 0usize..7) {
            let kind = ["string", "bool", "int", "float", "select", "mapping", "rainbow"][kind];
            let mut spec = json!({ "type": kind });
            if let Some(min) = min.filter(|_| matches!(kind, "int" | "float")) {
                spec["min"] = min.into();
            }
            if kind == "select" {
                spec["options"] = json!(["a", "b"]);
            }
            let read: Spec = serde_json::from_value(spec.clone()).unwrap();
            prop_assert_eq!(serde_json::to_value(read).unwrap(), spec);
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,40}", value in "\\PC{0,20}") {
            sample().read(&text).ok();
            for field in &sample().0 {
                sample().read(&format!("{}={value}", field.field)).ok();
            }
        }
    }
}
