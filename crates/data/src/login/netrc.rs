//! `.netrc`: read as curl and Python do, and changed without losing what others wrote there.
//!
//! Words are parted by blanks and lines; a word may stand in double quotes, where a backslash
//! protects the next character. `#` begins a comment where a keyword could stand, not in a value. A
//! `macdef` goes on until an empty line. Where readers differ, in a backslash without quotes, it is
//! an ordinary character, as for curl; what is written here has quotes around it, which all read alike.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, Result};
use crate::surroundings::Surroundings;

/// The text of a `.netrc`, with what was understood of it.
#[derive(Clone, Default)]
pub struct Netrc {
    text: String,
    machines: Vec<Machine>,
}

/// Name and password for a machine.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The user.
    pub login: String,
    /// The password.
    pub password: SecretString,
}

/// An entry, by where its words are in the text.
#[derive(Clone, Debug)]
struct Machine {
    /// None for `default`.
    name: Option<String>,
    start: usize,
    /// After the entry's last word.
    end: usize,
    login: Option<(Range<usize>, String)>,
    password: Option<(Range<usize>, SecretString)>,
}

impl Netrc {
    /// Which file it is: `NETRC`, else `~/.netrc`, else `~/_netrc` where only that is there.
    pub fn path(surroundings: &Surroundings) -> Option<PathBuf> {
        if let Some(named) = surroundings.variable("NETRC") {
            return Some(PathBuf::from(named));
        }
        let home = surroundings.home()?;
        let (usual, other) = (home.join(".netrc"), home.join("_netrc"));
        Some(if !usual.exists() && other.exists() { other } else { usual })
    }

    /// Reads a file; one that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file(path, "read")(error)),
        }
    }

    /// Reads a text. What is not understood is passed over.
    pub fn parse(text: String) -> Self {
        let machines = machines(&text);
        Self { text, machines }
    }

    /// The login for a machine: its own entry's, else the default's.
    pub fn entry(&self, machine: &str) -> Option<Entry> {
        let own = self.machines.iter().find(|entry| entry.is_of(machine));
        let found = own.or_else(|| self.machines.iter().find(|entry| entry.name.is_none()))?;
        let ((_, login), (_, password)) = (found.login.as_ref()?, found.password.as_ref()?);
        Some(Entry { login: login.clone(), password: password.clone() })
    }

    /// With a login for a machine: in its entry where there is one, else in a new one, before the
    /// default, after which none is looked for. Everything else stays as it is.
    ///
    /// # Errors
    /// When what is written would not be read: a quote or a macro before it has no end.
    pub fn with(&self, machine: &str, entry: &Entry) -> Result<Self> {
        let mut text = self.text.clone();
        let found = self.machines.iter().find(|found| found.is_of(machine));
        for (range, words) in
            found.map_or_else(|| vec![self.addition(machine, entry)], |found| found.edits(&text, entry))
        {
            text.replace_range(range, &words);
        }
        let changed = Self::parse(text);
        let read = changed.entry(machine).is_some_and(|read| {
            read.login == entry.login && read.password.expose_secret() == entry.password.expose_secret()
        });
        if read {
            Ok(changed)
        } else {
            Err(Error::Invalid {
                what: format!(
                    "the .netrc has a quote, a macro or a word without its end, so no login for {machine} can follow"
                ),
                advice: "correct the file by hand; it was not changed".to_owned(),
            })
        }
    }

    /// A new entry, and where it goes.
    fn addition(&self, machine: &str, entry: &Entry) -> (Range<usize>, String) {
        let default = self.machines.iter().find(|entry| entry.name.is_none());
        let at = default.map_or(self.text.len(), |entry| entry.start);
        let before = if at == 0 || self.text[..at].ends_with('\n') { "" } else { "\n" };
        let (login, password) = (quoted(&entry.login), quoted(entry.password.expose_secret()));
        (at..at, format!("{before}machine {machine} login {login} password {password}\n"))
    }

    /// Writes the file, readable by its owner alone, at once or not at all. A link is followed, so
    /// that it stays one.
    ///
    /// # Errors
    /// When it cannot be written; then the old one is as it was.
    pub fn write(&self, path: &Path) -> Result<()> {
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".netrc-").tempfile_in(folder)?;
            file.write_all(self.text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(Error::file(&path, "write"))
    }
}

impl Machine {
    fn is_of(&self, machine: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(machine))
    }

    /// What changes in the text, the last first, so that places before it stay.
    fn edits(&self, text: &str, entry: &Entry) -> Vec<(Range<usize>, String)> {
        let end = self.name_end(text);
        let edit = |place: Option<&Range<usize>>, keyword: &str, value: &str| match place {
            Some(place) => (place.clone(), quoted(value)),
            None => (end..end, format!(" {keyword} {}", quoted(value))),
        };
        let password = self.password.as_ref().map(|(place, _)| place);
        let mut edits = vec![
            edit(password, "password", entry.password.expose_secret()),
            edit(self.login.as_ref().map(|(place, _)| place), "login", &entry.login),
        ];
        edits.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
        edits
    }

    /// Where the machine's name ends in the text.
    fn name_end(&self, text: &str) -> usize {
        let mut words = Words { text, at: self.start };
        words.next();
        words.next().map_or(self.end, |(range, _)| range.end)
    }
}

/// A word as all readers of the format understand it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+,:/=!%^*~".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Words with where they are in the text.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Words<'_> {
    fn skip_line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }

    /// Past the next empty line.
    fn skip_macro(&mut self) {
        self.skip_line();
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let empty = rest.lines().next().is_none_or(|line| line.trim().is_empty());
            self.skip_line();
            if empty {
                return;
            }
        }
    }
}

impl Iterator for Words<'_> {
    type Item = (Range<usize>, String);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|c: char| !c.is_whitespace())?;
        let word = &self.text[start..];
        let (length, value) = match word.strip_prefix('"') {
            None => {
                let length = word.find(char::is_whitespace).unwrap_or(word.len());
                (length, word[..length].to_owned())
            }
            Some(inner) => {
                let (length, value) = unquoted(inner);
                (length + 1, value)
            }
        };
        self.at = start + length;
        Some((start..self.at, value))
    }
}

/// What stands in quotes, and how long it is with the quote that ends it.
fn unquoted(inner: &str) -> (usize, String) {
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (at + 1, value),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            other => value.push(other),
        }
    }
    (inner.len(), value)
}

fn machines(text: &str) -> Vec<Machine> {
    let mut words = Words { text, at: 0 };
    let mut all: Vec<Machine> = Vec::new();
    while let Some((range, word)) = words.next() {
        if word.starts_with('#') && text[range.clone()].starts_with('#') {
            words.at = range.start;
            words.skip_line();
            continue;
        }
        match word.as_str() {
            "macdef" => words.skip_macro(),
            "default" => all.push(Machine::new(None, &range)),
            "machine" => {
                let Some((name, value)) = words.next() else { break };
                all.push(Machine::new(Some(value), &(range.start..name.end)));
            }
            "login" | "user" | "password" | "account" => {
                let Some((place, value)) = words.next() else { break };
                if let Some(machine) = all.last_mut() {
                    machine.end = place.end;
                    match word.as_str() {
                        "password" => machine.password = Some((place, value.into())),
                        "account" => {}
                        _ => machine.login = Some((place, value)),
                    }
                }
            }
            _ => {}
        }
    }
    all
}

impl Machine {
    fn new(name: Option<String>, range: &Range<usize>) -> Self {
        Self { name, start: range.start, end: range.end, login: None, password: None }
    }
}

/// Shows which machines there are, and no login.
impl std::fmt::Debug for Netrc {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.machines.iter().map(|entry| entry.name.as_deref().unwrap_or("default"));
        out.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests;
