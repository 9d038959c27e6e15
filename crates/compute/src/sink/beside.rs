//! Results that are not whole yet: they lie beside their place, under a hidden name.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{Error, Result};

/// A folder beside a place. It is removed when it is dropped.
///
/// # Errors
/// [`Error::Invalid`] where something is at the place; what keeps the folder from being made.
pub(super) fn folder(path: &Path) -> Result<TempDir> {
    let prefix = prefix(path)?;
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".part").permissions(Permissions::from_mode(0o777));
    builder.tempdir_in(parent(path)).map_err(unwritten(path))
}

/// A file beside a place. It is removed when it is dropped.
///
/// # Errors
/// As [`folder`].
pub(super) fn file(path: &Path) -> Result<NamedTempFile> {
    let prefix = prefix(path)?;
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(".part").permissions(Permissions::from_mode(0o666));
    builder.tempfile_in(parent(path)).map_err(unwritten(path))
}

/// What hidden names beside a place begin with. There must be nothing at the place itself.
fn prefix(path: &Path) -> Result<OsString> {
    let Some(name) = path.file_name() else {
        return Err(Error::invalid(
            format!("`{}` has no name to write to", path.display()),
            "give the path of what is to be written",
        ));
    };
    if fs::symlink_metadata(path).is_ok() {
        return Err(there_already(path));
    }
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    Ok(prefix)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// That something has the name already under which a result is to be written.
pub(super) fn there_already(path: &Path) -> Error {
    Error::invalid(
        format!("there is something at {} already", path.display()),
        "write to another path, or remove what is there",
    )
}

/// That a file could not be written, for `map_err`.
pub(super) fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let what = path.display().to_string();
    move |error| {
        let advice = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "make room, or write to another disk; what was begun is removed"
            }
            ErrorKind::NotFound => "make the folder first",
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "write to a folder that you may write to"
            }
            _ => "look at the disk, and call again",
        };
        Error::Sink { what, advice: advice.to_owned(), source: Box::new(error) }
    }
}

/// How many elements of a result are not there yet.
#[derive(Debug)]
pub(super) struct Left(AtomicU64);

impl Left {
    pub(super) fn new(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    /// So many were put.
    ///
    /// # Errors
    /// [`Error::Invalid`] where more were put than there are.
    pub(super) fn take(&self, count: u64) -> Result<()> {
        let less = |left: u64| left.checked_sub(count);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.map(|_| ()).map_err(|_| twice())
    }

    /// That all are there.
    ///
    /// # Errors
    /// [`Error::Invalid`] where some are not.
    pub(super) fn is_none(&self, path: &Path) -> Result<()> {
        match self.0.load(Ordering::Relaxed) {
            0 => Ok(()),
            left => Err(Error::invalid(
                format!("{left} elements of {} were not written", path.display()),
                "finish a result after the run that fills it",
            )),
        }
    }
}

/// That elements came that were there already.
pub(super) fn twice() -> Error {
    Error::invalid("elements of a result were written twice", "put each element of a result once")
}
