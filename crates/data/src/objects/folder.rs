//! Objects that are files of this machine.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Objects, Place};
use crate::address::Address;
use crate::error::{Error, Result};

/// A folder; keys are the paths of the files below it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path of a key; none for one that leaves the folder.
    fn below(&self, key: &str) -> Option<PathBuf> {
        let key = Path::new(key);
        key.components().all(|part| matches!(part, Component::Normal(_))).then(|| self.path.join(key))
    }
}

#[async_trait]
impl Objects for Folder {
    fn address(&self) -> Address {
        Address::named(self.path.display().to_string())
    }

    async fn find(&self, key: &str) -> Result<Option<Place>> {
        Ok(self.below(key).map(|path| Place::File(path, None)))
    }

    async fn list(&self, prefix: &str) -> Result<Option<Vec<String>>> {
        let Some(folder) = self.below(prefix.trim_end_matches('/')) else { return Ok(Some(Vec::new())) };
        let names = blocking(move || names(&folder)).await?;
        Ok(Some(names))
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(folder, "list")(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::file(folder, "list"))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// A range of a file, whole.
fn append(file: &mut File, path: &Path, range: &Range<u64>, bytes: &mut Vec<u8>) -> Result<()> {
    let length = file.metadata().map_err(Error::file(path, "read"))?.len();
    if range.start > range.end || range.end > length {
        return Err(Error::Damaged {
            address: Address::named(path.display().to_string()),
            what: format!("it ends at byte {length}, and bytes {} to {} are wanted", range.start, range.end),
        });
    }
    file.seek(SeekFrom::Start(range.start)).map_err(Error::file(path, "read"))?;
    let wanted = range.end - range.start;
    bytes.reserve(usize::try_from(wanted).unwrap_or_default());
    file.take(wanted).read_to_end(bytes).map_err(Error::file(path, "read"))?;
    Ok(())
}

/// The length of a file; none where there is no file.
pub(super) async fn length(path: &Path) -> Result<Option<u64>> {
    let path = path.to_owned();
    blocking(move || match std::fs::metadata(&path) {
        Ok(about) if about.is_file() => Ok(Some(about.len())),
        Ok(_) => Ok(None),
        Err(error) => absent(&path, error),
    })
    .await
}

/// The bytes of a file or of a range of it; none where there is no file.
pub(super) async fn read(path: PathBuf, range: Option<Range<u64>>, most: u64) -> Result<Option<Bytes>> {
    blocking(move || read_now(&path, range.as_ref(), most)).await
}

/// The same on this thread.
pub(super) fn read_now(path: &Path, range: Option<&Range<u64>>, most: u64) -> Result<Option<Bytes>> {
    let mut bytes = Vec::new();
    Ok(append_now(path, range, most, &mut bytes)?.then(|| bytes.into()))
}

/// The same behind what is in a buffer; whether there is a file.
pub(super) fn append_now(
    path: &Path,
    range: Option<&Range<u64>>,
    most: u64,
    bytes: &mut Vec<u8>,
) -> Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return absent(path, error).map(|nothing: Option<()>| nothing.is_some()),
    };
    let about = file.metadata().map_err(Error::file(path, "read"))?;
    if about.is_dir() {
        return Ok(false);
    }
    let range = range.cloned().unwrap_or(0..about.len());
    if range.end.saturating_sub(range.start) > most {
        return Err(Error::Damaged {
            address: Address::named(path.display().to_string()),
            what: format!("it has {} bytes where {most} are the most that can be", range.end - range.start),
        });
    }
    append(&mut file, path, &range, bytes).map(|()| true)
}

fn absent<T>(path: &Path, error: std::io::Error) -> Result<Option<T>> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
        _ => Err(Error::file(path, "read")(error)),
    }
}

/// Work that waits for a disk, away from the runtime's threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::Invalid {
            what: format!("reading a file was broken off: {error}"),
            advice: "call again".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keys_stay_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/0"), b"ten bytes.").unwrap();
        let store = Folder::new(folder.path().join("a"));
        let place = store.find("0").await.unwrap().unwrap();
        assert_eq!(place.bytes(10).await.unwrap().unwrap(), "ten bytes.");
        assert!(place.bytes(9).await.is_err());
        assert_eq!(place.part(4..9).unwrap().bytes(10).await.unwrap().unwrap(), "bytes");
        assert!(place.part(4..11).unwrap().bytes(10).await.is_err());
        assert!(store.find("../a/0").await.unwrap().is_none());
        assert!(store.find("/etc/passwd").await.unwrap().is_none());
        assert!(store.find("1").await.unwrap().unwrap().bytes(10).await.unwrap().is_none());
        assert_eq!(store.list("").await.unwrap().unwrap(), ["0"]);
        assert_eq!(Folder::new(folder.path()).list("a/").await.unwrap().unwrap(), ["0"]);
    }
}
