//! Bytes of objects on disk, shared by the processes of a user.
//!
//! A folder for each version of an object, named by digests of its identity and of pin and length; in it a file
//! for each piece, named by its first byte and length: the bytes, and their SHA-256 with the place. Pieces
//! are written under another name and renamed, and never changed, so that who is killed leaves a file that
//! nobody reads; what does not fit its digest is removed, and fetched again. All of it blocks.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{Context, SHA256, SHA256_OUTPUT_LEN, digest};
use bytes::{Bytes, BytesMut};

use super::intervals::Intervals;
use crate::remote::Pin;
use crate::surroundings::Surroundings;

/// What is not yet a piece begins with this.
const NEW: &str = ".new-";
/// After so long nobody is still writing what has such a name.
const ABANDONED: Duration = Duration::from_hours(1);
/// A use is noted if the last one is longer ago.
const NOTED: Duration = Duration::from_mins(1);
/// The whole folder is looked at after each such part of its bound that this process has written.
const LOOK: u64 = 32;
/// What is kept, in such parts, when the bound is reached: room for what all processes write until the next look.
const KEPT: u64 = 28;

/// More than any bound: who opens a folder first looks at what others left, when it writes.
const UNSEEN: u64 = 1 << 62;

/// Bytes that this process has written into folders since it looked at them.
static WRITTEN: Mutex<Counts> = Mutex::new(Counts::new());

/// Counts by folders.
type Counts = BTreeMap<PathBuf, Arc<AtomicU64>>;

/// A folder of pieces with a bound. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    most: u64,
    surroundings: Surroundings,
    /// Bytes that were written since the folder was looked at, by all of this process.
    written: Arc<AtomicU64>,
}

/// The pieces of one version of an object.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    folder: Folder,
    path: PathBuf,
}

impl Folder {
    /// A folder in which at most so many bytes are kept.
    pub(crate) fn new(path: &Path, most: u64, surroundings: &Surroundings) -> Self {
        Self { path: path.to_owned(), most, surroundings: surroundings.clone(), written: written_into(path) }
    }

    fn now(&self) -> SystemTime {
        self.surroundings.now().into()
    }

    /// The pieces of a version of an object, by what tells it from all others; none where versions cannot be told
    /// apart.
    pub(crate) fn of(&self, identity: &str, pin: &Pin, length: u64) -> Option<Disk> {
        if pin.is_empty() {
            return None;
        }
        let version = short(&format!("{}\n{length}", serde_json::to_string(pin).ok()?));
        let name = format!("{}-{version}", short(identity));
        Some(Disk { folder: self.clone(), path: self.path.join(name) })
    }

    /// Whether there is something of an object, of whichever version.
    pub(crate) fn knows(&self, identity: &str) -> bool {
        let prefix = format!("{}-", short(identity));
        let is_of =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix));
        entries(&self.path).iter().any(is_of)
    }

    /// Removes what was not used for longest, and what writers that were killed left, when it is time to look.
    fn look(&self, bytes: u64) {
        let part = self.most / LOOK;
        let written = self.written.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        // Of those who write at the same time one looks.
        if written < part || self.written.swap(0, Ordering::Relaxed) < part {
            return;
        }
        let mut all = Vec::new();
        for folder in entries(&self.path) {
            let pieces = entries(&folder);
            if pieces.is_empty() {
                // Fails where a piece has come meanwhile, as it should.
                std::fs::remove_dir(&folder).ok();
            }
            all.extend(pieces.into_iter().filter_map(|path| {
                let meta = path.metadata().ok()?;
                Some((meta.modified().ok()?, meta.len(), path))
            }));
        }
        let now = self.now();
        let is_old = |used: SystemTime| now.duration_since(used).is_ok_and(|age| age > ABANDONED);
        let is_new =
            |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(NEW));
        let (abandoned, mut kept): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(used, _, path)| is_new(path) && is_old(*used));
        for (_, _, path) in abandoned {
            std::fs::remove_file(path).ok();
        }
        let mut total: u64 = kept.iter().map(|(_, length, _)| length).sum();
        kept.sort();
        for (_, length, path) in kept.into_iter().filter(|(_, _, path)| !is_new(path)) {
            if total <= self.most / LOOK * KEPT {
                break;
            }
            if std::fs::remove_file(path).is_ok() {
                total -= length;
            }
        }
    }
}

impl Disk {
    /// What there is of a range, in pieces with their first bytes. They do not overlap.
    pub(crate) fn read(&self, range: &Range<u64>) -> Vec<(u64, Bytes)> {
        let mut found = Vec::new();
        let mut missing = Intervals::default();
        missing.insert(range);
        let mut pieces: Vec<_> =
            entries(&self.path).into_iter().filter_map(|path| Some((place(&path)?, path))).collect();
        pieces.sort_by_key(|(place, _)| (place.start, u64::MAX - place.end));
        for (place, path) in pieces {
            let wanted: Vec<_> = missing
                .ranges()
                .map(|gap| gap.start.max(place.start)..gap.end.min(place.end))
                .filter(|part| !part.is_empty())
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let Ok(bytes) = whole(&path, &place, self.folder.now()) else {
                std::fs::remove_file(&path).ok();
                continue;
            };
            for part in wanted {
                missing.remove(&part);
                let at = |byte: u64| usize::try_from(byte - place.start).unwrap_or(usize::MAX);
                found.push((part.start, part_of(&bytes, at(part.start)..at(part.end))));
            }
        }
        found
    }

    /// Keeps a piece. It is no error where it cannot be kept: it is fetched again then.
    pub(crate) fn write(&self, from: u64, bytes: &[u8]) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let new = self.path.join(format!("{NEW}{}-{:016x}", std::process::id(), fastrand::u64(..)));
        let place = from..from + bytes.len() as u64;
        let written = write(&new, bytes, &place)
            .and_then(|()| std::fs::rename(&new, self.path.join(format!("{}-{}", place.start, bytes.len()))));
        if written.is_err() {
            std::fs::remove_file(&new).ok();
        }
        self.folder.look(bytes.len() as u64);
        written
    }
}

/// The count for a folder, which all of this process share. Who finds it locked, as a child may forever that was
/// forked meanwhile, has one of its own: it looks more often, and others later.
fn written_into(folder: &Path) -> Arc<AtomicU64> {
    let unseen = || Arc::new(AtomicU64::new(UNSEEN));
    let known =
        |mut all: MutexGuard<'_, Counts>| Arc::clone(all.entry(folder.to_owned()).or_insert_with(unseen));
    WRITTEN.try_lock().map_or_else(|_| unseen(), known)
}

/// A part of a piece. A short one is copied: it would keep all of the piece in memory.
fn part_of(piece: &Bytes, part: Range<usize>) -> Bytes {
    if part.len() < piece.len() / 2 { Bytes::copy_from_slice(&piece[part]) } else { piece.slice(part) }
}

/// A digest of a text, for names: addresses are nobody's business.
fn short(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

fn write(path: &Path, bytes: &[u8], place: &Range<u64>) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.write_all(seal(bytes, place).as_ref())
}

/// The bytes of a piece, if they are those that were written.
fn whole(path: &Path, place: &Range<u64>, now: SystemTime) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    let meta = file.metadata()?;
    let length = place.end - place.start;
    if meta.mode() & 0o077 != 0 || meta.len() != length + SHA256_OUTPUT_LEN as u64 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = BytesMut::zeroed(usize::try_from(meta.len()).unwrap_or(usize::MAX));
    file.read_exact(&mut bytes)?;
    let own = bytes.split_off(bytes.len() - SHA256_OUTPUT_LEN);
    if seal(&bytes, place).as_ref() != own {
        return Err(io::ErrorKind::InvalidData.into());
    }
    if meta.modified().is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > NOTED)) {
        file.set_modified(now).ok();
    }
    Ok(bytes.freeze())
}

fn seal(bytes: &[u8], place: &Range<u64>) -> aws_lc_rs::digest::Digest {
    let mut context = Context::new(&SHA256);
    context.update(&place.start.to_le_bytes());
    context.update(&place.end.to_le_bytes());
    context.update(bytes);
    context.finish()
}

/// Where a piece lies in its object, by its name.
fn place(path: &Path) -> Option<Range<u64>> {
    let (from, length) = path.file_name()?.to_str()?.split_once('-')?;
    let (from, length): (u64, u64) = (from.parse().ok()?, length.parse().ok()?);
    (length > 0).then_some(from..from.checked_add(length)?)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn pin(etag: &str) -> Pin {
        serde_json::from_value(serde_json::json!({"etag": etag})).unwrap()
    }

    fn folder_of(path: &Path, most: u64) -> Folder {
        Folder::new(path, most, &Surroundings::made([("HOME", "/nowhere")]))
    }

    fn disk(folder: &Path, most: u64) -> Disk {
        folder_of(folder, most).of("https://a.nasa.gov/x.nc", &pin("\"a\""), 100).unwrap()
    }

    fn read(disk: &Disk, range: Range<u64>) -> Vec<(u64, Vec<u8>)> {
        disk.read(&range).into_iter().map(|(from, bytes)| (from, bytes.to_vec())).collect()
    }

    #[test]
    fn what_one_wrote_another_reads() {
        let folder = tempfile::tempdir().unwrap();
        disk(folder.path(), 1 << 20).write(10, b"0123456789").unwrap();
        disk(folder.path(), 1 << 20).write(15, b"56789abcde").unwrap();
        let other = disk(folder.path(), 1 << 20);
        assert_eq!(read(&other, 12..22), [(12, b"23456789".to_vec()), (20, b"ab".to_vec())]);
        assert_eq!(read(&other, 40..50), []);
        assert!(other.folder.knows("https://a.nasa.gov/x.nc"));
        assert!(!other.folder.knows("https://a.nasa.gov/y.nc"));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&other.path), 0o700);
        assert!(entries(&other.path).iter().all(|path| mode(path) == 0o600));
    }

    #[test]
    fn what_was_cut_or_changed_or_opened_to_others_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path(), 1 << 20);
        let file = disk.path.join("10-10");
        let harms: [&dyn Fn(); 4] = [
            &|| OpenOptions::new().write(true).open(&file).unwrap().set_len(30).unwrap(),
            &|| {
                let mut bytes = std::fs::read(&file).unwrap();
                bytes[3] ^= 1;
                std::fs::write(&file, bytes).unwrap();
            },
            &|| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap(),
            &|| std::fs::rename(&file, disk.path.join("11-10")).unwrap(),
        ];
        for harm in harms {
            disk.write(10, b"0123456789").unwrap();
            assert_eq!(read(&disk, 10..30).len(), 1);
            harm();
            assert_eq!(read(&disk, 10..30), []);
            assert_eq!(entries(&disk.path).len(), 0, "it is gone");
        }
    }

    #[test]
    fn the_bound_is_kept_and_what_the_killed_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path(), 64 << 10);
        disk.write(0, b"first").unwrap();
        let left = disk.path.join(".new-1-2");
        std::fs::write(&left, [0; 5000]).unwrap();
        File::open(&left).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        File::open(disk.path.join("0-5")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        for index in 1..200 {
            disk.write(index * 1000, &[7; 1000]).unwrap();
            let total: u64 = entries(&disk.path).iter().map(|path| path.metadata().unwrap().len()).sum();
            assert!(total <= 64 << 10, "{total}");
        }
        assert!(!left.exists() && !disk.path.join("0-5").exists());
        assert_eq!(read(&disk, 199_000..200_000).len(), 1);
    }

    #[test]
    fn the_bound_is_kept_by_all_handles_together_and_the_folder_looked_at_once_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let disks: Vec<Disk> = (0..40).map(|_| disk(folder.path(), 64 << 10)).collect();
        disks[0].write(0, b"first").unwrap();
        let left = disks[0].path.join(".new-1-2");
        std::fs::write(&left, b"left").unwrap();
        File::open(&left).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        disks[1].write(10, b"second").unwrap();
        assert!(left.exists(), "it was just looked at");
        for (index, disk) in (1..6 * 40).zip(disks.iter().cycle()) {
            disk.write(index * 1000, &[7; 1000]).unwrap();
            let total: u64 = entries(&disk.path).iter().map(|path| path.metadata().unwrap().len()).sum();
            assert!(total <= 64 << 10, "{total}");
        }
        assert!(!left.exists());
    }

    #[test]
    fn short_parts_of_pieces_are_copies() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path(), 1 << 20);
        disk.write(0, &[7; 1000]).unwrap();
        let part = |range| disk.read(&range).pop().unwrap().1;
        let held = |bytes: Bytes| bytes.try_into_mut().unwrap().capacity();
        assert!(held(part(100..200)) < 200);
        assert!(held(part(100..900)) >= 800);
        assert_eq!(part(100..900), [7; 800][..]);
    }

    #[test]
    fn versions_are_apart_and_what_has_none_is_not_kept() {
        let folder = folder_of(Path::new("/cache"), 1);
        let identity = "https://a.nasa.gov/x.nc";
        let path = |pin: &Pin, length| folder.of(identity, pin, length).map(|disk| disk.path);
        assert_ne!(path(&pin("\"a\""), 1), path(&pin("\"b\""), 1));
        assert_ne!(path(&pin("\"a\""), 1), path(&pin("\"a\""), 2));
        assert_eq!(path(&Pin::default(), 1), None);
        assert!(!folder.knows(identity));
    }
}
