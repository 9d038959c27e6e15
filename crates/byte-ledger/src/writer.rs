//! Appending.

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::day::Day;
use crate::line;
use crate::record::{FORMAT, Header, Record, Who};

/// How many processes may append by one writer, each forked from the one before.
const GENERATIONS: usize = 8;
/// Bytes after which the header comes again.
const HEADER_EVERY: u64 = 64 * 1024;
/// Names that are tried for a file.
const TRIES: usize = 16;
/// Most characters of a host in a name: file systems take names of 255 bytes.
const HOST: usize = 64;

/// Why a record is not in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is not there and cannot be made.
    #[error("the byte ledger's folder {} cannot be made; name one in a place where you may write", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No file can be made in the folder.
    #[error("a file of the byte ledger cannot be made in {}; look at its rights and its disk", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The record could not be written, or not whole. It is not in the file, and can be appended again.
    #[error("{}: the record could not be written; append it again when there is room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was acknowledged may not outlive the end of the machine.
    #[error("{}: could not be brought to the disk; its last records may be lost with the machine", path.display())]
    Sync {
        /// The file or the folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A text is so long that no reader would take the line.
    #[error("a record or its writer takes {bytes} bytes, more than {}: shorten its texts", line::MOST)]
    TooLong {
        /// The bytes of the line.
        bytes: usize,
    },
    /// The time is after the year 9999.
    #[error("{time} is no time in milliseconds since 1970: give it in milliseconds")]
    Time {
        /// The time.
        time: u64,
    },
    /// The record cannot be written as JSON.
    #[error("the record cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The process is forked from a forked process, and so on, more often than is foreseen.
    #[error("forked more than {} times over since the writer was opened; open one in this process", GENERATIONS - 1)]
    Forks,
}

/// Appends to a ledger. One serves all threads of a process, and its forked children; each process
/// has a file of its own, made with its first record.
///
/// Processes are told by their PIDs. A child that has the PID of an ancestor that has ended, or PID 1 in
/// a namespace of its own as its ancestor had, would go on in the ancestor's file: where that can be, open a writer
/// after the fork.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    host: String,
    header: Vec<u8>,
    /// A child claims a place whose lock no thread of its parent can have held at the fork.
    places: [Place; GENERATIONS],
}

#[derive(Debug, Default)]
struct Place {
    /// The process whose place it is; 0 while it is nobody's.
    pid: AtomicU32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<Open>,
    line: Vec<u8>,
    /// What went wrong when a file was left; told by the next sync.
    unsynced: Option<Error>,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    day: Day,
    /// Acknowledged bytes.
    length: u64,
    /// Acknowledged bytes before the last header.
    header_at: u64,
}

impl Writer {
    /// A writer into a folder, which is made if it is not there, for its owner only.
    pub fn open(folder: &Path, who: &Who) -> Result<Self, Error> {
        make(folder)?;
        let mut header = Vec::new();
        line::seal(&Header { byte_ledger: FORMAT, who }, &mut header).map_err(Error::Json)?;
        if header.len() > line::MOST {
            return Err(Error::TooLong { bytes: header.len() });
        }
        Ok(Self { folder: folder.to_owned(), host: in_name(&who.host), header, places: Default::default() })
    }

    /// Appends a record. `Ok` means that it outlives the process, however that ends; an error, that it
    /// is not in the ledger and may be appended again. Only where the disk refuses to take a failed
    /// write back can such a record be in the ledger nevertheless.
    pub fn append(&self, record: &Record) -> Result<(), Error> {
        let day = Day::of(record.time).ok_or(Error::Time { time: record.time })?;
        let mut state = self.state()?;
        let State { open, line, unsynced } = &mut *state;
        if let Some(over) = open.take_if(|open| open.day < day) {
            *unsynced = over.sync().err().or(unsynced.take());
        }
        let headed = open.as_ref().is_some_and(|open| !open.wants_header());
        line.clear();
        if !headed {
            line.extend_from_slice(&self.header);
        }
        let start = line.len();
        line::seal(record, line).map_err(Error::Json)?;
        if line.len() - start > line::MOST {
            return Err(Error::TooLong { bytes: line.len() - start });
        }
        let mut file = match open.take() {
            Some(file) => file,
            None => self.begin(day)?,
        };
        let Err(source) = write(&file.file, line) else {
            file.header_at = if headed { file.header_at } else { file.length };
            file.length += line.len() as u64;
            *open = Some(file);
            return Ok(());
        };
        let path = file.path.clone();
        // What was written of the line, or even all of it, must not count beside its repetition.
        if file.file.set_len(file.length).is_ok() {
            *open = Some(file);
        } else {
            *unsynced = file.sync().err().or(unsynced.take());
        }
        Err(Error::Write { path, source })
    }

    /// Brings all that this process has appended to the disk, or to the server of a network file
    /// system: it outlives the end of the machine.
    pub fn sync(&self) -> Result<(), Error> {
        let mut state = self.state()?;
        if let Some(error) = state.unsynced.take() {
            return Err(error);
        }
        let Some(open) = &state.open else { return Ok(()) };
        open.sync()?;
        let folder = File::open(&self.folder).and_then(|folder| folder.sync_all());
        folder.map_err(|source| Error::Sync { path: self.folder.clone(), source })
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Error> {
        let me = std::process::id();
        let mine = |place: &&Place| {
            let claimed = place.pid.compare_exchange(0, me, Ordering::Relaxed, Ordering::Relaxed);
            claimed.is_ok() || claimed == Err(me)
        };
        let place = self.places.iter().find(mine).ok_or(Error::Forks)?;
        Ok(place.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a file that no other process has.
    fn begin(&self, day: Day) -> Result<Open, Error> {
        let mut last = io::Error::from(ErrorKind::AlreadyExists);
        for _ in 0..TRIES {
            let name = format!("{day}_{}_{}_{:016x}.bytes", self.host, std::process::id(), random());
            let path = self.folder.join(name);
            match OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => return Ok(Open { file, path, day, length: 0, header_at: 0 }),
                // Somebody has removed the folder since it was opened.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    make(&self.folder)?;
                    last = error;
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
                Err(source) => return Err(Error::Create { path: self.folder.clone(), source }),
            }
        }
        Err(Error::Create { path: self.folder.clone(), source: last })
    }
}

impl Open {
    fn wants_header(&self) -> bool {
        self.length == 0 || self.length - self.header_at > HEADER_EVERY
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|source| Error::Sync { path: self.path.clone(), source })
    }
}

fn make(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| Error::Folder { path: folder.to_owned(), source })
}

/// A host as it stands in a name.
fn in_name(host: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
    let name: String = host.chars().take(HOST).map(plain).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// A number that differs between processes of one number on hosts of one name; the keys of
/// [`RandomState`] alone are the same in a forked child.
fn random() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    RandomState::new().hash_one((now, std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// Writes by one call. A short write is an error: going on would be a second call, and a kill between
/// the two tears the line.
fn write(mut file: &File, line: &[u8]) -> io::Result<()> {
    loop {
        match file.write(line) {
            Ok(written) if written == line.len() => return Ok(()),
            Ok(written) => {
                let short = format!("only {written} of {} bytes were written", line.len());
                return Err(io::Error::new(ErrorKind::WriteZero, short));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
