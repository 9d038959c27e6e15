//! A tree of files: made in memory, then written whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub content: Vec<u8>,
    /// Whether only its owner may read it.
    pub secret: bool,
}

/// Files by their path below one folder, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<PathBuf, File>,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be written")]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl Tree {
    /// Adds a file that anyone may read who may read the folder.
    pub fn add(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { content: content.into(), secret: false });
    }

    /// Adds a file that only its owner may read.
    pub fn add_secret(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { content: content.into(), secret: true });
    }

    /// Adds all files of another tree below a folder.
    pub fn add_below(&mut self, folder: &str, other: Self) {
        self.files.extend(other.files.into_iter().map(|(path, file)| (Path::new(folder).join(path), file)));
    }

    /// The files with their paths.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &File)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// A digest of paths and contents (SHA-256 in hexadecimal).
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, file) in self.files() {
            hash.update(path.as_os_str().len().to_be_bytes());
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(file.content.len().to_be_bytes());
            hash.update(&file.content);
        }
        hex(&hash.finalize())
    }

    /// Writes what differs below a folder, each file whole or not at all, and
    /// removes files of the folder that are not in the tree. Returns the paths that changed.
    ///
    /// # Errors
    /// The first file that could not be written; those before it are complete.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
        let mut changed = Vec::new();
        for (path, file) in self.files() {
            let full = folder.join(path);
            if write_changed(&full, &file.content, file.secret)? {
                changed.push(path.to_owned());
            }
        }
        for stale in files_below(folder, Path::new("")) {
            if !self.files.contains_key(&stale) {
                let full = folder.join(&stale);
                fs::remove_file(&full).map_err(|source| WriteError { path: full, source })?;
                changed.push(stale);
            }
        }
        Ok(changed)
    }
}

/// Files below a folder, without Python's own caches.
fn files_below(folder: &Path, path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(path)).into_iter().flatten().flatten();
    let below = entries.filter(|entry| entry.file_name() != "__pycache__").flat_map(|entry| {
        let path = path.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files_below(folder, &path)
        } else {
            vec![path]
        }
    });
    below.collect()
}

/// Lower-case hexadecimal digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a file whole or not at all, if its content differs; returns whether it did.
///
/// # Errors
/// When the folder or file cannot be written; what was there stays as it was.
pub fn write_changed(path: &Path, content: &[u8], secret: bool) -> Result<bool, WriteError> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(false);
    }
    write_whole(path, content, secret).map_err(|source| WriteError { path: path.to_owned(), source })?;
    Ok(true)
}

fn write_whole(path: &Path, content: &[u8], secret: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.new", std::process::id()));
    let mode = if secret { 0o600 } else { 0o644 };
    let written = write_synced(&temporary, content, mode).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

fn write_synced(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}
