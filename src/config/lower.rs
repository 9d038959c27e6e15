//! From the tree as written to values of the right types. All problems are
//! collected; where a value is wrong, an example stands in for it so that the
//! rest can still be checked, and its path is remembered as not to be trusted.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value as Json, json};

use super::flow::{core_scalar, flow, flow_text};
use super::formats::{self, Refusal};
use super::problem::Problem;
use super::schema::{self, Variant};
use super::source::{Key, Node, Quoted, Value};
use crate::nearest::{nearest, one_of};

/// Where a key and its value stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// The key; the value's own bytes for list items and the root.
    pub key: Range<usize>,
    /// The value.
    pub value: Range<usize>,
}

/// What came of lowering a file.
#[derive(Debug, Default)]
pub(super) struct Lowered {
    /// The values, complete: examples stand in for wrong ones.
    pub value: Json,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// Every path of the file and where it stands.
    pub places: BTreeMap<String, Place>,
    /// Paths whose values are stand-ins.
    pub stand_ins: Vec<String>,
}

/// Lowers a file's tree by its schema.
pub(super) fn lower(root: &Node, schema: &Json) -> Lowered {
    let mut lowering = Lowering { root: schema, out: Lowered::default() };
    let value = lowering.node(schema, root, "");
    Lowered { value, ..lowering.out }
}

struct Lowering<'a> {
    root: &'a Json,
    out: Lowered,
}

/// A path one step further.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Lowering<'_> {
    fn wrong(&mut self, schema: &Json, path: &str, problem: Problem) -> Json {
        self.out.problems.push(problem.path(path));
        self.out.stand_ins.push(path.to_owned());
        schema::example(schema)
    }

    fn node(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let inner = schema::without_null(schema);
        let Some(object) = inner.as_object() else {
            return self.free(node, path);
        };
        if let Some(variants) = schema::choice(object) {
            return self.choice(inner, &variants, node, path);
        }
        if let Some(words) = schema::words(object) {
            let words: Vec<_> = words.into_iter().map(|(word, _)| word).collect();
            return self.word(inner, &words, node, path);
        }
        match schema::type_name(inner) {
            Some("object") => self.object(inner, node, path),
            Some("array") => self.list(inner, node, path),
            Some("string") => self.text(inner, node, path),
            Some("boolean") => self.boolean(inner, node, path),
            Some(kind @ ("integer" | "number")) => self.number(inner, kind, node, path),
            _ => self.free(node, path),
        }
    }

    fn expected(&mut self, schema: &Json, node: &Node, path: &str, what: &str) -> Json {
        let problem =
            Problem::at("wrong-type", node.span.clone(), format!("{} has to be {what}", shown(path)))
                .label(format!("this is {}", node.kind()))
                .help(example_line(path, schema));
        self.wrong(schema, path, problem)
    }

    fn object(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Null if path.is_empty() || !has_required(schema) => &[],
            _ => return self.expected(schema, node, path, "a mapping of keys and values"),
        };
        match schema::properties(schema) {
            Some(known) => self.struct_entries(schema, known, entries, node, path),
            None => self.map_entries(
                schema.get("additionalProperties").unwrap_or(&Json::Bool(true)),
                entries,
                path,
            ),
        }
    }

    fn struct_entries(
        &mut self,
        schema: &Json,
        known: &Map<String, Json>,
        entries: &[(Key, Node)],
        node: &Node,
        path: &str,
    ) -> Json {
        let mut object = Map::new();
        for (key, value) in entries {
            let Some(below) = known.get(&key.text) else {
                self.unknown_key(known, key, path);
                continue;
            };
            let path = join(path, &key.text);
            self.place(&path, key.span.clone(), value);
            if matches!(value.value, Value::Null) && !schema::requires(schema, &key.text) {
                continue;
            }
            let lowered = self.node(below, value, &path);
            object.insert(key.text.clone(), lowered);
        }
        let misspelt: Vec<_> = entries
            .iter()
            .filter(|(key, _)| !known.contains_key(&key.text))
            .map(|(key, _)| key.text.as_str())
            .collect();
        for (key, below) in known.iter().filter(|(key, _)| schema::requires(schema, key)) {
            if !object.contains_key(key) {
                let stand_in = self.missing(key, below, node, path, &misspelt);
                object.insert(key.clone(), stand_in);
            }
        }
        Json::Object(object)
    }

    /// A required key that is not there; a misspelling of it has been told already.
    fn missing(&mut self, key: &str, schema: &Json, parent: &Node, path: &str, misspelt: &[&str]) -> Json {
        let full = join(path, key);
        if misspelt.iter().any(|text| nearest(text, &[key]).is_some()) {
            self.out.stand_ins.push(full);
            return schema::example(schema);
        }
        let at =
            self.out.places.get(path).map_or(parent.span.start..parent.span.start, |place| place.key.clone());
        let problem = Problem::at("missing-key", at, format!("{} needs the key `{key}`", shown(path)))
            .label(format!("`{key}` is missing here"))
            .help(example_line(&full, schema));
        self.wrong(schema, &full, problem)
    }

    fn unknown_key(&mut self, known: &Map<String, Json>, key: &Key, path: &str) {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        let help = match nearest(&key.text, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => match self.elsewhere(&key.text) {
                Some(place) => format!("`{}` stands in `{place}`", key.text),
                None => format!("known here: {}", names.join(", ")),
            },
        };
        let message = format!("{} has no key `{}`", shown(path), key.text);
        let problem = Problem::at("unknown-key", key.span.clone(), message).label("unknown key").help(help);
        self.out.problems.push(problem.path(join(path, &key.text)));
    }

    /// The mapping in which a key would be known, if there is just one.
    fn elsewhere(&self, key: &str) -> Option<String> {
        let mut found = Vec::new();
        find_key(self.root, key, "", &mut found);
        found.sort();
        found.dedup();
        match found.as_slice() {
            [one] if !one.is_empty() => Some(one.clone()),
            _ => None,
        }
    }

    fn map_entries(&mut self, below: &Json, entries: &[(Key, Node)], path: &str) -> Json {
        let mut object = Map::new();
        for (key, value) in entries {
            let path = join(path, &key.text);
            self.place(&path, key.span.clone(), value);
            let lowered = self.node(below, value, &path);
            object.insert(key.text.clone(), lowered);
        }
        Json::Object(object)
    }

    fn place(&mut self, path: &str, key: Range<usize>, value: &Node) {
        self.out.places.insert(path.to_owned(), Place { key, value: value.span.clone() });
    }

    fn list(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let Value::List(items) = &node.value else {
            if matches!(node.value, Value::Null) {
                return json!([]);
            }
            return self.not_a_list(schema, node, path);
        };
        let below = schema.get("items").unwrap_or(&Json::Bool(true));
        let shortest = schema.get("minItems").and_then(Json::as_u64).unwrap_or(0);
        if (items.len() as u64) < shortest {
            let problem = Problem::at(
                "too-few",
                node.span.clone(),
                format!("{} needs at least {shortest} entry", shown(path)),
            )
            .help(example_line(path, schema));
            return self.wrong(schema, path, problem);
        }
        let lowered = items.iter().enumerate().map(|(index, item)| {
            let path = format!("{path}[{index}]");
            self.place(&path, item.span.clone(), item);
            self.node(below, item, &path)
        });
        Json::Array(lowered.collect())
    }

    fn not_a_list(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let one_text = schema.get("items").and_then(schema::type_name) == Some("string");
        match &node.value {
            Value::Text(text, _) if one_text => {
                let problem =
                    Problem::at("wrong-type", node.span.clone(), format!("{} has to be a list", shown(path)))
                        .label("this is a single value")
                        .help(format!("write `{}: [{}]`", last_key(path), flow_text(&clip(text))));
                self.wrong(schema, path, problem)
            }
            _ => self.expected(schema, node, path, "a list"),
        }
    }

    fn choice(&mut self, schema: &Json, variants: &[Variant<'_>], node: &Node, path: &str) -> Json {
        let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
        match &node.value {
            Value::Map(entries) => match entries.as_slice() {
                [(key, value)] => self.chosen(schema, variants, key, value, path),
                [] => self.expected(schema, node, path, &one_of(&names)),
                [_, (second, _), ..] => {
                    let problem = Problem::at(
                        "one-of",
                        second.span.clone(),
                        format!("{} takes one of its ways, not several", shown(path)),
                    )
                    .label("a second one")
                    .help(format!("keep {}", one_of(&names)));
                    self.wrong(schema, path, problem)
                }
            },
            Value::Text(text, _) => {
                let key = Key { text: text.clone(), span: node.span.clone() };
                let nothing = Node { span: node.span.clone(), value: Value::Null };
                self.chosen(schema, variants, &key, &nothing, path)
            }
            _ => self.expected(schema, node, path, &one_of(&names)),
        }
    }

    fn chosen(
        &mut self,
        schema: &Json,
        variants: &[Variant<'_>],
        key: &Key,
        value: &Node,
        path: &str,
    ) -> Json {
        let Some(variant) = variants.iter().find(|variant| variant.name == key.text) else {
            let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
            let problem =
                Problem::at("one-of", key.span.clone(), format!("{} cannot be `{}`", shown(path), key.text))
                    .label(format!("not {}", one_of(&names)))
                    .help(nearest(&key.text, &names).map_or_else(
                        || example_line(path, schema),
                        |name| format!("did you mean `{name}`?"),
                    ));
            return self.wrong(schema, path, problem);
        };
        let path = join(path, variant.name);
        self.place(&path, key.span.clone(), value);
        let empty = Node { span: value.span.clone(), value: Value::Map(Vec::new()) };
        let value = match (&value.value, schema::type_name(variant.schema)) {
            (Value::Null, Some("object")) => &empty,
            _ => value,
        };
        json!({ variant.name: self.node(variant.schema, value, &path) })
    }

    fn word(&mut self, schema: &Json, words: &[&str], node: &Node, path: &str) -> Json {
        match &node.value {
            Value::Text(text, _) if words.contains(&text.as_str()) => json!(text),
            Value::Null if words.contains(&"none") => json!("none"),
            Value::Text(text, _) => {
                let help = nearest(text, words)
                    .map_or_else(|| example_line(path, schema), |word| format!("did you mean `{word}`?"));
                let problem = Problem::at(
                    "one-of",
                    node.span.clone(),
                    format!("{} cannot be `{}`", shown(path), clip(text)),
                )
                .label(format!("not {}", one_of(words)))
                .help(help);
                self.wrong(schema, path, problem)
            }
            _ => self.expected(schema, node, path, &one_of(words)),
        }
    }

    fn text(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let Value::Text(text, _) = &node.value else {
            return self.expected(schema, node, path, "a text");
        };
        match formats::check(schema, text) {
            Ok(()) => json!(text),
            Err(refusal) => self.refused(schema, node, path, &refusal),
        }
    }

    /// A single value that its check refuses.
    fn refused(&mut self, schema: &Json, node: &Node, path: &str, refusal: &Refusal) -> Json {
        let written = match &node.value {
            Value::Text(text, _) => clip(text),
            _ => String::new(),
        };
        let message = format!("{} cannot be `{written}`", shown(path));
        let suggestion = format!("write for example `{}: {}`", last_key(path), refusal.suggestion);
        let problem = Problem::at(refusal.rule, node.span.clone(), message);
        self.wrong(schema, path, problem.label(&refusal.expected).help(suggestion))
    }

    fn boolean(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        match &node.value {
            Value::Text(text, Quoted::No) if text == "true" || text == "false" => {
                json!(text == "true")
            }
            Value::Text(text, _) => {
                let meant = matches!(text.to_ascii_lowercase().as_str(), "yes" | "on" | "y" | "1" | "true");
                let problem = Problem::at(
                    "wrong-type",
                    node.span.clone(),
                    format!("{} cannot be `{}`", shown(path), clip(text)),
                )
                .label("neither `true` nor `false`")
                .help(format!("write `{}: {meant}`", last_key(path)));
                self.wrong(schema, path, problem)
            }
            _ => self.expected(schema, node, path, "`true` or `false`"),
        }
    }

    fn number(&mut self, schema: &Json, kind: &str, node: &Node, path: &str) -> Json {
        let Value::Text(text, quoted) = &node.value else {
            return self.expected(schema, node, path, "a number");
        };
        match formats::number(schema, kind, text, *quoted == Quoted::Yes) {
            Ok(number) => number,
            Err(refusal) => self.refused(schema, node, path, &refusal),
        }
    }

    /// A value without a type of ours (`overrides`): plain scalars by YAML's core schema.
    fn free(&mut self, node: &Node, path: &str) -> Json {
        match &node.value {
            Value::Null => Json::Null,
            Value::Text(text, Quoted::Yes) => json!(text),
            Value::Text(text, Quoted::No) => core_scalar(text),
            Value::List(items) => Json::Array(items.iter().map(|item| self.free(item, path)).collect()),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|(key, value)| {
                    let path = join(path, &key.text);
                    self.place(&path, key.span.clone(), value);
                    (key.text.clone(), self.free(value, &path))
                });
                Json::Object(pairs.collect())
            }
        }
    }
}

fn has_required(schema: &Json) -> bool {
    schema.get("required").and_then(Json::as_array).is_some_and(|keys| !keys.is_empty())
}

fn find_key(schema: &Json, key: &str, path: &str, found: &mut Vec<String>) {
    let schema = schema::without_null(schema);
    for (name, below) in schema::properties(schema).into_iter().flatten() {
        if name == key {
            found.push(path.to_owned());
        }
        find_key(below, key, &join(path, name), found);
    }
    if let Some(items) = schema.get("items") {
        find_key(items, key, &format!("{path}[]"), found);
    }
    for variant in schema.as_object().and_then(schema::choice).into_iter().flatten() {
        find_key(variant.schema, key, &join(path, variant.name), found);
    }
}

/// A path as a subject: `sizes[0].memory`, or "the hub file" for the root.
fn shown(path: &str) -> String {
    if path.is_empty() { "the hub file".to_owned() } else { format!("`{path}`") }
}

fn last_key(path: &str) -> &str {
    path.rsplit('.').next().and_then(|key| key.split('[').next()).unwrap_or(path)
}

/// Text as it is quoted in a message: one line, not too long.
fn clip(text: &str) -> String {
    let line: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 { format!("{line}…") } else { line }
}

fn example_line(path: &str, schema: &Json) -> String {
    let value = schema::example(schema);
    format!("write for example `{}: {}`", last_key(path), flow(&value))
}
