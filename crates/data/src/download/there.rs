//! Whether a file is there already. All of it blocks.

use std::path::Path;

use super::checksum::{Algorithm, Checksum, Hasher};
use super::item::Item;
use super::record::{Line, Record, Stamp, append, stamp_of};
use crate::error::{Error, Result};

/// What can be said of a file that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum There {
    /// It is there, as it should be.
    Yes(u64),
    /// A file of so many bytes is there, and nobody can say whether it is the one.
    Perhaps(u64),
    /// A file is there that came from another address.
    Other(String),
    /// It is not, or another is.
    No,
}

/// Looks: at the record, then at size and checksum as far as metadata tells them.
pub(super) fn look(folder: &Path, item: &Item, record: &Record) -> Result<There> {
    let path = folder.join(&item.to);
    let Ok(meta) = path.metadata() else { return Ok(There::No) };
    let identity = item.identity();
    let other = record.other(folder, &item.to, &identity);
    let not = || other.map_or(There::No, |from| There::Other(from.to_owned()));
    if !meta.is_file() || item.size.is_some_and(|size| size != meta.len()) {
        return Ok(not());
    }
    if let Some(known) = record.checksum(folder, &item.to, &identity) {
        match &item.checksum {
            Some(told) if told.algorithm() != known.algorithm() => {}
            Some(told) if told != known => return Ok(There::No),
            _ => return Ok(There::Yes(meta.len())),
        }
    }
    let Some(told) = &item.checksum else {
        if other.is_some() {
            return Ok(not());
        }
        return Ok(if item.size.is_some() { There::Yes(meta.len()) } else { There::Perhaps(meta.len()) });
    };
    let found = checksum(&path, told.algorithm())?;
    if found != *told {
        return Ok(not());
    }
    note_as(folder, item, found, Some(stamp_of(&meta)));
    Ok(There::Yes(meta.len()))
}

/// Notes that a file was checked. A folder that takes no note only costs another look.
pub(super) fn note(folder: &Path, item: &Item, checksum: Checksum) {
    note_as(folder, item, checksum, None);
}

/// The same, of a file as it was when it began to be checked: nothing is noted of one that has changed since.
fn note_as(folder: &Path, item: &Item, checksum: Checksum, before: Option<Stamp>) {
    if let Ok(line) = Line::new(folder, &item.to, item.identity(), checksum)
        && before.is_none_or(|before| before == (line.size, line.changed))
    {
        append(folder, &line).ok();
    }
}

fn checksum(path: &Path, algorithm: Algorithm) -> Result<Checksum> {
    let mut hasher = Hasher::new(algorithm);
    let summed = std::fs::File::open(path).and_then(|mut file| hasher.read(&mut file));
    summed.map_err(Error::file(path, "read"))?;
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_size_and_checksum_are_right() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let plain = Item::https("https://a.nasa.gov/x.nc".parse().unwrap()).unwrap();
        let summed = |value: &str| plain.clone().summed(Checksum::new("MD5", value));
        let (right, wrong) =
            (summed("900150983cd24fb0d6963f7d28e17f72"), summed("00000000000000000000000000000000"));
        let there = |item: &Item| look(folder, item, &Record::read(folder)).unwrap();
        assert_eq!(there(&plain), There::No);
        std::fs::write(folder.join("x.nc"), "abc").unwrap();
        assert_eq!(there(&plain), There::Perhaps(3));
        assert_eq!(there(&plain.clone().sized(3)), There::Yes(3));
        assert_eq!(there(&plain.clone().sized(4)), There::No);
        assert_eq!(there(&wrong), There::No);
        assert_eq!(there(&right), There::Yes(3));
        assert_eq!(there(&plain), There::Yes(3), "the record knows it now");
        std::fs::write(folder.join("x.nc"), "abd").unwrap();
        assert_eq!(there(&right), There::No);
    }

    #[test]
    fn a_file_from_another_address_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let of = |url: &str| Item::https(url.parse().unwrap()).unwrap();
        let (one, other) = (of("https://a.nasa.gov/1/x.nc"), of("https://a.nasa.gov/2/x.nc"));
        std::fs::write(folder.join("x.nc"), "abc").unwrap();
        let abc = || Checksum::new("MD5", "900150983cd24fb0d6963f7d28e17f72");
        note(folder, &one, abc().unwrap());
        let there = |item: &Item| look(folder, item, &Record::read(folder)).unwrap();
        let elsewhere = There::Other("https://a.nasa.gov/1/x.nc".to_owned());
        assert_eq!(there(&other), elsewhere);
        assert_eq!(there(&other.clone().sized(3)), elsewhere);
        assert_eq!(there(&other.clone().sized(4)), elsewhere);
        let wrong = Checksum::new("MD5", "00000000000000000000000000000000");
        assert_eq!(there(&other.clone().summed(wrong)), elsewhere);
        assert_eq!(there(&other.summed(abc())), There::Yes(3), "it moved, and is the same");
        std::fs::write(folder.join("x.nc"), "changed").unwrap();
        assert_eq!(there(&one.sized(3)), There::No, "what was changed is nobody's");
    }

    #[test]
    fn a_file_that_changes_while_it_is_checked_is_not_noted() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let item = Item::https("https://a.nasa.gov/x.nc".parse().unwrap()).unwrap();
        let sum = Checksum::new("MD5", "900150983cd24fb0d6963f7d28e17f72").unwrap();
        let known = || Record::read(folder).checksum(folder, &item.to, &item.identity()).is_some();
        let path = folder.join("x.nc");
        std::fs::write(&path, "abc").unwrap();
        let before = stamp_of(&path.metadata().unwrap());
        std::fs::write(&path, "changed").unwrap();
        note_as(folder, &item, sum.clone(), Some(before));
        assert!(!known());
        note_as(folder, &item, sum, Some(stamp_of(&path.metadata().unwrap())));
        assert!(known());
    }
}
