//! A file of this machine.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use url::Url;

use crate::address::Address;
use crate::error::{Error, Result};

/// What is done, for messages.
const READ: &str = "read";

/// An open file. A clone is the same. It is as it was when it was opened, or reading fails.
#[derive(Clone, Debug)]
pub struct LocalFile {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    changed: (i64, i64),
}

impl LocalFile {
    /// Opens a file. Blocks.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, or is a folder.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::file(path, READ))?;
        let meta = file.metadata().map_err(Error::file(path, READ))?;
        if meta.is_dir() {
            return Err(Error::file(path, READ)(std::io::ErrorKind::IsADirectory.into()));
        }
        let changed = (meta.mtime(), meta.mtime_nsec());
        Ok(Self { path: path.to_owned(), file: Arc::new(file), length: meta.len(), changed })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its name as an address: `file:///...`.
    pub fn address(&self) -> Address {
        let whole = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        Url::from_file_path(&whole)
            .map_or_else(|()| Address::named(self.path.display().to_string()), |url| Address::from(&url))
    }

    /// The bytes of a range, which lies within the file. Blocks.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is another or shorter now, [`Error::File`] when it cannot be read.
    pub fn read(&self, range: &Range<u64>) -> Result<Bytes> {
        let meta = self.file.metadata().map_err(Error::file(&self.path, READ))?;
        if (meta.len(), (meta.mtime(), meta.mtime_nsec())) != (self.length, self.changed) {
            return Err(Error::Changed { address: self.address() });
        }
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, range.start).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::Changed { address: self.address() },
            _ => Error::file(&self.path, READ)(error),
        })?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_changes_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b.nc");
        std::fs::write(&path, "0123456789").unwrap();
        let file = LocalFile::open(&path).unwrap();
        assert_eq!((file.length(), file.read(&(2..5)).unwrap()), (10, Bytes::from_static(b"234")));
        assert!(file.address().as_str().ends_with("a%20b.nc"));
        std::fs::write(&path, "012").unwrap();
        assert!(matches!(file.read(&(0..2)), Err(Error::Changed { .. })));
    }

    #[test]
    fn what_is_no_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(LocalFile::open(folder.path()), Err(Error::File { .. })));
        let error = LocalFile::open(&folder.path().join("none")).unwrap_err();
        assert!(error.to_string().ends_with("none"), "{error}");
    }
}
