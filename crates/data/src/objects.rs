//! Objects by keys: what a store of arrays lies in, be it a folder, a bucket or references.

mod folder;
mod prefix;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};
use url::Url;

pub use folder::Folder;
pub(crate) use folder::blocking;
pub use prefix::Prefix;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::ranges::{Ranges, too_long};

/// What bytes are called that stand in references themselves.
pub(crate) const INLINE: &str = "inline bytes";
/// So many objects are fetched at a time.
const AT_ONCE: usize = 32;

/// A store of objects that have keys, such as `temperature/0.0`.
#[async_trait]
pub trait Objects: fmt::Debug + Send + Sync {
    /// What the store is called, without secrets.
    fn address(&self) -> Address;

    /// Where the bytes of a key lie. None is for keys that are known not to be there; a place may
    /// turn out to be empty when it is read, which is told by [`Error::NotFound`].
    ///
    /// # Errors
    /// What keeps the store from being asked.
    async fn find(&self, key: &str) -> Result<Option<Place>>;

    /// The names directly below a key that ends in `/`, or below the store itself where it is empty.
    /// None where a store has no list.
    ///
    /// # Errors
    /// What keeps the store from being asked.
    async fn list(&self, prefix: &str) -> Result<Option<Vec<String>>>;
}

/// Opens objects that references name by an address.
#[async_trait]
pub trait Opens: fmt::Debug + Send + Sync {
    /// The object at an address. Nothing is asked of it yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address that cannot be opened here.
    async fn open(&self, url: &Url) -> Result<Arc<dyn Ranges>>;
}

/// Where the bytes of a key lie.
#[derive(Clone, Debug)]
pub enum Place {
    /// Here.
    Inline(Bytes),
    /// In an object: all of it, or a range.
    Object(Arc<dyn Ranges>, Option<Range<u64>>),
    /// In a file of this machine: all of it, or a range.
    File(PathBuf, Option<Range<u64>>),
}

impl Place {
    /// What is called so.
    pub(crate) fn address(&self) -> Option<Address> {
        match self {
            Self::Inline(_) => None,
            Self::Object(object, _) => Some(object.address()),
            Self::File(path, _) => Some(Address::named(path.display().to_string())),
        }
    }

    /// A part of it.
    pub(crate) fn part(&self, part: Range<u64>) -> Result<Self> {
        let within = |whole: &Option<Range<u64>>| {
            let start = whole.as_ref().map_or(0, |whole| whole.start);
            let end = whole.as_ref().map_or(u64::MAX, |whole| whole.end);
            let from = start.checked_add(part.start).filter(|from| *from <= end);
            let to = start.checked_add(part.end).filter(|to| *to <= end && part.start <= part.end);
            from.zip(to).map(|(from, to)| from..to).ok_or_else(|| self.too_short(&part))
        };
        Ok(match self {
            Self::Inline(bytes) => {
                let range = usize::try_from(part.start).ok().zip(usize::try_from(part.end).ok());
                let range = range.filter(|(from, to)| from <= to && *to <= bytes.len());
                let (from, to) = range.ok_or_else(|| self.too_short(&part))?;
                Self::Inline(bytes.slice(from..to))
            }
            Self::Object(object, whole) => Self::Object(Arc::clone(object), Some(within(whole)?)),
            Self::File(path, whole) => Self::File(path.clone(), Some(within(whole)?)),
        })
    }

    fn too_short(&self, part: &Range<u64>) -> Error {
        Error::Damaged {
            address: self.address().unwrap_or_else(|| Address::named(INLINE.to_owned())),
            what: format!("bytes {} to {} are beyond its end", part.start, part.end),
        }
    }

    /// How many bytes there are; none where there is nothing.
    pub(crate) async fn length(&self) -> Result<Option<u64>> {
        match self {
            Self::Inline(bytes) => Ok(Some(bytes.len() as u64)),
            Self::Object(_, Some(range)) | Self::File(_, Some(range)) => Ok(Some(range.end - range.start)),
            Self::Object(object, None) => there(object.length().await),
            Self::File(path, None) => folder::length(path).await,
        }
    }

    /// The same for plans and prices, of what may never be read.
    pub(crate) async fn length_alone(&self) -> Result<Option<u64>> {
        match self {
            Self::Object(object, None) => there(object.length_alone().await),
            other => other.length().await,
        }
    }

    /// As [`Place::bytes`], for who will not read on.
    pub(crate) async fn bytes_alone(&self, most: u64) -> Result<Option<Bytes>> {
        match self {
            Self::Object(object, Some(range)) => {
                self.check(range.end - range.start, most)?;
                there(object.read_alone(range).await)
            }
            other => other.bytes(most).await,
        }
    }

    /// The bytes; none where there is nothing. No more than `most` of them.
    pub(crate) async fn bytes(&self, most: u64) -> Result<Option<Bytes>> {
        match self {
            Self::Inline(bytes) => {
                self.check(bytes.len() as u64, most)?;
                Ok(Some(bytes.clone()))
            }
            Self::File(path, range) => folder::read(path.clone(), range.clone(), most).await,
            Self::Object(object, None) => there(object.whole(most).await),
            Self::Object(object, Some(range)) => {
                self.check(range.end - range.start, most)?;
                Ok(there(object.read(std::slice::from_ref(range)).await)?
                    .and_then(|parts| parts.into_iter().next()))
            }
        }
    }

    /// The bytes of a file of this machine or of what is here already, without waiting for others.
    pub(crate) fn bytes_here(&self, most: u64) -> Result<Option<Bytes>> {
        match self {
            Self::Inline(bytes) => Ok(Some(bytes.clone())),
            Self::File(path, range) => folder::read_now(path, range.as_ref(), most),
            Self::Object(..) => Ok(None),
        }
    }

    /// As [`Place::bytes_here`], behind what is in a buffer; whether there was something.
    pub(crate) fn append_here(&self, most: u64, bytes: &mut Vec<u8>) -> Result<bool> {
        match self {
            Self::Inline(own) => {
                bytes.extend_from_slice(own);
                Ok(true)
            }
            Self::File(path, range) => folder::append_now(path, range.as_ref(), most, bytes),
            Self::Object(..) => Ok(false),
        }
    }

    fn check(&self, length: u64, most: u64) -> Result<()> {
        if length <= most {
            return Ok(());
        }
        let address = self.address().unwrap_or_else(|| Address::named(INLINE.to_owned()));
        Err(too_long(address, length, most))
    }
}

/// None for what is not there.
fn there<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ranges of an object, with their places in what is asked for.
type Numbered = Vec<(usize, Range<u64>)>;

/// The bytes of many places, in their order: those in one object, as it was opened, are asked for in one call, and
/// several objects at a time. Files of this machine are left as they are, for whoever decodes them.
pub(crate) async fn fetch(places: Vec<Option<Place>>, most: u64) -> Result<Vec<Option<Place>>> {
    let mut fetched = places;
    let mut objects: Vec<(Arc<dyn Ranges>, Numbered)> = Vec::new();
    let mut whole = Vec::new();
    let mut known = std::collections::HashMap::new();
    for (index, place) in fetched.iter().enumerate() {
        let Some(Place::Object(object, range)) = place else { continue };
        let Some(range) = range.clone() else {
            whole.push((index, Place::Object(Arc::clone(object), None)));
            continue;
        };
        Place::Object(Arc::clone(object), None).check(range.end - range.start, most)?;
        // Addresses hide what may tell objects apart.
        let group = *known.entry(Arc::as_ptr(object).cast::<()>().addr()).or_insert_with(|| {
            objects.push((Arc::clone(object), Vec::new()));
            objects.len() - 1
        });
        objects[group].1.push((index, range));
    }
    let parts = try_join_all(objects.iter().map(|(object, ranges)| parts_of(object, ranges)));
    let wholes = whole.into_iter().map(|(index, place)| async move {
        let bytes = place.bytes(most).await?;
        Ok::<_, Error>(vec![(index, bytes)])
    });
    let wholes = stream::iter(wholes).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>();
    let (parts, wholes) = futures::try_join!(parts, wholes)?;
    for (index, bytes) in parts.into_iter().chain(wholes).flatten() {
        fetched[index] = bytes.map(Place::Inline);
    }
    Ok(fetched)
}

async fn parts_of(object: &Arc<dyn Ranges>, ranges: &Numbered) -> Result<Vec<(usize, Option<Bytes>)>> {
    let wanted: Vec<Range<u64>> = ranges.iter().map(|(_, range)| range.clone()).collect();
    let indexes = ranges.iter().map(|(index, _)| *index);
    Ok(match there(object.read(&wanted).await)? {
        Some(read) => indexes.zip(read.into_iter().map(Some)).collect(),
        None => indexes.map(|index| (index, None)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranges::memory::Memory;

    /// An object that is not there, which its host tells when it is read.
    #[derive(Debug)]
    struct Absent;

    #[async_trait]
    impl Ranges for Absent {
        fn address(&self) -> Address {
            Address::named("s3://bucket/a/0".to_owned())
        }

        async fn length(&self) -> Result<u64> {
            Err(Error::NotFound { address: self.address(), status: 404 })
        }

        async fn read(&self, _: &[Range<u64>]) -> Result<Vec<Bytes>> {
            Err(Error::NotFound { address: self.address(), status: 404 })
        }
    }

    #[tokio::test]
    async fn of_an_object_that_is_not_there_there_is_nothing_whole_or_in_part() {
        let object: Arc<dyn Ranges> = Arc::new(Absent);
        let place = |range| Some(Place::Object(Arc::clone(&object), range));
        let here = Some(Place::Inline(Bytes::from_static(b"a")));
        let fetched =
            fetch(vec![place(Some(4..8)), here, place(None), place(Some(8..12))], 100).await.unwrap();
        let found: Vec<bool> = fetched.iter().map(Option::is_some).collect();
        assert_eq!(found, [false, true, false, false]);
    }

    #[tokio::test]
    async fn objects_that_are_shown_alike_are_not_taken_for_each_other() {
        let object = |bytes: &'static [u8]| Arc::new(Memory(Bytes::from_static(bytes))) as Arc<dyn Ranges>;
        let (one, other) = (object(b"0123"), object(b"abcd"));
        assert_eq!(one.address(), other.address());
        let part = |object: &Arc<dyn Ranges>, range| Some(Place::Object(Arc::clone(object), Some(range)));
        let places = vec![part(&one, 0..2), part(&other, 1..3), None, part(&one, 2..4)];
        let fetched = fetch(places, 100).await.unwrap();
        let bytes = |place: &Option<Place>| place.as_ref().and_then(|place| place.bytes_here(100).unwrap());
        let fetched: Vec<_> = fetched.iter().map(bytes).collect();
        let here = |bytes: &'static [u8]| Some(Bytes::from_static(bytes));
        assert_eq!(fetched, [here(b"01"), here(b"bc"), None, here(b"23")]);
    }
}
