//! Where references point to, and what they may point to.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;

use super::Entry;
use crate::address::{Address, bucket_and_key, location};
use crate::error::{Error, Result};
use crate::objects::{Opens, Place};
use crate::ranges::Ranges;

/// Where references were read from: what is relative in them is meant from there.
#[derive(Clone, Debug)]
pub enum Base {
    /// A file or folder of this machine.
    File(PathBuf),
    /// Anything else.
    Remote(Url),
}

/// What a reference's text means.
#[derive(Debug, PartialEq)]
enum Target {
    File(PathBuf),
    Remote(Url),
}

impl Base {
    pub(super) fn address(&self) -> Address {
        match self {
            Self::File(path) => Address::named(path.display().to_string()),
            Self::Remote(url) => Address::from(url),
        }
    }

    /// The name of the file beside it, without some endings.
    pub(super) fn without(&self, endings: &[&str]) -> Option<String> {
        let name = match self {
            Self::File(path) => path.file_name()?.to_str()?.to_owned(),
            Self::Remote(url) => match bucket_and_key(url) {
                Some((_, key)) => key.rsplit('/').next()?.to_owned(),
                None => url.path_segments()?.next_back()?.to_owned(),
            },
        };
        let name =
            endings.iter().fold(name.as_str(), |name, ending| name.strip_suffix(ending).unwrap_or(name));
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// What a text means here; why it may not be meant.
    fn target(&self, text: &str) -> std::result::Result<Target, String> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match (self, scheme.as_deref()) {
            (_, Some("https" | "s3" | "gs" | "gcs")) => {
                location(text).map(Target::Remote).map_err(|error| format!("{error}"))
            }
            (Self::Remote(base), Some("http")) if base.scheme() == "http" => {
                text.parse().map(Target::Remote).map_err(|error| format!("{error}"))
            }
            (Self::File(_), Some("file")) => {
                let url: Url = text.parse().map_err(|error| format!("{error}"))?;
                url.to_file_path().map(Target::File).map_err(|()| "it is no path of this machine".to_owned())
            }
            (Self::File(base), None) => Ok(Target::File(base.parent().unwrap_or(Path::new("")).join(text))),
            (Self::Remote(base), None) => {
                let url = beside(base, text).map_err(|error| format!("{error}"))?;
                if url.scheme() == base.scheme() && url.host() == base.host() {
                    return Ok(Target::Remote(url));
                }
                Err("it leaves the place of its references".to_owned())
            }
            (_, Some("file")) => {
                Err("references from elsewhere cannot name files of this machine".to_owned())
            }
            (_, Some(scheme)) => Err(format!("references cannot name {scheme}")),
        }
    }
}

/// What a relative text means: a part of a URL, or of a key.
fn beside(base: &Url, text: &str) -> std::result::Result<Url, url::ParseError> {
    if bucket_and_key(base).is_none() {
        return base.join(text);
    }
    let key = text.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    // A name with a colon would be the scheme of a URL.
    base.join(&if key.starts_with('/') { key } else { format!("./{key}") })
}

/// The objects that references point to, each opened once.
#[derive(Debug)]
pub(super) struct Places {
    base: Base,
    opens: Arc<dyn Opens>,
    known: Mutex<HashMap<Arc<str>, Place>>,
}

impl Places {
    pub(super) fn new(base: Base, opens: Arc<dyn Opens>) -> Self {
        Self { base, opens, known: Mutex::default() }
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// The place of a key's bytes.
    pub(super) async fn place(&self, key: &str, entry: &Entry) -> Result<Place> {
        match entry {
            Entry::Inline(bytes) => Ok(Place::Inline(bytes.clone())),
            Entry::Whole(text) => self.object(key, text).await,
            Entry::Part(text, from, length) => {
                let end = from.checked_add(*length).ok_or_else(|| Error::Damaged {
                    address: self.base.address(),
                    what: format!("`{key}` refers to {length} bytes from {from} on"),
                })?;
                self.object(key, text).await?.part(*from..end)
            }
        }
    }

    async fn object(&self, key: &str, text: &Arc<str>) -> Result<Place> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known().get(text).cloned() {
            return Ok(place);
        }
        let target = self.base.target(text).map_err(|why| Error::Invalid {
            what: format!("`{key}` of {} refers to what it may not: {why}", self.base.address()),
            advice: "references may name https, s3 and gs, and files beside local references".to_owned(),
        })?;
        let place = match target {
            Target::File(path) => {
                // A chunk that is not there has the fill value; a file that is not there is an error.
                std::fs::metadata(&path).map_err(Error::file(&path, "read"))?;
                Place::File(path, None)
            }
            Target::Remote(url) => Place::Object(Arc::new(Required(self.opens.open(&url).await?)), None),
        };
        // Whoever was first is kept, so that an object is open once.
        Ok(known().entry(Arc::clone(text)).or_insert(place).clone())
    }
}

/// An object that references say is there: where it is not, that is an error, and no empty chunk.
#[derive(Debug)]
struct Required(Arc<dyn Ranges>);

impl Required {
    fn told<T>(&self, answer: Result<T>) -> Result<T> {
        answer.map_err(|error| match error {
            Error::NotFound { status, .. } => Error::Damaged {
                address: self.0.address(),
                what: format!("references point to it, and there is nothing ({status})"),
            },
            error => error,
        })
    }
}

#[async_trait]
impl Ranges for Required {
    fn address(&self) -> Address {
        self.0.address()
    }

    async fn length(&self) -> Result<u64> {
        self.told(self.0.length().await)
    }

    async fn length_alone(&self) -> Result<u64> {
        self.told(self.0.length_alone().await)
    }

    async fn read_alone(&self, range: &Range<u64>) -> Result<Bytes> {
        self.told(self.0.read_alone(range).await)
    }

    async fn read(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.told(self.0.read(ranges).await)
    }

    fn is_here(&self) -> bool {
        self.0.is_here()
    }

    fn here(&self, range: &Range<u64>) -> Option<Result<Bytes>> {
        self.0.here(range).map(|read| self.told(read))
    }

    async fn whole(&self, most: u64) -> Result<Bytes> {
        self.told(self.0.whole(most).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_from_elsewhere_do_not_reach_this_machine() {
        let remote = Base::Remote("https://data.example.org/a/refs.json".parse().unwrap());
        let target = |text: &str| remote.target(text);
        assert!(target("file:///etc/passwd").unwrap_err().contains("files of this machine"));
        assert_eq!(
            target("/etc/passwd"),
            Ok(Target::Remote("https://data.example.org/etc/passwd".parse().unwrap()))
        );
        assert_eq!(target("b.nc"), Ok(Target::Remote("https://data.example.org/a/b.nc".parse().unwrap())));
        assert_eq!(target("s3://bucket/b.nc"), Ok(Target::Remote("s3://bucket/b.nc".parse().unwrap())));
        for text in [
            "http://169.254.169.254/latest",
            "//evil.example.org/b.nc",
            "ftp://a/b",
            "simplecache::s3://a/b",
            "FILE:///etc",
        ] {
            assert!(target(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_in_buckets_are_as_they_are() {
        let remote = Base::Remote(location("s3://bucket/a b/refs.json").unwrap());
        let key = |text: &str| match remote.target(text) {
            Ok(Target::Remote(url)) => bucket_and_key(&url).unwrap().1,
            other => panic!("{other:?}"),
        };
        assert_eq!(key("gcs://other/c%20d?e.nc"), "c%20d?e.nc");
        assert_eq!(key("c%20d e.nc"), "a b/c%20d e.nc");
    }

    #[test]
    fn data_lies_beside_its_description_whatever_its_name() {
        for name in ["a b.h5", "a%20b.h5", "a?b#c.h5", "ATL03:1.h5"] {
            let base = Base::Remote(location(&format!("s3://bucket/c d/{name}.dmrpp")).unwrap());
            let text = base.without(&[".dmrpp"]).unwrap();
            let Ok(Target::Remote(url)) = base.target(&text) else { panic!("{text}") };
            assert_eq!(bucket_and_key(&url).unwrap().1, format!("c d/{name}"));
        }
        let base = Base::Remote("https://data.example.org/c/a%20b.h5.dmrpp?x=1".parse().unwrap());
        let text = base.without(&[".dmrpp"]).unwrap();
        let there = "https://data.example.org/c/a%20b.h5".parse().unwrap();
        assert_eq!(base.target(&text), Ok(Target::Remote(there)));
    }

    #[test]
    fn local_references_name_files_beside_them() {
        let local = Base::File("/data/a/refs.json".into());
        assert_eq!(local.target("b.nc"), Ok(Target::File("/data/a/b.nc".into())));
        assert_eq!(local.target("/data/b.nc"), Ok(Target::File("/data/b.nc".into())));
        assert_eq!(local.target("file:///data/b.nc"), Ok(Target::File("/data/b.nc".into())));
        assert_eq!(local.target("gcs://bucket/b"), Ok(Target::Remote("gs://bucket/b".parse().unwrap())));
        assert!(local.target("http://a/b").is_err());
    }
}
