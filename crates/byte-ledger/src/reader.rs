//! Reading.

use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::line;
use crate::record::{FORMAT, HEADER, Header, Record, Version, Who};

/// Bytes that are read at once.
const BUFFER: usize = 128 * 1024;

/// A file of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFile {
    /// The file.
    pub path: PathBuf,
    /// The day of its name, such as `2026-11-22`: no record in it ended later. Empty where the name has none.
    pub day: String,
}

/// A record with its writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who read.
    pub who: Arc<Who>,
    /// What was read.
    pub record: Record,
}

/// What a reader left, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {why}", path.display())]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    /// Why.
    pub why: Why,
}

/// Why a line was left.
#[derive(Debug)]
pub enum Why {
    /// The last line has no newline: its writer was killed in the middle of it, or is still writing.
    Cut,
    /// The checksum is not the line's.
    Broken,
    /// The line is longer than any that is written.
    TooLong,
    /// The checksum fits, and the text is no record of this version.
    Foreign(serde_json::Error),
    /// No line before it says who wrote it, and in which version.
    NoHeader,
    /// From this line on, a newer version wrote the file.
    Newer {
        /// The version.
        version: u64,
    },
    /// The file cannot be read, or not further.
    Unreadable(io::Error),
}

impl Why {
    /// Whether nothing that was acknowledged is lost by it.
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Cut)
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the last line is cut, as its writer was killed or is still writing"),
            Self::Broken => f.write_str("the line does not fit its checksum: it was changed or lost in part"),
            Self::TooLong => write!(f, "the line is longer than {} bytes", line::MOST),
            Self::Foreign(error) => write!(f, "the line is not of this format: {error}"),
            Self::NoHeader => f.write_str("no header before the line says its version"),
            Self::Newer { version } => write!(
                f,
                "written in version {version} of the byte ledger; this program reads up to {FORMAT}: \
                 use a newer one"
            ),
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

/// The files of a ledger, by name: those that end in `.bytes` and do not begin with a dot.
pub fn files(folder: &Path) -> io::Result<Vec<LedgerFile>> {
    let mut files = Vec::new();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A pipe would be waited for, a link may lead anywhere.
        if name.ends_with(".bytes") && !name.starts_with('.') && entry.file_type()?.is_file() {
            files.push(LedgerFile { path: entry.path(), day: day(&name).to_owned() });
        }
    }
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The day with which a name begins.
fn day(name: &str) -> &str {
    let day = name.split('_').next().unwrap_or_default();
    let fits = |(at, c): (usize, u8)| if at == 4 || at == 7 { c == b'-' } else { c.is_ascii_digit() };
    if day.len() == 10 && day.bytes().enumerate().all(fits) { day } else { "" }
}

/// All records of a ledger, file by file; what was left of it stands between them. Memory is
/// bounded by the names and the longest line.
pub fn read(folder: &Path) -> io::Result<impl Iterator<Item = Result<Entry, Fault>>> {
    let lines = |file: LedgerFile| {
        let (lines, fault) = match Lines::open(&file.path) {
            Ok(lines) => (Some(lines), None),
            Err(fault) => (None, Some(Err(fault))),
        };
        lines.into_iter().flatten().chain(fault)
    };
    Ok(files(folder)?.into_iter().flat_map(lines))
}

/// The records of one file.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    who: Option<Arc<Who>>,
    ended: bool,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let unreadable = |error| Fault { path: path.to_owned(), line: 0, why: Why::Unreadable(error) };
        let reader = BufReader::with_capacity(BUFFER, File::open(path).map_err(unreadable)?);
        Ok(Self { path: path.to_owned(), reader, line: Vec::new(), number: 0, who: None, ended: false })
    }

    /// Reads a line without its newline; false at the end.
    fn fill(&mut self) -> Result<bool, Why> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.by_ref().take(line::MOST as u64).read_until(b'\n', &mut self.line);
        // After a line that is too long, reading goes on; after any other end, nothing comes.
        self.ended = read.as_ref().map_or(true, |read| *read < line::MOST) && !self.line.ends_with(b"\n");
        let read = read.map_err(Why::Unreadable)?;
        if self.line.ends_with(b"\n") {
            self.line.pop();
        } else if read == line::MOST {
            self.reader.skip_until(b'\n').map_err(Why::Unreadable)?;
            return Err(Why::TooLong);
        } else if read > 0 {
            return Err(Why::Cut);
        }
        Ok(read > 0)
    }

    /// The record of the next line, if that has one.
    fn step(&mut self) -> Result<Option<Entry>, Why> {
        if !self.fill()? {
            return Ok(None);
        }
        let text = line::unseal(&self.line).ok_or(Why::Broken)?;
        if text.starts_with(HEADER) {
            let Version { byte_ledger: version } = serde_json::from_slice(text).map_err(Why::Foreign)?;
            if version > u64::from(FORMAT) {
                self.ended = true;
                return Err(Why::Newer { version });
            }
            let header: Header<Who> = serde_json::from_slice(text).map_err(Why::Foreign)?;
            self.who = Some(Arc::new(header.who));
            return Ok(None);
        }
        let who = self.who.clone().ok_or(Why::NoHeader)?;
        let record = serde_json::from_slice(text).map_err(Why::Foreign)?;
        Ok(Some(Entry { who, record }))
    }
}

impl Iterator for Lines {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.step() {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(why) => return Some(Err(Fault { path: self.path.clone(), line: self.number, why })),
            }
        }
        None
    }
}
