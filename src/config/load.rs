//! From a path to a checked hub file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lower::{self, Lowered, Place};
use super::model::HubFile;
use super::problem::{Problem, Severity, line_column};
use super::rules;
use super::schema::hub_schema;
use super::source;

/// A hub file that was read: what is wrong with it, and the hub if it can be used.
#[derive(Debug)]
pub struct Checked {
    /// The path as it was given.
    pub path: PathBuf,
    /// The file's text; empty when it could not be read as text.
    pub text: String,
    /// Everything that is wrong, in the file's order.
    pub problems: Vec<Problem>,
    /// The hub, if no problem is an error.
    pub document: Option<HubDocument>,
}

/// A hub file without errors.
#[derive(Clone, Debug)]
pub struct HubDocument {
    /// The path as it was given.
    pub path: PathBuf,
    /// The hub.
    pub hub: HubFile,
    /// The file's text.
    pub text: String,
    /// Every path of the file and where it stands.
    pub places: BTreeMap<String, Place>,
}

impl HubDocument {
    /// Line and column of a key's value in the file, if the file says it.
    pub fn position(&self, path: &str) -> Option<(usize, usize)> {
        self.places.get(path).map(|place| line_column(&self.text, place.value.start))
    }

    /// The folder that the file's own references are relative to.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Reads and checks a hub file. Reads only this file; asks no network.
///
/// # Errors
/// When the file cannot be read at all. What is wrong inside is in [`Checked::problems`].
pub fn check_file(path: &Path) -> io::Result<Checked> {
    let length = fs::metadata(path)?.len();
    if length > source::MAX_FILE_BYTES as u64 {
        let size = frazil_units::Bytes::new(length);
        let problem = Problem::file("too-long", format!("{} is {size} long", path.display()))
            .help("a hub file holds at most 1 MiB; most are a few kilobytes. Is this the right file?");
        return Ok(Checked {
            path: path.to_owned(),
            text: String::new(),
            problems: vec![problem],
            document: None,
        });
    }
    Ok(check_bytes(fs::read(path)?, path))
}

/// Checks the bytes of a hub file; `path` is only named in messages and document.
pub fn check_bytes(bytes: Vec<u8>, path: &Path) -> Checked {
    let mut checked =
        Checked { path: path.to_owned(), text: String::new(), problems: Vec::new(), document: None };
    match source::decode(bytes, path) {
        Ok(text) => checked.text = text,
        Err(problem) => {
            checked.problems.push(problem);
            return checked;
        }
    }
    let (root, mut problems) = match source::parse(&checked.text) {
        Ok(parsed) => parsed,
        Err(problem) => {
            checked.problems.push(problem);
            return checked;
        }
    };
    let mut lowered = lower::lower(&root, hub_schema());
    problems.append(&mut lowered.problems);
    let hub = typed(&lowered, &mut problems);
    if let Some(hub) = &hub {
        problems.extend(rules::check(hub, &lowered));
    }
    problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
    let usable = problems.iter().all(|problem| problem.severity == Severity::Warning);
    checked.document = hub.filter(|_| usable).map(|hub| HubDocument {
        path: path.to_owned(),
        hub,
        text: checked.text.clone(),
        places: lowered.places,
    });
    checked.problems = problems;
    checked
}

/// The typed hub. Lowering leaves nothing that the types refuse; should it, that is a problem like any other.
fn typed(lowered: &Lowered, problems: &mut Vec<Problem>) -> Option<HubFile> {
    match serde_json::from_value(lowered.value.clone()) {
        Ok(hub) => Some(hub),
        Err(error) => {
            if problems.is_empty() {
                problems
                    .push(Problem::file("wrong-type", format!("the file does not fit its types: {error}")));
            }
            None
        }
    }
}
