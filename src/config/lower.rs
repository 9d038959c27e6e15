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
    /// What may be a secret typed in clear.
    pub secrets: Vec<Range<usize>>,
}

/// Lowers a file's tree by its schema.
pub(super) fn lower(root: &Node, schema: &Json) -> Lowered {
    let mut lowering = Lowering { root: schema, out: Lowered::default() };
    let value = lowering.node(schema, root, "");
    Lowered { value, ..lowering.out }
}

/// Problems after which no likely name is looked for: it takes time, and such a file is no hub file.
pub(super) const MOST_GUESSES: usize = 200;

/// Bytes of a path below which no places are remembered.
const LONGEST_PATH: usize = 1024;

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
            return if schema::is_secret(&variants) {
                self.secret(inner, &variants, node, path)
            } else {
                self.choice(inner, &variants, node, path)
            };
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
            Value::Null if schema::needs_nothing(schema) => &[],
            _ => return self.expected(schema, node, path, "a mapping of keys and values"),
        };
        match schema::properties(schema) {
            Some(known) => self.struct_entries(schema, known, entries, node, path),
            None if schema.get("additionalProperties") == Some(&Json::Bool(false)) => {
                self.struct_entries(schema, &Map::new(), entries, node, path)
            }
            None => self.map_entries(schema, entries, path),
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
            .map(|(key, _)| clip(&key.text))
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
    fn missing(&mut self, key: &str, schema: &Json, parent: &Node, path: &str, misspelt: &[String]) -> Json {
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
        let text = clip(&key.text);
        let guess = self.out.problems.len() < MOST_GUESSES;
        let near = nearest(&text, if guess { &names } else { &[] });
        let elsewhere = if near.is_none() && guess { self.elsewhere(&key.text) } else { None };
        let help = match (near, elsewhere) {
            (Some(name), _) => format!("did you mean `{name}`?"),
            (None, Some(place)) => format!("`{text}` stands in `{place}`"),
            (None, None) if names.is_empty() => "nothing has to be said here: leave it out".to_owned(),
            (None, None) => format!("known here: {}", names.join(", ")),
        };
        let message = format!("{} has no key `{text}`", shown(path));
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

    fn map_entries(&mut self, schema: &Json, entries: &[(Key, Node)], path: &str) -> Json {
        let (names, below) = schema::map_of(schema);
        let mut object = Map::new();
        for (key, value) in entries {
            if let Some(Err(refusal)) = names.map(|names| formats::check(names, &key.text)) {
                self.wrong_name(key, path, &refusal);
                continue;
            }
            let path = join(path, &key.text);
            self.place(&path, key.span.clone(), value);
            let lowered = self.node(below, value, &path);
            object.insert(key.text.clone(), lowered);
        }
        Json::Object(object)
    }

    /// A name of a mapping that its check refuses: nothing can stand in for it.
    fn wrong_name(&mut self, key: &Key, path: &str, refusal: &Refusal) {
        let message = format!("no entry of {} can be called `{}`", shown(path), clip(&key.text));
        let problem = Problem::at(refusal.rule, key.span.clone(), message)
            .label(&refusal.expected)
            .help(format!("call it for example `{}`", refusal.suggestion));
        self.out.problems.push(problem.path(join(path, &key.text)));
    }

    fn place(&mut self, path: &str, key: Range<usize>, value: &Node) {
        self.out.places.insert(path.to_owned(), Place { key, value: value.span.clone() });
    }

    fn list(&mut self, schema: &Json, node: &Node, path: &str) -> Json {
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            Value::Null => &[],
            _ => return self.not_a_list(schema, node, path),
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
                        .help(format!("write `{}`", entry(path, &format!("[{}]", flow_text(&clip(text))))));
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
            let text = clip(&key.text);
            let problem =
                Problem::at("one-of", key.span.clone(), format!("{} cannot be `{text}`", shown(path)))
                    .label(format!("not {}", one_of(&names)))
                    .help(nearest(&text, &names).map_or_else(
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

    /// Where a secret is found. Anything else may be the secret itself: it is neither told nor drawn.
    fn secret(&mut self, schema: &Json, variants: &[Variant<'_>], node: &Node, path: &str) -> Json {
        let one = match &node.value {
            Value::Map(entries) => entries.first().filter(|_| entries.len() == 1),
            _ => None,
        };
        let names: Vec<_> = variants.iter().map(|variant| variant.name).collect();
        let mut label = format!("not {}", one_of(&names));
        let mut span = one.map_or(&node.span, |(key, _)| &key.span);
        let way =
            one.and_then(|(key, value)| Some((variants.iter().find(|v| v.name == key.text)?, key, value)));
        if let Some((variant, key, value)) = way
            && let Value::Text(text, _) = &value.value
        {
            match formats::check(variant.schema, text) {
                Ok(()) => {
                    self.place(&join(path, variant.name), key.span.clone(), value);
                    return json!({ variant.name: text });
                }
                Err(refusal) => (label, span) = (refusal.expected, &value.span),
            }
        }
        self.out.secrets.push(node.span.clone());
        let near = one.and_then(|(key, _)| nearest(&clip(&key.text), &names)).filter(|_| way.is_none());
        let help = near.map_or_else(|| example_line(path, schema), |name| format!("did you mean `{name}`?"));
        let message = format!(
            "{} has to say where the secret is found: a secret never stands in the file",
            shown(path)
        );
        self.wrong(schema, path, Problem::at("one-of", span.clone(), message).label(label).help(help))
    }

    fn word(&mut self, schema: &Json, words: &[&str], node: &Node, path: &str) -> Json {
        match &node.value {
            Value::Text(text, _) if words.contains(&text.as_str()) => json!(text),
            Value::Null if words.contains(&"none") => json!("none"),
            Value::Text(text, _) => {
                let help = nearest(&clip(text), words)
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
        let suggestion = format!("write for example `{}`", entry(path, &refusal.suggestion));
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
                .help(format!("write `{}`", entry(path, if meant { "true" } else { "false" })));
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
            Value::List(items) => {
                let values = items.iter().enumerate().map(|(index, item)| {
                    let below = self.free_place(path, &format!("[{index}]"), item.span.clone(), item);
                    self.free(item, below.as_deref().unwrap_or(path))
                });
                Json::Array(values.collect())
            }
            Value::Map(entries) => {
                let pairs = entries.iter().map(|(key, value)| {
                    let step = if path.is_empty() { key.text.clone() } else { format!(".{}", key.text) };
                    let below = self.free_place(path, &step, key.span.clone(), value);
                    (key.text.clone(), self.free(value, below.as_deref().unwrap_or(path)))
                });
                Json::Object(pairs.collect())
            }
        }
    }

    /// Remembers where something without a type of ours stands, and returns its
    /// path; not below very long keys, of which many paths would fill the memory.
    fn free_place(&mut self, path: &str, step: &str, key: Range<usize>, value: &Node) -> Option<String> {
        if path.len() > LONGEST_PATH {
            return None;
        }
        let below = format!("{path}{step}");
        self.place(&below, key, value);
        Some(below)
    }
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

/// A value as it is written at a path: with its key, unless it is an item of a list.
fn entry(path: &str, value: &str) -> String {
    match path.rsplit('.').next() {
        Some(key) if !key.is_empty() && !key.ends_with(']') => format!("{key}: {value}"),
        _ => value.to_owned(),
    }
}

/// Text as it is quoted in a message: one line, not too long.
pub(super) fn clip(text: &str) -> String {
    let line: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().count() > 60 { format!("{line}…") } else { line }
}

fn example_line(path: &str, schema: &Json) -> String {
    let first = schema::properties(schema).and_then(|keys| keys.iter().next());
    let written = match first.filter(|_| path.is_empty()) {
        Some((key, below)) => entry(key, &flow(&schema::shown_example(below))),
        None => entry(path, &flow(&schema::shown_example(schema))),
    };
    format!("write for example `{written}`")
}

#[cfg(test)]
mod tests;
