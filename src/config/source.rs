//! The text of a hub file as a tree in which every key and value knows its
//! place. Values stay as written (`1.35` is text until a key's type says
//! otherwise), so nothing is lost to YAML's guesses.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::lower::clip;
use super::problem::{Problem, line_column};

/// The longest hub file that is read. Real ones are a few kilobytes.
pub(super) const MAX_FILE_BYTES: usize = 1 << 20;
/// Most values a file may hold, aliases counted each time: stops YAML bombs.
const MAX_NODES: usize = 20_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// A value and where it stands in the text, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where the value stands.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// A value of a hub file, as written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar: its text, and whether it was quoted.
    Text(String, Quoted),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the file's order.
    Map(Vec<(Key, Node)>),
}

/// Whether a scalar was quoted, so that it cannot be a number or a boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    /// In quotes or as a block.
    Yes,
    /// Plain.
    No,
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// The key's text.
    pub text: String,
    /// Where it stands.
    pub span: Range<usize>,
}

impl Node {
    /// What kind of value this is, as a phrase.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Text(..) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Decodes a file's bytes as text.
///
/// # Errors
/// When the file is too long or not UTF-8; the problem says where.
pub(super) fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, Problem> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Problem::file("too-long", format!("{} is longer than 1 MiB", path.display()))
            .help("a hub file holds at most 1 MiB; most are a few kilobytes. Is this the right file?"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let (line, _) = line_column(&String::from_utf8_lossy(&error.as_bytes()[..good]), good);
        Problem::file(
            "not-text",
            format!(
                "{} is not UTF-8 text: byte {} (line {line}) is no part of a character",
                path.display(),
                good + 1
            ),
        )
        .help("save the file as UTF-8, or check that it is a hub file")
    })
}

/// Reads a text into a tree.
///
/// # Errors
/// The syntax error, or what makes the file unreadable as one mapping; and,
/// beside a tree, keys that stand twice in a mapping.
pub(super) fn parse(text: &str) -> Result<(Node, Vec<Problem>), Problem> {
    let mut builder = Builder::new(text);
    let mut parser = Parser::new_from_str(text);
    let mut root = None;
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax_problem(text, &error))?;
        match event {
            Event::DocumentStart(..) if root.is_some() => {
                return Err(Problem::at(
                    "several-documents",
                    builder.bytes(&span),
                    "a second document begins here",
                )
                .help("one hub, one file: put the other hub into a file of its own"));
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => root = builder.event(event, &span)?.or(root),
        }
    }
    match root {
        Some(node) if !matches!(node.value, Value::Null) => Ok((node, builder.problems)),
        _ => Err(Problem::file("empty", "the file is empty").help("`frazil init` writes one that works")),
    }
}

fn syntax_problem(text: &str, error: &granit_parser::ScanError) -> Problem {
    let at = offset(text, error.marker());
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let problem =
        Problem::at("syntax", at..next_char(text, at), format!("this is not YAML: {}", error.info()));
    if line.trim_start_matches(' ').starts_with('\t') {
        return problem.help("YAML allows no tabs for indentation: use spaces");
    }
    problem.help("look at the line above too: a missing quote, bracket or colon shows up late")
}

/// The byte offset of a parser position, on a character boundary.
fn offset(text: &str, marker: &granit_parser::Marker) -> usize {
    let mut at = marker.byte_offset().unwrap_or(0).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn next_char(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(at, |c| at + c.len_utf8())
}

/// A collection that is being read.
struct Open {
    start: usize,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, key: Option<Key>, seen: HashMap<String, usize> },
}

/// Builds the tree from the parser's events.
struct Builder<'a> {
    text: &'a str,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    problems: Vec<Problem>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, open: Vec::new(), anchors: HashMap::new(), nodes: 0, problems: Vec::new() }
    }

    fn bytes(&self, span: &Span) -> Range<usize> {
        let start = offset(self.text, &span.start);
        start..offset(self.text, &span.end).max(start)
    }

    /// Takes an event; returns the root once it is complete.
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<Option<Node>, Problem> {
        let bytes = self.bytes(span);
        self.count(1, &bytes)?;
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let node = Node { span: bytes, value: scalar(&text, style) };
                self.keep(anchor, &node);
                self.add(node)
            }
            Event::SequenceStart(_, anchor, _) => self.start(bytes, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.start(
                bytes,
                anchor,
                OpenKind::Map { entries: Vec::new(), key: None, seen: HashMap::new() },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.end(&bytes),
            Event::Alias(id) => self.alias(id, bytes),
            _ => Ok(None),
        }
    }

    fn start(&mut self, bytes: Range<usize>, anchor: usize, kind: OpenKind) -> Result<Option<Node>, Problem> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Problem::at("too-deep", bytes, format!("more than {MAX_DEPTH} levels of nesting"))
                .help("a hub file needs five; check the indentation and brackets"));
        }
        self.open.push(Open { start: bytes.start, anchor, kind });
        Ok(None)
    }

    fn end(&mut self, bytes: &Range<usize>) -> Result<Option<Node>, Problem> {
        let Some(open) = self.open.pop() else {
            return Ok(None);
        };
        let (value, inner_end) = match open.kind {
            OpenKind::List(items) => {
                let end = items.last().map(|node| node.span.end);
                (Value::List(items), end)
            }
            OpenKind::Map { entries, .. } => {
                let end = entries.last().map(|(_, node)| node.span.end);
                (Value::Map(entries), end)
            }
        };
        let flow = self.text[open.start..].starts_with(['{', '[']);
        let end = if flow { bytes.end } else { inner_end.unwrap_or(bytes.end) };
        let node = Node { span: open.start..end.max(open.start), value };
        self.keep(open.anchor, &node);
        self.add(node)
    }

    fn alias(&mut self, id: usize, bytes: Range<usize>) -> Result<Option<Node>, Problem> {
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            return Err(Problem::at("unknown-alias", bytes, "nothing above carries this anchor")
                .help("define it first with `&name`, or write the value out"));
        };
        self.count(size, &bytes)?;
        self.add(Node { span: bytes, value: node.value })
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            let size = size_of(node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn count(&mut self, nodes: usize, bytes: &Range<usize>) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Problem::at(
            "too-many-values",
            bytes.clone(),
            format!("the file holds more than {MAX_NODES} values up to here"),
        )
        .help("aliases (`*name`) repeat what they stand for: write out less"))
    }

    /// Adds a complete node to the collection that is open, or returns it as the root.
    fn add(&mut self, node: Node) -> Result<Option<Node>, Problem> {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => return Ok(Some(node)),
            Some(OpenKind::List(items)) => items.push(node),
            Some(OpenKind::Map { entries, key, seen }) => match key.take() {
                None => *key = Some(as_key(node)?),
                Some(key) => match seen.get(&key.text).and_then(|first| entries.get(*first)) {
                    None => {
                        seen.insert(key.text.clone(), entries.len());
                        entries.push((key, node));
                    }
                    Some((first, _)) => self.problems.push(duplicate(&key, first)),
                },
            },
        }
        Ok(None)
    }
}

fn duplicate(key: &Key, first: &Key) -> Problem {
    Problem::at("duplicate-key", key.span.clone(), format!("`{}` stands here a second time", clip(&key.text)))
        .also(first.span.clone(), "first here")
        .help("keep one of the two; with both, one would be lost without a word")
}

fn as_key(node: Node) -> Result<Key, Problem> {
    match node.value {
        Value::Text(text, _) => Ok(Key { text, span: node.span }),
        _ => Err(Problem::at("syntax", node.span, "a key has to be a single word")
            .help("quote text that begins with `{` or `[`")),
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
        (ScalarStyle::Plain, text) => Value::Text(text.to_owned(), Quoted::No),
        (_, text) => Value::Text(text.to_owned(), Quoted::Yes),
    }
}

fn size_of(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Text(..) => 1,
        Value::List(items) => 1 + items.iter().map(size_of).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| 1 + size_of(node)).sum::<usize>(),
    }
}
