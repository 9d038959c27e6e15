//! A file on its way: its bytes under a hidden name, and a note of what they are of. All of it blocks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::checksum::{Algorithm, Checksum, Hasher};
use super::item::Item;
use crate::error::{Error, Result};
use crate::remote::Pin;

/// Longest name that gets a prefix and an ending; most file systems take 255 bytes.
const LONGEST_NAME: usize = 200;

/// What the bytes of a part are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    from: String,
    total: Option<u64>,
    pin: Pin,
    /// The checksum that the object's store tells, where metadata tells none.
    #[serde(default)]
    stored: Option<Checksum>,
}

/// A file on its way. While it is held no other process can hold it.
pub(super) struct PartFile {
    path: PathBuf,
    file: File,
    note: Option<Note>,
    from: String,
    length: u64,
    algorithm: Algorithm,
    hasher: Hasher,
}

impl PartFile {
    /// Takes up what an earlier call left of an item, or begins anew. None while another has it.
    pub(super) fn open(target: &Path, item: &Item) -> Result<Option<Self>> {
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(Error::file(folder, "make the folder"))?;
        let path = hidden(target);
        let Some(file) = locked(&path)? else { return Ok(None) };
        let note =
            std::fs::read(note_of(&path)).ok().and_then(|text| serde_json::from_slice::<Note>(&text).ok());
        let due = item.checksum.as_ref().or_else(|| note.as_ref()?.stored.as_ref());
        let algorithm = due.map_or(Algorithm::Sha256, Checksum::algorithm);
        let mut part = Self {
            path,
            file,
            note: None,
            from: item.identity(),
            length: 0,
            algorithm,
            hasher: Hasher::new(algorithm),
        };
        match note {
            Some(note) if part.can_go_on(&note, item) => {
                part.note = Some(note);
                part.sum_up()?;
            }
            _ => {
                part.restart()?;
            }
        }
        Ok(Some(part))
    }

    /// Whether a note is of this item, as far as both tell. What came from a host that does not tell versions
    /// apart can go on only if a checksum will show whether two were mixed.
    fn can_go_on(&self, note: &Note, item: &Item) -> bool {
        note.from == self.from
            && note.total.zip(item.size).is_none_or(|(noted, told)| noted == told)
            && (!note.pin.is_empty() || item.checksum.is_some())
    }

    /// Sums up by another algorithm from now on, what is there included.
    fn sum_by(&mut self, algorithm: Algorithm) -> Result<()> {
        if algorithm == self.algorithm {
            return Ok(());
        }
        self.algorithm = algorithm;
        self.hasher = Hasher::new(algorithm);
        self.length = 0;
        self.sum_up()
    }

    fn sum_up(&mut self) -> Result<()> {
        let file = &mut self.file;
        let summed = file.seek(SeekFrom::Start(0)).and_then(|_| self.hasher.read(file));
        self.length += summed.map_err(Error::file(&self.path, "read"))?;
        if self.total().is_some_and(|total| self.length > total) {
            self.restart()?;
        }
        Ok(())
    }

    /// Bytes that are there.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The object's length, if it is known.
    pub(super) fn total(&self) -> Option<u64> {
        self.note.as_ref()?.total
    }

    /// The version that the bytes are of, if there are any.
    pub(super) fn pin(&self) -> Option<&Pin> {
        self.note.as_ref().map(|note| &note.pin)
    }

    /// The checksum that the object's store told, where metadata tells none.
    pub(super) fn stored(&self) -> Option<&Checksum> {
        self.note.as_ref()?.stored.as_ref()
    }

    /// Notes what the bytes to come are of, before they come.
    pub(super) fn begin(&mut self, total: Option<u64>, pin: &Pin, stored: Option<Checksum>) -> Result<()> {
        if let Some(stored) = &stored {
            self.sum_by(stored.algorithm())?;
        }
        let note = Note { from: self.from.clone(), total, pin: pin.clone(), stored };
        if self.note.as_ref() == Some(&note) {
            return Ok(());
        }
        // Whoever holds the part is alone here: one name will do, and a kill leaves no others.
        let (path, new) = (note_of(&self.path), with_end(&note_of(&self.path), ".new"));
        let write =
            || std::fs::write(&new, serde_json::to_vec(&note)?).and_then(|()| std::fs::rename(&new, &path));
        write().map_err(Error::file(&path, "write"))?;
        self.note = Some(note);
        Ok(())
    }

    /// Adds bytes to its end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::file(&self.path, "write"))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Throws away what is there, and tells how much that was.
    pub(super) fn restart(&mut self) -> Result<u64> {
        let lost = self.length;
        remove(&note_of(&self.path)).map_err(Error::file(&self.path, "begin again"))?;
        let cut = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        cut.map_err(Error::file(&self.path, "begin again"))?;
        self.note = None;
        self.length = 0;
        self.hasher = Hasher::new(self.algorithm);
        Ok(lost)
    }

    /// The checksum of what is there.
    pub(super) fn checksum(&self) -> Checksum {
        self.hasher.clone().finish()
    }

    /// Gives it its name, with everything on the disk.
    pub(super) fn finish(self, target: &Path) -> Result<()> {
        self.file.sync_all().map_err(Error::file(&self.path, "write"))?;
        std::fs::rename(&self.path, target).map_err(Error::file(target, "write"))?;
        remove(&note_of(&self.path)).map_err(Error::file(&self.path, "remove the note of"))
    }

    /// Leaves no trace where nothing came.
    pub(super) fn leave(self) {
        if self.length == 0 {
            remove(&note_of(&self.path)).ok();
            remove(&self.path).ok();
        }
    }
}

/// Takes away the note of a file that is there, which a process left that was killed between naming the file
/// and removing it. One that stays does no harm.
pub(super) fn tidy(target: &Path) {
    let part = hidden(target);
    if !part.exists() {
        remove(&note_of(&part)).ok();
    }
}

/// Where a file is on its way.
fn hidden(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name = if name.len() > LONGEST_NAME {
        digest(&SHA256, name.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    } else {
        name.into_owned()
    };
    target.with_file_name(format!(".{name}.part"))
}

fn note_of(part: &Path) -> PathBuf {
    with_end(part, ".json")
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The file at a path, locked; none while another has it.
fn locked(path: &Path) -> Result<Option<File>> {
    loop {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(Error::file(path, "write"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            // A file system without locks: whoever writes there from two places is on their own.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                return Ok(Some(file));
            }
            Err(TryLockError::Error(error)) => return Err(Error::file(path, "lock")(error)),
        }
        // Between opening and locking, another may have given it its name or removed it.
        let same = |meta: std::fs::Metadata, own: std::fs::Metadata| {
            (meta.dev(), meta.ino()) == (own.dev(), own.ino())
        };
        if path.metadata().ok().zip(file.metadata().ok()).is_some_and(|(meta, own)| same(meta, own)) {
            return Ok(Some(file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item::https("https://a.nasa.gov/x.nc".parse().unwrap()).unwrap()
    }

    fn pin() -> Pin {
        serde_json::from_str(r#"{"etag":"\"a\""}"#).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_an_earlier_call_left_is_taken_up() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.nc");
        let mut part = PartFile::open(&target, &item()).unwrap().unwrap();
        part.begin(Some(6), &pin(), None).unwrap();
        part.write(b"abc").unwrap();
        assert!(PartFile::open(&target, &item()).unwrap().is_none(), "two had it");
        drop(part);
        let mut part = PartFile::open(&target, &item()).unwrap().unwrap();
        assert_eq!((part.length(), part.total(), part.pin()), (3, Some(6), Some(&pin())));
        part.write(b"def").unwrap();
        assert!(part.checksum().to_string().starts_with("SHA-256 bef57ec7f53a6d40beb640a780a639c8"));
        part.finish(&target).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"abcdef");
        assert_eq!(names(folder.path()), ["x.nc"]);
    }

    #[test]
    fn what_is_of_something_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.nc");
        let left = |item: &Item| {
            let mut part = PartFile::open(&target, item).unwrap().unwrap();
            let length = part.length();
            part.restart().unwrap();
            part.begin(Some(6), &pin(), None).unwrap();
            part.write(b"abc").unwrap();
            length
        };
        assert_eq!(left(&item()), 0);
        assert_eq!(left(&item()), 3);
        assert_eq!(left(&item().sized(7)), 0, "another size");
        let mut other = Item::https("https://a.nasa.gov/other/x.nc".parse().unwrap()).unwrap();
        assert_eq!(left(&other), 0, "another address");
        other.https = Some("https://a.nasa.gov/other/x.nc?A-userid=me".parse().unwrap());
        assert_eq!(left(&other), 3, "the same address, signed");
        std::fs::remove_file(note_of(&hidden(&target))).unwrap();
        assert_eq!(left(&other), 0, "nobody knows of what");
    }

    #[test]
    fn a_host_that_tells_no_versions_apart_is_trusted_only_with_a_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.nc");
        let summed = item().summed(Checksum::new("MD5", "900150983cd24fb0d6963f7d28e17f72"));
        for (item, kept) in [(item(), 0), (summed, 3)] {
            let mut part = PartFile::open(&target, &item).unwrap().unwrap();
            part.begin(Some(6), &Pin::default(), None).unwrap();
            part.write(b"abc").unwrap();
            drop(part);
            assert_eq!(PartFile::open(&target, &item).unwrap().unwrap().length(), kept);
        }
    }

    #[test]
    fn the_checksum_that_a_store_tells_is_kept_with_the_part() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.nc");
        let told = Checksum::new("MD5", "900150983cd24fb0d6963f7d28e17f72");
        let mut part = PartFile::open(&target, &item()).unwrap().unwrap();
        part.begin(Some(3), &pin(), told.clone()).unwrap();
        part.write(b"abc").unwrap();
        drop(part);
        let part = PartFile::open(&target, &item()).unwrap().unwrap();
        assert_eq!((part.stored(), Some(part.checksum())), (told.as_ref(), told.clone()));
    }

    #[test]
    fn a_note_without_its_part_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x.nc");
        let mut part = PartFile::open(&target, &item()).unwrap().unwrap();
        part.begin(Some(3), &pin(), None).unwrap();
        part.write(b"abc").unwrap();
        tidy(&target);
        assert_eq!(names(folder.path()), [".x.nc.part", ".x.nc.part.json"], "another is at work");
        // Killed after the first of the two steps of `finish`.
        std::fs::rename(hidden(&target), &target).unwrap();
        tidy(&target);
        assert_eq!(names(folder.path()), ["x.nc"]);
        tidy(&target);
    }

    #[test]
    fn nothing_is_left_where_nothing_came() {
        let folder = tempfile::tempdir().unwrap();
        let part = PartFile::open(&folder.path().join("x.nc"), &item()).unwrap().unwrap();
        part.leave();
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn long_names_have_room() {
        let target = PathBuf::from("/d").join("x".repeat(250));
        assert!(hidden(&target).file_name().unwrap().len() < 100);
        assert_eq!(hidden(Path::new("/d/x.nc")), Path::new("/d/.x.nc.part"));
    }
}
