//! From a path to a checked hub file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::lower::{self, Lowered, Place};
use super::model::HubFile;
use super::problem::{Problem, Severity, line_column};
use super::rules::{self, Neighbour, Neighbours};
use super::schema::reader_schema;
use super::secrecy;
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
    /// Parts of the text that may be a secret typed in clear; they are not to be shown.
    pub secrets: Vec<Range<usize>>,
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
    /// The hubs that its further gateways name, by the file as it is written.
    pub neighbours: BTreeMap<String, HubFile>,
}

impl HubDocument {
    /// Line and column of a key's value in the file, if the file says it.
    pub fn position(&self, path: &str) -> Option<(usize, usize)> {
        self.places.get(path).map(|place| line_column(&self.text, place.value.start))
    }

    /// The document of a neighbour, enough to find its cluster.
    pub fn neighbour(&self, file: &str) -> Option<Self> {
        Some(Self {
            path: self.folder().join(file),
            hub: self.neighbours.get(file)?.clone(),
            text: String::new(),
            places: BTreeMap::new(),
            neighbours: BTreeMap::new(),
        })
    }

    /// The folder that the file's own references are relative to.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        }
    }
}

/// Most hub files of further gateways that are read for one file.
const MOST_NEIGHBOURS: usize = 32;

/// Reads and checks a hub file as of a day, with the hub files that its further
/// gateways name; those of theirs are not followed. Asks no network.
///
/// # Errors
/// When the file cannot be read at all. What is wrong inside is in [`Checked::problems`].
pub fn check_file(path: &Path, today: Date) -> io::Result<Checked> {
    let Some(bytes) = read(path)? else {
        let problem = Problem::file("not-a-file", format!("{} is no regular file", path.display()))
            .help("a pipe or device may never end: write what it gives to a file and name that one");
        return Ok(refused(path, problem));
    };
    Ok(check(bytes, path, today, &|hub| neighbours(hub, path, today)))
}

/// The bytes of a file, at most one more than a hub file may have; `None` for a pipe or device.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let kind = fs::metadata(path)?;
    if !kind.is_file() && !kind.is_dir() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(source::MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Reads the hub files of further gateways, relative to the file that names them.
fn neighbours(hub: &HubFile, path: &Path, today: Date) -> Neighbours {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = Neighbours::new();
    let files = hub.gateways.iter().filter_map(|gateway| gateway.file.as_ref());
    for file in files.take(MOST_NEIGHBOURS) {
        if !found.contains_key(file) {
            found.insert(file.clone(), neighbour(&folder.join(file), today));
        }
    }
    found
}

fn neighbour(path: &Path, today: Date) -> Neighbour {
    let bytes = match read(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Neighbour::Unreadable("it is no regular file".to_owned()),
        Err(error) => return Neighbour::Unreadable(error.to_string()),
    };
    let checked = check_bytes(bytes, path, today);
    if let Some(document) = checked.document {
        return Neighbour::Hub(Box::new(document.hub));
    }
    let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    Neighbour::Broken { path: path.to_owned(), errors }
}

/// The neighbours that can be used.
fn hubs(neighbours: Neighbours) -> BTreeMap<String, HubFile> {
    let hubs = neighbours.into_iter().filter_map(|(file, neighbour)| match neighbour {
        Neighbour::Hub(hub) => Some((file, *hub)),
        Neighbour::Unreadable(_) | Neighbour::Broken { .. } => None,
    });
    hubs.collect()
}

/// A file of which nothing can be used.
fn refused(path: &Path, problem: Problem) -> Checked {
    let (text, secrets) = (String::new(), Vec::new());
    Checked { path: path.to_owned(), text, problems: vec![problem], secrets, document: None }
}

/// Checks the bytes of a hub file as of a day; `path` is only named in messages and
/// document. Hub files of further gateways are not read, and rules about them are left out.
pub fn check_bytes(bytes: Vec<u8>, path: &Path, today: Date) -> Checked {
    check(bytes, path, today, &|_| Neighbours::new())
}

fn check(bytes: Vec<u8>, path: &Path, today: Date, neighbours: &dyn Fn(&HubFile) -> Neighbours) -> Checked {
    let text = match source::decode(bytes, path) {
        Ok(text) => text,
        Err(problem) => return refused(path, problem),
    };
    let (root, mut problems) = match source::parse(&text) {
        Ok(parsed) => parsed,
        Err(problem) => {
            let secrets = secrecy::by_text(&text);
            return Checked { text, secrets, ..refused(path, problem) };
        }
    };
    // Of a key that stands twice, the tree holds one value only.
    let mut secrets = if problems.is_empty() { Vec::new() } else { secrecy::by_text(&text) };
    secrecy::by_key(&root, &mut secrets);
    let mut lowered = lower::lower(&root, reader_schema());
    secrets.append(&mut lowered.secrets);
    problems.append(&mut lowered.problems);
    let hub = typed(&lowered, &mut problems);
    let neighbours = hub.as_ref().map(neighbours).unwrap_or_default();
    if let Some(hub) = &hub {
        let found = rules::check(hub, &lowered, today, &neighbours);
        let in_clear = found.iter().filter(|problem| problem.rule == rules::SECRET_IN_CLEAR);
        secrets.extend(in_clear.filter_map(|problem| problem.span.clone()));
        problems.extend(found);
    }
    problems.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
    let usable = problems.iter().all(|problem| problem.severity == Severity::Warning);
    let document = hub.filter(|_| usable).map(|hub| HubDocument {
        path: path.to_owned(),
        hub,
        text: text.clone(),
        places: lowered.places,
        neighbours: hubs(neighbours),
    });
    Checked { path: path.to_owned(), text, problems, secrets, document }
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
